"""Questions of support to whoever handed something in, about a row or a claim; asked and answered in the console.

The mail says that there is a question and where; the question itself, which may be about a person, stays here. Numbers
that may be a person's are masked before anything is kept.
"""

from __future__ import annotations

from hub import texts
from hub.errors import ConfigurationError
from hub.log import clean_text
from hub.pipeline.cases import About, RefusedError, raise_case
from hub.pipeline.context import Actor, Hub
from hub.pipeline.expected import link
from hub.store import access, claims, parties, portal, tasks, to_complete
from hub.store.parties import Organisation
from hub.store.unit import Row, Unit

_LONGEST = 2_000


def ask_about_claim(hub: Hub, unit: Unit, ref: str, words: str, actor: Actor) -> str:
    """Ask the provider of a claim; gives the question's id."""
    row = claims.by_ref(unit, ref)
    if row is None:
        raise ConfigurationError(f"no claim {ref}")
    owner = parties.organisation(unit, row["provider_code"])
    return _asked(hub, unit, owner, words, actor, {"claim_ref": ref, "declaration_id": None, "line": None})


def ask_about_row(hub: Hub, unit: Unit, row_id: str, words: str, actor: Actor) -> str:
    """Ask whoever handed a row in; gives the question's id."""
    row = to_complete.row(unit, row_id)
    if row is None:
        raise ConfigurationError("no such row")
    head = to_complete.declaration(unit, row["declaration_id"])
    owner = parties.by_id(unit, head["organisation_id"])
    about: Row = {"claim_ref": "", "declaration_id": head["id"], "line": row["line"]}
    return _asked(hub, unit, owner, words, actor, about)


def _asked(hub: Hub, unit: Unit, owner: Organisation, words: str, actor: Actor, about: Row) -> str:
    values: Row = {"organisation_id": owner.id, "words": _said(words), "asked_by": actor.name}
    question = portal.ask(unit, values | about)
    _mail(hub, unit, owner, question)
    access.record(unit, actor=actor.name, role=actor.role, action="ask", object_=f"question/{question}")
    return question


def _said(words: str) -> str:
    said = clean_text(words.strip()[:_LONGEST])
    if not said:
        raise ConfigurationError("there is nothing to ask or to say", hint="write a sentence")
    return said


def _mail(hub: Hub, unit: Unit, owner: Organisation, question: str) -> None:
    recipient = owner.invoice_email or owner.party.email
    if not recipient:
        return
    language = "nb" if owner.party.scheme != "AGB" else "nl"
    values = {"link": link(hub, f"practice/questions/{question}")}
    subject = texts.pick(texts.text("QUESTION_MAIL", **values), language)
    body = texts.pick(texts.action("QUESTION_MAIL", **values), language)
    tasks.notify(unit, f"question:{question}", recipient, subject, body, language)


def answer(unit: Unit, question_id: str, words: str, actor: Actor) -> None:
    """Answer a question, or say more to one that was answered; support gets a task."""
    row = _open(unit, question_id)
    portal.answer(unit, question_id, _said(words), actor.name)
    values = {"practice": row["practice"], "what": row["claim_ref"] or row["line"] or ""}
    about = About(claim_ref=row["claim_ref"], evidence={"question": question_id})
    raise_case(unit, "QUESTION_ANSWERED", values, key=f"question:{question_id}", about=about, reopen=True)
    access.record(unit, actor=actor.name, role=actor.role, action="answer", object_=f"question/{question_id}")


def close(unit: Unit, question_id: str, actor: Actor) -> None:
    """Nothing more is needed; its task ends."""
    _open(unit, question_id)
    portal.close_question(unit, question_id, actor.name)
    tasks.done(unit, f"question:{question_id}", {"closed_by": actor.name})
    access.record(unit, actor=actor.name, role=actor.role, action="close", object_=f"question/{question_id}")


def _open(unit: Unit, question_id: str) -> Row:
    row = portal.question(unit, question_id)
    if row is None:
        raise ConfigurationError("no such question")
    if row["state"] == portal.CLOSED:
        raise RefusedError("QUESTION_CLOSED")
    return row

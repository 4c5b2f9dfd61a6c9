"""What only a person can do becomes a case: one per cause, with why, what to do, and how much money is at stake."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hub import texts
from hub.errors import ContentError
from hub.log import clean_text
from hub.model.claim import ClaimKind
from hub.model.finding import Finding
from hub.model.money import Money
from hub.model.reply import Code, Decision, Verdict
from hub.pipeline.context import Hub
from hub.policy.deadlines import Deadline
from hub.store import claims, exchanges, parties, tasks
from hub.store.tasks import NewTask
from hub.store.unit import Row, Unit
from hub.texts import LANGUAGES
from schemas import codelists


class RefusedError(ContentError):
    """A no whose words stand in `texts.toml`: what is wrong and what to do, in every language."""

    def __init__(self, code: str, /, **values: object) -> None:
        self.code = code
        self.said, self.todo = texts.text(code, **values), texts.action(code, **values)
        super().__init__(self.said["en"], hint=self.todo["en"])


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a case hangs on; everything may be missing."""

    claim_ref: str = ""
    exchange_id: str | None = None
    inbound_id: str | None = None
    amount: Money | None = None
    due: date | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    cause: str = ""


_NOTHING = About()


def raise_case(
    unit: Unit,
    code: str,
    values: Mapping[str, object],
    *,
    key: str,
    kind: str = "",
    about: About = _NOTHING,
    reopen: bool = False,
) -> bool:
    """Make the task of a code of `texts.toml` once; False when its key stands already (see `tasks.add`)."""
    values = {name: _without_people(said) if name in _FOREIGN else said for name, said in values.items()}
    task = NewTask(
        key=key,
        kind=kind or code.lower(),
        text=texts.text(code, **values),
        action=texts.action(code, **values),
        claim_ref=about.claim_ref,
        exchange_id=about.exchange_id,
        inbound_id=about.inbound_id,
        amount=about.amount,
        due=about.due,
        evidence=about.evidence,
        cause=about.cause,
    )
    return tasks.add(unit, task, reopen=reopen)


_NUMBER = re.compile(r"[0-9][0-9.,:/-]*")
_LONGEST_CAUSE = 120


def cause_of(codes: Sequence[Code], said: str) -> str:
    """What makes refusals one trouble: the first code, or without one the words with their numbers left out."""
    if codes:
        return str(codes[0])[:_LONGEST_CAUSE]
    words = " ".join(_NUMBER.sub("#", clean_text(said)).split())
    return f"~{words[:_LONGEST_CAUSE]}" if words else ""


_FOREIGN = ("reason", "source")
"""Words that others wrote: a payer's explanation, a file's name."""


def _without_people(said: object) -> object:
    """What others wrote, with numbers masked that read as a BSN or a fødselsnummer."""
    if isinstance(said, Mapping):
        return {name: clean_text(str(words)) for name, words in said.items()}
    return clean_text(said) if isinstance(said, str) else said


def claim_values(unit: Unit, row: Row) -> dict[str, object]:
    """What every sentence about a claim may name."""
    return {"payer": row["payer_name"] or row["payer"], "ref": row["ref"], "amount": claimed(unit, row)}


def claimed(unit: Unit, row: Row) -> Money:
    """What a claim asks for, signed."""
    return Money(sum(line["amount_minor"] for line in claims.lines(unit, [row["id"]])), row["currency"])


def reason(codes: Sequence[Code], said: str = "") -> dict[str, str]:
    """Why, in every language: the codes with what our lists know of them, and the partner's own words."""
    return {
        name: clean_text("; ".join([*(_code_words(code, name) for code in codes), said]).strip("; ")) or "?"
        for name in LANGUAGES
    }


def _code_words(code: Code, language: str) -> str:
    entry = codelists.lookup(code.list, code.code) if code.list else None
    words = entry.said(language) if entry else code.text
    return f"{code} {words}".strip()


def hold(unit: Unit, rows: Sequence[Row], code: str, **values: object) -> None:
    """Hold claims of one document for one reason: one case, under the reference of the first."""
    for row in rows:
        claims.hold(unit, row["id"], code)
    first = rows[0]
    asked = sum((claimed(unit, row) for row in rows[1:]), claimed(unit, first))
    about = About(claim_ref=first["ref"], amount=asked, cause=code)
    values = {"ref": first["ref"], **values}
    raise_case(unit, code, values, key=f"hold:{first['ref']}:{code}", kind="held", about=about, reopen=True)


def refusal(
    unit: Unit,
    row: Row,
    decision: Decision,
    inbound_id: str,
    *,
    asks_credit_note: bool,
    term: Deadline | None = None,
) -> None:
    """One case per claim, whoever told us first (a mail and an Invoice Response about one invoice are one case).

    `term` is how long the payer takes the claim again, or a correction of it; None where no rule of it is known.
    """
    asked = asks_credit_note or any((code.list, code.code) in CREDIT_ACTIONS for code in decision.codes)
    code = _sentence(row, decision, asks_credit_note=asked)
    values = claim_values(unit, row) | {
        "reason": reason(decision.codes, decision.text),
        "granted": decision.granted or Money(0, row["currency"]),
        "code": str(decision.codes[0]) if decision.codes else "?",
        "corrects": row["corrects"],
        "term": texts.text("TERM_KNOWN", day=term.last_safe) if term else texts.text("TERM_UNKNOWN"),
    }
    about = About(
        claim_ref=row["ref"],
        exchange_id=row["exchange_id"],
        inbound_id=inbound_id,
        amount=claimed(unit, row),
        due=term.last_safe if term else None,
        cause=cause_of(decision.codes, decision.text),
    )
    made = raise_case(unit, code, values, key=_key(row), kind="rejection", about=about, reopen=True)
    if made and row["country"] == "NO":
        _tell_clinic(unit, row, texts.text(code, **values))


def _sentence(row: Row, decision: Decision, *, asks_credit_note: bool) -> str:
    """Which sentence a refusal gets: by what was refused, by country, and by what the payer asks for."""
    if row["kind"] == ClaimKind.CREDIT.value:
        return "CREDIT_REFUSED"
    if row["country"] == "NO":
        return "INVOICE_CREDIT_ASKED" if asks_credit_note else "INVOICE_REFUSED"
    return "LINE_CHANGED" if decision.verdict is Verdict.CHANGED else "LINE_REFUSED"


def _key(row: Row) -> str:
    return f"refused:{row['ref']}"


def granted_after_all(unit: Unit, row: Row) -> None:
    """A payer that changed its mind closes the case."""
    tasks.done(unit, _key(row), {"granted": True})


CREDIT_ACTIONS = frozenset({("OPStatusAction", "CNF"), ("OPStatusAction", "CNP"), ("OPStatusAction", "CNA")})
"""Action codes of an Invoice Response that ask for a credit note (in full, in part, of the amount)."""
_ASKED = "credit_note_asked"
_SEEN = "seen_by_payer"


def asked_credit_note(unit: Unit, row: Row) -> bool:
    """Whether a notice about this claim asked for a credit note."""
    said = exchanges.history(unit, row["exchange_id"])
    return any(entry["kind"] == _ASKED and entry["text"] == row["ref"] for entry in said)


def seen_by_payer(unit: Unit, row: Row) -> bool:
    """Whether the payer itself took note of the message a claim went out in."""
    return any(entry["kind"] == _SEEN for entry in exchanges.history(unit, row["exchange_id"]))


def took_note(unit: Unit, exchange: Row, said: str, inbound_id: str) -> None:
    """The payer took note of a message; the history keeps it, whatever the network says of that message later."""
    exchanges.log(unit, exchange["id"], _SEEN, said, inbound_id=inbound_id)


def credit_note_asked(unit: Unit, rows: Sequence[Row]) -> None:
    """The payer wants a credit note: the history keeps it, and the case says it, also where it was known before."""
    for row in rows:
        if row["exchange_id"] and not asked_credit_note(unit, row):
            exchanges.log(unit, row["exchange_id"], _ASKED, row["ref"])
        action = texts.action("INVOICE_CREDIT_ASKED", **claim_values(unit, row), reason="")
        tasks.amend(unit, _key(row), action)


def _tell_clinic(unit: Unit, row: Row, words: Mapping[str, str]) -> None:
    """The two-address rule: the address for invoice notices where there is one, else the company's."""
    clinic = parties.organisation(unit, row["provider_code"])
    to = clinic.invoice_email or clinic.party.email
    if to:
        tasks.notify(unit, f"rejected:{row['ref']}", to, f"{row['ref']}", texts.pick(words, "nb"), "nb")


def exchange_case(hub: Hub, unit: Unit, exchange: Row, code: str, **values: object) -> None:
    """A case about a whole message; the same trouble again opens it again."""
    partner = hub.registry.partners.get(exchange["partner"])
    values |= {
        "partner": partner.title if partner else exchange["partner"],
        "name": exchange["name"],
        "key": exchange["invoice_number"],
    }
    key = f"exchange:{exchange['business_key']}:{code}"
    reason_ = values.get("reason", "")
    cause = cause_of((), str(reason_.get("en", "") if isinstance(reason_, Mapping) else reason_))
    raise_case(unit, code, values, key=key, about=About(exchange_id=exchange["id"], cause=cause), reopen=True)


_UNPLACED = "unplaced_refusal"


def unplaced_refusal(hub: Hub, unit: Unit, exchange: Row, inbound_id: str, findings: Sequence[Finding]) -> None:
    """A refusal names what is none of our lines: the history keeps it until a person says what it was about."""
    codes = list(dict.fromkeys(one.code for one in findings))
    exchanges.log(unit, exchange["id"], _UNPLACED, "", codes=codes, inbound_id=inbound_id)
    said = {name: "; ".join(dict.fromkeys(one.said(name) for one in findings)) for name in LANGUAGES}
    exchange_case(hub, unit, exchange, "REFUSED_UNPLACED", reason=said)


def refused_unplaced(unit: Unit, exchange: Row) -> bool:
    """Whether a refusal of this message named something that is none of our lines."""
    return any(entry["kind"] == _UNPLACED for entry in exchanges.history(unit, exchange["id"]))

"""Mails that could not be placed: a person reads them, teaches a rule, and they are read again by it.

Nothing is learned from a mail nobody proved: only what our receiving server found signed by the sender's own domain
ends in triage (the rest is in quarantine), and the rule asks for that signature again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub import log
from hub.errors import ConfigurationError, FormatError
from hub.model.partner import MailRule
from hub.pipeline import mail_rules
from hub.pipeline.context import Actor, Hub
from hub.pipeline.receive import Received, read_again
from hub.store import access, inbounds, parties, schema
from hub.store.unit import Row, Unit
from mappings.mail_patterns import problem, searchable
from mappings.mail_replies import MailOutcome, from_mail
from schemas import mail as mails

MAIL = "mail"

_SHORTEST_REF = 4
_WORD = re.compile(r"[0-9A-Za-z][0-9A-Za-z/-]{2,29}")
_BEFORE = re.compile(r"(\S{1,30})\s*$")
_NUMBER = r"\s*[:#]?\s*([0-9A-Za-z][0-9A-Za-z/-]{2,29})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One mail in triage, as a list shows it."""

    id: str
    sender: str
    subject: str
    signed_by: tuple[str, ...]
    received_at: object
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A rule as it would be, or is: what it finds in the mail it was made from and in the others of this sender."""

    partner: str
    rule: MailRule
    found: Mapping[str, str]
    known: bool
    others: Mapping[str, str]
    recorded: bool = False
    done: tuple[Received, ...] = field(default=())


def waiting(unit: Unit) -> list[Waiting]:
    """The mails in triage, oldest first; numbers that may be a person's are masked."""
    return [_waiting(unit, row) for row in _rows(unit)]


def shown(unit: Unit, ref: str, actor: Actor) -> dict[str, Any]:
    """One mail with its text; looking is logged."""
    row = _one(unit, ref)
    access.record(unit, actor=actor.name, role=actor.role, action="view", object_=f"inbound/{row['id']}")
    mail, signed = _opened(unit, row)
    text = [log.clean_text(line) for line in searchable(mail.text).splitlines()]
    head = {"id": row["id"], "from": mail.sender, "subject": log.clean_text(mail.subject), "sent": mail.at}
    return head | {"signed_by": sorted(signed), "why": row["note"], "text": "\n".join(text)}


def teach(
    hub: Hub,
    tenant: str,
    ref: str,
    partner: str,
    patterns: Mapping[str, str],
    actor: Actor,
    *,
    confirm: bool = False,
) -> Lesson:
    """Make a rule from a mail; with `confirm` record it and read this sender's mails in triage again."""
    with hub.store.unit(tenant) as unit:
        row = _one(unit, ref)
        mail, signed = _opened(unit, row)
        rule = _rule(hub, unit, partner, mail, signed, patterns)
        lesson = _lesson(unit, partner, rule, row)
        if not confirm:
            return lesson
        mail_rules.teach(unit, partner, rule, source=f"taught by {actor.name} from {row['id']}")
        access.record(unit, actor=actor.name, role=actor.role, action="teach", object_=f"mail rule {rule.sender}")
        again = [row["id"], *lesson.others]
    done = tuple(read_again(hub, tenant, each) for each in again)
    return Lesson(
        partner=partner,
        rule=rule,
        found=lesson.found,
        known=lesson.known,
        others=lesson.others,
        recorded=True,
        done=done,
    )


def forget(hub: Hub, tenant: str, sender: str, actor: Actor) -> None:
    """End a taught rule; the partner's own folder counts again."""
    with hub.store.unit(tenant) as unit:
        if not mail_rules.forget(unit, sender.strip().lower()):
            raise ConfigurationError(f"no rule was taught for {sender}", hint="kvitt mail rules")
        access.record(unit, actor=actor.name, role=actor.role, action="forget", object_=f"mail rule {sender}")


def _rows(unit: Unit) -> list[Row]:
    table = schema.inbound
    return inbounds.find(unit, table.c.state == inbounds.TRIAGE, table.c.kind == MAIL)


def _one(unit: Unit, ref: str) -> Row:
    """A mail in triage by its id, its beginning or its end."""
    if len(ref) >= _SHORTEST_REF:
        found = [row for row in _rows(unit) if row["id"].startswith(ref) or row["id"].endswith(ref)]
        if len(found) == 1:
            return found[0]
        if found:
            raise ConfigurationError(f"several mails are called {ref}", hint="write more of the id")
    row = unit.one(unit.mine(schema.inbound, schema.inbound.c.id == ref))
    if row is not None and row["state"] == inbounds.QUARANTINE:
        raise ConfigurationError(
            "this mail is in quarantine: nobody proved who sent it, so nothing is learned from it",
            hint="ask the partner by telephone",
        )
    raise ConfigurationError(f"no mail in triage is called {ref}", hint="kvitt mail triage list")


def _opened(unit: Unit, row: Row) -> tuple[mails.Mail, frozenset[str]]:
    """A mail, and whose signature our own server found valid."""
    payload = inbounds.payload(unit, row)
    if "dkim" in row["meta"]:
        return mails.read(payload), frozenset(str(row["meta"]["dkim"]).split())
    ours = {id_ for each in parties.agreements(unit) if (id_ := each.settings.get("authserv_id"))}
    return mails.read(payload), frozenset().union(*(mails.signed_by(payload, each) for each in ours))


def _waiting(unit: Unit, row: Row) -> Waiting:
    try:
        mail, signed = _opened(unit, row)
        sender, subject = mail.sender, log.clean_text(mail.subject)
    except FormatError as error:
        sender, subject, signed = "", str(error), frozenset()
    return Waiting(
        id=row["id"],
        sender=sender,
        subject=subject,
        signed_by=tuple(sorted(signed)),
        received_at=row["received_at"],
        why=row["note"],
    )


def _rule(
    hub: Hub, unit: Unit, partner: str, mail: mails.Mail, signed: frozenset[str], given: Mapping[str, str]
) -> MailRule:
    _check_partner(hub, unit, partner, mail.sender)
    patterns = dict(_known_patterns(hub, unit, mail.sender)) | {name: text for name, text in given.items() if text}
    if "invoice" not in patterns:
        patterns["invoice"] = _proposed(unit, mail)
    for name, text in patterns.items():
        wrong = problem(text)
        if not wrong and name != "credit_note" and not re.compile(text).groups:
            wrong = "put ( ) around what is to be read"
        if wrong:
            raise ConfigurationError(f"the pattern for {name} cannot be used: {wrong}", hint="correct it")
    return MailRule(sender=mail.sender, dkim_domain=_domain(mail.sender, signed), patterns=patterns)


def _check_partner(hub: Hub, unit: Unit, partner: str, sender: str) -> None:
    """A partner we know, and no sender for two of them."""
    if partner not in {each.partner for each in parties.agreements(unit)}:
        hub.registry.by_name(partner)
    others = {each.name for each in hub.registry.by_sender(sender)}
    if others and partner not in others:
        raise ConfigurationError(f"{sender} writes for {', '.join(sorted(others))}", hint="name that partner")


def _known_patterns(hub: Hub, unit: Unit, sender: str) -> Mapping[str, str]:
    """What is known of a sender already: taught, else of the partner's folder."""
    rules = mail_rules.taught(unit, unit.now.date())
    rules += [rule for partner in hub.registry.by_sender(sender) for rule in partner.mail]
    return next((rule.patterns for rule in rules if rule.sender == sender), {})


def _domain(sender: str, signed: frozenset[str]) -> str:
    """The signing domain that speaks for the sender; without one nothing is proved."""
    domain = sender.rpartition("@")[2]
    speaking = [each for each in signed if "." in each and (domain == each or domain.endswith(f".{each}"))]
    if not speaking:
        raise ConfigurationError(
            f"no valid signature of {domain or 'the sender'} is on this mail", hint="ask the partner by telephone"
        )
    return max(speaking, key=len)


def _proposed(unit: Unit, mail: mails.Mail) -> str:
    """A pattern for where the mail names one of our own invoice numbers: the words before it, then a number."""
    text = searchable(f"{mail.subject}\n{mail.text}")
    for line in text.splitlines():
        for word in _WORD.finditer(line):
            before = _BEFORE.search(line[: word.start()].rstrip(" :#"))
            if before and _is_ours(unit, word[0]):
                return rf"{re.escape(before[1])}{_NUMBER}"
    raise ConfigurationError(
        "the mail names no invoice of ours, so no pattern can be proposed",
        hint=r"--invoice-pattern 'the words before it\s*([0-9]{4,12})'",
    )


def _is_ours(unit: Unit, number: str) -> bool:
    table = schema.claim
    return unit.one(unit.mine(table, table.c.invoice_number == number).limit(1)) is not None


def _lesson(unit: Unit, partner: str, rule: MailRule, row: Row) -> Lesson:
    found = _found(unit, rule, row)
    if "invoice" not in found:
        raise ConfigurationError("the pattern finds no invoice number in this mail", hint="kvitt mail triage show")
    others: dict[str, str] = {}
    for each in _rows(unit):
        if each["id"] != row["id"] and _opened(unit, each)[0].sender == rule.sender:
            others[each["id"]] = _found(unit, rule, each).get("invoice", "")
    return Lesson(partner=partner, rule=rule, found=found, known=_is_ours(unit, found["invoice"]), others=others)


def _found(unit: Unit, rule: MailRule, row: Row) -> dict[str, str]:
    """What the rule reads in a mail, exactly as the pipe would."""
    reading = from_mail(inbounds.payload(unit, row), [rule], signed_by=[rule.dkim_domain])
    said = reading.rejection
    if reading.outcome is not MailOutcome.REJECTION or said is None:
        return {}
    words = {"invoice": said.invoice_number, "sak_id": said.sak_id, "reason": log.clean_text(said.text)}
    asks = {"credit_note": "yes"} if said.asks_credit_note else {}
    return {name: text for name, text in words.items() if text} | asks

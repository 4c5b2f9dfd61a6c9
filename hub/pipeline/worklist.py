"""Refusals as people work through them: what was refused, why in plain words, what it is worth, until when, who acts.

A refusal is a task (one per claim, or per message the network refused); `hub.store.support` finds them in pages. What
is added here is read for the claims of one page only. A person is named by the last characters of a number alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from hub import texts
from hub.errors import ConfigurationError, ContentError
from hub.log import clean_text
from hub.model.claim import Claim
from hub.model.identity import mask
from hub.model.partner import Partner
from hub.model.reply import Code
from hub.pipeline import task_work, waiting
from hub.pipeline.context import ZONES, Actor, Hub
from hub.store import claims, exchanges, money, schema, support
from hub.store.support import Page, Place, Wanted
from hub.store.unit import Row, Unit
from hub.texts import LANGUAGES
from schemas import codelists

SUPPORT = "support"
"""Who acts where no code says so."""
RESOLVED = ("corrected_elsewhere", "paid_elsewhere", "accepted", "duplicate", "other")
"""Why a refusal is closed without a correction; `accepted` leaves the amount refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One code in plain words; `known` is False for one that nobody here knows: it is shown raw."""

    raw: str
    text: Mapping[str, str]
    hint: Mapping[str, str] = field(default_factory=dict)
    who: str = ""
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLine:
    """One row of the work list."""

    id: str
    cause: str
    refused_on: date
    days_open: int
    payer: str
    partner: str
    provider: str
    claim_ref: str
    invoice_number: str
    lines: str
    patient: str
    service_date: date | None
    amount_minor: int
    currency: str
    reasons: Sequence[Reason]
    who: str
    assignee: str
    due: date | None
    state: str
    network: bool
    verdict: str
    notes: Sequence[Row]
    text: Mapping[str, str]
    action: Mapping[str, str]


def page(
    hub: Hub, unit: Unit, wanted: Wanted, *, after: Place | None = None, most: int = 50
) -> tuple[list[RefusedLine], Place | None]:
    """One page of the work list."""
    found = support.refusals(unit, wanted, after=after, most=most)
    return lines_of(hub, unit, found), found.next


def acting(hub: Hub, unit: Unit, state: str) -> dict[str, frozenset[tuple[str, str]]]:
    """Who acts on the refusals in a state, with the causes (and payers) that are theirs."""
    found: dict[str, set[tuple[str, str]]] = {}
    for cause, payer in support.caused(unit, state):
        found.setdefault(who_acts(hub, cause, payer), set()).add((cause, payer))
    return {who: frozenset(causes) for who, causes in sorted(found.items())}


def who_acts(hub: Hub, cause: str, payer: str) -> str:
    """Whose turn it is after a refusal with this cause: the payer's folder says so, else the published list."""
    return cause_words(hub, cause, payer).who or SUPPORT


def every_line(hub: Hub, unit: Unit, wanted: Wanted, *, most: int = 500) -> Iterator[RefusedLine]:
    """The whole work list, read in parts."""
    after: Place | None = None
    while True:
        lines, after = page(hub, unit, wanted, after=after, most=most)
        yield from lines
        if after is None:
            return


def lines_of(hub: Hub, unit: Unit, found: Page) -> list[RefusedLine]:
    """The rows of a page with everything that is shown of them."""
    rows = found.rows
    by_claim = {row["id"]: row for row in claims.by_ids(unit, [row["claim_id"] for row in rows if row["claim_id"]])}
    sent = _messages(unit, rows)
    alone = _only_claims(unit, [row["exchange_id"] for row in rows if not row["claim_id"] and row["exchange_id"]])
    by_claim |= {row["id"]: row for row in alone.values()}
    parts: dict[str, list[Row]] = {}
    for line in claims.lines(unit, list(by_claim)):
        parts.setdefault(line["claim_id"], []).append(line)
    facts = _Facts(
        hub=hub,
        opened=_opened(unit, list(by_claim.values())),
        lines=parts,
        decisions=_decisions(unit, [line["id"] for some in parts.values() for line in some]),
        messages=sent,
        notes=support.notes(unit, [row["id"] for row in rows]),
        terms=_terms(hub, unit, [by_claim[row["claim_id"]] for row in rows if _without_term(row, by_claim)]),
        now=unit.now,
    )
    return [facts.line(row, by_claim.get(row["claim_id"] or "") or alone.get(row["exchange_id"] or "")) for row in rows]


def _without_term(row: Row, by_claim: Mapping[str, Row]) -> bool:
    return row["due"] is None and row["claim_id"] in by_claim


def _terms(hub: Hub, unit: Unit, rows: Sequence[Row]) -> dict[str, date]:
    """Until when the payer takes what never reached it; nothing where no rule is known, or what it counts from."""
    facts: Row = {"standing": "refused_by_clearing", "filed_at": None, "tries": 0}
    waits = {row["id"]: row | facts for row in rows if row["hold_code"] == "REFUSED_BY_CLEARING"}
    found = waiting.with_terms(hub, unit, list(waits.values()))
    return {one.ref: one.term.last_safe for one in found if one.term is not None}


def _messages(unit: Unit, rows: Sequence[Row]) -> dict[str, Row]:
    ids = sorted({row["exchange_id"] for row in rows if row["exchange_id"]})
    return {row["id"]: row for row in exchanges.find(unit, schema.exchange.c.id.in_(ids))} if ids else {}


def _only_claims(unit: Unit, exchange_ids: Sequence[str]) -> dict[str, Row]:
    """The claim of each message that holds just one."""
    found: dict[str, list[Row]] = {}
    table = schema.claim
    live = table.c.hold_code != "WITHDRAWN"
    for row in claims.find(unit, table.c.exchange_id.in_(exchange_ids), live) if exchange_ids else []:
        found.setdefault(row["exchange_id"], []).append(row)
    return {exchange_id: rows[0] for exchange_id, rows in found.items() if len(rows) == 1}


def _opened(unit: Unit, rows: Sequence[Row]) -> dict[str, Claim]:
    """The whole claims but for those whose subject was erased."""
    try:
        return {row["id"]: claim for row, claim in zip(rows, claims.load(unit, rows), strict=True)}
    except ContentError:
        if len(rows) == 1:
            return {}
    half = len(rows) // 2
    return _opened(unit, rows[:half]) | _opened(unit, rows[half:])


def _decisions(unit: Unit, line_ids: Sequence[str]) -> dict[str, Row]:
    """The decision in force of each line."""
    return {row["claim_line_id"]: row for row in money.decisions(unit, line_ids) if row["verdict"] != "open"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What one page is made from."""

    hub: Hub
    opened: Mapping[str, Claim]
    lines: Mapping[str, Sequence[Row]]
    decisions: Mapping[str, Row]
    messages: Mapping[str, Row]
    notes: Mapping[str, Sequence[Row]]
    terms: Mapping[str, date]
    now: datetime

    def line(self, row: Row, claim: Row | None) -> RefusedLine:
        """One row."""
        country = claim["country"] if claim else "NL"
        day = row["created_at"].astimezone(ZONES[country]).date()
        today = self.now.astimezone(ZONES[country]).date()
        partner = self.hub.registry.partners.get(row["payer"])
        reasons = self._reasons(row, claim, partner)
        opened = self.opened.get(claim["id"]) if claim else None
        message = self.messages.get(row["exchange_id"] or "")
        lines = self.lines.get(claim["id"], ()) if claim else ()
        return RefusedLine(
            id=row["id"],
            cause=row["cause"],
            refused_on=day,
            days_open=(today - day).days,
            payer=row["payer"],
            partner=partner.title if partner else row["payer"],
            provider=claim["provider_code"] if claim else "",
            claim_ref=claim["ref"] if claim else "",
            invoice_number=(claim["invoice_number"] if claim else "") or (message["invoice_number"] if message else ""),
            lines=self._numbers(lines),
            patient=_masked(opened) if opened else "",
            service_date=_day(opened) if opened else None,
            amount_minor=row["amount_minor"] or sum(line["amount_minor"] for line in lines),
            currency=row["currency"] or (claim["currency"] if claim else ""),
            reasons=reasons,
            who=who_acts(self.hub, row["cause"], row["payer"]),
            assignee=row["assignee"],
            due=row["due"] or self.terms.get(row["claim_ref"]),
            state=row["state"],
            network=row["kind"] != "rejection",
            verdict=_verdict(lines),
            notes=self.notes.get(row["id"], ()),
            text=row["text"],
            action=row["action"],
        )

    def _numbers(self, lines: Sequence[Row]) -> str:
        judged = [line for line in lines if line["verdict"] in ("refused", "changed")] or lines
        return ", ".join(str(line["number"]) for line in judged)

    def _reasons(self, row: Row, claim: Row | None, partner: Partner | None) -> list[Reason]:
        found = [self.decisions[line["id"]] for line in self._of(claim) if line["id"] in self.decisions]
        codes = [Code(**code) for each in found for code in each["codes"]]
        codes = codes or [Code(**code) for code in row["evidence"].get("codes", ())]
        said = [reason_of(partner, code) for code in dict.fromkeys(codes)]
        words = list(dict.fromkeys(each["text"] for each in found if each["text"]))
        message = self.messages.get(row["exchange_id"] or "")
        if not said and not words and message and message["note"]:
            words = [clean_text(message["note"])]
        return said + [Reason(raw="", text=dict.fromkeys(LANGUAGES, each)) for each in words]

    def _of(self, claim: Row | None) -> Sequence[Row]:
        return self.lines.get(claim["id"], ()) if claim else ()


def reason_of(partner: Partner | None, code: Code) -> Reason:
    """What a code means: the partner's own words first, then the published list; else the sender's text, raw."""
    own = next((one for one in partner.codes if one.code == code.code), None) if partner else None
    if own is not None:
        text = {"en": own.en, "nb": own.nb, "nl": own.nl}
        return Reason(raw=str(code), text=text, hint=own.hint, who=own.who_acts)
    entry = codelists.lookup(code.list, code.code) if code.list else None
    if entry is not None and entry.known:
        return Reason(raw=str(code), text=entry.text, hint=entry.hint, who=entry.who_acts)
    return Reason(raw=str(code), text=dict.fromkeys(LANGUAGES, clean_text(code.text)), known=False)


def cause_words(hub: Hub, cause: str, payer: str) -> Reason:
    """A cause in plain words: its code, or the words that were said."""
    if cause.startswith("~") or not cause:
        return Reason(raw="", text=dict.fromkeys(LANGUAGES, cause.removeprefix("~")))
    name, colon, code = cause.rpartition(":")
    return reason_of(hub.registry.partners.get(payer), Code(list=name if colon else "", code=code))


def _masked(claim: Claim) -> str:
    person = claim.person
    return mask(person.bsn or person.fnr or person.local_ref)


def _day(claim: Claim) -> date | None:
    first = min((line.begins for line in claim.lines), key=str, default=None)
    return first.date() if isinstance(first, datetime) else first


def _verdict(lines: Sequence[Row]) -> str:
    found = {line["verdict"] for line in lines}
    return next((word for word in ("refused", "changed") if word in found), "")


def assign(unit: Unit, task_id: str, assignee: str, actor: Actor) -> None:
    """Give a refusal to somebody who works on tasks, or to nobody."""
    _one(unit, task_id)
    task_work.assign(unit, task_id, assignee, actor)


def comment(unit: Unit, task_id: str, words: str, actor: Actor) -> None:
    """Say something about a refusal; a number that may be a person's is masked before it is kept."""
    _one(unit, task_id)
    task_work.comment(unit, task_id, words, actor)


def resolve(unit: Unit, task_id: str, why: str, words: str, actor: Actor) -> None:
    """Close a refusal without a correction, with the reason. The money stays as the payer's answer left it."""
    row = _one(unit, task_id)
    if why not in RESOLVED or (why == task_work.OTHER and not words.strip()):
        raise ConfigurationError("why it is closed must be said", hint=f"one of {', '.join(RESOLVED)}")
    task_work.closed(unit, row, why, words, actor)


def reopen(unit: Unit, task_id: str, actor: Actor) -> None:
    """Closed too early: it waits for a person again."""
    _one(unit, task_id)
    task_work.reopen(unit, task_id, actor)


def told(unit: Unit, task_id: str, whom: str, actor: Actor) -> None:
    """Write down that somebody was written to about a refusal."""
    _one(unit, task_id)
    task_work.noted(unit, task_id, "told", whom, actor)


def _one(unit: Unit, task_id: str) -> Row:
    row = support.refusal(unit, task_id)
    if row is None:
        raise ConfigurationError("no such refusal")
    return row


def plain(reasons: Sequence[Reason], language: str) -> str:
    """All reasons in one line."""
    return "; ".join(f"{one.raw} {texts.pick(one.text, language)}".strip() for one in reasons)

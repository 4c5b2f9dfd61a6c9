"""One claim, whole, for people: why, the three axes in time, lines, money, what is allowed, what others said and paid.

Everything is found from the claim by index, so that a page takes the same time among however many claims. The person
is opened here and masked; what is masked is shown only to somebody who says why (`hub.web` asks, and writes it down).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from hub.errors import ContentError
from hub.ledger.accounts import Posting
from hub.ledger.balances import LineMoney, line_money, no_money
from hub.log import clean_text
from hub.model.claim import Claim, ClaimLine
from hub.model.identity import mask
from hub.model.person import Person
from hub.model.reply import Code
from hub.pipeline import correct, lookup, replacements
from hub.pipeline.context import Hub
from hub.pipeline.views import ClaimView, claim_views
from hub.pipeline.worklist import Reason, reason_of
from hub.policy.corrections import WITHDRAWN
from hub.store import claims, declarations, exchanges, inbounds, money, schema, support, tasks
from hub.store.unit import Row, Unit

TRANSPORT, DECISION, MONEY = "transport", "decision", "money"
AXES = (TRANSPORT, DECISION, MONEY)
"""The three axes (decision 17)."""
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened, on one axis; `what` is a code the screen has words for, `said` what others wrote."""

    at: datetime
    axis: str
    what: str
    said: str = ""
    minor: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """One line: what was done, what was said of it, and its money. `line` is None once the person was erased."""

    row: Row
    line: ClaimLine | None
    money: LineMoney
    reasons: Sequence[Reason] = ()
    said: str = ""
    payer_ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing about the person, as it is and as it is shown to somebody who has said no reason."""

    name: str
    masked: str
    plain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Something that may be done now, or why not (`said`, and what to do instead)."""

    name: str
    allowed: bool
    said: Texts = field(default_factory=dict)
    todo: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """Money of a booking on a line; the booking itself only where it may be seen."""

    line: int
    at: datetime
    by: str
    tier: str
    minor: int
    netted: int
    payment: Row | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPage:
    """Everything a page about one claim shows."""

    row: Row
    view: ClaimView
    payer: str
    why: Texts
    acts: str
    claim: Claim | None
    lines: Sequence[LineView]
    person: Sequence[Fact]
    events: Sequence[Event]
    actions: Sequence[Allowed]
    exchange: Row | None
    declaration: Row | None
    answers: Sequence[Row]
    paid: Sequence[Paid]
    postings: Sequence[Posting]
    tasks: Sequence[Row]
    notes: Mapping[str, Sequence[Row]]
    corrected_by: Sequence[Row]

    @property
    def erased(self) -> bool:
        """Whether the person was erased, so that lines and person cannot be opened any more."""
        return self.claim is None


def load(hub: Hub, unit: Unit, ref: str) -> ClaimPage | None:
    """One claim as this unit may see it; None where there is none of that reference."""
    row = claims.by_ref(unit, ref)
    if row is None:
        return None
    (view,) = claim_views(unit, [row])
    lines = claims.lines(unit, [row["id"]])
    ids = [line["id"] for line in lines]
    claim = opened(unit, row)
    decisions = money.decisions(unit, ids)
    postings = money.postings(unit, line_ids=ids)
    exchange = _exchange(unit, row)
    waited = tasks.of_claims(unit, [ref], closed=True)
    said = lookup.why(hub, unit, view)
    return ClaimPage(
        row=row,
        view=view,
        payer=payer_title(hub, row),
        why={name: text for name, text in said.items() if name != "acts"},
        acts=said["acts"],
        claim=claim,
        lines=_lines(hub, row, lines, claim, decisions, postings),
        person=facts(claim.person) if claim else (),
        events=_events(unit, row, exchange, lines, decisions, postings),
        actions=_actions(hub, unit, row, exchange),
        exchange=exchange,
        declaration=_declaration(unit, row),
        answers=inbounds.find(unit, schema.inbound.c.exchange_id == exchange["id"]) if exchange else (),
        paid=_paid(unit, lines),
        postings=postings,
        tasks=waited,
        notes=support.notes(unit, [task["id"] for task in waited]),
        corrected_by=replacements.standing(unit, ref),
    )


def payer_title(hub: Hub, row: Row) -> str:
    """What people call the payer of a claim."""
    partner = hub.registry.partners.get(row["payer"])
    return partner.title if partner else row["payer_name"] or row["payer"] or row["payer_code"]


def opened(unit: Unit, row: Row) -> Claim | None:
    """The claim with its personal part; None once its person was erased."""
    try:
        (claim,) = claims.load(unit, [row])
    except ContentError:
        return None
    return claim


def _exchange(unit: Unit, row: Row) -> Row | None:
    """The message it travels in, where that is the visitor's to see: it holds other claims, too."""
    table = schema.exchange
    return unit.one(unit.mine(table, table.c.id == row["exchange_id"])) if row["exchange_id"] else None


def _declaration(unit: Unit, row: Row) -> Row | None:
    table = schema.declaration
    return unit.one(unit.mine(table, table.c.id == row["declaration_id"])) if row["declaration_id"] else None


# --- the person -----------------------------------------------------------------------------------------------------


def facts(person: Person) -> tuple[Fact, ...]:
    """What is known of the person: numbers keep their last digits, of the rest only that it is there."""
    name = " ".join(part for part in (person.initials, person.prefix, person.name) if part)
    address = " ".join(part for part in (person.postal_code, person.house_number, person.house_suffix) if part)
    born = person.birth_date.isoformat() if person.birth_date else ""
    numbers = (("bsn", person.bsn), ("fnr", person.fnr), ("insured_number", person.insured_number))
    hidden = (("name", name), ("birth_date", born), ("address", address))
    return (
        *(Fact(name=key, masked=mask(value), plain=value) for key, value in numbers if value),
        *(Fact(name=key, masked="***", plain=value) for key, value in hidden if value),
        *([Fact(name="local_ref", masked=mask(person.local_ref), plain=person.local_ref)] if person.local_ref else []),
    )


# --- lines ----------------------------------------------------------------------------------------------------------


def _lines(
    hub: Hub,
    row: Row,
    rows: Sequence[Row],
    claim: Claim | None,
    decisions: Iterable[Row],
    postings: Sequence[Posting],
) -> list[LineView]:
    partner = hub.registry.partners.get(row["payer"])
    whole = {line.id: line for line in claim.lines} if claim else {}
    standing = line_money(postings)
    last = {decision["claim_line_id"]: decision for decision in decisions}
    found = []
    for line in rows:
        decision = last.get(line["id"])
        reasons = [reason_of(partner, Code(**code)) for code in decision["codes"]] if decision else []
        found.append(
            LineView(
                row=line,
                line=whole.get(line["id"]),
                money=standing.get(line["id"], no_money(line["currency"])),
                reasons=reasons,
                said=clean_text(decision["text"]) if decision else "",
                payer_ref=decision["payer_ref"] if decision else "",
            )
        )
    return found


# --- what happened --------------------------------------------------------------------------------------------------


def _events(
    unit: Unit,
    row: Row,
    exchange: Row | None,
    lines: Sequence[Row],
    decisions: Iterable[Row],
    postings: Iterable[Posting],
) -> list[Event]:
    numbers = {line["id"]: line["number"] for line in lines}
    several = len(lines) > 1
    made = Event(at=row["created_at"], axis=TRANSPORT, what="made", minor=row["total_minor"], currency=row["currency"])
    history = exchanges.history(unit, exchange["id"]) if exchange else ()
    sent = [
        Event(at=each["at"], axis=_AXES.get(each["kind"], TRANSPORT), what=each["kind"], said=clean_text(each["text"]))
        for each in history
        if each["kind"] not in _OTHER_CLAIMS or each["text"] == row["ref"]
    ]
    judged = [
        Event(
            at=each["at"],
            axis=DECISION,
            what=each["verdict"],
            said=f"#{numbers[each['claim_line_id']]}" if several else "",
            minor=each["granted_minor"] if each["verdict"] in ("granted", "changed") else None,
            currency=row["currency"],
        )
        for each in sorted(decisions, key=lambda row: (numbers[row["claim_line_id"]], row["number"]))
    ]
    return sorted((made, *sent, *judged, *_moved(postings)), key=lambda event: event.at)


_AXES = {"presumed_ok": DECISION, "credit_note_asked": DECISION}
"""What a message's history tells of the decision axis."""
_OTHER_CLAIMS = ("credit_note_asked", "unplaced_refusal")
"""Lines of a message's history that are about one of its claims, or about none that we know."""
_MOVES = {
    frozenset(("due", "unallocated")): "received",
    frozenset(("due", "netted")): "netted",
    frozenset(("due", "written_off")): "written_off",
    frozenset(("open", "withdrawn")): "withdrawn",
}


def _moved(postings: Iterable[Posting]) -> Iterable[Event]:
    """Money that came, was netted, written off or taken back, added up where one thing moved several lines."""
    sums: dict[tuple[datetime, str, str], int] = {}
    for posting in postings:
        what = _MOVES.get(frozenset((posting.debit.value, posting.credit.value)))
        if what is not None:
            leaving = 1 if posting.credit.value in ("due", "open") else -1
            key = (posting.at, what, posting.amount.currency)
            sums[key] = sums.get(key, 0) + leaving * posting.amount.minor
    for (at, what, currency), minor in sums.items():
        yield Event(at=at, axis=MONEY, what=what, minor=minor, currency=currency)


# --- what may be done -----------------------------------------------------------------------------------------------


def _actions(hub: Hub, unit: Unit, row: Row, exchange: Row | None) -> list[Allowed]:
    """What its state allows (decision 5); the forms ask again when something is done."""
    found = []
    for name, credit_only in (("correct", False), ("credit", True)):
        no = correct.barred(hub, unit, row, credit_only=credit_only)
        found.append(Allowed(name=name, allowed=no is None, said=no.said if no else {}, todo=no.todo if no else {}))
    resting = exchange is not None and exchange["state"] == "prepared" and exchange["attempts"] == 0
    if not row["hold_code"]:
        return [*found, Allowed(name="hold", allowed=True)] if resting or row["exchange_id"] is None else found
    stays = row["hold_code"] in (WITHDRAWN, replacements.AWAITS_CREDIT)
    return found if stays else [*found, Allowed(name="release", allowed=True)]


# --- money ----------------------------------------------------------------------------------------------------------


def _paid(unit: Unit, lines: Sequence[Row]) -> list[Paid]:
    allocation, payment = schema.allocation, schema.payment
    numbers = {line["id"]: line["number"] for line in lines}
    rows = unit.rows(unit.mine(allocation, allocation.c.claim_line_id.in_(numbers)))
    rows.sort(key=lambda row: (row["at"], row["number"], row["id"]))
    ids = {row["payment_id"] for row in rows}
    booked = {row["id"]: row for row in unit.rows(unit.mine(payment, payment.c.id.in_(ids)))} if ids else {}
    return [
        Paid(
            line=numbers[row["claim_line_id"]],
            at=row["at"],
            by=row["by"],
            tier=row["tier"],
            minor=row["amount_minor"],
            netted=row["netted_minor"],
            payment=booked.get(row["payment_id"]),
        )
        for row in rows
    ]


def row_of(unit: Unit, row: Row) -> tuple[Row, Mapping[str, str]] | None:
    """The row of the list a claim came from with its columns, where there is one that can be opened."""
    table = schema.declaration_row
    found = unit.one(unit.mine(table, table.c.claim_id == row["id"]).order_by(table.c.line).limit(1))
    if found is None:
        return None
    try:
        (body,) = declarations.bodies(unit, [found])
    except ContentError:
        return None
    return found, body


def first_day(claim: Claim) -> date | None:
    """The first day of care."""
    days: list[Any] = [line.begins for line in claim.lines]
    first = min(days, key=str, default=None)
    return first.date() if isinstance(first, datetime) else first

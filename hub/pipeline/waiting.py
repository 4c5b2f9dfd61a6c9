"""Claims that their payer's side has not received yet, each with the payer's filing term where one is known.

Refused claims that may be handed in again, or corrected, are among them for as long as their case is open. A term is
never guessed: a claim whose payer has no rule for its care, or that lacks the date a rule counts from, says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from sqlalchemy import select

from hub.errors import ConfigurationError, ContentError
from hub.model.claim import Claim
from hub.model.money import Money
from hub.model.partner import Partner
from hub.pipeline.context import ZONES, Hub
from hub.pipeline.intake import programme, programmes
from hub.policy.deadlines import RULE_KINDS, CareDates, Deadline, Purpose, deadline
from hub.store import claims, schema
from hub.store.unit import Row, Unit

_STATES = ("prepared", "sending", "in_doubt", "failed", "refused")
NO_RULE, NO_DATE, BAD_RULE, ERASED = "no rule known", "date not known", "rule cannot be read", "person erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One claim that is not accepted yet. `treated` is the day of performance, `filed` the day its file was made."""

    ref: str
    payer: str
    state: str
    amount: Money
    invoice_number: str
    purpose: Purpose
    tries: int = 0
    treated: date | None = None
    filed: date | None = None
    term: Deadline | None = None
    why: str = ""

    def act_by(self, today: date) -> date | None:
        """The day we work to: the earliest reading that is still ahead, and in the end the last day of all."""
        if self.term is None:
            return None
        days = (self.term.conservative, self.term.last_safe, self.term.last_outer)
        return next((day for day in sorted(days) if day >= today), max(days))


def waiting(hub: Hub, unit: Unit) -> list[Waiting]:
    """Every debit claim its payer's side has not received, and refused ones that a person may still hand in again."""
    return with_terms(hub, unit, _unaccepted(unit))


def with_terms(hub: Hub, unit: Unit, rows: Sequence[Row]) -> list[Waiting]:
    """Claim rows with their terms; each row says where it stands (`standing`, `filed_at`, `tries`)."""
    lines: dict[str, list[Row]] = {}
    for line in claims.lines(unit, [row["id"] for row in rows]):
        lines.setdefault(line["claim_id"], []).append(line)
    ruled = [row for row in rows if has_rules(hub.registry.partners.get(row["payer"]))]
    opened = _opened(unit, ruled)
    originals = _originals(unit, rows)
    return [_waiting(hub, row, lines.get(row["id"], ()), opened, originals) for row in rows]


def _waiting(
    hub: Hub,
    row: Row,
    lines: Sequence[Row],
    opened: Mapping[str, Claim | None],
    originals: Mapping[str, Sequence[Row]],
) -> Waiting:
    partner = hub.registry.partners.get(row["payer"])
    before = originals.get(row["corrects"], ()) if row["corrects"] else lines
    purpose = _purpose(row, before)
    claim = opened.get(row["id"])
    dates = _dates(row, claim, before) if claim else CareDates()
    term, why = _term(partner, dates, purpose)
    if row["id"] in opened and claim is None:
        why = ERASED
    filed = row["filed_at"].astimezone(ZONES.get(row["country"], ZONES["NL"])).date() if row["filed_at"] else None
    return Waiting(
        ref=row["ref"],
        payer=row["payer"],
        state=row["standing"],
        amount=Money(sum(line["amount_minor"] - line["granted_minor"] for line in lines), row["currency"]),
        invoice_number=row["invoice_number"],
        purpose=purpose,
        tries=row["tries"],
        treated=dates.treated,
        filed=filed,
        term=term,
        why="" if term else why,
    )


def _term(partner: Partner | None, dates: CareDates, purpose: Purpose) -> tuple[Deadline | None, str]:
    if partner is None or not has_rules(partner, dates.care):
        return None, NO_RULE
    try:
        term = deadline(partner.rules, dates, purpose)
    except ConfigurationError as error:
        return None, f"{BAD_RULE}: {error.message}"
    return term, "" if term else f"{NO_DATE} ({purpose.value})"


def _purpose(row: Row, before: Sequence[Row]) -> Purpose:
    """A refused claim is handed in again, a granted one corrected; everything else is a first claim."""
    if not row["corrects"] and row["standing"] != "refused_by_payer":
        return Purpose.FIRST
    refused = all(line["verdict"] in ("refused", "open") for line in before)
    return Purpose.RECLAIM if refused else Purpose.CORRECTION


def has_rules(partner: Partner | None, care: str | None = None) -> bool:
    """Whether a partner has any filing rule, about one care when that is named."""
    rules = [rule for rule in partner.rules if rule.kind in RULE_KINDS] if partner else []
    return any(care is None or rule.settings.get("care", care) == care for rule in rules)


def _dates(row: Row, claim: Claim, before: Sequence[Row]) -> CareDates:
    zone = ZONES.get(row["country"], ZONES["NL"])
    begins = min((_day(line.begins, zone) for line in claim.lines), default=None)
    answered = [line["decided_at"] for line in before if line["decided_at"] is not None]
    return CareDates(
        care=programme(row["programme"]).CARE if row["programme"] in programmes() else "",
        opened=_opening(claim),
        treated=begins,
        retour=max(answered).astimezone(zone).date() if answered else None,
    )


def _opening(claim: Claim) -> date | None:
    """The day the treatment was opened, where the source told it: the first performance may be months later."""
    told = claim.references.get("opened") or next(
        (line.extra["opened"] for line in claim.lines if "opened" in line.extra), ""
    )
    try:
        return date.fromisoformat(told) if told else None
    except ValueError:
        return None


def _day(begins: date | datetime, zone: tzinfo) -> date:
    if not isinstance(begins, datetime):
        return begins
    return begins.astimezone(zone).date() if begins.tzinfo else begins.date()


def _opened(unit: Unit, rows: Sequence[Row]) -> dict[str, Claim | None]:
    """The whole claims; None for one whose subject was erased (which must not hide the others)."""
    try:
        return {row["id"]: claim for row, claim in zip(rows, claims.load(unit, rows), strict=True)}
    except ContentError:
        if len(rows) == 1:
            return {rows[0]["id"]: None}
    half = len(rows) // 2
    return _opened(unit, rows[:half]) | _opened(unit, rows[half:])


def _originals(unit: Unit, rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The lines of what some claims correct, by reference."""
    refs = sorted({row["corrects"] for row in rows if row["corrects"]})
    found = {row["id"]: row["ref"] for part in _parts(refs) for row in claims.find(unit, schema.claim.c.ref.in_(part))}
    lines: dict[str, list[Row]] = {}
    for line in claims.lines(unit, list(found)):
        lines.setdefault(found[line["claim_id"]], []).append(line)
    return lines


def _unaccepted(unit: Unit) -> list[Row]:
    """The rows, each with where it stands and when its file was made; found by index, however many were sent before."""
    table, exchange = schema.claim, schema.exchange
    mine = (table.c.tenant_id == unit.tenant, table.c.kind == "debit", table.c.hold_code != "WITHDRAWN")
    unsent = unit.rows(select(table).where(*mine, table.c.exchange_id.is_(None)))
    nothing: Row = {"filed_at": None, "tries": 0}
    found = {row["id"]: row | nothing | {"standing": "held" if row["hold_code"] else "ready"} for row in unsent}
    facts = (
        exchange.c.state.label("standing"),
        exchange.c.prepared_at.label("filed_at"),
        exchange.c.attempts.label("tries"),
    )
    statement = select(table, *facts).join(exchange, exchange.c.id == table.c.exchange_id)
    under_way = statement.where(*mine, exchange.c.tenant_id == unit.tenant, exchange.c.state.in_(_STATES))
    found |= {row["id"]: row for row in unit.rows(under_way)}
    for standing_, refs in _asked_again(unit).items():
        for part in _parts(sorted(refs)):
            rows = unit.rows(statement.where(*mine, table.c.ref.in_(part)))
            found |= {row["id"]: row | {"standing": standing_} for row in rows}
    return sorted(found.values(), key=lambda row: row["ref"])


def _asked_again(unit: Unit) -> dict[str, set[str]]:
    """Refused claims that still wait for a person: by the clearing house, and by the payer itself."""
    table = schema.task
    rows = unit.rows(unit.mine(table, table.c.state == "open", table.c.kind == "rejection", table.c.claim_ref != ""))
    by_clearing = {row["claim_ref"] for row in rows if row["key"].startswith("hold:")}
    return {
        "refused_by_clearing": by_clearing,
        "refused_by_payer": {row["claim_ref"] for row in rows if row["key"].startswith("refused:")} - by_clearing,
    }


def _parts(refs: Sequence[str], size: int = 500) -> Iterable[Sequence[str]]:
    return (refs[start : start + size] for start in range(0, len(refs), size))


def waiting_of(hub: Hub, unit: Unit, exchange: Row) -> list[Waiting]:
    """The debit claims of one message with their terms, whatever became of it."""
    table = schema.claim
    facts: Row = {"standing": exchange["state"], "filed_at": exchange["prepared_at"], "tries": exchange["attempts"]}
    rows = claims.find(unit, table.c.exchange_id == exchange["id"], table.c.kind == "debit")
    return with_terms(hub, unit, [row | facts for row in rows])

"""What is owed and by whom: overdue money per payer by age, and the part that is the patient's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hub.errors import ConfigurationError
from hub.ledger.balances import LineMoney, line_money, no_money
from hub.ledger.postings import decided
from hub.log import clean_text
from hub.model.money import Money
from hub.model.reply import Decision, Verdict
from hub.pipeline.answers import ledger_line
from hub.pipeline.context import ZONES, Actor, Hub
from hub.store import access, claims, figures, money
from hub.store import patient_parts as patient_parts_
from hub.store.money import NewDecision
from hub.store.unit import Row, Unit, short_id

AGES = (0, 30, 60, 90)
"""Days overdue at which an amount moves to the next column."""
TERM_DAYS = 30
"""How long a payer has where its claim names no day: counted from its decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """What one payer owes in one currency: not due yet, then by days overdue (1-30, 31-60, 61-90, more)."""

    payer: str
    currency: str
    amounts: tuple[int, ...]
    claims: int
    oldest: date | None

    @property
    def overdue(self) -> int:
        """Everything past its day."""
        return sum(self.amounts[1:])

    @property
    def total(self) -> int:
        """Everything owed."""
        return sum(self.amounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    payer: str
    claim_id: str
    amount: Money
    day: date


def overdue(hub: Hub, tenant: str, *, term: int = TERM_DAYS, within: frozenset[str] | None = None) -> list[Overdue]:
    """What payers owe, by age, to all or to some organisations; a credit they may still net lowers it."""
    country = next(row["country"] for row in hub.store.tenants() if row["id"] == tenant)
    today = hub.today(country)
    with hub.store.reading(tenant, within=within) as unit:
        found = list(_due(unit, country, term))
    groups: dict[tuple[str, str], list[_Due]] = {}
    for one in found:
        groups.setdefault((one.payer, one.amount.currency), []).append(one)
    return [_aged(key, group, today) for key, group in sorted(groups.items())]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ageing:
    """What payers owe by age as it was counted at a moment."""

    made_at: datetime
    rows: Sequence[Overdue]


def ageing(hub: Hub, tenant: str, within: frozenset[str] | None, *, anew: bool = False) -> Ageing:
    """The same, counted at most once a day unless somebody asks for it anew; of some organisations every time."""
    with hub.store.reading(tenant) as unit:
        known = None if within is not None or anew else figures.kept(unit, _KEPT)
        now = unit.now
    if known is not None and now - known["made_at"] < _FRESH:
        return Ageing(made_at=known["made_at"], rows=[_from_figure(each) for each in known["body"]["rows"]])
    rows = overdue(hub, tenant, within=within)
    if within is None:
        with hub.store.unit(tenant) as unit:
            figures.keep(unit, _KEPT, {"rows": [_to_figure(each) for each in rows]})
    return Ageing(made_at=now, rows=rows)


_KEPT, _FRESH = "overdue", timedelta(hours=24)


def _to_figure(one: Overdue) -> dict[str, Any]:
    body = {name: getattr(one, name) for name in ("payer", "currency", "claims")}
    return body | {"amounts": list(one.amounts), "oldest": one.oldest.isoformat() if one.oldest else ""}


def _from_figure(body: Mapping[str, Any]) -> Overdue:
    oldest = date.fromisoformat(body["oldest"]) if body["oldest"] else None
    return Overdue(
        payer=body["payer"],
        currency=body["currency"],
        amounts=tuple(body["amounts"]),
        claims=body["claims"],
        oldest=oldest,
    )


def _due(unit: Unit, country: str, term: int) -> Iterator[_Due]:
    standing = line_money(money.postings(unit))
    rows = {row["id"]: row for row in claims.find(unit, claims.payable(unit))}
    for line in claims.lines(unit, list(rows)):
        row = rows[line["claim_id"]]
        held = standing.get(line["id"], no_money(line["currency"]))
        day = _day(row, line, country, term)
        amount = held.outstanding + held.open if row["due_date"] and row["exchange_id"] else held.outstanding
        if amount and day:
            yield _Due(payer=row["payer"], claim_id=row["id"], amount=amount, day=day)


def _day(row: Row, line: Row, country: str, term: int) -> date | None:
    """The day an amount is due: the claim's own, else so long after the decision."""
    if row["due_date"]:
        found: date = row["due_date"]
        return found
    if line["decided_at"] is None:
        return None
    decided_on: date = line["decided_at"].astimezone(ZONES[country]).date()
    return decided_on + timedelta(days=term)


def _aged(key: tuple[str, str], found: Sequence[_Due], today: date) -> Overdue:
    amounts = [0] * (len(AGES) + 1)
    for one in found:
        amounts[sum((today - one.day).days > age for age in AGES)] += one.amount.minor
    late = [one.day for one in found if one.day < today and one.amount.minor > 0]
    return Overdue(
        payer=key[0],
        currency=key[1],
        amounts=tuple(amounts),
        claims=len({one.claim_id for one in found}),
        oldest=min(late, default=None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientPart:
    """What a patient owes of one line; `name` only where somebody said why they need it."""

    ref: str
    line: str
    practice: str
    payer: str
    amount: Money
    decided: date | None
    name: str = ""


def patient_parts(
    hub: Hub,
    tenant: str,
    actor: Actor,
    *,
    practice: str = "",
    names: bool = False,
    reason: str = "",
    within: frozenset[str] | None = None,
) -> list[PatientPart]:
    """The lines with a part that is the patient's; names are given for a reason only, and every one is logged."""
    if names and not reason.strip():
        raise ConfigurationError("names are given for a reason", hint='--names --reason "..."')
    country = next(row["country"] for row in hub.store.tenants() if row["id"] == tenant)
    with hub.store.unit(tenant, within=within) as unit:
        rows = {row["id"]: row for row in claims.find(unit) if practice in ("", row["provider_code"])}
        standing = line_money(money.postings(unit))
        lines = [line for line in claims.lines(unit, list(rows)) if _patient(standing, line)]
        of = [rows[key] for key in dict.fromkeys(line["claim_id"] for line in lines)]
        known = _names(unit, of, actor, reason) if names else {}
        found = [_part(rows[line["claim_id"]], line, _patient(standing, line), known, country) for line in lines]
    return sorted(found, key=lambda one: (one.practice, one.ref, one.line))


def patient_page(
    unit: Unit,
    country: str,
    actor: Actor,
    *,
    practice: str = "",
    after: patient_parts_.After | None = None,
    most: int = 50,
    reason: str = "",
) -> list[PatientPart]:
    """The same page by page; with a reason the names of those on the page, every one of them logged."""
    rows = patient_parts_.page(unit, practice=practice, after=after, most=most)
    wanted = dict.fromkeys(row["claim_id"] for row in rows)
    known = _names(unit, claims.by_ids(unit, list(wanted)), actor, reason) if reason.strip() else {}
    return [
        PatientPart(
            ref=row["claim_ref"],
            line=str(row["number"]),
            practice=row["provider_code"],
            payer=row["payer"],
            amount=Money(int(row["owed"]), row["currency"]),
            decided=row["decided_at"].astimezone(ZONES[country]).date() if row["decided_at"] else None,
            name=known.get(row["claim_id"], ""),
        )
        for row in rows
    ]


def _patient(standing: Mapping[str, LineMoney], line: Row) -> Money:
    return standing.get(line["id"], no_money(line["currency"])).patient


def _part(row: Row, line: Row, amount: Money, names: Mapping[str, str], country: str) -> PatientPart:
    at = line["decided_at"]
    return PatientPart(
        ref=row["ref"],
        line=line["ref"],
        practice=row["provider_code"],
        payer=row["payer"],
        amount=amount,
        decided=at.astimezone(ZONES[country]).date() if at else None,
        name=names.get(row["id"], ""),
    )


def _names(unit: Unit, rows: Sequence[Row], actor: Actor, reason: str) -> dict[str, str]:
    found: dict[str, str] = {}
    known = claims.of_somebody(rows)
    for row, claim in zip(known, claims.load(unit, known), strict=True):
        person = claim.person
        found[row["id"]] = " ".join(filter(None, (person.initials, person.prefix, person.name))) or person.local_ref
        thing = f"claim/{row['ref']}: {clean_text(reason)}"[:200]
        access.record(unit, actor=actor.name, role=actor.role, action="view", object_=thing, subject=row["blind"])
    return found


def to_patient(hub: Hub, tenant: str, ref: str, amount: Money, reason: str, actor: Actor, *, line: str = "") -> Row:
    """A person records that part of what the payer does not pay is the patient's (deductible, non-contracted care).

    It is a decision like the payer's own, with who said so as its source: a later one of the payer replaces it.
    """
    if not reason.strip():
        raise ConfigurationError("say why it is the patient's", hint='--reason "deductible"')
    with hub.store.unit(tenant) as unit:
        row, chosen = _chosen(unit, ref, line)
        ours = ledger_line(unit, row, chosen["id"])
        before = line_money(money.postings(unit, line_ids=[chosen["id"]]))[chosen["id"]]
        rest = before.refused + before.patient + before.open
        if amount.currency != rest.currency or amount.minor * rest.minor < 0 or abs(amount.minor) > abs(rest.minor):
            raise ConfigurationError(
                f"{ref}: {rest} is not paid by the payer, less than {amount}", hint="kvitt patient-parts"
            )
        if before.open and amount != rest:
            raise ConfigurationError(f"{ref} is not decided: only all of {rest} can be the patient's")
        number = len(money.decisions(unit, [chosen["id"]])) + 1
        verdict = Verdict.CHANGED if before.granted else Verdict.REFUSED
        said = Decision(verdict=verdict, granted=before.granted, patient=amount)
        source = f"person:{short_id(chosen['id'])}:{number}"
        new = NewDecision(
            claim_line_id=chosen["id"],
            verdict=verdict.value,
            granted=before.granted,
            patient=amount,
            source=source,
            text=clean_text(reason),
        )
        money.add_decision(unit, new)
        money.post(unit, decided(ours, before, said, at=unit.now, source=source))
        access.record(unit, actor=actor.name, role=actor.role, action="patient-part", object_=f"claim/{ref}")
        return chosen


def _chosen(unit: Unit, ref: str, line: str) -> tuple[Row, Row]:
    row = claims.by_ref(unit, ref)
    if row is None:
        raise ConfigurationError(f"no claim {ref}", hint="kvitt status")
    found = [each for each in claims.lines(unit, [row["id"]]) if line in ("", each["ref"], str(each["number"]))]
    if len(found) != 1:
        raise ConfigurationError(f"{ref} has {len(found)} such lines", hint="name one: --line NUMBER")
    return row, found[0]

"""What practices get of the money on their lines: agreed per practice and module, dated, with where it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from hub.errors import ConfigurationError, ContentError
from hub.ledger.positions import LineLabel
from hub.ledger.shares import WHOLE, AgreedShare, Share, ShareKind, Terms, terms
from hub.model.money import Money, money
from hub.model.quarter import quarter, quarter_of
from hub.pipeline.context import Actor
from hub.pipeline.wanted import amount_of
from hub.store import access, claims, parties, reference
from hub.store.reference import ReferenceRow
from hub.store.unit import Row, Unit

KIND = "payout_share"
_EVERY = "*"


def agreed(unit: Unit) -> Terms:
    """Everything agreed."""
    return terms(_read(row) for row in reference.rows_of(unit, KIND))


def put(unit: Unit, wanted: AgreedShare, actor: Actor) -> None:
    """Record a share from its first day on; an earlier one about the same ends the day before."""
    if wanted.valid_to is not None and wanted.valid_to < wanted.valid_from:
        raise ConfigurationError(f"it would end on {wanted.valid_to}, before it begins", hint="--from, --to")
    if wanted.practice:
        parties.organisation(unit, wanted.practice)
    code = _code(wanted)
    known = [row for row in reference.rows_of(unit, KIND) if row.code == code]
    following = [row.valid_from for row in known if row.valid_from > wanted.valid_from]
    ends = [day - timedelta(days=1) for day in following] + [wanted.valid_to] * (wanted.valid_to is not None)
    last = min((day for day in ends if day), default=None)
    ended = [
        _row(code, _read(row), row.valid_from, wanted.valid_from - timedelta(days=1))
        for row in known
        if row.valid_from < wanted.valid_from and (row.valid_to is None or row.valid_to >= wanted.valid_from)
    ]
    reference.put(unit, KIND, [*ended, _row(code, wanted, wanted.valid_from, last)])
    access.record(unit, actor=actor.name, role=actor.role, action="change", object_=f"share/{code}")


def share(kind: str, *, percent: str = "", amount: str = "", currency: str = "EUR") -> Share:
    """A share from the words people use; ConfigurationError saying what is missing."""
    if kind not in {one.value for one in ShareKind}:
        raise ConfigurationError(f"no kind of share {kind!r}", hint=f"one of: {', '.join(ShareKind)}")
    wanted = ShareKind(kind)
    if (wanted is ShareKind.PERCENTAGE) != bool(percent) or (wanted is ShareKind.PER_PATIENT) != bool(amount):
        raise ConfigurationError("a percentage has --percent, per_patient has --amount, the others have neither")
    if wanted is ShareKind.PERCENTAGE:
        return Share(kind=wanted, basis_points=_basis_points(percent))
    if wanted is ShareKind.PER_PATIENT:
        return Share(kind=wanted, per_patient=_amount(amount, currency))
    return Share(kind=wanted)


def _basis_points(percent: str) -> int:
    """A percentage with at most two decimals, as whole basis points."""
    try:
        points = money(percent.replace(",", "."), "EUR").minor
    except ValueError:
        points = -1
    if not 0 <= points <= WHOLE:
        raise ConfigurationError(
            f"no percentage: {percent[:20]!r}", hint="0 to 100, at most two decimals: --percent 92.5"
        )
    return points


def _amount(text: str, currency: str) -> Money:
    try:
        found = amount_of(text, currency)
    except ContentError as error:
        raise ConfigurationError(str(error), hint="--amount 0.80") from None
    if found.minor < 0:
        raise ConfigurationError("an amount per patient is not negative")
    return found


def labels(unit: Unit) -> Mapping[str, LineLabel]:
    """What each claim line belongs to."""
    rows = {row["id"]: row for row in claims.find(unit)}
    return {line["id"]: _label(line, rows[line["claim_id"]]) for line in claims.lines(unit, list(rows))}


def _label(line: Row, row: Row) -> LineLabel:
    return LineLabel(
        ref=line["ref"], period=period_of(row), module=row["module"], day=_day(row), patient=row["subject_id"]
    )


def period_of(row: Row) -> str:
    """The quarter a claim is told in: its own, that of its month, else that of its date."""
    return str(quarter_of(_day(row)))


def _day(row: Row) -> date:
    """The day that picks a claim's terms: the first of its quarter or month, else the day it was issued or made."""
    try:
        return quarter(row["period"]).first_day
    except ValueError:
        found: date = _month(row["period"]) or row["issue_date"] or row["created_at"].date()
        return found


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


def described(found: Terms) -> Iterable[dict[str, object]]:
    """What is agreed, for people and programs."""
    for one in found.agreed:
        per_patient = one.share.per_patient
        yield {
            "practice": one.practice or _EVERY,
            "module": one.module or _EVERY,
            "kind": one.share.kind.value,
            "basis_points": one.share.basis_points if one.share.kind is ShareKind.PERCENTAGE else None,
            "per_patient_minor": per_patient.minor if per_patient else None,
            "currency": per_patient.currency if per_patient else None,
            "valid_from": one.valid_from.isoformat(),
            "valid_to": one.valid_to.isoformat() if one.valid_to else None,
            "source": one.source,
        }


def _code(one: AgreedShare) -> str:
    return f"{one.practice or _EVERY}:{one.module or _EVERY}"


def _row(code: str, one: AgreedShare, first: date, last: date | None) -> ReferenceRow:
    body = {"kind": one.share.kind.value, "basis_points": str(one.share.basis_points)}
    if one.share.per_patient is not None:
        body |= {"amount_minor": str(one.share.per_patient.minor), "currency": one.share.per_patient.currency}
    return ReferenceRow(code=code, body=body, valid_from=first, valid_to=last, source=one.source)


def _read(row: ReferenceRow) -> AgreedShare:
    practice, _, module = row.code.partition(":")
    minor = row.body.get("amount_minor")
    return AgreedShare(
        share=Share(
            kind=ShareKind(row.body["kind"]),
            basis_points=int(row.body["basis_points"]),
            per_patient=Money(int(minor), row.body["currency"]) if minor is not None else None,
        ),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        practice="" if practice == _EVERY else practice,
        module="" if module == _EVERY else module,
        source=row.source,
    )

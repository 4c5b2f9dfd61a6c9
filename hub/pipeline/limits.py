"""What one person may do alone: above it, giving money up and letting files go wait for a second person.

Giving up is a write-off, money put aside as no claim's, and leaving money of a payment where it is; letting go is the
release of prepared files. What counts is what a person did alone within a day, so that many small ones are no way
round. The limits are the tenant's own, in each currency; lowering one counts at once, raising it takes two persons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from hub.log import clean_text
from hub.model.money import Money
from hub.pipeline import four_eyes
from hub.pipeline.cases import About, raise_case
from hub.pipeline.context import Actor
from hub.store import access, approvals, resolutions
from hub.store.approvals import Request
from hub.store.resolutions import NewResolution
from hub.store.unit import Row, Unit

DEFAULTS = MappingProxyType({"EUR": 5000, "NOK": 50000})
"""In minor units; where a tenant has said nothing. In any other currency everything waits."""
WRITE_OFF, ALLOCATE, LEAVE, LIMIT = "write_off", "allocate", "leave", "limit"
LET_GO, LET_GO_LIMIT = "let_go", "let_go_limit"
_WITHIN = timedelta(hours=24)
_CASE = "APPROVAL_WAITS"
_CASES: Mapping[str, str] = MappingProxyType({LET_GO: "LET_GO_WAITS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one person may do alone within a day: the kind its limit is kept under, what counts, and what is shipped."""

    kind: str
    counts: tuple[str, ...]
    shipped: Mapping[str, int]


GIVING_UP = Allowance(kind=LIMIT, counts=(WRITE_OFF, ALLOCATE, LEAVE), shipped=DEFAULTS)
LETTING_GO = Allowance(
    kind=LET_GO_LIMIT, counts=(LET_GO,), shipped=MappingProxyType({"EUR": 10_000_000, "NOK": 100_000_000})
)
ALLOWANCES: Mapping[str, Allowance] = MappingProxyType({each.kind: each for each in (GIVING_UP, LETTING_GO)})


def limit(unit: Unit, currency: str, allowance: Allowance = GIVING_UP) -> Money:
    """How much one person may do alone within a day."""
    said = [row for row in resolutions.of_kind(unit, allowance.kind) if row["currency"] == currency]
    last = max(said, key=lambda row: row["detail"]["number"], default=None)
    return Money(last["amount_minor"] if last else allowance.shipped.get(currency, 0), currency)


def too_much(unit: Unit, amount: Money, actor: Actor, allowance: Allowance = GIVING_UP) -> bool:
    """Whether this, with what the person did alone within a day, takes a second person."""
    since = unit.now - _WITHIN
    alone = sum(
        _counted(row)
        for row in resolutions.of_kind(unit, *allowance.counts)
        if row["currency"] == amount.currency
        and row["at"] > since
        and "request" not in row["detail"]
        and four_eyes.same_person(row["by"], four_eyes.stored_name(actor))
    )
    return bool(amount) and alone + abs(amount.minor) > limit(unit, amount.currency, allowance).minor


def _counted(row: Row) -> int:
    return abs(int(row["detail"].get("aside", 0) if row["kind"] == ALLOCATE else row["amount_minor"]))


def ask(unit: Unit, what: str, new: NewResolution, *, about: str) -> Request:
    """Ask a second person for it; `about` is the claim or payment in the words of people."""
    request, is_new = approvals.ask(unit, what, new)
    if is_new:
        access.record(unit, actor=new.by, role=new.role, action=f"ask_{what}", object_=f"approval/{request.number}")
        values = {"number": request.number, "amount": request.amount, "by": new.by, "about": about}
        values |= {"reason": new.reason}
        case = About(amount=request.amount, evidence={"asked_by": new.by})
        code = _CASES.get(what, "LIMIT_WAITS" if what in ALLOWANCES else _CASE)
        raise_case(unit, code, values, key=case_key(request), kind=_CASE.lower(), about=case)
    return request


def case_key(request: Request) -> str:
    """The task of what waits."""
    return f"approval:{request.number}"


def set_limit(unit: Unit, amount: Money, actor: Actor, reason: str, allowance: Allowance = GIVING_UP) -> Request | None:
    """Set the limit of a currency: a lower one counts at once (None), a higher one when a second person approves."""
    kind = allowance.kind
    new = NewResolution(kind=kind, amount=amount, reason=clean_text(reason), by=actor.name, role=actor.role)
    if amount.minor > limit(unit, amount.currency, allowance).minor:
        return ask(unit, kind, new, about=amount.currency)
    put_limit(unit, new)
    access.record(unit, actor=actor.name, role=actor.role, action=kind, object_=f"limit/{amount.currency}")
    return None


def put_limit(unit: Unit, new: NewResolution, request: Request | None = None) -> None:
    """Write a limit down; it counts from now on."""
    said = resolutions.of_kind(unit, new.kind)
    detail = {"number": len(said) + 1} | ({"request": request.number} if request else {})
    row = NewResolution(kind=new.kind, amount=new.amount, reason=new.reason, by=new.by, role=new.role, detail=detail)
    resolutions.add(unit, row)

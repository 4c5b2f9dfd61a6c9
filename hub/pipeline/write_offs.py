"""What is owed is given up, for a reason: by one person up to the limit, above it by two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub import log
from hub.errors import ContentError
from hub.ledger.balances import line_money
from hub.ledger.postings import written_off
from hub.log import clean_text
from hub.matching.allocation import Due
from hub.model.money import Money
from hub.pipeline import limits
from hub.pipeline.answers import ledger_line
from hub.pipeline.context import Actor, Hub
from hub.pipeline.wanted import claim_named
from hub.store import access, claims, money, resolutions
from hub.store.approvals import Request
from hub.store.resolutions import NewResolution
from hub.store.unit import Row, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """What a write-off came to; nothing is given up yet where a request `waits` for a second person."""

    claim: str
    amount: Money
    waits: int = 0


@dataclass(frozen=True, slots=True)
class _Writer:
    """Who writes off, why, and under which request."""

    actor: Actor
    reason: str
    request: Request | None = None

    def resolution(self, amount: Money, line_id: str | None) -> NewResolution:
        """The decision as it is kept."""
        return NewResolution(
            kind="write_off",
            amount=amount,
            reason=clean_text(self.reason),
            by=self.actor.name,
            role=self.actor.role,
            claim_line_id=line_id,
            detail={"request": self.request.number} if self.request else {},
        )


def write_off(
    hub: Hub, tenant: str, claim: str, actor: Actor, *, reason: str, amount: Money | None = None, line: int = 0
) -> GivenUp:
    """Give up what is owed on a claim (or one line of it); more than a person may alone waits for a second one."""
    if not reason.strip():
        raise ContentError("say why: --reason TEXT")
    with hub.store.unit(tenant) as unit:
        row = claim_named(unit, claim)
        taken = _given_up(row, _dues(unit, row, line), amount)
        whole = Money(sum(minor for _, minor in taken), row["currency"])
        writer = _Writer(actor, reason)
        if limits.too_much(unit, whole, actor):
            found = GivenUp(claim=row["ref"], amount=whole, waits=_ask(unit, row, taken, whole, writer))
        else:
            found = _write_all(unit, row, taken, writer)
    log.event("write_off_asked" if found.waits else "written_off", tenant=tenant, claim=row["id"])
    return found


def _ask(unit: Unit, row: Row, taken: Sequence[tuple[Due, int]], whole: Money, writer: _Writer) -> int:
    new = writer.resolution(whole, taken[0][0].line_id)
    body = {"claim": row["ref"], "lines": [[due.line_id, minor] for due, minor in taken]}
    asked = NewResolution(
        kind=new.kind,
        amount=whole,
        reason=new.reason,
        by=new.by,
        role=new.role,
        claim_line_id=new.claim_line_id,
        detail=body,
    )
    return limits.ask(unit, limits.WRITE_OFF, asked, about=row["ref"]).number


def carry_out(unit: Unit, request: Request) -> None:
    """Write off what a second person approved, exactly as it was asked; ContentError when it is not owed any more."""
    row = claim_named(unit, request.body["claim"])
    owed = {due.line_id: due for due in _dues(unit, row, 0)}
    taken = [(owed[line_id], minor) for line_id, minor in request.body["lines"] if line_id in owed]
    covered = all(due.payable * minor > 0 and abs(minor) <= abs(due.payable) for due, minor in taken)
    if not covered or len(taken) != len(request.body["lines"]):
        raise ContentError(f"{request.amount} is not owed on {row['ref']} any more")
    writer = _Writer(Actor(name=request.asked_by, role=request.role), request.reason, request)
    _write_all(unit, row, taken, writer)


def _dues(unit: Unit, row: Row, line: int) -> list[Due]:
    rows = [each for each in claims.lines(unit, [row["id"]]) if line in (0, each["number"])]
    owed = line_money(money.postings(unit, line_ids=[each["id"] for each in rows]))
    return [Due(each["id"], row["id"], owed[each["id"]].outstanding.minor, 0) for each in rows if each["id"] in owed]


def _given_up(row: Row, dues: Sequence[Due], amount: Money | None) -> list[tuple[Due, int]]:
    owed = sum(due.payable for due in dues)
    left = owed if amount is None else amount.minor
    if not owed:
        raise ContentError(f"nothing is owed on {row['ref']}", hint="only what was granted and not paid is written off")
    if amount is not None and (amount.currency != row["currency"] or left * owed <= 0 or abs(left) > abs(owed)):
        raise ContentError(f"{row['ref']}: {amount} of {Money(owed, row['currency'])} owed cannot be written off")
    taken = []
    for due in dues:
        part = min(left, due.payable, key=abs) if left * due.payable > 0 else 0
        if part:
            taken.append((due, part))
            left -= part
    return taken


def _write_all(unit: Unit, row: Row, taken: Sequence[tuple[Due, int]], writer: _Writer) -> GivenUp:
    for due, minor in taken:
        amount = Money(minor, row["currency"])
        source = f"resolution:{resolutions.add(unit, writer.resolution(amount, due.line_id))}"
        line = ledger_line(unit, row, due.line_id)
        money.post(unit, written_off(line, amount, at=unit.now, source=source, reason="written off"))
    actor = writer.actor
    access.record(unit, actor=actor.name, role=actor.role, action="write_off", object_=f"claim/{row['ref']}")
    return GivenUp(claim=row["ref"], amount=Money(sum(minor for _, minor in taken), row["currency"]))

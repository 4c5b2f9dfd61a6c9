"""What waits for a second person besides pay-outs and accounts: money given up or files let go above a limit.

A higher limit waits as well.
A request is carried out in the moment it is approved and exactly as it was asked. What cannot be any more (it was paid
meanwhile) is void. Who asked may take it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub import log
from hub.errors import ConfigurationError, ContentError
from hub.log import clean_text
from hub.model.money import Money
from hub.pipeline import by_hand, four_eyes, let_go, limits, write_offs
from hub.pipeline.context import Actor, Hub
from hub.pipeline.limits import Allowance
from hub.store import access, approvals, claims, keyset, schema, tasks
from hub.store.approvals import Request
from hub.store.resolutions import NewResolution
from hub.store.unit import Unit, short_id

STATES = approvals.STATES


def listed(unit: Unit, states: Sequence[str] = (approvals.ASKED,)) -> list[dict[str, Any]]:
    """What was asked for, by number: what waits, or what is in the states named (none: all)."""
    return [_body(unit, each) for each in approvals.find(unit, *states)]


def paged(unit: Unit, after: int | None, most: int, *, waiting: bool) -> list[dict[str, Any]]:
    """Some of what waits, from after a number; or of what was decided, from below one."""
    found: list[Request] = []
    while len(found) < most:
        part = approvals.page(unit, after, most, waiting=waiting)
        found += [each for each in part if _whole(unit, each)]
        if len(part) < most:
            break
        after = part[-1].number
    return [_body(unit, each) for each in found[:most]]


def _whole(unit: Unit, each: Request) -> bool:
    """Files are approved by who sees all of them: a line of one's own practice is not the file it travels in."""
    if unit.within is None or each.what != limits.LET_GO:
        return True
    files = {str(file[0]) for file in each.body["files"]}
    return keyset.seen(unit, schema.exchange, files) == files


def count_waiting(unit: Unit) -> int:
    """How many requests wait for a second person."""
    if unit.within is None:
        return approvals.count_waiting(unit)
    return sum(_whole(unit, each) for each in approvals.find(unit, approvals.ASKED))


def shown(unit: Unit, number: int) -> dict[str, Any]:
    """One request, with what exactly it would do."""
    found = approvals.get(unit, number)
    if not _whole(unit, found):
        raise ConfigurationError(f"nothing was asked for under number {number}", hint="kvitt payment approvals")
    return _body(unit, found) | {"body": dict(found.body)}


def _body(unit: Unit, each: Request) -> dict[str, Any]:
    return {
        "number": each.number,
        "what": each.what,
        "about": _about(unit, each),
        "amount_minor": each.amount.minor,
        "currency": each.amount.currency,
        "reason": each.reason,
        "state": each.state,
        "asked_by": each.asked_by,
        "asked_at": each.asked_at,
        "decided_by": each.decided_by,
        "decided_at": each.decided_at,
        "note": each.note,
    }


def _about(unit: Unit, each: Request) -> str:
    if each.payment_id:
        return short_id(each.payment_id)
    if each.what == limits.LET_GO:
        return let_go.about(each.body)
    if each.claim_line_id is None:
        return each.amount.currency
    line = schema.claim_line
    (row,) = unit.rows(unit.mine(line, line.c.id == each.claim_line_id))
    (claim,) = claims.by_ids(unit, [row["claim_id"]])
    return str(claim["ref"])


def approve(hub: Hub, tenant: str, number: int, actor: Actor) -> Request:
    """A second person approves, and it is done; void (with why) when it cannot be done any more."""
    with hub.store.unit(tenant) as unit:
        request = _waiting(unit, number)
        refusal = four_eyes.refusal(request.asked_by, actor, "who asked for this")
        if refusal is None:
            request = _carry_out(unit, request, actor)
        _log(unit, actor, "approve", number, "refused" if refusal else request.state)
    if refusal is not None:
        raise refusal
    log.event("approved", tenant=tenant, number=number, kind=request.what, state=request.state)
    return request


def _carry_out(unit: Unit, request: Request, actor: Actor) -> Request:
    state, note = approvals.APPROVED, ""
    try:
        with unit.connection.begin_nested():
            _do(unit, request)
    except ContentError as error:
        state, note = approvals.VOID, clean_text(error.message)
    return _decided(unit, request, state, actor, note)


def _do(unit: Unit, request: Request) -> None:
    if request.what == limits.WRITE_OFF:
        write_offs.carry_out(unit, request)
    elif request.what == limits.LET_GO:
        let_go.carry_out(unit, request)
    elif request.what in limits.ALLOWANCES:
        new = NewResolution(
            kind=request.what,
            amount=request.amount,
            reason=request.reason,
            by=request.asked_by,
            role=request.role,
        )
        limits.put_limit(unit, new, request)
    else:
        by_hand.carry_out(unit, request)


def reject(hub: Hub, tenant: str, number: int, reason: str, actor: Actor) -> Request:
    """Somebody says no, or who asked takes it back; nothing is given up."""
    if not reason.strip():
        raise ConfigurationError("say why", hint='--reason "..."')
    with hub.store.unit(tenant) as unit:
        request = _waiting(unit, number)
        _log(unit, actor, "reject", number, "ok")
        return _decided(unit, request, approvals.REFUSED, actor, clean_text(reason))


def _waiting(unit: Unit, number: int) -> Request:
    request = approvals.get(unit, number)
    if request.state != approvals.ASKED:
        raise ConfigurationError(f"request {number} is {request.state}", hint="kvitt payment approvals")
    return request


def _decided(unit: Unit, request: Request, state: str, actor: Actor, note: str) -> Request:
    tasks.done(unit, limits.case_key(request), {state: actor.name})
    return approvals.decide(unit, request, state, by=actor.name, role=actor.role, note=note)


def _log(unit: Unit, actor: Actor, action: str, number: int, outcome: str) -> None:
    thing = f"approval/{number}"
    access.record(unit, actor=actor.name, role=actor.role, action=action, object_=thing, outcome=outcome)


def limit(unit: Unit, currency: str, allowance: Allowance = limits.GIVING_UP) -> Money:
    """How much one person may do alone within a day."""
    return limits.limit(unit, currency, allowance)


def set_limit(
    hub: Hub, tenant: str, amount: Money, actor: Actor, *, reason: str, allowance: Allowance = limits.GIVING_UP
) -> Request | None:
    """Set it: a lower limit counts at once (None), a higher one waits for a second person."""
    if not reason.strip():
        raise ConfigurationError("say why", hint='--reason "..."')
    if amount.minor < 0:
        raise ConfigurationError("a limit is 0 or more", hint="at 0 everything waits for a second person")
    with hub.store.unit(tenant) as unit:
        return limits.set_limit(unit, amount, actor, reason, allowance)

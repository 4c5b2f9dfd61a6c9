"""Prepared files go out when a person lets them: alone up to a limit within a day, above it by two.

What is approved is exactly what was asked: the same files with the same bytes. One that went, was taken back or was
made anew meanwhile voids the request. A file without claims has no amount and needs one person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub import log
from hub.errors import ConfigurationError, ContentError
from hub.log import clean_text
from hub.model.exchange import ExchangeState
from hub.model.money import Money
from hub.pipeline import limits
from hub.pipeline.context import Actor, Hub
from hub.store import access, approvals, exchanges, releases, resolutions, schema, tasks
from hub.store.approvals import Request
from hub.store.resolutions import NewResolution
from hub.store.unit import Row, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class LetGo:
    """What it came to: the files that go, and the requests that wait for a second person (numbers)."""

    gone: tuple[str, ...] = ()
    waits: tuple[int, ...] = ()


def rests(row: Row) -> bool:
    """Whether a file was made and nobody has let it go yet; one that was tried before rests for another reason."""
    return row["state"] == ExchangeState.PREPARED.value and not row["released"] and not row["attempts"]


def let_go(hub: Hub, tenant: str, ids: Sequence[str], actor: Actor, *, reason: str = "") -> LetGo:
    """Let these files go; more than this person may alone waits for a second one, and goes as a whole then."""
    with hub.store.unit(tenant) as unit:
        rows = [exchanges.get(unit, each, lock=True) for each in sorted(set(ids))]
        gone_before = [row["name"] for row in rows if not rests(row)]
        if gone_before:
            raise ConfigurationError(f"{gone_before[0]} does not wait for its release any more", hint="look again")
        done = put(unit, rows, actor, reason)
    log.event("let_go", tenant=tenant, files=len(done.gone), waits=len(done.waits))
    return done


def put(unit: Unit, rows: Sequence[Row], actor: Actor, reason: str = "") -> LetGo:
    """The same inside a transaction, for files read with their lock; each currency is judged by itself."""
    worth = releases.worth(unit, [row["id"] for row in rows])
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault("+".join(sorted(each.currency for each in worth.get(row["id"], ()))), []).append(row)
    gone: list[str] = []
    waits: list[int] = []
    for group in groups.values():
        sums = _sums(worth, group)
        heavy = next((each for each in sums if limits.too_much(unit, each, actor, limits.LETTING_GO)), None)
        if heavy is None:
            _record(unit, group, sums, actor, reason)
            gone += [_release(unit, row) for row in group]
        else:
            waits.append(_ask(unit, group, heavy, actor, reason))
    return LetGo(gone=tuple(gone), waits=tuple(waits))


def _sums(worth: Mapping[str, Sequence[Money]], rows: Sequence[Row]) -> list[Money]:
    """What files are worth together, whatever is asked for or given back: by currency."""
    found: dict[str, int] = {}
    for row in rows:
        for each in worth.get(row["id"], ()):
            found[each.currency] = found.get(each.currency, 0) + abs(each.minor)
    return [Money(minor, currency) for currency, minor in sorted(found.items())]


def _release(unit: Unit, row: Row) -> str:
    unit.update(schema.exchange, row["id"], released=True, next_try_at=None)
    tasks.done_all(unit, row["id"], {"released": True})
    return str(row["id"])


def _new(unit: Unit, rows: Sequence[Row], amount: Money, actor: Actor, reason: str, detail: Any) -> NewResolution:  # noqa: ANN401 -- JSON
    """A decision hangs on a line of the first file, so that it is whose that file is."""
    return NewResolution(
        kind=limits.LET_GO,
        amount=amount,
        reason=clean_text(reason),
        by=actor.name,
        role=actor.role,
        claim_line_id=releases.first_line(unit, rows[0]["id"]),
        detail=detail,
    )


def _record(unit: Unit, rows: Sequence[Row], sums: Sequence[Money], actor: Actor, reason: str) -> None:
    for amount in sums:
        resolutions.add(unit, _new(unit, rows, amount, actor, reason, _body(rows)))


def _body(rows: Sequence[Row]) -> dict[str, Any]:
    return {"files": [[row["id"], _number(row), row["payload_sha256"]] for row in rows]}


def _number(row: Row) -> str:
    return str(row["invoice_number"] or row["business_key"])


def _ask(unit: Unit, rows: Sequence[Row], amount: Money, actor: Actor, reason: str) -> int:
    waiting = {each[0] for request in _asked(unit) for each in request.body["files"]}
    known = [request for request in _asked(unit) if request.body == _body(rows)]
    if not known and any(row["id"] in waiting for row in rows):
        raise ConfigurationError("some of these wait for a second person already", hint="kvitt payment approvals")
    new = _new(unit, rows, amount, actor, reason, _body(rows))
    return limits.ask(unit, limits.LET_GO, new, about=about(_body(rows))).number


def _asked(unit: Unit) -> list[Request]:
    return [each for each in approvals.find(unit, approvals.ASKED) if each.what == limits.LET_GO]


def asked_for(unit: Unit) -> dict[str, int]:
    """The files that wait for a second person, with the number of the request."""
    return {each[0]: request.number for request in _asked(unit) for each in request.body["files"]}


def about(body: Mapping[str, Any]) -> str:
    """Which files, in the words of people: the first one's number, and how many more there are."""
    numbers = [each[1] for each in body["files"]]
    return numbers[0] if len(numbers) == 1 else f"{numbers[0]} +{len(numbers) - 1}"


def carry_out(unit: Unit, request: Request) -> None:
    """Let go what a second person approved, exactly as it was asked; ContentError when it is not that any more."""
    rows = [exchanges.get(unit, each[0], lock=True) for each in request.body["files"]]
    for row, (_, number, sha256) in zip(rows, request.body["files"], strict=True):
        if not rests(row) or row["payload_sha256"] != sha256:
            raise ContentError(f"{number} does not wait any more as it was asked for")
    asker = Actor(name=request.asked_by, role=request.role)
    detail = _body(rows) | {"request": request.number}
    resolutions.add(unit, _new(unit, rows, request.amount, asker, request.reason, detail))
    for row in rows:
        _release(unit, row)
        access.record(unit, actor=asker.name, role=asker.role, action="release", object_=row["business_key"])

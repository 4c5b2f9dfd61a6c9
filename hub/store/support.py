"""What support staff work through: refusals in pages and by cause, what was said of a task, fixes of many claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_

from hub.store import schema
from hub.store.unit import Row, Unit, new_id

REFUSALS = ("rejection", "refused_by_network", "refused_unplaced")
"""Tasks about a no: of a payer or a clearing house to a claim, of the network to a message."""
NOBODY = "-"
"""The filter for tasks that nobody has taken."""
HELD, RELEASED, UNDONE, LEFT, REFUSED = "held", "released", "undone", "left", "refused"
DONE = "done"
_NO_DUE = date(9999, 12, 31)
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which refusals: every filter that is filled must fit."""

    state: str = "open"
    cause: str = ""
    payer: str = ""
    provider: str = ""
    assignee: str = ""
    claim: str = ""
    among: frozenset[tuple[str, str]] | None = None
    """Causes with their payers, one of which it must be."""


Place = tuple[date | datetime, int, str]
"""Where a page ended: due day, money at stake (negative: most first), id; of done ones the moment, nothing, id."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and where the next page begins; None at the end."""

    rows: Sequence[Row]
    next: Place | None


_task, _claim, _exchange = schema.task, schema.claim, schema.exchange
_due = func.coalesce(_task.c.due, _NO_DUE).label("due_key")
_money = (-func.abs(_task.c.amount_minor)).label("money_key")
_payer = func.coalesce(_claim.c.payer, _exchange.c.partner, "").label("payer")


def _joined() -> Any:  # noqa: ANN401 -- a SQLAlchemy join
    same_claim = and_(
        _claim.c.tenant_id == _task.c.tenant_id, _claim.c.ref == _task.c.claim_ref, _task.c.claim_ref != ""
    )
    same_message = and_(_exchange.c.tenant_id == _task.c.tenant_id, _exchange.c.id == _task.c.exchange_id)
    return _task.outerjoin(_claim, same_claim).outerjoin(_exchange, same_message)


def _conditions(unit: Unit, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [_task.c.tenant_id == unit.tenant, _task.c.kind.in_(REFUSALS), _task.c.state == wanted.state]
    if wanted.cause:
        found.append(_task.c.cause == wanted.cause)
    if wanted.payer:
        found.append(or_(_claim.c.payer == wanted.payer, _exchange.c.partner == wanted.payer))
    if wanted.provider:
        found.append(_claim.c.provider_code == wanted.provider)
    if wanted.claim:
        found.append(_task.c.claim_ref == wanted.claim)
    if wanted.assignee:
        found.append(_task.c.assignee == ("" if wanted.assignee == NOBODY else wanted.assignee))
    if wanted.among is not None:
        found.append(tuple_(_task.c.cause, _payer.element).in_(sorted(wanted.among)))
    return found


def refusals(unit: Unit, wanted: Wanted, *, after: Place | None = None, most: int = 50) -> Page:
    """One page: open ones nearest due day first, then most money; done ones newest first."""
    statement = select(_task, _payer, _due, _money, _claim.c.id.label("claim_id")).select_from(_joined())
    statement = statement.where(*_conditions(unit, wanted))
    done = wanted.state == DONE
    order = (_task.c.done_at.desc(), _task.c.id) if done else (_due, _money, _task.c.id)
    if after is not None:
        statement = statement.where(_done_before(after) if done else _due_after(after))
    rows = unit.rows(statement.order_by(*order).limit(most + 1))
    shown = rows[:most]
    if len(rows) <= most:
        return Page(shown, None)
    last = shown[-1]
    return Page(shown, (last["done_at"], 0, last["id"]) if done else (last["due_key"], last["money_key"], last["id"]))


def _due_after(place: Place) -> ColumnElement[bool]:
    day, money, last = place
    return or_(_due > day, and_(_due == day, or_(_money > money, and_(_money == money, _task.c.id > last))))


def _done_before(place: Place) -> ColumnElement[bool]:
    moment, _, last = place
    return or_(_task.c.done_at < moment, and_(_task.c.done_at == moment, _task.c.id > last))


def causes(unit: Unit, wanted: Wanted, *, least: int = 1, most: int = 50) -> list[Row]:
    """How many refusals share a cause at a payer, what they are worth, and the nearest day; most of them first."""
    count = func.count().label("count")
    statement = (
        select(
            _task.c.cause,
            _payer,
            _task.c.currency,
            count,
            func.sum(func.abs(_task.c.amount_minor)).label("amount_minor"),
            func.min(_task.c.due).label("due"),
            func.count(func.distinct(_claim.c.provider_code)).label("practices"),
        )
        .select_from(_joined())
        .where(*_conditions(unit, wanted))
        .group_by(_task.c.cause, _payer, _task.c.currency)
        .having(count >= least)
        .order_by(count.desc(), _task.c.cause)
        .limit(most)
    )
    return unit.rows(statement)


def caused(unit: Unit, state: str) -> list[tuple[str, str]]:
    """Every cause of refusals in a state, with the payer it is of."""
    statement = select(_task.c.cause, _payer).select_from(_joined()).where(*_conditions(unit, Wanted(state=state)))
    return [(row["cause"], row["payer"]) for row in unit.rows(statement.distinct())]


def counted(unit: Unit, wanted: Wanted) -> int:
    """How many refusals fit."""
    statement = select(func.count().label("n")).select_from(_joined()).where(*_conditions(unit, wanted))
    return int((unit.one(statement) or {"n": 0})["n"])


def choices(unit: Unit) -> dict[str, list[str]]:
    """What the open refusals can be filtered by."""
    open_ones = _conditions(unit, Wanted())
    found: dict[str, list[str]] = {}
    for name, column in (("payer", _payer), ("provider", _claim.c.provider_code), ("assignee", _task.c.assignee)):
        rows = unit.rows(select(column.label("value")).select_from(_joined()).where(*open_ones).distinct())
        found[name] = sorted(row["value"] for row in rows if row["value"])
    return found


def refusal(unit: Unit, task_id: str) -> Row | None:
    """One refusal with its payer, or None."""
    statement = select(_task, _payer, _claim.c.id.label("claim_id")).select_from(_joined())
    return unit.one(
        statement.where(_task.c.tenant_id == unit.tenant, _task.c.id == task_id, _task.c.kind.in_(REFUSALS))
    )


def claims_of(unit: Unit, cause: str, payer: str, most: int) -> list[str]:
    """The references of the claims that wait for one cause at one payer, in order."""
    where = _conditions(unit, Wanted(cause=cause, payer=payer))
    statement = select(_claim.c.ref).select_from(_joined()).where(*where, _claim.c.ref.is_not(None))
    return [row["ref"] for row in unit.rows(statement.distinct().order_by(_claim.c.ref).limit(most))]


def assign(unit: Unit, task_id: str, assignee: str) -> None:
    """Who has a task from now on; empty for nobody."""
    unit.update(_task, task_id, assignee=assignee)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNote:
    """Something said about a task, or done to it."""

    task_id: str
    kind: str
    text: str
    by: str
    role: str


def note(unit: Unit, new: NewNote) -> None:
    """Add to a task's history."""
    row: Row = {name: getattr(new, name) for name in NewNote.__slots__} | {"id": new_id(), "at": unit.now}
    unit.insert(schema.task_note, [row])


def notes(unit: Unit, task_ids: Sequence[str]) -> dict[str, list[Row]]:
    """The histories of some tasks, oldest first."""
    table = schema.task_note
    found: dict[str, list[Row]] = {}
    for start in range(0, len(task_ids), _BATCH):
        part = task_ids[start : start + _BATCH]
        for row in unit.rows(unit.mine(table, table.c.task_id.in_(part)).order_by(table.c.at, table.c.id)):
            found.setdefault(row["task_id"], []).append(row)
    return found


def closed_by_hand(unit: Unit, before: tuple[datetime, str] | None, most: int) -> list[Row]:
    """What persons closed with a reason, newest first, a page at a time: the note with its task."""
    table = schema.task_note
    same = and_(_task.c.id == table.c.task_id, _task.c.tenant_id == table.c.tenant_id)
    asked, state = _task.c.text.label("task_text"), _task.c.state.label("task_state")
    where = [table.c.tenant_id == unit.tenant, table.c.kind == "resolved"]
    if before is not None:
        where.append(or_(table.c.at < before[0], and_(table.c.at == before[0], table.c.id < before[1])))
    statement = select(table, asked, state).select_from(table.join(_task, same)).where(*where)
    return unit.rows(statement.order_by(table.c.at.desc(), table.c.id.desc()).limit(most))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """One claim of a fix: what was made for it, how it stood before, which tasks this closed."""

    claim_ref: str
    claim_id: str
    way: str
    state: str
    made: Mapping[str, str] = field(default_factory=dict)
    former: Mapping[str, Any] = field(default_factory=dict)
    tasks: Sequence[str] = ()
    note: str = ""


def add_fix(
    unit: Unit, *, cause: str, payer: str, changes: Mapping[str, Any], by: str, role: str, until: datetime
) -> str:
    """Begin a fix of many claims; gives its id."""
    row: Row = {"id": new_id(), "cause": cause, "payer": payer, "changes": dict(changes), "state": HELD, "by": by}
    unit.insert(schema.bulk_fix, [row | {"role": role, "made_at": unit.now, "until": until}])
    return str(row["id"])


def add_item(unit: Unit, fix_id: str, new: NewItem) -> None:
    """Write down what a fix did to one claim."""
    row: Row = {name: getattr(new, name) for name in NewItem.__slots__}
    row |= {"id": new_id(), "fix_id": fix_id, "tasks": list(new.tasks), "made": dict(new.made)}
    unit.insert(schema.bulk_fix_item, [row | {"former": dict(new.former)}])


def fix(unit: Unit, fix_id: str) -> Row | None:
    """One fix, or None."""
    return unit.one(unit.mine(schema.bulk_fix, schema.bulk_fix.c.id == fix_id))


def fixes(unit: Unit, state: str = "", most: int = 20) -> list[Row]:
    """Fixes, newest first."""
    table = schema.bulk_fix
    where = [table.c.state == state] if state else []
    return unit.rows(unit.mine(table, *where).order_by(table.c.made_at.desc(), table.c.id).limit(most))


def fixes_due(unit: Unit) -> list[Row]:
    """Fixes whose time to undo is over."""
    table = schema.bulk_fix
    return unit.rows(unit.mine(table, table.c.state == HELD, table.c.until <= unit.now).order_by(table.c.made_at))


def items(unit: Unit, fix_id: str, state: str = "") -> list[Row]:
    """The claims of a fix, by reference."""
    table = schema.bulk_fix_item
    where = [table.c.fix_id == fix_id, *([table.c.state == state] if state else [])]
    return unit.rows(unit.mine(table, *where).order_by(table.c.claim_ref))


def counted_items(unit: Unit, fix_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many claims of each fix stand in each state."""
    table = schema.bulk_fix_item
    statement = select(table.c.fix_id, table.c.state, func.count().label("n")).where(
        table.c.tenant_id == unit.tenant, table.c.fix_id.in_(fix_ids)
    )
    found: dict[str, dict[str, int]] = {}
    for row in unit.rows(statement.group_by(table.c.fix_id, table.c.state)):
        found.setdefault(row["fix_id"], {})[row["state"]] = row["n"]
    return found


def set_item(unit: Unit, item_id: str, state: str, note_: str = "") -> None:
    """What became of one claim of a fix."""
    unit.update(schema.bulk_fix_item, item_id, state=state, note=note_)


def end_fix(unit: Unit, fix_id: str, state: str, by: str) -> None:
    """A fix is over: released or undone, by whom."""
    unit.update(schema.bulk_fix, fix_id, state=state, ended_at=unit.now, ended_by=by)

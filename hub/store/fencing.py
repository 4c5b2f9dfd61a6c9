"""Keep every statement of a fenced unit inside its fence, whoever built it and however it is run.

Each table in a select is replaced by its rows that are inside (a select of its own, under the same name), also in joins
and subqueries, as row-level security would. A statement that cannot be fenced so is refused: text, and any change that
does not go through `Unit.insert` and `Unit.update`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    Alias,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    Table,
    TextClause,
    Update,
    and_,
    event,
    literal,
    or_,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ReleaseSavepointClause, RollbackToSavepointClause, SavepointClause
from sqlalchemy.sql.expression import ColumnClause, CompoundSelect, TableClause, TextualSelect, UpdateBase

from hub.errors import ConfigurationError
from hub.store import fences, schema
from hub.store.engine import enter_within

WITHIN = "kvitt_within"
_TENANT = "kvitt_tenant"
CHECKED: Mapping[str, Any] = MappingProxyType({"kvitt_checked": True})
"""Options of a statement that `Unit` has fenced itself."""
_Sql = Any
"""Some expression: SQLAlchemy has no narrower type for all of them."""
_HARMLESS = ("*", "''")
"""Literal text that reads nothing: what `count(*)` counts, and an empty text."""
_SAVEPOINTS = (SavepointClause, RollbackToSavepointClause, ReleaseSavepointClause)


def fence(connection: Connection, tenant: str, within: frozenset[str] | None) -> None:
    """From now on this connection serves nothing from outside the fence, unless it is `lifted`."""
    if within is None:
        return
    enter_within(connection, fences.setting(within))
    connection.execution_options(**{WITHIN: within, _TENANT: tenant})
    event.listen(connection, "before_execute", _before_execute, retval=True)
    event.listen(connection, "before_cursor_execute", _before_cursor)


@contextmanager
def lifted(connection: Connection) -> Iterator[None]:
    """The hub's own bookkeeping within a fenced transaction."""
    within = connection.get_execution_options().get(WITHIN)
    if within is None:
        yield
        return
    connection.execution_options(**{WITHIN: None})
    enter_within(connection, "")
    try:
        yield
    except BaseException:
        with suppress(DBAPIError):  # a transaction that failed takes no setting, and gives nothing either
            enter_within(connection, fences.setting(within))
        raise
    else:
        enter_within(connection, fences.setting(within))
    finally:
        connection.execution_options(**{WITHIN: within})


def own_rows(statement: Update, table: Table, within: frozenset[str]) -> Update:
    """A change of those rows only that are inside; of none where the rows may only be read."""
    writable = tuple(rule for rule in fences.fence_of(table.name) if isinstance(rule, fences.Own | fences.Through))
    return statement.where(fences.meets(table, writable, within))


def all_inside(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether every one of these new rows belongs inside the fence of a connection."""
    return all(any(_inside(connection, rule, row) for rule in fences.fence_of(table.name)) for row in rows)


def _inside(connection: Connection, rule: fences.Rule, row: Mapping[str, Any]) -> bool:
    match rule:
        case fences.Own(columns):
            return bool({row.get(name) for name in columns} & connection.get_execution_options()[WITHIN])
        case fences.Through(column, name, key):
            parent, value = schema.metadata.tables[name], row.get(column)
            named = [and_(parent.c[each] == value, parent.c[each] != "") for each in (key, *rule.also)]
            fits: list[ColumnElement[bool]] = [or_(*named)]
            within = connection.get_execution_options()[WITHIN]
            fits += [or_(*(parent.c[each].in_(within) for each in rule.only))] if rule.only else []
            return connection.execute(select(literal(1)).select_from(parent).where(*fits).limit(1)).first() is not None
        case _:
            return False


def _before_execute(
    connection: Connection, statement: _Sql, many: _Sql, one: _Sql, options: Mapping[str, Any]
) -> tuple[Any, Any, Any]:
    """Fence a statement, or refuse it."""
    within = connection.get_execution_options().get(WITHIN)
    if within is None or isinstance(statement, _SAVEPOINTS):
        return statement, many, one
    if isinstance(statement, UpdateBase) and "kvitt_checked" in options:
        return statement, many, one
    if not isinstance(statement, Select | CompoundSelect):
        raise _refused(type(statement).__name__)
    return _fenced(statement, connection.get_execution_options()[_TENANT], within), many, one


def _before_cursor(connection: Connection, *rest: Any) -> None:
    """Refuse what did not come as an expression, and so was never fenced."""
    _cursor, _statement, _parameters, context, _many = rest
    if connection.get_execution_options().get(WITHIN) is not None and context.compiled is None:
        raise _refused("text")


def _fenced(statement: _Sql, tenant: str, within: frozenset[str]) -> _Sql:
    for element in visitors.iterate(statement):
        _require_known(element)
    inside: dict[int, Subquery] = {}

    def replaced(element: _Sql, **_: object) -> _Sql:
        if _is_rows(element):
            if id(element) not in inside:
                inside[id(element)] = _inside_of(element, tenant, within)
            return inside[id(element)]
        if isinstance(element, ColumnClause) and _is_rows(element.table):
            return replaced(element.table).c[element.key]
        return None

    done = visitors.replacement_traverse(statement, {}, replaced)
    _require_fenced(done, frozenset(id(each) for each in inside.values()))
    return done


def _is_rows(element: object) -> bool:
    return isinstance(element, Table) or (isinstance(element, Alias) and isinstance(element.element, Table))


def _inside_of(rows: _Sql, tenant: str, within: frozenset[str]) -> Subquery:
    if isinstance(rows, Table):
        return _inside_of_table(rows, tenant, within)
    return _rows_inside(rows.element, tenant, within).subquery(rows.name)


@lru_cache(maxsize=1024)
def _inside_of_table(table: Table, tenant: str, within: frozenset[str]) -> Subquery:
    """Made once for an organisation: it costs more than the rest of fencing a statement."""
    return _rows_inside(table, tenant, within).subquery(table.name)


def _rows_inside(table: Table, tenant: str, within: frozenset[str]) -> Select[Any]:
    whose = table.c["id"] if table is schema.tenant else table.c.get("tenant_id")
    mine = fences.condition(table, within)
    return select(table).where(mine if whose is None else and_(whose == tenant, mine))


def _require_known(element: _Sql) -> None:
    plain = isinstance(element, ColumnClause) and element.is_literal and element.name not in _HARMLESS
    loose = isinstance(element, TableClause) and not isinstance(element, Table)
    if plain or loose or isinstance(element, TextClause | TextualSelect | UpdateBase):
        raise _refused(type(element).__name__)


def _require_fenced(statement: _Sql, inside: frozenset[int]) -> None:
    waiting = [statement]
    while waiting:
        element = waiting.pop()
        if id(element) in inside:
            continue
        if isinstance(element, Table):
            raise _refused(f"{element.name} outside its fence")
        waiting += element.get_children()


def _refused(what: str) -> ConfigurationError:
    hint = "build it with select(), change rows with Unit.insert and Unit.update, or work on the whole tenant"
    return ConfigurationError(f"a statement that cannot be kept inside an organisation was not run: {what}", hint=hint)

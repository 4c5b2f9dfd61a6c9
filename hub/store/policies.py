"""Row-level security on PostgreSQL: one policy keeps tenants apart, a restrictive one the organisations of a tenant.

The second follows the setting `kvitt.within` of a transaction (`,CODE,CODE,`), made of the same rules as the
repositories' own filter (`hub.store.fences`). Where the setting is empty it costs one comparison a row: it is read once
a statement, and the functions that look at a parent's row are never called.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from hub.store import fences
from hub.store.fences import FENCES, Among, Everybody, Fence, Own, Rule, Through
from hub.store.schema import TENANT_TABLES

_TENANT = "tenant_id = current_setting('kvitt.tenant', true)"
_WHOLE = "(SELECT coalesce(current_setting('kvitt.within', true), '') = '')"
_WITHIN = "(SELECT current_setting('kvitt.within', true))"


def isolate(connection: Connection) -> None:
    """(Re)create every policy; safe to repeat."""
    for statement in _functions():
        connection.execute(text(statement))
    for table in TENANT_TABLES:
        for statement in (*_between_tenants(table.name), *_within_a_tenant(table.name)):
            connection.execute(text(statement))


def _between_tenants(table: str) -> Iterable[str]:
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
    yield f"DROP POLICY IF EXISTS tenant_only ON {table}"
    yield f"CREATE POLICY tenant_only ON {table} USING ({_TENANT}) WITH CHECK ({_TENANT})"


def _within_a_tenant(table: str) -> Iterable[str]:
    """Reading and writing by the rules; what everybody may read is written with the whole tenant in sight only."""
    fence = fences.fence_of(table)
    written = tuple(rule for rule in fence if isinstance(rule, Own | Through))
    for name, command, kept in (
        ("within_read", "SELECT", f"USING ({_test(fence)})"),
        ("within_new", "INSERT", f"WITH CHECK ({_test(written)})"),
        ("within_change", "UPDATE", f"USING ({_test(written)}) WITH CHECK ({_test(written)})"),
        ("within_end", "DELETE", f"USING ({_test(written)})"),
    ):
        yield f"DROP POLICY IF EXISTS {name} ON {table}"
        yield f"CREATE POLICY {name} ON {table} AS RESTRICTIVE FOR {command} {kept}"


def _test(fence: Fence) -> str:
    return " OR ".join((_WHOLE, *(_rule(rule) for rule in fence)))


def _rule(rule: Rule) -> str:
    match rule:
        case Own(columns):
            return " OR ".join(f"strpos({_WITHIN}, ',' || {name} || ',') > 0" for name in columns)
        case Among(column, values):
            listed = ", ".join(f"'{value}'" for value in values)
            return f"{column} IN ({listed})"
        case Through(column):
            return f"{_function_of(rule)}({column})"
        case Everybody():
            return "true"


def _function_of(rule: Through) -> str:
    return "_".join(("kvitt_sees", rule.parent, "by", rule.key, *rule.only))


def _functions() -> Iterable[str]:
    """One function a kind of parent: whether its row with this key is in sight, by its own policies."""
    rules = {_function_of(rule): rule for fence in FENCES.values() for rule in fence if isinstance(rule, Through)}
    for name, rule in rules.items():
        more = f" AND ({_rule(Own(rule.only))})" if rule.only else ""
        found = f"SELECT 1 FROM {rule.parent} WHERE {rule.key} = wanted{more}"  # noqa: S608 # nosec B608 # our names
        yield (
            f"CREATE OR REPLACE FUNCTION {name}(wanted varchar) RETURNS boolean "
            "LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10 AS $$ BEGIN "
            f"RETURN wanted <> '' AND EXISTS ({found}); END $$"
        )

"""Row-level security on PostgreSQL: one policy keeps tenants apart, a restrictive one the organisations of a tenant.

The second follows the setting `kvitt.within` of a transaction (`,CODE,CODE,`), made of the same rules as the
repositories' own filter (`hub.store.fences`). Where the setting is empty it costs one comparison a row: it is read once
a statement, and the functions that look at a parent's row are never called. Names of tables in functions have their
schema: a temporary table of the same name would else stand in for the real one.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from hub.store import fences, schema
from hub.store.fences import FENCES, Among, Everybody, Fence, Own, Rule, Through
from hub.store.schema import TENANT_TABLES

_TENANT = "tenant_id = current_setting('kvitt.tenant', true)"
_CODES = "string_to_array(current_setting('kvitt.within', true), ',')"
_ALONG = "SET enable_seqscan = off SET enable_bitmapscan = off"
"""Row by row along an index: a first one ends it, of however many."""
_SET = "coalesce(current_setting('kvitt.tenant', true), '')"
_WHOLE = "(SELECT coalesce(current_setting('kvitt.within', true), '') = '')"
_WITHIN = "(SELECT current_setting('kvitt.within', true))"


def way_around(connection: Connection) -> str:
    """What lets the role we connect with past these policies or their guards; empty when nothing does, or on SQLite."""
    if connection.dialect.name != "postgresql":
        return ""
    asked = "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    superuser, bypasses = connection.execute(text(asked)).one()
    if superuser or bypasses:
        return "is a superuser" if superuser else "has BYPASSRLS"
    owned = "SELECT count(*) FROM pg_tables WHERE tablename = 'claim' AND tableowner = current_user"
    return "owns the tables" if connection.execute(text(owned)).scalar_one() else ""


def isolate(connection: Connection) -> None:
    """(Re)create every policy; safe to repeat."""
    for statement in _functions():
        connection.execute(text(statement))
    for table in TENANT_TABLES:
        for statement in (*_forced(table.name), *_between_tenants(table.name), *_within_a_tenant(table.name)):
            connection.execute(text(statement))
    for statement in (*_forced(schema.tenant.name), *_of_tenants(), *_within_a_tenant(schema.tenant.name)):
        connection.execute(text(statement))
    _forget_others(connection)


def _forget_others(connection: Connection) -> None:
    """What an older program's policies asked is asked by nothing any more."""
    there = connection.execute(text("SELECT proname FROM pg_proc WHERE proname ^@ 'kvitt_sees_'")).scalars()
    for name in sorted(set(there) - set(_rules())):
        connection.execute(text(f"DROP FUNCTION {name}(varchar)"))


def _forced(table: str) -> Iterable[str]:
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"


def _of_tenants() -> Iterable[str]:
    """A tenant reads and changes itself; who is no tenant yet (at the login) reads which there are; none is deleted."""
    for name, command, kept in (
        ("tenant_read", "SELECT", f"USING ({_SET} IN ('', id))"),
        ("tenant_new", "INSERT", f"WITH CHECK (id = {_SET})"),
        ("tenant_change", "UPDATE", f"USING (id = {_SET}) WITH CHECK (id = {_SET})"),
    ):
        yield f"DROP POLICY IF EXISTS {name} ON tenant"
        yield f"CREATE POLICY {name} ON tenant FOR {command} {kept}"


def _between_tenants(table: str) -> Iterable[str]:
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


def _rules() -> dict[str, Through]:
    """Each function and what it asks."""
    return {_function_of(rule): rule for fence in FENCES.values() for rule in fence if isinstance(rule, Through)}


def _function_of(rule: Through) -> str:
    return "_".join(("kvitt_sees", rule.parent, "by", rule.key, *rule.also, *rule.only))


def _functions() -> Iterable[str]:
    """One function a kind of parent: whether its row with this key is in sight, by its own policies."""
    for name, rule in _rules().items():
        yield (
            f"CREATE OR REPLACE FUNCTION {name}(wanted varchar) RETURNS boolean "
            f"LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10 {_ALONG if rule.also else ''} AS $$ BEGIN "
            f"RETURN wanted <> '' AND ({_found(rule)}); END $$"
        )


def _found(rule: Through) -> str:
    """Whether there is such a parent in sight.

    Many parents name the same row in their further columns, most of them not one's own: those are looked for among
    one's own parents, where the first is found at once.
    """
    more = f" AND ({_rule(Own(rule.only))})" if rule.only else ""
    begin = f"SELECT 1 FROM public.{rule.parent} WHERE"  # noqa: S608 # nosec B608 # our names
    ways = [f"{begin} {_TENANT} AND {rule.key} = wanted{more}"]
    if rule.also:
        named = f"wanted IN ({', '.join(rule.also)})"
        ways += [f"{begin} {_TENANT} AND {code} = ANY ({_CODES}) AND {named}" for code in _owning(rule.parent)]
    return " OR ".join(f"EXISTS ({way})" for way in ways)


def _owning(table: str) -> tuple[str, ...]:
    return tuple(name for rule in fences.fence_of(table) if isinstance(rule, Own) for name in rule.columns)

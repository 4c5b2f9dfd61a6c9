"""Finding rows by the keys people know them by: exact, or begun with, and always by an index of `schema.lookups`.

No statement here has an order: a database asked for one may walk through everything there is to spare itself sorting.
What is cut off at `most` is arbitrary, so whoever shows it says that there is more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, and_, func, literal_column, or_, select

from hub.store import schema
from hub.store.unit import Row, Unit

_EMPTY: Any = literal_column("''")
"""As the partial indexes say it: a value handed over beside the statement would hide that they fit."""
_LAST = "\x7f"
_FEW = 4


def by_claim(unit: Unit, name: str, keys: Collection[Any], most: int) -> list[Row]:
    """Claims by one of their own columns: `ref`, `invoice_number`, `kid`, `case_ref`, `blind`, `total_minor`."""
    return _found(unit, schema.claim.c[name], keys, most)


def by_line(unit: Unit, name: str, keys: Collection[Any], most: int) -> list[Row]:
    """Claims by a column of one of their lines (`ref`, `amount_minor`); each once, with what matched as `matched`."""
    column = schema.claim_line.c[name]
    return _of_lines(unit, name, _found(unit, column, keys, most), most)


def begun(unit: Unit, name: str, key: str, most: int) -> list[Row]:
    """Claims whose `invoice_number` or `case_ref` begins so, or one of whose lines has a `ref` that does."""
    claim = schema.claim
    if name == "ref":
        line = schema.claim_line
        return _of_lines(unit, name, unit.rows(unit.mine(line, *_from(unit, line.c.ref, key)).limit(most)), most)
    return unit.rows(unit.mine(claim, claim.c[name] != _EMPTY, *_from(unit, claim.c[name], key)).limit(most))


def _of_lines(unit: Unit, name: str, lines: Sequence[Row], most: int) -> list[Row]:
    """The claims of some lines (read whole): joined, or from a narrower index, all there are may be walked through."""
    matched = {row["claim_id"]: row[name] for row in lines}
    found = _found(unit, schema.claim.c.id, matched, most)
    return [row | {"matched": matched[row["id"]]} for row in found]


def newest_of(unit: Unit, practices: Collection[str], most: int) -> list[Row]:
    """The newest claims of some practices, those of each walked backwards along their index."""
    table = schema.claim
    rows: list[Row] = []
    for code in _ordered(practices):
        newest = (table.c.created_at.desc(), table.c.id.desc())
        rows += unit.rows(unit.mine(table, table.c.provider_code == code).order_by(*newest).limit(most))
    return rows[:most]


def exchanges(unit: Unit, keys: Collection[str], most: int) -> list[Row]:
    """Messages by business key, invoice number, the partner's id, or our own."""
    table = schema.exchange
    columns = (table.c.business_key, table.c.invoice_number, table.c.remote_id, table.c.id)
    return _by_any(unit, columns, keys, most)


def answers(unit: Unit, keys: Collection[str], most: int) -> list[Row]:
    """What partners sent, by their own id for it."""
    return _found(unit, schema.inbound.c.remote_id, keys, most)


def payments(unit: Unit, keys: Collection[str], amounts: Collection[int], most: int) -> list[Row]:
    """Bookings by their reference, our id or their amount."""
    table = schema.payment
    rows = _found(unit, table.c.reference, keys, most)
    rows += _found(unit, table.c.id, keys, most)
    rows += _found(unit, table.c.amount_minor, amounts, most)
    return list({row["id"]: row for row in rows}.values())[:most]


def payouts(unit: Unit, keys: Collection[str], amounts: Collection[int], most: int) -> list[Row]:
    """Pay-outs by what the bank knows them by, or by their amount (there are few)."""
    table = schema.payout
    if not keys and not amounts:
        return []
    fits = or_(table.c.end_to_end.in_(_ordered(keys)), table.c.amount_minor.in_(_ordered(amounts)))
    return unit.rows(unit.mine(table, fits).limit(most))


def organisations(unit: Unit, keys: Collection[str], most: int) -> list[Row]:
    """Our practices, clinics and those above them by their code."""
    return _found(unit, schema.organisation.c.code, keys, most)


def rows_of_persons(unit: Unit, blinds: Collection[str], most: int) -> list[Row]:
    """Rows of lists about some persons that became no claim, without their bodies, with their list."""
    row, declaration = schema.declaration_row, schema.declaration
    columns = [row.c[name] for name in ("id", "line", "outcome", "code", "message", "blind", "declaration_id")]
    listed = [declaration.c[name] for name in ("module", "period", "state", "received_at")]
    statement = (
        select(*columns, *listed)
        .join(declaration, and_(declaration.c.id == row.c.declaration_id, declaration.c.tenant_id == row.c.tenant_id))
        .where(
            row.c.tenant_id == unit.tenant,
            row.c.blind != _EMPTY,
            row.c.blind.in_(_ordered(blinds)),
            row.c.claim_id.is_(None),
        )
        .limit(most)
    )
    return unit.rows(statement) if blinds else []


def looks(unit: Unit, things: Sequence[str], most: int) -> list[Row]:
    """Who looked at or changed some things (each also with a reason behind a colon), newest first."""
    table = schema.access_log
    rows = unit.rows(unit.mine(table, table.c.object.in_(things)).limit(most))
    for thing in things:
        rows += unit.rows(unit.mine(table, *_from(unit, table.c.object, f"{thing}: ")).limit(most))
    return sorted(rows, key=lambda row: (row["month"], row["seq"]), reverse=True)[:most]


def exchange_amounts(unit: Unit, ids: Sequence[str]) -> dict[str, list[tuple[int, str]]]:
    """What the claims of some messages ask for, by message: an amount for each currency."""
    claim = schema.claim
    asked = func.sum(claim.c.total_minor).cast(BigInteger).label("asked")
    statement = (
        select(claim.c.exchange_id, claim.c.currency, asked)
        .where(claim.c.tenant_id == unit.tenant, claim.c.exchange_id.in_(ids))
        .group_by(claim.c.exchange_id, claim.c.currency)
    )
    found: dict[str, list[tuple[int, str]]] = {}
    for row in unit.rows(statement) if ids else []:
        found.setdefault(row["exchange_id"], []).append((row["asked"] or 0, row["currency"]))
    return found


def _by_any(unit: Unit, columns: Sequence[Column[Any]], keys: Collection[str], most: int) -> list[Row]:
    """One column after another: asked for either at once, a database looks through all."""
    rows: dict[str, Row] = {}
    for column in columns:
        rows |= {row["id"]: row for row in _found(unit, column, keys, most)}
    return list(rows.values())[:most]


def _found(unit: Unit, column: Column[Any], keys: Collection[Any], most: int) -> list[Row]:
    """A few keys one by one: of each SQLite knows the way by itself, of several only by an index just for them."""
    filled = [] if column.name.endswith("_minor") else [column != _EMPTY]
    wanted = [column.in_(_ordered(keys))] if len(keys) > _FEW else [column == key for key in _ordered(keys)]
    rows: list[Row] = []
    for each in wanted:
        rows += unit.rows(unit.mine(column.table, each, *filled).limit(most))
    return rows[:most]


def _from(unit: Unit, column: Column[Any], key: str) -> list[Any]:
    """Byte by byte from a key to just behind everything that begins with it; keys are ASCII."""
    if unit.connection.dialect.name == "postgresql":
        return [column.op("~>=~")(key), column.op("~<~")(key + _LAST)]
    return [column >= key, column < key + _LAST]


def _ordered(keys: Collection[Any]) -> list[Any]:
    return sorted(keys)

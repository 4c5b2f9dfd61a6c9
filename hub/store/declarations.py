"""Declarations: what a provider handed in, row by row with its outcome, kept with its history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from hub.errors import ContentError
from hub.security.crypto import seal, unseal
from hub.store import schema, subjects
from hub.store.subjects import Persons
from hub.store.unit import Row, Unit, new_id

CURRENT = "current"
REPLACED = "replaced"
HELD = "held"
REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationHead:
    """What identifies a declaration: whose, which programme and period, and the digest of the original bytes."""

    organisation_id: str
    programme: str
    module: str = ""
    period: str = ""
    sha256: str
    blob_address: str = ""
    state: str = CURRENT
    replaces_id: str | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationRow:
    """One row's outcome; `subject` is (kind, identifier) or None, `body` the row's allowed columns."""

    line: int
    row_id: str
    outcome: str
    code: str
    message: Mapping[str, str]
    subject: tuple[str, str] | None
    body: Mapping[str, str]
    claim_id: str | None = None


def same(
    unit: Unit,
    organisation_id: str,
    programme: str,
    period: str,
    sha256: str,
    *,
    module: str | None = None,
    states: Sequence[str] = (CURRENT, HELD),
) -> Row | None:
    """The declaration that these very bytes already made for this module and period, if it still counts.

    One that was refused or replaced since does not: what was wrong may be right by now, or a person goes back to it.
    """
    table = schema.declaration
    where = [table.c.organisation_id == organisation_id, table.c.programme == programme]
    where += [table.c.period == period, table.c.sha256 == sha256, table.c.state.in_(list(states))]
    if module is not None:
        where.append(table.c.module == module)
    return unit.one(unit.mine(table, *where))


def current(unit: Unit, organisation_id: str, module: str, period: str) -> Row | None:
    """The declaration now in force for an organisation, module and period."""
    table = schema.declaration
    where = (table.c.organisation_id == organisation_id, table.c.module == module, table.c.period == period)
    return unit.one(unit.mine(table, *where, table.c.state == CURRENT))


def add(unit: Unit, head: DeclarationHead, rows: Sequence[DeclarationRow] = (), *, declaration_id: str = "") -> str:
    """Store a declaration with its rows; gives its id. The one it replaces is marked so."""
    declaration_id = declaration_id or new_id()
    values: Row = {name: getattr(head, name) for name in DeclarationHead.__slots__} | {"summary": dict(head.summary)}
    unit.insert(schema.declaration, [{"id": declaration_id, "received_at": unit.now} | values])
    if head.replaces_id is not None:
        unit.update(schema.declaration, head.replaces_id, state=REPLACED)
    add_rows(unit, declaration_id, rows)
    return declaration_id


def add_rows(unit: Unit, declaration_id: str, rows: Sequence[DeclarationRow]) -> None:
    """Store a declaration's rows, each sealed with its subject's key (or the batch's, when nobody is named)."""
    if not rows:
        return
    persons = subjects.gather(unit, people(rows))
    subjects.put(unit, persons)
    unit.insert(schema.declaration_row, list(stored_rows(unit, declaration_id, rows, persons)))


def people(rows: Iterable[DeclarationRow]) -> Iterator[tuple[str, str]]:
    """Whom rows name, as `subjects.gather` takes them."""
    return (row.subject for row in rows if row.subject is not None)


def stored_rows(unit: Unit, declaration_id: str, rows: Iterable[DeclarationRow], persons: Persons) -> Iterator[Row]:
    """Rows as they are stored."""
    _, batch = unit.batch_key(declaration_id)
    for row in rows:
        about, plain = _about(declaration_id, row.line), json.dumps(dict(row.body), separators=(",", ":")).encode()
        subject, blind = (None, "") if row.subject is None else persons.found[row.subject]
        yield {
            "id": new_id(),
            "declaration_id": declaration_id,
            "line": row.line,
            "row_id": row.row_id,
            "outcome": row.outcome,
            "code": row.code,
            "message": dict(row.message),
            "subject_id": subject,
            "blind": blind,
            "claim_id": row.claim_id,
            "sealed": seal(batch, plain, about) if subject is None else persons.seal(subject, about, plain),
        }


def rows_of(unit: Unit, declaration_id: str) -> list[Row]:
    """A declaration's rows by line, without their bodies."""
    table = schema.declaration_row
    return unit.rows(unit.mine(table, table.c.declaration_id == declaration_id).order_by(table.c.line))


def row_count(unit: Unit, declaration_id: str) -> int:
    """How many rows a declaration has."""
    table = schema.declaration_row
    where = (table.c.tenant_id == unit.tenant, table.c.declaration_id == declaration_id)
    return int(unit.connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())


def bodies(unit: Unit, rows: Sequence[Row]) -> list[dict[str, str]]:
    """The opened columns of some rows; ContentError where a subject was erased."""
    named = [row for row in rows if row["subject_id"] is not None]
    opened = dict(
        zip(
            [row["line"] for row in named],
            subjects.open_many(
                unit, [(row["subject_id"], _about(row["declaration_id"], row["line"]), row["sealed"]) for row in named]
            ),
            strict=True,
        )
    )
    return [_body(unit, row, opened) for row in rows]


def _body(unit: Unit, row: Row, opened: Mapping[int, bytes | None]) -> dict[str, str]:
    if row["subject_id"] is None:
        batch = unit.keys.kept(f"batch:{unit.tenant}:{row['declaration_id']}")
        if batch is None:
            raise ContentError(f"row {row['line']} cannot be read: its time is over")
        plain: bytes | None = unseal(batch, row["sealed"], _about(row["declaration_id"], row["line"]))
    else:
        plain = opened[row["line"]]
    if plain is None:
        raise ContentError(f"row {row['line']} cannot be read: its subject was erased")
    body: dict[str, str] = json.loads(plain)
    return body


def _about(declaration_id: str, line: int) -> str:
    return f"row:{declaration_id}:{line}"


def recent(unit: Unit) -> list[Row]:
    """All declarations of a tenant, oldest first."""
    return unit.rows(unit.mine(schema.declaration).order_by(schema.declaration.c.received_at))

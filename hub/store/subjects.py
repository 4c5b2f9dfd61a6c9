"""Persons: a blind index to find them, a key of their own to seal what is theirs (decision 24)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.errors import ConfigurationError, ContentError
from hub.security.crypto import seal, unseal
from hub.store import schema
from hub.store.unit import Row, Store, Unit, new_id

_BATCH = 500


def blind(unit: Unit, kind: str, value: str) -> str:
    """The blind index of an identifier."""
    return unit.keys.blind(unit.tenant, kind, value)


def ensure(unit: Unit, kind: str, values: Iterable[str]) -> dict[str, str]:
    """Subject ids for identifiers of one kind (`bsn`, `fnr`, `case`), made where missing, by blind index."""
    blinds = list(dict.fromkeys(blind(unit, kind, value) for value in values))
    known = _known(unit, kind, blinds)
    missing = [index for index in blinds if index not in known]
    rows: list[Row] = [{"id": new_id(), "kind": kind, "blind": index, "created_at": unit.now} for index in missing]
    unit.keys.ensure([_key_name(unit, row["id"]) for row in rows])
    unit.insert(schema.subject, rows)
    return known | {row["blind"]: row["id"] for row in rows}


def _known(unit: Unit, kind: str, blinds: Sequence[str]) -> dict[str, str]:
    table = schema.subject
    known: dict[str, str] = {}
    for start in range(0, len(blinds), _BATCH):
        part = blinds[start : start + _BATCH]
        rows = unit.rows(unit.mine(table, table.c.kind == kind, table.c.blind.in_(part), table.c.erased_at.is_(None)))
        known |= {row["blind"]: row["id"] for row in rows}
    return known


def seal_many(unit: Unit, items: Sequence[tuple[str, str, bytes]]) -> list[bytes]:
    """Seal (subject id, what it is, plain) triples, each with its subject's key."""
    keys = unit.keys.ensure([_key_name(unit, subject) for subject, _, _ in items])
    return [seal(keys[_key_name(unit, subject)], plain, about) for subject, about, plain in items]


def open_many(unit: Unit, items: Sequence[tuple[str, str, bytes]]) -> list[bytes | None]:
    """Open (subject id, what it is, sealed) triples; None where the subject was erased."""
    keys = unit.keys.get([_key_name(unit, subject) for subject, _, _ in items])
    opened: list[bytes | None] = []
    for subject, about, sealed in items:
        key = keys.get(_key_name(unit, subject))
        opened.append(None if key is None else unseal(key, sealed, about))
    return opened


def find(unit: Unit, kind: str, value: str) -> Row | None:
    """The person with this identifier, unless erased; None when this tenant knows nobody such."""
    table = schema.subject
    where = (table.c.kind == kind, table.c.blind == blind(unit, kind, value), table.c.erased_at.is_(None))
    return unit.one(unit.mine(table, *where))


def get(unit: Unit, subject_id: str) -> Row | None:
    """A person by id, erased or not."""
    return unit.one(unit.mine(schema.subject, schema.subject.c.id == subject_id))


def erase(unit: Unit, subject_id: str) -> None:
    """Destroy a subject's key: nothing sealed with it can be read again, here or in any backup.

    The blind indexes go too, so that who knows the number cannot ask any more whether this was the person.
    """
    erase_many(unit, [subject_id])


def erase_many(unit: Unit, subject_ids: Sequence[str]) -> None:
    """The same for several persons, all or none."""
    for subject_id in subject_ids:
        row = unit.one(unit.mine(schema.subject, schema.subject.c.id == subject_id))
        if row is None:
            raise ContentError("no such subject", where=subject_id)
        gone = f"erased-{subject_id[:20]}"
        unit.update(schema.subject, subject_id, erased_at=unit.now, blind=gone)
        for table in (schema.claim, schema.declaration_row):
            theirs = (table.c.tenant_id == unit.tenant, table.c.subject_id == subject_id)
            unit.connection.execute(table.update().where(*theirs).values(blind=gone))
        _forget_coverage(unit, row)
    unit.keys.destroy_all(_key_name(unit, subject_id) for subject_id in subject_ids)


def _forget_coverage(unit: Unit, subject: Row) -> None:
    """Rows of the coverage table are kept under the person's blind index, sealed with the tenant's key: they go."""
    table = schema.reference
    whose = table.c.code.startswith(f"{subject['blind']}:", autoescape=True)
    unit.connection.execute(table.delete().where(table.c.tenant_id == unit.tenant, table.c.kind == "coverage", whose))


def require_keys(store: Store) -> None:
    """Stop when the keys are another hub's: people would be made anew under them, and nobody's claim be found again."""
    table = schema.subject
    for tenant in store.tenants():
        with store.reading(tenant["id"]) as unit:
            row = unit.one(unit.mine(table, table.c.erased_at.is_(None)).limit(1))
            name = _key_name(unit, row["id"]) if row else ""
            if name and name not in unit.keys.get([name]):
                raise ConfigurationError(
                    "these keys are not this hub's: nothing it holds opens with them",
                    hint="set KVITT_KEYS to its own keys, or restore them",
                )


def _key_name(unit: Unit, subject_id: str) -> str:
    return f"subject:{unit.tenant}:{subject_id}"

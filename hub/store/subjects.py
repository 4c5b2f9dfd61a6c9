"""Persons: a blind index to find them, a key of their own to seal what is theirs (decision 24)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from hub.errors import ConfigurationError, ContentError
from hub.security.crypto import seal, unseal
from hub.store import schema
from hub.store.unit import Row, Store, Unit, new_id

_BATCH = 500
ERASED = "erased-"
"""How the blind index of somebody who was erased begins: it is nobody's."""


def blind(unit: Unit, kind: str, value: str) -> str:
    """The blind index of an identifier."""
    return unit.keys.blind(unit.tenant, kind, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Persons:
    """People as a unit found them: by (kind, identifier) their id and blind index, those who are new, and their keys.

    `known` are the ids of those who were stored already, by (kind, blind index).
    """

    known: Mapping[tuple[str, str], str]
    fresh: Sequence[Row]
    found: Mapping[tuple[str, str], tuple[str, str]]
    keys: Mapping[str, bytes]

    def seal(self, subject_id: str, about: str, plain: bytes) -> bytes:
        """Seal something that is about one of them."""
        return seal(self.keys[subject_id], plain, about)


def gather(unit: Unit, people: Iterable[tuple[str, str]]) -> Persons:
    """Find people by (kind, identifier), and make keys for those who are new; `put` stores these."""
    blinds = {one: blind(unit, *one) for one in dict.fromkeys(people)}
    known = _all_known(unit, [(kind, blinds[kind, value]) for kind, value in blinds])
    missing = dict.fromkeys((kind, index) for (kind, _), index in blinds.items() if (kind, index) not in known)
    made = {one: new_id() for one in missing}
    fresh: list[Row] = [
        {"id": subject, "kind": kind, "blind": index, "created_at": unit.now} for (kind, index), subject in made.items()
    ]
    ids = known | made
    found = {(kind, value): (ids[kind, index], index) for (kind, value), index in blinds.items()}
    names = {_key_name(unit, subject): subject for subject in ids.values()}
    keys = {names[name]: key for name, key in unit.keys.ensure(names).items()}
    return Persons(known=known, fresh=fresh, found=found, keys=keys)


def still(unit: Unit, persons: Persons) -> bool:
    """Whether `gather` would find the same people now: nobody of them was stored or erased since."""
    asked = [*persons.known, *((row["kind"], row["blind"]) for row in persons.fresh)]
    return _all_known(unit, asked) == persons.known


def put(unit: Unit, persons: Persons) -> None:
    """Store those who are new."""
    unit.insert(schema.subject, list(persons.fresh))


def ensure(unit: Unit, kind: str, values: Iterable[str]) -> dict[str, str]:
    """Subject ids for identifiers of one kind (`bsn`, `fnr`, `case`), made where missing, by blind index."""
    persons = gather(unit, ((kind, value) for value in values))
    put(unit, persons)
    return {index: subject for subject, index in persons.found.values()}


def _all_known(unit: Unit, asked: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    known: dict[tuple[str, str], str] = {}
    for kind in dict.fromkeys(kind for kind, _ in asked):
        ids = _known(unit, kind, [index for other, index in asked if other == kind])
        known |= {(kind, index): subject for index, subject in ids.items()}
    return known


def _known(unit: Unit, kind: str, blinds: Sequence[str]) -> dict[str, str]:
    table = schema.subject
    known: dict[str, str] = {}
    for start in range(0, len(blinds), _BATCH):
        part = blinds[start : start + _BATCH]
        where = (table.c.tenant_id == unit.tenant, table.c.kind == kind, table.c.blind.in_(part))
        rows = unit.rows(select(table.c.blind, table.c.id).where(*where, table.c.erased_at.is_(None)))
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
        gone = f"{ERASED}{subject_id.replace('-', '')[-24:]}"
        unit.update(schema.subject, subject_id, erased_at=unit.now, blind=gone)
        own_key = func.replace(schema.claim.c.business_key, row["blind"], gone)
        for table, more in ((schema.claim, {"business_key": own_key}), (schema.declaration_row, {})):
            theirs = (table.c.tenant_id == unit.tenant, table.c.subject_id == subject_id)
            unit.connection.execute(table.update().where(*theirs).values(blind=gone, **more))
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

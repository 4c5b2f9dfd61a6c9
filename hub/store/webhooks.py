"""Webhooks as stored: who is called about what, and every piece of news before it leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from hub.store import schema
from hub.store.unit import Row, Unit, new_id

WAITING, TOLD, GIVEN_UP = "waiting", "told", "given_up"
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something that happened; the key says which, so that it is told once."""

    key: str
    event: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    """A webhook as it is made."""

    id: str
    url: str
    events: Sequence[str]
    secret: str = field(repr=False)
    organisation_id: str | None


def add(unit: Unit, new: NewWebhook, *, by: str) -> None:
    """Store a webhook, which is told what happens from now on."""
    row: Row = {"id": new.id, "organisation_id": new.organisation_id, "url": new.url, "events": sorted(new.events)}
    row |= {"secret": _seal(unit, new.id, new.secret), "former": None, "former_until": None}
    row |= {"looked_at": unit.now, "created_at": unit.now, "created_by": by}
    unit.insert(schema.webhook, [row])


def webhooks(unit: Unit) -> list[Row]:
    """All there are, with the code of their organisation, oldest first; a fenced unit's own."""
    return unit.rows(_all(unit).order_by(schema.webhook.c.created_at, schema.webhook.c.id))


def get(unit: Unit, hook_id: str) -> Row | None:
    """One webhook that was not removed."""
    return unit.one(_all(unit, schema.webhook.c.id == hook_id))


def _all(unit: Unit, *where: Any) -> Any:  # noqa: ANN401 -- SQLAlchemy expressions
    table, organisation = schema.webhook, schema.organisation
    joined = table.outerjoin(organisation, organisation.c.id == table.c.organisation_id)
    found = select(table, organisation.c.code.label("organisation")).select_from(joined)
    return found.where(table.c.tenant_id == unit.tenant, table.c.removed_at.is_(None), *where)


def secrets(unit: Unit, row: Row) -> tuple[str, ...]:
    """What signs a call: the secret, and for a while the one before it."""
    sealed = [row["secret"]]
    if row["former"] is not None and row["former_until"] > unit.now:
        sealed.append(row["former"])
    return tuple(unit.unseal_shared(each, f"webhook:{row['id']}").decode() for each in sealed)


def rotate(unit: Unit, row: Row, secret: str, until: datetime) -> None:
    """Another secret; the one there is signs too until a moment."""
    sealed = _seal(unit, row["id"], secret)
    unit.update(schema.webhook, row["id"], secret=sealed, former=row["secret"], former_until=until)


def _seal(unit: Unit, hook_id: str, secret: str) -> bytes:
    return unit.seal_shared(secret.encode(), f"webhook:{hook_id}")


def change(unit: Unit, hook_id: str, **values: object) -> None:
    """Change columns of a webhook."""
    unit.update(schema.webhook, hook_id, **values)


def remove(unit: Unit, hook_id: str) -> None:
    """It is told nothing any more, and its secret is gone."""
    unit.update(schema.webhook, hook_id, removed_at=unit.now, secret=b"", former=None)
    table = schema.webhook_delivery
    where = (table.c.tenant_id == unit.tenant, table.c.webhook_id == hook_id, table.c.state == WAITING)
    unit.connection.execute(table.update().where(*where).values(state=GIVEN_UP, next_try_at=None, note="removed"))


def write(unit: Unit, hook_id: str, news: Iterable[News]) -> int:
    """Write down what a webhook is to be told; what it was to be told before is left as it is. Says how much is new."""
    found = {each.key: each for each in news}
    table = schema.webhook_delivery
    keys, known = list(found), set[str]()
    for start in range(0, len(keys), _BATCH):
        part = table.c.key.in_(keys[start : start + _BATCH])
        same = (table.c.tenant_id == unit.tenant, table.c.webhook_id == hook_id, part)
        known |= set(unit.connection.execute(select(table.c.key).where(*same)).scalars())
    fresh = [each for key, each in found.items() if key not in known]
    unit.insert(table, [_delivery(unit, hook_id, each) for each in fresh])
    return len(fresh)


def _delivery(unit: Unit, hook_id: str, news: News) -> Row:
    return {
        "id": new_id(),
        "webhook_id": hook_id,
        "key": news.key,
        "event": news.event,
        "data": dict(news.data),
        "happened_at": news.at,
        "made_at": unit.now,
        "state": WAITING,
        "attempts": 0,
        "next_try_at": unit.now,
        "told_at": None,
        "note": "",
    }


def due(unit: Unit, hook_id: str, most: int) -> list[Row]:
    """What may be tried now, in the order it happened."""
    table = schema.webhook_delivery
    where = (table.c.webhook_id == hook_id, table.c.state == WAITING, table.c.next_try_at <= unit.now)
    return unit.rows(unit.mine(table, *where).order_by(table.c.happened_at, table.c.id).limit(most))


def delivery(unit: Unit, hook_id: str, delivery_id: str) -> Row | None:
    """One piece of news of one webhook."""
    table = schema.webhook_delivery
    return unit.one(unit.mine(table, table.c.id == delivery_id, table.c.webhook_id == hook_id))


def tried(unit: Unit, delivery_id: str, **values: object) -> None:
    """What came of an attempt, where it still waits."""
    table = schema.webhook_delivery
    where = (table.c.tenant_id == unit.tenant, table.c.id == delivery_id, table.c.state == WAITING)
    unit.connection.execute(table.update().where(*where).values(**values))


def again(unit: Unit, delivery_id: str) -> None:
    """Tell it once more, under the same id."""
    unit.update(schema.webhook_delivery, delivery_id, state=WAITING, attempts=0, next_try_at=unit.now, note="")


def counts(unit: Unit, hook_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """How much waits, was told and was given up, by webhook."""
    table = schema.webhook_delivery
    where = (table.c.tenant_id == unit.tenant, table.c.webhook_id.in_(list(hook_ids)))
    found: dict[str, dict[str, int]] = {}
    grouped = (table.c.webhook_id, table.c.state)
    for row in unit.rows(select(*grouped, func.count().label("count")).where(*where).group_by(*grouped)):
        found.setdefault(row["webhook_id"], {})[row["state"]] = row["count"]
    return found

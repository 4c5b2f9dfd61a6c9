"""Changes under an idempotency key: which request it was, and its answer, to be given again."""

from __future__ import annotations

from hub.store import schema
from hub.store.unit import Row, Unit


def get(unit: Unit, token_id: str, key: str) -> Row | None:
    """What was asked under a key, with its answer if there is one."""
    table = schema.api_repeat
    row = unit.one(unit.mine(table, table.c.token_id == token_id, table.c.key == key))
    if row is not None and row["answer"] is not None:
        row["answer"] = unit.unseal_shared(row["answer"], _about(token_id, key))
    return row


def begin(unit: Unit, token_id: str, key: str, request: str) -> None:
    """A request begins under a key that is new."""
    row: Row = {"token_id": token_id, "key": key, "request": request, "begun_at": unit.now}
    unit.insert(schema.api_repeat, [row])


def finish(unit: Unit, token_id: str, key: str, status: int, answer: bytes) -> None:
    """It has its answer."""
    table = schema.api_repeat
    where = (table.c.tenant_id == unit.tenant, table.c.token_id == token_id, table.c.key == key)
    sealed = unit.seal_shared(answer, _about(token_id, key))
    unit.connection.execute(table.update().where(*where).values(status=status, answer=sealed))


def drop(unit: Unit, token_id: str, key: str) -> None:
    """It came to nothing that is worth keeping: the key is new again."""
    table = schema.api_repeat
    where = (table.c.tenant_id == unit.tenant, table.c.token_id == token_id, table.c.key == key)
    unit.connection.execute(table.delete().where(*where))


def _about(token_id: str, key: str) -> str:
    return f"repeat:{token_id}:{key}"

"""Raw bytes, content-addressed and encrypted before anything parses them (decisions 24, 25)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from hub.errors import ConfigurationError, ContentError
from hub.security.crypto import address, seal, unseal
from hub.store import schema
from hub.store.unit import Row, Unit


def put(unit: Unit, content: bytes, *, period: str = "") -> str:
    """Store bytes once; gives their address. `period` names the retention period (default: the year)."""
    (where,) = put_all(unit, [content], period=period)
    return where


def put_all(unit: Unit, contents: Sequence[bytes], *, period: str = "") -> list[str]:
    """Store several once each; gives their addresses in the same order."""
    addresses = [content_key(unit, content) for content in contents]
    known = {row["address"] for row in unit.rows(_mine(unit, addresses, schema.blob.c.address))}
    rows: dict[str, Row] = {}
    for where, content in zip(addresses, contents, strict=True):
        if where not in known and where not in rows:
            name, key = unit.batch_key(period or str(unit.now.year))
            body = seal(key, zlib.compress(content), f"blob:{unit.tenant}:{where}")
            rows[where] = {
                "address": where,
                "key_name": name,
                "size": len(content),
                "body": body,
                "stored_at": unit.now,
            }
    unit.insert(schema.blob, list(rows.values()))
    return addresses


def get(unit: Unit, where: str) -> bytes:
    """The bytes at an address; ContentError when this tenant has none there or they were erased."""
    return unsealed(unit, where, sealed(unit, [where]).get(where))


def sizes(unit: Unit, addresses: Sequence[str]) -> dict[str, int]:
    """How long the bytes at these addresses are; one without any is absent."""
    table = schema.blob
    return {row["address"]: row["size"] for row in unit.rows(_mine(unit, addresses, table.c.address, table.c.size))}


def sealed(unit: Unit, addresses: Sequence[str]) -> dict[str, Row]:
    """What is stored at these addresses, as `unsealed` takes it; one without any is absent."""
    return {row["address"]: row for row in unit.rows(_mine(unit, addresses, schema.blob))}


def unsealed(unit: Unit, where: str, row: Row | None) -> bytes:
    """The bytes of what `sealed` gave for an address."""
    if row is None:
        raise ContentError("no such stored content", where=where[:12])
    key = unit.keys.kept(row["key_name"])
    if key is None:
        raise ContentError("this content was erased with its retention period", where=where[:12])
    packed = unseal(key, row["body"], f"blob:{unit.tenant}:{where}")
    content = zlib.decompress(packed, bufsize=max(row["size"], 1))  # or a large one is there twice
    if len(content) != row["size"]:
        raise ConfigurationError("stored content has the wrong length", where=where[:12])
    return content


def _mine(unit: Unit, addresses: Sequence[str], *columns: Any) -> Any:  # noqa: ANN401 -- SQLAlchemy expressions
    table = schema.blob
    return select(*columns).where(table.c.tenant_id == unit.tenant, table.c.address.in_(addresses))


def content_key(unit: Unit, content: bytes) -> str:
    """The keyed address some bytes would have: equal content of one tenant, and nothing else, has the same."""
    return address(unit.keys.derived(f"blob:{unit.tenant}"), content)

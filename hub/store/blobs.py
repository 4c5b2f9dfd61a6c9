"""Raw bytes, content-addressed and encrypted before anything parses them (decisions 24, 25)."""

from __future__ import annotations

import zlib

from hub.errors import ConfigurationError, ContentError
from hub.security.crypto import address, seal, unseal
from hub.store import schema
from hub.store.unit import Unit


def put(unit: Unit, content: bytes, *, period: str = "") -> str:
    """Store bytes once; gives their address. `period` names the retention period (default: the year)."""
    where = address(unit.keys.derived(f"blob:{unit.tenant}"), content)
    known = unit.one(unit.mine(schema.blob, schema.blob.c.address == where))
    if known is None:
        name, key = unit.batch_key(period or str(unit.now.year))
        body = seal(key, zlib.compress(content), f"blob:{unit.tenant}:{where}")
        row = {"address": where, "key_name": name, "size": len(content), "body": body, "stored_at": unit.now}
        unit.insert(schema.blob, [row])
    return where


def get(unit: Unit, where: str) -> bytes:
    """The bytes at an address; ContentError when this tenant has none there or they were erased."""
    row = unit.one(unit.mine(schema.blob, schema.blob.c.address == where))
    if row is None:
        raise ContentError("no such stored content", where=where[:12])
    key = unit.keys.get([row["key_name"]]).get(row["key_name"])
    if key is None:
        raise ContentError("this content was erased with its retention period", where=where[:12])
    content = zlib.decompress(unseal(key, row["body"], f"blob:{unit.tenant}:{where}"))
    if len(content) != row["size"]:
        raise ConfigurationError("stored content has the wrong length", where=where[:12])
    return content


def content_key(unit: Unit, content: bytes) -> str:
    """The keyed address some bytes would have: equal content of one tenant, and nothing else, has the same."""
    return address(unit.keys.derived(f"blob:{unit.tenant}"), content)

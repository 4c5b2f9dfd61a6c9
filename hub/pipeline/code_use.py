"""Which codes partners answered with lately, what our lists know of them, and which nobody has described yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from hub.pipeline.context import Hub
from hub.store import schema
from hub.store.unit import Unit
from schemas import codelists

_LOOK_BACK = timedelta(days=90)
_MOST = 100_000
"""So many decisions are counted at most, newest first; a night of a large hub."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeUse:
    """One code as partners sent it: how often in 90 days, and what it means; `described` where a list knows it."""

    list: str
    code: str
    seen: int
    last: datetime
    described: bool
    text: Mapping[str, str] = field(default_factory=dict)
    doubt: Mapping[str, str] = field(default_factory=dict)
    hint: Mapping[str, str] = field(default_factory=dict)
    who_acts: str = ""
    said: str = ""
    """The partner's own words, where it sent any."""


def code_use(hub: Hub, unit: Unit) -> list[CodeUse]:
    """Codes of the last 90 days: what nobody has described first, then by how often."""
    table = schema.decision
    rows = unit.rows(
        select(table.c.codes, table.c.at)
        .where(table.c.tenant_id == unit.tenant, table.c.at >= hub.clock.now() - _LOOK_BACK)
        .order_by(table.c.at.desc())
        .limit(_MOST)
    )
    seen: Counter[tuple[str, str]] = Counter()
    newest: dict[tuple[str, str], tuple[datetime, str]] = {}
    for row in rows:
        for code in row["codes"]:
            key = (code["list"], code["code"])
            seen[key] += 1
            newest.setdefault(key, (row["at"], code["text"]))
    found = [_use(*key, times, *newest[key]) for key, times in seen.items()]
    return sorted(found, key=lambda one: (one.described, -one.seen, one.list, one.code))


def _use(list_: str, code: str, seen: int, last: datetime, said: str) -> CodeUse:
    entry = codelists.lookup(list_, code) if list_ else None
    if entry is None or not entry.known:
        return CodeUse(list=list_, code=code, seen=seen, last=last, described=False, said=said)
    return CodeUse(
        list=list_,
        code=code,
        seen=seen,
        last=last,
        described=True,
        text=entry.text,
        doubt=entry.doubt,
        hint=entry.hint,
        who_acts=entry.who_acts,
        said=said,
    )

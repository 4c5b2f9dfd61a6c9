"""Tasks that stand for as long as something is so: made, kept up to date, opened again, and closed when it is over."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from hub.store import schema, tasks
from hub.store.tasks import NewTask
from hub.store.unit import Row, Unit

STEP = "step"
"""The evidence that says how far a term has come; a person who closed the task is asked again at the next step."""


def keep(unit: Unit, new: NewTask) -> bool:
    """Make the task, bring it up to date, or open it again at a new step; True when a person should look anew."""
    table = schema.task
    known = unit.one(unit.mine(table, table.c.key == new.key))
    if known is None:
        return tasks.add(unit, new)
    further = bool(known["evidence"].get(STEP) != new.evidence.get(STEP))
    if known["state"] == "done" and not (further or known["evidence"].get("over")):
        return False
    values = _values(new)
    if known["state"] == "done" or any(known[name] != value for name, value in values.items()):
        unit.update(table, known["id"], state="open", done_at=None, **values)
    return further or bool(known["state"] == "done")


def _values(new: NewTask) -> Row:
    return {
        "text": dict(new.text),
        "action": dict(new.action),
        "amount_minor": new.amount.minor if new.amount else 0,
        "currency": new.amount.currency if new.amount else "",
        "due": new.due,
        "evidence": dict(new.evidence),
    }


def only(unit: Unit, prefix: str, keys: Collection[str], evidence: Mapping[str, Any] | None = None) -> list[str]:
    """Close the open tasks whose key begins so and that are no longer among these; gives their keys."""
    table = schema.task
    gone = [
        row["key"]
        for row in unit.rows(unit.mine(table, table.c.state == "open", table.c.key.startswith(prefix, autoescape=True)))
        if row["key"] not in keys
    ]
    for key in gone:
        tasks.done(unit, key, {"over": True, **(evidence or {})})
    return gone

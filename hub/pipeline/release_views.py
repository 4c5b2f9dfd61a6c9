"""What waits for a person to let it go, for people: files with partner, claims, amounts, findings and a few lines."""

from __future__ import annotations

from typing import Any

from hub.pipeline import let_go
from hub.pipeline.context import Hub
from hub.store import exchanges, releases
from hub.store.unit import Row, Unit

SAMPLE = 20
_NAMES = (
    "id",
    "invoice_number",
    "business_key",
    "partner",
    "channel",
    "kind",
    "name",
    "prepared_at",
    "note",
    "attempts",
)
_BAD = ("fatal", "error", "warning")


def waiting(
    hub: Hub,
    unit: Unit,
    *,
    tried: bool = False,
    partner: str = "",
    after: releases.After | None = None,
    most: int = 50,
) -> list[dict[str, Any]]:
    """Files that nobody let go, the oldest first, each with what its claims are worth and what was found in it.

    `tried`: those that a channel put ready for a person to upload, who says here that it is done.
    """
    rows = releases.waiting(unit, tried=tried, partner=partner, after=after, most=most)
    return _bodies(hub, unit, rows)


def _bodies(hub: Hub, unit: Unit, rows: list[Row]) -> list[dict[str, Any]]:
    ids = [row["id"] for row in rows]
    worth, counts, asked = releases.worth(unit, ids), releases.counts(unit, ids), let_go.asked_for(unit)
    return [
        {name: row[name] for name in _NAMES}
        | {
            "title": hub.registry.partners[row["partner"]].title if row["partner"] in hub.registry.partners else "",
            "worth": worth.get(row["id"], []),
            "claims": counts.get(row["id"], 0),
            "found": sum(each.get("severity") in _BAD for each in row["findings"]),
            "request": asked.get(row["id"], 0),
            "cursor": (row["prepared_at"], row["id"]),
        }
        for row in rows
    ]


def shown(hub: Hub, unit: Unit, exchange_id: str) -> dict[str, Any] | None:
    """One of them with every finding and its first lines; None where it is not there or does not wait."""
    found = releases.one(unit, exchange_id)
    if found is None:
        return None
    (body,) = _bodies(hub, unit, [found])
    more = {"findings": found["findings"], "size": len(exchanges.message(unit, found).payload)}
    more |= {"sha256": found["payload_sha256"], "ruleset": found["ruleset"], "stage": found["stage"]}
    return body | more | {"lines": releases.sample(unit, exchange_id, SAMPLE)}

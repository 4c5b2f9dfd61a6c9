"""What became of the rows of a list, with where each claim really is: in a file is not yet sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hub.pipeline import views
from hub.pipeline.context import Hub
from hub.pipeline.portal import RowResult, row_results
from hub.store.unit import Row, Unit

IN_A_FILE = "sent"
"""The word for what is in a file and not decided, until the file is asked where it is."""


def results_of(hub: Hub, unit: Unit, rows: Sequence[Row]) -> dict[str, RowResult]:
    """The results of some rows, by row id; what was never sent, or was stopped on its way, does not count as sent."""
    found = row_results(hub, unit, rows)
    claims = {row["id"]: row["claim_id"] for row in rows if row["id"] in found}
    where = views.journeys(unit, [claims[key] for key, one in found.items() if one.state == IN_A_FILE])
    return {
        key: replace(one, state=where.get(claims[key], one.state)) if one.state == IN_A_FILE else one
        for key, one in found.items()
    }

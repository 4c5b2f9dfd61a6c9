"""A clinic's log between upload and yes: cells corrected where they stand, and what assignments still allow.

A corrected log is the same list with other cells: lines keep their numbers, so that a person finds them again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.errors import ContentError
from hub.intake.columns import TREATMENT_LOG, detect
from hub.intake.table import Row, Table, read_table
from hub.model.money import Money
from hub.pipeline.context import Hub
from hub.pipeline.intake import treatment_assignments
from hub.programmes.rows import Assignment
from hub.programmes.treatments import Used
from hub.store import parties

NAME = treatment_assignments.NAME
FIELDS = ("sak_id", "start", "birth_date", "code", "price", "vat_category", "vat_rate")
"""What can be put right in place."""
FAILING: Mapping[str, tuple[str, ...]] = {
    "SAKID_MISSING": ("sak_id",),
    "SAKID_UNKNOWN": ("sak_id",),
    "INSURER_MISMATCH": ("sak_id",),
    "BIRTHDATE_MISMATCH": ("birth_date", "sak_id"),
    "OUTSIDE_PERIOD": ("start", "sak_id"),
    "DATETIME_INVALID": ("start",),
    "CODE_NOT_COVERED": ("code", "sak_id"),
    "DUP_TREATMENT": ("start", "code"),
    "VAT_CATEGORY": ("vat_category", "vat_rate"),
    "VAT_CATEGORY_UNSURE": ("vat_category", "vat_rate"),
    "PRICE_INVALID": ("price",),
    "QUOTA_EXCEEDED": ("sak_id",),
    "COVERAGE_EXCEEDED": ("sak_id", "price"),
}
"""Which cells each problem is about."""
_TORN = "\u2026"
"""Keeps a row that does not fit its header from fitting after it was written again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One row of a log that is not kept yet: its line and the cells that may be put right."""

    line: int
    values: Mapping[str, str]


def cells_of(data: bytes, name: str, lines: Sequence[int]) -> dict[int, Logged]:
    """The cells of some lines by field; nothing for a log whose columns are not known."""
    table = read_table(data, name)
    places = _places(table)
    wanted = set(lines)
    return {
        row.line: Logged(
            line=row.line,
            values={field: row.cells[places[field]].strip() for field in FIELDS if field in places},
        )
        for row in table.rows
        if row.line in wanted and not row.ragged
    }


def with_cells(data: bytes, name: str, line: int, values: Mapping[str, str]) -> bytes:
    """The same log with other cells in one line, as CSV; ContentError when there is no such line."""
    table = read_table(data, name)
    places = _places(table)
    found = next((row for row in table.rows if row.line == line and not row.ragged), None)
    if found is None:
        raise ContentError("no such row in the log")
    cells = list(found.cells)
    for field, text in values.items():
        if field in places and field in FIELDS:
            cells[places[field]] = text.strip()
    return _written(table, line, cells)


def _places(table: Table) -> dict[str, int]:
    fitting = detect(table, TREATMENT_LOG)
    return fitting.places(table.header) if fitting else {}


def _written(table: Table, line: int, cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(_flat(table.header))
    at = 2
    for row in table.rows:
        out.write("\n" * max(row.line - at, 0))
        writer.writerow(_flat(cells if row.line == line else _as_it_was(row)))
        at = max(row.line, at) + 1
    return out.getvalue().encode()


def _as_it_was(row: Row) -> Sequence[str]:
    return [*row.cells, _TORN] if row.ragged else row.cells


def _flat(cells: Sequence[str]) -> list[str]:
    return [" ".join(cell.split("\n")) for cell in cells]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """One assignment: what it allows, what the clinic's standing invoices used, and what is left (None: no limit)."""

    assignment: Assignment
    used: Used

    @property
    def treatments_left(self) -> int | None:
        """Treatments that may still come."""
        quota = self.assignment.quota
        return None if quota is None else quota - self.used.treatments

    @property
    def coverage_left(self) -> Money | None:
        """Money the coverage still holds, gross."""
        cover, gross = self.assignment.coverage, self.used.gross
        return cover if cover is None or gross is None else cover - gross

    @property
    def deductible_left(self) -> Money | None:
        """What the patient still pays before the insurer does."""
        own, taken = self.assignment.deductible, self.used.deductible
        return own if own is None or taken is None else own - taken


def allowances(hub: Hub, tenant: str, clinic: str) -> list[Allowance]:
    """The assignments a clinic may see: all where it is the tenant's only one, else those it has invoiced on.

    An assignment does not say whose it is; of another clinic's patients nothing is shown.
    """
    with hub.store.reading(tenant) as unit:
        owner = parties.organisation(unit, clinic)
        ctx = treatment_assignments.context_of(hub, unit, owner)
        alone = len(parties.organisations(unit, "clinic")) == 1
    shown = [one for sak_id, one in sorted(ctx.assignments.items()) if alone or sak_id in ctx.used]
    return [Allowance(assignment=one, used=ctx.used_of(one.sak_id)) for one in shown]

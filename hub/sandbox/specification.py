"""A payer's specification of one payment as CSV, in the columns its partner folder says it has."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from hub.model.specification import SpecificationMap


def specification_file(wanted: SpecificationMap, rows: Iterable[Mapping[str, str]]) -> bytes:
    """The list: a row per file paid, each cell by the field of the column map it belongs to."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(wanted.columns.values())
    for row in rows:
        writer.writerow([row.get(field, "") for field in wanted.columns])
    return out.getvalue().encode()

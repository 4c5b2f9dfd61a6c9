"""Tables that people open in a spreadsheet: CSV (RFC 4180, UTF-8) and XLSX.

Text that a spreadsheet could take for a formula gets an apostrophe before it, in both (OWASP, CSV injection). Numbers
are written by us alone and stay numbers; everything else is a text cell, so that no leading zero is lost.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

from openpyxl import Workbook

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Cell: TypeAlias = str | Decimal | int
"""Text, an amount, or a count."""
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Signs a formula may begin with, in their wide forms too."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_TEXT_FORMAT = "@"


def to_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]], *, point: str = ".") -> bytes:
    """The table with semicolons and a byte order mark, as spreadsheets in these countries open it."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_MINIMAL)
    writer.writerow([harmless(each) for each in header])
    for row in rows:
        writer.writerow([_written(cell, point) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def _written(cell: Cell, point: str) -> str:
    if isinstance(cell, str):
        return harmless(cell)
    return f"{cell:f}".replace(".", point) if isinstance(cell, Decimal) else str(cell)


def to_xlsx(sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> bytes:
    """A workbook: each sheet by its name, its first row the heading."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        for number, row in enumerate(rows, start=1):
            sheet.append([harmless(cell) if isinstance(cell, str) else cell for cell in row])
            for column, cell in enumerate(row, start=1):
                if isinstance(cell, str):
                    sheet.cell(number, column).number_format = _TEXT_FORMAT
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def harmless(text: str) -> str:
    """Text no spreadsheet takes for a formula or an instruction, on one line."""
    text = _CONTROL.sub(" ", text)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text

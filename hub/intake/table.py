"""Lists as tables: CSV (`;` `,` tab `|`; UTF-8, UTF-16, cp1252) and XLSX, with caps on everything.

A row whose cells do not match the header is kept and marked ragged: its neighbours go on, and it never disappears.
Lines are counted as in the file, the header being line 1. No message quotes a cell, because cells hold personal data.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple

from hub.errors import FormatError
from hub.model.finding import Finding, Severity

DELIMITERS = (";", ",", "\t", "|")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")
_JOINED_LINES = 20
"""A quoted field may run over so many lines; an unclosed quote never swallows more."""

_NOT_LISTS = {
    b"\xd0\xcf\x11\xe0": "an old or password-protected Excel file",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x1f\x8b": "a compressed file",
    b"7z\xbc\xaf": "a compressed file",
    b"Rar!": "a compressed file",
    b"{\\rtf": "a text document",
}
_SAVE_AS = "export the list as CSV or XLSX and send that"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The caps of a list."""

    size: int = 64_000_000
    rows: int = 250_000
    columns: int = 200
    cell: int = 32_767


DEFAULT_LIMITS = Limits()


class Row(NamedTuple):
    """One row: its line in the file and its cells as text; `ragged` when their number differs from the header's."""

    line: int
    cells: tuple[str, ...]
    ragged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Table:
    """A list as read: header, rows, and how it was written. Its repr shows no cell."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str
    delimiter: str = ""
    findings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        return f"Table({len(self.header)} columns, {len(self.rows)} rows, {self.encoding})"


def read_table(data: bytes, name: str = "", limits: Limits = DEFAULT_LIMITS) -> Table:
    """Read a CSV or XLSX list; FormatError with a sentence for support when it is not one."""
    where = PurePath(name).suffix.lower()
    if not data.strip():
        raise FormatError("the file is empty", hint=_SAVE_AS)
    if len(data) > limits.size:
        raise FormatError(f"the file has {len(data):,} bytes, at most {limits.size:,} are read", hint="split the list")
    if data.startswith(b"PK\x03\x04"):
        from hub.intake.workbook import read_workbook

        return read_workbook(data, limits)
    _refuse_other_files(data, where)
    text, encoding = decode(data)
    return _read_csv(text, encoding, limits)


def decode(data: bytes) -> tuple[str, str]:
    """The text of a list and the encoding it was in: a BOM decides, else UTF-8, else cp1252."""
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        message = f"the file is not readable as {encoding} (byte {error.start + 1})"
        raise FormatError(message, hint=_SAVE_AS) from None
    if _CONTROL.search(text):
        raise FormatError("the file holds binary data, not a list", hint=_SAVE_AS)
    return text.removeprefix("\ufeff"), encoding


def _encoding(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    start = data[:200]
    if start[1::2].count(0) > len(start) // 3:
        return "utf-16-le"
    if start[::2].count(0) > len(start) // 3:
        return "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _refuse_other_files(data: bytes, suffix: str) -> None:
    for start, what in _NOT_LISTS.items():
        if data.startswith(start):
            raise FormatError(f"the file is {what}, not a list", hint=_SAVE_AS)
    if suffix in (".xlsx", ".xlsm"):
        raise FormatError("the file is called Excel, but is not an Excel workbook", hint=_SAVE_AS)


def _read_csv(text: str, encoding: str, limits: Limits) -> Table:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start, delimiter = _first_line(lines)
    header = tuple(cell.strip() for cell in _cells(lines[start], delimiter) or ())
    check_header(header, limits)
    rows = list(_capped(_records(lines, start + 1, delimiter, len(header)), limits))
    return finished(header, rows, encoding=encoding, delimiter=delimiter, limits=limits)


def _first_line(lines: Sequence[str]) -> tuple[int, str]:
    """Where the header stands and which delimiter it uses; Excel's `sep=;` line is obeyed."""
    start = next((index for index, line in enumerate(lines) if line.strip()), 0)
    told = re.fullmatch(r'"?sep=(.)"?', lines[start].strip(" "), flags=re.IGNORECASE)
    if told and start + 1 < len(lines):
        return start + 1, told[1]
    counts = {delimiter: len(_cells(lines[start], delimiter) or ()) for delimiter in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda item: counts[item])
    if counts[delimiter] < 2:
        raise FormatError("no columns found in the first line", hint="separate columns with ; , tab or |")
    return start, delimiter


def _records(lines: Sequence[str], start: int, delimiter: str, width: int) -> Iterator[Row]:
    index = start
    while index < len(lines):
        line = lines[index]
        if not line.strip():
            index += 1
            continue
        cells: Sequence[str] | None = line.split(delimiter) if '"' not in line else _cells(line, delimiter)
        used = 1
        if cells is None:
            cells, used = _joined(lines, index, delimiter, width)
        yield fitted(index + 1, cells, width)
        index += used


def _joined(lines: Sequence[str], index: int, delimiter: str, width: int) -> tuple[Sequence[str], int]:
    """A quoted field over several lines; when that gives no proper row, the first line alone is a ragged row."""
    for count in range(2, _JOINED_LINES + 1):
        if index + count > len(lines):
            break
        cells = _cells("\n".join(lines[index : index + count]), delimiter)
        if cells is not None:
            if len(cells) == width:
                return cells, count
            break
    return (), 1


def _cells(text: str, delimiter: str) -> list[str] | None:
    """The cells of one record; None when its quotes do not close."""
    try:
        records = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None


def fitted(line: int, cells: Sequence[str], width: int, *, pad: bool = False) -> Row:
    """A row of the header's width: empty cells beyond it are dropped, any other difference makes it ragged."""
    if len(cells) == width:
        return Row(line, tuple(cells))
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        return Row(line, tuple(cells[:width]))
    padded = tuple(cells[:width]) + ("",) * (width - len(cells))
    return Row(line, padded, ragged=not pad or len(cells) > width)


def check_header(header: Sequence[str], limits: Limits) -> None:
    """Refuse too many columns and a first line that holds data (its cells must then not be shown as column names)."""
    if len(header) > limits.columns:
        message = f"the list has {len(header):,} columns, at most {limits.columns} are read"
        raise FormatError(message, hint="export only the columns that are asked for")
    named = [cell for cell in header if cell.strip()]
    values = [cell for cell in named if re.fullmatch(r"[\d .\-/]{4,}", cell)]
    if values and len(values) * 4 >= len(named):
        raise FormatError("the first line holds data, not column names", hint="export with column names in line 1")


def _capped(rows: Iterator[Row], limits: Limits) -> Iterator[Row]:
    for count, row in enumerate(rows, start=1):
        if count > limits.rows:
            raise FormatError(f"the list has more than {limits.rows:,} rows", hint="split the list")
        yield row


def finished(header: tuple[str, ...], rows: list[Row], *, encoding: str, delimiter: str, limits: Limits) -> Table:
    """The table with a finding per ragged row; FormatError when there is no row or a cell is too long."""
    if not rows:
        raise FormatError("the list has column names but no rows", hint="check the selection of the export")
    for row in rows:
        longest = max(map(len, row.cells), default=0)
        if longest > limits.cell:
            raise FormatError(f"a cell has {longest:,} characters", where=f"line {row.line}", hint=_SAVE_AS)
    findings = tuple(_ragged(row, len(header)) for row in rows if row.ragged)
    return Table(header=header, rows=tuple(rows), encoding=encoding, delimiter=delimiter, findings=findings)


def _ragged(row: Row, width: int) -> Finding:
    return Finding(
        code="ROW_MALFORMED",
        severity=Severity.ERROR,
        line=row.line,
        text={
            "en": f"Line {row.line} does not have the {width} cells of the header, or its quotes do not close.",
            "nb": f"Linje {row.line} har ikke de {width} cellene i overskriften, eller anførselstegn lukkes ikke.",
            "nl": f"Regel {row.line} heeft niet de {width} cellen van de kopregel, of aanhalingstekens sluiten niet.",
        },
    )

"""XLSX lists: the first sheet with cells, values of formulas, dates and numbers as text without loss.

An XLSX file is a zip of XML parts (ECMA-376), so it is bounded before openpyxl sees it: number of parts, unpacked size,
and no part may declare a document type or entities.
"""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import ParseError

from hub.errors import FormatError
from hub.intake.table import Limits, Row, Table, check_header, finished, fitted

_PARTS = 2_000
_UNPACKED = 400_000_000
_LAST_LINE = 1_048_576
_CHUNK = 1_000_000
_SAVE_AS = "open it in Excel and save it again as XLSX or CSV"
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    SyntaxError,  # lxml's XMLSyntaxError is one
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    AssertionError,
)
"""What zipfile and openpyxl raise on files that are no workbook (measured on damaged files)."""


def read_workbook(data: bytes, limits: Limits) -> Table:
    """Read the first sheet that holds something; FormatError when the workbook is damaged or beyond its caps."""
    try:
        _check_parts(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns about styles and extensions that no list needs
            return _read(data, limits)
    except _BROKEN as error:
        message = f"the Excel file is damaged or not a list ({type(error).__name__})"
        raise FormatError(message, hint=_SAVE_AS) from None


def _check_parts(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if len(parts) > _PARTS:
            raise FormatError(f"the Excel file has {len(parts):,} parts", hint=_SAVE_AS)
        if sum(part.file_size for part in parts) > _UNPACKED:
            raise FormatError("the Excel file unpacks to far more than a list needs", hint=_SAVE_AS)
        left = _UNPACKED
        for part in parts:
            left = _check_part(archive, part, left)


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> int:
    """Unpack one part in pieces: its real size counts, and it must not declare a document type."""
    tail = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise FormatError("the Excel file unpacks to far more than a list needs", hint=_SAVE_AS)
            if part.filename.endswith((".xml", ".rels")):
                _refuse_doctype(tail + chunk)
            tail = chunk[-32:]
    return left


def _refuse_doctype(piece: bytes) -> None:
    plain = piece.replace(b"\x00", b"")
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise FormatError("the Excel file holds a document type declaration", hint=_SAVE_AS)


def _read(data: bytes, limits: Limits) -> Table:
    import openpyxl

    workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        for sheet in workbook.worksheets:
            lines = _lines(sheet)
            first = next(lines, None)
            if first is not None:
                return _table(first, lines, limits)
    finally:
        workbook.close()
    raise FormatError("the Excel file has no cells", hint=_SAVE_AS)


def _table(first: tuple[int, list[str]], lines: Iterator[tuple[int, list[str]]], limits: Limits) -> Table:
    header = tuple(cell.strip() for cell in first[1])
    check_header(header, limits)
    rows: list[Row] = []
    for line, cells in lines:
        if len(rows) >= limits.rows:
            raise FormatError(f"the list has more than {limits.rows:,} rows", hint="split the list")
        rows.append(fitted(line, cells, len(header), pad=True))
    return finished(header, rows, encoding="xlsx", delimiter="", limits=limits)


def _lines(sheet: Any) -> Iterator[tuple[int, list[str]]]:  # noqa: ANN401 -- the stubs do not know read-only sheets
    """Rows that hold something, with their line, without the empty cells at their end."""
    sheet.reset_dimensions()
    for line, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        if line > _LAST_LINE:
            raise FormatError(f"the sheet has more than {_LAST_LINE:,} lines", hint=_SAVE_AS)
        cells = [_text(value) for value in values]
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            yield line, cells


def _text(value: Any) -> str:  # noqa: ANN401 -- openpyxl cells hold anything
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, (date, time, timedelta)):
        return _time_text(value)
    return str(value)


def _time_text(value: date | time | timedelta) -> str:
    if isinstance(value, datetime):
        midnight = value.time() == time.min
        return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, time):
        return value.isoformat(timespec="seconds")
    return str(value).zfill(8) if isinstance(value, timedelta) else value.isoformat()


def _number(value: float) -> str:
    """A number without exponent and without `.0`; identifiers come as whole numbers."""
    exact = Decimal(repr(value))
    return f"{exact:f}" if exact != exact.to_integral_value() else str(int(exact))

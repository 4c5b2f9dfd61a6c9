"""Whole files as typed rows, for programs that want values and speed rather than records and places.

Rules of the values: `schemas.vektis.typed`. A record that does not hold to the prescribed forms (cut, of an unknown
kind, with a letter in an amount, not ended by CR LF) comes as the `Record` it is, so that nothing is lost: what was
read is written back byte for byte. Source: as the codec.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import chain, islice
from typing import BinaryIO

from hub.errors import MappingError
from schemas.vektis.codec import ENCODING, LINE_END, LONGEST, Record, cut, layout_of, raw_batches, record_of
from schemas.vektis.layout import Layout
from schemas.vektis.scanner import RowsScanner, rows_scanner
from schemas.vektis.typed import Row, Typed, row_reader, row_writer

_ROWS_AT_ONCE = 1_000
_FEW = 16
"""Up to how many lines are read the careful way when one of them is doubtful."""


def read_typed(source: bytes | BinaryIO, *, layout: Layout | None = None) -> Iterator[Row | Record]:
    """The rows of a file, or of an open binary stream of any size; FormatError when its header announces no layout."""
    stream = BytesIO(source) if isinstance(source, bytes) else source
    head = stream.read(LONGEST)
    return chain.from_iterable(_rows(stream, head, layout or layout_of(head.decode(ENCODING))))


def _rows(stream: BinaryIO, head: bytes, layout: Layout) -> Iterator[Sequence[Row | Record]]:
    """Rows, many at a time; `inside` says that the last piece was part of a line that is too long."""
    scan = rows_scanner(layout, LINE_END)
    number, inside = 0, False
    for lines, piece, _ in raw_batches(stream, head):
        for some, rows in _scanned(scan, lines, inside=inside):
            if rows is not None:
                number += len(rows)
                yield rows
                continue
            for part in chain.from_iterable(cut(line.decode(ENCODING)) for line in some):
                number += not inside
                yield [_row_or_record(layout, part, number, inside=inside)]
                inside = not part.endswith("\n")
        if piece:
            number += not inside
            yield [_row_or_record(layout, piece.decode(ENCODING), number, inside=inside)]
            inside = True


def _scanned(
    scan: RowsScanner, lines: Sequence[bytes], *, inside: bool
) -> Iterator[tuple[Sequence[bytes], list[Row] | None]]:
    """Lines with their rows, None for a few among which one is doubtful; nobody scans a first that is `inside`.

    What the scanner is not sure of is tried again in quarters, and goes back to being many once the doubt is past.
    """
    at, size = 0, 1 if inside else len(lines)
    while at < len(lines):
        some = lines[at : at + size]
        rows = None if inside and not at else scan(some)
        if rows is None and len(some) > _FEW:
            size = len(some) // 4
            continue
        yield some, rows
        at, size = at + len(some), 2 * max(size, _FEW)


def _row_or_record(layout: Layout, part: str, number: int, *, inside: bool) -> Row | Record:
    """The careful way: a row when it has the prescribed forms and line end."""
    record = record_of(layout, part, number, inside=inside)
    fixed = record.layout is layout.records.get(record.kind) and record.ending == LINE_END and record.whole
    row = row_reader(record.layout)(record.text) if fixed else None
    return record if row is None else row


def write_typed(rows: Iterable[Sequence[Typed] | Record], layout: Layout) -> bytes:
    """The bytes of some rows and records, in order; MappingError naming the element whose value does not fit."""
    return "".join(_texts(rows, layout)).encode(ENCODING)


def write_typed_to(stream: BinaryIO, rows: Iterable[Sequence[Typed] | Record], layout: Layout) -> int:
    """Write rows and records one after another, for files larger than memory; the number of bytes."""
    texts, total = _texts(rows, layout), 0
    while some := "".join(islice(texts, _ROWS_AT_ONCE)):
        total += stream.write(some.encode(ENCODING))
    return total


def _texts(rows: Iterable[Sequence[Typed] | Record], layout: Layout) -> Iterator[str]:
    writers = {kind: row_writer(one) for kind, one in layout.records.items()}
    for one in rows:
        if isinstance(one, Record):
            yield one.text + one.ending
            continue
        kind = one[0] if one else None
        if isinstance(kind, str) and kind in writers:
            yield writers[kind](one) + LINE_END
        else:
            raise MappingError(f"{layout.format} has no record of this kind", hint="the first value is the kind")

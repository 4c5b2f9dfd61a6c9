"""Read and write Vektis EI files: one codec for every standard that has a layout table.

Sources: Vektis STB GZ321 5.3 (flat file, CR LF after every record and outside its length, one position per character;
no character set is prescribed, diacritics stay one position). Bytes are read as ISO 8859-1, so that every byte is one
character and what was read is written back byte for byte. Records that are too long, too short or of an unknown kind
are kept as they are (`Record.whole` is False): one bad record hides nothing.

A stream is read in lines of at most `LONGEST` bytes: what follows of a longer one comes as records of the kind
`CONTINUED`, so that a file without line ends needs no more memory than any other and still is written back the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import chain
from typing import AnyStr, BinaryIO

from hub.errors import FormatError
from schemas.vektis.layout import (
    CONTINUED,
    UNKNOWN,
    Field,
    Layout,
    RecordLayout,
    announced,
    known_code,
    padded,
    versions_of,
)
from schemas.vektis.typed import ENCODING, Typed, as_date, is_day, is_number, row_reader

__all__ = [
    "ENCODING",
    "LINE_END",
    "LONGEST",
    "Record",
    "VektisFile",
    "announced_by",
    "as_date",
    "batches",
    "cut",
    "foreign_charset",
    "header_of",
    "join",
    "layout_of",
    "pieces",
    "raw_batches",
    "read",
    "read_records",
    "recognise",
    "record_of",
    "records_of",
    "write",
    "write_records",
]

LINE_END = "\r\n"
LONGEST = 64 * 1024
"""Bytes of one line that are read at a time, its end included; no record of any standard comes near."""
_CHUNK = 128 * 1024
_HEADER_LENGTH = 9
_FOREIGN = (
    (b"\xef\xbb\xbf01", "UTF-8 with a byte order mark"),
    (b"\xff\xfe0\x001\x00", "UTF-16"),
    (b"\xfe\xff\x000\x001", "UTF-16"),
    (b"0\x001\x00", "UTF-16"),
    (b"\x000\x001", "UTF-16"),
    (b"\xf0\xf1\xf1", "EBCDIC"),
)
"""How a file begins that was written in another character set, and what that set is called."""


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """One record as it stands in the file; `number` is its 1-based line, `ending` what follows it (CR LF).

    Fields are addressed by element id (`record["0418"]`) or by code (`record["BED161"]`, the same in every standard).
    Its repr shows nothing personal.
    """

    layout: RecordLayout
    text: str
    number: int
    ending: str = LINE_END

    def __repr__(self) -> str:
        return f"Record({self.kind!r}, number={self.number})"

    def __getitem__(self, name: str) -> str:
        return self.text[self.layout.slices[name]]

    def __contains__(self, name: str) -> bool:
        return name in self.layout.slices

    @property
    def kind(self) -> str:
        """The record kind as written: its first two characters."""
        return self.text[:2]

    @property
    def whole(self) -> bool:
        """Whether the kind is known and the length is right, so that positions mean something."""
        return len(self.text) == self.layout.length > 0

    @property
    def too_long(self) -> bool:
        """Whether its line is longer than a stream reads at a time, so that its real length is not known there."""
        length = len(self.text) + len(self.ending)
        return length > LONGEST or (length == LONGEST and not self.ending)

    def typed(self) -> dict[str, Typed]:
        """Every field's typed value by element id; FormatError at the first that has not the prescribed form.

        The rules of the values are those of `schemas.vektis.typed`.
        """
        row = row_reader(self.layout)(self.text) if self.whole else None
        if row is None:
            raise self._formless()
        return {one.element: value for one, value in zip(self.layout.fields, row, strict=True)}

    def _formless(self) -> FormatError:
        """Why this record has no typed values."""
        if not self.whole:
            length = self.layout.length
            what = f"has {len(self.text)} positions, not {length}" if length else f"is of unknown kind {self.kind!a}"
            return FormatError(f"the record {what}", where=f"record {self.number}", hint="run check on the file")
        for one in self.layout.fields:
            if not _has_form(one, self.text[one.at]):
                return _misfit(self, one.element, "is not of the prescribed form")
        return _misfit(self, self.layout.fields[0].element, "is of another kind")

    def values(self) -> dict[str, str]:
        """Every field raw, by element id."""
        parts = self.layout.split(self.text)
        return {one.element: part for one, part in zip(self.layout.fields, parts, strict=False)}

    def string(self, name: str) -> str:
        """The field without its filling; empty when not filled or when this record has no such field."""
        place = self.layout.slices.get(name)
        return self.text[place].rstrip(" ") if place else ""

    def filled(self, name: str) -> bool:
        """Whether the field holds anything but zeros or spaces."""
        place = self.layout.slices.get(name)
        return place is not None and self.text[place].strip(" 0") != ""

    def number_of(self, name: str) -> int:
        """The field as a whole number; FormatError with the position when it holds other than digits."""
        raw = self[name]
        if not (raw.isascii() and raw.isdigit()):
            raise _misfit(self, name, "is not a number")
        return int(raw)

    def date_of(self, name: str) -> date | None:
        """The field as a date, None when not filled; FormatError when there is no such date."""
        raw = self[name]
        if not raw.strip(" 0"):
            return None
        day = as_date(raw)
        if day is None:
            raise _misfit(self, name, "is not an existing date")
        return day

    def amount_of(self, name: str) -> int:
        """The amount in minor units, negative where the sign field beside it says C."""
        amount = self.number_of(name)
        sign = self.layout.signs.get(name)
        return -amount if sign and self[sign] == "C" else amount


def _misfit(record: Record, name: str, what: str) -> FormatError:
    one = record.layout.field(name)
    return FormatError(f"{one.element} {one.name} {what}", where=place(record, one), hint="see the record's layout")


def place(record: Record, one: Field) -> str:
    """Where a field stands, for messages: record number and positions."""
    return f"record {record.number}, positions {one.start}-{one.end}"


def _has_form(one: Field, raw: str) -> bool:
    if is_number(one) or one.numeric:
        return raw.isdecimal() and (not is_day(one) or not raw.strip("0") or as_date(raw) is not None)
    return raw == one.blank or (raw[0] != " " and all(" " <= char <= "~" or char >= "\xa0" for char in raw))


@dataclass(frozen=True, slots=True)
class VektisFile:
    """A claim or response file: its layout and its records in order."""

    layout: Layout
    records: tuple[Record, ...]

    @property
    def format(self) -> str:
        """The format id, such as `vektis-HA304-4.2`."""
        return self.layout.format

    @property
    def header(self) -> Record:
        """The first record: the opening record 01 in every standard that has one."""
        return self.records[0]

    @property
    def trailer(self) -> Record | None:
        """The closing record 99, None when the file has none that can be read."""
        last = next((one for one in reversed(self.records) if one.kind == "99"), None)
        return last if last is not None and last.whole else None

    @property
    def damaged(self) -> tuple[Record, ...]:
        """Records that cannot be read: wrong length or unknown kind."""
        return tuple(one for one in self.records if not one.whole)

    @property
    def is_test(self) -> bool:
        """Whether the header says T (test message)."""
        return self.header.string("COD856") == "T"


def foreign_charset(head: bytes) -> str:
    """The character set of a file that begins as an opening record in another one would; empty otherwise."""
    return next((name for mark, name in _FOREIGN if head.startswith(mark)), "")


def recognise(data: bytes) -> str | None:
    """The format id a file's header announces (`vektis-HA304-4.2`), None when we have no table for it."""
    found = announced_by(data)
    return found.format if found else None


def announced_by(data: bytes, own: tuple[Layout, ...] = ()) -> Layout | None:
    """The layout a file's header announces, by the caller's own tables first; None when there is no table for it."""
    head = data[:_HEADER_LENGTH].decode(ENCODING)
    return announced(*header_of(head), own) if head[:2] == "01" else None


def header_of(text: str) -> tuple[str, str, str]:
    """EI code, version and subversion as an opening record has them."""
    return text[2:5], text[5:7], text[7:9]


def layout_of(first: str, own: tuple[Layout, ...] = ()) -> Layout:
    """The layout that the first record announces, by the caller's own tables first; FormatError with what is wrong."""
    if first[:2] != "01":
        charset = foreign_charset(first[:_HEADER_LENGTH].encode(ENCODING))
        found_set = f": it is written in {charset}" if charset else ""
        raise FormatError(
            f"the file does not begin with an opening record 01{found_set}",
            where="record 1, positions 1-2",
            hint="write ISO 8859-1, one byte per position" if charset else "is it Vektis EI?",
        )
    code, version, subversion = header_of(first)
    found = announced(code, version, subversion, own)
    if found is None and known_code(code):
        raise FormatError(
            f"version {version!a}.{subversion!a} of EI code {code} has no layout table",
            where="record 1, positions 6-9",
            hint=f"there are {', '.join(versions_of(code))}; add a table file for this version",
        )
    if found is None:
        raise FormatError(
            f"EI code {code!a} has no layout table", where="record 1, positions 3-5", hint="add a table file for it"
        )
    return found


def read(data: bytes, *, layout: Layout | None = None) -> VektisFile:
    """Read a whole file; FormatError when it is empty or its header announces nothing we have a table for.

    A layout that is given is taken without looking at the header (SB311 has none).
    """
    lines = data.decode(ENCODING).split("\n")
    tail = lines.pop()
    chosen = layout or layout_of(lines[0] if lines else tail)
    records = [_record(chosen, line, number) for number, line in enumerate(lines, 1)]
    if tail:
        records.append(_laid_out(chosen, tail, len(records) + 1, ""))
    if not records:
        raise FormatError("the file is empty", where="record 1", hint="make the file again")
    return VektisFile(chosen, tuple(records))


def _record(layout: Layout, line: str, number: int) -> Record:
    """A record from a line that ended; its line feed is already off."""
    if line.endswith("\r"):
        return _laid_out(layout, line[:-1], number, LINE_END)
    return _laid_out(layout, line, number, "\n")


def _laid_out(layout: Layout, text: str, number: int, ending: str) -> Record:
    kind = layout.records.get(text[:2], UNKNOWN)
    if kind.reserve and kind.length < len(text) < LONGEST:
        kind = padded(kind, len(text))
    return Record(kind, text, number, ending)


def pieces(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream with their ends, a longer one in pieces of `LONGEST` bytes."""
    return iter(partial(stream.readline, LONGEST), b"")


def batches(stream: BinaryIO, first: bytes = b"") -> Iterator[tuple[list[str], str, int]]:
    """The same of a stream as text, many at a time: lines without their line feed, a piece without one, bytes taken.

    A line may be longer than a piece (see `cut`); `first` is what was taken from the stream before.
    """
    return _batches(stream, first, "", lambda rest, chunk: (rest + chunk.decode(ENCODING)).split("\n"))


def raw_batches(stream: BinaryIO, first: bytes = b"") -> Iterator[tuple[list[bytes], bytes, int]]:
    """The batches of a stream as the bytes they are."""
    return _batches(stream, first, b"", lambda rest, chunk: (rest + chunk).split(b"\n"))


def _batches(
    stream: BinaryIO, first: bytes, nothing: AnyStr, lines_of: Callable[[AnyStr, bytes], list[AnyStr]]
) -> Iterator[tuple[list[AnyStr], AnyStr, int]]:
    """`lines_of` takes what was left of the last line and what comes after it."""
    rest, chunk = nothing, first or stream.read(_CHUNK)
    while chunk:
        lines = lines_of(rest, chunk)
        rest = lines.pop()
        yield lines, nothing, len(chunk)
        while len(rest) >= LONGEST:
            yield [], rest[:LONGEST], 0
            rest = rest[LONGEST:]
        chunk = stream.read(_CHUNK)
    if rest:
        yield [], rest, 0


def cut(line: str) -> Iterator[str]:
    """A line that lost its line feed, with it, in the pieces of a stream."""
    whole = f"{line}\n"
    return (whole[at : at + LONGEST] for at in range(0, len(whole), LONGEST))


def read_records(stream: BinaryIO, *, layout: Layout | None = None) -> Iterator[Record]:
    """Read records one by one from an open binary stream, for files larger than memory."""
    lines = pieces(stream)
    first = next(lines, b"")
    chosen = layout or layout_of(first.decode(ENCODING))
    return records_of(chosen, chain([first], lines) if first else lines)


def records_of(layout: Layout, lines: Iterable[bytes]) -> Iterator[Record]:
    """Records of a layout from the pieces of a stream."""
    number, inside, kinds = 0, False, _plain_kinds(layout)
    for raw in lines:
        line = raw.decode(ENCODING)
        number += not inside
        kind = kinds.get(line[:2])
        if kind is not None and not inside and line.endswith(LINE_END):  # as nearly all are; the long way says the same
            yield Record(kind, line[:-2], number)
            continue
        yield record_of(layout, line, number, inside=inside)
        inside = not line.endswith("\n")


def _plain_kinds(layout: Layout) -> dict[str, RecordLayout]:
    """The kinds whose layout does not depend on a record's length."""
    return {kind: one for kind, one in layout.records.items() if not one.reserve}


def record_of(layout: Layout, line: str, number: int, *, inside: bool = False) -> Record:
    """A record from a line with its end, or from a piece of one that is too long (`inside`: not its first)."""
    if inside:
        ending = LINE_END if line.endswith(LINE_END) else "\n" if line.endswith("\n") else ""
        return Record(CONTINUED, line.removesuffix(ending), number, ending)
    return _record(layout, line[:-1], number) if line.endswith("\n") else _laid_out(layout, line, number, "")


def write(file: VektisFile) -> bytes:
    """The file's bytes: every record followed by its line end; what was read comes back byte for byte."""
    return join(file.records)


def write_records(records: Iterable[Record], stream: BinaryIO) -> int:
    """Write records one by one to an open binary stream, for files larger than memory; the number of bytes."""
    total = 0
    for one in records:
        total += stream.write(f"{one.text}{one.ending}".encode(ENCODING))
    return total


def join(records: Iterable[Record]) -> bytes:
    """The bytes of some records, each followed by its line end."""
    return "".join([part for one in records for part in (one.text, one.ending)]).encode(ENCODING)

"""Read and write Vektis EI files: one codec for every standard that has a layout table.

Sources: Vektis STB GZ321 5.3 (flat file, CR LF after every record and outside its length, one position per character;
no character set is prescribed, diacritics stay one position). Bytes are read as ISO 8859-1, so that every byte is one
character and what was read is written back byte for byte. Records that are too long, too short or of an unknown kind
are kept as they are (`Record.whole` is False): one bad record hides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import BinaryIO

from hub.errors import FormatError
from schemas.vektis.layout import UNKNOWN, Field, Layout, RecordLayout, announced, known_code

ENCODING = "latin-1"
LINE_END = "\r\n"
_HEADER_LENGTH = 9


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


@lru_cache(maxsize=100_000)
def as_date(raw: str) -> date | None:
    """Read EEJJMMDD; None when it is not an existing date."""
    if len(raw) != 8 or not (raw.isascii() and raw.isdigit()):
        return None
    try:
        return date(int(raw[:4]), int(raw[4:6]), int(raw[6:]))
    except ValueError:
        return None


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
        """The opening record 01."""
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


def recognise(data: bytes) -> str | None:
    """The format id a file's header announces (`vektis-HA304-4.2`), None when we have no table for it."""
    found = announced(*_header(data[:_HEADER_LENGTH].decode(ENCODING))) if data[:2] == b"01" else None
    return found.format if found else None


def _header(text: str) -> tuple[str, str, str]:
    return text[2:5], text[5:7], text[7:9]


def layout_of(first: str) -> Layout:
    """The layout that the first record announces; FormatError naming what is wrong with it."""
    if first[:2] != "01":
        raise FormatError(
            "the file does not begin with an opening record 01",
            where="record 1, positions 1-2",
            hint="is it Vektis EI?",
        )
    code, version, subversion = _header(first)
    found = announced(code, version, subversion)
    if found is None and known_code(code):
        raise FormatError(
            f"version {version!a}.{subversion!a} of EI code {code} has no layout table",
            where="record 1, positions 6-9",
            hint="add a table file for this version",
        )
    if found is None:
        raise FormatError(
            f"EI code {code!a} has no layout table", where="record 1, positions 3-5", hint="add a table file for it"
        )
    return found


def read(data: bytes, *, layout: Layout | None = None) -> VektisFile:
    """Read a whole file; FormatError when it is empty or its header announces nothing we have a table for."""
    lines = data.decode(ENCODING).split("\n")
    tail = lines.pop()
    chosen = layout or layout_of(lines[0] if lines else tail)
    records = [_record(chosen, line, number) for number, line in enumerate(lines, 1)]
    if tail:
        records.append(_unended(chosen, tail, len(records) + 1))
    return VektisFile(chosen, tuple(records))


def _record(layout: Layout, line: str, number: int) -> Record:
    if line.endswith("\r"):
        return Record(layout.records.get(line[:2], UNKNOWN), line[:-1], number)
    return Record(layout.records.get(line[:2], UNKNOWN), line, number, "\n")


def _unended(layout: Layout, text: str, number: int) -> Record:
    return Record(layout.records.get(text[:2], UNKNOWN), text, number, "")


def read_records(stream: BinaryIO, *, layout: Layout | None = None) -> Iterator[Record]:
    """Read records one by one from an open binary stream, for files larger than memory."""
    chosen = layout
    for number, raw in enumerate(stream, 1):
        line = raw.decode(ENCODING)
        chosen = chosen or layout_of(line)
        yield _record(chosen, line[:-1], number) if line.endswith("\n") else _unended(chosen, line, number)
    if chosen is None:
        layout_of("")


def write(file: VektisFile) -> bytes:
    """The file's bytes: every record followed by its line end; what was read comes back byte for byte."""
    return join(file.records)


def join(records: Iterable[Record]) -> bytes:
    """The bytes of some records, each followed by its line end."""
    return "".join([part for one in records for part in (one.text, one.ending)]).encode(ENCODING)

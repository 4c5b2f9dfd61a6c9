"""Keep some lines of a file, with their parents, comments and children, as a file that adds up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from hub.errors import FormatError
from schemas.vektis.codec import Record
from schemas.vektis.family import CLOSING, OPENING, Family, families
from schemas.vektis.layout import Layout
from schemas.vektis.renumber import renumbered
from schemas.vektis.tools.where import Line, Places, Wanted


@dataclass(slots=True)
class Parts:
    """A file taken apart while it is read: opening record, families, closing record (known when all were seen)."""

    opening: Record
    rest: Iterator[Record]
    closing: Record | None = field(default=None)

    def families(self) -> Iterator[Family]:
        """The families; FormatError where the file does not end as a file does."""
        yield from families(self._details())
        if self.closing is None:
            raise FormatError("the closing record 99 is missing", hint="the file was cut off: have it sent again")

    def _details(self) -> Iterator[Record]:
        for record in self.rest:
            if self.closing is not None:
                raise _out_of_place(record, "stands after the closing record")
            if record.kind == OPENING:
                raise _out_of_place(record, "is a second opening record")
            if record.kind == CLOSING:
                self.closing = _sound(record)
            else:
                yield record


def _sound(record: Record) -> Record:
    if not record.whole:
        raise _out_of_place(record, "opens or closes the file and has the wrong length")
    return record


def _out_of_place(record: Record, what: str) -> FormatError:
    return FormatError(f"the record {what}", where=f"record {record.number}", hint="one whole file at a time")


def apart(records: Iterable[Record]) -> Parts:
    """The file's opening record and the rest; FormatError when it does not begin with a whole one."""
    rest = iter(records)
    opening = next(rest, None)
    if opening is None or opening.kind != OPENING:
        raise FormatError("the file does not begin with an opening record 01", where="record 1")
    return Parts(_sound(opening), rest)


def chosen(records: Iterable[Record], wanted: Wanted) -> Iterator[tuple[Line, Line, Family]]:
    """Of every family with a wanted line: opening record, insured's records and the family cut to those lines."""
    parts = apart(records)
    for family in parts.families():
        above = (parts.opening, *family.insured)
        kept = family.cut(_asked(above, wanted))
        if kept:
            yield (parts.opening,), tuple(family.insured), kept


def _asked(above: Line, wanted: Wanted) -> Callable[[list[Record]], bool]:
    return lambda performance: wanted((*above, *performance))


def select(
    records: Iterable[Record], layout: Layout, wanted: Wanted, *, keep_numbers: bool = False
) -> Iterator[Record]:
    """The file with only the wanted lines; counts and totals are of what stays, detail numbers too unless kept."""
    return renumbered(_kept(records, wanted), layout, keep_numbers=keep_numbers)


def _kept(records: Iterable[Record], wanted: Wanted) -> Iterator[Record]:
    parts = apart(records)
    yield parts.opening
    for family in parts.families():
        yield from family.cut(_asked((parts.opening, *family.insured), wanted)).records()
    if parts.closing is not None:
        yield parts.closing


def lines(records: Iterable[Record], wanted: Wanted) -> Iterator[Line]:
    """Every wanted line with the records it is asked about."""
    for opening, insured, family in chosen(records, wanted):
        for performance in family.performances:
            yield (*opening, *insured, *performance)


def found(line: Line, places: Places) -> Sequence[tuple[Record, str]]:
    """What a name means on a line: the records that have it, with the element."""
    return [
        (record, one.element)
        for record in line
        if record.whole
        for one in places.get(record.kind, ())
        if record.filled(one.element)
    ]

"""Make counts, totals and detail numbers right again after lines were taken out of a file.

Sources: Vektis STB GZ321 5.3 (detail records numbered from 1, a comment repeats the number of its record; the closing
record counts every kind and totals the amounts with their signs). A response keeps the claim file's detail numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hub.errors import FormatError
from schemas.vektis.build import amended
from schemas.vektis.codec import Record
from schemas.vektis.layout import Layout
from schemas.vektis.structure import ALL_DETAILS, CLAIMED_TOTAL, COUNTS

_NUMBER = "NUM040"
_AWARDED = ("BED167", "BED166")


@dataclass(slots=True)
class Renumbering:
    """Takes the records that stay, in their order, and gives them back with their new places."""

    layout: Layout
    keep_numbers: bool = False
    kinds: Counter[str] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)
    position: int = 0
    detail: int = 0
    was: str = ""

    def __post_init__(self) -> None:
        """A response repeats the numbers of the claim file, whatever is asked."""
        self.keep_numbers = self.keep_numbers or self.layout.is_response

    def take(self, record: Record) -> Record:
        """The record at its new place; the closing record with counts and totals of what was taken before it."""
        self.position += 1
        self.kinds[record.kind] += 1
        if record.kind == "99" and record.whole:
            record = amended(record, self._closing(record))
        elif record.kind == self.layout.money_kind and record.whole:
            self._add(record)
        return self._numbered(record)

    def _numbered(self, record: Record) -> Record:
        text = record.text
        place = record.layout.slices.get(_NUMBER) if record.whole and not self.keep_numbers else None
        if place is not None and text[place].isdigit():
            text = text[: place.start] + self._number(record.kind, text[place]) + text[place.stop :]
        return Record(record.layout, text, self.position, record.ending)

    def _number(self, kind: str, was: str) -> str:
        """The next number; a comment follows its record, a comment that did not before is left as it was."""
        if kind != "98":
            self.detail += 1
            self.was = was
        elif was != self.was:
            return was
        return str(self.detail).rjust(len(was), "0")

    def _add(self, record: Record) -> None:
        for name in ("BED161", "BED166"):
            if name not in record:
                continue
            try:
                self.totals[name] += record.amount_of(name)
            except FormatError:  # the file's own total cannot count it either: check says so
                continue

    def _closing(self, record: Record) -> dict[str, str | int]:
        values: dict[str, str | int] = {}
        details = self.kinds.total() - self.kinds["01"] - self.kinds["99"]
        for one in record.layout.fields:
            if one.code in ALL_DETAILS:
                values[one.element] = details
            elif one.code in COUNTS:
                values[one.element] = self.kinds[COUNTS[one.code]]
        for total, name in (*((one, "BED161") for one in CLAIMED_TOTAL), _AWARDED):
            if total in record:
                values |= _signed(record, total, self.totals[name])
        return values


def _signed(record: Record, total: str, amount: int) -> dict[str, str | int]:
    sign = record.layout.signs.get(total)
    said = {sign: "C" if amount < 0 else "D"} if sign else {}
    return {total: abs(amount), **said}


def renumbered(records: Iterable[Record], layout: Layout, *, keep_numbers: bool = False) -> Iterator[Record]:
    """The records that stay as a file that adds up."""
    numbering = Renumbering(layout, keep_numbers)
    return map(numbering.take, records)

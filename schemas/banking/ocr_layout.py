"""OCR giro record layouts, stated once for reader and writer.

Source: Nets, System specification OCR giro (English, change log to 2003): 80 characters a record, ISO-8859-1, numbers
right-justified with zeros, texts left-justified with blanks, KID right-justified with blanks. Positions are 1-based.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

LENGTH = 80
DATE = "%d%m%y"
SERVICE_OCR = "09"
NETS = "00008080"
REVERSALS = frozenset({"18", "20"})
"""Money out, yet added to the control sum (manual, 2.5 field 7)."""
WITH_TEXT = frozenset({"20", "21"})
"""Types that carry a free text (item 3) instead of a KID."""
TYPES = frozenset({*(str(number) for number in range(10, 18)), "18", "19", "20", "21"})


class Field(NamedTuple):
    """A named field with its 1-based positions; numbers are zero-filled, texts blank-filled."""

    name: str
    start: int
    end: int
    fill: str = "0"
    right: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """One record shape: its type (positions 7-8) and fields; everything else is filler zeros."""

    kind: str
    fields: tuple[Field, ...]

    def read(self, line: str) -> dict[str, str]:
        """The raw characters of every field; missing ones of a short line are simply not there."""
        return {name: line[start - 1 : end] for name, start, end, _, _ in self.fields}

    def place(self, name: str) -> tuple[int, int]:
        """The 1-based positions of a field."""
        return next((field.start, field.end) for field in self.fields if field.name == name)

    def write(self, prefix: str, values: Mapping[str, str | int]) -> str:
        """A whole record; ValueError when a value does not fit."""
        line = list(f"{prefix}{self.kind}".ljust(LENGTH, "0"))
        for field in self.fields:
            width = field.end - field.start + 1
            text = str(values.get(field.name, ""))
            if len(text) > width:
                message = f"record {self.kind}: {field.name} has {len(text)} characters, room for {width}"
                raise ValueError(message)
            line[field.start - 1 : field.end] = text.rjust(width, field.fill) if field.right else text.ljust(width)
        return "".join(line)


START_TRANSMISSION = Record("10", (Field("sender", 9, 16), Field("transmission", 17, 23), Field("recipient", 24, 31)))
START_ASSIGNMENT = Record("20", (Field("agreement", 9, 17), Field("assignment", 18, 24), Field("account", 25, 35)))
ITEM_1 = Record(
    "30",
    (
        Field("number", 9, 15),
        Field("date", 16, 21),
        Field("centre", 22, 23),
        Field("day", 24, 25),
        Field("partial", 26, 26),
        Field("serial", 27, 31),
        Field("sign", 32, 32),
        Field("amount", 33, 49),
        Field("kid", 50, 74, " "),
        Field("card", 75, 76),
    ),
)
ITEM_2 = Record(
    "31",
    (
        Field("number", 9, 15),
        Field("form", 16, 25),
        Field("archive", 26, 34),
        Field("bank_date", 42, 47),
        Field("debit_account", 48, 58),
    ),
)
ITEM_3 = Record("32", (Field("number", 9, 15), Field("text", 16, 55, " ", right=False)))
END_ASSIGNMENT = Record(
    "88",
    (
        Field("transactions", 9, 16),
        Field("records", 17, 24),
        Field("sum", 25, 41),
        Field("settled", 42, 47),
        Field("earliest", 48, 53),
        Field("latest", 54, 59),
    ),
)
END_TRANSMISSION = Record(
    "89", (Field("transactions", 9, 16), Field("records", 17, 24), Field("sum", 25, 41), Field("date", 42, 47))
)

"""A document laid out for reading, before it becomes HTML, PDF or text: words and numbers are final here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and a value; `term` is the business term (`BT-10`), if any; `strong` is what people look for."""

    label: str
    value: str
    term: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A party or place: its name, address lines, and what identifies it."""

    heading: str
    name: str = ""
    lines: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.name or self.lines or self.facts)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `weight` is its share of the width, `main` the one details stand under."""

    label: str
    weight: float
    numeric: bool = False
    main: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table with details under its main cell."""

    cells: tuple[str, ...]
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows; as many cells in each row as columns."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


class Style(StrEnum):
    """How a section is set: plainly, as a column of sums, or in small print."""

    PLAIN = "plain"
    SUMS = "sums"
    FINE = "fine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the document under a heading: paragraphs, facts, then a table. `aside` stands beside the heading."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    table: Table | None = None
    aside: str = ""
    style: Style = Style.PLAIN

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.paragraphs or self.facts or (self.table and self.table.rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file or reference that belongs to the document; `base64` is as the document holds it."""

    reference: str = ""
    name: str = ""
    media_type: str = ""
    description: str = ""
    uri: str = ""
    base64: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The whole: title and number, what matters most, parties, sections in reading order, files, small print."""

    language: str
    title: str
    number: str
    issued: date | None = None
    sender: str = ""
    headline: tuple[Fact, ...] = ()
    parties: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()
    files: tuple[File, ...] = ()
    fine: tuple[Section, ...] = ()


def facts(*found: Fact | None) -> tuple[Fact, ...]:
    """Those facts that have a value."""
    return tuple(fact for fact in found if fact is not None and fact.value)


def joined(parts: Iterable[str], between: str = ", ") -> str:
    """Those parts that are not empty, in one line."""
    return between.join(part for part in parts if part)

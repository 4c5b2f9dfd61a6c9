"""The records of an OCR giro file as they go by, and the transaction numbers seen (Nets, System specification)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from schemas.banking.source import Line, Page

_DIGITS = len("0000001")


@dataclass(slots=True)
class Records:
    """The records of a file as they go by: one at a time with `next`, or by looking at the text from `at` on."""

    pages: Iterator[Page]
    text: str = ""
    at: int = 0
    line: int = 1

    def next(self) -> Line | None:
        """The next record that is not blank."""
        while self.at < len(self.text) or self._turn():
            end = self.text.index("\n", self.at)
            found = self.line, self.text[self.at : end]
            self.at, self.line = end + 1, self.line + 1
            if found[1] and not found[1].isspace():
                return found
        return None

    def _turn(self) -> bool:
        """Whether there is another page."""
        page = next(self.pages, None)
        if page is not None:
            (self.line, self.text), self.at = page, 0
        return page is not None


@dataclass(slots=True)
class Numbers:
    """The transaction numbers used: those that rise by one from 1 take no room, only the others are kept."""

    next: int = 1
    others: set[str] = field(default_factory=set)

    def used(self, number: str) -> bool:
        """Whether a transaction had this number."""
        inside = len(number) == _DIGITS and number.isdecimal() and number.isascii()
        return (inside and 0 < int(number) < self.next) or number in self.others

    def add(self, number: str) -> None:
        """Keep a number."""
        if number == f"{self.next:0{_DIGITS}}":
            self.next += 1
        else:
            self.others.add(number)

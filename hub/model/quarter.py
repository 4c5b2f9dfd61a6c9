"""A calendar quarter, the period of Dutch module claims (`2024Q1`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """One calendar quarter; its first day is the reference date of the ION list."""

    year: int
    number: int

    @property
    def first_day(self) -> date:
        """The reference date (peildatum)."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last_day(self) -> date:
        """The last day of the quarter."""
        return self.plus(1).first_day - timedelta(days=1)

    def plus(self, quarters: int) -> Quarter:
        """The quarter so many quarters later (or earlier)."""
        index = self.year * 4 + self.number - 1 + quarters
        return Quarter(index // 4, index % 4 + 1)

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"


def quarter(text: str) -> Quarter:
    """Read `2024Q1`; ValueError otherwise."""
    match = re.fullmatch(r"(\d{4})Q([1-4])", text.strip())
    if match is None:
        message = f"not a quarter: {text[:20]!r} (write 2024Q1)"
        raise ValueError(message)
    return Quarter(int(match[1]), int(match[2]))


def quarter_of(day: date) -> Quarter:
    """The quarter a day lies in."""
    return Quarter(day.year, (day.month + 2) // 3)

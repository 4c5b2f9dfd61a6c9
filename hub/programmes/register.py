"""The UZOVI register: which number is which insurer on which day, and whether it carries basic insurance.

The register itself is Vektis' and must be imported; an entry without a number is never used. `payer` is the partner
folder the number belongs to, filled from the partners' own dated identifiers (decision 13).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files

from hub.model.partner import Partner


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEntry:
    """One UZOVI number with its days; `concern` groups numbers under one contract."""

    uzovi: str
    name: str
    concern: str = ""
    payer: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    basic_insurance: bool = True
    source: str = ""
    confidence: str = ""

    def holds_on(self, day: date) -> bool:
        """Whether the number is in force on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Register:
    """The known UZOVI numbers."""

    entries: tuple[RegisterEntry, ...]

    def on(self, uzovi: str, day: date) -> RegisterEntry | None:
        """The entry of a number in force on a day, if the register knows one."""
        return next((entry for entry in self.entries if entry.uzovi == uzovi and entry.holds_on(day)), None)


def with_partners(register: Register, partners: Sequence[Partner]) -> Register:
    """The register with each number's partner folder, as the partners' dated identifiers say.

    A partner's number that the register does not know is added: its folder is a source too.
    """
    listed = [_named(entry, partners) for entry in register.entries]
    known = {entry.uzovi for entry in listed}
    return Register((*listed, *(entry for entry in _entries(partners) if entry.uzovi not in known)))


@cache
def private_uzovis() -> frozenset[str]:
    """Numbers known to carry no basic insurance (`data/private_uzovis.csv`, with source)."""
    source = files("hub.programmes").joinpath("data/private_uzovis.csv").read_text(encoding="utf-8")
    return frozenset(row["uzovi"] for row in csv.DictReader(source.splitlines(), delimiter=";"))


def _named(entry: RegisterEntry, partners: Sequence[Partner]) -> RegisterEntry:
    for partner in partners:
        for identifier in partner.identifiers:
            if (identifier.scheme.upper(), identifier.value) == ("UZOVI", entry.uzovi):
                return replace(
                    entry,
                    payer=partner.name,
                    valid_from=entry.valid_from or identifier.valid_from,
                    valid_to=entry.valid_to or identifier.valid_to,
                )
    return entry


def _entries(partners: Sequence[Partner]) -> Iterable[RegisterEntry]:
    for partner in partners:
        for identifier in partner.identifiers:
            if identifier.scheme.upper() == "UZOVI" and identifier.value:
                yield RegisterEntry(
                    uzovi=identifier.value,
                    name=identifier.name or partner.title,
                    payer=partner.name,
                    valid_from=identifier.valid_from,
                    valid_to=identifier.valid_to,
                    source=identifier.source,
                    confidence=identifier.confidence,
                )

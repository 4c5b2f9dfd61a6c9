"""A patient or insured person as far as a claim needs one. Its repr shows nothing personal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Person:
    """Personal data of one insured person; empty strings where a country does not use a field.

    `sex` is Vektis COD046: 0 unknown, 1 male, 2 female, 9 not specified. `local_ref` is the provider's own number.
    """

    birth_date: date | None = None
    bsn: str = ""
    fnr: str = ""
    sex: str = "0"
    initials: str = ""
    prefix: str = ""
    name: str = ""
    postal_code: str = ""
    house_number: str = ""
    house_suffix: str = ""
    insured_number: str = ""
    local_ref: str = ""

    def __repr__(self) -> str:
        return "Person(***)"

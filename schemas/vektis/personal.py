"""Which fields say something about somebody: one table (`rules/personal.csv`), for masking and for anonymising.

A field is told by its code, which is the same in every standard. A code the table does not have (in somebody's own
layout) is about a person when it is a name (`NAM...`) or its Dutch name sounds so: rather masked than shown.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from hub.model.identity import is_bsn, mask
from schemas.vektis.layout import RESERVED, Field
from schemas.vektis.typed import is_day

PERSON = "person"
PROVIDER = "provider"
REFERENCE = "reference"
NOBODY = "none"
_SOUNDS_PERSONAL = re.compile(
    "NAAM|BSN|BURGERSERVICE|GEBOORTE|POSTCODE|ADRES|TELEFOON|VERZEKERDE|IBAN|REKENINGNUMMER|PATI[EË]NT|MAIL|STRAAT|"
    "WOONPLAATS|HUISNUMMER|VOORLETTERS|VOORVOEGSEL|DEBITEUR|VRIJE TEKST|CLI[EË]NT"
)
_SHAPED = re.compile(r"[^\W_]")
_DIGITS = re.compile("[0-9]+")
_BSN_LENGTH = 9
_IMPERSONAL = ("01", "99")
"""Kinds of record that have no field about a person, so none from which a value could have moved."""
_LONG = 6
"""From this length on a number that is not of digits is shown by its shape: shorter ones hold no name or date."""


@cache
def classified() -> Mapping[str, tuple[str, str]]:
    """Group and form of every code in the table."""
    text = (files("schemas.vektis") / "rules" / "personal.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return MappingProxyType({row["code"]: (row["group"], row["form"]) for row in rows})


def about(one: Field) -> tuple[str, str]:
    """Whom a field is about (`person`, `provider`, `reference`, `none`) and the form its fake takes."""
    found = classified().get(one.code)
    if found is not None:
        return found
    if one.code.startswith("NAM"):
        return PERSON, "surname"
    if _SOUNDS_PERSONAL.search(one.name.upper()):
        return PERSON, "birth" if is_day(one) else "number"
    return NOBODY, ""


def is_personal(one: Field) -> bool:
    """Whether the field's value is about an insured person or a debtor."""
    return about(one)[0] == PERSON


def shown(one: Field, raw: str) -> str:
    """A field's value as a message may show it: masked when personal, or maybe so and in the wrong place."""
    text = raw.strip()
    if one.code == "NUM313":
        return mask(text)
    if is_personal(one):
        return "*" * len(text)
    if _strays(one, text):
        return _SHAPED.sub(lambda found: "9" if found[0].isdigit() else "x", text)
    return _DIGITS.sub(_masked, text)


def _strays(one: Field, text: str) -> bool:
    """Whether a value may have come here from another field, as in a record with a position too many."""
    if one.code == RESERVED:
        return text.strip("0") != ""
    return one.numeric and one.length >= _LONG and one.element[:2] not in _IMPERSONAL and not text.isdigit()


def _masked(found: re.Match[str]) -> str:
    value = found[0].lstrip("0")
    return mask(found[0]) if len(value) == _BSN_LENGTH and is_bsn(value) else found[0]

"""How the fields of a record are taken together by what is fast: the same ones for reading and for checking.

Claim files repeat themselves: the same codes, dates and amounts come back in record after record, and much is not
filled at all. So the fields after the kind are cut into runs. What is compiled from a layout remembers the texts of a
shared run that were right before, and compares a seldom filled one with its blanks. This is about speed and never about
what is right: a field that lands in the wrong sort of run is only slower.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from schemas.vektis.layout import RESERVED, Field

OWN, SHARED, SELDOM = "own", "shared", "seldom"
"""Nearly always another value; values that come back; hardly ever filled."""
_ALONE = frozenset({"DAT006", "DAT264", "NAM025", "NAM215", "COD083", "COD312"})
"""Dates of birth, initials and postcodes: few enough to be remembered, too many to be so together with others."""
_OWN = frozenset({"NUM040", "NUM109", "NUM313", "NUM003", "NUM362", "NUM371", "NUM415", "NUM417"})
_TOGETHER, _CODE = 6, 8
"""How many fields are remembered together, and up to which length a text counts as a code."""


@dataclass(frozen=True, slots=True)
class Run:
    """Fields that stand side by side, and what sort of values they have."""

    fields: tuple[Field, ...]
    sort: str

    @property
    def at(self) -> slice:
        """Where the run stands in the record's text."""
        return slice(self.fields[0].start - 1, self.fields[-1].end)

    @property
    def blank(self) -> str:
        """The run when none of its fields is filled."""
        return "".join(one.blank for one in self.fields)


def runs_of(fields: Iterable[Field], tied: Container[str] = ()) -> list[Run]:
    """The runs of some adjacent fields; a field whose element is `tied` stays with the one before it."""
    runs: list[Run] = []
    for one in fields:
        sort = _sort(one)
        last = runs[-1] if runs else Run((), "")
        if sort == SELDOM and len(runs) > 1 and runs[-2].sort == SELDOM and _optional(last):
            runs[-2:] = [Run((*runs[-2].fields, *last.fields, one), SELDOM)]
        elif one.element in tied or (sort == last.sort == SELDOM) or (sort == SHARED and _joins(one, last)):
            runs[-1] = Run((*last.fields, one), last.sort)
        else:
            runs.append(Run((one,), sort))
    return runs


def _sort(one: Field) -> str:
    if one.code == RESERVED:
        return SELDOM
    if one.code in _ALONE:
        return SHARED
    if one.code in _OWN:
        return OWN
    if one.numeric or (one.code.startswith("COD") and one.length <= _CODE):
        return SHARED
    return OWN if one.mandatory == "M" else SELDOM


def _optional(last: Run) -> bool:
    """Whether a run is one field that need not be filled, so that it goes along with the blanks on both sides."""
    first = last.fields[0] if len(last.fields) == 1 else None
    return last.sort == SHARED and first is not None and first.mandatory != "M" and first.code not in _ALONE


def _joins(one: Field, last: Run) -> bool:
    """Whether a field is remembered with those before it: not too many, and dates and amounts not together."""
    if last.sort != SHARED or len(last.fields) >= _TOGETHER:
        return False
    varied = {other.code[:3] for other in last.fields} & {"DAT", "BED"}
    alone = one.code in _ALONE or last.fields[-1].code in _ALONE
    return not alone and (one.code[:3] not in ("DAT", "BED") or varied <= {one.code[:3]})

"""A credit beside its debit: an exact copy but for what tells them apart.

Sources: STB GZ321 1.0 on crediting (identical data but for detail number, own and previous reference, amount claimed,
debit/credit signs and re-claim code; the whole performance at once, for the amount awarded). Fields go by element code,
so that this holds for every standard with a layout table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schemas.vektis import Field, Record, VektisFile
from schemas.vektis.layout import SIGN_LIST

_OWN = frozenset({"NUM040", "NUM362", "NUM363", "NUM371", "NUM372", "BED161", "COD651"})
"""What a credit has of its own: detail number, references, amount claimed, re-claim code; and every D/C sign."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A line as it stands in a claim file, with the performance above it where amounts stand below (06)."""

    record: Record
    performance: Record | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of a credit that is not what its debit has."""

    record: Record
    field: Field


def claimed_lines(file: VektisFile) -> Mapping[str, Claimed]:
    """The lines of a claim file by reference, the first where one is used twice; broken records are left out."""
    found: dict[str, Claimed] = {}
    performance: Record | None = None
    for record in file.records:
        if record.layout.kind in ("02", "04"):
            performance = record if record.whole and record.layout.kind == "04" else None
        if record.whole and record.kind == file.layout.money_kind:
            ref = record.string("NUM362" if "NUM362" in record else "NUM371")
            found.setdefault(ref, Claimed(record, performance if performance is not record else None))
    return found


def differences(credit: Claimed, debit: Claimed) -> Iterator[Difference]:
    """Where a credit of the same standard and version is no copy of its debit."""
    yield from _between(credit.record, debit.record)
    if credit.performance is not None and debit.performance is not None:
        yield from _between(credit.performance, debit.performance)


def comparable(credit: Claimed, debit: Claimed) -> bool:
    """Whether the two have the same layout: positions of another version mean something else."""
    return credit.record.layout is debit.record.layout


def _between(credit: Record, debit: Record) -> Iterator[Difference]:
    for one in credit.layout.fields:
        if one.code not in _OWN and one.codelist != SIGN_LIST and credit[one.element] != debit[one.element]:
            yield Difference(credit, one)

"""Which parts of two Vektis files are about the same: insured by who they are, lines by reference or content."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from schemas.vektis.codec import Record
from schemas.vektis.family import Family
from schemas.vektis.field_rules import NO_BSN

NUMBER = "NUM040"
REFERENCES = ("NUM362", "NUM371", "NUM415", "NUM417")
_CODES = ("COD388", "COD695", "COD334", "COD973")
_DAYS = ("DAT001", "DAT272", "DAT282", "DAT298")


@dataclass(frozen=True, slots=True)
class Unit:
    """An insured's own records or one performance, with the insured it is of."""

    records: list[Record]
    insured: str

    def first(self, names: Iterable[str]) -> str:
        """The first filled field of these names in any record."""
        found = ((record, name) for name in names for record in self.records if record.whole)
        return next((record.string(name) for record, name in found if record.filled(name)), "")

    @property
    def reference(self) -> str:
        """The reference of the line, else of what hangs below it."""
        return self.first(REFERENCES)


Key = Callable[[Unit], Hashable | None]


def insured(found: Iterable[Family]) -> list[Unit]:
    """What the families say about the insured themselves."""
    return [Unit(one.insured, _who(one)) for one in found if one.insured]


def lines(found: Iterable[Family]) -> list[Unit]:
    """The performances of the families."""
    return [Unit(records, _who(one)) for one in found for records in one.performances]


def _who(family: Family) -> str:
    """The insured of a family: by BSN, else by number at the insurer."""
    for record in family.records():
        if not record.whole or "NUM313" not in record:
            continue
        bsn = record["NUM313"]
        return bsn if bsn.strip("0") and bsn != NO_BSN else record.string("NUM003")
    return ""


def _of_insured(unit: Unit) -> Hashable | None:
    return unit.insured or None


def _reference(unit: Unit) -> Hashable | None:
    return unit.reference or None


def _content(unit: Unit) -> Hashable | None:
    said = (unit.insured, unit.first(_CODES), unit.first(_DAYS))
    return said if all(said) else None


def _detail_number(unit: Unit) -> Hashable | None:
    return unit.first((NUMBER,)) or None


def _nameless(unit: Unit) -> Hashable | None:
    return None if _reference(unit) else _detail_number(unit)


INSURED: tuple[Key, ...] = (_of_insured, _detail_number)
LINES: tuple[Key, ...] = (_reference, _content, _nameless)
"""By what units are matched, the surest first."""


def matched(left: Sequence[Unit], right: Sequence[Unit], keys: Sequence[Key]) -> dict[int, int]:
    """Pairs of places, the surest key first, in the order of the first file; equal keys pair in their order."""
    pairs: dict[int, int] = {}
    for key in keys:
        taken = set(pairs.values())
        waiting: defaultdict[Hashable, deque[int]] = defaultdict(deque)
        for number, unit in enumerate(right):
            said = key(unit) if number not in taken else None
            if said is not None:
                waiting[said].append(number)
        for number, unit in enumerate(left):
            said = key(unit) if number not in pairs else None
            if said is not None and waiting.get(said):
                pairs[number] = waiting[said].popleft()
    return dict(sorted(pairs.items()))


def in_order(places: Sequence[int]) -> frozenset[int]:
    """The longest run of places that still follow each other; the others were moved."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, place in enumerate(places):
        at = bisect_left(ends, place)
        before.append(last[at - 1] if at else -1)
        ends[at : at + 1] = [place]
        last[at : at + 1] = [number]
    stayed: list[int] = []
    at = last[-1] if last else -1
    while at >= 0:
        stayed.append(places[at])
        at = before[at]
    return frozenset(stayed)

"""Take the bad lines out of a claim file: two files that each add up, with every line in one of them.

A line goes with its family; what is wrong with an insured takes all lines of that insured. What is wrong with the
opening record, or with how the file ends, is wrong for every line: such a file is not split. What remains is judged
again, because a line may be wrong only beside another.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from hub.errors import ContentError
from hub.model.finding import Finding
from schemas.vektis.codec import Record
from schemas.vektis.family import Family
from schemas.vektis.layout import Layout
from schemas.vektis.renumber import Renumbering
from schemas.vektis.structure import ALL_DETAILS, CLAIMED_TOTAL, COUNTS
from schemas.vektis.tools.select import apart

Judge = Callable[[Iterator[Record]], Iterable[Finding]]
Open = Callable[[], Iterator[Record]]
_ROUNDS = 10
_COUNTED = frozenset({*ALL_DETAILS, *COUNTS, *CLAIMED_TOTAL})


@dataclass(slots=True)
class Faults:
    """What forbids sending: `lines` by record number, `file` what is wrong for every line."""

    lines: dict[int, list[Finding]] = field(default_factory=dict)
    file: list[Finding] = field(default_factory=list)

    def add(self, one: Finding, record: int | None) -> None:
        """Sort a finding; counts and totals are made right anyway."""
        if not one.blocks or (one.location.partition(":")[2][:2] == "99" and one.term in _COUNTED):
            return
        if record is None or one.location.partition(":")[2][:2] in ("01", "99"):
            self.file.append(one)
        else:
            self.lines.setdefault(record, []).append(one)


def faults(findings: Iterable[Finding]) -> Faults:
    """Findings of a check of the whole file, sorted."""
    found = Faults()
    for one in findings:
        found.add(one, one.record)
    return found


def bad_lines(records: Open, layout: Layout, judge: Judge, known: Mapping[int, list[Finding]] | None = None) -> Faults:
    """Which records are to be taken out so that the rest may go: judged, taken out, and judged again till all is well.

    `known` are faults somebody else named (a response), by record number.
    """
    for _ in apart(records()).families():  # a file that is no whole file cannot be split at all
        pass
    all_faults = Faults(dict(known or {}))
    for _ in range(_ROUNDS):
        origin = array("L")
        found = Faults()
        for one in judge(_good(records(), layout, all_faults.lines, origin)):
            found.add(one, origin[one.record - 1] if one.record and one.record <= len(origin) else None)
        all_faults.file += found.file
        if found.file or not found.lines:
            return all_faults
        for number, those in _first(found.lines).items():
            all_faults.lines.setdefault(number, []).extend(those)
    raise ContentError("taking bad lines out uncovers new ones again and again", hint="have the file made again")


def _first(lines: dict[int, list[Finding]]) -> dict[int, list[Finding]]:
    """Numbers out of order may be right again when what stands between them is gone: they are judged last."""
    others = {number: [one for one in those if not _numbering(one)] for number, those in lines.items()}
    return {number: those for number, those in others.items() if those} or lines


def _numbering(one: Finding) -> bool:
    return one.term in ("NUM040", "NUM109") and one.ruleset.endswith(" N2")


def _good(records: Iterator[Record], layout: Layout, bad: Collection[int], origin: array[int]) -> Iterator[Record]:
    """The good part, noting where each of its records came from; the whole file as it is while nothing is bad."""
    if not bad:
        for record in records:
            origin.append(record.number)
            yield record
        return
    numbering = Renumbering(layout)
    for good, record in sorted_out(records, bad):
        if good:
            origin.append(record.number)
            yield numbering.take(record)


def split(
    records: Iterable[Record], layout: Layout, bad: Collection[int], *, keep_numbers: bool = False
) -> Iterator[tuple[bool, Record]]:
    """Every record of both parts in order, with whether it belongs to the good one.

    Opening and closing record stand in both, an insured's own records where a line of theirs is. Counts, totals and
    detail numbers are right in both.
    """
    parts = {good: Renumbering(layout, keep_numbers) for good in (True, False)}
    for good, record in sorted_out(records, bad):
        yield good, parts[good].take(record)


def sorted_out(records: Iterable[Record], bad: Collection[int]) -> Iterator[tuple[bool, Record]]:
    """Every record as it stands, with whether it belongs to the good part."""
    parts = apart(records)
    yield from _both(parts.opening)
    for family in parts.families():
        good, wrong = _parted(family, bad)
        yield from ((True, record) for record in good.records())
        yield from ((False, record) for record in wrong.records())
    if parts.closing is not None:
        yield from _both(parts.closing)


def _both(record: Record) -> Iterator[tuple[bool, Record]]:
    yield True, record
    yield False, record


def _parted(family: Family, bad: Collection[int]) -> tuple[Family, Family]:
    if any(record.number in bad for record in family.insured):
        return Family(), family
    if not family.performances:
        return family, Family()

    def wrong(performance: list[Record]) -> bool:
        return any(record.number in bad for record in performance)

    return family.cut(lambda performance: not wrong(performance)), family.cut(wrong)

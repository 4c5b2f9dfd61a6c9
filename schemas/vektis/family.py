"""Which records belong together: an insured with debtor and comments, a performance with all that hangs below it.

Source: Vektis STB GZ321 5.3, the same in every standard: 01, (02, 98*, 03?, 98*, (04, 98*, (06|16|17, 98*)*)+)+, 99.
A line that is taken out or sent back goes with its family. A damaged record counts as what its first two characters
say, one of unknown kind stays with what stands before it: nothing is lost, whatever the file looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from schemas.vektis.codec import Record

OPENING, CLOSING = "01", "99"


@dataclass(frozen=True, slots=True)
class Family:
    """One insured: its own records (02, 03 and comments), and per performance the 04 with everything below it."""

    insured: list[Record] = field(default_factory=list)
    performances: list[list[Record]] = field(default_factory=list)

    def records(self) -> Iterator[Record]:
        """All records in their order."""
        yield from self.insured
        for performance in self.performances:
            yield from performance

    def cut(self, wanted: Callable[[list[Record]], bool]) -> Family:
        """The same insured with only those performances; without any of them, nobody."""
        chosen = [one for one in self.performances if wanted(one)]
        return Family(self.insured, chosen) if chosen else Family()

    def __bool__(self) -> bool:
        return bool(self.insured or self.performances)


def families(details: Iterable[Record]) -> Iterator[Family]:
    """Detail records (opening and closing record are passed over) by insured, one family in memory at a time."""
    current = Family()
    for record in details:
        if record.kind in (OPENING, CLOSING):
            continue
        if record.kind == "02" and current:
            yield current
            current = Family()
        if record.kind == "04":
            current.performances.append([record])
        elif current.performances:
            current.performances[-1].append(record)
        else:
            current.insured.append(record)
    if current:
        yield current


def with_family(details: Iterable[Record], wanted: Callable[[Record], bool]) -> Iterator[Record]:
    """The records wanted with their parents, the comments on both, and what hangs below their performance."""
    for family in families(details):
        yield from family.cut(lambda performance: any(map(wanted, performance))).records()

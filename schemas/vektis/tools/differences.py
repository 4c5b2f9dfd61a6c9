"""What differs between two Vektis files, aligned by what the records are about and not by where they stand.

Lines are matched by their reference, then by insured, performance and day, those without a reference at last by detail
number; detail numbers themselves say nothing and are not compared. A claim file is compared with its response as far
as the claim goes: what the response adds is told apart (`answered`), lines it does not return are `absent`; neither
makes them differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.errors import ContentError
from schemas.vektis.codec import Record, VektisFile
from schemas.vektis.family import families
from schemas.vektis.layout import RESERVED, Field
from schemas.vektis.personal import shown
from schemas.vektis.tools.matching import (
    INSURED,
    LINES,
    NUMBER,
    REFERENCES,
    Key,
    Unit,
    in_order,
    insured,
    lines,
    matched,
)
from schemas.vektis.tools.ruler import decoded, shape

_ANNOUNCED = frozenset({"COD002", "NUM001", "NUM309"})


class Change(StrEnum):
    """What happened to a record or a field from the first file to the second."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    ANSWERED = "answered"
    ABSENT = "absent"


REMARKS = frozenset({Change.ANSWERED, Change.ABSENT})
"""What a response does to its claim file by nature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference: of a record (no element) or of a field; `line` is the reference of the line it belongs to.

    `left` and `right` are record numbers in the two files. Values are masked where they are personal.
    """

    change: Change
    kind: str
    left: int | None = None
    right: int | None = None
    line: str = ""
    element: str = ""
    name: str = ""
    before: str = ""
    after: str = ""

    def as_json(self) -> dict[str, Any]:
        """The JSON shape of `kvitt vektis diff --json`; empty fields are left out."""
        body = {
            "change": self.change.value,
            "kind": self.kind,
            "left": self.left,
            "right": self.right,
            "line": self.line,
            "element": self.element,
            "name": self.name,
            "before": self.before,
            "after": self.after,
        }
        return {key: value for key, value in body.items() if value not in ("", None)}


def differences(
    left: VektisFile, right: VektisFile, *, language: str = "en", personal: bool = False
) -> list[Difference]:
    """Every difference in the order of the files; ContentError when they are of different standards."""
    answers = right.layout.answers == left.layout.standard
    if left.layout.standard != right.layout.standard and not answers:
        raise ContentError(
            f"{left.format} and {right.format} have nothing to compare",
            hint="two files of one standard, or a claim file first and its response second",
        )
    asked = _Comparison(left=left, right=right, language=language, personal=personal, answers=answers)
    return list(asked.all())


def same(found: Iterable[Difference]) -> bool:
    """Whether nothing differs but what a response adds."""
    return all(one.change in REMARKS for one in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    left: VektisFile
    right: VektisFile
    language: str
    personal: bool
    answers: bool

    def all(self) -> Iterator[Difference]:
        ours, theirs = list(families(self.left.records)), list(families(self.right.records))
        yield from self._slots([self.left.header], [self.right.header], "")
        yield from self._units(insured(ours), insured(theirs), INSURED, ordered=False)
        yield from self._units(lines(ours), lines(theirs), LINES, ordered=True)
        yield from self._closing()
        yield from self._damaged()

    def _closing(self) -> Iterator[Difference]:
        before = [self.left.trailer] if self.left.trailer else []
        after = [self.right.trailer] if self.right.trailer else []
        yield from self._slots(before, after, "")

    def _units(
        self, left: Sequence[Unit], right: Sequence[Unit], keys: Sequence[Key], *, ordered: bool
    ) -> Iterator[Difference]:
        pairs = matched(left, right, keys)
        stayed = in_order(list(pairs.values())) if ordered else frozenset(pairs.values())
        for number, unit in enumerate(left):
            other = pairs.get(number)
            line = unit.reference
            if other is None:
                yield from self._lost(unit.records, line)
                continue
            if other not in stayed:
                yield _whole(Change.MOVED, unit.records[0], right[other].records[0], line)
            yield from self._slots(unit.records, right[other].records, line)
        taken = set(pairs.values())
        for number, unit in enumerate(right):
            if number not in taken:
                yield from (_whole(Change.ADDED, None, one, unit.reference) for one in unit.records if one.whole)

    def _lost(self, records: Iterable[Record], line: str) -> Iterator[Difference]:
        change = Change.ABSENT if self.answers else Change.REMOVED
        yield from (_whole(change, one, None, line) for one in records if one.whole)

    def _slots(self, left: Iterable[Record], right: Iterable[Record], line: str) -> Iterator[Difference]:
        ours, theirs = _by_role(left), _by_role(right)
        for role, record in ours.items():
            if role in theirs:
                yield from self._fields(record, theirs[role], line)
            else:
                yield from self._lost([record], line)
        yield from (_whole(Change.ADDED, None, one, line) for role, one in theirs.items() if role not in ours)

    def _fields(self, left: Record, right: Record, line: str) -> Iterator[Difference]:
        tail = self.right.layout.tail if self.answers else 0
        closing = self.answers and left.kind == "99"
        for one in left.layout.fields:
            if one.code in (NUMBER, RESERVED) or closing or (self.answers and one.code in _ANNOUNCED):
                continue
            other = _counterpart(one, right)
            if other is not None and left.text[one.at].strip() != right.text[other.at].strip():
                yield self._field(Change.CHANGED, (left, one), (right, other), line)
        for one in right.layout.fields if tail else ():
            if (one.start >= tail or closing) and one.code not in ("COD001", RESERVED) and right.filled(one.element):
                yield self._field(Change.ANSWERED, (left, None), (right, one), line)

    def _field(
        self, change: Change, left: tuple[Record, Field | None], right: tuple[Record, Field], line: str
    ) -> Difference:
        return Difference(
            change=change,
            kind=right[0].kind,
            left=left[0].number,
            right=right[0].number,
            line=line,
            element=right[1].element,
            name=right[1].name,
            before=self._value(left[0], left[1]) if left[1] else "",
            after=self._value(*right),
        )

    def _value(self, record: Record, one: Field) -> str:
        raw = record.text[one.at]
        said = raw.strip() if self.personal else shown(one, raw)
        meaning = decoded(record, one, self.language) if said == raw.strip() else ""
        return f"{said} ({meaning})" if meaning and meaning != said else said

    def _damaged(self) -> Iterator[Difference]:
        left, right = [one.text for one in self.left.damaged], [one.text for one in self.right.damaged]
        for change, own, others in ((Change.REMOVED, self.left, right), (Change.ADDED, self.right, left)):
            rest = list(others)
            for one in own.damaged:
                if one.text in rest:
                    rest.remove(one.text)
                    continue
                ours = change is Change.REMOVED
                yield Difference(
                    change=change,
                    kind=shape(one.kind),
                    left=one.number if ours else None,
                    right=None if ours else one.number,
                    name=shape(one.text).rstrip(),
                )


def _by_role(records: Iterable[Record]) -> Mapping[Hashable, Record]:
    """Each record by what it is within its family: its kind with its reference or rank, a comment by its record."""
    roles: dict[Hashable, Record] = {}
    ranks: defaultdict[Hashable, int] = defaultdict(int)
    above: Hashable = ""
    for record in records:
        if not record.whole:
            continue
        comment = record.kind == "98"
        named = "" if comment or record.kind == "04" else next(filter(None, map(record.string, REFERENCES)), "")
        said: Hashable = (record.kind, above if comment else named)
        ranks[said] += 1
        role = (said, ranks[said])
        roles[role] = record
        above = above if comment else role
    return roles


def _counterpart(one: Field, record: Record) -> Field | None:
    """The same field in the other record: by element where it is the same code, else by code."""
    found = record.layout.named.get(one.element)
    return found if found is not None and found.code == one.code else record.layout.named.get(one.code)


def _whole(change: Change, left: Record | None, right: Record | None, line: str) -> Difference:
    said = left or right
    return Difference(
        change=change,
        kind=said.kind if said else "",
        left=left.number if left else None,
        right=right.number if right else None,
        line=line,
    )

"""Levels N1 and N2: line ends, lengths, kinds, order, numbering, counts and totals.

Source: Vektis STB GZ321 5.3: order 01, (02, 03?, (04, (06|16|17)*)+)+, 99 with 98 after any detail record; detail
records numbered from 1, a comment repeats the number of its record and numbers its own lines; the closing record
counts every kind, all detail records with comments included, and totals the amounts with their signs. A response has
the numbers of the claim file, so there they only rise.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hub.errors import FormatError
from schemas.vektis.codec import LINE_END, Record, VektisFile
from schemas.vektis.layout import Layout
from schemas.vektis.report import Report, return_code

COUNTS = {
    "ANT085": "02",
    "ANT267": "02",
    "ANT086": "03",
    "ANT268": "03",
    "ANT087": "04",
    "ANT269": "04",
    "ANT002": "06",
    "ANT276": "06",
    "ANT300": "16",
    "ANT306": "17",
    "ANT089": "98",
    "ANT270": "98",
}
"""Which record kind a count of the closing record counts; the total number stands apart."""
ALL_DETAILS = ("ANT265", "ANT271")
CLAIMED_TOTAL = ("BED025", "BED168")


def check_readable(record: Record, report: Report) -> None:
    """N1: the record ends with CR LF, is of a known kind and has the prescribed length."""
    if record.ending != LINE_END or not record.text:
        report.add("LINE-END", record, returns="8095")
    if not record.text:
        return
    if not record.layout.length:
        report.add("KIND", record, returns="0002", value=f"{record.kind!a}")
    elif not record.whole:
        found, wanted = str(len(record.text)), str(record.layout.length)
        report.add("LENGTH", record, returns="0804", value=found, expected=wanted)


@dataclass(slots=True)
class Sequence:
    """Walks the records in order and notices what stands where it cannot; `open` are the kinds we are inside of."""

    layout: Layout
    report: Report
    kinds: list[str] = field(default_factory=list)
    open: list[Record] = field(default_factory=list)
    children: set[str] = field(default_factory=set)
    last_detail: Record | None = None
    comment_lines: int = 0
    number: int = 0
    closed: bool = False

    def take(self, record: Record) -> None:
        """Judge one record of a known kind, in the place where it stands."""
        kind = record.layout.kind
        if self.closed or (kind == "01") != (not self.kinds):
            self._misplaced(record)
        elif kind == "98":
            self._comment(record)
        elif kind != "01":
            self._descend(record, kind)
        if not self.kinds and kind == "01":
            self._enter(record, kind)
        self.closed = self.closed or kind == "99"
        if "NUM040" in record.layout.slices:
            self._numbered(record, kind)

    def finish(self, last: Record | None) -> None:
        """Say that the closing record is missing, when it is."""
        if not self.closed:
            self.report.add("INCOMPLETE", last, returns="8026", expected="99")

    def _misplaced(self, record: Record) -> None:
        self.report.add("ORDER", record, returns="8026", value=record.kind)

    def _enter(self, record: Record, kind: str) -> None:
        self.kinds.append(kind)
        self.open.append(record)

    def _descend(self, record: Record, kind: str) -> None:
        parent = record.layout.parent or "01"
        if parent not in self.kinds:
            self._misplaced(record)
            return
        while self.kinds[-1] != parent:
            self._leave(self.open.pop(), self.kinds.pop())
        if kind == "02":
            self.children.clear()
        elif kind == "03" and self.children & {"03", "04"}:
            self._misplaced(record)
        self.children.add(kind)
        self._enter(record, kind)

    def _leave(self, record: Record, kind: str) -> None:
        """An insured needs a performance, and a performance its tariff where amounts stand there."""
        if kind == "02" and "04" not in self.children:
            self.report.add("INCOMPLETE", record, returns="8026", expected="04")
        elif kind == "04" and self.layout.money_kind == "06":
            if "06" not in self.children:
                self.report.add("INCOMPLETE", record, returns="8026", expected="06")
            self.children.discard("06")

    def _comment(self, record: Record) -> None:
        if self.last_detail is None:
            self._misplaced(record)

    def _numbered(self, record: Record, kind: str) -> None:
        raw = record["NUM040"]
        if not raw.isdigit():
            return
        if kind == "98":
            self._comment_number(record, int(raw))
            return
        expected = self.number + 1
        rises = int(raw) > self.number if self.layout.is_response else int(raw) == expected
        if not rises:
            self.report.add("DETAIL-NUMBER", record, "NUM040", returns="0801", expected=str(expected))
        self.number = int(raw)
        self.last_detail = record
        self.comment_lines = 0

    def _comment_number(self, record: Record, number: int) -> None:
        if self.last_detail is not None and number != self.number:
            self.report.add("DETAIL-NUMBER", record, "NUM040", returns="0801", expected=str(self.number))
        self.comment_lines += 1
        line = record["NUM109"]
        if line.isdigit() and int(line) != self.comment_lines and not self.layout.is_response:
            self.report.add("COMMENT-LINE", record, "NUM109", returns="0754", expected=f"{self.comment_lines:04d}")


def check_counts(file: VektisFile, report: Report) -> None:
    """N2: the counts of the closing record are the records that stand in the file."""
    trailer = file.trailer
    if trailer is None:
        return
    kinds = Counter(one.kind for one in file.records)
    details = len(file.records) - kinds["01"] - kinds["99"]
    for one in trailer.layout.fields:
        if one.code in ALL_DETAILS:
            _count(trailer, one.element, one.code, details, report)
        elif one.code in COUNTS:
            _count(trailer, one.element, one.code, kinds[COUNTS[one.code]], report)


def _count(trailer: Record, element: str, code: str, counted: int, report: Report) -> None:
    raw = trailer[element]
    if raw.isdigit() and int(raw) != counted:
        report.add("COUNT", trailer, element, returns=return_code("99", code), expected=str(counted))


def claimed_total(file: VektisFile) -> int | None:
    """What the lines of a file claim together, signed; None when a line's amount cannot be read."""
    kind = file.layout.money_kind
    total = 0
    for record in file.records:
        if record.kind != kind:
            continue
        try:
            total += record.amount_of("BED161")
        except FormatError:
            return None
    return total


def check_total(file: VektisFile, report: Report) -> None:
    """N2: the closing record's total is the sum of the lines (claim files; a response repeats the claim file's)."""
    trailer = file.trailer
    counted = claimed_total(file) if trailer else None
    if trailer is None or counted is None or file.layout.is_response:
        return
    name = next((code for code in CLAIMED_TOTAL if code in trailer), "")
    if not name or not trailer[name].isdigit():
        return
    said = trailer.amount_of(name)
    if said != counted:
        report.add("TOTAL", trailer, name, returns="0150", value=cents(said), expected=cents(counted))


def cents(amount: int) -> str:
    """An amount in minor units as people read it."""
    whole, rest = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{whole}.{rest:02d}"

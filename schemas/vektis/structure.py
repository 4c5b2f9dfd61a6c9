"""Levels N1 and N2: line ends, lengths, kinds, order, numbering, counts and totals.

Source: Vektis STB GZ321 5.3: order 01, (02, 03?, (04, (06|16|17)*)+)+, 99 with 98 after any detail record; detail
records numbered from 1, a comment repeats the number of its record and numbers its own lines; the closing record
counts every kind, all detail records with comments included, and totals the amounts with their signs. A response has
the numbers of the claim file, so there they only rise.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.vektis.codec import ENCODING, LINE_END, LONGEST, Record, VektisFile
from schemas.vektis.layout import Layout, RecordLayout
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


def check_readable(record: Record, report: Report) -> bool:
    """N1: the record ends with CR LF, has the prescribed length and holds no NUL characters; whether that is so."""
    text, length = record.text, record.layout.length
    if record.ending == LINE_END and len(text) == length > 0 and "\0" not in text:
        return True
    _unreadable(record, text, length, report)
    return False


def _unreadable(record: Record, text: str, length: int, report: Report) -> None:
    if record.too_long:
        report.add("LENGTH", record, returns="0804", value=f"> {LONGEST - 2}", expected=str(length or "-"))
        return
    if record.ending != LINE_END or not text:
        report.add("LINE-END", record, returns="8095")
    if "\0" in text:
        report.add("NUL", record, value=str(text.index("\0") + 1))
    if length and len(text) != length:
        key = "MULTIBYTE" if _unfolded(text) == length else "LENGTH"
        report.add(key, record, returns="0804", value=str(len(text)), expected=str(length))


def _unfolded(text: str) -> int:
    """How many characters a record has when its bytes are taken for UTF-8; 0 when they are not."""
    if text.isascii():
        return 0
    try:
        return len(text.encode(ENCODING).decode("utf-8"))
    except UnicodeDecodeError:
        return 0


Opened = tuple[RecordLayout, str, int, str]
"""What a record is made of: layout, text, number, line end. Of nearly all that is open no `Record` is needed."""


def parts_of(record: Record) -> Opened:
    """What a record is made of."""
    return (record.layout, record.text, record.number, record.ending)


@dataclass(frozen=True, slots=True)
class _Place:
    """What the order of records needs to know of a kind: where it belongs and where its numbers stand."""

    parent: str
    number: slice | None
    line: slice | None


def _places(layout: Layout) -> dict[str, _Place]:
    root = "01" if "01" in layout.records else ""
    return {
        kind: _Place(one.parent or root, one.slices.get("NUM040"), one.slices.get("NUM109"))
        for kind, one in layout.records.items()
    }


@dataclass(slots=True)
class Sequence:
    """Walks the records in order and notices what stands where it cannot; `open` are the kinds we are inside of.

    A standard without an opening or closing record (a debtor record of its own) has no order but its numbers.
    """

    layout: Layout
    report: Report
    places: dict[str, _Place] = field(init=False)
    kinds: list[str] = field(default_factory=list)
    open: list[Opened] = field(default_factory=list)
    children: set[str] = field(default_factory=set)
    last_detail: Opened | None = None
    comment_lines: int = 0
    number: int = 0
    closed: bool = False

    def __post_init__(self) -> None:
        """Take the places from the layout."""
        self.places = _places(self.layout)

    def take(self, record: Record) -> None:
        """Judge one record of a known kind, in the place where it stands."""
        kind = record.layout.kind
        place = self.places[kind]
        if self.closed or (kind == "01") != (not self.kinds and "01" in self.places):
            self._misplaced(record)
        elif kind == "98":
            self._comment(record)
        elif kind != "01" and place.parent:
            self._descend(record, kind, place.parent)
        if not self.kinds and kind == "01":
            self._enter(record, kind)
        self.closed = self.closed or kind == "99"
        if place.number is not None:
            self._numbered(record, kind, place)

    def finish(self, last: Record | None) -> None:
        """Say that the closing record is missing, when it is."""
        if not self.closed and "99" in self.places:
            self.report.add("INCOMPLETE", last, returns="8026", expected="99")

    def _misplaced(self, record: Record) -> None:
        self.report.add("ORDER", record, returns="8026", value=record.kind)

    def _enter(self, record: Record, kind: str) -> None:
        self.kinds.append(kind)
        self.open.append(parts_of(record))

    def _descend(self, record: Record, kind: str, parent: str) -> None:
        if self.kinds[-1] != parent:
            if parent not in self.kinds:
                self._misplaced(record)
                return
            while self.kinds[-1] != parent:
                self._leave(Record(*self.open.pop()), self.kinds.pop())
        if kind == "02":
            self.children.clear()
        elif kind == "03" and self.children & {"03", "04"}:
            self._misplaced(record)
        self.children.add(kind)
        self.kinds.append(kind)
        self.open.append(parts_of(record))

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

    def _numbered(self, record: Record, kind: str, place: _Place) -> None:
        raw = record.text[place.number or slice(0)]
        if not raw.isdecimal():
            return
        number = int(raw)
        if kind == "98":
            self._comment_number(record, number, place)
            return
        expected = self.number + 1
        if number != expected and not (self.layout.is_response and number > expected):
            self.report.add("DETAIL-NUMBER", record, "NUM040", returns="0801", expected=str(expected))
        self.number = number
        self.last_detail = parts_of(record)
        self.comment_lines = 0

    def _comment_number(self, record: Record, number: int, place: _Place) -> None:
        if self.last_detail is not None and number != self.number:
            self.report.add("DETAIL-NUMBER", record, "NUM040", returns="0801", expected=str(self.number))
        self.comment_lines += 1
        line = record.text[place.line or slice(0)]
        if line.isdecimal() and int(line) != self.comment_lines and not self.layout.is_response:
            self.report.add("COMMENT-LINE", record, "NUM109", returns="0754", expected=f"{self.comment_lines:04d}")


@dataclass(slots=True)
class Tally:
    """Counts the records and adds up what their lines claim; `trailer` is the last closing record.

    `claimed` is None once a line's amount cannot be read.
    """

    layout: Layout
    kinds: dict[str, int] = field(default_factory=dict)
    number: int = 0
    claimed: int | None = 0
    trailer: Record | None = None
    money: tuple[slice, slice] | None = field(init=False)

    def __post_init__(self) -> None:
        """Know where the amounts stand."""
        record = self.layout.records.get(self.layout.money_kind)
        amount = record.slices.get("BED161") if record else None
        sign = record.slices[record.signs["BED161"]] if record and "BED161" in record.signs else slice(0)
        self.money = (amount, sign) if amount else None

    def add(self, record: Record) -> None:
        """Take one record into account."""
        kind = record.text[:2]
        self.number += 1
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if kind == self.layout.money_kind and self.money and self.claimed is not None:
            amount, sign = record.text[self.money[0]], record.text[self.money[1]]
            readable = amount.isdecimal() and len(record.text) >= self.money[0].stop
            self.claimed = self.claimed + (-int(amount) if sign == "C" else int(amount)) if readable else None
        elif kind == "99":
            self.trailer = record

    @property
    def details(self) -> int:
        """All records but the opening and the closing one, comments included."""
        return self.number - self.kinds.get("01", 0) - self.kinds.get("99", 0)


def tally_of(file: VektisFile) -> Tally:
    """The counts and the total of a whole file."""
    tally = Tally(file.layout)
    for record in file.records:
        tally.add(record)
    return tally


def claimed_total(file: VektisFile) -> int | None:
    """What the lines of a file claim together, signed; None when a line's amount cannot be read."""
    return tally_of(file).claimed


def check_counts(file: VektisFile, report: Report) -> None:
    """N2: the counts of the closing record are the records that stand in the file."""
    _check_counts(tally_of(file), report)


def check_closing(tally: Tally, report: Report) -> None:
    """N2: the closing record counts the records of the file and totals its amounts."""
    _check_counts(tally, report)
    _check_total(tally, report)


def _check_counts(tally: Tally, report: Report) -> None:
    trailer = tally.trailer
    if trailer is None or not trailer.whole:
        return
    for one in trailer.layout.fields:
        if one.code in ALL_DETAILS:
            _count(trailer, one.element, one.code, tally.details, report)
        elif one.code in COUNTS:
            _count(trailer, one.element, one.code, tally.kinds.get(COUNTS[one.code], 0), report)


def _count(trailer: Record, element: str, code: str, counted: int, report: Report) -> None:
    raw = trailer[element]
    if raw.isdecimal() and int(raw) != counted:
        report.add("COUNT", trailer, element, returns=return_code("99", code), expected=str(counted))


def _check_total(tally: Tally, report: Report) -> None:
    """The total is the sum of the lines (claim files; a response repeats the claim file's)."""
    trailer = tally.trailer
    if trailer is None or not trailer.whole or tally.claimed is None or tally.layout.is_response:
        return
    name = next((code for code in CLAIMED_TOTAL if code in trailer), "")
    if not name or not trailer[name].isdecimal():
        return
    said = trailer.amount_of(name)
    if said != tally.claimed:
        name = trailer.layout.signs.get(name, name) if said == -tally.claimed else name
        report.add("TOTAL", trailer, name, returns="0150", value=cents(said), expected=cents(tally.claimed))


def cents(amount: int) -> str:
    """An amount in minor units as people read it."""
    whole, rest = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{whole}.{rest:02d}"

"""OCR giro: fixed-width records to statements, one per assignment, with counts and control sums checked.

Source: Nets, System specification OCR giro. Choices where it is silent: a credit note (sign "-") lowers the control sum
(net; only secondary sources say so), and an assignment whose sums fail holds its own bookings, while a failing
transmission holds every assignment in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache

from hub.model.finding import Finding, blocking
from hub.model.money import Money
from hub.model.payment import BookingState, Payment, ReferenceKind, Statement
from schemas.banking import ocr_layout as layout
from schemas.banking.references import reference_kind
from schemas.banking.remarks import remark
from schemas.banking.source import Line

NAME = "ocr-giro"
CURRENCY = "NOK"
_OURS = f"NY{layout.SERVICE_OCR}"
_AMOUNT_ENDS = layout.ITEM_1.place("amount")[1]
_KID_ENDS = layout.ITEM_1.place("kid")[1]


@dataclass(slots=True)
class _Block:
    """The lines of one assignment while they are collected, of whichever service."""

    service: str = ""
    start: Line | None = None
    body: list[Line] = field(default_factory=list)
    end: Line | None = None

    def lines(self) -> int:
        return len(self.body) + (self.start is not None) + (self.end is not None)


@dataclass(slots=True)
class _Transmission:
    start: Line | None = None
    blocks: list[_Block] = field(default_factory=list)
    end: Line | None = None


@dataclass(frozen=True, slots=True)
class _Totals:
    """What a trailer says, or what is there; the sum is in øre."""

    transactions: int
    records: int
    sum: int


@dataclass(frozen=True, slots=True)
class _Booked:
    """One transaction read: its booking (none when the amount is unreadable) and its part of the control sum."""

    payment: Payment | None
    control: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Assignment:
    statement: Statement
    totals: _Totals


def read(lines: Iterable[Line]) -> Iterator[Statement]:
    """The assignments of every transmission; what fails its sums comes with `held` bookings and an error finding."""
    for transmission in _transmissions(lines):
        yield from _statements(transmission)


def _transmissions(lines: Iterable[Line]) -> Iterator[_Transmission]:
    current: _Transmission | None = None
    for number, text in lines:
        kind = text[6:8] if text.startswith("NY00") else ""
        if kind == layout.START_TRANSMISSION.kind:
            if current:
                yield current
            current = _Transmission(start=(number, text))
            continue
        current = current or _Transmission()
        if kind == layout.END_TRANSMISSION.kind:
            current.end = (number, text)
            yield current
            current = None
        else:
            _add(current.blocks, (number, text))
    if current:
        yield current


def _add(blocks: list[_Block], line: Line) -> None:
    text = line[1]
    kind, service = text[6:8], text[2:4]
    if text.startswith("NY") and kind == layout.START_ASSIGNMENT.kind:
        blocks.append(_Block(service, start=line))
        return
    if not blocks or blocks[-1].end:
        blocks.append(_Block(service if text.startswith("NY") else layout.SERVICE_OCR))
    if text.startswith("NY") and kind == layout.END_ASSIGNMENT.kind:
        blocks[-1].end = line
    else:
        blocks[-1].body.append(line)


def _statements(transmission: _Transmission) -> Iterator[Statement]:
    start = transmission.start[1] if transmission.start else ""
    number = layout.START_TRANSMISSION.read(start)["transmission"]
    ours = [block for block in transmission.blocks if block.service == layout.SERVICE_OCR]
    others = [block for block in transmission.blocks if block.service != layout.SERVICE_OCR]
    read_ones = [_assignment(block, number) for block in ours]
    findings = [*(_skipped(block) for block in others), *_transmission_findings(transmission, read_ones, others)]
    statements = [assignment.statement for assignment in read_ones]
    if findings and not statements:
        statements = [Statement(id=number, account="", currency=CURRENCY, format=NAME, payments=())]
    if blocking(findings):
        statements = [_held(statement) for statement in statements]
    for index, statement in enumerate(statements):
        yield replace(statement, findings=(*findings, *statement.findings)) if findings and not index else statement


def _skipped(block: _Block) -> Finding:
    line = (block.start or block.end or block.body[0])[0]
    return remark("KVITT-BANK-SERVICE", line=line, found=block.service, expected=block.lines())


def _transmission_findings(
    transmission: _Transmission, read_ones: list[_Assignment], others: list[_Block]
) -> list[Finding]:
    if transmission.start is None:
        return [remark("KVITT-BANK-START", line=1, what="NY000010")]
    if transmission.end is None:
        return [remark("KVITT-BANK-END", line=transmission.start[0], what="NY000089")]
    parts = [assignment.totals for assignment in read_ones] + [_said_by(block) for block in others]
    found = _Totals(
        sum(part.transactions for part in parts),
        sum(part.records for part in parts) + 2,
        sum(part.sum for part in parts),
    )
    return _compared(layout.END_TRANSMISSION, transmission.end, found)


def _said_by(block: _Block) -> _Totals:
    """What another service's assignment adds to the totals, by its own trailer; its records are counted."""
    said = layout.END_ASSIGNMENT.read(block.end[1]) if block.end else {}
    return _Totals(_whole(said.get("transactions", "")) or 0, block.lines(), _whole(said.get("sum", "")) or 0)


def _compared(record: layout.Record, line: Line, found: _Totals) -> list[Finding]:
    number, text = line
    said = {name: _whole(value) for name, value in record.read(text).items()}
    findings = []
    for name, there in (("transactions", found.transactions), ("records", found.records), ("sum", found.sum)):
        if said[name] == there:
            continue
        start, end = record.place(name)
        expected, shown = (said[name], there) if name != "sum" else (_kroner(said[name]), _kroner(there))
        code = "KVITT-BANK-SUM" if name == "sum" else "KVITT-BANK-COUNT"
        findings.append(remark(code, line=number, expected=expected, found=shown, what=name, start=start, end=end))
    return findings


def _kroner(minor: int | None) -> str:
    return "?" if minor is None else str(Money(minor, CURRENCY))


def _assignment(block: _Block, transmission: str) -> _Assignment:
    head = layout.START_ASSIGNMENT.read(block.start[1]) if block.start else {}
    name = f"{transmission}/{head.get('assignment', '')}"
    groups, findings = _grouped(block.body)
    booked = [_transaction(group, account=head.get("account", ""), source=name) for group in groups]
    findings += [finding for one in booked for finding in one.findings]
    totals = _Totals(len(groups), block.lines(), sum(one.control for one in booked))
    findings += _assignment_findings(block, totals)
    statement = Statement(
        id=name,
        account=head.get("account", ""),
        currency=CURRENCY,
        format=NAME,
        payments=tuple(one.payment for one in booked if one.payment),
        findings=tuple(findings),
    )
    failed = any(finding.code in _HOLDING for finding in findings)
    return _Assignment(_held(statement) if failed else statement, totals)


_HOLDING = frozenset({"KVITT-BANK-COUNT", "KVITT-BANK-SUM", "KVITT-BANK-END", "KVITT-BANK-START"})


def _assignment_findings(block: _Block, totals: _Totals) -> list[Finding]:
    if block.start is None:
        line = block.body[0][0] if block.body else (block.end or (0, ""))[0]
        return [remark("KVITT-BANK-START", line=line, what="NY090020")]
    if block.end is None:
        return [remark("KVITT-BANK-END", line=block.start[0], what="NY090088")]
    return _compared(layout.END_ASSIGNMENT, block.end, totals)


def _held(statement: Statement) -> Statement:
    payments = tuple(replace(payment, state=BookingState.HELD) for payment in statement.payments)
    return replace(statement, payments=payments)


def _grouped(body: list[Line]) -> tuple[list[list[Line]], list[Finding]]:
    """Item 1 with its items 2 and 3; records that belong nowhere become findings."""
    groups: list[list[Line]] = []
    findings: list[Finding] = []
    for number, text in body:
        if not text.startswith(_OURS) or text[6:8] not in ("30", "31", "32"):
            findings.append(remark("KVITT-BANK-RECORD", line=number, what="its form", start=1, end=8))
        elif text[6:8] == layout.ITEM_1.kind:
            groups.append([(number, text)])
        elif groups and groups[-1][0][1][8:15] == text[8:15]:
            groups[-1].append((number, text))
        else:
            findings.append(remark("KVITT-BANK-ITEM", line=number, what="transaction number", start=9, end=15))
    numbers = Counter(group[0][1][8:15] for group in groups)
    findings += [
        remark("KVITT-BANK-ITEM", line=group[0][0], what="transaction number used twice", start=9, end=15)
        for group in groups
        if numbers[group[0][1][8:15]] > 1
    ]
    return groups, findings


def _transaction(group: list[Line], *, account: str, source: str) -> _Booked:
    line, text = group[0]
    items = {item[6:8]: item for _, item in group[1:]}
    first = layout.ITEM_1.read(text)
    second = layout.ITEM_2.read(items.get("31", ""))
    words = layout.ITEM_3.read(items.get("32", ""))["text"].strip()
    kind, kid, booked = text[4:6], first["kid"].strip(), _day(first["date"])
    kid_kind = reference_kind(kid)
    findings = _item_findings(line, kind, items, bad_kid=kid_kind is ReferenceKind.OTHER, dated=booked is not None)
    amount = _whole(first["amount"])
    if amount is None or first["sign"] not in ("0", " ", "-") or not _whole_line(text):
        unreadable = remark("KVITT-BANK-AMOUNT", line=line, start=32, end=49)
        return _Booked(None, 0, (unreadable, *findings))
    control = -amount if first["sign"] == "-" else amount
    payment = Payment(
        id=second["archive"] if second["archive"].strip("0 ") else "",
        account=account,
        booked=booked,
        amount=Money(-amount if kind in layout.REVERSALS else control, CURRENCY),
        state=BookingState.BOOKED if booked and kind in layout.TYPES else BookingState.HELD,
        reference=kid,
        reference_kind=kid_kind,
        text=words,
        payer_account=second["debit_account"] if second["debit_account"].strip("0 ") else "",
        reversal=kind in layout.REVERSALS,
        position=f"line {line}",
        source=f"{source}/{first['serial']}",
    )
    return _Booked(payment, control, tuple(findings))


def _item_findings(line: int, kind: str, items: dict[str, str], *, bad_kid: bool, dated: bool) -> list[Finding]:
    findings = []
    if not dated:
        findings.append(remark("KVITT-BANK-DATE", line=line, start=16, end=21))
    if kind not in layout.TYPES:
        findings.append(remark("KVITT-BANK-TYPE", line=line, found=kind, what="transaction type", start=5, end=6))
    if layout.ITEM_2.kind not in items:
        findings.append(remark("KVITT-BANK-ITEM", line=line, what="item 2 is missing"))
    if kind in layout.WITH_TEXT and layout.ITEM_3.kind not in items:
        findings.append(remark("KVITT-BANK-ITEM", line=line, what="item 3 is missing"))
    if bad_kid:
        findings.append(remark("KVITT-BANK-KID", line=line, start=50, end=74))
    return findings


def _whole_line(text: str) -> bool:
    """Whether amount and KID are there in full; blanks after the amount may have been stripped on the way."""
    return len(text) == _AMOUNT_ENDS or len(text) >= _KID_ENDS


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


@lru_cache(maxsize=1024)
def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, layout.DATE).date()  # noqa: DTZ007 -- a date without a time has no zone
    except ValueError:
        return None

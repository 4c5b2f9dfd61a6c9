"""OCR giro: fixed-width records to statements, one per assignment, with counts and control sums checked.

Source: Nets, System specification OCR giro. Choices where it is silent: a credit note (sign "-") lowers the control sum
(net; only secondary sources say so), and an assignment whose sums fail holds its own bookings, while a failing
transmission holds every assignment in it. One unreadable amount is what the control sum leaves for it, and held.

Records are read as they go by and only the bookings are kept: the sums of a block stand in its last record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial

from hub.model.finding import Finding, blocking
from hub.model.identity import is_kid
from hub.model.money import Money
from hub.model.payment import BookingState, Payment, ReferenceKind, Statement
from schemas.banking import ocr_layout as layout
from schemas.banking.ocr_records import Numbers, Records
from schemas.banking.references import reference_kind
from schemas.banking.remarks import remark
from schemas.banking.source import Line, Page

NAME = "ocr-giro"
CURRENCY = "NOK"
_OURS = f"NY{layout.SERVICE_OCR}"
_FIRST, _SECOND = layout.ITEM_1.kind, layout.ITEM_2.kind
_ITEMS = frozenset({_FIRST, _SECOND, layout.ITEM_3.kind})
_ASSIGNMENT = frozenset({layout.START_ASSIGNMENT.kind, layout.END_ASSIGNMENT.kind})
_TRANSMISSION = frozenset({layout.START_TRANSMISSION.kind, layout.END_TRANSMISSION.kind})
_HEADS = {f"{_OURS}{number:02}{kind}": kind for number in range(100) for kind in _ITEMS}
"""The first eight characters of an item, and which of the three it is."""
_SIGNS = frozenset({"0", " ", "-"})
_AMOUNT_END, _KID_END = layout.ITEM_1.place("amount")[1], layout.ITEM_1.place("kid")[1]
_BOOKED, _HELD = BookingState.BOOKED, BookingState.HELD
_KID, _OTHER = ReferenceKind.KID, ReferenceKind.OTHER
_booking = partial(tuple.__new__, Payment)
"""A payment of a tuple of all its fields, in four fifths of the time that naming its class takes."""
_PLAIN = layout.TYPES - layout.REVERSALS - layout.WITH_TEXT
_WHOLE = re.compile(
    r"NY09(?:1[0-79]|21(?=.{74}\n.{80}\nNY092132))30([0-9]{7})(.{16})0([0-9]{17})(.{25}).{6}\n"
    r"NY09[0-9]{2}31\1.{10}(.{9}).{13}(.{11}).{22}\n"
    r"(?:NY09[0-9]{2}32\1(.{40}).{25}\n)?"
    r"(?=NY09[0-9]{2}(?:30|88))"
)
"""A transaction as most are: whole, and another one or the end of the assignment comes after it.

Positions as in `ocr_layout`; groups: number, settlement (date to serial), amount, KID, archive reference, payer's
account, text.
"""


@dataclass(frozen=True, slots=True)
class _Totals:
    """What a trailer says, or what is there; the sum is in øre."""

    transactions: int
    records: int
    sum: int


@dataclass(slots=True)
class _Block:
    """One assignment while its records go by, of whichever service; `unread` are bookings without an amount."""

    service: str
    name: str
    account: str = ""
    start: Line | None = None
    end: Line | None = None
    line: int = 0
    records: int = 0
    control: int = 0
    payments: list[Payment] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    transactions: int = 0
    findings: list[Finding] = field(default_factory=list)
    numbers: Numbers = field(default_factory=Numbers)
    settled: dict[str, tuple[date | None, str]] = field(default_factory=dict)

    def there(self) -> _Totals:
        return _Totals(self.transactions, self.records, self.control)


@dataclass(slots=True)
class _Transmission:
    start: Line | None = None
    number: str = ""
    blocks: list[_Block] = field(default_factory=list)
    end: Line | None = None


def read(pages: Iterator[Page]) -> Iterator[Statement]:
    """The assignments of every transmission; what fails its sums comes with `held` bookings and an error finding."""
    for transmission in _transmissions(Records(pages)):
        yield from _statements(transmission)


def _transmissions(records: Records) -> Iterator[_Transmission]:
    current: _Transmission | None = None
    line = records.next()
    while line is not None:
        text = line[1]
        kind = text[6:8] if text.startswith("NY00") else ""
        if kind == layout.START_TRANSMISSION.kind:
            if current:
                yield current
            number = layout.START_TRANSMISSION.read(text)["transmission"]
            current, line = _Transmission(start=line, number=number), records.next()
        elif kind == layout.END_TRANSMISSION.kind:
            current = current or _Transmission()
            current.end = line
            yield current
            current, line = None, records.next()
        else:
            current = current or _Transmission()
            line = _block(current, line, records)
    if current:
        yield current


def _block(transmission: _Transmission, line: Line, records: Records) -> Line | None:
    """Read an assignment from its first line on; gives the line after it, if any."""
    text = line[1]
    known, service = text.startswith("NY"), text[2:4]
    block = _Block(service if known else layout.SERVICE_OCR, f"{transmission.number}/", line=line[0])
    transmission.blocks.append(block)
    ahead: Line | None = line
    if known and text[6:8] == layout.START_ASSIGNMENT.kind:
        head = layout.START_ASSIGNMENT.read(text)
        block.name, block.account, block.start = f"{block.name}{head['assignment']}", head["account"], line
        block.records, ahead = 1, None
    after = (_items if block.service == layout.SERVICE_OCR else _passed)(block, ahead, records)
    if after is not None and after[1].startswith("NY") and after[1][6:8] == layout.END_ASSIGNMENT.kind:
        block.records += 1
        block.end, after = after, records.next()
    _close(block)
    return after


def _ends(text: str) -> bool:
    """Whether a record begins or ends an assignment or a transmission."""
    kind = text[6:8]
    return text.startswith("NY") and (kind in _ASSIGNMENT or (kind in _TRANSMISSION and text[2:4] == "00"))


def _passed(block: _Block, ahead: Line | None, records: Records) -> Line | None:
    """Count another service's records, without looking at them."""
    while line := ahead or records.next():
        if _ends(line[1]):
            return line
        ahead = None
        block.records += 1
    return None


def _items(block: _Block, ahead: Line | None, records: Records) -> Line | None:
    """Read transactions (item 1 with its items 2 and 3); records that belong nowhere become findings."""
    at, first, second, third = 0, "", "", ""
    while True:
        if not ahead and _WHOLE.match(records.text, records.at):
            _transaction(block, at, first, second, third)
            first = ""
            _plain(block, records)
        line = ahead or records.next()
        if line is None:
            break
        ahead, (number, text) = None, line
        kind = _HEADS.get(text[:8]) or _kind(text)
        if not kind:
            if _ends(text):
                ahead = line
                break
            block.findings.append(remark("KVITT-BANK-RECORD", line=number, what="its form", start=1, end=8))
        elif kind == _FIRST:
            _transaction(block, at, first, second, third)
            at, first, second, third = number, text, "", ""
        elif text[8:15] != first[8:15]:
            block.findings.append(remark("KVITT-BANK-ITEM", line=number, what="transaction number", start=9, end=15))
        elif kind == _SECOND:
            second = text
        else:
            third = text
        block.records += 1
    _transaction(block, at, first, second, third)
    return ahead


def _plain(block: _Block, records: Records) -> None:
    """Book the whole transactions that follow each other from here; one that has anything odd is left for the others.

    A file has a hundred thousand of these: what stands where is found by one pattern for all of its records.
    """
    text, at, line, began = records.text, records.at, records.line, records.line
    account, numbers, settled, add = block.account, block.numbers, block.settled, block.payments.append
    control, last, known_payer = 0, "", ""
    while found := _WHOLE.match(text, at):
        number, settlement, digits, kid, archive, payer, third = found.groups()
        booked, source = settled.get(settlement) or _settled(block, settlement)
        kid = kid.strip()
        kind = (_KID if is_kid(kid) else reference_kind(kid)) if kid else None
        rises = int(number) == numbers.next and not numbers.others
        if booked is None or kind is _OTHER or not (rises or not numbers.used(number)):
            break
        if rises:
            numbers.next += 1
        else:
            numbers.add(number)
        minor = int(digits)
        control += minor
        if payer != last:  # often one payer for many: one text in memory instead of as many
            last, known_payer = payer, payer if payer.strip("0 ") else ""
        add(
            _booking(
                (
                    archive if archive.strip("0 ") else "",
                    account,
                    booked,
                    Money(minor, CURRENCY),
                    _BOOKED,
                    kid,
                    kind,
                    (),
                    "",
                    third.strip() if third else "",
                    known_payer,
                    "",
                    False,
                    f"line {line}",
                    source,
                )
            )
        )
        at, line = found.end(), line + (3 if third else 2)
    block.control += control
    block.records += line - began
    records.at, records.line = at, line


def _kind(text: str) -> str:
    """Which item this is although its type of transaction is no number; nothing where it is no item."""
    return text[6:8] if text[:4] == _OURS and text[6:8] in _ITEMS else ""


def _transaction(block: _Block, line: int, text: str, second: str, third: str) -> None:
    """Add the booking of one transaction, if there is one, and what is odd about it. Positions: see `ocr_layout`."""
    if not text:
        return
    kind, number = text[4:6], text[8:15]
    booked, source = block.settled.get(text[15:31]) or _settled(block, text[15:31])
    kid, archive, payer = text[49:74].strip(), second[25:34], second[47:58]
    kid_kind = (_KID if is_kid(kid) else reference_kind(kid)) if kid else None
    plain = kind in _PLAIN
    reversal = not plain and kind in layout.REVERSALS
    control = _control(block, line, text)
    block.control += control
    again = block.numbers.used(number)
    block.findings += _oddities(line, kind, second, third, kid_kind, dated=booked is not None, again=again)
    block.numbers.add(number)
    block.payments.append(
        Payment(
            archive if archive.strip("0 ") else "",
            block.account,
            booked,
            Money(-abs(control) if reversal else control, CURRENCY),
            _BOOKED if booked and (plain or kind in layout.TYPES) else _HELD,
            kid,
            kid_kind,
            (),
            "",
            third[15:55].strip() if third else "",
            payer if payer.strip("0 ") else "",
            "",
            reversal,
            f"line {line}",
            source,
        )
    )


def _control(block: _Block, line: int, text: str) -> int:
    """What a transaction adds to the control sum; nothing, and said so, where its amount cannot be read."""
    sign, digits = text[31:32], text[32:49]
    # blanks after the amount may have been stripped on the way, but nothing else may be missing
    whole = len(text) >= _KID_END or len(text) == _AMOUNT_END
    if whole and sign in _SIGNS and digits.isdigit() and digits.isascii():
        return -int(digits) if sign == "-" else int(digits)
    block.findings.append(remark("KVITT-BANK-AMOUNT", line=line, start=32, end=49))
    block.unread.append(len(block.payments))
    return 0


def _settled(block: _Block, text: str) -> tuple[date | None, str]:
    """Day and source of a booking: the assignment, and the lump sum on the account it is a part of."""
    block.settled[text] = found = _day(text[:6]), f"{block.name}/{text[11:]}"
    return found


def _oddities(
    line: int, kind: str, second: str, third: str, kid: ReferenceKind | None, *, dated: bool, again: bool
) -> Iterator[Finding]:
    if again:
        yield remark("KVITT-BANK-ITEM", line=line, what="transaction number used twice", start=9, end=15)
    if not dated:
        yield remark("KVITT-BANK-DATE", line=line, start=16, end=21)
    if kind not in layout.TYPES:
        yield remark("KVITT-BANK-TYPE", line=line, found=kind, what="transaction type", start=5, end=6)
    if not second:
        yield remark("KVITT-BANK-ITEM", line=line, what="item 2 is missing")
    if kind in layout.WITH_TEXT and not third:
        yield remark("KVITT-BANK-ITEM", line=line, what="item 3 is missing")
    if kid is _OTHER:
        yield remark("KVITT-BANK-KID", line=line, start=50, end=74)


_HOLDING = frozenset({"KVITT-BANK-COUNT", "KVITT-BANK-SUM", "KVITT-BANK-END", "KVITT-BANK-START"})


def _close(block: _Block) -> None:
    """Judge an assignment by its trailer, which also says what a single unreadable amount must have been."""
    block.numbers, block.settled, block.transactions = Numbers(), {}, len(block.payments)
    if block.service != layout.SERVICE_OCR:
        return
    _fill(block)
    found = _trailer_findings(block)
    block.findings += found
    if found:
        block.payments = _held(block.payments)


def _fill(block: _Block) -> None:
    """Give the one booking without an amount what the others leave of the control sum; it stays held.

    Without a sum that leaves something for it, or where several are unreadable, those bookings are dropped: the sums
    fail then, and say so.
    """
    said = _whole(layout.END_ASSIGNMENT.read(block.end[1])["sum"]) if block.end else None
    left = (said or 0) - block.control
    for at in reversed(block.unread):
        if len(block.unread) == 1 and left > 0:
            one = block.payments[at]
            block.control += left
            amount = Money(-left if one.reversal else left, CURRENCY)
            block.payments[at] = one._replace(amount=amount, state=_HELD)
        else:
            del block.payments[at]


def _trailer_findings(block: _Block) -> list[Finding]:
    if block.start is None:
        return [remark("KVITT-BANK-START", line=block.line, what="NY090020")]
    if block.end is None:
        return [remark("KVITT-BANK-END", line=block.line, what="NY090088")]
    return _compared(layout.END_ASSIGNMENT, block.end, block.there())


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


def _held(payments: list[Payment]) -> list[Payment]:
    return [payment._replace(state=_HELD) for payment in payments]


def _statements(transmission: _Transmission) -> Iterator[Statement]:
    ours = [block for block in transmission.blocks if block.service == layout.SERVICE_OCR]
    others = [block for block in transmission.blocks if block.service != layout.SERVICE_OCR]
    findings = [*(_skipped(block) for block in others), *_transmission_findings(transmission)]
    if findings and not ours:
        ours = [_Block(layout.SERVICE_OCR, transmission.number)]
    held = bool(blocking(findings))
    for index, block in enumerate(ours):
        yield Statement(
            id=block.name,
            account=block.account,
            currency=CURRENCY,
            format=NAME,
            payments=tuple(_held(block.payments) if held else block.payments),
            findings=(*findings, *block.findings) if not index else tuple(block.findings),
        )


def _skipped(block: _Block) -> Finding:
    return remark("KVITT-BANK-SERVICE", line=block.line, found=block.service, expected=block.records)


def _transmission_findings(transmission: _Transmission) -> list[Finding]:
    if transmission.start is None:
        return [remark("KVITT-BANK-START", line=1, what="NY000010")]
    if transmission.end is None:
        return [remark("KVITT-BANK-END", line=transmission.start[0], what="NY000089")]
    parts = [_told(block) for block in transmission.blocks]
    found = _Totals(
        sum(part.transactions for part in parts),
        sum(part.records for part in parts) + 2,
        sum(part.sum for part in parts),
    )
    return _compared(layout.END_TRANSMISSION, transmission.end, found)


def _told(block: _Block) -> _Totals:
    """What an assignment adds to the totals: what is there, or for another service what its own trailer says."""
    if block.service == layout.SERVICE_OCR:
        return block.there()
    said = layout.END_ASSIGNMENT.read(block.end[1]) if block.end else {}
    return _Totals(_whole(said.get("transactions", "")) or 0, block.records, _whole(said.get("sum", "")) or 0)


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, layout.DATE).date()  # noqa: DTZ007 -- a date without a time has no zone
    except ValueError:
        return None

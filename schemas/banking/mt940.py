"""MT940 customer statements (SWIFT category 9): a generic core; banks' own habits are data in `mt940_dialects`.

A file may hold many statements of many accounts; each begins at `:20:`. Envelopes (`{1:...}`, `940`, `-}`) are passed
over wherever they stand. A balance that does not add up warns; a bank's own totals that fail hold the statement.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from hub.model.finding import Finding
from hub.model.money import EXPONENT, Money
from hub.model.payment import BookingState, Payment, Statement
from schemas.banking.mt940_dialects import GENERIC, Dialect, Information, Second, dialect_of, information
from schemas.banking.references import NO_ID
from schemas.banking.remarks import remark
from schemas.banking.source import LONGEST_TEXT, Line

NAME = "mt940"
_TAG = re.compile(r":(\d\d[A-Z]?|NS):")
_COMMON = {":61:": "61", ":86:": "86"}
"""Tags a file has a hundred thousand of."""
_BALANCE = re.compile(r"(?P<mark>[CD])(?P<date>\d{6})(?P<currency>[A-Z]{3})(?P<amount>\d{1,15}(?:,\d{0,4})?)", re.ASCII)
_ENTRY = re.compile(
    r"(?P<value>\d{6})(?P<entry>\d{4})?(?P<mark>R?[CD])[A-Z]?"
    r"(?P<amount>\d{1,15}(?:,\d{0,4})?)[A-Z][A-Z0-9 ]{3}(?P<rest>.*)",
    re.ASCII,
)
_HEAD_LINES = 9
_OUT = frozenset({"D", "RC"})


@dataclass(slots=True)
class _Field:
    """One tag with its lines; junk between statements hangs on the last field and is never looked at."""

    line: int
    tag: str
    lines: list[str]


_Entry = tuple[int, list[str], list[str]]
"""A `:61:` with its line number, its lines and those of the `:86:` right after it."""


@dataclass(slots=True)
class _Open:
    """The statement being read: its fields but for the entries, which become bookings as they go by."""

    head: str
    fields: list[_Field] = field(default_factory=list)
    first_line: int = 0
    last_line: int = 0
    known: bool = False
    dialect: Dialect = GENERIC
    account: str = ""
    currency: str = ""
    name: str = ""
    payments: list[Payment] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    waiting: list[_Entry] = field(default_factory=list)

    def first(self, *tags: str) -> _Field | None:
        return next((one for one in self.fields if one.tag in tags), None)


def read(lines: Iterable[Line]) -> Iterator[Statement]:
    """Every statement of an MT940 file, one at a time."""
    current: _Open | None = None
    entry: _Entry | None = None
    head: deque[str] = deque(maxlen=_HEAD_LINES)
    last: list[str] = []  # the lines of the field that goes on
    for number, text in lines:
        tag = (_COMMON.get(text[:4]) or _tag(text)) if text[0] == ":" else ""
        if not tag:
            head.append(text)
            last.append(text)
            continue
        details = tag == "86" and entry is not None and last is entry[1]
        if current and entry and not details:
            _entry(current, entry)
            entry = None
        if tag == "20" and current:
            yield _statement(current)
            current = None
        current = current or _Open("\n".join(head), first_line=number)
        current.last_line = number
        head.clear()
        last = [text[len(tag) + 2 :]]
        if tag == "61":
            entry = number, last, []
        elif details and entry:
            entry = number, entry[1], last
        else:
            current.fields.append(_Field(number, tag, last))
    if current:
        if entry:
            _entry(current, entry)
        yield _statement(current)


def _tag(text: str) -> str:
    """The tag a line begins with; nothing where it goes on with the one before."""
    match = _TAG.match(text)
    return match[1] if match else ""


def _know(current: _Open) -> bool:
    """Whether account and currency stand before the first entry, as they do with every bank; else the end tells."""
    opening = _balance(current.first("60F", "60M"))
    current.account, said = _account(current.first("25"))
    current.currency = opening.currency if opening is not None else said
    current.dialect = dialect_of(current.account, current.head)
    current.name = _name(current)
    return bool(current.currency and current.account)


def _entry(current: _Open, entry: _Entry) -> None:
    """Book an entry, or let it wait for what the end of the statement says."""
    if current.waiting or not (current.known or _know(current)):
        current.waiting.append(entry)
    else:
        current.known = True
        _book(current, entry)


def _statement(current: _Open) -> Statement:
    opening, closing = _balance(current.first("60F", "60M")), _balance(current.first("62F", "62M"))
    if not current.known:
        _know(current)
        current.currency = current.currency or (closing.currency if closing is not None else "")
    for entry in current.waiting:
        _book(current, entry)
    payments = current.payments
    findings = [*current.findings, *_ending(current, opening, closing), *_totals(current)]
    if any(finding.code in _HOLDING for finding in findings):
        payments = [payment._replace(state=BookingState.HELD) for payment in payments]
    return Statement(
        id=_name(current),
        account=current.account,
        currency=current.currency,
        format=NAME,
        payments=tuple(payments),
        opening=opening,
        closing=closing,
        findings=tuple(findings),
    )


_HOLDING = frozenset({"KVITT-BANK-COUNT", "KVITT-BANK-SUM", "KVITT-BANK-END"})


def _name(current: _Open) -> str:
    """Reference and number of the statement: several may share a reference."""
    parts = (current.first("20"), current.first("28C", "28"))
    return "/".join(part.lines[0].strip() for part in parts if part)


def _account(found: _Field | None) -> tuple[str, str]:
    """Account number and, where the bank hangs it on (ING), its currency."""
    text = found.lines[0].strip() if found else ""
    match = re.fullmatch(r"([A-Z]{2}\d{2}[A-Z0-9]{11,27}?)([A-Z]{3})?", text)
    return (match[1], match[2] or "") if match else (text, "")


def _balance(found: _Field | None) -> Money | None:
    match = _BALANCE.match(found.lines[0]) if found else None
    minor = _minor(match["amount"], match["currency"]) if match else None
    if match is None or minor is None:
        return None
    return Money(-minor if match["mark"] == "D" else minor, match["currency"])


def _minor(text: str, currency: str) -> int | None:
    """An amount with decimal comma in minor units; None when it has more decimals than the currency."""
    whole, _, part = text.partition(",")
    digits = EXPONENT.get(currency, 2)
    if len(part) > digits:
        part = part.rstrip("0")
        if len(part) > digits:
            return None
    return int(whole + part.ljust(digits, "0"))


def _book(current: _Open, entry: _Entry) -> None:
    """Add the booking of an entry, and what is odd about it."""
    line, lines, details = entry
    match = _ENTRY.match(lines[0])
    if not match and len(lines) > 1:  # some banks break the line right after the mark
        lines = [lines[0] + lines[1], *lines[2:]]
        match = _ENTRY.match(lines[0])
    if not match:
        current.findings.append(remark("KVITT-BANK-RECORD", line=line, what=":61:"))
        return
    value, day, mark, digits, rest = match.groups()
    currency, dialect = current.currency, current.dialect
    minor = _minor(digits, currency) if currency else None
    if minor is None:
        current.findings.append(remark("KVITT-BANK-AMOUNT", line=line))
        return
    customer, bank, more = _references(rest, lines, dialect)
    info = information(details)
    booked = _booked(value, day)
    if booked is None or len(info.text) > LONGEST_TEXT:
        current.findings += _oddities(line, info, dated=booked is not None)
    current.payments.append(
        Payment(
            bank,
            current.account,
            booked,
            Money(-minor if mark in _OUT else minor, currency),
            BookingState.BOOKED if booked else BookingState.HELD,
            info.reference,
            info.kind,
            (),
            info.end_to_end,
            info.text[:LONGEST_TEXT],
            _payer_account(info, customer, more, dialect),
            info.name or (more if dialect.second is Second.NAME else ""),
            mark[0] == "R" or info.returned,
            f"line {line}",
            current.name,
        )
    )


def _oddities(line: int, info: Information, *, dated: bool) -> Iterator[Finding]:
    if not dated:
        yield remark("KVITT-BANK-DATE", line=line)
    if len(info.text) > LONGEST_TEXT:
        yield remark("KVITT-BANK-TEXT", line=line, found=len(info.text), expected=LONGEST_TEXT)


def _references(rest: str, lines: list[str], dialect: Dialect) -> tuple[str, str, str]:
    """The customer's and the bank's reference, and what the further lines of `:61:` hold."""
    further = lines[1:]
    while dialect.wrapped and "//" in rest and further and not further[0].startswith("/"):
        rest += further.pop(0)
    customer, _, bank = rest.partition("//")
    bank = bank.strip()
    return customer.strip(), "" if bank in NO_ID else bank, " ".join(further).strip()


def _payer_account(info: Information, customer: str, more: str, dialect: Dialect) -> str:
    if info.account:
        return info.account
    if dialect.second is Second.ACCOUNT:
        return more
    return customer if dialect.account_in_reference and customer not in NO_ID else ""


@lru_cache(maxsize=1024)
def _booked(value: str, entry: str | None) -> date | None:
    """The entry date, in the year nearest to the value date; the value date where there is no other."""
    valued = _valued(2000 + int(value[:2]), int(value[2:4]), int(value[4:]))
    if valued is None or not entry:
        return valued
    month, day = int(entry[:2]), int(entry[2:])
    near = [_in_year(year, month, day) for year in (valued.year - 1, valued.year, valued.year + 1)]
    return min((one for one in near if one), key=lambda one: abs(one - valued), default=None)


def _valued(year: int, month: int, day: int) -> date | None:
    """A value date; where interest is reckoned in months of thirty days, 30 February is the last of the month."""
    if month == 2 and day in (29, 30):
        return _in_year(year, 2, 29) or date(year, 2, 28)
    return _in_year(year, month, day)


def _in_year(year: int, month: int, day: int) -> date | None:
    """That day of that year; 29 February does not exist in every year."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _ending(current: _Open, opening: Money | None, closing: Money | None) -> Iterator[Finding]:
    """A statement without closing balance was cut off; one that does not add up to it is worth a look."""
    if closing is None:
        yield remark("KVITT-BANK-END", line=current.last_line, what=":62F:")
    elif opening is None:
        yield remark("KVITT-BANK-OPENING", line=current.first_line)
    elif opening.currency == closing.currency:
        moved = sum(payment.amount.minor for payment in current.payments)
        found = Money(opening.minor + moved, opening.currency)
        if found != closing:
            yield remark("KVITT-BANK-BALANCE", line=current.first_line, expected=closing, found=found)


def _totals(current: _Open) -> Iterator[Finding]:
    """The bank's own count and sums, in the `:86:` that follows the balances."""
    for one in current.fields:
        match = current.dialect.totals.match("".join(one.lines)) if current.dialect.totals and one.tag == "86" else None
        if match:
            amounts = [payment.amount.minor for payment in current.payments]
            yield from _side(one.line, match, [-minor for minor in amounts if minor < 0], current.currency, "debit")
            yield from _side(one.line, match, [minor for minor in amounts if minor >= 0], current.currency, "credit")


def _side(line: int, match: re.Match[str], amounts: list[int], currency: str, side: str) -> Iterator[Finding]:
    count, total = int(match[f"{side}s"]), _minor(match[side], currency)
    if count != len(amounts):
        yield remark("KVITT-BANK-COUNT", line=line, expected=count, found=len(amounts), what=side)
    if total != sum(amounts):
        said = "?" if total is None else Money(total, currency)
        yield remark("KVITT-BANK-SUM", line=line, expected=said, found=Money(sum(amounts), currency))

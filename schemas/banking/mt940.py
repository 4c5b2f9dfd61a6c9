"""MT940 customer statements (SWIFT category 9): a generic core; banks' own habits are data in `mt940_dialects`.

A file may hold many statements of many accounts; each begins at `:20:`. Envelopes (`{1:...}`, `940`, `-}`) are passed
over wherever they stand. A balance that does not add up warns; a bank's own totals that fail hold the statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from itertools import pairwise

from hub.model.finding import Finding
from hub.model.money import Money, money
from hub.model.payment import BookingState, Payment, Statement
from schemas.banking.mt940_dialects import Dialect, Information, Second, dialect_of, information
from schemas.banking.references import NO_ID
from schemas.banking.remarks import remark
from schemas.banking.source import LONGEST_TEXT, Line

NAME = "mt940"
_TAG = re.compile(r":(\d\d[A-Z]?|NS):")
_BALANCE = re.compile(r"(?P<mark>[CD])(?P<date>\d{6})(?P<currency>[A-Z]{3})(?P<amount>\d{1,15}(,\d{0,4})?)")
_ENTRY = re.compile(
    r"(?P<value>\d{6})(?P<entry>\d{4})?(?P<mark>R?[CD])[A-Z]?(?P<amount>\d{1,15}(,\d{0,4})?)[A-Z][A-Z0-9]{3}(?P<rest>.*)"
)
_HEAD_LINES = 8


@dataclass(slots=True)
class _Field:
    """One tag with its lines; junk between statements hangs on the last field and is never looked at."""

    line: int
    tag: str
    lines: list[str]


@dataclass(slots=True)
class _Raw:
    """One statement's fields as they stand, and the lines before its `:20:`."""

    head: str
    fields: list[_Field] = field(default_factory=list)

    def first(self, *tags: str) -> _Field | None:
        return next((one for one in self.fields if one.tag in tags), None)


def read(lines: Iterable[Line]) -> Iterator[Statement]:
    """Every statement of an MT940 file, one at a time."""
    for raw in _raw(lines):
        yield _statement(raw)


def _raw(lines: Iterable[Line]) -> Iterator[_Raw]:
    current: _Raw | None = None
    head: list[str] = []
    for number, text in lines:
        match = _TAG.match(text)
        if not match:
            head = [*head[-_HEAD_LINES:], text]
            if current:
                current.fields[-1].lines.append(text)
            continue
        if match[1] == "20":
            if current:
                yield current
            current = _Raw("\n".join(head))
        current = current or _Raw("\n".join(head))
        current.fields.append(_Field(number, match[1], [text[match.end() :]]))
        head = []
    if current:
        yield current


def _statement(raw: _Raw) -> Statement:
    account, currency_said = _account(raw.first("25"))
    dialect = dialect_of(account, raw.head)
    opening, closing = _balance(raw.first("60F", "60M")), _balance(raw.first("62F", "62M"))
    currency = next((balance.currency for balance in (opening, closing) if balance is not None), currency_said)
    name = _name(raw)
    payments: list[Payment] = []
    findings: list[Finding] = []
    for entry, details in _entries(raw.fields):
        payment, odd = _payment(entry, details, dialect, account=account, currency=currency, source=name)
        findings += odd
        if payment:
            payments.append(payment)
    findings += _ending(raw, payments, opening, closing)
    findings += _totals(raw, dialect, payments, currency)
    if any(finding.code in _HOLDING for finding in findings):
        payments = [replace(payment, state=BookingState.HELD) for payment in payments]
    return Statement(
        id=name,
        account=account,
        currency=currency,
        format=NAME,
        payments=tuple(payments),
        opening=opening,
        closing=closing,
        findings=tuple(findings),
    )


_HOLDING = frozenset({"KVITT-BANK-COUNT", "KVITT-BANK-SUM", "KVITT-BANK-END"})


def _name(raw: _Raw) -> str:
    """Reference and number of the statement: several may share a reference."""
    parts = (raw.first("20"), raw.first("28C", "28"))
    return "/".join(part.lines[0].strip() for part in parts if part)


def _account(found: _Field | None) -> tuple[str, str]:
    """Account number and, where the bank hangs it on (ING), its currency."""
    text = found.lines[0].strip() if found else ""
    match = re.fullmatch(r"([A-Z]{2}\d{2}[A-Z0-9]{11,27}?)([A-Z]{3})?", text)
    return (match[1], match[2] or "") if match else (text, "")


def _balance(found: _Field | None) -> Money | None:
    match = _BALANCE.match(found.lines[0]) if found else None
    if not match:
        return None
    value = _money(match["amount"], match["currency"])
    return -value if value is not None and match["mark"] == "D" else value


def _money(text: str, currency: str) -> Money | None:
    """An amount with decimal comma; None when it has more decimals than the currency or no currency is known."""
    if not currency:
        return None
    try:
        return money(text.replace(",", "."), currency)
    except ValueError:
        return None


def _entries(fields: list[_Field]) -> Iterator[tuple[_Field, list[str]]]:
    """Every `:61:` with the lines of the `:86:` right after it."""
    for one, after in pairwise([*fields, _Field(0, "", [])]):
        if one.tag == "61":
            yield one, after.lines if after.tag == "86" else []


def _payment(
    entry: _Field, details: list[str], dialect: Dialect, *, account: str, currency: str, source: str
) -> tuple[Payment | None, list[Finding]]:
    match = _ENTRY.match(entry.lines[0])
    if not match:
        return None, [remark("KVITT-BANK-RECORD", line=entry.line, what=":61:")]
    value = _money(match["amount"], currency)
    if value is None:
        return None, [remark("KVITT-BANK-AMOUNT", line=entry.line)]
    customer, bank, more = _references(match["rest"], entry.lines[1:], dialect)
    info = information(details)
    booked = _booked(match["value"], match["entry"])
    payment = Payment(
        id=bank,
        account=account,
        booked=booked,
        amount=-value if match["mark"] in ("D", "RC") else value,
        state=BookingState.BOOKED if booked else BookingState.HELD,
        reference=info.reference,
        reference_kind=info.kind,
        end_to_end=info.end_to_end,
        text=info.text[:LONGEST_TEXT],
        payer_account=_payer_account(info, customer, more, dialect),
        payer_name=info.name or (more if dialect.second is Second.NAME else ""),
        reversal=match["mark"].startswith("R") or info.returned,
        position=f"line {entry.line}",
        source=source,
    )
    return payment, list(_oddities(entry.line, info, dated=booked is not None))


def _oddities(line: int, info: Information, *, dated: bool) -> Iterator[Finding]:
    if not dated:
        yield remark("KVITT-BANK-DATE", line=line)
    if len(info.text) > LONGEST_TEXT:
        yield remark("KVITT-BANK-TEXT", line=line, found=len(info.text), expected=LONGEST_TEXT)


def _references(rest: str, lines: list[str], dialect: Dialect) -> tuple[str, str, str]:
    """The customer's and the bank's reference, and what the further lines of `:61:` hold."""
    further = list(lines)
    while dialect.wrapped and "//" in rest and further and not further[0].startswith("/"):
        rest += further.pop(0)
    customer, _, bank = rest.partition("//")
    return customer.strip(), "" if bank.strip() in NO_ID else bank.strip(), " ".join(further).strip()


def _payer_account(info: Information, customer: str, more: str, dialect: Dialect) -> str:
    if info.account:
        return info.account
    if dialect.second is Second.ACCOUNT:
        return more
    return customer if dialect.account_in_reference and customer not in NO_ID else ""


@lru_cache(maxsize=1024)
def _booked(value: str, entry: str | None) -> date | None:
    """The entry date, in the year nearest to the value date; the value date where there is no other."""
    try:
        valued = date.fromisoformat(f"20{value[:2]}-{value[2:4]}-{value[4:]}")
        if not entry:
            return valued
        month, day = int(entry[:2]), int(entry[2:])
        near = [_in_year(year, month, day) for year in (valued.year - 1, valued.year, valued.year + 1)]
    except ValueError:
        return None
    return min((one for one in near if one), key=lambda one: abs(one - valued), default=None)


def _in_year(year: int, month: int, day: int) -> date | None:
    """That day of that year; 29 February does not exist in every year."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _ending(raw: _Raw, payments: list[Payment], opening: Money | None, closing: Money | None) -> Iterator[Finding]:
    """A statement without closing balance was cut off; one that does not add up to it is worth a look."""
    first = raw.fields[0].line
    if closing is None:
        yield remark("KVITT-BANK-END", line=raw.fields[-1].line, what=":62F:")
    elif opening is not None and opening.currency == closing.currency:
        found = Money(opening.minor + sum(payment.amount.minor for payment in payments), opening.currency)
        if found != closing:
            yield remark("KVITT-BANK-BALANCE", line=first, expected=closing, found=found)


def _totals(raw: _Raw, dialect: Dialect, payments: list[Payment], currency: str) -> Iterator[Finding]:
    """The bank's own count and sums, in the `:86:` that follows the balances."""
    for before, one in pairwise(raw.fields):
        if one.tag != "86" or before.tag == "61":
            continue
        match = dialect.totals.match("".join(one.lines)) if dialect.totals else None
        if match:
            amounts = [payment.amount.minor for payment in payments]
            yield from _side(one.line, match, [-minor for minor in amounts if minor < 0], currency, "debit")
            yield from _side(one.line, match, [minor for minor in amounts if minor >= 0], currency, "credit")


def _side(line: int, match: re.Match[str], amounts: list[int], currency: str, side: str) -> Iterator[Finding]:
    count, total = int(match[f"{side}s"]), _money(match[side], currency)
    if count != len(amounts):
        yield remark("KVITT-BANK-COUNT", line=line, expected=count, found=len(amounts), what=side)
    found = Money(sum(amounts), currency)
    if total != found:
        yield remark("KVITT-BANK-SUM", line=line, expected="?" if total is None else total, found=found)

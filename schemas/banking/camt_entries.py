"""One camt entry and its transactions become bookings (ISO 20022 camt.053/054); `camt` says when.

State lives in `Open` (the statement) and `Entry` while their elements go by; both end with their element.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from hub.model.finding import Finding
from hub.model.money import Money
from hub.model.payment import BookingState, Payment
from schemas.banking import camt_details as part
from schemas.banking.camt_details import Children, Element
from schemas.banking.camt_sums import Sums
from schemas.banking.remarks import remark
from schemas.banking.source import LONGEST_TEXT

_STATES = {
    "BOOK": BookingState.BOOKED,
    "PDNG": BookingState.PENDING,
    "FUTR": BookingState.PENDING,
    "INFO": BookingState.INFO,
}


class Facts(NamedTuple):
    """What an entry says for all its transactions; `minor` is None where the amount cannot be read."""

    minor: int | None
    currency: str
    direction: str
    state: BookingState
    booked: date | None
    reversal: bool
    id: str


@dataclass(slots=True)
class Entry:
    """The entry being read; `said` is how many transactions its batches announce."""

    element: Element
    position: str
    facts: Facts
    payments: list[Payment] = field(default_factory=list)
    unpriced: list[str] = field(default_factory=list)
    group: Element | None = None
    groups: int = 0
    in_group: int = 0
    said: int = 0


class Plan(NamedTuple):
    """What picks the elements of a transaction, and of the entry around it, out of all there are (`camt_plain`)."""

    detail: Callable[[list[Element]], tuple[Element, ...]]
    entry: Callable[[list[Element]], tuple[Element, ...]]


@dataclass(slots=True)
class Open:
    """The statement being read; `shape` (names and numbers of children) and `plan` are those of the last element."""

    element: Element
    position: str
    format: str
    id: str = ""
    account: str = ""
    currency: str = ""
    created: date | None = None
    entries: int = 0
    entry: Entry | None = None
    payments: list[Payment] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    sums: Sums = field(default_factory=Sums)
    payer: tuple[str, str] = ("", "")
    shape: tuple[list[str], list[int]] = ([], [])
    plan: Plan | None = None


def open_entry(current: Open, element: Element) -> Entry:
    """Read what an entry says before its first transaction."""
    current.entries += 1
    position = f"{current.position}/Ntry[{current.entries}]"
    found: Children = {}
    for child in element:
        name = part.local(child.tag)
        if name == "NtryDtls":
            break
        found[name] = child
    state, unknown = _state(found.get("Sts"))
    booked, odd = _booked(current, found)
    if odd and state is BookingState.BOOKED:
        current.findings.append(remark(odd, location=position))
        state = state if booked else BookingState.HELD
    if unknown is not None:
        current.findings.append(remark("KVITT-BANK-TYPE", location=position, found=unknown, what="Sts"))
    direction = part.words(found.get("CdtDbtInd"))
    minor, currency = _priced(current, position, found.get("Amt"), direction)
    reversal = "RvslInd" in found and part.words(found["RvslInd"]) in ("true", "1")
    facts = Facts(minor, currency, direction, state, booked, reversal, part.words(found.get("AcctSvcrRef")))
    current.entry = Entry(element, position, facts)
    return current.entry


def open_group(entry: Entry, group: Element) -> None:
    """Begin one `NtryDtls`, which may say first how many transactions it has."""
    entry.group, entry.in_group = group, 0
    entry.groups += 1
    if part.local(group[0].tag) == "Btch":
        text = part.words(part.down(group[0], "NbOfTxs"))
        entry.said += int(text) if text.isascii() and text.isdigit() else 0


def open_statement(element: Element, number: int, form: str) -> Open:
    """A statement with its id, account and currency, which stand before its entries."""
    found = part.children(element)
    return Open(
        element,
        f"{part.local(element.tag)}[{number}]",
        form,
        part.words(found.get("Id")),
        part.account(found.get("Acct")),
        part.words(part.down(found.get("Acct"), "Ccy")),
        part.moment(found.get("CreDtTm")),
    )


def _booked(current: Open, found: Children) -> tuple[date | None, str]:
    """The booking date (value date, or the message's own, where the bank gives no other), and what is odd about it."""
    try:
        booked = part.day(found.get("BookgDt")) or part.day(found.get("ValDt"))
    except ValueError:
        return None, "KVITT-BANK-DATE"
    if booked is None and current.created is not None:
        return current.created, "KVITT-BANK-UNDATED"
    return booked, "" if booked else "KVITT-BANK-DATE"


def _state(element: Element | None) -> tuple[BookingState, str | None]:
    code = part.words(element)
    if not code and element is not None:
        code = part.words(part.down(element, "Cd")) or part.words(part.down(element, "Prtry"))
    state = _STATES.get(code)
    return (state, None) if state else (BookingState.INFO, code or "-")


def _priced(current: Open, position: str, element: Element | None, direction: str) -> tuple[int | None, str]:
    """The signed amount and its currency; the amount is None, and said so, where it cannot be read."""
    currency = (element.get("Ccy") if element is not None else None) or current.currency
    try:
        minor = part.minor_units(part.words(element), currency)
    except ValueError:
        minor = -1
    if minor < 0 or not currency or direction not in ("CRDT", "DBIT"):
        current.findings.append(remark("KVITT-BANK-AMOUNT", location=position))
        return None, currency
    current.currency = current.currency or currency
    return (-minor if direction == "DBIT" else minor), currency


def add_detail(current: Open, entry: Entry, element: Element) -> None:
    """Read one `TxDtls`; without an amount of its own it stands for the entry's until the entry is closed."""
    position = f"{entry.position}/NtryDtls[{entry.groups}]/TxDtls[{entry.in_group}]"
    facts, found = entry.facts, part.children(element)
    if facts.minor is None:
        return
    try:
        worth = part.detail_amount(found, facts.currency)
    except ValueError:
        current.findings.append(remark("KVITT-BANK-AMOUNT", location=position))
        worth = None
    minor = facts.minor
    if worth is None:
        entry.unpriced.append(position)
    else:
        said = found.get("CdtDbtInd")
        direction = part.words(said) if said is not None else facts.direction
        minor = -worth if direction == "DBIT" else worth
    entry.payments.append(_payment(current, facts, found, minor, position))


def _payment(current: Open, facts: Facts, found: Children, minor: int, position: str) -> Payment:
    own, transaction, end_to_end = "", "", ""
    for child in found.get("Refs", ()):
        name = part.local(child.tag)
        if name == "AcctSvcrRef":
            own = own or part.words(child)
        elif name == "TxId":
            transaction = part.words(child)
        elif name == "EndToEndId":
            end_to_end = part.identifier(child)
    reversal = facts.reversal or "RtrInf" in found
    payer = "", ""
    if "RltdPties" in found:
        payer = part.counterparty(found["RltdPties"], payer_first=(minor >= 0) is not reversal)
    if payer == current.payer:  # mostly one payer for many transactions: one text in memory instead of as many
        payer = current.payer
    current.payer = payer
    paid = _remittance(current, found, facts.currency, position)
    return Payment(
        own or transaction or facts.id,
        current.account,
        facts.booked,
        Money(minor, facts.currency),
        facts.state,
        paid.reference,
        paid.kind,
        paid.documents,
        end_to_end,
        _short(current, paid.text or part.words(found.get("AddtlTxInf")), position),
        *payer,
        reversal,
        position,
        current.id,
    )


def _remittance(current: Open, found: Children, currency: str, position: str) -> part.Remittance:
    if "RmtInf" not in found:
        return part.NOTHING
    try:
        paid = part.remittance(found["RmtInf"], currency)
    except ValueError:
        current.findings.append(remark("KVITT-BANK-RECORD", location=position, what="RmtInf"))
        return part.NOTHING
    if paid.bad_kid:
        current.findings.append(remark("KVITT-BANK-KID", location=position))
    return paid


def _short(current: Open, text: str, position: str) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    current.findings.append(remark("KVITT-BANK-TEXT", location=position, found=len(text), expected=LONGEST_TEXT))
    return text[:LONGEST_TEXT]


def close_entry(current: Open, entry: Entry) -> None:
    """Settle what the entry is worth: its details, or itself where they are none or say nothing usable."""
    facts = entry.facts
    if facts.minor is None:
        return
    current.sums.add(facts.minor, facts.currency, booked=facts.state is BookingState.BOOKED)
    payments = _priced_ones(current, entry, facts.minor)
    if len(payments) == 1 and payments[0].amount.minor != facts.minor and _says(entry, facts):
        payments = [payments[0]._replace(amount=Money(facts.minor, facts.currency))]
    if payments and sum(payment.amount.minor for payment in payments) != facts.minor:
        payments = [_undetailed(current, entry, facts.minor, payments)]
    if not payments:
        payments = [_payment(current, facts, {}, facts.minor, entry.position)]
    if len(payments) == 1 and not payments[0].text:
        text = _added(entry.element)
        payments = [payments[0]._replace(text=_short(current, text, entry.position))] if text else payments
    if entry.said and entry.payments and entry.said != len(entry.payments) and not entry.unpriced:
        said, found = entry.said, len(entry.payments)  # their sum is right: only a warning
        current.findings.append(remark("KVITT-BANK-BATCH", location=entry.position, expected=said, found=found))
    current.payments += payments


def _says(entry: Entry, facts: Facts) -> bool:
    """Whether the only transaction of an entry, which is still there, says the entry's amount in some other place."""
    details = part.children(part.children(entry.group).get("TxDtls"))
    direction = part.words(details.get("CdtDbtInd")) or facts.direction
    try:
        said = list(part.detail_amounts(details, facts.currency))
    except ValueError:
        return False
    return direction == facts.direction and abs(facts.minor or 0) in said


def _added(element: Element) -> str:
    """What an entry says in the end, after its details."""
    for child in reversed(element):
        name = part.local(child.tag)
        if name == "AddtlNtryInf":
            return part.words(child)
        if name == "NtryDtls":
            break
    return ""


def _priced_ones(current: Open, entry: Entry, minor: int) -> list[Payment]:
    """The details with what they are worth; none when several of them do not say.

    A single one is the entry itself; a single silent one among others is what they leave of the entry, but held.
    """
    if len(entry.payments) < 2 or not entry.unpriced:
        return entry.payments
    if len(entry.unpriced) > 1:
        current.findings.append(remark("KVITT-BANK-UNDETAILED", location=entry.position))
        return []
    silent = entry.unpriced[0]
    if not any(finding.location == silent for finding in current.findings):
        current.findings.append(remark("KVITT-BANK-AMOUNT", location=silent))
    others = sum(payment.amount.minor for payment in entry.payments if payment.position != silent)
    left = Money(minor - others, entry.facts.currency)
    return [
        payment._replace(amount=left, state=BookingState.HELD) if payment.position == silent else payment
        for payment in entry.payments
    ]


def _undetailed(current: Open, entry: Entry, minor: int, payments: list[Payment]) -> Payment:
    """The entry as one held booking, because its details add up to something else: none of them can be trusted."""
    currency = entry.facts.currency
    found = Money(sum(payment.amount.minor for payment in payments), currency)
    current.findings.append(
        remark("KVITT-BANK-DETAILS", location=entry.position, expected=Money(minor, currency), found=found)
    )
    return _payment(current, entry.facts, {}, minor, entry.position)._replace(state=BookingState.HELD)

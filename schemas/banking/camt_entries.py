"""One camt entry and its transactions become bookings (ISO 20022 camt.053/054); `camt` says when.

State lives in `Open` (the statement) and `Entry` while their elements go by; both end with their element.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

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


@dataclass(frozen=True, slots=True)
class Facts:
    """What an entry says for all its transactions."""

    amount: Money | None
    direction: str
    state: BookingState
    booked: date | None
    reversal: bool
    id: str


@dataclass(slots=True)
class Entry:
    """The entry being read."""

    position: str
    facts: Facts | None = None
    payments: list[Payment] = field(default_factory=list)
    unpriced: list[str] = field(default_factory=list)
    groups: int = 1
    said: int = 0
    in_group: int = 0


@dataclass(slots=True)
class Open:
    """The statement being read."""

    position: str
    format: str
    id: str = ""
    account: str = ""
    currency: str = ""
    known: bool = False
    entries: int = 0
    entry: Entry | None = None
    payments: list[Payment] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    sums: Sums = field(default_factory=Sums)


def know(current: Open, entry: Entry, element: Element | None) -> None:
    """Read the head of the statement (once) and of the entry; both stand before their first transaction."""
    read_head(current, parent_of(element))
    found = part.children(element)
    booked, bad_date = _booked(found)
    state, unknown = _state(found.get("Sts"))
    if bad_date and state is BookingState.BOOKED:
        current.findings.append(remark("KVITT-BANK-DATE", location=entry.position))
        state = BookingState.HELD
    if unknown is not None:
        current.findings.append(remark("KVITT-BANK-TYPE", location=entry.position, found=unknown, what="Sts"))
    entry.facts = Facts(
        amount=_priced(current, entry.position, found),
        direction=part.words(found.get("CdtDbtInd")),
        state=state,
        booked=booked,
        reversal=_true(found.get("RvslInd")),
        id=part.words(found.get("AcctSvcrRef")),
    )


def read_head(current: Open, element: Element | None) -> None:
    """Id, account and currency of the statement, once."""
    if current.known:
        return
    current.known = True
    found = part.children(element)
    current.id = part.words(found.get("Id"))
    current.account = part.account(found.get("Acct"))
    current.currency = part.words(part.down(found.get("Acct"), "Ccy"))


def _booked(found: Children) -> tuple[date | None, bool]:
    """The booking date (value date where the bank gives no other), and whether it is missing or unreadable."""
    try:
        booked = part.day(found.get("BookgDt")) or part.day(found.get("ValDt"))
    except ValueError:
        return None, True
    return booked, booked is None


def _state(element: Element | None) -> tuple[BookingState, str | None]:
    code = part.words(element) or part.words(part.down(element, "Cd")) or part.words(part.down(element, "Prtry"))
    state = _STATES.get(code)
    return (state, None) if state else (BookingState.INFO, code or "-")


def _true(element: Element | None) -> bool:
    return part.words(element) in ("true", "1")


def _priced(current: Open, position: str, found: Children) -> Money | None:
    try:
        value = part.amount(found.get("Amt"), current.currency)
    except ValueError:
        value = None
    direction = part.words(found.get("CdtDbtInd"))
    if value is None or not value.currency or direction not in ("CRDT", "DBIT"):
        current.findings.append(remark("KVITT-BANK-AMOUNT", location=position))
        return None
    current.currency = current.currency or value.currency
    return part.signed(value, direction)


def add_detail(current: Open, entry: Entry, element: Element) -> None:
    """Read one `TxDtls`; without an amount of its own it stands for the entry's until the entry is closed."""
    position = f"{entry.position}/NtryDtls[{entry.groups}]/TxDtls[{entry.in_group}]"
    facts, found = entry.facts, part.children(element)
    if facts is None or facts.amount is None:
        return
    try:
        worth = part.detail_amount(found, facts.amount.currency)
    except ValueError:
        current.findings.append(remark("KVITT-BANK-AMOUNT", location=position))
        worth = None
    if worth is None:
        entry.unpriced.append(position)
    direction = part.words(found.get("CdtDbtInd")) or facts.direction
    value = part.signed(worth, direction) if worth is not None else facts.amount
    entry.payments.append(_payment(current, facts, found, value, position))


def _payment(current: Open, facts: Facts, found: Children, value: Money, position: str) -> Payment:
    references = part.children(found.get("Refs"))
    reversal = facts.reversal or "RtrInf" in found
    payer_account, payer_name = part.counterparty(found, payer_first=(value.minor >= 0) is not reversal)
    paid = _remittance(current, found, value.currency, position)
    return Payment(
        id=part.words(references.get("AcctSvcrRef")) or part.words(references.get("TxId")) or facts.id,
        account=current.account,
        booked=facts.booked,
        amount=value,
        state=facts.state,
        reference=paid.reference,
        reference_kind=paid.kind,
        documents=paid.documents,
        end_to_end=part.identifier(references.get("EndToEndId")),
        text=_short(current, paid.text or part.words(found.get("AddtlTxInf")), position),
        payer_account=payer_account,
        payer_name=payer_name,
        reversal=reversal,
        position=position,
        source=current.id,
    )


def _remittance(current: Open, found: Children, currency: str, position: str) -> part.Remittance:
    try:
        paid = part.remittance(found.get("RmtInf"), currency)
    except ValueError:
        current.findings.append(remark("KVITT-BANK-RECORD", location=position, what="RmtInf"))
        return part.Remittance()
    if paid.bad_kid:
        current.findings.append(remark("KVITT-BANK-KID", location=position))
    return paid


def _short(current: Open, text: str, position: str) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    current.findings.append(remark("KVITT-BANK-TEXT", location=position, found=len(text), expected=LONGEST_TEXT))
    return text[:LONGEST_TEXT]


def close_entry(current: Open, entry: Entry, element: Element) -> None:
    """Settle what the entry is worth: its details, or itself where they are none or say nothing usable."""
    facts = entry.facts
    if facts is None or facts.amount is None:
        return
    current.sums.add(facts.amount, booked=facts.state is BookingState.BOOKED)
    payments = _priced_ones(current, entry, facts.amount)
    if not payments:
        payments = [_payment(current, facts, {}, facts.amount, entry.position)]
    text = part.words(part.down(element, "AddtlNtryInf"))
    if len(payments) == 1 and not payments[0].text and text:
        payments = [replace(payments[0], text=_short(current, text, entry.position))]
    current.payments += _checked(current, entry, facts.amount, payments)


def _priced_ones(current: Open, entry: Entry, amount: Money) -> list[Payment]:
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
    left = Money(amount.minor - others, amount.currency)
    return [
        replace(payment, amount=left, state=BookingState.HELD) if payment.position == silent else payment
        for payment in entry.payments
    ]


def _checked(current: Open, entry: Entry, amount: Money, payments: list[Payment]) -> list[Payment]:
    """Σ details = entry, or the details are held; a wrong number of them alone is a warning."""
    found = Money(sum(payment.amount.minor for payment in payments), amount.currency)
    if found != amount:
        current.findings.append(remark("KVITT-BANK-DETAILS", location=entry.position, expected=amount, found=found))
        return [replace(payment, state=BookingState.HELD) for payment in payments]
    if entry.said and entry.payments and entry.said != len(entry.payments):
        current.findings.append(
            remark("KVITT-BANK-BATCH", location=entry.position, expected=entry.said, found=len(entry.payments))
        )
    return payments


def parent_of(element: Element | None) -> Element | None:
    """The element above, if any."""
    return element.getparent() if element is not None else None

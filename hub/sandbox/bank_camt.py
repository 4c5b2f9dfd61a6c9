"""The sandbox bank's camt.053 and camt.054 (ISO 20022, .001.02, the version Norwegian banks send)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import cast

from lxml import etree

from hub.errors import MappingError
from hub.model.identity import is_iban
from hub.model.money import Money, total
from hub.model.payment import PaidDocument
from hub.sandbox.bank_booking import Booking, by_account, moved

_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
_LINE = 140

Node = etree._Element  # noqa: SLF001 -- the only name lxml has for its element type
_Content = Node | str | None
_Make = Callable[..., Node]


def camt054_file(
    bookings: Sequence[Booking],
    *,
    message: str,
    created: datetime,
    batch: bool = False,
    copy: bool = False,
    duplicate: bool = False,
) -> bytes:
    """A camt.054.001.02 with a notification per account; `batch` puts a day's movements into one entry."""
    name = "camt.054.001.02"
    make = partial(_node, _NAMESPACE + name)
    parts = [
        _account_part(make, "Ntfctn", f"{message}-{number}", ours, created=created, batch=batch, copy=copy, balances=())
        for number, ours in enumerate(by_account(bookings, duplicate=duplicate).values(), start=1)
    ]
    return _document(make, "BkToCstmrDbtCdtNtfctn", parts, message=message, created=created)


def camt053_file(
    bookings: Sequence[Booking],
    *,
    message: str,
    created: datetime,
    opening: Money | None = None,
    batch: bool = False,
    copy: bool = False,
    duplicate: bool = False,
) -> bytes:
    """A camt.053.001.02 with a statement per account, each with its balances; every account opens with `opening`."""
    name = "camt.053.001.02"
    make = partial(_node, _NAMESPACE + name)
    parts = []
    for number, ours in enumerate(by_account(bookings, duplicate=duplicate).values(), start=1):
        start, end = moved(ours, opening)
        balances = (_balance(make, "OPBD", start, ours), _balance(make, "CLBD", end, ours))
        identity = f"{message}-{number}"
        parts.append(
            _account_part(make, "Stmt", identity, ours, created=created, batch=batch, copy=copy, balances=balances)
        )
    return _document(make, "BkToCstmrStmt", parts, message=message, created=created)


def _node(namespace: str, name: str, *content: _Content, **attributes: str) -> Node:
    """An element of these parts; None is left out, and so is an element that would be empty."""
    element = etree.Element(f"{{{namespace}}}{name}", attributes, nsmap=_default(namespace))
    for part in content:
        if isinstance(part, str):
            element.text = _allowed(part)
        elif part is not None and (len(part) or part.text):
            element.append(part)
    return element


def _default(namespace: str) -> dict[str, str]:
    """A namespace without prefix; lxml spells that None, its types do not know it."""
    return cast("dict[str, str]", {None: namespace})


def _allowed(text: str) -> str:
    """Text XML can hold; control characters become blanks, as banks do."""
    return "".join(char if char.isprintable() else " " for char in text)


def _document(make: _Make, root: str, parts: list[Node], *, message: str, created: datetime) -> bytes:
    if len(message) > 30:
        raise MappingError(f"{root}: a message id has at most 30 characters here, so that statements can be numbered")
    header = make("GrpHdr", make("MsgId", message), make("CreDtTm", _moment(created)))
    document = make("Document", make(root, header, *parts))
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8")


def _moment(created: datetime) -> str:
    return created.isoformat(timespec="seconds")


def _account_part(
    make: _Make,
    name: str,
    identity: str,
    bookings: list[Booking],
    *,
    created: datetime,
    batch: bool,
    copy: bool,
    balances: tuple[Node, ...],
) -> Node:
    entries = list(_entries(bookings, batch=batch))
    return make(
        name,
        make("Id", identity),
        make("CreDtTm", _moment(created)),
        make("CpyDplctInd", "COPY" if copy else None),
        make("Acct", _account_id(make, bookings[0].account), make("Ccy", bookings[0].amount.currency)),
        *balances,
        _summary(make, [_sum(entry) for entry in entries]),
        *(_entry(make, entry, number) for number, entry in enumerate(entries, start=1)),
    )


def _entries(bookings: list[Booking], *, batch: bool) -> Iterator[list[Booking]]:
    """One entry per booking, or one per run of bookings of the same day, direction and currency."""
    if not batch:
        yield from ([booking] for booking in bookings)
        return

    def key(booking: Booking) -> tuple[object, ...]:
        return booking.booked, booking.amount.minor < 0, booking.reversal, booking.amount.currency

    yield from (list(run) for _, run in groupby(bookings, key=key))


def _sum(bookings: list[Booking]) -> Money:
    return total([booking.amount for booking in bookings], bookings[0].amount.currency)


def _account_id(make: _Make, account: str) -> Node | None:
    if not account:
        return None
    if is_iban(account):
        return make("Id", make("IBAN", account))
    return make("Id", make("Othr", make("Id", account), make("SchmeNm", make("Cd", "BBAN"))))


def _amount(make: _Make, name: str, value: Money) -> Node:
    return make(name, f"{abs(value.decimal()):f}", Ccy=value.currency)


def _direction(make: _Make, value: Money) -> Node:
    return make("CdtDbtInd", "DBIT" if value.minor < 0 else "CRDT")


def _balance(make: _Make, code: str, value: Money, bookings: list[Booking]) -> Node:
    day = min(one.booked for one in bookings) if code == "OPBD" else max(one.booked for one in bookings)
    return make(
        "Bal",
        make("Tp", make("CdOrPrtry", make("Cd", code))),
        _amount(make, "Amt", value),
        _direction(make, value),
        make("Dt", make("Dt", day.isoformat())),
    )


def _summary(make: _Make, amounts: list[Money]) -> Node:
    into = [value for value in amounts if value.minor >= 0]
    out = [value for value in amounts if value.minor < 0]
    groups = (("TtlNtries", amounts), ("TtlCdtNtries", into), ("TtlDbtNtries", out))
    return make("TxsSummry", *(_figures(make, name, values) for name, values in groups))


def _figures(make: _Make, name: str, amounts: list[Money]) -> Node:
    absolute = sum(abs(value.decimal()) for value in amounts)
    return make(name, make("NbOfNtries", str(len(amounts))), make("Sum", f"{absolute:f}"))


def _entry(make: _Make, bookings: list[Booking], number: int) -> Node:
    value, first = _sum(bookings), bookings[0]
    day = make("Dt", first.booked.isoformat())
    return make(
        "Ntry",
        make("NtryRef", str(number)),
        _amount(make, "Amt", value),
        _direction(make, value),
        make("RvslInd", "true" if first.reversal else None),
        make("Sts", "BOOK"),
        make("BookgDt", day),
        make("ValDt", make("Dt", first.booked.isoformat())),
        make("AcctSvcrRef", first.id if len(bookings) == 1 else None),
        make("BkTxCd", make("Prtry", make("Cd", "230" if first.reference else "233"))),
        make("NtryDtls", _batch(make, bookings), *(_details(make, booking) for booking in bookings)),
    )


def _batch(make: _Make, bookings: list[Booking]) -> Node | None:
    return make("Btch", make("NbOfTxs", str(len(bookings)))) if len(bookings) > 1 else None


def _details(make: _Make, booking: Booking) -> Node:
    role = "Dbtr" if (booking.amount.minor >= 0) is not booking.reversal else "Cdtr"
    return make(
        "TxDtls",
        make("Refs", make("AcctSvcrRef", booking.id), make("EndToEndId", booking.end_to_end or "NOTPROVIDED")),
        make("AmtDtls", make("TxAmt", _amount(make, "Amt", booking.amount))),
        make(
            "RltdPties",
            make(role, make("Nm", booking.payer_name)),
            make(role + "Acct", _account_id(make, booking.payer_account)),
        ),
        make("RmtInf", *_remittance(make, booking)),
    )


def _remittance(make: _Make, booking: Booking) -> Iterator[Node]:
    for start in range(0, len(booking.text), _LINE):
        yield make("Ustrd", booking.text[start : start + _LINE])
    for document in booking.documents:
        yield _paid(make, document)
    if booking.reference:
        kind = make("Tp", make("CdOrPrtry", make("Cd", "SCOR")), make("Issr", booking.issuer))
        yield make("Strd", make("CdtrRefInf", kind, make("Ref", booking.reference)))


def _paid(make: _Make, document: PaidDocument) -> Node:
    worth = "CdtNoteAmt" if document.amount.minor < 0 else "RmtdAmt"
    return make(
        "Strd",
        make("RfrdDocInf", make("Tp", make("CdOrPrtry", make("Cd", document.kind))), make("Nb", document.reference)),
        make("RfrdDocAmt", _amount(make, worth, document.amount)),
    )

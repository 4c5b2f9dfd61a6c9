"""Writes a payment order: the same order gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC
from typing import TypeAlias

from lxml import etree

from hub.model.identity import is_iban
from hub.model.party import Address
from schemas.pain.order import EURO, NAMESPACE, Debtor, Group, Order, Transfer, require_writable
from schemas.pain.text import nordic, sepa

_NAME, _TEXT, _STREET, _TOWN, _CODE = 70, 140, 70, 35, 16
_NOT_PROVIDED = "NOTPROVIDED"
"""What stands in place of a bank the account number names by itself."""
Node: TypeAlias = etree._Element  # noqa: SLF001 -- lxml has no public name for it
_Letters = Callable[[str, int], str]


def write(order: Order) -> bytes:
    """The order as pain.001.001.09; MappingError for one no bank would take."""
    require_writable(order)
    root = etree.Element(f"{{{NAMESPACE}}}Document", nsmap={None: NAMESPACE})  # type: ignore[dict-item] # the stubs know no default namespace
    body = _add(root, "CstmrCdtTrfInitn")
    _header(body, order)
    for group in order.groups:
        _group(body, group)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add(parent: Node, path: str, text: str | None = None) -> Node:
    """A child, or a chain of them (`Tp/CdOrPrtry/Cd`); gives the last."""
    for name in path.split("/"):
        parent = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    parent.text = text
    return parent


def _header(body: Node, order: Order) -> None:
    header = _add(body, "GrpHdr")
    _add(header, "MsgId", order.id)
    _add(header, "CreDtTm", order.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00"))
    _add(header, "NbOfTxs", str(len(order.transfers)))
    _add(header, "CtrlSum", f"{sum(group.sum.decimal() for group in order.groups):f}")
    _add(header, "InitgPty/Nm", _letters(order.groups[0].currency)(order.initiator, _NAME))


def _letters(currency: str) -> _Letters:
    return sepa if currency == EURO else nordic


def _group(body: Node, group: Group) -> None:
    """One `PmtInf`: each transfer is booked by itself, so that the bank's booking names it."""
    letters = _letters(group.currency)
    node = _add(body, "PmtInf")
    _add(node, "PmtInfId", group.id)
    _add(node, "PmtMtd", "TRF")
    _add(node, "BtchBookg", "false")
    _add(node, "NbOfTxs", str(len(group.transfers)))
    _add(node, "CtrlSum", f"{group.sum.decimal():f}")
    if group.currency == EURO:
        _add(node, "PmtTpInf/SvcLvl/Cd", "SEPA")
    _add(node, "ReqdExctnDt/Dt", group.execution_date.isoformat())
    _debtor(node, group.debtor, group.currency, letters)
    _add(node, "ChrgBr", "SLEV" if group.currency == EURO else "SHAR")
    for one in group.transfers:
        _transfer(node, one, letters)


def _debtor(node: Node, debtor: Debtor, currency: str, letters: _Letters) -> None:
    _party(_add(node, "Dbtr"), debtor.name, debtor.address, letters)
    account = _add(node, "DbtrAcct")
    _account(account, debtor.account)
    _add(account, "Ccy", currency)
    bank = _add(node, "DbtrAgt/FinInstnId")
    if debtor.bic:
        _add(bank, "BICFI", debtor.bic)
    else:
        _add(bank, "Othr/Id", _NOT_PROVIDED)


def _transfer(node: Node, one: Transfer, letters: _Letters) -> None:
    transfer = _add(node, "CdtTrfTxInf")
    ids = _add(transfer, "PmtId")
    _add(ids, "InstrId", one.end_to_end)
    _add(ids, "EndToEndId", one.end_to_end)
    amount = _add(transfer, "Amt/InstdAmt", f"{one.amount.decimal():f}")
    amount.set("Ccy", one.amount.currency)
    if one.bic:
        _add(transfer, "CdtrAgt/FinInstnId/BICFI", one.bic)
    _party(_add(transfer, "Cdtr"), one.name, one.address, letters)
    _account(_add(transfer, "CdtrAcct"), one.account)
    if one.reference:
        reference = _add(transfer, "RmtInf/Strd/CdtrRefInf")
        _add(reference, "Tp/CdOrPrtry/Cd", "SCOR")
        _add(reference, "Ref", one.reference)
    elif one.text:
        _add(transfer, "RmtInf/Ustrd", letters(one.text, _TEXT))


def _account(node: Node, account: str) -> None:
    """An IBAN, else a Norwegian account number."""
    if is_iban(account):
        _add(node, "Id/IBAN", account)
        return
    other = _add(node, "Id/Othr")
    _add(other, "Id", account)
    _add(other, "SchmeNm/Cd", "BBAN")


def _party(node: Node, name: str, address: Address, letters: _Letters) -> None:
    """A name, and a structured address where town and country are known; half an address is none."""
    _add(node, "Nm", letters(name, _NAME))
    if address.city and address.country:
        place = _add(node, "PstlAdr")
        for tag, text in _address(address, letters):
            _add(place, tag, text)


def _address(address: Address, letters: _Letters) -> Iterator[tuple[str, str]]:
    if address.street:
        yield "StrtNm", letters(address.street, _STREET)
    if address.postal_code:
        yield "PstCd", letters(address.postal_code, _CODE)
    yield "TwnNm", letters(address.city, _TOWN)
    yield "Ctry", address.country

"""A payment order as values, and what makes one impossible to write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from hub.errors import MappingError
from hub.model.identity import is_bban, is_iban
from hub.model.money import Money, total
from hub.model.party import Address
from schemas.pain.text import nordic

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
EURO = "EUR"
NOWHERE = Address()
_IDENTIFIER = re.compile(r"[A-Za-z0-9+?()., '/:-]{1,35}")
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
LARGEST_MINOR = 99_999_999_999
"""The largest amount of one SEPA credit transfer: 999,999,999.99."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Debtor:
    """Who pays, from which account; `bic` where the bank still wants it."""

    name: str
    account: str
    address: Address = NOWHERE
    bic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One payment to one creditor. `reference` is an RF reference; `text` is what the creditor reads otherwise."""

    end_to_end: str
    amount: Money
    name: str
    account: str
    address: Address = NOWHERE
    text: str = ""
    reference: str = ""
    bic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Transfers of one debtor account on one day (`PmtInf`)."""

    id: str
    debtor: Debtor
    execution_date: date
    transfers: tuple[Transfer, ...]

    @property
    def currency(self) -> str:
        """The currency of the group."""
        return self.transfers[0].amount.currency if self.transfers else ""

    @property
    def sum(self) -> Money:
        """The control sum."""
        return total([one.amount for one in self.transfers], self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One payment order: the same ids and moment give the same bytes."""

    id: str
    created: datetime
    initiator: str
    groups: tuple[Group, ...]

    @property
    def transfers(self) -> tuple[Transfer, ...]:
        """Every transfer of every group."""
        return tuple(one for group in self.groups for one in group.transfers)


def is_name(text: str) -> bool:
    """Whether anything of a name is left in letters a bank takes."""
    return bool(nordic(text, 1))


def require_writable(order: Order) -> None:
    """MappingError naming the first thing no bank would take."""
    for where, problem in _problems(order):
        raise MappingError(f"this payment order cannot be written: {problem}", where=where)


def _problems(order: Order) -> Iterator[tuple[str, str]]:
    if not order.transfers:
        yield order.id, "it pays nothing"
    if not nordic(order.initiator, 1):
        yield order.id, "it does not say who gives it"
    if order.created.tzinfo is None:
        yield order.id, "its moment has no time zone"
    for name in (order.id, *(group.id for group in order.groups)):
        yield from _identifier(name)
    ids = [one.end_to_end for one in order.transfers]
    if len(set(ids)) < len(ids) or len({group.id for group in order.groups}) < len(order.groups):
        yield order.id, "an id stands twice"
    for group in order.groups:
        yield from _group(group)


def _group(group: Group) -> Iterator[tuple[str, str]]:
    if not group.transfers:
        yield group.id, "a group pays nothing"
    if len({one.amount.currency for one in group.transfers}) > 1:
        yield group.id, "a group has one currency"
    if not nordic(group.debtor.name, 1):
        yield group.id, "the payer has no name"
    yield from _account(group.id, group.debtor.account, group.debtor.bic, group.currency)
    for one in group.transfers:
        yield from _identifier(one.end_to_end)
        yield from _account(one.end_to_end, one.account, one.bic, one.amount.currency)
        if not 0 < one.amount.minor <= LARGEST_MINOR:
            yield one.end_to_end, f"{one.amount} cannot be transferred"
        if not is_name(one.name):
            yield one.end_to_end, "the payee has no name"
        if one.text and one.reference:
            yield one.end_to_end, "either a reference or a text"


def _identifier(text: str) -> Iterator[tuple[str, str]]:
    if not _IDENTIFIER.fullmatch(text) or text.startswith("/") or "//" in text:
        yield text, "an id has 1 to 35 letters, digits and simple signs"


def _account(where: str, account: str, bic: str, currency: str) -> Iterator[tuple[str, str]]:
    if not is_iban(account) and not (is_bban(account) and currency != EURO):
        yield where, "the account is no IBAN with the right check digits (outside the euro a Norwegian account will do)"
    if bic and not _BIC.fullmatch(bic):
        yield where, "the BIC has the wrong form"

"""The open claims of one run, indexed, with what is still payable on each as payments are matched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache

from hub.matching.allocation import Due
from hub.matching.items import Allocation, OpenItem
from hub.matching.references import SHORTEST, plain, structured
from hub.model.identity import digits
from hub.model.payment import Payment

_Places = dict[str, "int | list[int]"]
Amount = tuple[str, str, int]
"""Payer, currency, minor units."""
Ledger = tuple[str, str, str]
"""Payer, claimant, currency: what insurers net within."""


@lru_cache(maxsize=65536)
def bank_account(text: str) -> str:
    """An account in the form it is compared in; a Norwegian IBAN and its BBAN are one account."""
    compact = digits(text).upper()
    return compact[4:] if len(compact) == 15 and compact.startswith("NO") else compact


def _add(places: _Places, key: str, index: int) -> None:
    """Most keys have one place: a list is made for the second only (450,000 claims, three keys each)."""
    there = places.get(key)
    if there is None:
        places[key] = index
    elif isinstance(there, list):
        if there[-1] != index:
            there.append(index)
    elif there != index:
        places[key] = [there, index]


def _get(places: _Places, key: str) -> Sequence[int]:
    there = places.get(key)
    if there is None:
        return ()
    return there if isinstance(there, list) else (there,)


class Book:
    """Items by reference, number, batch, payer and amount; every index is a dictionary."""

    def __init__(self, items: Iterable[OpenItem]) -> None:
        self.items = sorted(items, key=lambda item: (item.issue_date or date.min, item.ref, item.claim_id))
        self.open = [sum(line.outstanding.minor + line.undecided.minor for line in item.lines) for item in self.items]
        self._dues: dict[int, list[Due]] = {}
        self._references: _Places = {}
        self._numbers: _Places = {}
        self._batches: dict[tuple[str, str], list[int]] = {}
        self._owners: dict[str, set[str]] = {}
        self._same: dict[tuple[Amount, str], int] = {}
        self._accounts: dict[str, str] = {}
        self._listed: dict[Amount, list[int]] = {}
        self._payers: dict[tuple[str, str], list[int]] = {}
        self._credits: dict[Ledger, list[int]] = {}
        self._balance: dict[Ledger, int] = {}
        known: set[tuple[str, tuple[str, ...]]] = set()
        for index, item in enumerate(self.items):
            self._index(index, item)
            if (item.payer, item.payer_accounts) not in known:
                known.add((item.payer, item.payer_accounts))
                for account in item.payer_accounts:
                    self._owners.setdefault(bank_account(account), set()).add(item.payer)

    def _index(self, index: int, item: OpenItem) -> None:
        if item.kid:
            _add(self._references, structured(item.kid), index)
        for number in (item.kid, "" if item.batch else item.invoice_number, item.ref, *item.references):
            key = plain(number)
            if len(key) >= SHORTEST:
                _add(self._numbers, key, index)
        for number in {item.batch, *(item.references if item.batch else ())}:
            if number:
                self._batches.setdefault((item.payer, plain(number)), []).append(index)
        if self.open[index]:
            self._count(index, self.open[index])
            self._payers.setdefault((item.payer, item.currency), []).append(index)
        if self.open[index] < 0:
            self._credits.setdefault((item.payer, item.claimant, item.currency), []).append(index)

    def _count(self, index: int, payable: int) -> None:
        item = self.items[index]
        key = (item.payer, item.currency, payable)
        here = (key, self._ours(item))
        self._same[here] = self._same.get(here, 0) + 1
        self._listed.setdefault(key, []).append(index)
        ledger = (item.payer, item.claimant, item.currency)
        self._balance[ledger] = self._balance.get(ledger, 0) + payable

    def claims(self, indexes: Iterable[int]) -> list[str]:
        """The claim ids of items."""
        return [self.items[index].claim_id for index in indexes]

    def owners(self, account: str) -> frozenset[str]:
        """The payers known to pay from an account."""
        return frozenset(self._owners.get(bank_account(account), ())) if account else frozenset()

    def referenced(self, reference: str) -> Sequence[int]:
        """Items with a structured reference, as compared."""
        return _get(self._references, reference)

    def numbered(self, number: str) -> Sequence[int]:
        """Items with an invoice number, own reference or KID, as compared."""
        return _get(self._numbers, number)

    def batch(self, payer: str, number: str) -> Sequence[int]:
        """Items of a payer that travelled in a file with this number."""
        return self._batches.get((payer, number), ())

    def _ours(self, item: OpenItem) -> str:
        """The account an item must be paid to, as compared; empty for any."""
        known = self._accounts.get(item.account)
        if known is None:
            known = self._accounts[item.account] = bank_account(item.account)
        return known

    def fits(self, index: int, payment: Payment) -> bool:
        """Whether currency and receiving account allow the item."""
        item = self.items[index]
        if item.currency != payment.amount.currency:
            return False
        ours = self._ours(item)
        return not ours or not payment.account or ours == bank_account(payment.account)

    def others_of_amount(self, index: int, payment: Payment, minor: int) -> int:
        """How many other items of the same payer this payment could be for have exactly this much payable."""
        item = self.items[index]
        places = {bank_account(payment.account), ""} if payment.account else {"", *self._accounts.values()}
        amount = (item.payer, item.currency, minor)
        same = sum(self._same.get((amount, place), 0) for place in places)
        return same - (1 if self.open[index] == minor else 0)

    def of_amount(self, payer: str, currency: str, minor: int, cap: int) -> list[int]:
        """Items of a payer with exactly this much payable, newest first, after looking at `cap` at most."""
        listed = self._listed.get((payer, currency, minor), ())
        newest = dict.fromkeys(reversed(listed[-cap:]))
        return [index for index in newest if self.open[index] == minor]

    def newest(self, payer: str, currency: str, cap: int) -> Iterator[int]:
        """Items of a payer with something payable, newest first, after looking at a bounded number."""
        listed = self._payers.get((payer, currency), ())
        found = 0
        for index in reversed(listed[-4 * cap :]):
            if self.open[index] and found < cap:
                found += 1
                yield index

    def payers(self) -> list[str]:
        """All payers with something payable, in order of name."""
        return sorted({payer for payer, _ in self._payers})

    def credits(self, ledger: Ledger) -> list[int]:
        """Credits not yet netted, oldest first."""
        return [index for index in self._credits.get(ledger, ()) if self.open[index] < 0]

    def balance(self, ledger: Ledger) -> int:
        """Everything payable between a payer and a claimant."""
        return self._balance.get(ledger, 0)

    def ledger(self, index: int) -> Ledger:
        """Which current account an item belongs to."""
        item = self.items[index]
        return item.payer, item.claimant, item.currency

    def dues(self, index: int) -> list[Due]:
        """An item's lines with what is payable now, in line order."""
        if index not in self._dues:
            item = self.items[index]
            ordered = sorted(item.lines, key=lambda line: (line.number, line.line_id))
            self._dues[index] = [
                Due(line.line_id, item.claim_id, line.outstanding.minor, line.undecided.minor) for line in ordered
            ]
        return self._dues[index]

    def settle(self, indexes: Iterable[int], allocations: Iterable[Allocation]) -> None:
        """Take allocations off the items they are on, each of which has something payable."""
        taken = {made.line_id: made.amount.minor + made.netted.minor for made in allocations}
        for index in indexes:
            before = self.open[index]
            for due in self.dues(index):
                if due.line_id in taken:
                    due.take(taken[due.line_id])
            self.open[index] = sum(due.payable for due in self.dues(index))
            self._recount(index, before)

    def _recount(self, index: int, before: int) -> None:
        item, now = self.items[index], self.open[index]
        self._same[(item.payer, item.currency, before), self._ours(item)] -= 1
        self._balance[self.ledger(index)] -= before
        if now:
            self._count(index, now)

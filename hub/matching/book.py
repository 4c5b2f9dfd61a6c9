"""The open claims of one run in columns, indexed, with what is still payable on each as payments are matched.

Half a million claims are ordinary, so a claim is a row of numbers and not an object, and a key of digits is an integer.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from hub.matching.allocation import Due
from hub.matching.items import Allocation, OpenItem
from hub.matching.references import Key, bare, compact, core, key_of, slips, structured
from hub.model.identity import digits
from hub.model.payment import Payment

NUMBER, BARE, FILE, REFERENCE = range(4)
"""What a key is of a claim: its number, that number without its letters, its file's number, its KID or the like."""
_LENGTH_BITS, _KIND_BITS, _LONGEST = 6, 8, 63
"""An entry is (claim * 4 + kind) * 64 + length: one integer says whose key it is, as what, and how it is written."""
_FEW, _STALE = 64, 4
_AMOUNT_BITS = 56
_AMOUNT = (1 << _AMOUNT_BITS) - 1
_PLACE_BITS = 32
_PLACE = (1 << _PLACE_BITS) - 1
Entry = tuple[int, int, int]
"""Claim, kind, length as written."""


class Ledger(NamedTuple):
    """What insurers net within: payer, claimant, currency; and the account of ours it is paid to (empty: any)."""

    payer: str
    claimant: str
    currency: str
    account: str


@lru_cache(maxsize=65536)
def bank_account(text: str) -> str:
    """An account in the form it is compared in; a Norwegian IBAN and its BBAN are one account."""
    bare_form = digits(text).upper()
    return bare_form[4:] if len(bare_form) == 15 and bare_form.startswith("NO") else bare_form


class Book:
    """Claims by number, reference, file, payer and amount; what is payable shrinks as payments are posted."""

    def __init__(self, items: Iterable[OpenItem] = ()) -> None:
        self.claims: list[str] = []
        self.open = array("q")
        self.granted = array("q")
        self.days = array("i")
        self.letters = False
        self.waiting: Collection[str] = ()
        self._names: list[str] = []
        self._lines: list[str] = []
        self._which = array("i")
        self._ledgers: list[Ledger] = []
        self._places: dict[Ledger, int] = {}
        self._numbers: dict[Key, int | array[int]] = {}
        self._cores: dict[str, list[int]] = {}
        self._owners: dict[str, set[str]] = {}
        self._told: set[tuple[str, tuple[str, ...]]] = set()
        self._dues: dict[int, list[Due]] = {}
        self._beyond: dict[int, int] = {}
        self._ordered = True
        self._payers: dict[tuple[str, str], int] = {}
        self._debtors: dict[str, list[tuple[str, int]]] = {}
        self._owing: dict[tuple[str, int], list[str]] = {}
        self._by_name = array("i")
        self._places_by_name = array("i")
        self._bound = False
        self._amounts: dict[int, int | array[int]] = {}
        self._of_payer: dict[tuple[str, str], array[int]] = {}
        self._credits: dict[tuple[str, str, str], array[int]] = {}
        self._balance: list[int] = []
        for item in items:
            self.add(item)

    def add(self, item: OpenItem) -> None:
        """Take in one claim with its lines and its payer's accounts."""
        granted = open_ = 0
        for line in item.lines:
            granted += line.outstanding.minor
            open_ += line.outstanding.minor + line.undecided.minor
        ledger = Ledger(item.payer, item.claimant, item.currency, bank_account(item.account))
        day = item.issue_date.toordinal() if item.issue_date else 0
        line_id = item.lines[0].line_id if item.lines else item.claim_id
        numbers = (item.invoice_number, item.ref) if not item.batch else (item.ref,)
        files = (item.batch, *item.references) if item.batch else ()
        self.put(
            item.claim_id,
            ledger,
            granted,
            open_ - granted,
            day=day,
            name=item.ref,
            line_id=line_id,
            reference=item.kid,
            numbers=(*numbers, *item.references),
            files=files,
        )
        if len(item.lines) > 1:
            self._dues[len(self.claims) - 1] = [
                Due(line.line_id, item.claim_id, line.outstanding.minor, line.undecided.minor)
                for line in sorted(item.lines, key=lambda line: (line.number, line.line_id))
            ]
        if (item.payer, item.payer_accounts) not in self._told:
            self._told.add((item.payer, item.payer_accounts))
            self.own(item.payer, item.payer_accounts)

    def put(
        self,
        claim_id: str,
        ledger: Ledger,
        granted: int,
        undecided: int,
        *,
        day: int = 0,
        name: str = "",
        line_id: str = "",
        reference: str = "",
        numbers: Collection[str] = (),
        files: Collection[str] = (),
        beyond: int = 0,
    ) -> None:
        """Take in a claim of one line; `beyond` is what the books have open on it though it was not granted."""
        index = len(self.claims)
        self.claims.append(claim_id)
        self._names.append(name or claim_id)
        self._lines.append(line_id or claim_id)
        self.granted.append(granted)
        self.open.append(granted + undecided)
        self.days.append(day)
        place = self._places.get(ledger)
        if place is None:
            place = self._places[ledger] = len(self._ledgers)
            self._ledgers.append(ledger)
            self._bound = self._bound or bool(ledger.account)
            self._payers.setdefault((ledger.payer, ledger.currency), len(self._payers))
        self._which.append(place)
        if beyond:
            self._beyond[index] = beyond
        if reference:
            self._reference(structured(reference), index)
        for number in numbers:
            if number:
                self._number(compact(number), index)
        for number in files:
            if number:
                self._key(compact(number), index, FILE)
        self._ordered = False

    def own(self, payer: str, accounts: Iterable[str]) -> None:
        """Accounts a payer is known to pay from."""
        for account in accounts:
            self._owners.setdefault(bank_account(account), set()).add(payer)

    def _reference(self, reference: str, index: int) -> None:
        self._key(reference, index, REFERENCE)
        if reference.endswith("-"):  # a KID's check digit that free text does not show as part of the number
            self._key(reference[:-1], index, BARE)

    def _number(self, joined: str, index: int) -> None:
        self._key(joined, index, NUMBER)
        if not joined.isdigit():
            stripped = bare(joined)
            if stripped:
                self._key(stripped, index, BARE)
            middle = core(joined)
            if middle:
                self._cores.setdefault(middle, []).append(index)

    def _key(self, joined: str, index: int, kind: int) -> None:
        key = key_of(joined)
        self.letters = self.letters or (kind != REFERENCE and isinstance(key, str))
        entry = (index * 4 + kind << _LENGTH_BITS) + min(len(joined), _LONGEST)
        there = self._numbers.get(key)
        if there is None:
            self._numbers[key] = entry
        elif isinstance(there, int):
            if there != entry:
                self._numbers[key] = array("q", (there, entry))
        elif there[-1] != entry:
            there.append(entry)

    # --- indexes that need the claims in order of date

    def index(self) -> None:
        """Count what is payable by amount, payer and ledger, oldest claim first."""
        self._ordered = True
        self._debtors = {}
        for (payer, currency), place in sorted(self._payers.items()):
            self._debtors.setdefault(currency, []).append((payer, place << _AMOUNT_BITS))
        for index in self._by_date():
            payable = self.open[index]
            if not payable:
                continue
            ledger = self._ledgers[self._which[index]]
            self._list(index, payable)
            self._of_payer.setdefault((ledger.payer, ledger.currency), array("i")).append(index)
            if payable < 0:
                self._credits.setdefault(ledger[:3], array("i")).append(index)
            self._balance[self._which[index]] += payable

    def _by_date(self) -> list[int]:
        self._amounts.clear()
        self._of_payer.clear()
        self._credits.clear()
        self._balance = [0] * len(self._ledgers)
        self._owing.clear()
        order = sorted(range(len(self.claims)), key=self.claims.__getitem__)
        order.sort(key=self._names.__getitem__)
        self._by_name, self._places_by_name = array("i", order), array("i", order)
        for place, index in enumerate(order):
            self._places_by_name[index] = place
        order.sort(key=self.days.__getitem__)
        return order

    def _list(self, index: int, payable: int) -> None:
        ledger = self._ledgers[self._which[index]]
        key = self._payers[ledger.payer, ledger.currency] << _AMOUNT_BITS | payable & _AMOUNT
        there = self._amounts.get(key)
        if there is None:
            self._amounts[key] = index
            self._owing.pop((ledger.currency, payable & _AMOUNT), None)
        elif isinstance(there, int):
            self._amounts[key] = array("i", (there, index))
        else:
            there.append(index)

    def _of(self, payer: str, currency: str, minor: int) -> Sequence[int]:
        """Claims that have, or had, exactly this much payable; what no longer has it is dropped now and then."""
        if not self._ordered:
            self.index()
        there = self._amounts.get(self._payers.get((payer, currency), -1) << _AMOUNT_BITS | minor & _AMOUNT)
        if there is None:
            return ()
        if isinstance(there, int):
            return (there,)
        first = [self.open[index] for index in there[: 2 * _STALE]]
        if len(first) - first.count(minor) > _STALE:
            key = self._payers[payer, currency] << _AMOUNT_BITS | minor & _AMOUNT
            there = self._amounts[key] = array("i", [index for index in there if self.open[index] == minor])
        return there

    # --- what a claim is

    def ledger(self, index: int) -> Ledger:
        """Which current account a claim belongs to."""
        return self._ledgers[self._which[index]]

    def payer(self, index: int) -> str:
        """Who pays a claim."""
        return self._ledgers[self._which[index]].payer

    def beyond(self, index: int) -> int:
        """What the books have open on a claim though it was not granted."""
        return self._beyond.get(index, 0)

    def fits(self, index: int, payment: Payment) -> bool:
        """Whether currency and receiving account allow the claim."""
        ledger = self._ledgers[self._which[index]]
        if ledger.currency != payment.amount.currency:
            return False
        return not ledger.account or not payment.account or ledger.account == bank_account(payment.account)

    # --- finding claims

    def owners(self, account: str) -> Collection[str]:
        """The payers known to pay from an account."""
        return self._owners.get(bank_account(account), ()) if account else ()

    def alike(self, written: str) -> Sequence[int]:
        """Claims whose number ends in a letter and is this one, but for letters and zeros in front."""
        return self._cores.get(core(written), ()) if self._cores else ()

    def entries(self, written: str) -> list[Entry]:
        """What a number may be, as (claim, kind, length as our books write it)."""
        there = self._numbers.get(int(written) if written.isdecimal() else written)
        if there is None:
            return []
        if isinstance(there, int):
            return [(there >> _KIND_BITS, there >> _LENGTH_BITS & 3, there & _LONGEST)]
        return [(one >> _KIND_BITS, one >> _LENGTH_BITS & 3, one & _LONGEST) for one in there]

    def near(self, number: str, minors: Collection[int], kinds: Collection[int]) -> list[int]:
        """Claims whose number, of these kinds, is one slip of the pen away and whose payable is one of these."""
        found, open_ = [], self.open
        for there in [known for known in map(self._numbers.get, slips(number)) if known is not None]:
            for entry in (there,) if isinstance(there, int) else there:
                index = entry >> _KIND_BITS
                if open_[index] in minors and entry >> _LENGTH_BITS & 3 in kinds:
                    found.append(index)
        return found

    def known_slips(self, number: str) -> Iterator[tuple[str, list[Entry]]]:
        """The numbers one slip of the pen away that are anybody's, with whose they are."""
        size = len(number)
        for value in slips(number):
            if value in self._numbers:
                written = str(value).zfill(size)
                yield written, self.entries(written)

    def referenced(self, reference: str) -> list[int]:
        """Claims with a structured reference; where none is written so, those that differ in leading zeros only."""
        found = [each for each in self.entries(reference) if each[1] == REFERENCE]
        if not found:
            return []
        size = min(len(reference), _LONGEST)
        return [index for index, _, own in found if own == size] or [index for index, _, _ in found]

    def others_of_amount(self, index: int, payment: Payment, minor: int, payers: Collection[str] = ()) -> bool:
        """Whether another claim of the payer, or of these payers, that this payment fits has exactly this payable."""
        open_, currency = self.open, payment.amount.currency
        for payer in payers or (self.payer(index),):
            for other in self._of(payer, currency, minor):
                if open_[other] == minor and other != index and self.fits(other, payment):
                    return True
        return False

    def owe(self, payers: Iterable[str], payment: Payment, minor: int) -> bool:
        """Whether one of these payers has a claim with exactly this payable, in the payment's currency."""
        currency, open_ = payment.amount.currency, self.open
        return any(open_[index] == minor for payer in payers for index in self._of(payer, currency, minor))

    def nearest_of_amount(self, payer: str, payment: Payment, days: int, cap: int) -> list[int]:
        """Claims of a payer with exactly the payment's amount, those first that are about `days` old at booking."""
        minor = payment.amount.minor
        listed = self._of(payer, payment.amount.currency, minor)
        open_, dates, places = self.open, self.days, self._places_by_name
        wanted = payment.booked.toordinal() - days if payment.booked else 0
        if len(listed) > 4 * cap:
            middle = bisect_left(listed, wanted, key=dates.__getitem__)
            listed = listed[max(middle - 2 * cap, 0) : middle + 2 * cap]
        live = sorted({abs(dates[at] - wanted) << _PLACE_BITS | places[at] for at in listed if open_[at] == minor})
        nearest = [self._by_name[key & _PLACE] for key in (live if self._bound else live[:cap])]
        return [at for at in nearest if self.fits(at, payment)][:cap] if self._bound else nearest

    def of_amount(self, payer: str, payment: Payment, minor: int) -> list[int]:
        """Claims of a payer that have exactly this payable and that the payment fits, but not more than a few."""
        found = self._of(payer, payment.amount.currency, minor)[:_FEW]
        return list(dict.fromkeys(index for index in found if self.open[index] == minor and self.fits(index, payment)))

    def newest(self, payer: str, payment: Payment, cap: int) -> list[int]:
        """Claims of a payer with something payable, newest first, after looking at a bounded number."""
        if not self._ordered:
            self.index()
        listed, open_ = self._of_payer.get((payer, payment.amount.currency), ()), self.open
        live = [index for index in listed[-4 * cap :] if open_[index]]
        return list(islice((index for index in reversed(live) if self.fits(index, payment)), cap))

    def payers_owing(self, payment: Payment) -> list[str]:
        """All payers that have, or had, a claim of exactly the payment's amount, in order of name."""
        if not self._ordered:
            self.index()
        currency, minor = payment.amount.currency, payment.amount.minor & _AMOUNT
        found = self._owing.get((currency, minor))
        if found is None:
            amounts = self._amounts
            found = [payer for payer, place in self._debtors.get(currency, ()) if place | minor in amounts]
            self._owing[currency, minor] = found
        return found

    def credits(self, index: int) -> list[int]:
        """Credits of the same current account as a claim, not yet netted, oldest first."""
        if not self._ordered:
            self.index()
        return [at for at in self._credits.get(self.ledger(index)[:3], ()) if self.open[at] < 0]

    def balance(self, index: int) -> int:
        """Everything payable on the current account a claim belongs to."""
        if not self._ordered:
            self.index()
        own = self.ledger(index)[:3]
        return sum(self._balance[place] for place, ledger in enumerate(self._ledgers) if ledger[:3] == own)

    # --- money

    def dues(self, index: int) -> list[Due]:
        """A claim's lines with what is payable now, in line order."""
        there = self._dues.get(index)
        if there is not None:
            return there
        granted = self.granted[index]
        return [Due(self._lines[index], self.claims[index], granted, self.open[index] - granted)]

    def settle(self, indexes: Sequence[int], allocations: Sequence[Allocation]) -> None:
        """Take allocations off the claims they are on."""
        if len(indexes) == len(allocations) == 1 and indexes[0] not in self._dues:
            self._take(indexes[0], allocations[0])
            return
        taken = {made.line_id: made for made in allocations}
        for index in dict.fromkeys(indexes):
            dues = self._dues.get(index)
            if dues is None:
                made = taken.get(self._lines[index])
                if made:
                    self._take(index, made)
                continue
            for due in dues:
                if due.line_id in taken:
                    made = taken[due.line_id]
                    due.take(made.amount.minor + made.netted.minor)
            granted = sum(due.outstanding for due in dues)
            self._set(index, granted, granted + sum(due.undecided for due in dues))

    def _take(self, index: int, made: Allocation) -> None:
        settled = made.amount.minor + made.netted.minor
        self._set(index, self.granted[index] - settled + made.grants.minor, self.open[index] - settled)

    def _set(self, index: int, granted: int, now: int) -> None:
        before = self.open[index]
        self.granted[index], self.open[index] = granted, now
        if self._ordered and now != before:
            self._balance[self._which[index]] += now - before
            if now:
                self._list(index, now)

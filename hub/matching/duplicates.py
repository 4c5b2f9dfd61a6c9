"""The same booking counts once, however often and in whatever file it comes; equal bookings of one day all count.

No bank-wide transaction id can be relied on, so a booking is known by what it says: account, booking date, signed
amount, currency and KID, with a count of how many of those there are. Within one kind of file (OCR, camt.054, ...)
end-to-end id, or payer account and text, tell bookings of one amount apart, so that two notifications of one day add
up. Between kinds of files texts differ, so there only the counts are compared: a second kind of file adds what it
shows more of than any kind before it; different end-to-end ids are always different bookings.

Limits: a lump sum in camt.053 or MT940 is another amount than its parts, so the mapping must leave lump sums that a
detailed file resolves as INFO (or the account be read from one kind only). Two bookings alike in everything, shown in
two files of one kind, count once. A booking date that differs between kinds makes two bookings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID, uuid5

from hub.matching.book import bank_account
from hub.matching.references import structured
from hub.model.payment import BookingState, Payment, ReferenceKind

_SPACE = UUID("2a6c4a52-9f0e-5a3c-8c0b-5d1f5e0c7a33")
_NO_ID = frozenset({"", "NOTPROVIDED"})
_KIND = re.compile(r"(camt\.05[234]|mt940|ocr)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A booking with the hub's own id in `payment.id`; the bank's id is kept beside it."""

    payment: Payment
    fingerprint: str
    occurrence: int
    bank_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayments:
    """What a file adds: `new` to be counted, `repeated` seen before, `skipped` not booked (yet).

    `counts` are the counters to store, by fingerprint; they only grow. Give them all back as `seen` with the next file.
    """

    new: tuple[Booking, ...]
    repeated: tuple[Payment, ...]
    skipped: tuple[Payment, ...]
    counts: Mapping[str, int]


def fingerprint(payment: Payment) -> str:
    """Account, date, amount, currency and KID: what every kind of file says of a booking."""
    kid = payment.reference_kind in (ReferenceKind.KID, ReferenceKind.RF)
    parts = (
        bank_account(payment.account),
        payment.booked.isoformat() if payment.booked else "",
        str(payment.amount.minor),
        payment.amount.currency,
        structured(payment.reference) if kid else "",
    )
    return sha256("|".join(parts).encode()).hexdigest()[:40]


def fingerprints(payments: Iterable[Payment]) -> frozenset[str]:
    """What to look up in the stored counters before `new_payments`: they all begin with one of these."""
    return frozenset(fingerprint(payment) for payment in payments)


@dataclass(slots=True)
class _Counters:
    """Stored counters with what this file adds to them."""

    seen: Mapping[str, int]
    news: dict[str, int] = field(default_factory=dict)

    def of(self, key: str) -> int:
        return self.news.get(key, self.seen.get(key, 0))

    def add(self, key: str, more: int) -> None:
        if more:
            self.news[key] = self.of(key) + more


def new_payments(seen: Mapping[str, int], payments: Sequence[Payment], *, kind: str) -> NewPayments:
    """What one bank file adds to what is known; `kind` is its format, of which the version does not matter."""
    family = _KIND.search(kind)
    name = family[1].lower() if family else kind
    counters = _Counters(seen)
    groups: dict[str, list[int]] = {}
    for at, payment in enumerate(payments):
        if payment.state is BookingState.BOOKED:
            groups.setdefault(fingerprint(payment), []).append(at)
    fresh: dict[int, Booking] = {}
    for mark, places in groups.items():
        for at in _fresh(counters, mark, name, {at: payments[at] for at in places}):
            fresh[at] = _booking(payments[at], mark, counters)
    booked = {at for places in groups.values() for at in places}
    return NewPayments(
        new=tuple(fresh[at] for at in sorted(fresh)),
        repeated=tuple(payments[at] for at in sorted(booked - set(fresh))),
        skipped=tuple(payment for at, payment in enumerate(payments) if at not in booked),
        counts=dict(counters.news),
    )


def _fresh(counters: _Counters, mark: str, family: str, group: dict[int, Payment]) -> list[int]:
    """Which bookings with one fingerprint are new: first within this kind of file, then across kinds."""
    unseen = _unseen(counters, f"{mark}|{family}", group)
    shown = counters.of(f"{mark}|{family}") + len(unseen)
    counters.add(f"{mark}|{family}", len(unseen))
    own_id = _own_ids(counters, mark, {at: group[at] for at in unseen})
    more = max(shown - counters.of(mark), len(own_id))
    others = [at for at in unseen if at not in own_id]
    return sorted((own_id + others)[: max(more, 0)])


def _unseen(counters: _Counters, prefix: str, group: dict[int, Payment]) -> list[int]:
    """Bookings this kind of file has not shown before, by their details and how many there are."""
    by_detail: dict[str, list[int]] = {}
    for at, payment in group.items():
        by_detail.setdefault(_detail(payment), []).append(at)
    unseen: list[int] = []
    for detail, places in by_detail.items():
        key = f"{prefix}|{detail}"
        known = min(counters.of(key), len(places))
        unseen += places[known:]
        counters.add(key, len(places) - known)
    return unseen


def _own_ids(counters: _Counters, mark: str, unseen: dict[int, Payment]) -> list[int]:
    """Bookings whose end-to-end id nothing known has, where everything known has one."""
    if counters.of(f"{mark}|ids") < counters.of(mark):
        return []
    wanted = Counter(payment.end_to_end for payment in unseen.values() if payment.end_to_end not in _NO_ID)
    left = {one: count - counters.of(f"{mark}|id|{_short(one)}") for one, count in wanted.items()}
    found = []
    for at, payment in unseen.items():
        if left.get(payment.end_to_end, 0) > 0:
            left[payment.end_to_end] -= 1
            found.append(at)
    return found


def _booking(payment: Payment, mark: str, counters: _Counters) -> Booking:
    counters.add(mark, 1)
    if payment.end_to_end not in _NO_ID:
        counters.add(f"{mark}|ids", 1)
        counters.add(f"{mark}|id|{_short(payment.end_to_end)}", 1)
    occurrence = counters.of(mark)
    own = str(uuid5(_SPACE, f"{mark}#{occurrence}"))
    return Booking(payment=payment._replace(id=own), fingerprint=mark, occurrence=occurrence, bank_id=payment.id)


def _detail(payment: Payment) -> str:
    """What tells bookings of one fingerprint apart within one kind of file; a KID says enough."""
    if payment.reference_kind in (ReferenceKind.KID, ReferenceKind.RF):
        return ""
    if payment.end_to_end not in _NO_ID:
        return _short(payment.end_to_end)
    words = "".join(char for char in payment.text.upper() if char.isalnum())
    return _short(f"{bank_account(payment.payer_account)}|{words}|{structured(payment.reference)}")


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]

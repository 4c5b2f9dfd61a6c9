"""How fast payments are matched: 100,000 payments against 450,000 open claims, in one process.

    python benchmarks/matching.py [--payments N] [--items N]

Prints seconds for the index and for matching, payments a second, peak memory, and what became of the payments.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections import Counter
from datetime import date, timedelta

from hub.matching.book import Book
from hub.matching.duplicates import new_payments
from hub.matching.items import MatchRules, OpenItem, OpenLine
from hub.matching.payments import match
from hub.model.identity import make_kid
from hub.model.money import Money
from hub.model.payment import Payment, ReferenceKind

TARIFFS = [40000 + 1700 * n for n in range(36)]
PAYERS = [f"payer{n:03d}" for n in range(412)]
ACCOUNTS = {payer: (f"9{n:03d}0000000",) for n, payer in enumerate(PAYERS)}
DAY = date(2026, 1, 1)
NOTHING = Money(0, "NOK")


def claim(dice: random.Random, number: int) -> OpenItem:
    """An invoice of one line: 12 payers have 70 % of them, 60 % have a recurring amount."""
    payer = PAYERS[dice.randrange(12)] if dice.random() < 0.7 else dice.choice(PAYERS)
    amount = dice.choice(TARIFFS) if dice.random() < 0.6 else dice.randrange(20000, 300000)
    text = str(number)
    return OpenItem(
        claim_id=f"c{number}",
        ref=text,
        invoice_number=text,
        kid=make_kid(text, length=10),
        payer=payer,
        payer_accounts=ACCOUNTS[payer],
        claimant="clinic",
        currency="NOK",
        lines=(OpenLine(line_id=f"l{number}", outstanding=NOTHING, undecided=Money(amount, "NOK")),),
        issue_date=DAY + timedelta(days=number % 200),
    )


def payment(dice: random.Random, place: int, item: OpenItem) -> Payment:
    """A booking for a claim: 60 % with KID, 25 % with the number in the text, 15 % with nothing."""
    kind, payable = dice.random(), item.lines[0].payable
    amount = payable if dice.random() < 0.95 else Money(payable.minor // 2, "NOK")
    return Payment(
        id=f"p{place}",
        account="86011117947",
        booked=DAY + timedelta(days=200 + place % 5),
        amount=amount,
        reference=item.kid if kind < 0.6 else "",
        reference_kind=ReferenceKind.KID if kind < 0.6 else None,
        text=f"Faktura {item.ref} takk, tlf 22334455" if 0.6 <= kind < 0.85 else "overføring",
        payer_account=item.payer_accounts[0] if dice.random() < 0.95 else "55550000000",
        end_to_end=f"E{place}",
    )


def main() -> None:
    """Build the data, count the bookings, match them, print what it took."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--payments", type=int, default=100_000)
    options.add_argument("--items", type=int, default=450_000)
    wanted = options.parse_args()
    dice = random.Random(1)
    items = [claim(dice, 1_000_000 + n) for n in range(wanted.items)]
    payments = [payment(dice, n, item) for n, item in enumerate(dice.sample(items, min(wanted.payments, len(items))))]
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    start = time.perf_counter()
    counted = [booking.payment for booking in new_payments({}, payments, kind="camt.054").new]
    dedupe = time.perf_counter() - start
    start = time.perf_counter()
    Book(items)
    index = time.perf_counter() - start
    start = time.perf_counter()
    found = match(counted, items, MatchRules())
    whole = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    assert len(found) == len(payments)
    print(f"items {len(items):,}  payments {len(payments):,}")
    print(f"duplicates {dedupe:.2f} s  index {index:.2f} s  matching {whole - index:.2f} s")
    print(f"payments a second after indexing: {len(payments) / max(whole - index, 0.001):,.0f}")
    print(f"memory: data {base:,.0f} MB, peak {peak:,.0f} MB")
    for (action, code), count in sorted(Counter((one.action.value, one.code) for one in found).items()):
        print(f"  {action:7} {code:24} {count:7,}")


if __name__ == "__main__":
    main()

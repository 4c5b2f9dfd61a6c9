"""Money that a person promised back to its payer, and the booking that took it there."""

from __future__ import annotations

from collections.abc import Sequence

from hub.ledger.postings import returned
from hub.matching.book import bank_account
from hub.model.money import Money
from hub.model.payment import Payment
from hub.pipeline import allocations, payment_cases
from hub.store import money, resolutions
from hub.store.unit import Row, Unit

KINDS = ("return", "keep")
"""Decisions that promise money back, and that take such a promise back (with the opposite sign)."""


def promised(unit: Unit, row: Row) -> Money:
    """What a person said goes back to the payer and no booking has taken there yet."""
    left = _promised_less_returned(unit, row)
    return Money(left if left * row["amount_minor"] > 0 else 0, row["currency"])


def unpromised(unit: Unit, row: Row) -> int:
    """What went back beyond all promises, in minor units: a later promise comes on top of it."""
    left = _promised_less_returned(unit, row)
    return -left if left * row["amount_minor"] < 0 else 0


def _promised_less_returned(unit: Unit, row: Row) -> int:
    said = [each for each in resolutions.of_payment(unit, row["id"]) if each["kind"] in KINDS]
    promised_: int = sum(each["amount_minor"] + each["detail"].get("unpromised", 0) for each in said)
    return promised_ - allocations.standing(unit, row).returned.minor


def went_back(unit: Unit, row: Row, back: Row, source: str) -> None:
    """The booking that took money back to its payer: the two cancel out, and the case is closed."""
    amount = Money(-back["amount_minor"], back["currency"])
    money.post(unit, returned(allocations.facts(unit, row), back["id"], amount, at=unit.now, source=source))
    if not promised(unit, row):
        payment_cases.answered(unit, row["id"], {"returned_by": back["id"]}, payment_cases.RETURN)


def settle_all(unit: Unit, stored: Sequence[tuple[Row, Payment]]) -> frozenset[str]:
    """Settle promises by the one outgoing booking that can be it: account, payer's account and amount are the same.

    Whatever leaves a doubt is for a person; the ids of the bookings that were settled.
    """
    wanted = {row["payment_id"] for row in resolutions.of_kind(unit, "return")}
    open_ = [(row, left) for row, _ in stored if row["id"] in wanted and (left := promised(unit, row))]
    settled = set()
    for row, left in open_:
        fitting = [back for back, _ in stored if _may_be(row, left, back) and back["id"] not in settled]
        rivals = [other for other, much in open_ if any(_may_be(other, much, back) for back in fitting)]
        if len(fitting) == 1 and rivals == [row]:
            (back,) = fitting
            went_back(unit, row, back, f"payment:{back['id']}")
            said = {"code": "returned", "original": row["id"]}
            money.mark_payment(unit, back["id"], "posted", "T0", said)
            payment_cases.answered(unit, back["id"], said)
            settled.add(back["id"])
    return frozenset(settled)


def _may_be(row: Row, left: Money, back: Row) -> bool:
    return (
        back["matched"] in ("new", "review")
        and back["state"] == "booked"
        and (back["amount_minor"], back["currency"]) == (-left.minor, left.currency)
        and bank_account(back["account"]) == bank_account(row["account"])
        and bool(row["payer_account"])
        and bank_account(back["payer_account"]) == bank_account(row["payer_account"])
        and (back["booked"] is None or row["booked"] is None or back["booked"] >= row["booked"])
    )

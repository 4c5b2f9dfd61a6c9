"""Allocations taken back, money set aside, bookings told twice: the journal comes out as if they had not been."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.errors import ContentError
from hub.ledger.accounts import Account, LedgerLine, NoClaim, Posting
from hub.ledger.balances import line_money, payment_money
from hub.ledger.checks import check
from hub.ledger.entry import PaymentFacts
from hub.ledger.postings import (
    allocated,
    claim_raised,
    granted_by_payment,
    netted,
    payment_booked,
    told_twice,
    without_claim,
)
from hub.ledger.reversals import reversed_, undone
from hub.model.money import Money

AT = datetime(2026, 4, 21, tzinfo=UTC)
PAY = PaymentFacts(tenant="t", id="pay", amount=Money(900, "EUR"), payee="p")


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def line(id_: str, claimed: int) -> LedgerLine:
    return LedgerLine(tenant="t", line_id=id_, claim_id=f"c{id_}", claimed=eur(claimed), payee="p", payer="x")


def paid(*, aside: int = 0, credit: int = 0) -> list[Posting]:
    """A payment of 900 on two lines, with an advance kept back and a credit netted where asked for."""
    a, b, k = line("a", 600), line("b", 300 + aside + credit), line("k", -credit)
    rows = [*claim_raised(a, b, *([k] if credit else []), at=AT, source="s"), *payment_booked(PAY, at=AT, source="s")]
    for each in (a, b, *([k] if credit else [])):
        before = line_money(rows)[each.line_id]
        rows += granted_by_payment(each, before, "pay", each.claimed, at=AT)
    rows += allocated(a, "pay", eur(600), at=AT)
    rows += allocated(b, "pay", eur(300 + aside), at=AT)
    if credit:
        rows += netted(k, [(b, eur(credit))], at=AT, source="pay", payment_id="pay")
    if aside:
        rows += without_claim(PAY, eur(-aside), at=AT, source="s", reason=NoClaim.ADVANCE)
    return rows


def of_payment(rows: list[Posting]) -> list[Posting]:
    return [row for row in rows if row.payment_id == "pay"]


@pytest.mark.parametrize(("aside", "credit"), [(0, 0), (100, 0), (0, 50), (100, 50)])
@pytest.mark.parametrize("how", ["undone", "reversed"])
def test_all_of_a_payment_is_taken_back(how: str, aside: int, credit: int) -> None:
    rows = paid(aside=aside, credit=credit)
    assert check(rows, {"pay": eur(900)}) == []
    lines = {"a", "b", "k"}
    if how == "undone":
        rows += undone(of_payment(rows), PAY, undecided=lines, at=AT, source="r1")
        assert payment_money(rows)["pay"].unallocated == eur(900)
    else:
        back = PaymentFacts(tenant="t", id="back", amount=eur(-900), payee="p")
        rows += payment_booked(back, at=AT, source="s")
        rows += reversed_(of_payment(rows), back, undecided=lines, at=AT, source="r1")
        assert {each.unallocated for each in payment_money(rows).values()} == {eur(0)}
    assert check(rows) == []
    assert payment_money(rows)["pay"].no_claim == eur(0)
    for each in line_money(rows).values():
        assert (each.open, each.granted, each.received, each.netted) == (each.claimed, eur(0), eur(0), eur(0))
    assert {row.reason for row in rows if Account.NO_CLAIM in row.pair} <= {"advance"}


def test_one_line_is_taken_back_and_what_was_netted_only_with_everything() -> None:
    rows = paid()
    rows += undone(of_payment(rows), PAY, lines=["a"], at=AT, source="r1")
    assert line_money(rows)["a"].outstanding == eur(600), "the payer had decided: it is owed again"
    assert (line_money(rows)["b"].outstanding, payment_money(rows)["pay"].unallocated) == (eur(0), eur(600))
    assert check(rows) == []
    with pytest.raises(ContentError, match="netted"):
        undone(of_payment(paid(credit=50)), PAY, lines=["a"], at=AT, source="r1")
    rows = paid(aside=100)
    rows += undone(of_payment(rows), PAY, lines=["b"], at=AT, source="r1")
    assert payment_money(rows)["pay"].no_claim == eur(-100)


def test_nothing_allocated_gives_no_rows() -> None:
    assert undone(payment_booked(PAY, at=AT, source="s"), PAY, at=AT, source="r1") == ()


def test_a_booking_told_twice_is_worth_nothing_until_it_stands_again() -> None:
    rows = [*payment_booked(PAY, at=AT, source="s"), *told_twice(PAY, at=AT, source="r1")]
    assert check(rows, {"pay": eur(0)}) == []
    rows += told_twice(PAY, at=AT, source="r2", again=True)
    assert check(rows, {"pay": eur(900)}) == []
    assert payment_money(rows)["pay"].unallocated == eur(900)

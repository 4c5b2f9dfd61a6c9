"""What happens to money outside the plain case: deductibles, overpayment, losses, corrections. Nothing is rewritten."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.errors import ContentError
from hub.ledger.accounts import Account, LedgerLine, NoClaim, Posting
from hub.ledger.balances import LineMoney, expected_money, line_money, payment_money
from hub.ledger.checks import check
from hub.ledger.entry import PaymentFacts
from hub.ledger.postings import (
    allocated,
    charged,
    claim_raised,
    decided,
    netted,
    paid_out,
    payment_booked,
    payout_failed,
    returned,
    without_claim,
    written_off,
)
from hub.ledger.reversals import reversed_
from hub.model.money import Money
from hub.model.reply import Decision, Verdict

AT = datetime(2024, 2, 1, tzinfo=UTC)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def line(name: str = "a", minor: int = 10000, payer: str = "menzis") -> LedgerLine:
    return LedgerLine(
        tenant="t", line_id=name, claim_id=f"c{name}", claimed=eur(minor), practice="p", payee="k", payer=payer
    )


def now(rows: list[Posting], name: str = "a") -> LineMoney:
    found = line_money(rows)[name]
    assert found.decided_in_full
    assert found.settled_in_full
    return found


def judged(said: Decision, *, source: str = "r1", rows: list[Posting] | None = None) -> list[Posting]:
    rows = list(claim_raised(line(), at=AT, source="f")) if rows is None else rows
    return [*rows, *decided(line(), line_money(rows)["a"], said, at=AT, source=source)]


def test_a_deductible_is_the_patients_part_of_a_granted_line() -> None:
    money = now(judged(Decision(verdict=Verdict.GRANTED, patient=eur(3850))))
    assert (money.granted, money.patient, money.refused) == (eur(6150), eur(3850), eur(0))


def test_what_a_payer_without_contract_leaves_is_refused_or_the_patients_as_it_says() -> None:
    refused = now(judged(Decision(verdict=Verdict.CHANGED, granted=eur(7500))))
    assert (refused.granted, refused.patient, refused.refused) == (eur(7500), eur(0), eur(2500))
    rows = judged(Decision(verdict=Verdict.CHANGED, granted=eur(7500)))
    moved = now(judged(Decision(verdict=Verdict.CHANGED, granted=eur(7500), patient=eur(2500)), source="p", rows=rows))
    assert (moved.granted, moved.patient, moved.refused) == (eur(7500), eur(2500), eur(0))


def test_an_overpayment_stays_unallocated_until_it_goes_back() -> None:
    rows = judged(Decision(verdict=Verdict.GRANTED))
    pay = PaymentFacts(tenant="t", id="pay", amount=eur(12500), payee="k", payer="menzis")
    rows += payment_booked(pay, at=AT, source="bank")
    rows += allocated(line(), "pay", eur(10000), at=AT)
    assert payment_money(rows)["pay"].unallocated == eur(2500)
    back = PaymentFacts(tenant="t", id="back", amount=eur(-2500), payee="k", payer="menzis")
    rows += payment_booked(back, at=AT, source="bank")
    rows += returned(pay, "back", eur(2500), at=AT, source="task")
    assert {one.unallocated for one in payment_money(rows).values()} == {eur(0)}
    assert check(rows) == []


def test_a_loss_has_a_reason_and_ends_what_is_owed() -> None:
    rows = judged(Decision(verdict=Verdict.GRANTED))
    rows += written_off(line(), eur(10000), at=AT, source="carla", reason="payer bankrupt")
    assert (now(rows).written_off, now(rows).outstanding) == (eur(10000), eur(0))
    with pytest.raises(ContentError, match="needs a reason"):
        written_off(line(), eur(1), at=AT, source="carla", reason="")


def test_corrections_are_new_entries_and_leave_the_old_ones() -> None:
    first = judged(Decision(verdict=Verdict.GRANTED))
    second = judged(Decision(verdict=Verdict.REFUSED), source="r2", rows=first)
    assert second[: len(first)] == first
    assert (now(second).granted, now(second).refused) == (eur(0), eur(10000))
    assert len({row.key for row in second}) == len(second)


def test_what_nobody_can_mean_is_refused() -> None:
    rows = list(claim_raised(line(), at=AT, source="f"))
    with pytest.raises(ContentError, match="without a granted amount"):
        decided(line(), line_money(rows)["a"], Decision(verdict=Verdict.CHANGED), at=AT, source="r")
    assert netted(line("c", -500), [], at=AT, source="x") == ()
    with pytest.raises(ContentError, match="another payer"):
        netted(line("c", -500), [(line(payer="vgz"), eur(500))], at=AT, source="x")
    with pytest.raises(ContentError, match="only positive"):
        paid_out("t", "p", "1", eur(0), at=AT)
    kroner = LedgerLine(tenant="t", line_id="a", claim_id="c", claimed=Money(1, "NOK"))
    with pytest.raises(ContentError, match="EUR and NOK"):
        line_money([*rows, *claim_raised(kroner, at=AT, source="g")])


def test_an_open_decision_changes_nothing_that_is_expected() -> None:
    found = expected_money(eur(10000), Decision(verdict=Verdict.PRESUMED_OK), received=eur(10))
    assert (found.open, found.granted, found.outstanding) == (eur(10000), eur(0), eur(-10))


def test_costs_and_payouts_belong_to_a_practice_and_to_no_claim() -> None:
    rows = [
        *charged("t", "p", "1", eur(500), at=AT, period="2024Q1", reason="base rate", payee="k"),
        *charged("t", "p", "2", eur(-100), at=AT, period="2024Q1", reason="base rate", payee="k"),
        *paid_out("t", "p", "o", eur(700), at=AT, payee="k"),
        *payout_failed("t", "p", "o", eur(700), at=AT, source="bank", payee="k"),
    ]
    assert check(rows) == []
    assert sum(row.into(Account.CHARGED).minor for row in rows) == 400
    assert sum(row.into(Account.PAID_OUT).minor for row in rows) == 0
    assert {row.amount.minor > 0 for row in rows} == {True}
    nobody = charged("t", "", "3", eur(500), at=AT, period="2024Q1", reason="base rate", payee="k")
    assert [one.code for one in check(nobody)] == ["KVITT-LEDGER-02"]


def test_a_row_between_accounts_that_have_no_business_with_each_other_breaks_an_equation() -> None:
    rows = list(claim_raised(line(), at=AT, source="f"))
    stray = Posting(
        id="x",
        key="x#1",
        tenant="t",
        at=AT,
        debit=Account.BANK,
        credit=Account.OPEN,
        amount=eur(100),
        claim_line_id="a",
        claim_id="ca",
    )
    assert not line_money([*rows, stray])["a"].decided_in_full
    assert {one.code for one in check([*rows, stray])} >= {"KVITT-LEDGER-02", "KVITT-LEDGER-05"}


def test_a_reversal_of_nothing_or_of_what_no_allocation_covers_is_refused() -> None:
    back = PaymentFacts(tenant="t", id="back", amount=eur(-8000), payee="k", payer="menzis")
    with pytest.raises(ContentError, match="fits no booked payment"):
        reversed_([], back, at=AT, source="bank")
    pay = PaymentFacts(tenant="t", id="pay", amount=eur(10000), payee="k", payer="menzis")
    rows = [*payment_booked(pay, at=AT, source="bank"), *allocated(line(), "pay", eur(5000), at=AT)]
    rows += without_claim(pay, eur(5000), at=AT, source="p", reason=NoClaim.ADVANCE)
    with pytest.raises(ContentError, match="do not cover"):
        reversed_(rows, back, at=AT, source="bank")

"""What a practice is told and paid per quarter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from hub.ledger.accounts import LedgerLine, Posting
from hub.ledger.balances import line_money
from hub.ledger.checks import check
from hub.ledger.entry import PaymentFacts
from hub.ledger.positions import LineLabel, Owner, PayoutProposal, payout_proposals, positions
from hub.ledger.postings import (
    allocated,
    charged,
    claim_raised,
    decided,
    netted,
    paid_out,
    payment_booked,
    payout_failed,
    payout_settled,
)
from hub.ledger.shares import AgreedShare, Share, ShareKind, Terms, terms
from hub.ledger.statement import Charge, Statement, Window, currencies, difference, statement
from hub.model.money import Money
from hub.model.reply import Decision, Verdict

QUARTER = date(2024, 1, 1)
LABELS = {
    "a": LineLabel(ref="0001", period="2024Q1", module="PMO", day=QUARTER),
    "b": LineLabel(ref="0002", period="2024Q1", module="PMO", day=QUARTER),
    "c": LineLabel(ref="0003", period="2024Q1", module="PMO", day=QUARTER),
    "n": LineLabel(ref="0004", period="2024Q1", module="PMO", day=QUARTER),
    "old": LineLabel(ref="0009", period="2023Q4", module="PMO", day=date(2023, 10, 1)),
}
ALL = terms([AgreedShare(share=Share(), valid_from=date(2023, 1, 1))])


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def on(day: int, month: int = 2) -> datetime:
    return datetime(2024, month, day, 12, tzinfo=UTC)


def line(name: str, minor: int, practice: str = "p1") -> LedgerLine:
    return LedgerLine(
        tenant="t", line_id=name, claim_id=f"c-{name}", claimed=eur(minor), practice=practice, payee="k", payer="menzis"
    )


A, B, C, OLD = line("a", 10000), line("b", 5000), line("c", 4000, "p2"), line("old", -3000)


def first_quarter() -> list[Posting]:
    """p1 claims 150.00 of which 50.00 is refused, p2 claims 40.00; the payer nets an old credit of p1 against both."""
    rows = list(claim_raised(A, B, C, OLD, at=on(1), source="f"))
    for one, verdict in ((A, Verdict.GRANTED), (B, Verdict.REFUSED), (C, Verdict.GRANTED), (OLD, Verdict.GRANTED)):
        rows += decided(one, line_money(rows)[one.line_id], Decision(verdict=verdict), at=on(2), source="r")
    pay = PaymentFacts(tenant="t", id="pay", amount=eur(11000), payee="k", payer="menzis")
    rows += payment_booked(pay, at=on(10), source="bank")
    rows += allocated(A, "pay", eur(10000), at=on(10))
    rows += allocated(C, "pay", eur(1000), at=on(10))
    rows += netted(OLD, [(C, eur(3000))], at=on(10), source="pay", payment_id="pay")
    return rows


def told(
    rows: list[Posting],
    until: datetime,
    *,
    since: datetime | None = None,
    agreed: Terms = ALL,
    opening: Money | None = None,
) -> Statement:
    return statement(
        rows,
        LABELS,
        practice="p1",
        period="2024Q1",
        currency="EUR",
        until=until,
        window=Window(until=until, since=since),
        terms=agreed,
        opening=opening,
    )


def proposed(rows: list[Posting], agreed: Terms = ALL, until: datetime | None = None) -> dict[str, PayoutProposal]:
    found = positions(rows, LABELS, agreed, until=until)
    return {f"{one.owner.practice} {one.owner.currency}": one for one in payout_proposals(found)}


def test_a_statement_shows_lines_totals_costs_and_balance() -> None:
    share = Share(kind=ShareKind.PERCENTAGE, basis_points=9500)
    rows = first_quarter()
    rows += charged("t", "p1", "1", eur(250), at=on(11), period="2024Q1", reason="base rate", payee="k")
    rows += charged("t", "p1", "2", eur(-50), at=on(12), period="2024Q1", reason="base rate", payee="k")
    found = told(rows, on(28), agreed=terms([AgreedShare(share=share, valid_from=date(2020, 1, 1))]))
    assert [(one.ref, one.money.granted.minor, one.money.refused.minor) for one in found.lines] == [
        ("0001", 10000, 0),
        ("0002", 0, 5000),
    ]
    (group,) = found.groups
    assert (group.payer, group.module, group.count, group.money) == ("menzis", "PMO", 2, found.totals)
    assert (found.totals.claimed, found.totals.received) == (eur(15000), eur(10000))
    assert found.balance.settled == eur(7000), "the old credit was p1's, wherever the payer netted it"
    assert found.balance.of_other_periods == eur(-3000)
    assert found.balance.share == eur(9500 - 2850)
    assert found.charges == (Charge(reason="base rate", period="2024Q1", amount=eur(200)),)
    assert found.balance.closing == eur(6650 - 200)
    assert not found.balance.empty
    assert check(rows) == []


def test_a_cost_that_was_taken_back_is_not_shown() -> None:
    rows = [*charged("t", "p1", "1", eur(250), at=on(11), period="2024Q1", reason="base rate", payee="k")]
    rows += charged("t", "p1", "2", eur(-250), at=on(12), period="2024Q1", reason="base rate", payee="k")
    found = told(rows, on(28))
    assert (found.charges, found.balance.empty, found.lines) == ((), True, ())


def test_netting_across_practices_costs_only_the_practice_whose_credit_it_was() -> None:
    found = proposed(first_quarter())
    assert {name: one.position.settled for name, one in found.items()} == {"p1 EUR": eur(7000), "p2 EUR": eur(4000)}


@pytest.mark.scenario("S36")
def test_a_closed_statement_stays_and_its_next_version_holds_the_difference() -> None:
    rows = first_quarter()
    closed = told(rows, on(28))
    rows += paid_out("t", "p1", "payout-1", closed.balance.closing, at=on(1, 3), payee="k")
    late = Decision(verdict=Verdict.CHANGED, granted=eur(9000))
    rows += decided(A, line_money(rows)["a"], late, at=on(2, 3), source="retour credit")
    back = PaymentFacts(tenant="t", id="back", amount=eur(-1000), payee="k", payer="menzis")
    rows += payment_booked(back, at=on(3, 3), source="bank")
    rows += allocated(A, "back", eur(-1000), at=on(3, 3))
    assert told(rows, on(28)) == closed
    second = told(rows, on(5, 3), since=on(28), opening=closed.balance.closing)
    (changed,) = difference(closed, second)
    assert (changed.ref, changed.money.granted, changed.money.refused) == ("0001", eur(-1000), eur(1000))
    assert second.balance.opening == closed.balance.closing
    assert (second.balance.settled, second.balance.paid_out) == (eur(-1000), eur(7000))
    assert second.balance.closing == eur(-1000)
    one = proposed(rows)["p1 EUR"]
    assert (one.amount, one.carried) == (eur(0), eur(-1000))


def test_a_share_agreed_anew_for_what_was_told_counts_as_moved_now() -> None:
    rows = first_quarter()
    half = terms([AgreedShare(share=Share(kind=ShareKind.PERCENTAGE, basis_points=5000), valid_from=date(2020, 1, 1))])
    first = told(rows, on(28))
    second = told(rows, on(5, 3), since=on(28), agreed=half, opening=first.balance.closing)
    assert (first.balance.closing, second.balance.opening) == (eur(7000), eur(7000))
    assert (second.balance.settled, second.balance.share, second.balance.closing) == (eur(0), eur(-3500), eur(3500))


def test_only_received_money_is_paid_out_and_it_adds_up_to_the_bank() -> None:
    found = proposed(first_quarter())
    assert {name: one.amount for name, one in found.items()} == {"p1 EUR": eur(7000), "p2 EUR": eur(4000)}
    assert sum(one.amount.minor for one in found.values()) == 11000
    assert proposed(first_quarter(), until=on(5)) == {}


def test_what_was_paid_or_is_on_its_way_is_not_proposed_again() -> None:
    rows = [*first_quarter(), *paid_out("t", "p1", "payout-1", eur(7000), at=on(11), payee="k")]
    assert [(name, one.amount.minor) for name, one in proposed(rows).items()] == [("p1 EUR", 0), ("p2 EUR", 4000)]
    owner = Owner("p2", "k", "EUR")
    (_, second) = payout_proposals(positions(rows, LABELS, ALL), {owner: eur(4000)})
    assert (second.amount, second.reserved, second.carried) == (eur(0), eur(4000), eur(0))


def test_a_payout_that_failed_or_came_back_is_to_be_paid_again() -> None:
    rows = [*first_quarter(), *paid_out("t", "p1", "out-1", eur(7000), at=on(11), payee="k")]
    rows += payout_failed("t", "p1", "out-1", eur(7000), at=on(12), source="bank", payee="k")
    assert proposed(rows)["p1 EUR"].amount == eur(7000)
    rows += paid_out("t", "p1", "out-2", eur(7000), at=on(13), payee="k")
    for name, minor, day in (("left", -7000, 14), ("back", 7000, 20)):
        facts = PaymentFacts(tenant="t", id=name, amount=eur(minor), payee="k")
        rows += payment_booked(facts, at=on(day), source="bank")
        rows += payout_settled(facts, "out-2", at=on(day))
    assert proposed(rows)["p1 EUR"].amount == eur(0)
    rows += payout_failed("t", "p1", "out-2", eur(7000), at=on(20), source="bank", payee="k")
    assert proposed(rows)["p1 EUR"].amount == eur(7000)
    assert check(rows) == []


def test_a_base_rate_without_income_is_carried_never_paid() -> None:
    rows = list(charged("t", "p3", "1", eur(24000), at=on(1), period="2024Q1", reason="base rate", payee="k"))
    one = proposed(rows)["p3 EUR"]
    assert (one.amount, one.carried, one.held) == (eur(0), eur(-24000), "")


def test_money_nobody_agreed_a_share_of_is_held() -> None:
    one = proposed(first_quarter(), Terms())["p1 EUR"]
    assert (one.amount, one.position.held, one.held) == (eur(0), eur(7000), "no_terms")
    unnamed = positions(first_quarter(), {}, ALL)[Owner("p1", "k", "EUR")]
    assert [(part.module, part.period) for part in unnamed.parts] == [("", "")]
    assert unnamed.held == eur(7000), "a line nobody can name has no day, so nothing is in force on it"


def test_what_a_practice_was_paid_itself_is_its_own_already() -> None:
    own = LedgerLine(tenant="t", line_id="a", claim_id="c", claimed=eur(500), practice="p1", payee="p1", payer="m")
    rows = [*claim_raised(own, at=on(1), source="f")]
    rows += decided(own, line_money(rows)["a"], Decision(verdict=Verdict.GRANTED), at=on(2), source="r")
    rows += allocated(own, "pay", eur(500), at=on(3))
    assert proposed(rows) == {}
    found = told(rows, on(28))
    assert (found.totals.received, found.balance.empty) == (eur(500), True)


def test_a_fixed_amount_is_per_patient_not_per_line() -> None:
    fixed = Share(kind=ShareKind.PER_PATIENT, per_patient=eur(100))
    agreed = terms([AgreedShare(share=fixed, valid_from=date(2020, 1, 1))])
    rows = first_quarter()
    assert positions(rows, LABELS, agreed)[Owner("p1", "k", "EUR")].share == eur(100 - 100), (
        "the credit was a patient's"
    )
    same = {name: replace(label, patient="x") for name, label in LABELS.items()}
    (part, *_) = positions(rows, same, agreed)[Owner("p2", "k", "EUR")].parts
    assert (part.patients, part.due) == (1, eur(100))


def test_a_fixed_amount_is_once_a_quarter_also_for_who_is_claimed_by_the_month() -> None:
    fixed = Share(kind=ShareKind.PER_PATIENT, per_patient=eur(100))
    agreed = terms([AgreedShare(share=fixed, valid_from=date(2020, 1, 1))])
    lines = [line(f"m{month}", 5000, "p2") for month in (1, 2, 3)]
    rows = list(claim_raised(*lines, at=on(1), source="f"))
    for one in lines:
        rows += decided(one, line_money(rows)[one.line_id], Decision(verdict=Verdict.GRANTED), at=on(2), source="r")
        rows += allocated(one, "pay", eur(5000), at=on(3))
    labels = {
        f"m{month}": LineLabel(ref=f"m{month}", period="2024Q1", day=date(2024, month, 1), patient="x")
        for month in (1, 2, 3)
    }
    (part,) = positions(rows, labels, agreed)[Owner("p2", "k", "EUR")].parts
    assert (part.patients, part.settled, part.due) == (1, eur(15000), eur(100))
    later = AgreedShare(share=Share(), valid_from=date(2024, 3, 1), practice="p2")
    parts = positions(rows, labels, terms([*agreed.agreed, later]))[Owner("p2", "k", "EUR")].parts
    assert [(each.patients, each.due) for each in parts] == [(1, eur(100)), (1, eur(5000))], "each under its own share"


def test_a_fixed_amount_in_another_currency_says_nothing_and_the_money_is_held() -> None:
    fixed = Share(kind=ShareKind.PER_PATIENT, per_patient=Money(100, "NOK"))
    found = proposed(first_quarter(), terms([AgreedShare(share=fixed, valid_from=date(2020, 1, 1))]))["p1 EUR"]
    assert (found.amount, found.position.held, found.held) == (eur(0), eur(7000), "no_terms")


def test_currencies_are_kept_apart() -> None:
    rows = [*first_quarter()]
    kroner = LedgerLine(tenant="t", line_id="n", claim_id="cn", claimed=Money(500, "NOK"), practice="p1", payee="k")
    rows += claim_raised(kroner, at=on(1), source="f")
    rows += decided(kroner, line_money(rows)["n"], Decision(verdict=Verdict.GRANTED), at=on(2), source="r")
    rows += allocated(kroner, "nok", Money(500, "NOK"), at=on(3))
    found = proposed(rows)
    assert (found["p1 EUR"].amount, found["p1 NOK"].amount) == (eur(7000), Money(500, "NOK"))
    assert currencies(rows, "p1", until=on(28)) == ("EUR", "NOK")
    assert currencies(rows, "p1", until=on(1, 1)) == ()

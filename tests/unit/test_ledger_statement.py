"""What a practice is told and paid per quarter."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hub.ledger.accounts import LedgerLine, Posting
from hub.ledger.balances import line_money
from hub.ledger.entry import PaymentFacts
from hub.ledger.postings import allocated, claim_raised, decided, netted, paid_out, payment_booked
from hub.ledger.statement import LineLabel, Statement, Terms, Window, difference, payout_proposal, settled, statement
from hub.model.money import Money
from hub.model.reply import Decision, Verdict

LABELS = {
    "a": LineLabel(ref="0001", period="2024Q1"),
    "b": LineLabel(ref="0002", period="2024Q1"),
    "c": LineLabel(ref="0003", period="2024Q1"),
    "old": LineLabel(ref="0009", period="2023Q4"),
}


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


def told(rows: list[Posting], until: datetime, **more: object) -> Statement:
    given: dict[str, object] = {"opening": eur(0), "terms": Terms(), **more}
    since = given.pop("since", None)
    return statement(
        rows,
        LABELS,
        practice="p1",
        period="2024Q1",
        window=Window(until=until, since=since),
        **given,  # type: ignore[arg-type]
    )


def test_a_statement_shows_lines_totals_and_balance() -> None:
    found = told(first_quarter(), on(28), terms=Terms(share=Decimal("0.95"), fee=eur(250)), opening=eur(100))
    assert [(one.ref, one.money.granted.minor, one.money.refused.minor) for one in found.lines] == [
        ("0001", 10000, 0),
        ("0002", 0, 5000),
    ]
    assert (found.totals.claimed, found.totals.received) == (eur(15000), eur(10000))
    assert found.balance.settled == eur(7000), "the old credit was p1's, wherever the payer netted it"
    assert found.balance.of_other_periods == eur(-3000)
    assert found.balance.share == eur(6650)
    assert found.balance.closing == eur(100 + 6650 - 250)


def test_netting_across_practices_costs_only_the_practice_whose_credit_it_was() -> None:
    moved = settled(first_quarter(), Window(until=on(28)))
    assert moved == {("p1", "EUR"): eur(7000), ("p2", "EUR"): eur(4000)}
    assert sum(amount.minor for amount in moved.values()) == 11000


@pytest.mark.scenario("S36")
def test_a_closed_statement_stays_and_its_next_version_holds_the_difference() -> None:
    rows = first_quarter()
    closed = told(rows, on(28))
    rows += paid_out("t", "p1", "payout-1", closed.balance.closing, at=on(1, 3))
    late = Decision(verdict=Verdict.CHANGED, granted=eur(9000))
    rows += decided(A, line_money(rows)["a"], late, at=on(2, 3), source="retour credit")
    back = PaymentFacts(tenant="t", id="back", amount=eur(-1000), payee="k", payer="menzis")
    rows += payment_booked(back, at=on(3, 3), source="bank")
    rows += allocated(A, "back", eur(-1000), at=on(3, 3))
    assert told(rows, on(28)) == closed
    second = told(rows, on(5, 3), since=on(28), opening=closed.balance.closing, version=2)
    (changed,) = difference(closed, second)
    assert (changed.ref, changed.money.granted, changed.money.refused) == ("0001", eur(-1000), eur(1000))
    assert (second.version, second.balance.settled, second.balance.paid_out) == (2, eur(-1000), eur(7000))
    assert second.balance.closing == eur(-1000)
    (proposal,) = [
        one
        for one in payout_proposal(
            rows,
            window=Window(until=on(5, 3), since=on(28)),
            terms={"p1": Terms()},
            opening={("p1", "EUR"): closed.balance.closing},
        )
        if one.practice == "p1"
    ]
    assert (proposal.amount, proposal.carried) == (eur(0), eur(-1000))


def test_only_received_money_is_paid_out_and_it_adds_up_to_the_bank() -> None:
    terms = {"p1": Terms(), "p2": Terms()}
    found = payout_proposal(first_quarter(), window=Window(until=on(28)), terms=terms, opening={})
    assert [(one.practice, one.amount) for one in found] == [("p1", eur(7000)), ("p2", eur(4000))]
    early = payout_proposal(first_quarter(), window=Window(until=on(5)), terms=terms, opening={})
    assert early == ()


def test_what_was_paid_already_is_not_proposed_again() -> None:
    rows = [*first_quarter(), *paid_out("t", "p1", "payout-1", eur(7000), at=on(11))]
    found = payout_proposal(rows, window=Window(until=on(28)), terms={"p1": Terms(), "p2": Terms()}, opening={})
    assert [(one.practice, one.amount.minor) for one in found] == [("p1", 0), ("p2", 4000)]


def test_a_base_rate_without_income_is_carried_never_paid() -> None:
    found = payout_proposal([], window=Window(until=on(28)), terms={"p3": Terms(fee=eur(24000))}, opening={})
    assert [(one.amount, one.carried) for one in found] == [(eur(0), eur(-24000))]
    later = payout_proposal(
        [], window=Window(until=on(28)), terms={"p3": Terms()}, opening={("p3", "EUR"): eur(-24000)}
    )
    assert later[0].carried == eur(-24000)


def test_a_practice_without_terms_is_held() -> None:
    (first, _) = payout_proposal(first_quarter(), window=Window(until=on(28)), terms={}, opening={})
    assert (first.amount, first.carried, first.held) == (eur(0), eur(7000), "no_terms")


def test_currencies_are_kept_apart() -> None:
    rows = [*first_quarter()]
    kroner = LedgerLine(tenant="t", line_id="n", claim_id="cn", claimed=Money(500, "NOK"), practice="p1", payee="k")
    rows += claim_raised(kroner, at=on(1), source="f")
    rows += decided(kroner, line_money(rows)["n"], Decision(verdict=Verdict.GRANTED), at=on(2), source="r")
    rows += allocated(kroner, "nok", Money(500, "NOK"), at=on(3))
    found = payout_proposal(rows, window=Window(until=on(28)), terms={"p1": Terms()}, opening={})
    assert {(one.practice, str(one.amount)) for one in found if not one.held} == {
        ("p1", "70.00 EUR"),
        ("p1", "5.00 NOK"),
    }

"""What happens to money, row by row."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.errors import ContentError
from hub.ledger.accounts import Account, LedgerLine, Posting, ledger_lines
from hub.ledger.balances import LineMoney, expected_money, line_money, no_money, payment_money
from hub.ledger.checks import check
from hub.ledger.entry import PaymentFacts
from hub.ledger.postings import (
    allocated,
    claim_raised,
    decided,
    fresh,
    granted_by_payment,
    netted,
    paid_out,
    payment_booked,
    payout_settled,
    returned,
    withdrawn,
    written_off,
)
from hub.ledger.reversals import reversed_
from hub.model.claim import Claim, ClaimLine
from hub.model.finding import Severity
from hub.model.money import Money
from hub.model.party import Party
from hub.model.reply import Decision, Verdict

AT = datetime(2026, 4, 20, 9, tzinfo=UTC)


def nok(minor: int) -> Money:
    return Money(minor, "NOK")


def line(name: str = "a", minor: int = 128000, practice: str = "p1") -> LedgerLine:
    return LedgerLine(
        tenant="t", line_id=name, claim_id=f"c-{name}", claimed=nok(minor), practice=practice, payee="k", payer="if"
    )


def payment(name: str, minor: int) -> PaymentFacts:
    return PaymentFacts(tenant="t", id=name, amount=nok(minor), payee="k", payer="if")


class Journal:
    """Rows so far; a group that stands is skipped."""

    def __init__(self, *lines: LedgerLine) -> None:
        self.rows: list[Posting] = []
        self.add(claim_raised(*lines, at=AT, source="file"))

    def add(self, rows: tuple[Posting, ...]) -> int:
        news = fresh({row.key for row in self.rows}, rows)
        self.rows += news
        return len(news)

    def money(self, name: str = "a") -> LineMoney:
        return line_money(self.rows).get(name, no_money("NOK"))

    def decide(self, one: LedgerLine, verdict: Verdict, source: str, **amounts: Money) -> int:
        said = Decision(verdict=verdict, **amounts)
        return self.add(decided(one, self.money(one.line_id), said, at=AT, source=source))

    def book(self, name: str, minor: int) -> PaymentFacts:
        one = payment(name, minor)
        self.add(payment_booked(one, at=AT, source="bank file"))
        return one

    def about(self, name: str) -> list[Posting]:
        return [row for row in self.rows if row.payment_id == name]

    def codes(self) -> list[str]:
        return [finding.code for finding in check(self.rows)]


def amounts(money: LineMoney, *names: str) -> tuple[int, ...]:
    return tuple(getattr(money, name).minor for name in names)


def test_a_raised_line_is_claimed_and_open() -> None:
    journal = Journal(line())
    assert amounts(journal.money(), "claimed", "open", "granted") == (128000, 128000, 0)
    (row,) = journal.rows
    assert (row.debit, row.credit, row.amount) == (Account.OPEN, Account.CLAIMED, nok(128000))
    assert (row.key, row.practice, row.payer) == ("raise:a#1", "p1", "if")


def test_a_credit_line_moves_the_other_way_with_a_positive_amount() -> None:
    journal = Journal(line(minor=-500))
    (row,) = journal.rows
    assert (row.debit, row.credit, row.amount) == (Account.CLAIMED, Account.OPEN, nok(500))
    assert amounts(journal.money(), "claimed", "open") == (-500, -500)


def test_silence_posts_nothing_and_a_later_refusal_everything() -> None:
    journal = Journal(line())
    assert journal.decide(line(), Verdict.PRESUMED_OK, "silence") == 0
    assert journal.money().open == nok(128000)
    journal.decide(line(), Verdict.REFUSED, "mail")
    assert amounts(journal.money(), "refused", "open", "granted") == (128000, 0, 0)


def test_a_changed_line_divides_into_granted_patient_part_and_refused() -> None:
    journal = Journal(line())
    journal.decide(line(), Verdict.CHANGED, "r1", granted=nok(90000), patient=nok(30000))
    assert amounts(journal.money(), "granted", "patient", "refused", "open") == (90000, 30000, 8000, 0)
    assert journal.codes() == []


def test_a_second_verdict_posts_the_difference_and_removes_nothing() -> None:
    journal = Journal(line())
    journal.decide(line(), Verdict.GRANTED, "r1")
    before = list(journal.rows)
    journal.decide(line(), Verdict.CHANGED, "r2", granted=nok(100000))
    assert journal.rows[: len(before)] == before
    assert [(row.debit, row.credit, row.amount.minor) for row in journal.rows[len(before) :]] == [
        (Account.OPEN, Account.DUE, 28000),
        (Account.REFUSED, Account.OPEN, 28000),
    ]
    assert amounts(journal.money(), "granted", "refused", "outstanding") == (100000, 28000, 100000)


def test_the_same_source_again_posts_nothing_even_after_newer_verdicts() -> None:
    journal = Journal(line())
    assert journal.decide(line(), Verdict.GRANTED, "r1") == 1
    assert journal.decide(line(), Verdict.REFUSED, "r2") == 2
    assert journal.decide(line(), Verdict.GRANTED, "r1") == 0
    assert journal.money().refused == nok(128000)


@pytest.mark.parametrize(
    "said",
    [
        Decision(verdict=Verdict.CHANGED, granted=nok(128001)),
        Decision(verdict=Verdict.CHANGED, granted=nok(-1)),
        Decision(verdict=Verdict.CHANGED, granted=nok(128000), patient=nok(1)),
        Decision(verdict=Verdict.CHANGED),
    ],
)
def test_an_award_outside_the_claim_is_never_posted(said: Decision) -> None:
    journal = Journal(line())
    with pytest.raises(ContentError):
        decided(line(), journal.money(), said, at=AT, source="r1")


@pytest.mark.scenario("S12")
def test_a_norwegian_payment_on_an_undecided_line_grants_that_much() -> None:
    journal = Journal(line())
    journal.book("p1", 64000)
    journal.add(granted_by_payment(line(), journal.money(), "p1", nok(64000), at=AT))
    journal.add(allocated(line(), "p1", nok(64000), at=AT))
    assert amounts(journal.money(), "granted", "received", "open", "outstanding") == (64000, 64000, 64000, 0)
    with pytest.raises(ContentError):
        granted_by_payment(line(), journal.money(), "p2", nok(64001), at=AT)
    journal.decide(line(), Verdict.GRANTED, "late answer")
    assert amounts(journal.money(), "granted", "received", "open", "outstanding") == (128000, 64000, 0, 64000)


def test_a_refusal_after_payment_leaves_money_owed_back_and_says_so() -> None:
    journal = Journal(line())
    journal.decide(line(), Verdict.GRANTED, "r1")
    journal.book("p1", 128000)
    journal.add(allocated(line(), "p1", nok(128000), at=AT))
    journal.decide(line(), Verdict.REFUSED, "control")
    assert amounts(journal.money(), "granted", "received", "outstanding") == (0, 128000, -128000)
    (finding,) = check(journal.rows)
    assert (finding.code, finding.severity) == ("KVITT-LEDGER-08", Severity.WARNING)


@pytest.mark.scenario("S11")
def test_a_credit_netted_against_a_file_leaves_nothing_outstanding() -> None:
    batch, credit = line("a", 10000, "p1"), line("b", -3000, "p2")
    journal = Journal(batch, credit)
    journal.decide(batch, Verdict.GRANTED, "r1")
    journal.decide(credit, Verdict.GRANTED, "r1")
    journal.book("pay", 7000)
    journal.add(allocated(batch, "pay", nok(7000), at=AT))
    journal.add(netted(credit, [(batch, nok(3000))], at=AT, source="pay", payment_id="pay"))
    assert amounts(journal.money("a"), "received", "netted", "outstanding") == (7000, 3000, 0)
    assert amounts(journal.money("b"), "received", "netted", "outstanding") == (0, -3000, 0)
    assert payment_money(journal.rows)["pay"].unallocated == nok(0)
    assert journal.codes() == []


def test_netting_stays_with_one_payer_and_payee() -> None:
    stranger = LedgerLine(tenant="t", line_id="x", claim_id="cx", claimed=nok(10), payer="cz", payee="k")
    with pytest.raises(ContentError):
        netted(line("b", -10), [(stranger, nok(10))], at=AT, source="s")


def test_withdrawing_takes_what_is_open_and_a_decision_replaces_it() -> None:
    journal = Journal(line())
    journal.add(withdrawn(line(), journal.money(), at=AT, source="task 7", reason="line taken out"))
    assert amounts(journal.money(), "withdrawn", "open") == (128000, 0)
    journal.decide(line(), Verdict.GRANTED, "r1")
    assert amounts(journal.money(), "withdrawn", "granted", "open") == (0, 128000, 0)


def test_a_write_off_needs_a_reason() -> None:
    journal = Journal(line())
    journal.decide(line(), Verdict.GRANTED, "r1")
    journal.add(written_off(line(), nok(100), at=AT, source="task 8", reason="bank fee"))
    assert amounts(journal.money(), "written_off", "outstanding") == (100, 127900)
    with pytest.raises(ContentError):
        written_off(line(), nok(100), at=AT, source="task 9", reason="")


def test_a_reversed_payment_is_undone_with_its_grant_and_everything_balances() -> None:
    journal = Journal(line())
    journal.book("p1", 130000)
    journal.add(granted_by_payment(line(), journal.money(), "p1", nok(128000), at=AT))
    journal.add(allocated(line(), "p1", nok(128000), at=AT))
    back = journal.book("p2", -130000)
    undo = reversed_(journal.about("p1"), back, undecided={"a"}, at=AT, source="bank file")
    assert journal.add(undo) > 0
    assert journal.add(undo) == 0
    assert amounts(journal.money(), "granted", "received", "open", "outstanding") == (0, 0, 128000, 0)
    assert {one.unallocated.minor for one in payment_money(journal.rows).values()} == {0}
    assert journal.codes() == []


def test_a_reversed_payment_on_a_decided_line_leaves_the_grant_outstanding() -> None:
    journal = Journal(line())
    journal.decide(line(), Verdict.GRANTED, "r1")
    journal.book("p1", 128000)
    journal.add(allocated(line(), "p1", nok(128000), at=AT))
    back = journal.book("p2", -128000)
    journal.add(reversed_(journal.about("p1"), back, at=AT, source="bank file"))
    assert amounts(journal.money(), "granted", "received", "outstanding") == (128000, 0, 128000)


def test_a_reversal_in_two_parts_takes_loose_money_first_then_the_last_lines_and_never_more() -> None:
    one, two = line("a", 600), line("b", 400)
    journal = Journal(one, two)
    for each in (one, two):
        journal.decide(each, Verdict.GRANTED, "r1")
    journal.book("p1", 1100)
    journal.add(allocated(one, "p1", nok(600), at=AT))
    journal.add(allocated(two, "p1", nok(400), at=AT))
    first = journal.book("p2", -300)
    journal.add(reversed_(journal.about("p1"), first, at=AT, source="bank"))
    assert (journal.money("a").received, journal.money("b").received) == (nok(600), nok(200))
    rest = journal.book("p3", -800)
    journal.add(reversed_(journal.about("p1"), rest, at=AT, source="bank"))
    assert (journal.money("a").received, journal.money("b").received) == (nok(0), nok(0))
    assert journal.codes() == []
    with pytest.raises(ContentError):
        reversed_(journal.about("p1"), payment("p4", -1), at=AT, source="bank")


def test_a_full_reversal_undoes_netting_made_with_the_payment() -> None:
    batch, credit = line("a", 10000), line("b", -3000)
    journal = Journal(batch, credit)
    for each in (batch, credit):
        journal.decide(each, Verdict.GRANTED, "r1")
    journal.book("pay", 7000)
    journal.add(allocated(batch, "pay", nok(7000), at=AT))
    journal.add(netted(credit, [(batch, nok(3000))], at=AT, source="pay", payment_id="pay"))
    back = journal.book("back", -7000)
    journal.add(reversed_(journal.about("pay"), back, at=AT, source="bank"))
    assert (journal.money("a").outstanding, journal.money("b").outstanding) == (nok(10000), nok(-3000))
    assert journal.codes() == []


def test_an_overpayment_sent_back_cancels_out() -> None:
    journal = Journal()
    over = journal.book("p1", 500)
    journal.book("p2", -500)
    journal.add(returned(over, "p2", nok(500), at=AT, source="task"))
    assert {one.unallocated.minor for one in payment_money(journal.rows).values()} == {0}
    assert journal.codes() == []


def test_a_payout_and_its_bank_booking() -> None:
    journal = Journal()
    journal.add(paid_out("t", "p1", "payout-1", nok(900), at=AT))
    out = journal.book("b1", -900)
    journal.add(payout_settled(out, "payout-1", at=AT))
    assert payment_money(journal.rows)["b1"].unallocated == nok(0)
    assert journal.codes() == []
    with pytest.raises(ContentError):
        paid_out("t", "p1", "payout-2", nok(-1), at=AT)


def test_keys_and_ids_are_the_same_whenever_computed() -> None:
    once = claim_raised(line(), at=AT, source="x")
    again = claim_raised(line(), at=datetime(2027, 1, 1, tzinfo=UTC), source="y")
    assert [(row.id, row.key) for row in once] == [(row.id, row.key) for row in again]


def test_lines_of_a_claim_carry_practice_payee_and_payer() -> None:
    practice = Party(scheme="AGB", id="01001234", name="Praktijk")
    group = Party(scheme="AGB", id="53530000", name="Zorggroep")
    one = ClaimLine(
        id="l", number=1, ref="r", service_code="14499", begins=AT, unit_price=Money(91, "EUR"), amount=Money(91, "EUR")
    )
    claim = Claim(
        id="c",
        tenant="t",
        country="NL",
        ref="r",
        programme="module",
        payer="vgz",
        payer_code="7095",
        provider=practice,
        claimant=group,
        submitter=group,
        currency="EUR",
        lines=(one,),
    )
    (found,) = ledger_lines(claim)
    assert (found.practice, found.payee, found.payer, found.claimed) == (
        "01001234",
        "53530000",
        "vgz",
        Money(91, "EUR"),
    )


def test_expected_money_is_computed_without_the_journal() -> None:
    said = Decision(verdict=Verdict.CHANGED, granted=nok(90000), patient=nok(30000))
    money = expected_money(nok(128000), said, received=nok(50000), netted=nok(1000))
    assert money.decided_in_full
    assert money.settled_in_full
    assert money.outstanding == nok(39000)


@pytest.mark.scenario("S24")
def test_a_granted_line_is_corrected_by_a_full_credit_and_a_new_debit_never_by_changing_it() -> None:
    wrong, credit, right = line("a", 128000), line("a-credit", -128000), line("a2", 120000)
    journal = Journal(wrong)
    journal.decide(wrong, Verdict.GRANTED, "r1")
    before = journal.money("a")
    journal.add(claim_raised(credit, right, at=AT, source="file 2"))
    journal.decide(credit, Verdict.GRANTED, "r2")
    journal.decide(right, Verdict.GRANTED, "r3")
    assert journal.money("a") == before
    journal.add(netted(credit, [(wrong, nok(128000))], at=AT, source="r2"))
    left = {name: money.outstanding.minor for name, money in line_money(journal.rows).items()}
    assert left == {"a": 0, "a-credit": 0, "a2": 120000}
    assert journal.codes() == []

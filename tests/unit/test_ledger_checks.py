"""A journal that does not conserve money is found out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.ledger.accounts import Account, LedgerLine, Posting
from hub.ledger.balances import expected_money, line_money
from hub.ledger.checks import check
from hub.ledger.entry import PaymentFacts
from hub.ledger.postings import allocated, claim_raised, decided, payment_booked
from hub.model.money import Money
from hub.model.reply import Decision, Verdict

AT = datetime(2026, 4, 20, 9, tzinfo=UTC)
LINE = LedgerLine(
    tenant="t", line_id="a", claim_id="c", claimed=Money(1000, "EUR"), practice="p", payee="k", payer="vgz"
)
GRANT = Decision(verdict=Verdict.GRANTED)


def journal() -> list[Posting]:
    """One line of 10.00, granted, of which a payment of 6.00 is allocated."""
    rows = list(claim_raised(LINE, at=AT, source="f"))
    rows += decided(LINE, line_money(rows)["a"], GRANT, at=AT, source="r")
    pay = PaymentFacts(tenant="t", id="pay", amount=Money(600, "EUR"), payee="k", payer="vgz")
    rows += payment_booked(pay, at=AT, source="b")
    rows += allocated(LINE, "pay", Money(600, "EUR"), at=AT)
    return rows


def codes(rows: list[Posting], **more: object) -> set[str]:
    return {finding.code.removeprefix("KVITT-LEDGER-") for finding in check(rows, **more)}  # type: ignore[arg-type]


def test_a_sound_journal_has_no_findings() -> None:
    money = expected_money(Money(1000, "EUR"), GRANT, received=Money(600, "EUR"))
    assert codes(journal(), payments={"pay": Money(600, "EUR")}, expected={"a": money}) == set()


@pytest.mark.parametrize(
    ("place", "change", "code"),
    [
        (0, {"amount": Money(-1000, "EUR")}, "01"),
        (1, {"debit": Account.WRITTEN_OFF}, "02"),
        (1, {"debit": Account.WRITTEN_OFF}, "06"),
        (3, {"credit": Account.OPEN}, "02"),
        (3, {"claim_line_id": ""}, "02"),
        (2, {"payment_id": ""}, "02"),
        (1, {"key": "raise:a#1"}, "03"),
        (3, {"amount": Money(600, "NOK")}, "04"),
        (1, {"amount": Money(1001, "EUR")}, "07"),
        (3, {"amount": Money(601, "EUR")}, "12"),
        (0, {"claim_line_id": "b"}, "07"),
    ],
)
def test_a_tampered_row_is_found(place: int, change: dict[str, object], code: str) -> None:
    rows = journal()
    rows[place] = replace(rows[place], **change)  # type: ignore[arg-type]
    assert code in codes(rows)


def test_a_missing_row_is_found() -> None:
    expected = {"a": expected_money(Money(1000, "EUR"), GRANT, received=Money(600, "EUR"))}
    for place in range(4):
        rows = journal()
        del rows[place]
        assert codes(rows, payments={"pay": Money(600, "EUR")}, expected=expected)


def test_the_bank_is_asked_about_every_booking() -> None:
    assert codes(journal(), payments={"pay": Money(601, "EUR")}) == {"10"}
    assert codes(journal(), payments={}) == {"11"}
    assert codes(journal(), payments={"pay": Money(600, "EUR"), "lost": Money(5, "EUR")}) == {"10"}


def test_the_journal_is_compared_with_decisions_and_allocations() -> None:
    refused = Decision(verdict=Verdict.REFUSED)
    findings = check(journal(), expected={"a": expected_money(Money(1000, "EUR"), refused)})
    told = {finding.text["en"].split(" is ")[0] for finding in findings}
    assert told == {"a: granted", "a: refused", "a: received", "a: outstanding"}


def test_netting_that_does_not_cancel_out_is_found() -> None:
    rows = journal()
    rows.append(replace(rows[3], key="x#1", debit=Account.NETTED, credit=Account.DUE, payment_id=""))
    assert "13" in codes(rows)

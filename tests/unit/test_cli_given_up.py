"""Money given up, requests, limits and tied pay-outs as people and programs call them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.test_scenario_payouts import debit
from tests.unit.test_cli_payouts import Run, ready, run

__all__ = ["ready", "run"]


def owed(run: Run) -> str:
    """The payment of 4.75 is undone, so that its lines are owed again; gives the claim of one."""
    (payment,) = run("payment", "list", "--json").lines()[0]["payments"]
    shown = run("payment", "show", payment["payment"], "--json").lines()[0]
    assert run("payment", "undo", payment["payment"], "--reason", "wrong").code == 0
    return str(max(shown["allocations"], key=lambda made: made["amount_minor"])["claim"])


def test_a_write_off_above_the_limit_waits_and_a_second_person_approves(run: Run) -> None:
    ref = owed(run)
    assert run("payment", "limit").out.strip() == "one person may give up 50.00 EUR alone within a day"
    assert run("payment", "limit", "0.50", "--reason", "board").code == 0
    small = run("payment", "write-off", ref, "0.05", "--reason", "rounding")
    assert (small.code, small.out.strip()) == (0, f"{ref}: 0.05 EUR written off")
    asked = run("payment", "write-off", ref, "--reason", "old")
    assert (asked.code, f"{ref}: write-off of 1.00 EUR waits" in asked.out) == (5, True), asked.out
    (again,) = run("payment", "write-off", ref, "--reason", "old", "--json").lines()
    assert again == {"claim": ref, "written_off_minor": 0, "currency": "EUR", "waits": 1}
    (row,) = run("payment", "approvals", "--json").lines()
    assert (row["number"], row["what"], row["about"], row["amount_minor"]) == (1, "write_off", ref, 100)
    assert (row["asked_by"], row["state"]) == ("anne", "asked")
    assert "write_off" in run("payment", "approvals").out
    alone = run("payment", "approve", "1")
    assert (alone.code, "a second person approves" in alone.err) == (3, True)
    done = run("payment", "approve", "1", by="bob")
    assert (done.code, done.out.strip()) == (0, "request 1 is approved")
    assert run("payment", "approvals", "--json").lines() == []
    (kept,) = run("payment", "approvals", "--all", "--json").lines()
    assert (kept["state"], kept["decided_by"]) == ("approved", "bob")
    assert "nothing is owed" in run("payment", "write-off", ref, "--reason", "old").err


def test_a_higher_limit_waits_and_may_be_refused(run: Run) -> None:
    raised = run("payment", "limit", "1000", "--reason", "less work")
    assert (raised.code, "a limit of 1000.00 EUR waits for a second person: kvitt payment approve 1" in raised.out) == (
        5,
        True,
    )
    assert "50.00 EUR" in run("payment", "limit").out
    assert run("payment", "reject", "1", "--reason", "no", by="bob").out.strip() == "request 1 is refused"
    assert run("payment", "approve", "1", by="bob").code == 3
    assert "say why" in run("payment", "limit", "1000").err
    assert "500.00 NOK" in run("payment", "limit", "--currency", "NOK").out


def test_leaving_money_waits_too_and_is_void_when_it_went_elsewhere(run: Run) -> None:
    owed(run)
    (payment,) = run("payment", "list", "--json").lines()[0]["payments"]
    ref = payment["short"]
    assert run("payment", "limit", "0", "--reason", "board").code == 0
    asked = run("payment", "leave", ref, "--reason", "a gift")
    assert (asked.code, asked.out.strip()) == (
        5,
        f"{ref}: leave 4.75 EUR waits for a second person: kvitt payment approve 1",
    )
    (body,) = run("payment", "leave", ref, "--reason", "a gift", "--json").lines()
    assert (body["waits"], body["unallocated_minor"]) == (1, 475)
    assert run("payment", "return", ref, "1.00", "--reason", "theirs").code == 0
    void = run("payment", "approve", "1", by="bob")
    assert (void.code, "request 1 is void: " in void.out) == (5, True)


def test_reasons_are_in_words_and_codes_in_json(run: Run) -> None:
    owed(run)
    (payment,) = run("payment", "list", "--json").lines()[0]["payments"]
    ref = payment["short"]
    (body,) = run("payment", "suggest", ref, "--json").lines()
    (best, *_) = body["suggestions"]
    assert (best["why"], best["tier"]) == ("exact", "T2")
    said = {language: run("payment", "suggest", ref, "--lang", language).out for language in ("en", "nb", "nl")}
    assert "(T2 what is named is exactly the amount, 100)" in said["en"]
    assert "nøyaktig beløpet" in said["nb"]
    assert "precies het bedrag" in said["nl"]
    assert "precies het bedrag" in run("payment", "show", ref, "--lang", "nl").out
    assert run("payment", "list", "--lang", "nb").code in (0, 5)


def test_a_booking_is_tied_to_its_payout(run: Run, tmp_path: Path) -> None:
    run("payout", "propose")
    run("payout", "approve", "1", "--amount", "4.75", by="bob")
    assert run("payout", "export", "--out", ".").code == 0
    file = tmp_path / "out.xml"
    file.write_bytes(debit("4.75", "NOTPROVIDED", "2024-02-07", account="NL64TEST0000100001"))
    assert run("receive", str(file)).code in (0, 5)
    run("settle")
    (booking,) = [each for each in run("payment", "list", "--json").lines()[0]["payments"] if each["amount_minor"] < 0]
    assert f"kvitt payout tie 1 --booking {booking['short']}" in run("payment", "show", booking["short"]).out
    wrong = run("payout", "tie", "9", "--booking", booking["short"], "--reason", "x")
    assert (wrong.code, "no pay-out 9" in wrong.err) == (3, True)
    tied = run("payout", "tie", "1", "--booking", booking["short"], "--reason", "seen at the bank")
    assert (tied.code, tied.out.strip()) == (0, "pay-out 1 is settled: 4.75 EUR paid")
    assert f"tied: {booking['short']} -4.75 by anne: seen at the bank" in run("payout", "show", "1").out
    again = run("payout", "tie", "1", "--booking", booking["short"], "--reason", "x", "--json")
    assert (again.code, "is a pay-out already" in again.err) == (2, True)


def test_an_export_is_held_while_the_account_it_pays_from_changes(run: Run) -> None:
    run("payout", "propose")
    run("payout", "approve", "1", "--amount", "4.75", by="bob")
    (row,) = run("payout", "list", "--json").lines()
    asked = run(
        "org", "account", "request", row["payee"], "--account", "NL91ABNA0417164300", "--source", "letter of the bank"
    )
    assert asked.code == 0, asked.err
    held = run("payout", "export", "--out", ".")
    assert (held.code, "waits for a second person" in held.err, list(Path().glob("*.xml"))) == (3, True, [])
    assert run("org", "account", "approve", row["payee"], by="bob").code == 0
    assert run("payout", "export", "--out", ".").code == 0


@pytest.mark.parametrize("form", ["txt", "csv"])
def test_a_statement_with_orders_to_the_terminal_is_only_read(run: Run, form: str) -> None:
    assert (
        run(
            "payout",
            "charge",
            "--practice",
            "01099901",
            "--period",
            "2024Q1",
            "--service",
            "base\x1b]0;owned\x07 \x9b31mrate",
            "--quantity",
            "1",
            "--price",
            "0.10",
        ).code
        == 0
    )
    run("statement", "make", "--period", "2024Q1")
    said = run("statement", "show", "--practice", "01099901", "--period", "2024Q1", "--as", form).out
    assert "rate" in said
    assert [sign for sign in said if (ord(sign) < 0x20 and sign not in "\r\n") or 0x7E < ord(sign) < 0xA0] == []

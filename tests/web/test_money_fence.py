"""Money as seen by somebody who works for one practice of several: their own, and nothing is done to anybody else's."""

from __future__ import annotations

from datetime import date

import pytest

from hub.model.exchange import ExchangeState
from hub.model.money import Money
from hub.pipeline import approvals, identity, let_go, limits, payouts
from hub.pipeline.context import Actor
from hub.sandbox.bank import Booking, camt053_file
from hub.sandbox.example import CARE_GROUP
from hub.store import exchanges, parties, releases, schema
from tests.web.consoles import LATER, NL, OTHER_PRACTICE, PASSWORD, PRACTICE, Console, Person

CHIEF = Actor(name="chief", role="operator")


def _works_for(console: Console, code: str) -> Person:
    """A person of finance who sees one organisation and what is below it."""
    with console.hub.store.unit(NL) as unit:
        organisation = parties.organisation(unit, code)
        values = {"name": "Fenced", "role": "finance", "language": "nl", "organisation_id": organisation.id}
        parties.put_user(unit, f"finance-{code}", **values)
    identity.set_password(console.hub, NL, f"finance-{code}", PASSWORD, CHIEF)
    return console.login("finance", "NL", code)


def test_only_ones_own_pay_outs_are_proposed_seen_and_exported(console: Console) -> None:
    person = _works_for(console, PRACTICE)
    answer = person.send("/payouts/propose")
    assert PRACTICE in answer.text
    assert OTHER_PRACTICE not in answer.text
    assert {row["practice"] for row in console.rows(NL, schema.payout)} == {PRACTICE}
    made = payouts.propose(console.hub, NL, CHIEF)
    (theirs,) = [each.payout["number"] for each in made if each.payout]
    assert person.get(f"/payouts/{theirs}").status_code == 404
    assert person.send("/payouts/approve", {"numbers": [theirs], "amount": "3.56"}).status_code == 404
    payouts.approve(console.hub, NL, [theirs], Money(356, "EUR"), Actor(name="bob", role="finance"))
    person.send("/payouts/export")
    assert not console.rows(NL, schema.payout_export)


def test_who_sees_the_care_group_pays_for_what_is_below_it(console: Console) -> None:
    person = _works_for(console, CARE_GROUP)
    person.send("/payouts/propose")
    assert {row["practice"] for row in console.rows(NL, schema.payout)} == {PRACTICE, OTHER_PRACTICE}


def test_the_statements_are_ones_own_and_the_journal_is_nobodys_part(console: Console) -> None:
    person = _works_for(console, PRACTICE)
    person.send("/statements/make", {"period": "2024Q1"})
    new = [row["practice"] for row in console.rows(NL, schema.practice_statement)]
    assert set(new) == {PRACTICE}
    assert OTHER_PRACTICE not in person.see("/statements")
    assert person.send("/statements/journal", {"period": "2024Q1"}).status_code == 404
    assert person.get("/statements/journal/1").status_code == 404


def test_a_bank_file_of_another_account_is_refused(console: Console) -> None:
    person = _works_for(console, PRACTICE)
    (group,) = console.rows(NL, schema.organisation, schema.organisation.c.code == CARE_GROUP)
    booking = Booking(id="x1", amount=Money(500, "EUR"), booked=date(2026, 6, 30), account=group["account"])
    data = camt053_file([booking], message="FOREIGN", created=LATER)
    secret = person.secret("/payments")
    answer = person.client.post("/payments/file", data={"csrf": secret}, files={"file": ("bank.xml", data)})
    assert answer.status_code == 422
    assert "niet van u" in answer.text


@pytest.mark.parametrize("path", ["/payments", "/overdue", "/overdue/patients", "/approvals", "/accounts", "/release"])
def test_no_page_of_money_names_anothers_practice(console: Console, path: str) -> None:
    payouts.propose(console.hub, NL, CHIEF)
    body = _works_for(console, PRACTICE).see(path)
    assert OTHER_PRACTICE not in body
    assert CARE_GROUP not in body


def test_a_file_of_the_care_group_is_approved_by_who_sees_it_and_not_by_one_of_its_practices(console: Console) -> None:
    (row,) = [each for each in console.rows(NL, schema.exchange) if PRACTICE in _practices(console, each["id"])][:1]
    with console.hub.store.unit(NL) as unit:
        values = {"released": False, "attempts": 0, "next_try_at": None}
        exchanges.force(unit, row["id"], ExchangeState.PREPARED, text="made", **values)
        limits.set_limit(unit, Money(0, "EUR"), CHIEF, "the board", limits.LETTING_GO)
    (number,) = let_go.let_go(console.hub, NL, [row["id"]], CHIEF, reason="checked").waits
    practice = _works_for(console, PRACTICE)
    assert practice.get(f"/release/{row['id']}").status_code == 404
    assert row["invoice_number"] not in practice.see("/approvals")
    for answer in (practice.get(f"/approvals/{number}"), practice.send(f"/approvals/{number}/approve")):
        assert answer.status_code == 404
    with console.hub.store.reading(NL) as unit:
        assert approvals.count_waiting(unit) == 1
    with console.hub.store.reading(NL, within=frozenset({PRACTICE})) as unit:
        assert approvals.count_waiting(unit) == 0
    group = _works_for(console, CARE_GROUP)
    assert row["invoice_number"] in group.see("/approvals")
    group.send(f"/approvals/{number}/approve")
    (now,) = console.rows(NL, schema.exchange, schema.exchange.c.id == row["id"])
    assert now["released"]


def _practices(console: Console, exchange_id: str) -> set[str]:
    """Whose claims travel in a file, of its first lines."""
    with console.hub.store.reading(NL) as unit:
        return {each["provider_code"] for each in releases.sample(unit, exchange_id, 1)}


def test_limits_are_the_tenants_and_not_an_organisations(console: Console) -> None:
    person = _works_for(console, PRACTICE)
    data = {"amount": "1.00", "currency": "EUR", "reason": "less"}
    assert person.send("/approvals/limits/limit", data).status_code == 404
    assert not [row for row in console.rows(NL, schema.resolution) if row["kind"] == "limit"]

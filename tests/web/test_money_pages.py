"""Long lists of what waits for a second person: a page at a time, nothing twice, nothing lost, the sums of a page's own."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from hub.model.money import Money
from hub.store import approvals, payouts, schema
from hub.store.payouts import NewPayout
from hub.store.resolutions import NewResolution
from hub.store.unit import new_id
from hub.web.screens import accounts as accounts_screen
from hub.web.screens import approvals as approvals_screen
from hub.web.screens import payouts as payouts_screen
from tests.web.consoles import NL, PRACTICE, Console, Person

PAGE, MANY = 7, 24


def _walk(person: Person, path: str, name: str, wanted: str) -> list[str]:
    """What every page shows, from the first on, following its link for one part of the screen."""
    found: list[str] = []
    for _ in range(MANY):
        body = person.see(path)
        found += re.findall(wanted, body, re.DOTALL)
        following = re.search(rf'href="([^"]*[?&]{name}=[^"]*)" rel="next"', body)
        if following is None:
            return found
        path = unescape(following[1])
    raise AssertionError("the pages do not end")


def test_requests_that_wait_and_that_were_decided_are_paged(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approvals_screen, "_PAGE", PAGE)
    numbers = []
    with console.hub.store.unit(NL) as unit:
        for cents in range(1, 2 * MANY + 1):
            new = NewResolution(kind="", amount=Money(cents, "EUR"), reason="x", by="anne", role="finance")
            request, _ = approvals.ask(unit, "limit", new)
            numbers.append(request.number)
            if cents > MANY:
                approvals.decide(unit, request, ("approved", "refused", "void")[cents % 3], by="bob", role="finance")
        assert approvals.count_waiting(unit) == MANY
    person = console.login("finance")
    assert f"<strong>{MANY}</strong>" in person.see("/approvals")
    waiting = _walk(person, "/approvals", "after", r'class="button" href="/approvals/(\d+)"')
    assert [int(one) for one in waiting] == numbers[:MANY]
    rows = _walk(person, "/approvals", "before", r'<tr><td><a href="/approvals/(\d+)">(?=(?:(?!</tr>).)*bob)')
    assert [int(one) for one in rows] == numbers[: MANY - 1 : -1]
    for odd in ("x", "-1", "99999999999", "1'--"):
        assert person.get(f"/approvals?after={odd}").status_code == 200


def test_changes_of_accounts_are_paged_also_where_many_were_asked_in_one_moment(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts_screen, "_PAGE", PAGE)
    (owner,) = console.rows(NL, schema.organisation, schema.organisation.c.code == PRACTICE)
    with console.hub.store.unit(NL) as unit:
        made = [
            {
                "id": new_id(),
                "organisation_id": owner["id"],
                "account": f"NL00TEST{state[0].upper()}{number:05}",
                "former": "",
                "source": "called",
                "state": state,
                "asked_by": "anne",
                "asked_at": unit.now - timedelta(minutes=number // 5),
                "decided_by": "" if state == "asked" else "bob",
            }
            for state in ("asked", "rejected")
            for number in range(MANY)
        ]
        unit.insert(schema.account_change, made)
    person = console.login("finance")
    waiting = _walk(person, "/accounts", "after", r"<strong>(NL00TESTA\d+)</strong>")
    decided = _walk(person, "/accounts", "before", r"<td>(NL00TESTR\d+)</td>")
    for shown, state in ((waiting, "asked"), (decided, "rejected")):
        rows = sorted((row for row in made if row["state"] == state), key=lambda row: (row["asked_at"], row["id"]))
        assert shown == [row["account"] for row in (rows if state == "asked" else reversed(rows))]
    codes = {row["code"] for row in console.rows(NL, schema.organisation)}
    monkeypatch.setattr(accounts_screen, "_PAGE", 1)
    assert set(_walk(person, "/accounts", "code", r"<tr><td>(\d+) [^<]*</td><td>[^<]*</td></tr>")) >= codes
    for odd in ("x", "2026-01-01T00:00:00|x", "|", "%00"):
        assert person.get(f"/accounts?after={odd}&before={odd}").status_code == 200


def test_proposed_pay_outs_are_paged_and_a_page_is_approved_for_its_own_sum(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payouts_screen, "_PAGE", PAGE)
    payee = next(row["code"] for row in console.rows(NL, schema.organisation) if row["parent_id"] is None)
    with console.hub.store.unit(NL) as unit:
        numbers = [
            payouts.add(
                unit,
                NewPayout(
                    practice=f"P{number:03}",
                    payee=payee,
                    amount=Money(100 + number, "EUR"),
                    name="Praktijk",
                    account="NL20INGB0001234567",
                    until=unit.now,
                    basis={},
                ),
                "anne",
            )["number"]
            for number in range(MANY)
        ]
    person = console.login("finance")
    shown = _walk(person, "/payouts", "proposed", r'name="numbers" value="(\d+)"')
    assert [int(one) for one in shown] == numbers
    body = unescape(person.see("/payouts")).replace("\xa0", " ")
    total = sum(100 + number for number in range(MANY))
    first = sum(100 + number for number in range(PAGE))
    assert f"{MANY} uitbetalingen" in body
    assert _written(total) in body
    assert _written(first) in body
    for number in numbers:
        with console.hub.store.unit(NL) as unit:
            row = payouts.get(unit, number)
            payouts.change(unit, row, payouts.APPROVED, decided_by="bob", decided_at=unit.now)
    wanted = rf'<tr><td><a href="/payouts/(\d+)">\d+</a></td><td>P\d+</td>(?=(?:(?!</tr>).)*<td>{payee}</td><td>bob)'
    ready = _walk(person, "/payouts", "ready", wanted)
    assert [int(one) for one in ready] == numbers


def _written(minor: int) -> str:
    return f"{minor // 100},{minor % 100:02}"

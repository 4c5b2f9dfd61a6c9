"""Release: looked into first, let go by one person up to the limit, above it by two, on the page as on the command line."""

from __future__ import annotations

import re

import pytest

from hub.errors import ConfigurationError
from hub.model.exchange import ExchangeState
from hub.model.money import Money
from hub.pipeline import approvals, let_go, limits
from hub.pipeline.context import Actor
from hub.pipeline.release import release
from hub.store import exchanges, releases, schema
from tests.web.consoles import NL, NO, Console

ANNE, BOB = Actor(name="anne", role="finance"), Actor(name="bob", role="finance")


def _waiting(console: Console, count: int = 2, *, attempts: int = 0, tenant: str = NL) -> list[str]:
    """Files of the demo as they were before anybody let them go."""
    rows = [row for row in console.rows(tenant, schema.exchange) if row["state"] == "delivered"][:count]
    with console.hub.store.unit(tenant) as unit:
        for row in rows:
            values = {"released": False, "attempts": attempts, "next_try_at": None}
            exchanges.force(unit, row["id"], ExchangeState.PREPARED, text="made", **values)
    return [str(row["id"]) for row in rows]


def _limit(console: Console, minor: int, *, tenant: str = NL, currency: str = "EUR") -> None:
    with console.hub.store.unit(tenant) as unit:
        limits.set_limit(unit, Money(minor, currency), ANNE, "decision of the board", limits.LETTING_GO)


def _worth(console: Console, ids: list[str]) -> int:
    with console.hub.store.reading(NL) as unit:
        return sum(abs(each.minor) for ones in releases.worth(unit, ids).values() for each in ones)


def _released(console: Console, ids: list[str], tenant: str = NL) -> list[bool]:
    rows = {row["id"]: row["released"] for row in console.rows(tenant, schema.exchange)}
    return [bool(rows[each]) for each in ids]


def test_a_file_is_looked_into_before_it_goes(console: Console) -> None:
    (one,) = _waiting(console, 1)
    person = console.login("support")
    (claim, *_) = console.rows(NL, schema.claim, schema.claim.c.exchange_id == one)
    assert f"/release/{one}" in person.see("/release")
    body = person.see(f"/release/{one}")
    assert claim["ref"] in body
    assert claim["provider_code"] in body
    person.send("/release", {"ids": [one]})
    assert _released(console, [one]) == [True]
    assert f"/release/{one}" not in person.see("/release")
    assert [row for row in console.rows(NL, schema.resolution) if row["kind"] == "let_go"]


def test_several_go_at_once_and_none_without_being_chosen(console: Console) -> None:
    ids = _waiting(console)
    person = console.login("finance")
    assert person.send("/release", {}).status_code == 422
    person.send("/release", {"ids": ids})
    assert _released(console, ids) == [True, True]


def test_above_the_limit_a_second_person_lets_exactly_these_files_go(console: Console) -> None:
    ids = _waiting(console)
    _limit(console, _worth(console, ids) - 1)
    person = console.login("support")
    person.send("/release", {"ids": ids, "reason": "all checked"})
    assert _released(console, ids) == [False, False]
    assert 'type="checkbox" name="ids"' not in person.see("/release")
    assert person.send("/approvals/1/approve").status_code == 409
    assert _released(console, ids) == [False, False]
    other = console.login("finance")
    assert ids[0] in other.see("/approvals/1")
    other.send("/approvals/1/approve")
    assert _released(console, ids) == [True, True]


def test_cutting_it_up_is_no_way_round(console: Console) -> None:
    first, second = _waiting(console)
    _limit(console, _worth(console, [first, second]) - 1)
    assert let_go.let_go(console.hub, NL, [first], ANNE).gone == (first,)
    done = let_go.let_go(console.hub, NL, [second], ANNE)
    assert done.gone == ()
    assert done.waits == (1,)
    assert let_go.let_go(console.hub, NL, [second], BOB).gone == (second,)


def test_what_changed_since_it_was_asked_is_void(console: Console) -> None:
    (one,) = _waiting(console, 1)
    _limit(console, 0)
    (number,) = let_go.let_go(console.hub, NL, [one], ANNE, reason="checked").waits
    with console.hub.store.unit(NL) as unit:
        unit.update(schema.exchange, one, payload_sha256="0" * 64)
    assert approvals.approve(console.hub, NL, number, BOB).state == "void"
    assert _released(console, [one]) == [False]


def test_the_command_obeys_the_same_rule(console: Console) -> None:
    (one,) = _waiting(console, 1)
    _limit(console, 0)
    (row,) = console.rows(NL, schema.exchange, schema.exchange.c.id == one)
    done = release(console.hub, NL, row["business_key"], ANNE)
    assert done.waits == 1
    assert release(console.hub, NL, row["business_key"], ANNE).waits == 1
    assert _released(console, [one]) == [False]
    approvals.approve(console.hub, NL, 1, BOB)
    assert _released(console, [one]) == [True]


def test_a_rejected_request_can_be_asked_again(console: Console) -> None:
    (one,) = _waiting(console, 1)
    _limit(console, 0)
    let_go.let_go(console.hub, NL, [one], ANNE, reason="checked")
    person = console.login("finance")
    person.send("/approvals/1/reject", {"reason": "wrong quarter"})
    assert let_go.let_go(console.hub, NL, [one], ANNE, reason="checked again").waits == (2,)


def test_one_that_went_already_is_refused(console: Console) -> None:
    (one,) = _waiting(console, 1)
    let_go.let_go(console.hub, NL, [one], ANNE)
    with pytest.raises(ConfigurationError, match="does not wait"):
        let_go.let_go(console.hub, NL, [one], ANNE)


def test_a_higher_limit_takes_two_persons_and_a_lower_one_counts_at_once(console: Console) -> None:
    person = console.login("finance")
    path = "/approvals/limits/let_go_limit"
    person.send(path, {"amount": "50000.00", "currency": "EUR", "reason": "less is enough"})
    with console.hub.store.reading(NL) as unit:
        assert limits.limit(unit, "EUR", limits.LETTING_GO) == Money(5_000_000, "EUR")
        assert limits.limit(unit, "EUR") == Money(5000, "EUR")
    person.send(path, {"amount": "250000.00", "currency": "EUR", "reason": "more"})
    approvals.approve(console.hub, NL, 1, BOB)
    with console.hub.store.reading(NL) as unit:
        assert limits.limit(unit, "EUR", limits.LETTING_GO) == Money(25_000_000, "EUR")
    assert person.send(path, {"amount": "a lot", "currency": "EUR", "reason": "x"}).status_code == 422


def test_what_a_person_uploads_counts_as_sent_once_somebody_says_so(console: Console) -> None:
    (one,) = _waiting(console, 1, attempts=1)
    person = console.login("support")
    body = person.see("/release")
    assert f"/release/{one}" in body
    assert f'value="{one}"' not in body
    assert person.send(f"/release/{one}/uploaded", {"evidence": ""}).status_code == 422
    person.send(f"/release/{one}/uploaded", {"evidence": "VECOZO 4711"})
    (row,) = console.rows(NL, schema.exchange, schema.exchange.c.id == one)
    assert row["state"] == "sent"


def test_who_may_look_may_not_release_and_another_tenant_sees_nothing(console: Console) -> None:
    (one,) = _waiting(console, 1)
    auditor = console.login("auditor")
    assert f"/release/{one}" in auditor.see("/release")
    assert auditor.send("/release", {"ids": [one]}).status_code == 404
    stranger = console.login("support", "NO")
    assert one not in stranger.see("/release")
    assert stranger.get(f"/release/{one}").status_code == 404
    assert stranger.send("/release", {"ids": [one]}).status_code == 404
    assert _released(console, [one]) == [False]
    assert [row for row in console.looks(NO) if row["outcome"] == "absent"]


def test_files_are_paged_and_narrowed_to_a_partner(console: Console) -> None:
    ids = _waiting(console, 8, tenant=NO)
    person = console.login("support", "NO")
    body = person.see("/release")
    assert set(re.findall(r'href="/release/([0-9a-f-]{36})"', body)) == set(ids)
    rows = {row["id"]: row for row in console.rows(NO, schema.exchange)}
    partner = rows[ids[0]]["partner"]
    narrowed = set(re.findall(r'href="/release/([0-9a-f-]{36})"', person.see(f"/release?partner={partner}")))
    assert narrowed == {each for each in ids if rows[each]["partner"] == partner}
    with console.hub.store.reading(NO) as unit:
        found: list[str] = []
        after: releases.After | None = None
        while part := releases.waiting(unit, tried=False, after=after, most=3):
            found += [row["id"] for row in part]
            after = (part[-1]["prepared_at"], part[-1]["id"])
    assert sorted(found) == sorted(ids)

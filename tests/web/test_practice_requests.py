"""A list is planned, asked for, reminded of once, and closed by a person with a reason; no mail names a person."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

from hub.clock import MovableClock
from hub.pipeline.context import Hub
from hub.pipeline.list_requests import list_requests, watch_requests
from hub.store import schema
from tests.web.consoles import NL, OTHER_PRACTICE, PRACTICE, Console


def _on(console: Console, month: int, day: int) -> Hub:
    """The hub on a day of 2024."""
    clock = MovableClock(datetime(2024, month, day, 8, tzinfo=UTC))
    return replace(console.hub, clock=clock, address="https://kvitt.voorbeeldzorg.example")


def _state(hub: Hub, practice: str = PRACTICE, period: str = "2024Q2") -> str:
    with hub.store.reading(NL) as unit:
        found = [one for one in list_requests(hub, unit, "NL") if one.expected.practice == practice]
    return next(one.state for one in found if one.expected.period == period)


def _mails(console: Console) -> list[str]:
    kinds = ("request:expected:", "expected:")
    rows = [one for one in console.rows(NL, schema.notification) if one["key"].startswith(kinds)]
    return sorted(one["key"] for one in rows if one["key"].endswith("2024Q2"))


def test_a_request_goes_from_planned_to_reminded_and_each_mail_goes_once(console: Console) -> None:
    april = _on(console, 4, 2)
    assert _state(april) == "planned"
    for _ in range(2):
        watch_requests(april, NL)
    assert _state(april) == "requested"
    key = f"expected:{PRACTICE}:PMO:2024Q2"
    assert [one for one in _mails(console) if PRACTICE in one] == [f"request:{key}"]
    may = _on(console, 5, 2)
    for _ in range(2):
        watch_requests(may, NL)
    assert _state(may) == "reminded"
    assert [one for one in _mails(console) if PRACTICE in one] == [key, f"request:{key}"]
    mails = [one for one in console.rows(NL, schema.notification) if one["key"] in (f"request:{key}", key)]
    assert len(mails) == 2
    for mail in mails:
        assert "https://kvitt.voorbeeldzorg.example/practice/upload" in mail["body"]
        assert mail["language"] == "nl"
        assert "Mail hem niet" in mail["body"]
        assert not re.search(r"\d{8,9}", mail["body"] + mail["subject"])
    assert _state(may, period="2024Q1") == "received"


def test_support_closes_a_request_and_nobody_is_reminded_of_it(console: Console) -> None:
    watch_requests(_on(console, 4, 2), NL)
    support = console.login("support")
    form = {"practice": OTHER_PRACTICE, "module": "PMO", "period": "2024Q2"}
    assert "PMO 2024Q2" in support.see("/requests")
    assert support.send("/requests/close", form | {"reason": " "}).status_code == 409
    assert support.send("/requests/close", form | {"reason": "Praktijk stopt"}).status_code == 200
    assert support.send("/requests/close", form | {"reason": "Nog eens"}).status_code == 404
    assert support.send("/requests/close", form | {"reason": "x", "period": "2024Q1"}).status_code == 404
    may = _on(console, 5, 2)
    missing = watch_requests(may, NL)
    assert all((one.practice, one.period) != (OTHER_PRACTICE, "2024Q2") for one in missing)
    assert [one for one in _mails(console) if OTHER_PRACTICE in one] == [
        f"request:expected:{OTHER_PRACTICE}:PMO:2024Q2"
    ]
    assert _state(may, OTHER_PRACTICE) == "closed"
    theirs = console.login("provider", "NL", OTHER_PRACTICE).see("/practice")
    assert "Praktijk stopt" in theirs
    assert "Praktijk stopt" not in console.login("provider", "NL", PRACTICE).see("/practice")
    assert console.login("provider", "NL", PRACTICE).get("/requests").status_code == 404


def test_the_menu_marks_the_page_one_is_on_and_no_other(console: Console) -> None:
    person = console.login("provider", "NL", PRACTICE)
    for path in ("/practice", "/practice/upload", "/practice/lists", "/practice/questions"):
        marked = re.findall(r'<a href="([^"]+)" aria-current="page"', person.see(path))
        assert marked == [path]

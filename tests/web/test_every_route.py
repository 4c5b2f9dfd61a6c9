"""Every route of the console, found by asking the application, as every role of another tenant and organisation.

A foreign object is not there: never its name, never a count, and the attempt stands in the access log. New routes are
tried without anybody adding them here; a path parameter nobody knows how to fill fails the test.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute

from hub.store import schema
from hub.web import bounds
from hub.web.roles import GRANTED, Permission
from hub.web.scan import modules
from tests.web.consoles import NL, OTHER_PRACTICE, PRACTICE, Console


@pytest.fixture(autouse=True)
def _no_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who tries every route asks more often than a person may: 429 would hide the answer that is looked for."""
    monkeypatch.setattr(bounds, "A_SECOND", 1e6)


ROLES = ("provider", "support", "engineer", "finance", "privacy_officer", "auditor")
_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")


def _routes() -> Iterator[tuple[str, str]]:
    for module in modules():
        if module.SCREEN.open:
            continue
        for route in module.router.routes:
            if isinstance(route, APIRoute):
                yield from ((method, route.path) for method in sorted(route.methods or ()))


def _owned(console: Console, tenant: str, practice: str = "") -> dict[str, list[str]]:
    """What this tenant (or one practice of it) has, by kind: enough to guess any address."""
    claim = schema.claim.c
    where = (claim.provider_code == practice,) if practice else ()
    claims = console.rows(tenant, schema.claim, *where)
    found = {
        "claim": [row["ref"] for row in claims] + [row["id"] for row in claims],
        "invoice": [row["invoice_number"] for row in claims if row["invoice_number"]],
        "kid": [row["kid"] for row in claims if len(row["kid"]) > 8],
    }
    if not practice:
        found["exchange"] = [row["business_key"] for row in console.rows(tenant, schema.exchange)]
        found["payment"] = [row["id"] for row in console.rows(tenant, schema.payment)]
        found["declaration"] = [row["id"] for row in console.rows(tenant, schema.declaration)]
        found["organisation"] = [row["code"] for row in console.rows(tenant, schema.organisation)]
        found["user"] = [row["login"] for row in console.rows(tenant, schema.app_user)]
        found["task"] = [row["id"] for row in console.rows(tenant, schema.task)]
    return {kind: [value for value in values if len(value) > 7] for kind, values in found.items()}


def _guesses(path: str, owned: dict[str, list[str]]) -> list[str]:
    """The path with each parameter filled by somebody else's objects: of the kind it names, and two of other kinds."""
    samples = [values[0] for values in owned.values() if values]
    if not _PARAMETER.search(path):
        return [path]
    fitting = [values[0] for kind, values in owned.items() if values and f"/{kind}" in path]
    first = zlib.crc32(path.encode()) % len(samples)
    others = [samples[first], samples[(first + 1) % len(samples)]]
    return [_PARAMETER.sub(sample, path) for sample in dict.fromkeys([*fitting, *others])]


@pytest.mark.parametrize("role", ROLES)
def test_no_role_of_another_tenant_sees_or_changes_anything_of_this_one(console: Console, role: str) -> None:
    owned = _owned(console, NL)
    foreign = {value for values in owned.values() for value in values}
    person = console.login(role, "NO")
    guessed: set[str] = set()
    for method, path in _routes():
        for guess in _guesses(path, owned):
            answer = person.get(guess) if method == "GET" else person.send(guess, follow=False)
            seen = {value for value in foreign if value in answer.text and value not in guess}
            if path.startswith("/access-log"):  # their own tenant's log, in which what they tried stands
                seen = {value for value in seen if not any(value in each for each in guessed)}
            guessed.add(guess)
            assert not seen, (role, method, guess, sorted(seen)[:3])
            if method == "GET" and _PARAMETER.search(path):
                assert answer.status_code in (303, 404), (role, guess, answer.status_code)


def test_a_practice_sees_nothing_of_another_practice(console: Console) -> None:
    owned = _owned(console, NL, OTHER_PRACTICE)
    shared = {value for values in _owned(console, NL, PRACTICE).values() for value in values}
    foreign = {value for values in owned.values() for value in values} - shared | {OTHER_PRACTICE}
    assert len(foreign) > 5
    person = console.login("provider", "NL", PRACTICE)
    for method, path in _routes():
        for guess in _guesses(path, owned):
            answer = person.get(guess) if method == "GET" else person.send(guess, follow=False)
            seen = {value for value in foreign if value in answer.text and value not in guess}
            assert not seen, (method, guess, sorted(seen)[:3])


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_may_not_see_is_not_there(console: Console, role: str) -> None:
    """A screen without the permission answers as one that does not exist, and leaves a line."""
    person = console.login(role)
    refused = 0
    for module in modules():
        screen = module.SCREEN
        if screen.open or screen.needs in GRANTED[role] or not screen.group:
            continue
        before = len(console.looks(NL))
        assert person.get(screen.path).status_code == 404, (role, screen.path)
        assert len(console.looks(NL)) == before + 1
        refused += 1
    assert refused or Permission.LOOK in GRANTED[role]


def test_every_change_refuses_a_form_without_its_secret(console: Console) -> None:
    person = console.login("support")
    for method, path in _routes():
        if method == "POST":
            guess = _PARAMETER.sub("x", path)
            answer = person.client.post(guess, data={})
            assert answer.status_code in (403, 404), (path, answer.status_code)


def test_a_page_of_another_site_cannot_send_our_forms(console: Console) -> None:
    person = console.login("support")
    secret = person.secret()
    answer = person.client.post("/logout", data={"csrf": secret}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    answer = person.client.post("/logout", data={"csrf": secret}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert person.get("/account").status_code == 200


def test_every_answer_forbids_inline_scripts_and_frames(console: Console) -> None:
    person = console.login("support")
    for path in ("/", "/today", "/static/kvitt.css", "/nowhere"):
        answer = person.get(path)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_nobody_gets_in_without_logging_in(console: Console) -> None:
    stranger = console.stranger()
    for method, path in _routes():
        guess = _PARAMETER.sub("x", path)
        answer = stranger.get(guess) if method == "GET" else stranger.post(guess, data={})
        assert answer.status_code in (303, 403), (method, path, answer.status_code)
        assert answer.status_code != 303 or answer.headers["location"].startswith("/login")

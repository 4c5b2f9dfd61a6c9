"""Who comes in: tokens for this stage, this scope, this organisation, until they end; and how much they may ask."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.routing import Mount

from hub.errors import ConfigurationError, ContentError
from hub.pipeline import api_tokens, identity
from hub.pipeline.api_tokens import SCOPES, Wanted
from hub.security import tokens
from hub.store import schema
from hub.web.api.application import resources
from tests.web.consoles import NL, NO, PRACTICE, Console
from tests.web.programs import ENGINEER, Program, program


def test_who_has_no_token_that_opens_something_is_told_nothing_else(console: Console) -> None:
    caller = program(console)
    bad = ["", "Bearer", "Bearer x", "Basic abc", f"Bearer {caller.token}x", f"Bearer {caller.token[:-1]}"]
    bad += [f"Bearer {caller.token.replace(NL, NO)}", f"Bearer {caller.token.replace('_test_', '_live_')}"]
    said = set()
    for given in bad:
        for method, path in (("GET", "/claims"), ("GET", "/claims/nothing"), ("POST", "/declarations")):
            answer = caller.client.request(method, f"/v1{path}", headers={"Authorization": given} if given else {})
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), (given, path)
            assert answer.headers["content-type"] == "application/problem+json"
            said.add(answer.content)
    assert len(said) == 1


def test_of_a_token_only_a_hash_is_stored(console: Console) -> None:
    caller = program(console)
    secret = caller.token.rpartition(".")[2]
    (row,) = console.rows(NL, schema.api_token, schema.api_token.c.id == caller.token_id)
    assert row["secret_hash"] == tokens.digest(secret)
    assert secret not in repr(row)
    assert secret not in repr(console.looks(NL))


def test_a_token_ends_by_itself_when_revoked_and_when_its_maker_leaves(console: Console) -> None:
    short, revoked = Wanted(name="short", scopes=["claims:read"], days=1), program(console)
    made = api_tokens.make(console.hub, NL, short, ENGINEER)
    client = Program(client=console.stranger(), token=made.token, token_id=made.id)
    assert (client.get("/claims").status_code, revoked.get("/claims").status_code) == (200, 200)
    console.clock.move_to(console.clock.now() + timedelta(days=1, seconds=1))
    assert client.get("/claims").status_code == 401
    assert revoked.get("/claims").status_code == 200
    assert api_tokens.revoke(console.hub, NL, revoked.token_id, ENGINEER)
    assert revoked.get("/claims").status_code == 401
    leaver = console.login("engineer")
    (user,) = console.rows(NL, schema.app_user, schema.app_user.c.login == leaver.login)
    made = api_tokens.make(console.hub, NL, short, ENGINEER, user_id=user["id"])
    client = Program(client=console.stranger(), token=made.token, token_id=made.id)
    assert client.get("/claims").status_code == 200
    identity.end_user(console.hub, NL, leaver.login, ENGINEER)
    assert client.get("/claims").status_code == 401


def test_when_it_was_used_last_is_written_down_once_a_minute(console: Console) -> None:
    caller = program(console)
    seen = []
    for seconds in (0, 30, 60):
        console.clock.move_to(console.clock.now() + timedelta(seconds=seconds))
        assert caller.get("/payments").status_code == 200
        seen.append(console.rows(NL, schema.api_token, schema.api_token.c.id == caller.token_id)[0]["used_at"])
    assert seen[0] == seen[1] < seen[2]


@pytest.mark.parametrize("stage", ["sandbox", "test", "production"])
def test_test_tokens_open_nothing_in_production_and_live_ones_nothing_elsewhere(console: Console, stage: str) -> None:
    hub = replace(console.hub, stage=stage)
    made = api_tokens.make(hub, NL, Wanted(name="x", scopes=["claims:read"]), ENGINEER)
    assert made.token.startswith("kvitt_live_" if stage == "production" else "kvitt_test_")
    for other in ("sandbox", "test", "production"):
        opens = api_tokens.program_of(replace(console.hub, stage=other), made.token) is not None
        assert opens is ((stage == "production") is (other == "production"))


def test_every_route_asks_for_a_token_and_its_scope(console: Console) -> None:
    routes = [route for module in resources() for route in module.router.routes]
    assert len(routes) >= 20
    nothing = program(console, scopes=("payments:read",))
    other = program(console, scopes=tuple(each for each in SCOPES if each != "payments:read"))
    for route in routes:
        path = route.path
        for name in route.param_convertors:
            path = path.replace(f"{{{name}}}", "x")
        money = path.startswith(("/payments", "/allocations"))
        caller = other if money else nothing
        for method in route.methods:
            answer = caller.client.request(method, f"/v1{path}", headers=caller.headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), (method, path)
            assert caller.client.request(method, f"/v1{path}").status_code == 401
    assert [row for row in console.looks(NL) if row["outcome"] == "no scope"]


def test_a_program_that_asks_too_often_waits(console: Console) -> None:
    caller, other = program(console), program(console)
    mounted: Any = next(route.app for route in console.app.routes if isinstance(route, Mount))
    mounted.state.buckets.levels[caller.token_id] = (0.0, time.monotonic() + 60)
    answer = caller.get("/claims")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many")
    assert int(answer.headers["retry-after"]) > 0
    assert other.get("/claims").status_code == 200


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(name="", scopes=["claims:read"]),
        Wanted(name="x" * 61, scopes=["claims:read"]),
        Wanted(name="x", scopes=[]),
        Wanted(name="x", scopes=["everything"]),
        Wanted(name="x", scopes=["claims:read"], days=366),
        Wanted(name="x", scopes=["claims:read"], days=0),
        Wanted(name="x", scopes=["claims:read"], organisation="98765432"),
    ],
)
def test_a_token_nobody_should_have_is_not_made(console: Console, wanted: Wanted) -> None:
    with pytest.raises(ConfigurationError):
        api_tokens.make(console.hub, NL, wanted, ENGINEER)
    assert console.rows(NL, schema.api_token) == []


def test_who_is_fenced_makes_tokens_for_what_is_inside_only(console: Console) -> None:
    inside = frozenset({PRACTICE})
    api_tokens.make(
        console.hub, NL, Wanted(name="x", scopes=["claims:read"], organisation=PRACTICE), ENGINEER, within=inside
    )
    with pytest.raises(ContentError):
        api_tokens.make(console.hub, NL, Wanted(name="x", scopes=["claims:read"]), ENGINEER, within=inside)
    whole = program(console)
    assert not api_tokens.revoke(console.hub, NL, whole.token_id, ENGINEER, within=inside)
    assert whole.get("/claims").status_code == 200


def test_what_is_not_there_and_what_cannot_be_done_are_problems_too(console: Console) -> None:
    client = console.stranger()
    for method, path, status in (("GET", "/nowhere", 404), ("PUT", "/claims", 405), ("GET", "/claims/", 404)):
        answer = client.request(method, f"/v1{path}")
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), path
        assert set(answer.json()) >= {"type", "title", "status", "code"}

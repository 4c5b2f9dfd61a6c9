"""Programs are told: everything that happens, signed, in the end always, and nothing that is somebody else's.

Called is a real HTTP server that checks the signature.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.messengers import outside, webhook
from hub.errors import ConfigurationError, TransientError
from hub.pipeline import webhooks as hooks
from hub.pipeline.webhooks import EVENTS, Wanted
from hub.sandbox.server import Request, Response, Route, SandboxServer, json_response
from hub.store import schema, webhooks
from tests.web.consoles import NL, OTHER_PRACTICE, PRACTICE, Console
from tests.web.programs import ENGINEER, Program, program
from tests.web.test_api_changing import hand_in

ALL = sorted(EVENTS)


@dataclass
class Listener:
    """A program that is called; `status` is what it answers to what is signed."""

    server: SandboxServer
    secrets: list[str] = field(default_factory=list)
    status: int = 200
    heard: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    forged: int = 0

    @property
    def url(self) -> str:
        return f"{self.server.url}/hook"

    def hear(self, call: Request) -> Response:
        moment, *given = call.headers["x-kvitt-signature"].split(",")
        signed = moment.removeprefix("t=").encode() + b"." + call.body
        mine = [f"v1={hmac.new(each.encode(), signed, hashlib.sha256).hexdigest()}" for each in self.secrets]
        if not set(mine) & set(given):
            self.forged += 1
            return json_response({}, 401)
        if self.status == 200:
            body = json.loads(call.body)
            assert body["id"] == call.headers["x-kvitt-delivery"]
            self.heard.append(body)
        self.ids.append(call.headers["x-kvitt-delivery"])
        return json_response({}, self.status)


@pytest.fixture
def listener() -> Iterator[Listener]:
    made: list[Listener] = []

    def hear(call: Request) -> Response:
        return made[0].hear(call)

    with SandboxServer([Route("POST", "/hook", hear)]) as server:
        made.append(Listener(server))
        yield made[0]
    assert not server.crashes


def hooked(caller: Program, listener: Listener, events: list[str] | None = None, **more: str) -> str:
    """Add a webhook by the API; gives its id."""
    answer = caller.put("/webhooks", {"url": listener.url, "events": events or ALL} | more)
    assert answer.status_code == 201, answer.text
    listener.secrets.append(answer.json()["secret"])
    return str(answer.json()["id"])


def happen(console: Console) -> None:
    """A list comes in, by somebody."""
    assert hand_in(program(console))[0] == 201


def call(console: Console) -> hooks.Called:
    return hooks.call_webhooks(console.hub, NL)


def test_what_happens_is_told_once_signed_and_without_a_person(console: Console, listener: Listener) -> None:
    hook = hooked(program(console), listener)
    assert call(console) == hooks.Called()
    happen(console)
    assert call(console).told == 1
    assert (call(console).told, listener.forged) == (0, 0)
    (heard,) = listener.heard
    (row,) = console.rows(NL, schema.declaration, schema.declaration.c.id == heard["data"]["declaration"])
    assert heard["event"] == "declaration.judged"
    assert heard["data"]["organisation"] == OTHER_PRACTICE
    assert set(heard["data"]) == {"declaration", "organisation", "programme", "module", "period", "state", "code"}
    assert row["state"] == heard["data"]["state"]
    (told,) = program(console).see(f"/webhooks/{hook}/deliveries")["items"]
    assert (told["state"], told["id"]) == ("told", heard["id"])


def test_every_kind_of_news_of_the_whole_story_is_told(console: Console, listener: Listener) -> None:
    """The webhook is set back to before the story: it gets as much as there is, in the order it happened."""
    hook = hooked(program(console), listener)
    with console.hub.store.unit(NL) as unit:
        begin = console.clock.now() - timedelta(days=3650)
        unit.update(schema.webhook, hook, looked_at=begin, created_at=begin)
    while call(console).told:
        pass
    tables = {
        "declaration.judged": schema.declaration,
        "claim.decided": schema.decision,
        "exchange.state": schema.exchange_event,
        "payment.matched": schema.allocation,
    }
    counts = {event: sum(each["event"] == event for each in listener.heard) for event in ALL}
    assert counts == {event: len(console.rows(NL, table)) for event, table in tables.items()}
    assert all(counts.values())
    assert len(set(listener.ids)) == len(listener.ids)
    assert [each["at"] for each in listener.heard] == sorted(each["at"] for each in listener.heard)


def test_what_does_not_come_through_is_tried_again_under_the_same_id_and_ever_more_rarely(
    console: Console, listener: Listener
) -> None:
    hook = hooked(program(console), listener)
    happen(console)
    listener.status = 503
    waits = []
    for _ in range(6):
        assert call(console) == hooks.Called(told=0, waiting=1)
        assert call(console) == hooks.Called()  # not yet again
        (row,) = console.rows(NL, schema.webhook_delivery)
        waits.append(row["next_try_at"] - console.clock.now())
        console.clock.move_to(row["next_try_at"])
    assert waits == [timedelta(seconds=30 * 2**n) for n in range(6)]
    assert (
        len(console.rows(NL, schema.task, schema.task.c.key == f"webhook:{hook}", schema.task.c.state == "open")) == 1
    )
    listener.status = 200
    assert call(console).told == 1
    assert set(listener.ids) == {listener.heard[0]["id"]}
    assert console.rows(NL, schema.task, schema.task.c.key == f"webhook:{hook}")[0]["state"] == "done"


def test_one_that_was_given_up_is_told_again_when_somebody_asks(console: Console, listener: Listener) -> None:
    caller = program(console)
    hook = hooked(caller, listener)
    happen(console)
    listener.status = 500
    call(console)
    console.clock.move_to(console.clock.now() + timedelta(days=3))
    call(console)
    (told,) = caller.see(f"/webhooks/{hook}/deliveries", state="given_up")["items"]
    console.clock.move_to(console.clock.now() + timedelta(days=3))
    assert call(console) == hooks.Called()
    listener.status = 200
    answer = caller.post(f"/webhooks/{hook}/deliveries/{told['id']}/redeliver")
    assert (answer.status_code, answer.json()["state"]) == (200, "waiting")
    assert call(console).told == 1
    assert listener.heard[0]["id"] == told["id"]


def test_one_refused_message_does_not_hold_up_the_others(console: Console, listener: Listener) -> None:
    hooked(program(console), listener)
    for period in ("2024Q3", "2024Q4"):
        assert hand_in(program(console), period=period)[0] == 201
    listener.status = 400
    assert call(console) == hooks.Called(told=0, waiting=2)
    assert len(set(listener.ids)) == 2


def test_a_webhook_of_a_practice_hears_of_this_practice_only(console: Console, listener: Listener) -> None:
    hook = hooked(program(console, organisation=PRACTICE), listener)
    with console.hub.store.unit(NL) as unit:
        begin = console.clock.now() - timedelta(days=3650)
        unit.update(schema.webhook, hook, looked_at=begin, created_at=begin)
    happen(console)  # of the other practice
    while call(console).told:
        pass
    own = {row["ref"] for row in console.rows(NL, schema.claim, schema.claim.c.provider_code == PRACTICE)}
    assert len(listener.heard) > 3
    assert {each["data"]["claim"] for each in listener.heard if "claim" in each["data"]} <= own
    lists = [each["data"]["organisation"] for each in listener.heard if each["event"] == "declaration.judged"]
    assert set(lists) == {PRACTICE}
    assert not [each for each in listener.heard if each["event"] == "exchange.state"]


@pytest.mark.scenario("S16")
def test_nobody_sees_or_changes_a_webhook_of_somebody_else(console: Console, listener: Listener) -> None:
    """By its id, with its deliveries, of another practice and another tenant: as if it never was."""
    owner = program(console, organisation=OTHER_PRACTICE)
    hook = hooked(owner, listener)
    happen(console)
    call(console)
    (told,) = owner.see(f"/webhooks/{hook}/deliveries")["items"]
    before = console.rows(NL, schema.webhook), console.rows(NL, schema.webhook_delivery)
    for other in (program(console, organisation=PRACTICE), program(console, "NO")):
        assert other.see("/webhooks") == []
        for path in (f"/webhooks/{hook}", f"/webhooks/{hook}/deliveries"):
            assert other.get(path).status_code == 404
        for action in ("secret", "stop", "resume", f"deliveries/{told['id']}/redeliver"):
            assert other.post(f"/webhooks/{hook}/{action}").status_code == 404, action
        assert other.delete(f"/webhooks/{hook}").status_code == 404
        mine = hooked(other, listener)
        assert other.post(f"/webhooks/{mine}/deliveries/{told['id']}/redeliver").status_code == 404
        assert other.see(f"/webhooks/{mine}/deliveries")["items"] == []
        assert other.delete(f"/webhooks/{mine}").status_code == 204
    same = [row for row in console.rows(NL, schema.webhook) if row["id"] == hook]
    assert (same, console.rows(NL, schema.webhook_delivery)) == before
    answer = program(console, organisation=PRACTICE).put(
        "/webhooks", {"url": listener.url, "events": ALL, "organisation": OTHER_PRACTICE}
    )
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "body/organisation")


def test_the_secret_is_shown_once_stored_sealed_and_changed_with_a_day_for_both(
    console: Console, listener: Listener
) -> None:
    caller = program(console)
    hook = hooked(caller, listener)
    first = listener.secrets[0]
    assert first not in caller.get("/webhooks").text + caller.get(f"/webhooks/{hook}").text
    assert first.encode() not in console.rows(NL, schema.webhook)[0]["secret"]
    made = caller.post(f"/webhooks/{hook}/secret", key="new")
    assert caller.post(f"/webhooks/{hook}/secret", key="new").json() == made.json()
    second = made.json()["secret"]
    assert second != first
    for period, secrets, forged in (("2024Q2", [first], 0), ("2024Q3", [second], 0), ("2024Q4", [first], 1)):
        listener.secrets = secrets
        if forged:
            console.clock.move_to(console.clock.now() + timedelta(days=1, minutes=1))
        assert hand_in(program(console), period=period)[0] == 201
        call(console)
        assert listener.forged == forged, period


def test_the_same_request_for_a_webhook_makes_one(console: Console, listener: Listener) -> None:
    caller = program(console)
    body = {"url": listener.url, "events": ALL}
    made = [caller.put("/webhooks", body, key="one").json() for _ in range(2)]
    with console.hub.store.unit(NL) as unit:  # as if it had died before it could answer
        unit.connection.execute(schema.api_repeat.update().values(status=None, answer=None))
    assert [*made, caller.put("/webhooks", body, key="one").json()] == [made[0]] * 3
    assert len(console.rows(NL, schema.webhook)) == 1


def test_a_stopped_one_is_told_later_and_a_removed_one_never(console: Console, listener: Listener) -> None:
    caller = program(console)
    stopped, removed = hooked(caller, listener), hooked(caller, listener)
    assert caller.post(f"/webhooks/{stopped}/stop").json()["state"] == "stopped"
    assert caller.delete(f"/webhooks/{removed}").status_code == 204
    happen(console)
    assert call(console) == hooks.Called()
    assert caller.post(f"/webhooks/{stopped}/resume").json()["state"] == "active"
    assert call(console).told == 1
    assert [row["id"] for row in console.rows(NL, schema.webhook, schema.webhook.c.removed_at.is_not(None))] == [
        removed
    ]


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.0.0.1",
            "172.16.3.4",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",  # noqa: S104 -- to be refused
            "224.0.0.1",
        ),
        *("::1", "fd00::1", "fe80::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "::", "ff02::1"),
    ],
)
def test_addresses_of_ones_own_network_are_not_on_the_open_internet(address: str) -> None:
    assert not outside.is_open(address)


def test_addresses_of_others_are() -> None:
    for address in ("8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808"):
        assert outside.is_open(address)


def test_outside_the_sandbox_only_the_open_internet_is_called(
    console: Console, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By address, and by a name that is looked up as open and then leads inside: it is looked up once."""
    hub = replace(console.hub, stage="test")
    with pytest.raises(ConfigurationError, match="https"):
        hooks.add(hub, NL, Wanted(url=listener.url, events=ALL), ENGINEER)
    hooked(program(console), listener)
    happen(console)
    assert hooks.call_webhooks(hub, NL) == hooks.Called(told=0, waiting=1)
    port = listener.server.url.rpartition(":")[2]
    answers = iter([("8.8.8.8", int(port)), ("127.0.0.1", int(port))])

    def turning(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", next(answers))]

    reached: list[str] = []

    def connecting(address: tuple[str, int], *_: Any, **__: Any) -> Any:
        reached.append(address[0])
        raise OSError("nothing leaves this test")

    monkeypatch.setattr(outside.socket, "getaddrinfo", turning)
    monkeypatch.setattr("urllib3.util.connection.create_connection", connecting)
    hook = webhook.Hook(url=f"https://turning.example:{port}/", secret="x" * 20, outside=True)
    for wanted in (["8.8.8.8"], ["8.8.8.8"]):
        with pytest.raises(TransientError):
            webhook.call(hook, webhook.News(id="1", data={}, at=console.clock.now()))
        assert reached == wanted
    assert listener.heard == []


def test_people_redeliver_and_change_the_secret_by_the_console(console: Console, listener: Listener) -> None:
    person = console.login("engineer")
    page = person.send("/webhooks", {"url": listener.url, "events": ALL})
    assert page.status_code == 200
    (row,) = console.rows(NL, schema.webhook)
    with console.hub.store.reading(NL) as unit:
        listener.secrets = list(webhooks.secrets(unit, row))
    assert listener.secrets[0] in page.text
    assert listener.secrets[0] not in person.see(f"/webhooks/{row['id']}")
    happen(console)
    call(console)
    (told,) = console.rows(NL, schema.webhook_delivery)
    assert "declaration.judged" in person.see(f"/webhooks/{row['id']}")
    assert person.send(f"/webhooks/{row['id']}/deliveries/{told['id']}/redeliver").status_code == 200
    call(console)
    assert listener.ids == [told["id"]] * 2
    for action in ("stop", "resume", "secret", "remove"):
        assert person.send(f"/webhooks/{row['id']}/{action}").status_code == 200, action
    assert person.get(f"/webhooks/{row['id']}").status_code == 404
    assert console.login("support").get("/webhooks").status_code == 404
    assert console.login("engineer", "NO").get(f"/webhooks/{row['id']}").status_code == 404


def test_people_make_and_revoke_tokens_by_the_console(console: Console) -> None:
    person = console.login("engineer")
    page = person.send("/tokens", {"name": "his", "organisation": PRACTICE, "days": "30", "scopes": ["claims:read"]})
    token = page.text.partition("kvitt_test_")[2].partition("<")[0]
    (row,) = console.rows(NL, schema.api_token)
    caller = Program(client=console.stranger(), token=f"kvitt_test_{token}", token_id=row["id"])
    assert {each["provider"] for each in caller.see("/claims")["items"]} == {PRACTICE}
    assert token not in person.see("/tokens")
    assert row["user_id"]
    assert person.send("/tokens", {"name": "none"}).status_code == 422
    assert person.send(f"/tokens/{row['id']}/revoke").status_code == 200
    assert caller.get("/claims").status_code == 401
    assert console.login("engineer", "NO").send(f"/tokens/{row['id']}/revoke", follow=False).status_code == 404

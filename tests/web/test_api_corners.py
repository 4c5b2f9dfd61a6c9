"""Where two things of the API meet: a key after its week, two tokens with one key, what ends in the middle of a turn."""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from connectors.messengers import outside, webhook
from hub import log, texts
from hub.errors import TransientError
from hub.pipeline import api_tokens, identity
from hub.pipeline import webhooks as hooks
from hub.pipeline.api_tokens import Wanted
from hub.sandbox.pki import Identity, make_pki
from hub.sandbox.server import Request, Response, Route, SandboxServer
from hub.store import parties, retained, schema, tasks
from hub.store.tasks import NewTask
from hub.web import bounds
from hub.web.api import turns as api_turns
from hub.web.app import create_app
from hub.web.fairness import Desk
from tests.web.consoles import NL, OTHER_PRACTICE, PRACTICE, Console
from tests.web.programs import ENGINEER, Program, program
from tests.web.test_api_changing import CSV, FOR, hand_in, list_of
from tests.web.test_api_webhooks import ALL
from tests.web.test_load import held_up

URL = "http://localhost:9/hook"
BSN = "999910012"


def _a_week_later(console: Console) -> None:
    """Keys are kept for seven days; the night forgets them then."""
    console.clock.move_to(console.clock.now() + timedelta(days=8))
    with console.hub.store.unit(NL) as unit:
        assert retained.end(unit, "api_repeat", console.clock.now())


# --- keys -------------------------------------------------------------------------------------------------------------


def test_a_new_secret_under_a_key_of_long_ago_is_a_new_secret(console: Console) -> None:
    """Whoever changes the secret each quarter under one key gets another one each time, and never an old one back."""
    caller = program(console)
    hook = caller.put("/webhooks", {"url": URL, "events": ALL}).json()["id"]
    secrets = []
    for key in ("rotate", "other", "rotate"):
        answer = caller.post(f"/webhooks/{hook}/secret", key=key)
        assert answer.status_code == 200
        secrets.append(answer.json()["secret"])
        _a_week_later(console)
    assert len({*secrets}) == 3


def test_a_webhook_is_made_anew_under_a_key_of_long_ago(console: Console) -> None:
    caller, body = program(console), {"url": URL, "events": ALL}
    first = caller.put("/webhooks", body, key="one").json()
    assert caller.delete(f"/webhooks/{first['id']}").status_code == 204
    _a_week_later(console)
    answer = caller.put("/webhooks", body, key="one")
    assert answer.status_code == 201, answer.text
    assert answer.json()["id"] != first["id"]
    assert answer.json()["secret"] != first["secret"]


def test_a_key_that_died_half_way_makes_the_same_secret_again(console: Console) -> None:
    caller = program(console)
    hook = caller.put("/webhooks", {"url": URL, "events": ALL}).json()["id"]
    made = caller.post(f"/webhooks/{hook}/secret", key="one").json()
    with console.hub.store.unit(NL) as unit:
        unit.connection.execute(schema.api_repeat.update().values(status=None, answer=None))
    assert caller.post(f"/webhooks/{hook}/secret", key="one").json() == made


def test_two_tokens_with_the_same_key_for_the_same_list_keep_each_its_place(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old token of a program and its new one: asking again with either is no further list in the queue."""
    old, new = (program(console, organisation=OTHER_PRACTICE) for _ in range(2))
    console.app.state.desk = desk = Desk(patience=0)
    monkeypatch.setattr(api_turns, "_READ_S", 0.0)
    _, go = held_up(desk)
    for _ in range(4):
        for caller in (old, new):
            answer = caller.post("/declarations", key="list", body=list_of("2024Q3"), kind=CSV, **FOR)
            assert answer.status_code == 202, answer.text
    assert sum(len(queue) for queue in desk._waiting.values()) == 2
    go.set()


# --- what is written down and told --------------------------------------------------------------------------------------


def test_a_number_asked_for_by_mistake_does_not_stand_in_the_access_log(console: Console) -> None:
    """The log is never changed: a patient's number in it would stay for years."""
    caller, blind = program(console), program(console, scopes=("payments:read",))
    for path in ("/claims", "/declarations", "/exchanges"):
        assert caller.get(f"{path}/{BSN}").status_code == 404
        assert blind.get(f"{path}/{BSN}").status_code == 403
    person = console.login("support")
    for path in ("/claims", "/exchanges", "/payments", "/tasks"):
        assert person.get(f"{path}/{BSN}").status_code == 404
    written = [row["object"] for row in console.looks(NL)]
    assert [each for each in written if each.endswith("0012")], "that somebody asked stands there"
    assert not [each for each in written if BSN in each]


def test_a_program_is_told_nothing_of_users_and_addresses(console: Console) -> None:
    caller = program(console, scopes=("claims:read",))
    with console.hub.store.unit(NL) as unit:
        for kind in ("device", "webhook_failed", "alert_failed", "rejection"):
            said = f"{kind} of jan@praktijk.example at https://x.example/secret"
            words: dict[str, str] = dict.fromkeys(texts.LANGUAGES, said)
            tasks.add(unit, NewTask(key=f"corner:{kind}", kind=kind, text=words, action=words))
    for query in ({}, {"kind": "device"}, {"state": "open"}):
        found: list[str] = []
        asked = {"limit": 200, **query}
        while True:
            said = caller.see("/findings", **asked)
            found += [each["kind"] for each in said["items"]]
            if not said["has_more"]:
                break
            asked["cursor"] = said["next_cursor"]
        assert not {*found} & {"device", "webhook_failed", "alert_failed"}, query
        assert ("rejection" in found) == ("kind" not in query)


# --- whose token it is ------------------------------------------------------------------------------------------------


def _made_by(console: Console, scopes: tuple[str, ...]) -> tuple[Program, str, str]:
    """A token of the whole tenant, made in the console by somebody who sees it whole; their id and login."""
    engineer = console.login("engineer")
    (user,) = console.rows(NL, schema.app_user, schema.app_user.c.login == engineer.login)
    made = api_tokens.make(console.hub, NL, Wanted(name="his", scopes=scopes), ENGINEER, user_id=user["id"])
    return Program(client=console.stranger(), token=made.token, token_id=made.id), user["id"], user["login"]


def _becomes(console: Console, login: str, role: str, organisation: str) -> None:
    with console.hub.store.unit(NL) as unit:
        own = parties.organisation(unit, organisation).id if organisation else None
        parties.put_user(unit, login, name="X", role=role, organisation_id=own, language="en")


def test_a_token_sees_no_more_than_its_maker_by_now(console: Console) -> None:
    caller, _, login = _made_by(console, ("claims:read",))
    before = {each["provider"] for each in caller.see("/claims", limit=200)["items"]}
    assert {PRACTICE, OTHER_PRACTICE} <= before
    _becomes(console, login, "engineer", PRACTICE)
    assert {each["provider"] for each in caller.see("/claims", limit=200)["items"]} == {PRACTICE}


def test_a_calendar_ends_with_the_role_that_may_have_one(console: Console) -> None:
    caller, _, login = _made_by(console, ("calendar:read",))
    path = f"/calendar/{caller.token}/en.ics"
    assert caller.client.get(path).status_code == 200
    _becomes(console, login, "privacy_officer", "")
    assert caller.client.get(path).status_code == 404
    _becomes(console, login, "support", "")
    assert caller.client.get(path).status_code == 200
    identity.end_user(console.hub, NL, login, ENGINEER)
    assert caller.client.get(path).status_code == 404


# --- webhooks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["remove", "stop"])
def test_who_is_stopped_or_removed_in_the_middle_of_a_turn_hears_no_more(console: Console, action: str) -> None:
    """The address was a wrong one: what waits behind the first call does not go there any more."""
    caller, heard, hook = program(console), [0], [""]

    def hear(_: Request) -> Response:
        heard[0] += 1
        step = {"remove": hooks.remove, "stop": hooks.stop}[action]
        assert step(console.hub, NL, hook[0], ENGINEER)
        return Response()

    with SandboxServer([Route("POST", "/hook", hear)]) as server:
        hook[0] = caller.put("/webhooks", {"url": f"{server.url}/hook", "events": ALL}).json()["id"]
        for period in ("2024Q2", "2024Q3"):
            assert hand_in(program(console), period=period)[0] == 201
        done = hooks.call_webhooks(console.hub, NL)
        hooks.call_webhooks(console.hub, NL)
    assert not server.crashes
    assert (heard, done.told) == ([1], 1)


def test_a_yes_with_a_big_page_behind_it_is_a_yes(console: Console) -> None:
    caller = program(console)
    with SandboxServer([Route("POST", "/hook", lambda _: Response(body=b"x" * 300_000))]) as server:
        hook = caller.put("/webhooks", {"url": f"{server.url}/hook", "events": ALL}).json()["id"]
        assert hand_in(program(console))[0] == 201
        assert hooks.call_webhooks(console.hub, NL) == hooks.Called(told=1, waiting=0)
    assert caller.see(f"/webhooks/{hook}/deliveries")["items"][0]["state"] == "told"


@contextmanager
def _dripping(identity_: Identity, answer: bytes) -> Iterator[int]:
    """A server that answers a sign at a time, each well within its time."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity_.certificate, identity_.key)
    over = threading.Event()

    def serve(listening: socket.socket) -> None:
        plain, _ = listening.accept()
        with plain, context.wrap_socket(plain, server_side=True) as secured:
            secured.recv(65536)
            for sign in answer + b"x" * 400:
                if over.wait(0.02):
                    return
                try:
                    secured.sendall(bytes([sign]))
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=[listening], daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        over.set()
        thread.join(10)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 503 No\r\nX-Name: ", b"HTTP/1.1 503 No\r\nContent-Length: 9000\r\n\r\n"])
def test_who_answers_a_sign_at_a_time_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    """One such address would keep the news of every tenant waiting."""
    monkeypatch.setattr(outside, "is_open", lambda _: True)
    monkeypatch.setattr(outside, "_LONGEST_S", 1.5, raising=False)
    pki = make_pki(tmp_path, now=datetime.now(UTC))
    with _dripping(pki.server, answer) as port:
        hook = webhook.Hook(
            url=f"https://127.0.0.1:{port}/", secret="x" * 20, outside=True, ca_file=str(pki.ca_file), read_timeout=2.0
        )
        begun = time.monotonic()
        with pytest.raises(TransientError):
            webhook.call(hook, webhook.News(id="1", data={}, at=datetime.now(UTC)))
        assert time.monotonic() - begun < 5


# --- doors --------------------------------------------------------------------------------------------------------------


def test_an_archive_with_a_part_that_ends_early_is_refused_in_the_drop_box(console: Console) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("list.csv", list_of("2024Q3"))
    data = bytearray(out.getvalue())
    central = data.rindex(b"PK\x01\x02")
    for place in (central + 20, central + 24):
        data[place : place + 4] = (900_000).to_bytes(4, "little")
    person = console.login("support")
    answer = person.send("/drop", {}, files={"file": ("lists.zip", bytes(data), "application/zip")})
    assert answer.status_code in (200, 422), answer.status_code
    assert "zip" in answer.text


def test_a_link_that_is_refused_does_not_stand_in_the_log(console: Console, tmp_path: Path) -> None:
    user = console.rows(NL, schema.app_user)[0]
    link = identity.invite(console.hub, NL, user["login"], ENGINEER)
    with log.open_log(tmp_path / "log"):
        answer = console.stranger().post(f"{link.path}/{link.secret}", headers={"origin": "https://evil.example"})
    written = (tmp_path / "log" / log.LOG_FILE).read_text()
    assert (answer.status_code, "form refused" in written) == (403, True)
    assert link.secret.rpartition(".")[2] not in written


def test_behind_a_proxy_nobody_waits_for_what_others_ask(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """There every address is the proxy's, which limits them itself."""
    monkeypatch.setattr(bounds, "BURST", 5.0)
    said = {}
    for origin in ("", "https://kvitt.example"):
        with TestClient(create_app(console.hub, origin=origin)) as client:
            said[origin] = {client.get("/static/kvitt.css").status_code for _ in range(30)}
    assert said == {"": {200, 429}, "https://kvitt.example": {200}}

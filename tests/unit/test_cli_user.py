"""kvitt user as people call it: secrets go in by standard input, come out once, and are never words of a command."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from hub.cli import actors
from hub.cli.boot import open_hub, settings_here
from hub.pipeline import identity
from hub.pipeline.context import Hub
from tests.commands import Run, in_process, stand_in

NL = ("--tenant", "thuis")
PASSWORD = "vier losse woorden hier"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    stand_in(tmp_path, monkeypatch)
    call = in_process(monkeypatch, capsys)
    assert call("init").code == 0
    agent = ("--kind", "billing_agent", "--code", "98000001", "--name", "Hulp")
    assert call("org", "add", *NL, "--country", "NL", *agent).code == 0
    assert call("user", "add", "bert", "--role", "finance", *NL).code == 0
    assert call("user", "add", "anna@praktijk.example", "--role", "support", *NL).code == 0
    return call


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def hub() -> Hub:
    return open_hub(settings_here())


def enters(login: str, password: str) -> str:
    opened = hub()
    try:
        return identity.log_in(opened, login, password).session.person.role
    finally:
        opened.store.close()


def test_a_password_is_read_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, f"{PASSWORD}\n")
    done = run("user", "password", "bert")
    assert (done.code, PASSWORD in done.out + done.err) == (0, False)
    assert enters("bert", PASSWORD) == "finance"
    typed(monkeypatch, "short\n")
    assert run("user", "password", "bert").code == 2


def test_a_made_password_is_shown_once_and_works(run: Run) -> None:
    made = run("user", "password", "bert", "--generate", "--json").body()["password"]
    assert len(made) >= 20
    assert enters("bert", made) == "finance"


def test_an_invitation_is_handed_over_where_there_is_no_address(run: Run) -> None:
    body = run("user", "invite", "bert", "--console", "https://k.example", "--json").body()
    assert (body["mailed_to"], body["link"].startswith("https://k.example/welcome/thuis.")) == ("", True)
    opened = hub()
    entry = identity.accept(opened, body["link"].rsplit("/", 1)[1], PASSWORD)
    assert entry.session.person.login == "bert"
    opened.store.close()


def test_an_invitation_by_mail_shows_no_secret(run: Run) -> None:
    body = run("user", "invite", "anna@praktijk.example", "--json").body()
    assert (body["mailed_to"], "link" in body) == ("anna@praktijk.example", False)
    assert "welcome" not in run("user", "invite", "anna@praktijk.example").out
    assert run("user", "invite", "nobody").code == 3


def test_who_leaves_is_listed_as_gone(run: Run) -> None:
    assert run("user", "end", "bert").code == 0
    rows = {row["login"]: row["ended_at"] for row in run("user", "list", "--json").lines()}
    assert rows["anna@praktijk.example"] is None
    assert rows["bert"] is not None
    assert run("user", "end", "bert").code == 3
    assert run("user", "reset", "bert").code == 3


def test_a_lost_device_needs_two_persons(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("user", "device", "ask", "bert").code == 3, "there is none to lose"
    run("user", "password", "bert", "--generate")
    _set_up_device("bert", run)
    number = run("user", "device", "ask", "bert", "--json").body()["number"]
    assert [row["login"] for row in run("user", "device", "list", "--json").lines()] == ["bert"]
    alone = run("user", "device", "approve", number)
    assert (alone.code, "cannot approve" in alone.err) == (3, True)
    monkeypatch.setattr(actors, "who", lambda: "somebody else")
    assert run("user", "device", "approve", number, "--json").body()["link"]
    assert run("user", "device", "list", "--json").lines() == []
    assert run("user", "device", "refuse", number).code == 3, "it is decided"


def _set_up_device(login: str, run: Run) -> None:
    made = run("user", "password", login, "--generate", "--json").body()["password"]
    opened = hub()
    from pyotp import TOTP

    entry = identity.log_in(opened, login, made)
    secret = identity.new_device(opened, entry.session).secret
    identity.confirm_device(opened, entry.cookie, TOTP(secret).at(opened.clock.now()))
    opened.store.close()

"""kvitt token as people call it: the secret comes out once."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.cli.boot import open_hub, settings_here
from hub.pipeline import api_tokens
from tests.commands import Run, in_process, stand_in

NL = ("--tenant", "thuis")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    stand_in(tmp_path, monkeypatch)
    call = in_process(monkeypatch, capsys)
    assert call("init").code == 0
    agent = ("--kind", "billing_agent", "--code", "98000001", "--name", "Hulp")
    assert call("org", "add", *NL, "--country", "NL", *agent).code == 0
    return call


def opens(token: str) -> bool:
    hub = open_hub(settings_here())
    try:
        return api_tokens.program_of(hub, token) is not None
    finally:
        hub.store.close()


def test_a_token_is_made_shown_once_listed_and_revoked(run: Run) -> None:
    made = run("token", "add", "his", "--scope", "claims:read", "--org", "98000001", *NL, "--json").body()
    assert opens(made["token"])
    listed = run("token", "list", "--json")
    row = listed.body()
    assert (row["number"], row["scopes"], row["organisation"]) == (made["number"], "claims:read", "98000001")
    assert made["token"].rpartition(".")[2] not in listed.out
    assert row["used_at"] is not None
    assert run("token", "revoke", made["number"], *NL).code == 0
    assert not opens(made["token"])
    assert "his" in run("token", "list").out


def test_what_cannot_be_made_or_revoked_is_said(run: Run) -> None:
    said = run("token", "add", "his", "--scope", "everything", *NL)
    assert (said.code, "claims:read" in said.err) == (3, True)
    assert run("token", "add", "his", "--scope", "claims:read", "--org", "1", *NL).code == 3
    assert run("token", "revoke", "nothing", *NL).code == 3
    assert "kept" not in run("token", "list", "--json").out

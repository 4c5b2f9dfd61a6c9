"""The program that mails a notice is killed (SIGKILL) while the mail server has it: it is in doubt, and never sent twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.cli import boot
from hub.sandbox.pki import make_pki
from hub.sandbox.smtp import PASSWORD, USER, SmtpFault, SmtpSandbox, SmtpTrouble
from hub.settings import load
from hub.store import tasks

ROOT = Path(__file__).resolve().parents[2]
NO, KEY = "eksempelklinikk-no", "rejected:10005"
RUN = ("jobs", "run", "notices-hourly", "--tenant", NO)
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def letters(tmp_path: Path) -> Iterator[SmtpSandbox]:
    with SmtpSandbox(make_pki(tmp_path / "pki", now=datetime.now(UTC)).server) as server:
        yield server


@pytest.fixture
def start(tmp_path: Path, letters: SmtpSandbox) -> Start:
    """Begins `kvitt ...` in a hub that mails through the server, with one notice that waits."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("KVITT_")}
    settings |= {"KVITT_HOME": str(tmp_path / "hub"), "KVITT_LANG": "en", "MAIL_PASSWORD": PASSWORD}

    def begin(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "hub.cli", *words]
        return subprocess.Popen(
            command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    said(begin("init", "--example"))
    mailbox = {
        "notices": "yes",
        "smtp_host": "localhost",
        "smtp_port": str(letters.port),
        "smtp_timeout": "30",
        "smtp_username": USER,
        "smtp_password": "env:MAIL_PASSWORD",
        "smtp_ca_file": str(tmp_path / "pki" / "ca.pem"),
        "sender": USER,
    }
    told = [part for name, value in mailbox.items() for part in ("--set", f"{name}={value}")]
    said(begin("org", "agreement", "mail", "--tenant", NO, "--channel", "mailbox", *told))
    hub = boot.open_hub(load(settings, ROOT, require=True))
    with hub.store.unit(NO) as unit:
        tasks.notify(unit, KEY, "post@klinikk.example", "10005", "words about a person's care", "nb")
    hub.store.close()
    return begin


def said(process: subprocess.Popen[str], code: int = 0) -> str:
    out, err = process.communicate(timeout=240)
    assert process.returncode == code, err
    return out


def state(start: Start) -> dict[str, Any]:
    (row,) = json.loads(said(start("notices", "list", "--tenant", NO, "--json")))["notices"]
    found: dict[str, Any] = row
    return found


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 240
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.scenario("S05")
@pytest.mark.parametrize("taken", [True, False], ids=["the server has it", "the server has not"])
def test_a_killed_program_leaves_a_notice_in_doubt_and_it_goes_out_only_when_a_person_says_so(
    start: Start, letters: SmtpSandbox, *, taken: bool
) -> None:
    fault = SmtpFault(at="END" if taken else "MAIL", trouble=SmtpTrouble.SILENT, taken=taken)
    letters.misbehave(fault)
    process = start(*RUN)
    until(lambda: bool(letters.taken) if taken else "MAIL" in letters.commands)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=240)
    assert state(start)["state"] == "sending", "the intent was committed before the mail left"

    for _ in range(2):
        said(start(*RUN))
    assert state(start)["state"] == "in_doubt"
    assert len(letters.taken) == taken

    said(start("notices", "sent" if taken else "retry", KEY, "--tenant", NO))
    said(start(*RUN))
    assert state(start)["state"] == "sent"
    assert len(letters.taken) == len(letters.arrived) == 1

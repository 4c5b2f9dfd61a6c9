"""The program that mails a notice is killed (SIGKILL) while the mail server has it: it is in doubt, and never sent twice."""

from __future__ import annotations

import signal
import subprocess
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
from tests.commands import KVITT, Said, environment, kvitt
from tests.conftest import ROOT

NO, KEY = "eksempelklinikk-no", "rejected:10005"
RUN = ("jobs", "run", "notices-hourly", "--tenant", NO)
SECRET = {"MAIL_PASSWORD": PASSWORD}


@pytest.fixture
def letters(tmp_path: Path) -> Iterator[SmtpSandbox]:
    with SmtpSandbox(make_pki(tmp_path / "pki", now=datetime.now(UTC)).server) as server:
        yield server


@pytest.fixture
def home(tmp_path: Path, letters: SmtpSandbox) -> Path:
    """A hub that mails through the server, with one notice that waits."""
    home = tmp_path / "hub"
    said(home, "init", "--example")
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
    said(home, "org", "agreement", "mail", "--tenant", NO, "--channel", "mailbox", *told)
    hub = boot.open_hub(load(environment(home, **SECRET), ROOT, require=True))
    with hub.store.unit(NO) as unit:
        tasks.notify(unit, KEY, "post@klinikk.example", "10005", "words about a person's care", "nb")
    hub.store.close()
    return home


def said(home: Path, *words: str) -> Said:
    """A command that does what it is told."""
    done = kvitt(home, *words, **SECRET)
    assert done.code == 0, done.err
    return done


def begun(home: Path) -> subprocess.Popen[str]:
    """The job that sends notices, in a process that can be killed."""
    return subprocess.Popen(
        [*KVITT, *RUN],
        cwd=ROOT,
        env=environment(home, **SECRET),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def state(home: Path) -> dict[str, Any]:
    (row,) = said(home, "notices", "list", "--tenant", NO, "--json").body()["notices"]
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
    home: Path, letters: SmtpSandbox, *, taken: bool
) -> None:
    fault = SmtpFault(at="END" if taken else "MAIL", trouble=SmtpTrouble.SILENT, taken=taken)
    letters.misbehave(fault)
    process = begun(home)
    until(lambda: bool(letters.taken) if taken else "MAIL" in letters.commands)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=240)
    assert state(home)["state"] == "sending", "the intent was committed before the mail left"

    for _ in range(2):
        said(home, *RUN)
    assert state(home)["state"] == "in_doubt"
    assert len(letters.taken) == taken

    said(home, "notices", "sent" if taken else "retry", KEY, "--tenant", NO)
    said(home, *RUN)
    assert state(home)["state"] == "sent"
    assert len(letters.taken) == len(letters.arrived) == 1

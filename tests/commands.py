"""The command line as tests call it: in this process, where a test may change what it stands on, or in one of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.cli.app import main
from tests.conftest import ROOT

KVITT = (sys.executable, "-m", "hub.cli")
_SETTINGS = (
    "KVITT_ANONYMISE_KEY",
    "KVITT_BROKER",
    "KVITT_DATABASE",
    "KVITT_HEARTBEAT",
    "KVITT_KEYS",
    "KVITT_LANG",
    "KVITT_SCHEMAS",
)
_PATIENCE = 600


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left behind: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    def lines(self) -> list[dict[str, Any]]:
        """Standard output as JSON, an object each line."""
        return [json.loads(line) for line in self.out.splitlines()]

    def body(self) -> dict[str, Any]:
        """Standard output that is one line with one JSON object."""
        (only,) = self.lines()
        return only


Run = Callable[..., Said]


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Call commands in this folder, with its `home` as the hub's and nothing of the settings outside."""
    for name in _SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KVITT_HOME", str(folder / "home"))
    monkeypatch.chdir(folder)


def in_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *first: str) -> Run:
    """What calls `kvitt FIRST WORDS` in this process; what was written before a call is no part of its answer."""

    def call(*words: object) -> Said:
        capsys.readouterr()
        code = _exit_code(monkeypatch, *first, *words)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


def _exit_code(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["kvitt", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def environment(home: Path, **settings: str) -> dict[str, str]:
    """The environment of a process with this home: English, these settings, and none of a hub outside."""
    outside = {name: value for name, value in os.environ.items() if name not in _SETTINGS}
    return {**outside, "KVITT_HOME": str(home), "KVITT_LANG": "en", **settings}


def kvitt(home: Path, *words: object, **settings: str) -> Said:
    """`kvitt WORDS` in a process of its own, in the checkout, with this home and these settings."""
    done = subprocess.run(
        [*KVITT, *map(str, words)],
        cwd=ROOT,
        env=environment(home, **settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def kvitt_here(home: Path, *words: object, **settings: str) -> Said:
    """The same in this process: sooner done, and without `capsys` for a hub that the tests of a module share."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        stand_in(ROOT, patch)
        patch.setenv("KVITT_HOME", str(home))
        patch.setenv("KVITT_LANG", "en")
        patch.setenv("COLUMNS", "200")
        for name, value in settings.items():
            patch.setenv(name, value)
        code = _exit_code(patch, *words)
    return Said(code, out.getvalue(), err.getvalue())

"""`kvitt decisions export` as people and programs call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from schemas import vektis
from tests.scenarios.vektis_bytes import Ha305, Line

ROOT = Path(__file__).resolve().parents[2]
NL, NO = "voorbeeldzorg-nl", "eksempelklinikk-no"
PRACTICE = "01099901"
REFUSED = "999931428"
OTHERS_PATIENT = "999918977"


def kvitt(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One command in a process of its own."""
    settings = {**os.environ, "KVITT_HOME": str(home), "KVITT_LANG": "nl"}
    settings.pop("KVITT_KEYS", None)
    command = [sys.executable, "-m", "hub.cli", *words]
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An example hub whose Menzis file was answered: one line refused, the others granted."""
    home = tmp_path_factory.mktemp("decisions") / "home"
    assert kvitt(home, "init", "--example").returncode == 0
    listed = ("--programme", "module-quarter", "--module", "PMO", "--quarter", "2024Q1", "--practice", PRACTICE)
    taken = kvitt(home, "intake", "--tenant", NL, *listed, "examples/nl/nl_ion_export_2024Q1.csv")
    assert taken.returncode in (0, 1), taken.stderr
    assert kvitt(home, "submit", "--tenant", NL).returncode == 0
    sent = next(
        data for path in (home / "outbox" / "menzis").iterdir() if (data := path.read_bytes())[26:30] == b"3332"
    )
    answer = Ha305(sent=sent, lines={REFUSED: Line(0, [("0403", "101")])})
    (home / "inbox" / "menzis" / "retour.txt").write_bytes(answer.bytes())
    assert kvitt(home, "collect", "--tenant", NL).returncode == 0
    return home


def number(home: Path) -> str:
    """The invoice number of the Menzis file."""
    folder = home / "outbox" / "menzis"
    return (
        next(data for path in folder.iterdir() if (data := path.read_bytes())[26:30] == b"3332")[80:92].decode().strip()
    )


def export(home: Path, *words: str, tenant: str = NL) -> subprocess.CompletedProcess[str]:
    return kvitt(home, "decisions", "export", "--tenant", tenant, *words)


def test_a_response_file_for_one_practice(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "part.asc"
    said = export(home, "--provider", PRACTICE, "--invoice", number(home), "--as", "response", "--out", str(out))
    assert (said.returncode, said.stderr) == (0, "")
    assert "5 lines" in said.stdout
    assert [one for one in vektis.check(out.read_bytes()) if one.blocks] == []
    assert out.read_bytes().count(REFUSED.encode()) == 2
    assert out.stat().st_mode & 0o077 == 0, "it names patients: nobody else on the machine reads it"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_table_and_a_receipt_for_programs(home: Path, tmp_path: Path, form: str) -> None:
    out = tmp_path / f"part.{form}"
    words = ("--provider", PRACTICE, "--invoice", number(home), "--as", form, "--out", str(out))
    body = json.loads(export(home, *words, "--json").stdout)
    assert (body["format"], body["lines"], body["findings"], body["file"]) == (form, 5, [], str(out))
    again = export(home, *words)
    assert (again.returncode, "exists" in again.stderr) == (2, True)
    assert export(home, *words, "--force").returncode == 0


def test_what_cannot_be_exported_says_why_and_writes_nothing(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "part.csv"
    named = ("--invoice", number(home), "--out", str(out))
    nobody = export(home, "--provider", "01234567", *named)
    assert (nobody.returncode, "01234567 has no line" in nobody.stderr) == (3, True)
    assert PRACTICE in nobody.stderr
    other = export(home, "--provider", PRACTICE, *named, tenant=NO)
    assert (other.returncode, "no file" in other.stderr) == (3, True)
    assert export(home, "--provider", PRACTICE, *named, "--as", "pdf").returncode == 2
    assert export(home, "--provider", PRACTICE, "--out", str(out)).returncode == 2
    assert not out.exists()
    assert OTHERS_PATIENT not in nobody.stderr + other.stderr

"""`kvitt decisions export` as people and programs call it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from schemas import vektis
from tests import commands
from tests.commands import Said
from tests.scenarios.vektis_bytes import Ha305, Line

NL, NO = "voorbeeldzorg-nl", "eksempelklinikk-no"
PRACTICE = "01099901"
REFUSED = "999931428"
OTHERS_PATIENT = "999918977"
kvitt = partial(commands.kvitt_here, KVITT_LANG="nl")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An example hub whose Menzis file was answered: one line refused, the others granted."""
    home = tmp_path_factory.mktemp("decisions") / "home"
    assert kvitt(home, "init", "--example").code == 0
    listed = ("--programme", "module-quarter", "--module", "PMO", "--quarter", "2024Q1", "--practice", PRACTICE)
    taken = kvitt(home, "intake", "--tenant", NL, *listed, "examples/nl/nl_ion_export_2024Q1.csv")
    assert taken.code in (0, 1), taken.err
    assert kvitt(home, "submit", "--tenant", NL).code == 0
    sent = next(
        data for path in (home / "outbox" / "menzis").iterdir() if (data := path.read_bytes())[26:30] == b"3332"
    )
    answer = Ha305(sent=sent, lines={REFUSED: Line(0, [("0403", "101")])})
    (home / "inbox" / "menzis" / "retour.txt").write_bytes(answer.bytes())
    assert kvitt(home, "collect", "--tenant", NL).code == 0
    return home


def number(home: Path) -> str:
    """The invoice number of the Menzis file."""
    folder = home / "outbox" / "menzis"
    return (
        next(data for path in folder.iterdir() if (data := path.read_bytes())[26:30] == b"3332")[80:92].decode().strip()
    )


def export(home: Path, *words: str, tenant: str = NL) -> Said:
    return kvitt(home, "decisions", "export", "--tenant", tenant, *words)


def test_a_response_file_for_one_practice(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "part.asc"
    said = export(home, "--provider", PRACTICE, "--invoice", number(home), "--as", "response", "--out", str(out))
    assert (said.code, said.err) == (0, "")
    assert "5 lines" in said.out
    assert [one for one in vektis.check(out.read_bytes()) if one.blocks] == []
    assert out.read_bytes().count(REFUSED.encode()) == 2
    assert out.stat().st_mode & 0o077 == 0, "it names patients: nobody else on the machine reads it"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_table_and_a_receipt_for_programs(home: Path, tmp_path: Path, form: str) -> None:
    out = tmp_path / f"part.{form}"
    words = ("--provider", PRACTICE, "--invoice", number(home), "--as", form, "--out", str(out))
    body = export(home, *words, "--json").body()
    assert (body["format"], body["lines"], body["findings"], body["file"]) == (form, 5, [], str(out))
    again = export(home, *words)
    assert (again.code, "exists" in again.err) == (2, True)
    assert export(home, *words, "--force").code == 0


def test_what_cannot_be_exported_says_why_and_writes_nothing(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "part.csv"
    named = ("--invoice", number(home), "--out", str(out))
    nobody = export(home, "--provider", "01234567", *named)
    assert (nobody.code, "01234567 has no line" in nobody.err) == (3, True)
    assert PRACTICE in nobody.err
    other = export(home, "--provider", PRACTICE, *named, tenant=NO)
    assert (other.code, "no file" in other.err) == (3, True)
    assert export(home, "--provider", PRACTICE, *named, "--as", "pdf").code == 2
    assert export(home, "--provider", PRACTICE, "--out", str(out)).code == 2
    assert not out.exists()
    assert OTHERS_PATIENT not in nobody.err + other.err

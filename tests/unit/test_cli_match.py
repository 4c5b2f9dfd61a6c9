"""`kvitt match` as a command: files in, lines out, bad lines named, neighbours through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hub.cli.app import build
from hub.errors import ConfigurationError, FormatError

CLAIM = {"id": "c1", "payer": "nord", "invoice": "10023", "open_minor": 64000, "currency": "NOK", "date": "2026-04-01"}
PAYMENT = {
    "id": "p1",
    "payer_account": "15030000019",
    "amount_minor": 64000,
    "currency": "NOK",
    "text": "faktura 10023",
}


def write(folder: Path, **files: list[Any]) -> list[str]:
    arguments = ["match"]
    for name, rows in files.items():
        text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
        (folder / name).write_text(text, encoding="utf-8")
        arguments += [f"--{name}", str(folder / name)]
    return arguments


def standard(folder: Path) -> list[str]:
    return write(
        folder,
        claims=[CLAIM, "oops", CLAIM | {"id": "c2", "open_minor": 5000}],
        payers=["", {"payer": "nord", "accounts": ["15030000019"]}],
        payments=["[1]", PAYMENT | {"amount_minor": "64000"}, PAYMENT],
    )


def run(arguments: list[str], stdin: bytes = b"") -> Result:
    return CliRunner().invoke(build(), arguments, input=stdin)


def test_bad_lines_are_named_with_their_place_and_their_neighbours_go_through(tmp_path: Path) -> None:
    done = run([*standard(tmp_path), "--json"])
    assert done.exit_code == 1
    (line,) = [json.loads(row) for row in done.stdout.splitlines()]
    assert line["payment"] == "p1"
    told = done.stderr.splitlines()
    assert len(told) == 3
    assert "claims, line 2: not JSON" in told[0]
    assert "payments, line 1: not a JSON object" in told[1]
    assert "payments, line 2: `amount_minor` must be a whole number" in told[2]
    assert all("correct this line" in row for row in told)


def test_without_bad_lines_the_exit_code_is_0_and_people_get_a_table(tmp_path: Path) -> None:
    files = write(
        tmp_path,
        claims=[CLAIM],
        payers=[{"payer": "nord", "accounts": ["15030000019"]}],
        payments=[PAYMENT, PAYMENT | {"id": "p2"}],
    )
    done = run([*files, "--lang", "nl"])
    assert done.exit_code == 0
    assert "geboekt" in done.stdout
    assert "T4 exact" in done.stdout
    assert "1 geboekt, 1 voorgesteld" in done.stdout


def test_a_mode_a_rules_file_and_what_is_piped_in(tmp_path: Path) -> None:
    twin = CLAIM | {"id": "c2", "invoice": "10024"}
    files = write(tmp_path, claims=[CLAIM, twin], payers=[{"payer": "nord", "accounts": ["15030000019"]}])
    piped = (json.dumps(PAYMENT) + "\n").encode()
    (tmp_path / "rules.yaml").write_text("modes: {nord: balanced}\n", encoding="utf-8")
    for more, status in (
        ([], "suggested"),
        (["--mode", "balanced"], "posted"),
        (["--rules", str(tmp_path / "rules.yaml")], "posted"),
    ):
        done = run([*files, "--payments", "-", "--json", *more], piped)
        assert json.loads(done.stdout)["status"] == status


def test_files_that_are_not_there_and_rules_that_are_none_stop_before_anything_is_said(tmp_path: Path) -> None:
    files = standard(tmp_path)
    (tmp_path / "bad.yaml").write_text("[", encoding="utf-8")
    (tmp_path / "no.yaml").write_text("mode: loose", encoding="utf-8")
    for arguments, error in (
        (["match", "--json"], FormatError),
        ([*files[:-1], str(tmp_path / "none")], FormatError),
        ([*files, "--rules", str(tmp_path / "bad.yaml")], ConfigurationError),
        ([*files, "--rules", str(tmp_path / "no.yaml")], ConfigurationError),
        ([*files, "--mode", "loose"], ConfigurationError),
    ):
        done = run(arguments)
        assert isinstance(done.exception, error)
        assert done.stdout == ""


def test_thousands_of_bad_lines_are_counted_in_the_end(tmp_path: Path) -> None:
    files = write(tmp_path, claims=["x"] * 1200, payers=[], payments=[])
    done = run([*files, "--json"])
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == "kvitt: 200 more lines could not be read"


@pytest.mark.parametrize(
    "line", [b"\xff\xfe{}", b"[" * 100_000, b'{"id":' + b"9" * 5000 + b"}", b" " * 1_000_001 + b"{}"]
)
def test_no_line_stops_the_others(tmp_path: Path, line: bytes) -> None:
    files = write(tmp_path, claims=[CLAIM], payers=[{"payer": "nord", "accounts": ["15030000019"]}])
    done = run([*files, "--payments", "-", "--json"], line + b"\r\n\r\n\xef\xbb\xbf" + json.dumps(PAYMENT).encode())
    assert done.exit_code == 1
    assert json.loads(done.stdout)["status"] == "posted"

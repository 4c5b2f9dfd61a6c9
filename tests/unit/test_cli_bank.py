"""`kvitt bank`: a bank file for people and for programs, with nothing of a broken one shown as money."""

from __future__ import annotations

import io
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hub.model.money import Money
from hub.sandbox.bank import Booking, camt054_file
from tests.commands import Run, in_process, stand_in

FILES = Path(__file__).resolve().parent.parent / "fixtures" / "banking"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    stand_in(tmp_path, monkeypatch)
    return in_process(monkeypatch, capsys, "bank")


def test_a_line_per_booking_and_a_summary_last(run: Run) -> None:
    told = run("--json", str(FILES / "ocr_card_issuer.txt"))
    *bookings, summary = told.lines()
    assert told.code == 0
    assert [(one["kind"], one["amount_minor"], one["reversal"]) for one in bookings] == [
        ("transaction", 30000, False),
        ("transaction", 10000, False),
        ("transaction", -30000, True),
    ]
    assert (summary["kind"], summary["credit_minor"], summary["debit_minor"]) == ("summary", 40000, 30000)


def test_a_file_whose_sum_fails_is_held_and_the_exit_code_says_so(run: Run) -> None:
    told = run("--json", str(FILES / "ocr_bad_sum.txt"))
    assert told.code == 1
    assert {one["state"] for one in told.lines() if one["kind"] == "transaction"} == {"held"}
    assert [one["code"] for one in told.lines() if one["kind"] == "finding"] == ["KVITT-BANK-SUM"]
    assert told.lines()[-1]["transactions"] == 0


def test_nothing_of_a_file_that_breaks_off_is_shown(run: Run, tmp_path: Path) -> None:
    whole = (FILES / "camt054_02_kid_batch.xml").read_bytes()
    (tmp_path / "cut.xml").write_bytes(whole[: whole.index(b"</Ntfctn>") + 12])
    told = run("--json", "cut.xml")
    finding, summary = told.lines()
    assert (told.code, finding["code"], finding["severity"]) == (2, "KVITT-BANK-UNREADABLE", "fatal")
    assert (summary["kind"], summary["transactions"], summary["by_currency"]) == ("summary", 0, {})


def test_what_is_no_bank_file_is_said_in_the_wished_language(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Beste klant", encoding="utf-8")
    told = run("letter.txt", "--lang", "nl")
    assert told.code == 2
    assert "niet te lezen" in told.out
    assert "0 afschriften" in told.out


def test_a_file_that_is_not_there_is_one_sentence(run: Run) -> None:
    assert run("nothing.txt").code == 3


def test_people_get_a_table_the_findings_and_the_sums(run: Run) -> None:
    told = run(str(FILES / "camt054_02_multi_strd_net.xml"))
    assert told.code == 0
    assert "1001, 1002, 9001" in told.out
    assert "1500.00" in told.out
    assert "1 statements, 1 bookings" in told.out
    held = run(str(FILES / "ocr_bad_sum.txt"), "--lang", "nb")
    assert "error KVITT-BANK-SUM (line 7): Kontrollsummen er" in held.out
    assert "-> Ingenting" in held.out


def test_a_reversal_says_so_and_a_long_text_is_cut(run: Run, tmp_path: Path) -> None:
    booking = Booking(
        id="1",
        amount=Money(-5, "EUR"),
        booked=date(2026, 4, 15),
        account="NL02ABNA0123456789",
        text="x" * 80 + "\t",
        reversal=True,
    )
    (tmp_path / "one.xml").write_bytes(camt054_file([booking], message="M", created=datetime(2026, 4, 15, tzinfo=UTC)))
    told = run("one.xml")
    assert "booked, taken back" in told.out
    assert "x" * 47 + "…" in told.out


def test_a_file_may_be_piped_in(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    piped = io.TextIOWrapper(io.BytesIO((FILES / "ocr_plain.txt").read_bytes()))
    monkeypatch.setattr(sys, "stdin", piped)
    told = run("-", "--json")
    assert told.code == 0
    assert told.lines()[-1]["credit_minor"] == 174950


def test_every_line_has_an_id_of_its_own_where_the_bank_repeats_or_gives_none(run: Run) -> None:
    """All three carry the entry's id at the bank; `kvitt match` takes these lines and never pays an id twice."""
    told = run("--json", str(FILES / "camt054_02_kid_batch.xml"))
    ids = [one["id"] for one in told.lines() if one["kind"] == "transaction"]
    assert ids[0] == "90000001"
    assert len(set(ids)) == 3
    assert run("--json", str(FILES / "camt054_02_kid_batch.xml")).out == told.out

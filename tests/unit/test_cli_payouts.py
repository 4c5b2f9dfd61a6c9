"""Statements, pay-outs, accounts, bookkeeping and overdue money as people and programs call them."""

from __future__ import annotations

import csv
import io
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from hub.clock import MovableClock
from hub.errors import ConfigurationError
from hub.ledger.accounts import Account
from hub.pipeline import bookkeeping
from hub.sandbox.example import PAYER_ACCOUNTS
from hub.settings import default_settings, write_hub_toml
from hub.store import access, money
from tests.commands import Run, Said, in_process, stand_in
from tests.databases import Database
from tests.scenarios.bank_bytes import Paid, camt053
from tests.scenarios.vektis_bytes import Ha305, Line, refs
from tests.scenarios.world import NL, NO, OTHER_PRACTICE, PRACTICE, World, nl_list, open_hub

CHANGED = "999932743"
T = ("--tenant", NL)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A hub whose Menzis file was answered (one line granted in part) and paid: 4.75 is the practice's."""
    folder = tmp_path_factory.mktemp("payouts")
    home = folder / "hub"
    home.mkdir()
    shutil.copy(sqlite_template, home / "kvitt.db")
    url = f"sqlite:///{home}/kvitt.db"
    world = World.begin(Database(kind="sqlite", url=url, owner_url=url, file=home / "kvitt.db"), home)
    world.hand_in(nl_list())
    world.submit(NL)
    (batch,) = [data for data in world.sent("menzis") if data[26:30] == b"3332"]
    world.answer(NL, Ha305(sent=batch, lines={CHANGED: Line(55)}).bytes(), name="grant")
    (number,) = {world.claims(NL)[ref].invoice_number for ref in refs(batch).values()}
    world.at(datetime(2024, 2, 5, 8, tzinfo=UTC))
    one = Paid(amount="4.75", text=f"declaratie {number}", account=PAYER_ACCOUNTS["menzis"], booked="2024-02-05")
    world.bank(NL, "feb.xml", camt053(one, currency="EUR", message="FEB"))
    assert {row["matched"] for row in world.payments(NL)} == {"posted"}
    world.hub.store.close()
    return folder


@pytest.fixture
def run(ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    place = tmp_path / "place"
    shutil.copytree(ready, place)
    write_hub_toml(default_settings(place / "hub", keys=place / "keys"))
    stand_in(tmp_path, monkeypatch)
    monkeypatch.setenv("KVITT_HOME", str(place / "hub"))
    monkeypatch.setenv("KVITT_KEYS", str(place / "keys"))
    command = in_process(monkeypatch, capsys)

    def call(*words: str, by: str = "anne") -> Said:
        monkeypatch.setenv("LOGNAME", by)
        return command(*words, *(() if "--tenant" in words else T))

    return call


def world_of(tmp_path: Path) -> World:
    """The hub the commands worked on, opened here."""
    home = tmp_path / "place" / "hub"
    url = f"sqlite:///{home}/kvitt.db"
    clock = MovableClock(datetime(2026, 1, 5, 8, tzinfo=UTC))
    return World(
        hub=open_hub(url, home, clock), clock=clock, home=home, database=Database(kind="sqlite", url=url, owner_url=url)
    )


def test_a_payout_from_proposal_to_file(run: Run) -> None:
    (proposed,) = run("payout", "propose", "--json").lines()
    assert (proposed["practice"], proposed["amount_minor"], proposed["number"]) == (PRACTICE, 475, 1)
    assert "waiting" in run("payout", "propose").out
    assert "4.75" in run("payout", "show", "1").out
    (body,) = run("payout", "show", "1", "--json").lines()
    assert body["basis"]["parts"][0]["settled_minor"] == 475
    alone = run("payout", "approve", "1", "--amount", "4.75")
    assert (alone.code, "second person" in alone.err) == (3, True)
    assert run("payout", "approve", "1", "--amount", "4,75", by="bob").code == 0
    assert [row["state"] for row in run("payout", "list", "--state", "approved", "--json").lines()] == ["approved"]
    past = run("payout", "export", "--out", ".", "--date", "2020-01-01")
    assert (past.code, "is past" in past.err) == (3, True)
    (made,) = run("payout", "export", "--out", ".", "--json").lines()
    file = Path(made["path"])
    content = file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    assert "Nothing is approved" in run("payout", "export", "--out", ".").out
    assert run("payout", "export", "--out", ".", "--file", "1").code == 2, "a file that exists is not overwritten"
    assert run("payout", "export", "--out", ".", "--file", "1", "--force").code == 0
    assert file.read_bytes() == content
    assert "4.75" in run("payout", "files").out
    assert run("payout", "cancel", "1", "--reason", "late").code == 3
    assert run("payout", "reject", "9", "--reason", "x").code == 3
    assert run("payout", "export", "--out", "nowhere").code == 3


def test_shares_and_costs(run: Run) -> None:
    first = ("--from", "2024-01-01", "--source", "letter 3")
    assert run("payout", "share", "--kind", "percentage", "--percent", "92,5", "--practice", PRACTICE, *first).code == 0
    assert run("payout", "share", "--kind", "per_patient", "--amount", "0.80", "--module", "oi", *first).code == 0
    later = ("--from", "2025-01-01", "--source", "letter 9")
    assert run("payout", "share", "--kind", "none", "--practice", PRACTICE, *later).code == 0
    earlier = ("--from", "2023-06-01", "--source", "letter 1")
    assert run("payout", "share", "--kind", "all", "--practice", PRACTICE, *earlier).code == 0
    found = {
        (row["practice"], row["module"], row["valid_from"]): row for row in run("payout", "shares", "--json").lines()
    }
    assert found[PRACTICE, "*", "2024-01-01"]["basis_points"] == 9250
    assert found[PRACTICE, "*", "2024-01-01"]["valid_to"] == "2024-12-31", "the later one ends it"
    assert found[PRACTICE, "*", "2023-06-01"]["valid_to"] == "2023-12-31", "one put before another ends before it"
    assert found["*", "OI", "2024-01-01"]["per_patient_minor"] == 80
    assert "0.80" in run("payout", "shares").out
    charge = ("payout", "charge", "--practice", PRACTICE, "--period", "2024Q1", "--service", "hours")
    assert "23.99 EUR" in run(*charge, "--quantity", "0.35", "--price", "68.55").out
    assert "as before" in run(*charge, "--quantity", "0,35", "--price", "68,55").out
    (proposed,) = run("payout", "propose", "--json").lines()
    assert (proposed["amount_minor"], proposed["carried_minor"], proposed["why"]) == (0, 439 - 2399, "nothing")


def test_without_a_currency_it_is_the_tenants_own(run: Run) -> None:
    there = ("--tenant", NO)
    agreed = ("--kind", "per_patient", "--amount", "8.00", "--from", "2026-01-01", "--source", "letter 3", *there)
    assert run("payout", "share", *agreed).code == 0
    (row,) = run("payout", "shares", "--json", *there).lines()
    assert (row["per_patient_minor"], row["currency"]) == (800, "NOK")


@pytest.mark.parametrize(
    "words",
    [
        ("share", "--kind", "half", "--from", "2024-01-01", "--source", "x"),
        ("share", "--kind", "percentage", "--from", "2024-01-01", "--source", "x"),
        ("share", "--kind", "percentage", "--percent", "101", "--from", "2024-01-01", "--source", "x"),
        ("share", "--kind", "percentage", "--percent", "9.125", "--from", "2024-01-01", "--source", "x"),
        ("share", "--kind", "per_patient", "--amount", "-1", "--from", "2024-01-01", "--source", "x"),
        ("share", "--kind", "per_patient", "--amount", "x", "--from", "2024-01-01", "--source", "x"),
        ("share", "--kind", "all", "--from", "2024-01-01", "--source", " "),
        ("share", "--kind", "all", "--practice", "01000000", "--from", "2024-01-01", "--source", "x"),
        ("charge", "--practice", PRACTICE, "--period", "2024Q1", "--service", "x", "--quantity", "NaN", "--price", "1"),
        (
            "charge",
            "--practice",
            PRACTICE,
            "--period",
            "2024Q1",
            "--service",
            "x",
            "--quantity",
            "1",
            "--price",
            "1.234",
        ),
        ("charge", "--practice", PRACTICE, "--period", "spring", "--service", "x", "--quantity", "1", "--price", "1"),
        (
            "charge",
            "--practice",
            PRACTICE,
            "--period",
            "2024Q1",
            "--service",
            "x" * 61,
            "--quantity",
            "1",
            "--price",
            "1",
        ),
        ("propose", "--practice", "01000000"),
        ("export", "--out", ".", "--file", "7"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(run: Run, words: tuple[str, ...]) -> None:
    said = run("payout", *words)
    assert (said.code, said.err[:7]) == (3, "kvitt: "), said.err


def test_a_statement_in_every_form(run: Run, tmp_path: Path) -> None:
    made = run("statement", "make", "--period", "2024Q1", "--json").lines()
    assert {row["practice"] for row in made} >= {PRACTICE, OTHER_PRACTICE}
    assert all(row["new"] for row in made)
    assert "no" in run("statement", "make", "--period", "2024Q1", "--practice", PRACTICE).out
    show = ("statement", "show", "--practice", PRACTICE, "--period", "2024Q1")
    assert "Kwartaaloverzicht 2024Q1/1" in run(*show).out
    assert "Oversikt 2024Q1/1" in run(*show, "--lang", "nb").out
    assert "Statement 2024Q1/1" in run(*show, "--lang", "en").out
    assert run(*show, "--json").lines()[0]["statement"]["balance"]["closing"] == 475
    assert run(*show, "--as", "pdf").code == 3, "a PDF goes into a file"
    assert run(*show, "--as", "odt").code == 2
    for form in ("pdf", "xlsx", "csv"):
        assert run(*show, "--as", form, "--out", f"one.{form}").code == 0
    text = "".join(page.extract_text() for page in PdfReader(tmp_path / "one.pdf").pages)
    assert "Huisartsenpraktijk Verzonnen 1" in text
    assert "4,75" in text.replace("\u00a0", " ")
    data = (tmp_path / "one.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
    assert rows[-1][-1] == "4,75"
    sheet = load_workbook(tmp_path / "one.xlsx").worksheets[0]
    first = [cell for cell in sheet[2]]  # noqa: C416 -- a row of cells
    assert (first[1].value, first[1].number_format, first[1].data_type) == (PRACTICE, "@", "s")
    assert Decimal(str(first[8].value)) == Decimal("0.91")
    assert "1" in run("statement", "list", "--practice", PRACTICE).out
    assert run(*show, "--version", "2").code == 3
    assert run("statement", "make", "--period", "2024").code == 3
    assert run("statement", "make", "--period", "2024Q1", "--practice", "01000000").code == 3


def test_statements_are_delivered_once(run: Run, tmp_path: Path) -> None:
    run("statement", "make", "--period", "2024Q1")
    first = run("statement", "deliver", "--period", "2024Q1", "--out", "told", "--practice", PRACTICE)
    assert "1 delivered" in first.out
    names = {path.name for path in (tmp_path / "told").iterdir()}
    assert names == {f"{PRACTICE}-2024Q1-EUR-v1.{form}" for form in ("pdf", "xlsx", "csv")}
    rest = run("statement", "deliver", "--period", "2024Q1", "--out", "told", "--json").lines()
    assert PRACTICE not in {row["practice"] for row in rest}
    assert "0 delivered" in run("statement", "deliver", "--period", "2024Q1", "--out", "told").out


def test_an_account_changes_by_two_persons(run: Run) -> None:
    ask = ("org", "account", "request", PRACTICE, "--account", "NL20 INGB 0001 2345 67", "--source", "called them")
    assert "waits for a second person" in run(*ask).out
    assert "already" in run(*ask).out
    (row,) = run("org", "account", "list", "--json").lines()
    assert (row["code"], row["account"], row["former"]) == (PRACTICE, "NL20INGB0001234567", "NL64TEST0000100001")
    assert run("payout", "propose").code == 5, "nothing is paid while a change waits"
    assert run("org", "account", "approve", PRACTICE).code == 3
    assert "is its account now" in run("org", "account", "approve", PRACTICE, by="bob").out
    assert "approved" in run("org", "account", "list", "--all").out
    assert run("org", "account", "list").out.count("\n") == 2
    run("org", "account", "request", PRACTICE, "--account", "NL64TEST0000100001", "--source", "back again")
    assert "rejected" in run("org", "account", "reject", PRACTICE, "--account", "NL64TEST0000100001", by="bob").out
    for words in (
        ("request", PRACTICE, "--account", "NL00TEST0000100001", "--source", "x"),
        ("request", PRACTICE, "--account", "NL20INGB0001234567", "--source", "x"),
        ("request", PRACTICE, "--account", "NL64TEST0000100001", "--source", " "),
        ("approve", PRACTICE),
        ("approve", PRACTICE, "--account", "NL64TEST0000100001"),
    ):
        assert run("org", "account", *words, by="bob").code == 3, words


def test_org_add_asks_for_another_account_instead_of_setting_it(run: Run) -> None:
    said = run(
        *("org", "add", "--kind", "practice", "--code", PRACTICE, "--name", "Huisartsenpraktijk Verzonnen 1 (EXAMPLE)"),
        *("--account", "NL20INGB0001234567"),
    )
    assert "changes when a second person approves" in said.out
    (listed,) = [row for row in run("org", "list", "--json").lines() if row["code"] == PRACTICE]
    assert listed["account"] == "NL64TEST0000100001"
    assert [row["account"] for row in run("org", "account", "list", "--json").lines()] == ["NL20INGB0001234567"]


def test_the_journal_goes_to_bookkeeping_once_and_adds_up(run: Run, tmp_path: Path) -> None:
    mine = "account;code;name\ndue;1310;Debiteuren\nbank;1000;\n"
    (tmp_path / "place/hub/account-map.csv").write_text(mine, encoding="utf-8")
    (made,) = run("ledger", "export", "--period", "2024Q1", "--out", ".", "--json").lines()
    content = Path(made["path"]).read_bytes()
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    world = world_of(tmp_path)
    with world.reading(NL) as unit:
        postings = money.postings(unit)
    world.hub.store.close()
    assert len(rows) == made["count"] == len(postings)
    assert sum(int(Decimal(row["amount"].replace(",", ".")) * 100) for row in rows) == made["totals"]["EUR"]
    assert made["totals"]["EUR"] == sum(row.amount.minor for row in postings)
    due = [row for row in rows if "Debiteuren" in (row["debit_name"], row["credit_name"])]
    assert len(due) == sum(Account.DUE in row.pair for row in postings)
    assert {row["debit"] for row in rows if row["debit_name"] == "Bank"} == {"1000"}
    assert "no row that was not exported" in run("ledger", "export", "--period", "2024Q1", "--out", ".").out
    run(
        "payout",
        "charge",
        "--practice",
        PRACTICE,
        "--period",
        "2024Q1",
        "--service",
        "x",
        "--quantity",
        "1",
        "--price",
        "1",
    )
    now = f"{datetime.now(UTC):%Y-%m}"
    assert "1 rows" in run("ledger", "export", "--period", now, "--out", ".").out
    Path(made["path"]).unlink()
    assert run("ledger", "export", "--number", "1", "--out", ".").code == 0
    assert Path(made["path"]).read_bytes() == content
    assert "2024Q1" in run("ledger", "exports").out
    assert [row["number"] for row in run("ledger", "exports", "--json").lines()] == [1, 2]
    for words in (
        ("--period", "2024"),
        ("--period", "2024-13"),
        ("--number", "9"),
        ("--number", "1", "--period", "2024Q1"),
    ):
        assert run("ledger", "export", *words, "--out", ".").code in (2, 3)
    assert run("ledger", "export", "--period", "2024Q1", "--out", "nowhere").code == 3


def test_an_account_map_that_cannot_be_used_is_said_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / bookkeeping.MAP_FILE
    assert set(bookkeeping.account_map(tmp_path)) == set(Account), "every account of the journal has a number"
    file.write_text("account;code;name\ndue;;x\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="line 2"):
        bookkeeping.account_map(tmp_path)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        bookkeeping.account_map(tmp_path)


def test_overdue_money_by_age(run: Run) -> None:
    assert run("overdue").out.count("\n") == 2, "everything granted was paid"
    assert run("overdue", "--json").out == ""


def test_the_patients_own_part_with_names_only_for_a_reason(run: Run, tmp_path: Path) -> None:
    world = world_of(tmp_path)
    (ref,) = [view.ref for view in world.claims(NL).values() if view.decision == "changed"]
    world.hub.store.close()
    part = ("ledger", "patient-part", ref, "--reason", "own risk")
    assert run(*part, "--amount", "0.51").code == 3, "more than the payer leaves"
    assert run(*part, "--amount", "0.50").code == 0
    (row,) = run("patient-parts", "--json").lines()
    assert (row["ref"], row["amount_minor"], "name" in row) == (ref, 50, False)
    assert "0.50" in run("patient-parts", "--practice", PRACTICE).out
    assert run("patient-parts", "--practice", OTHER_PRACTICE, "--json").out == ""
    assert run("patient-parts", "--names").code == 3
    (named,) = run("patient-parts", "--names", "--reason", "invoice to the patient", "--json").lines()
    assert "name" in named
    assert "name" in run("patient-parts", "--names", "--reason", "again").out
    assert run(*part, "--amount", "0.20").code == 0, "a correction is a new entry"
    assert run("patient-parts", "--json").lines()[0]["amount_minor"] == 20
    assert run("ledger", "patient-part", "nothing", "--amount", "1", "--reason", "x").code == 3
    assert run("ledger", "patient-part", ref, "--amount", "0.20", "--reason", " ").code == 3
    assert run("ledger", "patient-part", ref, "--amount", "0.20", "--reason", "x", "--line", "7").code == 3
    world = world_of(tmp_path)
    assert world.conservation(NL) == []
    with world.reading(NL) as unit:
        viewed = [event for event in access.events(unit) if "invoice to the patient" in event["object"]]
    world.hub.store.close()
    assert [bool(event["subject"]) for event in viewed] == [True]

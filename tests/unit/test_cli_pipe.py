"""The commands of the pipe, as programs and people call them: contracts of decisions 28, 30 and 33."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Run
from tests.commands import kvitt_here as kvitt
from tests.conftest import ROOT

NL, NO = "voorbeeldzorg-nl", "eksempelklinikk-no"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict[str, Any]]:
    """One demo hub, played once for this module."""
    run = partial(kvitt, tmp_path_factory.mktemp("demo") / "home")
    played = run("demo", "--json")
    assert played.code == 0, played.err
    assert played.out.count("\n") == 1, "the demo prints one JSON document and nothing else"
    return run, played.body()


def test_demo_is_conserved_and_keeps_its_contract(demo: tuple[Run, dict[str, Any]]) -> None:
    _, body = demo
    assert body["conserved"] is True
    assert set(body["countries"]) == {"NL", "NO"}
    needed = {"ref", "transport", "decision", "claimed_minor", "granted_minor", "refused_minor", "open_minor"}
    for country in body["countries"].values():
        assert {"currency", "claims", "exchanges", "payments", "money"} <= set(country)
        for claim in country["claims"]:
            assert needed | {"received_minor"} <= set(claim)


def test_demo_money_is_what_a_bookkeeper_would_say(demo: tuple[Run, dict[str, Any]]) -> None:
    """Every claim and the bank, added up here and not by the hub."""
    _, body = demo
    for country in body["countries"].values():
        claims = country["claims"]
        for claim in claims:
            parts = ("granted", "refused", "patient", "withdrawn", "open")
            assert claim["claimed_minor"] == sum(claim[f"{name}_minor"] for name in parts)
            paid = ("received", "netted", "written_off", "outstanding")
            assert claim["granted_minor"] == sum(claim[f"{name}_minor"] for name in paid)
        bank = sum(payment["amount_minor"] for payment in country["payments"])
        assert bank == sum(claim["received_minor"] for claim in claims) + country["money"]["unallocated_minor"]


def test_demo_plays_the_events_of_decision_15(demo: tuple[Run, dict[str, Any]]) -> None:
    _, body = demo
    claims = body["countries"]["NO"]["claims"]
    by_case = {case: [claim for claim in claims if claim["case"] == case] for case in {c["case"] for c in claims}}
    assert {case: sum(claim["received_minor"] for claim in mine) for case, mine in by_case.items()} == {
        "6TST1": 217000,
        "6TST2": 83500,
        "6TST3": 64000,
        "6TST4": 0,
        "6TST5": 89000,
        "6TST6": 64000,
    }
    assert by_case["6TST4"][0]["decision"] == "refused"
    rejected, note, anew = by_case["6TST5"]
    assert [claim["kind"] for claim in (rejected, note, anew)] == ["debit", "credit", "debit"]
    assert (rejected["decision"], anew["decision"]) == ("refused", "granted")
    assert rejected["refused_minor"] + note["refused_minor"] == 0, "the credit note undoes the refusal"
    paid = [payment["amount_minor"] for payment in body["countries"]["NO"]["payments"]]
    assert sorted(paid) == [64000, 64000, 83500, 89000, 217000], "the OCR booking and its copy count once"


def test_demo_forwards_a_finished_invoice_byte_for_byte(demo: tuple[Run, dict[str, Any]]) -> None:
    run, body = demo
    (sent,) = [each for each in body["countries"]["NO"]["exchanges"] if each["invoice_number"] == "77123"]
    assert (sent["kind"], sent["state"]) == ("ubl-invoice", "delivered")
    home = _home_of(run)
    exported = run("export", "77123", "--to", str(home / "case"))
    assert exported.code == 0, exported.err
    forwarded = (home / "out" / "no" / "finished.xml").read_bytes()
    assert (home / "case" / sent["name"]).read_bytes() == forwarded
    kept = home / "out" / "no" / "sent" / sent["name"]
    assert kept.read_bytes() == forwarded
    assert kept.with_suffix(".pdf").read_bytes().startswith(b"%PDF-")


def test_demo_forwards_a_finished_claim_file_byte_for_byte(demo: tuple[Run, dict[str, Any]]) -> None:
    """Another system's PM304 file of a physiotherapist goes to the insurer as it is, and its answer comes back."""
    run, body = demo
    (sent,) = [each for each in body["countries"]["NL"]["exchanges"] if each["invoice_number"] == "FY2024-0007"]
    assert (sent["kind"], sent["channel"], sent["state"]) == ("vektis-PM304-3.2", "vecozo", "delivered")
    home = _home_of(run)
    assert (home / "out/nl/sent" / sent["name"]).read_bytes() == (home / "out/nl/finished.asc").read_bytes()
    mine = [claim for claim in body["countries"]["NL"]["claims"] if claim["provider"] == "04099901"]
    told = [(claim["ref"], claim["decision"], claim["granted_minor"], claim["received_minor"]) for claim in mine]
    assert told == [("FY-71", "granted", 3650, 3650), ("FY-72", "granted", 3650, 3650)]


def test_demo_takes_mental_health_to_a_gds801_message_and_back_by_a_gds802(demo: tuple[Run, dict[str, Any]]) -> None:
    """Six rows: one held, one a duplicate, four answered as granted, changed, refused, granted; the money adds up."""
    run, body = demo
    (sent,) = [each for each in body["countries"]["NL"]["exchanges"] if each["kind"] == "vektis-GDS801-1.0"]
    assert (sent["partner"], sent["channel"], sent["state"]) == ("zilveren-kruis", "vecozo", "delivered")
    mine = [claim for claim in body["countries"]["NL"]["claims"] if claim["provider"] == "94099901"]
    amounts = ("claimed", "granted", "refused", "received")
    assert [(one["decision"], *(one[f"{name}_minor"] for name in amounts)) for one in mine] == [
        ("granted", 15625, 15625, 0, 15625),
        ("changed", 12040, 9810, 2230, 9810),
        ("refused", 18750, 0, 18750, 0),
        ("granted", 15625, 15625, 0, 15625),
    ]
    home = _home_of(run)
    message = (home / "out/nl/sent" / sent["name"]).read_text()
    assert message.count("<DebetPrestatie>") == 4
    assert "<Bedrag>620.40</Bedrag>" in message
    (answer,) = (home / "out/nl/received").glob("*-vektis-GDS802-1.0")
    assert "<Bedrag>410.60</Bedrag>" in answer.read_text()
    report = (home / "out" / "report.html").read_text()
    assert all(one["ref"] in report for one in mine)
    statement = (home / "out/nl/statements/94099901-2024Q1.csv").read_text()
    assert "totaal;94099901;2024Q1;EUR;;;;4;620,40;410,60;209,80;0,00;0,00;0,00;410,60" in statement
    assert "94099901" not in {one["practice"] for one in body["countries"]["NL"]["practices"]}, "it was paid itself"


def test_demo_plays_every_kind_of_dutch_answer(demo: tuple[Run, dict[str, Any]]) -> None:
    _, body = demo
    claims = body["countries"]["NL"]["claims"]
    found = {claim["decision"] for claim in claims}
    assert found == {"granted", "changed", "refused", "open"}
    (held,) = [claim for claim in claims if claim["hold"]]
    assert (held["hold"], held["payer_code"]) == ("REFUSED_BY_CLEARING", "7119")
    assert sum(claim["netted_minor"] for claim in claims) == 0
    assert {claim["netted_minor"] for claim in claims} == {-105, 0, 105}


def test_demo_leaves_no_personal_data_in_names_or_logs(demo: tuple[Run, dict[str, Any]]) -> None:
    run, _ = demo
    home = _home_of(run)
    rows = list(csv.DictReader((ROOT / "examples/nl/nl_ion_export_2024Q1.csv").read_text().splitlines(), delimiter=";"))
    secrets = {row["bsn"] for row in rows} | {row["achternaam"] for row in rows}
    performances = (ROOT / "examples/nl/nl_zpm_performances.csv").read_text().splitlines()
    secrets |= {row["bsn"] for row in csv.DictReader(performances, delimiter=";")} | {"Voorbeeldrug", "Proefknie"}
    names = "\n".join(str(path) for path in home.rglob("*"))
    logged = "".join(path.read_text() for path in (home / "log").iterdir())
    report = (home / "out" / "report.html").read_text()
    database = b"".join(path.read_bytes() for path in home.glob("kvitt.db*"))
    for secret in secrets:
        assert secret not in names
        assert secret not in logged
        assert secret not in report
        assert secret.encode() not in database


def _home_of(run: Run) -> Path:
    """The home a runner works on, as the hub itself names it when it is missing something."""
    said = run("demo", "--keep").err
    return Path(said.removeprefix("kvitt: ").split(" holds")[0])


def test_why_says_who_acts_in_three_languages(demo: tuple[Run, dict[str, Any]]) -> None:
    run, _ = demo
    said = {lang: run("why", "10003", "--lang", lang).out for lang in ("en", "nb", "nl")}
    assert "rejected invoice 10003" in said["en"]
    assert "avviste faktura 10003" in said["nb"]
    assert "wees factuur 10003 af" in said["nl"]


def test_next_lists_what_needs_a_person_and_says_so_by_its_exit_code(demo: tuple[Run, dict[str, Any]]) -> None:
    run, _ = demo
    done = run("next", "--json")
    kinds = [task["kind"] for task in done.body()["tasks"]]
    assert done.code == 5
    assert kinds.count("rejection") == 7
    assert "rows_held" in kinds


def test_unknown_reference_is_a_sentence_not_a_traceback(demo: tuple[Run, dict[str, Any]]) -> None:
    run, _ = demo
    done = run("why", "NO-SUCH-THING")
    assert done.code == 2
    assert done.err.strip() == "kvitt: nothing here is called NO-SUCH-THING (kvitt status lists every claim)"


def test_without_a_hub_nothing_is_made(tmp_path: Path) -> None:
    run = partial(kvitt, tmp_path / "nowhere")
    done = run("status")
    assert done.code == 3
    assert f"no hub at {tmp_path / 'nowhere'}: run kvitt init or set KVITT_HOME" in done.err
    assert not (tmp_path / "nowhere").exists()


def test_demo_never_replaces_a_hub_it_did_not_make(tmp_path: Path) -> None:
    run = partial(kvitt, tmp_path / "home")
    assert run("init").code == 0
    before = (tmp_path / "home" / "kvitt.db").read_bytes()
    assert run("demo").code == 3
    assert (tmp_path / "home" / "kvitt.db").read_bytes() == before


@pytest.mark.scenario("S01")
def test_intake_prints_a_line_a_row_and_a_summary(tmp_path: Path) -> None:
    """Row by row against the expected file, through the command line."""
    run = partial(kvitt, tmp_path / "home")
    assert run("init", "--example").code == 0
    done = run(
        *("intake", "--tenant", NL, "--programme", "module-quarter", "--practice", "01099901", "--module", "PMO"),
        *("--quarter", "2024Q1", "--json", "examples/nl/nl_ion_export_2024Q1.csv"),
    )
    assert done.code == 0, done.err
    lines = done.lines()
    expected = list(
        csv.DictReader((ROOT / "examples/nl/nl_ion_export_2024Q1_expected.csv").read_text().splitlines(), delimiter=";")
    )
    said = [(str(row["line"]), row["outcome"], row["code"]) for row in lines[:-1]]
    assert said == [(row["line"], row["outcome"], row["code"]) for row in expected]
    counts = lines[-1]["summary"]
    names = ("claims", "excluded", "later", "held", "skipped")
    assert [counts[name] for name in names] == [11, 6, 1, 2, 0]
    assert sum(counts[name] for name in names) == counts["rows"] == 20


@pytest.mark.scenario("S25")
def test_performances_print_the_expected_outcomes(tmp_path: Path) -> None:
    """The mental health practice's list, row by row against its expected file, through the command line."""
    run = partial(kvitt, tmp_path / "home")
    assert run("init", "--example").code == 0
    path = ROOT / "examples/nl/nl_zpm_performances.csv"
    command = ("intake", "--tenant", NL, "--programme", "zpm-performances", "--practice", "94099901", "--json")
    *rows, last = run(*command, str(path)).lines()
    wanted = list(
        csv.DictReader((ROOT / "examples/nl/nl_zpm_performances_expected.csv").read_text().splitlines(), delimiter=";")
    )
    told = [(str(row["line"]), row["row_id"], row["outcome"], row["code"]) for row in rows]
    assert told == [(row["line"], row["row_id"], row["outcome"], row["code"]) for row in wanted]
    assert last["summary"]["dropped_columns"] == ["setting (column 10)"]


def test_treatment_log_prints_the_expected_outcomes(tmp_path: Path) -> None:
    run = partial(kvitt, tmp_path / "home")
    assert run("init", "--example").code == 0
    done = run(
        *("intake", "--tenant", NO, "--programme", "treatment-assignments", "--json"),
        "examples/no/no_treatment_log.csv",
    )
    lines = done.lines()
    expected = list(
        csv.DictReader((ROOT / "examples/no/no_treatment_log_expected.csv").read_text().splitlines(), delimiter=";")
    )
    said = [(row["row_id"], row["outcome"], row["code"]) for row in lines[:-1]]
    assert said == [(row["row_id"], row["outcome"], row["code"]) for row in expected]


@pytest.mark.scenario("S38")
def test_medical_columns_are_refused_and_only_their_names_are_told(tmp_path: Path) -> None:
    run = partial(kvitt, tmp_path / "home")
    assert run("init", "--example").code == 0
    lines = (ROOT / "examples/nl/nl_ion_export_2024Q1.csv").read_text().splitlines()
    medical = tmp_path / "list.csv"
    medical.write_text("\n".join([lines[0] + ";ICPC", *(line + ";T90" for line in lines[1:])]))
    done = run(
        *("intake", "--tenant", NL, "--programme", "module-quarter", "--practice", "01099901", "--module", "PMO"),
        *("--quarter", "2024Q1", str(medical)),
    )
    assert done.code == 1
    assert "ICPC" in done.out
    database = b"".join(path.read_bytes() for path in (tmp_path / "home").glob("kvitt.db*"))
    assert b"T90" not in database

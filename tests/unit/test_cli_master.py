"""Master data by the command line: a hub is made, filled and looked at, and nothing happens by accident."""

from __future__ import annotations

import csv
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hub.cli.boot import create_hub, open_hub, settings_here
from hub.clock import MovableClock
from hub.paths import examples
from hub.pipeline import intake, master_data
from hub.pipeline.context import Hub
from hub.pipeline.intake import IntakeRequest
from hub.sandbox.example import CLINIC, NL_TENANT, NO_TENANT, load_example
from hub.settings import default_settings
from hub.store import access, reference
from hub.store.reference import ReferenceRow
from tests.commands import Run, in_process, stand_in

NL = ("--tenant", "thuis")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    stand_in(tmp_path, monkeypatch)
    return in_process(monkeypatch, capsys)


@pytest.fixture
def dutch(run: Run) -> Run:
    """A hub with one Dutch tenant: billing agent and care group."""
    assert run("init").code == 0
    agent = ("--kind", "billing_agent", "--code", "98000001", "--name", "Hulp")
    assert run("org", "add", *NL, "--country", "NL", *agent).code == 0
    group = ("--kind", "care_group", "--code", "53000001", "--name", "Groep", "--parent", "98000001")
    assert run("org", "add", *NL, *group, "--account", "NL13TEST0123456789").code == 0
    return run


def _write(path: Path, *lines: str) -> str:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


PRACTICES = "agb;name;mail;system;module;first_quarter;agreement_date;consent_date;iban"
GOOD = "01099901;Een;een@praktijk.example;ion-export;PMO;2024Q1;2023-12-01;2023-12-01;NL13TEST0123456789"


# --- init -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("org", "list"),
        ("org", "agreements"),
        ("org", "add", "--kind", "practice", "--code", "01099901", "--name", "x"),
        ("practice", "list"),
        ("user", "list"),
        ("data", "list", "uzovi"),
    ],
)
def test_only_init_makes_a_hub(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    said = run(*words)
    assert said.code == 3
    assert f"no hub at {tmp_path / 'home'}: run kvitt init or set KVITT_HOME" in said.err
    assert not (tmp_path / "home").exists()


def test_init_twice_is_harmless_and_keeps_the_keys(run: Run, tmp_path: Path) -> None:
    first = run("init", "--language", "nl", "--json")
    key = (tmp_path / "home/keys/master.key").read_bytes()
    again = run("init", "--json")
    assert (first.code, again.code) == (0, 0)
    assert first.lines()[0]["created"] is True
    assert again.lines()[0] | {"created": True} == first.lines()[0]
    assert (tmp_path / "home/keys/master.key").read_bytes() == key
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0


def test_a_hub_keeps_its_stage(run: Run) -> None:
    run("init")
    said = run("init", "--stage", "production")
    assert said.code == 3
    assert "another stage" in said.err


def test_lost_keys_are_never_made_anew(run: Run, tmp_path: Path) -> None:
    run("init")
    (tmp_path / "home/keys").rename(tmp_path / "elsewhere")
    assert run("init").code == 3
    (tmp_path / "home/hub.toml").unlink()
    assert run("init").code == 3
    assert not (tmp_path / "home/keys").exists()


def test_production_takes_no_example_and_warns_of_keys_in_the_home(run: Run, tmp_path: Path) -> None:
    assert run("init", "--stage", "production", "--example").code == 3
    assert not (tmp_path / "home").exists()
    said = run("init", "--stage", "production")
    assert "Warning: the keys lie in the home" in said.out


def test_upgrade_brings_an_old_database_up_to_date(run: Run, tmp_path: Path) -> None:
    run("init")
    with sqlite3.connect(tmp_path / "home/kvitt.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = ''")
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if name != "alembic_version":
                connection.execute(f"DROP TABLE {name}")
        connection.execute("DELETE FROM alembic_version")
    connection.close()
    said = run("init")
    assert said.code == 3
    assert "kvitt init --upgrade" in said.err
    assert run("init", "--upgrade").code == 0
    assert run("org", "list").code == 0


def test_upgrade_without_a_hub_makes_none(run: Run, tmp_path: Path) -> None:
    assert run("init", "--upgrade").code == 3
    assert not (tmp_path / "home").exists()


# --- the example ------------------------------------------------------------------------------------------------------


def test_the_example_gives_the_expected_outcomes_and_can_be_loaded_again(tmp_path: Path) -> None:
    clock = MovableClock(datetime(2024, 1, 15, 8, tzinfo=UTC))
    hub = create_hub(default_settings(tmp_path / "home"), clock)
    try:
        first = load_example(hub.store, hub.home, examples())
        assert load_example(hub.store, hub.home, examples()) == first
        for practice, name in (("01099901", "nl_ion_export_2024Q1"), ("01099902", "nl_practice2_2024Q1")):
            request = IntakeRequest(
                programme="module-quarter", organisation=practice, module="PMO", period="2024Q1", name=f"{name}.csv"
            )
            _as_expected(hub, NL_TENANT, request, examples() / "nl" / name, "line")
        clock.move_to(datetime(2026, 4, 15, 8, tzinfo=UTC))
        request = IntakeRequest(programme="treatment-assignments", organisation=CLINIC, name="log.csv")
        _as_expected(hub, NO_TENANT, request, examples() / "no" / "no_treatment_log", "row_id")
    finally:
        hub.store.close()


def _as_expected(hub: Hub, tenant: str, request: IntakeRequest, stem: Path, key: str) -> None:
    result = intake.take(hub, tenant, request, stem.with_suffix(".csv").read_bytes())
    with stem.with_name(f"{stem.name}_expected.csv").open(encoding="utf-8") as stream:
        wanted = [(row[key], row["outcome"], row["code"]) for row in csv.DictReader(stream, delimiter=";")]
    assert [(str(getattr(one, key)), one.outcome, one.code) for one in result.outcomes] == wanted


def test_every_example_payer_can_be_reached_without_a_server(run: Run) -> None:
    assert run("init", "--example").code == 0
    found = [row for row in run("org", "agreements", "--json").lines() if row["partner"] != "bank"]
    assert len(found) == 8
    assert all(row["channel"] == "folder" and row["payer_accounts"] and not row["lacks"] for row in found)
    said = run("doctor", "--probe", "--json")
    assert said.code == 0
    assert {one["state"] for one in said.lines()[0]["checks"]} == {"ok", "note"}


# --- organisations ----------------------------------------------------------------------------------------------------


def test_what_is_not_named_stays_as_it_was(dutch: Run) -> None:
    said = dutch("org", "add", *NL, "--kind", "care_group", "--code", "53000001", "--name", "Nieuwe naam", "--json")
    assert said.lines()[0]["fields"] == ["name"]
    group = next(row for row in dutch("org", "list", "--json").lines() if row["kind"] == "care_group")
    assert (group["name"], group["account"], group["parent"]) == ("Nieuwe naam", "NL13TEST0123456789", "98000001")


def test_an_organisation_with_wrong_numbers_is_not_stored(dutch: Run) -> None:
    wrong = ("--kind", "practice", "--code", "1234", "--name", "x", "--account", "NL14TEST0123456789")
    said = dutch("org", "add", *NL, *wrong, "--json")
    assert said.code == 2
    assert {line["finding"]["location"] for line in said.lines()} == {"code", "account"}
    assert len(dutch("org", "list", "--json").lines()) == 2


def test_a_norwegian_clinic_has_an_organisation_number_and_a_bban(run: Run) -> None:
    run("init")
    clinic = ("--kind", "clinic", "--name", "Klinikk", "--legal-form", "AS", "--foretaksregisteret")
    place = ("--tenant", "nord", "--country", "NO")
    assert run("org", "add", *place, *clinic, "--code", "310000087").code == 2
    assert run("org", "add", *place, *clinic, "--code", "310000086", "--account", "99990101015").code == 0
    assert run("org", "list", "--json").lines()[0]["code"] == "310000086"


def test_a_tenant_never_changes_country(dutch: Run) -> None:
    said = dutch("org", "add", *NL, "--country", "NO", "--kind", "clinic", "--code", "310000086", "--name", "x")
    assert said.code == 3
    assert "thuis is in NL" in said.err


def test_organisations_come_from_a_list_in_any_order(dutch: Run, tmp_path: Path) -> None:
    file = _write(
        tmp_path / "orgs.csv",
        "kind;code;name;parent;account",
        "practice;01099905;Onder;53000009;",
        "care_group;53000009;Boven;98000001;NL62TEST0987654321",
        "practice;01099906;Wees;53999999;",
    )
    before = len(dutch("org", "list", "--json").lines())
    preview = dutch("org", "import", file)
    assert preview.code == 1
    assert "line 4, error" in preview.out
    assert len(dutch("org", "list", "--json").lines()) == before
    done = dutch("org", "import", file, "--yes")
    assert "2 new" in done.out
    rows = {row["code"]: row["parent"] for row in dutch("org", "list", "--json").lines()}
    assert rows["01099905"] == "53000009"
    assert "01099906" not in rows


# --- practices --------------------------------------------------------------------------------------------------------


def test_bad_rows_are_named_by_line_and_never_block_good_ones(dutch: Run, tmp_path: Path) -> None:
    file = _write(
        tmp_path / "practices.csv",
        PRACTICES,
        GOOD,
        "123;Kort;kort@praktijk.example;;PMO;2024Q1;;;",
        "01099903;Drie;geen-adres;;PMO;2024Q1;2023-12-01;2023-12-01;NL99TEST0123456789",
        "01099904;Vier;vier@praktijk.example;;XYZ;2024K1;gisteren;2023-12-01;",
        "01099905;Vijf;te;veel;cellen;in;deze;rij;1;2;3;4",
        "1099906;Zes;zes@praktijk.example;;PMO;2024Q2;2023-12-01;2023-12-01;",
    )
    preview = dutch("practice", "import", file)
    assert preview.code == 1
    assert "2 new, 0 changed, 0 unchanged, 4 refused: nothing changed yet" in preview.out
    assert dutch("practice", "list", "--json").lines() == []
    found = [line["finding"] for line in dutch("practice", "import", file, "--json").lines() if "finding" in line]
    errors = {(one["line"], one.get("location", "")) for one in found if one["severity"] == "error"}
    wrong = {(3, "agb"), (4, "mail"), (4, "iban"), (5, "module"), (5, "first_quarter"), (5, "agreement_date"), (6, "")}
    assert errors == wrong
    assert {row["agb"] for row in dutch("practice", "list", "--json").lines()} == {"01099901", "01099906"}


def test_an_import_again_changes_nothing(dutch: Run, tmp_path: Path) -> None:
    file = _write(tmp_path / "practices.csv", PRACTICES, GOOD)
    assert dutch("practice", "import", file, "--json").code == 0
    again = dutch("practice", "import", file, "--json").lines()
    assert again[-1] == {"summary": {"new": 0, "changed": 0, "unchanged": 1, "refused": 0, "applied": True}}


def test_json_can_preview_too(dutch: Run, tmp_path: Path) -> None:
    file = _write(tmp_path / "practices.csv", PRACTICES, GOOD)
    assert dutch("practice", "import", file, "--json", "--preview").lines()[-1]["summary"]["applied"] is False
    assert dutch("practice", "list", "--json").lines() == []


def test_lines_that_contradict_each_other_are_not_guessed(dutch: Run, tmp_path: Path) -> None:
    other = GOOD.replace("een@", "ander@")
    file = _write(tmp_path / "practices.csv", PRACTICES, GOOD, other, GOOD)
    said = dutch("practice", "import", file, "--json").lines()
    codes = {line["finding"]["line"]: line["finding"]["code"] for line in said if "finding" in line}
    assert codes == {3: "LIST_DIFFERS", 4: "LIST_TWICE"}


def test_a_changed_bank_account_is_never_silent(dutch: Run, tmp_path: Path) -> None:
    dutch("practice", "import", _write(tmp_path / "one.csv", PRACTICES, GOOD), "--yes")
    changed = GOOD.replace("NL13TEST0123456789", "NL62TEST0987654321")
    said = dutch("practice", "import", _write(tmp_path / "two.csv", PRACTICES, changed))
    assert "The bank account of 01099901 changes" in said.out


def test_with_several_care_groups_one_must_be_named(dutch: Run, tmp_path: Path) -> None:
    dutch("org", "add", *NL, "--kind", "care_group", "--code", "53000002", "--name", "Tweede", "--parent", "98000001")
    file = _write(tmp_path / "practices.csv", PRACTICES, GOOD)
    assert "Column care_group is needed" in dutch("practice", "import", file).out
    named = _write(tmp_path / "named.csv", f"{PRACTICES};care_group", f"{GOOD};53000002")
    assert dutch("practice", "import", named, "--yes").code == 0


def test_the_template_can_be_imported(dutch: Run, tmp_path: Path) -> None:
    file = tmp_path / "template.csv"
    file.write_text(dutch("practice", "template").out, encoding="utf-8")
    assert dutch("practice", "import", str(file), "--yes").code == 0
    assert dutch("practice", "template", "--out", str(file)).code == 3


def test_a_practice_can_be_added_by_hand(dutch: Run) -> None:
    words = ("--agb", "01099901", "--name", "Een", "--mail", "een@praktijk.example", "--module", "pmo")
    assert dutch("practice", "add", *words, "--first-quarter", "2024Q9").code == 2
    said = dutch("practice", "add", *words, "--first-quarter", "2024Q1")
    assert said.code == 0
    assert "No agreement_date" in said.out
    assert dutch("practice", "list", "--json").lines()[0]["module"] == "PMO"


def test_a_file_that_is_no_list_is_unreadable(dutch: Run, tmp_path: Path) -> None:
    assert dutch("practice", "import", str(tmp_path / "absent.csv")).code == 2
    assert (
        "columns not found: mail"
        in dutch("practice", "import", _write(tmp_path / "x.csv", "agb;name;module;first_quarter", "1;2;3;4")).err
    )


# --- users ------------------------------------------------------------------------------------------------------------


def test_users_have_a_role_and_providers_an_organisation(dutch: Run, tmp_path: Path) -> None:
    assert dutch("user", "add", "a@thuis.example", "--role", "provider").code == 2
    assert dutch("user", "add", "a@thuis.example", "--role", "chef").code == 2
    assert dutch("user", "add", "a@thuis.example", "--role", "provider", "--org", "53000001").code == 0
    file = _write(
        tmp_path / "users.csv",
        "login;name;role;organisation;language",
        "b@thuis.example;Bea;support;;nl",
        "c@thuis.example;Cor;provider;01999999;nl",
        "a@thuis.example;Ans;auditor;;nl",
    )
    said = dutch("user", "import", file, "--json")
    assert said.code == 1
    assert said.lines()[-1]["summary"] == {"new": 1, "changed": 1, "unchanged": 0, "refused": 1, "applied": True}
    roles = {row["login"]: row["role"] for row in dutch("user", "list", "--json").lines()}
    assert roles == {"a@thuis.example": "auditor", "b@thuis.example": "support"}


# --- agreements -------------------------------------------------------------------------------------------------------


def test_an_agreement_says_what_it_lacks_and_takes_no_plain_secret(dutch: Run) -> None:
    assert dutch("org", "agreement", "nobody").code == 3
    refused = dutch("org", "agreement", "fjord-helse-test", "--set", "token=hunter2")
    assert refused.code == 3
    assert "hunter2" not in refused.err
    said = dutch("org", "agreement", "fjord-helse-test", "--set", "token=env:FJORD", "--json").lines()[0]
    assert said["lacks"] == ["endpoint"]
    more = dutch("org", "agreement", "fjord-helse-test", "--set", "endpoint=https://ap.example", "--json").lines()[0]
    assert (more["lacks"], more["settings"]["token"]) == ([], "env:FJORD")


def test_with_a_new_partner_a_person_releases_until_somebody_says_otherwise(dutch: Run) -> None:
    (new,) = dutch("org", "agreement", "fjord-helse-test", "--json").lines()
    assert new["release"] == "manual"
    (then,) = dutch("org", "agreement", "fjord-helse-test", "--release", "auto", "--json").lines()
    (kept,) = dutch("org", "agreement", "fjord-helse-test", "--set", "endpoint=https://ap.example", "--json").lines()
    assert (then["release"], kept["release"]) == ("auto", "auto")
    (service,) = dutch("org", "agreement", "bank", "--channel", "folder", "--set", "inbox=in", "--json").lines()
    assert service["release"] == "auto"


def test_a_newer_agreement_ends_the_older_one(dutch: Run) -> None:
    dutch("org", "agreement", "menzis", "--valid-from", "2023-01-01", "--set", "sender_code=1", "--release", "manual")
    dutch(
        "org", "agreement", "menzis", "--valid-from", "2024-07-01", "--channel", "folder", "--set", "outbox=somewhere"
    )
    old, new = dutch("org", "agreements", "--json").lines()
    assert (old["valid_to"], new["valid_from"], new["valid_to"]) == ("2024-06-30", "2024-07-01", None)
    assert (new["channel"], new["settings"], new["release"]) == ("folder", {"outbox": "somewhere"}, "manual")


@pytest.mark.parametrize(
    "words",
    [("--release", "perhaps"), ("--channel", "pigeon"), ("--payer-account", "NL00TEST1"), ("--set", "endpoint")],
)
def test_a_wrong_agreement_is_refused(dutch: Run, words: tuple[str, str]) -> None:
    assert dutch("org", "agreement", "menzis", *words).code == 3
    assert dutch("org", "agreements", "--json").lines() == []


def test_changes_are_in_the_access_log(dutch: Run) -> None:
    dutch("org", "agreement", "menzis")
    hub = open_hub(settings_here())
    with hub.store.reading("thuis") as unit:
        logged = [(row["action"], row["object"]) for row in access.events(unit)]
    hub.store.close()
    assert ("change", "organisation/53000001") in logged
    assert logged[-1][1].startswith("agreement/menzis/")


# --- reference data ---------------------------------------------------------------------------------------------------


def test_data_is_previewed_then_applied(dutch: Run, tmp_path: Path) -> None:
    file = _write(tmp_path / "t.csv", "module;payer;amount", "PMO;*;0,91", "PMO;3332;1.05", "PMO;7095;veel")
    words = ("data", "import", "tariffs", file)
    assert "No first day" in dutch(*words).out
    preview = dutch(*words, "--valid-from", "2024-01-01")
    assert preview.code == 1
    assert "2 added, 0 changed, 0 unchanged, 0 ended, 1 refused: nothing changed yet" in preview.out
    assert dutch("data", "list", "tariffs", "--json").lines() == []
    dutch(*words, "--valid-from", "2024-01-01", "--yes")
    stored = dutch("data", "list", "tariffs", "--json").lines()
    assert [(row["payer"], row["amount"], row["valid_from"]) for row in stored] == [
        ("*", "0.91", "2024-01-01"),
        ("3332", "1.05", "2024-01-01"),
    ]
    again = dutch(*words, "--valid-from", "2024-01-01", "--json").lines()[-1]["summary"]
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 2)


def test_a_newer_register_row_ends_the_older_one(dutch: Run, tmp_path: Path) -> None:
    old = _write(tmp_path / "old.csv", "uzovi;name;concern", "3314;OZF;Achmea", "0211;FBTO;Achmea")
    new = _write(tmp_path / "new.csv", "uzovi;name;concern", "3314;Ander;Ander", "211;FBTO;Achmea")
    dutch("data", "import", "uzovi", old, "--valid-from", "2020-01-01", "--yes")
    summary = dutch("data", "import", "uzovi", new, "--valid-from", "2024-01-01", "--json").lines()[-1]["summary"]
    assert (summary["added"], summary["ended"]) == (2, 2)
    before = dutch("data", "list", "uzovi", "--on", "2023-12-31", "--json").lines()
    after = dutch("data", "list", "uzovi", "--on", "2024-01-01", "--json").lines()
    assert [row["concern"] for row in before] == ["Achmea", "Achmea"]
    assert [row["concern"] for row in after] == ["Achmea", "Ander"]


def test_an_insurer_without_a_number_is_named_and_left_out(dutch: Run, tmp_path: Path) -> None:
    file = _write(tmp_path / "r.csv", "uzovi;name", ";Zonder nummer", "33;Kort", "3332;Goed")
    said = dutch("data", "import", "uzovi", file, "--valid-from", "2024-01-01", "--json")
    found = {line["finding"]["line"]: line["finding"]["severity"] for line in said.lines() if "finding" in line}
    assert found == {2: "warning", 3: "error"}
    assert [row["uzovi"] for row in dutch("data", "list", "uzovi", "--json").lines()] == ["3332"]


def test_coverage_is_masked_and_its_code_holds_no_bsn(dutch: Run, tmp_path: Path) -> None:
    file = _write(
        tmp_path / "cov.csv",
        "bsn;reference_date;uzovi;insured",
        "999903883;2024-01-01;3332;yes",
        "999903883;2024-01-01;3334;yes",
        "999969845;;;no",
        "999915812;2024-01-01;;yes",
    )
    said = dutch("data", "import", "coverage", file, "--json")
    assert said.code == 1
    listed = dutch("data", "list", "coverage", "--json")
    assert "999903883" not in said.out + said.err + listed.out
    assert {(row["bsn"], row["coverage"]) for row in listed.lines()} == {
        ("*****3883", "insured"),
        ("*****9845", "not_insured"),
    }
    database = Path(settings_here().home / "kvitt.db").read_bytes()
    assert b"999903883" not in database
    hub = open_hub(settings_here())
    with hub.store.reading("thuis") as unit:
        assert access.events(unit)[-1]["object"] == "reference/coverage"
    hub.store.close()


def test_assignments_are_those_the_intake_reads(run: Run) -> None:
    run("init")
    run("org", "add", "--tenant", "nord", "--country", "NO", "--kind", "clinic", "--code", "310000086", "--name", "K")
    said = run("data", "import", "assignments", str(examples() / "no/no_assignments.csv"), "--yes")
    assert said.code == 0
    rows = run("data", "list", "assignments", "--json").lines()
    assert len(rows) == 5
    assert all(row["patient_ref"].startswith("**") for row in rows)


def test_unknown_kinds_are_named(dutch: Run, tmp_path: Path) -> None:
    said = dutch("data", "import", "weather", _write(tmp_path / "x.csv", "a;b", "1;2"))
    assert said.code == 3
    assert "uzovi, tariffs, assignments, coverage, codes" in said.err


def test_rows_between_two_others_take_their_place(tmp_path: Path) -> None:
    hub = create_hub(default_settings(tmp_path / "home"), MovableClock(datetime(2024, 1, 1, tzinfo=UTC)))
    hub.store.add_tenant("t", "t", "NL", "nl")

    def row(year: int, name: str) -> ReferenceRow:
        return ReferenceRow(code="3332", body={"name": name}, valid_from=date(year, 1, 1))

    with hub.store.unit("t") as unit:
        master_data.apply(unit, master_data.plan(unit, "uzovi", [row(2020, "a"), row(2024, "c")]))
        master_data.apply(unit, master_data.plan(unit, "uzovi", [row(2022, "b")]))
        days = [date(2021, 12, 31), date(2022, 1, 1), date(2023, 12, 31), date(2024, 1, 1)]
        names = [[one.body["name"] for one in reference.rows_of(unit, "uzovi") if one.holds_on(day)] for day in days]
    hub.store.close()
    assert names == [["a"], ["b"], ["b"], ["c"]]


# --- doctor -----------------------------------------------------------------------------------------------------------


def test_doctor_looks_at_the_program_without_a_hub(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    said = run("doctor", "--json")
    assert said.code == 3
    monkeypatch.delenv("KVITT_HOME")
    free = run("doctor", "--json")
    assert free.code == 0
    names = [one["check"] for one in free.lines()[0]["checks"] if one["state"] == "ok"]
    assert names == [f"package {name}" for name in ("hub", "connectors", "schemas", "mappings", "scheduler")]


def test_doctor_sees_a_stranger_package(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KVITT_HOME")
    monkeypatch.setattr("hub.cli.examination.packages_distributions", lambda: {"hub": ["activeloop-hub"]})
    said = run("doctor")
    assert said.code == 3
    assert "belongs to activeloop-hub too" in said.out


def test_doctor_sees_open_permissions_missing_settings_and_a_broken_log(dutch: Run, tmp_path: Path) -> None:
    assert dutch("doctor").code == 0
    dutch("org", "agreement", "menzis")
    lacking = dutch("doctor")
    assert lacking.code == 3
    assert "lacks endpoint" in lacking.out
    (tmp_path / "home").chmod(0o755)
    assert "others may use" in dutch("doctor").out
    with sqlite3.connect(tmp_path / "home/kvitt.db") as connection:
        connection.execute("DROP TRIGGER access_log_no_update")
        connection.execute("UPDATE access_log SET actor = 'nobody' WHERE seq = 2")
    connection.close()
    assert "access log is broken" in dutch("doctor").out


def test_doctor_tells_broken_settings_in_json_too(dutch: Run, tmp_path: Path) -> None:
    (tmp_path / "home/hub.toml").write_text('stage = "sandbox"\ndatabase = "env:NOT_SET_HERE"\n', encoding="utf-8")
    said = dutch("doctor", "--json")
    assert said.code == 3
    assert "env:NOT_SET_HERE is not set" in said.lines()[0]["checks"][-1]["text"]


def test_doctor_on_a_damaged_database_is_a_sentence(dutch: Run, tmp_path: Path) -> None:
    for path in (tmp_path / "home").glob("kvitt.db*"):
        path.unlink()
    (tmp_path / "home/kvitt.db").write_bytes(b"this is no database at all" * 100)
    said = dutch("doctor")
    assert said.code == 3
    assert "file is not a database" in said.out


@pytest.mark.parametrize(
    "words",
    [("init",), ("doctor",), ("explain",), ("check",)]
    + [("org", one) for one in ("add", "import", "list", "agreement", "agreements")]
    + [("practice", one) for one in ("add", "import", "list", "template")]
    + [("user", one) for one in ("add", "import", "list")]
    + [("data", one) for one in ("import", "list")],
)
def test_every_help_has_an_example(run: Run, words: tuple[str, ...]) -> None:
    said = run(*words, "--help")
    assert said.code == 0
    assert "Example:" in said.out


def test_a_country_needs_a_tenant_we_know(run: Run) -> None:
    run("init")
    said = run("org", "add", "--tenant", "x", "--country", "SE", "--kind", "clinic", "--code", "1", "--name", "x")
    assert said.code == 3
    assert run("org", "list", "--json").out == ""

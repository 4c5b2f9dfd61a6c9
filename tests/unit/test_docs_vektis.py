"""The page on Vektis formats says what is so: its overview is that of the tables, and its example is done step by step."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from typer.main import get_command

from hub.cli.app import build as build_app
from hub.cli.own_layouts import layouts_in
from hub.errors import ConfigurationError
from hub.model.identity import is_bsn
from hub.model.reply import Verdict
from mappings.vektis_replies import from_response
from schemas import vektis
from schemas.codelists import code_list
from schemas.vektis import Layout, Record, VektisFile, build
from schemas.vektis.build import Value
from schemas.vektis.page import BEGIN, END, renewed
from schemas.vektis.rule_language import read_rules
from tests.commands import Run, in_process
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "formats" / "vektis.md"
ON = date(2026, 9, 1)


def text() -> str:
    return PAGE.read_text(encoding="utf-8")


# --- the page is current ----------------------------------------------------------------------------------------------


def test_the_overview_is_that_of_the_tables(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        PAGE.write_text(renewed(text(), vektis.layouts()), encoding="utf-8")
    page = text()
    assert page == renewed(page, vektis.layouts())
    shown = page.partition(BEGIN)[2].partition(END)[0]
    assert [one.format for one in vektis.layouts() if f"| {one.standard} {one.version} |" not in shown] == []
    assert all(one.source in shown and one.confidence in shown for one in vektis.layouts())


def test_every_header_key_and_column_of_the_tables_is_on_the_page() -> None:
    folder = ROOT / "schemas" / "vektis" / "layouts"
    for path in folder.glob("*.csv"):
        lines = path.read_text(encoding="utf-8").splitlines()
        keys = {line[1:].partition(":")[0].strip() for line in lines if line.startswith("#")}
        columns = next(line for line in lines if not line.startswith("#")).split(",")
        missing = [
            name for name in (*keys, *columns) if not re.search(rf"^\|[^|]*`{name}`[^|]*\|", text(), re.MULTILINE)
        ]
        assert missing == [], path.name


def test_every_rule_the_page_shows_can_be_read() -> None:
    cells = re.findall(r"^\| `((?:filled|[<>=!]|never|unique)[^`]*)` \|", text(), re.MULTILINE)
    assert len(cells) >= 8
    for cell in cells:
        assert read_rules(cell, "BED153", "the page")


def test_every_command_of_the_page_is_there() -> None:
    known = get_command(build_app()).commands  # type: ignore[attr-defined]
    tools = known["vektis"].commands
    named = {tuple(words.split()[:2]) for words in re.findall(r"`kvitt ([^`]+)`", text())}
    assert {first for first, *_ in named} <= set(known)
    assert {words[1] for words in named if words[0] == "vektis" and len(words) == 2} == set(tools)


def test_the_figures_of_the_page_are_those_of_the_lists() -> None:
    returns, errors = code_list("COD954"), code_list("COD957")
    assert returns is not None
    assert errors is not None
    assert f"{len(returns.entries)} codes of COD954 and {len(errors.entries)} of COD957" in text()
    doubts = [entry.doubt.get("en", "") for entry in returns.entries.values()]
    assert f"{sum('derived' in one for one in doubts)} get their meaning" in text()
    assert f"{sum('2008' in one for one in doubts)} from a list of 2008" in text()


# --- how to add a standard: one table, no code ------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the table of the page where the page says to put it."""
    (table,) = re.findall(r"```csv\n(.*?)```", text(), re.DOTALL)
    (place,) = re.findall(r"Save it as `KVITT_HOME/([^`]+)`", text())
    path = tmp_path / "home" / place
    path.parent.mkdir(parents=True)
    path.write_text(table, encoding="utf-8")
    monkeypatch.setenv("KVITT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def foot(home: Path) -> Layout:
    (layout,) = layouts_in(home / "layouts")
    return layout


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return in_process(monkeypatch, capsys)


def foot_care(layout: Layout, *, number: int = 2, amount: int = 5000) -> VektisFile:
    """A file of one insured with one performance and a comment on it."""
    insured: dict[str, Value] = {"NUM313": "999990019", "COD061": "3332"}
    values: list[tuple[str, dict[str, Value]]] = [
        ("01", {"COD002": 901, "NUM001": 1, "NUM309": 0, "COD856": "T", "COD061": 3332, "COD009": "26000001"}),
        ("02", insured | {"NUM040": 1, "DAT006": date(1950, 2, 3), "NAM193": "De Jong"}),
        ("04", insured | {"NUM040": 2, "DAT001": date(2026, 7, 6), "COD367": "990", "COD388": "F0001"}),
        ("98", {"NUM040": 2, "NUM109": 1, "OMS016": "Tweede voet volgt"}),
        ("99", {"ANT085": 1, "ANT087": 1, "ANT089": 1, "ANT265": 3, "BED025": amount, "COD043": "D"}),
    ]
    header, line = values[0][1], values[2][1]
    header |= {"COD833": "02", "DAT043": date(2026, 7, 1), "DAT044": date(2026, 7, 31), "NUM029": "F26-1"}
    header |= {"DAT031": date(2026, 8, 1)}
    line |= {"ANT054": number, "BED160": 2500, "BED161": amount, "COD043": "D", "NUM362": "L1"}
    return VektisFile(layout, tuple(build(layout, kind, given, place) for place, (kind, given) in enumerate(values, 1)))


def test_the_standard_of_the_page_is_none_of_ours() -> None:
    assert "XV301" not in {one.standard for one in vektis.layouts()}
    assert is_bsn("999990019")


def test_a_file_of_the_new_standard_is_written_and_comes_back_byte_for_byte(foot: Layout) -> None:
    data = vektis.write(foot_care(foot))
    assert [len(line) for line in data.split(b"\r\n")] == [120] * 5 + [0]
    file = vektis.read(data, layout=vektis.announced_by(data, (foot,)))
    assert file.format == "vektis-XV301-1.0"
    assert (file.records[2].amount_of("BED161"), file.records[2].date_of("0405")) == (5000, date(2026, 7, 6))
    assert vektis.write(file) == data
    assert file.records[1].typed()["0206"] == "De Jong"


def test_a_faultless_file_passes_and_is_shown(foot: Layout, run: Run, tmp_path: Path) -> None:
    (tmp_path / "foot.asc").write_bytes(vektis.write(foot_care(foot)))
    said = run("check", "foot.asc", "--on", "2026-09-01", "--json")
    checked = said.body()
    assert (said.code, checked["format"], checked["findings"]) == (0, "vektis-XV301-1.0", [])
    said = run("vektis", "show", "foot.asc", "--on", "2026-09-01", "--json")
    shown = said.lines()
    assert said.code == 0
    assert [one["kind"] for one in shown] == ["01", "02", "04", "98", "99"]
    assert "F0001" in json.dumps(shown[2])


def test_the_new_standard_may_be_named_as_any_other(foot: Layout, run: Run, tmp_path: Path) -> None:
    (tmp_path / "foot.asc").write_bytes(vektis.write(foot_care(foot)))
    named = run("check", "foot.asc", "--format", "vektis-XV301-1.0", "--on", "2026-09-01", "--json")
    assert (named.code, named.body()["format"]) == (0, "vektis-XV301-1.0")
    unknown = run("check", "foot.asc", "--format", "vektis-XV302-1.0", "--json")
    assert (unknown.code, unknown.out) == (3, "")
    assert len(run("vektis", "show", "foot.asc", "--format", "XV301-1.0", "--json").lines()) == 5
    told = run("explain", "XV301:0408", "--json")
    assert told.code == 0
    assert "Rules: <= 0008" in told.body()["hits"][0]["text"]


def answering(home: Path) -> Layout:
    """The response standard of step 5: the claim's records with the tail of MZ302, and the closing record of MZ302."""
    claim = (home / "layouts" / "XV301_1.0.csv").read_text(encoding="utf-8")
    head = claim.replace("XV301", "XV302").replace("# kind: claim", "# kind: response\n# answers: XV301\n# tail: 121")
    head = head.replace("ei_codes: 901", "ei_codes: 902").replace("=120", "=180")
    rows = [line for line in head.splitlines() if not line.startswith("99,")]
    model = vektis.layout("MZ302")
    for kind, record in model.records.items():
        for one in record.fields if kind == "99" else [each for each in record.fields if each.start > 310]:
            if kind in ("01", "02", "04", "98", "99"):
                start = one.start if kind == "99" else one.start - 190
                length = 180 - start + 1 if one.element == "9999" else one.length
                cells = (
                    kind,
                    one.element,
                    one.code,
                    "X",
                    one.type,
                    length,
                    start,
                    one.mandatory,
                    one.codelist,
                    "",
                    "",
                    "",
                )
                rows.append(",".join(map(str, cells)))
    (home / "layouts" / "XV302_1.0.csv").write_text("\n".join(rows), encoding="utf-8")
    return next(one for one in layouts_in(home / "layouts") if one.standard == "XV302")


def test_a_response_in_the_answering_standard_becomes_a_decision(home: Path, foot: Layout) -> None:
    answer, claim = answering(home), foot_care(foot)
    tails: dict[str, dict[str, Value]] = {
        "01": {"COD002": 902, "NUM370": "ZV1", "DAT277": date(2026, 8, 20), "COD954": "0200"},
        "04": {"BED165": 4000, "COD672": "D", "BED166": 4000, "COD673": "D", "COD954": "0611"},
    }
    given = [
        vektis.amended(Record(answer.records[one.kind], one.text.ljust(180), one.number), tails.get(one.kind, {}))
        for one in claim.records[:-1]
        if one.kind != "98"
    ]
    sums: dict[str, Value] = {"BED168": 5000, "COD668": "D", "BED167": 4000, "COD665": "D"}
    given.append(build(answer, "99", {"ANT267": 1, "ANT269": 1, "ANT271": 2, **sums}, 4))
    data = vektis.write(VektisFile(answer, tuple(given)))
    read_back = vektis.read(data, layout=vektis.announced_by(data, layouts_in(home / "layouts")))
    assert vektis.check(data, on=ON, layout=answer) == []
    (decision,) = from_response(read_back).decisions
    assert (decision.verdict, [str(code) for code in decision.codes]) == (Verdict.CHANGED, ["COD954:0611"])
    assert decision.granted is not None
    assert decision.granted.minor == 4000


def replaced(file: VektisFile, number: int, **values: Value) -> bytes:
    """The file with some fields of one record changed."""
    records: list[Record] = list(file.records)
    records[number - 1] = vektis.amended(records[number - 1], values)
    return vektis.write(VektisFile(file.layout, tuple(records)))


@pytest.mark.parametrize(
    ("number", "values", "element", "level"),
    [
        (3, {"ANT054": 3}, "0410", "N5"),
        (3, {"BED161": 4999}, "9906", "N2"),
        (2, {"NUM313": "999990018"}, "0203", "N4"),
        (3, {"DAT001": date(2026, 8, 2)}, "0405", "N5"),
        (3, {"COD367": "008"}, "0406", "N4"),
        (3, {"COD388": ""}, "0407", "N3"),
        (1, {"COD833": "01"}, "0108", "N4"),
        (4, {"NUM040": 1}, "9802", "N2"),
        (5, {"ANT265": 4}, "9905", "N2"),
    ],
)
def test_rules_that_hold_everywhere_and_those_of_the_table_are_asked_at_once(
    foot: Layout, number: int, values: dict[str, Value], element: str, level: str
) -> None:
    findings = vektis.check(replaced(foot_care(foot), number, **values), on=ON, layout=foot)
    assert (element, level) in {(one.element, one.ruleset.rpartition(" ")[2]) for one in findings}
    assert all(one.text["nl"] and one.text["nb"] and one.text["en"] for one in findings)


def test_the_table_s_own_limit_is_asked(foot: Layout) -> None:
    many = vektis.check(vektis.write(foot_care(foot, number=9, amount=22500)), on=ON, layout=foot)
    assert [(one.element, one.ruleset) for one in many] == [("0408", "vektis-XV301-1.0 N5")]
    assert vektis.check(vektis.write(foot_care(foot, number=8, amount=20000)), on=ON, layout=foot) == []


def test_without_the_table_nobody_knows_the_standard(foot: Layout, home: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "foot.asc").write_bytes(vektis.write(foot_care(foot)))
    (home / "layouts" / "XV301_1.0.csv").unlink()
    said = run("check", "foot.asc", "--json")
    checked = said.body()
    assert (said.code, checked["format"], [one["code"] for one in checked["findings"]]) == (2, None, ["COD954:0010"])


def test_a_table_of_one_s_own_takes_the_place_of_ours(home: Path, run: Run, tmp_path: Path) -> None:
    """As a partner's folder of one's own does: same EI code and version, other facts."""
    ours = vektis.layout("PM304")
    table = (ROOT / "schemas" / "vektis" / "layouts" / "PM304_3.2.csv").read_text(encoding="utf-8")
    (home / "layouts" / "mine.csv").write_text(table.replace("# title: ", "# title: my own "), encoding="utf-8")
    header = build(ours, "01", {"COD002": 107, "NUM001": 3, "NUM309": 2}, 1)
    data = f"{header.text}\r\n".encode("latin-1")
    found = vektis.announced_by(data, layouts_in(home / "layouts"))
    assert found is not None
    assert found.title.startswith("my own ")
    (tmp_path / "pm.asc").write_bytes(data)
    assert run("check", "pm.asc", "--json").body()["format"] == "vektis-PM304-3.2"


def test_a_table_that_is_not_whole_is_refused_by_name(home: Path, run: Run, tmp_path: Path) -> None:
    path = home / "layouts" / "XV301_1.0.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",AN,60,61,S", ",AN,59,61,S"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"XV301_1\.0\.csv"):
        layouts_in(home / "layouts")
    (tmp_path / "foot.asc").write_bytes(b"01901")
    said = run("check", "foot.asc")
    assert (said.code, said.out) == (3, "")


def test_a_table_in_another_character_set_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "XV301.csv").write_bytes(b"# title: caf\xe9\n")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        layouts_in(tmp_path)


def test_no_folder_of_one_s_own_means_no_tables(tmp_path: Path) -> None:
    assert layouts_in(tmp_path / "nothing") == ()

"""`kvitt explain` about Vektis: return codes with who acts and what to do, a partner's own words, fields of standards."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.cli import field_meanings, meanings
from hub.cli.finished_meanings import WORDS
from hub.model.partner import ChannelSpec, Partner, PartnerCode
from schemas.codelists import code_list
from schemas.vektis import layouts
from tests.commands import Run, in_process, stand_in
from tests.conftest import ROOT

_LANGUAGES = ("en", "nb", "nl")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    stand_in(tmp_path, monkeypatch)
    return in_process(monkeypatch, capsys, "explain")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            [
                "the error codes of HA305",
                "Not insured for the whole period",
                "What to do: Compare",
                "Who acts: support",
            ],
        ),
        (
            "nb",
            ["feilkodene i HA305", "Ikke forsikret i hele perioden", "Hva gjøres: Sammenlign", "Hvem handler: support"],
        ),
        ("nl", ["de foutcodes van HA305", "Niet de hele periode", "Wat te doen: Vergelijk", "Wie handelt: support"]),
    ],
)
def test_an_error_code_of_ha305_is_told_with_who_acts_and_what_to_do(run: Run, language: str, said: list[str]) -> None:
    told = run("COD957:104", "--lang", language)
    assert told.code == 0
    assert [part for part in said if part not in told.out] == []


def test_what_is_not_certain_is_said(run: Run) -> None:
    assert "Onzeker: De eigen tekst" in run("COD954:9303", "--lang", "nl").out
    body = run("COD954:9303", "--json", "--lang", "nb").body()["hits"][0]
    assert body["doubt"].startswith("Kodens egen tekst")
    assert set(body["hints"]) == set(_LANGUAGES)
    assert "doubt" not in run("COD954:0435", "--json").body()["hits"][0]


def test_a_number_that_is_not_listed_says_so_and_what_its_range_is_about(run: Run) -> None:
    said = run("COD954:0399", "--lang", "nb")
    assert said.code == 1
    assert "står ikke i listene våre" in said.out
    assert "den forsikrede" in said.out
    said = run("COD955-VEKT:0720", "--json")
    assert said.code == 1
    body = said.body()
    assert (body["known"], body["hits"][0]["list"]) == (False, "COD954")
    assert "the debtor" in body["hits"][0]["text"]


def test_a_partner_s_own_words_come_before_those_of_the_list(run: Run) -> None:
    said = run("COD954:0586", "--partner", "zilveren-kruis", "--json")
    assert said.code == 0
    assert [hit["list"] for hit in said.body()["hits"]] == ["zilveren-kruis", "COD954"]
    assert [hit["list"] for hit in run("COD954:0586", "--json").body()["hits"]] == ["COD954"]


def test_a_partner_tells_of_a_code_that_no_list_has() -> None:
    sender = Partner(
        name="nordlys",
        title="Nordlys",
        country="NL",
        kind="insurer",
        verified=False,
        channel=ChannelSpec(kind="folder"),
        codes=(PartnerCode(code="0399", en="Our own reason", who_acts="provider"),),
    )
    assert [one.list for one in meanings.explain("COD954:0399", sender=sender)] == ["nordlys"]
    assert meanings.explain("COD954:0399") == []


def test_a_partner_nobody_knows_is_a_mistake(run: Run) -> None:
    assert run("COD954:0586", "--partner", "nobody-at-all").code == 3


def test_every_code_of_every_vektis_list_is_explained_by_its_list() -> None:
    for name in ("COD954", "COD957", "COD002", "COD218", "COD367", "COD392"):
        found = code_list(name)
        assert found is not None
        for code in found.entries:
            (hit,) = meanings.explain(f"{name}:{code}")
            assert all(hit.text[language] for language in _LANGUAGES)


# --- fields -----------------------------------------------------------------------------------------------------------


def test_a_field_of_a_standard_is_told_with_place_obligation_and_values(run: Run) -> None:
    said = run("HA304:0418")
    assert said.code == 0
    assert "record 04, positions 116-123, 8 digits, must be filled" in said.out
    assert "Toegestaan: 050, 063." in run("GZ321-1.0:0408", "--lang", "nl").out
    assert "Kodeliste: hvem det betales til (COD833)." in run("ha304:cod833", "--lang", "nb").out
    assert "Rules: " in run("PM304:BED153").out


def test_every_version_of_a_standard_answers() -> None:
    assert [one.list for one in field_meanings.fields("ZH308:0103")] == ["ZH308-8.0", "ZH308-9.0"]
    assert [one.list for one in field_meanings.fields("vektis-ZH308-9.0:0103")] == ["ZH308-9.0"]


@pytest.mark.parametrize("query", ["HA304:0999", "XX304:0418", "0418", ":0418", "HA304:", "HA304:TEC007"])
def test_what_is_no_field_of_a_standard_is_not_made_up(query: str) -> None:
    assert list(field_meanings.fields(query)) == []


def test_every_field_of_every_table_can_be_told() -> None:
    for layout in layouts():
        for record in layout.records.values():
            for one in record.fields:
                told = list(field_meanings.fields(f"{layout.format}:{one.element}"))
                assert [hit.code for hit in told] == [one.element], layout.format
                assert len({told[0].text[language] for language in _LANGUAGES}) == 3


def test_a_table_of_one_s_own_is_told_before_ours() -> None:
    from dataclasses import replace

    ours = next(one for one in layouts() if one.standard == "HA304")
    (told,) = field_meanings.fields("HA304:0418", (replace(ours, source="my own"),))
    assert told.source.startswith("my own")


def test_findings_on_finished_documents_are_told_in_the_words_they_are_given_with() -> None:
    """The table beside the code must not lag behind: every pair in the source stands in it, and nothing else."""
    given: dict[str, str] = {}
    for path in (ROOT / "hub" / "pipeline").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        given |= dict(re.findall(r'"(KVITT-(?:FINISHED|STAGE|PRIVACY|CREDIT)-\d+)",\s*"([A-Z_]+)"', text))
        assert set(re.findall(r'"(KVITT-[A-Z]+-\d+)"', text)) <= set(WORDS), path.name
    assert given.items() <= WORDS.items()
    assert set(WORDS) - set(given) <= {"KVITT-CREDIT-05"}

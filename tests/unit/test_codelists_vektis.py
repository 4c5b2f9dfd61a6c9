"""The Vektis code lists: every code of the data is there, in three languages that say the same, with what to do."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigurationError
from schemas import codelists
from schemas.codelists import CodeEntry, CodeList, about, code_list, explain, read_list, title

_LANGUAGES = ("en", "nb", "nl")
_COUNTS = {
    "COD002": 56,
    "COD029": 9,
    "COD041": 2,
    "COD043": 2,
    "COD046": 4,
    "COD215": 1,
    "COD218": 20,
    "COD363": 1,
    "COD367": 28,
    "COD392": 9,
    "COD700": 6,
    "COD820": 4,
    "COD821": 1,
    "COD833": 5,
    "COD841": 2,
    "COD852": 1,
    "COD856": 2,
    "COD879": 2,
    "COD954": 295,
    "COD957": 24,
}
"""How many codes each list has: a list that shrinks or grows is a change somebody meant."""
_COMPLETE = {"COD043", "COD046", "COD363", "COD700", "COD820", "COD833", "COD841", "COD856"}
_ANSWERS = ("COD954", "COD957")


def the(name: str) -> CodeList:
    found = code_list(name)
    assert found is not None
    return found


def answers() -> list[CodeEntry]:
    """Every code that an answer may give."""
    return [entry for name in _ANSWERS for entry in the(name).entries.values()]


@pytest.mark.parametrize(("name", "count"), _COUNTS.items())
def test_a_list_has_as_many_codes_as_its_sources(name: str, count: int) -> None:
    assert len(the(name).entries) == count


def test_only_lists_whose_source_lists_all_values_judge_a_file() -> None:
    """A code that is not in a complete list is a finding, so a list that may have more must not say it is complete."""
    assert {name for name in _COUNTS if the(name).complete} == _COMPLETE


@pytest.mark.parametrize("name", _COUNTS)
def test_every_code_is_told_in_three_languages_and_says_where_it_is_from(name: str) -> None:
    for entry in the(name).entries.values():
        assert set(entry.text) == set(_LANGUAGES), entry.code
        assert all(entry.text.values()), entry.code
        assert entry.source, entry.code
    assert set(title(name)) == set(_LANGUAGES)
    assert len(set(title(name).values())) == 3


def test_every_code_of_an_answer_says_who_acts_and_what_to_do() -> None:
    for entry in answers():
        assert entry.who_acts in {"support", "provider", "operator", "payer", "nobody"}, entry.code
        assert entry.severity in {"error", "warning", "info"}, entry.code
        for language in _LANGUAGES:
            assert len(entry.hint[language].split()) >= 3 or entry.who_acts == "nobody", entry.code
        assert len(set(entry.hint.values())) == 3, entry.code
        assert len(set(entry.text.values())) == 3, entry.code


def test_what_to_do_is_about_the_code_and_not_the_same_for_all() -> None:
    told = [entry.hint["en"] for entry in answers()]
    most = max(told.count(one) for one in set(told))
    assert most <= 4
    assert len(set(told)) > 250


@pytest.mark.parametrize("language", _LANGUAGES)
def test_meanings_are_sentences_for_people_and_no_shorthand_of_rules(language: str) -> None:
    for entry in answers():
        said = f"{entry.text[language]} {entry.hint[language]}"
        assert not re.search(r"=>|<>|<=|>=|\||\bVC\d", said), entry.code


def test_the_languages_name_the_same_numbers() -> None:
    """Lists, roles, receivers and elements are the same in each language, or somebody mistranslated."""
    for entry in answers():
        named = {
            language: sorted(set(re.findall(r"\b\d{3,4}\b|\bCL\d{4}|\bCOD\d{3}", entry.text[language])))
            for language in _LANGUAGES
        }
        assert len({tuple(one) for one in named.values()}) == 1, (entry.code, named)
        advised = {
            language: sorted(set(re.findall(r"\b\d{3,4}\b|\bCL\d{4}|\bCOD\d{3}", entry.hint[language])))
            for language in _LANGUAGES
        }
        assert len({tuple(one) for one in advised.values()}) == 1, (entry.code, advised)


def test_a_meaning_that_is_not_certain_says_why() -> None:
    (derived,) = explain("COD954:9303")
    assert "derived from the rule" in derived.doubt["en"]
    assert "RC003" in derived.source
    (old,) = explain("COD954:8003")
    assert "2008" in old.doubt["nb"]
    (sure,) = explain("COD954:0435")
    assert sure.doubt == {}
    assert all(entry.doubt for entry in answers() if "derived" in entry.source)
    assert all(set(entry.doubt) in ({*_LANGUAGES}, set()) for entry in answers())


def test_a_meaning_that_was_never_found_is_not_made_up() -> None:
    (deduction,) = explain("COD215:05")
    assert deduction.doubt["nl"] == "De betekenis is niet gevonden."


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("0001x", ""),
        ("0299", "the message"),
        ("0399", "the insured"),
        ("0699", "the performance"),
        ("0749", "the debtor"),
        ("0799", "a comment"),
        ("0899", "a detail record"),
        ("0900", ""),
        ("399", ""),
        ("", ""),
    ],
)
def test_a_number_without_a_known_text_says_what_its_range_is_about(code: str, what: str) -> None:
    (entry,) = explain(f"COD954:{code}")
    assert not entry.known
    assert "not in our lists" in entry.text["en"]
    assert (what in entry.text["en"]) if what else (about("COD954", code) == {})
    assert set(entry.text) == set(_LANGUAGES)


def test_a_list_without_ranges_says_nothing_about_a_number() -> None:
    assert about("COD957", "399") == {}
    assert about("COD000", "399") == {}


def test_a_doubt_nobody_put_into_words_is_refused() -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_list("X1", "code,en,doubt\nA,Apple,perhaps\n")
    assert "perhaps" in str(refused.value)
    assert "derived" in str(refused.value)


def test_the_error_codes_of_ha305_go_by_three_names() -> None:
    for name in ("COD957", "COD958-VEKT", "COD959"):
        (entry,) = explain(f"{name}:104")
        assert entry.text["nb"] == "Ikke forsikret i hele perioden, beløpet er rettet"


def test_every_return_code_our_own_checks_give_is_in_the_list() -> None:
    """Who gets COD954:9448 from us can ask what it means."""
    from schemas.gds.ruleset import rules
    from schemas.vektis import layouts
    from schemas.vektis.report import return_code

    fields = {
        (kind, one.code) for layout in layouts() for kind, record in layout.records.items() for one in record.fields
    }
    given = {return_code(kind, code) for kind, code in fields} | {rule.returns for rule in rules()}
    assert len(given) > 100
    assert given - {""} <= set(the("COD954").entries)


def test_the_ei_code_of_every_layout_has_a_name() -> None:
    from schemas.vektis import layouts

    known = codelists.codes("COD002", date(2026, 9, 1))
    assert [code for one in layouts() for code in one.ei_codes if code not in known] == []


# --- against the example data -----------------------------------------------------------------------------------------


def rules(shared: Path, name: str) -> Any:
    return json.loads((shared / "data" / "vektis" / "rules" / f"{name}.json").read_text(encoding="utf-8"))


def test_every_return_code_of_the_data_is_explained(shared: Path) -> None:
    wanted = {one["code"]: one["text_nl"] for one in rules(shared, "retourcodes_COD954")["codes"]}
    assert set(wanted) <= set(the("COD954").entries)
    for code, text in wanted.items():
        (entry,) = explain(f"COD954:{code}")
        assert bool(entry.doubt) or text, code
        assert text is None or entry.text["nl"] != text, f"{code} is somebody else's sentence"


def test_every_error_code_of_ha305_in_the_data_is_explained(shared: Path) -> None:
    wanted = {one["code"] for one in rules(shared, "foutcodes_COD957_HA305")["codes"]}
    assert wanted == set(the("COD957").entries)


def test_every_return_code_a_gds_rule_gives_is_explained(shared: Path) -> None:
    found = rules(shared, "gds801_vecozo_rules")
    given = {one["retourcode"] for one in found["vc_rules"]} | {
        one[name]
        for one in found["codelist_rules"]
        for name in ("retourcode_unknown", "retourcode_before_start", "retourcode_after_expiry")
        if one[name]
    }
    assert given <= set(the("COD954").entries)


def test_every_listed_value_of_the_data_is_in_its_list(shared: Path) -> None:
    for name, values in rules(shared, "codelists").items():
        number = name.partition("-")[0].partition(" ")[0]
        if isinstance(values, dict):
            assert {code for code in values if code != "_note"} <= set(the(number).entries), name


def test_every_ei_code_of_the_data_is_in_its_list(shared: Path) -> None:
    codes = {code for code in rules(shared, "ei_codes")["codes"] if re.fullmatch(r"\d{3}", code)}
    assert codes <= set(the("COD002").entries)

"""Code lists are files in a folder: what a code means, who acts, and what to do when we do not know it."""

from __future__ import annotations

import pytest

from hub.errors import ConfigurationError
from schemas.codelists import code_list, explain, lists, lookup, read_list


def test_a_code_of_a_named_list_has_a_text_and_a_next_step_in_three_languages() -> None:
    (late,) = explain("COD954:0586")
    assert (late.list, late.code, late.severity, late.who_acts) == ("COD954", "0586", "error", "support")
    assert late.said("en") == "Submitted too late"
    assert set(late.text) == set(late.hint) == {"nl", "nb", "en"}
    assert late.known


def test_a_code_without_a_list_shows_every_list_that_has_it() -> None:
    assert [(one.list, one.code) for one in explain("007")] == [("COD367", "007"), ("COD957", "007")]


@pytest.mark.parametrize("query", ["9876", "COD954:9876", "COD999:0586"])
def test_an_unknown_code_says_so_and_stays_raw(query: str) -> None:
    (entry,) = explain(query)
    assert not entry.known
    assert entry.code == query.rpartition(":")[2]
    assert "not in our lists" in entry.said("en")
    assert entry.hinted("nb")


def test_lists_answer_to_their_vektis_names_and_aliases() -> None:
    for name in ("COD954", "cod954", "COD954-VEKT", "COD955", "COD956-VEKT"):
        found = code_list(name)
        assert found is not None
        assert found.name == "COD954"
    assert lookup("COD958", "053") == lookup("COD957", "053")
    assert code_list("COD000") is None


def test_remarks_that_do_not_refuse_are_marked_as_such() -> None:
    found = code_list("COD954")
    assert found is not None
    remarks = {code for code, entry in found.entries.items() if entry.severity == "info"}
    assert remarks == {"0200", "8001", "8002", "8096"}
    assert not found.complete


def test_every_list_is_whole() -> None:
    assert {"COD043", "COD046", "COD700", "COD820", "COD833", "COD841", "COD856", "COD954", "COD957"} <= set(lists())
    for name in ("COD954", "COD957"):
        found = code_list(name)
        assert found is not None
        for entry in found.entries.values():
            assert all(entry.text.get(language) for language in ("nl", "nb", "en")), entry.code
            assert all(entry.hint.get(language) for language in ("nl", "nb", "en")), entry.code
            assert entry.who_acts in {"support", "provider", "operator", "payer", "nobody"}
            assert entry.source


def test_vektis_return_codes_are_four_digits_and_ha305_codes_three() -> None:
    for name, length in (("COD954", 4), ("COD957", 3)):
        found = code_list(name)
        assert found is not None
        assert all(len(code) == length and code.isdigit() for code in found.entries)


def test_a_list_is_a_small_file() -> None:
    made = read_list("X1", "# aliases: X2 X3\n# complete: yes\n# source: us\ncode,en\nA,Apple\nB,Pear\n")
    assert (made.aliases, made.complete, made.entries["A"].said("nl"), made.entries["B"].source) == (
        ("X2", "X3"),
        True,
        "Apple",
        "us",
    )


def test_a_file_without_codes_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_list("X1", "name,en\nA,Apple\n")
    assert "X1.csv" in str(refused.value)

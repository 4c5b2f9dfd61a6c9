"""What `kvitt explain` and `kvitt check` say about GDS."""

from __future__ import annotations

import pytest

from hub.cli import meanings
from hub.validation import Asked, check
from schemas.gds import write
from schemas.gds.codec import WORDINGS
from schemas.gds.report import table
from schemas.gds.ruleset import rules
from schemas.wording import Wording
from tests.gds_messages import LINE, TODAY, message, put, response, to_insurer


@pytest.mark.parametrize("rule", sorted({rule.id for rule in rules()}))
def test_every_rule_is_explained_by_its_number_in_three_languages(rule: str) -> None:
    found = meanings.explain(rule.lower())
    assert {one.list for one in found} == {"VECOZO"}
    assert all(one.text[language].startswith(rule) for one in found for language in ("en", "nb", "nl"))
    assert meanings.explain(f"VECOZO:{rule}") == found


@pytest.mark.parametrize("key", [row["key"] for row in table("messages.csv")])
def test_every_finding_of_our_own_is_explained(key: str) -> None:
    (found,) = meanings.explain(f"KVITT-GDS-{key}")
    assert all(found.text[language] and found.hint[language] for language in ("en", "nb", "nl"))


@pytest.mark.parametrize("wording", WORDINGS)
def test_why_a_message_cannot_be_read_is_explained(wording: Wording) -> None:
    assert [one.text["nl"] for one in meanings.explain(wording.code)]


def test_a_number_nobody_uses_is_unknown() -> None:
    assert meanings.explain("VC999") == []


def test_check_recognises_both_messages_and_judges_them() -> None:
    good = check(write(message(to_insurer())), Asked(on=TODAY))
    assert (good.format, good.exit_code) == ("vektis-GDS801-1.0", 0)
    bad = check(write(message(put(to_insurer(), f"{LINE}/Aantal", "2"))), Asked(on=TODAY))
    assert bad.exit_code == 1
    assert [one.term for one in bad.findings if one.blocks] == ["VC093"]
    assert check(write(message(response())), Asked(on=TODAY)).format == "vektis-GDS802-1.0"
    cut = check(write(message(to_insurer()))[:-20], Asked(on=TODAY))
    assert (cut.format, cut.exit_code) == (None, 2)

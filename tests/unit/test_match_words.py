"""Every reason matching gives has words in each language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from hub import texts
from hub.pipeline.match_words import said, words
from tests.conftest import ROOT

CODE = re.compile(r"[a-z]+(?:_[a-z]+)+")
MODULES = ("structured", "textual", "payments", "reversals", "suggestions", "naming")
OTHERS = frozenset({"end_to_end", "payer_account"})
"""Names of fields that stand in strings there."""


def codes() -> Iterator[str]:
    """The strings of matching that look like a code."""
    for name in MODULES:
        tree = ast.parse((ROOT / "hub" / "matching" / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                yield node.value


def test_every_code_of_matching_has_words() -> None:
    found = set(codes()) - OTHERS
    assert {"same_amount_as_others", "amount_of_another", "reversal_unknown"} <= found
    assert [code for code in sorted(found) if f"MATCH_{code.upper()}" not in texts.codes()] == []


@pytest.mark.parametrize("code", ["named", "exact", "partial", "netted", "undo", "outgoing", "specification"])
def test_short_codes_have_words_too(code: str) -> None:
    assert len({said(code, language) for language in texts.LANGUAGES}) == len(texts.LANGUAGES)
    assert all("_" not in sentence for sentence in words(code).values())


def test_a_code_nobody_worded_is_said_as_it_is() -> None:
    assert said("quite_new", "nl") == "quite new"
    assert said("", "nb") == ""

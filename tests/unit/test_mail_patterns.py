"""Patterns people write for mails: the useful ones are taken, those a mail could keep busy for ever are refused."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.partners import SHIPPED, load_partners, partner_folders
from connectors.partners.checking import read_document
from connectors.partners.meaning import check_meaning
from connectors.partners.positions import parse
from mappings.mail_patterns import MOST, cost, problem, searchable

ROOT = Path(__file__).resolve().parents[2]
FLAGS = re.IGNORECASE | re.MULTILINE


@pytest.mark.parametrize(
    "pattern",
    [
        r"fakturanummer:?\s*(\d{4,12})",
        r"(?im)^\s*(?:årsak|begrunnelse)\s*:\s*(.{1,200})$",
        r"\bsend\s+kreditnota\b",
        r"(?>faktura)[ \t]+([0-9A-Z-]{3,30})",
        r"(?<!ikke )kreditnota",
    ],
)
def test_useful_patterns_are_taken(pattern: str) -> None:
    assert problem(pattern) == ""


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"(a+)+b", "has no end"),
        (r"faktura (\d+)", "has no end"),
        (r"faktura.*(\d{4})", "has no end"),
        (r"[\s,]*(\d{4})", "has no end"),
        (r"(\w{1,10}\s){1,20}x", "too many ways"),
        (r"(?:a|a){1,20}b", "too many ways"),
        (r"[a-z]{1,99}[a-z]{1,99}1", "too many ways"),
        (r"(?=.{1,90}.{1,90}x)y", "too many ways"),
        (r"(\d{4})-\1", "refers back"),
        (r"(", "no regular expression"),
        (r"x{0,3}", "empty text"),
    ],
)
def test_dangerous_patterns_are_refused_with_what_to_write(pattern: str, said: str) -> None:
    assert said in problem(pattern)


def test_every_pattern_we_ship_is_safe() -> None:
    folders = [*partner_folders(SHIPPED), *partner_folders(ROOT / "examples" / "partners")]
    patterns = {
        text for partner in load_partners(folders).values() for rule in partner.mail for text in rule.patterns.values()
    }
    assert len(patterns) >= 4
    assert {text: problem(text) for text in patterns if problem(text)} == {}


def test_a_partner_folder_with_a_dangerous_pattern_is_refused() -> None:
    text = (ROOT / "connectors" / "partners" / "digicare" / "partner.yaml").read_text(encoding="utf-8")
    root, unread = parse(text.replace(r"(.{1,200})$", "(.+)+$"), "partner.yaml")
    assert unread == []
    assert root is not None
    document = read_document(root, "partner.yaml", ())
    check_meaning(document)
    assert len(document.problems) == 2
    assert all("a pattern a mail could keep busy for ever" in str(each) for each in document.problems)


def test_a_mail_is_searched_without_its_runs_of_blanks_and_no_further_than_the_cap() -> None:
    assert searchable("  Faktura \t\u00a0 nr\r\n\n \n  10003  ") == "Faktura nr\n10003"
    assert len(searchable("x" * 10 * MOST)) == MOST
    assert not re.search(r"\s\s", searchable("a" + " \n\t" * 1000 + "b"))


@settings(max_examples=40)
@given(
    st.lists(
        st.sampled_from(
            [r"a{1,9}", r"[a-c]{0,30}", r"\s*", r"(?:a|b){0,4}", "a", "b?", r"(a{1,3}b?){0,2}", ".{1,90}", r"\w{2,60}"]
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["a", "ab", "a ", "aab\n", "abc"]),
)
def test_whatever_is_taken_is_quick_on_the_worst_text(parts: list[str], piece: str) -> None:
    pattern = "".join(parts) + "1"
    if problem(pattern):
        assert "too many ways" in problem(pattern)
        assert cost(pattern) > 5000
        return
    text = searchable(piece * MOST)
    start = time.process_time()
    re.search(pattern, text, FLAGS)
    assert time.process_time() - start < 20

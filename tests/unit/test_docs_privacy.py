"""docs/privacy.md names a test for each promise; each of them is there."""

from __future__ import annotations

import re

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")


def test_every_test_that_the_page_names_exists() -> None:
    files = sorted((ROOT / "tests").rglob("*.py"))
    there = {name for file in files for name in re.findall(r"def (test_\w+)\(", file.read_text(encoding="utf-8"))}
    there |= {file.name for file in files}
    named = set(re.findall(r"`(?:[\w/]+/)?(test_\w+(?:\.py)?)`", PAGE))
    assert len(named) > 40
    assert named - there == set()


def test_every_promise_and_every_right_has_a_test() -> None:
    tables = re.findall(r"^\| (?:promise|right) \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    rows = [row for table in tables for row in table.splitlines()]
    assert len(tables) == 3
    assert len(rows) > 20
    assert [row for row in rows if "`test_" not in row.rsplit("|", 2)[1]] == []

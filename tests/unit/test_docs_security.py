"""docs/security.md names a test for each promise; each of them is there."""

from __future__ import annotations

import re

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_every_test_that_the_page_names_exists() -> None:
    files = sorted((ROOT / "tests").rglob("*.py"))
    there = {name for file in files for name in re.findall(r"def (test_\w+)\(", file.read_text(encoding="utf-8"))}
    there |= {file.name for file in files}
    named = set(re.findall(r"`(?:[\w/]+/)?(test_\w+(?:\.py)?)`", PAGE))
    assert len(named) > 40
    assert named - there == set()


def test_every_promise_of_the_page_has_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| promise")]
    assert len(rows) > 20
    assert [row for row in rows if "test" not in row.rsplit("|", 2)[1]] == []

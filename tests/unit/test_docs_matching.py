"""docs/matching.md: each example, run as `kvitt match` runs it, says what the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hub.matching.lines import Claims, line_of, payment_of, rules_of
from hub.matching.payments import Matcher

PAGE = Path(__file__).resolve().parents[2] / "docs" / "matching.md"
_BLOCK = re.compile(r"<!-- matched -->\n```json\n(.*?)```", re.DOTALL)
_RULES = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
EXAMPLES = [json.loads(block) for block in _BLOCK.findall(PAGE.read_text(encoding="utf-8"))]


def told(example: dict[str, Any]) -> list[dict[str, Any]]:
    reader = Claims()
    for row in example["claims"]:
        reader.claim(row)
    for row in example["payers"]:
        reader.payer(row)
    matcher = Matcher(reader.book)
    payments = [payment_of(row, f"line {n}") for n, row in enumerate(example["payments"])]
    return [line_of(matcher.match(payment)) for payment in payments if payment is not None]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["told"][0].get("code", "") or "posted")
def test_an_example_of_the_page_says_what_the_page_says(example: dict[str, Any]) -> None:
    found = told(example)
    assert [{name: line[name] for name in said} for line, said in zip(found, example["told"], strict=True)] == example[
        "told"
    ]


def test_every_tier_has_an_example() -> None:
    tiers = {line["tier"] for example in EXAMPLES for line in told(example)}
    assert tiers == {"T1", "T2", "T3", "T4", None}


def test_the_rules_of_the_page_are_rules() -> None:
    import yaml

    (block,) = _RULES.findall(PAGE.read_text(encoding="utf-8"))
    rules = rules_of(yaml.safe_load(block))
    assert (rules.strict("nord"), rules.strict("zk"), rules.fees["nord"]) == (False, True, 500)

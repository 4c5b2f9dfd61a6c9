"""What makes the rule engine fast never changes what it says: neither leaving rules out, nor proofs, nor memory."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import FormatError
from hub.model.finding import Finding
from schemas.peppol.rules.core import Plan, ask_everywhere, judge
from schemas.peppol.rules.registry import SETS
from schemas.peppol.rules.view import View
from schemas.ubl import write
from schemas.xml import parse
from tests.fuzz.mutations import in_tree
from tests.fuzz.seeds import rich, seeds

PLANS = SETS[-1].plans
SEEDS = {name: data for name, data in seeds().items() if "invoice" in name or "credit" in name}
LONG = write(rich(lines=40))


def slowly(data: bytes, plan: Plan) -> list[Finding]:
    return ask_everywhere(View(parse(data)), plan, "x")


def told(findings: list[Finding]) -> list[tuple[str, str, str, str]]:
    return [(one.code, one.location, one.value, one.said("en")) for one in findings]


def quickly(data: bytes, plan: Plan) -> list[Finding]:
    return judge(View(parse(data)), plan, "x")


@given(st.sampled_from(sorted(SEEDS)), st.integers(0, 2**32), st.integers(1, 4))
@settings(max_examples=150)
def test_short_cuts_change_no_finding(name: str, seed: int, times: int) -> None:
    data = in_tree(SEEDS[name], Random(seed), times)
    assert told(quickly(data, PLANS["billing"])) == told(slowly(data, PLANS["billing"]))


@given(st.integers(0, 2**32))
@settings(max_examples=25)
def test_one_spoilt_line_among_many_is_found(seed: int) -> None:
    data = in_tree(LONG, Random(seed), 2)
    assert told(quickly(data, PLANS["billing"])) == told(slowly(data, PLANS["billing"]))


@pytest.mark.parametrize("transaction", sorted(PLANS.keys() - {"billing"}))
def test_short_cuts_change_no_finding_on_responses(transaction: str) -> None:
    sources = [data for name, data in seeds().items() if name in ("invoice-response", "mlr", "mls")]
    for seed in range(60):
        data = in_tree(sources[seed % 3], Random(seed), 2)
        assert told(quickly(data, PLANS[transaction])) == told(slowly(data, PLANS[transaction]))


def test_the_order_of_lines_makes_no_difference_to_what_is_found() -> None:
    """Columns are put side by side by position: a line that lacks something must not shift those after it."""
    for seed in range(40):
        data = in_tree(LONG, Random(seed), 3)
        root = parse(data)
        lines = root.findall("{*}InvoiceLine")
        before = sorted(one.code for one in judge(View(root), PLANS["billing"], "x"))
        for line in reversed(lines):
            root.append(line)
        assert sorted(one.code for one in judge(View(root), PLANS["billing"], "x")) == before


def test_a_number_that_is_none_does_not_pass_as_proven() -> None:
    root = parse(LONG)
    price = root.findall("{*}InvoiceLine")[7].find("{*}Price/{*}PriceAmount")
    assert price is not None
    price.text = "4OO"
    found = judge(View(root), PLANS["billing"], "x")
    assert any(one.code == "KVITT-ENGINE-01" and "InvoiceLine[8]" in one.location for one in found)


def test_parse_refuses_what_mutation_makes_unreadable() -> None:
    with pytest.raises(FormatError):
        parse(b"<a>")

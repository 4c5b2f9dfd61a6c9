"""Files of other people's products and Vektis' own mutation set, where the shared example data is there."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.model.finding import blocking
from mappings.vektis_finished import from_claim_file
from schemas.vektis import check, check_file, read, write
from schemas.vektis.codec import VektisFile
from schemas.vektis.field_rules import rules_of

pytestmark = pytest.mark.shared


@pytest.fixture
def samples(shared: Path) -> Path:
    return shared / "data" / "vektis" / "samples"


@pytest.mark.parametrize(
    ("name", "total", "lines"),
    [
        ("PM304_anderman.dat", -11520, 4),
        ("PM304_eicooker_test1.dat", 4000, 1),
        ("MZ301_joris77.asc", 40000, 4),
        ("GZ321/GZ321-basisbestand-correct.ASC", 733000, 10),
    ],
)
def test_files_of_other_products_read_total_and_come_back_unchanged(
    samples: Path, name: str, total: int, lines: int
) -> None:
    data = (samples / name).read_bytes()
    file = read(data)
    assert write(file) == data
    _, found = from_claim_file(file)
    assert (sum(one.amount.minor for one in found if one.amount), len(found)) == (total, lines)
    assert not any(one.findings for one in found)
    assert all(one.ref and one.service_code and one.performer and one.person.bsn and one.begins for one in found)


@pytest.mark.parametrize(
    "name", ["PM304_anderman.dat", "PM304_eicooker_test1.dat", "GZ321/GZ321-basisbestand-correct.ASC"]
)
def test_faultless_files_have_no_findings(samples: Path, name: str) -> None:
    assert check((samples / name).read_bytes()) == []


def test_a_file_with_debtors_and_no_insurer_lacks_its_last_line_end_only(samples: Path) -> None:
    codes = [one.code for one in check((samples / "MZ301_joris77.asc").read_bytes())]
    assert codes == ["COD954:8095"]  # its UZOVI number is 9999, no insurer: debtors may stand in it


def changed_elements(case: dict[str, Any]) -> set[str]:
    """The elements a mutation changed, or when it moved whole records the one its name says."""
    return {change["element"] for change in case["changes"] if "element" in change} or {case["target"]}


def test_vektis_own_mutations_are_flagged(samples: Path) -> None:
    """All of form and structure; of domain and cross-field as good as all, most by an element that was changed."""
    known: Counter[str] = Counter()
    flagged: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for case in json.loads((samples / "GZ321_index.json").read_text(encoding="utf-8")):
        path = samples / "GZ321" / case["file"]
        if path.exists() and case["changes"]:
            found = blocking(check(path.read_bytes()))
            known[case["level"]] += 1
            flagged[case["level"]] += bool(found)
            named[case["level"]] += bool({one.element for one in found} & changed_elements(case))
    assert all(flagged[level] >= 0.99 * known[level] for level in ("N1", "N2", "N3", "N4")), flagged
    assert named["N3"] >= 0.99 * known["N3"]
    assert named["N4"] >= 0.95 * known["N4"]
    assert flagged["N5"] >= 0.95 * known["N5"]
    assert named["N5"] >= 0.85 * known["N5"]


def test_every_element_of_the_correct_file_is_named_when_it_is_spoilt(samples: Path) -> None:
    """What the mutation set does to some elements, done to all: letters in numbers, text moved, codes that do not exist."""
    file = read((samples / "GZ321" / "GZ321-basisbestand-correct.ASC").read_bytes())
    first = {record.kind: record for record in reversed(file.records)}
    rules = rules_of(file.layout)
    missed = []
    for record in first.values():
        for rule in rules[record.kind].rules[1:]:
            one = rule.field
            letters = "X" * one.length if one.numeric or one.length == 1 else " " + "X" * (one.length - 1)
            for raw in (letters, "9" * one.length if rule.domain and one.numeric and rule.says != "AGB" else letters):
                text = record.text[: one.start - 1] + raw + record.text[one.end :]
                spoilt = tuple(replace(it, text=text) if it is record else it for it in file.records)
                found = blocking(check_file(VektisFile(file.layout, spoilt)))
                if one.element not in {it.element for it in found}:
                    missed.append((one.element, raw))
    assert missed == [("0113", "99")]

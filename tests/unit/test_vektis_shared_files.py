"""Files of other people's products and Vektis' own mutation set, where the shared example data is there."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from hub.model.finding import blocking
from mappings.vektis_finished import from_claim_file
from schemas.vektis import check, read, write

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


def test_a_test_file_with_debtors_says_just_that(samples: Path) -> None:
    codes = [one.code for one in check((samples / "MZ301_joris77.asc").read_bytes())]
    assert codes == ["COD954:8075", "COD954:8075", "COD954:8095"]


def test_vektis_own_mutations_are_flagged(samples: Path) -> None:
    """Every mutation of form and structure but the one that equals its base; most of domain and cross-field."""
    known: Counter[str] = Counter()
    flagged: Counter[str] = Counter()
    for case in json.loads((samples / "GZ321_index.json").read_text(encoding="utf-8")):
        path = samples / "GZ321" / case["file"]
        if path.exists() and case["changes"]:
            known[case["level"]] += 1
            flagged[case["level"]] += bool(blocking(check(path.read_bytes())))
    assert {level: flagged[level] for level in ("N1", "N2", "N3")} == {
        level: known[level] for level in ("N1", "N2", "N3")
    }
    assert flagged["N4"] >= 0.85 * known["N4"]
    assert flagged["N5"] >= 0.6 * known["N5"]

"""What a response adds to the claim's records agrees with itself and with the claim it repeats."""

from __future__ import annotations

import pytest

from hub.model.finding import Severity
from schemas.vektis import build, check_file, layout
from schemas.vektis.codec import VektisFile

PM305 = layout("PM305")
HA305 = layout("HA305")
HEADER = {
    "COD002": "108", "NUM001": "03", "NUM309": "02", "COD856": "T", "COD031": "04099011", "COD833": "04",
    "DAT043": "20240101", "DAT044": "20240131", "NUM029": "F1", "DAT031": "20240201", "COD363": "EUR", "NUM370": "R1",
    "DAT277": "20240210", "COD954": "0200",
}  # fmt: skip
PERSON = {"NUM040": "1", "NUM313": "999911247", "COD061": "7119", "DAT006": "19800101", "NAM193": "Testpersoon"}
LINE = {
    "NUM040": "2", "NUM313": "999911247", "COD061": "7119", "DAT272": "20240110", "BED161": "1000", "COD665": "D",
    "BED165": "1000", "COD672": "D", "BED166": "800", "COD673": "D", "COD954": "8001",
}  # fmt: skip
CLOSING = {
    "ANT267": "1", "ANT269": "1", "ANT271": "2", "BED168": "1000", "COD668": "D", "BED167": "800", "COD665": "D",
}  # fmt: skip


def told(**changes: dict[str, str]) -> list[tuple[str, str, Severity]]:
    """The findings on a response of one line, with changes by record (`header`, `line`, `closing`)."""
    records = (
        build(PM305, "01", {**HEADER, **changes.get("header", {})}, 1),
        build(PM305, "02", PERSON, 2),
        build(PM305, "04", {**LINE, **changes.get("line", {})}, 3),
        build(PM305, "99", {**CLOSING, **changes.get("closing", {})}, 4),
    )
    return [(one.element, one.code, one.severity) for one in check_file(VektisFile(PM305, records))]


def test_a_partial_award_is_clean() -> None:
    assert told() == []


def test_the_claim_part_is_not_judged_again() -> None:
    assert told(line={"NUM313": "123456789", "COD820": "9", "DAT272": "20251231"}) == []


def test_a_refused_credit_is_clean() -> None:
    assert told(line={"COD665": "C", "BED166": "0", "COD673": "D"}) == []


@pytest.mark.parametrize(
    ("part", "changes", "element", "code", "severity"),
    [
        ("line", {"BED166": "1001"}, "0483", "KVITT-VEKTIS-AWARD-ABOVE-CLAIM", Severity.ERROR),
        ("line", {"COD673": "X"}, "0484", "COD954:0631", Severity.ERROR),
        ("line", {"COD954": "12AB"}, "0496", "KVITT-VEKTIS-DOMAIN", Severity.ERROR),
        ("line", {"COD954": "", "COD955": "0435"}, "0497", "KVITT-VEKTIS-RETURN-CODE-ORDER", Severity.INFO),
        ("header", {"DAT277": "20240131"}, "0182", "KVITT-VEKTIS-ANSWER-DATE", Severity.WARNING),
        ("closing", {"ANT269": "2"}, "9904", "COD954:0158", Severity.ERROR),
    ],
)
def test_what_a_response_adds_is_judged(
    part: str, changes: dict[str, str], element: str, code: str, severity: Severity
) -> None:
    assert (element, code, severity) in told(**{part: changes})


def test_the_response_of_general_practitioners_has_a_tail_of_its_own() -> None:
    line = {"NUM040": "2", "BED161": "105", "COD665": "D", "BED166": "106", "COD672": "D"}
    header = {**HEADER, "COD002": "113", "NUM001": "04", "NUM309": "02"}
    header = {name: value for name, value in header.items() if name != "COD954"}
    records = (
        build(HA305, "01", header, 1),
        build(HA305, "02", PERSON, 2),
        build(HA305, "04", line, 3),
        build(HA305, "99", CLOSING, 4),
    )
    assert [(one.element, one.code) for one in check_file(VektisFile(HA305, records))] == [
        ("0481", "KVITT-VEKTIS-AWARD-ABOVE-CLAIM")
    ]

"""Numbers that are not written out are suggested where the amount fits, and post nothing."""

from __future__ import annotations

from typing import Any

import pytest

from hub.matching.lines import Claims, line_of, payment_of, rules_of
from hub.matching.payments import Matcher

NORD = "15030000019"


def owed(number: str, minor: int, *, payer: str = "nord", **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": f"c{number}",
        "payer": payer,
        "invoice": number,
        "open_minor": minor,
        "currency": "NOK",
    }
    return row | {"date": "2026-04-01"} | more


ROW: list[dict[str, Any]] = [owed(str(10023 + at), 10_000 + 1_700 * at) for at in range(5)]


def told(claims: list[dict[str, Any]], minor: int, text: str = "", **more: Any) -> dict[str, Any]:
    reader = Claims()
    for row in claims:
        reader.claim(row)
    for payer, account in (("nord", NORD), ("south", "15030000027")):
        reader.payer({"payer": payer, "accounts": [account]})
    payment = payment_of(
        {"id": "p1", "payer_account": NORD, "amount_minor": minor, "currency": "NOK", "text": text} | more, "line 1"
    )
    assert payment is not None
    return line_of(Matcher(reader.book, rules_of({"mode": "strict"})).match(payment))


def first(line: dict[str, Any]) -> tuple[str, list[str]]:
    assert line["status"] == "suggested", line
    best = line["suggestions"][0]
    return best["why"], [part["claim"] for part in best["allocations"]]


@pytest.mark.parametrize(
    "text", ["10023 - 10027", "faktura 10023-10027", "10023 til 10027", "10023-27", "10023 t/m 27"]
)
def test_a_range_of_invoices(text: str) -> None:
    line = told(ROW, sum(row["open_minor"] for row in ROW), text)
    assert first(line) == ("row_of_numbers", [row["id"] for row in ROW])


def test_a_range_leaves_out_what_is_not_the_payers() -> None:
    others: list[dict[str, Any]] = [row if at != 2 else row | {"payer": "south"} for at, row in enumerate(ROW)]
    own = [row for row in others if row["payer"] == "nord"]
    line = told(others, sum(row["open_minor"] for row in own), "10023 - 10027")
    assert first(line) == ("row_of_numbers", [row["id"] for row in own])


@pytest.mark.parametrize("text", ["10023/24/25", "fakt.nr. 10023 / 24 / 25", "10023/24/025"])
def test_numbers_that_share_their_beginning(text: str) -> None:
    line = told(ROW, sum(row["open_minor"] for row in ROW[:3]), text)
    assert first(line) == ("row_of_numbers", ["c10023", "c10024", "c10025"])


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("10023/24/99", 10_000 + 11_700),  # one of them is nobody's
        ("10023/24/25", 1),  # the amount fits nothing
        ("10023 - 20027", 58_500 + 8_500),  # too many to be a row
        ("10027 - 10023", 67_000),  # runs backwards
        ("10023 - 10023", 20_000),
    ],
)
def test_what_is_no_row_is_not_taken_for_one(text: str, minor: int) -> None:
    line = told(ROW, minor, text)
    assert line["status"] != "posted"
    assert "row_of_numbers" not in {one["why"] for one in line["suggestions"]}


@pytest.mark.parametrize(
    ("ours", "written"),
    [
        ("10023A", "F10023A"),
        ("10023A", "0010023A"),
        ("F10023A", "10023A"),
        ("0010023A", "10023a"),
        ("INV0010023A", "10023A"),
    ],
)
def test_a_number_that_ends_in_a_letter_without_its_beginning(ours: str, written: str) -> None:
    claims = [owed(ours, 64_000), owed("20001", 64_000), owed("20002", 64_000)]
    assert first(told(claims, 64_000, f"faktura {written}")) == ("number_without_its_beginning", [f"c{ours}"])
    other = told(claims, 63_000, f"faktura {written}")
    assert "number_without_its_beginning" not in {one["why"] for one in other["suggestions"]}


def test_the_whole_number_with_its_letter_still_posts() -> None:
    line = told([owed("F10023A", 64_000)], 64_000, "faktura F10023A")
    assert (line["status"], line["tier"]) == ("posted", "T4")


@pytest.mark.parametrize(("ours", "written"), [("10003-", "0010003-"), ("0010003-", "10003-")])
def test_a_kid_with_a_dash_of_another_length(ours: str, written: str) -> None:
    claims = [owed("77001", 64_000, reference=ours), owed("77002", 64_000), owed("77003", 64_000)]
    line = told(claims, 64_000, reference=written, reference_kind="kid")
    assert first(line) == ("reference_of_another_length", ["c77001"])
    other = told(claims, 60_000, reference=written, reference_kind="kid")
    assert "reference_of_another_length" not in {one["why"] for one in other["suggestions"]}
    exact = told(claims, 64_000, reference=ours, reference_kind="kid")
    assert (exact["status"], exact["tier"]) == ("posted", "T1")


@pytest.mark.parametrize("reference", ["12\N{SUPERSCRIPT TWO}", "X-", "-"])
@pytest.mark.parametrize("kind", ["kid", "other", "nl", None])
def test_signs_that_look_like_digits_are_no_number(reference: str, kind: str | None) -> None:
    line = told(ROW, 10_000, reference=reference, reference_kind=kind)
    assert line["status"] == "suggested"

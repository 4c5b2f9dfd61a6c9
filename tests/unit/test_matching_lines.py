"""Exports of other systems: what a line may hold, what is refused, what a match looks like."""

from __future__ import annotations

from typing import Any

import pytest

from hub.matching.lines import Claims, LineError, line_of, payment_of, rules_of
from hub.matching.payments import Matcher

CLAIM = {
    "id": "c1",
    "payer": "nord",
    "reference": "00100230",
    "invoice": "10023",
    "batch": None,
    "open_minor": 64000,
    "currency": "NOK",
    "date": "2026-04-01",
    "kind": "invoice",
    "granted_minor": None,
}
PAYMENT = {
    "id": "p1",
    "account": "86011117947",
    "payer_account": "15030000019",
    "payer_name": "Nord",
    "amount_minor": 64000,
    "currency": "NOK",
    "booked": "2026-04-20",
    "reference": "00100230",
    "reference_kind": "kid",
    "text": "",
}
KNOWN = [{"payer": "nord", "accounts": ["15030000019"]}]
TEXT = {"reference": None, "reference_kind": None}


def told(claims: list[dict[str, Any]], *payments: dict[str, Any], mode: str = "") -> list[dict[str, Any]]:
    reader = Claims()
    for row in KNOWN:
        reader.payer(row)
    for row in claims:
        reader.claim(row)
    matcher = Matcher(reader.book, rules_of({}, mode))
    read = [payment_of(row, f"line {n}") for n, row in enumerate(payments, start=1)]
    return [line_of(matcher.match(one)) for one in read if one is not None]


def posted(line: dict[str, Any]) -> dict[str, int]:
    assert line["status"] == "posted", line
    return {part["claim"]: part["amount_minor"] for part in line["allocations"]}


def test_a_line_of_the_contract() -> None:
    (line,) = told([CLAIM], PAYMENT)
    assert line == {
        "payment": "p1",
        "status": "posted",
        "tier": "T1",
        "allocations": [{"claim": "c1", "amount_minor": 64000}],
        "suggestions": [],
        "remainder_minor": 0,
        "code": "exact",
        "evidence": [{"field": "reference", "value": "00100230", "claim": "c1"}],
        "rejected": [],
    }


def test_payments_are_taken_in_their_order_against_what_is_left() -> None:
    half = PAYMENT | {"amount_minor": 32000}
    lines = told([CLAIM], half | {"id": "a"}, half | {"id": "b"}, half | {"id": "c"}, half | {"id": "a"})
    assert [line["status"] for line in lines] == ["posted", "posted", "suggested", "unmatched"]
    assert [line["code"] for line in lines] == ["partial", "exact", "already_paid", "same_id_twice"]
    assert lines[2]["suggestions"][0]["allocations"] == [{"claim": "c1", "amount_minor": 32000}]


def test_lines_of_kvitt_bank_are_accepted_and_only_booked_ones_are_money() -> None:
    bank = PAYMENT | {
        "kind": "transaction",
        "state": "booked",
        "documents": [],
        "reversal": False,
        "position": "line 3",
    }
    lines = told(
        [CLAIM],
        {"kind": "finding", "code": "X"},
        bank | {"id": "1", "state": "pending"},
        bank | {"id": "2", "state": "info"},
        bank | {"id": "3", "state": "held"},
        bank | {"id": "", "reference": "00100230"},
        {"kind": "summary"},
    )
    assert [(line["payment"], line["status"]) for line in lines] == [
        ("1", "unmatched"),
        ("2", "unmatched"),
        ("3", "unmatched"),
        ("line 5", "posted"),
    ]


@pytest.mark.parametrize(
    ("open_minor", "granted", "payable"),
    [
        (9100, None, 9100),
        (9100, 9100, 9100),
        (9100, 8000, 8000),
        (5000, 9100, 5000),
        (-5000, -5000, -5000),
        (-5000, 3000, -3000),
    ],
)
def test_what_is_payable_is_what_is_open_and_not_refused(open_minor: int, granted: int | None, payable: int) -> None:
    reader = Claims()
    reader.claim(CLAIM | {"open_minor": open_minor, "granted_minor": granted, "kind": "x"})
    assert reader.book.open[0] == payable
    assert reader.book.beyond(0) == open_minor - payable


def test_more_than_was_granted_is_for_a_person() -> None:
    claim = CLAIM | {"open_minor": 64000, "granted_minor": 50000}
    assert posted(told([claim], PAYMENT | {"amount_minor": 50000})[0]) == {"c1": 50000}
    for amount in (64000, 60000, 70000):
        (line,) = told([claim], PAYMENT | {"amount_minor": amount})
        assert (line["status"], line["code"]) == ("suggested", "more_than_granted")
    assert told([claim | {"granted_minor": 0}], PAYMENT)[0]["code"] == "already_paid"


def test_documents_are_signed_by_their_kind() -> None:
    note = CLAIM | {"id": "c2", "reference": None, "invoice": "9001", "open_minor": -4000, "kind": "credit"}
    rows = [
        {"reference": "10023", "kind": "CINV", "amount_minor": 64000},
        {"reference": "9001", "kind": "CREN", "amount_minor": 4000},
    ]
    (line,) = told([CLAIM, note], PAYMENT | TEXT | {"amount_minor": 60000, "documents": rows})
    assert (line["tier"], posted(line)) == ("T3", {"c1": 64000, "c2": -4000})


def test_documents_without_amounts_are_as_good_as_text() -> None:
    rows = [{"reference": "10023", "kind": "CINV", "amount_minor": None}]
    (line,) = told([CLAIM], PAYMENT | TEXT | {"documents": rows})
    assert (line["tier"], posted(line)) == ("T4", {"c1": 64000})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"id": None}, "`id` is missing"),
        ({"id": ["x"]}, "`id` must be a text"),
        ({"payer": ""}, "`payer` is missing"),
        ({"currency": None}, "`currency` is missing"),
        ({"open_minor": "1"}, "`open_minor` must be a whole number"),
        ({"open_minor": 1.0}, "`open_minor` must be a whole number"),
        ({"open_minor": True}, "`open_minor` must be a whole number"),
        ({"open_minor": 10**30}, "`open_minor` must be a whole number"),
        ({"granted_minor": "x"}, "`granted_minor` must be a whole number"),
        ({"kind": "credit"}, "`open_minor` of a credit must be negative"),
        ({"date": "yesterday"}, "`date` must be a day"),
        ({"date": 20260401}, "`date` must be a day"),
    ],
)
def test_a_claim_that_cannot_be_used_says_which_field(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(LineError, match=problem.replace("`", "`")):
        Claims().claim(CLAIM | change)


def test_a_claim_without_its_amount_or_twice_is_refused() -> None:
    reader = Claims()
    with pytest.raises(LineError, match="`open_minor` is missing"):
        reader.claim({name: value for name, value in CLAIM.items() if name != "open_minor"})
    reader.claim(CLAIM | {"date": None, "id": 7})
    with pytest.raises(LineError, match="stands in the file twice"):
        reader.claim(CLAIM | {"id": "7"})


@pytest.mark.parametrize("row", [{"accounts": []}, {"payer": "a", "accounts": "x"}, {"payer": "a", "accounts": [1]}])
def test_a_payer_that_cannot_be_used_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(LineError):
        Claims().payer(row)


def test_a_payer_without_accounts_is_one() -> None:
    Claims().payer({"payer": "a", "accounts": None})


@pytest.mark.parametrize(
    "change",
    [
        {"state": "maybe"},
        {"reference_kind": "KID?"},
        {"amount_minor": None},
        {"booked": "2026-13-01"},
        {"documents": "x"},
        {"documents": ["x"]},
        {"documents": [{"reference": "1", "kind": "CINV", "amount_minor": "x"}]},
        {"text": {}},
    ],
)
def test_a_payment_that_cannot_be_used_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(LineError):
        payment_of(PAYMENT | change, "line 1")


def test_small_letters_in_a_currency_and_a_time_beside_a_day_are_read() -> None:
    read = payment_of(PAYMENT | {"currency": "nok", "booked": "2026-04-20T10:00:00"}, "line 1")
    assert read is not None
    assert (read.amount.currency, str(read.booked)) == ("NOK", "2026-04-20")


def test_rules_of_a_file() -> None:
    rules = rules_of(
        {"modes": {"nord": "balanced"}, "remittance_patterns": {"zk": "AFR([0-9]+)X"}, "fees": {"nord": 5}}
    )
    assert (rules.strict("nord"), rules.strict("zk")) == (False, True)
    assert rules.remittance_patterns["zk"] == ("AFR([0-9]+)X",)
    assert rules_of({"mode": "strict"}, "balanced").strict("zk") is False


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"modus": "strict"},
        {"mode": "loose"},
        {"modes": {"a": "loose"}},
        {"fees": []},
        {"subset_lines": True},
        {"subset_lines": 25},
        {"wait_for_decision": "EUR"},
        {"wait_for_decision": [1]},
        {"remittance_patterns": {"a": "("}},
        {"remittance_patterns": {"a": [1]}},
    ],
)
def test_what_is_no_rule_is_refused(body: object) -> None:
    with pytest.raises(LineError):
        rules_of(body)


def test_a_reversal_names_what_it_undoes() -> None:
    back = PAYMENT | {"id": "p2", "amount_minor": -64000, "reversal": True}
    _, line = told([CLAIM], PAYMENT, back)
    assert (line["status"], line["undoes"]) == ("suggested", "p1")
    assert line["suggestions"][0]["allocations"] == [{"claim": "c1", "amount_minor": -64000}]


def test_a_match_says_which_claims_came_close() -> None:
    claims = [
        CLAIM | {"id": "long", "reference": None, "invoice": "2024-10023", "open_minor": 5000},
        CLAIM | {"id": "short", "reference": None, "invoice": "10023"},
    ]
    (line,) = told(claims, PAYMENT | TEXT | {"text": "betr. 2024-10023", "amount_minor": 5000})
    assert posted(line) == {"long": 5000}
    assert line["rejected"] == [{"claim": "short", "why": "inside_a_longer_number"}]
    (line,) = told(claims, PAYMENT | TEXT | {"text": "betr. 2024-10023", "amount_minor": 64000})
    assert line["status"] == "suggested"


@pytest.mark.parametrize(
    "change",
    [{"reference": "00100230", "reference_kind": "kid"}, TEXT | {"text": "10023"}, TEXT | {"documents": "10023"}],
)
def test_money_may_have_to_wait_for_the_decision(change: dict[str, Any]) -> None:
    """Decision 19: a payment grants an undecided Norwegian line; a Dutch one waits where the rules say so."""
    if "documents" in change:
        change = change | {"documents": [{"reference": "10023", "kind": "CINV", "amount_minor": 64000}]}
    for currency, granted, waits in (("EUR", None, True), ("EUR", 64000, False), ("NOK", None, False)):
        reader = Claims()
        reader.claim(CLAIM | {"currency": currency, "granted_minor": granted})
        reader.payer(KNOWN[0])
        payment = payment_of(PAYMENT | {"currency": currency} | change, "line 1")
        assert payment is not None
        line = line_of(Matcher(reader.book, rules_of({"wait_for_decision": ["EUR"]})).match(payment))
        assert (line["status"] == "suggested", line["code"] == "not_decided") == (waits, waits)
        if waits:
            assert line["suggestions"][0]["allocations"] == [{"claim": "c1", "amount_minor": 64000}]
            assert reader.book.open[0] == 64000

"""What holds for any claims and payments: no money appears, nothing is settled beyond what is open, runs repeat."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.matching.lines import Claims, line_of, payment_of, rules_of
from hub.matching.payments import Matcher
from hub.model.identity import make_kid

PAYERS = ("a", "b")
NUMBERS = [str(number) for number in (1001, 1002, 1003, 10010, 21001, 1001002)]
AMOUNTS = (-500, 0, 100, 200, 300, 500)

claims = st.lists(
    st.fixed_dictionaries(
        {
            "payer": st.sampled_from(PAYERS),
            "invoice": st.sampled_from(NUMBERS),
            "reference": st.sampled_from([None, *(make_kid(number, length=8) for number in NUMBERS)]),
            "batch": st.sampled_from([None, None, "7777", "8888"]),
            "open_minor": st.sampled_from(AMOUNTS),
            "granted_minor": st.sampled_from([None, None, 100, 300, -500]),
            "currency": st.sampled_from(["NOK", "NOK", "EUR"]),
            "date": st.sampled_from([None, "2026-01-01", "2026-02-01"]),
        }
    ),
    max_size=8,
)
documents = st.lists(
    st.fixed_dictionaries(
        {
            "reference": st.sampled_from(NUMBERS),
            "kind": st.sampled_from(["CINV", "CREN"]),
            "amount_minor": st.sampled_from([100, 200, 300, 500, None]),
        }
    ),
    max_size=3,
)
payments = st.lists(
    st.fixed_dictionaries(
        {
            "payer_account": st.sampled_from([None, "11", "22", "33"]),
            "payer_name": st.sampled_from(["", "Nord Forsikring"]),
            "amount_minor": st.sampled_from([-500, -100, 0, 100, 200, 300, 400, 500, 600, 800]),
            "currency": st.sampled_from(["NOK", "NOK", "EUR"]),
            "booked": st.sampled_from([None, "2026-03-01"]),
            "reference": st.sampled_from([None, *(make_kid(number, length=8) for number in NUMBERS), "12345", "RF"]),
            "reference_kind": st.sampled_from(["kid", "kid", "rf", "nl", "other", None]),
            "text": st.lists(st.sampled_from([*NUMBERS, "7777", "8888", "og", "kr 1,00", "\n"]), max_size=4).map(
                " ".join
            ),
            "documents": documents,
            "reversal": st.sampled_from([False, False, False, True]),
        }
    ),
    max_size=8,
)
modes = st.sampled_from(["strict", "balanced"])
ACCOUNTS = [{"payer": "a", "accounts": ["11", "33"]}, {"payer": "b", "accounts": ["22", "33"]}]


def ran(claims: list[dict[str, Any]], payments: list[dict[str, Any]], mode: str) -> tuple[Claims, list[dict[str, Any]]]:
    reader = Claims()
    for number, row in enumerate(claims):
        reader.claim(row | {"id": row.get("id", f"c{number}")})
    for row in ACCOUNTS:
        reader.payer(row)
    matcher = Matcher(reader.book, rules_of({}, mode))
    read = [payment_of(row | {"id": row.get("id", f"p{number}")}, "") for number, row in enumerate(payments)]
    return reader, [line_of(matcher.match(one)) for one in read if one is not None]


@settings(max_examples=100, deadline=None)
@given(claims=claims, payments=payments, mode=modes)
def test_no_money_appears_and_nothing_is_settled_beyond_what_was_payable(
    claims: list[dict[str, Any]], payments: list[dict[str, Any]], mode: str
) -> None:
    before, _ = ran(claims, [], mode)
    payable = dict(zip(before.book.claims, before.book.open, strict=True))
    left = dict(payable)
    after, lines = ran(claims, payments, mode)
    for line, payment in zip(lines, payments, strict=True):
        parts = sum(part["amount_minor"] for part in line["allocations"])
        assert parts + line["remainder_minor"] == payment["amount_minor"]
        assert (line["status"] == "posted") == bool(line["allocations"]) == (line["tier"] is not None)
        assert len(line["suggestions"]) <= 3
        scores = [one["score"] for one in line["suggestions"]]
        assert scores == sorted(scores, reverse=True)
        assert (line["status"] == "suggested") == bool(line["suggestions"])
        for part in line["allocations"]:
            left[part["claim"]] -= part["amount_minor"]
    assert all(min(0, amount) <= left[name] <= max(0, amount) for name, amount in payable.items())
    assert left == dict(zip(after.book.claims, after.book.open, strict=True))


@settings(max_examples=50, deadline=None)
@given(claims=claims, payments=payments, mode=modes)
def test_the_same_values_give_the_same_answer_whatever_order_the_claims_stand_in(
    claims: list[dict[str, Any]], payments: list[dict[str, Any]], mode: str
) -> None:
    named = [row | {"id": f"c{number}"} for number, row in enumerate(claims)]
    _, first = ran(named, payments, mode)
    _, second = ran(named, payments, mode)
    assert first == second
    _, turned = ran(list(reversed(named)), payments, mode)

    def outcome(lines: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        return [
            (line["status"], sorted((part["claim"], part["amount_minor"]) for part in line["allocations"]))
            for line in lines
        ]

    assert outcome(turned) == outcome(first)


@settings(max_examples=50, deadline=None)
@given(claims=claims, payments=payments, mode=modes, place=st.integers(0, 7))
def test_a_payment_that_concerns_others_changes_nothing(
    claims: list[dict[str, Any]], payments: list[dict[str, Any]], mode: str, place: int
) -> None:
    """An unrelated payer's claim and payment, wherever the payment stands, leave the rest as it is."""
    other = {"id": "other", "payer": "c", "reference": "99999", "invoice": "55555", "open_minor": 77, "currency": "SEK"}
    paid = {"id": "paid", "amount_minor": 77, "currency": "SEK", "reference": make_kid("5555"), "reference_kind": "kid"}
    other["reference"] = paid["reference"]
    numbered = [row | {"id": f"p{number}"} for number, row in enumerate(payments)]
    _, alone = ran(claims, numbered, mode)
    _, both = ran([*claims, other], [*numbered[:place], paid, *numbered[place:]], mode)
    assert [line for line in both if line["payment"] != "paid"] == alone
    assert [line["status"] for line in both if line["payment"] == "paid"] == ["posted"]

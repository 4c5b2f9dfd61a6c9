"""A payer's own words, learned from texts."""

from __future__ import annotations

import re

import pytest

from hub.matching.items import Action, MatchRules, OpenItem, OpenLine
from hub.matching.learning import effects, example, found, propose
from hub.model.money import Money
from hub.model.payment import Payment

ACCOUNT = "15030000019"


def item(number: str, minor: int) -> OpenItem:
    line = OpenLine(line_id=f"l{number}", outstanding=Money(minor, "EUR"), undecided=Money(0, "EUR"))
    return OpenItem(
        claim_id=f"c{number}",
        ref=number,
        invoice_number=number,
        payer="zk",
        payer_accounts=(ACCOUNT,),
        currency="EUR",
        lines=(line,),
    )


def paid(text: str, minor: int, pid: str = "p1") -> Payment:
    amount = Money(minor, "EUR")
    return Payment(id=pid, account="", booked=None, amount=amount, text=text, payer_account=ACCOUNT)


@pytest.mark.parametrize(
    ("text", "known", "marked", "number"),
    [
        ("AFR[240001]X week 12", (), "AFR[240001]X week 12", "240001"),
        ("declaratie 240001 van 12", (), "declaratie [240001] van 12", "240001"),
        ("klant 99887766 nota 240001", ("240001", "5555555"), "klant 99887766 nota [240001]", "240001"),
        ("ref 2024-10023", (), "ref [2024-10023]", "202410023"),
    ],
)
def test_the_number_of_a_text(text: str, known: tuple[str, ...], marked: str, number: str) -> None:
    one = example(text, known)
    assert one is not None
    assert (one.marked, one.number) == (marked, number)


def test_a_text_without_a_number_teaches_nothing() -> None:
    assert example("takk for sist 12") is None


def test_a_pattern_says_what_stands_before_and_how_the_number_looks() -> None:
    read = [example(text) for text in ("Declaratie 240001", "declaratie: 2400022 verrekend", "nota AB-1234")]
    patterns = propose([one for one in read if one])
    assert [text for text, _ in found(patterns[0], ["DECLARATIE 999999", "nota 240001", "declaratie 12"])] == [
        "DECLARATIE 999999"
    ]
    assert found(patterns[1], ["nota AB-9999 x"]) == [("nota AB-9999 x", ["AB9999"])]
    assert all(re.compile(pattern).groups == 1 and not re.search(pattern, "") for pattern in patterns)


def test_a_number_that_begins_a_text_is_found_where_a_number_begins() -> None:
    one = example("[240001] zk")
    assert one is not None
    (pattern,) = propose([one])
    assert found(pattern, ["x 240009", "9240009"]) == [("x 240009", ["240009"])]


def test_what_a_pattern_would_change() -> None:
    one = example("AFR[240001]X week 12")
    assert one is not None
    payments = [paid("AFR240001X week 12", 5000), paid("takk", 700, "p2")]
    items = [item("240001", 5000), item("240002", 700)]
    first, second = effects(payments, items, MatchRules(), "zk", propose([one]))
    assert (first.differs, first.before.action, first.after.action) == (True, Action.REVIEW, Action.POST)
    assert second.differs is False

"""A payer's specification against our claims: explained to the cent, or every difference told."""

from __future__ import annotations

from hub.matching.items import OpenItem, OpenLine
from hub.matching.specifications import Explained, explain
from hub.model.money import Money
from hub.model.specification import PayerSpecification, SpecifiedLine

REASONS = (("(?i)voorschot", "advance"), ("(?i)plafond", "cost_ceiling"))


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def item(ref: str, *amounts: int, batch: str = "", references: tuple[str, ...] = ()) -> OpenItem:
    """A claim with so much outstanding on each line."""
    lines = tuple(
        OpenLine(line_id=f"{ref}.{number}", outstanding=eur(minor), undecided=eur(0), number=number)
        for number, minor in enumerate(amounts, start=1)
    )
    return OpenItem(
        claim_id=ref,
        ref=ref,
        invoice_number=batch or ref,
        batch=batch,
        references=references,
        payer="insurer",
        currency="EUR",
        lines=lines,
    )


def line(
    amount: int = 0, own: str = "", *, netting: int = 0, against: str = "", at: int = 2, **more: str
) -> SpecifiedLine:
    return SpecifiedLine(
        line=at, amount=eur(amount), netting=eur(netting), own_reference=own, netted_own_reference=against, **more
    )


def told(*lines: SpecifiedLine) -> PayerSpecification:
    return PayerSpecification(partner="insurer", name="spec.csv", currency="EUR", lines=lines)


def made(found: Explained) -> dict[str, tuple[int, int]]:
    """Paid and netted by line."""
    assert found.differences == ()
    return {each.line_id: (each.amount.minor, each.netted.minor) for each in found.allocations}


def codes(found: Explained) -> list[tuple[int, str, int, int]]:
    assert found.allocations == found.asides == ()
    return [(each.line, each.code, each.said.minor, each.found.minor) for each in found.differences]


def test_lines_are_paid_by_our_number_or_the_payers_whatever_their_case() -> None:
    items = [item("A", 100, 50, batch="KV1"), item("B", 30, batch="KV1"), item("C", 20, references=("Z 9",))]
    spec = told(line(180, "kv1"), line(20, "nobody", payer_reference="z9", at=3), line(0, "KV1", at=4))
    assert made(explain(spec, items, eur(200))) == {"A.1": (100, 0), "A.2": (50, 0), "B.1": (30, 0), "C.1": (20, 0)}


def test_a_credit_is_netted_as_far_as_the_payer_says_oldest_line_first() -> None:
    items = [item("A", 100, batch="KV1"), item("K", -30, -20, 5, batch="KV0")]
    spec = told(line(100, "KV1", netting=-40, against="KV0"))
    assert made(explain(spec, items, eur(60))) == {"A.1": (60, 40), "K.1": (0, -30), "K.2": (0, -10)}


def test_a_credit_netted_in_two_lines_is_used_up_and_no_further() -> None:
    items = [item("A", 100, batch="KV1"), item("K", -30, batch="KV0")]
    twice = (line(100, "KV1", netting=-20, against="KV0"), line(netting=-10, against="KV0", at=3))
    assert made(explain(told(*twice), items, eur(70))) == {"A.1": (70, 30), "K.1": (0, -30)}
    more = (*twice, line(netting=-1, against="KV0", at=4))
    assert codes(explain(told(*more), items, eur(69))) == [(4, "netting_too_much", -1, 0)]


def test_a_netting_without_a_claim_stands_aside_under_its_reason() -> None:
    items = [item("A", 100, batch="KV1")]
    asides = (line(netting=-10, remark="Salderen VOORSCHOT", at=3), line(netting=-5, remark="plafond 2024", at=4))
    found = explain(told(line(100, "KV1"), *asides), items, eur(85), REASONS)
    assert made(found) == {"A.1": (100, 0)}
    assert [(each.line, each.reason, each.amount.minor) for each in found.asides] == [
        (3, "advance", -10),
        (4, "cost_ceiling", -5),
    ]


def test_every_difference_is_told_and_nothing_is_allocated() -> None:
    items = [item("A", 100, batch="KV1"), item("B", 0, batch="KV2")]
    spec = told(
        line(99, "KV1"),
        line(10, "KV9", at=3),
        line(10, "KV2", at=4),
        line(netting=-1, against="KV8", at=5),
        line(netting=-1, remark="?", at=6),
    )
    assert codes(explain(spec, items, eur(117), REASONS)) == [
        (2, "amount_differs", 99, 100),
        (3, "unknown_number", 10, 0),
        (4, "amount_differs", 10, 0),
        (5, "unknown_number", -1, 0),
        (6, "remark_unknown", -1, 0),
    ]


def test_a_booking_of_another_sum_or_currency_is_not_explained() -> None:
    spec = told(line(100, "KV1"))
    assert codes(explain(spec, [], eur(99))) == [(0, "total", 100, 99)]
    assert codes(explain(spec, [], Money(100, "NOK"))) == [(0, "total", 100, 100)]


def test_one_content_has_one_fingerprint_in_whatever_order() -> None:
    one, two = line(100, "KV1"), line(50, "KV2", at=3)
    assert told(one, two).fingerprint == told(two, one).fingerprint
    assert told(one).fingerprint != told(two).fingerprint

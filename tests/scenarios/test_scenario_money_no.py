"""Norwegian invoices are paid: by KID, by text, in part, twice, wrongly, and told of more than once (S12-S15)."""

from __future__ import annotations

import pytest

from hub.model.identity import is_kid
from hub.sandbox.example import PAYER_ACCOUNTS
from hub.store import claims, inbounds
from hub.store.unit import Row
from tests.scenarios.bank_bytes import Paid, camt053, camt054, ocr
from tests.scenarios.world import NO, SPRING_2026, World, no_log, rows_of

NORD = PAYER_ACCOUNTS["forsikring-nord-test"]
TRYGG = PAYER_ACCOUNTS["trygg-testforsikring"]


def invoiced(world: World, *lines: int) -> None:
    """Some rows of the treatment log (all without any) are invoiced and sent."""
    world.at(SPRING_2026)
    receipt = world.log_in(rows_of(no_log(), *lines) if lines else no_log())
    assert receipt.counts()["claims"]
    world.submit(NO)


def kid_of(world: World, case: str) -> str:
    """The KID that stands on a case's invoice."""
    with world.reading(NO) as unit:
        row = claims.by_ref(unit, world.case(case).ref)
    assert row
    assert is_kid(row["kid"])
    return str(row["kid"])


def standing(world: World, case: str) -> tuple[int, int, int, int]:
    """Claimed, granted, received and outstanding or undecided øre of a case."""
    money = world.case(case).money
    return money.claimed.minor, money.granted.minor, money.received.minor, (money.outstanding + money.open).minor


def the_only(rows: list[Row]) -> Row:
    """One row, and no other."""
    (row,) = rows
    return row


@pytest.mark.scenario("S12")
def test_half_is_partly_paid_the_other_half_closes_and_a_third_is_over(world: World) -> None:
    invoiced(world, 3, 4, 13)  # 6TST1: 2 x 640.00; 6TST4: 890.00
    kid = kid_of(world, "6TST1")

    world.bank(NO, "one.xml", camt054(Paid(amount="640.00", kid=kid, account=NORD), message="M1"))
    assert standing(world, "6TST1") == (128000, 64000, 64000, 64000)
    assert world.tasks(NO) == []

    world.bank(NO, "two.xml", camt054(Paid(amount="640.00", kid=kid, account=NORD, booked="2026-04-22"), message="M2"))
    assert standing(world, "6TST1") == (128000, 128000, 128000, 0)
    assert world.case("6TST1").decision == "granted"

    world.bank(
        NO, "three.xml", camt054(Paid(amount="640.00", kid=kid, account=NORD, booked="2026-04-23"), message="M3")
    )
    assert standing(world, "6TST1") == (128000, 128000, 128000, 0)
    assert standing(world, "6TST4") == (89000, 0, 0, 89000), "nothing is applied to another invoice"
    over = the_only([row for row in world.payments(NO) if row["matched"] == "review"])
    assert (over["amount_minor"], over["evidence"]["code"]) == (64000, "already_paid")
    assert the_only(world.tasks(NO))["amount_minor"] == 64000


@pytest.mark.scenario("S12")
def test_more_than_is_open_pays_the_invoice_and_leaves_the_rest_for_a_person(world: World) -> None:
    invoiced(world, 3, 4, 13)
    world.bank(NO, "one.xml", camt054(Paid(amount="1920.00", kid=kid_of(world, "6TST1"), account=NORD)))
    assert standing(world, "6TST1") == (128000, 128000, 128000, 0)
    task = the_only(world.tasks(NO, "overpaid"))
    assert "640.00" in task["text"]["en"]
    assert standing(world, "6TST4") == (89000, 0, 0, 89000)


@pytest.mark.scenario("S12")
def test_a_part_that_equals_another_open_invoice_of_that_payer_is_for_a_person(world: World) -> None:
    invoiced(world, 3, 4, 10)  # 6TST1: 1,280.00 and 6TST3: 640.00, both Forsikring Nord
    world.bank(NO, "one.xml", camt054(Paid(amount="640.00", kid=kid_of(world, "6TST1"), account=NORD)))
    assert standing(world, "6TST1") == (128000, 0, 0, 128000)
    assert the_only(world.payments(NO))["evidence"]["code"] == "amount_of_another"
    assert the_only(world.tasks(NO, "payment_review"))


@pytest.mark.scenario("S13")
def test_without_kid_the_number_in_the_payers_text_is_enough(world: World) -> None:
    invoiced(world)
    view = world.case("6TST4")
    paid = Paid(amount="1530.00", text=f"Faktura {view.invoice_number} takk", account=TRYGG)
    world.bank(NO, "one.xml", camt054(paid))
    assert standing(world, "6TST4") == (153000, 153000, 153000, 0)
    assert the_only(world.payments(NO))["matched"] == "posted"
    assert world.tasks(NO) == []


@pytest.mark.scenario("S13")
@pytest.mark.parametrize(
    ("text", "account", "code"),
    [
        ("{fourth}/{third}", TRYGG, "names_other_payer"),
        ("Faktura {fourth}/10099", TRYGG, "other_number"),
        ("Faktura {fourth} takk", NORD, "other_payer"),
        ("Faktura {fourth} takk", "15030000002", "payer_unknown"),
        ("Faktura {fourth} takk", "", "payer_unknown"),
    ],
)
def test_a_text_that_leaves_a_doubt_is_only_a_suggestion(world: World, text: str, account: str, code: str) -> None:
    invoiced(world)
    fourth, third = world.case("6TST4"), world.case("6TST3")
    told = text.format(fourth=fourth.invoice_number, third=third.invoice_number)
    world.bank(NO, "one.xml", camt054(Paid(amount="1530.00", text=told, account=account)))
    assert standing(world, "6TST4") == (153000, 0, 0, 153000)
    payment = the_only(world.payments(NO))
    assert (payment["matched"], payment["evidence"]["code"]) == ("review", code)
    assert fourth.ref in the_only(world.tasks(NO, "payment_review"))["action"]["nb"], "it is suggested"


@pytest.mark.scenario("S14")
@pytest.mark.parametrize("kind", ["camt", "ocr"])
def test_a_kid_with_a_wrong_check_digit_goes_to_the_queue_and_its_neighbour_is_paid(world: World, kind: str) -> None:
    invoiced(world)
    right, good = kid_of(world, "6TST1"), kid_of(world, "6TST5")
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    assert not is_kid(wrong)
    if kind == "camt":
        payer = PAYER_ACCOUNTS["fjord-helse-test"]
        data = camt054(Paid(amount="2170.00", kid=wrong, account=NORD), Paid(amount="890.00", kid=good, account=payer))
    else:
        data = ocr((217000, wrong), (89000, good))

    (done,) = world.bank(NO, "file", data)

    assert standing(world, "6TST1") == (217000, 0, 0, 217000)
    assert standing(world, "6TST5") == (89000, 89000, 89000, 0)
    waiting = the_only([row for row in world.payments(NO) if row["matched"] == "review"])
    assert waiting["amount_minor"] == 217000
    assert the_only(world.tasks(NO, "payment_review"))
    (finding,) = world.inbound(done.inbound_id, NO)["findings"]
    assert finding["code"] == "KVITT-BANK-KID"
    assert (finding["line"], finding["start"], finding["end"]) == (3, 50, 74) if kind == "ocr" else finding["location"]


@pytest.mark.scenario("S15")
def test_a_payment_counts_once_however_often_and_in_whatever_file_it_is_told(world: World) -> None:
    invoiced(world)
    first, second, third = (world.case(case) for case in ("6TST1", "6TST2", "6TST4"))
    payments = (
        Paid(amount="2170.00", kid=kid_of(world, "6TST1"), account=NORD),
        Paid(amount="1670.00", kid=kid_of(world, "6TST2"), account=PAYER_ACCOUNTS["helseforsikring-sor-test"]),
        Paid(amount="1530.00", text=f"Faktura {third.invoice_number} takk", account=TRYGG),
    )
    notified = camt054(*payments, message="NOTIFIED")
    told = [
        world.bank(NO, "a.xml", notified),
        world.bank(NO, "b.xml", notified),  # the bank sends it twice
        world.bank(NO, "c.xml", camt054(*payments, message="ANOTHER-ID")),  # and once under another message id
        world.bank(NO, "d.xml", camt053(*payments)),  # and the next day's statement holds it
        world.bank(NO, "e.txt", ocr((217000, kid_of(world, "6TST1")))),  # and the OCR file
    ]

    assert [one.state for (one,) in told] == [inbounds.PROCESSED] + [inbounds.DUPLICATE] * 4
    assert [one.note for (one,) in told[2:]] == ["3 booked before", "3 booked before", "1 booked before"]
    assert told[1][0].note.startswith("same content as")
    assert sorted(row["amount_minor"] for row in world.payments(NO)) == [153000, 167000, 217000]
    for view, amount in ((first, 217000), (second, 167000), (third, 153000)):
        assert standing(world, view.case_ref) == (amount, amount, amount, 0)
    assert world.tasks(NO) == []


@pytest.mark.scenario("S15")
def test_a_booking_told_again_by_another_kind_of_file_some_days_apart_is_for_a_person(world: World) -> None:
    """Half of 1,280.00 by OCR giro on the 21st and by camt.054 on the 22nd: one booking or two, no file can tell."""
    invoiced(world, 3, 4, 13)
    kid = kid_of(world, "6TST1")
    world.bank(NO, "a.txt", ocr((64000, kid), day="210426"))
    world.bank(NO, "b.xml", camt054(Paid(amount="640.00", kid=kid, account=NORD, booked="2026-04-22")))
    assert standing(world, "6TST1") == (128000, 64000, 64000, 64000)
    doubt = the_only([row for row in world.payments(NO) if row["matched"] == "review"])
    assert doubt["evidence"]["code"] == "told_twice"
    assert the_only(world.tasks(NO, "told_twice"))["amount_minor"] == 64000


@pytest.mark.scenario("S15")
def test_two_equal_payments_of_one_day_are_two(world: World) -> None:
    invoiced(world, 3, 4, 13)
    half = Paid(amount="640.00", kid=kid_of(world, "6TST1"), account=NORD)
    world.bank(NO, "one.xml", camt054(half, half))
    assert standing(world, "6TST1") == (128000, 128000, 128000, 0)
    world.bank(NO, "two.xml", camt053(half, half))
    assert len(world.payments(NO)) == 2


def test_a_bank_file_whose_sums_do_not_fit_pays_nothing_and_the_next_file_does(world: World) -> None:
    invoiced(world)
    first, fifth = kid_of(world, "6TST1"), kid_of(world, "6TST5")
    world.drop(f"bank-{NO}", "a-bad.txt", ocr((217000, first), total=217001))
    world.drop(f"bank-{NO}", "b-good.txt", ocr((89000, fifth)))
    world.drop(f"bank-{NO}", "c-torn.xml", camt054(Paid(amount="10.00"))[:400])
    done = {one.name: one for one in world.collect(NO)}
    world.settle(NO)

    assert {name: one.state for name, one in done.items()} == {
        "a-bad.txt": inbounds.PROCESSED,
        "b-good.txt": inbounds.PROCESSED,
        "c-torn.xml": inbounds.UNREADABLE,
    }
    assert the_only(world.tasks(NO, "held_file"))["action"]["en"]
    assert the_only(world.tasks(NO, "unreadable"))["text"]["nb"]
    findings = world.inbound(done["a-bad.txt"].inbound_id, NO)["findings"]
    assert any(one["severity"] == "error" and one["line"] for one in findings)
    assert standing(world, "6TST1") == (217000, 0, 0, 217000)
    assert standing(world, "6TST5") == (89000, 89000, 89000, 0)
    world.bank(NO, "d-right.txt", ocr((217000, first)))
    assert standing(world, "6TST1") == (217000, 217000, 217000, 0)

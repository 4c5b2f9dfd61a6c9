"""A person decides about payments: where they belong, what goes back, what is given up; and nothing undoes that."""

from __future__ import annotations

import pytest

from hub.errors import ConfigurationError, ContentError
from hub.ledger.accounts import NoClaim
from hub.ledger.balances import payment_money
from hub.model.money import Money
from hub.pipeline import by_hand, payment_views, write_offs
from hub.pipeline.context import Actor
from hub.pipeline.payment_cases import named
from hub.pipeline.wanted import Wanted, amount_of, read_wanted
from hub.store import access, claims, money, resolutions
from hub.store.unit import Row, short_id
from tests.scenarios.bank_bytes import Paid, camt054, ocr
from tests.scenarios.test_scenario_money_nl import new_file
from tests.scenarios.test_scenario_money_no import NORD, TRYGG, invoiced, kid_of, standing, the_only
from tests.scenarios.vektis_bytes import Ha305, refs
from tests.scenarios.world import NL, NO, World, nl_list

ANN = Actor(name="ann", role="finance")


def nok(minor: int) -> Money:
    """Øre."""
    return Money(minor, "NOK")


def in_review(world: World) -> Row:
    """The only payment a person must look at."""
    return the_only([row for row in world.payments(NO) if row["matched"] == "review"])


def free(world: World, payment: str) -> int:
    """What of a payment is unallocated."""
    with world.reading(NO) as unit:
        return payment_money(money.postings(unit, payment_id=payment))[payment].unallocated.minor


def settled_again(world: World) -> None:
    """Settling again and again changes nothing that is stored about money."""
    before = (world.counts(NO), world.payments(NO), _journal(world))
    world.settle(NO)
    world.settle(NO)
    assert (world.counts(NO), world.payments(NO), _journal(world)) == before


def _journal(world: World) -> list[str]:
    with world.reading(NO) as unit:
        return [row.key for row in money.postings(unit)]


def unreferenced(world: World, amount: str = "1530.00", account: str = "15030000002") -> Row:
    """A payment nobody can place by itself."""
    world.bank(NO, "x.xml", camt054(Paid(amount=amount, text="takk for alt", account=account), message="X"))
    return in_review(world)


def test_payments_of_one_statement_are_each_found_by_what_they_are_called(world: World) -> None:
    paid = [Paid(amount=amount, text=f"takk {amount}", account="15030000002") for amount in ("1.00", "2.00", "3.00")]
    world.bank(NO, "x.xml", camt054(*paid, message="X"))
    stored = world.payments(NO)
    assert len(stored) == 3
    with world.reading(NO) as unit:
        assert [named(unit, short_id(row["id"]))[0]["id"] for row in stored] == [row["id"] for row in stored]
        assert [named(unit, row["id"].upper())[0]["id"] for row in stored] == [row["id"] for row in stored]
        with pytest.raises(ConfigurationError, match="no payment"):
            named(unit, stored[0]["id"][-3:])


def test_a_review_is_resolved_by_a_person_and_stays_so(world: World) -> None:
    invoiced(world)
    ref = world.case("6TST4").ref
    payment = unreferenced(world)
    assert world.tasks(NO, "payment_review")

    done = by_hand.allocate(world.hub, NO, short_id(payment["id"]), [Wanted(claim=ref)], ANN, reason="they called")

    assert (done.amount, done.unallocated) == (nok(153000), nok(0))
    assert standing(world, "6TST4") == (153000, 153000, 153000, 0)
    assert world.case("6TST4").decision == "granted"
    assert world.tasks(NO) == []
    with world.reading(NO) as unit:
        (told,) = resolutions.of_payment(unit, payment["id"])
        made = money.allocations(unit, payment["id"])
        events = [(event["actor"], event["action"]) for event in access.events(unit)]
    assert (told["by"], told["role"], told["reason"], told["kind"]) == ("ann", "finance", "they called", "allocate")
    assert {(row["by"], row["tier"]) for row in made} == {("ann", "hand")}
    assert ("ann", "payment_allocate") in events
    settled_again(world)


def test_one_payment_on_several_claims_and_lines_and_its_rest_is_asked_about(world: World) -> None:
    invoiced(world, 3, 4, 13)  # 6TST1: 2 x 640.00; 6TST4: 890.00
    first, fourth = world.case("6TST1").ref, world.case("6TST4").ref
    payment = unreferenced(world, "1700.00")
    wanted = [read_wanted(f"{first}:2=640,00"), read_wanted(f"{fourth}=890.00")]
    with pytest.raises(ContentError, match="would be left over"):
        by_hand.allocate(world.hub, NO, payment["id"], wanted, ANN, whole=True)
    by_hand.allocate(world.hub, NO, payment["id"], wanted, ANN)
    assert standing(world, "6TST1") == (128000, 64000, 64000, 64000)
    assert standing(world, "6TST4") == (89000, 89000, 89000, 0)
    with world.reading(NO) as unit:
        (row,) = [claims.by_ref(unit, first)]
        assert [line["granted_minor"] for line in claims.lines(unit, [row["id"]])] == [0, 64000]  # type: ignore[index]
    assert the_only(world.tasks(NO))["amount_minor"] == 17000
    settled_again(world)

    by_hand.allocate(world.hub, NO, payment["id"], [Wanted(claim=first, amount="100")], ANN)
    by_hand.allocate(world.hub, NO, payment["id"], [], ANN, aside=(NoClaim.INTEREST, None), reason="interest")
    assert free(world, payment["id"]) == 0
    with world.reading(NO) as unit:
        assert payment_money(money.postings(unit, payment_id=payment["id"]))[payment["id"]].no_claim == nok(7000)
    assert standing(world, "6TST1") == (128000, 74000, 74000, 54000)
    assert world.tasks(NO) == []
    settled_again(world)


def test_what_is_asked_for_too_much_is_refused_and_nothing_moves(world: World) -> None:
    invoiced(world, 3, 4, 13)
    first, fourth = world.case("6TST1").ref, world.case("6TST4").ref
    payment = unreferenced(world, "1000.00")
    before = (_journal(world), world.payments(NO), world.counts(NO))

    def refused(*wanted: str, match: str) -> None:
        with pytest.raises((ContentError, ConfigurationError), match=match):
            by_hand.allocate(world.hub, NO, payment["id"], [read_wanted(each) for each in wanted], ANN)

    refused(f"{fourth}=890.01", match="more than the 890.00 NOK that is open")
    refused(f"{fourth}=890.00", f"{first}:1=640.00", match="has 1000.00 NOK free")
    refused(f"{first}:1=640.00", f"{first}:1=1.00", match="nothing is open")
    refused(f"{fourth}=-1.00", match="wrong sign")
    refused(f"{fourth}=0", match="amount of nothing")
    refused(f"{fourth}=zehn", match="not an amount")
    refused(f"{first}:3", match="no line 3")
    refused("R999999999", match="no claim")
    refused(match="nothing to allocate")
    for wrong in ("", "=1", "A:=1", "A:x", "A="):
        with pytest.raises(ContentError, match="names no claim"):
            read_wanted(wrong)
    with pytest.raises(ConfigurationError, match="no payment"):
        by_hand.allocate(world.hub, NO, "00000000", [], ANN)
    with pytest.raises(ConfigurationError, match="no payment"):
        by_hand.allocate(world.hub, NL, payment["id"], [Wanted(claim=first)], ANN)
    with pytest.raises(ContentError, match="say why"):
        by_hand.leave(world.hub, NO, payment["id"], ANN, reason=" ")
    world.hand_in(nl_list())
    (dutch, *_) = world.claims(NL)
    with pytest.raises(ConfigurationError, match="no claim"):
        by_hand.allocate(world.hub, NO, payment["id"], [Wanted(claim=dutch)], ANN)
    assert (_journal(world), world.payments(NO), world.counts(NO)) == before


def test_a_wrong_posting_is_undone_and_settle_does_not_make_it_again(world: World) -> None:
    invoiced(world, 3, 4, 13)
    kid = kid_of(world, "6TST1")
    world.bank(NO, "a.xml", camt054(Paid(amount="1280.00", kid=kid, account=NORD)))
    payment = the_only(world.payments(NO))
    assert (payment["matched"], standing(world, "6TST1")[2]) == ("posted", 128000)

    by_hand.undo(world.hub, NO, payment["id"], ANN, reason="paid for somebody else")

    assert standing(world, "6TST1") == (128000, 0, 0, 128000)
    assert world.case("6TST1").decision == "open"
    assert free(world, payment["id"]) == 128000
    assert the_only(world.tasks(NO, "payment_review"))
    with world.reading(NO) as unit:
        rows = money.allocations(unit, payment["id"])
    assert sorted(row["amount_minor"] for row in rows) == [-64000, -64000, 64000, 64000], "nothing was removed"
    settled_again(world)
    with pytest.raises(ContentError, match="is allocated there"):
        by_hand.undo(world.hub, NO, payment["id"], ANN, reason="again")

    by_hand.allocate(world.hub, NO, payment["id"], [Wanted(claim=world.case("6TST1").ref)], ANN, reason="it was right")
    assert standing(world, "6TST1") == (128000, 128000, 128000, 0)
    assert world.case("6TST1").decision == "granted"
    by_hand.undo(world.hub, NO, payment["id"], ANN, reason="no", claim_refs=[world.case("6TST1").ref])
    assert standing(world, "6TST1") == (128000, 0, 0, 128000)
    settled_again(world)


def test_the_first_suggestion_is_taken(world: World) -> None:
    invoiced(world)
    fourth = world.case("6TST4")
    text = f"Faktura {fourth.invoice_number} takk"
    world.bank(NO, "one.xml", camt054(Paid(amount="1530.00", text=text, account="15030000002")))
    payment = in_review(world)
    with world.unit(NO) as unit:
        shown = payment_views.shown(world.hub, unit, payment["id"], ANN)
        best, *_ = payment_views.suggested(world.hub, unit, payment["id"])
    assert shown["suggestions"][0] == best.as_json()
    assert (shown["free_minor"], shown["state"]) == (153000, "review")
    assert best.allocations == ((fourth.ref, nok(153000)),)
    by_hand.allocate(world.hub, NO, payment["id"], best.wanted, ANN, reason="suggestion 1")
    assert standing(world, "6TST4") == (153000, 153000, 153000, 0)
    with world.reading(NO) as unit:
        assert payment_views.suggested(world.hub, unit, payment["id"]) == []
        assert [row["unallocated_minor"] for row in payment_views.listed(unit)] == [0]
        assert payment_views.listed(unit, ["review"]) == []


def test_too_much_is_promised_back_and_the_debit_booking_settles_it(world: World) -> None:
    invoiced(world, 3, 4, 13)
    world.bank(NO, "a.xml", camt054(Paid(amount="1920.00", kid=kid_of(world, "6TST1"), account=NORD)))
    payment = the_only(world.payments(NO))
    by_hand.give_back(world.hub, NO, payment["id"], ANN, reason="they paid twice", amount=amount_of("600", "NOK"))
    assert world.tasks(NO, "payment_return")
    assert the_only(world.tasks(NO, "overpaid"))["amount_minor"] == 4000
    with pytest.raises(ContentError, match=r"40\.00 NOK free"):
        by_hand.allocate(world.hub, NO, payment["id"], [Wanted(claim=world.case("6TST4").ref, amount="41")], ANN)
    settled_again(world)

    out = Paid(amount="600.00", account=NORD, booked="2026-04-24")
    world.bank(NO, "b.xml", debit(camt054(out, message="OUT")))
    (back,) = [row for row in world.payments(NO) if row["amount_minor"] < 0]
    assert (back["matched"], back["evidence"]["code"]) == ("posted", "returned")
    assert world.tasks(NO, "payment_return") == []
    assert (free(world, payment["id"]), free(world, back["id"])) == (4000, 0)
    by_hand.leave(world.hub, NO, payment["id"], ANN, reason="they let us keep it")
    assert world.tasks(NO) == []
    settled_again(world)


def test_a_promise_is_taken_back_and_a_doubtful_booking_is_named_by_a_person(world: World) -> None:
    invoiced(world, 3, 4, 13)
    payment = unreferenced(world, "50.00")
    by_hand.give_back(world.hub, NO, payment["id"], ANN, reason="unknown")
    with pytest.raises(ContentError, match="free to go back"):
        by_hand.give_back(world.hub, NO, payment["id"], ANN, reason="again")
    by_hand.undo(world.hub, NO, payment["id"], ANN, reason="no, wait")
    assert world.tasks(NO, "payment_return") == []
    by_hand.give_back(world.hub, NO, payment["id"], ANN, reason="after all")
    world.bank(NO, "b.xml", debit(camt054(Paid(amount="50.00", account=TRYGG, booked="2026-04-24"), message="OUT")))
    (back,) = [row for row in world.payments(NO) if row["amount_minor"] < 0]
    assert back["matched"] == "review", "it went to another account: a person must say so"
    by_hand.give_back(world.hub, NO, payment["id"], ANN, reason="their other account", by=back["id"])
    assert (free(world, payment["id"]), free(world, back["id"])) == (0, 0)
    assert world.tasks(NO) == []
    with pytest.raises(ContentError, match="used already"):
        by_hand.give_back(world.hub, NO, payment["id"], ANN, reason="twice", by=back["id"])
    settled_again(world)


def test_a_booking_told_twice_is_no_money_or_a_second_payment(world: World) -> None:
    invoiced(world, 3, 4, 13)
    kid = kid_of(world, "6TST1")
    world.bank(NO, "a.txt", ocr((64000, kid), day="210426"))
    world.bank(NO, "b.xml", camt054(Paid(amount="640.00", kid=kid, account=NORD, booked="2026-04-22")))
    doubt = in_review(world)
    (first,) = [row for row in world.payments(NO) if row["matched"] == "posted"]

    by_hand.same(world.hub, NO, doubt["id"], first["id"], ANN, reason="statement of the 22nd")
    assert world.tasks(NO) == []
    assert free(world, doubt["id"]) == 0
    assert standing(world, "6TST1") == (128000, 64000, 64000, 64000)
    assert world.conservation(NO) == []
    settled_again(world)
    with pytest.raises(ContentError, match="told again"):
        by_hand.allocate(world.hub, NO, doubt["id"], [Wanted(claim=world.case("6TST1").ref)], ANN)

    by_hand.undo(world.hub, NO, doubt["id"], ANN, reason="no, there are two on the statement")
    assert free(world, doubt["id"]) == 64000
    by_hand.allocate(world.hub, NO, doubt["id"], [Wanted(claim=world.case("6TST1").ref)], ANN)
    assert standing(world, "6TST1") == (128000, 128000, 128000, 0)
    settled_again(world)


def test_another_payment_is_matched_and_not_asked_about_again(world: World) -> None:
    invoiced(world, 3, 4, 13)
    kid = kid_of(world, "6TST1")
    world.bank(NO, "a.txt", ocr((64000, kid), day="210426"))
    world.bank(NO, "b.xml", camt054(Paid(amount="640.00", kid=kid, account=NORD, booked="2026-04-22")))
    doubt = in_review(world)
    with pytest.raises(ContentError, match="not one booking"):
        by_hand.same(world.hub, NO, doubt["id"], doubt["id"], ANN, reason="?")
    by_hand.another(world.hub, NO, doubt["id"], ANN, reason="two on the statement")
    world.settle(NO)
    assert standing(world, "6TST1") == (128000, 128000, 128000, 0)
    assert world.tasks(NO) == []
    settled_again(world)
    with pytest.raises(ContentError, match="waits for nobody"):
        by_hand.another(world.hub, NO, doubt["id"], ANN)


def test_a_reversal_is_proposed_and_applied_the_claim_is_open_and_the_bookings_cancel(world: World) -> None:
    invoiced(world, 3, 4, 13)
    kid = kid_of(world, "6TST1")
    paid = Paid(amount="1280.00", kid=kid, account=NORD)
    world.bank(NO, "a.xml", camt054(paid))
    (original,) = world.payments(NO)
    again = Paid(amount="1280.00", kid=kid, account=NORD, booked="2026-04-23")
    world.bank(NO, "b.xml", debit(camt054(again, message="REV"), reversal=True))
    back = in_review(world)
    assert back["evidence"]["undoes"] == original["id"]
    assert short_id(original["id"]) in the_only(world.tasks(NO, "payment_reversed"))["text"]["nb"]
    assert standing(world, "6TST1") == (128000, 128000, 128000, 0), "nothing is undone unseen"

    by_hand.undo_by(world.hub, NO, "", back["id"], ANN, reason="seen in the bank")

    assert standing(world, "6TST1") == (128000, 0, 0, 128000)
    assert (free(world, original["id"]), free(world, back["id"])) == (0, 0)
    assert {row["matched"] for row in world.payments(NO)} == {"reversed"}
    assert world.tasks(NO) == []
    assert world.conservation(NO) == []
    settled_again(world)
    with pytest.raises(ContentError, match="taken back by the bank"):
        by_hand.undo_by(world.hub, NO, "", back["id"], ANN)

    world.bank(NO, "c.xml", camt054(Paid(amount="1280.00", kid=kid, account=NORD, booked="2026-04-28"), message="M3"))
    assert standing(world, "6TST1") == (128000, 128000, 128000, 0), "it is paid again"


def test_part_of_a_payment_is_taken_back_by_a_booking_a_person_names(world: World) -> None:
    invoiced(world, 3, 4, 13)
    world.bank(NO, "a.xml", camt054(Paid(amount="1280.00", kid=kid_of(world, "6TST1"), account=NORD)))
    (original,) = world.payments(NO)
    world.bank(NO, "b.xml", debit(camt054(Paid(amount="700.00", booked="2026-04-23"), message="REV"), reversal=True))
    back = in_review(world)
    with pytest.raises(ContentError, match="does not say which"):
        by_hand.undo_by(world.hub, NO, "", back["id"], ANN)
    with pytest.raises(ContentError, match="same way"):
        by_hand.undo_by(world.hub, NO, original["id"], original["id"], ANN)
    by_hand.undo_by(world.hub, NO, original["id"], back["id"], ANN, reason="half of it")
    assert standing(world, "6TST1") == (128000, 58000, 58000, 70000)
    assert {row["id"]: row["matched"] for row in world.payments(NO)} == {
        original["id"]: "by_hand",
        back["id"]: "reversed",
    }
    assert world.tasks(NO) == []
    settled_again(world)


def test_what_is_owed_is_written_off_with_a_reason_and_never_more(world: World) -> None:
    invoiced(world, 3, 4, 13)
    ref = world.case("6TST1").ref
    with pytest.raises(ContentError, match="nothing is owed"):
        write_offs.write_off(world.hub, NO, ref, ANN, reason="small")
    payment = unreferenced(world, "1280.00", NORD)
    by_hand.allocate(world.hub, NO, payment["id"], [Wanted(claim=ref)], ANN)
    with pytest.raises(ContentError, match="nothing is owed"):
        write_offs.write_off(world.hub, NO, ref, ANN, reason="it is paid")


@pytest.mark.parametrize(("amount", "left"), [(None, 0), ("0.40", 65)])
def test_a_granted_dutch_line_is_written_off(world: World, amount: str | None, left: int) -> None:
    world.hand_in(nl_list())
    world.submit(NL)
    batch = new_file(world, "3332", set())
    world.answer(NL, Ha305(sent=batch).bytes())
    ref = min(refs(batch).values())
    for wrong in ("1.06", "-1.00", "0"):
        with pytest.raises(ContentError, match="cannot be written off"):
            write_offs.write_off(world.hub, NL, ref, ANN, reason="small", amount=amount_of(wrong, "EUR"))
    much = amount_of(amount, "EUR") if amount else None
    done = write_offs.write_off(world.hub, NL, ref, ANN, reason="not worth the letter", amount=much, line=1)
    view = world.claims(NL)[ref]
    assert (view.money.written_off, view.money.outstanding.minor, done.waits) == (done.amount, left, 0)
    assert world.conservation(NL) == []
    world.settle(NL)
    assert world.claims(NL)[ref].money == view.money


def debit(data: bytes, *, reversal: bool = False) -> bytes:
    """The same notification with the money going out; a reversal says so."""
    text = data.decode().replace("<CdtDbtInd>CRDT<", "<CdtDbtInd>DBIT<")
    if reversal:
        text = text.replace(
            "<CdtDbtInd>DBIT</CdtDbtInd><Sts>", "<CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd><Sts>"
        )
    else:
        text = text.replace("Dbtr>", "Cdtr>").replace("DbtrAcct>", "CdtrAcct>")
    return text.encode()

"""One fix for every refusal of one cause: previewed, held back, undone or released, and money conserved throughout."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.errors import ContentError
from hub.model.money import Money
from hub.pipeline import bulk_fixes, holding, worklist
from hub.pipeline import release as releasing
from hub.pipeline.credit import credit
from hub.pipeline.replacements import UNDO_WINDOW
from hub.programmes.corrections import NOTHING, read_changes
from hub.store import claims, exchanges, support
from hub.store.support import Wanted
from hub.store.unit import Row, Unit
from tests.scenarios.test_scenario_corrections import rejected
from tests.scenarios.test_scenario_invoices_no import invoiced
from tests.scenarios.vektis_bytes import Ha305, Line, refs
from tests.scenarios.world import NL, NO, SUPPORT, World, nl_list, rows_of

CAUSE = "COD957:160"


@pytest.fixture
def refused(world: World) -> list[str]:
    """The claims of Menzis, all of them refused for one and the same cause."""
    world.hand_in(nl_list())
    world.submit(NL)
    (sent,) = [data for data in world.sent("menzis") if data[26:30] == b"3332"]
    of = refs(sent)
    said = Ha305(sent=sent, lines={bsn: Line(0, [("0413", "160")]) for bsn in of})
    world.answer(NL, said.bytes())
    return sorted(of.values())


def waiting(world: World, tenant: str = NL) -> list[str]:
    """The claims on the work list."""
    with world.reading(tenant) as unit:
        found, _ = worklist.page(world.hub, unit, Wanted())
    return sorted(line.claim_ref for line in found)


def conserved(world: World, tenant: str = NL) -> None:
    """Both equations, now."""
    assert world.conservation(tenant) == []


def standing(world: World, tenant: str = NL) -> dict[str, tuple[str, Money]]:
    """Where each claim is and what it asks for."""
    return {ref: (view.transport, view.money.claimed) for ref, view in world.claims(tenant).items()}


def test_five_lines_one_cause_is_one_group_with_its_money_and_plain_words(world: World, refused: list[str]) -> None:
    with world.reading(NL) as unit:
        (group,) = support.causes(unit, Wanted())
        words = worklist.cause_words(world.hub, group["cause"], group["payer"])
        assert support.claims_of(unit, CAUSE, "menzis", 50) == refused
        (first, *_), _ = worklist.page(world.hub, unit, Wanted(cause=CAUSE))
    assert (group["cause"], group["payer"], group["count"], group["amount_minor"]) == (CAUSE, "menzis", 5, 525)
    assert words.known
    assert {language: bool(text) for language, text in words.text.items()} == {"nl": True, "nb": True, "en": True}
    assert (first.verdict, first.amount_minor, first.lines) == ("refused", 105, "1")
    assert first.patient.startswith("*****"), "nobody's number is shown whole"


def test_the_work_list_is_read_in_pages_without_loss_or_repetition(world: World, refused: list[str]) -> None:
    seen: list[str] = []
    after = None
    while True:
        with world.reading(NL) as unit:
            found, after = worklist.page(world.hub, unit, Wanted(), after=after, most=2)
        seen += [line.claim_ref for line in found]
        if after is None:
            break
    assert sorted(seen) == refused
    assert len(seen) == len(set(seen))


def test_a_preview_says_what_would_be_made_and_leaves_nothing_behind(world: World, refused: list[str]) -> None:
    before = world.counts(NL)
    found = bulk_fixes.preview(world.hub, NL, refused, read_changes(["performer=01059999"]))
    assert [one.way for one in found] == ["replace"] * 5
    assert {(each.field.key, each.after) for one in found for each in one.differences} == {("1.performer", "01059999")}
    assert [one.findings for one in found] == [[]] * 5, "the document that would leave was checked"
    assert world.counts(NL) == before
    wrong = bulk_fixes.preview(world.hub, NL, refused[:1], read_changes(["performer=12"]))
    assert not wrong[0].possible, "what the standard refuses is said before anything is made"


def test_a_fix_stays_here_until_its_undo_is_over_then_goes_out_with_the_next_submission(
    world: World, refused: list[str]
) -> None:
    fix = bulk_fixes.apply(world.hub, NL, refused, read_changes(["performer=01059999"]), SUPPORT, cause=CAUSE)
    conserved(world)
    assert waiting(world) == []
    with world.reading(NL) as unit:
        made = claims.find(unit, claims.schema.claim.c.hold_code == UNDO_WINDOW)
    assert sorted(row["corrects"] for row in made) == refused
    assert world.submit(NL) == [], "nothing of it can leave"

    world.at(world.clock.now() + bulk_fixes.UNDO_FOR + timedelta(minutes=1))
    (exchange,) = world.submit(NL)
    conserved(world)
    with world.reading(NL) as unit:
        assert len(claims.find(unit, claims.schema.claim.c.exchange_id == exchange)) == 5
        row = support.fix(unit, fix)
    assert row
    assert (row["state"], row["ended_by"]) == ("released", "hub")
    with pytest.raises(ContentError, match="ended already"):
        bulk_fixes.undo(world.hub, NL, fix, SUPPORT)


def test_an_undo_puts_every_claim_back_on_the_work_list(world: World, refused: list[str]) -> None:
    before = standing(world)
    fix = bulk_fixes.apply(world.hub, NL, refused, read_changes(["performer=01059999"]), SUPPORT)
    done = bulk_fixes.undo(world.hub, NL, fix, SUPPORT)
    conserved(world)
    assert (done.claims, done.left) == (5, 0)
    assert waiting(world) == refused
    live = {ref: view for ref, view in standing(world).items() if view[0] != "withdrawn"}
    assert live == before
    again = bulk_fixes.apply(world.hub, NL, refused, read_changes(["performer=01058888"]), SUPPORT)
    with world.reading(NL) as unit:
        assert {item["state"] for item in support.items(unit, again)} == {"held"}, "it can be corrected otherwise"


def test_what_somebody_released_is_taken_back_only_while_it_is_still_here(world: World, refused: list[str]) -> None:
    fix = bulk_fixes.apply(world.hub, NL, refused, NOTHING, SUPPORT)
    with world.reading(NL) as unit:
        first, second, *_ = [item["made"]["replacement"] for item in support.items(unit, fix)]
        gone, waits = claims.by_ids(unit, [first]), claims.by_ids(unit, [second])
    releasing.release(world.hub, NL, gone[0]["ref"], SUPPORT)
    world.submit(NL)  # this one leaves
    releasing.release(world.hub, NL, waits[0]["ref"], SUPPORT)  # this one is ready, not sent
    done = bulk_fixes.undo(world.hub, NL, fix, SUPPORT)
    conserved(world)
    assert (done.claims, done.left) == (4, 1)
    assert len(waiting(world)) == 4


def test_a_payer_that_changes_its_mind_stops_what_waits_for_its_release(world: World, refused: list[str]) -> None:
    bulk_fixes.apply(world.hub, NL, refused, NOTHING, SUPPORT)
    (sent,) = [data for data in world.sent("menzis") if data[26:30] == b"3332"]
    bsn = next(iter(refs(sent)))
    world.answer(NL, Ha305(sent=sent, lines={bsn: Line(105)}, payer_ref="INS-9").bytes(), name="later")
    world.at(world.clock.now() + bulk_fixes.UNDO_FOR + timedelta(minutes=1))
    (exchange,) = world.submit(NL)
    conserved(world)
    with world.reading(NL) as unit:
        went = claims.find(unit, claims.schema.claim.c.exchange_id == exchange)
        assert refs(sent)[bsn] not in {row["corrects"] for row in went}, "two claims for one performance: not sent"


def test_an_invoice_nobody_judged_stands_again_under_its_own_number_after_an_undo(world: World) -> None:
    invoiced(world, 2)
    view = world.case("6TST1")
    with world.unit(NO) as unit:
        row = claims.by_ref(unit, view.ref)
        assert row
        exchanges.force(unit, row["exchange_id"], exchanges.ExchangeState.REFUSED, text="no such receiver")
        unit.update(exchanges.schema.exchange, row["exchange_id"], sent_at=None)
    fix = bulk_fixes.apply(world.hub, NO, [view.ref], read_changes(["1.price=640.00"]), SUPPORT)
    conserved(world, NO)
    assert world.claims(NO)[view.ref].money.claimed == Money(64000, "NOK")
    bulk_fixes.undo(world.hub, NO, fix, SUPPORT)
    conserved(world, NO)
    after = world.claims(NO)[view.ref]
    assert (after.money.claimed, after.transport, after.invoice_number) == (
        view.money.claimed,
        "refused",
        view.invoice_number,
    )
    again = bulk_fixes.apply(world.hub, NO, [view.ref], read_changes(["1.price=641.00"]), SUPPORT)
    with world.reading(NO) as unit:
        assert [item["state"] for item in support.items(unit, again)] == ["held"]


def test_a_claim_its_state_does_not_let_be_corrected_is_left_out_with_the_reason(world: World) -> None:
    invoiced(world, 2, 6)
    old = rejected(world, "6TST2")
    other = world.case("6TST1").ref
    fix = bulk_fixes.apply(world.hub, NO, [other, old.ref], NOTHING, SUPPORT)
    conserved(world, NO)
    with world.reading(NO) as unit:
        found = {item["claim_ref"]: (item["state"], item["note"]) for item in support.items(unit, fix)}
    assert found[old.ref][0] == "held"
    assert found[other][0] == "refused"
    assert "has not decided it" in found[other][1]


def test_a_credit_that_stood_before_the_fix_is_none_of_its_own(world: World) -> None:
    world.hand_in(rows_of(nl_list(), 2))
    world.submit(NL)
    (sent,) = world.sent("menzis")
    (ref,) = refs(sent).values()
    world.answer(NL, Ha305(sent=sent).bytes())
    alone = credit(world.hub, NL, ref)
    fix = bulk_fixes.apply(world.hub, NL, [ref], read_changes(["price=0.91"]), SUPPORT)
    assert world.claims(NL)[alone].hold == "", "somebody else made it, and it goes out"
    world.submit(NL)
    assert len(world.sent("menzis")) == 2
    done = bulk_fixes.undo(world.hub, NL, fix, SUPPORT)
    assert (done.claims, done.left) == (1, 0)
    live = {name: view.hold for name, view in world.claims(NL).items() if view.hold != "WITHDRAWN"}
    assert live == {ref: "", alone: ""}


def test_what_a_fix_made_goes_on_where_part_of_it_has_left(world: World) -> None:
    invoiced(world, 17)
    old = rejected(world, "6TST5", asks=True)
    fix = bulk_fixes.apply(world.hub, NO, [old.ref], NOTHING, SUPPORT)
    with world.reading(NO) as unit:
        (item,) = support.items(unit, fix)
        note, new = (claims.by_ids(unit, [item["made"][kind]])[0]["ref"] for kind in ("credit", "replacement"))
    releasing.release(world.hub, NO, note, SUPPORT)
    world.submit(NO)  # the credit note is at the insurer
    done = bulk_fixes.undo(world.hub, NO, fix, SUPPORT)
    assert (done.claims, done.left) == (0, 1)
    assert world.claims(NO)[new].hold == "", "the clinic is owed this once its invoice is credited"
    world.submit(NO)
    assert world.claims(NO)[new].transport == "sent"


def test_a_credit_note_is_undone_beside_a_new_invoice_that_was_left_out(world: World) -> None:
    invoiced(world, 17)
    old = rejected(world, "6TST5", asks=True)
    fix = bulk_fixes.apply(world.hub, NO, [old.ref], NOTHING, SUPPORT)
    with world.reading(NO) as unit:
        (item,) = support.items(unit, fix)
        note, new = (claims.by_ids(unit, [item["made"][kind]])[0]["ref"] for kind in ("credit", "replacement"))
    holding.exclude(world.hub, NO, new, "the patient pays", SUPPORT)
    done = bulk_fixes.undo(world.hub, NO, fix, SUPPORT)
    assert (done.claims, done.left) == (1, 0)
    assert {world.claims(NO)[ref].hold for ref in (note, new)} == {"WITHDRAWN"}
    world.submit(NO)
    assert world.claims(NO)[old.ref].transport in ("sent", "delivered")


def test_a_companion_put_back_into_a_refused_file_goes_with_the_rest_of_it(world: World) -> None:
    world.hand_in(rows_of(nl_list(), 2, 10))
    world.submit(NL)
    (sent,) = world.sent("menzis")
    bad, good = (refs(sent)[bsn] for bsn in ("999903883", "999931428"))
    fault = Ha305(sent=sent, lines={"999903883": Line(0, [("0403", "101")]), "999931428": Line(0)})
    world.answer(NL, fault.bytes(), meta={"sent_by": "clearing"})
    (file,) = world.exchanges(NL)
    fix = bulk_fixes.apply(world.hub, NL, [good], read_changes(["insured_number=900000777"]), SUPPORT)
    releasing.release(world.hub, NL, file["invoice_number"], SUPPORT)  # what is not held goes again
    assert bulk_fixes.undo(world.hub, NL, fix, SUPPORT).claims == 1
    world.submit(NL)
    again = [data for data in world.sent("menzis") if data != sent]
    assert [list(refs(data).values()) for data in again] == [[good]]
    assert world.claims(NL)[bad].hold == "REFUSED_BY_CLEARING"


def test_a_person_stops_what_a_fix_would_let_go_by_itself(world: World, refused: list[str]) -> None:
    fix = bulk_fixes.apply(world.hub, NL, refused, NOTHING, SUPPORT)
    with world.reading(NL) as unit:
        made = [item["made"]["replacement"] for item in support.items(unit, fix)]
        first, *others = [row["ref"] for row in claims.by_ids(unit, made)]
    holding.hold(world.hub, NL, first, "the practice rings back", SUPPORT)
    world.at(world.clock.now() + bulk_fixes.UNDO_FOR + timedelta(minutes=1))
    (exchange,) = world.submit(NL)
    with world.reading(NL) as unit:
        went = [row["ref"] for row in claims.find(unit, claims.schema.claim.c.exchange_id == exchange)]
    assert went == others
    assert world.claims(NL)[first].hold == "HELD_BY_PERSON"


def test_an_undo_at_the_moment_of_the_submission_does_not_keep_the_others_here(
    world: World, refused: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bulk_fixes.apply(world.hub, NL, refused[:1], NOTHING, SUPPORT)
    bulk_fixes.apply(world.hub, NL, refused[1:], NOTHING, SUPPORT)
    world.at(world.clock.now() + bulk_fixes.UNDO_FOR + timedelta(minutes=1))
    known = support.fixes_due

    def meanwhile(unit: Unit) -> list[Row]:
        due = known(unit)
        bulk_fixes.undo(world.hub, NL, first, SUPPORT)
        return due

    monkeypatch.setattr(support, "fixes_due", meanwhile)
    (exchange,) = world.submit(NL)
    with world.reading(NL) as unit:
        went = claims.find(unit, claims.schema.claim.c.exchange_id == exchange)
    assert sorted(row["corrects"] for row in went) == refused[1:]


def test_an_undo_asks_for_no_correction_of_what_was_granted_meanwhile(world: World, refused: list[str]) -> None:
    fix = bulk_fixes.apply(world.hub, NL, refused, NOTHING, SUPPORT)
    (sent,) = [data for data in world.sent("menzis") if data[26:30] == b"3332"]
    bsn, ref = next(iter(refs(sent).items()))
    world.answer(NL, Ha305(sent=sent, lines={bsn: Line(105)}, payer_ref="INS-9").bytes(), name="later")
    assert bulk_fixes.undo(world.hub, NL, fix, SUPPORT).claims == 5
    assert waiting(world) == [one for one in refused if one != ref]
    assert [row["key"] for row in world.tasks(NL) if row["claim_ref"] == ref] == [], "it is paid once, as it stands"

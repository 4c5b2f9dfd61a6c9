"""What a person, or a payer's second word, takes out of a message does not leave with it, and its case ends."""

from __future__ import annotations

from hub.model.exchange import ExchangeState
from hub.pipeline import correction_forms, holding, outcomes, submit
from hub.pipeline import release as releasing
from hub.policy.corrections import Way
from hub.store import claims, exchanges
from hub.store.unit import Row
from tests.scenarios.test_scenario_corrections import BSN, claimed_nl, dutch, next_file
from tests.scenarios.test_scenario_credits_nl import ANNE, BART, credit_of, take
from tests.scenarios.vektis_bytes import Ha305, Line, Pm305, Treatment, refs
from tests.scenarios.world import NL, SUPPORT, World, nl_list, rows_of

ONE, TWO = Treatment(bsn=ANNE, ref="PM-1"), Treatment(bsn=BART, ref="PM-2")


def stuck(world: World, state: ExchangeState) -> Row:
    """The only message there is did not get through, and a person was told."""
    (row,) = world.exchanges(NL)
    with world.unit(NL) as unit:
        if state is ExchangeState.REFUSED:
            outcomes.refused(unit, row, "Menzis", "no such sender")
        else:
            exchanges.force(unit, row["id"], state, text="no answer")
            outcomes.exchange_task(unit, row, "GAVE_UP", partner="Menzis", attempts=5, reason="no answer")
    return row


def holds(world: World) -> dict[str, str]:
    """Why each claim is held."""
    return {ref: view.hold for ref, view in world.claims(NL).items()}


def waits(world: World, exchange: Row) -> list[str]:
    """The open cases about a message."""
    return [row["kind"] for row in world.tasks(NL) if row["exchange_id"] == exchange["id"] and not row["claim_ref"]]


def test_a_claim_left_out_of_a_file_that_failed_does_not_go_when_that_file_is_released(world: World) -> None:
    world.hand_in(rows_of(nl_list(), 2, 10))
    submit.prepare(world.hub, NL)
    failed = stuck(world, ExchangeState.FAILED)
    out, *others = sorted(world.claims(NL))
    holding.exclude(world.hub, NL, out, "moved away before the quarter began", SUPPORT)
    for row in world.exchanges(NL):
        if row["state"] == ExchangeState.FAILED.value:
            releasing.release(world.hub, NL, row["invoice_number"], SUPPORT)
    world.submit(NL)
    (sent,) = world.sent("menzis")
    assert sorted(refs(sent).values()) == others
    assert waits(world, failed) == [], "nobody is asked about a file that is no more"


def test_a_finished_document_is_left_out_as_a_whole(world: World) -> None:
    assert take(world, "PM-2024-01", ONE, TWO).status == "accepted"
    holding.exclude(world.hub, NL, "PM-1", "not ours", SUPPORT)
    world.submit(NL)
    assert world.sent("menzis") == [], "it names a claim that was taken back"
    assert holds(world) == {"PM-1": "WITHDRAWN", "PM-2": "WITHDRAWN"}


def test_leaving_a_refused_document_out_ends_its_case(world: World) -> None:
    take(world, "PM-2024-01", ONE, TWO)
    refused = stuck(world, ExchangeState.REFUSED)
    assert waits(world, refused) == ["refused_by_network"]
    holding.exclude(world.hub, NL, "PM-2", "handed in elsewhere", SUPPORT)
    assert holds(world) == {"PM-1": "WITHDRAWN", "PM-2": "WITHDRAWN"}
    assert waits(world, refused) == []


def test_what_a_corrected_document_leaves_out_is_still_somebodys_case(world: World) -> None:
    take(world, "PM-2024-01", ONE, TWO)
    refused = stuck(world, ExchangeState.REFUSED)
    assert take(world, "PM-2024-02", ONE).status == "accepted"
    assert holds(world)["PM-2"] == ""
    assert waits(world, refused) == ["refused_by_network"], "PM-2 was refused, and is in no other document"
    holding.exclude(world.hub, NL, "PM-2", "not claimed again", SUPPORT)
    assert waits(world, refused) == []
    world.submit(NL)
    assert [b"PM-2024-02" in data for data in world.sent("menzis")] == [True]


def test_a_held_document_keeps_its_number_to_itself(world: World) -> None:
    take(world, "PM-2024-01", ONE)
    holding.hold(world.hub, NL, "PM-1", "the practice rings back", SUPPORT)
    other = take(world, "PM-2024-01", TWO)
    assert (other.status, other.code) == ("held", "DUPLICATE_NUMBER")
    releasing.release(world.hub, NL, "PM-1", SUPPORT)
    world.submit(NL)
    (sent,) = world.sent("menzis")
    assert (b"PM-1" in sent, b"PM-2 " in sent) == (True, False)


def test_a_credit_that_fits_no_more_keeps_its_whole_document_here(world: World) -> None:
    take(world, "PM-2024-01", ONE, TWO)
    world.submit(NL)
    (sent,) = world.sent("menzis")
    world.answer(NL, Pm305(sent, {ANNE: (3500, ["0200"]), BART: (2000, ["0611"])}).bytes())
    credits_ = take(world, "PM-2024-02", credit_of(ANNE, "PM-1"), credit_of(BART, "PM-2", 2000))
    assert credits_.status == "accepted"
    no = Pm305(sent, {ANNE: (0, ["0586"]), BART: (2000, ["0611"])}, payer_ref="INS-9", day="20240412")
    world.answer(NL, no.bytes(), name="later")
    assert world.claims(NL)["PM-1"].decision == "refused"
    world.submit(NL)
    assert world.sent("menzis") == [sent], "it would take back what is not granted any more"
    held = holds(world)
    assert (held["C-PM-1"], held["C-PM-2"]) == ("DOCUMENT_DOUBTED", "")
    holding.exclude(world.hub, NL, "C-PM-2", "made anew without the first", SUPPORT)
    assert {held for ref, held in holds(world).items() if ref.startswith("C-")} == {"WITHDRAWN"}


def test_a_debit_does_not_wait_for_a_credit_that_was_left_out(world: World) -> None:
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    world.answer(NL, Ha305(sent=sent).bytes(), name="yes")
    done = dutch(world, ref, "price=0.91")
    holding.exclude(world.hub, NL, done.credit, "the first amount was right", SUPPORT)
    assert holds(world) == {ref: "", done.credit: "WITHDRAWN", done.replacement: "WITHDRAWN"}
    again = dutch(world, ref, "price=0.92")
    assert (again.way, again.again) == (Way.CREDIT_THEN_REPLACE, False)


def test_a_second_refusal_says_its_own_reason(world: World) -> None:
    sent = claimed_nl(world, 2, 3)
    ref = refs(sent)[BSN]
    first = Ha305(sent=sent, lines={BSN: Line(0, [("0403", "101")]), "999911247": Line(0)})
    world.answer(NL, first.bytes(), name="vecozo", meta={"sent_by": "clearing"})
    dutch(world, ref, "insured_number=900000777")
    world.submit(NL)
    again = next_file(world, {sent})
    second = Ha305(sent=again, lines={BSN: Line(0, [("0413", "160")])})
    world.answer(NL, second.bytes(), name="vecozo-2", meta={"sent_by": "clearing"})
    with world.reading(NL) as unit:
        row = claims.by_ref(unit, ref)
        assert row
        said = correction_forms.said_of(unit, row)
    assert [(code.element, code.code) for code in said] == [("0413", "160")]


def test_a_held_claim_that_its_list_takes_back_is_no_case_any_more(world: World) -> None:
    world.hand_in(rows_of(nl_list(), 2, 3))
    with world.reading(NL) as unit:
        first, second = claims.load(unit, claims.find(unit))
    holding.hold(world.hub, NL, first.ref, "the practice rings back", SUPPORT)
    kept = 3 if first.person.bsn in rows_of(nl_list(), 2).decode() else 2
    world.hand_in(rows_of(nl_list(), kept))
    assert holds(world) == {first.ref: "WITHDRAWN", second.ref: ""}
    assert [row["claim_ref"] for row in world.tasks(NL, "held")] == []


def test_a_claim_in_a_file_that_failed_is_stopped_like_any_other_that_is_here(world: World) -> None:
    world.hand_in(rows_of(nl_list(), 2, 10))
    submit.prepare(world.hub, NL)
    failed = stuck(world, ExchangeState.FAILED)
    first, other = sorted(world.claims(NL))
    holding.hold(world.hub, NL, first, "the practice rings back", SUPPORT)
    assert holds(world) == {first: "HELD_BY_PERSON", other: ""}
    assert waits(world, failed) == []
    world.submit(NL)
    (sent,) = world.sent("menzis")
    assert list(refs(sent).values()) == [other]

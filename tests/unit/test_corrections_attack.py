"""Corrections under attack: answers in the wrong order, late, twice, to what is gone; nothing is paid or sent twice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.errors import ConfigurationError, ContentError
from hub.model.finding import Severity
from hub.model.money import Money
from hub.pipeline import by_hand, receivables, release, views
from hub.pipeline.correct import correct
from hub.pipeline.submit import prepare
from hub.pipeline.views import ClaimView
from hub.pipeline.wanted import Wanted
from hub.policy.corrections import Way
from hub.sandbox.example import PAYER_ACCOUNTS
from hub.store import claims, inbounds, schema
from tests.databases import Database
from tests.scenarios.bank_bytes import Paid, camt053, camt054
from tests.scenarios.test_scenario_corrections import (
    BSN,
    FJORD,
    claimed_nl,
    corrected,
    documents,
    dutch,
    folder,
    next_file,
    refused_by_network,
    rejected,
)
from tests.scenarios.test_scenario_invoices_no import _mail, _mailbox, invoiced, response
from tests.scenarios.vektis_bytes import Ha305, Line, refs
from tests.scenarios.world import NL, NO, SUPPORT, World, no_log, rows_of

NORD = "forsikring-nord-test"
YES, NO_ = Line(105), Line(0, [("0403", "101")])


@pytest.fixture
def database(sqlite_template: Path, tmp_path: Path) -> Database:
    """SQLite is enough here: the scenarios run the same steps on both."""
    file = tmp_path / "kvitt.db"
    shutil.copy(sqlite_template, file)
    return Database(kind="sqlite", url=f"sqlite:///{file}", owner_url=f"sqlite:///{file}", file=file)


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[World]:
    world = World.begin(database, tmp_path / "hub")
    yield world
    wrong = [one for tenant in (NL, NO) for one in world.conservation(tenant) if one.severity is not Severity.WARNING]
    world.hub.store.close()
    assert wrong == []


_numbers = iter(range(1, 1_000_000))


def say(world: World, sent: bytes, line: Line | None = None) -> None:
    """The insurer answers a file with one line by name, or grants all of it without naming any."""
    number = next(_numbers)
    lines = {} if line is None else {BSN: line}
    answer = Ha305(sent=sent, lines=lines, payer_ref=f"INS-{number}")
    world.answer(NL, answer.bytes(), name=f"said-{number}")


def credited(world: World) -> tuple[bytes, str, str, str, bytes]:
    """A granted claim with its credit at the insurer and its new debit waiting."""
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    say(world, sent)
    done = dutch(world, ref, "price=0.91")
    world.submit(NL)
    return sent, ref, done.credit, done.replacement, next_file(world, {sent})


def kinds(world: World, tenant: str = NL) -> list[str]:
    return sorted(row["kind"] for row in world.tasks(tenant))


def hold(world: World, tenant: str, ref: str) -> str:
    return world.claims(tenant)[ref].hold


# A credit is accepted or refused, and then the other way round.


@pytest.mark.scenario("S24")
def test_yes_then_no_before_the_debit_left_takes_the_debit_back(world: World) -> None:
    sent, ref, _, debit, credit = credited(world)
    say(world, credit, YES)
    assert hold(world, NL, debit) == ""
    say(world, credit, NO_)
    assert hold(world, NL, debit) == "WITHDRAWN"
    world.submit(NL)
    assert set(world.sent("menzis")) == {sent, credit}, "the debit is never sent"
    assert dutch(world, ref, "price=0.91").way is Way.CREDIT_THEN_REPLACE


@pytest.mark.scenario("S24")
def test_yes_then_no_takes_the_debit_out_of_a_file_nobody_tried_to_send(world: World) -> None:
    sent, _, _, debit, credit = credited(world)
    say(world, credit, YES)
    prepare(world.hub, NL)
    assert world.claims(NL)[debit].transport == "prepared"
    say(world, credit, NO_)
    world.submit(NL)
    assert set(world.sent("menzis")) == {sent, credit}
    assert hold(world, NL, debit) == "WITHDRAWN"


@pytest.mark.scenario("S24")
def test_yes_then_no_after_the_debit_left_is_a_case_of_its_own(world: World) -> None:
    _, _, _, debit, credit = credited(world)
    say(world, credit, YES)
    world.submit(NL)
    say(world, credit, NO_)
    (task,) = world.tasks(NL, "debit_without_credit")
    assert task["claim_ref"] == debit


@pytest.mark.scenario("S24")
def test_no_then_yes_does_not_lose_the_debit(world: World) -> None:
    sent, ref, _, debit, credit = credited(world)
    say(world, credit, NO_)
    assert hold(world, NL, debit) == "WITHDRAWN"
    say(world, credit, YES)
    (task,) = world.tasks(NL, "credit_accepted_late")
    assert f"kvitt correct {ref}" in task["action"]["en"]
    again = dutch(world, ref, "price=0.91")
    assert (again.way, again.credit) == (Way.REPLACE, ""), "it is credited already: no second credit"
    assert "credit_accepted_late" not in kinds(world)
    world.submit(NL)
    assert refs(next_file(world, {sent, credit})) == {BSN: again.replacement}


@pytest.mark.scenario("S24")
def test_a_second_credit_is_taken_back_when_the_first_is_accepted_after_all(world: World) -> None:
    sent, ref, _, _, credit = credited(world)
    say(world, credit, NO_)
    second = dutch(world, ref, "price=0.91")
    say(world, credit, YES)
    assert hold(world, NL, second.credit) == "WITHDRAWN"
    assert hold(world, NL, second.replacement) == ""
    world.submit(NL)
    assert refs(next_file(world, {sent, credit})) == {BSN: second.replacement}
    money = [view.money.granted.minor for view in world.claims(NL).values() if view.kind == "credit"]
    assert sum(money) == -105


@pytest.mark.scenario("S24")
def test_two_credits_at_the_insurer_are_a_case_and_the_debit_goes_once(world: World) -> None:
    sent, ref, _, _, credit = credited(world)
    say(world, credit, NO_)
    second = dutch(world, ref, "price=0.91")
    world.submit(NL)
    other = next_file(world, {sent, credit})
    say(world, credit, YES)
    assert hold(world, NL, second.replacement) == ""
    (task,) = world.tasks(NL, "credit_unfit")
    assert task["claim_ref"] == ref
    say(world, other, NO_)
    assert hold(world, NL, second.replacement) == "", "the first credit stands: the debit is not given up"
    with pytest.raises(ContentError, match="corrected already"):
        dutch(world, ref, "price=0.80")


@pytest.mark.scenario("S24")
def test_a_partly_accepted_credit_makes_no_second_one_and_waits_for_nobody(world: World) -> None:
    _, ref, _, debit, credit = credited(world)
    say(world, credit, Line(50))
    assert hold(world, NL, debit) == "WITHDRAWN"
    with pytest.raises(ContentError, match="in full or not at all"):
        dutch(world, ref, "price=0.91")
    say(world, credit, YES)
    assert dutch(world, ref, "price=0.91").way is Way.REPLACE


@pytest.mark.parametrize("line", [NO_, Line(55)], ids=["refused", "less"])
def test_a_claim_judged_anew_before_its_credit_left_takes_credit_and_debit_back(world: World, line: Line) -> None:
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    say(world, sent)
    done = dutch(world, ref, "price=0.91")
    say(world, sent, line)
    assert {hold(world, NL, each) for each in (done.credit, done.replacement)} == {"WITHDRAWN"}
    world.submit(NL)
    assert world.sent("menzis") == [sent], "a refusal is never credited, and an award only whole"
    again = dutch(world, ref, "price=0.91")
    assert again.way is (Way.REPLACE if line is NO_ else Way.CREDIT_THEN_REPLACE)
    assert "credit_unfit" not in kinds(world)
    if again.credit:
        assert world.claims(NL)[again.credit].money.claimed == Money(-55, "EUR")


def test_a_claim_refused_after_its_credit_left_is_a_case(world: World) -> None:
    sent, ref, _, debit, _ = credited(world)
    say(world, sent, NO_)
    (task,) = world.tasks(NL, "credit_unfit")
    assert (task["claim_ref"], hold(world, NL, debit)) == (ref, "AWAITS_CREDIT")


# What replaced a refusal, and the refusal is taken back.


def test_a_late_grant_stops_the_claim_anew_that_has_not_left(world: World) -> None:
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    say(world, sent, NO_)
    done = dutch(world, ref)
    say(world, sent, YES)
    world.submit(NL)
    assert world.sent("menzis") == [sent], "one performance is not claimed twice"
    assert hold(world, NL, done.replacement) == "GRANTED_AFTER_CORRECTION"
    assert dutch(world, done.replacement, "price=0.91").way is Way.REISSUE
    assert [row["kind"] for row in world.tasks(NL) if row["claim_ref"] == done.replacement] == ["held"], (
        "held, and told"
    )
    release.release(world.hub, NL, done.replacement, SUPPORT)
    world.submit(NL)
    assert refs(next_file(world, {sent})) == {BSN: done.replacement}, "a person may still send it"


@pytest.mark.parametrize("alone", [False, True])
def test_a_late_approval_stops_credit_note_and_new_invoice(world: World, *, alone: bool) -> None:
    invoiced(world, 17)
    old = rejected(world, "6TST5", asks=True)
    done = corrected(world, old.ref, credit_only=alone)
    world.answer(NO, response(old.ref, "AP", id_="IR-7"), name="ap.xml")
    world.submit(NO)
    assert sorted(documents(world, FJORD)) == [old.ref], "after approval it takes no credit note"
    assert {hold(world, NO, each) for each in (done.credit, done.replacement) if each} == {"GRANTED_AFTER_CORRECTION"}
    assert "granted_after_correction" in kinds(world, NO)


def test_a_credit_note_alone_that_left_before_the_approval_is_a_case(world: World) -> None:
    invoiced(world, 17)
    old = rejected(world, "6TST5", asks=True)
    done = corrected(world, old.ref, credit_only=True)
    world.submit(NO)
    world.answer(NO, response(old.ref, "AP", id_="IR-7"), name="ap.xml")
    (task,) = world.tasks(NO, "granted_after_correction")
    assert done.credit in task["text"]["en"]


# The network said no.


def chain(world: World) -> tuple[ClaimView, str, str]:
    """A rejected invoice, its replacement that the network refused, and the one in that one's place."""
    invoiced(world, 6, 7, 8)
    old = rejected(world, "6TST2", asks=True)
    first = corrected(world, old.ref).replacement
    world.submit(NO)
    refused_by_network(world, first)
    return old, first, corrected(world, first).replacement


@pytest.mark.scenario("S30")
def test_a_replacement_the_network_refused_still_stands_for_its_claim(world: World) -> None:
    old, first, second = chain(world)
    with pytest.raises(ContentError, match=f"corrected already, by {second}"):
        corrected(world, old.ref)
    live = [view for view in world.claims(NO).values() if view.kind == "debit" and view.hold != "WITHDRAWN"]
    assert [view.ref for view in live if view.decision != "refused"] == [second]
    assert hold(world, NO, first) == "WITHDRAWN"


@pytest.mark.scenario("S23")
def test_quota_and_deductible_count_once_through_a_chain_of_three(world: World) -> None:
    old, _, second = chain(world)
    assert world.claims(NO)[second].money.claimed == old.money.claimed, "the deductible once"
    fourth = world.log_in(rows_of(no_log(), 9), name="fourth.csv")
    assert [one.code for one in fourth.outcomes] == ["QUOTA_EXCEEDED"]
    world.submit(NO)
    world.answer(NO, response(second, "RE", id_="IR-9"), name="no.xml")
    third = corrected(world, second, drop=(3,))
    assert world.claims(NO)[third.replacement].money.claimed == Money(103000, "NOK")
    retry = world.log_in(rows_of(no_log(), 9) + b"\n", name="fourth-again.csv")
    assert [one.outcome for one in retry.outcomes] == ["invoice"], "one place of three is free, not none and not two"
    fifth = world.log_in(rows_of(no_log(), 8), name="fifth.csv")
    assert [one.code for one in fifth.outcomes] == ["QUOTA_EXCEEDED"]


@pytest.mark.scenario("S30")
@pytest.mark.parametrize("code", ["AB", "AP", "RE"])
def test_an_answer_to_what_was_withdrawn_stops_what_stands_in_its_place(world: World, code: str) -> None:
    invoiced(world, 17)
    old = world.case("6TST5")
    refused_by_network(world, old.ref)
    done = corrected(world, old.ref)
    world.answer(NO, response(old.ref, code, id_="IR-3"), name="late.xml")
    assert hold(world, NO, done.replacement) == "ANSWERED_AFTER_REFUSAL"
    assert "answered_after_refusal" in kinds(world, NO)
    world.submit(NO)
    assert sorted(documents(world, FJORD)) == [old.ref]


@pytest.mark.scenario("S30")
@pytest.mark.parametrize("first", ["network", "payer"])
def test_what_the_payer_took_note_of_is_not_renumbered(world: World, first: str) -> None:
    invoiced(world, 17)
    old = world.case("6TST5")
    if first == "network":
        refused_by_network(world, old.ref)
    world.answer(NO, response(old.ref, "AB", id_="IR-2"), name="ab.xml")
    if first == "payer":
        refused_by_network(world, old.ref)
    with pytest.raises(ContentError, match="has not decided it"):
        corrected(world, old.ref)
    with pytest.raises(ConfigurationError):
        release.release(world.hub, NO, old.ref, SUPPORT)
    world.submit(NO)
    assert sorted(documents(world, FJORD)) == [old.ref]
    assert "refused_by_network" in kinds(world, NO)


def test_a_network_refusal_after_the_approval_opens_nothing(world: World) -> None:
    invoiced(world, 17)
    old = world.case("6TST5")
    world.answer(NO, response(old.ref, "AP"), name="ap.xml")
    refused_by_network(world, old.ref)
    for alone in (False, True):
        with pytest.raises(ContentError, match="takes no credit note"):
            corrected(world, old.ref, credit_only=alone)
    with pytest.raises(ConfigurationError, match="has judged"):
        release.release(world.hub, NO, old.ref, SUPPORT)


def test_what_was_paid_in_part_does_not_go_out_again(world: World) -> None:
    invoiced(world, 10)
    pay(world, "100.00", world.case("6TST3").ref)
    refused_by_network(world, "10001")
    with pytest.raises(ConfigurationError):
        release.release(world.hub, NO, "10001", SUPPORT)
    world.submit(NO)
    assert sorted(documents(world, NORD)) == ["10001"]
    assert "refused_by_network" in kinds(world, NO)


def test_what_the_clearing_house_refused_and_the_insurer_granted_is_not_claimed_again(world: World) -> None:
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    fault = Ha305(sent=sent, lines={BSN: NO_})
    world.answer(NL, fault.bytes(), name="vecozo", meta={"sent_by": "clearing"})
    assert dutch(world, ref, "insured_number=900000777").way is Way.REISSUE
    say(world, sent, YES)
    assert hold(world, NL, ref) == "ANSWERED_AFTER_REFUSAL"
    assert "answered_after_refusal" in kinds(world)
    world.submit(NL)
    assert world.sent("menzis") == [sent]


def test_what_was_withdrawn_and_granted_all_the_same_is_owed_and_its_payment_finds_it(world: World) -> None:
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    number = world.claims(NL)[ref].invoice_number
    world.answer(NL, Ha305(sent=sent, lines={BSN: NO_}).bytes(), name="vecozo", meta={"sent_by": "clearing"})
    dutch(world, ref, "insured_number=900000777")
    say(world, sent, YES)
    old = next(each for each in world.claims(NL).values() if each.money.outstanding)
    assert old.hold == "WITHDRAWN"
    assert [(row.total, row.claims) for row in receivables.overdue(world.hub, NL)] == [(105, 1)]
    one = Paid(amount="1.05", text=f"declaratie {number}", account=PAYER_ACCOUNTS["menzis"])
    world.bank(NL, "paid.xml", camt053(one, currency="EUR"))
    (payment,) = world.payments(NL)
    assert payment["matched"] == "posted"
    by_hand.undo(world.hub, NL, payment["id"], SUPPORT, reason="look again")
    by_hand.allocate(world.hub, NL, payment["id"], [Wanted(claim=old.ref)], SUPPORT)
    assert world.claims(NL)[old.ref].money.received == Money(105, "EUR")
    assert receivables.overdue(world.hub, NL) == []


# Answers to what has not left us.


def test_a_mail_about_an_invoice_nobody_has_refuses_nothing(world: World) -> None:
    invoiced(world, 17)
    old = world.case("6TST5")
    refused_by_network(world, old.ref)
    done = corrected(world, old.ref)
    mailbox = _mailbox(world)
    mailbox.receive(_mail("noreply@digicare.no", invoice=done.replacement, reason="Mangler"), signed_by="digicare.no")
    (told,) = world.collect(NO)
    assert told.state == inbounds.TRIAGE
    view = world.claims(NO)[done.replacement]
    assert (view.decision, view.hold) == ("open", "ANSWERED_UNSENT")
    world.submit(NO)
    assert sorted(documents(world, FJORD)) == [old.ref]


def test_an_answer_to_the_first_sending_of_a_number_that_goes_out_again_is_for_a_person(
    database: Database, tmp_path: Path
) -> None:
    line = "correction: credit_note_when_asked"
    files = folder(FJORD, line, f"{line}\nafter_network_refusal: same_number")
    for name, text in files.items():
        path = tmp_path / "hub" / "partners" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    world = World.begin(database, tmp_path / "hub")
    invoiced(world, 17)
    refused_by_network(world, "10001")
    assert corrected(world, "10001", "therapist_hpr=9999901").way is Way.REISSUE
    world.answer(NO, response("10001", "AP", id_="IR-4"), name="ap.xml")
    assert (world.claims(NO)["10001"].decision, hold(world, NO, "10001")) == ("open", "ANSWERED_UNSENT")
    world.submit(NO)
    assert len(world.sent(FJORD)) == 1
    release.release(world.hub, NO, "10001", SUPPORT)
    world.submit(NO)
    assert len(world.sent(FJORD)) == 2
    assert world.conservation(NO) == []
    world.hub.store.close()


# Money, numbers, and who asks.


def pay(world: World, amount: str, ref: str) -> None:
    with world.reading(NO) as unit:
        row = claims.by_ref(unit, ref)
    assert row
    number = next(_numbers)
    paid = Paid(amount=amount, kid=row["kid"], account=PAYER_ACCOUNTS[row["payer"]])
    world.bank(NO, f"paid-{number}.xml", camt054(paid, message=f"M-{number}"))


def test_what_was_paid_and_then_rejected_is_neither_credited_nor_claimed_anew(world: World) -> None:
    invoiced(world, 10)
    old = world.case("6TST3")
    pay(world, "640.00", old.ref)
    assert world.claims(NO)[old.ref].money.received == Money(64000, "NOK")
    world.answer(NO, response(old.ref, "RE"), name="re.xml")
    for alone in (False, True):
        with pytest.raises(ContentError, match="after money had come"):
            corrected(world, old.ref, credit_only=alone)
    assert len(world.claims(NO)) == 1
    assert "rejection" in kinds(world, NO)


@pytest.mark.parametrize("way", [Way.REPLACE, Way.CREDIT_AND_REPLACE, Way.RENUMBER])
def test_money_for_the_old_number_is_never_put_on_the_new_one_by_itself(world: World, way: Way) -> None:
    invoiced(world, 10)
    old = world.case("6TST3")
    if way is Way.RENUMBER:
        refused_by_network(world, old.ref)
    else:
        rejected(world, "6TST3", asks=way is Way.CREDIT_AND_REPLACE)
    done = corrected(world, old.ref)
    assert done.way is way
    world.submit(NO)
    pay(world, "640.00", old.ref)
    now = world.claims(NO)
    assert [now[each].money.received.minor for each in (old.ref, done.replacement)] == [0, 0]
    assert "payment_review" in kinds(world, NO)


@pytest.mark.parametrize("price", ["0", "0.00", "-0.91"])
def test_a_dutch_claim_for_nothing_or_less_is_not_made_and_nothing_is_credited_for_it(world: World, price: str) -> None:
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    say(world, sent)
    before = world.counts(NL)
    with pytest.raises(ContentError, match="would ask for"):
        dutch(world, ref, f"price={price}")
    assert world.counts(NL) == before


def test_a_credit_note_asked_for_after_the_new_invoice_is_not_lost(world: World) -> None:
    invoiced(world, 17)
    old = rejected(world, "6TST5", asks=False)
    done = corrected(world, old.ref)
    assert done.way is Way.REPLACE
    status = b'<cac:Status><cbc:StatusReasonCode listID="OPStatusAction">CNF</cbc:StatusReasonCode></cac:Status>'
    asks = response(old.ref, "RE", id_="IR-5").replace(b"</cac:Response>", status + b"</cac:Response>")
    world.answer(NO, asks, name="asks.xml")
    (task,) = world.tasks(NO, "rejection")
    assert f"kvitt correct {old.ref} --credit-only" in task["action"]["en"]
    assert corrected(world, old.ref, credit_only=True).way is Way.CREDIT
    assert world.tasks(NO, "rejection") == []


def test_a_second_no_to_what_stands_corrected_is_closed_by_the_same_command(world: World) -> None:
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    say(world, sent, NO_)
    dutch(world, ref)
    say(world, sent, Line(50))
    say(world, sent, Line(0, [("0403", "999")]))
    assert "rejection" in kinds(world)
    assert dutch(world, ref).again
    assert "rejection" not in kinds(world)


def test_another_tenant_corrects_nothing_here(world: World) -> None:
    invoiced(world, 17)
    old = rejected(world, "6TST5")
    with pytest.raises(ConfigurationError, match="no claim"):
        correct(world.hub, NL, old.ref, actor=SUPPORT)
    assert len(world.claims(NO)) == 1


@pytest.mark.parametrize("state", ["prepared", "sending", "in_doubt", "failed"])
def test_what_is_on_its_way_is_not_corrected(world: World, state: str) -> None:
    invoiced(world, 17)
    old = world.case("6TST5")
    with world.unit(NO) as unit:
        (row,) = claims.find(unit, schema.claim.c.ref == old.ref)
        unit.update(schema.exchange, row["exchange_id"], state=state, sent_at=None)
    for alone in (False, True):
        with pytest.raises(ContentError, match="on its way"):
            corrected(world, old.ref, credit_only=alone)


def test_numbers_and_kids_are_never_used_twice_in_a_long_chain(world: World) -> None:
    invoiced(world, 17)
    ref = "10001"
    for number in range(3):
        rejected_ref(world, ref, number)
        ref = corrected(world, ref).replacement
        world.at(datetime(2026, 4, 16 + number, 7, tzinfo=UTC))
        world.submit(NO)
    with world.reading(NO) as unit:
        rows = claims.find(unit)
        assert views.conservation(unit) == []
    numbers = sorted(row["invoice_number"] for row in rows)
    assert numbers == [str(10001 + each) for each in range(len(rows))]
    kids = [row["kid"] for row in rows if row["kind"] == "debit"]
    assert len(set(kids)) == len(kids) == 4


def rejected_ref(world: World, ref: str, number: int) -> None:
    """An Invoice Response rejects; every other one asks for a credit note."""
    status = b'<cac:Status><cbc:StatusReasonCode listID="OPStatusAction">CNF</cbc:StatusReasonCode></cac:Status>'
    no = response(ref, "RE", id_=f"IR-{ref}")
    world.answer(NO, no.replace(b"</cac:Response>", status + b"</cac:Response>") if number % 2 else no, name=f"n{ref}")

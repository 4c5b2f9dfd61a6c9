"""A claim is corrected as its state allows: credited, claimed anew, in their order, once (S22, S23, S24, S30)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

from hub.errors import ConfigurationError, ContentError
from hub.model.finding import blocking
from hub.model.identity import is_kid, make_kid
from hub.model.money import Money
from hub.paths import examples
from hub.pipeline import lookup, release, views
from hub.pipeline.context import Hub
from hub.pipeline.correct import Corrected, correct
from hub.pipeline.finished import take_finished
from hub.pipeline.views import ClaimView
from hub.policy.corrections import Way
from hub.programmes.corrections import NOTHING, Changes, read_changes
from hub.sandbox.example import PAYER_ACCOUNTS
from hub.sandbox.journal import finished_invoice
from hub.store import access, claims, inbounds, money
from schemas import peppol, ubl, vektis
from tests.scenarios.bank_bytes import Paid, camt054
from tests.scenarios.test_scenario_invoices_no import _mail, _mailbox, invoiced, response
from tests.scenarios.vektis_bytes import Ha305, Line, refs
from tests.scenarios.world import CLINIC, NL, NO, SPRING_2026, SUPPORT, World, no_log, open_hub, rows_of
from tests.scenarios.world import nl_list as example_list

FJORD = "fjord-helse-test"
NORD = "forsikring-nord-test"


def corrected(world: World, ref: str, *given: str, drop: tuple[int, ...] = (), **more: Any) -> Corrected:
    """A person corrects a Norwegian claim."""
    return correct(world.hub, NO, ref, read_changes(given, drop), SUPPORT, **more)


def rejected(world: World, case: str, *, asks: bool = False, reason: str = "Dekningen er brukt opp") -> ClaimView:
    """A case's invoice is rejected by mail, with or without a request for a credit note."""
    view = world.case(case)
    mailbox = _mailbox(world)
    words = f"{reason}. Vennligst send kreditnota" if asks else reason
    mailbox.receive(_mail("noreply@digicare.no", invoice=view.invoice_number, reason=words), signed_by="digicare.no")
    (done,) = world.collect(NO)
    assert done.state == inbounds.PROCESSED
    return world.claims(NO)[view.ref]


def documents(world: World, partner: str) -> dict[str, ubl.Document]:
    """What lies at an insurer by its own number; each passes every published rule."""
    found: dict[str, ubl.Document] = {}
    for data in world.sent(partner):
        assert blocking(peppol.check(data, on=date(2026, 4, 15))) == []
        document = ubl.read(data)
        found[document.number] = document
    return found


def said(world: World, tenant: str, ref: str) -> str:
    """The sentence about a claim."""
    with world.unit(tenant) as unit:
        (view,) = lookup.find(unit, ref, SUPPORT)
        return lookup.why(world.hub, unit, view)["en"]


def total(world: World, tenant: str) -> dict[str, int]:
    """Both equations over all claims."""
    with world.reading(tenant) as unit:
        return views.money_json(unit, views.claim_views(unit), "NOK" if tenant == NO else "EUR")


@pytest.mark.scenario("S22")
def test_an_approved_invoice_takes_no_credit_note_and_a_separate_invoice_is_offered(world: World) -> None:
    invoiced(world, 2)  # the first treatment of 6TST1
    number = world.case("6TST1").invoice_number
    world.answer(NO, response(number, "AP"), name="ap.xml")
    before = world.counts(NO)

    for more in ({"credit_only": True}, {}):
        with pytest.raises(ContentError, match="after approval it takes no credit note") as refused:
            corrected(world, number, **more)
        assert "separate invoice" in refused.value.hint
    assert world.counts(NO) == before, "nothing was made"

    world.log_in(rows_of(no_log(), 3), name="forgotten.csv")  # the forgotten treatment, as was offered
    world.submit(NO)
    sent = documents(world, NORD)
    assert [(one.credit, one.order_reference) for one in sent.values()] == [(False, "6TST1")] * 2
    assert sorted(sent) == ["10001", "10002"]
    assert {view.kind for view in world.claims(NO).values()} == {"debit"}


@pytest.mark.scenario("S22")
def test_silence_and_a_payment_count_as_approval_too(world: World) -> None:
    invoiced(world, 2, 10)  # 6TST1 and 6TST3
    first, third = world.case("6TST1"), world.case("6TST3")
    with pytest.raises(ContentError, match="has not decided it"):
        corrected(world, first.ref)
    with world.reading(NO) as unit:
        row = claims.by_ref(unit, third.ref)
    assert row
    world.bank(NO, "part.xml", camt054(Paid(amount="100.00", kid=row["kid"], account=PAYER_ACCOUNTS[NORD])))
    with pytest.raises(ContentError, match="approved"):
        corrected(world, third.ref)
    world.at(datetime(2026, 4, 22, 7, tzinfo=UTC))
    world.settle(NO)
    assert world.case("6TST1").decision == "presumed_ok"
    with pytest.raises(ContentError, match="no remark"):
        corrected(world, first.ref, credit_only=True)


@pytest.mark.scenario("S23")
def test_a_rejection_that_asks_for_it_gets_credit_note_and_new_invoice(world: World) -> None:
    invoiced(world, 6, 7, 8)  # 6TST2, whose deductible of 500.00 comes off the first treatment
    assert world.case("6TST2").money.claimed == Money(167000, "NOK")
    old = rejected(world, "6TST2", asks=True)
    before = total(world, NO)

    done = corrected(world, old.ref, drop=(3,))
    again = corrected(world, old.ref, drop=(3,))
    assert (done.way, again.again) == (Way.CREDIT_AND_REPLACE, True)
    assert (again.credit, again.replacement, again.message) == (done.credit, done.replacement, done.message)
    world.submit(NO)

    sent = documents(world, "helseforsikring-sor-test")
    note, fresh = sent[done.credit], sent[done.replacement]
    assert (note.credit, note.type_code, fresh.credit, fresh.type_code) == (True, "381", False, "380")
    assert [(one.id, one.issue_date) for one in note.preceding] == [(old.invoice_number, date(2026, 4, 15))]
    assert note.order_reference == fresh.order_reference == "6TST2", "the SakID stands in both"
    assert note.totals.payable
    assert fresh.totals.payable
    assert (note.totals.payable.value, fresh.totals.payable.value) == (Decimal("1670.00"), Decimal("1030.00"))
    assert sorted(sent) == ["10001", "10002", "10003"], "new numbers without a gap"
    kids = {one.payment_means[0].payment_id for one in sent.values() if not one.credit}
    assert len(kids) == 2
    assert all(is_kid(kid) for kid in kids)

    now = world.claims(NO)
    assert now[done.credit].money.claimed == Money(-167000, "NOK")
    after = total(world, NO)
    assert after["claimed_minor"] == 103000, "what is claimed nets to the new invoice"
    assert (before["refused_minor"], after["refused_minor"]) == (167000, 0), "and the refusal to nothing"
    assert after["open_minor"] == 103000
    assert world.tasks(NO, "rejection") == []
    assert "10003 stands in its place" in said(world, NO, old.ref)
    assert "nothing is owed" in said(world, NO, done.credit)


@pytest.mark.scenario("S23")
def test_quota_and_coverage_count_once_after_a_correction(world: World) -> None:
    """6TST2 allows three treatments: three, credited, three again; the freed place is taken by one more, no second."""
    invoiced(world, 6, 7, 8)
    old = rejected(world, "6TST2", asks=True)
    done = corrected(world, old.ref)
    assert world.claims(NO)[done.replacement].money.claimed == old.money.claimed, "the same deductible, once"
    fourth = world.log_in(rows_of(no_log(), 9), name="fourth.csv")
    assert [one.code for one in fourth.outcomes] == ["QUOTA_EXCEEDED"]

    world.submit(NO)
    world.answer(NO, response(done.replacement, "RE", id_="IR-9"), name="again.xml")
    shorter = corrected(world, done.replacement, drop=(3,))
    assert world.claims(NO)[shorter.replacement].money.claimed == Money(103000, "NOK")
    retry = world.log_in(rows_of(no_log(), 9) + b"\n", name="fourth-again.csv")
    assert [one.outcome for one in retry.outcomes] == ["invoice"]
    fifth = world.log_in(rows_of(no_log(), 8), name="fifth.csv")
    assert [one.code for one in fifth.outcomes] == ["QUOTA_EXCEEDED"]


@pytest.mark.scenario("S23")
@pytest.mark.parametrize(
    ("habit", "asks", "way"),
    [
        ("credit_note_when_asked", False, Way.REPLACE),
        ("credit_note_when_asked", True, Way.CREDIT_AND_REPLACE),
        ("credit_note_always", False, Way.CREDIT_AND_REPLACE),
        ("new_invoice_only", False, Way.REPLACE),
        ("new_invoice_only", True, Way.CREDIT_AND_REPLACE),
        ("", False, None),
    ],
)
def test_the_mail_decides_and_where_it_is_silent_the_partners_folder(
    make_world: Callable[..., World], habit: str, asks: bool, way: Way | None
) -> None:
    line = "correction: credit_note_when_asked"
    world = make_world(partners=folder(FJORD, line, f"correction: {habit}" if habit else ""))
    invoiced(world, 17)
    old = rejected(world, "6TST5", asks=asks)
    if way is None:
        with pytest.raises(ContentError, match="does not say whether it wants one") as refused:
            corrected(world, old.ref)
        assert "correction" in refused.value.hint
        return
    done = corrected(world, old.ref)
    assert (done.way, bool(done.credit)) == (way, way is Way.CREDIT_AND_REPLACE)
    world.submit(NO)
    assert (
        sorted(one.credit for one in documents(world, FJORD).values()) == [False, False, True][: 2 + bool(done.credit)]
    )


def folder(partner: str, line: str, instead: str) -> dict[str, str]:
    """The files of a user's own partner that differs from the shipped one in a line."""
    home = examples() / "partners" / partner
    shipped = (home / "partner.yaml").read_text(encoding="utf-8")
    assert line in shipped
    files = {f"{partner}/partner.yaml": shipped.replace(line, instead)}
    codes = home / "codes.csv"
    return files | {f"{partner}/codes.csv": codes.read_text(encoding="utf-8")}


def test_an_invoice_response_asks_by_its_action_code(world: World) -> None:
    invoiced(world, 17)
    number = world.case("6TST5").invoice_number
    status = b'<cac:Status><cbc:StatusReasonCode listID="OPStatusAction">CNF</cbc:StatusReasonCode></cac:Status>'
    refused = response(number, "RE").replace(b"</cac:Response>", status + b"</cac:Response>")
    world.answer(NO, refused, name="ir.xml")
    (task,) = world.tasks(NO, "rejection")
    assert "credit note" in task["action"]["en"]
    assert corrected(world, number).way is Way.CREDIT_AND_REPLACE


def test_a_credit_note_alone_and_the_new_invoice_later(world: World) -> None:
    invoiced(world, 17)
    old = rejected(world, "6TST5", asks=True)
    alone = corrected(world, old.ref, credit_only=True)
    assert (alone.way, alone.replacement) == (Way.CREDIT, "")
    assert "was taken back by" in said(world, NO, old.ref)
    with pytest.raises(ContentError, match="credited already"):
        corrected(world, old.ref, credit_only=True)
    later = corrected(world, old.ref, "therapist_hpr=9999901")
    assert (later.way, later.credit) == (Way.REPLACE, "")
    assert total(world, NO)["claimed_minor"] == 89000


def test_whatever_a_payer_says_of_the_credit_of_a_refusal_no_money_moves(world: World) -> None:
    invoiced(world, 10, 17)  # 6TST3 and 6TST5
    for case, code in (("6TST3", "AP"), ("6TST5", "RE")):
        old = world.case(case)
        world.answer(NO, response(old.invoice_number, "RE", id_=f"no-{case}"), name=f"no-{case}.xml")
        credit = corrected(world, old.ref, credit_only=True).credit
        world.submit(NO)
        before = world.claims(NO)[credit].money
        assert (before.refused, before.open.minor) == (-old.money.claimed, 0)
        world.answer(NO, response(credit, code, id_=f"said-{case}"), name=f"said-{case}.xml")
        view = world.claims(NO)[credit]
        assert (view.decision, view.money) == ({"AP": "granted", "RE": "refused"}[code], before)
    told = [row for row in world.tasks(NO, "rejection") if "did not accept the credit" in row["text"]["en"]]
    assert [row["claim_ref"] for row in told] == [credit]
    assert f"kvitt correct {old.ref}" in told[0]["action"]["nb"]


def test_a_payer_that_grants_what_was_corrected_since_is_a_case(world: World) -> None:
    invoiced(world, 17)
    old = rejected(world, "6TST5")
    done = corrected(world, old.ref)
    world.answer(NO, response(old.invoice_number, "AP", id_="IR-7"), name="ap.xml")
    (task,) = world.tasks(NO, "granted_after_correction")
    assert done.replacement in task["text"]["nl"]
    assert world.claims(NO)[old.ref].decision == "granted", "the payer's word is kept"


def test_other_changes_the_second_time_are_refused_and_nothing_is_lost(world: World) -> None:
    invoiced(world, 17)
    old = rejected(world, "6TST5", asks=True)
    done = corrected(world, old.ref, "therapist_hpr=9999901")
    with pytest.raises(ContentError, match=f"corrected already, by {done.replacement}"):
        corrected(world, old.ref)
    assert len(world.claims(NO)) == 3


@pytest.mark.parametrize(
    ("given", "drop", "told"),
    [
        (("sak_id=NOPE",), (), "SAKID_UNKNOWN"),
        (("price=0",), (), "PRICE_INVALID"),
        (("1.start=2027-01-01 09:00",), (), "OUTSIDE_PERIOD"),
        (("vat_category=S", "vat_rate=25"), (), "VAT_CATEGORY"),
        (("colour=red",), (), "cannot be changed"),
        (("9.price=1.00",), (), "has no 9.price"),
        ((), (1,), "nothing of"),
        ((), (7,), "has no line 7"),
        (("start=soon",), (), "not a moment"),
        (("birth_date=1985",), (), "not a day"),
        (("vat_rate=x",), (), "not a number"),
        (("price=12,5",), (), "not an amount"),
    ],
)
def test_a_correction_that_does_not_pass_changes_nothing(
    world: World, given: tuple[str, ...], drop: tuple[int, ...], told: str
) -> None:
    invoiced(world, 17)
    old = rejected(world, "6TST5", asks=True)
    before = world.counts(NO)
    with pytest.raises(ContentError, match=told):
        corrected(world, old.ref, *given, drop=drop)
    assert world.counts(NO) == before
    done = corrected(world, old.ref)
    assert (done.credit, done.replacement) == ("10002", "10003"), "no number was lost"


@pytest.mark.scenario("S30")
def test_what_the_network_refused_is_withdrawn_and_goes_out_under_a_new_number(world: World) -> None:
    invoiced(world, 17)
    old = world.case("6TST5")
    refused_by_network(world, old.invoice_number)
    view = world.claims(NO)[old.ref]
    assert (view.label, view.decision) == ("rejected_by_network", "open"), "not sent, and judged by nobody"
    (task,) = world.tasks(NO, "refused_by_network")
    assert "BR-13" in task["text"]["en"]

    done = corrected(world, old.ref, "therapist_hpr=9999901")
    assert corrected(world, old.ref, "therapist_hpr=9999901").again
    world.submit(NO)

    assert (done.way, done.replacement) == (Way.RENUMBER, "10002")
    sent = documents(world, FJORD)
    assert sorted(sent) == ["10001", "10002"]
    assert not sent["10002"].credit
    assert sent["10002"].payment_means[0].payment_id != sent["10001"].payment_means[0].payment_id
    now = world.claims(NO)
    assert (now[old.ref].hold, now[old.ref].money.withdrawn.minor) == ("WITHDRAWN", 89000)
    assert now["10002"].money.open.minor == 89000
    assert world.tasks(NO, "refused_by_network") == []
    assert "stands in its place" in said(world, NO, old.ref)


@pytest.mark.scenario("S30")
def test_a_release_of_what_the_network_refused_takes_a_new_number_too(world: World) -> None:
    invoiced(world, 17)
    old = world.case("6TST5")
    refused_by_network(world, old.invoice_number)
    done = release.release(world.hub, NO, old.invoice_number, SUPPORT)
    assert "10002" in done.what
    world.submit(NO)
    assert sorted(documents(world, FJORD)) == ["10001", "10002"]


@pytest.mark.scenario("S30")
def test_a_payer_that_never_sees_such_invoices_may_get_the_same_number(make_world: Callable[..., World]) -> None:
    line = "correction: credit_note_when_asked"
    world = make_world(partners=folder(FJORD, line, f"{line}\nafter_network_refusal: same_number"))
    invoiced(world, 17)
    old = world.case("6TST5")
    with world.reading(NO) as unit:
        (before,) = [row["kid"] for row in claims.find(unit) if row["ref"] == old.ref]
    refused_by_network(world, old.invoice_number)
    done = corrected(world, old.ref, "therapist_hpr=9999901")
    assert (done.way, done.replacement) == (Way.REISSUE, old.ref)
    assert corrected(world, old.ref, "therapist_hpr=9999901").again
    world.submit(NO)
    first, second = world.sent(FJORD)
    assert [ubl.read(data).number for data in (first, second)] == ["10001", "10001"]
    assert first != second
    with world.reading(NO) as unit:
        row = claims.by_ref(unit, old.ref)
    assert row
    assert row["kid"] == before
    assert total(world, NO)["withdrawn_minor"] == 89000


def refused_by_network(world: World, number: str) -> None:
    """A negative message level response to a sent invoice."""
    level = response(number, "RE", reason="BR-13 is violated")
    level = level.replace(b"trns:invoice_response:3", b"trns:mlr:3").replace(b"bis:invoice_response:3", b"bis:mlr:3")
    (done,) = world.answer(NO, level, name="mlr.xml")
    assert done.state == inbounds.PROCESSED


def test_what_nobody_has_seen_is_corrected_under_its_own_number(world: World) -> None:
    """An invoice of a log, before it is sent: the log cannot say it twice, a correction can."""
    world.at(datetime(2026, 4, 15, 7, tzinfo=UTC))
    world.log_in(rows_of(no_log(), 17))
    done = corrected(world, "10001", "therapist_hpr=9999901", "text=Konsultasjon")
    assert (done.way, done.replacement) == (Way.REISSUE, "10001")
    assert corrected(world, "10001", "therapist_hpr=9999901", "text=Konsultasjon").again
    world.submit(NO)
    (document,) = documents(world, FJORD).values()
    assert document.lines[0].item.name == "Konsultasjon"
    assert document.lines[0].property("TherapistHpr") == "9999901"
    with pytest.raises(ContentError, match="has not decided"):
        corrected(world, "10001")
    with pytest.raises(ConfigurationError, match="no claim 4711"):
        corrected(world, "4711")


# The Netherlands.

BSN, OTHER = "999903883", "999931428"


def claimed_nl(world: World, *lines: int) -> bytes:
    """Some rows of the list are claimed at Menzis; gives the file."""
    world.hand_in(rows_of(example_list(), *lines))
    world.submit(NL)
    (sent,) = [data for data in world.sent("menzis") if data[26:30] == b"3332"]
    return sent


def next_file(world: World, known: set[bytes]) -> bytes:
    """The one file that went out since."""
    (found,) = [data for data in world.sent("menzis") if data not in known and data[26:30] == b"3332"]
    assert blocking(vektis.check(found)) == []
    return found


def dutch(world: World, ref: str, *given: str, **more: Any) -> Corrected:
    """A person corrects a Dutch claim."""
    return correct(world.hub, NL, ref, read_changes(given) if given else NOTHING, SUPPORT, **more)


@pytest.mark.scenario("S24")
def test_a_granted_claim_is_credited_in_full_and_the_debit_waits_for_the_yes(world: World) -> None:
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    world.answer(NL, Ha305(sent=sent).bytes(), name="yes")
    assert world.claims(NL)[ref].decision == "granted"

    done = dutch(world, ref, "price=0.91")
    assert dutch(world, ref, "price=0.91").again
    assert done.way is Way.CREDIT_THEN_REPLACE
    assert world.claims(NL)[done.replacement].hold == "AWAITS_CREDIT"
    with pytest.raises(ConfigurationError, match="waits until the credit"):
        release.release(world.hub, NL, done.replacement, SUPPORT)
    world.submit(NL)
    credit = next_file(world, {sent})
    record, original = (
        next(line for line in data.decode("latin-1").split("\r\n") if line[:2] == "04") for data in (credit, sent)
    )
    # Full credit with identical data: nothing differs but the signs, the reference, and the one it takes back.
    differs = {at for at in range(310) if record.ljust(310)[at] != original.ljust(310)[at]}
    assert differs <= {110, 123, *range(124, 164)}, sorted(differs)
    assert (record[123], record[124:144].strip(), record[144:164].strip()) == ("C", done.credit, ref)
    assert "waits until" in said(world, NL, done.replacement)

    world.answer(NL, Ha305(sent=credit, payer_ref="INS-2").bytes(), name="credit-yes")
    assert world.claims(NL)[done.credit].money.outstanding == Money(-105, "EUR")
    assert world.claims(NL)[done.replacement].hold == ""
    world.submit(NL)
    debit = next_file(world, {sent, credit})
    assert refs(debit) == {BSN: done.replacement}
    assert total(world, NL)["claimed_minor"] == 91
    assert dutch(world, ref, "price=0.91").again, "also when all is done"


@pytest.mark.scenario("S24")
def test_a_refused_credit_keeps_the_debit_from_ever_being_sent(world: World) -> None:
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    world.answer(NL, Ha305(sent=sent).bytes(), name="yes")
    done = dutch(world, ref, "price=0.91")
    world.submit(NL)
    credit = next_file(world, {sent})
    no = Ha305(sent=credit, lines={BSN: Line(0, [("0403", "101")])}, payer_ref="INS-2")
    world.answer(NL, no.bytes(), name="credit-no")

    held = world.claims(NL)[done.replacement]
    assert (held.hold, held.money.withdrawn.minor) == ("WITHDRAWN", 91)
    world.submit(NL)
    assert set(world.sent("menzis")) == {sent, credit}, "the debit is not sent"
    (task,) = [row for row in world.tasks(NL, "rejection") if row["claim_ref"] == done.credit]
    assert "did not accept the credit" in task["text"]["nl"] or "accepteerde" in task["text"]["nl"]
    assert world.claims(NL)[ref].money.granted == Money(105, "EUR"), "the claim stands as it was"

    second = dutch(world, ref, "price=0.91")
    assert (second.way, second.again) == (Way.CREDIT_THEN_REPLACE, False)
    assert {second.credit, second.replacement}.isdisjoint({done.credit, done.replacement})
    world.submit(NL)
    third = next_file(world, {sent, credit})
    world.answer(NL, Ha305(sent=third, payer_ref="INS-3").bytes(), name="credit-yes")
    world.submit(NL)
    assert refs(next_file(world, {sent, credit, third})) == {BSN: second.replacement}


@pytest.mark.scenario("S24")
def test_a_credit_is_always_whole_also_of_a_changed_line(world: World) -> None:
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    world.answer(NL, Ha305(sent=sent, lines={BSN: Line(55)}).bytes(), name="less")
    done = dutch(world, ref)
    assert world.claims(NL)[done.credit].money.claimed == Money(-55, "EUR"), "all that was awarded"
    with pytest.raises(ContentError, match="credited already"):
        dutch(world, ref, credit_only=True)
    with pytest.raises(ContentError, match="a credit itself is never corrected"):
        dutch(world, done.credit)


@pytest.mark.scenario("S24")
def test_a_credit_that_is_refused_after_all_is_for_a_person_once_its_debit_is_out(world: World) -> None:
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    world.answer(NL, Ha305(sent=sent).bytes(), name="yes")
    done = dutch(world, ref, "price=0.91")
    world.submit(NL)
    credit = next_file(world, {sent})
    world.answer(NL, Ha305(sent=credit, payer_ref="INS-2").bytes(), name="credit-yes")
    world.submit(NL)
    no = Ha305(sent=credit, lines={BSN: Line(0, [("0403", "101")])}, payer_ref="INS-3")
    world.answer(NL, no.bytes(), name="credit-no")
    assert world.claims(NL)[done.replacement].transport == "sent", "what the payer has is not taken back"
    assert [row["claim_ref"] for row in world.tasks(NL, "rejection")] == [done.credit]


@pytest.mark.scenario("S24")
def test_what_waits_for_a_credit_is_listed_with_its_reason(world: World) -> None:
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    world.answer(NL, Ha305(sent=sent).bytes(), name="yes")
    done = dutch(world, ref)
    with world.reading(NL) as unit:
        (held,) = [each for each in lookup.held(unit) if each["ref"] == done.replacement]
    assert held["code"] == "AWAITS_CREDIT"
    assert ref in held["why"]["nl"]


@pytest.mark.scenario("S24")
def test_a_credit_made_alone_gets_its_debit_later(world: World) -> None:
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    world.answer(NL, Ha305(sent=sent).bytes(), name="yes")
    alone = dutch(world, ref, credit_only=True)
    joined = dutch(world, ref, "price=0.91")
    assert (joined.way, joined.credit) == (Way.CREDIT_THEN_REPLACE, alone.credit), "the one credit there is"
    assert world.claims(NL)[joined.replacement].hold == "AWAITS_CREDIT"


@pytest.mark.scenario("S24")
def test_after_an_accepted_credit_the_debit_goes_out_at_once(world: World) -> None:
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    world.answer(NL, Ha305(sent=sent).bytes(), name="yes")
    dutch(world, ref, credit_only=True)
    world.submit(NL)
    credit = next_file(world, {sent})
    world.answer(NL, Ha305(sent=credit, payer_ref="INS-2").bytes(), name="credit-yes")
    later = dutch(world, ref, "code=14500", "performer=01099012")
    assert (later.way, later.credit, world.claims(NL)[later.replacement].hold) == (Way.REPLACE, "", "")


def test_a_refused_claim_is_claimed_anew_under_a_new_reference_never_credited(world: World) -> None:
    sent = claimed_nl(world, 2, 3)
    ref = refs(sent)[BSN]
    world.answer(NL, Ha305(sent=sent, lines={BSN: Line(0, [("0403", "101")])}).bytes(), name="no")
    with pytest.raises(ContentError, match="nothing to credit"):
        dutch(world, ref, credit_only=True)
    done = dutch(world, ref, "insured_number=900000777", "birth_date=1961-03-21")
    assert (done.way, done.credit) == (Way.REPLACE, "")
    world.submit(NL)
    again = next_file(world, {sent})
    assert refs(again) == {BSN: done.replacement}
    assert b"900000777" in again
    assert b"19610321" in again
    assert world.tasks(NL, "rejection") == []
    assert total(world, NL)["refused_minor"] == 105, "a refusal stays a refusal"
    with world.reading(NL) as unit:
        row = claims.by_ref(unit, done.replacement)
        assert row
        (line,) = claims.load(unit, [row])[0].lines
    assert (line.previous_ref, line.ref) == (ref, done.replacement)


def test_a_corrected_list_after_a_correction_is_still_one_after_submission(world: World) -> None:
    """The only claim of a list was refused and claimed anew: the list again must not claim the person a third time."""
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    world.answer(NL, Ha305(sent=sent, lines={BSN: Line(0, [("0403", "101")])}).bytes(), name="no")
    dutch(world, ref)
    receipt = world.hand_in(rows_of(example_list(), 2, 3), name="later.csv")
    assert receipt.code == "ALREADY_SUBMITTED"
    assert receipt.facts["added"] == 1
    assert len(world.claims(NL)) == 2


def test_another_insurer_is_claimed_when_the_number_says_so(world: World) -> None:
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    world.answer(NL, Ha305(sent=sent, lines={BSN: Line(0, [("0403", "101")])}).bytes(), name="no")
    with pytest.raises(ContentError, match="one line, which cannot be left out"):
        correct(world.hub, NL, ref, read_changes([], [1]), SUPPORT)
    with pytest.raises(ContentError, match="no insurer is known by UZOVI 0000"):
        dutch(world, ref, "payer_code=0000")
    done = dutch(world, ref, "payer_code=7095", "price=0.91")
    world.submit(NL)
    (there,) = world.sent("vgz")
    assert refs(there) == {BSN: done.replacement}


def test_what_vecozo_refused_is_corrected_under_the_same_reference(world: World) -> None:
    sent = claimed_nl(world, 2, 3)
    ref = refs(sent)[BSN]
    fault = Ha305(sent=sent, lines={BSN: Line(0, [("0403", "101")]), "999911247": Line(0)})
    world.answer(NL, fault.bytes(), name="vecozo", meta={"sent_by": "clearing"})
    assert world.claims(NL)[ref].hold == "REFUSED_BY_CLEARING"
    done = dutch(world, ref, "insured_number=900000777")
    assert (done.way, done.replacement) == (Way.REISSUE, ref)
    assert dutch(world, ref, "insured_number=900000777").again
    world.submit(NL)
    again = next_file(world, {sent})
    assert refs(again) == {BSN: ref}
    assert b"900000777" in again
    assert [row for row in world.tasks(NL, "rejection") if row["claim_ref"] == ref] == []


@pytest.mark.parametrize(
    ("rule", "day", "outcome"),
    [
        ("{kind: days_after_retour, source: t, settings: {days: 60}}", datetime(2024, 3, 15, 8, tzinfo=UTC), ""),
        (
            "{kind: days_after_retour, source: t, settings: {days: 60}}",
            datetime(2024, 4, 1, 8, tzinfo=UTC),
            "2024-03-15",
        ),
        ("{kind: days_after_retour, source: t, settings: {days: 60, care: ggz}}", datetime(2024, 9, 1, tzinfo=UTC), ""),
        (
            '{kind: days_after_retour, source: t, settings: {days: 60, reclaim_codes: "02 03"}}',
            datetime(2024, 1, 16, 8, tzinfo=UTC),
            "02, 03",
        ),
        (
            '{kind: days_after_retour, source: t, settings: {days: 60, reclaim_codes: "02"}}',
            datetime(2024, 1, 16, 8, tzinfo=UTC),
            "code 02",
        ),
    ],
)
def test_claiming_again_keeps_to_the_payers_term_and_code(
    make_world: Callable[..., World], rule: str, day: datetime, outcome: str
) -> None:
    home = examples().parent / "connectors" / "partners" / "menzis"
    text = (home / "partner.yaml").read_text(encoding="utf-8") + f"\nrules:\n  - {rule}\n"
    files = {"menzis/partner.yaml": text, "menzis/codes.csv": (home / "codes.csv").read_text(encoding="utf-8")}
    world = make_world(partners=files)
    sent = claimed_nl(world, 2)
    (ref,) = refs(sent).values()
    world.answer(NL, Ha305(sent=sent, lines={BSN: Line(0, [("0403", "101")])}).bytes(), name="no")
    world.at(max(day, world.clock.now()))
    if outcome.startswith("20") or "," in outcome:
        with pytest.raises(ContentError, match=outcome):
            dutch(world, ref)
    if outcome.startswith("20"):
        return
    chosen = ("reclaim_code=03",) if "," in outcome else ()
    done = dutch(world, ref, *chosen)
    with world.reading(NL) as unit:
        row = claims.by_ref(unit, done.replacement)
        assert row
        (line,) = claims.load(unit, [row])[0].lines
    assert line.reclaim_code == {"02, 03": "03", "code 02": "02"}.get(outcome, "")


_WRITES = [
    (claims, "add"),
    (money, "post"),
    (money, "post"),
    (money, "add_decision"),
    (claims, "add"),
    (access, "record"),
]


@pytest.mark.parametrize("at", range(len(_WRITES)), ids=lambda at: f"{at}-{_WRITES[at][1]}")
def test_a_crash_half_way_leaves_nothing_and_the_next_try_does_it_once(
    world: World, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Each write of a correction in turn is the last thing that happens before the process is gone."""
    invoiced(world, 17)
    old = rejected(world, "6TST5", asks=True)
    before, waiting = world.counts(NO), world.tasks(NO)
    module, name = _WRITES[at]
    nth, calls, real = _WRITES[: at + 1].count((module, name)), 0, getattr(module, name)

    def last(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        done = real(*args, **named)
        if calls == nth:
            raise KeyboardInterrupt
        return done

    with monkeypatch.context() as patch:
        patch.setattr(module, name, last)
        with pytest.raises(KeyboardInterrupt):
            corrected(world, old.ref)
    world.restart()
    assert (world.counts(NO), world.tasks(NO)) == (before, waiting)
    done = corrected(world, old.ref)
    assert (done.credit, done.replacement) == ("10002", "10003")
    assert len(world.claims(NO)) == 3


def test_two_people_who_correct_the_same_invoice_at_once_get_one_correction(world: World) -> None:
    invoiced(world, 17)
    old = rejected(world, "6TST5", asks=True)
    hubs = [open_hub(world.database.url, world.home, world.clock) for _ in range(4)]
    ready = Barrier(len(hubs))

    def press(hub: Hub) -> Corrected:
        ready.wait(timeout=30)
        return correct(hub, NO, old.ref, NOTHING, SUPPORT)

    with ThreadPoolExecutor(len(hubs)) as pool:
        done = list(pool.map(press, hubs))
    for hub in hubs:
        hub.store.close()
    assert sorted(one.again for one in done) == [False, True, True, True]
    assert {(one.credit, one.replacement) for one in done} == {("10002", "10003")}
    assert len(world.claims(NO)) == 3


def test_a_finished_document_is_corrected_by_the_system_it_came_from(world: World) -> None:
    clinic, payer = (CLINIC, "Eksempelklinikken TEST AS"), ("310000914", "Forsikring Nord TEST")
    data = finished_invoice(
        "77123",
        sak_id="6TST6",
        issued=date(2026, 4, 15),
        seller=clinic,
        buyer=payer,
        kid=make_kid("77123", length=10),
        account="99990101015",
        amount="640.00",
    )
    world.at(SPRING_2026)
    taken = take_finished(world.hub, NO, data, "x.xml", SUPPORT)
    assert taken.claims == ("77123",), taken.findings
    with pytest.raises(ContentError, match="finished document"):
        corrected(world, "77123")
    world.submit(NO)
    assert world.sent(NORD) == [data]


def test_a_correction_is_logged_and_names_nobody(world: World) -> None:
    invoiced(world, 17)
    old = rejected(world, "6TST5")
    corrected(world, old.ref, "birth_date=1985-07-07")
    with world.reading(NO) as unit:
        (event,) = [one for one in access.events(unit) if one["action"] == "correct"]
    assert (event["object"], event["actor"]) == (f"claim/{old.ref}", "support")


def test_changes_are_the_same_in_any_order() -> None:
    one, other = read_changes(["2.price=1.00", "text=a=b"], [3]), read_changes(["text=a=b", "2.price=1.00"], [3, 3])
    assert (one, one.digest) == (other, other.digest)
    assert one.digest != read_changes(["2.price=1.01", "text=a=b"], [3]).digest
    assert Changes() == NOTHING
    assert one.of(2, "text") == "a=b"
    with pytest.raises(ContentError, match="'price' is no change"):
        read_changes(["price"])
    assert replace(NOTHING, drop=frozenset({1})).digest != NOTHING.digest

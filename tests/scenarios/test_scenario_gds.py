"""Mental health care (zorgprestatiemodel): from a practice's list to a GDS801 message and back by GDS802 responses."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from hub.errors import ConfigurationError, ContentError, OutcomeUnknown
from hub.formats import AnswerContext, read_beside
from hub.model.exchange import Message, Probe, Receipt
from hub.model.finding import blocking
from hub.model.money import Money
from hub.paths import examples
from hub.pipeline import intake, release
from hub.pipeline.correct import correct
from hub.pipeline.finished import take_finished
from hub.pipeline.intake import IntakeRequest, IntakeResult
from hub.pipeline.intake.maps import UnconfirmedColumnsError
from hub.pipeline.views import ClaimView
from hub.policy.corrections import Way
from hub.programmes.corrections import NOTHING, read_changes
from hub.sandbox.bank import Booking, camt053_file
from hub.sandbox.example import GGZ_PRACTICE, PAYER_ACCOUNTS
from hub.store import claims, declarations, exchanges, inbounds, money, parties
from schemas import gds
from tests.scenarios.gds_bytes import Gds802, Said, lines, sent_root, text
from tests.scenarios.world import NL, SUPPORT, World, nl_list

ZK = "zilveren-kruis"
FIRST, CHANGED, REFUSED, SECOND = "R000000001", "R000000002", "R000000003", "R000000004"
HERE = datetime(2024, 1, 22, 8, tzinfo=UTC)


def performances() -> bytes:
    """The example list."""
    return (examples() / "nl" / "nl_zpm_performances.csv").read_bytes()


def hand_in(world: World, data: bytes, name: str = "zpm.csv") -> IntakeResult:
    """The mental health practice hands a list in."""
    request = IntakeRequest(programme="zpm-performances", organisation=GGZ_PRACTICE, name=name)
    return intake.take(world.hub, NL, request, data, SUPPORT)


def messages(world: World, partner: str = ZK) -> list[bytes]:
    """The GDS801 messages that lie at an insurer by their number; each passes VECOZO's rules."""
    found = sorted((data for data in world.sent(partner) if gds.is_gds(data)), key=number_of)
    assert [blocking(gds.check(data, on=world.clock.now().date())) for data in found] == [[]] * len(found)
    return found


def number_of(message: bytes) -> str:
    """Our invoice number of a message."""
    return text(sent_root(message), "DeclaratieContext/Factuurnummer")


@pytest.fixture
def sent(world: World) -> bytes:
    """The message of the example list, as it was sent."""
    world.at(HERE)
    hand_in(world, performances())
    world.submit(NL)
    (message,) = messages(world)
    return message


def decided(world: World) -> dict[str, tuple[str, int, int]]:
    """Every claim's decision with what is granted and refused, in cents."""
    return {
        ref: (view.decision, view.money.granted.minor, view.money.refused.minor) for ref, view in views(world).items()
    }


def views(world: World) -> dict[str, ClaimView]:
    """The practice's claims."""
    return {ref: view for ref, view in world.claims(NL).items() if view.provider == GGZ_PRACTICE}


ANSWERED = {
    CHANGED: Said("98.10", [("8059", "")]),
    REFUSED: Said("0.00", [("8632", "TypeVerwijzingcode")]),
    SECOND: Said("156.25", [("0200", "")]),
}
STANDING = {
    FIRST: ("granted", 15625, 0),
    CHANGED: ("changed", 9810, 2230),
    REFUSED: ("refused", 0, 18750),
    SECOND: ("granted", 15625, 0),
}


def test_every_row_has_the_outcome_the_expected_file_says(world: World) -> None:
    world.at(HERE)
    result = hand_in(world, performances())
    expected = (examples() / "nl" / "nl_zpm_performances_expected.csv").read_text().splitlines()
    wanted = [
        (int(row["line"]), row["row_id"], row["outcome"], row["code"])
        for row in csv.DictReader(expected, delimiter=";")
    ]
    assert [(one.line, one.row_id, one.outcome, one.code) for one in result.outcomes] == wanted
    counts = result.counts()
    assert (counts["rows"], counts["claims"], counts["held"], counts["excluded"]) == (6, 4, 1, 1)
    assert counts["dropped_columns"] == ["setting (column 10)"], "what the claim does not need is not kept"
    (task,) = world.tasks(NL, "rows_held")
    assert "1 × Care trajectory missing" in task["text"]["en"]
    assert "1 × Zorgtraject" in task["text"]["nl"], task["text"]["nl"]
    (held,) = [one for one in result.outcomes if one.outcome == "hold"]
    assert held.message["nl"].startswith("Het zorgtrajectnummer")


def test_a_list_becomes_one_message_with_what_the_claims_need_and_no_more(sent: bytes) -> None:
    root = sent_root(sent)
    assert {
        name: text(root, f"Header/{name}") for name in ("Verzender", "VerzenderRol", "Ontvanger", "OntvangerRol")
    } == {
        "Verzender": "98099901",
        "VerzenderRol": "2",
        "Ontvanger": "3311",
        "OntvangerRol": "3",
    }
    assert text(root, "DeclaratieContext/Declarant/Zorgaanbiedercode") == GGZ_PRACTICE
    assert text(root, "DeclaratieContext/BegindatumDeclaratieperiode") == "2024-01-08"
    assert text(root, "Overzicht/TotaalDeclaratiebedragInclBtw/Bedrag") == "620.40"
    asked = lines(sent)
    assert list(asked) == [FIRST, SECOND, CHANGED, REFUSED], "one person's performances stand together"
    assert {ref: one["DeclaratieBedragInclBtw"] for ref, one in asked.items()} == {
        FIRST: "156.25", SECOND: "156.25", CHANGED: "120.40", REFUSED: "187.50",
    }  # fmt: skip
    first, private = asked[FIRST], asked[CHANGED]
    assert (first["Begindatum"], first["Begintijd"], first["Eindtijd"]) == ("2024-01-08", "09:00:00", "09:45:00")
    assert (first["DiagnoseCodelijstCode"], first["Diagnosecode"]) == ("029", "12")
    assert private["PrivacyCode"] == "true"
    assert "Diagnosecode" not in private, "a privacy declaration: no diagnosis leaves us"


@pytest.mark.scenario("S07")
def test_the_whole_story_is_answered_paid_and_conserved(world: World, sent: bytes) -> None:
    (done,) = world.answer(NL, Gds802(sent=sent, says=ANSWERED).bytes())
    assert (done.kind, done.state) == ("vektis-GDS802-1.0", inbounds.PROCESSED)
    assert decided(world) == STANDING
    with world.reading(NL) as unit:
        account = parties.organisation(unit, GGZ_PRACTICE).party.account
    booking = Booking(
        id="zk1",
        amount=Money(41060, "EUR"),
        booked=date(2024, 2, 5),
        account=account,
        payer_account=PAYER_ACCOUNTS[ZK],
        payer_name="Zilveren Kruis",
        text=f"declaratie {text(sent_root(sent), 'DeclaratieContext/Factuurnummer')}",
    )
    world.at(datetime(2024, 2, 5, 9, tzinfo=UTC))
    world.bank(NL, "zk.xml", camt053_file([booking], message="ZK-1", created=world.clock.now()))
    paid = {ref: view.money.received.minor for ref, view in views(world).items()}
    assert paid == {FIRST: 15625, CHANGED: 9810, REFUSED: 0, SECOND: 15625}
    assert {view.money.outstanding.minor for view in views(world).values()} == {0}


@pytest.mark.scenario("S02")
def test_the_same_list_twice_and_then_completed_claims_every_performance_once(world: World, sent: bytes) -> None:
    before = world.counts(NL)
    again = hand_in(world, performances(), "renamed.csv")
    assert (again.status, world.counts(NL)) == ("already_received", before)

    completed = performances().replace(b"156,25;;01;03-01-2024", b"156,25;ZT-2024-004;01;03-01-2024")
    result = hand_in(world, completed)
    assert [one.outcome for one in result.outcomes] == ["skip", "skip", "skip", "skip", "claim", "skip"]
    assert world.tasks(NL, "rows_held") == [], "the held row came again, completed"
    world.submit(NL)
    first, second = messages(world)
    assert first == sent
    assert [one["DeclaratieBedragInclBtw"] for one in lines(second).values()] == ["156.25"]
    assert text(sent_root(second), "Header/Referentienummer") != text(sent_root(first), "Header/Referentienummer")


@pytest.mark.scenario("S08")
def test_the_same_response_again_changes_nothing(world: World, sent: bytes) -> None:
    response = Gds802(sent=sent, says=ANSWERED)
    world.answer(NL, response.bytes(), name="first.xml")
    before = world.counts(NL)
    again = [
        world.answer(NL, response.bytes(), name="first.xml"),
        world.answer(NL, response.bytes(), name="again.xml"),
        world.answer(NL, replace(response, day="2024-01-25").bytes(), name="anew.xml"),
    ]
    assert [one.state for (one,) in again] == [inbounds.DUPLICATE] * 3
    assert (world.counts(NL), decided(world)) == (before, STANDING)


class Silent:
    """A channel on which something may have arrived, and that cannot be asked."""

    can_lookup = False

    def deliver(self, message: Message) -> Receipt:
        raise OutcomeUnknown(f"the line went dead while {message.name} was on it")

    def lookup(self, key: str) -> Receipt | None:
        raise OutcomeUnknown(key)

    def collect(self) -> list[object]:
        return []

    def confirm(self, remote_id: str) -> None:
        del remote_id

    def probe(self) -> Probe:
        return Probe(ok=False, text="dead")


@pytest.mark.scenario("S07")
def test_a_response_before_we_know_that_it_arrived_counts_and_nothing_is_sent_again(world: World) -> None:
    world.at(HERE)
    hand_in(world, performances())
    live, world.hub = world.hub, replace(world.hub, open_channel=lambda _partner, _agreement: Silent())
    world.submit(NL)
    (row,) = world.exchanges(NL)
    assert row["state"] == "in_doubt"
    with world.reading(NL) as unit:
        unconfirmed = exchanges.message(unit, row).payload

    world.answer(NL, Gds802(sent=unconfirmed, says=ANSWERED).bytes())
    assert decided(world) == STANDING

    world.hub = live
    world.submit(NL)
    assert messages(world) == []
    assert {view.transport for view in views(world).values()} == {"delivered"}


def test_lines_that_a_response_does_not_name_wait_when_its_totals_do_not_fit(world: World, sent: bytes) -> None:
    (done,) = world.answer(NL, Gds802(sent=sent, says=ANSWERED, awarded="999.99").bytes())
    assert done.state == inbounds.TRIAGE
    assert decided(world) == STANDING | {FIRST: ("open", 0, 0)}


def test_a_response_that_names_no_line_grants_all_when_its_totals_say_so(world: World, sent: bytes) -> None:
    world.answer(NL, Gds802(sent=sent).bytes())
    assert {one[0] for one in decided(world).values()} == {"granted"}
    assert sum(one[1] for one in decided(world).values()) == 62040


def test_totals_that_award_nothing_without_a_reason_are_for_a_person(world: World, sent: bytes) -> None:
    (done,) = world.answer(NL, Gds802(sent=sent, awarded="0.00").bytes())
    assert done.state == inbounds.TRIAGE
    assert {one[0] for one in decided(world).values()} == {"open"}


def test_an_insurer_that_refuses_the_message_refuses_every_line(world: World, sent: bytes) -> None:
    world.answer(NL, Gds802(sent=sent, message_codes={"DeclaratieContext": "8022"}).bytes())
    assert {one[0] for one in decided(world).values()} == {"refused"}
    with world.reading(NL) as unit:
        ids = [line["id"] for line in claims.lines(unit, [row["id"] for row in claims.find(unit)])]
        codes = {code["code"] for one in money.decisions(unit, ids) for code in one["codes"]}
    assert codes == {"8022"}


@pytest.mark.scenario("S09")
def test_an_unknown_code_refuses_and_stays_as_it_came(world: World, sent: bytes) -> None:
    world.answer(NL, Gds802(sent=sent, says={REFUSED: Said("0.00", [("7X7Z", "Prestatiecode")])}).bytes())
    assert decided(world)[REFUSED] == ("refused", 0, 18750)
    (task,) = world.tasks(NL, "rejection")
    assert "COD954:7X7Z" in task["text"]["nl"]


@pytest.mark.scenario("S09")
def test_a_response_about_an_unknown_invoice_changes_nothing_and_is_told(world: World, sent: bytes) -> None:
    before = decided(world)
    (done,) = world.answer(NL, Gds802(sent=sent, says=ANSWERED, number="KV9999999999").bytes())
    assert done.state == inbounds.TRIAGE
    assert decided(world) == before
    (task,) = world.tasks(NL, "unknown_answer")
    assert "KV9999999999" in task["text"]["en"]


@pytest.mark.parametrize("strange", [{"sender": "3332"}, {"payee": "94099902"}])
def test_a_response_of_another_insurer_or_to_another_payee_is_not_applied(
    world: World, sent: bytes, strange: dict[str, str]
) -> None:
    (done,) = world.answer(NL, Gds802(sent=sent, says=ANSWERED, **strange).bytes())  # type: ignore[arg-type]
    assert done.state == inbounds.TRIAGE
    assert {one[0] for one in decided(world).values()} == {"open"}


def test_one_number_of_two_payees_is_told_apart_by_who_is_paid(world: World) -> None:
    """Numbers are the payee's own: the care group's first file and the practice's first message are both the first."""
    world.hand_in(nl_list())
    world.submit(NL)
    world.at(HERE)
    hand_in(world, performances())
    world.submit(NL)
    (message,) = messages(world)
    number = text(sent_root(message), "DeclaratieContext/Factuurnummer")
    assert [view.claimant for view in world.claims(NL).values() if view.invoice_number == number].count(
        GGZ_PRACTICE
    ) == 4
    assert len({view.claimant for view in world.claims(NL).values() if view.invoice_number == number}) == 2
    asked = {one["DeclaratieBedragInclBtw"]: ref for ref, one in lines(message).items()}
    world.answer(NL, Gds802(sent=message, says={asked["120.40"]: Said("98.10", [("8059", "")])}).bytes())
    mine = views(world)
    assert (mine[asked["120.40"]].decision, mine[asked["187.50"]].decision) == ("changed", "granted")
    assert {view.decision for view in world.claims(NL).values() if view.provider != GGZ_PRACTICE} == {"open"}


def test_an_award_that_is_not_paid_is_neither_granted_nor_refused(world: World, sent: bytes) -> None:
    (done,) = world.answer(NL, Gds802(sent=sent, says={REFUSED: Said("0.00", [("8059", "")], unpaid="187.50")}).bytes())
    assert done.state == inbounds.TRIAGE
    assert decided(world)[REFUSED] == ("open", 0, 0)
    told = [task["text"]["en"] for task in world.tasks(NL, "triage")]
    assert any("187.50" in each and "not paid out" in each for each in told)


def test_nothing_awarded_without_a_code_is_not_taken_for_a_refusal(world: World, sent: bytes) -> None:
    world.answer(NL, Gds802(sent=sent, says={REFUSED: Said("0.00")}).bytes())
    assert decided(world)[REFUSED] == ("open", 0, 0)


@pytest.mark.scenario("S11")
def test_what_vecozo_refuses_comes_out_and_the_rest_goes_again_under_the_same_references(
    world: World, sent: bytes
) -> None:
    (done,) = world.answer(
        NL, Gds802(sent=sent, role="6", says={REFUSED: Said("0.00", [("8632", "Verwijzer")])}).bytes()
    )
    assert done.state == inbounds.PROCESSED
    assert {one[0] for one in decided(world).values()} == {"open"}, "the companions are not rejected"
    mine = views(world)
    assert {ref: view.hold for ref, view in mine.items() if view.hold} == {REFUSED: "REFUSED_BY_CLEARING"}
    assert {view.transport for view in mine.values()} == {"refused"}
    number = text(sent_root(sent), "DeclaratieContext/Factuurnummer")

    release.release(world.hub, NL, number, SUPPORT)
    world.submit(NL)
    _, rest = messages(world)
    assert set(lines(rest)) == {FIRST, CHANGED, SECOND}, "the same references, without the bad line"

    made = correct(world.hub, NL, REFUSED, read_changes(["referrer_agb=03099011"]), SUPPORT)
    assert (made.way, made.replacement) == (Way.REISSUE, REFUSED), "nobody judged it: its reference may be used again"
    world.submit(NL)
    last = messages(world)[-1]
    assert {ref: one["Zorgaanbiedercode"] for ref, one in lines(last).items()} == {REFUSED: "94099912"}
    assert b"03099011" in last


@pytest.mark.scenario("S11")
def test_a_person_vecozo_refuses_without_naming_a_performance_stays_out_until_somebody_has_looked(
    world: World, sent: bytes
) -> None:
    asked = lines(sent)
    refused = asked[FIRST]["BSN"]
    theirs = {ref for ref, one in asked.items() if one["BSN"] == refused}
    assert theirs == {FIRST, SECOND}

    (done,) = world.answer(NL, Gds802(sent=sent, role="6", insured_codes={refused: "0435"}).bytes())

    assert done.state == inbounds.PROCESSED
    held = {ref: view.hold for ref, view in views(world).items() if view.hold}
    assert held == dict.fromkeys(theirs, "REFUSED_BY_CLEARING"), "all that was sent for that person, nobody else's"
    assert {one[0] for one in decided(world).values()} == {"open"}, "the clearing house judges nothing"
    told = world.tasks(NL, "rejection")
    assert {task["claim_ref"] for task in told} == theirs
    assert all("COD954:0435" in task["text"]["nl"] for task in told)
    assert refused not in str([(task["text"], task["action"], task["evidence"]) for task in world.tasks(NL)])

    release.release(world.hub, NL, number_of(sent), SUPPORT)
    world.submit(NL)
    _, rest = messages(world)
    assert set(lines(rest)) == {CHANGED, REFUSED}, "the other persons' claims, once more under their references"

    release.release(world.hub, NL, SECOND, SUPPORT)
    world.submit(NL)
    *_, alone = messages(world)
    assert set(lines(alone)) == {SECOND}, "one a person has read and let go"


@pytest.mark.scenario("S11")
def test_a_refused_person_with_one_faulty_performance_named_keeps_the_other_back_too(world: World, sent: bytes) -> None:
    faulty = Gds802(
        sent=sent,
        role="6",
        says={SECOND: Said("0.00", [("8632", "Verwijzer")])},
        insured_codes={lines(sent)[FIRST]["BSN"]: "0435"},
    )
    world.answer(NL, faulty.bytes())
    codes = {task["claim_ref"]: task["text"]["en"] for task in world.tasks(NL, "rejection")}
    assert set(codes) == {FIRST, SECOND}
    assert "8632" in codes[SECOND]
    assert "8632" not in codes[FIRST], "each with its own codes"


@pytest.mark.scenario("S11")
def test_a_level_above_a_performance_refuses_its_person_only(sent: bytes) -> None:
    """A Prestatie with feedback and no performance in it, and a performance without our reference."""
    answer = Gds802(sent=sent, role="6", says={CHANGED: Said("0.00", [("8632", "")])}).bytes()
    for wrapped in (
        re.sub(rb"<DebetPrestatie>.*?(<Feedback>.*?</Feedback>)</DebetPrestatie>", rb"\1", answer),
        answer.replace(f"<Referentienummer>{CHANGED}</Referentienummer>".encode(), b""),
    ):
        assert wrapped != answer
        (read,) = read_beside(wrapped, sent, AnswerContext())
        assert [(one.line_ref, one.verdict.value, str(one.codes[0])) for one in read.decisions] == [
            (CHANGED, "refused", "COD954:8632")
        ]


@pytest.mark.scenario("S11")
def test_a_refused_person_who_is_not_in_the_message_stops_it_until_somebody_says_who_it_is(
    world: World, sent: bytes
) -> None:
    """VECOZO names a BSN we never sent: whose claims are meant is not guessed, and none of them goes again unread."""
    first = lines(sent)[FIRST]["BSN"]
    answer = Gds802(sent=sent, role="6", insured_codes={first: "0435"}).bytes().replace(first.encode(), b"999990019")
    (done,) = world.answer(NL, answer)
    assert done.state == inbounds.TRIAGE
    assert {view.hold for view in views(world).values()} == {""}
    (task,) = world.tasks(NL, "refused_unplaced")
    assert "COD954:0435" in task["text"]["nl"]
    assert "--evidence" in task["action"]["nl"]
    assert "999990019" not in str((task["text"], task["action"], task["evidence"]))

    with pytest.raises(ConfigurationError, match="none of its lines"):
        release.release(world.hub, NL, number_of(sent), SUPPORT)
    world.submit(NL)
    assert len(messages(world)) == 1, "nothing goes again"

    release.release(world.hub, NL, number_of(sent), SUPPORT, evidence="VECOZO mixed up two files, called 24 January")
    assert world.tasks(NL, "refused_unplaced") == []
    world.submit(NL)
    _, again = messages(world)
    assert set(lines(again)) == set(lines(sent))


@pytest.mark.scenario("S11")
def test_a_refused_reference_that_is_none_of_ours_stops_the_file_as_well(world: World, sent: bytes) -> None:
    answer = Gds802(sent=sent, role="6", says={REFUSED: Said("0.00", [("8632", "")])}).bytes()
    world.answer(NL, answer.replace(REFUSED.encode(), b"R000009999"))
    assert [task["kind"] for task in world.tasks(NL, "refused_unplaced")] == ["refused_unplaced"]
    with pytest.raises(ConfigurationError, match="none of its lines"):
        release.release(world.hub, NL, number_of(sent), SUPPORT)


@pytest.mark.scenario("S24")
def test_a_refused_performance_is_claimed_anew_with_the_payers_code_and_never_credited(
    world: World, sent: bytes
) -> None:
    world.answer(NL, Gds802(sent=sent, says=ANSWERED).bytes())
    with pytest.raises(ContentError):
        correct(world.hub, NL, REFUSED, NOTHING, SUPPORT, credit_only=True)
    with pytest.raises(ContentError, match="02, 03"):
        correct(world.hub, NL, REFUSED, read_changes(["referral_type=01"]), SUPPORT)
    made = correct(world.hub, NL, REFUSED, read_changes(["referral_type=01", "reclaim_code=02"]), SUPPORT)
    assert made.way is Way.REPLACE
    again = correct(world.hub, NL, REFUSED, read_changes(["referral_type=01", "reclaim_code=02"]), SUPPORT)
    assert (again.again, again.replacement) == (True, made.replacement)
    world.submit(NL)
    last = messages(world)[-1]
    (anew,) = lines(last).values()
    assert (anew["Referentienummer"], anew["Herdeclaratiecode"]) == (made.replacement, "02")
    assert (anew["TypeVerwijzingcode"], anew["kind"]) == ("01", "DebetPrestatie")
    skipped = hand_in(world, performances().replace(b"P001", b"X001"))
    assert [one.outcome for one in skipped.outcomes][:4] == ["skip"] * 4, "a corrected performance is claimed too"


@pytest.mark.scenario("S24")
def test_a_replacement_that_is_refused_can_be_replaced_itself(world: World, sent: bytes) -> None:
    world.answer(NL, Gds802(sent=sent, says=ANSWERED).bytes(), name="one.xml")
    first = correct(world.hub, NL, REFUSED, read_changes(["reclaim_code=02"]), SUPPORT).replacement
    world.submit(NL)
    message = next(data for data in messages(world) if first in lines(data))
    world.answer(NL, Gds802(sent=message, says={first: Said("0.00", [("8632", "")])}).bytes(), name="two.xml")
    second = correct(world.hub, NL, first, read_changes(["referral_type=01", "reclaim_code=02"]), SUPPORT)
    assert second.way is Way.REPLACE
    assert second.replacement not in (first, REFUSED)


@pytest.mark.scenario("S23")
def test_an_award_is_credited_in_full_by_what_was_awarded_and_then_claimed_anew(world: World, sent: bytes) -> None:
    world.answer(NL, Gds802(sent=sent, says=ANSWERED).bytes(), name="one.xml")
    made = correct(world.hub, NL, CHANGED, read_changes(["price=110.00", "reclaim_code=05"]), SUPPORT)
    assert made.way is Way.CREDIT_THEN_REPLACE
    world.submit(NL)
    _, credit = messages(world)
    (line,) = lines(credit).values()
    assert (line["kind"], line["Referentienummer"], line["GerelateerdReferentienummer"]) == (
        "CreditPrestatie", made.credit, CHANGED,
    )  # fmt: skip
    assert line["ToegekendBedragInclBtwFinancieel"] == "98.10", "what was awarded, not what was claimed"
    root = sent_root(credit)
    total = [text(root, f"Overzicht/TotaalDeclaratiebedragInclBtw/{name}") for name in ("Bedrag", "DebetCreditCode")]
    assert total == ["98.10", "C"]
    assert views(world)[made.replacement].hold == "AWAITS_CREDIT", "never in the file of its credit"

    accepted = Gds802(sent=credit, says={made.credit: Said("98.10", [("0200", "")])}, payer_ref="INS-2")
    world.answer(NL, accepted.bytes(), name="two.xml")
    assert decided(world)[made.credit] == ("granted", -9810, 0)
    world.submit(NL)
    *_, anew = messages(world)
    (line,) = lines(anew).values()
    assert (line["kind"], line["DeclaratieBedragInclBtw"], line["Herdeclaratiecode"]) == (
        "DebetPrestatie",
        "110.00",
        "05",
    )


def test_a_credit_the_insurer_refuses_is_told_and_the_new_debit_never_leaves(world: World, sent: bytes) -> None:
    world.answer(NL, Gds802(sent=sent, says=ANSWERED).bytes(), name="one.xml")
    made = correct(world.hub, NL, CHANGED, read_changes(["price=110.00", "reclaim_code=05"]), SUPPORT)
    world.submit(NL)
    _, credit = messages(world)
    refused = Gds802(sent=credit, says={made.credit: Said("0.00", [("8017", "GerelateerdReferentienummer")])})
    world.answer(NL, refused.bytes(), name="two.xml")
    world.submit(NL)
    assert len(messages(world)) == 2
    assert views(world)[made.replacement].transport == "withdrawn"


def test_a_correction_is_judged_like_a_list(world: World, sent: bytes) -> None:
    world.answer(NL, Gds802(sent=sent, says=ANSWERED).bytes())
    before = world.counts(NL)
    with pytest.raises(ContentError, match="TRAJECTORY_MISSING"):
        correct(world.hub, NL, REFUSED, read_changes(["trajectory=", "reclaim_code=02"]), SUPPORT)
    with pytest.raises(ContentError, match="cannot be changed"):
        correct(world.hub, NL, REFUSED, read_changes(["bsn=999940016", "reclaim_code=02"]), SUPPORT)
    assert world.counts(NL) == before


def test_a_medical_column_the_programme_does_not_know_refuses_the_list(world: World) -> None:
    world.at(HERE)
    header, *rows = performances().decode().splitlines()
    data = "\n".join([f"{header};medicatie", *(f"{row};N06AB04" for row in rows), ""]).encode()
    result = hand_in(world, data)
    assert (result.status, result.code) == ("refused", "MEDICAL_COLUMNS")
    assert result.facts["columns"] == ["medicatie (column 22)"]
    with world.reading(NL) as unit:
        (declared,) = declarations.recent(unit)
        assert declarations.rows_of(unit, declared["id"]) == []
        assert declared["blob_address"] == ""
    assert views(world) == {}


def test_what_a_claim_needs_of_a_diagnosis_is_sealed_and_told_nowhere(world: World, sent: bytes) -> None:
    del sent
    with world.reading(NL) as unit:
        rows = claims.find(unit)
        assert not any("ZT-2023" in str({k: v for k, v in row.items() if k != "sealed"}) for row in rows)
        kept = [
            body
            for each in declarations.recent(unit)
            for body in declarations.bodies(unit, declarations.rows_of(unit, each["id"]))
        ]
    assert {tuple(sorted(body)) for body in kept} == {("birth_date", "bsn", "code", "date", "price", "uzovi")}


INSURER = """
title: Alleen Huisarts
country: NL
kind: insurer
verified: false
source: a test
identifiers:
  - {scheme: UZOVI, value: "9998", source: a test, confidence: invented}
formats_out: [vektis-HA304-4.2]
channel: {kind: folder}
grouping: claimant-uzovi-module-quarter
"""


def test_an_insurer_that_takes_no_gds_holds_the_claim_with_the_reason(make_world: Any) -> None:
    world = make_world({"alleen-huisarts/partner.yaml": INSURER})
    world.at(HERE)
    with world.unit(NL) as unit:
        (known,) = [each for each in parties.agreements(unit) if each.partner == "menzis"]
        parties.put_agreement(unit, replace(known, id="", partner="alleen-huisarts"))
    hand_in(world, performances().replace(b";3311;", b";9998;"))
    assert world.submit(NL) == []
    assert {view.hold for view in views(world).values()} == {"NO_FORMAT"}
    assert {task["kind"] for task in world.tasks(NL)} >= {"held"}


def finished(sent: bytes, number: str = "GGZ-77") -> bytes:
    """A message as another system would make it: the practice's own numbers and references, its own sender."""
    data = sent
    for old, new in (
        (text(sent_root(sent), "Header/Referentienummer").encode(), number.encode()),
        (b"<Verzender>98099901</Verzender>", f"<Verzender>{GGZ_PRACTICE}</Verzender>".encode()),
        (b"<VerzenderRol>2</VerzenderRol>", b"<VerzenderRol>1</VerzenderRol>"),
        (b"<Referentienummer>R0000000", b"<Referentienummer>EPD-"),
    ):
        assert old in data
        data = data.replace(old, new)
    return data


def test_a_finished_message_is_forwarded_byte_for_byte_and_answered(world: World, sent: bytes) -> None:
    data = finished(sent)
    taken = take_finished(world.hub, NL, data, "epd.xml", SUPPORT)
    assert (taken.status, taken.format, taken.claims) == (
        "accepted", "vektis-GDS801-1.0", ("EPD-01", "EPD-04", "EPD-02", "EPD-03"),
    )  # fmt: skip
    world.submit(NL)
    assert messages(world).count(data) == 1
    again = take_finished(world.hub, NL, data, "epd.xml", SUPPORT)
    assert again.status == "already_received"
    world.answer(NL, Gds802(sent=data, says={"EPD-03": Said("0.00", [("8632", "")])}).bytes())
    mine = views(world)
    assert (mine["EPD-03"].decision, mine["EPD-01"].decision, mine[FIRST].decision) == ("refused", "granted", "open")
    with pytest.raises(ConfigurationError):
        release.release(world.hub, NL, "GGZ-77", SUPPORT)


def test_a_finished_message_that_breaks_a_rule_is_refused_with_its_place(world: World, sent: bytes) -> None:
    data = finished(sent).replace(b"<Bedrag>620.40</Bedrag>", b"<Bedrag>620.41</Bedrag>")
    taken = take_finished(world.hub, NL, data, "epd.xml", SUPPORT)
    assert (taken.status, taken.claims) == ("refused", ())
    assert "COD954:0150" in {one.code for one in blocking(taken.findings)}
    cut = take_finished(world.hub, NL, finished(sent)[:900], "cut.xml", SUPPORT)
    assert cut.status == "refused"
    assert len(views(world)) == 4, "nothing of either is claimed"


def test_a_finished_credit_of_a_refused_line_is_not_forwarded(world: World, sent: bytes) -> None:
    data = finished(sent)
    take_finished(world.hub, NL, data, "epd.xml", SUPPORT)
    world.submit(NL)
    world.answer(NL, Gds802(sent=data, says={"EPD-03": Said("0.00", [("8632", "")])}).bytes())
    start, end = data.index(b"<Verzekerde>"), data.rindex(b"</Bericht>")
    credit = (
        b"<Verzekerde><BSN>999940028</BSN><UzoviNummer>3311</UzoviNummer><Geboortedatum>1999-06-27</Geboortedatum>"
        b"<Prestatie><CreditPrestatie><Referentienummer>EPD-05</Referentienummer>"
        b"<GerelateerdReferentienummer>EPD-03</GerelateerdReferentienummer>"
        b"<PrestatieCodelijstCode>071</PrestatieCodelijstCode><Begindatum>2024-01-09</Begindatum>"
        b"<ToegekendBedragInclBtwFinancieel>187.50</ToegekendBedragInclBtwFinancieel>"
        b"</CreditPrestatie></Prestatie></Verzekerde>"
    )
    crediting = (data[:start] + credit + data[end:]).replace(b"GGZ-77", b"GGZ-78")
    crediting = crediting.replace(b"<Bedrag>620.40</Bedrag>", b"<Bedrag>187.50</Bedrag>")
    crediting = crediting.replace(b"<DebetCreditCode>D<", b"<DebetCreditCode>C<")
    taken = take_finished(world.hub, NL, crediting, "credit.xml", SUPPORT)
    assert taken.status == "refused"
    assert "KVITT-CREDIT-01" in {one.code for one in blocking(taken.findings)}


def test_a_corrected_code_or_insurer_keeps_the_performance_claimed_once(world: World, sent: bytes) -> None:
    """Refused by VECOZO: one claim gets another code, one goes to another insurer; the old rows are not claimed again."""
    faults = {REFUSED: Said("0.00", [("9334", "Prestatiecode")]), CHANGED: Said("0.00", [("9269", "UzoviNummer")])}
    world.answer(NL, Gds802(sent=sent, role="6", says=faults).bytes())
    correct(world.hub, NL, REFUSED, read_changes(["code=CO0628"]), SUPPORT)
    correct(world.hub, NL, CHANGED, read_changes(["payer_code=7119"]), SUPPORT)
    again = hand_in(world, performances().replace(b"P001", b"X001"))
    assert [one.outcome for one in again.outcomes] == ["skip", "skip", "skip", "skip", "hold", "skip"]
    release.release(world.hub, NL, number_of(sent), SUPPORT)
    world.submit(NL)
    (moved,) = messages(world, "cz")
    assert list(lines(moved)) == [CHANGED]
    assert text(sent_root(moved), "Header/Ontvanger") == "7119"
    (_, *rest) = messages(world)
    codes = {ref: one["Prestatiecode"] for data in rest for ref, one in lines(data).items()}
    assert codes == {FIRST: "CO0562", SECOND: "CO0562", REFUSED: "CO0628"}


def test_a_header_nobody_knows_is_guessed_masked_and_nothing_is_taken_in(world: World) -> None:
    world.at(HERE)
    strange = performances().replace(b"prestatiecode;datum;", b"code prestatie;gedaan op;")
    request = IntakeRequest(programme="zpm-performances", organisation=GGZ_PRACTICE, name="strange.csv")
    with pytest.raises(UnconfirmedColumnsError) as guessed:
        intake.take(world.hub, NL, request, strange, SUPPORT)
    assert set(guessed.value.proposal.missing) == {"code", "date"}
    assert "999940004" not in str(guessed.value.proposal)
    assert views(world) == {}

"""Answers and releases that would claim twice, grant by mistake, or judge by chance, and do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from hub.errors import ConfigurationError, ContentError
from hub.model.money import Money
from hub.model.reply import Code
from hub.pipeline import credit, release
from hub.sandbox.example import PAYER_ACCOUNTS
from hub.store import money, schema
from mappings.vektis_responses import NONE, LineVerdict, to_response
from schemas import vektis
from tests.scenarios.bank_bytes import Paid, camt054
from tests.scenarios.vektis_bytes import Ha305, Line, refs
from tests.scenarios.world import NL, NO, SPRING_2026, SUPPORT, World, nl_list, no_log

BAD = "999931428"
NOT_INSURED = [("0403", "101")]


@pytest.fixture
def sent(world: World) -> bytes:
    """The file of Menzis (3332) with five lines, as it was sent."""
    world.hand_in(nl_list())
    world.submit(NL)
    (found,) = [data for data in world.sent("menzis") if data[26:30] == b"3332"]
    return found


def number_of(data: bytes) -> str:
    return data[80:92].decode().strip()


def files(world: World) -> int:
    return len(world.sent("menzis"))


def cleared(data: bytes, name: str = "") -> bytes:
    """The clearing house's refusal of a file for one bad line."""
    lines = {bsn: Line(0, [("0413", "160")] if bsn == BAD else ()) for bsn in refs(data)}
    return Ha305(sent=data, lines=lines, day=name or "20240117").bytes()


def test_verdicts_of_one_moment_keep_their_order(world: World, sent: bytes) -> None:
    verdicts = [Line(0, NOT_INSURED), Line(55), Line(20), Line(0, [("0403", "102")]), Line(105)]
    for number, verdict in enumerate(verdicts):
        answer = Ha305(sent=sent, lines={BAD: verdict}, payer_ref=f"I{number}")
        world.answer(NL, answer.bytes(), name=f"answer-{number}")
        assert world.conservation(NL) == []
    with world.reading(NL) as unit:
        line = next(line for line in money.decisions(unit) if line["granted_minor"] == 20)["claim_line_id"]
        assert [row["granted_minor"] for row in money.decisions(unit, [line])] == [0, 55, 20, 0, 105]


def test_three_parts_of_an_invoice_in_one_bank_file_add_up(world: World) -> None:
    world.at(SPRING_2026)
    world.log_in(no_log())
    world.submit(NO)
    with world.reading(NO) as unit:
        kid = next(row["kid"] for row in unit.rows(unit.mine(schema.claim)) if row["case_ref"] == "6TST1")
    account = PAYER_ACCOUNTS["forsikring-nord-test"]
    parts = [
        Paid(amount=amount, kid=kid, account=account, end_to_end=amount) for amount in ("100.00", "200.00", "300.00")
    ]
    world.bank(NO, "parts.xml", camt054(*parts))
    assert world.case("6TST1").money.granted == Money(60000, "NOK")
    assert world.conservation(NO) == []


def test_a_file_the_insurer_refused_is_never_sent_again_under_its_references(world: World, sent: bytes) -> None:
    """Decision 4: only a refusal by VECOZO leaves references free."""
    nothing = {ref: LineVerdict(granted=Money(0, "EUR")) for ref in refs(sent).values()}
    code = Code(list="COD957", code="103", element="0110")
    day = date(2024, 1, 17)
    refusal = to_response(vektis.read(sent), nothing, response_date=day, codes=[code], payer_ref="X", only=NONE)
    world.answer(NL, vektis.write(refusal))
    assert {world.claims(NL)[ref].decision for ref in refs(sent).values()} == {"refused"}
    before = files(world)

    with pytest.raises(ConfigurationError, match="has judged"):
        release.release(world.hub, NL, number_of(sent), SUPPORT)

    world.submit(NL)
    assert files(world) == before
    assert len(world.tasks(NL, "rejection")) == 5, "its rejections still wait for somebody"


@pytest.mark.parametrize("arrived", [None, True, False])
def test_what_a_partner_has_answered_is_neither_released_nor_sent_again(
    world: World, sent: bytes, arrived: bool | None
) -> None:
    world.answer(NL, Ha305(sent=sent, lines={BAD: Line(0, NOT_INSURED)}).bytes())
    before = files(world)
    with pytest.raises(ConfigurationError, match="the partner has it"):
        release.release(world.hub, NL, number_of(sent), SUPPORT, arrived=arrived)
    world.submit(NL)
    assert files(world) == before
    assert len(world.tasks(NL, "rejection")) == 1


def test_a_clearing_refusal_after_the_insurers_verdict_changes_nothing_and_is_told(world: World, sent: bytes) -> None:
    world.answer(NL, Ha305(sent=sent).bytes(), name="insurer")
    before, count = world.claims(NL), files(world)

    (done,) = world.answer(NL, cleared(sent), name="clearing", meta={"sent_by": "clearing"})

    assert done.state == "triage"
    assert world.claims(NL) == before
    (task,) = world.tasks(NL, "unknown_answer")
    assert "has decided" in task["text"]["en"]
    with pytest.raises(ConfigurationError, match="the partner has it"):
        release.release(world.hub, NL, number_of(sent), SUPPORT)
    world.submit(NL)
    assert files(world) == count


def test_a_late_answer_to_the_refused_file_does_not_touch_the_one_that_replaced_it(world: World, sent: bytes) -> None:
    world.answer(NL, cleared(sent), name="clearing", meta={"sent_by": "clearing"})
    release.release(world.hub, NL, number_of(sent), SUPPORT)
    world.submit(NL)
    (second,) = [data for data in world.sent("menzis") if data[26:30] == b"3332" and data != sent]

    late = Ha305(sent=sent, lines={bsn: Line(0, NOT_INSURED) for bsn in refs(sent)})
    (done,) = world.answer(NL, late.bytes(), name="late")
    assert done.state == "triage"
    assert {world.claims(NL)[ref].decision for ref in refs(second).values()} == {"open"}

    world.answer(NL, Ha305(sent=second, payer_ref="INS-9").bytes(), name="second")
    assert {world.claims(NL)[ref].decision for ref in refs(second).values()} == {"granted"}
    held = refs(sent)[BAD]
    assert world.claims(NL)[held].decision == "refused"
    with pytest.raises(ConfigurationError, match="has judged"):
        release.release(world.hub, NL, held, SUPPORT)


def test_nothing_is_granted_by_a_response_with_another_files_total(world: World, sent: bytes) -> None:
    (other,) = [data for data in world.sent("menzis") if data[26:30] == b"3334"]
    (done,) = world.answer(NL, Ha305(sent=other, number=number_of(sent)).bytes())
    assert done.state == "triage"
    assert {world.claims(NL)[ref].decision for ref in refs(sent).values()} == {"open"}


def test_another_insurers_response_with_our_number_is_for_a_person(world: World, sent: bytes) -> None:
    foreign = Ha305(sent=sent).bytes().replace(b"3332", b"7119")
    (done,) = world.answer(NL, foreign)
    assert done.state == "triage"
    assert {world.claims(NL)[ref].decision for ref in refs(sent).values()} == {"open"}
    (task,) = world.tasks(NL, "unknown_answer")
    assert "7119" in task["text"]["en"]


def test_a_claim_is_credited_once_and_again_only_after_a_refused_credit(world: World, sent: bytes) -> None:
    world.answer(NL, Ha305(sent=sent).bytes())
    ref = refs(sent)[BAD]
    first = credit.credit(world.hub, NL, ref)
    with pytest.raises(ContentError, match="credited already"):
        credit.credit(world.hub, NL, ref)

    world.submit(NL)
    (file,) = [data for data in world.sent("menzis") if data[26:30] == b"3332" and data != sent]
    refusal = Ha305(sent=file, lines={BAD: Line(0, NOT_INSURED)}, payer_ref="I2")
    world.answer(NL, replace(refusal, day="20240118").bytes(), name="credit")
    assert world.claims(NL)[first].decision == "refused"
    second = credit.credit(world.hub, NL, ref)
    assert second != first
    assert world.claims(NL)[second].money.claimed == Money(-105, "EUR")

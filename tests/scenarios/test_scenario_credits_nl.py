"""Credits in a provider's own finished files, against the debits we hold (decision 5; STB GZ321 on crediting)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.pipeline import replacements
from hub.pipeline.credit import credit
from hub.pipeline.finished import FinishedResult, take_finished
from hub.policy.corrections import Credited
from hub.store import parties
from mappings.vektis_credits import claimed_lines, comparable, differences
from schemas import vektis
from tests.scenarios.vektis_bytes import Ha305, Line, Pm305, Treatment, pm304, refs
from tests.scenarios.world import NL, SUPPORT, World, nl_list

ANNE, BART, CAS = "999903883", "999911247", "999915812"
CODES = {f"KVITT-CREDIT-0{number}" for number in range(1, 8)}


def take(world: World, number: str, *lines: Treatment) -> FinishedResult:
    return take_finished(world.hub, NL, pm304(number, lines), "fysio.asc", SUPPORT)


def found(result: FinishedResult) -> list[tuple[str, str]]:
    return [(one.code, one.severity.value) for one in result.findings if one.code in CODES]


@pytest.fixture
def answered(world: World) -> World:
    """Three treatments: granted, granted in part (EUR 20.00 of 35.00), and refused."""
    lines = [Treatment(bsn=ANNE, ref="PM-1"), Treatment(bsn=BART, ref="PM-2"), Treatment(bsn=CAS, ref="PM-3")]
    assert take(world, "PM-2024-01", *lines).status == "accepted"
    world.submit(NL)
    (sent,) = world.sent("menzis")
    verdicts = {ANNE: (3500, ["0200"]), BART: (2000, ["0611"]), CAS: (0, ["0586"])}
    world.answer(NL, Pm305(sent, verdicts).bytes())
    assert {ref: view.decision for ref, view in world.claims(NL).items()} == {
        "PM-1": "granted",
        "PM-2": "changed",
        "PM-3": "refused",
    }
    return world


def credit_of(bsn: str, previous: str, cents: int = 3500, **other: str) -> Treatment:
    return replace(Treatment(bsn=bsn, ref=f"C-{previous}", cents=cents, previous=previous), **other)


def test_exact_credits_of_what_was_awarded_go_on_untouched_and_take_the_money_back(answered: World) -> None:
    result = take(answered, "PM-2024-02", credit_of(ANNE, "PM-1"), credit_of(BART, "PM-2", 2000))
    assert (result.status, found(result)) == ("accepted", [])
    answered.submit(NL)
    (sent,) = [data for data in answered.sent("menzis") if b"PM-2024-02" in data]
    answered.answer(NL, Pm305(sent, {ANNE: (3500, ["0200"]), BART: (2000, ["0200"])}).bytes(), name="retour-2")
    views = answered.claims(NL)
    assert {ref: views[ref].money.granted.minor for ref in ("C-PM-1", "C-PM-2")} == {"C-PM-1": -3500, "C-PM-2": -2000}
    assert sum(view.money.granted.minor for view in views.values()) == 0


@pytest.mark.parametrize(
    ("line", "code", "element"),
    [
        (credit_of(CAS, "PM-3"), "KVITT-CREDIT-01", ""),
        (credit_of(BART, "PM-2", 3500), "KVITT-CREDIT-04", ""),
        (credit_of(BART, "PM-2", 1999), "KVITT-CREDIT-04", ""),
        (credit_of(ANNE, "PM-1", day="20240106"), "KVITT-CREDIT-05", "0408"),
        (credit_of(ANNE, "PM-1", performer="04099012"), "KVITT-CREDIT-05", "0422"),
        (credit_of(BART, "PM-1"), "KVITT-CREDIT-05", "0403"),
    ],
    ids=["of a refused debit", "as claimed", "a cent less", "another day", "another performer", "another person"],
)
def test_a_credit_that_is_not_right_refuses_the_file_and_says_why(
    answered: World, line: Treatment, code: str, element: str
) -> None:
    before = answered.counts(NL)["claim"]
    result = take(answered, "PM-2024-02", line, Treatment(bsn="999990019", ref="PM-9"))
    assert (result.status, found(result)) == ("refused", [(code, "error")])
    (finding,) = [one for one in result.findings if one.code == code]
    assert (finding.element, finding.record) == (element, 3)
    assert set(finding.text) == set(finding.hint) == {"en", "nb", "nl"}
    assert line.bsn not in str(finding)
    assert answered.counts(NL)["claim"] == before
    answered.submit(NL)
    assert len(answered.sent("menzis")) == 1


def test_a_credit_of_what_is_not_decided_waits_for_the_answer_and_then_the_same_bytes_pass(world: World) -> None:
    take(world, "PM-2024-01", Treatment(bsn=ANNE, ref="PM-1"))
    world.submit(NL)
    early = take(world, "PM-2024-02", credit_of(ANNE, "PM-1"))
    assert (early.status, found(early)) == ("refused", [("KVITT-CREDIT-02", "error")])
    (sent,) = world.sent("menzis")
    world.answer(NL, Pm305(sent, {ANNE: (3500, ["0200"])}).bytes())
    assert take(world, "PM-2024-02", credit_of(ANNE, "PM-1")).status == "accepted"


def test_a_performance_is_credited_once(answered: World) -> None:
    twice = take(answered, "PM-2024-02", credit_of(ANNE, "PM-1"), credit_of(ANNE, "PM-1", ref="C-2"))
    assert (twice.status, [one.code for one in twice.findings if one.blocks]) == ("refused", ["COD954:0651"])
    assert take(answered, "PM-2024-03", credit_of(ANNE, "PM-1")).status == "accepted"
    again = take(answered, "PM-2024-04", credit_of(ANNE, "PM-1", ref="C-3"))
    assert (again.status, found(again)) == ("refused", [("KVITT-CREDIT-03", "error")])
    assert "C-PM-1" in next(one for one in again.findings if one.code == "KVITT-CREDIT-03").text["nl"]


def test_a_credit_of_a_debit_we_never_saw_goes_on_with_a_warning(answered: World) -> None:
    result = take(answered, "PM-2024-02", credit_of(ANNE, "OLD-6400"))
    assert (result.status, found(result)) == ("accepted", [("KVITT-CREDIT-06", "warning")])
    answered.submit(NL)
    assert len(answered.sent("menzis")) == 2


def test_a_credit_never_stands_in_the_file_of_its_debit(world: World) -> None:
    result = take(world, "PM-2024-01", Treatment(bsn=ANNE, ref="PM-1"), credit_of(ANNE, "PM-1"))
    assert result.status == "refused"
    assert "COD954:8062" in [one.code for one in result.findings if one.blocks]
    assert found(result) == []


def test_a_credit_we_make_ourselves_is_an_exact_copy_in_a_file_of_its_own(world: World) -> None:
    world.hand_in(nl_list())
    world.submit(NL)
    (sent,) = [data for data in world.sent("menzis") if data[26:30] == b"3332"]
    of = refs(sent)
    partly, refused = "999932743", "999931428"
    world.answer(NL, Ha305(sent=sent, lines={partly: Line(60), refused: Line(0, [("0403", "101")])}).bytes())
    ref = credit(world.hub, NL, of[partly])
    world.submit(NL)
    file = next(one for one in map(vektis.read, world.sent("menzis")) if ref in claimed_lines(one))
    assert list(claimed_lines(file)) == [ref], "neither its debit nor anything else is in the file"
    made, debit = claimed_lines(file)[ref], claimed_lines(vektis.read(sent))[of[partly]]
    assert comparable(made, debit)
    assert list(differences(made, debit)) == []
    assert made.record.string("NUM363") == of[partly]
    assert made.record.amount_of("BED161") == -60
    assert [one for one in vektis.check(vektis.write(file)) if one.blocks] == []


def test_a_credit_takes_back_its_own_providers_claim_where_another_uses_the_same_number(answered: World) -> None:
    with answered.unit(NL) as unit:
        group = parties.organisation(unit, "53099901")
        other = replace(group.party, id="53099902", name="Tweede zorggroep (EXAMPLE)")
        parties.put_organisation(unit, "care_group", other)
    theirs = pm304("PM-2024-07", [Treatment(bsn=ANNE, ref="PM-1")]).replace(b"53099901", b"53099902")
    (ref,) = take_finished(answered.hub, NL, theirs, "fysio.asc", SUPPORT).claims
    assert ref != "PM-1"
    answered.submit(NL)
    (sent,) = [data for data in answered.sent("menzis") if b"PM-2024-07" in data]
    answered.answer(NL, Pm305(sent, {ANNE: (3500, ["0200"])}).bytes(), name="theirs")
    back = pm304("PM-2024-08", [credit_of(ANNE, "PM-1")]).replace(b"53099901", b"53099902")
    assert take_finished(answered.hub, NL, back, "fysio.asc", SUPPORT).status == "accepted"
    with answered.reading(NL) as unit:
        assert replacements.credited(unit, "PM-1") is Credited.NOT, "nobody has credited this provider's"
        assert replacements.credited(unit, ref) is Credited.WAITING
    twice = pm304("PM-2024-09", [credit_of(ANNE, "PM-1", ref="C-9")]).replace(b"53099901", b"53099902")
    assert found(take_finished(answered.hub, NL, twice, "fysio.asc", SUPPORT)) == [("KVITT-CREDIT-03", "error")]

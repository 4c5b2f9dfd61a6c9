"""S04: a corrected list after submission adds what is new, asks about who is gone, and sends nothing again."""

from __future__ import annotations

import pytest

from hub.pipeline import credit, intake, task_work
from hub.pipeline.intake import IntakeRequest, IntakeResult, Judged, ahead
from hub.store.unit import Unit
from tests.scenarios.vektis_bytes import Ha305, Line, refs
from tests.scenarios.world import NL, PRACTICE, SUPPORT, World, nl_list

NEW = "01099901;01099011;01-01-2024;{};V;Z.;;Extra-Proef;02-02-1962;7511 AA;99;01-01-2010;;;3332;900300001"


def delta(world: World, data: bytes) -> IntakeResult:
    """The list again, with a person's word that it may add to what went out."""
    request = IntakeRequest(
        programme="module-quarter", organisation=PRACTICE, module="PMO", period="2024Q1", name="l.csv", delta=True
    )
    return intake.take(world.hub, NL, request, data, SUPPORT)


def corrected(*, without: int = 0, more: int = 2, changed: bool = False) -> bytes:
    """The example list without one line (1-based) and with some people more."""
    rows = nl_list().decode().splitlines()
    if without:
        del rows[without - 1]
    text = "\n".join(rows)
    if changed:
        text = text.replace("Kleine-Voorbeeldhuis;14-02-1955", "Kleine-Voorbeeldhuis;15-02-1955")
    added = [NEW.format(bsn) for bsn in ("999995005", "999995017")[:more]]
    return "\n".join([text, *added, ""]).encode()


@pytest.mark.scenario("S04")
def test_two_are_added_one_waits_for_confirmation_and_is_credited_and_nothing_is_sent_again(world: World) -> None:
    world.hand_in(nl_list())
    world.submit(NL)
    (menzis,) = [data for data in world.sent("menzis") if data[26:30] == b"3334"]
    (gone,) = refs(menzis).values()
    world.answer(NL, Ha305(sent=menzis).bytes(), name="grant")
    before, files = world.claims(NL), set(world.sent("menzis"))
    data = corrected(without=3, changed=True)  # 999911247, claimed at 3334, is gone
    assert world.hand_in(data).code == "ALREADY_SUBMITTED"

    receipt = delta(world, data)

    assert (receipt.status, receipt.code) == ("replaced", "PERSONS_CHANGED")
    assert {name: receipt.facts[name] for name in ("added", "removed", "changed", "new")} == {
        "added": 2,
        "removed": 1,
        "changed": 1,
        "new": 2,
    }
    assert world.tasks(NL, "already_submitted") == []
    assert world.tasks(NL, "persons_changed")
    (task,) = world.tasks(NL, "vanished_from_list")
    assert gone in task["action"]["nl"]
    assert delta(world, data).status == "already_received"
    now = world.claims(NL)
    fresh = sorted(set(now) - set(before))
    assert [now[ref].transport for ref in fresh] == ["ready", "ready"]
    assert {ref: now[ref] for ref in before} == before, "nothing of it is touched before a person has confirmed"
    world.submit(NL)
    (added,) = [sent for sent in world.sent("menzis") if sent not in files]
    assert sorted(refs(added).values()) == fresh, "two debit lines, and nothing else"

    credited = credit.credit(world.hub, NL, gone)
    assert world.tasks(NL, "vanished_from_list") == []
    known = set(world.sent("menzis"))
    world.submit(NL)
    (back,) = [sent for sent in world.sent("menzis") if sent not in known]
    (line,) = [record for record in back.decode("latin-1").split("\r\n") if record[:2] == "04"]
    assert gone in line, "the credit refers to the original"
    assert refs(back) == {"999911247": credited}
    assert world.claims(NL)[credited].money.claimed == -before[gone].money.claimed
    assert world.submit(NL) == []


@pytest.mark.scenario("S04")
def test_who_is_back_is_not_asked_about_and_who_was_never_sent_is_withdrawn(world: World) -> None:
    world.hand_in(nl_list())
    world.submit(NL)
    delta(world, corrected(without=3))
    assert world.tasks(NL, "vanished_from_list")
    sent = {ref for ref, view in world.claims(NL).items() if view.transport == "sent"}

    third = delta(world, corrected(more=1))

    assert (third.facts["withdrawn"], third.facts["new"]) == (1, 0)
    assert world.tasks(NL, "vanished_from_list") == []
    states = [view.transport for ref, view in world.claims(NL).items() if ref not in sent]
    assert sorted(states) == ["ready", "withdrawn"]


@pytest.mark.scenario("S04")
def test_a_list_of_another_practice_adds_nothing(world: World) -> None:
    world.hand_in(nl_list())
    world.submit(NL)
    before = world.counts(NL)
    other = corrected().replace(b"01099901;", b"01099902;")
    assert delta(world, other).status == "refused"
    after = world.counts(NL)
    assert (after["claim"], after["posting"]) == (before["claim"], before["posting"])


@pytest.mark.scenario("S04")
def test_who_is_enrolled_after_all_is_answered_with_a_reason_and_the_claim_stays_as_it_is(world: World) -> None:
    world.hand_in(nl_list())
    world.submit(NL)
    delta(world, corrected(without=3))
    (task,) = world.tasks(NL, "vanished_from_list")
    before = world.claims(NL)

    with world.unit(NL) as unit:
        task_work.close(unit, task["id"], "the practice says the person is enrolled", SUPPORT)

    assert world.tasks(NL, "vanished_from_list") == []
    assert world.claims(NL) == before, "nothing is taken back, and what is open of it still counts"
    delta(world, corrected(without=3, more=1))
    assert world.tasks(NL, "vanished_from_list"), "another list without the person asks again"


@pytest.mark.scenario("S04")
def test_a_claim_refused_while_the_list_was_judged_is_not_asked_about(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.hand_in(nl_list())
    world.submit(NL)
    (menzis,) = [data for data in world.sent("menzis") if data[26:30] == b"3334"]
    refused = Ha305(sent=menzis, lines={"999911247": Line(0, [("0403", "101")])}).bytes()
    seal, left = ahead.seal, [refused]

    def between(unit: Unit, judged: Judged) -> object:
        ready = seal(unit, judged)
        if left:
            world.answer(NL, left.pop(), name="refusal")
        return ready

    monkeypatch.setattr(ahead, "seal", between)
    assert delta(world, corrected(without=3)).status == "replaced"
    assert left == []
    assert world.tasks(NL, "rejection")
    assert world.tasks(NL, "vanished_from_list") == [], "there is nothing to take back"

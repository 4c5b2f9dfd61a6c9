"""Insurers answer claim files: once, twice, too early, about strangers, and with a no (S07-S10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from hub.errors import OutcomeUnknown
from hub.model.exchange import Message, Probe, Receipt
from hub.model.partner import DatedRule
from hub.pipeline import receive
from hub.pipeline.finished import take_finished
from hub.store import claims, exchanges, inbounds, money, schema
from tests.scenarios.vektis_bytes import Ha305, Line, Pm305, refs
from tests.scenarios.world import NL, SUPPORT, World, nl_list

REFUSED_BSN, CHANGED_BSN, OTHER_BSN = "999931428", "999932743", "999972601"


@pytest.fixture
def menzis(world: World) -> bytes:
    """The file of Menzis (3332) with five lines, as it was sent."""
    world.hand_in(nl_list())
    world.submit(NL)
    (sent,) = [data for data in world.sent("menzis") if data[26:30] == b"3332"]
    return sent


def decisions(world: World) -> int:
    """How many verdicts are on record."""
    return world.counts(NL)["decision"]


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
def test_an_answer_before_we_know_that_it_arrived_counts_and_nothing_moves_it_back(world: World) -> None:
    world.hand_in(nl_list())
    dead = replace(world.hub, open_channel=lambda _partner, _agreement: Silent())
    live, world.hub = world.hub, dead
    world.submit(NL)
    assert {row["state"] for row in world.exchanges(NL)} == {"in_doubt"}
    (row,) = [each for each in world.exchanges(NL) if each["meta"]["receiver"] == "3332"]
    with world.reading(NL) as unit:
        sent = exchanges.message(unit, row).payload

    (done,) = world.answer(NL, Ha305(sent=sent, lines={REFUSED_BSN: Line(0, [("0403", "101")])}).bytes())

    assert done.state == inbounds.PROCESSED
    mine = [view for view in world.claims(NL).values() if view.payer_code == "3332"]
    assert sorted(view.decision for view in mine) == ["granted"] * 4 + ["refused"]
    assert {view.transport for view in mine} == {"delivered"}
    assert [task for task in world.tasks(NL) if task["exchange_id"] == row["id"] and task["kind"] == "in_doubt"] == []

    world.hub = live
    world.submit(NL)
    (after,) = [each for each in world.exchanges(NL) if each["id"] == row["id"]]
    assert (after["state"], after["answered_at"]) == ("delivered", world.clock.now())
    assert not [data for data in world.sent("menzis") if data[26:30] == b"3332"], "it is not sent a second time"


@pytest.mark.scenario("S08")
def test_the_same_answer_again_changes_nothing_whatever_it_is_called(world: World, menzis: bytes) -> None:
    first = Ha305(sent=menzis, lines={REFUSED_BSN: Line(0, [("0403", "101")]), CHANGED_BSN: Line(55)})
    (done,) = world.answer(NL, first.bytes(), name="retour-1.txt")
    assert done.state == inbounds.PROCESSED
    before = world.counts(NL)
    standing = world.claims(NL)
    assert before["decision"] == 5

    again = [
        world.answer(NL, first.bytes(), name="retour-1.txt"),  # the very same delivery
        world.answer(NL, first.bytes(), name="renamed.asc"),  # the same bytes under another name
        world.answer(NL, replace(first, day="20240119").bytes(), name="re-made.txt"),  # made anew, same verdicts
    ]

    assert [one.state for (one,) in again] == [inbounds.DUPLICATE] * 3
    assert all(one.note for (one,) in again[:2]), "it says of what it is a duplicate"
    assert world.counts(NL) == before
    assert world.claims(NL) == standing


@pytest.mark.scenario("S08")
def test_an_answer_made_anew_under_another_number_books_nothing_twice(world: World, menzis: bytes) -> None:
    first = Ha305(sent=menzis, lines={REFUSED_BSN: Line(0, [("0403", "101")]), CHANGED_BSN: Line(55)})
    world.answer(NL, first.bytes(), name="retour-1.txt")
    standing = {ref: view.money for ref, view in world.claims(NL).items()}
    postings = world.counts(NL)["posting"]
    world.answer(NL, replace(first, payer_ref="INS-2").bytes(), name="retour-2.txt")
    assert {ref: view.money for ref, view in world.claims(NL).items()} == standing
    assert world.counts(NL)["posting"] == postings


@pytest.mark.scenario("S09")
def test_an_unknown_line_is_for_a_person_and_the_rest_is_applied(world: World, menzis: bytes) -> None:
    answer = Ha305(
        sent=menzis,
        lines={REFUSED_BSN: Line(0, [("0403", "101")]), CHANGED_BSN: Line(55, [("0412", "104")])},
        strangers=[("NOT-OURS", Line(0, [("0403", "110")]))],
    )
    (done,) = world.answer(NL, answer.bytes())

    assert done.state == inbounds.TRIAGE
    of = refs(menzis)
    views = world.claims(NL)
    assert (views[of[REFUSED_BSN]].decision, views[of[CHANGED_BSN]].decision) == ("refused", "changed")
    assert (views[of[CHANGED_BSN]].money.granted.minor, views[of[CHANGED_BSN]].money.refused.minor) == (55, 50)
    told = {task["evidence"]["code"]: task["text"]["en"] for task in world.tasks(NL, "triage")}
    assert set(told) == {"KVITT-MATCH-UNKNOWN-LINE", "KVITT-MATCH-ABSENT-HELD"}
    assert "NOT-OURS" in told["KVITT-MATCH-UNKNOWN-LINE"]
    (total,) = world.inbound(done.inbound_id)["findings"]
    assert (total["code"], total["value"], total["expected"]) == ("KVITT-MATCH-CLAIMED-TOTAL", "6.30 EUR", "5.25 EUR")


@pytest.mark.scenario("S09")
def test_totals_of_an_answer_are_checked_and_absent_lines_wait_when_they_do_not_fit(
    world: World, menzis: bytes
) -> None:
    answer = Ha305(sent=menzis, lines={REFUSED_BSN: Line(0, [("0403", "101")])}, awarded_total=1)
    (done,) = world.answer(NL, answer.bytes())

    found = world.inbound(done.inbound_id)["findings"]
    assert [(one["code"], one["element"]) for one in found][:1] == [("KVITT-VEKTIS-AWARDED-TOTAL", "9909")]
    assert done.state == inbounds.TRIAGE
    assert [task for task in world.tasks(NL, "triage") if "0.01" in task["text"]["en"]]
    of = refs(menzis)
    views = world.claims(NL)
    assert views[of[REFUSED_BSN]].decision == "refused"
    assert {views[ref].decision for bsn, ref in of.items() if bsn != REFUSED_BSN} == {"open"}


def test_an_answer_to_nothing_we_sent_is_stored_and_told(world: World, menzis: bytes) -> None:
    before = world.counts(NL)
    stranger = Ha305(sent=menzis, lines={REFUSED_BSN: Line(0)}, number="KV0000009999").bytes()
    world.drop("menzis", "a-unknown.txt", stranger)
    world.drop("menzis", "b-damaged.txt", b"\x00\x01 no answer at all")
    world.drop("menzis", "c-good.txt", Ha305(sent=menzis, lines={CHANGED_BSN: Line(55)}).bytes())

    done = {one.name: one.state for one in world.collect(NL)}

    assert done == {"a-unknown.txt": "triage", "b-damaged.txt": "unreadable", "c-good.txt": "processed"}
    (task,) = world.tasks(NL, "unknown_answer")
    assert "KV0000009999" in task["text"]["en"]
    (unreadable,) = world.tasks(NL, "unreadable")
    assert unreadable["action"]["nl"]
    after = world.counts(NL)
    assert after["decision"] - before["decision"] == 5
    with world.reading(NL) as unit:
        (kept,) = inbounds.find(unit, schema.inbound.c.state == inbounds.TRIAGE)
        assert inbounds.payload(unit, kept) == stranger, "stored untouched"
    assert not list((world.home / "inbox" / "menzis").glob("*.txt")), "what is stored is confirmed"


@pytest.mark.scenario("S10")
def test_ha305_granted_changed_and_refused_with_a_known_and_an_unknown_code(world: World, menzis: bytes) -> None:
    answer = Ha305(
        sent=menzis,
        lines={
            REFUSED_BSN: Line(0, [("0408", "053")]),
            CHANGED_BSN: Line(60, [("0412", "104")]),
            OTHER_BSN: Line(0, [("0411", "987")]),
        },
    )
    (done,) = world.answer(NL, answer.bytes())

    assert done.state == inbounds.PROCESSED
    of = refs(menzis)
    views = {bsn: world.claims(NL)[ref] for bsn, ref in of.items()}
    assert {bsn: view.decision for bsn, view in views.items()} == {
        "999903883": "granted",
        REFUSED_BSN: "refused",
        CHANGED_BSN: "changed",
        OTHER_BSN: "refused",
        "999974944": "granted",
    }
    assert sum(view.money.granted.minor for view in views.values()) == 105 + 60 + 105
    assert sum(view.money.refused.minor for view in views.values()) == 105 + 45 + 105
    said = {task["claim_ref"]: task for task in world.tasks(NL, "rejection")}
    assert set(said) == {of[REFUSED_BSN], of[CHANGED_BSN], of[OTHER_BSN]}
    late = said[of[REFUSED_BSN]]
    assert "COD957:053" in late["text"]["en"]
    assert late["amount_minor"] == 105
    assert "no credit" in late["action"]["en"]
    assert "geen credit" in late["action"]["nl"]
    assert "COD957:987" in said[of[OTHER_BSN]]["text"]["en"], "an unknown code is shown as it came"
    with world.reading(NL) as unit:
        raw = [code for row in money.decisions(unit) for code in row["codes"] if code["code"] == "987"]
    assert raw == [{"list": "COD957", "code": "987", "text": "", "element": "0411"}]


def _record(*parts: tuple[int, str]) -> bytes:
    text = [" "] * 310
    for start, value in parts:
        text[start - 1 : start - 1 + len(value)] = value
    return "".join(text).encode("latin-1") + b"\r\n"


def _pm304(*persons: str) -> bytes:
    """A physiotherapy claim file of the care group, one treatment a person, laid out by position."""
    body = [
        _record(
            (1, "01" + "107" + "03" + "02" + "T" + "000000"),
            (27, "3332" + "00000000" + "00000000" + "00000000" + "53099901" + "04"),
            (65, "20240101" + "20240110" + "PM-2024-01"),
            (93, "20240112"),
            (115, "EUR"),
        )
    ]
    for place, bsn in enumerate(persons):
        number = 2 * place + 1
        body += [
            _record(
                (1, f"02{number:012d}{bsn}3332"),
                (54, "1961031221Testpaal"),
                (99, "0"),
                (135, "AB"),
                (141, "0"),
                (142, "7511AA"),
                (157, "00001"),
            ),
            _record(
                (1, f"04{number + 1:012d}{bsn}3332"),
                (58, "1" + "20240105" + "012" + "1000  " + "0001" + "N"),
                (81, "000" + "00000000" + "000" + "00000000" + "000"),
                (114, "000"),
                (125, "000" + "04099011" + "0000" + "00000000" + "00000000" + "0000" + "00"),
                (162, "00003500" + "00003500" + "D" + "0000" + "00003500" + "D" + f"PM-{place + 1}"),
            ),
        ]
    count = len(persons)
    total = f"{3500 * count:011d}D"
    body.append(_record((1, f"99{count:06d}000000{count:06d}000000{2 * count:07d}{total}")))
    return b"".join(body)


@pytest.mark.scenario("S10")
def test_pm305_granted_partly_granted_and_too_late(world: World) -> None:
    sent = _pm304("999903883", "999911247", "999915812")
    receipt = take_finished(world.hub, NL, sent, "fysio.asc", SUPPORT)
    assert (receipt.status, receipt.claims) == ("accepted", ("PM-1", "PM-2", "PM-3")), receipt.findings
    world.submit(NL)
    assert world.sent("menzis") == [sent], "forwarded byte for byte"
    verdicts = {"999903883": (3500, ["0200"]), "999911247": (2000, ["0611"]), "999915812": (0, ["0586"])}

    (done,) = world.answer(NL, Pm305(sent, verdicts).bytes())

    assert done.state == inbounds.PROCESSED
    views = world.claims(NL)
    assert {ref: view.decision for ref, view in views.items()} == {
        "PM-1": "granted",
        "PM-2": "changed",
        "PM-3": "refused",
    }
    assert [views[ref].money.granted.minor for ref in ("PM-1", "PM-2", "PM-3")] == [3500, 2000, 0]
    (late,) = [task for task in world.tasks(NL, "rejection") if task["claim_ref"] == "PM-3"]
    assert "COD954:0586" in late["text"]["nl"]
    assert "Te laat ingediend" in late["text"]["nl"]
    assert "no credit" in late["action"]["en"]
    with world.reading(NL) as unit:
        assert not claims.find(unit, schema.claim.c.kind == "credit")


@pytest.mark.scenario("S10")
def test_a_refusal_says_until_when_the_payer_takes_the_claim_again(world: World, menzis: bytes) -> None:
    partner = world.hub.registry.partners["menzis"]
    rules = tuple(
        DatedRule(kind=kind, valid_from=date(2020, 1, 1), source="test", settings={"care": "huisarts", **settings})
        for kind, settings in (
            ("days_after_retour", {"days": "60"}),
            ("fixed_date_for_corrections", {"month_day": "06-01", "years": "1"}),
        )
    )
    known = {**world.hub.registry.partners, "menzis": replace(partner, rules=rules)}
    world.hub = replace(world.hub, registry=replace(world.hub.registry, partners=known))
    of = refs(menzis)
    world.answer(NL, Ha305(sent=menzis, lines={REFUSED_BSN: Line(0, [("0408", "053")]), CHANGED_BSN: Line(60)}).bytes())

    said = {task["claim_ref"]: task for task in world.tasks(NL, "rejection")}
    refused, changed = said[of[REFUSED_BSN]], said[of[CHANGED_BSN]]
    assert refused["due"] == date(2024, 3, 15), "60 days after the answer of 15 January"
    assert "tot en met 2024-03-15" in refused["action"]["nl"]
    assert "geen credit" in refused["action"]["nl"]
    assert changed["due"] == date(2025, 6, 1), "corrections of awarded lines: 1 June of the year after"
    assert "until 2025-06-01" in changed["action"]["en"]


@pytest.mark.scenario("S10")
def test_a_refusal_says_so_where_no_term_of_the_payer_is_known(world: World, menzis: bytes) -> None:
    world.answer(NL, Ha305(sent=menzis, lines={REFUSED_BSN: Line(0, [("0408", "053")])}).bytes())
    (task,) = world.tasks(NL, "rejection")
    assert task["due"] is None
    assert "termijn van deze verzekeraar is hier niet bekend" in task["action"]["nl"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"53099901", b"53099909", "other_payee_answered"),
        (b"011130402T", b"011130402P", "other_stage_answered"),
    ],
    ids=["another payee's file under our number", "a production answer to a test file"],
)
def test_an_answer_that_cannot_be_ours_changes_nothing(
    world: World, menzis: bytes, old: bytes, new: bytes, code: str
) -> None:
    before = world.counts(NL)
    said = Ha305(sent=menzis, lines={REFUSED_BSN: Line(0, [("0403", "101")])}).bytes()
    assert old in said
    (done,) = world.answer(NL, said.replace(old, new, 1))

    assert done.state == inbounds.TRIAGE
    assert world.counts(NL) == before
    (task,) = world.tasks(NL, "unknown_answer")
    assert task["key"].startswith(code)
    assert {row["answered_at"] for row in world.exchanges(NL)} == {None}


def test_an_answer_under_another_number_than_the_message_it_came_back_to_changes_nothing(
    world: World, menzis: bytes
) -> None:
    (row,) = [each for each in world.exchanges(NL) if each["meta"]["receiver"] == "3332"]
    before = world.counts(NL)
    stranger = Ha305(sent=menzis, lines={REFUSED_BSN: Line(0, [("0403", "101")])}, number="KV0000009999").bytes()
    (done,) = world.answer(NL, stranger, answers=row["business_key"])

    assert done.state == inbounds.TRIAGE
    assert world.counts(NL) == before
    (task,) = world.tasks(NL, "unknown_answer")
    assert "KV0000009999" in task["text"]["nl"]
    assert {each["answered_at"] for each in world.exchanges(NL)} == {None}


def test_a_line_that_lost_its_reference_refuses_nobody_else(world: World, menzis: bytes) -> None:
    of = refs(menzis)
    said = Ha305(sent=menzis, lines={REFUSED_BSN: Line(0, [("0403", "101")]), CHANGED_BSN: Line(55)}).bytes()
    (done,) = world.answer(NL, said.replace(of[REFUSED_BSN].encode(), b" " * len(of[REFUSED_BSN])))

    assert done.state == inbounds.TRIAGE
    views = world.claims(NL)
    assert {bsn: views[ref].decision for bsn, ref in of.items()} == {
        "999903883": "open",
        REFUSED_BSN: "open",
        CHANGED_BSN: "changed",
        OTHER_BSN: "open",
        "999974944": "open",
    }
    (told,) = [one for one in world.tasks(NL, "triage") if "0420" in one["text"]["en"]]
    assert told["action"]["nl"]


def test_a_second_answer_corrects_the_first_and_the_money_follows(world: World, menzis: bytes) -> None:
    of = refs(menzis)
    world.answer(NL, Ha305(sent=menzis, lines={REFUSED_BSN: Line(0, [("0403", "101")])}).bytes(), name="1")
    later = Ha305(sent=menzis, lines={REFUSED_BSN: Line(105), CHANGED_BSN: Line(55)}, payer_ref="INS-2")
    (done,) = world.answer(NL, later.bytes(), name="2")

    assert done.state == inbounds.PROCESSED
    views = {bsn: world.claims(NL)[ref] for bsn, ref in of.items()}
    assert (views[REFUSED_BSN].decision, views[REFUSED_BSN].money.granted.minor) == ("granted", 105)
    assert (views[CHANGED_BSN].decision, views[CHANGED_BSN].money.granted.minor) == ("changed", 55)
    assert sum(view.money.granted.minor for view in views.values()) == 4 * 105 + 55
    assert {task["claim_ref"] for task in world.tasks(NL, "rejection")} == {of[CHANGED_BSN]}


def test_an_award_above_the_claim_is_held_for_a_person(world: World, menzis: bytes) -> None:
    of = refs(menzis)
    (done,) = world.answer(
        NL, Ha305(sent=menzis, lines={CHANGED_BSN: Line(106), REFUSED_BSN: Line(0, [("0403", "101")])}).bytes()
    )
    assert done.state == inbounds.TRIAGE
    assert world.claims(NL)[of[CHANGED_BSN]].decision == "open"
    assert world.claims(NL)[of[REFUSED_BSN]].decision == "refused"
    assert not world.claims(NL)[of[CHANGED_BSN]].money.granted
    (told,) = [one for one in world.tasks(NL, "triage") if one["evidence"]["code"] == "KVITT-VEKTIS-AWARD-ABOVE-CLAIM"]
    assert "1.06" in told["text"]["en"]
    findings = {one["code"]: one for one in world.inbound(done.inbound_id)["findings"]}
    place = findings["KVITT-VEKTIS-AWARD-ABOVE-CLAIM"]
    assert (place["record"], place["element"], place["start"], place["end"]) == (5, "0481", 311, 318)


def test_a_torn_record_in_an_answer_leaves_its_line_open_and_the_others_decided(world: World, menzis: bytes) -> None:
    of = refs(menzis)
    records = Ha305(sent=menzis, lines={CHANGED_BSN: Line(55), REFUSED_BSN: Line(0, [("0403", "101")])}).bytes()
    torn = records.split(b"\r\n")
    place = next(at for at, record in enumerate(torn) if record[:2] == b"04" and record[14:23] == REFUSED_BSN.encode())
    torn[place] = torn[place][:300]
    (done,) = world.answer(NL, b"\r\n".join(torn))

    assert done.state == inbounds.TRIAGE
    views = world.claims(NL)
    assert (views[of[CHANGED_BSN]].decision, views[of[REFUSED_BSN]].decision) == ("changed", "open")
    assert {views[ref].decision for bsn, ref in of.items() if bsn not in (CHANGED_BSN, REFUSED_BSN)} == {"open"}
    broken = [one for one in world.inbound(done.inbound_id)["findings"] if one["code"] == "KVITT-VEKTIS-BROKEN-LINE"]
    assert [one["record"] for one in broken] == [place + 1]
    assert [one for one in world.tasks(NL, "triage") if one["evidence"]["code"] == "KVITT-VEKTIS-BROKEN-LINE"]


def test_what_was_stored_but_not_processed_is_taken_up_after_a_restart(world: World, menzis: bytes) -> None:
    with world.unit(NL) as unit:
        inbounds.store(unit, "hand", _collected(Ha305(sent=menzis, lines={CHANGED_BSN: Line(55)}).bytes()))
    world.restart()
    (done,) = receive.collect(world.hub, NL)
    assert (done.name, done.state) == ("left-over.txt", inbounds.PROCESSED)
    assert decisions(world) == 5


def test_an_insurer_that_is_late_is_a_task_until_its_answer_comes(world: World, menzis: bytes) -> None:
    world.at(datetime(2024, 2, 12, 22, tzinfo=UTC))  # the 20th working day after 15 January ends on 12 February
    world.settle(NL)
    assert world.tasks(NL, "reply_overdue") == []
    world.at(datetime(2024, 2, 13, 8, tzinfo=UTC))
    world.settle(NL)
    world.settle(NL)
    assert len(world.tasks(NL, "reply_overdue")) == 6, "one for each file, once"
    world.answer(NL, Ha305(sent=menzis, lines={CHANGED_BSN: Line(55)}).bytes())
    waiting = {
        task["text"]["en"].split(" has not answered ")[1].split(";")[0] for task in world.tasks(NL, "reply_overdue")
    }
    answered = {row["name"] for row in world.exchanges(NL) if row["answered_at"] is not None}
    assert len(waiting) == 5
    assert not waiting & answered


def _collected(payload: bytes) -> receive.Collected:
    return receive.Collected(remote_id="left-over.txt", name="left-over.txt", payload=payload)

"""Terms in the pipe: S19 (a portal that is down when a term ends), S41 (whose clock counts), lists that do not come.

The payer's rule is one of its folder: claims of the first quarter of 2024 must be received by 29 April 2024.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connectors.partners import SHIPPED
from hub import texts
from hub.errors import TransientError
from hub.model.exchange import Collected, ExchangeState, Message, Probe, Receipt
from hub.pipeline import alerts, deadlines, expected
from hub.pipeline import exchanges as people
from hub.pipeline.context import Actor
from hub.pipeline.incidents import CAUSES, OTHER
from hub.pipeline.prognosis import prognosis
from hub.pipeline.send import send_due
from hub.pipeline.watch import watch
from hub.sandbox.example import PAYER_ACCOUNTS
from hub.sandbox.server import Request, Response, Route, SandboxServer, json_response
from hub.store import exchanges, expectations, schema, tasks
from hub.store.alerts import Target
from hub.store.unit import Row
from tests.scenarios.bank_bytes import Paid, camt053
from tests.scenarios.vektis_bytes import Ha305
from tests.scenarios.world import NL, OTHER_PRACTICE, PRACTICE, World, nl_list

OPERATOR = Actor(name="s.de.vries", role="operator")
RULES = """
rules:
  - kind: days_after_treatment
    source: invented for this test
    settings: {days: 400, cap_month_day: "04-29", cap_years: 0, reading: unclear}
  - kind: days_after_retour
    source: invented for this test
    settings: {days: 60}
"""
"""The day itself is unclear, as in a real payer's text: 28 April is the last safe day, 29 April the last of all."""
SAFE, OUTER = date(2024, 4, 28), date(2024, 4, 29)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A hub whose Menzis has a filing term, and nobody else."""
    menzis = (SHIPPED / "menzis" / "partner.yaml").read_text(encoding="utf-8")
    return make_world({"menzis/partner.yaml": menzis + RULES})


@pytest.fixture
def heard(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Everything a webhook is told, which has quiet hours from eight in the evening to eight in the morning."""
    monkeypatch.setenv("HOOK_SECRET", "s")
    said: list[dict[str, Any]] = []

    def hear(call: Request) -> Response:
        said.append(json.loads(call.body))
        return json_response({})

    with SandboxServer([Route("POST", "/hook", hear)]) as server:
        target = Target(
            name="pager",
            kind="webhook",
            address=f"{server.url}/hook",
            settings={"secret": "env:HOOK_SECRET"},
            quiet_from="20:00",
            quiet_to="08:00",
        )
        alerts.put_target(world.hub, NL, target)
        yield said


class Portal:
    """A channel that is down, or says by its own clock when it received something."""

    can_lookup = False

    def __init__(self, receives: datetime | None = None) -> None:
        self.receives = receives
        self.tried = 0

    def deliver(self, message: Message) -> Receipt:
        self.tried += 1
        if self.receives is None:
            raise TransientError("503 from the portal")
        return Receipt(remote_id=message.key, state=ExchangeState.SENT, at=self.receives)

    def lookup(self, key: str) -> Receipt | None:
        raise AssertionError(key)

    def collect(self) -> list[Collected]:
        return []

    def confirm(self, remote_id: str) -> None:
        """Nothing."""

    def probe(self) -> Probe:
        return Probe(ok=self.receives is not None, text="")


def through(world: World, portal: Portal) -> None:
    world.hub = replace(world.hub, open_channel=lambda _partner, _agreement: portal)  # type: ignore[arg-type,return-value]


def local(day: int, hour: int, minute: int = 0, month: int = 4) -> datetime:
    """Dutch summer time."""
    return datetime(2024, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=2)


def found(world: World) -> deadlines.Deadlines:
    with world.reading(NL) as unit:
        return deadlines.deadlines(world.hub, unit)


def menzis(world: World) -> list[Row]:
    return [row for row in world.exchanges(NL) if row["partner"] == "menzis"]


# --- the list -----------------------------------------------------------------------------------------------------


def test_what_is_not_received_is_listed_by_payer_and_day_with_its_money(world: World) -> None:
    world.hand_in(nl_list())
    (pile,) = found(world).piles
    claims = [view for view in world.claims(NL).values() if view.payer == "menzis" and not view.hold]
    assert (pile.payer, pile.day, pile.last_safe, pile.last_outer) == ("menzis", SAFE, SAFE, OUTER)
    assert (pile.claims, pile.amount.minor) == (len(claims), sum(view.money.claimed.minor for view in claims))
    assert pile.treated == (date(2024, 1, 1), date(2024, 1, 1))
    assert (pile.states, pile.step, pile.filed) == ({"ready": len(claims)}, "", None)
    unknown = {(each.payer, each.why) for each in found(world).unknown if each.payer in ("vgz", "zilveren-kruis")}
    assert unknown == {("vgz", "no rule known"), ("zilveren-kruis", "no rule known")}  # its rules are about other care
    world.submit(NL)
    assert found(world).piles == []  # the folder took them over


def test_each_step_brings_one_task_per_payer_and_day_up_to_date(world: World, heard: list[dict[str, Any]]) -> None:
    world.hand_in(nl_list())
    steps: list[tuple[str, str]] = []
    world.at(local(20, 12, month=3))
    for _ in range(43):
        watch(world.hub, NL)
        alerts.tell(world.hub, NL)
        due = world.tasks(NL, "deadline")
        assert len(due) <= 1
        step = (f"{due[0]['due']:%m-%d}", due[0]["evidence"]["step"]) if due else ("", "")
        steps += [step] if step[0] and step not in steps else []
        world.at(world.clock.now() + timedelta(days=1))
    safe, outer = "04-28", "04-29"
    assert steps == [
        *((safe, step) for step in ("30d", "14d", "7d", "3d", "1d", "12h")),
        (outer, "12h"),  # the last safe day has passed; the last of all has not
        (outer, "passed"),
    ]
    told = [(each["due"][5:], each["step"]) for each in heard if each["kind"] == "step"]
    assert told == steps


def test_a_person_who_closed_the_task_is_asked_again_only_at_the_next_step(world: World) -> None:
    world.hand_in(nl_list())
    world.at(local(20, 12))
    watch(world.hub, NL)
    (task,) = world.tasks(NL, "deadline")
    with world.unit(NL) as unit:
        tasks.done(unit, task["key"], {"seen": True})
    watch(world.hub, NL)
    assert world.tasks(NL, "deadline") == []
    world.at(local(22, 12))
    watch(world.hub, NL)
    assert len(world.tasks(NL, "deadline")) == 1
    world.submit(NL)
    watch(world.hub, NL)
    assert world.tasks(NL, "deadline") == []


def test_a_refused_claim_has_the_payers_own_term_for_handing_it_in_again(world: World) -> None:
    world.hand_in(nl_list())
    world.submit(NL)
    row = next(view for view in world.claims(NL).values() if view.payer == "menzis")
    answered = local(10, 12, month=3)
    world.at(answered)
    with world.unit(NL) as unit:
        (claim,) = unit.rows(unit.mine(schema.claim, schema.claim.c.ref == row.ref))
        (line,) = unit.rows(unit.mine(schema.claim_line, schema.claim_line.c.claim_id == claim["id"]))
        unit.update(schema.claim_line, line["id"], verdict="refused", decided_at=unit.now)
        text = dict.fromkeys(("en", "nb", "nl"), "refused")
        new = tasks.NewTask(key=f"refused:{row.ref}", kind="rejection", text=text, action=text, claim_ref=row.ref)
        tasks.add(unit, new)
    (pile,) = found(world).piles
    assert (pile.day, pile.states) == (answered.date() + timedelta(days=60), {"refused_by_payer": 1})
    with world.unit(NL) as unit:
        tasks.done(unit, f"refused:{row.ref}", {"accepted": True})
        unit.update(schema.claim_line, line["id"], verdict="open", decided_at=None)
    assert found(world).piles == []


# --- S19 ----------------------------------------------------------------------------------------------------------


@pytest.mark.scenario("S19")
def test_s19_a_portal_that_is_down_when_the_term_ends_escalates_hours_before_whatever_the_hour(
    world: World, heard: list[dict[str, Any]]
) -> None:
    world.hand_in(nl_list())
    portal = Portal()
    through(world, portal)
    world.at(local(27, 19))
    world.submit(NL)
    told: list[tuple[str, str, str]] = []
    while world.clock.now() < local(28, 23):
        send_due(world.hub, NL)
        watch(world.hub, NL)
        before = len(heard)
        alerts.tell(world.hub, NL)
        clock = f"{world.clock.now() + timedelta(hours=2):%d %H:%M}"
        told += [(clock, each["step"], each["due"]) for each in heard[before:] if each.get("cause") == "deadline"]
        world.at(world.clock.now() + timedelta(hours=1))
    assert told == [
        ("27 19:00", "1d", "2024-04-28"),
        ("28 00:00", "24h", "2024-04-28"),  # at night: it cannot be sent, and tomorrow is the last safe day
        ("28 12:00", "12h", "2024-04-28"),
        ("28 18:00", "6h", "2024-04-28"),
        ("28 22:00", "2h", "2024-04-28"),  # in quiet hours again
    ]
    (task,) = world.tasks(NL, "deadline")
    assert (task["evidence"]["urgent"], task["evidence"]["stuck"], task["due"]) == (
        True,
        f"tried {menzis(world)[0]['attempts']} times",
        SAFE,
    )
    for row in menzis(world):
        with world.unit(NL) as unit:
            history = people.shown(unit, row["invoice_number"], OPERATOR)["history"]
        assert sum("503 from the portal" in line["text"] for line in history) == row["attempts"] > 1
        assert all(line["at"] for line in history)
    portal.receives = local(28, 23, 30)
    world.at(local(28, 23, 59))
    send_due(world.hub, NL)
    watch(world.hub, NL)
    assert world.tasks(NL, "deadline") == []
    assert {row["state"] for row in menzis(world)} == {"sent"}


def test_no_message_names_a_claim_a_file_or_a_person(world: World, heard: list[dict[str, Any]]) -> None:
    world.hand_in(nl_list())
    world.at(local(27, 19))
    through(world, Portal())
    world.submit(NL)
    for _ in range(20):
        send_due(world.hub, NL)
        watch(world.hub, NL)
        world.settle(NL)
        alerts.tell(world.hub, NL)
        world.at(world.clock.now() + timedelta(hours=1))
    assert {"step", "opened", "digest"} <= {each["kind"] for each in heard}
    with world.reading(NL) as unit:
        bodies = [row["subject"] + row["body"] for row in unit.rows(unit.mine(schema.alert_message))]
    said = json.dumps(heard, ensure_ascii=False) + "\n".join(bodies)
    header, *rows = [line.split(";") for line in nl_list().decode().splitlines()]
    private = {row[header.index(name)] for row in rows for name in ("bsn", "achternaam", "geboortedatum", "postcode")}
    refs = {view.ref for view in world.claims(NL).values()} | {row["invoice_number"] for row in world.exchanges(NL)}
    assert [word for word in sorted((private | refs) - {""}) if word in said] == []


# --- S41 ----------------------------------------------------------------------------------------------------------


@pytest.mark.scenario("S41")
@pytest.mark.parametrize(
    ("ours", "theirs", "late"),
    [
        (local(29, 0, 5), local(28, 23, 55), False),  # our clock is ten minutes fast
        (local(28, 23, 55), local(29, 0, 5), True),  # our clock is ten minutes slow
        (local(29, 0, 5), None, True),  # the remote says nothing: our own is all there is
    ],
)
def test_s41_whether_it_was_in_time_is_judged_by_the_receipt_at_the_remote(
    world: World, ours: datetime, theirs: datetime | None, late: bool
) -> None:
    world.hand_in(nl_list())
    world.at(local(28, 22))
    through(world, Portal())
    world.submit(NL)
    world.at(ours)
    with world.unit(NL) as unit:
        for row in menzis(world):
            exchanges.change(unit, row["id"], ExchangeState.SENT, sent_at=unit.now, received_at=theirs)
    watch(world.hub, NL)
    watch(world.hub, NL)
    judged = world.tasks(NL, "filed_late")
    assert len(judged) == (len(menzis(world)) if late else 0)
    for task in judged:
        assert (task["evidence"]["received"], task["due"]) == ("2024-04-29", SAFE)


@pytest.mark.scenario("S41")
def test_s41_the_remotes_time_of_receipt_is_kept_with_the_exchange(world: World) -> None:
    world.hand_in(nl_list())
    theirs = local(28, 23, 55)
    through(world, Portal(theirs))
    world.at(local(29, 0, 5))
    world.submit(NL)
    assert {row["received_at"] for row in menzis(world)} == {theirs}


# --- lists that do not come, and money that will ------------------------------------------------------------------


def test_a_list_that_does_not_come_is_a_task_and_one_reminder_and_a_late_one_closes_it(world: World) -> None:
    day = date(2024, 1, 15)  # the tenth working day: 1 January is none
    with world.reading(NL) as unit:
        register = expected.expected(world.hub, unit, "NL")
    assert {(each.practice, each.period, each.by, each.state) for each in register} == {
        ("01099901", "2023Q4", date(2023, 10, 13), "missing"),
        ("01099901", "2024Q1", day, "expected"),
        ("01099902", "2024Q1", day, "expected"),
    }
    watch(world.hub, NL)
    assert world.tasks(NL, "list_missing") == []  # 2023Q4 was before the hub
    world.at(datetime(2024, 1, 16, 8, tzinfo=UTC))
    for _ in range(3):
        watch(world.hub, NL)
    assert [row["key"] for row in world.tasks(NL, "list_missing")] == [
        "expected:01099901:PMO:2024Q1",
        "expected:01099902:PMO:2024Q1",
    ]
    with world.reading(NL) as unit:
        reminders = [row for row in tasks.notifications(unit) if row["key"].startswith("expected:")]
    assert {(row["recipient"], row["key"]) for row in reminders} == {
        ("praktijk1@voorbeeldzorg.example", "expected:01099901:PMO:2024Q1"),
        ("praktijk2@voorbeeldzorg.example", "expected:01099902:PMO:2024Q1"),
    }
    assert len(reminders) == 2
    world.hand_in(nl_list(), practice=PRACTICE)
    watch(world.hub, NL)
    assert [row["key"] for row in world.tasks(NL, "list_missing")] == ["expected:01099902:PMO:2024Q1"]
    with world.reading(NL) as unit:
        states = {
            each.practice: each.state for each in expected.expected(world.hub, unit, "NL") if each.period == "2024Q1"
        }
    assert states == {"01099901": "late", "01099902": "missing"}


def test_the_day_lists_are_expected_by_is_a_setting_by_module(world: World) -> None:
    with world.unit(NL) as unit:
        expectations.set_working_day(unit, "", 5)
        expectations.set_working_day(unit, "PMO", 3)
        expectations.set_working_day(unit, "PMO", 20)
    world.at(datetime(2024, 1, 29, 8, tzinfo=UTC))
    watch(world.hub, NL)
    assert len(world.tasks(NL, "list_missing")) == 0
    world.at(datetime(2024, 1, 30, 8, tzinfo=UTC))
    watch(world.hub, NL)
    assert len(world.tasks(NL, "list_missing")) == 2


def test_when_a_payer_will_pay_is_said_from_its_own_history_or_not_at_all(world: World) -> None:
    world.hand_in(nl_list())
    world.submit(NL)
    with world.reading(NL) as unit:
        before = prognosis(world.hub, unit)
    assert {(each.median_days, each.expected_on) for each in before} == {(None, None)}
    assert before[0].payer == max(before, key=lambda each: each.outstanding_minor).payer
    menzis_files = world.sent("menzis")
    for data in menzis_files:
        world.answer(NL, Ha305(sent=data).bytes(), name=hashlib.sha256(data).hexdigest())
    views = [view for view in world.claims(NL).values() if view.payer == "menzis"]
    files = {view.invoice_number: 0 for view in views if view.invoice_number}
    for view in views:
        files[view.invoice_number] += view.money.outstanding.minor
    (first, owed), (_, open_) = files.items()
    world.at(datetime(2024, 2, 6, 8, tzinfo=UTC))
    amount = f"{owed // 100}.{owed % 100:02d}"
    account = PAYER_ACCOUNTS["menzis"]
    paid = Paid(amount=amount, text=f"declaratie {first}", account=account, booked="2024-02-06")
    world.bank(NL, "feb.xml", camt053(paid, currency="EUR", message="FEB"))
    assert {row["matched"] for row in world.payments(NL)} == {"posted"}
    with world.reading(NL) as unit:
        after = {each.payer: each for each in prognosis(world.hub, unit)}
    assert (after["menzis"].median_days, after["menzis"].payments) == (22, 1)  # sent on 15 January
    assert after["menzis"].expected_on == date(2024, 2, 6)
    assert after["menzis"].outstanding_minor == open_
    assert after["vgz"].expected_on is None


def test_the_digest_names_days_and_money_and_when_payers_pay(world: World, heard: list[dict[str, Any]]) -> None:
    world.hand_in(nl_list())
    world.submit(NL)
    world.hand_in(nl_list("nl_practice2_2024Q1.csv"), practice=OTHER_PRACTICE)
    world.at(local(20, 6))
    watch(world.hub, NL)
    world.settle(NL)
    alerts.tell(world.hub, NL)
    (said,) = [each for each in heard if each["kind"] == "digest"]
    (due,) = said["deadlines"]
    assert (due["payer"], due["day"], due["days_left"], due["states"]) == (
        "menzis",
        "2024-04-28",
        8,
        {"ready": due["claims"]},
    )
    by_day = [row["due"] for row in said["open"] if row["due"]]
    assert by_day == sorted(by_day)
    assert {row["cause"] for row in said["open"]} >= {"deadline", "reply_overdue"}
    assert {row["payer"]: row["expected_on"] for row in said["payments"]} == dict.fromkeys(
        ("menzis", "vgz", "zilveren-kruis", "cz"), None
    )
    with world.reading(NL) as unit:
        (row,) = [each for each in unit.rows(unit.mine(schema.alert_message)) if each["key"].startswith("digest:")]
    lines = row["body"].splitlines()
    assert "Filing terms in the next 30 days:" in lines
    assert any(line.startswith("- Menzis: by 2024-04-28 (8 days)") for line in lines)
    assert any(line.startswith("- Menzis: ") and line.endswith("no history of payments") for line in lines)


def test_what_is_said_is_said_in_every_language() -> None:
    for cause in (*CAUSES, OTHER):
        for words in (texts.text(f"CAUSE_{cause.upper()}"), texts.action(f"CAUSE_{cause.upper()}")):
            assert set(words) == {"en", "nb", "nl"}
            assert all(words.values()), cause

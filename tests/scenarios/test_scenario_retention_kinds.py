"""Every kind of row that ends with a term: not a day before, not while it waits, not while a hold keeps it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, text

from hub.ledger.entry import PaymentFacts
from hub.ledger.postings import payment_booked
from hub.model.money import Money
from hub.model.payment import BookingState, Payment
from hub.pipeline import privacy, reconcile, retention
from hub.pipeline.context import Actor
from hub.pipeline.privacy import whom
from hub.sandbox import example
from hub.store import access, money, parties, pauses, reference, retained, schema, subjects, tasks
from hub.store import privacy as rows
from hub.store.money import NewPayment
from hub.store.reference import ReferenceRow
from hub.store.unit import Row, Unit
from scheduler import run as clockwork
from scheduler.plan import NIGHT as PLAN
from scheduler.plan import job_named
from tests.conftest import ROOT
from tests.scenarios.bank_bytes import Paid, camt053
from tests.scenarios.vektis_bytes import Ha305, Line
from tests.scenarios.world import NL, NO, PRACTICE, START, World, nl_list, no_log

OFFICER = Actor(name="olga", role="privacy_officer")
SECOND = Actor(name="piet", role="privacy_officer")
NIGHT = Actor(name="night", role="operator")
MENZIS = example.PAYER_ACCOUNTS["menzis"]
BSN, NAME = "999931428", "J. de Synthetische"
FAR = datetime(2100, 1, 1, tzinfo=UTC)
JOB = next(job for job in PLAN if job.step == "retention")
TOLD = {"en": "x", "nb": "x", "nl": "x"}


@dataclass(frozen=True, slots=True)
class Made:
    """Rows of one kind: those that are over at the start, those that are not, and what goes with the former."""

    table: Table
    over: tuple[str, ...]
    stays: tuple[str, ...]
    parts: tuple[Table, ...] = ()
    column: str = "id"


def _user(unit: Unit, name: str, **more: Any) -> str:
    row: Row = {"id": name, "login": name, "name": name, "role": "support", "language": "nl", "created_at": unit.now}
    unit.insert(schema.app_user, [row | more])
    return name


def _sessions(unit: Unit) -> Made:
    row: Row = {"user_id": _user(unit, "su"), "factor": True, "how": "password", "address": "", "agent": ""}
    row |= {"created_at": unit.now, "seen_at": unit.now}
    different: dict[str, Row] = {
        "s-left": {"ended_at": unit.now, "expires_at": FAR},
        "s-over": {"ended_at": None, "expires_at": unit.now},
        "s-live": {"ended_at": None, "expires_at": FAR},
    }
    for name, values in different.items():
        unit.insert(schema.web_session, [row | values | {"id": name, "secret_hash": name}])
    return Made(schema.web_session, ("s-left", "s-over"), ("s-live",))


def _links(unit: Unit) -> Made:
    row: Row = {"user_id": _user(unit, "lu"), "kind": "reset", "asked_by": "a", "asked_at": unit.now}
    for name, until in {"l-over": unit.now, "l-live": FAR}.items():
        unit.insert(schema.login_link, [row | {"id": name, "secret_hash": name, "expires_at": until}])
    return Made(schema.login_link, ("l-over",), ("l-live",))


def _throttles(unit: Unit) -> Made:
    for name, at in {"t-old": unit.now, "t-new": FAR}.items():
        unit.insert(schema.login_throttle, [{"key": name, "failures": 1, "last_at": at}])
    return Made(schema.login_throttle, ("t-old",), ("t-new",), column="key")


def _users(unit: Unit) -> Made:
    for name, ended in {"gone": unit.now, "gone-with-token": unit.now, "here": None}.items():
        _user(unit, name, ended_at=ended)
        unit.insert(schema.credential, [{"id": f"c-{name}", "user_id": name}])
    unit.insert(schema.outside_identity, [_outside("gone", unit)])
    unit.insert(schema.api_token, [_token("of-gone", unit, FAR, user_id="gone-with-token")])
    return Made(
        schema.app_user, ("gone",), ("gone-with-token", "here"), parts=(schema.credential, schema.outside_identity)
    )


def _outside(user: str, unit: Unit) -> Row:
    return {"id": "oi", "user_id": user, "issuer": "https://i.example", "subject": "x", "linked_at": unit.now}


def _token(name: str, unit: Unit, expires: datetime, **more: Any) -> Row:
    row: Row = {"id": name, "name": name, "secret_hash": name, "ending": "abcd", "live": False, "scopes": ["read"]}
    return row | {"created_at": unit.now, "created_by": "anna", "expires_at": expires} | more


def _tokens(unit: Unit) -> Made:
    found = (
        _token("k-expired", unit, unit.now),
        _token("k-revoked", unit, FAR, revoked_at=unit.now),
        _token("k-live", unit, FAR),
        _token("k-repeats", unit, unit.now),
    )
    unit.insert(schema.api_token, [{"revoked_at": None} | row for row in found])
    unit.insert(schema.api_repeat, [_repeat("of-token", FAR, "k-repeats")])
    return Made(schema.api_token, ("k-expired", "k-revoked"), ("k-live", "k-repeats"))


def _repeat(key: str, at: datetime, token: str) -> Row:
    return {"token_id": token, "key": key, "request": "r", "begun_at": at, "status": 201, "answer": b"sealed"}


def _repeats(unit: Unit) -> Made:
    unit.insert(schema.api_token, [_token("k-r", unit, FAR)])
    unit.insert(schema.api_repeat, [_repeat("r-old", unit.now, "k-r"), _repeat("r-new", FAR, "k-r")])
    return Made(schema.api_repeat, ("r-old",), ("r-new",), column="key")


def _hook(name: str, unit: Unit, removed: datetime | None) -> Row:
    row: Row = {"id": name, "url": "https://x.example", "events": [], "secret": b"", "looked_at": unit.now}
    return row | {"created_at": unit.now, "created_by": "anna", "removed_at": removed}


def _delivery(name: str, unit: Unit, hook: str, state: str, at: datetime) -> Row:
    row: Row = {
        "id": name,
        "webhook_id": hook,
        "key": name,
        "event": "e",
        "data": {},
        "happened_at": unit.now,
        "note": "",
    }
    return row | {"made_at": at, "state": state, "attempts": 1}


def _deliveries(unit: Unit) -> Made:
    unit.insert(schema.webhook, [_hook("h", unit, None)])
    said = {"d-told": ("told", unit.now), "d-vain": ("given_up", unit.now), "d-waits": ("waiting", unit.now)}
    for name, (state, at) in (said | {"d-new": ("told", FAR)}).items():
        unit.insert(schema.webhook_delivery, [_delivery(name, unit, "h", state, at)])
    return Made(schema.webhook_delivery, ("d-told", "d-vain"), ("d-waits", "d-new"))


def _hooks(unit: Unit) -> Made:
    unit.insert(schema.webhook, [_hook("h-gone", unit, unit.now), _hook("h-here", unit, None)])
    unit.insert(schema.webhook, [_hook("h-told", unit, unit.now)])
    unit.insert(schema.webhook_delivery, [_delivery("d", unit, "h-told", "told", FAR)])
    return Made(schema.webhook, ("h-gone",), ("h-here", "h-told"))


def _notices(unit: Unit) -> Made:
    row: Row = {"recipient": "a@x.example", "subject": "s", "body": "b", "created_at": unit.now}
    for state in ("sent", "stored", "failed", "waiting", "sending", "in_doubt"):
        unit.insert(schema.notification, [row | {"id": f"n-{state}", "key": f"kinds:{state}", "state": state}])
    return Made(schema.notification, ("n-sent", "n-stored", "n-failed"), ("n-waiting", "n-sending", "n-in_doubt"))


def _target(name: str, unit: Unit, removed: datetime | None) -> Row:
    row: Row = {"id": name, "name": name, "kind": "mail", "address": "it@x.example", "settings": {}, "language": "nl"}
    row |= {"zone": "Europe/Amsterdam", "quiet_from": "", "quiet_to": "", "digest_at": "05:30"}
    return row | {"created_at": unit.now, "removed_at": removed}


def _message(name: str, unit: Unit, target: str, told: datetime | None) -> Row:
    row: Row = {"id": name, "target_id": target, "key": name, "subject": "s", "body": "b", "data": {}, "note": ""}
    return row | {"made_at": unit.now, "attempts": 1, "told_at": told}


def _alerts(unit: Unit) -> Made:
    unit.insert(schema.alert_target, [_target("it", unit, None)])
    for name, told in {"a-old": unit.now, "a-new": FAR, "a-untold": None}.items():
        unit.insert(schema.alert_message, [_message(name, unit, "it", told)])
    return Made(schema.alert_message, ("a-old",), ("a-new", "a-untold"))


def _targets(unit: Unit) -> Made:
    unit.insert(schema.alert_target, [_target("was", unit, unit.now), _target("is", unit, None)])
    unit.insert(schema.alert_target, [_target("was-told", unit, unit.now)])
    unit.insert(schema.alert_message, [_message("a", unit, "was-told", FAR)])
    return Made(schema.alert_target, ("was",), ("is", "was-told"))


def _incidents(unit: Unit) -> Made:
    row: Row = {"episode": 1, "partner": "p", "cause": "away", "urgent": False, "step": "", "count": 1, "amounts": {}}
    for name, resolved in {"i-over": unit.now, "i-open": None}.items():
        times = {"opened_at": unit.now, "seen_at": unit.now, "resolved_at": resolved}
        unit.insert(schema.incident, [row | times | {"id": name, "key": name}])
    return Made(schema.incident, ("i-over",), ("i-open",))


def _pauses(unit: Unit) -> Made:
    row: Row = {"kind": "job", "reason": "r", "since": unit.now, "by": "anna"}
    different: dict[str, Row] = {
        "p-lifted": {"lifted_at": unit.now, "until": None},
        "p-ended": {"lifted_at": None, "until": unit.now},
        "p-holds": {"lifted_at": None, "until": None},
    }
    for name, values in different.items():
        unit.insert(schema.pause, [row | values | {"id": name, "target": name}])
    return Made(schema.pause, ("p-lifted", "p-ended"), ("p-holds",))


def _runs(unit: Unit) -> Made:
    row: Row = {"job": "kinds", "started_at": unit.now, "result": "ok"}
    for name, finished in {"j-done": unit.now, "j-open": None}.items():
        unit.insert(schema.job_run, [row | {"business_key": name, "finished_at": finished}])
    return Made(schema.job_run, ("j-done",), ("j-open",), column="business_key")


def _fixes(unit: Unit) -> Made:
    row: Row = {"cause": "c", "payer": "p", "changes": {}, "by": "anna", "role": "support"}
    row |= {"made_at": unit.now, "until": unit.now}
    for name, (state, ended) in {"f-done": ("released", unit.now), "f-held": ("held", None)}.items():
        unit.insert(schema.bulk_fix, [row | {"id": name, "state": state, "ended_at": ended}])
    claim = unit.rows(unit.mine(schema.claim))[0]
    item = {"claim_ref": claim["ref"], "claim_id": claim["id"], "way": "w", "made": {}, "former": {}, "tasks": []}
    unit.insert(schema.bulk_fix_item, [item | {"id": "fi", "fix_id": "f-done", "state": "released", "note": ""}])
    return Made(schema.bulk_fix, ("f-done",), ("f-held",), parts=(schema.bulk_fix_item,))


def _question(unit: Unit, name: str, **more: Any) -> None:
    organisation = parties.organisation(unit, PRACTICE).id
    row: Row = {
        "id": name,
        "organisation_id": organisation,
        "words": "which?",
        "asked_by": "anna",
        "asked_at": unit.now,
    }
    unit.insert(schema.question, [row | more])


def _questions(unit: Unit) -> Made:
    _question(unit, "q-closed", state="closed", closed_at=unit.now)
    _question(unit, "q-answered", state="answered", answer="that", answered_at=unit.now)
    _question(unit, "q-asked", state="asked")
    return Made(schema.question, ("q-closed", "q-answered"), ("q-asked",))


def _task(unit: Unit, name: str, *, done: bool, claim: str = "") -> str:
    tasks.add(unit, tasks.NewTask(key=f"kinds:{name}", kind="rejection", text=TOLD, action=TOLD, claim_ref=claim))
    if done:
        tasks.done(unit, f"kinds:{name}", {})
    row = unit.one(unit.mine(schema.task, schema.task.c.key == f"kinds:{name}"))
    assert row is not None
    return str(row["id"])


def _note(unit: Unit, name: str, task: str) -> str:
    row: Row = {"id": name, "task_id": task, "kind": "comment", "text": "called", "by": "anna", "role": "support"}
    unit.insert(schema.task_note, [row | {"at": unit.now}])
    return name


def _notes(unit: Unit) -> Made:
    _note(unit, "note-done", _task(unit, "nd", done=True))
    _note(unit, "note-open", _task(unit, "no", done=False))
    return Made(schema.task_note, ("note-done",), ("note-open",))


def _tasks(unit: Unit) -> Made:
    return Made(schema.task, (_task(unit, "td", done=True),), (_task(unit, "to", done=False),))


def _reference(kind: str) -> Callable[[Unit], Made]:
    def made(unit: Unit) -> Made:
        other = "uzovi"
        reference.put(unit, kind, [ReferenceRow(code="kinds", body={}, valid_from=date.min)])
        reference.put(unit, other, [ReferenceRow(code="kinds-other", body={}, valid_from=date.min)])
        return Made(schema.reference, ("kinds",), ("kinds-other",), column="code")

    return made


def _inbound(unit: Unit) -> str:
    row: Row = {
        "id": "in",
        "source": "bank",
        "remote_id": "in",
        "kind": "camt",
        "blob_address": "",
        "content_key": "in",
    }
    row |= {"trusted": True, "meta": {}, "state": "done", "note": "", "findings": [], "confirmed": True}
    unit.insert(schema.inbound, [row | {"received_at": unit.now}])
    return "in"


def _payment(unit: Unit, name: str, inbound: str) -> None:
    booked = Payment(
        id=name,
        account="NL00EXMP0000000001",
        booked=unit.now.date(),
        amount=Money(1234, "EUR"),
        state=BookingState.BOOKED,
        reference="R1",
        payer_account="NL00EXMP0000000002",
        payer_name=NAME,
        text=f"betaling {NAME}",
    )
    new = NewPayment(id=name, payment=booked, fingerprint=name, occurrence=1, country="NL", inbound_id=inbound)
    money.add_payment(unit, new)
    facts = PaymentFacts(tenant=unit.tenant, id=name, amount=booked.amount, payee=booked.account)
    money.post(unit, payment_booked(facts, at=unit.now, source="inbound:in"))


def _payments(unit: Unit) -> Made:
    inbound = _inbound(unit)
    for name, state in {"pay-done": "posted", "pay-open": "review", "pay-new": "new"}.items():
        _payment(unit, name, inbound)
        money.mark_payment(unit, name, state, "", {})
    return Made(schema.payment, ("pay-done",), ("pay-open", "pay-new"))


def _specifications(unit: Unit) -> Made:
    row: Row = {"inbound_id": _inbound(unit), "partner": "p", "currency": "EUR", "total_minor": 1, "sealed": b"x"}
    for name, state in {"sp-done": "explained", "sp-waits": "waiting", "sp-held": "held"}.items():
        unit.insert(
            schema.specification, [row | {"id": name, "fingerprint": name, "state": state, "read_at": unit.now}]
        )
    return Made(schema.specification, ("sp-done",), ("sp-waits", "sp-held"))


KINDS: dict[str, Callable[[Unit], Made]] = {
    "session": _sessions,
    "login_link": _links,
    "login_throttle": _throttles,
    "api_repeat": _repeats,
    "api_token": _tokens,
    "user": _users,
    "webhook_delivery": _deliveries,
    "webhook": _hooks,
    "notice": _notices,
    "alert": _alerts,
    "alert_target": _targets,
    "incident": _incidents,
    "pause": _pauses,
    "job_run": _runs,
    "bulk_fix": _fixes,
    "question": _questions,
    "task_note": _notes,
    "task": _tasks,
    "coverage": _reference("coverage"),
    "assignment": _reference("assignment"),
    "payment": _payments,
    "specification": _specifications,
}


@pytest.fixture
def played(world: World) -> World:
    world.hand_in(nl_list())
    world.submit(NL)
    return world


def _there(world: World, made: Made) -> set[str]:
    with world.reading(NL) as unit:
        found = unit.rows(unit.mine(made.table))
    return {row[made.column] for row in found if row.get("sealed", b"x") != b""}


def _due(world: World, kind: str) -> dict[str, int]:
    with world.reading(NL) as unit:
        return {each.kept: each.count for each in retention.due(world.hub, unit, "NL") if each.kind == kind}


def test_each_kind_is_tried() -> None:
    assert sorted(KINDS) == sorted(retained.KINDS)


@pytest.mark.parametrize("kind", retained.KINDS)
def test_what_is_over_goes_on_its_day_and_what_waits_stays(played: World, kind: str) -> None:
    before = _due(played, kind)
    with played.unit(NL) as unit:
        made = KINDS[kind](unit)
        counted = {part.name: len(unit.rows(unit.mine(part))) for part in made.parts}
    mine = {*made.over, *made.stays}
    assert mine <= _there(played, made)
    rule = retention.rules(played.hub.home, "NL", START.date())[kind]
    played.at(datetime.combine(rule.until(START.date()), datetime.min.time(), UTC) - timedelta(hours=12))
    assert _due(played, kind) == before == {}, "a day too early"
    played.at(played.clock.now() + timedelta(hours=13))
    assert _due(played, kind)[""] >= len(made.over)
    retention.apply(played.hub, NL, "NL", NIGHT)
    assert _there(played, made) & mine == set(made.stays)
    with played.reading(NL) as unit:
        for part in made.parts:
            assert len(unit.rows(unit.mine(part))) == counted[part.name] - 1
        noted = [row for row in rows.disposals(unit) if row["kind"] == kind]
        logged = [row for row in access.events(unit) if row["object"] == f"{kind}/{kind}"]
    assert len(noted) == len(logged) == (0 if kind in retention._OPERATION else 1)
    assert _due(played, kind) == {}, "once"


def test_of_a_booking_the_payers_words_go_and_what_was_paid_stays(played: World) -> None:
    with played.unit(NL) as unit:
        _payments(unit)
    played.at(datetime(2032, 1, 1, 12, tzinfo=UTC))
    retention.apply(played.hub, NL, "NL", NIGHT)
    with played.reading(NL) as unit:
        found = {row["id"]: payment for row, payment in money.payments(unit)}
    gone, kept = found["pay-done"], found["pay-open"]
    assert (gone.payer_name, gone.payer_account, gone.text) == ("", "", "")
    assert (gone.amount, gone.booked, gone.reference) == (Money(1234, "EUR"), START.date(), "R1")
    assert kept.payer_name == NAME


def _claims(world: World) -> tuple[Row, Row]:
    """A claim of the person, and one of somebody else that came with another row."""
    with world.reading(NL) as unit:
        subject = subjects.find(unit, "bsn", BSN)
        assert subject is not None
        mine = rows.claims_of(unit, subject["id"])[0]
        other = next(row for row in unit.rows(unit.mine(schema.claim)) if row["subject_id"] != subject["id"])
    return mine, other


def _written(world: World) -> None:
    """The same about both: a question each by claim and by row, a closed task with a note, an open one with a note."""
    with world.unit(NL) as unit:
        for name, claim in zip(("mine", "other"), _claims(world), strict=True):
            row = unit.rows(unit.mine(schema.declaration_row, schema.declaration_row.c.claim_id == claim["id"]))[0]
            at = {"declaration_id": row["declaration_id"], "line": row["line"]}
            closed: dict[str, Any] = {"state": "closed", "closed_at": unit.now}
            _question(unit, f"q-claim-{name}", claim_ref=claim["ref"], **closed)
            _question(unit, f"q-row-{name}", **at, **closed)
            _note(unit, f"note-done-{name}", _task(unit, f"done-{name}", done=True, claim=claim["ref"]))
            _note(unit, f"note-open-{name}", _task(unit, f"open-{name}", done=False, claim=claim["ref"]))
            reference.put(unit, "coverage", [ReferenceRow(code=f"{claim['blind']}:", body={}, valid_from=date.min)])


def _left(world: World) -> dict[str, set[str]]:
    with world.reading(NL) as unit:
        return {
            "question": {row["id"] for row in unit.rows(unit.mine(schema.question))},
            "note": {row["id"] for row in unit.rows(unit.mine(schema.task_note))},
            "task": {row["key"] for row in unit.rows(unit.mine(schema.task)) if row["key"].startswith("kinds:")},
            "coverage": {
                row["code"]
                for row in unit.rows(unit.mine(schema.reference, schema.reference.c.kind == "coverage"))
                if row["code"].endswith(":")
            },
        }


def test_a_hold_keeps_what_was_written_about_a_person_too(played: World) -> None:
    mine, _ = _claims(played)
    _written(played)
    privacy.hold(played.hub, NL, whom(BSN), "dispute", OFFICER)
    played.at(datetime(2032, 1, 1, 12, tzinfo=UTC))
    assert _due(played, "question") == {"": 2, "hold": 2}
    assert _due(played, "task_note") == {"": 1, "hold": 1}
    retention.apply(played.hub, NL, "NL", NIGHT)
    left = _left(played)
    assert left["question"] == {"q-claim-mine", "q-row-mine"}
    assert left["note"] == {"note-done-mine", "note-open-mine", "note-open-other"}
    assert "kinds:done-mine" in left["task"]
    assert left["coverage"] == {f"{mine['blind']}:"}
    privacy.unhold(played.hub, NL, whom(BSN), "settled", OFFICER)
    retention.apply(played.hub, NL, "NL", NIGHT)
    assert _left(played)["question"] == set()
    assert _left(played)["coverage"] == set()


def test_a_hold_keeps_the_booking_that_paid_for_a_person(played: World) -> None:
    sent = next(data for data in played.sent("menzis") if data[26:30] == b"3332")
    played.answer(NL, Ha305(sent=sent).bytes())
    mine, _ = _claims(played)
    text = f"declaratie {mine['invoice_number']}"
    paid = Paid(amount="5.25", text=text, name=NAME, account=MENZIS, booked="2024-01-16")
    played.bank(NL, "paid.xml", camt053(paid, currency="EUR"))
    assert played.claims(NL)[mine["ref"]].money.outstanding.minor == 0
    with played.unit(NL) as unit:
        _payment(unit, "pay-other", _inbound(unit))
        money.mark_payment(unit, "pay-other", "posted", "", {})
    privacy.hold(played.hub, NL, whom(BSN), "dispute", OFFICER)
    played.at(datetime(2032, 1, 1, 12, tzinfo=UTC))
    assert _due(played, "payment") == {"": 1, "hold": 1}
    retention.apply(played.hub, NL, "NL", NIGHT)
    with played.reading(NL) as unit:
        names = {row["id"] == "pay-other": payment.payer_name for row, payment in money.payments(unit)}
    assert names == {True: "", False: NAME}


def test_erasing_a_person_takes_what_was_written_about_them_and_nothing_of_others(played: World) -> None:
    sent = next(data for data in played.sent("menzis") if data[26:30] == b"3332")
    played.answer(NL, Ha305(sent=sent, lines={BSN: Line(0, [("0403", "101")])}).bytes())
    _written(played)
    with played.unit(NL) as unit:
        unit.connection.execute(schema.decision.update().values(text=f"about {NAME}"))
    mine, other = _claims(played)
    asked = privacy.ask_erasure(played.hub, NL, whom(BSN), "request", OFFICER, despite="told by phone")
    done = privacy.erase(played.hub, NL, "NL", asked["number"], SECOND)
    assert {name: done["destroyed"][name] for name in privacy.WRITTEN} == {
        "questions": 2,
        "notes": 2,
        "tasks": 1,
        "words": 1,
        "assignments": 0,
    }
    left = _left(played)
    assert left["question"] == {"q-claim-other", "q-row-other"}
    assert left["note"] == {"note-done-other", "note-open-other"}
    assert left["task"] == {"kinds:open-mine", "kinds:done-other", "kinds:open-other"}
    assert left["coverage"] == {f"{other['blind']}:"}
    with played.reading(NL) as unit:
        lines = {row["id"] for row in unit.rows(unit.mine(schema.claim_line)) if row["claim_id"] == mine["id"]}
        words = {row["claim_line_id"] in lines: row["text"] for row in unit.rows(unit.mine(schema.decision))}
        assert privacy.certificate(unit, asked["number"])["valid"] is True
    assert words == {True: "", False: f"about {NAME}"}


def test_the_assignment_that_names_an_erased_patient_goes_with_them(world: World) -> None:
    world.log_in(no_log())
    with world.unit(NO) as unit:
        claim, other = [row for row in unit.rows(unit.mine(schema.claim)) if row["case_ref"]][:2]
        before = {row.code for row in reference.rows_of(unit, "assignment")}
        assert {claim["case_ref"], other["case_ref"]} <= before
        assert claim["case_ref"] != other["case_ref"]
        assert retention.forget(unit, [claim["subject_id"]])["assignments"] == 1
        assert {row.code for row in reference.rows_of(unit, "assignment")} == before - {claim["case_ref"]}


def test_every_claim_carries_its_persons_blind_index_by_which_it_is_found(played: World) -> None:
    with played.reading(NL) as unit:
        blinds = {row["id"]: row["blind"] for row in unit.rows(unit.mine(schema.subject))}
        found = unit.rows(unit.mine(schema.claim))
        assert found
        assert [row["ref"] for row in found if row["blind"] != blinds[row["subject_id"]]] == []
        one = found[0]["subject_id"]
        own = {row["id"] for row in found if row["subject_id"] == one}
        assert {row["id"] for row in rows.claims_of(unit, one)} == own
        if played.database.kind == "sqlite":
            told = unit.rows(_explained(unit, [one]))
            assert any("tenant_id=? AND blind=?" in row["detail"] for row in told), told


def _explained(unit: Unit, ids: list[str]) -> Any:
    written = {"literal_binds": True, "render_postcompile": True}
    statement = str(retained.claims_of(unit, ids).compile(unit.connection.engine, compile_kwargs=written))
    return text(f"EXPLAIN QUERY PLAN {statement}")


# --- the night ----------------------------------------------------------------------------------------------------


def _tenant(world: World) -> Row:
    return next(row for row in world.hub.store.tenants() if row["id"] == NL)


def _record(world: World) -> Row:
    with world.reading(NL) as unit:
        row = unit.one(unit.mine(schema.job_run, schema.job_run.c.job == JOB.name))
    assert row is not None
    return dict(row)


def test_the_night_destroys_what_a_dry_run_showed_and_counts_it_in_its_record(played: World) -> None:
    played.at(datetime(2032, 1, 1, 12, tzinfo=UTC))
    privacy.hold(played.hub, NL, whom(BSN), "dispute", OFFICER)
    with played.reading(NL) as unit:
        shown = retention.due(played.hub, unit, "NL")
    free = {each.kind for each in shown if not each.kept}
    assert {"person", "nameless_rows", "access_log"} <= free
    ran = clockwork.run_now(played.hub, _tenant(played), JOB, "me")
    said = _record(played)["result"]
    assert (ran.result, said[:4]) == (said, "ok: ")
    gone, _, kept = said.removeprefix("ok: ").partition("; kept: ")
    persons = sum(each.count for each in shown if each.kind == "person" and not each.kept)
    assert f"person {persons}" in gone.split(", ")
    assert {word.split()[0] for word in gone.split(", ")} == free
    assert "person (hold) 1" in kept.split(", ")
    with played.reading(NL) as unit:
        assert {row["kind"] for row in rows.disposals(unit)} == free - retention._OPERATION
        assert {row["by"] for row in rows.disposals(unit)} == {"hub"}
        left = [each for each in retention.due(played.hub, unit, "NL") if not each.kept]
        subject = subjects.find(unit, "bsn", BSN)
    assert left == []
    assert subject is not None


def test_it_runs_once_a_night_by_the_clock_and_not_while_it_is_paused(played: World) -> None:
    night = datetime(2032, 1, 2, 2, 30, tzinfo=UTC)
    played.at(night - timedelta(days=1))
    assert clockwork.tick(played.hub, (JOB,)) == [], "a hub begins with the next night"
    with played.unit(NL) as unit:
        pauses.pause(unit, pauses.JOB, JOB.name, reason="audit", by="olga")
    played.at(night)
    assert NL not in _ran(played)
    with played.reading(NL) as unit:
        assert rows.disposals(unit) == []
    with played.unit(NL) as unit:
        (paused,) = pauses.in_force(unit).rows
        unit.update(schema.pause, paused["id"], lifted_at=unit.now)
    played.at(night + timedelta(minutes=1))
    assert _ran(played)[NL].startswith("ok: batch ")
    assert _ran(played) == {}, "once a night"


def _ran(world: World) -> dict[str, str]:
    """What the clock began at this moment, by tenant."""
    before = _runs_of(world)
    clockwork.tick(world.hub, (JOB,))
    after = _runs_of(world)
    return {tenant: result for (tenant, key), result in after.items() if (tenant, key) not in before}


def _runs_of(world: World) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for tenant in world.hub.store.tenants():
        with world.reading(tenant["id"]) as unit:
            runs = [row for row in unit.rows(unit.mine(schema.job_run)) if row["job"] == JOB.name]
        found |= {(tenant["id"], row["business_key"]): row["result"] for row in runs}
    return found


def test_what_is_freed_by_a_night_goes_in_the_next(played: World) -> None:
    with played.unit(NL) as unit:
        unit.insert(schema.api_token, [_token("k-old", unit, unit.now), _token("k-used", unit, unit.now)])
        unit.insert(schema.api_repeat, [_repeat("r", unit.now, "k-used")])
    played.at(datetime(2026, 1, 1, 12, tzinfo=UTC))
    for left in ({"k-used"}, set()):
        retention.nightly(played.hub, NL)
        with played.reading(NL) as unit:
            assert {row["id"] for row in unit.rows(unit.mine(schema.api_token))} == left


def test_a_hub_that_was_put_back_destroys_nothing_before_it_may_send_again(played: World) -> None:
    played.at(datetime(2032, 1, 1, 12, tzinfo=UTC))
    reconcile.restored(played.hub, NL, START, OFFICER)
    assert clockwork.run_now(played.hub, _tenant(played), JOB, "me").result == (
        "ok: nothing destroyed while outbound is stopped"
    )
    with played.unit(NL) as unit:
        assert rows.disposals(unit) == []
        pauses.resume(unit, pauses.OUTBOUND, "", by="olga")
    assert "batch" in clockwork.run_now(played.hub, _tenant(played), JOB, "me").result


def test_a_night_with_nothing_due_says_so(world: World) -> None:
    assert clockwork.run_now(world.hub, _tenant(world), JOB, "me").result == "ok: nothing was due"
    assert job_named(JOB.name) is JOB


# --- what the page says -------------------------------------------------------------------------------------------

PAGE = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
_BESIDES = {
    "batch": {"blob"},
    "person": {"subject", "claim", "declaration_row"},
    "nameless_rows": {"declaration_row"},
    "access_log": {"access_log"},
}
"""Kinds that are more than rows with a term, and the tables whose content they end."""


def _tables() -> dict[str, tuple[str, str]]:
    """Each table of the page: its kinds, and the reason it has none."""
    part = PAGE.split("### Every table")[1].split("\n| promise")[0]
    found: dict[str, tuple[str, str]] = {}
    for names, kinds, why in re.findall(r"^\| (`[^|]+) \| ([^|]*) \| ([^|]*) \|$", part, re.MULTILINE):
        for name in re.findall(r"`(\w+)`", names):
            assert name not in found, f"{name} twice"
            found[name] = (kinds, why.strip())
    return found


def test_every_table_has_a_rule_or_a_named_reason_for_having_none() -> None:
    said = _tables()
    assert set(said) == set(schema.metadata.tables), "docs/privacy.md, Every table"
    for name, (kinds, why) in said.items():
        named = re.findall(r"`(\w+)`", kinds)
        assert set(named) <= set(retention.KINDS), name
        assert named or kinds.strip() == "stays", name
        assert len(why.split()) >= 3, f"{name}: why"


def test_the_tables_of_the_page_are_those_the_rules_touch(world: World) -> None:
    said = {name: set(re.findall(r"`(\w+)`", kinds)) for name, (kinds, _) in _tables().items()}
    claimed = {kind: {name for name, kinds in said.items() if kind in kinds} for kind in retention.KINDS}
    touched = dict(_BESIDES)
    world.hand_in(nl_list())
    for kind, build in KINDS.items():
        with world.unit(NL) as unit, unit.connection.begin_nested() as undone:
            made = build(unit)
            undone.rollback()
        touched[kind] = {made.table.name, *(part.name for part in made.parts)}
    assert claimed == touched


def test_the_terms_of_the_page_are_those_in_force(world: World) -> None:
    part = PAGE.split("## How long")[1].split("\n### ")[0]
    rows_of_it = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", part, re.MULTILINE)
    said = {kind: term for kinds, term in rows_of_it for kind in re.findall(r"`(\w+)`", kinds)}
    terms = {country: retention.rules(world.hub.home, country, date(2026, 1, 1)) for country in ("NL", "NO")}
    for kind in retention.KINDS:
        dutch, norwegian = terms["NL"][kind], terms["NO"][kind]
        if dutch.term == norwegian.term:
            assert said[kind].startswith(dutch.term), kind
        else:
            assert said[kind].startswith(f"NL {dutch.years} years, NO {norwegian.years}"), kind

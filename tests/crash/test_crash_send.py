"""A harsh partner: whatever it says or does not say, a message is never doubled, never lost, and a person is told once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.clock import MovableClock
from hub.errors import ConfigurationError
from hub.model.exchange import ExchangeState, Message, Receipt
from hub.pipeline import send
from hub.pipeline.context import Actor
from hub.pipeline.release import release
from hub.sandbox.pki import Identity, Pki
from hub.sandbox.server import Fault, Response, Trouble, json_response
from hub.sandbox.vecozo import VecozoSandbox
from hub.store import exchanges
from hub.store.unit import Row
from tests.crash.remote import Remote
from tests.crash.setting import HOUR, MORNING, TENANT, Opened, agree, counted, key_of, open_setting, prepare, setting
from tests.databases import Database

SUPPORT = Actor(name="support", role="support")
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""Long stories that no database changes; the short ones run on both."""
PUSH = "/rest-push/"
SERVICES = "/berichtenservice/"


@pytest.fixture
def one(database: Database, tmp_path: Path) -> Iterator[Opened]:
    """A hub whose clock is moved by hand."""
    opened = open_setting(setting(tmp_path / "hub", database.url, now=MORNING))
    opened.hub.store.add_tenant(TENANT, "Crash (EXAMPLE)", "NL", "en")
    yield opened
    opened.close()


@pytest.fixture
def remote() -> Iterator[Remote]:
    """A partner that takes everything, as often as it is sent."""
    with Remote() as server:
        yield server


@pytest.fixture
def vecozo(pki: Pki) -> Iterator[VecozoSandbox]:
    """VECOZO over mutual TLS."""
    with VecozoSandbox(pki, now=lambda: datetime.now(UTC)) as server:
        yield server


def later(one: Opened, **delta: float) -> None:
    assert isinstance(one.clock, MovableClock)
    one.clock.move_to(one.clock.now() + timedelta(**delta))


def run(one: Opened) -> dict[str, ExchangeState]:
    return send.send_due(one.hub, TENANT)


def at_vecozo(one: Opened, sandbox: VecozoSandbox, names: list[str], **settings: str) -> list[str]:
    with one.hub.store.unit(TENANT) as unit:
        agreement = agree(unit, "menzis", channel="", settings=sandbox.settings() | settings)
    return prepare(one, "menzis", agreement, names, channel="vecozo")


def pushes(sandbox: VecozoSandbox) -> int:
    return sum(1 for line in sandbox.server.log if line.method == "POST")


def state(one: Opened, exchange_id: str) -> str:
    found: str = one.row(exchange_id)["state"]
    return found


# --- an open intent stays open ------------------------------------------------------------------------------------


def test_a_question_without_an_answer_never_makes_an_exchange_fresh_again(one: Opened, remote: Remote) -> None:
    """Hole (a): an error while asking cleared the intent, and the next attempt sent a second time."""
    (first,) = prepare(one, "askable", counted(one, remote, "askable"), ["a"])
    remote.server.misbehave(Fault(trouble=Trouble.CLOSE_AFTER_PROCESSING, method="POST"))
    for trouble in (Trouble.UNAVAILABLE, Trouble.CUT_ANSWER, Trouble.TOO_MANY, Trouble.CLOSE_AFTER_BODY) * 3:
        remote.server.misbehave(Fault(trouble=trouble, method="GET"))
        run(one)
        assert state(one, first) in ("sending", "in_doubt"), f"after {trouble}"
        later(one, hours=1)
    remote.server.calm()
    run(one)
    assert (state(one, first), remote.copies().total()) == ("sent", 1)
    assert one.tasks() == []


def test_out_of_attempts_with_an_open_intent_is_in_doubt_and_cannot_be_retried_blindly(
    one: Opened, remote: Remote
) -> None:
    """Hole (c): `failed` would let an operator send it again."""
    (first,) = prepare(one, "askable", counted(one, remote, "askable"), ["a"])
    remote.server.misbehave(Fault(trouble=Trouble.CLOSE_AFTER_PROCESSING, method="POST"))
    remote.server.misbehave(Fault(trouble=Trouble.UNAVAILABLE, method="GET", times=1000))
    for _ in range(HOUR.attempts + 3):
        run(one)
        later(one, hours=1)
    assert state(one, first) == "in_doubt"
    assert [task["kind"] for task in one.tasks()] == ["in_doubt"]
    with pytest.raises(ConfigurationError, match="arrived"):
        release(one.hub, TENANT, "a", SUPPORT)
    remote.server.calm()
    run(one)
    assert (state(one, first), remote.copies().total(), one.tasks()) == ("sent", 1, [])


def test_who_cannot_be_asked_is_left_to_a_person_at_once_and_for_good(one: Opened, remote: Remote) -> None:
    (first,) = prepare(one, "deaf", counted(one, remote), ["a"])
    remote.server.misbehave(Fault(trouble=Trouble.CLOSE_AFTER_PROCESSING, method="POST"))
    for _ in range(5):
        run(one)
        later(one, days=1)
    assert (state(one, first), remote.copies().total()) == ("in_doubt", 1)
    assert len(one.tasks("in_doubt")) == 1
    release(one.hub, TENANT, "a", SUPPORT, arrived=True)
    run(one)
    assert (state(one, first), remote.copies().total(), one.tasks()) == ("sent", 1, [])


def test_a_file_made_anew_for_the_same_business_is_not_delivered_again(
    tmp_path: Path, sqlite_template: Path, remote: Remote, vecozo: VecozoSandbox
) -> None:
    """Hole (b): a database restored to yesterday makes the same file with other bytes."""
    remote.dedupes = True
    for turn in ("yesterday", "today"):
        file = tmp_path / f"{turn}.db"
        file.write_bytes(sqlite_template.read_bytes())
        one = open_setting(setting(tmp_path / turn, f"sqlite:///{file}", now=MORNING))
        ids = prepare(one, "askable", counted(one, remote, "askable"), ["a"]) + at_vecozo(one, vecozo, ["a"])
        opener = one.hub.open_channel
        one.hub = replace(one.hub, open_channel=lambda p, a, t=turn, o=opener: _Rewrites(o(p, a), t))
        run(one)
        assert {state(one, each) for each in ids} <= {"sent", "delivered"}
        one.close()
    assert remote.body(f"{TENANT}:askable:a") == b"yesterday"
    assert [item.payload for item in vecozo.received()] == [b"yesterday"]


class _Rewrites:
    """Sends other bytes under the same key."""

    def __init__(self, channel: Any, payload: str) -> None:
        self._channel = channel
        self._payload = payload.encode()
        self.can_lookup = True

    def deliver(self, message: Message) -> Receipt:
        found: Receipt = self._channel.deliver(replace(message, payload=self._payload))
        return found

    def lookup(self, key: str) -> Receipt | None:
        found: Receipt | None = self._channel.lookup(key)
        return found


@pytest.mark.parametrize(("answer", "then"), [(503, "delivered"), (422, "delivered")])
def test_an_answer_that_came_meanwhile_is_not_taken_back_by_our_own_failure(
    one: Opened, remote: Remote, answer: int, then: str
) -> None:
    """S07: the partner has answered our claims while its receipt for the file got lost."""
    (first,) = prepare(one, "deaf", counted(one, remote), ["a"])

    def answered(_key: str) -> Response:
        with one.hub.store.unit(TENANT) as unit:
            exchanges.change(unit, first, ExchangeState.DELIVERED, text="answered", answered_at=unit.now)
        return json_response({}, answer)

    remote.on_deliver = answered
    run(one)
    later(one, days=1)
    remote.on_deliver = lambda _key: None
    run(one)
    assert (state(one, first), remote.copies().total(), one.tasks()) == (then, 0, [])


def test_what_another_process_tried_a_moment_ago_is_not_tried_again_at_once(one: Opened, remote: Remote) -> None:
    (first,) = prepare(one, "deaf", counted(one, remote), ["a"])
    remote.on_deliver = _always(429)
    for _ in range(3):
        send.send(one.hub, TENANT, first)
    assert one.row(first)["attempts"] == 1


def _always(status: int) -> Callable[[str], Response]:
    return lambda _key: json_response({}, status)


# --- in flight ----------------------------------------------------------------------------------------------------


def _slow(one: Opened, remote: Remote) -> tuple[str, threading.Event]:
    """An exchange whose first delivery stays inside the partner until the event is set."""
    agreement = counted(one, remote, "askable")
    with one.hub.store.unit(TENANT) as unit:
        settings = {"endpoint": remote.server.url, "asks": "yes", "read_timeout": "1.5"}
        agree(unit, "askable", settings=settings)
    (first,) = prepare(one, "askable", agreement, ["a"])
    may_end, waits = threading.Event(), iter([True])

    def thinks(_key: str) -> None:
        if next(waits, False):
            may_end.wait(20)

    remote.on_deliver = thinks  # type: ignore[assignment]
    return first, may_end


@ON_SQLITE
@pytest.mark.parametrize("dedupes", [True, False])
def test_a_first_copy_still_inside_a_slow_partner_and_the_second_are_one_where_the_partner_knows_its_keys(
    one: Opened, remote: Remote, *, dedupes: bool
) -> None:
    """The honest limit: asked, the partner says "never came" about what it still works on.

    One that recognises keys (VECOZO, a folder, SFTP) ends with one copy. One that does not and answers wrongly while it
    works gets two: no sender can prevent that; it was asked, twice, right before.
    """
    remote.dedupes = dedupes
    first, may_end = _slow(one, remote)
    run(one)
    assert state(one, first) == "sending"
    later(one, minutes=2)
    run(one)
    assert remote.reached() == ["begun", "none"], "not before the agreed time"
    later(one, minutes=1)
    run(one)
    assert state(one, first) == "sent"
    may_end.set()
    remote.server.stop()
    last = "known" if dedupes else "stored"
    assert remote.reached() == ["begun", "none", "none", "begun", "stored", last]
    assert remote.blind_sends() == []


@ON_SQLITE
def test_a_slow_partner_that_finishes_before_the_next_question_is_sent_nothing_more(
    one: Opened, remote: Remote
) -> None:
    first, may_end = _slow(one, remote)
    run(one)
    may_end.set()
    _until(lambda: remote.copies().total() == 1)
    later(one, minutes=3)
    run(one)
    assert (state(one, first), remote.copies().total()) == ("sent", 1)


def _until(true: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(1000):
        if true():
            return
        waiting.wait(0.01)
    pytest.fail("it did not happen")


@ON_SQLITE
def test_the_late_first_copy_at_vecozo_is_the_duplicate(one: Opened, vecozo: VecozoSandbox) -> None:
    (first,) = at_vecozo(one, vecozo, ["a"], read_timeout="1.5")
    vecozo.misbehave(Fault(trouble=Trouble.DELAY, method="POST", path=PUSH, seconds=4))
    run(one)
    assert state(one, first) == "sending"
    later(one, minutes=3)
    run(one)
    assert state(one, first) == "sent"
    _until(lambda: sum(line.method == "POST" for line in vecozo.server.log) == 2)
    assert len(vecozo.received()) == 1


# --- what a partner can say ---------------------------------------------------------------------------------------


def test_vecozo_that_has_it_already_is_a_receipt(one: Opened, vecozo: VecozoSandbox) -> None:
    (first,) = at_vecozo(one, vecozo, ["a"])
    channel = _channel_of(one, first)
    with one.hub.store.reading(TENANT) as unit:
        channel.deliver(exchanges.message(unit, one.row(first)))
    run(one)
    assert (state(one, first), len(vecozo.received()), one.tasks()) == ("delivered", 1, [])


def _channel_of(one: Opened, exchange_id: str) -> Any:
    from hub.store import parties

    row = one.row(exchange_id)
    with one.hub.store.reading(TENANT) as unit:
        return one.hub.open_channel(
            one.hub.registry.partners[row["partner"]], parties.agreement_by_id(unit, row["agreement_id"])
        )


def test_a_partner_that_asks_for_time_gets_it_from_all_of_us(
    one: Opened, vecozo: VecozoSandbox, remote: Remote
) -> None:
    """429: a quota overrun blocks the account, so that the other messages for that place wait too."""
    ids = at_vecozo(one, vecozo, [f"m{number}" for number in range(10)])
    (neighbour,) = prepare(one, "deaf", counted(one, remote), ["n"])
    vecozo.misbehave(Fault(trouble=Trouble.TOO_MANY, path=PUSH, seconds=900))
    run(one)
    assert pushes(vecozo) == 1
    assert {one.row(each)["next_try_at"] for each in ids} == {MORNING + timedelta(seconds=900)}
    assert {state(one, each) for each in ids} == {"prepared"}
    assert state(one, neighbour) == "sent"
    later(one, seconds=899)
    run(one)
    assert pushes(vecozo) == 1
    later(one, seconds=1)
    run(one)
    assert {state(one, each) for each in ids} == {"sent"}


@ON_SQLITE
@pytest.mark.parametrize("said", ["99999999999999999999", "-5", "soon", "0"])
def test_an_absurd_wait_stops_nobody(one: Opened, remote: Remote, said: str) -> None:
    agreement = counted(one, remote)
    odd, good = prepare(one, "deaf", agreement, ["odd", "good"])
    remote.on_deliver = lambda key: json_response({}, 429, {"Retry-After": said}) if key.endswith("odd") else None
    run(one)
    later(one, days=7)
    remote.on_deliver = lambda _key: None
    run(one)
    assert {state(one, odd), state(one, good)} == {"sent"}


@ON_SQLITE
@pytest.mark.parametrize("services", [PUSH, SERVICES], ids=["push only", "status too"])
def test_a_night_of_503_ends_with_everything_sent_once_in_order_and_one_alert(
    one: Opened, vecozo: VecozoSandbox, remote: Remote, services: str
) -> None:
    """S18: from 20:00 to 06:00, a run every quarter of an hour, thirty files."""
    later(one, hours=12)
    ids = at_vecozo(one, vecozo, [f"m{number:02d}" for number in range(30)])
    vecozo.misbehave(Fault(trouble=Trouble.UNAVAILABLE, path=services, times=100_000))
    most = 0
    for round_ in range(40):
        if round_ % 13 == 0:
            prepare(one, "deaf", counted(one, remote), [f"n{round_}"])
        run(one)
        later(one, minutes=15)
        most = max(most, len(one.tasks()))
    assert most == 1, "one alert, not thirty"
    assert {state(one, each) for each in ids} <= {"prepared", "sending", "in_doubt"}
    assert remote.copies().total() == 4, "other partners are unaffected"
    assert pushes(vecozo) < 120, "we did not hammer"
    vecozo.server.calm()
    for _ in range(5):
        run(one)
        later(one, minutes=15)
    assert {state(one, each) for each in ids} <= {"sent", "delivered"}
    references = [item.metadata["referentiegegevens"]["referentieId"] for item in vecozo.received()]
    assert references == sorted(references)
    assert len(references) == 30
    assert one.tasks() == []


@ON_SQLITE
def test_messages_a_partner_chokes_on_do_not_hold_up_the_rest(one: Opened, remote: Remote) -> None:
    agreement = counted(one, remote)
    ids = prepare(one, "deaf", agreement, [f"{number:02d}" for number in range(12)])
    remote.on_deliver = lambda key: json_response({}, 429) if int(key[-2:]) < 5 else None
    for _ in range(3):
        run(one)
        later(one, hours=1)
    assert [state(one, each) for each in ids] == ["prepared"] * 5 + ["sent"] * 7


def _wrong(pki: Pki) -> dict[str, Identity]:
    return {"expired": pki.expired, "of another CA": pki.stranger, "without an account": pki.unregistered}


@ON_SQLITE
@pytest.mark.parametrize("which", ["expired", "of another CA", "without an account"])
def test_a_certificate_that_is_refused_stops_its_partner_only_tells_once_and_heals_by_itself(
    one: Opened, vecozo: VecozoSandbox, remote: Remote, pki: Pki, which: str
) -> None:
    """S17: the queue stays, nothing is retried in a hurry, a new certificate resumes it."""
    identity = _wrong(pki)[which]
    ids = at_vecozo(one, vecozo, [f"m{number}" for number in range(15)], **_identity(identity))
    (neighbour,) = prepare(one, "deaf", counted(one, remote), ["n"])
    for _ in range(12):
        run(one)
        later(one, minutes=10)
    assert len(vecozo.server.log) <= 12, "not in a hurry"
    assert {state(one, each) for each in ids} == {"prepared"}
    assert [task["kind"] for task in one.tasks()] == ["configuration"]
    assert state(one, neighbour) == "sent"
    for _ in range(HOUR.attempts + 2):
        run(one)
        later(one, hours=1)
    with one.hub.store.unit(TENANT) as unit:
        agree(unit, "menzis", channel="", settings=vecozo.settings())
    vecozo.misbehave(Fault(trouble=Trouble.TOO_MANY, path=PUSH, seconds=60))
    for _ in range(2):
        run(one)
        later(one, hours=1)
    assert {state(one, each) for each in ids} == {"sent"}
    assert one.tasks() == []


def _identity(identity: Identity) -> dict[str, str]:
    return {"client_cert": str(identity.certificate), "client_key": str(identity.key)}


@ON_SQLITE
def test_settings_that_are_missing_are_one_task_and_no_flood_of_history(one: Opened, remote: Remote) -> None:
    with one.hub.store.unit(TENANT) as unit:
        agreement = agree(unit, "menzis", channel="", settings={"endpoint": "https://127.0.0.1:1"})
    ids = prepare(one, "menzis", agreement, [f"m{number}" for number in range(5)], channel="vecozo")
    (neighbour,) = prepare(one, "deaf", counted(one, remote), ["n"])
    for _ in range(70):
        run(one)
        later(one, minutes=1)
    assert [task["kind"] for task in one.tasks()] == ["configuration"]
    assert {state(one, each) for each in ids} == {"prepared"}
    assert state(one, neighbour) == "sent"
    with one.hub.store.reading(TENANT) as unit:
        assert len(exchanges.history(unit, ids[0])) == 2


@ON_SQLITE
@pytest.mark.parametrize(
    ("trouble", "after_one", "calls"),
    [
        (Trouble.CLOSE_BEFORE_BODY, {"sending"}, 2),
        (Trouble.CLOSE_AFTER_BODY, {"sending"}, 2),
        (Trouble.CLOSE_AFTER_PROCESSING, {"delivered"}, 1),
        (Trouble.CUT_ANSWER, {"sent", "delivered"}, 1),  # whether the status line came through is a race
    ],
)
def test_a_connection_cut_anywhere_gives_one_message(
    one: Opened, vecozo: VecozoSandbox, trouble: Trouble, after_one: set[str], calls: int
) -> None:
    first, second = at_vecozo(one, vecozo, ["a", "b"])
    vecozo.misbehave(Fault(trouble=trouble, method="POST", path=PUSH))
    run(one)
    assert state(one, first) in after_one
    assert state(one, second) == "sent"
    later(one, minutes=3)
    run(one)
    assert state(one, first) in ("sent", "delivered")
    assert (len(vecozo.received()), pushes(vecozo), one.tasks()) == (2, calls + 1, [])


def test_a_refusal_is_one_task_and_the_neighbours_go_on(one: Opened, remote: Remote) -> None:
    ids = prepare(one, "deaf", counted(one, remote), [f"{number}" for number in range(4)])
    remote.on_deliver = lambda key: json_response({}, 422) if key.endswith(":1") else None
    for _ in range(3):
        run(one)
        later(one, days=1)
    assert [state(one, each) for each in ids] == ["sent", "refused", "sent", "sent"]
    assert [task["exchange_id"] for task in one.tasks()] == [ids[1]]


# --- a connector with mistakes of its own -------------------------------------------------------------------------


class _Broken:
    """A connector whose author forgot something."""

    def __init__(self, where: str, *, can_lookup: bool) -> None:
        self._where = where
        self.can_lookup = can_lookup

    def deliver(self, message: Message) -> Receipt:
        if self._where == "deliver":
            raise KeyError(message.payload.decode())
        return Receipt(remote_id="x", state=ExchangeState.SENT)

    def lookup(self, key: str) -> Receipt | None:
        if self._where == "lookup":
            raise ZeroDivisionError(key)
        return None


@ON_SQLITE
@pytest.mark.parametrize("can_lookup", [True, False])
def test_a_connector_that_breaks_holds_up_nobody_and_is_not_trusted_to_have_sent_nothing(
    one: Opened, remote: Remote, *, can_lookup: bool
) -> None:
    agreement = counted(one, remote)
    broken, good = prepare(one, "third", counted(one, remote, "third"), ["b"]) + prepare(one, "deaf", agreement, ["g"])
    opener = one.hub.open_channel

    def channel(partner: Any, agreement: Any) -> Any:
        return _Broken("deliver", can_lookup=can_lookup) if partner.name == "third" else opener(partner, agreement)

    one.hub = replace(one.hub, open_channel=channel)
    for _ in range(HOUR.attempts + 2):
        run(one)
        later(one, hours=1)
    assert state(one, good) == "sent"
    assert state(one, broken) == "in_doubt"
    assert [task["exchange_id"] for task in one.tasks("in_doubt")] == [broken]
    assert "the file b" not in str(one.row(broken)["note"]), "what a connector blurts out may be personal"


def test_an_exchange_whose_content_is_gone_holds_up_nobody(one: Opened, remote: Remote) -> None:
    gone, good = prepare(one, "deaf", counted(one, remote), ["gone", "good"])
    with one.hub.store.unit(TENANT) as unit:
        unit.update(exchanges.schema.exchange, gone, blob_address="0" * 64)
    run(one)
    assert (state(one, gone), state(one, good)) == ("prepared", "sent")
    assert len(one.tasks()) == 1


def test_rows_here_and_copies_there_agree(one: Opened, remote: Remote) -> None:
    """The counting itself counts: a key that never went has no copy."""
    sent, waiting = prepare(one, "deaf", counted(one, remote), ["s", "w"])
    remote.on_deliver = lambda key: json_response({}, 429) if key.endswith(":w") else None
    run(one)
    rows: dict[str, Row] = {row["id"]: row for row in one.rows()}
    assert remote.copies()[key_of(rows[sent])] == 1
    assert remote.copies()[key_of(rows[waiting])] == 0

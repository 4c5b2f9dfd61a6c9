"""Collecting: killed, poisoned, lied to and cut off, everything that came is stored once, applied once, confirmed last."""

from __future__ import annotations

import os
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import InternalError, OperationalError

from hub.errors import ConfigurationError, FormatError, HubError, RefusedError, TransientError
from hub.model.exchange import Collected
from hub.pipeline import receive
from hub.sandbox.pki import Pki
from hub.sandbox.server import Fault, Trouble
from hub.sandbox.sftp import DOWNLOAD, SftpSandbox
from hub.sandbox.vecozo import Outgoing, VecozoSandbox, VecozoTrouble
from tests.crash.nursery import Nursery
from tests.crash.setting import MORNING, TENANT, Opened, Setting, agree, open_setting, prepare, setting
from tests.databases import Database


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Setting:
    """Where the hub lies."""
    return setting(tmp_path / "hub", database.url, now=MORNING)


@pytest.fixture
def one(place: Setting) -> Iterator[Opened]:
    """The hub as this process sees it."""
    opened = open_setting(place)
    opened.hub.store.add_tenant(TENANT, "Crash (EXAMPLE)", "NL", "en")
    yield opened
    opened.close()


@dataclass(slots=True)
class Queue:
    """A partner's queue in memory, with every confirmation it was given and what it makes of one."""

    items: list[Collected]
    confirmed: list[str] = field(default_factory=list)
    breaks_at: str = ""
    error: Exception | None = None
    confirm_error: dict[str, HubError] = field(default_factory=dict)
    can_lookup = False

    def collect(self) -> Iterator[Collected]:
        for item in list(self.items):
            if item.remote_id == self.breaks_at and self.error is not None:
                raise self.error
            yield item

    def confirm(self, remote_id: str) -> None:
        if remote_id in self.confirm_error:
            raise self.confirm_error[remote_id]
        self.confirmed.append(remote_id)
        self.items = [item for item in self.items if item.remote_id != remote_id]


def queue(one: Opened, name: str, *items: Collected, endpoint: str = "") -> Queue:
    """Collect from a queue in memory under this partner's agreement."""
    made = Queue(items=list(items))
    with one.hub.store.unit(TENANT) as unit:
        agree(unit, name, settings={"endpoint": endpoint or f"memory:{name}", "asks": "no"})
    opener = one.hub.open_channel
    one.hub = replace(
        one.hub,
        open_channel=lambda p, a: made if p.name == name else opener(p, a),  # type: ignore[arg-type,return-value]
    )
    return made


def thing(remote_id: str, payload: bytes | None = None, **facts: Any) -> Collected:
    return Collected(
        remote_id=remote_id, name=f"{remote_id}.bin", payload=payload or f"content of {remote_id}".encode(), **facts
    )


def run(one: Opened) -> list[receive.Received]:
    return receive.collect(one.hub, TENANT)


def came(one: Opened) -> list[tuple[str, str, bool]]:
    return [(row["remote_id"], row["state"], row["confirmed"]) for row in one.inbound()]


# --- killed -------------------------------------------------------------------------------------------------------


def test_something_that_kills_its_reader_is_set_aside_and_its_neighbours_get_through(
    place: Setting, one: Opened, nursery: Nursery, tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for number, (name, text) in enumerate({"a": "good", "b": "POISON", "c": "also good"}.items()):
        (inbox / name).write_text(text)
        os.utime(inbox / name, (number, number))
    with one.hub.store.unit(TENANT) as unit:
        agree(unit, "bank", channel="folder", settings={"inbox": str(inbox)})
    ended = 0
    for _ in range(5):
        worker = nursery.start("read_poison", setting=place.arguments)
        ended += worker.result() is None
    assert ended == 3, "it may end three readers, no more"
    states = {row["meta"]["name"]: (row["state"], row["confirmed"]) for row in one.inbound()}
    assert states == {"a": ("unreadable", True), "b": ("unreadable", True), "c": ("unreadable", True)}
    assert "3 times" in next(row["note"] for row in one.inbound() if row["meta"]["name"] == "b")
    assert len(one.tasks("unreadable")) == 3


def test_nothing_is_confirmed_that_is_not_stored(one: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commit fails: the partner keeps it, and it comes again."""
    waiting = queue(one, "deaf", thing("a"))
    with monkeypatch.context() as patch:
        patch.setattr("hub.store.inbounds.store", _full)
        with pytest.raises(OperationalError):
            run(one)
    assert (waiting.confirmed, came(one)) == ([], [])
    run(one)
    assert (waiting.confirmed, came(one)) == (["a"], [("a", "unreadable", True)])


def _full(*_: object, **__: object) -> None:
    raise OperationalError("INSERT", {}, Exception("database or disk is full"))


def test_a_database_in_trouble_while_reading_says_nothing_about_what_was_read(
    one: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(one, "deaf", thing("a"))
    with monkeypatch.context() as patch:
        patch.setattr("hub.store.inbounds.close", _full)
        with pytest.raises(OperationalError):
            run(one)
    assert came(one) == [("a", "stored", False)]
    run(one)
    assert came(one) == [("a", "unreadable", True)]


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_session_that_is_ended_while_its_process_slept_says_nothing_about_what_was_read(
    one: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers end sessions that lie idle inside a transaction; what was read then is neither unreadable nor a fault."""
    queue(one, "deaf", thing("a"))
    close = receive.inbounds.close

    def slept(unit: Any, *told: Any, **more: Any) -> None:
        unit.connection.exec_driver_sql("SET idle_in_transaction_session_timeout = '100ms'")
        time.sleep(0.5)
        close(unit, *told, **more)

    with monkeypatch.context() as patch:
        patch.setattr("hub.store.inbounds.close", slept)
        with pytest.raises(InternalError, match="idle-in-transaction"):
            run(one)
    assert came(one) == [("a", "stored", False)]
    assert one.tasks() == []
    run(one)
    assert came(one) == [("a", "unreadable", True)]


# --- the same again -----------------------------------------------------------------------------------------------


def test_what_is_offered_again_and_again_is_there_once(one: Opened, pki: Pki) -> None:
    with _answering(pki) as vecozo:
        _sent(one, vecozo, ["a", "b"])
        vecozo.misbehave(
            Fault(trouble=VecozoTrouble.LISTED_TWICE),
            Fault(trouble=VecozoTrouble.KEEP_CONFIRMED, method="DELETE", times=3),
        )
        for _ in range(4):
            run(one)
        queued = vecozo.store.queued.values()
        assert sorted(row["remote_id"] for row in one.inbound()) == sorted(item.traceer for item in queued)
        assert all(item.confirmed for item in queued)
    assert len(one.tasks("unreadable")) == 2


def _answering(pki: Pki) -> VecozoSandbox:
    return VecozoSandbox(
        pki,
        now=lambda: datetime.now(UTC),
        responder=lambda payload, _facts: [Outgoing(payload=b"answer to " + payload)],
    )


def _sent(one: Opened, vecozo: VecozoSandbox, names: list[str]) -> None:
    from hub.pipeline import send

    with one.hub.store.unit(TENANT) as unit:
        agreement = agree(unit, "menzis", channel="", settings=vecozo.settings())
    prepare(one, "menzis", agreement, names, channel="vecozo")
    send.send_due(one.hub, TENANT)


@pytest.mark.parametrize(
    "trouble", [Trouble.CLOSE_AFTER_PROCESSING, Trouble.CLOSE_AFTER_BODY, Trouble.UNAVAILABLE, Trouble.TOO_MANY]
)
def test_a_confirmation_whose_answer_is_lost_is_given_again_and_doubles_nothing(
    one: Opened, pki: Pki, trouble: Trouble
) -> None:
    with _answering(pki) as vecozo:
        _sent(one, vecozo, ["a", "b", "c"])
        vecozo.misbehave(Fault(trouble=trouble, method="DELETE"))
        run(one)
        assert len(one.inbound()) == 3, "the next ones are fetched all the same"
        run(one)
        assert all(item.confirmed for item in vecozo.store.queued.values())
    assert [confirmed for _, _, confirmed in came(one)] == [True] * 3


def test_a_damaged_one_first_is_asked_for_again_and_the_good_one_behind_it_comes_through(one: Opened, pki: Pki) -> None:
    with _answering(pki) as vecozo:
        _sent(one, vecozo, ["a", "b"])
        vecozo.misbehave(Fault(trouble=VecozoTrouble.WRONG_CHECKSUM))
        run(one)
        assert len(one.inbound()) == 1
        assert sorted(item.confirmed for item in vecozo.store.queued.values()) == [False, True]
        (asked,) = [task for task in one.tasks("unreadable") if task["key"].startswith("damaged:")]
        run(one)
        assert all(item.confirmed for item in vecozo.store.queued.values())
    assert len(one.inbound()) == 2
    assert asked["key"] not in {task["key"] for task in one.tasks("unreadable")}, "it came whole: nobody is asked"


@pytest.mark.parametrize(
    "error", [RefusedError("400"), TransientError("503"), ConfigurationError("may not"), FormatError("odd")]
)
def test_one_that_cannot_be_confirmed_does_not_hold_up_what_comes_after_it(one: Opened, error: HubError) -> None:
    waiting = queue(one, "deaf", thing("a"), thing("b"), thing("c"))
    waiting.confirm_error["a"] = error
    for _ in range(3):
        run(one)
    assert came(one) == [("a", "unreadable", False), ("b", "unreadable", True), ("c", "unreadable", True)]
    assert len(one.tasks("configuration")) == (0 if isinstance(error, TransientError) else 1)
    waiting.confirm_error.clear()
    run(one)
    assert [confirmed for _, _, confirmed in came(one)] == [True] * 3
    assert one.tasks("configuration") == []


@pytest.mark.parametrize(
    "error", [RefusedError("400"), FormatError("odd"), KeyError("999999990"), TransientError("503")]
)
def test_a_queue_that_breaks_half_way_gives_what_it_gave_and_stops_no_other_queue(
    one: Opened, error: Exception
) -> None:
    broken = queue(one, "deaf", thing("a"), thing("b"))
    broken.breaks_at, broken.error = "b", error
    queue(one, "third", thing("z"))
    for _ in range(3):
        run(one)
    assert [remote for remote, _, _ in came(one)] == ["a", "z"]
    tasks = one.tasks("configuration")
    assert len(tasks) == (0 if isinstance(error, TransientError) else 1)
    assert not any("999999990" in str(task["text"]) for task in tasks), "what a connector blurts out may be personal"


# --- content ------------------------------------------------------------------------------------------------------


def test_content_that_breaks_our_own_code_leaves_nothing_half_applied_and_stops_nobody(
    one: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(one, "deaf", thing("a"), thing("b", b"BREAK"), thing("c"))
    reading = receive.formats.read

    def read(payload: bytes, context: Any) -> Any:
        if payload == b"BREAK":
            raise ZeroDivisionError("999999990")
        return reading(payload, context)

    monkeypatch.setattr("hub.pipeline.receive.formats.read", read)
    for _ in range(2):
        run(one)
    assert [state for _, state, _ in came(one)] == ["unreadable"] * 3
    assert all(confirmed for _, _, confirmed in came(one))
    assert not any("999999990" in row["note"] for row in one.inbound())
    assert len(one.tasks("unreadable")) == 3


def test_long_names_fit_and_stay_apart(one: Opened) -> None:
    names = ["n" * 300 + tail for tail in ("x", "y")]
    waiting = queue(one, "deaf", *(thing(name) for name in names), thing("k", kind="k" * 100))
    for _ in range(2):
        run(one)
    assert waiting.confirmed == [*names, "k"]
    assert len({remote for remote, _, _ in came(one)}) == 3


def test_two_files_of_one_name_in_an_archive_are_two(one: Opened) -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "first")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.txt", "second")
    queue(one, "deaf", thing("z", buffer.getvalue()))
    run(one)
    assert len(one.inbound()) == 2


def test_two_accounts_at_one_server_are_two_queues(one: Opened, tmp_path: Path) -> None:
    """Their files may have the same name, size and time: neither may count as the other."""
    with SftpSandbox(tmp_path / "s1") as first, SftpSandbox(tmp_path / "s2") as second:
        for number, (partner, server) in enumerate({"vgz": first, "cz": second}.items()):
            path = server.path(DOWNLOAD) / "answer.txt"
            path.write_text(f"answer {number}")
            os.utime(path, (1, 1))
            with one.hub.store.unit(TENANT) as unit:
                agree(unit, partner, channel="sftp", settings=server.settings)
        for _ in range(2):
            run(one)
    assert Counter(row["remote_id"] for row in one.inbound()) == {"answer.txt#8-1": 2}
    assert all(row["confirmed"] for row in one.inbound())


def test_a_certificate_without_an_account_is_one_task(one: Opened, pki: Pki) -> None:
    with _answering(pki) as vecozo:
        with one.hub.store.unit(TENANT) as unit:
            agree(unit, "menzis", channel="", settings=vecozo.settings(pki.unregistered))
        for _ in range(3):
            run(one)
        assert len(one.tasks("configuration")) == 1
        with one.hub.store.unit(TENANT) as unit:
            agree(unit, "menzis", channel="", settings=vecozo.settings())
        run(one)

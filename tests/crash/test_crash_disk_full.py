"""A disk that fills up: nothing is half stored, and nothing leaves the house that is not written down first.

SQLite is allowed only so many pages more (`max_page_count`), from none on upwards, while every line of history needs a
few: it really runs full at one step after another. PostgreSQL is not tried: it would take a disk of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from hub.paths import examples
from hub.pipeline import intake, receive, send, submit, views
from hub.pipeline.context import Actor
from hub.pipeline.intake import IntakeRequest
from hub.sandbox import example
from hub.store import claims, declarations, exchanges
from tests.crash.remote import Remote
from tests.crash.setting import MORNING, TENANT, Opened, agree, counted, open_setting, prepare, setting

_HEAVY = ("exchange_event", "inbound", "task", "claim")
_STEP = 5
"""Pages one row of a heavy table takes, about."""


@pytest.fixture
def one(tmp_path: Path, sqlite_template: Path) -> Iterator[Opened]:
    """A hub on SQLite in which every row of some tables takes pages of its own."""
    (tmp_path / "hub").mkdir()
    shutil.copy(sqlite_template, tmp_path / "hub" / "kvitt.db")
    opened = open_setting(setting(tmp_path / "hub", f"sqlite:///{tmp_path}/hub/kvitt.db", now=MORNING))
    opened.hub.store.add_tenant(TENANT, "Crash (EXAMPLE)", "NL", "en")
    with opened.hub.store.unit(TENANT) as unit:
        unit.connection.exec_driver_sql("CREATE TABLE ballast (weight BLOB)")
        for table in _HEAVY:
            unit.connection.exec_driver_sql(
                f"CREATE TRIGGER heavy_{table} AFTER INSERT ON {table} "  # noqa: S608 -- our own table names
                "BEGIN INSERT INTO ballast VALUES (zeroblob(20000)); END"
            )
    yield opened
    opened.close()


@contextmanager
def nearly_full(one: Opened, pages: int) -> Iterator[None]:
    """Only so many pages more fit."""
    engine = one.hub.store.engine
    engine.dispose()

    def limit(connection: object, _record: object) -> None:
        (used,) = connection.execute("PRAGMA page_count").fetchone()  # type: ignore[attr-defined]
        connection.execute(f"PRAGMA max_page_count={used + pages}")  # type: ignore[attr-defined]

    event.listen(engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(engine, "connect", limit)
        engine.dispose()


def ran_full(step: Callable[[], object]) -> bool:
    """Whether the disk was full; any other trouble is raised."""
    try:
        step()
    except OperationalError as error:
        if "full" not in str(error):
            raise
        return True
    return False


@pytest.mark.parametrize("partner", ["deaf", "askable"])
def test_what_cannot_be_written_down_is_not_sent(one: Opened, partner: str) -> None:
    met: set[str] = set()
    with Remote() as remote:
        agreement = counted(one, remote, partner)
        for pages in range(3 * _STEP + 1):
            (exchange,) = prepare(one, partner, agreement, [f"{pages}"])
            key = f"{TENANT}:{partner}:{pages}"
            with nearly_full(one, pages):
                full = ran_full(lambda: send.send_due(one.hub, TENANT))
            state = one.row(exchange)["state"]
            met.add(f"{state}, {remote.copies()[key]} there, {'full' if full else 'fits'}")
            send.send_due(one.hub, TENANT)
            after = one.row(exchange)["state"]
            assert remote.copies()[key] == 1
            assert after == ("in_doubt" if state == "sending" and partner == "deaf" else "sent")
    assert met == {"prepared, 0 there, full", "sending, 1 there, full", "sent, 1 there, fits"}


def test_what_cannot_be_stored_is_not_confirmed(one: Opened, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with one.hub.store.unit(TENANT) as unit:
        agree(unit, "bank", channel="folder", settings={"inbox": str(inbox)})
    met: set[str] = set()
    for pages in range(3 * _STEP + 1):
        (inbox / f"{pages}.txt").write_text(f"no format {pages}")
        with nearly_full(one, pages):
            full = ran_full(lambda: receive.collect(one.hub, TENANT))
        rows = {row["meta"]["name"]: row for row in one.inbound()}
        row = rows.get(f"{pages}.txt")
        there = (inbox / f"{pages}.txt").exists()
        met.add(
            f"{row['state'] if row else 'nothing'}, {'still' if there else 'not'} there, {'full' if full else 'fits'}"
        )
        receive.collect(one.hub, TENANT)
        assert not (inbox / f"{pages}.txt").exists()
    assert met == {"nothing, still there, full", "stored, still there, full", "unreadable, not there, fits"}
    assert len(one.inbound()) == len(one.tasks("unreadable")) == 3 * _STEP + 1


def test_a_list_or_a_submission_that_does_not_fit_leaves_nothing_behind(one: Opened) -> None:
    example.load_example(one.hub.store, one.hub.home, examples())
    tenant, data = example.NL_TENANT, (examples() / "nl" / "nl_ion_export_2024Q1.csv").read_bytes()
    request = IntakeRequest(
        programme="module-quarter", organisation="01099901", module="PMO", period="2024Q1", name="list.csv"
    )
    support = Actor(name="crash", role="support")
    for pages in (0, 10, 40, 60):
        with nearly_full(one, pages):
            assert ran_full(lambda: intake.take(one.hub, tenant, request, data, support))
        with one.hub.store.reading(tenant) as unit:
            assert (declarations.recent(unit), claims.find(unit), views.conservation(unit)) == ([], [], [])
    assert intake.take(one.hub, tenant, request, data, support).status == "accepted"
    for pages in (0, 5, 10, 15):
        with nearly_full(one, pages):
            assert ran_full(lambda: submit.submit(one.hub, tenant))
        with one.hub.store.reading(tenant) as unit:
            made = {row["id"] for row in exchanges.find(unit)}
            linked = {row["exchange_id"] for row in claims.find(unit)} - {None}
            assert linked == made, "a file without claims, or claims without a file"
    submit.submit(one.hub, tenant)
    assert {row["state"] for row in one.rows(tenant)} == {"sent"}

"""S44: a backup is put back; nothing goes out before it is known what went out since; nothing goes out twice."""

from __future__ import annotations

import json
import shutil
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url

from hub.cli import archive
from hub.errors import ConfigurationError
from hub.model.exchange import ExchangeState
from hub.pipeline import reconcile, send
from hub.pipeline.context import Actor
from hub.settings import default_settings, write_hub_toml
from hub.store import pauses, schema, series
from hub.store.engine import open_engine
from tests import commands
from tests.commands import Run, Said
from tests.crash.remote import Remote
from tests.crash.setting import TENANT, Opened, counted, open_setting, prepare, setting
from tests.databases import Database, Server

MADE = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
OPERATOR = Actor(name="j.jansen", role="operator")


@pytest.mark.scenario("S44")
def test_what_was_sent_since_the_backup_is_found_and_never_sent_again(database: Database, tmp_path: Path) -> None:
    """Two partners, one that can be asked: its file is found there; the other's is in doubt, and nothing is doubled."""
    one = open_setting(setting(tmp_path / "hub", database.url, now=MADE))
    with Remote() as asked, Remote() as deaf:
        (known,) = prepare(one, "askable", counted(one, asked, "askable"), ["a"])
        (unknown,) = prepare(one, "deaf", counted(one, deaf), ["b"])
        with one.hub.store.unit(TENANT) as unit:
            series.take(unit, "invoice:1", first=7)
        _sent_and_forgotten(one, known, unknown)
        reconcile.restored(one.hub, TENANT, MADE, OPERATOR)
        assert send.send_due(one.hub, TENANT) == {}
        done = reconcile.reconcile(one.hub, TENANT)
        assert (done.arrived, done.not_arrived, done.in_doubt, done.unasked) == (1, 0, 1, 0)
        assert (one.row(known)["state"], one.row(unknown)["state"]) == ("sent", "in_doubt")
        assert list(reconcile.unsettled(one.hub, TENANT)) == ["1 exchanges are in doubt: kvitt in-doubt list"]
        with one.hub.store.unit(TENANT) as unit:
            pauses.resume(unit, pauses.OUTBOUND, "", by="j.jansen")
            assert series.take(unit, "invoice:1", first=7) == 10_008
        send.send_due(one.hub, TENANT)
        assert (asked.copies().total(), deaf.copies().total()) == (1, 1)
    assert {row["kind"] for row in one.tasks()} == {"in_doubt", "restored_answers"}
    one.close()


def _sent_and_forgotten(one: Opened, *ids: str) -> None:
    """What happened between the backup and the disaster: both were sent; the backup knows nothing of it."""
    send.send_due(one.hub, TENANT)
    assert [one.row(each)["state"] for each in ids] == ["sent", "sent"]
    with one.hub.store.unit(TENANT) as unit:
        unit.connection.execute(
            schema.exchange.update().values(state=ExchangeState.PREPARED.value, attempts=0, remote_id="", sent_at=None)
        )


def test_reconciling_wants_outbound_stopped(database: Database, tmp_path: Path) -> None:
    one = open_setting(setting(tmp_path / "hub", database.url, now=MADE))
    one.hub.store.add_tenant(TENANT, "Crash (EXAMPLE)", "NO", "nb")
    with pytest.raises(ConfigurationError, match="not stopped"):
        reconcile.reconcile(one.hub, TENANT)
    reconcile.restored(one.hub, TENANT, MADE, OPERATOR)
    assert {row["kind"] for row in one.tasks()} == {"restored_numbers"}
    one.close()


@pytest.fixture
def kvitt(tmp_path: Path) -> Run:
    def run(*words: str, home: str = "home") -> Said:
        return commands.kvitt_here(tmp_path / home, *words, KVITT_KEYS=str(tmp_path / "keys"))

    return run


def test_backup_and_restore_by_command_with_keys_kept_apart(kvitt: Run, tmp_path: Path) -> None:
    assert kvitt("init", "--example").code == 0
    file = tmp_path / "b.tar.gz"
    terms = '[[rule]]\nkind = "notice"\nfrom = 2024-01-01\ndays = 900\nbasis = "contract 4"\n'
    (tmp_path / "home" / "retention.toml").write_text(terms, encoding="utf-8")
    made = kvitt("backup", str(file), "--json")
    assert (made.code, made.body()["keys"]) == (0, "not included")
    with tarfile.open(file) as whole:
        assert not [name for name in whole.getnames() if "key" in name]
    assert kvitt("backup", str(file)).code == 3  # nothing is overwritten
    assert kvitt("restore", str(file)).code == 3  # not over a hub that is there
    done = kvitt("restore", str(file), home="second")
    assert done.code == 0, done.err
    assert (tmp_path / "second" / "retention.toml").read_text(encoding="utf-8") == terms
    said = kvitt("pauses", "--json", home="second")
    assert {row["kind"] for row in said.body()["pauses"]} == {"outbound"}
    assert kvitt("reconcile", home="second").code == 0
    assert kvitt("doctor", home="second").code == 0
    assert kvitt("resume", "outbound", home="second").code == 0


def test_a_damaged_backup_and_missing_keys_are_refused(kvitt: Run, tmp_path: Path) -> None:
    assert kvitt("init").code == 0
    file = tmp_path / "b.tar.gz"
    assert kvitt("backup", str(file)).code == 0
    data = file.read_bytes()
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(data[: len(data) // 2])
    said = kvitt("restore", str(cut), home="second")
    assert (said.code, "no whole backup" in said.err) == (3, True)
    assert not (tmp_path / "second").exists()
    shutil.move(tmp_path / "keys", tmp_path / "elsewhere")
    said = kvitt("restore", str(file), home="second")
    assert (said.code, "no master key" in said.err) == (3, True)


def test_a_backup_whose_parts_were_changed_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as whole:
        (tmp_path / "manifest.json").write_text(
            json.dumps({"version": 1, "made_at": MADE.isoformat(), "stage": "test", "parts": {"hub.toml": "0" * 64}})
        )
        (tmp_path / "hub.toml").write_text("x")
        for name in ("manifest.json", "hub.toml"):
            whole.add(tmp_path / name, name)
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigurationError, match=r"damaged: hub\.toml"):
        archive.unpack(tmp_path / "b.tar.gz", tmp_path / "out")


@pytest.mark.postgres
@pytest.mark.parametrize("empty_database", ["postgres"], indirect=True)
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_postgresql_is_copied_and_put_back_by_its_own_tools(
    database: Database, empty_database: Database, tmp_path: Path, postgres_server: Server
) -> None:
    one = open_setting(setting(tmp_path / "hub", database.url, now=MADE))
    one.hub.store.add_tenant(TENANT, "Crash (EXAMPLE)", "NL", "nl")
    with Remote() as server:
        prepare(one, "deaf", counted(one, server), ["a"])
    one.close()
    settings = default_settings(tmp_path / "home", database="env:DB", env={"DB": database.owner_url})
    write_hub_toml(settings)
    with pytest.raises(ConfigurationError, match="row-level security"):  # whoever sees one tenant copies no hub
        archive.write(settings, tmp_path / "b.tar.gz", MADE)
    admin = postgres_server.admin.set(database=make_url(database.url).database).render_as_string(hide_password=False)
    archive.write(settings, tmp_path / "b.tar.gz", MADE, admin)
    (tmp_path / "work").mkdir()
    made = archive.unpack(tmp_path / "b.tar.gz", tmp_path / "work")
    assert made.made_at == MADE
    second = default_settings(tmp_path / "second", database="env:DB", env={"DB": empty_database.owner_url})
    archive.put_back(second, tmp_path / "work")
    (tmp_path / "second" / "hub.toml").unlink()
    with pytest.raises(ConfigurationError, match="pg_restore failed"):
        archive.put_back(second, tmp_path / "work")  # not into a database that is not empty
    there = postgres_server.admin.set(database=make_url(empty_database.url).database)
    engine = open_engine(there.render_as_string(hide_password=False))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM exchange").scalar() == 1
    engine.dispose()

"""A hub on a machine in trouble: foreign keys, a damaged or newer database, files others could read."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from hub.cli import boot
from hub.cli.commands import look
from hub.errors import ConfigurationError
from hub.pipeline.context import Hub
from hub.security.keys import create_keys
from hub.settings import Settings, default_settings, write_hub_toml
from hub.store import migrate, subjects, tasks
from hub.store.engine import open_engine
from hub.store.tasks import NewTask
from tests.commands import Said, kvitt


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A hub in which one person is known."""
    made = default_settings(tmp_path / "hub", keys=tmp_path / "keys")
    hub = boot.create_hub(made)
    hub.store.add_tenant("t", "Tenant", "NL", "nl")
    with hub.store.unit("t") as unit:
        subjects.ensure(unit, "bsn", ["999903883"])
    hub.store.close()
    return made


def opened(settings: Settings) -> Hub:
    hub = boot.open_hub(settings)
    hub.store.close()
    return hub


def command(home: Path, *words: str) -> Said:
    return kvitt(home, *words, KVITT_KEYS=str(home.parent / "keys"))


def test_another_hubs_keys_are_refused_before_anything_is_made_with_them(settings: Settings, tmp_path: Path) -> None:
    opened(settings)
    create_keys(tmp_path / "others")
    foreign = default_settings(settings.home, keys=tmp_path / "others")
    with pytest.raises(ConfigurationError, match="not this hub's"):
        opened(foreign)


def test_a_newer_programs_database_is_left_alone(settings: Settings) -> None:
    with sqlite3.connect(settings.home / "kvitt.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(ConfigurationError, match="newer program"):
        opened(settings)
    with pytest.raises(ConfigurationError, match="newer program"):
        boot.create_hub(settings)


def test_a_damaged_database_is_a_sentence(settings: Settings) -> None:
    (settings.home / "kvitt.db").write_bytes(b"no database" * 1000)
    for end in ("-wal", "-shm"):
        (settings.home / f"kvitt.db{end}").unlink(missing_ok=True)
    engine = open_engine(settings.database_url.reveal())
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        migrate.require_current(engine)
    engine.dispose()


@pytest.mark.skipif(os.name != "posix", reason="permissions as on POSIX")
def test_whatever_a_command_makes_is_its_owners_only(tmp_path: Path) -> None:
    done = command(tmp_path / "hub", "init", "--example")
    assert done.code == 0, done.err
    made = [path for root in (tmp_path / "hub", tmp_path / "keys") for path in (root, *root.rglob("*"))]
    assert {path.name for path in made} >= {"kvitt.db", "keys.db", "master.key", "hub.toml"}
    assert [path for path in made if path.stat().st_mode & 0o077] == []


def test_sentences_are_in_the_hubs_language(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_hub_toml(replace(settings, language="nl"))
    monkeypatch.setenv("KVITT_HOME", str(settings.home))
    monkeypatch.setenv("KVITT_KEYS", str(settings.keys))
    monkeypatch.delenv("KVITT_LANG", raising=False)
    hub = boot.open_hub(settings)
    words = {"en": "English", "nb": "Norsk", "nl": "Nederlands"}
    with hub.store.unit("t") as unit:
        tasks.add(unit, NewTask(key="k", kind="held", text=words, action=words))
    hub.store.close()
    with pytest.raises(typer.Exit):
        look.next_()
    assert "Nederlands" in capsys.readouterr().out


def test_a_place_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = command(tmp_path / "file" / "hub", "init")
    assert done.code == 3
    assert "Traceback" not in done.err
    assert done.err.startswith("kvitt: ")

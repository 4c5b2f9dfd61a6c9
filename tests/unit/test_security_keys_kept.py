"""Keys kept in memory: used without looking them up, and forgotten the moment anybody erases one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from hub.security.keys import KeyStore, create_keys


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys")
    return tmp_path / "keys"


def test_a_key_is_looked_up_once_while_nothing_changes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = KeyStore(folder)
    key = keys.shared("batch:a:2024")
    time.sleep(0.12)
    assert keys.kept("batch:a:2024") == key
    monkeypatch.setattr(keys, "get", lambda _names: pytest.fail("it is known"))
    assert keys.kept("batch:a:2024") == keys.shared("batch:a:2024") == key


def test_what_another_process_erases_is_forgotten_before_the_next_use(folder: Path) -> None:
    """Also when it is erased within the same tick of the file system's clock: many times, at once and after a while."""
    here, there = KeyStore(folder), KeyStore(folder)
    for number in range(60):
        name = f"batch:a:{number}"
        key = here.shared(name)
        if number % 10 == 0:
            time.sleep(0.12)
        assert here.kept(name) == key
        assert there.destroy(name)
        assert here.kept(name) is None


def test_nothing_is_sealed_with_a_key_that_was_erased(folder: Path) -> None:
    here, there = KeyStore(folder), KeyStore(folder)
    old = here.shared("batch:a:2024")
    time.sleep(0.12)
    here.kept("batch:a:2024")
    there.destroy("batch:a:2024")
    new = here.shared("batch:a:2024")
    assert new != old
    assert there.get(["batch:a:2024"]) == {"batch:a:2024": new}


def test_a_key_store_that_was_put_back_is_read_anew(folder: Path, tmp_path: Path) -> None:
    keys = KeyStore(folder)
    first = keys.shared("batch:a:2024")
    copy = (folder / "keys.db").read_bytes()
    keys.destroy("batch:a:2024")
    second = keys.shared("batch:a:2024")
    time.sleep(0.12)
    assert keys.kept("batch:a:2024") == second
    restored = tmp_path / "restored"
    restored.write_bytes(copy)
    restored.replace(folder / "keys.db")
    assert keys.kept("batch:a:2024") == first

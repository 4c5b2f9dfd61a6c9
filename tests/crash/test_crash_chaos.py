"""A short run of `chaos.py` on both databases; a long one is `make crash`."""

from __future__ import annotations

from pathlib import Path

from hub.sandbox.pki import Pki
from tests.crash.chaos import Chaos, Plan
from tests.crash.nursery import Nursery
from tests.crash.setting import AT_ONCE, setting
from tests.databases import Database


def test_killed_and_frozen_senders_never_double_lose_or_forget(
    database: Database, tmp_path: Path, pki: Pki, nursery: Nursery
) -> None:
    place = setting(tmp_path / "hub", database.url, retry=AT_ONCE)
    with Chaos(place, pki, Plan(exchanges=100, kills=20, seconds=75, seed=11), nursery) as chaos:
        result = chaos.run()
    assert result.violations == []
    assert (result.exchanges, result.kills) >= (100, 20), "too peaceful to prove anything"

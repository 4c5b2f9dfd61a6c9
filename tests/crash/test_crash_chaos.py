"""A short run of `chaos.py` on both databases; a long one is `python tests/crash/chaos.py --exchanges 300 --minutes 5`."""

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
    with Chaos(place, pki, Plan(exchanges=32, seconds=8, seed=11), nursery) as chaos:
        result = chaos.run()
    assert result.violations == []
    assert result.kills >= 5, "too peaceful to prove anything"

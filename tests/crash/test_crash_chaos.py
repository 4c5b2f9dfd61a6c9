"""A short run of `proof.py` on both databases; the long one is `make crash`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.brokers import broker  # noqa: F401 -- a fixture
from tests.crash import proof
from tests.crash.chaos import Plan

BOUNDED = Plan(exchanges=100, kills=20, seconds=90, seed=11, workers=3)


@pytest.mark.sshd
@pytest.mark.parametrize("kind", [proof.SQLITE, pytest.param(proof.POSTGRES, marks=pytest.mark.postgres)])
def test_killed_and_frozen_senders_never_double_lose_or_forget(kind: str) -> None:
    """On PostgreSQL the database is restarted meanwhile, and one of two nodes is lost."""
    result = proof.run(kind, BOUNDED)
    assert result.violations == []
    assert result.exchanges >= BOUNDED.exchanges, "too peaceful to prove anything"
    assert result.kills >= BOUNDED.kills, "too peaceful to prove anything"
    assert (result.restarts, result.nodes_lost) == ((2, 1) if kind == proof.POSTGRES else (0, 0))


@pytest.mark.sshd
@pytest.mark.rabbitmq
@pytest.mark.postgres
def test_killed_workers_and_a_purged_broker_never_double_lose_or_forget(broker: str) -> None:  # noqa: F811
    """The database is restarted meanwhile, and one of two nodes is lost."""
    plan = replace(BOUNDED, kills=2 * BOUNDED.kills, seed=3)
    result = proof.run(proof.CELERY, plan, at=broker)
    assert result.violations == []
    assert result.exchanges >= plan.exchanges, "too peaceful to prove anything"
    assert result.kills >= plan.kills // 2, "too peaceful to prove anything"
    assert (result.restarts, result.nodes_lost) == (2, 1)

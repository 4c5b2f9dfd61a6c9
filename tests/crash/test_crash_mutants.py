"""Each safety step of the send loop is needed: take one away, and a test of the suite fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.mutants import STEPS

ROOT = Path(__file__).resolve().parent.parent.parent
_LOST = "test_crash_partition.py::test_what_it_has_not_begun_when_the_locks_are_lost_it_leaves_alone[restart-awake]"
CAUGHT_BY = {
    "intent": "test_crash_processes.py::test_the_lock_of_a_killed_sender_is_free_at_once[sqlite]",
    "lookup": "test_crash_send.py::test_a_question_without_an_answer_never_makes_an_exchange_fresh_again[sqlite]",
    "lock": "test_crash_processes.py::test_a_frozen_sender_that_wakes_up_has_not_been_overtaken[sqlite-deaf]",
    "look": _LOST,
    "rest": "test_crash_processes.py::test_what_a_killed_sender_left_at_a_slow_partner_is_not_sent_a_second_time[sqlite]",
    "fence": "test_unattended.py::test_an_attempt_that_was_overtaken_writes_nothing_over_the_newer_one[sqlite]",
    "key": "test_crash_send.py::test_a_file_made_anew_for_the_same_business_is_not_delivered_again",
}
"""A test that fails without the step; others may fail too."""
_NEEDS = {"look": pytest.mark.postgres}


@pytest.mark.parametrize("step", [pytest.param(each, marks=_NEEDS.get(each, ())) for each in sorted(STEPS)])
def test_every_safety_step_is_needed(step: str) -> None:
    test = f"tests/crash/{CAUGHT_BY[step]}"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "tests.crash.mutants", "--without", step, test]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, f"nothing notices that the {step} is gone:\n{done.stdout[-2000:]}"
    assert "1 failed" in done.stdout

"""Each safety step of the send loop is needed: take one away, and a test of the suite fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.mutants import STEPS

ROOT = Path(__file__).resolve().parent.parent.parent
CAUGHT_BY = {
    "intent": "test_crash_processes.py::test_the_lock_of_a_killed_sender_is_free_at_once",
    "lookup": "test_crash_send.py::test_a_question_without_an_answer_never_makes_an_exchange_fresh_again",
    "lock": "test_crash_processes.py::test_a_frozen_sender_that_wakes_up_has_not_been_overtaken",
    "fence": "test_unattended.py::test_an_attempt_that_was_overtaken_writes_nothing_over_the_newer_one",
    "key": "test_crash_send.py::test_a_file_made_anew_for_the_same_business_is_not_delivered_again",
}
"""A test that fails without the step; others may fail too."""


@pytest.mark.parametrize("step", sorted(STEPS))
def test_every_safety_step_is_needed(step: str) -> None:
    test = f"tests/crash/{CAUGHT_BY[step]}"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "tests.crash.mutants", "--without", step, test]
    done = subprocess.run(
        [*command, "-k", "sqlite or anew", "-p", "no:cacheprovider"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, f"nothing notices that the {step} is gone:\n{done.stdout[-2000:]}"
    assert "1 failed" in done.stdout

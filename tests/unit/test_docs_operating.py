"""The page for operators names everything the hub can raise: each sign of monitoring, each cause of an alert, each job."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.pipeline.incidents import CAUSES, NOW, OTHER
from scheduler.plan import NIGHT

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([A-Za-z_-]+)`[^|]*\|(.*)\|$", PAGE, re.MULTILINE))


def signs() -> set[str]:
    """Every code the health check can show, as its source says it."""
    source = (ROOT / "scheduler" / "health.py").read_text(encoding="utf-8")
    return set(re.findall(r'code="([A-Z_]+)"', source))


@pytest.mark.parametrize("code", sorted(signs()))
def test_every_sign_of_monitoring_has_a_row_that_says_what_to_do(code: str) -> None:
    assert len(ROWS[code].split("|")) >= 2, f"{code}: what it means, and what to do"


@pytest.mark.parametrize("cause", sorted({*CAUSES, OTHER}))
def test_every_cause_of_an_alert_has_a_row_that_says_when_it_is_said_and_what_to_do(cause: str) -> None:
    meaning, said, *todo = (part.strip() for part in ROWS[cause].split("|", 2))
    assert meaning
    assert todo
    assert ("now" in said or "aloud" in said) is (cause in NOW)
    assert ("digest" in said) is (cause not in NOW)


@pytest.mark.parametrize("name", [job.name for job in NIGHT])
def test_every_job_of_the_night_has_a_row(name: str) -> None:
    assert ROWS[name].strip()


def test_nothing_is_named_that_does_not_exist() -> None:
    parts = dict(re.findall(r"^## (\w+)$(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL))
    for part, known in (("Monitoring", signs()), ("Alerts", {*CAUSES, OTHER})):
        named = set(re.findall(r"^\| `([A-Za-z_]+)`", parts[part], re.MULTILINE))
        assert named == known, part

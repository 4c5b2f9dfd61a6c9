"""Shared fixtures: golden files, the shared example data, real databases."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow, not wrong; and what lands must not depend on the luck of a draw.
settings.register_profile("kvitt", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("kvitt"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "kvitt")

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = Path(__file__).resolve().parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` rewrites golden files instead of comparing."""
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files")


def absent(what: str) -> None:
    """Skip by name what needs something absent; where KVITT_REQUIRE=all an absence is a failure."""
    if everything_required():
        pytest.fail(f"KVITT_REQUIRE=all, but absent: {what}")
    pytest.skip(f"absent: {what}")


def everything_required() -> bool:
    """Whether this run must run everything, so that a skip is a failure."""
    return os.environ.get("KVITT_REQUIRE") == "all"


def pytest_itemcollected(item: pytest.Item) -> None:
    """Whoever asks for the shared folder is marked so."""
    if "shared" in getattr(item, "fixturenames", ()):
        item.add_marker("shared")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything is required a skipped test fails, however it came to be skipped."""
    report = yield
    missing_by_right = item.get_closest_marker("shared") is not None and shared_folder() is None
    if everything_required() and report.skipped and not hasattr(report, "wasxfail") and not missing_by_right:
        report.outcome = "failed"
        report.longrepr = f"KVITT_REQUIRE=all, but skipped: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself as a whole."""
    report = yield
    if everything_required() and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"KVITT_REQUIRE=all, but skipped: {_reason(report.longrepr)}"
    return report


def _reason(longrepr: object) -> str:
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)


def shared_folder() -> Path | None:
    """The folder of shared example data: where KVITT_SHARED says, else beside the checkout; None when absent."""
    folder = Path(os.environ.get("KVITT_SHARED", str(ROOT.parent / "shared")))
    return folder if (folder / "data").is_dir() else None


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, bytes], None]:
    """Compare bytes with tests/golden/NAME, or write them there with --update-golden."""

    def compare(name: str, data: bytes) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        assert path.exists(), f"no golden file {name}: run with --update-golden"
        assert data == path.read_bytes(), f"{name} differs from its golden file"

    return compare


@pytest.fixture
def shared() -> Path:
    """The folder of shared example data; tests that need it skip where it is not there (the project runs without)."""
    folder = shared_folder()
    if folder is None:
        pytest.skip("absent: shared example data (set KVITT_SHARED)")
    return folder

"""Worker processes that can be killed and frozen: a parent that has imported everything forks them in milliseconds.

The parent holds no database, no lock and no thread; a child opens everything itself, as a fresh process would. A child's
exit is written to a file, so that one that ended by itself is told from one that was killed.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_ROOT = Path(__file__).resolve().parent.parent.parent
_JOBS = "tests.crash.jobs"


@dataclass(frozen=True, slots=True)
class Worker:
    """One child process and where it says how it ended."""

    pid: int
    report: Path

    def signal(self, number: int) -> None:
        """Send a signal; one that is gone already has got what it deserved."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self.wait_gone()

    def alive(self) -> bool:
        """Whether it still runs (or is frozen)."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def wait_gone(self, seconds: float = 60) -> None:
        """Wait until the process has ended."""
        until = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > until:
                raise TimeoutError(f"worker {self.pid} still runs after {seconds} s")
            time.sleep(0.005)

    def result(self, seconds: float = 60) -> Any:
        """What its job gave; AssertionError with its traceback when the job raised, None when it was killed."""
        self.wait_gone(seconds)
        if not self.report.exists():
            return None
        told = json.loads(self.report.read_text())
        if "error" in told:
            raise AssertionError(told["error"])
        return told["result"]


class Nursery:
    """Runs between `with` and its end; `start` gives a worker that does one job of `tests.crash.jobs`.

    `within` is a command to start it with, such as one that enters another network.
    """

    def __init__(self, within: Sequence[str] = ()) -> None:
        self._within = list(within)
        self._folder = tempfile.TemporaryDirectory(prefix="kvitt-nursery-")
        self._count = 0
        self._workers: list[Worker] = []

    def __enter__(self) -> Self:
        environment = os.environ | {"PYTHONPATH": str(_ROOT)}
        self._parent = subprocess.Popen(
            [*self._within, sys.executable, "-m", "tests.crash.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
            env=environment,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.signal(signal.SIGKILL)
        self._parent.communicate()
        self._folder.cleanup()

    def start(self, job: str, **arguments: Any) -> Worker:
        """A process that does this job with these (JSON) arguments."""
        self._count += 1
        report = Path(self._folder.name) / f"{self._count}.json"
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps([job, arguments, str(report)]) + "\n")
        self._parent.stdin.flush()
        worker = Worker(pid=int(self._parent.stdout.readline()), report=report)
        self._workers.append(worker)
        return worker

    def run(self, job: str, **arguments: Any) -> Any:
        """Do a job in a process of its own and wait for it."""
        return self.start(job, **arguments).result()


def _serve() -> None:
    jobs = importlib.import_module(_JOBS)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        job, arguments, report = json.loads(line)
        jobs.warm(arguments)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _do(getattr(jobs, job), arguments, Path(report))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _do(job: Any, arguments: dict[str, Any], report: Path) -> None:
    """Do the job, say how it ended, and leave without running anything of the parent's."""
    try:
        told = {"result": job(**arguments)}
    except BaseException:  # noqa: BLE001 -- the edge of a process: whatever it was, the test is told
        told = {"error": traceback.format_exc()}
    part = report.with_suffix(".part")
    part.write_text(json.dumps(told, default=str))
    part.rename(report)
    os._exit(0)


if __name__ == "__main__":
    _serve()

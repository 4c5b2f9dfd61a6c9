"""Run official artefacts through the worker: a limit for each document, a new worker after a death, an answer always.

A worker that dies, hangs or fails gives a `Failure`: an answer about this document, never "valid".
"""

from __future__ import annotations

import importlib.util
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from hub.errors import ConfigurationError, FormatError
from hub.official import worker
from schemas.xml import parse

SECONDS = 120.0
"""How long one artefact may take for one document (10 000 lines took 8 seconds)."""
START_SECONDS = 60.0
"""How long the worker may take to start, and to compile one artefact (measured: 1 second)."""
LARGEST_ANSWER = 256 * 1024 * 1024
INSTALL = "pip install 'kvitt[official]'"
_PIECE = 1 << 18
_KEPT = ("LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
"""What the worker gets of the environment: no settings, no secrets."""


class Trouble(StrEnum):
    """Why an artefact gave no judgement."""

    DIED = "died"
    LATE = "late"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stylesheet:
    """A stylesheet to run: `key` is its digest, so that a worker compiles it once."""

    key: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialFinding:
    """What an official artefact says about one node; `location` is its XPath with every namespace spelt out."""

    rule: str
    flag: str
    location: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a document could not be judged; `detail` holds nothing of the document."""

    trouble: Trouble
    detail: str


def require_saxon() -> Path:
    """The folder SaxonC is installed in; ConfigurationError says how to install it."""
    found = importlib.util.find_spec("saxonche")
    if found is None or found.origin is None:
        raise ConfigurationError("SaxonC, which runs the official artefacts, is not installed", hint=INSTALL)
    return Path(found.origin).parent


class Engine:
    """One worker process at a time; several threads may ask, one after another. Close it, or use it in a `with`."""

    def __init__(self, *, seconds: float = SECONDS, start_seconds: float = START_SECONDS) -> None:
        self._folder = require_saxon()
        self._seconds = seconds
        self._start_seconds = start_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._compiled: set[str] = set()
        self._turn = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The worker's process id while there is one."""
        return self._process.pid if self._process is not None else None

    def judge(self, sheet: Stylesheet, document: str) -> tuple[OfficialFinding, ...] | Failure:
        """What a stylesheet finds in a document, or why it cannot say."""
        with self._turn:
            try:
                self._ready(sheet)
                return _findings(self._ask("judge", sheet.key, document, self._seconds))
            except _NoAnswer as no:
                return no.failure
            except BaseException:  # an interrupt leaves half a conversation behind
                self._end()
                raise

    def close(self) -> None:
        """End the worker."""
        with self._turn:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _ready(self, sheet: Stylesheet) -> None:
        """A worker that lives and has compiled the stylesheet."""
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            self._start()
        if sheet.key not in self._compiled:
            self._ask("compile", sheet.key, sheet.text, self._start_seconds)
            self._compiled.add(sheet.key)

    def _start(self) -> None:
        env = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._process = subprocess.Popen(  # nosec B603 # our own worker by this Python, no shell
            [sys.executable, "-s", "-P", worker.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what Saxon prints may be content
            bufsize=0,
            env=env | {"PYTHONPATH": str(self._folder)},
            start_new_session=True,  # an interrupt at the terminal is ours to handle
        )
        for stream in _pipes(self._process):
            os.set_blocking(stream.fileno(), False)
        sign, said = self._exchange(b"", self._start_seconds)
        if sign != "+":
            self._end()
            raise ConfigurationError(f"SaxonC does not start: {said}", hint=INSTALL)

    def _ask(self, what: str, name: str, text: str, seconds: float) -> str:
        # the worker's own alarm is for a worker without a parent: later than ours
        head = json.dumps({"do": what, "name": name, "seconds": 2 * seconds + 5})
        sign, said = self._exchange(_frame(head) + _frame(text), seconds)
        if sign != "+":
            raise _NoAnswer(Failure(trouble=Trouble.ERROR, detail=said))
        return said

    def _exchange(self, request: bytes, seconds: float) -> tuple[str, str]:
        """Write a request while reading its answer, so that neither side waits for the other."""
        process = self._process
        if process is None:
            raise _NoAnswer(Failure(trouble=Trouble.DIED, detail="no worker"))
        answer = bytearray()
        try:
            for piece in _conversation(process, request, time.monotonic() + seconds):
                answer += piece
                if _complete(answer):
                    said = bytes(answer[worker.LENGTH.size :]).decode("utf-8")
                    return said[:1], said[1:]
        except TimeoutError:
            self._end()
            raise _NoAnswer(Failure(trouble=Trouble.LATE, detail=f"{seconds:g} s")) from None
        except _TooLong:
            self._end()
            raise _NoAnswer(Failure(trouble=Trouble.ERROR, detail="the report is too large")) from None
        raise _NoAnswer(Failure(trouble=Trouble.DIED, detail=_ended(self._end())))

    def _end(self) -> int | None:
        """Kill the worker, if any, and wait for it: it holds nothing that could be lost. Its exit code."""
        process, self._process = self._process, None
        self._compiled.clear()
        if process is None:
            return None
        exited = process.poll()
        process.kill()
        for stream in _pipes(process):
            stream.close()
        code = process.wait()
        return code if exited is None else exited


class _NoAnswer(Exception):  # noqa: N818 -- a way out with an answer, not a mistake
    """The worker did not answer; the failure says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


class _TooLong(Exception):  # noqa: N818 -- same
    """The answer is larger than any report should be."""


def _conversation(process: subprocess.Popen[bytes], request: bytes, until: float) -> Iterator[bytes]:
    """Pieces of the answer as they come; ends when the worker's side closes, TimeoutError when the time is up."""
    towards, back = _pipes(process)
    left = memoryview(request)
    with selectors.DefaultSelector() as waiting:
        waiting.register(back, selectors.EVENT_READ)
        if left:
            waiting.register(towards, selectors.EVENT_WRITE)
        while True:
            ready = waiting.select(max(0.0, until - time.monotonic()))
            if not ready and time.monotonic() >= until:
                raise TimeoutError
            for key, _ in ready:
                if key.fileobj is back:
                    piece = os.read(back.fileno(), _PIECE)
                    if not piece:
                        return
                    yield piece
                    continue
                try:
                    left = left[os.write(towards.fileno(), left[:_PIECE]) :]
                except BrokenPipeError:
                    return
                if not left:
                    waiting.unregister(towards)


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise ConfigurationError("the worker was started without pipes")
    return process.stdin, process.stdout


def _frame(text: str) -> bytes:
    data = text.encode("utf-8")
    return worker.LENGTH.pack(len(data)) + data


def _complete(answer: bytearray) -> bool:
    if len(answer) < worker.LENGTH.size:
        return False
    (size,) = worker.LENGTH.unpack_from(answer)
    if size > LARGEST_ANSWER:
        raise _TooLong
    return len(answer) >= worker.LENGTH.size + int(size)


def _ended(code: int | None) -> str:
    """How a process ended, in words."""
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def _findings(body: str) -> tuple[OfficialFinding, ...]:
    try:
        report = parse(body.encode("utf-8"), max_bytes=LARGEST_ANSWER)
    except FormatError as error:
        raise _NoAnswer(Failure(trouble=Trouble.ERROR, detail=f"its report cannot be read: {error.message}")) from None
    if report.get("report") != "true":
        raise _NoAnswer(Failure(trouble=Trouble.ERROR, detail="its result is no SVRL report"))
    return tuple(
        OfficialFinding(
            rule=str(one.get("rule")),
            flag=str(one.get("flag")),
            location=str(one.get("location")),
            text=(one.text or "").strip(),
        )
        for one in report
    )

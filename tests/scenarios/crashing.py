"""A hub in a process of its own that dies by SIGKILL at a chosen moment: `python -m tests.scenarios.crashing URL HOME NOW`.

Reads one command a line (`intake FILE MOMENT` or `send MOMENT`), forks a child that plays it, and writes how the child
ended and how many seconds it took. A moment is `none`, `before:SQL` or `after:SQL` (a statement that begins so),
`commit` (just before it), `done` (after the commit, before anybody is told), `seconds:N` (killed from outside), or
`delivered` (after the partner took the message, before we noted it).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from hub.clock import MovableClock
from hub.model.exchange import Message, Receipt
from hub.model.partner import Agreement, Partner
from hub.pipeline import intake, submit
from hub.pipeline.context import Hub
from hub.pipeline.intake import IntakeRequest
from hub.ports import Channel
from tests.scenarios.moments import arm, die
from tests.scenarios.world import NL, PRACTICE, open_hub


class Fatal:
    """A channel after whose delivery the process is gone."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.can_lookup = channel.can_lookup

    def deliver(self, message: Message) -> Receipt:
        self._channel.deliver(message)
        die()
        raise AssertionError

    def deliver_all(self, messages: Sequence[Message]) -> list[Receipt]:
        """The first of several is there, the others are not."""
        return [self.deliver(each) for each in messages]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)


def _arm(hub: Hub, moment: str) -> Hub:
    """The hub with its death prepared."""
    arm(hub.store.engine, moment, writes="INSERT INTO declaration_row")
    if moment == "delivered":
        return replace(hub, open_channel=lambda partner, agreement: _fatal(hub, partner, agreement))
    return hub


def _fatal(hub: Hub, partner: Partner, agreement: Agreement) -> Channel:
    channel: Any = Fatal(hub.open_channel(partner, agreement))
    return channel


def _play(url: str, home: Path, now: str, words: list[str]) -> None:
    *command, moment = words
    hub = _arm(open_hub(url, home, MovableClock(datetime.fromisoformat(now))), moment)
    if command[0] == "intake":
        request = IntakeRequest(
            programme="module-quarter", organisation=PRACTICE, module="PMO", period="2024Q1", name="x.csv"
        )
        intake.take(hub, NL, request, Path(command[1]).read_bytes())
    else:
        submit.submit(hub, NL)
    if moment == "done":
        die()
    hub.store.close()


def _run(url: str, home: Path, now: str, words: list[str]) -> tuple[int, float]:
    begun = time.monotonic()
    child = os.fork()
    if not child:
        try:
            _play(url, home, now, words)
        except BaseException as error:  # noqa: BLE001 -- a forked child must not return into its parent's loop
            print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
            os._exit(1)
        os._exit(0)
    if words[-1].startswith("seconds:"):
        time.sleep(float(words[-1].removeprefix("seconds:")))
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), time.monotonic() - begun


def main() -> None:
    """Serve commands until the input ends."""
    url, home, now = sys.argv[1:]
    for line in sys.stdin:
        code, seconds = _run(url, Path(home), now, line.rstrip("\n").split("\t"))
        print(f"{code} {seconds:.3f}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

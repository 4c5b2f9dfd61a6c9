"""A person's number as a command takes it: typed unseen or piped in, never among its words.

What stands in the arguments of a process is seen by everybody on the machine, and kept in the shell's history.
"""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from hub import texts

if TYPE_CHECKING:  # the pipeline is imported only by commands that use it, so that help is quick
    from hub.pipeline.privacy import Whom


def asked_for(language: str) -> Whom:
    """Ask who is meant: a prompt on a terminal, else the first line of standard input."""
    from hub.pipeline.privacy import whom

    if sys.stdin.isatty():
        return whom(getpass.getpass(f"{texts.pick(texts.text('PRIVACY_ASK_WHO'), language)}: "))
    return whom(sys.stdin.readline())

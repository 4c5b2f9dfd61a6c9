"""Who types: named in the access log and in the history of what they decide."""

from __future__ import annotations

import getpass
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the pipeline is imported only by commands that use it, so that help is quick
    from hub.pipeline.context import Actor


def who() -> str:
    """The name this session runs under; its number where the machine has no name for it, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def acting(role: str) -> Actor:
    """The person at this terminal, in the role the command asks for."""
    from hub.pipeline.context import Actor

    return Actor(name=who(), role=role)

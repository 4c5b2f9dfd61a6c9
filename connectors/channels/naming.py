"""File names shared by all channels that move files.

A remote file's name derives from the message's key, so that a second attempt meets the first one's file, and whoever
knows the key can look for it. What a partner offers us is known by name, size and time of change together: a file that
was replaced under the same name is another file.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from hub.model.identity import is_bsn, is_fnr

_UNSAFE = re.compile(r"[^A-Za-z0-9]+")
_NUMBER = re.compile(r"\d+")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}\Z")
_UNFINISHED = (".part", ".tmp", ".filepart", ".partial", ".uploading", ".crdownload")
_LONGEST = 60


@lru_cache(maxsize=1024)
def stem(key: str) -> str:
    """The name for a business key without extension: readable as far as it is safe, unique by a digest of the key."""
    readable = _UNSAFE.sub("-", _NUMBER.sub(_without_people, key)).strip("-")[:_LONGEST].rstrip("-")
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    return f"{readable}-{digest}" if readable else digest


def _without_people(found: re.Match[str]) -> str:
    number = found.group()
    return "x" if is_bsn(number) or is_fnr(number, allow_synthetic=True) else number


def remote_name(key: str, name: str) -> str:
    """The remote file name of a message: the key's stem and the extension of the message's own name."""
    extension = _EXTENSION.search(name)
    return stem(key) + (extension.group().lower() if extension else "")


def is_named(name: str, key: str) -> bool:
    """Whether a finished remote file is the one of this key, whatever its extension."""
    wanted = stem(key)
    return is_ready(name) and (name == wanted or name.startswith(wanted + "."))


def is_ready(name: str) -> bool:
    """Whether a name is of a finished file, not of one still being written or hidden."""
    return not name.startswith(".") and not name.lower().endswith(_UNFINISHED)


@dataclass(frozen=True, slots=True, order=True)
class Offered:
    """One file offered to us, oldest first when sorted: time of its last change, name, size.

    The time's unit is the channel's (nanoseconds in a folder, whole seconds over SFTP).
    """

    changed: int
    name: str
    size: int

    @property
    def remote_id(self) -> str:
        """Name, size and time of change: what tells it from a later file of the same name."""
        return f"{self.name}#{self.size}-{self.changed}"

    @property
    def done_name(self) -> str:
        """The name it gets among the files we have taken."""
        return f"{self.changed}-{self.size}-{self.name}"


def offered(remote_id: str) -> Offered | None:
    """The file a remote id speaks of; None when it is no remote id of ours."""
    name, _, rest = remote_id.rpartition("#")
    size, _, changed = rest.partition("-")
    if not (name and size.isdigit() and changed.isdigit()) or PurePosixPath(name).name != name:
        return None
    return Offered(changed=int(changed), name=name, size=int(size))

"""Files that appear in a folder whole or not at all, and stay there after a power cut.

The bytes are written to a file without a name (where the file system knows none, to a hidden one), synced, and named by
a hard link, which refuses a name that is taken; then the folder is synced. Nameless files end with their process: one
that is killed half-way leaves nothing behind. Of several files the syncs are waited for together.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.errors import ConfigurationError, HubError, TransientError

_NAMELESS = getattr(os, "O_TMPFILE", 0)
_OPENED = Path("/proc/self/fd")
_NO_NAMELESS = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT})
_AT_ONCE = 32
"""So many syncs wait beside one another: a file system answers them with few writes of its journal."""
_PRIVATE = 0o600

# Errors that pass by themselves; every other one (permissions, no such folder, no hard links) is for the operator.
_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EAGAIN, errno.EBUSY, errno.ENFILE, errno.EMFILE})


def place(target: Path, payload: bytes, mode: int, *, replace: bool = False) -> bool:
    """Write a file whole or not at all; False when the name is taken (unless it may be replaced)."""
    try:
        with _directory(target.parent) as directory, _part(target.parent) as part:
            part.fill(payload, mode)
            os.fsync(part.handle)
            if replace:
                target.unlink(missing_ok=True)
            part.name(target, directory)
            os.fsync(directory)
    except FileExistsError:
        return False
    except OSError as error:
        raise explained(error, f"write {target.name} into", target.parent) from error
    return True


def place_all(folder: Path, files: Mapping[str, bytes], mode: int) -> bool:
    """Write several files; False when any of them could not be: those that have their name by then are whole.

    No file has its name before the bytes of all are on disk.
    """
    try:
        with ExitStack() as stack:
            directory = stack.enter_context(_directory(folder))
            parts = {name: stack.enter_context(_part(folder)) for name in files}
            for name, part in parts.items():
                part.fill(files[name], mode)
            _sync_all([part.handle for part in parts.values()])
            for name, part in parts.items():
                part.name(folder / name, directory)
            os.fsync(directory)
    except OSError:
        return False
    return True


def synced(folder: Path) -> None:
    """Make the names in a folder survive a power cut, whoever gave them."""
    try:
        with _directory(folder) as directory:
            os.fsync(directory)
    except OSError as error:
        raise explained(error, "sync", folder) from error


def explained(error: OSError, action: str, where: Path) -> HubError:
    """What an error of the file system means for whoever wanted to do something with a folder."""
    text = f"cannot {action} the folder: {error.strerror}"
    if error.errno in _PASSING:
        return TransientError(text, where=str(where))
    return ConfigurationError(text, hint="check the folder, its permissions and hard links", where=str(where))


@dataclass(frozen=True, slots=True)
class _Part:
    """A file on its way; `path` is under which a link can be made to it."""

    handle: int
    path: str

    def fill(self, payload: bytes, mode: int) -> None:
        left = memoryview(payload)
        while left:
            left = left[os.write(self.handle, left) :]
        os.fchmod(self.handle, mode)

    def name(self, target: Path, directory: int) -> None:
        # The directory's handle makes it the call that follows a link, as an opened file's path is one.
        os.link(self.path, target, src_dir_fd=directory, follow_symlinks=True)


@contextmanager
def _part(folder: Path) -> Iterator[_Part]:
    handle = _nameless(folder)
    path = f"{_OPENED}/{handle}"
    if handle is None:
        handle, path = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    try:
        yield _Part(handle, path)
    finally:
        os.close(handle)
        if not path.startswith(f"{_OPENED}/"):
            Path(path).unlink(missing_ok=True)


def _nameless(folder: Path) -> int | None:
    """A file that has no name yet; None where there are none."""
    if not (_NAMELESS and _OPENED.is_dir()):
        return None
    try:
        return os.open(folder, _NAMELESS | os.O_WRONLY | os.O_CLOEXEC, _PRIVATE)
    except OSError as error:
        if error.errno in _NO_NAMELESS:
            return None
        raise


def _sync_all(handles: Sequence[int]) -> None:
    with ThreadPoolExecutor(min(_AT_ONCE, len(handles))) as pool:
        for _ in pool.map(os.fsync, handles):
            pass


@contextmanager
def _directory(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)

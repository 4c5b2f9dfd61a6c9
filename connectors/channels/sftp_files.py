"""Files over SFTP: write whole, rename without overwriting, list and read what is offered.

Everything here raises what paramiko raises, for `sftp_errors.guard` to translate.
"""

from __future__ import annotations

import contextlib
import hashlib
import posixpath
from stat import S_ISREG
from typing import NoReturn

import paramiko

from connectors.channels import naming
from connectors.channels.sftp_errors import ANY, absent, forbidden
from hub.errors import ConfigurationError, TransientError

_CHUNK = 32768


def upload(sftp: paramiko.SFTPClient, part: str, payload: bytes) -> None:
    """Write the unfinished file anew (whatever an earlier attempt left there) and check its size.

    Every write waits for its answer: paramiko's own `put` does not, and a chunk refused in the middle (disk full for a
    moment) would leave a hole in a file of the right size.
    """
    try:
        with sftp.open(part, "wb") as remote:
            for start in range(0, len(payload), _CHUNK):
                remote.write(payload[start : start + _CHUNK])
        size = sftp.stat(part).st_size
    except OSError as error:
        if absent(error) or forbidden(error):
            raise
        _give_up(sftp, part, str(error), error)
    if size != len(payload):
        _give_up(sftp, part, f"{size} of {len(payload)} bytes", None)


def _give_up(sftp: paramiko.SFTPClient, part: str, why: str, error: OSError | None) -> NoReturn:
    with contextlib.suppress(*ANY):
        sftp.remove(part)
    raise TransientError(f"the file did not arrive whole: {why}", where=posixpath.basename(part)) from error


def put_in_place(sftp: paramiko.SFTPClient, source: str, target: str) -> str | None:
    """Rename our unfinished file, unless the target exists: then its path is returned, and ours is thrown away."""
    try:
        sftp.rename(source, target)
    except OSError as error:
        # The protocol has one word, Failure, for every reason: look which one it was. When looking fails too (the
        # connection is gone), that error is raised, and says that we do not know. A time-out is no answer at all.
        if isinstance(error, TimeoutError):
            raise
        there, here = _exists(sftp, target), _exists(sftp, source)
        if there and here:
            with contextlib.suppress(*ANY):
                sftp.remove(source)
            return target
        if here and not forbidden(error):
            raise TransientError(f"the server refused the rename: {error}", where=posixpath.basename(target)) from error
        if not there:
            raise
    return None


def _exists(sftp: paramiko.SFTPClient, path: str) -> bool:
    try:
        sftp.stat(path)
    except OSError as error:
        if absent(error):
            return False
        raise
    return True


def move_away(sftp: paramiko.SFTPClient, source: str, target: str) -> None:
    """Rename a file we have taken; one that is gone already was moved by an earlier attempt."""
    try:
        sftp.rename(source, target)
    except OSError:
        if _exists(sftp, source):
            raise


def make_folder(sftp: paramiko.SFTPClient, path: str) -> None:
    """Make a folder unless it is there."""
    if not _exists(sftp, path):
        sftp.mkdir(path)


def list_offered(sftp: paramiko.SFTPClient, inbox: str) -> list[naming.Offered]:
    """The finished plain files in a folder, oldest first."""
    items = (_seen(found, found.filename) for found in sftp.listdir_attr(inbox) if naming.is_ready(found.filename))
    return sorted(item for item in items if item is not None)


def offered_at(sftp: paramiko.SFTPClient, path: str) -> naming.Offered | None:
    """The file as it is now; None when it is gone, or no plain file."""
    try:
        return _seen(sftp.lstat(path), posixpath.basename(path))
    except OSError as error:
        if absent(error):
            return None
        raise


def _seen(found: paramiko.SFTPAttributes, name: str) -> naming.Offered | None:
    """A plain file as the server describes it; folders and links are not taken."""
    if found.st_mode is None or not S_ISREG(found.st_mode):
        return None
    return naming.Offered(changed=int(found.st_mtime or 0), name=name, size=int(found.st_size or 0))


def read_file(sftp: paramiko.SFTPClient, path: str, most: int) -> bytes:
    """Plain reads, one answer at a time: some servers hang on many requests at once (paramiko issue 1788)."""
    parts: list[bytes] = []
    size = 0
    with sftp.open(path, "rb") as remote:
        while chunk := remote.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise too_big(posixpath.basename(path), most)
            parts.append(chunk)
    return b"".join(parts)


def too_big(name: str, most: int) -> ConfigurationError:
    """What is said of a file beyond the agreed size."""
    return ConfigurationError(f"{name} is bigger than {most} bytes", hint="raise max_size, or ask the partner")


def digest(sftp: paramiko.SFTPClient, path: str) -> bytes:
    """The SHA-256 of a remote file's bytes."""
    found = hashlib.sha256()
    with sftp.open(path, "rb") as remote:
        while chunk := remote.read(_CHUNK):
            found.update(chunk)
    return found.digest()

"""Archives a person hands in: .zip and .gz, bounded in size and number, never nested deeper than one."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace

from hub.errors import FormatError
from hub.model.exchange import Collected

MAX_FILES = 200
MAX_BYTES = 200_000_000
_BROKEN = (
    zipfile.BadZipFile,  # cut off, or of a wrong sum
    zlib.error,  # a damaged stream
    lzma.LZMAError,
    EOFError,  # a stream that ends before its part does
    OSError,  # a damaged bzip2 stream
    ValueError,  # a name that is not UTF-8, a place before the beginning of the file
    IndexError,  # a part without a name
    RuntimeError,  # locked; of a version or a compression that nobody reads
)
"""All that a damaged archive raises: whatever it is, it is this archive's trouble and nobody else's."""


def unpack(item: Collected) -> Iterator[Collected]:
    """The files in an archive, or the thing itself when it is none; FormatError when it is too big or broken."""
    if item.payload[:4] == b"PK\x03\x04" and not item.name.lower().endswith(".xlsx"):
        yield from _zip(item)
    elif item.payload[:2] == b"\x1f\x8b":
        name = item.name.removesuffix(".gz")
        yield replace(item, remote_id=f"{item.remote_id}!{name}", name=name, payload=_gunzip(item))
    else:
        yield item


def _gunzip(item: Collected) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(item.payload)) as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError("the .gz archive is broken", hint="send it again", where=item.name) from error
    if len(content) > MAX_BYTES:
        raise FormatError("the .gz archive unpacks to too much", hint="send the file itself", where=item.name)
    return content


def _zip(item: Collected) -> Iterator[Collected]:
    try:
        with zipfile.ZipFile(io.BytesIO(item.payload)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > MAX_FILES or sum(member.file_size for member in members) > MAX_BYTES:
                raise FormatError("the .zip archive holds too much", hint="send the files singly", where=item.name)
            for member in members:
                with archive.open(member) as stream:
                    content = stream.read(MAX_BYTES + 1)
                yield replace(
                    item, remote_id=f"{item.remote_id}!{member.filename}", name=member.filename, payload=content
                )
    except _BROKEN as error:
        raise FormatError("the .zip archive is broken or locked", hint="send it again", where=item.name) from error

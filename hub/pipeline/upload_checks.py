"""What may come in at all: no macros, no archive bombs, no virus; asked before anything of a file is read or kept.

Every door asks `check_upload`: the pages where lists, logs, bank files and anything else are handed in, and the API.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib

from hub import log
from hub.errors import TransientError
from hub.pipeline.cases import RefusedError
from hub.pipeline.context import Hub
from hub.pipeline.virus_scan import scan

_MACRO_NAMES = (".xlsm", ".xlsb", ".xltm", ".xlam", ".docm", ".dotm", ".pptm")
_MACRO_PARTS = ("vbaproject.bin", "xl/macrosheets/")
_MACRO_TYPE = b"macroenabled"
_MOST_PARTS = 2_000
_UNPACKED = 300_000_000
_SMALL = 20_000_000
_RATIO = 150
"""A list of a hundred thousand people packs to a fifteenth; a bomb to a thousandth."""
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_PIECE = 1_000_000
_LONGEST = 120
_FOLDER = re.compile(r"[/\\]")
_HOSTILE = (
    zipfile.BadZipFile,  # no archive, cut off, of a wrong sum
    zlib.error,  # a damaged stream
    EOFError,  # a stream that ends before its part does
    NotImplementedError,  # a version of the format that nobody reads, patched data, strong encryption
    ValueError,  # a name that is not UTF-8 (UnicodeDecodeError), a place before the beginning of the file
)
"""All that zipfile raised on 150,000 damaged archives; locked and strangely packed parts are never opened here."""


def plain_name(name: str) -> str:
    """A file's name as it may be shown and stored: no folders, nothing that does not print, not long."""
    last = _FOLDER.split(name)[-1]
    return "".join(sign for sign in last if sign.isprintable()).strip(". ")[-_LONGEST:]


def check_upload(hub: Hub, name: str, data: bytes) -> None:
    """RefusedError in plain words when a file may not come in; nothing of it is kept or logged."""
    if not data.strip():
        raise RefusedError("UPLOAD_EMPTY")
    if plain_name(name).lower().endswith(_MACRO_NAMES):
        raise RefusedError("UPLOAD_MACROS")
    if data.startswith(b"PK\x03\x04"):
        _check_archive(data)
    if data.startswith(b"\x1f\x8b"):
        _check_packed(data)
    if hub.virus_scan:
        _check_virus(hub.virus_scan, data)


def _check_archive(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > _MOST_PARTS or _is_bomb(sum(part.file_size for part in parts), data):
                raise RefusedError("UPLOAD_TOO_PACKED")
            if any(part.flag_bits & _ENCRYPTED or part.compress_type not in _READABLE for part in parts):
                raise RefusedError("UPLOAD_BROKEN")
            if any(name in part.filename.lower() for part in parts for name in _MACRO_PARTS) or _says_macros(archive):
                raise RefusedError("UPLOAD_MACROS")
    except _HOSTILE:
        raise RefusedError("UPLOAD_BROKEN") from None


def _is_bomb(unpacked: int, data: bytes) -> bool:
    return unpacked > _UNPACKED or (unpacked > _SMALL and unpacked > _RATIO * len(data))


def _check_packed(data: bytes) -> None:
    """A .gz file does not say truly how big it is: it is unpacked as far as it may go, and let go of at once."""
    size = 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            while piece := stream.read(_PIECE):
                size += len(piece)
                if _is_bomb(size, data):
                    raise RefusedError("UPLOAD_TOO_PACKED")
    except (gzip.BadGzipFile, zlib.error, EOFError):
        raise RefusedError("UPLOAD_BROKEN") from None


def _says_macros(archive: zipfile.ZipFile) -> bool:
    """Whether an Office file declares macros, whatever its name says."""
    if "[Content_Types].xml" not in archive.namelist():
        return False
    with archive.open("[Content_Types].xml") as stream:
        return _MACRO_TYPE in stream.read(_PIECE).lower()


def _check_virus(address: str, data: bytes) -> None:
    try:
        found = scan(address, data)
    except TransientError as error:
        log.event("upload not scanned", reason=error.message)
        raise RefusedError("UPLOAD_NOT_SCANNED") from error
    if found:
        log.event("upload with a virus refused", found=found)
        raise RefusedError("UPLOAD_VIRUS", found=found)

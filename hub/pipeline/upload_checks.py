"""What may come in at all: no macros, no archive bombs, no virus; asked before anything of a file is read or kept."""

from __future__ import annotations

import io
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


def check_upload(hub: Hub, name: str, data: bytes) -> None:
    """RefusedError in plain words when a file may not come in; nothing of it is kept or logged."""
    if not data.strip():
        raise RefusedError("UPLOAD_EMPTY")
    if name.lower().endswith(_MACRO_NAMES):
        raise RefusedError("UPLOAD_MACROS")
    if data.startswith(b"PK\x03\x04"):
        _check_archive(data)
    if hub.virus_scan:
        _check_virus(hub.virus_scan, data)


def _check_archive(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            unpacked = sum(part.file_size for part in parts)
            bomb = unpacked > _SMALL and unpacked > _RATIO * len(data)
            if len(parts) > _MOST_PARTS or unpacked > _UNPACKED or bomb:
                raise RefusedError("UPLOAD_TOO_PACKED")
            if any(name in part.filename.lower() for part in parts for name in _MACRO_PARTS) or _says_macros(archive):
                raise RefusedError("UPLOAD_MACROS")
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError, EOFError, ValueError):
        raise RefusedError("UPLOAD_BROKEN") from None


def _says_macros(archive: zipfile.ZipFile) -> bool:
    """Whether an Office file declares macros, whatever its name says."""
    if "[Content_Types].xml" not in archive.namelist():
        return False
    with archive.open("[Content_Types].xml") as stream:
        return _MACRO_TYPE in stream.read(1_000_000).lower()


def _check_virus(address: str, data: bytes) -> None:
    try:
        found = scan(address, data)
    except TransientError as error:
        log.event("upload not scanned", reason=error.message)
        raise RefusedError("UPLOAD_NOT_SCANNED") from error
    if found:
        log.event("upload with a virus refused", found=found)
        raise RefusedError("UPLOAD_VIRUS", found=found)

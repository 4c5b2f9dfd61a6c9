"""Fetch official rule files from addresses in a list that pins their SHA-256; what has another digest is not kept.

Only https (plain http to this machine itself, for mirrors and tests) and no redirects: what the list says is the place.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests

from hub.errors import ConfigurationError, ContentError, TransientError
from hub.official.artefacts import LARGEST, Known, digest
from hub.official.importing import Candidate

SECONDS = 30
_PIECE = 65536


def fetch(entries: Sequence[Known], *, verify: str | bool = True) -> list[Candidate]:
    """Every entry that has an address, or an error and none; `verify` names a file of other certificate authorities."""
    wanted = [one for one in entries if one.url]
    if not wanted:
        raise ConfigurationError("the list holds no address", hint="fill the column url")
    for one in wanted:
        _require_safe(one.url)
    with requests.Session() as session:
        session.headers["Accept-Encoding"] = "identity"  # a file is what it is
        return [_fetched(session, one, verify) for one in wanted]


def _require_safe(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts.hostname or "")):
        return
    raise ConfigurationError(f"the address is not https: {url[:80]}", hint="write an https address in the list")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _fetched(session: requests.Session, one: Known, verify: str | bool) -> Candidate:
    data = _body(session, one, verify)
    if digest(data) != one.sha256:
        raise ContentError(
            f"what is at {one.url} is not the pinned {one.artefact} {one.version} (SHA-256 {digest(data)})",
            hint="nothing was imported; get the file elsewhere and use kvitt schemas import",
        )
    return Candidate(place=f"{one.artefact}.{one.kind}", data=data, sha256=one.sha256)


def _body(session: requests.Session, one: Known, verify: str | bool) -> bytes:
    """Read up to the cap, piece by piece: a server may send without end."""
    data = bytearray()
    try:
        with session.get(one.url, timeout=SECONDS, stream=True, allow_redirects=False, verify=verify) as answer:
            if answer.status_code != requests.codes.ok:
                raise ConfigurationError(f"{one.url} answers {answer.status_code}", hint="correct the address")
            for piece in answer.iter_content(_PIECE):
                data += piece
                if len(data) > LARGEST:
                    raise ContentError(f"{one.url} sends more than any rule file has ({LARGEST:,} bytes)")
    except requests.RequestException as error:
        raise TransientError(
            f"{one.url} cannot be reached: {type(error).__name__}",
            hint="try later, or bring the files by hand: kvitt schemas import --from-dir FOLDER-OR-ZIP",
        ) from error
    return bytes(data)

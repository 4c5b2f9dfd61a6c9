"""Ask a ClamAV daemon whether some bytes are clean: `zINSTREAM` over TCP or a Unix socket.

Source: clamd's manual page (INSTREAM: chunks of a four-byte length in network order and that many bytes, ended by a
length of zero; the answer is `stream: OK`, `stream: NAME FOUND` or a text that ends in ERROR). Only OK lets through.
"""

from __future__ import annotations

import re
import socket
import struct
from contextlib import closing

from hub.errors import ConfigurationError, TransientError

_CHUNK = 64 * 1024
_TIMEOUT = 30.0
_LONGEST_ANSWER = 4_096
_FOUND = re.compile(r"stream: (.{1,200}) FOUND")


def scan(address: str, data: bytes) -> str:
    """The name of what was found, empty when the bytes are clean; TransientError when nobody can say.

    `address` is `tcp:HOST:PORT` or `unix:/PATH`.
    """
    try:
        with closing(_connected(address)) as connection:
            connection.sendall(b"zINSTREAM\0")
            for start in range(0, len(data), _CHUNK):
                piece = data[start : start + _CHUNK]
                connection.sendall(struct.pack("!I", len(piece)) + piece)
            connection.sendall(struct.pack("!I", 0))
            said = _answer(connection)
    except (OSError, ValueError) as error:
        reason = f"the virus scanner does not answer ({type(error).__name__})"
        raise TransientError(reason, hint="start clamd") from None
    if said == "stream: OK":
        return ""
    found = _FOUND.fullmatch(said)
    if found is None:
        raise TransientError("the virus scanner did not finish", hint="its StreamMaxLength may be too small")
    return found[1]


def _connected(address: str) -> socket.socket:
    kind, _, place = address.partition(":")
    if kind == "unix":
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(_TIMEOUT)
            connection.connect(place)
        except OSError:
            connection.close()
            raise
        return connection
    host, _, port = place.rpartition(":")
    if kind != "tcp" or not host or not port.isdecimal():
        raise ConfigurationError("virus_scan is tcp:HOST:PORT or unix:/PATH")
    return socket.create_connection((host, int(port)), timeout=_TIMEOUT)


def _answer(connection: socket.socket) -> str:
    said = b""
    while b"\0" not in said and len(said) < _LONGEST_ANSWER:
        piece = connection.recv(1_024)
        if not piece:
            break
        said += piece
    return said.split(b"\0", 1)[0].decode("ascii", "replace").strip()

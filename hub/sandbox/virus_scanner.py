"""A virus scanner to try uploads with: a TCP server that speaks clamd's INSTREAM and knows the EICAR test file only.

Source: clamd's manual page. The test string stands here in two pieces, so that no real scanner minds this file.
"""

from __future__ import annotations

import socketserver
import struct
import threading
from typing import Self

TEST_FILE = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
_COMMAND = b"zINSTREAM\0"


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Read one stream and say what it is."""
        server = self.server
        if not isinstance(server, _Server):
            raise TypeError("made for another server")
        if self.rfile.read(len(_COMMAND)) != _COMMAND:
            self.wfile.write(b"UNKNOWN COMMAND\0")
            return
        seen = b""
        while (size := struct.unpack("!I", self.rfile.read(4))[0]) > 0:
            seen += self.rfile.read(size)
            if len(seen) > server.most:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        server.scanned += 1
        self.wfile.write(b"stream: Eicar-Test-Signature FOUND\0" if TEST_FILE in seen else b"stream: OK\0")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    most = 64 * 1024 * 1024
    scanned = 0


class VirusScanner:
    """A scanner on loopback while the block lasts; `address` is what goes into hub.toml."""

    def __init__(self, most: int = _Server.most) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.most = most
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"tcp:127.0.0.1:{self._server.server_address[1]}"

    @property
    def scanned(self) -> int:
        """How many streams it has seen to their end."""
        return self._server.scanned

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

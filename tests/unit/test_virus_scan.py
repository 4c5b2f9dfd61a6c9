"""A scanner that speaks clamd's protocol over real sockets: clean, found, too big, silent, and not there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hub.errors import ConfigurationError, TransientError
from hub.pipeline.virus_scan import scan
from hub.sandbox.virus_scanner import TEST_FILE, VirusScanner


def test_clean_bytes_of_many_chunks_pass_and_the_test_file_is_named() -> None:
    with VirusScanner() as scanner:
        assert scan(scanner.address, b"x" * 200_000) == ""
        assert scan(scanner.address, b"x" * 200_000 + TEST_FILE) == "Eicar-Test-Signature"
        assert scanner.scanned == 2


def test_a_scanner_that_stops_half_way_lets_nothing_through() -> None:
    with VirusScanner(most=1_000) as scanner, pytest.raises(TransientError):
        scan(scanner.address, b"x" * 3_000_000)


@contextmanager
def _says(answer: bytes) -> Iterator[str]:
    """A server that reads a stream to its end and says this."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                seen = b""
                while not seen.endswith(b"\0\0\0\0"):
                    seen += connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"tcp:127.0.0.1:{server.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize("answer", [b"", b"stream: OKAY\0", b"UNKNOWN COMMAND\0", b"stream: FOUND\0", b"\xff\xfe\0"])
def test_whatever_is_not_a_clear_ok_is_no_ok(answer: bytes) -> None:
    with _says(answer) as address, pytest.raises(TransientError):
        scan(address, b"a list")


def test_nobody_there_and_a_misspelt_address(tmp_path: Path) -> None:
    with VirusScanner() as scanner:
        gone = scanner.address
    with pytest.raises(TransientError):
        scan(gone, b"a list")
    with pytest.raises(TransientError):
        scan(f"unix:{tmp_path / 'no.sock'}", b"a list")
    with pytest.raises(ConfigurationError):
        scan("clamd", b"a list")


def test_a_unix_socket_is_asked_the_same(tmp_path: Path) -> None:
    place = tmp_path / "clamd.sock"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as server:
        server.bind(str(place))
        server.listen(1)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                seen = b""
                while not seen.endswith(b"\0\0\0\0"):
                    seen += connection.recv(65_536)
                connection.sendall(b"stream: OK\0")

        thread = threading.Thread(target=serve)
        thread.start()
        assert scan(f"unix:{place}", b"a list") == ""
        thread.join()

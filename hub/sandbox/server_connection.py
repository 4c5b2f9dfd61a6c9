"""The sockets under the sandbox's HTTP server: accepting, TLS handshake, reading requests, writing or failing to."""

from __future__ import annotations

import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from types import MappingProxyType
from typing import Any, Protocol, cast
from urllib.parse import parse_qsl, urlsplit

from hub.sandbox.server_messages import Fault, LogLine, Request, Response, TlsFiles, Trouble, json_response

_NOTHING: Mapping[str, str] = MappingProxyType({})
_MAX_BODY = 64 * 1024 * 1024
_IDLE_SECONDS = 30.0


class Owner(Protocol):
    """What a connection needs from its server."""

    def answer(self, request: Request) -> Response:
        """Route a request."""
        ...

    def take(self, method: str, path: str, *troubles: str) -> Fault | None:
        """Use up a queued fault."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than until the server stops."""
        ...

    def note(self, line: LogLine) -> None:
        """Add to the request log."""
        ...

    def note_crash(self, error: BaseException) -> None:
        """Keep what went wrong inside the sandbox itself."""
        ...


def tls_context(files: TlsFiles) -> ssl.SSLContext:
    """A server context; with a client CA it demands a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.certificate, files.key)
    if files.client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(files.client_ca)
    return context


class Listener(socketserver.ThreadingTCPServer):
    """Accepts connections; the TLS handshake happens in the connection's own thread."""

    allow_reuse_address = True
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], sandbox: Owner, tls: ssl.SSLContext | None) -> None:
        self.sandbox = sandbox
        self.tls = tls
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, _Connection)

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 -- socketserver's types
        """Serve one connection, after its handshake where there is TLS."""
        connection: socket.socket = request
        connection.settimeout(_IDLE_SECONDS)
        if self.tls is not None:
            secured = self._secure(connection)
            if secured is None:
                return
            connection = secured
        with self._guard:
            self._open.add(connection)
        try:
            _Connection(connection, client_address, self)
        finally:
            with self._guard:
                self._open.discard(connection)
            connection.close()

    def _secure(self, connection: socket.socket) -> ssl.SSLSocket | None:
        """The connection after the handshake; None when the client's certificate was refused."""
        context = self.tls
        if context is None:
            return None
        secured = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        try:
            secured.do_handshake()
        except OSError as error:
            self.sandbox.note(LogLine(method="HANDSHAKE", path="", status=0, trouble=type(error).__name__))
            _linger(secured)
            return None
        return secured

    def end_connections(self) -> None:
        """Shut every open connection."""
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 -- socketserver's types
        """Say nothing on the terminal: a client that goes away is what these tests are about."""


def _linger(secured: ssl.SSLSocket) -> None:
    """Let the client read the alert: closing with unread bytes would reset the connection and lose it."""
    with socket.socket(fileno=secured.detach()) as plain:
        plain.settimeout(1.0)
        try:
            plain.shutdown(socket.SHUT_WR)
            for _ in range(64):
                if not plain.recv(65536):
                    return
        except OSError:
            return


class _Connection(BaseHTTPRequestHandler):
    """Reads requests from one connection and writes answers, unless told to misbehave."""

    protocol_version = "HTTP/1.1"

    @property
    def _owner(self) -> Owner:
        return cast("Listener", self.server).sandbox

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002, ARG002 -- http.server's own name
        return

    def _serve(self) -> None:
        sandbox = self._owner
        path = urlsplit(self.path).path
        if self._cut(path, Trouble.CLOSE_BEFORE_BODY):
            return
        request = self._request(path)
        if request is None:
            self._write(Response(status=413), path, "")
            self.close_connection = True
            return
        if self._cut(path, Trouble.CLOSE_AFTER_BODY):
            return
        wait = sandbox.take(self.command, path, Trouble.DELAY)
        if wait is not None:
            sandbox.pause(wait.seconds)
        response, trouble = self._refuse_or_answer(request)
        if self._cut(path, Trouble.CLOSE_AFTER_PROCESSING):
            return
        if sandbox.take(self.command, path, Trouble.DAMAGED_ANSWER):
            response, trouble = _damaged(response), Trouble.DAMAGED_ANSWER
        self._write(response, path, trouble or (Trouble.DELAY if wait else ""))

    def _refuse_or_answer(self, request: Request) -> tuple[Response, str]:
        sandbox = self._owner
        fault = sandbox.take(request.method, request.path, Trouble.TOO_MANY, Trouble.UNAVAILABLE)
        if fault is not None:
            status = 429 if fault.trouble == Trouble.TOO_MANY else 503
            headers = {"Retry-After": str(int(fault.seconds))} if fault.seconds else _NOTHING
            return json_response({"status": status}, status, headers), fault.trouble
        try:
            return sandbox.answer(request), ""
        except Exception as error:  # noqa: BLE001 -- the boundary: a handler's own mistake answers 500 and is kept
            sandbox.note_crash(error)
            return json_response({"status": 500, "title": type(error).__name__}, 500), "crash"

    def _request(self, path: str) -> Request | None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MAX_BODY:
            return None
        return Request(
            method=self.command,
            path=path,
            query=dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
            account=self._account(),
        )

    def _account(self) -> str:
        """The common name in the client's certificate, when there is one."""
        certificate = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        subject: Any = (certificate or {}).get("subject", ())
        return next((str(value) for names in subject for name, value in names if name == "commonName"), "")

    def _cut(self, path: str, trouble: Trouble) -> bool:
        """Close the connection hard when this trouble is queued."""
        if self._owner.take(self.command, path, trouble) is None:
            return False
        self._abort(path, trouble)
        return True

    def _abort(self, path: str, trouble: str) -> None:
        self._note(path, 0, trouble)
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _note(self, path: str, status: int, trouble: str) -> None:
        """Noted before the client can see it, so that who got an answer finds it in the log."""
        account = self._account()
        self._owner.note(LogLine(method=self.command, path=path, status=status, account=account, trouble=trouble))

    def _write(self, response: Response, path: str, trouble: str) -> None:
        cut = self._owner.take(self.command, path, Trouble.CUT_ANSWER) is not None
        if not cut:
            self._note(path, response.status, trouble)
        self.send_response_only(response.status)
        self.send_header("Date", self.date_time_string())
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Type", response.media_type)
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        body = b"" if self.command == "HEAD" or response.status == 204 else response.body
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self._abort(path, Trouble.CUT_ANSWER)


def _damaged(response: Response) -> Response:
    """The same answer with its last byte changed."""
    body = response.body[:-1] + bytes([response.body[-1] ^ 1]) if response.body else b""
    return Response(status=response.status, body=body, media_type=response.media_type, headers=response.headers)

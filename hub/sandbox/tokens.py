"""A mail provider's token endpoint (RFC 6749): over real TLS, with refresh tokens that may change with every answer."""

from __future__ import annotations

import base64
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs

from hub.sandbox.pki import Identity
from hub.sandbox.server import Fault, Request, Response, Route, SandboxServer, TlsFiles, json_response

CLIENT, SECRET, REFRESH = "kvitt-client", "sandbox-client-secret", "sandbox-refresh-0"


class TokenEndpoint:
    """Runs between `with` and its end. `issue` makes an access token; `lives` is what the answer says of its end.

    With `rotating` a refresh token is good once and every answer brings another one. `revoke` ends the sign-in.
    """

    def __init__(
        self, identity: Identity, *, issue: Callable[[], str], lives: int | None = 3600, rotating: bool = False
    ) -> None:
        self.issue, self.lives, self.rotating = issue, lives, rotating
        self.asked: list[str] = []
        self.refresh = REFRESH
        tls = TlsFiles(certificate=identity.certificate, key=identity.key)
        self._server = SandboxServer([Route("POST", "/token", self._token)], tls=tls)

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"{self._server.url}/token"

    def misbehave(self, *faults: Fault) -> None:
        """Queue trouble for coming calls."""
        self._server.misbehave(*faults)

    def revoke(self) -> None:
        """The person's sign-in has ended: the refresh token is good for nothing any more."""
        self.refresh = ""

    def _token(self, call: Request) -> Response:
        said = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        self.asked.append(said.get("grant_type", ""))
        if said.get("client_id") != CLIENT or said.get("client_secret", SECRET) != SECRET:
            return json_response({"error": "invalid_client"}, 401)
        if said["grant_type"] == "refresh_token":
            if not self.refresh or said.get("refresh_token") != self.refresh:
                return json_response({"error": "invalid_grant", "error_description": "expired"}, 400)
            if self.rotating:
                self.refresh = f"sandbox-refresh-{len(self.asked)}"
        elif said["grant_type"] != "client_credentials" or "client_secret" not in said:
            return json_response({"error": "unsupported_grant_type"}, 400)
        return json_response(self._answer(said["grant_type"]))

    def _answer(self, grant: str) -> dict[str, str | int]:
        answer: dict[str, str | int] = {"access_token": self.issue(), "token_type": "Bearer"}
        answer |= {} if self.lives is None else {"expires_in": self.lives}
        return answer | ({"refresh_token": self.refresh} if self.rotating and grant == "refresh_token" else {})

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()


def opaque(number: int) -> str:
    """An access token nobody can read."""
    return base64.urlsafe_b64encode(f"sandbox access token {number}".encode()).decode().rstrip("=")

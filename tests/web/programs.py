"""Programs that call the API of a played hub: tokens made as people make them, a client with one."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from starlette.routing import Mount

from hub.intake.reference import read_coverage
from hub.pipeline import api_tokens
from hub.pipeline.api_tokens import SCOPES, Wanted
from hub.pipeline.context import Actor
from tests.web.consoles import TENANT, Console

LISTS = Path(__file__).resolve().parents[2] / "examples" / "nl"
ENGINEER = Actor(name="engineer", role="engineer")


@dataclass(slots=True)
class Program:
    """A client with a token."""

    client: TestClient
    token: str
    token_id: str
    keys: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def headers(self) -> dict[str, str]:
        """What every call carries."""
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str, **query: Any) -> Response:
        """Ask."""
        return self.client.get(f"/v1{path}", params=query, headers=self.headers)

    def see(self, path: str, **query: Any) -> Any:
        """What it says; it must be there."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def post(self, path: str, *, key: str = "", body: bytes = b"", kind: str = "", **query: Any) -> Response:
        """Change something, under a key of its own where none is given."""
        headers = self.headers | {"Idempotency-Key": key or f"key-{next(self.keys)}"}
        headers |= {"Content-Type": kind} if kind else {}
        return self.client.post(f"/v1{path}", content=body, params=query, headers=headers)

    def put(self, path: str, body: dict[str, Any], *, key: str = "") -> Response:
        """Post JSON."""
        headers = self.headers | {"Idempotency-Key": key or f"key-{next(self.keys)}"}
        return self.client.post(f"/v1{path}", json=body, headers=headers)

    def delete(self, path: str) -> Response:
        """Remove."""
        return self.client.delete(f"/v1{path}", headers=self.headers)


def covered(console: Console) -> None:
    """Coverage answers from the example tables, for the demo's service is gone; everybody is insured all year."""
    tables = [(LISTS / name).read_bytes() for name in ("cov_example.csv", "cov_practice2.csv")]
    console.hub = replace(console.hub, coverage=lambda _tenant: read_coverage(*tables))
    mount = next(route for route in console.app.routes if isinstance(route, Mount) and route.path == "/v1")
    assert isinstance(mount.app, FastAPI)
    mount.app.state.hub = console.hub


def program(
    console: Console, country: str = "NL", organisation: str = "", scopes: tuple[str, ...] = tuple(SCOPES)
) -> Program:
    """A program with a token for everything, of a whole tenant or of one organisation."""
    covered(console)
    wanted = Wanted(name="his", scopes=scopes, organisation=organisation)
    made = api_tokens.make(console.hub, TENANT[country], wanted, ENGINEER)
    return Program(client=console.stranger(), token=made.token, token_id=made.id)

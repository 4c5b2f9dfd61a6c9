"""The API put together: its own application under /v1, with its own errors (problem+json)."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from hub.pipeline.context import Hub
from hub.web import api as package
from hub.web.api.problems import CODES, MEDIA_TYPE, answer_errors
from hub.web.bounds import Buckets
from hub.web.fairness import Desk

_ABOUT = """Lists and logs in; their state, findings, replies and payments out.

Every call carries a token (`Authorization: Bearer ...`), every POST an `Idempotency-Key`. Lists come in pages; amounts
are integers in minor units; moments are UTC. Errors are problem details (RFC 9457) with a `code` that stays the same.
A webhook's call is described in docs/api.md.
"""


class Wrong(BaseModel):
    """One thing that is wrong with a request."""

    pointer: str = Field(description="Where: `query/limit`, `header/Idempotency-Key`, `body/events/0`.")
    detail: str


class ProblemDetails(BaseModel):
    """Why there is no other answer (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str = Field(description="Stays the same.", json_schema_extra={"enum": [*sorted(CODES)]})
    detail: str | None = None
    errors: list[Wrong] | None = None


@cache
def resources() -> tuple[ModuleType, ...]:
    """Every module of this package that has a router, by name."""
    names = sorted(one.name for one in pkgutil.iter_modules(package.__path__))
    found = [importlib.import_module(f"{package.__name__}.{name}") for name in names if name != "application"]
    return tuple(one for one in found if hasattr(one, "router"))


def create_api(hub: Hub, desk: Callable[[], Desk]) -> FastAPI:
    """The API of one hub; what comes in stands in the queue of its console's desk."""
    api = FastAPI(
        title="Kvitt",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": "/v1"}],
        root_path_in_servers=False,
        openapi_url=None,
        generate_unique_id_function=lambda route: f"{(route.tags or ['api'])[0]}_{route.name}",
        responses=_problems(),
    )
    api.state.hub, api.state.buckets, api.state.desk = hub, Buckets(), desk
    for module in resources():
        api.include_router(module.router)
    api.add_api_route("/openapi.json", _described, include_in_schema=False)
    answer_errors(api)
    return api


def _described(request: Request) -> Response:
    return JSONResponse(specification(request.app))


def _problems() -> dict[int | str, dict[str, Any]]:
    titles: dict[int, list[str]] = {}
    for status, title in CODES.values():
        titles.setdefault(status, []).append(title)
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        status: {
            "model": ProblemDetails,
            "description": "; ".join(words),
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status, words in sorted(titles.items())
    }


def specification(api: FastAPI) -> Mapping[str, Any]:
    """The OpenAPI description, where a problem has its own media type only."""
    described = api.openapi()
    for path in described["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if not status.startswith("2"):
                    answer["content"].pop("application/json", None)
    return described

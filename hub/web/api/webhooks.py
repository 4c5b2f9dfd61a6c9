"""Being told instead of asking: webhooks, what they were told, and telling it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from hub.errors import ConfigurationError
from hub.pipeline import webhooks as hooks
from hub.store import keyset, parties, schema, webhooks
from hub.store.unit import Row, Unit
from hub.web.api.caller import Caller, scoped
from hub.web.api.once import JSON_ONLY, Change, change, given, once
from hub.web.api.paging import Page, Paging, Word, page
from hub.web.api.problems import Fault, Problem, of_hub

router = APIRouter(tags=["webhooks"])
_Reads = Annotated[Caller, Depends(scoped("webhooks:read"))]
_Writes = Annotated[Caller, Depends(scoped("webhooks:write"))]
_Adds = Annotated[Change, Depends(change("webhooks:write", JSON_ONLY))]
_Changes = Annotated[Change, Depends(change("webhooks:write"))]
EventName = Literal["declaration.judged", "claim.decided", "exchange.state", "payment.matched"]
_Answer = tuple[int, BaseModel | None, Mapping[str, str]]


class NewWebhook(BaseModel):
    """Whom to call about what."""

    model_config = ConfigDict(extra="forbid", strict=True)
    url: str = Field(
        min_length=10, max_length=500, pattern=r"^https?://\S+$", description="https, on the open internet."
    )
    events: list[EventName] = Field(min_length=1, max_length=10)
    organisation: str | None = Field(
        None, min_length=1, max_length=60, description="Only about this one and what is below it."
    )


class Webhook(BaseModel):
    """Who is called about what."""

    id: str
    url: str
    events: list[str]
    organisation: str | None
    state: str = Field(description="active or stopped.")
    created_at: datetime


class WebhookWithSecret(Webhook):
    """With the secret that signs; it is shown this once."""

    secret: str


class Delivery(BaseModel):
    """One piece of news for one webhook: what it was told, or is to be."""

    id: str
    event: str
    data: dict[str, Any]
    state: str = Field(description="waiting, told, or given_up.")
    attempts: int
    happened_at: datetime
    next_try_at: datetime | None
    told_at: datetime | None
    note: str


class Deliveries(Paging):
    """Filters."""

    state: Literal["waiting", "told", "given_up"] | None = None
    event: Word | None = None


@router.get("/webhooks")
def listing(caller: _Reads) -> list[Webhook]:
    """Every webhook there is; never more than a few."""
    with caller.reading() as unit:
        return [_webhook(row) for row in webhooks.webhooks(unit)]


@router.post(
    "/webhooks",
    status_code=201,
    response_model=WebhookWithSecret,
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": NewWebhook.model_json_schema()}}}
    },
)
def add(made: _Adds) -> Response:
    """Call a URL about what happens from now on."""
    asked = given(made, NewWebhook)
    return once(made, lambda: _added(made, asked))


def _added(made: Change, asked: NewWebhook) -> _Answer:
    caller = made.caller
    organisation = asked.organisation or caller.program.organisation
    with caller.reading() as unit:
        inside = not organisation or organisation in {each.code for each in parties.organisations(unit)}
    if not inside:
        fault = Fault("body/organisation", "no organisation of this token has this code")
        raise Problem("invalid", faults=[fault])
    wanted = hooks.Wanted(url=asked.url, events=asked.events, organisation=organisation, seed=made.seed("webhook"))
    try:
        done = hooks.add(caller.hub, caller.tenant, wanted, caller.program.actor, within=caller.program.within)
    except ConfigurationError as error:
        raise Problem("invalid", faults=[Fault("body", of_hub(error).detail)]) from error
    return _with_secret(caller, done, 201)


def _with_secret(caller: Caller, done: hooks.Hooked, status: int) -> _Answer:
    row = _one(caller, done.id)
    body = WebhookWithSecret(**_webhook(row).model_dump(), secret=done.secret)
    return status, body, {"Location": f"/v1/webhooks/{done.id}"} if status == 201 else {}


@router.get("/webhooks/{webhook}")
def one(caller: _Reads, webhook: str) -> Webhook:
    """One webhook."""
    return _webhook(_one(caller, webhook))


@router.delete("/webhooks/{webhook}", status_code=204)
def remove(caller: _Writes, webhook: str) -> Response:
    """Tell it nothing any more."""
    _one(caller, webhook)
    hooks.remove(caller.hub, caller.tenant, webhook, caller.program.actor, within=caller.program.within)
    return Response(status_code=204)


@router.post("/webhooks/{webhook}/secret", response_model=WebhookWithSecret)
def rotate(made: _Changes, webhook: str) -> Response:
    """Another secret; the one before signs too for a day."""
    caller = made.caller
    _one(caller, webhook)

    def act() -> _Answer:
        within, seed = caller.program.within, made.seed("webhook")
        done = hooks.rotate(caller.hub, caller.tenant, webhook, caller.program.actor, within=within, seed=seed)
        if done is None:
            raise caller.absent("webhook", webhook)
        return _with_secret(caller, done, 200)

    return once(made, act)


@router.post("/webhooks/{webhook}/stop", response_model=Webhook)
def stop(made: _Changes, webhook: str) -> Response:
    """Call it no more until it is resumed; what happens meanwhile is kept for it."""
    return _switched(made, webhook, hooks.stop)


@router.post("/webhooks/{webhook}/resume", response_model=Webhook)
def resume(made: _Changes, webhook: str) -> Response:
    """Call it again, first about what happened meanwhile."""
    return _switched(made, webhook, hooks.resume)


def _switched(made: Change, webhook: str, switch: Any) -> Response:  # noqa: ANN401 -- `stop` or `resume`
    caller = made.caller
    _one(caller, webhook)

    def act() -> _Answer:
        switch(caller.hub, caller.tenant, webhook, caller.program.actor, within=caller.program.within)
        return 200, _webhook(_one(caller, webhook)), {}

    return once(made, act)


@router.get("/webhooks/{webhook}/deliveries")
def deliveries(caller: _Reads, webhook: str, asked: Annotated[Deliveries, Query()]) -> Page[Delivery]:
    """What it was told, or is to be, oldest first; kept for thirty days."""
    _one(caller, webhook)
    table = schema.webhook_delivery
    where = [table.c.webhook_id == webhook]
    where += [table.c[name] == value for name, value in asked.filters().items() if value]
    return page(caller, asked, ("made_at", "id"), partial(keyset.deliveries, where=where), _deliveries)


@router.post("/webhooks/{webhook}/deliveries/{delivery}/redeliver", response_model=Delivery)
def redeliver(made: _Changes, webhook: str, delivery: str) -> Response:
    """Tell it again, under the same id."""
    caller = made.caller
    _one(caller, webhook)

    def act() -> _Answer:
        program = caller.program
        row = hooks.redeliver(caller.hub, caller.tenant, webhook, delivery, program.actor, within=program.within)
        if row is None:
            raise Problem("not_found")
        return 200, _delivery(row), {}

    return once(made, act)


def _one(caller: Caller, webhook: str) -> Row:
    with caller.reading() as unit:
        row = webhooks.get(unit, webhook)
    if row is None:
        raise caller.absent("webhook", webhook)
    return row


def _webhook(row: Row) -> Webhook:
    names = ("id", "url", "events", "organisation", "created_at")
    return Webhook(**{name: row[name] for name in names}, state="stopped" if row["stopped_at"] else "active")


def _deliveries(_unit: Unit, rows: Sequence[Row]) -> list[Delivery]:
    return [_delivery(row) for row in rows]


def _delivery(row: Row) -> Delivery:
    return Delivery(**{name: row[name] for name in Delivery.model_fields})

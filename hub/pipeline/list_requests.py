"""Requests for lists: planned, requested, reminded, received, closed; what is expected is asked for by mail.

A practice is asked by mail once the quarter has begun and reminded once when the day has passed (`expected`); a mail
holds a link and nothing about a person. Nobody is asked for what was expected before the hub knew the tenant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hub import texts
from hub.errors import ConfigurationError
from hub.log import clean_text
from hub.pipeline import expected
from hub.pipeline.context import ZONES, Actor, Hub
from hub.pipeline.expected import Expected
from hub.store import access, parties, portal, tasks
from hub.store.unit import Row, Unit

PLANNED, REQUESTED, REMINDED, RECEIVED, CLOSED = STATES = ("planned", "requested", "reminded", "received", "closed")
_NOTHING: Mapping[str, datetime | None] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest:
    """One list that is asked for: where the request stands, and the moments of its way."""

    expected: Expected
    asked_at: datetime | None = None
    reminded_at: datetime | None = None
    closed_at: datetime | None = None
    reason: str = ""

    @property
    def state(self) -> str:
        """In one word: what happened last."""
        if self.closed_at is not None:
            return CLOSED
        if self.expected.received is not None:
            return RECEIVED
        if self.reminded_at is not None:
            return REMINDED
        return REQUESTED if self.asked_at is not None else PLANNED


def list_requests(hub: Hub, unit: Unit, country: str) -> list[ListRequest]:
    """Every request this unit sees; newest quarter first."""
    rows = portal.requests(unit)
    found = [_request(each, rows.get((each.practice, each.module, each.period))) for each in _all(hub, unit, country)]
    found.sort(key=lambda one: (one.expected.practice, one.expected.module))
    return sorted(found, key=lambda one: one.expected.period, reverse=True)


def _all(hub: Hub, unit: Unit, country: str) -> list[Expected]:
    return expected.expected(hub, unit, country)


def _request(each: Expected, row: Row | None) -> ListRequest:
    if row is None:
        return ListRequest(expected=each)
    return ListRequest(
        expected=each,
        asked_at=row["asked_at"],
        reminded_at=row["reminded_at"],
        closed_at=row["closed_at"],
        reason=row["reason"],
    )


def watch_requests(hub: Hub, tenant: str) -> list[Expected]:
    """Ask for every list whose quarter has begun, and let the register remind; gives the lists that are missing."""
    missing = expected.watch_expected(hub, tenant)
    row = next(each for each in hub.store.tenants() if each["id"] == tenant)
    began = row["created_at"].astimezone(ZONES[row["country"]]).date()
    with hub.store.unit(tenant) as unit:
        known = portal.requests(unit)
        waiting = [each for each in _all(hub, unit, row["country"]) if each.received is None and each.by >= began]
        reminded = portal.told_at(unit, [each.key for each in waiting])
        for each in waiting:
            _attend(hub, unit, each, known.get((each.practice, each.module, each.period)), reminded, row["language"])
    return missing


def _attend(
    hub: Hub, unit: Unit, each: Expected, row: Row | None, reminded: Mapping[str, datetime], language: str
) -> None:
    """Ask once; a practice that was reminded before it was asked has been asked."""
    now = row or {"asked_at": None, "reminded_at": None, "closed_at": None}
    if now["closed_at"] is not None:
        return
    values: Row = {}
    if each.key in reminded and now["reminded_at"] is None:
        values["reminded_at"] = reminded[each.key]
    if now["asked_at"] is None and (each.key in reminded or _asked(hub, unit, each, language)):
        values["asked_at"] = unit.now
    if values:
        organisation = parties.organisation(unit, each.practice)
        portal.put_request(unit, organisation.id, each.module, each.period, **values)


def _asked(hub: Hub, unit: Unit, each: Expected, language: str) -> bool:
    if not each.email:
        return False
    values = {"module": each.module, "period": each.period, "day": each.by, "link": expected.upload_link(hub)}
    subject = texts.pick(texts.text("LIST_REQUEST", **values), language)
    body = texts.pick(texts.action("LIST_REQUEST", **values), language)
    return tasks.notify(unit, f"request:{each.key}", each.email, subject, body, language)


def close(unit: Unit, organisation: str, module: str, period: str, reason: str, actor: Actor) -> None:
    """Nobody waits for this list any more, for a reason; its task ends and no reminder goes out."""
    if not reason.strip():
        raise ConfigurationError("why the list is not expected must be said", hint="give a reason")
    owner = parties.organisation(unit, organisation)
    said = clean_text(reason.strip())
    values: Row = {"closed_at": unit.now, "closed_by": actor.name, "reason": said}
    portal.put_request(unit, owner.id, module, period, **values)
    tasks.done(unit, f"expected:{organisation}:{module}:{period}", {"closed": said, "by": actor.name})
    access.record(
        unit, actor=actor.name, role=actor.role, action="close-request", object_=f"{organisation}/{module}/{period}"
    )

"""Where things are looked at and solved: the address of a page, where this person has such a page."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

from hub.web.visit import Visit

PLACES: Mapping[str, str] = MappingProxyType(
    {
        "claim": "/claims/{ref}",
        "exchange": "/exchanges/{ref}",
        "answer": "/exchanges/{ref}",
        "payment": "/payments/{ref}",
        "payout": "/payouts/{ref}",
        "payouts": "/payouts",
        "approval": "/approvals/{ref}",
        "accounts": "/accounts",
        "second": "/approvals",
        "partner": "/partners/{ref}",
        "partners": "/partners",
        "organisation": "/organisations/{ref}",
        "users": "/users",
        "rejections": "/rejections",
        "held": "/complete",
        "row": "/complete",
        "overdue": "/expected",
        "inputs": "/expected",
        "deadlines": "/deadlines",
        "dead": "/dead",
        "doubts": "/doubts",
        "failed": "/dead",
        "unread": "/inbound/{ref}",
        "inbound": "/inbound",
        "task": "/tasks/{ref}",
        "release": "/release",
        "payments": "/payments",
        "expiring": "/partners",
        "incidents": "/incidents",
        "search": "/search",
        "correct": "/claims/{ref}/correct",
        "credit": "/claims/{ref}/credit",
        "hold": "/claims/{ref}/hold",
        "access_log": "/access-log",
        "agreements": "/agreements",
        "codes": "/codes",
        "drop": "/drop",
        "exchanges": "/exchanges",
        "jobs": "/jobs",
        "log": "/clinic/log",
        "organisations": "/organisations",
        "privacy": "/privacy",
        "statements": "/statements",
        "receivables": "/overdue",
        "today": "/today",
        "tokens": "/tokens",
        "upload": "/practice/upload",
    }
)
"""Kinds of places with their address; one without a name is a list."""
_LISTS: Mapping[str, str] = MappingProxyType({"unread": "inbound"})
"""Where a kind whose places have names is looked at without one."""


def door(visit: Visit, kind: str, ref: str = "", **wished: str) -> str:
    """The address of a place; empty where there is none of that kind for this person. `wished` are filters."""
    pattern = PLACES.get(kind, "") if ref else PLACES.get(_LISTS.get(kind, kind), "")
    if not pattern or ("{ref}" in pattern and not ref) or not _opens(visit, pattern):
        return ""
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in wished.items() if value)
    return pattern.format(ref=quote(ref)) + (f"?{query}" if query else "")


def _opens(visit: Visit, pattern: str) -> bool:
    """Whether a screen has this address, meant for this country and this person."""
    top = pattern.split("/{", 1)[0]
    screens = [one for one in visit.screens if one.path == top]
    return any(visit.may(one.needs) and one.country in ("", visit.country) for one in screens)

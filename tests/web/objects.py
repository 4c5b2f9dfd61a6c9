"""Every route of the console and of /v1, and the objects its address and its form can be filled in with.

Routes and the fields of their forms are found by asking the application. What a path parameter or a field stands for is
said here once: one that nobody says anything about is `Unknown`, so that a new screen cannot escape the tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from fastapi import APIRouter, UploadFile
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from httpx2 import Response
from pydantic import BaseModel

from hub.model.claim import Claim
from hub.pipeline import approvals
from hub.pipeline.api_tokens import CALENDAR
from hub.store import claims, schema
from hub.store.unit import Row, Unit
from hub.web.api.application import resources
from hub.web.roles import may
from hub.web.scan import modules
from hub.web.screen import Screen

Parts = tuple[str, ...]
"""What the parameters of one address are filled in with, from left to right."""
Objects = Mapping[str, list[Parts]]
"""What somebody has, by kind."""
_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")


class Unknown(Exception):  # noqa: N818 -- what a test fails with
    """A path parameter or a field of a form that nobody knows how to fill in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route; `fields` are those of its form or its query, `files` the uploads among them, `body` those of JSON."""

    method: str
    path: str
    screen: Screen | None
    fields: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    body: tuple[str, ...] = ()

    @property
    def api(self) -> bool:
        """Whether programs ask for it."""
        return self.screen is None

    @property
    def parameters(self) -> list[str]:
        """The names in its address."""
        return _PARAMETER.findall(self.path)

    @property
    def kind(self) -> str:
        """What its address names; empty for an address without parameters."""
        if not self.parameters:
            return ""
        head = self.path[: self.path.rindex("}") + 1]
        if head not in ADDRESSES:
            raise Unknown(f"{self.method} {self.path}: say in tests/web/objects.py what {head} names")
        return ADDRESSES[head]

    def filled(self, parts: Parts) -> str:
        """The address of one object."""
        left = iter(parts)
        return _PARAMETER.sub(lambda _: next(left), self.path)

    def kinds_asked(self) -> dict[str, str]:
        """The fields that name an object, with its kind."""
        return {name: kind for name in self._names if (kind := self._field(name)[0])}

    def form(self, objects: Objects, **named: str) -> dict[str, Any]:
        """A form filled in with what looks right: objects of these, and what is given here by name."""
        return {name: self._value(name, objects, named) for name in self._names}

    @property
    def _names(self) -> tuple[str, ...]:
        return self.fields + self.body

    def _value(self, name: str, objects: Objects, named: Mapping[str, str]) -> Any:
        kind, plain = self._field(name)
        if name in named:
            found: Any = named[name]
        elif kind:
            found = next(iter(objects.get(kind, ())), (_NONE.get(kind, "none-of-mine"),))[-1]
        else:
            return plain
        return plain.format(found) if isinstance(plain, str) and "{}" in plain else found

    def _field(self, name: str) -> tuple[str, Any]:
        """The kind of object it names, or nothing; and what else is written there."""
        for head in (f"{self.path} {name}", name):
            if head in NAMING:
                kind, _, written = NAMING[head].partition(" ")
                return kind, written
            if head in PLAIN:
                return "", PLAIN[head]
        raise Unknown(f"{self.method} {self.path}: say in tests/web/objects.py what is written in {name}")


_NONE = {"payout": "999999", "row": ""}
"""What is written where an object is asked for by somebody who has none."""
ADDRESSES: Mapping[str, str] = {
    "/account/sessions/{session_id}": "session",
    "/approvals/limits/{kind}": "limit",
    "/approvals/{number}": "approval",
    "/claims/{ref:path}": "claim",
    "/claims/{ref}": "claim",
    "/clinic/log/{declaration}": "declaration",
    "/clinic/log/{declaration}/rows/{row}": "declared_row",
    "/complete/claims/{ref}": "claim",
    "/complete/rows/{row}": "row",
    "/deadlines/calendar/{token_id}": "calendar",
    "/exchanges/{key:path}": "exchange_key",
    "/helpdesk/{task}": "refusal",
    "/inbound/{came}": "inbound",
    "/jobs/{name}": "job",
    "/my/statements/{practice}/{period}/{currency}/{version}/{form}": "statement",
    "/organisations/{code}": "organisation",
    "/partners/{name}": "partner",
    "/payments/{ref}": "payment",
    "/payouts/files/{number}": "payout_file",
    "/payouts/{number}": "payout",
    "/practice/decisions/{exchange}": "exchange",
    "/practice/lists/{declaration}": "declaration",
    "/practice/questions/{question}": "question",
    "/practice/upload/template/{system}": "system",
    "/privacy/erasures/{number}": "erasure",
    "/privacy/holds/{subject}": "held_person",
    "/questions/{question}": "question",
    "/rejections/fixes/{fix}": "fix",
    "/rejections/{task}": "refusal",
    "/release/{exchange_id}": "exchange",
    "/statements/journal/{number}": "journal",
    "/statements/{practice}/{period}/{currency}/{version}/{form}": "statement",
    "/tasks/{task}": "task",
    "/tokens/{token_id}": "token",
    "/users/{user_id}": "user",
    "/waiting/{word}": "errand",
    "/webhooks/{webhook}": "webhook",
    "/webhooks/{webhook}/deliveries/{delivery}": "delivery",
    "/v1/claims/{ref}": "claim",
    "/v1/declarations/{declaration}": "declaration",
    "/v1/exchanges/{exchange}": "exchange",
    "/v1/payments/{payment}": "payment",
    "/v1/webhooks/{webhook}": "webhook",
    "/v1/webhooks/{webhook}/deliveries/{delivery}": "delivery",
}
"""What an address names, by the address up to its last parameter."""
SHARED = frozenset({"job", "limit", "partner", "system"})
"""Kinds that are configuration: everybody has things of the same names, and none of them is about anybody."""
NAMING: Mapping[str, str] = {
    "/access-log/employee name": "login",
    "/access-log/exchange wanted": "exchange_key",
    "/accounts code": "organisation",
    "/dead ids": "exchange",
    "/helpdesk/bundle/exchange ref": "exchange_key",
    "/organisations code": "organisation",
    "/payments/{ref}/payout number": "payout",
    "/v1/payments account": "account",
    "account": "account",
    "assignee": "login",
    "booking": "payment",
    "by": "payment",
    "claim": "claim",
    "clinic": "organisation",
    "code": "organisation",
    "corrects": "claim",
    "declaration": "declaration",
    "exchange": "exchange",
    "find": "login",
    "ids": "exchange",
    "invoice_number": "invoice",
    "key": "exchange_key",
    "login": "login",
    "many": "claim",
    "number": "person",
    "numbers": "payout",
    "organisation": "organisation",
    "other": "payment",
    "parent": "organisation",
    "payment": "payment",
    "practice": "organisation",
    "provider": "organisation",
    "q": "claim",
    "ref": "claim",
    "reference": "reference",
    "row": "row",
    "task": "task",
    "token": "staged",
    "wanted": "claim {}=1.00",
    "word": "staged",
}
"""Fields that name an object: its kind, and how it is written there where that is more than its name."""
_CURSORS = dict.fromkeys(("after", "before", "claims", "cursor", "replies", "show"), "")
PLAIN: Mapping[str, Any] = _CURSORS | {
    "/complete code": "",
    "/clinic/log/{declaration} after": "0",
    "/codes q": "101",
    "/imports kind": "users",
    "/inbound/{came}/teach invoice": "factuur {}",
    "/imports/apply kind": "users",
    "/organisations kind": "practice",
    "/practice/lists/{declaration} after": "0",
    "/privacy/export form": "json",
    "/registers kind": "",
    "/registers q": "",
    "/v1/exchanges kind": "",
    "agreement_date": "2024-01-01",
    "amount": "1,00",
    "answer": "approve",
    "as": "csv",
    "arrived": "yes",
    "booked_from": "2024-01-01",
    "booked_to": "2026-12-31",
    "cause": "COD957:101",
    "channel": "",
    "columns": "",
    "confirm": "",
    "consent_date": "2024-01-01",
    "cov": "yes",
    "currency": "EUR",
    "day": "2026-07-02",
    "days": "30",
    "delta": "",
    "despite": "",
    "dry_run": "true",
    "email": "somebody@tried.example",
    "event": "claim.decided",
    "events": ["claim.decided"],
    "everything": "true",
    "evidence": "they said so on the telephone",
    "first": "2024-01-01",
    "first_quarter": "2024Q1",
    "form": "pdf",
    "held": "false",
    "kind": "",
    "language": "nl",
    "last": "2026-12-31",
    "limit": "50",
    "line": "1",
    "many": "",
    "matched": "review",
    "module": "PMO",
    "name": "Somebody Tried",
    "new": "another-synthetic-word",
    "no_claim": "",
    "no_claim_amount": "",
    "note": "tried",
    "on": "",
    "old": "not-the-password",
    "outcome": "hold",
    "partner": "menzis",
    "payer": "menzis",
    "payer_accounts": "",
    "period": "2024Q1",
    "programme": "module-quarter",
    "proposed": "",
    "ready": "",
    "reason": "to see whether it works",
    "release": "auto",
    "role": "support",
    "sak_id": "",
    "scopes": ["claims:read"],
    "settings": "",
    "since": "2024-01-01T00:00:00Z",
    "source": "a letter",
    "state": "",
    "system": "",
    "turn": "0",
    "url": "https://tried.example/hook",
    "valid_from": "2024-01-01",
    "valid_to": "2030-01-01",
    "verdict": "",
    "what": "module-quarter|PMO|2024Q1",
    "who": "",
    "whole": "",
    "whom": "practice",
    "why": "accepted",
    "words": "tried by somebody else",
}
"""What is written in fields that name no object."""


# --- routes ---------------------------------------------------------------------------------------------------------


def routes() -> Iterator[Route]:
    """Every route behind a login or a token."""
    for module in modules():
        if not module.SCREEN.open:
            yield from _of(module.router, module.SCREEN)
    for module in resources():
        yield from _of(module.router, None)


def _of(router: APIRouter, screen: Screen | None) -> Iterator[Route]:
    for one in router.routes:
        if isinstance(one, APIRoute):
            for method in sorted(one.methods or ()):
                asked = list(_asked(one.dependant, method))
                yield Route(
                    method=method,
                    path=one.path if screen else f"/v1{one.path}",
                    screen=screen,
                    fields=tuple(dict.fromkeys(name for name, is_file in asked if not is_file)),
                    files=tuple(name for name, is_file in asked if is_file),
                    body=_body(one),
                )


def _body(route: APIRoute) -> tuple[str, ...]:
    """The fields of a JSON body, which a route of /v1 reads by itself and describes."""
    described: dict[str, Any] = (route.openapi_extra or {}).get("requestBody", {}).get("content", {})
    return tuple(described.get("application/json", {}).get("schema", {}).get("properties", ()))


def _asked(of: Dependant, method: str) -> Iterator[tuple[str, bool]]:
    """The fields of a route and of what it rests on, each with whether it is a file."""
    for each in of.query_params if method == "GET" else [*of.query_params, *of.body_params]:
        wanted = each.field_info.annotation
        if isinstance(wanted, type) and issubclass(wanted, BaseModel):
            yield from ((name, False) for name in wanted.model_fields)
        else:
            yield each.alias, wanted is UploadFile
    for beneath in of.dependencies:
        yield from _asked(beneath, method)


# --- objects --------------------------------------------------------------------------------------------------------


def objects_of(unit: Unit) -> dict[str, list[Parts]]:
    """Everything this unit sees, by what an address or a form calls it; what has a page of its own goes first."""
    found: dict[str, list[Parts]] = {
        kind: [(str(row[column]),) for row in _all(unit, table)] for kind, (table, column) in _SIMPLE.items()
    }
    bills = sorted(
        _all(unit, "claim"), key=lambda row: (row["exchange_id"] is None, row["kind"] != "debit", row["ref"])
    )
    found["claim"] = [(row["ref"],) for row in bills]
    found["invoice"] = [(row["invoice_number"],) for row in bills if row["invoice_number"]]
    found["person"] = [(each.person.bsn or each.person.fnr,) for each in _open_claims(unit)]
    found["kid"] = [(row["kid"],) for row in bills if len(row["kid"]) > 8]
    found["refusal"] = [(row["id"],) for row in _all(unit, "task") if row["kind"] == "rejection"]
    waiting = sorted(_all(unit, "exchange"), key=lambda row: row["state"] != "prepared")
    found["exchange"] = [(row["id"],) for row in waiting]
    rows = sorted(_all(unit, "declaration_row"), key=lambda row: row["outcome"] != "hold")
    found["row"] = [(row["id"],) for row in rows]
    found["declared_row"] = [(row["declaration_id"], row["id"]) for row in rows]
    aside = sorted(_all(unit, "inbound"), key=lambda row: row["state"] in ("processed", "duplicate"))
    found["inbound"] = [(row["id"],) for row in aside]
    found["calendar"] = [(row["id"],) for row in _all(unit, "api_token") if row["scopes"] == [CALENDAR]]
    found["delivery"] = [(row["webhook_id"], row["id"]) for row in _all(unit, "webhook_delivery")]
    found["statement"] = [_statement(row) for row in _all(unit, "practice_statement")]
    found["approval"] = [(str(each["number"]),) for each in approvals.paged(unit, None, 100, waiting=True)]
    done = sorted(_all(unit, "erasure"), key=lambda row: row["state"] != "done")
    found["erasure"] = [(str(row["number"]),) for row in done]
    return {kind: list(dict.fromkeys(each for each in many if all(each))) for kind, many in found.items()}


_SIMPLE = {
    "account": ("organisation", "account"),
    "declaration": ("declaration", "id"),
    "exchange_key": ("exchange", "business_key"),
    "fix": ("bulk_fix", "id"),
    "held_person": ("legal_hold", "subject_id"),
    "journal": ("journal_export", "number"),
    "login": ("app_user", "login"),
    "organisation": ("organisation", "code"),
    "payment": ("payment", "id"),
    "payout": ("payout", "number"),
    "payout_file": ("payout_export", "number"),
    "question": ("question", "id"),
    "reference": ("payment", "reference"),
    "session": ("web_session", "id"),
    "task": ("task", "id"),
    "token": ("api_token", "id"),
    "user": ("app_user", "id"),
    "webhook": ("webhook", "id"),
}
"""Kinds that are one column of a table."""
CONFIGURED: Objects = {
    "job": [("submit-nightly",)],
    "limit": [("giving-up",), ("letting-go",)],
    "partner": [("menzis",)],
    "system": [("ion-export",)],
}
"""What is the same for everybody."""


def _all(unit: Unit, table: str) -> list[Row]:
    return unit.rows(unit.mine(schema.metadata.tables[table]))


def messages(unit: Unit) -> list[str]:
    """The messages with one's own claims in them; a message itself is the claimant's."""
    return [row["exchange_id"] for row in _all(unit, "claim") if row["exchange_id"]]


def _open_claims(unit: Unit) -> list[Claim]:
    """The claims of people who were not erased."""
    erased = {row["id"] for row in _all(unit, "subject") if row["erased_at"] is not None}
    return claims.load(unit, [row for row in _all(unit, "claim") if row["subject_id"] not in erased])


def _statement(row: Row) -> Parts:
    return (row["practice"], row["period"], row["currency"], str(row["version"]), "pdf")


def less(all_of: Objects, seen: Objects) -> dict[str, list[Parts]]:
    """What of these somebody who sees those must not see."""
    return {kind: [each for each in many if each not in seen.get(kind, ())] for kind, many in all_of.items()}


def telling(unit: Unit) -> set[str]:
    """Texts that betray an object: references, names, numbers of people, sums that are not small, what somebody wrote."""
    many = objects_of(unit)
    found = {
        part for kind in many if kind not in ("statement", "declared_row") for parts in many[kind] for part in parts
    }
    for table, column in _WRITTEN:
        found |= {row[column] for row in _all(unit, table) if row[column]}
    for row in _all(unit, "claim"):
        found |= set(_sums(row["total_minor"]))
    found |= {each.person.name for each in _open_claims(unit)}
    found |= set(messages(unit))
    return {each for each in found if len(each) > 7 or re.fullmatch(r"\d{3,}[.,]\d\d", each)}


_WRITTEN = (
    ("api_token", "name"),
    ("app_user", "name"),
    ("claim", "id"),
    ("erasure", "reason"),
    ("legal_hold", "reason"),
    ("organisation", "name"),
    ("payout", "account"),
    ("question", "words"),
    ("resolution", "reason"),
    ("task_note", "text"),
    ("webhook", "url"),
)


def _sums(minor: int | None) -> Iterable[str]:
    if minor is None or abs(minor) < 10_000:
        return ()
    whole, rest = divmod(abs(minor), 100)
    return (f"{whole}.{rest:02d}", f"{whole},{rest:02d}")


# --- pages ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a route with a parameter showed to somebody: a page, or a file to download."""

    route: Route
    role: str
    address: str
    is_page: bool


def pages_of_one_thing(country: str, see: Mapping[str, Callable[[str], Response]], objects: Objects) -> Iterator[Seen]:
    """For each route that shows one thing: the first object and the first role (of `see`) that it answers."""
    everything = {**objects, **CONFIGURED}
    for route in routes():
        screen = route.screen
        if screen and route.method == "GET" and route.kind and screen.country in ("", country):
            tried = [
                (role, route.filled(parts))
                for role in see
                if may(role, screen.needs)
                for parts in everything.get(route.kind, [])[:_TRIED]
            ]
            found = (_seen(route, role, address, see[role](address)) for role, address in tried)
            yield from islice((each for each in found if each), 1)


_TRIED = 12
"""Objects of a kind that are tried before a route counts as showing none of them."""


def _seen(route: Route, role: str, address: str, answer: Response) -> Seen | None:
    if answer.status_code != 200:
        return None
    is_page = answer.headers["content-type"].startswith("text/html") and "content-disposition" not in answer.headers
    return Seen(route=route, role=role, address=address, is_page=is_page)

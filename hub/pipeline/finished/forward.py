"""The original bytes go on: one prepared exchange per finished document, or one hold with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from hub import routing
from hub.model.exchange import Message
from hub.model.identity import digits, mask
from hub.model.partner import Partner
from hub.pipeline import cases, own_accounts
from hub.pipeline.context import Hub
from hub.pipeline.finished.reading import PROGRAMME, Draft, Reading
from hub.routing import NoRoute, Route
from hub.store import blobs, claims, declarations, exchanges, parties, schema
from hub.store.exchanges import NewExchange
from hub.store.unit import Row, Unit

SCHEMES = {"NL": "UZOVI", "NO": "0192"}
WITHDRAWN = "WITHDRAWN"
REFUSED_BY_CLEARING = "REFUSED_BY_CLEARING"
ACCOUNT_DIFFERS = "ACCOUNT_DIFFERS"


def forward_held(hub: Hub, tenant: str) -> list[str]:
    """Make the exchange of every finished document whose hold was released; gives the ids of the new exchanges."""
    made: list[str] = []
    for declaration_id in _waiting(hub, tenant):
        with hub.store.unit(tenant) as unit:
            exchange_id, _ = forward(hub, unit, declaration_id)
        made += [exchange_id] if exchange_id else []
    return made


def _waiting(hub: Hub, tenant: str) -> list[str]:
    """Documents with claims that are on no exchange; a document with a held claim waits as a whole."""
    table = schema.claim
    with hub.store.reading(tenant) as unit:
        rows = claims.find(
            unit, table.c.programme == PROGRAMME, table.c.exchange_id.is_(None), table.c.hold_code != WITHDRAWN
        )
    held = {row["declaration_id"] for row in rows if row["hold_code"]}
    return [each for each in dict.fromkeys(row["declaration_id"] for row in rows) if each not in held]


def forward(hub: Hub, unit: Unit, declaration_id: str) -> tuple[str | None, str]:
    """Store the exchange of one document in the caller's transaction; else hold its claims. Gives (exchange, hold)."""
    (declaration,) = unit.rows(unit.mine(schema.declaration, schema.declaration.c.id == declaration_id))
    rows = of_declaration(unit, declaration_id)
    waiting = [row for row in rows if row["exchange_id"] is None]
    if declaration["state"] != declarations.CURRENT or not waiting or any(row["hold_code"] for row in waiting):
        return None, ""
    facts = declaration["summary"]["document"]
    if _pays_elsewhere(unit, waiting, facts):
        return None, ACCOUNT_DIFFERS
    partner = _partner(hub, facts)
    found = routing.route(waiting[0], partner, parties.agreements(unit), hub.today(waiting[0]["country"]), hub.stage)
    if isinstance(found, NoRoute):
        _hold(hub, unit, waiting, found)
        return None, found.code
    exchange_id = exchanges.add(unit, _new_exchange(hub, unit, declaration, found))
    ids = [row["id"] for row in waiting]
    claims.link(unit, ids, exchange_id, facts["number"])
    _name_payer(unit, waiting, found.partner)
    return exchange_id, ""


def _pays_elsewhere(unit: Unit, waiting: Sequence[Row], facts: Mapping[str, Any]) -> bool:
    """Hold a document that asks to be paid on another account than its claimant's: a message changes none (S37)."""
    told = facts.get("account", "")
    ours = parties.organisation(unit, facts["claimant"]).party.account if told else ""
    if not ours or own_accounts.plain(told) == own_accounts.plain(ours):
        return False
    cases.hold(unit, waiting, ACCOUNT_DIFFERS, account=mask(told), owner=facts["claimant"])
    return True


def of_declaration(unit: Unit, declaration_id: str) -> list[Row]:
    """The claims of one document that were not taken back."""
    table = schema.claim
    return claims.find(unit, table.c.declaration_id == declaration_id, table.c.hold_code != WITHDRAWN)


def document(reading: Reading) -> dict[str, Any]:
    """What forwarding needs to know of a document, kept with its declaration: the bytes are never read again."""
    envelope = reading.envelope
    if envelope is None:
        return {}
    return {
        "number": reading.number,
        "claimant": reading.claimant,
        "account": digits(reading.stated.account).upper() if reading.stated else "",
        "country": reading.country,
        "payers": [[code, day.isoformat()] for code, day in payers_of(reading.drafts)],
        "kind": envelope.kind,
        "name": envelope.name,
        "media_type": envelope.media_type,
        "meta": dict(envelope.meta),
        "ruleset": envelope.ruleset,
    }


def payers_of(drafts: Sequence[Draft]) -> list[tuple[str, date]]:
    """Which payer numbers a document names, and for which days."""
    return sorted({(draft.payer_code, draft.payer_on) for draft in drafts})


def partners_of(hub: Hub, country: str, payers: Sequence[tuple[str, date]]) -> dict[tuple[str, date], Partner | None]:
    """The partner each payer number is on its day."""
    scheme = SCHEMES[country]
    return {(code, day): hub.registry.by_identifier(scheme, code, day) for code, day in payers}


def _partner(hub: Hub, facts: Mapping[str, Any]) -> Partner | None:
    """The one partner a document is for; None when a payer is unknown or (after a change of partners) they are two."""
    payers = [(code, date.fromisoformat(day)) for code, day in facts["payers"]]
    found = list(partners_of(hub, facts["country"], payers).values())
    first = found[0] if found else None
    same = first is not None and all(each is not None and each.name == first.name for each in found)
    return first if same else None


def _hold(hub: Hub, unit: Unit, rows: Sequence[Row], found: NoRoute) -> None:
    """One document, one case: it goes as a whole."""
    first = rows[0]
    cases.hold(
        unit, rows, found.code, partner=found.partner, payer=first["payer_code"], day=hub.today(first["country"])
    )


def _new_exchange(hub: Hub, unit: Unit, declaration: Row, route: Route) -> NewExchange:
    facts = declaration["summary"]["document"]
    payload = blobs.get(unit, declaration["blob_address"])
    return NewExchange(
        partner=route.partner.name,
        agreement_id=route.agreement.id,
        channel=route.channel,
        message=Message(
            key=_key(unit, facts),
            kind=facts["kind"],
            name=facts["name"],
            payload=payload,
            media_type=facts["media_type"],
            meta=facts["meta"],
        ),
        invoice_number=facts["number"],
        sha256=hashlib.sha256(payload).hexdigest(),
        stage=hub.stage,
        ruleset=facts["ruleset"],
        findings=declaration["summary"]["findings"],
        released=route.agreement.release == "auto",
    )


def _key(unit: Unit, facts: Mapping[str, Any]) -> str:
    """The provider and its own number: what the document is for, never what is in it."""
    stem = f"finished:{facts['kind']}:{facts['claimant']}:{facts['number']}:"
    return exchanges.next_key(unit, stem)


def _name_payer(unit: Unit, rows: Sequence[Row], partner: Partner) -> None:
    """Claims that came in before their payer was known get its name."""
    for row in rows:
        if row["payer"] != partner.name:
            unit.update(schema.claim, row["id"], payer=partner.name)

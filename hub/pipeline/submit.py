"""Claims become documents, documents become exchanges: route, map, write, check, store. Nothing is sent here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub import formats, routing
from hub.errors import ConfigurationError, ContentError
from hub.formats import Batch, Built
from hub.model.claim import Claim
from hub.model.exchange import Message
from hub.model.finding import blocking
from hub.pipeline import bulk_fixes, cases
from hub.pipeline.context import Hub
from hub.pipeline.finished import PROGRAMME, forward_held
from hub.pipeline.intake import formats_of
from hub.pipeline.send import send_due
from hub.routing import NoRoute, Route
from hub.store import claims, exchanges, parties, pauses, schema, series
from hub.store.exchanges import NewExchange
from hub.store.unit import Row, Unit

_Group = tuple[Route, list[str]]
TOGETHER = 25
"""So many documents share a transaction,"""
_CLAIMS = 250
"""with so many claims in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """An exchange to store, with the claims that travel in it."""

    new: NewExchange
    claims: Sequence[str]


def submit(hub: Hub, tenant: str) -> list[str]:
    """Prepare everything that is ready, then send everything that is due; gives the ids of the new exchanges.

    A fix of many claims that may no longer be undone is released first, and goes along.
    """
    bulk_fixes.release_due(hub, tenant)
    made = [*forward_held(hub, tenant), *prepare(hub, tenant)]
    send_due(hub, tenant)
    return made


def prepare(hub: Hub, tenant: str) -> list[str]:
    """Put ready claims into documents and store these as prepared exchanges, small ones together in a transaction."""
    made: list[str] = []
    for groups in _together(_ready_groups(hub, tenant)):
        try:
            made += _prepare_groups(hub, tenant, groups)
        except Exception:
            if len(groups) == 1:
                raise
            # Whichever it was: it takes none of its neighbours along.
            for group in groups:
                made += _prepare_groups(hub, tenant, [group])
    return made


def _together(groups: Sequence[_Group]) -> Iterator[list[_Group]]:
    """Documents that share a transaction: it must not hold up other writers for long."""
    some: list[_Group] = []
    for group in groups:
        if some and (len(some) == TOGETHER or sum(len(ids) for _, ids in [*some, group]) > _CLAIMS):
            yield some
            some = []
        some.append(group)
    if some:
        yield some


def _prepare_groups(hub: Hub, tenant: str, groups: Sequence[_Group]) -> list[str]:
    with hub.store.unit(tenant) as unit:
        drafts = [draft for route, ids in groups for draft in _prepare_group(hub, unit, route, ids)]
        made = exchanges.add_all(unit, [draft.new for draft in drafts])
        for exchange_id, draft in zip(made, drafts, strict=True):
            claims.link(unit, draft.claims, exchange_id, draft.new.invoice_number)
    return made


def _ready_groups(hub: Hub, tenant: str) -> list[_Group]:
    """Ready claims by the document they belong in; claims without a route are held with the reason."""
    groups: dict[tuple[str, ...], tuple[Route, list[str]]] = {}
    with hub.store.unit(tenant) as unit:
        agreements = parties.agreements(unit)
        table = schema.claim
        # What came in finished is forwarded as it is (`forward_held`), never written anew.
        ours = table.c.programme != PROGRAMME
        ready = claims.find(unit, table.c.exchange_id.is_(None), table.c.hold_code == "", ours)
        stopped = pauses.in_force(unit)
        for row in claims.of_somebody(ready):
            if stopped.of(pauses.PRACTICE, row["provider_code"]):
                continue
            day = hub.today(row["country"])
            partner = hub.registry.partners.get(row["payer"])
            found = routing.route(row, partner, agreements, day, hub.stage, formats_of(row["programme"]))
            if isinstance(found, NoRoute):
                cases.hold(unit, [row], found.code, partner=found.partner, payer=row["payer_code"], day=day)
            else:
                groups.setdefault(found.group, (found, []))[1].append(row["id"])
    return list(groups.values())


def _prepare_group(hub: Hub, unit: Unit, route: Route, ids: Sequence[str]) -> Iterator[_Draft]:
    """The document of these claims, if there is anything to send."""
    rows = [row for row in claims.by_ids(unit, ids) if row["exchange_id"] is None and not row["hold_code"]]
    loaded = _fit_for_stage(hub, unit, dict(zip((row["id"] for row in rows), rows, strict=True)))
    if not loaded:
        return
    batch = Batch(
        claims=loaded,
        partner=route.partner,
        agreement=route.agreement,
        invoice_number=_invoice_number(unit, route, loaded[0]),
        today=hub.today(loaded[0].country),
        test=hub.is_test,
    )
    yield from _draft(hub, unit, route, batch, {row["id"]: row for row in rows})


def _fit_for_stage(hub: Hub, unit: Unit, rows: Mapping[str, Row]) -> list[Claim]:
    loaded = claims.load(unit, list(rows.values()))
    if hub.stage != "production":
        return loaded
    fit: list[Claim] = []
    for claim in loaded:
        if routing.is_synthetic(claim.person):
            cases.hold(unit, [rows[claim.id]], "TEST_PERSON")
        else:
            fit.append(claim)
    return fit


def _invoice_number(unit: Unit, route: Route, first: Claim) -> str:
    """A claim that is its own document has its number; a claim file takes the next one of its claimant."""
    if route.partner.grouping == "claim":
        return first.invoice_number
    return f"KV{series.take(unit, f'invoice:{first.claimant.id}', first=1):010d}"


def _draft(hub: Hub, unit: Unit, route: Route, batch: Batch, rows: Mapping[str, Row]) -> Iterator[_Draft]:
    built = _build(route, batch)
    for claim_id, (code, reason) in built.bad.items():
        cases.hold(unit, [rows[claim_id]], code, reason=reason)
    good = [claim.id for claim in batch.claims if claim.id not in built.bad]
    if good and built.payload:
        yield _Draft(new=_new_exchange(hub, unit, route, batch, built), claims=good)


def _build(route: Route, batch: Batch) -> Built:
    """Write the document; whatever still blocks in it holds every claim of it (no partner format is bypassed)."""
    try:
        built = formats.build(route.format, batch)
    except (ConfigurationError, ContentError) as error:
        bad = {claim.id: ("MAPPING_FAILED", error.message) for claim in batch.claims}
        return Built(payload=b"", kind=route.format, name="", media_type="", bad=bad)
    stops = blocking(built.findings)
    if not stops:
        return built
    reason = f"{stops[0].code}: {stops[0].said()}"
    bad = {claim.id: ("CHECK_FAILED", reason) for claim in batch.claims}
    return Built(payload=b"", kind=built.kind, name=built.name, media_type=built.media_type, bad=bad)


def _new_exchange(hub: Hub, unit: Unit, route: Route, batch: Batch, built: Built) -> NewExchange:
    key = _business_key(unit, route)
    return NewExchange(
        partner=route.partner.name,
        agreement_id=route.agreement.id,
        channel=route.channel,
        message=Message(
            key=key,
            kind=built.kind,
            name=built.name,
            payload=built.payload,
            media_type=built.media_type,
            meta=built.meta,
        ),
        invoice_number=batch.invoice_number,
        sha256=hashlib.sha256(built.payload).hexdigest(),
        stage=hub.stage,
        ruleset=built.ruleset,
        findings=[finding.as_json() for finding in built.findings],
        released=route.agreement.release == "auto",
    )


def _business_key(unit: Unit, route: Route) -> str:
    """What this document is for, never what is in it: a regenerated file for the same claims has the same key."""
    return exchanges.next_key(unit, ":".join((*route.group, "")))

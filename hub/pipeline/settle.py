"""Money meets claims: certain matches are posted, everything else becomes a task with evidence; silence is judged."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub import log, texts
from hub.matching.items import Action, Match, MatchRules
from hub.matching.payments import arrival, match
from hub.model.payment import Payment
from hub.pipeline import allocations, match_words, payment_cases, returns, specified
from hub.pipeline.allocations import Ground
from hub.pipeline.cases import About, raise_case
from hub.pipeline.context import Hub
from hub.store import claims, exchanges, inbounds, money, resolutions, schema
from hub.store.unit import Row, Unit, short_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What one run came to: matches by payment id, and claims that silence now counts as fine.

    `explained` are bookings that a payer's specification settled, or (False) is held against.
    """

    matches: Sequence[Match]
    presumed: Sequence[str]
    explained: Mapping[str, bool]


def settle(hub: Hub, tenant: str) -> Settled:
    """Match every payment that nobody has dealt with; then judge silence. Running it again changes nothing."""
    with hub.store.unit(tenant) as unit:
        stored = money.payments(unit)
        explained = specified.explain_all(hub, unit, stored)
        done = {*explained, *returns.settle_all(unit, stored)}
        matches = _match_all(hub, unit, stored, done)
    posted = sum(1 for one in matches if one.action is Action.POST)
    log.event("settled", tenant=tenant, posted=posted, looked_at=len(matches), explained=len(explained))
    return Settled(matches=matches, presumed=judge_silence(hub, tenant), explained=explained)


def _match_all(hub: Hub, unit: Unit, stored: Sequence[tuple[Row, Payment]], done: Collection[str]) -> list[Match]:
    waiting = [(row, _named(row, payment)) for row, payment in stored if _waits(row) and row["id"] not in done]
    earlier = [_named(row, payment) for row, payment in stored if row["matched"] in ("posted", "by_hand")]
    if not waiting:
        return []
    waiting.sort(key=lambda each: arrival(each[1]))
    twice = _told_twice(unit, stored)
    items = allocations.open_items(unit)
    found = match([payment for _, payment in waiting], items, rules_of(hub), earlier=earlier, settled=twice)
    for (row, _), one in zip(waiting, found, strict=True):
        if row["id"] in twice:
            _suspect(unit, row)
        else:
            _apply(unit, row, one)
    return found


def _waits(row: Row) -> bool:
    """What nobody has decided about; a person's decision is never looked at again."""
    return row["matched"] in ("new", "review")


_DAYS_APART = 4


def _told_twice(unit: Unit, stored: Sequence[tuple[Row, Payment]]) -> frozenset[str]:
    """New payments that may be another kind of file telling again, with another day, what was booked before.

    Kinds of files may differ in the booking day by some days; without a bank-wide id nobody but a person can tell.
    """
    kinds = {row["id"]: row["kind"] for row in inbounds.find(unit)}
    known = {row["payment_id"] for row in resolutions.of_kind(unit, "another")}
    seen: dict[tuple[str, str, int], list[Row]] = {}
    for row, _ in stored:
        if row["reference"] and row["booked"]:
            seen.setdefault((row["account"], row["reference"], row["amount_minor"]), []).append(row)
    return frozenset(
        row["id"]
        for group in seen.values()
        for row in group
        if _waits(row) and row["id"] not in known and any(_may_be(row, other, kinds) for other in group)
    )


def _may_be(row: Row, other: Row, kinds: Mapping[str, str]) -> bool:
    apart = abs((row["booked"] - other["booked"]).days)
    kind, before = kinds.get(row["inbound_id"], ""), kinds.get(other["inbound_id"], "")
    settled = other["matched"] in ("posted", "by_hand")
    return settled and kind[:8] != before[:8] and 0 < apart <= _DAYS_APART


def _suspect(unit: Unit, row: Row) -> None:
    money.mark_payment(unit, row["id"], "review", "T0", {"code": "told_twice"})
    payment_cases.ask(unit, row, payment_cases.TOLD_TWICE)


def _named(row: Row, payment: Payment) -> Payment:
    """The payment under the hub's own id, which is unique where the bank's is not."""
    return payment._replace(id=row["id"])


def rules_of(hub: Hub) -> MatchRules:
    """How carefully each partner's payments are matched, and how its texts name numbers."""
    partners = hub.registry.partners
    return MatchRules(
        modes={name: partner.matching for name, partner in partners.items()},
        remittance_patterns={name: partner.remittance_patterns for name, partner in partners.items()},
    )


def _apply(unit: Unit, row: Row, one: Match) -> None:
    evidence: dict[str, Any] = {
        "code": one.code,
        "ruleset": one.ruleset,
        "evidence": [[each.field, each.value, each.claim_id] for each in one.evidence],
        "alternatives": [[each.claim_id, each.reason] for each in one.alternatives],
        "rejected": [[each.claim_id, each.reason] for each in one.rejected],
    }
    if one.undoes:
        evidence["undoes"] = one.undoes
    if one.action is Action.POST:
        allocations.put(unit, row["id"], one.allocations, Ground(tier=one.tier.value))
        money.mark_payment(unit, row["id"], "posted", one.tier.value, evidence)
        payment_cases.answered(unit, row["id"], {"tier": one.tier.value})
    elif one.action is Action.IGNORE:
        money.mark_payment(unit, row["id"], "ignored", one.tier.value, evidence)
    else:
        money.mark_payment(unit, row["id"], "review", one.tier.value, evidence)
        _review(unit, row, one)
    if one.action is Action.POST and one.remainder:
        payment_cases.ask(unit, row, payment_cases.OVERPAID, remainder=one.remainder)


def _review(unit: Unit, row: Row, one: Match) -> None:
    if one.undoes:
        payment_cases.ask(unit, row, payment_cases.REVERSED, original=short_id(one.undoes))
        return
    refs = {each["id"]: each["ref"] for each in claims.by_ids(unit, [alt.claim_id for alt in one.alternatives])}
    suggestion = ", ".join(refs[alt.claim_id] for alt in one.alternatives if alt.claim_id in refs) or "-"
    payment_cases.ask(unit, row, payment_cases.REVIEW, reason=match_words.words(one.code), suggestion=suggestion)


def judge_silence(hub: Hub, tenant: str) -> list[str]:
    """Exchanges whose reply day has passed: presumed fine where the partner works so, else overdue."""
    presumed: list[str] = []
    country = next((row["country"] for row in hub.store.tenants() if row["id"] == tenant), "NL")
    with hub.store.unit(tenant) as unit:
        for exchange in exchanges.silent_since(unit, hub.today(country)):
            partner = hub.registry.partners.get(exchange["partner"])
            within = partner.reply_within if partner else None
            if within is not None and within.silence == "presumed_ok":
                presumed += _presume(unit, exchange, within.working_days)
            elif partner is not None:
                _overdue(unit, exchange, partner.title)
    return presumed


def _presume(unit: Unit, exchange: Row, days: int) -> list[str]:
    refs: list[str] = []
    for row in claims.find(unit, schema.claim.c.exchange_id == exchange["id"]):
        waiting = [line for line in claims.lines(unit, [row["id"]]) if line["verdict"] == "open"]
        for line in waiting:
            claims.set_line(unit, line["id"], verdict="presumed_ok", decided_at=unit.now)
        if waiting:
            refs.append(row["ref"])
            words = texts.text("PRESUMED_OK", ref=row["ref"], days=days)
            exchanges.log(unit, exchange["id"], "presumed_ok", words["en"])
    return refs


def _overdue(unit: Unit, exchange: Row, title: str) -> None:
    values = {"partner": title, "name": exchange["name"], "day": exchange["reply_due"]}
    about = About(exchange_id=exchange["id"], due=exchange["reply_due"])
    raise_case(unit, "REPLY_OVERDUE", values, key=f"overdue:{exchange['business_key']}", about=about)

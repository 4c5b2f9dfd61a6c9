"""What people want to see of a partner: how it goes with it, what is agreed, what is stopped; secrets never."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from hub.errors import HubError
from hub.model.exchange import Probe
from hub.model.partner import Agreement, Partner
from hub.pipeline.context import Hub
from hub.store import circuits, parties, pauses, schema
from hub.store.unit import Unit

_WAITING = ("prepared", "sending", "in_doubt")
_HIDDEN = "•••"
_SECRET_WORDS = ("password", "secret", "token", "passphrase", "key")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerRow:
    """One line of the list of partners."""

    name: str
    title: str
    verified: bool
    channel: str
    valid_from: date
    valid_to: date | None
    backlog: int
    last_sent: datetime | None
    last_trouble: str
    paused: str
    away: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerPage:
    """One partner with every agreement of this tenant."""

    partner: Partner
    row: PartnerRow
    agreements: Sequence[Agreement]

    @staticmethod
    def settings_of(agreement: Agreement) -> list[tuple[str, str]]:
        """An agreement's settings; what is or may be a secret is written only, never shown."""
        return [
            (name, _HIDDEN if _secret(name, value) else value) for name, value in sorted(agreement.settings.items())
        ]


def _secret(name: str, value: str) -> bool:
    return value.startswith("env:") or any(word in name.lower() for word in _SECRET_WORDS)


def partner_rows(hub: Hub, unit: Unit, country: str) -> list[PartnerRow]:
    """Every partner with an agreement, by title; the newest agreement where there are several."""
    newest = {one.partner: one for one in parties.agreements(unit) if one.partner in hub.registry.partners}
    backlog, last = _traffic(unit)
    stopped = pauses.in_force(unit)
    away = {row["partner"]: row["reason"] for row in circuits.open_ones(unit).values()}
    today = hub.today(country)
    rows = [
        _row(hub.registry.partners[name], one, backlog.get(name, 0), last.get(name), stopped, away)
        for name, one in newest.items()
    ]
    return sorted(rows, key=lambda row: (row.valid_to is not None and row.valid_to < today, row.title))


def _row(
    partner: Partner,
    one: Agreement,
    backlog: int,
    last: tuple[datetime | None, str] | None,
    stopped: pauses.Pauses,
    away: dict[str, str],
) -> PartnerRow:
    paused = stopped.of(pauses.PARTNER, partner.name)
    return PartnerRow(
        name=partner.name,
        title=partner.title,
        verified=partner.verified,
        channel=one.channel or partner.channel.kind,
        valid_from=one.valid_from,
        valid_to=one.valid_to,
        backlog=backlog,
        last_sent=last[0] if last else None,
        last_trouble=last[1] if last else "",
        paused=paused["reason"] if paused else "",
        away=away.get(partner.name, ""),
    )


def _traffic(unit: Unit) -> tuple[dict[str, int], dict[str, tuple[datetime | None, str]]]:
    """How many wait per partner, and what was sent last with what is wrong now."""
    table = schema.exchange
    mine = table.c.tenant_id == unit.tenant
    waiting = select(table.c.partner, func.count().label("n")).where(mine, table.c.state.in_(_WAITING))
    backlog = {row["partner"]: int(row["n"]) for row in unit.rows(waiting.group_by(table.c.partner))}
    sent = select(table.c.partner, func.max(table.c.sent_at).label("at")).where(mine).group_by(table.c.partner)
    troubled = unit.rows(
        select(table.c.partner, table.c.note)
        .where(mine, table.c.state.in_((*_WAITING, "failed")), table.c.note != "")
        .order_by(table.c.prepared_at)
    )
    notes = {row["partner"]: row["note"] for row in troubled}
    return backlog, {row["partner"]: (row["at"], notes.get(row["partner"], "")) for row in unit.rows(sent)}


def partner_page(hub: Hub, unit: Unit, name: str, country: str) -> PartnerPage | None:
    """One partner; None where this tenant has no agreement with it."""
    row = next((one for one in partner_rows(hub, unit, country) if one.name == name), None)
    if row is None:
        return None
    ours = [one for one in parties.agreements(unit) if one.partner == name]
    return PartnerPage(partner=hub.registry.partners[name], row=row, agreements=list(reversed(ours)))


def probed(hub: Hub, tenant: str, partner: Partner, say: Callable[[HubError], str] = str) -> Probe:
    """Look whether a partner can be reached, sending nothing; what stands in the way is said, not raised."""
    with hub.store.reading(tenant) as unit:
        one = next(one for one in reversed(parties.agreements(unit)) if one.partner == partner.name)
    try:
        return hub.open_channel(partner, one).probe()
    except HubError as error:
        return Probe(ok=False, text=say(error))

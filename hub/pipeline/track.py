"""What became of messages that are on their way: the partner is asked until an answer has come.

A partner may take a message over and refuse it later (VECOZO's AfgekeurdDoorDienst, a negative message level status of
the Peppol network): without asking, such a message would look sent for ever.
"""

from __future__ import annotations

from hub import log
from hub.errors import ConfigurationError, ExchangeError, OutcomeUnknown
from hub.model.exchange import ExchangeState, Receipt
from hub.pipeline.context import Hub
from hub.pipeline.outcomes import refused
from hub.store import exchanges, parties, schema
from hub.store.unit import Row

_ON_THEIR_WAY = (ExchangeState.SENT.value, ExchangeState.DELIVERED.value)


def track(hub: Hub, tenant: str) -> list[str]:
    """Ask about every unanswered message whose channel can be asked; gives the ids of those that moved."""
    table = schema.exchange
    with hub.store.reading(tenant) as unit:
        rows = exchanges.find(unit, table.c.state.in_(_ON_THEIR_WAY), table.c.answered_at.is_(None))
    return [row["id"] for row in rows if _ask(hub, tenant, row)]


def _ask(hub: Hub, tenant: str, row: Row) -> bool:
    partner = hub.registry.partners.get(row["partner"])
    if partner is None:
        return False
    with hub.store.reading(tenant) as unit:
        agreement = parties.agreement_by_id(unit, row["agreement_id"])
        key = exchanges.key_of(unit, row)
    try:
        channel = hub.open_channel(partner, agreement)
        # One that cannot find a message again may still know those it gave us an id for.
        receipt = channel.lookup(key) if channel.can_lookup or row["remote_id"] else None
    except OutcomeUnknown:
        return False
    except (ConfigurationError, ExchangeError) as error:
        log.event("not tracked", tenant=tenant, exchange=row["id"], error=type(error).__name__)
        return False
    return receipt is not None and _moved(hub, tenant, row, partner.title, receipt)


def _moved(hub: Hub, tenant: str, row: Row, title: str, receipt: Receipt) -> bool:
    if receipt.state.value == row["state"]:
        return False
    with hub.store.unit(tenant) as unit:
        if receipt.state is ExchangeState.REFUSED:
            refused(unit, row, title, receipt.text)
            return True
        now = exchanges.change(unit, row["id"], receipt.state, text=receipt.text)
    return now is not ExchangeState(row["state"])

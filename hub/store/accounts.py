"""Bank accounts of our own organisations as they change: asked for, decided, and what they were before."""

from __future__ import annotations

from typing import Any

from hub.errors import ConfigurationError
from hub.store import schema
from hub.store.unit import Row, Unit, new_id

ASKED, APPROVED, REJECTED = "asked", "approved", "rejected"


def ask(unit: Unit, organisation_id: str, account: str, *, former: str, source: str, by: str) -> tuple[Row, bool]:
    """Record that another account is wanted; one that is asked for already is given back (and False)."""
    table = schema.account_change
    same = (table.c.organisation_id == organisation_id, table.c.account == account, table.c.state == ASKED)
    known = unit.one(unit.mine(table, *same))
    if known is not None:
        return known, False
    row: Row = {
        "id": new_id(),
        "organisation_id": organisation_id,
        "account": account,
        "former": former,
        "source": source,
        "state": ASKED,
        "asked_by": by,
        "asked_at": unit.now,
    }
    unit.insert(table, [row])
    return row, True


def find(unit: Unit, *where: Any) -> list[Row]:
    """Changes, oldest first."""
    table = schema.account_change
    return unit.rows(unit.mine(table, *where).order_by(table.c.asked_at, table.c.id))


def waiting(unit: Unit, organisation_id: str) -> Row:
    """The one change of an organisation that waits; ConfigurationError when it is not exactly one."""
    table = schema.account_change
    found = find(unit, table.c.organisation_id == organisation_id, table.c.state == ASKED)
    if not found:
        raise ConfigurationError("no change of account waits here", hint="kvitt org account list")
    if len(found) > 1:
        raise ConfigurationError("several accounts are asked for", hint="name the one: --account")
    return found[0]


def decide(unit: Unit, row: Row, state: str, by: str) -> None:
    """Approve or reject a change; an approved one becomes the organisation's account."""
    unit.update(schema.account_change, row["id"], state=state, decided_by=by, decided_at=unit.now)
    if state == APPROVED:
        unit.update(schema.organisation, row["organisation_id"], account=row["account"])


def former(unit: Unit) -> dict[str, str]:
    """Accounts that were an organisation's own once and are nobody's now, with the organisation's code."""
    codes = {row["id"]: row["code"] for row in unit.rows(unit.mine(schema.organisation))}
    now = {row["account"] for row in unit.rows(unit.mine(schema.organisation))}
    changes = find(unit, schema.account_change.c.state == APPROVED)
    return {
        row["former"]: codes[row["organisation_id"]] for row in changes if row["former"] and row["former"] not in now
    }

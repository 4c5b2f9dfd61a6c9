"""What a person must decide about one booking: a case per question, closed by whatever answers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import or_

from hub.errors import ConfigurationError
from hub.model.money import Money
from hub.model.payment import Payment
from hub.pipeline.cases import About, raise_case
from hub.store import money, schema, tasks
from hub.store.unit import Row, Unit, short_id

REVIEW, OVERPAID, TOLD_TWICE = "PAYMENT_REVIEW", "OVERPAID", "TOLD_TWICE"
REVERSED, RETURN, DIFFERS = "PAYMENT_REVERSED", "PAYMENT_RETURN", "SPECIFICATION_DIFFERS"
QUESTIONS = (REVIEW, OVERPAID, TOLD_TWICE, REVERSED, DIFFERS)
"""What a person's decision about a booking answers; money that is to go back stays a case until it went."""
_SHORTEST = 4


def named(unit: Unit, ref: str) -> tuple[Row, Payment]:
    """The booking with this id, or the only one whose id begins or ends so; ConfigurationError when there is none."""
    column = schema.payment.c.id
    sought = ref.strip().lower()
    found = money.payments(unit, column == sought)
    if not found and len(sought) >= _SHORTEST:
        parts = column.startswith(sought, autoescape=True), column.endswith(sought, autoescape=True)
        found = money.payments(unit, or_(*parts))
    if len(found) == 1:
        return found[0]
    reason = f"several payments are called {ref}" if found else f"no payment {ref}"
    raise ConfigurationError(reason, hint="kvitt payment list shows them")


def ask(
    unit: Unit, row: Row, code: str, *, reopen: bool = False, amount: Money | None = None, **values: object
) -> None:
    """Make the case of a booking once; `amount` is what is at stake where it is not the whole booking."""
    booked = Money(row["amount_minor"], row["currency"])
    values |= {"amount": booked, "day": row["booked"] or "?", "payment": short_id(row["id"])}
    about = About(inbound_id=row["inbound_id"], amount=amount or booked)
    raise_case(unit, code, values, key=_key(row["id"], code), about=about, reopen=reopen)


def answered(unit: Unit, payment_id: str, evidence: Mapping[str, Any], *codes: str) -> None:
    """Close the cases of a booking that are open: those named, else every question there can be."""
    for code in codes or QUESTIONS:
        tasks.done(unit, _key(payment_id, code), evidence)


def _key(payment_id: str, code: str) -> str:
    return f"payment:{payment_id}:{code}"

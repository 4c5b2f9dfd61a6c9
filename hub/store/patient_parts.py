"""What patients owe, line by line and page by page, from the journal's own account of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, and_, case, func, or_, select

from hub.store import schema
from hub.store.unit import Row, Unit

_PATIENT = "patient"
After = tuple[str, int]
"""Where a page ended: the claim's reference and the line's number."""


def page(unit: Unit, *, practice: str = "", after: After | None = None, most: int = 50) -> list[Row]:
    """Lines with a part that is the patient's: by claim and line, with what is owed of each."""
    posting, line, claim = schema.posting, schema.claim_line, schema.claim
    signed = case((posting.c.debit == _PATIENT, posting.c.amount_minor), else_=-posting.c.amount_minor)
    owed = func.sum(signed).cast(BigInteger)
    where: list[Any] = [
        posting.c.tenant_id == unit.tenant,
        or_(posting.c.debit == _PATIENT, posting.c.credit == _PATIENT),
    ]
    where += [claim.c.provider_code == practice] if practice else []
    if after is not None:
        ref, number = after
        where.append(or_(claim.c.ref > ref, and_(claim.c.ref == ref, line.c.number > number)))
    names = (claim.c.ref, line.c.number, line.c.ref, claim.c.provider_code, claim.c.payer, line.c.decided_at)
    statement = (
        select(
            claim.c.id.label("claim_id"),
            claim.c.ref.label("claim_ref"),
            line.c.number,
            line.c.ref.label("line_ref"),
            claim.c.provider_code,
            claim.c.payer,
            line.c.decided_at,
            posting.c.currency,
            owed.label("owed"),
        )
        .select_from(posting)
        .join(line, and_(line.c.id == posting.c.claim_line_id, line.c.tenant_id == posting.c.tenant_id))
        .join(claim, and_(claim.c.id == line.c.claim_id, claim.c.tenant_id == line.c.tenant_id))
        .where(*where)
        .group_by(claim.c.id, *names, posting.c.currency)
        .having(owed != 0)
        .order_by(claim.c.ref, line.c.number)
        .limit(most)
    )
    return unit.rows(statement)

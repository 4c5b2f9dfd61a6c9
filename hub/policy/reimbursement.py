"""What a payer will pay of a claimed amount, so that a lower payment is not an unexplained short payment.

Source: a.s.r. mental health care purchasing policy 2021-2022 (contracted: the agreed tariff; otherwise the policy's
percentage of the maximum tariff). The difference is the patient's part.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hub.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Reimbursement:
    """The payer's and the patient's part of a claimed amount; together they are the claim."""

    payer: Money
    patient: Money


def expected(
    claimed: Money, *, contracted: bool, agreed: Money | None = None, maximum: Money, percentage: Decimal
) -> Reimbursement:
    """The expected split; a contracted provider without an agreed tariff is held to the maximum tariff.

    `percentage` is a fraction ("0.75") and counts for providers without a contract only.
    """
    ceiling = (agreed or maximum) if contracted else maximum.times(percentage)
    paid = min(claimed, ceiling)
    return Reimbursement(payer=paid, patient=claimed - paid)

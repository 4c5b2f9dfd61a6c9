"""The quarter budget of one practice under a paying care group: granted money less the costs of services.

Source: Zorroo practice management: unused money stays with the practice, the base rate is charged to every affiliated
practice, also to those that do not take part, so a balance can be negative and is shown as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hub.model.money import Money, total


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """One insurer: tariff per insured, how many were claimed and how many granted."""

    tariff: Money
    claimed: int
    granted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceHours:
    """Hours of one service at an hourly rate; each line is rounded by itself."""

    hours: Decimal
    rate: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarterBudget:
    """The practice's quarter: opening + granted - costs = closing."""

    opening: Money
    claimed: Money
    granted: Money
    costs: Money

    @property
    def closing(self) -> Money:
        """What is carried over to the next quarter."""
        return self.opening + self.granted - self.costs


def budget(
    opening: Money,
    lines: Sequence[BudgetLine],
    base_rate: Money,
    patients: int,
    services: Sequence[ServiceHours] = (),
) -> QuarterBudget:
    """The budget of one quarter from what insurers granted, the base rate and the hours of services."""
    currency = opening.currency
    costs = [base_rate.times(patients), *(service.rate.times(service.hours) for service in services)]
    return QuarterBudget(
        opening=opening,
        claimed=total([line.tariff.times(line.claimed) for line in lines], currency),
        granted=total([line.tariff.times(line.granted) for line in lines], currency),
        costs=total(costs, currency),
    )

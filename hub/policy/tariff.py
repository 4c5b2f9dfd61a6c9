"""Tariffs: what is agreed per module and payer, and the practice management quarter tariff.

Source of the formula: Zorroo practice management, step 2: base x hours / norm hours x norm practice / ION patients,
from left to right. The norm hours are a setting without default: the source names only 2 to 4.5 hours.
Tariffs are rounded half up to whole cents per insured person, because claims carry cents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from hub.model.money import EXPONENT, Money

ANY_PAYER = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedTariff:
    """An agreed amount per insured and quarter. `payer` is a UZOVI, a concern's name, or `*` for every other payer."""

    module: str
    payer: str
    amount: Money
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""

    def holds_on(self, day: date) -> bool:
        """Whether the tariff is in force on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


def agreed(
    tariffs: Sequence[AgreedTariff], *, module: str, uzovi: str, concern: str = "", day: date
) -> AgreedTariff | None:
    """The tariff in force: the UZOVI's own, else its concern's, else the one for everybody; the newest wins."""
    for payer in (uzovi, concern, ANY_PAYER):
        found = [
            tariff
            for tariff in tariffs
            if payer and (tariff.module, tariff.payer.casefold()) == (module, payer.casefold()) and tariff.holds_on(day)
        ]
        if found:
            return max(found, key=lambda tariff: tariff.valid_from or date.min)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffInputs:
    """Everything the quarter tariff depends on; `hours` and `patients` are of the same unit (practice or group).

    `norm_practice` is the number of patients of a norm practice in that year (NZa), `base` the amount at norm hours.
    """

    base: Money
    hours: Decimal
    norm_hours: Decimal
    norm_practice: int
    patients: int
    min_hours: Decimal
    max_hours: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarterTariff:
    """The tariff with its inputs, so that it can be reproduced. `error` is a code and empty when there is a tariff.

    `raw` and `hours_per_norm_practice` are exact. `uncapped` is what the hours would give without the maximum.
    """

    inputs: TariffInputs
    hours_per_norm_practice: Fraction | None = None
    capped: bool = False
    raw: Fraction | None = None
    uncapped: Fraction | None = None
    tariff: Money | None = None
    error: str = ""

    def budget(self, insured: int) -> Money:
        """The rounded tariff times the number of insured; nothing when there is no tariff."""
        return self.tariff.times(insured) if self.tariff else Money(0, self.inputs.base.currency)

    @property
    def unrounded_budget(self) -> Money:
        """The unrounded tariff times all patients, rounded once: shows what cent rounding does to the budget."""
        exact = (self.raw or Fraction(0)) * self.inputs.patients
        return to_money(exact, self.inputs.base.currency)


def practice_tariff(inputs: TariffInputs) -> QuarterTariff:
    """The quarter tariff per insured; below the minimum hours there is none, above the maximum it is capped."""
    if inputs.patients <= 0:
        return QuarterTariff(inputs=inputs, error="NO_PATIENTS")
    if inputs.norm_hours <= 0:
        return QuarterTariff(inputs=inputs, error="NORM_HOURS_MISSING")
    hours = Fraction(inputs.hours) * inputs.norm_practice / inputs.patients
    if hours < Fraction(inputs.min_hours):
        return QuarterTariff(inputs=inputs, hours_per_norm_practice=hours, error="BELOW_MINIMUM_HOURS")
    counted = min(hours, Fraction(inputs.max_hours))
    per_hour = Fraction(inputs.base.decimal()) / Fraction(inputs.norm_hours)
    raw = per_hour * counted
    return QuarterTariff(
        inputs=inputs,
        hours_per_norm_practice=hours,
        capped=counted < hours,
        raw=raw,
        uncapped=per_hour * hours,
        tariff=to_money(raw, inputs.base.currency),
    )


def to_money(amount: Fraction, currency: str) -> Money:
    """An exact amount in major units as money, halves away from zero."""
    minor = amount * 10 ** EXPONENT.get(currency, 2)
    whole = (2 * abs(minor.numerator) + minor.denominator) // (2 * minor.denominator)
    return Money(whole if minor >= 0 else -whole, currency)

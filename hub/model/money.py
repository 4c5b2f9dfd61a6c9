"""Money as integer minor units with a currency; float never enters.

Minor units are cents (EUR) and øre (NOK). Amounts are signed: a credit is negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation

EXPONENT = {"EUR": 2, "NOK": 2, "SEK": 2, "DKK": 2, "USD": 2, "GBP": 2, "CHF": 2, "JPY": 0, "ISK": 0}
"""Digits after the decimal sign (ISO 4217) of the currencies that occur; others have 2."""
_EXACT = Context(prec=18, traps=[Inexact, InvalidOperation])
"""No digit is ever rounded away, and no amount has more of them than a 64-bit integer holds."""


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """A signed amount in minor units of one currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse anything that is not an integer (a float amount is a defect)."""
        if type(self.minor) is not int:
            message = f"minor units must be int, not {type(self.minor).__name__}"
            raise TypeError(message)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            message = f"cannot combine {self.currency} with {other.currency}"
            raise ValueError(message)

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def times(self, factor: int | Decimal) -> Money:
        """Multiply and round half up to whole minor units."""
        return Money(round_half_up(Decimal(self.minor) * factor), self.currency)

    def decimal(self) -> Decimal:
        """The amount in major units, exact, with the currency's digits."""
        digits = EXPONENT.get(self.currency, 2)
        return Decimal(self.minor).scaleb(-digits)

    def __str__(self) -> str:
        return f"{self.decimal():f} {self.currency}"


def money(text: str | int | Decimal, currency: str) -> Money:
    """Read an amount in major units (`"12.30"`); ValueError when it has more digits than fit."""
    digits = EXPONENT.get(currency, 2)
    value = _number(str(text).strip())
    try:
        exact = value.quantize(Decimal(1).scaleb(-digits), context=_EXACT)
    except Inexact:
        message = f"too many decimals for {currency}: {str(text)[:20]!r}"
        raise ValueError(message) from None
    except InvalidOperation:
        message = f"too large an amount: {str(text)[:20]!r}"
        raise ValueError(message) from None
    return Money(int(exact.scaleb(digits)), currency)


def _number(text: str) -> Decimal:
    """A finite decimal; `1_000` and digits of other scripts, which Python would take, are none."""
    try:
        value = Decimal(text) if text.isascii() and "_" not in text else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        message = f"not an amount: {text[:20]!r}"
        raise ValueError(message)
    return value


def round_half_up(value: Decimal) -> int:
    """Round to a whole number, halves away from zero (EN 16931 and Dutch tariff practice)."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def total(amounts: list[Money] | tuple[Money, ...], currency: str) -> Money:
    """Sum amounts of one currency; the empty sum is zero of that currency."""
    result = Money(0, currency)
    for amount in amounts:
        result += amount
    return result

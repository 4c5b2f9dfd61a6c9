"""Numbers, amounts and dates as people of a language write them; every digit of the document is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from hub.model.identity import is_bban, is_iban
from hub.rendering.words import named
from schemas.ubl.values import Amount, Quantity

NBSP = "\u00a0"
_MARKS: Mapping[str, tuple[str, str]] = MappingProxyType({"en": (",", "."), "nb": (NBSP, ","), "nl": (".", ",")})
"""Between thousands, and before decimals."""
_SIGNS = MappingProxyType({"EUR": "€"})
_WHOLE = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"}
) | {"XAF", "XOF", "XPF"}
"""Currencies without a minor unit (ISO 4217)."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_KILO = 1024


def number(value: Decimal, language: str, *, least: int = 0) -> str:
    """A number with its own digits, padded to at least some decimals."""
    thousands, point = _MARKS[language]
    whole, _, rest = format(abs(value), "f").partition(".")
    grouped = f"{int(whole):,}".replace(",", thousands)
    rest = rest.ljust(least, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{grouped}{point}{rest}" if rest else f"{sign}{grouped}"


def bare(amount: Amount | None, language: str, currency: str) -> str:
    """An amount without its currency where that is the document's; empty when there is none."""
    if amount is None:
        return ""
    return _digits(amount, language) if amount.currency in ("", currency) else money(amount, language)


def money(amount: Amount | None, language: str, currency: str = "") -> str:
    """An amount with its currency; empty when there is none."""
    if amount is None:
        return ""
    code = amount.currency or currency
    return f"{_SIGNS.get(code, code)}{NBSP}{_digits(amount, language)}" if code else _digits(amount, language)


def _digits(amount: Amount, language: str) -> str:
    return number(amount.value, language, least=0 if amount.currency in _WHOLE else 2)


def percent(value: Decimal | None, language: str) -> str:
    """A percentage; Norwegian puts a space before the sign."""
    if value is None:
        return ""
    plain = value.normalize() if value.is_finite() else value
    return f"{number(plain, language)}{NBSP if language == 'nb' else ''}%"


def quantity(value: Quantity | None, language: str) -> str:
    """A quantity with its unit by name where we know it."""
    if value is None:
        return ""
    unit = named("unit", value.unit, language)
    return f"{number(value.value, language)}{NBSP}{unit}" if unit else number(value.value, language)


def day(value: date | None, language: str) -> str:
    """A date; empty when there is none."""
    if value is None:
        return ""
    if language == "en":
        return f"{value.day} {_MONTHS[value.month - 1]} {value.year:04}"
    mark = "." if language == "nb" else "-"
    return f"{value.day:02}{mark}{value.month:02}{mark}{value.year:04}"


def size(count: int, language: str) -> str:
    """How large a file is."""
    if count < _KILO:
        return f"{count}{NBSP}B"
    scaled, unit = (Decimal(count) / _KILO, "kB") if count < _KILO**2 else (Decimal(count) / _KILO**2, "MB")
    return f"{number(scaled.quantize(Decimal('0.1')), language)}{NBSP}{unit}"


def account(text: str) -> str:
    """An account number grouped as people type it: IBAN in fours, a Norwegian account 4.2.5; others as they stand."""
    if is_iban(text):
        return NBSP.join(text[start : start + 4] for start in range(0, len(text), 4))
    if is_bban(text) and text.isdigit():
        return f"{text[:4]}.{text[4:6]}.{text[6:]}"
    return text

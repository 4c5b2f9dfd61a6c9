"""What a camt statement says about itself (`TxsSummry`, `Bal`) against what is in it (ISO 20022 camt.053/054).

`TxsSummry` may count all entries or only the booked ones: both are accepted. Balances cover booked entries only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hub.model.finding import Finding
from hub.model.money import Money
from schemas.banking import camt_details as part
from schemas.banking.camt_details import Element
from schemas.banking.remarks import remark

_OPENING = ("OPBD", "PRCD")
_CLOSING = ("CLBD",)


@dataclass(slots=True)
class Tally:
    """Numbers and minor units of money in and out."""

    credits: int = 0
    debits: int = 0
    credit: int = 0
    debit: int = 0

    def add(self, minor: int) -> None:
        """Count one signed entry."""
        if minor < 0:
            self.debits, self.debit = self.debits + 1, self.debit - minor
        else:
            self.credits, self.credit = self.credits + 1, self.credit + minor


@dataclass(slots=True)
class Sums:
    """The entries of a statement as they go by, all and booked only; and booked movement per currency."""

    every: Tally = field(default_factory=Tally)
    booked: Tally = field(default_factory=Tally)
    moved: dict[str, int] = field(default_factory=dict)
    currency: str = ""

    def add(self, minor: int, currency: str, *, booked: bool) -> None:
        """Count one entry."""
        self.currency = self.currency or currency
        self.every.add(minor)
        if booked:
            self.booked.add(minor)
            self.moved[currency] = self.moved.get(currency, 0) + minor


@dataclass(frozen=True, slots=True)
class Balances:
    """Opening and closing booked balance, where given."""

    opening: Money | None
    closing: Money | None

    @classmethod
    def read(cls, statement: Element) -> Balances:
        """The balances of a `Stmt`; unreadable ones count as not given."""
        found: dict[str, Money] = {}
        for balance in statement.iterchildren("{*}Bal"):
            code = part.words(part.down(balance, "Tp", "CdOrPrtry", "Cd"))
            value = _amount(part.down(balance, "Amt"))
            if value is not None:
                found.setdefault(code, part.signed(value, part.words(part.down(balance, "CdtDbtInd"))))
        return cls(_first(found, _OPENING), _first(found, _CLOSING))


def _first(found: dict[str, Money], codes: tuple[str, ...]) -> Money | None:
    return next((found[code] for code in codes if code in found), None)


def _amount(element: Element | None, currency: str = "") -> Money | None:
    try:
        return part.amount(element, currency)
    except ValueError:
        return None


def balance_finding(balances: Balances, sums: Sums, position: str) -> Iterator[Finding]:
    """A warning when opening and bookings do not give the closing balance."""
    opening, closing = balances.opening, balances.closing
    if opening is None or closing is None:
        return
    found = opening + Money(sums.moved.get(opening.currency, 0), opening.currency)
    if found != closing:
        yield remark("KVITT-BANK-BALANCE", location=position, expected=closing, found=found)


def sums_findings(summary: Element | None, sums: Sums, position: str) -> list[Finding]:
    """Errors where counts or control sums of `TxsSummry` fit neither all entries nor the booked ones."""
    if summary is None:
        return []
    said = list(_said(summary, sums.currency))
    against_all = list(_different(said, sums.every, sums.currency, position))
    if not against_all or not list(_different(said, sums.booked, sums.currency, position)):
        return []
    return against_all


def _said(summary: Element, currency: str) -> Iterator[tuple[str, str, str | int]]:
    """(group, what, figure) for every figure the summary has."""
    found = part.children(summary)
    for group in ("TtlNtries", "TtlCdtNtries", "TtlDbtNtries"):
        figures = part.children(found.get(group))
        if "NbOfNtries" in figures:
            yield group, "NbOfNtries", part.words(figures["NbOfNtries"])
        if "Sum" in figures:
            value = _amount(figures["Sum"], currency)
            yield group, "Sum", value.minor if value is not None else "?"


def _different(said: list[tuple[str, str, str | int]], tally: Tally, currency: str, position: str) -> Iterator[Finding]:
    there = {
        "TtlNtries": (tally.credits + tally.debits, tally.credit + tally.debit),
        "TtlCdtNtries": (tally.credits, tally.credit),
        "TtlDbtNtries": (tally.debits, tally.debit),
    }
    for group, what, figure in said:
        count, total = there[group]
        place = f"{position}/TxsSummry/{group}/{what}"
        if what == "Sum" and figure != total:
            expected = Money(figure, currency) if isinstance(figure, int) else figure
            yield remark("KVITT-BANK-SUM", location=place, expected=expected, found=Money(total, currency))
        if what == "NbOfNtries" and str(figure).lstrip("0") != str(count).lstrip("0"):
            yield remark("KVITT-BANK-COUNT", location=place, expected=figure, found=count, what=group)

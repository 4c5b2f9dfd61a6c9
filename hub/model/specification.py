"""A payer's specification of what it paid in one amount, and the column map by which its file is read.

Dutch insurers pay many files in one booking and say in a list of their own what it is made of: VGZ calls it
betaalspecificatie, Zilveren Kruis verrekenoverzicht, CZ afrekenspecificatie.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from hub.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecificationMap:
    """How one payer's specification is read: field -> column name (`NAME #2` where a name stands twice).

    `reasons` are regular expressions over the remark of a netting that names no claim, each with the reason it means.
    `verified` is False while the column names were not seen in a real file.
    """

    name: str
    columns: Mapping[str, str]
    currency: str = "EUR"
    reasons: tuple[tuple[str, str], ...] = ()
    verified: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecifiedLine:
    """One line: what the payer pays of a file or claim, and what it nets with it (negative), each by its numbers."""

    line: int
    amount: Money
    netting: Money
    own_reference: str = ""
    payer_reference: str = ""
    netted_own_reference: str = ""
    netted_payer_reference: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayerSpecification:
    """A specification as read; every line of it could be."""

    partner: str
    name: str
    currency: str
    lines: tuple[SpecifiedLine, ...]

    @property
    def total(self) -> Money:
        """What the booking must be: everything paid, less everything netted."""
        return Money(sum(line.amount.minor + line.netting.minor for line in self.lines), self.currency)

    @property
    def fingerprint(self) -> str:
        """The same for the same content, whatever file it came in and in whatever order it stood."""
        rows = sorted(
            "|".join(
                (
                    line.own_reference,
                    line.payer_reference,
                    str(line.amount.minor),
                    line.netted_own_reference,
                    line.netted_payer_reference,
                    str(line.netting.minor),
                    line.remark,
                )
            )
            for line in self.lines
        )
        return hashlib.sha256("\n".join([self.currency, *rows]).encode()).hexdigest()

"""Claims: one request for payment to one payer. Its total is computed, never stored.

A Dutch module claim has exactly one line (one insured person, one quarter) and travels with others in one claim file
(`invoice_number` is the file's factuurnummer, `ref` the claim's own line reference). A Norwegian claim is one invoice
(`ref` = `invoice_number`) with a line per treatment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from hub.model.money import Money, total
from hub.model.party import Party
from hub.model.person import Person

_EMPTY: Mapping[str, str] = MappingProxyType({})
_NOBODY = Person()


class ClaimKind(StrEnum):
    """Debit asks for money, credit gives it back."""

    DEBIT = "debit"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLine:
    """One performance: what was done, when, by whom, for whom, for how much.

    `amount` is signed (negative on a credit), without VAT and already net of `allowance`, a positive deduction with a
    reason (decision 7). `vat` is the line's share of the document's VAT; `payable` is both, what is owed. `gross` is
    quantity times unit price. `ref` is unique per provider for five years (NL: element 0420).
    `extra` holds what some recipients want beside the standard, by our field names (`treatment_code`, ...).
    """

    id: str
    number: int
    ref: str
    service_code: str
    service_text: str = ""
    code_list: str = ""
    begins: date | datetime
    ends: date | datetime | None = None
    quantity: int = 1
    unit_price: Money
    allowance: Money | None = None
    allowance_reason: str = ""
    amount: Money
    vat: Money | None = None
    vat_category: str = "E"
    vat_rate: str = "0"
    performer: str = ""
    performer_name: str = ""
    profession: str = ""
    previous_ref: str = ""
    reclaim_code: str = ""
    extra: Mapping[str, str] = field(default_factory=lambda: _EMPTY)

    @property
    def gross(self) -> Money:
        """Quantity times unit price, before the allowance, always positive."""
        return self.unit_price.times(self.quantity)

    @property
    def payable(self) -> Money:
        """What is owed for this line, VAT included, signed."""
        return self.amount if self.vat is None else self.amount + self.vat


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One request for payment to one payer.

    `payer` is the partner's folder name, `payer_code` its number on this claim (UZOVI or organisation number).
    `programme` names what made the claim, `module` and `period` the Dutch module and quarter. `corrects` is the ref of
    the claim this one credits or replaces. `references` are named (`sak_id`, `order_ref`, `buyer_ref`).
    """

    id: str
    tenant: str
    country: str
    kind: ClaimKind = ClaimKind.DEBIT
    ref: str
    invoice_number: str = ""
    programme: str
    module: str = ""
    period: str = ""
    payer: str
    payer_code: str
    payer_name: str = ""
    provider: Party
    claimant: Party
    submitter: Party
    person: Person = _NOBODY
    currency: str
    issue_date: date | None = None
    due_date: date | None = None
    kid: str = ""
    corrects: str = ""
    references: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    lines: tuple[ClaimLine, ...]

    @property
    def total(self) -> Money:
        """What is claimed, signed, VAT included: the sum of the lines."""
        return total([line.payable for line in self.lines], self.currency)

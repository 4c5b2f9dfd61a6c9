"""What a practice gets of the money that came in on its lines: all, a percentage, so much per patient, or nothing.

Agreed per practice and module, from a day on (requirements P09, P19): a claim's share is the one in force on the first
day of its period, so that a new agreement changes no quarter before it. What nobody agreed is held, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from hub.model.money import Money

WHOLE = 10_000
"""All of it, in basis points."""


class ShareKind(StrEnum):
    """How a practice's share is worked out."""

    ALL = "all"
    PERCENTAGE = "percentage"
    PER_PATIENT = "per_patient"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One way to share; `basis_points` belongs to a percentage, `per_patient` to a fixed amount."""

    kind: ShareKind = ShareKind.ALL
    basis_points: int = WHOLE
    per_patient: Money | None = None

    def says(self, currency: str) -> bool:
        """Whether it says what is paid of money in a currency: a fixed amount is of one alone."""
        if self.kind is not ShareKind.PER_PATIENT:
            return True
        return self.per_patient is not None and self.per_patient.currency == currency

    def of(self, settled: Money, patients: int) -> Money:
        """The practice's part of what was received and netted for so many patients.

        A fixed amount is never more than what came in, because only received money is paid on.
        """
        nothing = Money(0, settled.currency)
        if self.kind is ShareKind.ALL:
            return settled
        if self.kind is ShareKind.PERCENTAGE:
            return settled.times(Decimal(self.basis_points) / WHOLE)
        if self.kind is ShareKind.NONE or self.per_patient is None or self.per_patient.currency != settled.currency:
            return nothing
        return min(self.per_patient.times(patients), max(settled, nothing))


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedShare:
    """A share with its days and where it is written; an empty practice or module means every one."""

    share: Share
    valid_from: date
    practice: str = ""
    module: str = ""
    valid_to: date | None = None
    source: str = ""

    def holds(self, practice: str, module: str, day: date) -> bool:
        """Whether this is about the practice and module, and in force on the day."""
        about = self.practice in ("", practice) and self.module in ("", module)
        return about and self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything agreed about shares."""

    agreed: tuple[AgreedShare, ...] = ()

    def share(self, practice: str, module: str, day: date) -> Share | None:
        """The share in force: what names the practice before what names the module, the later first day wins."""
        found = [one for one in self.agreed if one.holds(practice, module, day)]
        best = max(found, key=lambda one: (bool(one.practice), bool(one.module), one.valid_from), default=None)
        return best.share if best else None


def terms(agreed: Iterable[AgreedShare]) -> Terms:
    """Agreements as one thing to ask."""
    return Terms(tuple(agreed))

"""Which rule set is in force on a day. A new set is a new folder and one line here.

Sources of the dates: docs.peppol.eu release notes and Basware (24 August 2026); phive-rules and KoSIT say 17 August.
"""

from __future__ import annotations

from datetime import date

from hub.errors import ConfigurationError
from schemas.peppol.rules import set_2026_5
from schemas.peppol.rules.core import RuleSet

SETS = (
    RuleSet(
        name="2026.5",
        valid_from=date(2026, 8, 24),
        source="Peppol BIS Billing 3.0.21 with EN 16931 UBL 1.3.16 (May 2026 release)",
        rules=set_2026_5.ALL,
        responses=set_2026_5.RESPONSES,
        never=set_2026_5.NEVER,
    ),
)
"""Every set we have, oldest first."""


def in_force(day: date | None) -> RuleSet:
    """The newest set in force on a day; the oldest we have for days before it; the newest when no day is given."""
    if day is None:
        return SETS[-1]
    return next((one for one in reversed(SETS) if one.valid_from <= day), SETS[0])


def named(name: str) -> RuleSet:
    """The set of a name; ConfigurationError lists those there are."""
    for one in SETS:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in SETS)
    raise ConfigurationError(f"no rule set {name[:20]!r}", hint=f"there are: {known}")

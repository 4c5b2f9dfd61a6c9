"""Replies and payments meet the claims they belong to; pure functions over values."""

from __future__ import annotations

from hub.matching.items import (
    Action,
    Allocation,
    Alternative,
    Evidence,
    Match,
    MatchRules,
    OpenItem,
    OpenLine,
    Suggestion,
    Tier,
)
from hub.matching.payments import Matcher, arrival, match

__all__ = [
    "Action",
    "Allocation",
    "Alternative",
    "Evidence",
    "Match",
    "MatchRules",
    "Matcher",
    "OpenItem",
    "OpenLine",
    "Suggestion",
    "Tier",
    "arrival",
    "match",
]

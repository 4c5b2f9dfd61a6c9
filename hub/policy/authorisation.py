"""Whether care needs a payer's authorisation beforehand, from dated rules; an unknown policy is never guessed.

Two kinds of `DatedRule`, both compared with the start of the treatment:

* `authorisation_policy`: the payer's text for this period (and kind of `care`) is known;
* `authorisation_required`: care that matches every setting needs one: `provider_type`, `contracted` (yes/no),
  `specialised_referral` (yes/no), `minutes_over` (strictly more expected minutes), `care` (such as `ggz`).

Ask only for payers that have such rules: no policy at all is an unknown policy.

Source of the example rules: a.s.r. mental health care page, texts of 2021-2022 and 2025.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from hub.errors import ConfigurationError
from hub.model.partner import DatedRule

POLICY = "authorisation_policy"
REQUIRED = "authorisation_required"
_SETTINGS = frozenset({"care", "provider_type", "contracted", "specialised_referral", "minutes_over"})
_NEAR = (9, 10)
"""Warn from nine tenths of the limit in minutes (2,700 of 3,000)."""


class Need(StrEnum):
    """Whether an authorisation is needed."""

    REQUIRED = "REQUIRED"
    NOT_REQUIRED = "NOT_REQUIRED"
    UNKNOWN_POLICY = "UNKNOWN_POLICY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """What the rules look at: who treats whom how long, starting when."""

    starts: date
    care: str = ""
    provider_type: str
    contracted: bool
    specialised_referral: bool
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorisation:
    """A payer's authorisation as registered: its number and the day it was given."""

    number: str
    granted_on: date


def need(rules: Sequence[DatedRule], care: Care) -> Need:
    """Whether this care needs an authorisation under the policy in force at its start."""
    in_force = [rule for rule in rules if rule.holds_on(care.starts)]
    if not any(rule.kind == POLICY and rule.settings.get("care", care.care) == care.care for rule in in_force):
        return Need.UNKNOWN_POLICY
    asked = any(rule.kind == REQUIRED and _matches(rule, care) for rule in in_force)
    return Need.REQUIRED if asked else Need.NOT_REQUIRED


def hold_code(needed: Need, care: Care, authorisation: Authorisation | None) -> str:
    """Why the claim is held: a code, or empty when it may go."""
    if needed is Need.UNKNOWN_POLICY:
        return "UNKNOWN_POLICY"
    if needed is Need.NOT_REQUIRED:
        return ""
    if authorisation is None or not authorisation.number:
        return "AUTH_REQUIRED"
    return "AUTH_TOO_LATE" if authorisation.granted_on > care.starts else ""


def nears_limit(rules: Sequence[DatedRule], care: Care) -> bool:
    """Whether a limit in minutes that would matter for this care is nearly reached (warning only)."""
    limits = [
        int(rule.settings["minutes_over"])
        for rule in rules
        if rule.kind == REQUIRED and rule.holds_on(care.starts) and _matches(rule, care, ignoring={"minutes_over"})
        if "minutes_over" in rule.settings
    ]
    return any(limit * _NEAR[0] <= care.minutes * _NEAR[1] and care.minutes <= limit for limit in limits)


def _matches(rule: DatedRule, care: Care, ignoring: frozenset[str] | set[str] = frozenset()) -> bool:
    unknown = set(rule.settings) - _SETTINGS
    if unknown:
        message = f"authorisation rule has unknown settings: {', '.join(sorted(unknown))}"
        raise ConfigurationError(message, hint=f"known: {', '.join(sorted(_SETTINGS))}")
    return all(_holds(name, wanted, care) for name, wanted in rule.settings.items() if name not in ignoring)


def _holds(name: str, wanted: str, care: Care) -> bool:
    if name == "minutes_over":
        return care.minutes > int(wanted)
    if name in ("provider_type", "care"):
        return str(getattr(care, name)) == wanted
    fact = care.contracted if name == "contracted" else care.specialised_referral
    return fact == (wanted.strip().lower() in ("yes", "true", "1"))

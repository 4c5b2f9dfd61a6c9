"""Which claims travel together, to whom, under which agreement: a Claim becomes a Route or a reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hub.model.identity import is_synthetic_fnr, is_test_bsn
from hub.model.partner import Agreement, Partner
from hub.model.person import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a claim goes: partner, agreement, format, channel, and the key of the document it belongs in."""

    partner: Partner
    agreement: Agreement
    format: str
    channel: str
    group: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRoute:
    """Why a claim cannot leave: a hold code with the values its sentence needs."""

    code: str
    partner: str = ""


def route(
    claim: dict[str, Any],
    partner: Partner | None,
    agreements: Sequence[Agreement],
    day: date,
    stage: str,
    formats: Sequence[str] = (),
) -> Route | NoRoute:
    """Decide one claim row's route on a day; pure, so the reasons are testable.

    `formats` are those its programme can be written in: of them the one the partner likes best; empty means any.
    """
    if partner is None:
        return NoRoute(code="NO_PARTNER")
    agreement = _in_force(partner, agreements, day)
    if agreement is None:
        return NoRoute(code="NO_AGREEMENT", partner=partner.title)
    if stage == "production" and not partner.verified and not agreement.accepted_unverified:
        return NoRoute(code="PARTNER_UNVERIFIED", partner=partner.title)
    format_ = next((each for each in partner.formats_out if not formats or each in formats), None)
    if format_ is None:
        return NoRoute(code="NO_FORMAT", partner=partner.title)
    return Route(
        partner=partner,
        agreement=agreement,
        format=format_,
        channel=agreement.channel or partner.channel.kind,
        group=_group(claim, partner),
    )


def _in_force(partner: Partner, agreements: Sequence[Agreement], day: date) -> Agreement | None:
    mine = [
        each
        for each in agreements
        if each.partner == partner.name and each.valid_from <= day and (each.valid_to is None or day <= each.valid_to)
    ]
    return max(mine, key=lambda each: each.valid_from) if mine else None


def _group(claim: dict[str, Any], partner: Partner) -> tuple[str, ...]:
    if partner.grouping == "claim":
        return (claim["country"], claim["claimant_code"], claim["ref"])
    names = ("country", "claimant_code", "payer_code", "module", "period", "kind")
    return tuple(str(claim[name]) for name in names)


def is_synthetic(person: Person) -> bool:
    """Whether a person is made up for tests; production refuses such a claim (decision 27)."""
    return bool((person.bsn and is_test_bsn(person.bsn)) or (person.fnr and is_synthetic_fnr(person.fnr)))

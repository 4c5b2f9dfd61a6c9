"""Recording what is ours with a partner, from a day on: what is not named stays as it was, secrets are references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from connectors.channels import known_channels
from hub.errors import ConfigurationError
from hub.model.identity import digits, is_bban, is_iban
from hub.model.partner import Agreement
from hub.pipeline import onboarding
from hub.pipeline.context import Actor, Hub
from hub.store import parties
from hub.store.unit import Unit

SERVICES = ("cov", "bank", "mail")
"""Counterparts without a partner folder: all there is of them is the agreement."""
RELEASES = ("auto", "manual")
_SECRETS = ("token", "password", "passphrase", "secret")
_COV = "cov"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """What somebody wants of an agreement. `settings`: an empty value takes one away; None leaves a thing as it is."""

    partner: str
    valid_from: date | None = None
    valid_to: date | None = None
    channel: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    release: str = ""
    payer_accounts: Sequence[str] = ()
    accepted_unverified: bool | None = None


def record(hub: Hub, unit: Unit, country: str, wished: Wished, actor: Actor) -> Agreement:
    """Store it: without a day the agreement in force changes, without one in force a new one begins today."""
    if wished.partner not in SERVICES:
        hub.registry.by_name(wished.partner)
    standing = parties.agreement(unit, wished.partner, hub.today(country))
    day = wished.valid_from or (standing.valid_from if standing else hub.today(country))
    first = "auto" if wished.partner in SERVICES else "manual"
    wanted = _changed(onboarding.agreement_base(unit, wished.partner, day, release=first), wished)
    if wished.partner in SERVICES and not wanted.channel:
        raise ConfigurationError(f"the service {wished.partner} needs its channel", hint="--channel folder")
    return onboarding.put_agreement(unit, wanted, actor)


def _changed(base: Agreement, wished: Wished) -> Agreement:
    _refuse_channel(wished.channel)
    accounts = tuple(_account(one) for one in wished.payer_accounts)
    same = wished.channel in ("", base.channel)  # the settings of one kind of channel mean nothing to another
    kept = {name: value for name, value in base.settings.items() if same and wished.settings.get(name) != ""}
    said = wished.accepted_unverified
    return replace(
        base,
        valid_to=wished.valid_to or base.valid_to,
        channel=wished.channel or base.channel,
        settings=kept | {name: value for name, value in wished.settings.items() if value},
        release=_release(wished.release or base.release),
        payer_accounts=accounts or base.payer_accounts,
        accepted_unverified=base.accepted_unverified if said is None else said,
    )


def pairs(settings: Iterable[str]) -> dict[str, str]:
    """NAME=VALUE pairs; a secret is given by reference only, so that none is ever stored or shown."""
    found: dict[str, str] = {}
    for pair in settings:
        name, sign, value = (part.strip() for part in pair.partition("="))
        if not sign or not name:
            raise ConfigurationError("a setting is written NAME=VALUE", hint="--set endpoint=https://...")
        if name.endswith(_SECRETS) and value and not value.startswith(("env:", "file:")):
            raise ConfigurationError(f"{name} is a secret", hint=f"--set {name}=env:NAME or {name}=file:PATH")
        found[name] = value
    return found


def channels() -> list[str]:
    """Every kind of channel an agreement may name."""
    return sorted({*known_channels(), _COV})


def _refuse_channel(channel: str) -> None:
    if channel and channel not in channels():
        raise ConfigurationError(f"no channel of kind {channel!r}", hint=f"one of: {', '.join(channels())}")


def _release(word: str) -> str:
    if word not in RELEASES:
        raise ConfigurationError(f"unknown release {word!r}", hint="one of: auto, manual")
    return word


def _account(text: str) -> str:
    account = digits(text).upper()
    if not (is_iban(account) or is_bban(account)):
        raise ConfigurationError("a payer account is an IBAN or BBAN with the right check digits")
    return account

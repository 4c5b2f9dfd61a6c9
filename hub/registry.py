"""Every partner we exchange with: the user's own first, then those that come with Kvitt, then those add-ons bring.

A partner is found by its folder's name or by a number that is its own on a day. No two partners may hold the same
number on the same day: a claim would have two addresses. When insurers merge, the numbers change hands by date, and
that is a change of two dates in two files.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.metadata import EntryPoint, entry_points
from itertools import combinations
from pathlib import Path
from types import MappingProxyType

from connectors.partners import PARTNER_FILE, SHIPPED, load_partners, partner_folders
from hub.errors import ConfigurationError
from hub.model.partner import Agreement, ChannelSpec, DatedRule, Identifier, Partner, PartnerCode

ENTRY_POINTS = "kvitt.connectors"
CARE = "care"
"""The rule setting that says which care a rule is about; a rule without it is about all care."""

_Holder = tuple[Identifier, str]


@dataclass(frozen=True, slots=True)
class Registry:
    """The partners by name, and where each was found. Made by `load_registry`."""

    partners: Mapping[str, Partner]
    origins: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))

    def by_name(self, name: str) -> Partner:
        """The partner with this name; ConfigurationError when there is none."""
        if name in self.partners:
            return self.partners[name]
        near = difflib.get_close_matches(name, self.partners, n=1)
        known = ", ".join(sorted(self.partners)) or "none yet"
        raise ConfigurationError(
            f"no partner named {name!r}", hint=f"did you mean {near[0]}?" if near else f"known: {known}"
        )

    def by_identifier(self, scheme: str, value: str, on: date) -> Partner | None:
        """The partner whose number this is on that day, if any."""
        for partner in self.partners.values():
            if partner.identifier_on(scheme, value, on) is not None:
                return partner
        return None

    def by_sender(self, address: str) -> tuple[Partner, ...]:
        """The partners that mail from this address (case does not matter)."""
        sought = address.strip().lower()
        return tuple(
            partner for partner in self.partners.values() if any(rule.sender == sought for rule in partner.mail)
        )

    def codes(self, partner: str, code: str) -> PartnerCode | None:
        """What a partner's own code means; None when its codes.csv does not know it (the code is then shown raw)."""
        return next((row for row in self.by_name(partner).codes if row.code == code), None)


def load_registry(
    home: Path | None = None,
    *,
    more: Sequence[Path] = (),
    shipped: Path = SHIPPED,
    points: Iterable[EntryPoint] | None = None,
) -> Registry:
    """All partners, checked together; one ConfigurationError names everything that is wrong.

    `home` is KVITT_HOME, `more` are folders of partner folders that come right after it (the examples).
    """
    modules = [_opened(point) for point in (entry_points(group=ENTRY_POINTS) if points is None else points)]
    channels = {kind for module in modules if isinstance(kind := getattr(module, "KIND", None), str)}
    parents = [*([home / "partners"] if home else []), *more, shipped]
    chosen: dict[str, Path] = {}
    for folder in [*(folder for parent in parents for folder in partner_folders(parent)), *_brought(modules)]:
        chosen.setdefault(folder.name, folder)
    partners = load_partners([*chosen.values()], channels=channels)
    _refuse_overlaps(partners, chosen)
    return Registry(MappingProxyType(partners), MappingProxyType(chosen))


def rules_for(partner: Partner, care: str) -> tuple[DatedRule, ...]:
    """A payer's rules about one care (`huisarts`, `ggz`) and those about all care, as the policy engines read them."""
    return tuple(
        replace(rule, settings=MappingProxyType({key: text for key, text in rule.settings.items() if key != CARE}))
        for rule in partner.rules
        if rule.settings.get(CARE, care) == care
    )


def channel_under(partner: Partner, agreement: Agreement) -> ChannelSpec:
    """The channel as our agreement fills it; `required` keeps what is still missing.

    An agreement that names another kind of channel takes over nothing of the partner's own channel.
    """
    own = partner.channel
    if agreement.channel and agreement.channel != own.kind:
        return ChannelSpec(kind=agreement.channel, settings=agreement.settings)
    settings = {**own.settings, **agreement.settings}
    missing = tuple(name for name in own.required if not settings.get(name, "").strip())
    return ChannelSpec(kind=own.kind, settings=MappingProxyType(settings), required=missing)


def _opened(point: EntryPoint) -> object:
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f"the add-on {point.name} ({point.value}) cannot be loaded: {error}",
            hint="repair or uninstall its distribution",
        ) from error


def _brought(modules: Iterable[object]) -> Iterator[Path]:
    """An add-on that is a package may hold partner folders beside its `__init__.py`, and other packages too."""
    for module in modules:
        for place in getattr(module, "__path__", ()):
            yield from (folder for folder in partner_folders(Path(place)) if (folder / PARTNER_FILE).is_file())


def _refuse_overlaps(partners: Mapping[str, Partner], folders: Mapping[str, Path]) -> None:
    holders: dict[tuple[str, str], list[_Holder]] = {}
    for partner in partners.values():
        for identifier in partner.identifiers:
            holders.setdefault((identifier.scheme, identifier.value), []).append((identifier, partner.name))
    wrong = [
        f"{identifier.scheme} {identifier.value} is two partners' on the same days: {folders[one]} and {folders[other]}"
        " (set valid_to and valid_from; your folder replaces ours when it has the same name)"
        for held in holders.values()
        for (first, one), (identifier, other) in combinations(held, 2)
        if _share_a_day(first, identifier)
    ]
    if wrong:
        raise ConfigurationError("\n".join(wrong))


def _share_a_day(one: Identifier, other: Identifier) -> bool:
    def span(identifier: Identifier) -> tuple[date, date]:
        return identifier.valid_from or date.min, identifier.valid_to or date.max

    (first, last), (begin, end) = span(one), span(other)
    return first <= end and begin <= last

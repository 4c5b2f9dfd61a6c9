"""The composition root: settings become one hub."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from connectors.channels import open_channel
from connectors.channels.cov import CoverageRow, CovService, TableCoverage
from hub.clock import SystemClock
from hub.errors import ConfigurationError
from hub.model.partner import Agreement, Partner
from hub.paths import examples
from hub.pipeline.context import Hub
from hub.pipeline.metered import metered
from hub.ports import Channel, Clock, Coverage, CoverageCheck
from hub.registry import Registry, channel_under, load_registry
from hub.security.keys import KeyStore, create_keys
from hub.settings import Settings, Stage, load, resolve_secret
from hub.store import migrate, parties, reference, subjects
from hub.store.unit import Store

COV = "cov"
"""The agreement partner whose channel answers coverage checks."""


def settings_here(*, require: bool = True) -> Settings:
    """The settings the environment points at."""
    return load(os.environ, Path.cwd(), require=require)


def open_hub(settings: Settings, clock: Clock | None = None) -> Hub:
    """Put a hub together; ConfigurationError when its database is not at this program's version."""
    the_clock = clock or SystemClock()
    store = Store(settings.database_url.reveal(), KeyStore(settings.keys), the_clock)
    migrate.require_current(store.engine)
    subjects.require_keys(store)
    return assemble(settings, store, the_clock)


def create_hub(settings: Settings, clock: Clock | None = None) -> Hub:
    """Make keys and database where missing, migrate, and put the hub together."""
    the_clock = clock or SystemClock()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = Store(settings.database_url.reveal(), create_keys(settings.keys), the_clock)
    migrate.upgrade(store.engine)
    return assemble(settings, store, the_clock)


def assemble(settings: Settings, store: Store, clock: Clock) -> Hub:
    """The hub from its parts."""

    def channel(partner: Partner, agreement: Agreement) -> Channel:
        return _channel(settings, store, clock, partner, agreement)

    def coverage(tenant: str) -> CoverageCheck | None:
        return _coverage(store, tenant)

    return Hub(
        home=settings.home,
        stage=settings.stage.value,
        store=store,
        registry=registry(settings.home),
        clock=clock,
        open_channel=channel,
        coverage=coverage,
        address=settings.address,
        virus_scan=settings.virus_scan,
    )


@cache
def registry(home: Path) -> Registry:
    """All partners: the user's own, the examples, the shipped ones."""
    return load_registry(home, more=[examples() / "partners"])


def _channel(settings: Settings, store: Store, clock: Clock, partner: Partner, agreement: Agreement) -> Channel:
    spec = channel_under(partner, agreement)
    if spec.required:
        raise ConfigurationError(
            f"the agreement with {partner.title} lacks {', '.join(spec.required)}",
            hint=f"kvitt org agreement {partner.name} --set NAME=VALUE",
        )
    revealed = _revealed(settings, spec.settings)
    return metered(open_channel(spec.kind, revealed), spec.kind, revealed, store, clock)


def _revealed(settings: Settings, values: Mapping[str, str]) -> dict[str, str]:
    """Channel settings with their secret references replaced by the secrets."""
    return {name: _value(settings, value) for name, value in values.items()}


def _value(settings: Settings, value: str) -> str:
    if not value.startswith(("env:", "file:")):
        return value
    return resolve_secret(value, base=settings.home, stage=Stage(settings.stage)).reveal()


def _coverage(store: Store, tenant: str) -> CoverageCheck | None:
    """COV as this tenant has it: the service of its agreement, else its own table, else none."""
    with store.reading(tenant) as unit:
        agreements = [each for each in parties.agreements(unit) if each.partner == COV]
        rows = reference.rows_of(unit, "coverage")
    if agreements:
        return CovService.from_settings(agreements[-1].settings)
    return TableCoverage([_coverage_row(row.body) for row in rows]) if rows else None


def _coverage_row(body: Mapping[str, str]) -> CoverageRow:
    return CoverageRow(
        bsn=body["bsn"],
        reference_date=date.fromisoformat(body["reference_date"]) if body["reference_date"] else None,
        coverage=Coverage(body["coverage"]),
        uzovi=body["uzovi"],
    )

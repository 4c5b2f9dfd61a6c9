"""What a quarterly module claim is judged against: module, practice, participation, register, tariffs, history."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files

from hub.errors import ConfigurationError
from hub.model.money import Money
from hub.model.party import Party
from hub.model.quarter import Quarter
from hub.policy.quarters import MAX_QUARTERS
from hub.policy.tariff import AgreedTariff, agreed
from hub.programmes.register import Register, RegisterEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A module as it is claimed: code list and service code; `max_quarters` None means without end."""

    name: str
    code_list: str
    service_code: str
    text: str = ""
    max_quarters: int | None = MAX_QUARTERS
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """The days a document (agreement, processing agreement, consent) holds."""

    valid_from: date
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it holds on a day."""
        return self.valid_from <= day and not self.ended_on(day)

    def ended_on(self, day: date) -> bool:
        """Whether it had ended before a day."""
        return self.valid_to is not None and self.valid_to < day


@dataclass(frozen=True, slots=True, kw_only=True)
class Participation:
    """A practice in a module: its quarters and the documents that allow processing and claiming.

    The agreement must hold on the reference date, the processing agreement today. Consent must have been given by today
    and not withdrawn before the reference date: it may be younger than a quarter claimed in retrospect.
    """

    first: Quarter
    last: Quarter | None = None
    agreement: Term | None = None
    processing_agreement: Term | None = None
    consent: Term | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleContext:
    """Everything `assess` needs beside the rows; the caller computes the sets of BSNs from its own claims.

    `claimed`: already claimed for this module and quarter by this practice. `elsewhere`: claimed for it by another
    practice of the tenant. `has_history`: the file has enrolment and deregistration dates. `require_cov`: no claim
    without a coverage service that can answer for the reference date. `previous_rows`: rows of last quarter's file.
    """

    tenant: str
    programme: str = "module-quarter"
    module: Module
    quarter: Quarter
    provider: Party
    claimant: Party
    submitter: Party
    participation: Participation
    register: Register
    tariffs: tuple[AgreedTariff, ...]
    today: date
    claimed: frozenset[str] = field(default=frozenset(), repr=False)
    elsewhere: frozenset[str] = field(default=frozenset(), repr=False)
    has_history: bool = True
    require_cov: bool = False
    cov_max_years: int = 2
    previous_rows: int | None = None

    @property
    def reference_date(self) -> date:
        """The first day of the quarter (peildatum)."""
        return self.quarter.first_day

    def insurer(self, uzovi: str) -> RegisterEntry | None:
        """The register's entry for a number on the reference date."""
        return self.register.on(uzovi, self.reference_date)

    def tariff(self, entry: RegisterEntry) -> Money | None:
        """What is agreed per insured with this insurer for this module on the reference date."""
        found = agreed(
            self.tariffs,
            module=self.module.name,
            uzovi=entry.uzovi,
            concern=entry.concern,
            day=self.reference_date,
        )
        return found.amount if found else None


def module(name: str) -> Module:
    """A module of the shipped table (`data/modules.csv`, EXAMPLE); ConfigurationError when it is not there."""
    known = _modules()
    if name not in known:
        message = f"unknown module {name!r}"
        raise ConfigurationError(message, hint=f"known: {', '.join(sorted(known))}")
    return known[name]


@cache
def _modules() -> Mapping[str, Module]:
    source = files("hub.programmes").joinpath("data/modules.csv").read_text(encoding="utf-8")
    return {
        row["module"]: Module(
            name=row["module"],
            code_list=row["code_list"],
            service_code=row["service_code"],
            text=row["text"],
            max_quarters=int(row["max_quarters"]) if row["max_quarters"] else None,
            source=row["source"],
        )
        for row in csv.DictReader(source.splitlines(), delimiter=";")
    }

"""Column maps: which column of a practice system's export is which field, as data in `systems/*.yaml`.

A map is chosen by its columns. An unknown header gets a proposal (`hub.intake.proposal`) that a person confirms.
Columns no field needs are dropped and named in the result; names are compared without case, accents and punctuation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

from hub.errors import ConfigurationError, FormatError
from hub.intake.privacy import normalised, shown_name
from hub.intake.table import Table

PRACTICE_LIST = "practice-list"
TREATMENT_LOG = "treatment-log"
ASSIGNMENTS = "assignments"
PERFORMANCE_LIST = "performance-list"

REQUIRED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        PRACTICE_LIST: ("bsn", "birth_date"),
        TREATMENT_LOG: ("sak_id", "birth_date", "code", "start", "price"),
        ASSIGNMENTS: ("sak_id", "insurer_orgnr", "birth_date"),
        PERFORMANCE_LIST: ("bsn", "birth_date", "uzovi", "code", "date", "price", "trajectory", "referral_type"),
    }
)
"""Fields without which a file of a kind cannot be used."""

FIELDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        PRACTICE_LIST: frozenset(
            {
                *("practice_agb", "performer_agb", "reference_date", "bsn", "sex", "initials", "prefix", "name"),
                *("birth_date", "postal_code", "house_number", "house_suffix", "enrolled", "deregistered", "deceased"),
                *("uzovi", "insured_number"),
            }
        ),
        TREATMENT_LOG: frozenset(
            {
                *("row_id", "clinic_orgnr", "sak_id", "insurer_orgnr", "patient_ref", "birth_date", "fnr", "code"),
                *("text", "start", "duration", "price", "vat_category", "vat_rate", "therapist_hpr"),
                *("therapist_name", "profession", "diagnosis"),
            }
        ),
        ASSIGNMENTS: frozenset(
            {
                *("sak_id", "insurer_orgnr", "insurer_name", "patient_ref", "birth_date", "valid_from", "valid_to"),
                *("quota", "coverage", "deductible", "codes"),
            }
        ),
        PERFORMANCE_LIST: frozenset(
            {
                *("row_id", "practice_agb", "bsn", "birth_date", "patient_number", "uzovi", "code", "date"),
                *("begin_time", "end_time", "performer_agb", "profession", "performer_initials", "performer_prefix"),
                *("performer_name", "director_agb", "price", "trajectory", "referral_type", "referral_date"),
                *("referrer_agb", "privacy", "diagnosis_list", "diagnosis_code", "care_label"),
            }
        ),
    }
)
"""Every field of a kind of file: the allow-list of what is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMap:
    """Which names a system gives to our fields; several names of one field are alternatives."""

    name: str
    title: str
    kind: str
    columns: Mapping[str, tuple[str, ...]]
    instructions: Mapping[str, str] = field(default_factory=dict)
    verified: bool = False
    source: str = ""

    @property
    def names(self) -> int:
        """How many column names the map knows; a map with few is made for one system."""
        return sum(map(len, self.columns.values()))

    def places(self, header: Sequence[str]) -> dict[str, int]:
        """Where each field stands in a header; FormatError when a column that is needed occurs twice."""
        plain = [normalised(name) for name in header]
        return {
            name: place
            for name, names in self.columns.items()
            if (place := _place(plain, header, [normalised(alias) for alias in names])) is not None
        }

    def missing(self, header: Sequence[str]) -> list[str]:
        """Required fields that a header lacks."""
        found = self.places(header)
        return [name for name in REQUIRED[self.kind] if name not in found]

    def dropped(self, header: Sequence[str]) -> tuple[str, ...]:
        """Names of columns that no field needs."""
        used = set(self.places(header).values())
        return tuple(shown_name(name, index) for index, name in enumerate(header) if index not in used)


def _place(plain: Sequence[str], header: Sequence[str], aliases: Sequence[str]) -> int | None:
    for alias in aliases:
        count = plain.count(alias)
        if count > 1:
            first = plain.index(alias)
            raise FormatError(f"two columns are called {shown_name(header[first], first)}", hint="export only one")
        if count:
            return plain.index(alias)
    return None


def detect(table: Table, kind: str, maps: Iterable[ColumnMap] | None = None) -> ColumnMap | None:
    """The map of a kind with all required fields that places most columns, then the narrower; None if none fits."""
    candidates = [item for item in (systems() if maps is None else maps) if item.kind == kind]
    fitting = [item for item in candidates if not item.missing(table.header)]
    return max(fitting, key=lambda item: (len(item.places(table.header)), -item.names), default=None)


@cache
def systems() -> tuple[ColumnMap, ...]:
    """The maps that come with the hub."""
    folder = files("hub.intake").joinpath("systems")
    found = sorted((item for item in folder.iterdir() if item.name.endswith(".yaml")), key=lambda item: item.name)
    return tuple(read_column_map(item.read_text(encoding="utf-8"), item.name) for item in found)


def system(name: str) -> ColumnMap:
    """The shipped map of that name; ConfigurationError when there is none."""
    for item in systems():
        if item.name == name:
            return item
    known = ", ".join(item.name for item in systems())
    raise ConfigurationError(f"unknown practice system {name!r}", hint=f"known: {known}")


def read_column_map(text: str, where: str = "") -> ColumnMap:
    """Read a column map; ConfigurationError that says what is wrong with it."""
    try:
        body = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"not YAML: {error}", where=where) from error
    if not isinstance(body, dict) or not isinstance(body.get("columns"), dict):
        raise ConfigurationError("a column map needs name, title, kind and columns", where=where)
    kind = str(body.get("kind", ""))
    if kind not in FIELDS:
        raise ConfigurationError(f"unknown kind {kind!r}", where=where, hint=f"known: {', '.join(FIELDS)}")
    unknown = sorted(set(body["columns"]) - FIELDS[kind])
    if unknown:
        raise ConfigurationError(f"unknown fields: {', '.join(map(str, unknown))}", where=where)
    return _column_map(body, kind)


def _column_map(body: Mapping[str, Any], kind: str) -> ColumnMap:
    return ColumnMap(
        name=str(body.get("name", "")),
        title=str(body.get("title", "")),
        kind=kind,
        columns={name: _aliases(value) for name, value in body["columns"].items()},
        instructions={str(key): str(value) for key, value in (body.get("instructions") or {}).items()},
        verified=body.get("verified") is True,
        source=str(body.get("source", "")),
    )


def _aliases(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else (str(value),)

"""Lists that set up a hub, by one door: practices, organisations, users, dated reference lists; previewed or saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hub.errors import ConfigurationError
from hub.intake import party_lists
from hub.model.finding import Finding, blocking
from hub.pipeline import master_data, onboarding
from hub.pipeline.context import Actor
from hub.pipeline.onboarding import Outcome
from hub.store import access
from hub.store.reference import ReferenceRow
from hub.store.unit import Unit

PARTIES = ("practices", "organisations", "users")
KINDS = (*PARTIES, *master_data.KINDS)
"""What can be imported, by the word people use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a list does or did: a line per row that matters, what is wrong with others, and the counts."""

    rows: Sequence[tuple[str, str]]
    findings: Sequence[Finding]
    new: int
    changed: int
    unchanged: int

    @property
    def refused(self) -> int:
        """Rows that cannot be used."""
        return len({one.line for one in blocking(self.findings)})

    @property
    def counts(self) -> dict[str, int]:
        """For a sentence."""
        return {"new": self.new, "changed": self.changed, "unchanged": self.unchanged, "refused": self.refused}


def import_list(
    unit: Unit,
    kind: str,
    data: bytes,
    name: str,
    *,
    country: str,
    actor: Actor,
    valid_from: date | None = None,
    source: str = "",
    dry: bool,
) -> Imported:
    """Read a list and save it, or with `dry` only say what it would do; bad rows never stop the good ones."""
    if kind in PARTIES:
        return _of_parties(unit, kind, data, name, country, actor, dry=dry)
    if kind in master_data.KINDS:
        terms = master_data.Terms(valid_from=valid_from, source=source or name, blind=master_data.blinding(unit))
        return _of_reference(unit, kind, data, name, terms, actor, dry=dry)
    raise ConfigurationError(f"no list called {kind!r}", hint=f"one of: {', '.join(KINDS)}")


def _of_parties(unit: Unit, kind: str, data: bytes, name: str, country: str, actor: Actor, *, dry: bool) -> Imported:
    findings: Sequence[Finding]
    if kind == "practices":
        practices = party_lists.read_practices(data, name)
        outcome, findings = onboarding.put_practices(unit, practices.rows, actor, dry=dry), practices.findings
    elif kind == "organisations":
        listed = party_lists.read_organisations(data, country, name)
        outcome, findings = onboarding.put_organisations(unit, listed.rows, country, actor, dry=dry), listed.findings
    else:
        users = party_lists.read_users(data, name)
        outcome, findings = onboarding.put_users(unit, users.rows, actor, dry=dry), users.findings
    return _imported(outcome, findings)


def _imported(outcome: Outcome, findings: Sequence[Finding]) -> Imported:
    def count(state: str) -> int:
        return sum(one.state == state for one in outcome.changes)

    rows = [(one.state, f"{one.code} {one.name}".strip()) for one in outcome.changes if one.state != "unchanged"]
    everything = sorted((*findings, *outcome.findings), key=lambda one: one.line or 0)
    return Imported(
        rows=rows, findings=everything, new=count("new"), changed=count("changed"), unchanged=count("unchanged")
    )


def _of_reference(
    unit: Unit, kind: str, data: bytes, name: str, terms: master_data.Terms, actor: Actor, *, dry: bool
) -> Imported:
    listing = master_data.read(kind, data, name, terms)
    plan = master_data.plan(unit, kind, listing.rows)
    if not dry:
        master_data.apply(unit, plan)
        access.record(unit, actor=actor.name, role=actor.role, action="import", object_=f"reference/{kind}")
    states = (("new", plan.added), ("changed", plan.changed), ("ended", plan.ended))
    rows = [(state, _words(kind, row)) for state, found in states for row in found]
    return Imported(
        rows=rows,
        findings=listing.findings,
        new=len(plan.added),
        changed=len(plan.changed),
        unchanged=plan.unchanged,
    )


def _words(kind: str, row: ReferenceRow) -> str:
    """A row for people, personal values masked."""
    return " · ".join(value for value in master_data.shown(kind, row).values() if value)

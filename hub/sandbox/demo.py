"""Both stories on one hub, and what they leave behind: files, statements, a pay-out proposal, a report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.clock import SystemClock
from hub.ledger.positions import PayoutProposal
from hub.model.finding import Finding, blocking
from hub.paths import examples
from hub.pipeline import payouts, views
from hub.sandbox import demo_nl, demo_no, example
from hub.sandbox.pki import make_pki
from hub.sandbox.stage import Stage
from hub.store import exchanges, money
from hub.store.unit import Unit

START = datetime(2023, 10, 1, 6, tzinfo=UTC)
"""Where the movable clock begins: before the history of the Dutch story."""
CURRENCY = {"NL": "EUR", "NO": "NOK"}
TENANTS = {"NL": example.NL_TENANT, "NO": example.NO_TENANT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What a play came to: per country the contract of `kvitt demo --json`, and whatever money was not conserved."""

    countries: dict[str, dict[str, Any]]
    findings: dict[str, list[Finding]]

    @property
    def conserved(self) -> bool:
        """Whether both equations hold everywhere."""
        return not any(blocking(found) for found in self.findings.values())

    def as_json(self) -> dict[str, Any]:
        """The demo's JSON document."""
        return {"conserved": self.conserved, "countries": self.countries}


def play(stage: Stage) -> Played:
    """Load the example organisations and play both stories; TLS uses real time, everything else the moved clock."""
    pki = make_pki(stage.folder("pki"), now=SystemClock().now())
    example.load_example(stage.hub.store, stage.hub.home, examples())
    demo_nl.play(stage, pki)
    demo_no.play(stage)
    return standing(stage)


def go_on(stage: Stage) -> None:
    """What a served demo has on top: Dutch refusals of its own present, which may still be corrected."""
    demo_nl.go_on(stage, make_pki(stage.folder("pki"), now=SystemClock().now()))


def standing(stage: Stage) -> Played:
    """Where everything stands now, recomputed from what is stored."""
    countries: dict[str, dict[str, Any]] = {}
    findings: dict[str, list[Finding]] = {}
    for country, tenant in TENANTS.items():
        with stage.hub.store.reading(tenant) as unit:
            countries[country] = _country(unit, CURRENCY[country])
            findings[country] = views.conservation(unit)
    return Played(countries=countries, findings=findings)


def _country(unit: Unit, currency: str) -> dict[str, Any]:
    found = views.claim_views(unit)
    return {
        "currency": currency,
        "claims": [view.as_json() for view in found],
        "exchanges": [_exchange(row) for row in exchanges.find(unit)],
        "payments": [_payment(row) for row, _ in money.payments(unit)],
        "money": views.money_json(unit, found, currency),
        "practices": [_practice(each) for each in payouts.proposals(unit)],
    }


def _practice(proposal: PayoutProposal) -> dict[str, Any]:
    """A practice's ledger in short: what came in for it, and what may be paid out (a proposal, nothing is paid)."""
    return {
        "practice": proposal.owner.practice,
        "currency": proposal.owner.currency,
        "settled_minor": proposal.position.settled.minor,
        "payout_minor": proposal.amount.minor,
        "carried_minor": proposal.carried.minor,
    }


def _exchange(row: dict[str, Any]) -> dict[str, Any]:
    names = ("partner", "channel", "kind", "name", "invoice_number", "state", "stage", "attempts", "ruleset")
    return {name: row[name] for name in names} | {"sent_at": row["sent_at"], "answered_at": row["answered_at"]}


def _payment(row: dict[str, Any]) -> dict[str, Any]:
    names = ("booked", "amount_minor", "currency", "reference", "matched", "tier")
    return {name: row[name] for name in names}

"""What a demo leaves for people: replies as received, statements, a pay-out proposal, one self-contained HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, select_autoescape

from hub.pipeline import payouts, statements
from hub.pipeline.context import NIGHT
from hub.sandbox import demo_nl, demo_nl_own, example
from hub.sandbox.stage import Stage
from hub.store import inbounds, parties, tasks
from hub.texts import pick

if TYPE_CHECKING:
    from hub.sandbox.demo import Played


def write(stage: Stage, played: Played, language: str) -> None:
    """Write everything into the stage's out folder."""
    _replies(stage)
    told = _statements(stage)
    page = (
        _environment()
        .get_template("report.html")
        .render(played=played.as_json(), tasks=_tasks(stage, language), statements=told, moment=stage.hub.clock.now())
    )
    stage.keep("report.html", page.encode())


def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("hub.sandbox", "pages"), autoescape=select_autoescape())
    environment.filters["money"] = _amount
    return environment


def _amount(minor: int) -> str:
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def _replies(stage: Stage) -> None:
    """Answers as they came, under names that say nothing personal."""
    for country, tenant in (("nl", example.NL_TENANT), ("no", example.NO_TENANT)):
        with stage.hub.store.reading(tenant) as unit:
            for number, row in enumerate(inbounds.find(unit), start=1):
                stage.keep(f"{country}/received/{number:02d}-{row['kind'] or 'unread'}", inbounds.payload(unit, row))


def _statements(stage: Stage) -> list[dict[str, object]]:
    """Statements as their practices get them, and what may be paid on."""
    told = []
    wished = (*((each, demo_nl.PERIOD) for each in demo_nl.PRACTICES), *demo_nl_own.STATEMENTS)
    for practice, period in wished:
        for one in statements.make(stage.hub, example.NL_TENANT, period, NIGHT, practices=[practice]):
            body = one.row["body"]
            found = statements.shown(stage.hub, example.NL_TENANT, one.row)
            for form in ("pdf", "xlsx", "csv"):
                stage.keep(f"nl/statements/{practice}-{period}.{form}", statements.written(found, form))
            settled = body["balance"].get("settled", 0)
            told.append({"practice": practice, "settled": settled, "lines": len(body["lines"])})
    with stage.hub.store.reading(example.NL_TENANT) as unit:
        accounts = {each.code: each.party.account for each in parties.organisations(unit, "practice")}
        stage.keep("nl/payout-proposal.csv", payouts.proposals_csv(payouts.proposals(unit), accounts))
    return told


def _tasks(stage: Stage, language: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for tenant in (example.NL_TENANT, example.NO_TENANT):
        with stage.hub.store.reading(tenant) as unit:
            found += [
                {"text": pick(row["text"], language), "action": pick(row["action"], language)}
                for row in tasks.open_tasks(unit)
            ]
    return found

"""Two Dutch practices that claim in their own name: mental health by GDS801, and a finished file of another system.

A mental health practice hands in six performances: one is held, one stands there twice, four go to Zilveren Kruis
through VECOZO as one GDS801 message and come back by a GDS802: granted, changed, refused with a code. A
physiotherapist's own system made a PM304 file, which is checked, forwarded byte for byte, and answered.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hub.model.money import Money
from hub.model.reply import Code
from hub.paths import examples
from hub.pipeline import intake, receive, submit, views
from hub.pipeline.context import Actor
from hub.pipeline.finished import take_finished
from hub.pipeline.intake import IntakeRequest
from hub.pipeline.views import ClaimView
from hub.sandbox import example
from hub.sandbox.insurer import InsurerSandbox, Plan
from hub.sandbox.journal import Session, finished_claim_file
from hub.sandbox.stage import Stage
from hub.store import exchanges, schema
from mappings.vektis_responses import LineVerdict

TENANT = example.NL_TENANT
GGZ_LIST = "nl_zpm_performances.csv"
FINISHED = "FY2024-0007"
"""The number of the physiotherapist's file, in its own series."""
STATEMENTS = ((example.GGZ_PRACTICE, "2024Q1"), (example.PHYSIO_PRACTICE, "2024Q1"))
"""Whose statement of which period the demo leaves."""
PRESENT = datetime(2026, 4, 27, 8, tzinfo=UTC)
"""When it goes on for whoever opens the console: after both stories."""
_UZOVI, _FINISHED_UZOVI = "3311", "7119"
_CHANGED, _REFUSED, _SHOWN = "999940016", "999940028", "999940004"
_DEMO = Actor(name="demo", role="engineer")


def mental_health(stage: Stage, insurer: InsurerSandbox) -> None:
    """Six performances in, one message out, one response back."""
    stage.at(datetime(2024, 1, 22, 8, tzinfo=UTC), "a mental health practice hands in its performances (ZPM)")
    request = IntakeRequest(programme="zpm-performances", organisation=example.GGZ_PRACTICE, name=GGZ_LIST)
    data = (examples() / "nl" / GGZ_LIST).read_bytes()
    counts = intake.take(stage.hub, TENANT, request, data, _DEMO).counts()
    stage.say(
        f"  {counts['rows']} rows = {counts['claims']} claims, {counts['excluded']} excluded, {counts['held']} held "
        f"({', '.join(counts['codes'])}); not kept: {', '.join(counts['dropped_columns'])}"
    )
    stage.at(datetime(2024, 1, 22, 20, tzinfo=UTC), "the night: one GDS801 message, checked, through VECOZO")
    insurer.day = date(2024, 1, 24)
    insurer.plan(_UZOVI, _plan())
    submit.submit(stage.hub, TENANT)
    _keep_sent(stage, schema.exchange.c.kind == "vektis-GDS801-1.0")
    stage.at(datetime(2024, 1, 24, 20, tzinfo=UTC), "Zilveren Kruis answers by GDS802: granted, changed, refused")
    _collect(stage)
    for view in _claims(stage, example.GGZ_PRACTICE):
        stage.say(f"  {view.ref}: {view.decision}, {view.money.granted} of {view.money.claimed}")


def present(stage: Stage, insurer: InsurerSandbox) -> None:
    """The same performances once more, of this very month: what is refused of them can still be corrected."""
    stage.at(PRESENT, "the mental health practice hands in what it did this month")
    request = IntakeRequest(programme="zpm-performances", organisation=example.GGZ_PRACTICE, name=GGZ_LIST)
    data = (examples() / "nl" / GGZ_LIST).read_bytes()
    for then, now in ((b"-01-2024;", f"-{PRESENT:%m-%Y};"), (b"-2023;", f"-{PRESENT.year - 1};")):
        data = data.replace(then, now.encode())
    intake.take(stage.hub, TENANT, request, data, _DEMO)
    insurer.plan(_UZOVI, _plan())
    submit.submit(stage.hub, TENANT)
    stage.at(PRESENT + timedelta(days=2), "Zilveren Kruis answers: changed and refused, to be corrected by you")
    insurer.day = stage.clock.now().date()
    _collect(stage)


def _plan() -> Plan:
    """One line changed, one refused with a code, one named although nothing is wrong, the rest absent: granted."""
    changed = LineVerdict(granted=Money(9810, "EUR"), codes=(Code(list="COD954", code="8059"),))
    refused = LineVerdict(
        granted=Money(0, "EUR"), codes=(Code(list="COD954", code="8632", element="TypeVerwijzingcode"),)
    )
    return Plan(lines={_CHANGED: changed, _REFUSED: refused}, shown=frozenset({_SHOWN}))


def finished_file(stage: Stage, insurer: InsurerSandbox) -> None:
    """The physiotherapist's own PM304 file goes on as it is."""
    stage.at(datetime(2024, 1, 29, 9, tzinfo=UTC), "a finished PM304 file is checked and forwarded byte for byte")
    data = finished_claim_file(
        FINISHED,
        _sessions(),
        practice=example.PHYSIO_PRACTICE,
        performer="04099911",
        uzovi=_FINISHED_UZOVI,
        issued=stage.clock.now().date(),
    )
    stage.keep("nl/finished.asc", data)
    taken = take_finished(stage.hub, TENANT, data, "finished.asc", _DEMO)
    insurer.day = date(2024, 1, 31)
    submit.submit(stage.hub, TENANT)
    _keep_sent(stage, schema.exchange.c.invoice_number == FINISHED)
    stage.at(datetime(2024, 1, 31, 20, tzinfo=UTC), "CZ answers the finished file")
    _collect(stage)
    decided = ", ".join(f"{view.ref} {view.decision}" for view in _claims(stage, example.PHYSIO_PRACTICE))
    stage.say(f"  {FINISHED}: {taken.status}; {decided}")


def _sessions() -> list[Session]:
    one = Session(
        bsn="999940053",
        born=date(1958, 4, 1),
        sex="2",
        name="Voorbeeldrug",
        day=date(2024, 1, 10),
        cents=3650,
        ref="FY-71",
    )
    other = Session(
        bsn="999940065",
        born=date(1990, 12, 24),
        sex="1",
        name="Proefknie",
        day=date(2024, 1, 12),
        cents=3650,
        ref="FY-72",
    )
    return [one, other]


def _claims(stage: Stage, provider: str) -> list[ClaimView]:
    with stage.hub.store.reading(TENANT) as unit:
        return [view for view in views.claim_views(unit) if view.provider == provider]


def _keep_sent(stage: Stage, which: object) -> None:
    with stage.hub.store.reading(TENANT) as unit:
        for row in exchanges.find(unit, which):
            stage.keep(f"nl/sent/{row['name']}", exchanges.message(unit, row).payload)
            stage.say(f"  {row['name']} by {row['channel']}: {row['state']}")


def _collect(stage: Stage) -> None:
    for item in receive.collect(stage.hub, TENANT):
        stage.say(f"  {item.kind}: {item.state}{f' ({item.note})' if item.note else ''}")

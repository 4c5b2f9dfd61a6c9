"""Every point of a night at which the world changes is a point to die at: after each commit, around each call.

The night submits one claim file to VECOZO over mutual TLS, collects the insurer's response, applies and confirms it. A
process dies (SIGKILL) at the n-th point, for every n, and sometimes once more while it recovers; then one night runs in
peace, and everything must be as if nothing had happened.
"""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from hub.model.money import Money
from hub.model.reply import Code
from hub.paths import examples
from hub.pipeline import intake, views
from hub.pipeline.context import Actor
from hub.pipeline.intake import IntakeRequest
from hub.sandbox import example
from hub.sandbox.insurer import InsurerSandbox, Plan
from hub.sandbox.pki import Pki
from hub.sandbox.vecozo import Outgoing, VecozoSandbox
from hub.store import claims, exchanges, inbounds, money, parties
from mappings.vektis_responses import LineVerdict
from tests.crash.nursery import Nursery
from tests.crash.setting import MORNING, Setting, agree, open_setting, setting

NL = example.NL_TENANT
PAYERS = ("menzis", "vgz", "cz", "zilveren-kruis")
_REFUSED = LineVerdict(granted=Money(0, "EUR"), codes=(Code(list="COD957", code="101", element="0403"),))


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A hub with one list handed in and nothing sent: a folder to copy."""
    folder = tmp_path_factory.mktemp("ready")
    home = folder / "hub"
    home.mkdir()
    shutil.copy(sqlite_template, home / "kvitt.db")
    one = open_setting(setting(home, f"sqlite:///{home}/kvitt.db", now=MORNING))
    example.load_example(one.hub.store, home, examples())
    request = IntakeRequest(
        programme="module-quarter", organisation="01099901", module="PMO", period="2024Q1", name="list.csv"
    )
    data = (examples() / "nl" / "nl_ion_export_2024Q1.csv").read_bytes()
    intake.take(one.hub, NL, request, data, Actor(name="crash", role="support"))
    with one.hub.store.unit(NL) as unit:
        for row in claims.find(unit):
            if row["payer_code"] != "3332":
                claims.hold(unit, row["id"], "CRASH_TEST")
    one.close()
    return folder


class Night:
    """One copy of the hub, with a VECOZO and an insurer of its own."""

    def __init__(self, ready: Path, folder: Path, vecozo: VecozoSandbox) -> None:
        shutil.copytree(ready, folder)
        self.place = setting(folder / "hub", f"sqlite:///{folder}/hub/kvitt.db", now=MORNING)
        self.vecozo = vecozo
        one = open_setting(self.place)
        with one.hub.store.unit(NL) as unit:
            for payer in PAYERS:
                agree(unit, payer, channel="", settings=vecozo.settings())
            agree(unit, "bank", channel="folder", settings={"inbox": str(_empty(folder / "bank"))})
        one.close()

    def at(self, hours: int) -> Setting:
        """The hub some hours later."""
        return self.place.at(MORNING + timedelta(hours=hours))

    def outcome(self) -> dict[str, object]:
        """Everything that must be the same whatever happened on the way."""
        one = open_setting(self.at(100))
        try:
            with one.hub.store.reading(NL) as unit:
                rows = claims.find(unit)
                lines = claims.lines(unit, [row["id"] for row in rows])
                received = inbounds.find(unit)
                return {
                    "claims": {row["ref"]: (row["invoice_number"], row["hold_code"]) for row in rows},
                    "verdicts": {line["ref"]: (line["verdict"], line["granted_minor"]) for line in lines},
                    "decisions": len(money.decisions(unit)),
                    "postings": Counter(
                        (each.debit.value, each.credit.value, each.amount.minor) for each in money.postings(unit)
                    ),
                    "exchanges": [(row["business_key"], row["state"]) for row in exchanges.find(unit)],
                    "inbound": sorted((row["remote_id"], row["state"], row["confirmed"]) for row in received),
                    "tasks": sorted((row["kind"], row["claim_ref"]) for row in one.tasks(tenant=NL)),
                    "conserved": views.conservation(unit),
                    "organisations": len(parties.organisations(unit)),
                    "at vecozo": [item.payload for item in self.vecozo.received()],
                    "confirmed there": [item.confirmed for item in self.vecozo.store.queued.values()],
                }
        finally:
            one.close()


def _empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _vecozo(pki: Pki) -> VecozoSandbox:
    insurer = InsurerSandbox({"3332": Plan(lines={"999931428": _REFUSED})}, day=date(2024, 1, 17))
    return VecozoSandbox(
        pki,
        now=lambda: datetime.now(UTC),
        responder=lambda payload, _facts: [
            Outgoing(payload=each.payload, actie="Retour") for each in insurer.answer(payload)
        ],
    )


def _play(
    ready: Path, folder: Path, pki: Pki, nursery: Nursery, deaths: tuple[int, ...]
) -> tuple[int, dict[str, object]]:
    with _vecozo(pki) as vecozo:
        night = Night(ready, folder, vecozo)
        for hours, point in enumerate(deaths):
            nursery.start("night", setting=night.at(hours).arguments, tenant=NL, die_at=point).wait_gone()
        points = nursery.run("night", setting=night.at(len(deaths)).arguments, tenant=NL)
        if deaths:  # what was under way then has only been asked about so far
            nursery.run("night", setting=night.at(len(deaths) + 1).arguments, tenant=NL)
        found = night.outcome()
    shutil.rmtree(folder)
    return points, found


@pytest.fixture(scope="module")
def undisturbed(
    ready: Path, tmp_path_factory: pytest.TempPathFactory, pki: Pki, nursery: Nursery
) -> tuple[int, dict[str, object]]:
    """How many points a night has, and what comes of one in peace."""
    return _play(ready, tmp_path_factory.mktemp("peace") / "night", pki, nursery, ())


def test_a_night_in_peace_is_worth_comparing_with(undisturbed: tuple[int, dict[str, object]]) -> None:
    points, found = undisturbed
    assert points > 12, "a night has more steps than that"
    assert found["exchanges"] == [("NL:53099901:3332:PMO:2024Q1:debit:1", "delivered")]
    assert found["decisions"]
    assert found["conserved"] == []
    assert found["confirmed there"] == [True]
    assert len(found["at vecozo"]) == 1  # type: ignore[arg-type]


def test_dying_anywhere_changes_nothing_in_the_end(
    undisturbed: tuple[int, dict[str, object]], ready: Path, tmp_path: Path, pki: Pki, nursery: Nursery
) -> None:
    """Every third time the recovery dies too, at another point."""
    points, expected = undisturbed
    for point in range(1, points + 1):
        deaths = (point, (point * 7) % points + 1) if point % 3 == 0 else (point,)
        _, found = _play(ready, tmp_path / f"point{point}", pki, nursery, deaths)
        assert found == expected, f"died at {deaths}"

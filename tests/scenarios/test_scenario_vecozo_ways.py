"""Dutch claim files where VSP-Koppeling is not there yet: over the older SOAP service, and by hand in the Berichtloket."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from hub.pipeline import receive, release
from hub.sandbox.insurer import InsurerSandbox
from hub.sandbox.pki import make_pki
from hub.sandbox.server import Fault, Trouble
from hub.sandbox.vecozo_soap import EdpTrouble, Outgoing, VecozoSoapSandbox
from hub.store import inbounds, parties
from hub.store.unit import Row
from tests.scenarios.world import NL, SUPPORT, World, nl_list

ROOT = Path(__file__).resolve().parents[2]
ACCEPTED = datetime(2024, 1, 20, 8, tzinfo=UTC)


@pytest.fixture
def vecozo(tmp_path: Path) -> Iterator[VecozoSoapSandbox]:
    """VECOZO with an insurer behind it that grants everything at once."""
    insurer = InsurerSandbox({}, day=date(2024, 1, 20))

    def granted(payload: bytes, _facts: Mapping[str, str]) -> list[Outgoing]:
        return [Outgoing(payload=answer.payload) for answer in insurer.answer(payload)]

    pki = make_pki(tmp_path / "pki", now=datetime.now(UTC))
    with VecozoSoapSandbox(pki, now=lambda: ACCEPTED, responder=granted) as running:
        yield running
    assert not running.server.crashes


def agree(world: World, channel: str, settings: Mapping[str, str]) -> None:
    """Menzis is reached in another way from now on."""
    with world.unit(NL) as unit:
        (mine,) = [one for one in parties.agreements(unit) if one.partner == "menzis"]
        parties.put_agreement(unit, replace(mine, channel=channel, settings=dict(settings)))


def menzis(world: World) -> Row:
    """The exchange with UZOVI 3332, the first of the two that Menzis has."""
    found: Row = next(row for row in world.exchanges(NL) if row["meta"]["receiver"] == "3332")
    return found


def decisions(world: World) -> set[str]:
    return {view.decision for view in world.claims(NL).values() if view.payer_code == "3332"}


@pytest.fixture
def by_soap(world: World, vecozo: VecozoSoapSandbox, tmp_path: Path) -> World:
    """The hub, with Menzis behind the older service."""
    (tmp_path / "book").mkdir()
    agree(world, "vecozo_soap", vecozo.settings(tmp_path / "book"))
    return world


def test_a_file_goes_out_and_its_response_finds_it_by_vecozos_own_number(
    by_soap: World, vecozo: VecozoSoapSandbox
) -> None:
    by_soap.hand_in(nl_list())
    by_soap.submit(NL)
    row = menzis(by_soap)
    assert row["state"] == "sent"
    assert row["remote_id"] in {str(kept.number) for kept in vecozo.received()}
    done = by_soap.collect(NL)
    assert {one.state for one in done} == {inbounds.PROCESSED}
    assert by_soap.inbound(done[0].inbound_id)["meta"]["answers"] in {str(one.number) for one in vecozo.received()}
    assert (menzis(by_soap)["state"], decisions(by_soap)) == ("delivered", {"granted"})
    assert by_soap.collect(NL) == []


def test_what_vecozo_refuses_later_is_told_when_we_ask_about_its_number(
    by_soap: World, vecozo: VecozoSoapSandbox
) -> None:
    """It can only be asked about numbers it gave us: that is enough to learn that a file was refused afterwards."""
    vecozo._responder = lambda _payload, _facts: []
    by_soap.hand_in(nl_list())
    by_soap.submit(NL)
    number = int(menzis(by_soap)["remote_id"])
    vecozo.set_status(number, "AfgekeurdDoorVecozo", ("VSPEDP301", "wrong"))
    by_soap.collect(NL)
    assert menzis(by_soap)["state"] == "refused"
    assert "refused_by_network" in {task["kind"] for task in by_soap.tasks(NL)}


def test_a_submission_whose_answer_was_lost_is_never_sent_again_and_its_response_ends_the_doubt(
    by_soap: World, vecozo: VecozoSoapSandbox
) -> None:
    vecozo.misbehave(Fault(trouble=Trouble.CLOSE_AFTER_PROCESSING, path="Indienen", times=9))
    by_soap.hand_in(nl_list())
    by_soap.submit(NL)
    there = len(vecozo.received())
    assert menzis(by_soap)["state"] == "in_doubt"
    assert "in_doubt" in {task["kind"] for task in by_soap.tasks(NL)}
    vecozo.server.calm()
    for _ in range(3):
        by_soap.submit(NL)
    assert len(vecozo.received()) == there, "nobody sends what may have arrived"
    by_soap.collect(NL)
    assert (menzis(by_soap)["state"], decisions(by_soap)) == ("delivered", {"granted"})
    assert "in_doubt" not in {task["kind"] for task in by_soap.tasks(NL)}


def test_a_process_that_dies_between_download_and_commit_loses_no_response(
    by_soap: World, vecozo: VecozoSoapSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_soap.hand_in(nl_list())
    by_soap.submit(NL)

    def dies(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(receive, "_take", dies)
        with pytest.raises(SystemExit):
            by_soap.collect(NL)
    assert any(one.path.endswith("DownloadenRetourinformatieV1") for one in vecozo.server.log)
    by_soap.restart()
    assert {one.state for one in by_soap.collect(NL)} == {inbounds.PROCESSED}
    assert decisions(by_soap) == {"granted"}


_SENDER = """
import sys
from datetime import datetime
from pathlib import Path
from hub.clock import MovableClock
from hub.pipeline import submit
from tests.scenarios.world import NL, open_hub
url, home, now = sys.argv[1:]
submit.submit(open_hub(url, Path(home), MovableClock(datetime.fromisoformat(now))), NL)
"""


def test_a_sender_killed_while_vecozo_holds_its_answer_leaves_one_file_and_a_doubt_that_ends(
    by_soap: World, vecozo: VecozoSoapSandbox
) -> None:
    by_soap.hand_in(nl_list())
    vecozo.misbehave(Fault(trouble=EdpTrouble.HOLDS_ITS_ANSWER, path="Indienen", seconds=60))
    words = [by_soap.database.url, str(by_soap.home), by_soap.clock.now().isoformat()]
    with subprocess.Popen([sys.executable, "-c", _SENDER, *words], cwd=ROOT) as sender:
        deadline = time.monotonic() + 60
        while not vecozo.received() and sender.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        sender.kill()
    (first,) = vecozo.received()
    by_soap.restart()
    by_soap.at(by_soap.clock.now() + timedelta(hours=2))
    by_soap.submit(NL)
    payloads = [kept.payload for kept in vecozo.received()]
    assert payloads.count(first.payload) == 1
    (mine,) = [row for row in by_soap.exchanges(NL) if row["state"] == "in_doubt"]
    by_soap.collect(NL)
    (after,) = [row for row in by_soap.exchanges(NL) if row["id"] == mine["id"]]
    assert after["state"] == "delivered"


def test_by_hand_a_person_uploads_and_says_so_and_drops_the_response_into_a_folder(world: World) -> None:
    outbox, inbox = world.home / "berichtloket", world.home / "berichtloket-answers"
    outbox.mkdir()
    inbox.mkdir()
    settings = {"outbox": str(outbox), "inbox": str(inbox), "portal": "https://berichtloket.example", "max_mb": "25"}
    agree(world, "portal", settings | {"reference": "{name}"})
    world.hand_in(nl_list())
    world.submit(NL)
    row = menzis(world)
    assert row["state"] == "prepared"
    assert "person_uploads" in {task["kind"] for task in world.tasks(NL) if task["exchange_id"] == row["id"]}

    sheets = [json.loads(path.read_bytes()) for path in outbox.glob("*-form.json")]
    (sheet,) = [one for one in sheets if one["reference"] == row["name"]]
    file = outbox / sheet["file"]
    release.release(world.hub, NL, row["invoice_number"], SUPPORT, arrived=True, evidence="Berichtloket 4711")
    assert menzis(world)["state"] == "sent"
    world.submit(NL)
    assert menzis(world)["state"] == "sent"
    assert "person_uploads" not in {task["kind"] for task in world.tasks(NL) if task["exchange_id"] == row["id"]}

    (answer,) = InsurerSandbox({}, day=date(2024, 1, 20)).answer(file.read_bytes())
    (inbox / "download (1).ret").write_bytes(answer.payload)
    assert {one.state for one in world.collect(NL)} == {inbounds.PROCESSED}
    assert decisions(world) == {"granted"}
    assert [path.name for path in inbox.iterdir()] == ["done"]

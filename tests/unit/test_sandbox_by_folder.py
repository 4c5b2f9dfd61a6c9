"""A first try without any server: the sandbox answers what lies in the outbox and pays what it owes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.cli.boot import create_hub
from hub.clock import MovableClock
from hub.errors import ConfigurationError
from hub.model.exchange import Collected
from hub.paths import examples
from hub.pipeline import intake, receive, settle, submit, views
from hub.pipeline.context import Hub
from hub.pipeline.intake import IntakeRequest
from hub.pipeline.views import ClaimView
from hub.sandbox import by_folder, example
from hub.settings import default_settings

NL, NO = example.NL_TENANT, example.NO_TENANT
NL_LOG, NO_LOG = "nl/nl_ion_export_2024Q1.csv", "no/no_treatment_log.csv"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A sandbox hub with the example organisations, in spring 2026."""
    made = create_hub(default_settings(tmp_path), MovableClock(datetime(2026, 4, 15, 8, tzinfo=UTC)))
    example.load_example(made.store, tmp_path, examples())
    yield made
    made.store.close()


def sent(hub: Hub, tenant: str, asked: str = "") -> None:
    """The example list (with this insured number in its first row) or log is handed in and sent."""
    dutch = tenant == NL
    data = (examples() / (NL_LOG if dutch else NO_LOG)).read_bytes()
    request = IntakeRequest(
        programme="module-quarter" if dutch else "treatment-assignments",
        organisation="01099901" if dutch else example.CLINIC,
        module="PMO" if dutch else "",
        period="2024Q1" if dutch else "",
        name="list.csv",
    )
    intake.take(hub, tenant, request, data.replace(b";900000000", f";{asked or 900000000}".encode()))
    submit.submit(hub, tenant)


def claims_of(hub: Hub, tenant: str, payer: str) -> list[ClaimView]:
    """A payer's claims, in order."""
    with hub.store.reading(tenant) as unit:
        return [view for view in views.claim_views(unit) if view.payer == payer]


def booked(hub: Hub, tenant: str, payer: str) -> None:
    """The payer pays and the statement is taken in."""
    payload = by_folder.statement(hub, tenant, payer)
    receive.receive(hub, tenant, Collected(remote_id="statement", name="statement.xml", payload=payload))
    settle.settle(hub, tenant)


def test_a_dutch_file_is_answered_once_and_paid_in_one_amount(hub: Hub) -> None:
    sent(hub, NL)
    first = by_folder.answer(hub, NL, "menzis")
    assert len(first) == len(list((hub.home / "outbox" / "menzis").iterdir())) > 0
    assert by_folder.answer(hub, NL, "menzis") == [], "what was answered is not answered again"
    receive.collect(hub, NL)
    booked(hub, NL, "menzis")
    mine = claims_of(hub, NL, "menzis")
    assert len(mine) > 1
    assert {(view.decision, view.money.outstanding.minor) for view in mine} == {("granted", 0)}
    assert all(view.money.received == view.money.claimed for view in mine)


def test_a_magic_insured_number_is_refused_and_not_paid(hub: Hub) -> None:
    sent(hub, NL, asked="TEST-REFUSE")
    by_folder.answer(hub, NL, "menzis")
    receive.collect(hub, NL)
    booked(hub, NL, "menzis")
    mine = claims_of(hub, NL, "menzis")
    assert [view.decision for view in mine].count("refused") == 1
    assert sum(view.money.received.minor for view in mine) == sum(view.money.granted.minor for view in mine) > 0


def test_norwegian_invoices_are_paid_one_by_one_with_their_kid(hub: Hub) -> None:
    sent(hub, NO)
    booked(hub, NO, "forsikring-nord-test")
    mine = claims_of(hub, NO, "forsikring-nord-test")
    assert len(mine) == 2
    assert all(view.decision == "granted" and view.money.received == view.money.claimed for view in mine)


def test_who_owes_nothing_pays_nothing(hub: Hub) -> None:
    with pytest.raises(ConfigurationError, match="owes nothing"):
        by_folder.statement(hub, NL, "menzis")


def test_only_a_sandbox_plays_partners_and_only_under_an_agreement(hub: Hub) -> None:
    with pytest.raises(ConfigurationError, match="production"):
        by_folder.answer(replace(hub, stage="production"), NL, "menzis")
    with pytest.raises(ConfigurationError, match="no agreement with 'asr'"):
        by_folder.answer(hub, NL, "asr")

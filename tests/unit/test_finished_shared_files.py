"""Finished documents made by other people's products, where the shared example data is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hub.cli.boot import create_hub
from hub.clock import MovableClock
from hub.model.money import money
from hub.model.partner import Agreement, Identifier
from hub.model.party import Party
from hub.pipeline.context import Hub
from hub.pipeline.finished import recognise_finished, take_finished
from hub.pipeline.views import conservation
from hub.registry import Registry
from hub.settings import default_settings
from hub.store import claims, exchanges, parties

pytestmark = pytest.mark.shared


@dataclass
class Desk:
    """A hub whose one tenant is the sender of the samples and whose partners hold their payers' numbers."""

    hub: Hub

    def know(self, scheme: str, sender: str, payer: str, partner: str) -> None:
        known = self.hub.registry.by_name(partner)
        named = replace(
            known,
            identifiers=(
                *known.identifiers,
                Identifier(scheme=payer.split(":", maxsplit=1)[0], value=payer.split(":")[1]),
            ),
        )
        self.hub = replace(self.hub, registry=Registry({**self.hub.registry.partners, partner: named}))
        with self.hub.store.unit("one") as unit:
            parties.put_organisation(unit, "practice", Party(scheme=scheme, id=sender, name="TEST"))
            parties.put_agreement(unit, Agreement(id="", tenant="one", partner=partner, valid_from=date(2000, 1, 1)))

    def conserved(self) -> bool:
        with self.hub.store.reading("one") as unit:
            return conservation(unit) == []


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    hub = create_hub(default_settings(tmp_path / "home"), MovableClock(datetime(2026, 4, 15, 8, tzinfo=UTC)))
    hub.store.add_tenant("one", "one", "NL", "nl")
    yield Desk(hub)
    hub.store.close()


def test_an_all_credit_paramedical_file_of_another_product(shared: Path, desk: Desk) -> None:
    """It is marked P, so only production takes it; there its invented people are refused. As a test file it goes on."""
    data = (shared / "data" / "vektis" / "samples" / "PM304_anderman.dat").read_bytes()
    desk.know("AGB", "47471030", "UZOVI:0101", "menzis")
    real = take_finished(desk.hub, "one", data, "f")
    assert [finding.code for finding in real.findings if finding.blocks] == ["KVITT-STAGE-01"]
    test = data[:9] + b"T" + data[10:]
    result = take_finished(desk.hub, "one", test, "f")
    assert (result.status, len(result.claims)) == ("accepted", 4)
    with desk.hub.store.reading("one") as unit:
        (row,) = exchanges.find(unit)
        assert exchanges.message(unit, row).payload == test
        loaded = claims.load(unit, claims.find(unit))
    assert (row["invoice_number"], sum(claim.total.minor for claim in loaded)) == ("000040773801", -11520)
    assert {claim.kind.value for claim in loaded} == {"credit"}
    assert all(claim.corrects == claim.lines[0].previous_ref and "40772" in claim.corrects for claim in loaded)
    assert desk.conserved()


def test_the_published_norwegian_invoice(shared: Path, desk: Desk) -> None:
    """An invoice with VAT: what is claimed is what is to be paid."""
    data = (shared / "data" / "einvoice-suite" / "docs" / "ehf-billing" / "ehf-3-faktura-1.xml").read_bytes()
    assert recognise_finished(data) == "ubl-invoice"
    desk.know("0192", "123456785", "0192:987654325", "forsikring-nord-test")
    result = take_finished(desk.hub, "one", data, "f")
    assert (result.status, [finding.code for finding in result.findings if finding.blocks]) == ("accepted", [])
    with desk.hub.store.reading("one") as unit:
        (row,) = exchanges.find(unit)
        assert exchanges.message(unit, row).payload == data
        (claim,) = claims.load(unit, claims.find(unit))
    assert claim.invoice_number == result.claims[0]
    assert claim.kid == "0003434323213231"
    payable = re.search(r"PayableAmount[^>]*>([0-9.]+)<", data.decode())
    assert payable is not None
    assert claim.total == money(payable[1], "NOK")
    assert desk.conserved()


def test_every_billing_document_of_the_suite_is_taken_or_refused_never_a_crash(shared: Path, desk: Desk) -> None:
    seen: set[str] = set()
    for path in sorted((shared / "data" / "einvoice-suite" / "docs").rglob("*.[xX][mM][lL]")):
        data = path.read_bytes()
        if recognise_finished(data) is not None:
            seen.add(take_finished(desk.hub, "one", data, path.name).status)
    assert seen == {"refused"}

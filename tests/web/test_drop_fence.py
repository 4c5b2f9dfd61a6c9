"""The box of somebody who hands in for some organisations only: theirs goes in, everybody's and others' does not."""

from __future__ import annotations

import pytest

from hub.pipeline import drop
from hub.pipeline.context import Actor
from hub.pipeline.drop import NOBODY, Box, Whose
from hub.store import exchanges, inbounds, schema
from tests.web.consoles import CLINIC, NL, NO, OTHER_PRACTICE, PRACTICE, Console
from tests.web.programs import program
from tests.web.test_api_changing import list_of

ANNE = Actor(name="anne", role="support")
PMO = Whose(organisation=OTHER_PRACTICE, module="PMO", period="2024Q3")
TABLES = (schema.inbound, schema.declaration, schema.claim, schema.payment, schema.posting, schema.blob, schema.task)


def _counts(console: Console, tenant: str) -> list[int]:
    return [len(console.rows(tenant, table)) for table in TABLES]


def _box(console: Console, country: str, *within: str) -> Box:
    program(console)  # with coverage from the example tables
    tenant = {"NL": NL, "NO": NO}[country]
    return Box(hub=console.hub, tenant=tenant, country=country, within=frozenset(within))


def test_a_list_of_another_practice_is_not_taken_whoever_is_named(console: Console) -> None:
    box, data = _box(console, "NL", PRACTICE), list_of("2024Q3")
    before = _counts(console, NL)
    (seen,) = drop.look(box, "list.csv", data, PMO)
    assert seen.step == NOBODY
    assert drop.take(box, "list.csv", data, PMO, ANNE) == []
    assert _counts(console, NL) == before


def test_one_s_own_list_goes_in(console: Console) -> None:
    box, data = _box(console, "NL", OTHER_PRACTICE), list_of("2024Q3")
    assert drop.take(box, "list.csv", data, PMO, ANNE) == ["accepted"]


def test_a_payer_s_answer_is_for_who_sees_the_whole_tenant(console: Console) -> None:
    box = _box(console, "NL", PRACTICE)
    with console.hub.store.reading(NL) as unit:
        answers = [inbounds.payload(unit, row) for row in inbounds.find(unit) if row["kind"].startswith("vektis")]
    before = _counts(console, NL)
    for payload in answers:
        for data in (payload, payload + b" "):
            (seen,) = drop.look(box, "retour.asc", data, Whose())
            assert (seen.step, seen.kind) == (NOBODY, "refused")
            assert drop.take(box, "retour.asc", data, Whose(), ANNE) == []
    assert answers
    assert _counts(console, NL) == before


@pytest.mark.parametrize("own", [True, False])
def test_a_finished_invoice_is_taken_of_its_own_clinic(console: Console, *, own: bool) -> None:
    box = _box(console, "NO", CLINIC if own else "999000202")
    with console.hub.store.reading(NO) as unit:
        row = next(one for one in exchanges.find(unit) if one["kind"] == "ubl-invoice")
        data = exchanges.message(unit, row).payload.replace(row["invoice_number"].encode(), b"DROP-77")
    before = _counts(console, NO)
    (seen,) = drop.look(box, "faktura.xml", data, Whose())
    taken = drop.take(box, "faktura.xml", data, Whose(), ANNE)
    assert (seen.step == NOBODY, bool(taken)) == (not own, own)
    if not own:
        assert seen.would[0][0] == "said"
        assert _counts(console, NO) == before

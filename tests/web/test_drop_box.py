"""The box for any file: it says what a file is and what it would change; nothing is saved before the yes."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path

import pytest

from hub.intake.reference import read_coverage
from hub.model.money import Money
from hub.sandbox.bank import Booking, camt053_file
from hub.store import exchanges, inbounds, schema
from tests.web.consoles import NL, NO, PRACTICE, Console, Person

LISTS = Path(__file__).parents[2] / "examples" / "nl"
LIST = (LISTS / "nl_ion_export_2024Q1.csv").read_bytes()
LATER = LIST.replace(b";01-01-2024;", b";01-04-2024;")


@pytest.fixture
def support(console: Console) -> Person:
    """Support, with coverage from the example table."""
    tables = [(LISTS / name).read_bytes() for name in ("cov_example.csv", "cov_practice2.csv")]
    console.app.state.hub = replace(console.hub, coverage=lambda _tenant: read_coverage(*tables))
    return console.login("support")


def _drop(person: Person, data: bytes, name: str) -> tuple[int, str]:
    answer = person.send("/drop", {}, files={"file": (name, data, "application/octet-stream")})
    return answer.status_code, unescape(answer.text)


def _form(body: str) -> dict[str, str]:
    names = ("word", "organisation", "module", "period")
    part = body.split('action="/drop/take"')[1]
    return {name: re.findall(rf'name="{name}" value="([^"]*)"', part)[0] for name in names}


def _counts(console: Console, tenant: str = NL) -> list[int]:
    tables = (schema.inbound, schema.declaration, schema.claim, schema.payment, schema.posting, schema.blob)
    return [len(console.rows(tenant, table)) for table in tables]


def test_a_list_is_known_by_its_content_and_goes_to_intake(console: Console, support: Person) -> None:
    before = _counts(console)
    status, body = _drop(support, LATER, "iets.csv")
    assert status == 200
    assert "Lijst van ingeschreven patiënten" in body
    assert f"{PRACTICE} PMO 2024Q2" in body
    assert "20 regels" in body
    assert _counts(console) == before
    support.send("/drop/take", _form(body))
    lists = console.rows(NL, schema.declaration, schema.declaration.c.period == "2024Q2")
    assert len(lists) == 1


def test_an_answer_that_came_before_would_change_nothing(console: Console, support: Person) -> None:
    with console.hub.store.reading(NL) as unit:
        row = next(one for one in inbounds.find(unit) if one["kind"].startswith("vektis"))
        payload = inbounds.payload(unit, row)
    before = _counts(console)
    status, body = _drop(support, payload, "retour.asc")
    assert (status, "Retourbestand" in body, "al eerder ontvangen" in body) == (200, True, True)
    assert _counts(console) == before


def test_a_bank_file_says_what_it_would_book_and_then_books_it(console: Console, support: Person) -> None:
    data = _bank_file()
    before = _counts(console)
    status, body = _drop(support, data, "afschrift.xml")
    assert status == 200
    assert "Bankbestand" in body
    assert "Boekt 1 transacties" in body
    assert _counts(console) == before
    support.send("/drop/take", _form(body))
    assert len(console.rows(NL, schema.payment)) == before[3] + 1


def _bank_file() -> bytes:
    """A statement of the care group's account with one payment that names nothing."""
    booking = Booking(
        id="DROP1",
        amount=Money(1234, "EUR"),
        booked=date(2026, 6, 30),
        account="NL62TEST0987654321",
        payer_account="NL02ABNA0123456789",
        payer_name="Menzis",
        text="onbekend",
    )
    return camt053_file([booking], message="DROP-1", created=datetime(2026, 6, 30, 20, tzinfo=UTC))


def test_an_archive_is_looked_into(console: Console, support: Person) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("lijst.csv", LATER)
        archive.writestr("brief.txt", "Beste mensen, hierbij.")
    before = _counts(console)
    status, body = _drop(support, out.getvalue(), "alles.zip")
    assert status == 200
    assert "lijst.csv" in body
    assert "Niet herkend" in body
    assert _counts(console) == before


def test_medical_columns_macros_and_noise_are_refused_without_a_trace(console: Console, support: Person) -> None:
    lines = LATER.splitlines()
    medical = b"\n".join([lines[0] + b";ICPC", *(line + b";T90.02" for line in lines[1:])])
    before = _counts(console)
    status, body = _drop(support, medical, "lijst.csv")
    assert (status, "medische kolommen" in body, "ICPC" in body, "T90" in body) == (200, True, True, False)
    assert 'action="/drop/take"' not in body
    assert _drop(support, LATER, "lijst.xlsm")[0] == 422
    status, body = _drop(support, b"\x89PNG\r\n\x1a\n....", "scan.png")
    assert (status, "Niet herkend" in body) == (200, True)
    assert _counts(console) == before


def test_a_finished_invoice_of_ours_is_known_again(console: Console) -> None:
    person = console.login("support", "NO")
    with console.hub.store.reading(NO) as unit:
        row = exchanges.find(unit)[0]
        payload = exchanges.message(unit, row).payload
    before = _counts(console, NO)
    status, body = _drop(person, payload, "faktura.xml")
    assert status == 200
    assert "Ferdig faktura" in body
    assert _counts(console, NO) == before


def test_only_who_works_may_drop_and_a_preview_is_ones_own(console: Console, support: Person) -> None:
    _, body = _drop(support, LATER, "iets.csv")
    form = _form(body)
    other = console.login("support")
    other.send("/drop/take", form)
    assert not console.rows(NL, schema.declaration, schema.declaration.c.period == "2024Q2")
    for role in ("finance", "auditor", "provider", "engineer"):
        assert console.login(role).get("/drop").status_code == 404


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            b"uzovi;name;concern\n9901;Voorbeeld Zorg;Voorbeeld\n9902;Proef Zorg;\n",
            "UZOVI-nummer: 2 nieuw, 0 gewijzigd",
        ),
        (b"module;payer;amount\nPMO;9901;7.31\n", "Tarieven: 1 nieuw, 0 gewijzigd"),
    ],
)
def test_a_list_that_sets_up_the_hub_is_known_and_saved_elsewhere(
    console: Console, support: Person, data: bytes, said: str
) -> None:
    before = console.rows(NL, schema.reference)
    status, body = _drop(support, data, "iets.csv")
    assert (status, said in body) == (200, True)
    assert "/drop/take" not in body
    assert console.rows(NL, schema.reference) == before


def test_a_list_that_came_before_is_not_offered_again(console: Console, support: Person) -> None:
    _, body = _drop(support, LIST, "iets.csv")
    assert "/drop/take" not in body
    assert len(console.rows(NL, schema.declaration, schema.declaration.c.period == "2024Q1")) > 0

"""Help for a help desk: a message to copy that names nobody, and a bundle in which everybody is invented."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date

import pytest

from hub.errors import ContentError
from hub.model.identity import is_bban, is_bsn, is_kid, is_orgnr
from hub.pipeline import bundle
from hub.pipeline.context import Actor
from hub.store import claims, exchanges, schema
from hub.store.unit import Row
from schemas import gds, peppol, ubl, vektis
from tests.web.consoles import NL, NO, Console

SUPPORT = Actor(name="somebody", role="support")


def task_of(console: Console, tenant: str = NL, cause: str = "COD957:101") -> str:
    """A refusal."""
    where = [schema.task.c.kind == "rejection", schema.task.c.state == "open"]
    where += [schema.task.c.cause == cause] if cause else []
    return str(console.rows(tenant, schema.task, *where)[0]["id"])


def opened(payload: bytes) -> dict[str, bytes]:
    """What is in a zip file."""
    with zipfile.ZipFile(io.BytesIO(payload)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sent(console: Console, tenant: str, row: Row) -> bytes:
    """What was really sent."""
    with console.hub.store.reading(tenant) as unit:
        return exchanges.message(unit, row).payload


def people(console: Console, tenant: str, row: Row) -> set[bytes]:
    """Numbers and names of everybody in a message."""
    with console.hub.store.reading(tenant) as unit:
        found = claims.load(unit, claims.find(unit, schema.claim.c.exchange_id == row["id"]))
    said = {text for one in found for text in (one.person.bsn, one.person.fnr, one.person.local_ref, one.person.name)}
    return {text.encode() for text in said if len(text) > 4}


def judged(kind: str) -> Callable[[bytes], list[tuple[str, str]]]:
    """What the rules of a format say, without places and values."""
    if kind.startswith("vektis-GDS"):
        return lambda data: [(one.code, one.severity.value) for one in gds.check(data, on=date(2024, 2, 1))]
    if kind.startswith("vektis"):
        return lambda data: [(one.code, one.severity.value) for one in vektis.check(data)]
    return lambda data: [(one.code, one.severity.value) for one in peppol.check(data, on=date(2026, 4, 15))]


@pytest.mark.parametrize("tenant", [NL, NO])
def test_every_message_s_bundle_passes_the_same_checks_and_holds_nobody(console: Console, tenant: str) -> None:
    rows = console.rows(tenant, schema.exchange)
    assert len(rows) > 5
    known: set[bytes] = set()
    for row in rows:
        files = opened(bundle.of_exchange(console.hub, tenant, row["id"], SUPPORT).payload)
        (name,) = [name for name in files if name.startswith("message/")]
        true, fake = sent(console, tenant, row), files[name]
        check = judged(row["kind"])
        assert check(fake) == check(true), row["business_key"]
        assert fake != true
        everybody = people(console, tenant, row)
        known |= everybody
        for name, data in files.items():
            assert not [one for one in everybody if one in data], (row["business_key"], name)
    assert len(known) > 2, "there was somebody to look for"


def test_fakes_of_a_vektis_file_keep_check_digits_totals_and_are_the_same_in_its_answer(console: Console) -> None:
    row = next(one for one in console.rows(NL, schema.exchange) if one["kind"].startswith("vektis-HA"))
    files = opened(bundle.of_exchange(console.hub, NL, row["id"], SUPPORT).payload)
    fake = vektis.read(files["message/sent.asc"])
    true = vektis.read(sent(console, NL, row))
    numbers = [one.string("NUM313") for one in fake.records if one.kind == "02"]
    assert numbers
    assert all(is_bsn(number) for number in numbers)
    assert fake.trailer is not None
    assert true.trailer is not None
    assert fake.trailer.text == true.trailer.text, "counts and totals are the true ones"
    answer = next(data for name, data in files.items() if name.startswith("answers/"))
    back = {one.string("NUM313") for one in vektis.read(answer).records if one.kind == "02"}
    assert back <= set(numbers), "the same person has the same invented number"


def test_fakes_of_an_ehf_have_right_check_digits_and_a_kid_over_the_invented_number(console: Console) -> None:
    (row,) = console.rows(NO, schema.exchange, schema.exchange.c.invoice_number == "10001")
    files = opened(bundle.of_exchange(console.hub, NO, row["id"], SUPPORT).payload)
    true, fake = ubl.read(sent(console, NO, row)), ubl.read(files["message/sent.xml"])
    assert fake.number != true.number
    assert fake.order_reference != true.order_reference
    text = files["message/sent.xml"].decode()
    (kid,) = re.findall(r"<cbc:PaymentID>(\d+)<", text)
    assert is_kid(kid)
    assert kid[:-1].lstrip("0") == fake.number
    (account,) = re.findall(r"PayeeFinancialAccount>\s*<cbc:ID>(\d+)<", text)
    assert is_bban(account)
    (seller, *_) = re.findall(r'schemeID="0192">(\d+)<', text)
    assert is_orgnr(seller)
    assert seller != "310000086"
    assert fake.totals == true.totals


def test_of_one_claim_only_its_own_line_is_in_the_bundle_and_the_file_adds_up(console: Console) -> None:
    person = console.login("support")
    (row,) = console.rows(NL, schema.claim, schema.claim.c.ref == "R000000009")
    together = console.rows(NL, schema.claim, schema.claim.c.exchange_id == row["exchange_id"])
    assert len(together) > 1
    answer = person.send("/helpdesk/bundle/claim", {"ref": "R000000009"})
    assert answer.headers["content-type"] == "application/zip"
    assert "attachment" in answer.headers["content-disposition"]
    files = opened(answer.content)
    lines = [one for one in vektis.read(files["message/sent.asc"]).records if one.kind == "04"]
    assert len(lines) == 1
    assert not [one for one in vektis.check(files["message/sent.asc"]) if one.blocks]
    assert "bundle" in [look["action"] for look in console.looks(NL)]


def test_a_mail_is_named_and_left_out_because_nobody_can_be_made_anonymous_in_it(console: Console) -> None:
    (row,) = console.rows(NO, schema.exchange, schema.exchange.c.invoice_number == "10003")
    made = bundle.of_exchange(console.hub, NO, row["id"], SUPPORT)
    assert [name.split(":")[0] for name in made.left_out] == ["answers/01-mail"]
    assert "answers/01-mail" not in made.files


def test_a_bundle_in_which_somebody_would_still_stand_is_not_given_out(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.pipeline.pseudonyms.Pseudonyms.of", lambda _self, payload: payload)
    row = console.rows(NL, schema.exchange)[0]
    with pytest.raises(ContentError, match="not given out"):
        bundle.of_exchange(console.hub, NL, row["id"], SUPPORT)
    page = console.login("support").send("/helpdesk/bundle/claim", {"ref": "R000000009"})
    assert page.status_code == 409


@pytest.mark.parametrize(("tenant", "country", "language"), [(NL, "NL", "nl"), (NO, "NO", "nb")])
def test_messages_to_practice_and_payer_are_in_their_language_masked_and_with_their_contact(
    console: Console, tenant: str, country: str, language: str
) -> None:
    person = console.login("support", country)
    said = person.see(f"/helpdesk/{task_of(console, tenant, '')}")
    assert said.count(f'readonly lang="{language}">') == 2
    for row in console.rows(tenant, schema.exchange):
        assert not [one for one in people(console, tenant, row) if one.decode() in said]
    if country == "NO":
        assert "oppgjor@trygg-testforsikring.example" in said, "the payer's contact for claims"
    assert "***" in said
    english = person.see(f"/helpdesk/{task_of(console, tenant, '')}?language=en")
    assert "refused a claim of yours" in english


def test_that_a_message_was_sent_is_noted_with_the_refusal(console: Console) -> None:
    person = console.login("support")
    task = task_of(console)
    person.send(f"/helpdesk/{task}/told", {"whom": "practice"})
    (note,) = console.rows(NL, schema.task_note)
    assert (note["kind"], note["text"]) == ("told", "practice")
    assert person.send(f"/helpdesk/{task}/told", {"whom": "press"}).status_code == 422


def test_nothing_of_another_tenant_is_given_out(console: Console) -> None:
    foreigner = console.login("support", "NO")
    before = len(console.looks(NO))
    assert foreigner.get(f"/helpdesk/{task_of(console)}").status_code == 404
    assert foreigner.send("/helpdesk/bundle/claim", {"ref": "R000000009"}).status_code == 404
    key = console.rows(NL, schema.exchange)[0]["business_key"]
    assert foreigner.send("/helpdesk/bundle/exchange", {"ref": key}).status_code == 404
    assert len(console.looks(NO)) == before + 3


@pytest.mark.parametrize("role", ["provider", "engineer", "finance", "auditor"])
def test_only_who_works_on_claims_makes_bundles(console: Console, role: str) -> None:
    person = console.login(role)
    assert person.send("/helpdesk/bundle/claim", {"ref": "R000000009"}).status_code == 404
    assert person.get(f"/helpdesk/{task_of(console)}").status_code == 404


def test_a_form_without_its_secret_is_refused(console: Console) -> None:
    person = console.login("support")
    assert person.client.post("/helpdesk/bundle/claim", data={"ref": "R000000009"}).status_code == 403

"""Correct and resubmit through the pages: only what is wrong, checked as typed, seen before it is sent (S22, S23, S24)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urljoin

import pytest
from httpx2 import Response

from hub.model.exchange import Collected
from hub.pipeline import receive, views
from hub.store import exchanges, schema
from hub.store.unit import Row
from tests.scenarios.test_scenario_invoices_no import response
from tests.scenarios.vektis_bytes import Ha305, Line, refs
from tests.web.consoles import NL, NO, Console, Person

REFUSED = "COD957:101"
_FORM = re.compile(r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
_INPUT = re.compile(r"<input\b[^>]*>")


def claim_of(console: Console, cause: str, tenant: str = NL) -> str:
    """The claim that was refused for a cause."""
    (found,) = console.rows(tenant, schema.task, schema.task.c.cause == cause, schema.task.c.state == "open")
    return str(found["claim_ref"])


def made_of(console: Console, ref: str, tenant: str = NL) -> dict[str, Row]:
    """The claims that correct one, by kind."""
    return {row["kind"]: row for row in console.rows(tenant, schema.claim, schema.claim.c.corrects == ref)}


def conserved(console: Console, tenant: str) -> None:
    """Both money equations hold now."""
    with console.hub.store.reading(tenant) as unit:
        assert views.conservation(unit) == []


@dataclass(slots=True)
class Clicker:
    """Somebody who only follows links and presses buttons that a page shows; every one of them counts."""

    person: Person
    clicks: int = 0
    html: str = ""
    at: str = ""
    seen: list[str] = field(default_factory=list)

    def start(self, path: str) -> None:
        """Where the day begins."""
        self._arrive(self.person.get(path, follow_redirects=True))

    def link(self, pattern: str) -> None:
        """Press the first link whose address fits."""
        address = next(one for one in re.findall(r'href="([^"]+)"', self.html) if re.search(pattern, unescape(one)))
        self.clicks += 1
        self._arrive(self.person.get(urljoin(self.at, unescape(address)), follow_redirects=True))

    def press(self, pattern: str, **typed: str) -> None:
        """Fill a form in and press its button."""
        action, body = next(one for one in _FORM.findall(self.html) if re.search(pattern, unescape(one[0])))
        found = [dict(re.findall(r'(\w+)="([^"]*)"', one)) for one in _INPUT.findall(body)]
        data = {one["name"]: unescape(one.get("value", "")) for one in found if one.get("type") != "checkbox"}
        self.clicks += 1
        answer = self.person.client.post(unescape(action), data=data | typed, follow_redirects=True)
        self._arrive(answer)

    def _arrive(self, answer: Response) -> None:
        assert answer.status_code == 200, (str(answer.url), answer.text[:1000])
        self.html, self.at = answer.text, str(answer.url)
        self.seen.append(self.at)


def test_from_today_to_a_resubmitted_correction_in_at_most_six_clicks(console: Console) -> None:
    ref = claim_of(console, REFUSED)
    clicker = Clicker(console.login("support"))
    clicker.start("/today")
    clicker.link(r"^/rejections")
    clicker.link(rf"^/claims/{ref}/correct$")
    clicker.press(rf"/claims/{ref}/correct$", **{"v.payer_code": "3313"})
    clicker.press(rf"/claims/{ref}/correct/send$")
    clicker.press(rf"/claims/{ref}/submit$")
    assert clicker.clicks <= 6, clicker.seen
    fresh = made_of(console, ref)["debit"]
    assert (fresh["payer_code"], fresh["hold_code"]) == ("3313", "")
    (message,) = console.rows(NL, schema.exchange, schema.exchange.c.id == fresh["exchange_id"])
    assert message["meta"]["receiver"] == "3313"
    conserved(console, NL)


def test_only_what_the_code_names_can_be_edited_until_everything_is_asked_for(console: Console) -> None:
    ref = claim_of(console, REFUSED)
    person = console.login("support")
    few = re.findall(r'name="v\.([^"]+)"', person.see(f"/claims/{ref}/correct"))
    assert few == ["payer_code"]
    every = re.findall(r'name="v\.([^"]+)"', person.see(f"/claims/{ref}/correct?everything=true"))
    assert {"payer_code", "birth_date", "name", "1.price", "1.code", "1.performer"} <= set(every)
    assert "bsn" not in " ".join(every), "another BSN is another person's claim"


def test_a_person_s_values_are_masked_and_stay_when_their_field_is_left_empty(console: Console) -> None:
    ref = claim_of(console, REFUSED)
    person = console.login("support")
    page = person.see(f"/claims/{ref}/correct?everything=true")
    assert not re.search(r'name="v\.(?:birth_date|name|postal_code)"[^>]*value="[^"]', page)
    assert "*****" in page
    preview = person.send(f"/claims/{ref}/correct", {"v.birth_date": "", "v.name": "", "v.payer_code": "3313"}).text
    assert preview.count('class="diff-new"') == 1, "only the insurer changes"


@pytest.mark.parametrize(
    ("key", "typed", "said"),
    [
        ("payer_code", "33", "vier cijfers"),
        ("birth_date", "31-01-1980", "2026-01-31"),
        ("1.price", "much", "640,00"),
        ("1.performer", "123", "acht cijfers"),
        ("name", "x" * 26, "25"),
        ("reclaim_code", "77", "codelijst"),
    ],
)
def test_a_field_is_checked_as_typed_and_again_by_the_button(console: Console, key: str, typed: str, said: str) -> None:
    ref = claim_of(console, REFUSED)
    person = console.login("support")
    part = person.send(f"/claims/{ref}/correct/check", {f"v.{key}": typed}, headers={"hx-request": "true"})
    assert said in part.text
    assert "<html" not in part.text
    whole = person.send(f"/claims/{ref}/correct", {f"v.{key}": typed, "everything": "true"})
    assert said in whole.text
    assert 'aria-invalid="true"' in whole.text or key == "reclaim_code"
    sent = person.send(f"/claims/{ref}/correct/send", {f"v.{key}": typed})
    assert said in sent.text or "diff-new" not in sent.text
    assert not made_of(console, ref), "nothing was made"


def test_the_same_correction_pressed_twice_is_made_once(console: Console) -> None:
    ref = claim_of(console, REFUSED)
    person = console.login("support")
    for _ in range(2):
        person.send(f"/claims/{ref}/correct/send", {"v.payer_code": "3313"})
    assert len(console.rows(NL, schema.claim, schema.claim.c.corrects == ref)) == 1


def test_what_the_clearing_house_refused_goes_out_again_under_its_own_reference(console: Console) -> None:
    ref = claim_of(console, "COD957:160")
    person = console.login("support")
    assert "v.1.performer" in person.see(f"/claims/{ref}/correct")
    person.send(f"/claims/{ref}/correct/send", {"v.1.performer": "01059999"})
    (row,) = console.rows(NL, schema.claim, schema.claim.c.ref == ref)
    assert (row["exchange_id"], row["hold_code"]) == (None, "")
    conserved(console, NL)


@pytest.mark.scenario("S22")
def test_s22_an_approved_norwegian_invoice_takes_no_credit_note_and_a_separate_invoice_is_offered(
    console: Console,
) -> None:
    person = console.login("support", "NO")
    before = len(console.rows(NO, schema.claim))
    page = person.see("/claims/10001/credit")
    assert "etter godkjenning tas ingen kreditnota imot" in page
    assert "Egen faktura i stedet" in page
    assert "6TST1" in page
    assert '<form method="post" action="/claims/10001/credit">' not in page
    assert person.send("/claims/10001/credit").status_code == 409
    assert "etter godkjenning" in person.see("/claims/10001/correct")
    assert len(console.rows(NO, schema.claim)) == before


@pytest.mark.scenario("S23")
def test_s23_a_rejection_that_asks_for_it_gets_a_credit_note_and_a_new_invoice(console: Console) -> None:
    asks = response("10003", "RE").replace(
        b"</cac:Status></cac:Response>",
        b'</cac:Status><cac:Status><cbc:StatusReasonCode listID="OPStatusAction">CNF</cbc:StatusReasonCode>'
        b"</cac:Status></cac:Response>",
    )
    receive.receive(console.hub, NO, Collected(remote_id="asks", name="asks.xml", payload=asks))
    person = console.login("support", "NO")
    preview = person.send("/claims/10003/correct", {"drop": "2"}).text
    assert "Kreditnota og ny faktura" in preview
    person.send("/claims/10003/correct/send", {"drop": "2"})
    made = made_of(console, "10003", NO)
    assert {row["case_ref"] for row in made.values()} == {"6TST4"}, "the SakID stands in both"
    assert made["credit"]["invoice_number"] != made["debit"]["invoice_number"] != "10003"
    assert made["debit"]["kid"]
    conserved(console, NO)


@pytest.mark.scenario("S24")
def test_s24_a_granted_dutch_claim_is_credited_in_full_first_and_the_debit_waits(console: Console) -> None:
    granted = [row["claim_id"] for row in console.rows(NL, schema.claim_line) if row["verdict"] == "granted"]
    claim = next(
        row
        for row in console.rows(NL, schema.claim, schema.claim.c.id.in_(granted))
        if row["kind"] == "debit" and row["payer"] == "menzis" and row["period"] == "2024Q1" and not row["corrects"]
    )
    ref = claim["ref"]
    person = console.login("support")
    preview = person.send(f"/claims/{ref}/correct", {"v.1.price": "0,99", "everything": "true"}).text
    assert "Volledige credit, daarna een nieuwe declaratie" in preview
    page = person.send(f"/claims/{ref}/correct/send", {"v.1.price": "0,99"}).text
    assert "AWAITS_CREDIT" in page
    made = made_of(console, ref)
    (asked,) = console.rows(NL, schema.claim_line, schema.claim_line.c.claim_id == claim["id"])
    (back,) = console.rows(NL, schema.claim_line, schema.claim_line.c.claim_id == made["credit"]["id"])
    assert back["amount_minor"] == -asked["amount_minor"], "a partial credit is impossible"

    person.send(f"/claims/{ref}/submit")
    (credit,) = console.rows(NL, schema.claim, schema.claim.c.id == made["credit"]["id"])
    with console.hub.store.reading(NL) as unit:
        sent = exchanges.message(unit, exchanges.get(unit, credit["exchange_id"])).payload
    assert refs(sent), "the credit is in a file"
    refusal = Ha305(sent=sent, lines={bsn: Line(0, [("0411", "987")]) for bsn in refs(sent)}, payer_ref="INS-7").bytes()
    receive.receive(console.hub, NL, Collected(remote_id="no-credit", name="no-credit", payload=refusal))
    (debit,) = console.rows(NL, schema.claim, schema.claim.c.id == made["debit"]["id"])
    assert (debit["hold_code"], debit["exchange_id"]) == ("WITHDRAWN", None), "without the credit it is never sent"
    conserved(console, NL)


def test_a_claim_that_has_not_left_can_be_held_once_and_one_that_has_cannot(console: Console) -> None:
    person = console.login("support")
    ref = claim_of(console, REFUSED)
    person.send(f"/claims/{ref}/correct/send", {"v.payer_code": "3313"})
    fresh = made_of(console, ref)["debit"]["ref"]
    person.send(f"/claims/{fresh}/hold", {"reason": "the practice asked to wait"})
    assert made_of(console, ref)["debit"]["hold_code"] == "HELD_BY_PERSON"
    (task,) = console.rows(NL, schema.task, schema.task.c.claim_ref == fresh)
    assert "the practice asked to wait" in task["text"]["nl"]
    assert person.send(f"/claims/{fresh}/hold", {"reason": "again"}).status_code == 409
    gone = person.send(f"/claims/{ref}/hold", {"reason": "too late"})
    assert gone.status_code == 409
    assert "niet meer worden tegengehouden" in gone.text


def test_another_tenant_s_claim_is_not_there_to_correct(console: Console) -> None:
    ref = claim_of(console, REFUSED)
    foreigner = console.login("support", "NO")
    before = len(console.looks(NO))
    for path in ("correct", "credit", "hold", "corrected"):
        assert foreigner.get(f"/claims/{ref}/{path}").status_code == 404
    assert foreigner.send(f"/claims/{ref}/correct/send", {"v.payer_code": "3313"}).status_code == 404
    assert foreigner.send(f"/claims/{ref}/credit").status_code == 404
    assert foreigner.send(f"/claims/{ref}/hold", {"reason": "mine"}).status_code == 404
    assert len(console.looks(NO)) == before + 7
    assert not made_of(console, ref)


@pytest.mark.parametrize("role", ["provider", "engineer", "finance", "privacy_officer", "auditor"])
def test_only_support_corrects(console: Console, role: str) -> None:
    ref = claim_of(console, REFUSED)
    person = console.login(role)
    assert person.get(f"/claims/{ref}/correct").status_code == 404
    assert person.send(f"/claims/{ref}/correct/send", {"v.payer_code": "3313"}).status_code == 404
    assert not made_of(console, ref)


def test_a_form_without_its_secret_is_refused(console: Console) -> None:
    person = console.login("support")
    ref = claim_of(console, REFUSED)
    assert person.client.post(f"/claims/{ref}/correct/send", data={"v.payer_code": "3313"}).status_code == 403
    assert not made_of(console, ref)

"""A day at the office in a real browser: support, finance, engineer, privacy officer and auditor (requirements 5)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from hub.model.money import Money
from hub.pipeline import identity, views
from hub.pipeline.context import Actor
from hub.sandbox.bank import Booking, camt053_file
from hub.store import parties, schema
from tests.web.browsers import Site
from tests.web.consoles import LATER, NL, NO, OTHER_PRACTICE, PASSWORD, PRACTICE

REFUSED = "COD957:101"
ADMIN = Actor(name="admin", role="engineer")


@dataclass(slots=True)
class Hand:
    """A hand at a page: it only follows what the page shows, and every press of it counts."""

    page: Page
    clicks: int = 0

    def click(self, what: str) -> None:
        """Press something that can be seen."""
        self.page.locator(what).first.click()
        self.clicks += 1

    def enter(self) -> None:
        """Send the form one is typing in."""
        self.page.keyboard.press("Enter")
        self.clicks += 1

    def sees(self, what: str) -> str:
        """The text of something that must be there."""
        return str(self.page.wait_for_selector(what).inner_text())  # type: ignore[union-attr]


def rows(site: Site, tenant: str, table: Any, *where: Any) -> list[dict[str, Any]]:
    """What is stored."""
    return site.console.rows(tenant, table, *where)


def conserved(site: Site, tenant: str) -> bool:
    """Whether both money equations hold now."""
    with site.console.hub.store.reading(tenant) as unit:
        return views.conservation(unit) == []


def a_second(site: Site, role: str) -> str:
    """A colleague in the same role; gives the login."""
    login = f"second-{role}"
    with site.console.hub.store.unit(NL) as unit:
        parties.put_user(unit, login, name="Second", role=role, organisation_id=None, language="nl")
    identity.set_password(site.console.hub, NL, login, PASSWORD, ADMIN)
    return login


def entered(site: Site, login: str) -> Page:
    """A page in which this person has logged in."""
    page = site.browser.new_context(base_url=site.address).new_page()
    page.goto("/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    return page


def test_support_resubmits_a_dutch_rejection_from_today_in_at_most_six_clicks(stories: Site) -> None:
    (task,) = rows(stories, NL, schema.task, schema.task.c.cause == REFUSED, schema.task.c.state == "open")
    ref = task["claim_ref"]
    page = stories.login("support")
    page.goto("/today")
    hand = Hand(page)
    hand.click(".tiles a[href^='/rejections']")
    assert REFUSED in page.inner_text("main")
    hand.click(f"a[href='/claims/{ref}/correct']")
    page.fill("[name='v.payer_code']", "3313")
    hand.enter()
    hand.sees("#difference")
    hand.click(f"form[action='/claims/{ref}/correct/send'] button")
    hand.click(f"form[action='/claims/{ref}/submit'] button")
    hand.sees(".said")
    assert hand.clicks <= 6
    made = rows(stories, NL, schema.claim, schema.claim.c.corrects == ref)
    assert [(row["payer_code"], row["exchange_id"] is not None) for row in made] == [("3313", True)]
    assert conserved(stories, NL)
    page.context.close()


def test_support_resubmits_a_norwegian_rejection_from_today_in_at_most_six_clicks(stories: Site) -> None:
    page = stories.login("support", "NO")
    page.goto("/today")
    hand = Hand(page)
    hand.click(".tiles a[href^='/rejections']")
    hand.click("a[href='/claims/10003/correct']")
    hand.click("input[name=drop][value='2']")
    hand.enter()
    hand.sees("#difference")
    hand.click("form[action='/claims/10003/correct/send'] button")
    hand.click("form[action='/claims/10003/submit'] button")
    hand.sees(".said")
    assert hand.clicks <= 6
    (made,) = rows(stories, NO, schema.claim, schema.claim.c.corrects == "10003")
    assert made["exchange_id"]
    assert conserved(stories, NO)
    page.context.close()


def test_finance_hands_in_a_bank_file_and_matches_what_the_hub_would_not_guess(stories: Site, tmp_path: Path) -> None:
    (claim,) = rows(stories, NO, schema.claim, schema.claim.c.invoice_number == "10002")
    booking = Booking(
        id="story-1",
        amount=Money(83500, "NOK"),
        booked=date(2026, 6, 30),
        account="99990101015",
        payer_account="15030000027",
        payer_name="Helseforsikring",
        text="",
    )
    file = tmp_path / "bank.xml"
    file.write_bytes(camt053_file([booking], message="STORY-1", created=LATER))
    page = stories.login("finance", "NO")
    page.goto("/payments")
    page.set_input_files("input[name=file]", file)
    hand = Hand(page)
    hand.click("form[action='/payments/file'] button")
    hand.sees("form[action='/payments/file/receive']")
    payment = (schema.payment.c.amount_minor == 83500, schema.payment.c.booked == date(2026, 6, 30))
    assert not rows(stories, NO, schema.payment, *payment), "a look stores nothing"
    hand.click("form[action='/payments/file/receive'] button")
    hand.click("tbody td a[href^='/payments/']")
    hand.click("form[action$='/match'] button")
    hand.sees(".said")
    (booked,) = rows(stories, NO, schema.payment, *payment)
    assert booked["matched"] == "by_hand"
    assert claim["ref"] in page.inner_text("main")
    assert conserved(stories, NO)
    page.context.close()


@pytest.mark.scenario("S37")
def test_s37_a_payout_is_proposed_by_one_and_approved_by_another_to_the_account_that_was_frozen(stories: Site) -> None:
    one = stories.login("finance")
    one.goto("/payouts")
    one.click("form[action='/payouts/propose'] button")
    assert PRACTICE in one.inner_text("main")
    assert OTHER_PRACTICE in one.inner_text("main")
    one.goto("/payouts")
    assert one.locator("input[name=numbers]").count() == 0, "nobody approves what they proposed"
    proposed = rows(stories, NL, schema.payout)
    assert {row["state"] for row in proposed} == {"proposed"}
    two = entered(stories, a_second(stories, "finance"))
    two.goto("/payouts")
    for box in two.locator("input[name=numbers]").all():
        box.check()
    two.fill("input[name=amount]", "0,01")
    two.click("form[action='/payouts/approve'] button")
    assert {row["state"] for row in rows(stories, NL, schema.payout)} == {"proposed"}, "not the sum they saw"
    for box in two.locator("input[name=numbers]").all():
        box.check()
    minor = sum(row["amount_minor"] for row in proposed)
    two.fill("input[name=amount]", f"{minor // 100},{minor % 100:02d}")
    two.click("form[action='/payouts/approve'] button")
    two.wait_for_selector(".said")
    after = rows(stories, NL, schema.payout)
    assert {row["state"] for row in after} == {"approved"}
    assert {row["account"] for row in after} == {row["account"] for row in proposed}
    one.context.close()
    two.context.close()


def test_an_engineer_pauses_a_partner_with_a_reason_and_lets_it_go_on(stories: Site) -> None:
    page = stories.login("engineer")
    page.goto("/partners")
    hand = Hand(page)
    hand.click("a[href='/partners/menzis']")
    hand.click("main summary")
    page.fill("input[name=reason]", "portal gives false answers")
    hand.enter()
    hand.sees("form[action='/partners/menzis/resume']")
    page.goto("/partners")
    assert "portal gives false answers" in page.inner_text("main")
    page.goto("/partners/menzis")
    hand.click("form[action='/partners/menzis/resume'] button")
    hand.sees("main details summary")
    assert page.locator("form[action='/partners/menzis/resume']").count() == 0
    assert {"pause", "resume"} <= {row["action"] for row in stories.console.looks(NL)}
    page.context.close()


def test_an_engineer_imports_tariffs_invites_a_colleague_and_lets_a_program_in(stories: Site, tmp_path: Path) -> None:
    page = stories.login("engineer")
    page.goto("/imports")
    file = tmp_path / "tariffs.csv"
    file.write_text("module;payer;amount\nPMO;9901;7.31\n", encoding="utf-8")
    page.select_option("select[name=kind]", "tariffs")
    page.set_input_files("input[name=file]", file)
    page.fill("input[name=valid_from]", "2027-01-01")
    page.fill("input[name=source]", "Contract 17")
    hand, before = Hand(page), rows(stories, NL, schema.reference)
    hand.click("form[action='/imports'] button")
    hand.sees("form[action='/imports/apply']")
    assert rows(stories, NL, schema.reference) == before, "a preview stores nothing"
    hand.click("form[action='/imports/apply'] button")
    hand.sees(".said")
    page.goto("/registers?kind=tariffs&on=2027-02-01")
    assert "7.31" in page.inner_text("main")
    assert "Contract 17" in page.inner_text("main")

    page.goto("/users")
    page.fill("form[action='/users'] input[name=login]", "nieuwe.collega@voorbeeldzorg.example")
    page.fill("form[action='/users'] input[name=name]", "Nieuwe Collega")
    page.select_option("form[action='/users'] select[name=role]", "finance")
    hand.click("form[action='/users'] button")
    hand.click("tr:has-text('nieuwe.collega') a[href^='/users/']")
    hand.click("form[action$='/invite'] button")
    hand.sees(".said")
    invited = schema.notification.c.recipient == "nieuwe.collega@voorbeeldzorg.example"
    assert len(rows(stories, NL, schema.notification, invited)) == 1

    page.goto("/tokens")
    page.fill("form[action='/tokens'] input[name=name]", "his-export")
    page.check("form[action='/tokens'] input[value='claims:read']")
    hand.click("form[action='/tokens'] button")
    token = hand.sees("section.card code")
    answer = page.request.get("/v1/claims", headers={"authorization": f"Bearer {token}"})
    assert answer.status == 200
    assert answer.json()["items"]
    page.context.close()


def test_a_privacy_officer_sees_who_saw_a_patient_and_exports_what_is_held(stories: Site) -> None:
    page = stories.login("privacy_officer")
    page.goto("/access-log")
    patient = "999931428"
    page.fill("form[action='/access-log/patient'] input[name=number]", patient)
    page.keyboard.press("Enter")
    page.wait_for_selector("main table")
    assert "*****" in page.inner_text("main")
    assert patient not in page.content()
    assert patient not in page.url
    page.goto("/privacy")
    page.fill("form[action='/privacy/export'] input[name=number]", patient)
    with page.expect_download() as coming:
        page.click("form[action='/privacy/export'] button")
    body = json.loads(Path(coming.value.path()).read_text())
    assert body["person"]["id"]
    assert patient not in coming.value.suggested_filename
    assert any("export" in row["action"] for row in stories.console.looks(NL))
    page.context.close()


def test_an_auditor_reads_everything_and_can_change_nothing(stories: Site) -> None:
    page = stories.login("auditor")
    page.goto("/today")
    paths = [one.get_attribute("href") or "" for one in page.locator("nav.side a").all()]
    assert len(paths) > 8
    before = [(row["ref"], row["hold_code"]) for row in rows(stories, NL, schema.claim)]
    reading = ("/search", "/logout", "/account", "/access-log")
    reading += ("/overdue", "/today/charts")  # these count figures anew, nothing else
    for path in paths:
        page.goto(path)
        forms = page.eval_on_selector_all("form[method=post]", "all => all.map(one => one.getAttribute('action'))")
        changing = [each for each in forms if not each.startswith(reading) and not path.startswith("/account")]
        assert not changing, (path, changing)
    secret = page.locator("input[name=csrf]").first.get_attribute("value") or ""
    (task, *_) = rows(stories, NL, schema.claim)
    attempts = [f"/claims/{task['ref']}/hold", f"/claims/{task['ref']}/credit", "/payouts/propose"]
    attempts += ["/partners/menzis/pause", "/privacy/erase", "/payments/file/receive", "/jobs/send/pause"]
    for path in attempts:
        answer = page.request.post(path, form={"csrf": secret, "reason": "just trying", "number": "999931428"})
        assert answer.status == 404, path
    assert [(row["ref"], row["hold_code"]) for row in rows(stories, NL, schema.claim)] == before
    tried = [row for row in stories.console.looks(NL) if row["role"] == "auditor" and row["outcome"] == "absent"]
    assert len(tried) >= len(attempts), "each attempt stands in the access log"
    page.context.close()

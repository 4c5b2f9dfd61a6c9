"""Support's pages in a real browser: a correction by keyboard with and without scripts, and nobody shut out."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from hub.pipeline import views
from hub.store import schema
from tests.web.browsers import Site
from tests.web.consoles import NL, NO

REFUSED = "COD957:101"


def task(site: Site, cause: str, tenant: str = NL) -> dict[str, str]:
    """The refusal of a cause."""
    (found,) = site.console.rows(tenant, schema.task, schema.task.c.cause == cause, schema.task.c.state == "open")
    return found


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_dutch_rejection_is_found_corrected_and_resubmitted(site: Site, scripts: bool) -> None:
    ref = task(site, REFUSED)["claim_ref"]
    page = site.login("support", java_script_enabled=scripts)
    page.goto("/today")
    page.click("a[href^='/rejections']")
    page.click(f"a[href='/claims/{ref}/correct']")
    page.fill("[name='v.payer_code']", "33")
    if scripts:  # checked as typed, before any button is pressed
        page.wait_for_selector("#h-payer_code.error")
        assert "vier cijfers" in page.inner_text("#h-payer_code")
    page.keyboard.press("Enter")
    page.wait_for_selector("#h-payer_code.error")
    page.fill("[name='v.payer_code']", "3313")
    page.keyboard.press("Enter")
    page.wait_for_selector("#difference")
    assert page.inner_text(".diff-old") == "3332"
    assert page.inner_text(".diff-new") == "3313"
    page.click(f"form[action='/claims/{ref}/correct/send'] button")
    page.click(f"form[action='/claims/{ref}/submit'] button")
    page.wait_for_selector(".said")
    (fresh,) = site.console.rows(NL, schema.claim, schema.claim.c.corrects == ref)
    assert (fresh["payer_code"], fresh["exchange_id"] is not None) == ("3313", True)


def test_a_norwegian_rejection_is_found_corrected_and_resubmitted_without_its_second_line(site: Site) -> None:
    page = site.login("support", "NO")
    page.goto("/rejections")
    page.click("a[href='/claims/10003/correct']")
    page.check("input[name=drop][value='2']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#difference")
    page.click("form[action='/claims/10003/correct/send'] button")
    page.click("form[action='/claims/10003/submit'] button")
    page.wait_for_selector(".said")
    (fresh,) = site.console.rows(NO, schema.claim, schema.claim.c.corrects == "10003")
    assert fresh["exchange_id"]
    with site.console.hub.store.reading(NO) as unit:
        assert views.conservation(unit) == []


def test_no_page_of_support_shuts_anybody_out(site: Site) -> None:
    page = site.login("support")
    refusal = task(site, REFUSED)
    (row,) = site.console.rows(NL, schema.declaration_row, schema.declaration_row.c.code == "UZOVI_MISSING")
    cause = f"/rejections/cause?cause={REFUSED}&payer=menzis"
    ref = refusal["claim_ref"]
    paths = [f"/rejections/{refusal['id']}", cause, f"/claims/{ref}/correct?everything=true", f"/claims/{ref}/credit"]
    paths += [f"/claims/{ref}/hold", f"/complete/rows/{row['id']}", f"/helpdesk/{refusal['id']}"]
    for path in paths:
        page.goto(path)
        found = Axe().run(page).response["violations"]
        assert [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found] == [], path
    page.goto(cause)
    page.fill("[name='v.payer_code']", "3313")
    page.keyboard.press("Enter")
    page.wait_for_selector("#outcome")
    assert Axe().run(page).response["violations"] == []
    page.click("form[action='/rejections/cause/fix'] button")
    page.wait_for_selector("form[action$='/undo']")
    assert Axe().run(page).response["violations"] == []
    assert re.search(r"/rejections/fixes/", page.url)

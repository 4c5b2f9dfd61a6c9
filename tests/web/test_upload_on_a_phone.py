"""Handing in on a phone and without scripts, in a real browser: try, understand, hand in, keep the receipt."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from hub.sandbox import example
from hub.store import schema
from tests.web.browsers import Site
from tests.web.consoles import CLINIC, NL, NO

EXAMPLES = Path(__file__).parents[2] / "examples"
PERFORMANCES = (EXAMPLES / "nl" / "nl_zpm_performances.csv").read_bytes().replace(b"2024", b"2025")
LOG = (EXAMPLES / "no" / "no_treatment_log.csv").read_bytes()
PHONE = {"width": 390, "height": 844}


def _fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url
    assert Axe().run(page).response["violations"] == [], page.url


def _choose(page: Page, name: str, data: bytes) -> None:
    page.set_input_files("input[type=file]", {"name": name, "mimeType": "text/csv", "buffer": data})


@pytest.mark.parametrize("scripts", [True, False])
def test_a_practice_hands_in_on_a_phone(site: Site, *, scripts: bool) -> None:
    page = site.login("provider", "NL", example.GGZ_PRACTICE, viewport=PHONE, java_script_enabled=scripts)
    page.goto("/practice/upload")
    lines = PERFORMANCES.splitlines()
    _choose(page, "lijst.csv", b"\n".join([lines[0] + b";medicatie", *(line + b";x" for line in lines[1:])]))
    page.click("text=Controleer de lijst")
    assert "medicatie" in page.inner_text("[role=alert]")
    _choose(page, "lijst.csv", PERFORMANCES)
    page.click("text=Controleer de lijst")
    assert "6 regels" in page.inner_text("main")
    if scripts:
        _fits(page)
    page.click("button:has-text('Aanleveren')")
    digest = hashlib.sha256(PERFORMANCES).hexdigest()
    assert digest in page.inner_text("main")
    if scripts:
        _fits(page)
    assert digest in {row["sha256"] for row in site.console.rows(NL, schema.declaration)}


def test_a_clinic_puts_a_row_right_and_sends_on_a_phone(site: Site) -> None:
    page = site.login("provider", "NO", CLINIC, viewport=PHONE)
    header, first = LOG.splitlines()[:2]
    cells = first.decode().split(";")
    cells[0], cells[2], cells[8], cells[10] = "T900", "NOSUCH", "B1020", "2026-02-03 19:00:00"
    page.goto("/clinic/log")
    _choose(page, "logg.csv", header + b"\n" + ";".join(cells).encode() + b"\n")
    page.click("text=Kontroller loggen")
    assert "0 klare, 1 problemer" in page.inner_text("main")
    _fits(page)
    page.fill("input[name='v.sak_id']", "6TST1")
    page.click("text=Endre det som er galt")
    assert "1 klare, 0 problemer" in page.inner_text("main")
    before = len(site.console.rows(NO, schema.claim))
    page.click("text=Send det som er klart")
    assert "Dette er kvitteringen" in page.inner_text("main")
    _fits(page)
    assert len(site.console.rows(NO, schema.claim)) == before + 1

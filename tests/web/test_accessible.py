"""Every screen of the menu passes axe in each role's eyes, light and dark, and works by keyboard and on a phone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from hub.web.roles import may
from hub.web.scan import all_screens
from tests.web.browsers import Site

ROLES = (("support", "NL"), ("provider", "NL"), ("provider", "NO"), ("finance", "NL"), ("engineer", "NO"))
ROLES += (("privacy_officer", "NL"), ("auditor", "NO"))


def _violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


@pytest.mark.parametrize(("role", "country"), ROLES)
def test_no_screen_shuts_anybody_out(site: Site, role: str, country: str) -> None:
    seen = 0
    for scheme in ("light", "dark") if role == "support" else ("light",):
        page = site.login(role, country, color_scheme=scheme)
        for screen in all_screens():
            if screen.group and may(role, screen.needs) and screen.country in ("", country):
                page.goto(screen.path)
                assert _violations(page) == [], (screen.path, scheme)
                seen += 1
    assert seen > 2


def test_the_login_page_shuts_nobody_out(site: Site) -> None:
    page = site.browser.new_page(base_url=site.address)
    page.goto("/login")
    assert _violations(page) == []


def test_the_first_tab_stop_leads_to_the_content(site: Site) -> None:
    page = site.login("support")
    page.goto("/exchanges")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"


def test_a_phone_shows_every_screen_without_scrolling_sideways(site: Site) -> None:
    page = site.login("provider", viewport={"width": 390, "height": 844})
    for screen in all_screens():
        if screen.group and may("provider", screen.needs) and screen.country in ("", "NL"):
            page.goto(screen.path)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, screen.path


def test_no_page_breaks_its_own_policy(site: Site) -> None:
    """Chromium reports what the content security policy forbids; nothing of ours may."""
    page = site.login("support")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for screen in all_screens():
        if screen.group and may("support", screen.needs) and screen.country in ("", "NL"):
            page.goto(screen.path)
    assert [text for text in said if "Content Security Policy" in text or "Refused" in text] == []

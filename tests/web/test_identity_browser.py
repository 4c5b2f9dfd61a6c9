"""The first visit of a new user, in a real browser without scripts, by keyboard; and every page on that way passes axe."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from pyotp import TOTP

from hub.pipeline import identity
from hub.pipeline.context import Actor
from hub.store import parties
from tests.web.browsers import Site
from tests.web.consoles import NL

ADMIN = Actor(name="x", role="operator")
NEW = "a phrase nobody else has"


def invited(site: Site) -> str:
    """The path of an invitation."""
    hub = site.console.hub
    with hub.store.unit(NL) as unit:
        parties.put_user(unit, "newcomer", name="New Comer", role="support", organisation_id=None, language="nl")
    made = identity.invite(hub, NL, "newcomer", ADMIN)
    return f"{made.path}/{made.secret}"


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def test_a_new_user_gets_in_without_scripts_by_keyboard(site: Site) -> None:
    object.__setattr__(site.console.hub, "stage", "test")
    context = site.browser.new_context(base_url=site.address, java_script_enabled=False, locale="nl-NL")
    page = context.new_page()
    page.goto(invited(site))
    assert "newcomer" in page.inner_text("main")
    page.get_by_label("Nieuw wachtwoord").fill(NEW)
    page.keyboard.press("Tab")
    page.keyboard.type(NEW)
    page.keyboard.press("Enter")
    page.wait_for_url("**/second-factor")
    secret = page.inner_text("main ol code").replace(" ", "")
    assert page.locator("main ol img").bounding_box()["width"] > 150  # type: ignore[index]
    code = TOTP(secret).at(site.console.clock.now())
    page.get_by_label("Code").fill(code)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "second-factor" not in url)
    page.goto("/account")
    assert "newcomer" in page.inner_text("main")
    page.get_by_role("button", name="Uitloggen").click()
    page.wait_for_url("**/login")

    site.console.clock.move_to(site.console.clock.now() + timedelta(minutes=1))
    page.get_by_label("Gebruikersnaam").fill("newcomer")
    page.get_by_label("Wachtwoord").fill(NEW)
    page.get_by_label("Code").fill(TOTP(secret).at(site.console.clock.now()))
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "login" not in url)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_on_the_way_in_shuts_nobody_out_and_fits_a_phone(site: Site, scheme: str) -> None:
    link = invited(site)
    page = site.login("engineer", color_scheme=scheme, viewport={"width": 390, "height": 844})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    user = identity.users_page(site.console.hub, NL, None)[0].id
    for path in ("/second-factor", link, "/welcome/none.abcdefghijklmnopqrst", "/reset", "/device", f"/users/{user}"):
        page.goto(path)
        assert violations(page) == [], (path, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    assert [text for text in said if "Content Security Policy" in text or "Refused" in text] == []


def test_the_session_is_out_of_reach_of_scripts(site: Site) -> None:
    page = site.login("support")
    page.goto("/account")
    assert page.evaluate("document.cookie") == ""
    assert "kvitt" in {one["name"] for one in page.context.cookies()}

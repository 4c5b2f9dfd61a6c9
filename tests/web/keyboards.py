"""Somebody at a page without a mouse: whatever is done there is found by its label and reached by the tabulator key."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from hub.sandbox import console_users
from tests.web.browsers import Site
from tests.web.consoles import NL, PASSWORD

_FAR = 200
"""After so many steps somebody gives up."""


def logins(site: Site, role: str) -> list[str]:
    """Who works in a role, for the whole tenant."""
    found = console_users.people(site.console.hub)
    return [one.login for one in found if (one.tenant, one.role, one.organisation) == (NL, role, "")]


def entered(site: Site, login: str) -> Page:
    """A page in which this person has logged in."""
    page = site.browser.new_context(base_url=site.address).new_page()
    page.goto("/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    return page


def reach(page: Page, what: Locator) -> None:
    """Get there by the tabulator key, as somebody without a mouse does."""
    expect(what).to_be_visible()
    for _ in range(_FAR):
        if what.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way by keyboard to {what}")


def write(page: Page, label: str, words: str, within: Locator | None = None) -> None:
    """Fill in what has this label."""
    field = (within or page.locator("main")).get_by_label(label, exact=True)
    reach(page, field)
    page.keyboard.press("Control+A")
    page.keyboard.type(words)


def press(page: Page, name: str | re.Pattern[str], role: str = "button", within: Locator | None = None) -> None:
    """Press what is called so; the next page is there when this returns."""
    what = (within or page.locator("main")).get_by_role(role, name=name, exact=isinstance(name, str))  # type: ignore[arg-type]
    reach(page, what)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def form_of(page: Page, button: str) -> Locator:
    """The form that this button sends."""
    return page.locator("main form").filter(has=page.get_by_role("button", name=button, exact=True))


def row_of(page: Page, words: str) -> Locator:
    """The row of a table in which this stands."""
    return page.locator("main tbody tr").filter(has_text=words)


def told(page: Page) -> str:
    """What the page says has happened."""
    return page.get_by_role("status").inner_text()

"""A real browser on a real server: Debian's Chromium, driven by Playwright, on the console of a played demo."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from hub.sandbox import console_users
from hub.web.server import served
from tests.web.consoles import PASSWORD, TENANT, Console

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass(slots=True)
class Site:
    """A console that is served, and who looks at it."""

    console: Console
    browser: Browser
    address: str

    def login(self, role: str, country: str = "NL", organisation: str = "", **how: Any) -> Page:
        """A page in which somebody of a role has logged in by typing. `how`: viewport, locale, java_script_enabled."""
        tenant = TENANT[country]
        who = next(
            one
            for one in console_users.people(self.console.hub)
            if one.tenant == tenant and one.role == role and (not organisation or one.organisation == organisation)
        )
        context = self.browser.new_context(base_url=self.address, **how)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.goto("/login")
        page.fill("input[name=login]", who.login)
        page.fill("input[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        return page


@contextmanager
def a_site(home: Path, database: str = "") -> Iterator[Site]:
    """The console of a played home, served to a browser."""
    console = Console.on(home, database)
    try:
        with served(console.hub, "127.0.0.1:0") as address, a_browser() as browser:
            yield Site(console=console, browser=browser, address=address)
    finally:
        console.close()

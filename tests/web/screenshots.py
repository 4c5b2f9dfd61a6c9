"""Every screen in every language, light, dark and as a phone has it: `make screenshots` writes them into a folder.

Usage: python tests/web/screenshots.py [FOLDER]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from hub.store import schema
from hub.web.pages import LANGUAGES
from hub.web.roles import may
from hub.web.scan import all_screens
from hub.web.screen import Screen
from tests.web.browsers import Site, a_site
from tests.web.consoles import TENANT, play_demo

ROLES = ("support", "finance", "engineer", "privacy_officer", "auditor", "provider")
_LOOKS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("light", {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}}),
    ("dark", {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}}),
    ("phone", {"color_scheme": "light", "viewport": {"width": 390, "height": 844}}),
)


def main(folder: Path) -> int:
    """Take them all; gives how many."""
    taken = 0
    with tempfile.TemporaryDirectory() as place:
        home = Path(place) / "hub"
        play_demo(home)
        with a_site(home) as site:
            for country in TENANT:
                for role in ROLES:
                    taken += _of_role(site, folder, country, role)
    return taken


def _of_role(site: Site, folder: Path, country: str, role: str) -> int:
    shown = [one for one in all_screens() if one.group and may(role, one.needs) and one.country in ("", country)]
    mine = [one for one in shown if _first_role(one) == role]
    taken = 0
    for language in LANGUAGES:
        _speak(site, country, language)
        for look, how in _LOOKS:
            page = site.login(role, country, **how)
            into = folder / language / look
            into.mkdir(parents=True, exist_ok=True)
            for screen in mine:
                page.goto(screen.path)
                for name, href in [("", ""), *_further(page, screen)]:
                    if href:
                        page.goto(href)
                    page.screenshot(path=into / f"{country}-{screen.name}{name}.png", full_page=True)
                    taken += 1
            page.context.close()
    return taken


def _further(page: Page, screen: Screen) -> list[tuple[str, str]]:
    """One page of each kind that a screen leads to: what is on its list, a claim, its correction."""
    found: dict[str, str] = {}
    for name, begun in (("-one", f"{screen.path}/"), ("-claim", "/claims/"), ("-correct", "/claims/")):
        links = f"main a[href^='{begun}']:not([download])"
        hrefs: list[str] = page.eval_on_selector_all(links, "all => all.map(one => one.getAttribute('href'))")
        fit = [
            one for one in hrefs if ("/correct" in one) == (name == "-correct") and not one.endswith((".csv", ".ics"))
        ]
        if fit and fit[0] not in found.values():
            found[name] = fit[0]
    return list(found.items())


def _first_role(screen: Screen) -> str:
    return next(role for role in ROLES if may(role, screen.needs))


def _speak(site: Site, country: str, language: str) -> None:
    """Everybody of a tenant reads in this language."""
    with site.console.hub.store.unit(TENANT[country]) as unit:
        table = schema.app_user
        unit.connection.execute(table.update().where(table.c.tenant_id == unit.tenant).values(language=language))


if __name__ == "__main__":
    into = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    sys.stdout.write(f"{main(into)} screenshots in {into}\n")

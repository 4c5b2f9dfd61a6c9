"""Every screen passes axe: the menu's in each role's eyes, light and dark, and the page of each single thing once.

They work by keyboard and on a phone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from hub.web import bounds
from hub.web.roles import may
from hub.web.scan import all_screens
from tests.conftest import absent
from tests.web.browsers import CHROMIUM, Site, a_site
from tests.web.conftest import Copy
from tests.web.consoles import CLINIC, PRACTICE, TENANT, Console
from tests.web.objects import Seen, objects_of, pages_of_one_thing, routes
from tests.web.seeds import sow

ROLES = (("support", "NL"), ("provider", "NL"), ("provider", "NO"), ("finance", "NL"), ("engineer", "NO"))
ROLES += (("privacy_officer", "NL"), ("auditor", "NO"))
_OWN = {"NL": PRACTICE, "NO": CLINIC}
"""Whom a provider works for."""
_ASKED = ("/rejections/cause?cause=COD957:104&payer=menzis", "/nowhere")
_OTHERWISE = {"/practice/decisions/{exchange}", "/waiting/{word}"}
"""A file of one's own part of a message, and a file on its way: no address says which without more."""


@pytest.fixture
def sown_site(played: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A console in which there is one of everything, served to a real browser."""
    if CHROMIUM is None:
        absent("chromium")
    monkeypatch.setattr(bounds, "A_SECOND", 1e6)  # its pages are found by asking for many
    with played(tmp_path / "hub") as (home, database):
        console = Console.on(home, database)
        sow(console)
        console.close()
        with a_site(home, database) as made:
            yield made


def _single(site: Site, country: str) -> list[Seen]:
    """The pages of single things in one country, each as somebody sees it who may."""
    roles = ("support", "finance", "engineer", "privacy_officer", "provider")
    people = {role: site.console.login(role, country, _OWN[country] if role == "provider" else "") for role in roles}
    with site.console.hub.store.reading(TENANT[country]) as unit:
        found = objects_of(unit)
    with site.console.hub.store.reading(TENANT[country], within=frozenset({_OWN[country]})) as unit:
        own = objects_of(unit)
    found = {kind: [*own.get(kind, [])[:2], *many] for kind, many in found.items()}
    return list(pages_of_one_thing(country, {role: person.get for role, person in people.items()}, found))


def test_no_page_of_one_thing_shuts_anybody_out(sown_site: Site) -> None:
    seen: dict[str, tuple[str, Seen]] = {}
    for country in TENANT:
        for each in _single(sown_site, country):
            seen.setdefault(each.route.path, (country, each))
    expected = {each.path for each in routes() if each.screen and each.method == "GET" and each.kind}
    assert expected - set(seen) == _OTHERWISE
    for country in TENANT:
        for role in dict.fromkeys(each.role for place, each in seen.values() if place == country):
            page = sown_site.login(role, country, _OWN[country] if role == "provider" else "")
            shown = [
                each.address
                for place, each in seen.values()
                if (place, each.role, each.is_page) == (country, role, True)
            ]
            for address in [*shown, *(_ASKED if (role, country) == ("support", "NL") else ())]:
                page.goto(address)
                assert _violations(page) == [], (role, address)
            page.context.close()
    assert sum(each.is_page for _, each in seen.values()) > 25


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

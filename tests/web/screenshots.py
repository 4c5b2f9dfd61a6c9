"""Every screen in every language, light, dark and as a phone has it: `make screenshots` writes them into a folder.

Usage: python tests/web/screenshots.py [FOLDER]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from hub.store import schema
from hub.web.pages import LANGUAGES
from hub.web.roles import may
from hub.web.scan import all_screens
from hub.web.screen import Screen
from tests.web.browsers import Site, a_site
from tests.web.consoles import TENANT, play_demo

ROLES = ("support", "finance", "engineer", "privacy_officer", "auditor", "provider")
_LOOKS = (
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
            for screen in mine:
                page.goto(screen.path)
                target = folder / language / look / f"{country}-{screen.name}.png"
                target.parent.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=target, full_page=True)
                taken += 1
            page.context.close()
    return taken


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

"""Statements in a real browser: finance makes and delivers them, a practice finds its own in its portal and keeps it."""

from __future__ import annotations

import csv
from pathlib import Path

from playwright.sync_api import Page, expect

from hub.store import schema
from tests.web.browsers import Site
from tests.web.consoles import NL, OTHER_PRACTICE, PRACTICE
from tests.web.keyboards import form_of, press, reach, told, write

QUARTER = "2024Q1"


def overviews(page: Page) -> None:
    """The practice goes to its statements by the menu."""
    press(page, "Overzichten", "link", page.get_by_role("navigation"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Overzichten")


def kept(page: Page, name: str, folder: Path) -> Path:
    """A file the practice downloads, under the name it has there."""
    link = page.get_by_role("link", name=name, exact=True)
    reach(page, link)
    with page.expect_download() as coming:
        page.keyboard.press("Enter")
    target = folder / coming.value.suggested_filename
    coming.value.save_as(target)
    return target


def test_a_practice_finds_its_own_statement_once_it_is_delivered_and_keeps_it(stories: Site, tmp_path: Path) -> None:
    practice = stories.login("provider", "NL", PRACTICE)
    finance = stories.login("finance")
    finance.goto("/statements")
    making = form_of(finance, "Overzichten maken")
    write(finance, "Kwartaal", QUARTER, making)
    press(finance, "Overzichten maken", within=making)
    assert "nieuwe versies" in told(finance)
    table = schema.practice_statement
    where = (table.c.practice == PRACTICE, table.c.period == QUARTER)
    made = max(stories.console.rows(NL, table, *where), key=lambda row: int(row["version"]))
    assert made["delivered_at"] is None
    address = f"/my/statements/{PRACTICE}/{QUARTER}/EUR/{made['version']}/pdf"
    overviews(practice)
    expect(practice.locator("main")).not_to_contain_text(QUARTER)
    assert practice.request.get(address).status == 404, "what was not delivered is not there"

    sending = form_of(finance, "Leveren wat nog niet ging")
    write(finance, "Kwartaal", QUARTER, sending)
    press(finance, "Leveren wat nog niet ging", within=sending)
    assert told(finance).startswith("Geleverd: ")
    overviews(practice)
    expect(practice.locator("main tbody tr").filter(has_text=QUARTER)).to_have_count(made["version"])
    expect(practice.locator("main")).not_to_contain_text(OTHER_PRACTICE)
    called = f"{PRACTICE} {QUARTER} EUR {made['version']}"
    assert kept(practice, f"PDF {called}", tmp_path).read_bytes().startswith(b"%PDF")
    table_file = kept(practice, f"CSV {called}", tmp_path)
    assert table_file.name == f"{PRACTICE}-{QUARTER}-EUR-v{made['version']}.csv"
    assert practice.request.get(address.replace(PRACTICE, OTHER_PRACTICE)).status == 404

    rows = list(csv.reader(table_file.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    totals = next(row for row in rows if row[0] == "totaal")
    claimed = f"{made['body']['totals']['claimed'] / 100:.2f}".replace(".", ",")
    assert made["body"]["totals"]["claimed"] > 0
    assert claimed in totals
    (now,) = stories.console.rows(NL, table, *where, table.c.version == made["version"])
    assert now["delivered_by"] == made["made_by"] != ""
    key = f"statement:{PRACTICE}:{QUARTER}:EUR:{made['version']}"
    (mail,) = stories.console.rows(NL, schema.notification, schema.notification.c.key == key)
    assert claimed not in mail["body"]
    exports = [row["object"] for row in stories.console.looks(NL) if row["action"] == "export"]
    assert exports.count(f"statement/{PRACTICE}/{QUARTER}/EUR/{made['version']}") == 2
    for page in (practice, finance):
        page.context.close()

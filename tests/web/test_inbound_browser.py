"""What came in and its task in a real browser: nobody is shut out, and it works without scripts on a phone."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe

from hub.model.exchange import Collected
from hub.pipeline.receive import receive
from hub.store import inbounds, schema
from tests.web.browsers import Site
from tests.web.consoles import NL


def test_it_is_looked_at_and_dismissed_by_keyboard_without_scripts_on_a_phone(site: Site) -> None:
    item = Collected(remote_id="letter", name="letter.txt", payload=b"Beste mensen, groeten")
    (done,) = receive(site.console.hub, NL, item)
    (task,) = site.console.rows(NL, schema.task, schema.task.c.inbound_id == done.inbound_id)
    answered = next(row for row in site.console.rows(NL, schema.exchange) if row["answered_at"])
    for scheme in ("light", "dark"):
        page = site.login("support", color_scheme=scheme)
        for path in ("/inbound", f"/inbound/{done.inbound_id}", f"/tasks/{task['id']}", "/tasks"):
            page.goto(path)
            assert Axe().run(page).response["violations"] == [], path
        page.goto(f"/exchanges/{answered['business_key']}")
        assert Axe().run(page).response["violations"] == []
    phone = site.login("support", viewport={"width": 390, "height": 844}, java_script_enabled=False)
    phone.goto("/today?show=unread")
    phone.locator(f'a[href="/inbound/{done.inbound_id}"]').first.focus()
    phone.keyboard.press("Enter")
    phone.wait_for_url(f"**/inbound/{done.inbound_id}")
    phone.fill("#f-dismiss", "an advertisement")
    phone.keyboard.press("Enter")
    phone.wait_for_selector('p[role="status"]')
    (row,) = site.console.rows(NL, schema.inbound, schema.inbound.c.id == done.inbound_id)
    assert row["state"] == inbounds.DISMISSED

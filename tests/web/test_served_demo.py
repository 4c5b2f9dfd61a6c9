"""`make serve` as somebody meets it: a Dutch refusal whose term still runs goes from Today to the insurer."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.conftest import ROOT, absent
from tests.web.browsers import CHROMIUM, a_browser

REFUSED = "COD954:8632"
_PLACE = re.compile(r"Console: (http://\S+)\s+password for everybody here: (\S+)")


@dataclass(frozen=True, slots=True)
class Served:
    """Where the console is, and what lets one in."""

    address: str
    password: str


@contextmanager
def demo(home: Path) -> Iterator[Served]:
    """The command of `make serve`, until left."""
    asked = [sys.executable, "-m", "hub.cli", "demo", "--serve", "--web", "127.0.0.1:0"]
    env = os.environ | {"KVITT_HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(asked, stdout=subprocess.PIPE, cwd=ROOT, env=env, text=True) as running:
        assert running.stdout is not None
        try:
            said = (_PLACE.search(line) for line in running.stdout)
            found = next((each for each in said if each), None)
            assert found is not None, "the console did not open"
            yield Served(found[1], found[2])
        finally:
            running.send_signal(signal.SIGTERM)
            running.stdout.close()
            assert running.wait(30) == 0


def test_support_resubmits_a_dutch_refusal_of_the_served_demo_in_at_most_six_clicks(tmp_path: Path) -> None:
    if CHROMIUM is None:
        absent("chromium")
    with demo(tmp_path / "hub") as served, a_browser() as browser:
        page = entered(browser, served)
        pressed = [".tiles a[href^='/rejections']", f"a[href='/claims/{standing(page)}/correct']"]
        page.goto("/today")
        for what in pressed:
            page.locator(what).first.click()
        page.select_option("[name='v.reclaim_code']", "02")
        page.fill("[name='v.referrer_agb']", "01099011")
        page.keyboard.press("Enter")
        page.wait_for_selector("#difference")
        sending = ["form[action$='/correct/send'] button", "form[action$='/submit'] button"]
        for what in sending:
            page.locator(what).first.click()
        page.wait_for_selector(".said")
        assert len(pressed) + len(["a code chosen", "Enter"]) + len(sending) <= 6
        page.goto(page.locator("a[href^='/claims/R']").first.get_attribute("href") or "")
        assert page.locator("main .badge-sent, main .badge-delivered").count(), page.inner_text("main")[:600]
        page.context.close()


def entered(browser: Browser, served: Served) -> Page:
    """A page in which support has logged in."""
    page = browser.new_context(base_url=served.address).new_page()
    page.set_default_timeout(30_000)
    page.goto("/login")
    page.fill("input[name=login]", "support@voorbeeldzorg-nl.example")
    page.fill("input[name=password]", served.password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/today" in url)
    return page


def standing(page: Page) -> str:
    """The claim refused for the referrer of which something can still be done; of the story's own, the term is over."""
    page.goto("/rejections")
    found = page.locator("tr", has_text=REFUSED).locator("a[href$='/correct']")
    refs = {(found.nth(at).get_attribute("href") or "").split("/")[2] for at in range(found.count())}
    assert len(refs) == 2
    over = set()
    for ref in refs:
        page.goto(f"/claims/{ref}/correct")
        over |= {ref} if page.locator("[name='v.referrer_agb']").count() == 0 else set()
    (one,) = refs - over
    return one

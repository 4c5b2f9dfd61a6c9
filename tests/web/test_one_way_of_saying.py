"""One thing is said in one way: days and amounts as the reader writes them, one day is no days, a tile as its page."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from hub.store import schema
from tests.web.browsers import Site
from tests.web.consoles import NL, Console
from tests.web.test_correct import REFUSED, claim_of
from tests.web.test_today import add, tile

_TECHNICAL = re.compile(r">[^<]*\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d")
_SPOKEN = {
    "nl": re.compile(r"\b\d\d-\d\d-\d{4} \d\d:\d\d\b"),
    "nb": re.compile(r"\b\d\d\.\d\d\.\d{4} \d\d:\d\d\b"),
    "en": re.compile(r"\b\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d\b"),
}


@pytest.mark.parametrize("language", sorted(_SPOKEN))
def test_a_moment_is_written_as_its_reader_writes_a_day(console: Console, language: str) -> None:
    person = console.login("finance")
    person.send("/account/language", {"language": language})
    for path in ("/exchanges", f"/claims/{claim_of(console, REFUSED)}", "/today/charts", "/overdue"):
        page = person.see(path)
        assert _SPOKEN[language].search(page), path
        assert not _TECHNICAL.search(page), path


@pytest.mark.parametrize(
    ("days", "said"),
    [(-2, "2 dagen te laat"), (-1, "1 dag te laat"), (0, "vandaag"), (1, "nog 1 dag"), (2, "nog 2 dagen")],
)
def test_one_day_is_no_days(console: Console, days: int, said: str) -> None:
    day = console.hub.today("NL") + timedelta(days=days)
    add(console, 1, due=day)
    assert f"{day:%d-%m-%Y} · {said}<" in console.login("support").see("/today?show=held")


def test_today_counts_what_is_to_be_completed_and_nothing_that_ends_by_itself(console: Console) -> None:
    person = console.login("support")
    claims = console.rows(NL, schema.claim, schema.claim.c.exchange_id.is_(None), schema.claim.c.hold_code == "")
    others = console.rows(NL, schema.claim)[:4]
    codes = ("UNDO_WINDOW", "AWAITS_CREDIT", "REFUSED_BY_CLEARING", "BY_HAND")
    with console.hub.store.unit(NL) as unit:
        for row, code in zip((*claims, *others)[:4], codes, strict=True):
            unit.update(schema.claim, row["id"], hold_code=code, exchange_id=None)
    shown = person.see("/complete")
    kinds = ("vastgehouden regels", "vastgehouden declaraties")
    told = re.findall(r'<strong>(\d+)</strong>[^<]+<br><span class="hint">([^<·]+)', shown)
    whole = sum(int(count) for count, kind in told if kind.strip() in kinds)
    assert whole >= 1
    assert tile(person.see("/today"), "Vastgehouden regels en declaraties") == whole


def test_a_payer_s_no_is_said_as_its_money_is(console: Console) -> None:
    ref = claim_of(console, REFUSED)
    person = console.login("support")
    for path in ("/rejections", f"/claims/{ref}"):
        assert '<span class="badge badge-refused">Afgewezen</span>' in person.see(path), path
    timeline = re.findall(
        r'<li class="axis-decision">.*?<strong>([^<]+)</strong>', person.see(f"/claims/{ref}"), re.DOTALL
    )
    assert "Afgewezen" in timeline
    assert "Geweigerd" not in timeline


def test_a_refusal_names_the_payer_as_its_list_does(console: Console) -> None:
    (task,) = console.rows(NL, schema.task, schema.task.c.claim_ref == claim_of(console, REFUSED))
    (claim,) = console.rows(NL, schema.claim, schema.claim.c.ref == task["claim_ref"])
    title = console.hub.registry.partners[claim["payer"]].title
    assert title != claim["payer"]
    assert f"<dd>{title}</dd>" in console.login("support").see(f"/rejections/{task['id']}")


def test_what_is_wrong_takes_the_cursor(console: Console) -> None:
    ref = claim_of(console, REFUSED)
    sent = {"v.payer_code": "12345678901", "v.1.price": "twelve", "everything": "true"}
    answer = console.login("support").send(f"/claims/{ref}/correct", sent)
    first, *_ = re.findall(r"<(?:input|select)[^>]*aria-invalid[^>]*>", unescape(answer.text))
    assert "autofocus" in first
    assert "aria-describedby" in first


def test_of_tabs_and_tiles_the_chosen_one_is_seen(site: Site) -> None:
    page = site.login("support")
    page.goto("/questions")
    look = "one => { const is = getComputedStyle(one); return [is.fontWeight, is.borderBottomWidth, is.boxShadow] }"
    chosen = page.eval_on_selector(".tabs a[aria-current]", look)
    assert chosen != page.eval_on_selector(".tabs a:not([aria-current])", look)
    page.goto("/expected?state=received")
    assert page.eval_on_selector(".tile[aria-current]", look) != page.eval_on_selector(
        ".tile:not([aria-current])", look
    )
    page.context.close()

"""A practice and a clinic hand in, in a real browser, also on a phone and without scripts; nobody else's is there (5.4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from hub.intake.reference import read_coverage
from hub.store import schema
from tests.web.browsers import Site
from tests.web.consoles import CLINIC, NL, NO, OTHER_PRACTICE, PRACTICE

EXAMPLES = Path(__file__).parents[2] / "examples"
LIST = (EXAMPLES / "nl" / "nl_ion_export_2024Q1.csv").read_bytes().replace(b";01-01-2024;", b";01-04-2024;")
LOG = (EXAMPLES / "no" / "no_treatment_log.csv").read_bytes()
NEXT = "module-quarter|PMO|2024Q2"
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def portal(stories: Site) -> Iterator[Site]:
    """Coverage answers from the example's table: the service of the demo has gone."""
    hub = stories.console.hub
    tables = [(EXAMPLES / "nl" / name).read_bytes() for name in ("cov_example.csv", "cov_practice2.csv")]
    before = hub.coverage
    object.__setattr__(hub, "coverage", lambda _tenant: read_coverage(*tables))
    yield stories
    object.__setattr__(hub, "coverage", before)


def chosen(page: Page, folder: Path, data: bytes, name: str = "lijst.csv") -> None:
    """Choose a file and have it checked."""
    file = folder / name
    file.write_bytes(data)
    page.set_input_files("input[name=file]", file)
    with page.expect_navigation():
        page.locator("form[enctype] button").first.click()


def lists(site: Site, tenant: str = NL) -> int:
    """How many lists are kept."""
    return len(site.console.rows(tenant, schema.declaration))


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize(
    ("column", "said"), [(b";diagnose", "medisch"), (b"", "praktijk")], ids=["a medical column", "another practice's"]
)
def test_a_list_that_may_not_come_in_is_refused_in_plain_words_and_not_kept(
    portal: Site, tmp_path: Path, column: bytes, said: str
) -> None:
    before = lists(portal)
    lines = LIST.splitlines()
    if column:
        lines = [lines[0] + column, *(line + b";E11.9" for line in lines[1:])]
    else:
        lines = [line.replace(PRACTICE.encode(), OTHER_PRACTICE.encode()) for line in lines]
    page = portal.login("provider", "NL", PRACTICE, viewport=PHONE)
    page.goto("/practice/upload")
    page.select_option("select[name=what]", NEXT)
    chosen(page, tmp_path, b"\n".join(lines) + b"\n")
    alert = page.locator("[role=alert]").first.inner_text().lower()
    assert said in alert
    assert page.locator("form[action='/practice/upload/confirm']").count() == 0
    assert fits(page)
    assert lists(portal) == before
    page.context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["on a phone", "without scripts"])
def test_a_good_list_is_checked_handed_in_and_known_the_second_time(
    portal: Site, tmp_path: Path, scripts: bool
) -> None:
    page = portal.login("provider", "NL", PRACTICE, viewport=PHONE, java_script_enabled=scripts)
    data = LIST if scripts else LIST.replace(b"7511 AA", b"7511 AB")
    before = lists(portal)
    page.goto("/practice")
    page.locator("main a[href^='/practice/upload']").first.click()
    page.select_option("select[name=what]", NEXT)
    chosen(page, tmp_path, data)
    assert "20 regels" in page.inner_text("main")
    assert lists(portal) == before, "a check keeps nothing"
    page.click("form[action='/practice/upload/confirm'] button")
    page.wait_for_selector("a[href$='/receipt']")
    with page.expect_download() as coming:
        page.click("a[href$='/receipt']")
    assert Path(coming.value.path()).stat().st_size > 100
    if scripts:
        assert fits(page)
    assert lists(portal) == before + 1
    page.goto("/practice/upload")
    page.select_option("select[name=what]", NEXT)
    chosen(page, tmp_path, data, "andere-naam.csv")
    assert "al ontvangen" in page.inner_text("[role=status]").lower()
    assert lists(portal) == before + 1
    page.context.close()


def test_a_clinic_puts_a_problem_right_in_place_and_sends_its_log(portal: Site, tmp_path: Path) -> None:
    header, first = LOG.splitlines()[:2]
    cells = first.decode().split(";")
    cells[0], cells[2], cells[8], cells[10], cells[12] = "T900", "NOSUCH", "B1020", "2026-02-03 19:00:00", "640.00"
    page = portal.login("provider", "NO", CLINIC, viewport=PHONE)
    page.goto("/clinic")
    page.locator("main a[href='/clinic/log']").first.click()
    chosen(page, tmp_path, header + b"\n" + ";".join(cells).encode() + b"\n", "logg.csv")
    assert "0 klare, 1 problemer" in page.inner_text("main")
    form = page.locator("form[action='/clinic/log/fix']")
    if not form.locator("input[name='v.sak_id']").is_visible():
        form.locator("summary").click()
    form.locator("input[name='v.sak_id']").fill("6TST1")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "1 klare, 0 problemer" in page.inner_text("main")
    before = len(portal.console.rows(NO, schema.claim))
    page.click("form[action='/clinic/log/send'] button")
    page.wait_for_selector(".said")
    assert len(portal.console.rows(NO, schema.claim)) == before + 1
    assert fits(page)
    page.context.close()


def foreign_to(site: Site, practice: str) -> dict[str, list[str]]:
    """What belongs to others than this practice, by kind."""
    claims = [row for row in site.console.rows(NL, schema.claim) if row["provider_code"] != practice]
    owners = {row["id"]: row["code"] for row in site.console.rows(NL, schema.organisation)}
    heads = [row for row in site.console.rows(NL, schema.declaration) if owners[row["organisation_id"]] != practice]
    exchanges = [row["business_key"] for row in site.console.rows(NL, schema.exchange)]
    return {
        "claims": [row["ref"] for row in claims],
        "lists": [row["id"] for row in heads],
        "exchanges": exchanges,
        "invoices": [row["invoice_number"] for row in site.console.rows(NO, schema.claim)],
    }


@pytest.mark.scenario("S16")
def test_s16_what_is_another_practice_s_is_not_there_by_id_guess_filter_search_or_export(portal: Site) -> None:
    others = foreign_to(portal, PRACTICE)
    page = portal.login("provider", "NL", PRACTICE)
    page.goto("/practice/lists")
    secret = page.locator("input[name=csrf]").first.get_attribute("value") or ""
    before = len(portal.console.looks(NL))
    tried = [f"/practice/lists/{one}{end}" for one in others["lists"][:2] for end in ("", "/receipt", "/rows.csv")]
    tried += [f"/practice/decisions/{one}" for one in others["exchanges"][:2]]
    tried += [f"/claims/{others['claims'][0]}", f"/exchanges/{others['exchanges'][0]}", "/exchanges", "/today"]
    tried += ["/practice/lists/00000000-0000-0000-0000-000000000000", f"/rejections?provider={OTHER_PRACTICE}"]
    for path in tried:
        answer = page.request.get(path)
        assert answer.status == 404, path
        assert not leaks(answer.text(), others, path), path
    assert len(portal.console.looks(NL)) >= before + len(tried), "every attempt stands in the access log"
    assert page.request.post("/search", form={"csrf": secret, "q": others["claims"][0]}).status == 404
    for path in (f"/practice/lists?practice={OTHER_PRACTICE}", f"/practice/upload?practice={OTHER_PRACTICE}"):
        answer = page.request.get(path)
        assert not leaks(answer.text(), others, path), path
    form: dict[str, str | float | bool] = {"csrf": secret, "practice": OTHER_PRACTICE, "what": NEXT, "word": "x"}
    assert page.request.post("/practice/upload/confirm", form=form).status == 404
    page.context.close()


@pytest.mark.scenario("S16")
def test_s16_another_tenant_is_not_there_for_any_search_filter_or_file(portal: Site) -> None:
    others = foreign_to(portal, "")
    page = portal.login("support", "NO")
    page.goto("/today")
    for query in (others["claims"][0], others["exchanges"][0], "999931428", PRACTICE):
        page.fill("#top-search", query)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert not leaks(page.content(), {"claims": others["claims"]}, query), query
    ref, key = others["claims"][0], others["exchanges"][0]
    paths = [
        f"/claims/{ref}",
        f"/claims/{ref}/correct",
        f"/exchanges/{key}",
        f"/exchanges/{key}/file",
        "/partners/menzis",
    ]
    for path in paths:
        assert page.request.get(path).status == 404, path
    for path in (f"/rejections?provider={PRACTICE}", "/exchanges?partner=menzis", f"/complete?code={PRACTICE}"):
        answer = page.request.get(path)
        assert answer.status == 200
        assert not leaks(answer.text(), {"claims": others["claims"], "exchanges": others["exchanges"]}, path), path
    page.context.close()


def leaks(text: str, others: dict[str, list[str]], asked: str) -> list[str]:
    """What of others' stands in an answer, beside what was asked for itself."""
    return [one for each in others.values() for one in each if len(one) > 6 and one in text and one not in asked]

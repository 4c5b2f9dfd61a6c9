"""Today: what needs a person by day and money, tiles that lead to the work, charts with a table beside each."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape

import pytest

from hub.model.money import Money
from hub.pipeline import identity, today
from hub.pipeline.context import Actor
from hub.store import parties, schema, tasks
from hub.store import today as counted
from hub.store.tasks import NewTask
from hub.web.parts.doors import PLACES
from hub.web.wording import has
from tests.web.consoles import NL, NO, OTHER_PRACTICE, PASSWORD, PRACTICE, Console

_ACTOR = Actor(name="test", role="engineer")
_TEXT = {"en": "Something {n}", "nb": "Noe {n}", "nl": "Iets {n}"}


def add(console: Console, number: int, *, due: date | None, minor: int = 0, kind: str = "held", key: str = "") -> None:
    words = {name: said.format(n=number) for name, said in _TEXT.items()}
    new = NewTask(
        key=key or f"made:{number:04}",
        kind=kind,
        text=words,
        action=words,
        amount=Money(minor, "EUR"),
        due=due,
    )
    with console.hub.store.unit(NL) as unit:
        tasks.add(unit, new)


def tile(page: str, words: str) -> int:
    """The number on a tile."""
    found = re.search(rf"<strong>(\d+)</strong>\s*{re.escape(words)}", page)
    assert found is not None, words
    return int(found.group(1))


def test_the_demos_rejections_stand_on_their_tile_and_lead_to_their_work_list(console: Console) -> None:
    open_ = console.rows(
        NL,
        schema.task,
        schema.task.c.kind == "rejection",
        schema.task.c.state == "open",
        schema.task.c.assignee == "",
    )
    assert open_
    page = console.login("support").see("/today")
    assert tile(page, "Afwijzingen die niemand heeft opgepakt") == len(open_)
    for row in open_:
        assert f'href="/claims/{row["claim_ref"]}"' in page
        assert unescape(row["text"]["nl"]) in page


def test_a_rejection_that_somebody_took_leaves_the_tile(console: Console) -> None:
    rows = console.rows(NL, schema.task, schema.task.c.kind == "rejection", schema.task.c.state == "open")
    with console.hub.store.unit(NL) as unit:
        before = counted.tasks(unit, ["rejection"], unassigned=True)
        unit.update(schema.task, rows[0]["id"], assignee="somebody")
        after = counted.tasks(unit, ["rejection"], unassigned=True)
    assert before.count - after.count == 1
    assert sum(minor for minor, _ in before.amounts) > sum(minor for minor, _ in after.amounts)


def test_tiles_count_what_is_there(console: Console) -> None:
    today_ = console.hub.today("NL")
    add(console, 1, due=today_ + timedelta(days=13), minor=5_000, kind="deadline")
    add(console, 2, due=today_ + timedelta(days=15), minor=7_000, kind="deadline")
    add(console, 3, due=today_ + timedelta(days=29), kind="expires")
    add(console, 4, due=today_, kind="list_missing")
    add(console, 5, due=None, kind="approval_waits")
    exchange = console.rows(NL, schema.exchange)[0]
    payment = console.rows(NL, schema.payment)[0]
    with console.hub.store.unit(NL) as unit:
        before = {one.name: one.sum for one in today.tiles(console.hub, unit, "NL", money=True)}
        unit.update(schema.exchange, exchange["id"], state="in_doubt")
        unit.update(schema.payment, payment["id"], matched="review")
        after = {one.name: one.sum for one in today.tiles(console.hub, unit, "NL", money=True)}
        plain = {one.name for one in today.tiles(console.hub, unit, "NL", money=False)}
    assert (before["deadlines"].count, before["deadlines"].amounts) == (1, ((5_000, "EUR"),))
    assert before["deadlines"].due == today_ + timedelta(days=13)
    assert (before["expiring"].count, before["inputs"].count) == (1, 1)
    assert before["second"].count >= 1
    assert after["doubts"].count == before["doubts"].count + 1
    assert after["payments"].count == before["payments"].count + 1
    assert set(before) - plain == {"payments", "second"}


def test_held_rows_of_lists_in_force_are_counted(console: Console) -> None:
    declared = {row["id"] for row in console.rows(NL, schema.declaration, schema.declaration.c.state == "current")}
    held = [
        row
        for row in console.rows(NL, schema.declaration_row, schema.declaration_row.c.outcome == "hold")
        if row["declaration_id"] in declared
    ]
    assert held
    with console.hub.store.reading(NL) as unit:
        assert counted.held_rows(unit).count == len(held)


def test_replies_that_are_late_are_counted_from_the_day_after_their_date(console: Console) -> None:
    table = schema.exchange
    waiting = [
        row
        for row in console.rows(NO, table, table.c.answered_at.is_(None), table.c.reply_due.is_not(None))
        if row["state"] in ("sent", "delivered")
    ]
    assert waiting
    last = max(row["reply_due"] for row in waiting)
    with console.hub.store.reading(NO) as unit:
        assert counted.overdue(unit, last).count == sum(row["reply_due"] < last for row in waiting)
        assert counted.overdue(unit, last + timedelta(days=1)).count == len(waiting)


def test_tasks_come_by_day_then_money_and_pages_neither_skip_nor_repeat(console: Console) -> None:
    today_ = console.hub.today("NL")
    for number in range(130):
        day = None if number % 7 == 0 else today_ + timedelta(days=number % 5)
        add(console, number, due=day, minor=(number * 37) % 11 * 100)
    rows = []
    after = None
    with console.hub.store.reading(NL) as unit:
        whole = counted.page(unit, most=10_000)
        while part := counted.page(unit, after=after, most=17):
            rows += part
            after = counted.cursor(part[-1])
    assert [row["id"] for row in rows] == [row["id"] for row in whole]
    keys = [counted.cursor(row) for row in whole]
    assert keys == sorted(keys, key=lambda key: (key[0], -key[1], key[2]))


def test_the_second_page_goes_on_where_the_first_ended(console: Console) -> None:
    for number in range(60):
        add(console, number, due=console.hub.today("NL") + timedelta(days=1))
    support = console.login("support")
    first = support.see("/today?show=held")
    following = re.search(r'href="(/today\?show=held&after=[^"]+)"', first)
    assert following is not None
    second = support.see(following.group(1))
    on_first = set(re.findall(r"Iets (\d+)<", first))
    on_second = set(re.findall(r"Iets (\d+)<", second))
    assert len(on_first) + len(on_second) == 60
    assert on_first.isdisjoint(on_second)
    assert support.see("/today?show=held&after=not-a-cursor").count("Iets") == first.count("Iets")


def test_mine_are_those_i_took(console: Console) -> None:
    add(console, 1, due=None)
    add(console, 2, due=None)
    support = console.login("support")
    row = console.rows(NL, schema.task, schema.task.c.key == "made:0001")[0]
    with console.hub.store.unit(NL) as unit:
        unit.update(schema.task, row["id"], assignee=support.login)
    page = support.see("/today?show=mine")
    assert "Iets 1" in page
    assert "Iets 2" not in page


@pytest.mark.parametrize(
    ("key", "kind", "ref"),
    [
        ("payment:0a1b:PAYMENT_REVIEW", "payment", "0a1b"),
        ("approval:7", "approval", "7"),
        ("deadline:menzis:2024-05-01:EUR", "deadlines", ""),
        ("calendar:certificate:menzis:client_cert:2026-01-01", "partner", "menzis"),
        ("expected:01099901:PMO:2024Q1", "inputs", ""),
        ("something:else", "", ""),
    ],
)
def test_a_task_knows_where_it_is_solved(key: str, kind: str, ref: str) -> None:
    row = {"key": key, "claim_ref": "", "exchange_id": None, "inbound_id": None}
    assert today.place_of(row) == today.Place(kind, ref)


def test_a_task_about_a_claim_or_a_message_leads_there() -> None:
    row = {"key": "hold:R1:X", "claim_ref": "R1", "exchange_id": "e", "inbound_id": "i"}
    assert today.place_of(row) == today.Place("claim", "R1")
    assert today.place_of(row | {"claim_ref": ""}) == today.Place("exchange", "e")
    assert today.place_of(row | {"claim_ref": "", "exchange_id": None}) == today.Place("unread", "i")


def test_charts_add_up_to_the_books_and_each_has_its_table(console: Console) -> None:
    with console.hub.store.reading(NL) as unit:
        rows = unit.rows(unit.mine(schema.posting))
    balance = sum(
        row["amount_minor"] * ((row["debit"] in ("open", "due")) - (row["credit"] in ("open", "due"))) for row in rows
    )
    exchange = console.rows(NL, schema.exchange)[0]
    with console.hub.store.unit(NL) as unit:
        unit.update(schema.exchange, exchange["id"], prepared_at=unit.now - timedelta(days=7))
    charts = today.charts(console.hub, NL, "NL", None)
    assert sum(one["open"] + one["due"] for one in charts.ages) == balance
    page = console.login("support").see("/today/charts")
    assert page.count('<svg class="chart"') == page.count("<details><summary>") >= 2
    assert "style=" not in page


def test_the_flow_counts_messages_in_the_week_they_were_made(console: Console) -> None:
    exchange = console.rows(NL, schema.exchange)[0]
    with console.hub.store.unit(NL) as unit:
        moment = unit.now - timedelta(days=7)
        unit.update(schema.exchange, exchange["id"], prepared_at=moment, state="delivered", answered_at=unit.now)
    week = today.charts(console.hub, NL, "NL", None, anew=True).weeks[-2]
    assert (week["made"], week["arrived"], week["answered"]) == (1, 1, 1)


def test_charts_are_counted_once_a_day_or_when_somebody_asks(console: Console) -> None:
    first = today.charts(console.hub, NL, "NL", None)
    console.clock.move_to(console.hub.clock.now() + timedelta(hours=23))
    assert today.charts(console.hub, NL, "NL", None).made_at == first.made_at
    support = console.login("support")
    assert support.send("/today/charts").status_code == 200
    again = today.charts(console.hub, NL, "NL", None)
    assert again.made_at > first.made_at
    console.clock.move_to(console.hub.clock.now() + timedelta(hours=25))
    assert today.charts(console.hub, NL, "NL", None).made_at > again.made_at


def test_a_part_of_a_tenant_gets_its_own_figures_and_they_are_not_kept(console: Console) -> None:
    whole = today.charts(console.hub, NL, "NL", None)
    parts = [
        today.charts(console.hub, NL, "NL", frozenset({code}))
        for code in {row["provider_code"] for row in console.rows(NL, schema.claim)}
    ]
    for name in ("open", "due"):
        assert sum(one[name] for part in parts for one in part.ages) == sum(one[name] for one in whole.ages)
    assert [row["made_at"] for row in console.rows(NL, schema.figure)] == [whole.made_at]


def test_staff_of_one_practice_see_only_its_tasks_and_counts(console: Console) -> None:
    with console.hub.store.unit(NL) as unit:
        mine = parties.organisation(unit, OTHER_PRACTICE)
        parties.put_user(unit, "staff", name="Staff", role="support", organisation_id=mine.id, language="en")
    identity.set_password(console.hub, NL, "staff", PASSWORD, _ACTOR)
    table = schema.claim
    own = {row["ref"] for row in console.rows(NL, table, table.c.provider_code == OTHER_PRACTICE)}
    tasks_ = console.rows(NL, schema.task, schema.task.c.state == "open", schema.task.c.kind == "rejection")
    page = console.login("support", organisation=OTHER_PRACTICE).see("/today")
    assert tile(page, "Rejections nobody has taken") == sum(row["claim_ref"] in own for row in tasks_)
    for row in tasks_:
        assert (row["claim_ref"] in page) == (row["claim_ref"] in own)
    assert PRACTICE not in page


def test_who_may_not_see_money_has_no_tile_of_it(console: Console) -> None:
    page = console.login("engineer").see("/today")
    assert "Betalingen zonder declaratie" not in page
    assert "Vastgehouden regels en declaraties" in page


def test_a_provider_has_no_today_and_counting_needs_our_form(console: Console) -> None:
    assert console.login("provider").get("/today").status_code == 404
    assert console.login("support").client.post("/today/charts").status_code == 403


def test_every_place_and_tile_has_its_words(console: Console) -> None:
    """Keys that templates put together: no page may fail for want of one."""
    with console.hub.store.reading(NL) as unit:
        names = {one.name for one in today.tiles(console.hub, unit, "NL", money=True)} | set(today.KINDS)
    assert [name for name in names if not has("today", f"tile_{name}")] == []
    keys = ("payment:1:X", "approval:7", "account:1", "payout:1:void", "deadline:x", "filed-late:x", "calendar:a:b:c")
    keys += ("expected:x", "device:1", "declaration:1", "collect:x", "notices:x", "other:1")
    nothing = {"claim_ref": "", "exchange_id": None, "inbound_id": None}
    rows = [{"key": key} | nothing for key in keys]
    rows += [{"key": "x"} | nothing | {name: "1"} for name in nothing]
    kinds = {today.place_of(row).kind for row in rows} - {""}
    assert len(kinds) > 8
    assert [kind for kind in kinds if not has("today", f"go_{kind}")] == []
    assert kinds <= set(PLACES)

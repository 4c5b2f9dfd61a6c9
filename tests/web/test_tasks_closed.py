"""One task of any kind: taken, commented, closed with a reason and kept; what must be decided first is refused in words."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest

from hub import texts
from hub.model.exchange import ExchangeState
from hub.model.money import Money
from hub.pipeline import exchanges as traffic
from hub.pipeline import own_accounts, payouts, task_work, today, worklist
from hub.pipeline.cases import About, RefusedError, raise_case
from hub.pipeline.context import Actor
from hub.store import access, exchanges, parties, schema, support
from hub.store.unit import Row
from hub.web.roles import GRANTED, Permission
from tests.web.consoles import NL, NO, OTHER_PRACTICE, PRACTICE, Console

ANNE, BOB = Actor(name="anne", role="finance"), Actor(name="bob", role="finance")
STRANGE = "NL89INGB0009999991"


def of_kind(console: Console, kind: str, tenant: str = NL) -> list[Row]:
    return console.rows(tenant, schema.task, schema.task.c.kind == kind)


def account_told(console: Console) -> Row:
    """A message names an account that is nobody's we know; nothing but a person closes that."""
    with console.hub.store.unit(NL) as unit:
        own_accounts.told(unit, [STRANGE], inbound_id="", source="mail")
    (row,) = of_kind(console, "account_in_message")
    return row


def test_what_nothing_else_closes_is_closed_from_today_with_a_reason_that_stays(console: Console) -> None:
    task = account_told(console)
    support_ = console.login("support")
    path = f"/tasks/{task['id']}"
    assert f'href="{path}"' in support_.see("/today")
    assert support_.send(f"{path}/close", {"reason": "  "}).status_code == 422
    support_.send(f"{path}/assign", {"assignee": support_.login})
    support_.send(f"{path}/comment", {"words": "called about 999911120"})
    answer = support_.send(f"{path}/close", {"reason": "their own new account, confirmed by letter"})
    assert answer.status_code == 200

    (row,) = of_kind(console, "account_in_message")
    assert (row["state"], row["assignee"]) == ("done", support_.login)
    assert row["evidence"]["by"] == support_.login
    assert row["evidence"]["said"] == "their own new account, confirmed by letter"
    with console.hub.store.reading(NL) as unit:
        notes = support.notes(unit, [row["id"]])[row["id"]]
    assert [note["kind"] for note in notes] == ["assigned", "comment", "resolved"]
    assert "999911120" not in notes[1]["text"]
    assert ("resolve", f"task/{row['id']}") in [(one["action"], one["object"]) for one in console.looks(NL)]
    assert f'href="{path}"' not in support_.see("/today")
    assert "confirmed by letter" in support_.see("/tasks")
    assert support_.send(f"{path}/close", {"reason": "twice"}).status_code == 422

    support_.send(f"{path}/reopen")
    assert of_kind(console, "account_in_message")[0]["state"] == "open"
    assert f'href="{path}"' in support_.see("/today")


def test_a_void_pay_out_is_closed_by_finance_and_not_by_who_only_looks(console: Console) -> None:
    number = next(each.payout["number"] for each in payouts.propose(console.hub, NL, ANNE) if each.payout)
    with console.hub.store.unit(NL) as unit:
        (row,) = unit.rows(unit.mine(schema.payout, schema.payout.c.number == number))
        unit.update(schema.payout, row["id"], amount_minor=row["amount_minor"] + 1)
    payouts.approve(console.hub, NL, [number], Money(row["amount_minor"] + 1, "EUR"), BOB)
    (task,) = of_kind(console, "payout_void")
    path = f"/tasks/{task['id']}"
    for role in ("engineer", "auditor", "privacy_officer"):
        answer = console.login(role).send(f"{path}/close", {"reason": "seen"}, follow=False)
        assert answer.status_code == 404, role
    finance = console.login("finance")
    assert f'href="{path}"' in finance.see("/today")
    assert finance.send(f"{path}/close", {"reason": "proposed anew"}).status_code == 200
    assert of_kind(console, "payout_void")[0]["state"] == "done"


def refused_task(console: Console, what: str) -> tuple[Row, str]:
    """A task of the demo that must be decided where it belongs, and the code of the words that say so."""
    if what == "money":
        payment = console.rows(NL, schema.payment)[0]
        values = {"amount": Money(1, "EUR"), "day": "?", "payment": "x", "reason": "?", "suggestion": "?"}
        with console.hub.store.unit(NL) as unit:
            raise_case(unit, "PAYMENT_REVIEW", values, key=f"payment:{payment['id']}:PAYMENT_REVIEW")
        return of_kind(console, "payment_review")[-1], task_work.MONEY
    if what == "second":
        with console.hub.store.unit(NL) as unit:
            own_accounts.ask(unit, PRACTICE, STRANGE, source="called them", actor=ANNE)
        return of_kind(console, "account_waits")[0], task_work.SECOND
    exchange = next(row for row in console.rows(NL, schema.exchange) if row["state"] == "delivered")
    values = {"partner": "x", "name": "x", "key": "x", "day": "?", "attempts": 3, "reason": "?"}
    about = About(exchange_id=exchange["id"])
    with console.hub.store.unit(NL) as unit:
        if what == "answer":
            unit.update(schema.exchange, exchange["id"], answered_at=None)
            raise_case(unit, "REPLY_OVERDUE", values, key=f"overdue:{exchange['business_key']}", about=about)
            return unit.rows(unit.mine(schema.task, schema.task.c.kind == "reply_overdue"))[-1], task_work.ANSWER
        exchanges.force(unit, exchange["id"], ExchangeState.FAILED, text="gave up")
        raise_case(unit, "GAVE_UP", values, key=f"exchange:{exchange['business_key']}:GAVE_UP", about=about)
    return of_kind(console, "gave_up")[-1], task_work.WAITS


@pytest.mark.parametrize("what", ["money", "second", "answer", "stopped"])
def test_what_must_be_decided_first_is_refused_with_words_and_stays_open(console: Console, what: str) -> None:
    task, code = refused_task(console, what)
    support_ = console.login("support")
    path = f"/tasks/{task['id']}"
    said = texts.text(code)["nl"]
    page = support_.see(path)
    assert said in page
    assert f'action="{path}/close"' not in page
    answer = support_.send(f"{path}/close", {"reason": "I want it gone"})
    assert answer.status_code == 409
    assert said in unescape(answer.text)
    assert console.rows(NL, schema.task, schema.task.c.id == task["id"])[0]["state"] == "open"
    assert support_.send(f"{path}/comment", {"words": "asked them"}).status_code == 200


def test_a_held_claim_and_a_held_list_are_not_closed_away(console: Console) -> None:
    held = [row for row in of_kind(console, "held") if row["state"] == "open"]
    with console.hub.store.reading(NL) as unit:
        lists = [
            row
            for row in unit.rows(unit.mine(schema.task, schema.task.c.state == "open"))
            if row["key"].startswith("declaration:")
        ]
        assert held + lists
        assert {task_work.obstacle(unit, row) for row in held + lists} == {task_work.WAITS}
    with console.hub.store.unit(NL) as unit, pytest.raises(RefusedError):
        task_work.close(unit, (held + lists)[0]["id"], "away with it", Actor(name="x", role="support"))


def test_closing_says_nothing_of_the_claim_which_still_counts_as_it_did(console: Console) -> None:
    claim = next(row for row in console.rows(NL, schema.claim) if row["exchange_id"] and not row["hold_code"])
    with console.hub.store.unit(NL) as unit:
        values = {"payer": "x", "ref": claim["ref"], "amount": Money(1, "EUR"), "practice": PRACTICE}
        raise_case(
            unit,
            "VANISHED_FROM_LIST",
            values,
            key=f"vanished_from_list:{claim['ref']}",
            about=About(claim_ref=claim["ref"]),
        )
        before = support.counted(unit, support.Wanted())
        posted = unit.rows(unit.mine(schema.posting))
    (task,) = of_kind(console, "vanished_from_list")
    support_ = console.login("support")
    page = support_.see(f"/tasks/{task['id']}")
    assert f'href="/claims/{claim["ref"]}"' in page
    assert "Openstaand" in page or "openstaat" in page
    support_.send(f"/tasks/{task['id']}/close", {"reason": "the practice says the person is enrolled"})
    with console.hub.store.reading(NL) as unit:
        assert support.counted(unit, support.Wanted()) == before
        assert unit.rows(unit.mine(schema.posting)) == posted
    (after,) = console.rows(NL, schema.claim, schema.claim.c.ref == claim["ref"])
    assert after == claim


def test_tasks_are_given_only_to_people_who_work_on_them(console: Console) -> None:
    task = account_told(console)
    refusal = next(row for row in of_kind(console, "rejection") if row["state"] == "open")
    users = {row["role"]: row["login"] for row in console.rows(NL, schema.app_user)}
    support_ = console.login("support")
    for path in (f"/tasks/{task['id']}", f"/rejections/{refusal['id']}"):
        offered = support_.see(path)
        assert f"<option>{users['finance']}</option>" in offered
        for role in ("auditor", "privacy_officer", "provider"):
            assert f">{users[role]}</option>" not in offered
            answer = support_.send(f"{path}/assign", {"assignee": users[role]})
            assert answer.status_code in (409, 422), (path, role)
        assert support_.send(f"{path}/assign", {"assignee": users["engineer"]}).status_code == 200
    assert {row["assignee"] for row in console.rows(NL, schema.task)} <= {"", users["engineer"]}


def test_every_open_task_of_the_demo_leads_somewhere(console: Console) -> None:
    for tenant in (NL, NO):
        for row in console.rows(tenant, schema.task, schema.task.c.state == "open"):
            assert today.place_of(row).kind, row["key"]


def test_a_task_of_another_tenant_or_organisation_is_not_there_and_leaves_a_line(console: Console) -> None:
    task = account_told(console)
    stranger = console.login("support", "NO")
    before = sum(one["outcome"] == "absent" for one in console.looks(NO))
    assert stranger.get(f"/tasks/{task['id']}").status_code == 404
    assert stranger.get(f"/tasks/{task['key']}").status_code == 404
    for action in ("assign", "comment", "close", "reopen"):
        answer = stranger.send(f"/tasks/{task['id']}/{action}", {"reason": "mine", "words": "mine"}, follow=False)
        assert answer.status_code == 404, action
    assert sum(one["outcome"] == "absent" for one in console.looks(NO)) == before + 6
    assert of_kind(console, "account_in_message")[0]["state"] == "open"
    assert console.login("provider", "NL", PRACTICE).get(f"/tasks/{task['id']}").status_code == 404


def test_support_of_one_practice_sees_its_own_tasks_and_nothing_that_came_in_for_others(console: Console) -> None:
    with console.hub.store.unit(NL) as unit:
        (user,) = unit.rows(unit.mine(schema.app_user, schema.app_user.c.role == "support"))
        unit.update(schema.app_user, user["id"], organisation_id=parties.organisation(unit, PRACTICE).id)
    provider = {row["ref"]: row["provider_code"] for row in console.rows(NL, schema.claim)}
    refusals = of_kind(console, "rejection")
    theirs = [row for row in refusals if provider[row["claim_ref"]] == OTHER_PRACTICE]
    person = console.login("support")
    assert person.get("/inbound").status_code == 200
    assert person.get("/tasks").status_code == 200
    assert theirs
    for row in theirs:
        assert person.get(f"/tasks/{row['id']}").status_code == 404
        assert person.send(f"/tasks/{row['id']}/close", {"reason": "not mine"}, follow=False).status_code == 404
    own = next(row for row in refusals if provider[row["claim_ref"]] == PRACTICE)
    assert person.get(f"/tasks/{own['id']}").status_code == 200


def test_what_was_closed_by_hand_is_listed_page_by_page(console: Console) -> None:
    with console.hub.store.unit(NL) as unit:
        for number in range(5):
            raise_case(unit, "UNREADABLE", {"source": f"s{number}", "reason": "?"}, key=f"damaged:s:{number}")
        rows = unit.rows(unit.mine(schema.task, schema.task.c.key.startswith("damaged:s:")))
        for row in rows:
            task_work.close(unit, row["id"], f"reason {row['key']}", Actor(name="x", role="support"))
    found: list[str] = []
    before = None
    with console.hub.store.reading(NL) as unit:
        whole = [row["id"] for row in support.closed_by_hand(unit, None, 1000)]
        while part := support.closed_by_hand(unit, before, 2):
            found += [row["id"] for row in part]
            before = (part[-1]["at"], part[-1]["id"])
    assert found == whole
    assert len(whole) >= 5


def test_who_acts_is_said_alike_on_the_work_list_and_on_the_claim(console: Console) -> None:
    support_ = console.login("support")
    words = {"provider": "De praktijk", "support": "U", "operator": "Koppelingen", "payer": "De betaler"}
    seen = set()
    for row in of_kind(console, "rejection"):
        if row["state"] != "open":
            continue
        with console.hub.store.reading(NL) as unit:
            refusal = support.refusal(unit, row["id"])
            assert refusal is not None
            who = worklist.who_acts(console.hub, row["cause"], refusal["payer"])
        seen.add(who)
        page = support_.see(f"/claims/{row['claim_ref']}")
        assert f'badge-acts-{who}">{words[who]}<' in page, row["claim_ref"]
    assert "provider" in seen


def test_an_exchange_shows_its_claims_and_replies_and_no_lateness_once_answered(console: Console) -> None:
    support_ = console.login("support")
    carried = [row for row in console.rows(NL, schema.claim) if row["exchange_id"]]
    answered = next(
        row
        for row in console.rows(NL, schema.exchange)
        if row["answered_at"] and row["reply_due"] and any(one["exchange_id"] == row["id"] for one in carried)
    )
    with console.hub.store.unit(NL) as unit:
        unit.update(schema.exchange, answered["id"], reply_due=unit.now.date() - timedelta(days=870))
    page = support_.see(f"/exchanges/{answered['business_key']}")
    for row in carried:
        assert (f'href="/claims/{row["ref"]}"' in page) == (row["exchange_id"] == answered["id"])
    replies = console.rows(NL, schema.inbound, schema.inbound.c.exchange_id == answered["id"])
    assert replies
    assert all(f'href="/inbound/{row["id"]}"' in page for row in replies)
    assert 'class="late"' not in page
    with console.hub.store.unit(NL) as unit:
        unit.update(schema.exchange, answered["id"], answered_at=None, state="delivered")
    assert 'class="late"' in support_.see(f"/exchanges/{answered['business_key']}")


def test_the_claims_of_an_exchange_come_in_pages_that_neither_skip_nor_repeat(console: Console) -> None:
    carried = [row for row in console.rows(NL, schema.claim) if row["exchange_id"]]
    most = max(carried, key=lambda row: sum(one["exchange_id"] == row["exchange_id"] for one in carried))
    expected = {row["ref"] for row in carried if row["exchange_id"] == most["exchange_id"]}
    found: list[str] = []
    after = None
    with console.hub.store.reading(NL) as unit:
        while True:
            part = traffic.claims_of(unit, most["exchange_id"], after, 1)
            found += [row["ref"] for row in part.rows]
            if part.next is None:
                break
            after = part.next
    assert len(found) == len(set(found))
    assert set(found) == expected


@pytest.mark.parametrize("role", [name for name, may in GRANTED.items() if Permission.LOOK in may])
def test_every_role_that_looks_sees_what_waits_and_what_was_closed(console: Console, role: str) -> None:
    task = account_told(console)
    person = console.login(role)
    for path in ("/inbound", "/tasks", f"/tasks/{task['id']}"):
        assert person.get(path).status_code == 200, path
    with console.hub.store.reading(NL) as unit:
        assert not any(access.verify(unit).values())

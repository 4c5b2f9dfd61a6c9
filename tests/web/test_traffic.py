"""Traffic: exchanges, dead letter, doubts, partners, nightly tasks, expected inputs, deadlines, incidents, codes."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from html import unescape
from urllib.parse import quote

import pytest

from hub.model.exchange import ExchangeState
from hub.pipeline.deadlines import deadlines
from hub.store import exchanges, pauses, schema
from hub.web.parts.ical import calendar
from hub.web.screens import exchanges as screen
from tests.web.consoles import NL, Console


def test_exchanges_are_listed_newest_first_and_lead_to_their_history(console: Console) -> None:
    person = console.login("support")
    newest = max(console.rows(NL, schema.exchange), key=lambda row: row["prepared_at"])
    body = person.see("/exchanges")
    assert body.index(newest["invoice_number"]) < body.index("KV0000000001")
    body = person.see(f"/exchanges/{newest['business_key']}")
    assert newest["payload_sha256"] in body
    assert any(row["object"] == f"exchange/{newest['business_key']}" for row in console.looks(NL))


def test_exchanges_can_be_narrowed_to_a_state_and_paged(console: Console) -> None:
    person = console.login("support")
    refused = [row for row in console.rows(NL, schema.exchange) if row["state"] == "refused"]
    others = [row for row in console.rows(NL, schema.exchange) if row["state"] != "refused"]
    body = person.see("/exchanges?state=refused")
    assert refused
    assert all(f'/exchanges/{row["business_key"]}"' in body for row in refused)
    assert not any(f'/exchanges/{row["business_key"]}"' in body for row in others)
    oldest = min(console.rows(NL, schema.exchange), key=lambda row: (row["prepared_at"], row["business_key"]))
    ended = quote(f"{oldest['prepared_at'].isoformat()}|{oldest['business_key']}")
    assert "/exchanges/" not in person.see(f"/exchanges?before={ended}")


def test_messages_made_in_one_moment_all_have_a_place_in_the_list(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One night's files are made in one transaction, and so at one moment: no page may end before the last of them."""
    monkeypatch.setattr(screen, "_PAGE", 4)
    person, keys, path = console.login("support"), [], "/exchanges"
    while path:
        body = person.see(path)
        keys += re.findall(r'<tr><td><a href="/exchanges/([^"]+)"', body)
        more = re.search(r'href="(/exchanges\?[^"]+)" rel="next"', body)
        path = more[1] if more else ""
    rows = console.rows(NL, schema.exchange)
    assert max(Counter(row["prepared_at"] for row in rows).values()) > 4
    assert sorted(keys) == sorted(row["business_key"] for row in rows)


def test_the_file_of_an_exchange_is_for_who_may_see_persons_and_leaves_a_line(console: Console) -> None:
    row = console.rows(NL, schema.exchange)[0]
    path = f"/exchanges/{row['business_key']}/file"
    assert console.login("engineer").get(path).status_code == 404
    answer = console.login("support").get(path)
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    assert [one for one in console.looks(NL) if one["action"] == "export"][-1]["object"].endswith(row["business_key"])


def _make(console: Console, state: ExchangeState) -> str:
    """One exchange of the demo as if it had ended differently."""
    row = next(row for row in console.rows(NL, schema.exchange) if row["state"] == "delivered")
    with console.hub.store.unit(NL) as unit:
        exchanges.force(unit, row["id"], state, text="the connection broke after the last byte")
    return str(row["business_key"])


def test_a_doubt_is_settled_only_with_evidence_and_keeps_it(console: Console) -> None:
    key = _make(console, ExchangeState.IN_DOUBT)
    person = console.login("support")
    assert key in person.see("/doubts")
    assert person.send("/doubts", {"key": key, "arrived": "yes", "evidence": " "}).status_code == 409
    answer = person.send("/doubts", {"key": key, "arrived": "yes", "evidence": "seen in their portal by N, 10:15"})
    assert answer.status_code == 200
    assert key not in person.see("/doubts").split("<main")[1]
    with console.hub.store.reading(NL) as unit:
        history = exchanges.history(unit, exchanges.find(unit, schema.exchange.c.business_key == key)[0]["id"])
    assert any("10:15" in line["text"] for line in history)


def test_what_is_dead_is_grouped_by_cause_and_started_again(console: Console) -> None:
    key = _make(console, ExchangeState.FAILED)
    person = console.login("support")
    row = next(row for row in console.rows(NL, schema.exchange) if row["business_key"] == key)
    assert row["invoice_number"] in person.see("/dead")
    person.send("/dead", {"ids": row["id"]})
    after = next(one for one in console.rows(NL, schema.exchange) if one["business_key"] == key)
    assert after["state"] != "failed"


def test_a_dead_letter_that_is_not_there_changes_nothing(console: Console) -> None:
    assert console.login("support").send("/dead", {"ids": "nothing"}).status_code == 404


def test_what_a_colleague_started_meanwhile_keeps_the_others_not_back(console: Console) -> None:
    """Two people have the same list open: the second's ticks start what is still dead."""
    key = _make(console, ExchangeState.FAILED)
    row = next(row for row in console.rows(NL, schema.exchange) if row["business_key"] == key)
    started = next(one["id"] for one in console.rows(NL, schema.exchange) if one["state"] == "delivered")
    person = console.login("support")
    assert "1 opnieuw gestart" in person.send("/dead", {"ids": [started, row["id"], row["id"]]}).text
    after = next(one for one in console.rows(NL, schema.exchange) if one["id"] == row["id"])
    assert after["state"] != "failed"
    assert "er is niets gestart" in person.send("/dead").text


def test_a_partner_is_paused_with_a_reason_and_goes_on_again(console: Console) -> None:
    person = console.login("engineer")
    assert person.send("/partners/menzis/pause", {"reason": ""}).status_code == 422
    person.send("/partners/menzis/pause", {"reason": "their portal is being moved"})
    with console.hub.store.reading(NL) as unit:
        assert pauses.in_force(unit).of(pauses.PARTNER, "menzis") is not None
    assert "their portal is being moved" in person.see("/partners")
    person.send("/partners/menzis/resume")
    with console.hub.store.reading(NL) as unit:
        assert pauses.in_force(unit).of(pauses.PARTNER, "menzis") is None


def test_secrets_of_an_agreement_are_never_shown(console: Console) -> None:
    with console.hub.store.unit(NL) as unit:
        row = next(row for row in unit.rows(unit.mine(schema.agreement)) if row["partner"] == "menzis")
        settings = row["settings"] | {"token": "env:VERY_SECRET", "password": "hunter2"}
        unit.update(schema.agreement, row["id"], settings=settings)
    body = console.login("engineer").see("/partners/menzis")
    assert "VERY_SECRET" not in body
    assert "hunter2" not in body


def test_a_job_runs_now_pauses_and_resumes(console: Console) -> None:
    person = console.login("engineer")
    answer = person.send("/jobs/watch-hourly/run")
    assert "Termijnen en lijsten bewaken: ok" in answer.text
    person.send("/jobs/watch-hourly/pause", {"reason": "maintenance"})
    assert "maintenance" in person.see("/jobs")
    person.send("/jobs/watch-hourly/resume")
    assert "maintenance" not in person.see("/jobs")
    assert person.send("/jobs/no-such-job/run").status_code == 404


def test_what_a_job_destroyed_is_called_what_people_call_it(console: Console) -> None:
    person = console.login("engineer")
    answer = unescape(person.send("/jobs/retention-nightly/run").text)
    assert "nameless_rows" not in answer
    assert "Regels zonder bekende persoon: 1" in answer


@pytest.mark.parametrize(
    "path", ["/expected", "/expected?state=missing", "/incidents", "/codes", "/codes?q=COD954:0586"]
)
def test_the_registers_open_for_support(console: Console, path: str) -> None:
    assert "<h1>" in console.login("support").see(path)


def test_a_code_nobody_has_described_comes_first(console: Console) -> None:
    with console.hub.store.unit(NL) as unit:
        row = unit.one(unit.mine(schema.decision))
        assert row is not None
        made = row | {"id": "unheard", "source": "x", "number": 99, "at": console.clock.now()}
        made["codes"] = [{"list": "COD954", "code": "9999", "text": "zz", "element": ""}]
        unit.insert(schema.decision, [made])
    body = console.login("support").see("/codes")
    assert "9999" in body.split("<tbody>")[1].split("</tr>")[0]


def test_deadlines_show_money_at_risk_and_feed_a_calendar_without_persons(console: Console) -> None:
    person = console.login("support")
    assert "<h1>" in person.see("/deadlines")
    answer = person.get("/deadlines.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    lines = answer.text.split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2] == "END:VCALENDAR"
    assert all(len(line.encode()) <= 75 for line in lines)
    for claim in console.rows(NL, schema.claim):
        assert claim["ref"] not in answer.text


def test_a_calendar_subscribes_by_an_address_of_its_own_until_it_is_ended(console: Console) -> None:
    person = console.login("support")
    made = person.send("/deadlines/calendar").text
    (address,) = re.findall(r"http://[^<]+/calendar/[^<]+", made)
    path = "/calendar/" + address.partition("/calendar/")[2]
    assert address not in person.see("/deadlines"), "shown once"
    calendar_app = console.stranger()
    answer = calendar_app.get(path)
    assert answer.status_code == 200
    assert answer.text == person.get("/deadlines.ics").text
    token = path.split("/")[2]
    for other in (f"/calendar/{token[:-1]}x/en.ics", "/calendar/nothing/en.ics"):
        assert calendar_app.get(other).status_code == 404
    assert calendar_app.get("/v1/claims", headers={"authorization": f"Bearer {token}"}).status_code == 403
    (ending,) = re.findall(r"/deadlines/calendar/([^/]+)/end", person.see("/deadlines"))
    assert console.login("auditor").send(f"/deadlines/calendar/{ending}/end").status_code == 404
    assert calendar_app.get(path).status_code == 200
    person.send(f"/deadlines/calendar/{ending}/end")
    assert calendar_app.get(path).status_code == 404
    assert [row["action"] for row in console.looks(NL)].count("calendar") == 2


def test_the_calendar_has_one_event_per_day_of_money_at_risk(console: Console) -> None:
    console.clock.move_to(console.clock.now() + timedelta(days=1))
    with console.hub.store.reading(NL) as unit:
        piles = deadlines(console.hub, unit).piles
    body = calendar(piles, "nl", console.clock.now())
    assert body.count("BEGIN:VEVENT") == len(piles)


def test_the_quarter_board_adds_up_to_the_journal(console: Console) -> None:
    body = console.login("support").see("/quarter?period=2024Q1")
    assert "01099901" in body
    assert console.login("support", "NO").get("/quarter").status_code == 404

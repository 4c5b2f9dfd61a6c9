"""The screens of the privacy officer and the auditor: who saw what, what is held, erased by two, kept until when."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from hub.pipeline import identity, retention
from hub.pipeline.context import Actor
from hub.store import claims, parties, schema
from hub.store.unit import Row
from tests.web.consoles import NL, PASSWORD, Console, Person

BSN = "999931428"
SECOND = "second.officer"


def _second(console: Console, role: str = "privacy_officer", organisation: str = "") -> Person:
    """Another privacy officer of the tenant, logged in; of one organisation where its code is given."""
    with console.hub.store.unit(NL) as unit:
        own = parties.organisation(unit, organisation).id if organisation else None
        parties.put_user(unit, SECOND, name="S. Econd", role=role, organisation_id=own, language="nl")
    identity.set_password(console.hub, NL, SECOND, PASSWORD, Actor(name="demo", role="operator"))
    client = console.stranger()
    answer = client.post("/login", data={"login": SECOND, "password": PASSWORD}, follow_redirects=False)
    assert answer.status_code == 303
    return Person(client=client, tenant=NL, login=SECOND)


def _owed(console: Console) -> str:
    """Somebody of whom a claim is not settled."""
    with console.hub.store.reading(NL) as unit:
        rows = claims.find(unit)
        open_ones = retention.open_money(unit, sorted({row["subject_id"] for row in rows}))
        (claim,) = claims.load(unit, [next(row for row in rows if row["subject_id"] in open_ones)])
    return claim.person.bsn


def _last(console: Console) -> Row:
    return max(console.looks(NL), key=lambda row: (row["month"], row["seq"]))


@pytest.mark.parametrize("role", ["privacy_officer", "auditor"])
def test_the_log_is_read_page_by_page_and_reading_it_is_in_it(console: Console, role: str) -> None:
    person = console.login(role)
    person.see("/access-log")
    assert "accesslog/list" in person.see("/access-log")
    assert _last(console)["actor"] == person.login
    with console.hub.store.unit(NL) as unit:
        rows = [{"month": "2020-01", "seq": n, "at": unit.now, "hash": "0" * 64} for n in range(1, 121)]
        more = {"actor": "x", "role": "support", "action": "view", "subject": "", "outcome": "ok"}
        unit.insert(schema.access_log, [row | more | {"object": f"claim/OLD{row['seq']}"} for row in rows])
    assert "claim/OLD50" in person.see("/access-log?before=2020-01:51")
    assert "claim/OLD51" not in person.see("/access-log?before=2020-01:51")
    assert "before=2020-01%3A71" in person.see("/access-log?before=2020-01:121")
    assert person.get("/access-log?before=nonsense").status_code == 200


def test_who_saw_one_person_by_number_in_the_form_only(console: Console) -> None:
    person = console.login("privacy_officer")
    answer = person.send("/access-log/patient", {"number": BSN})
    assert answer.status_code == 200
    assert "*****1428" in answer.text
    assert "declaration/" in answer.text
    assert BSN not in answer.text
    last = _last(console)
    assert (last["object"], last["actor"]) == ("accesslog/patient/*****1428", person.login)
    assert last["subject"]
    wrong = person.send("/access-log/patient", {"number": "123456789"})
    assert (wrong.status_code, "123456789" in wrong.text) == (422, False)
    assert person.get(f"/access-log/patient?number={BSN}").status_code == 405


def test_employee_exchange_and_whether_the_log_is_whole(console: Console) -> None:
    person = console.login("auditor")
    person.see("/access-log")
    mine = person.send("/access-log/employee", {"name": person.login})
    assert "accesslog/list" in mine.text
    none = person.send("/access-log/employee", {"name": person.login, "first": "2020-01-01", "last": "2020-01-31"})
    assert "accesslog/list" not in none.text
    claim = next(row for row in console.rows(NL, schema.claim) if row["exchange_id"])
    (exchange,) = console.rows(NL, schema.exchange, schema.exchange.c.id == claim["exchange_id"])
    whose = person.send("/access-log/exchange", {"wanted": exchange["business_key"]})
    assert claim["ref"] in whose.text
    assert "*****" in whose.text
    assert person.send("/access-log/exchange", {"wanted": "nothing"}).status_code == 404
    assert "badge-bad" not in person.send("/access-log/verify").text
    last = max(console.rows(NL, schema.access_log), key=lambda row: (row["month"], row["seq"]))
    with console.hub.store.unit(NL) as unit:
        unit.insert(schema.access_log, [last | {"seq": last["seq"] + 1, "actor": "nobody"}])
    assert "badge-bad" in person.send("/access-log/verify").text
    assert _last(console)["outcome"] == "broken"


def test_a_day_of_the_log_is_the_reader_s_own_day(console: Console) -> None:
    """Half past midnight in Amsterdam is the evening before in UTC; the report says the day that the page says."""
    console.clock.move_to(datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
    person = console.login("auditor")
    person.see("/access-log")
    asked = {"name": person.login, "first": "2026-07-02", "last": "2026-07-02"}
    assert "02-07-2026 00:30" in person.send("/access-log/employee", asked).text
    asked = {"name": person.login, "first": "2026-07-01", "last": "2026-07-01"}
    assert "02-07-2026 00:30" not in person.send("/access-log/employee", asked).text
    for first, last in (("2026-06-01", "9999-12-31"), ("0001-01-01", "2026-07-02")):
        asked = {"name": person.login, "first": first, "last": last}
        assert person.send("/access-log/employee", asked).status_code == 200


def test_a_person_is_given_what_is_held_as_data_and_as_text(console: Console) -> None:
    person = console.login("privacy_officer")
    data = person.send("/privacy/export", {"number": BSN, "form": "json"})
    assert data.status_code == 200
    assert data.headers["content-disposition"].startswith('attachment; filename="subject-')
    assert BSN not in data.headers["content-disposition"]
    assert data.json()["person"]["number"] == BSN
    assert (
        person.send("/privacy/export", {"number": BSN, "form": "text"}).headers["content-type"].startswith("text/plain")
    )
    assert (_last(console)["action"], _last(console)["actor"]) == ("export", person.login)
    assert person.send("/privacy/export", {"number": "999990068"}).status_code == 409


def test_an_erasure_is_asked_by_one_and_done_by_another(console: Console) -> None:
    first = console.login("privacy_officer")
    values = {"number": BSN, "reason": "request"}
    owed = first.send("/privacy/erase", {"number": _owed(console), "reason": "request"})
    assert (owed.status_code, "niet beslist of niet geheel betaald" in owed.text) == (409, True)
    assert "*****1428" in first.send("/privacy/erase", values | {"despite": "paid outside"}).text
    own = first.send("/privacy/erasures/1/approve")
    assert own.status_code == 409
    assert "een tweede persoon keurt goed" in own.text
    assert first.get("/privacy/erasures/1").status_code == 404, "there is no certificate yet"
    second = _second(console)
    done = second.send("/privacy/erasures/1/approve")
    assert done.status_code == 200
    assert "badge-good" in done.text
    assert f"batch:{NL}:2024" in done.text
    assert second.send("/privacy/erasures/1/approve").status_code == 404, "once"
    assert first.send("/privacy/export", {"number": BSN}).status_code == 409
    with console.hub.store.unit(NL) as unit:
        row = unit.one(unit.mine(schema.erasure))
        assert row is not None
        unit.update(schema.erasure, row["id"], certificate=row["certificate"] | {"reason": "another"})
    assert "badge-bad" in console.login("auditor").see("/privacy/erasures/1")


def test_holds_and_refusals_are_said_and_kept(console: Console) -> None:
    person = console.login("privacy_officer")
    assert person.send("/privacy/hold", {"number": BSN, "reason": " "}).status_code == 409
    assert "dispute 17" in person.send("/privacy/hold", {"number": BSN, "reason": "dispute 17"}).text
    subject = console.rows(NL, schema.legal_hold)[0]["subject_id"]
    asked = {"number": BSN, "reason": "request", "despite": "paid outside"}
    refused = person.send("/privacy/erase", asked).text
    assert "op deze persoon rust sinds" in refused
    assert "legal hold" not in refused
    assert BSN not in refused, "what was typed stands there again, but for the number"
    assert 'value="request"' in refused
    assert 'value="paid outside"' in refused
    assert person.send("/privacy/holds/nobody/lift", {"reason": "settled"}).status_code == 404
    assert person.send(f"/privacy/holds/{subject}/lift", {"reason": ""}).status_code == 409
    assert person.send(f"/privacy/holds/{subject}/lift", {"reason": "settled"}).status_code == 200
    assert person.send(f"/privacy/holds/{subject}/lift", {"reason": "settled"}).status_code == 404
    person.send("/privacy/erase", asked)
    assert person.send("/privacy/erasures/1/refuse", {"reason": ""}).status_code == 409
    assert "the law keeps it" in person.send("/privacy/erasures/1/refuse", {"reason": "the law keeps it"}).text
    assert {row["state"] for row in console.rows(NL, schema.erasure)} == {"refused"}


def test_what_is_due_is_shown_and_destroyed_when_asked(console: Console) -> None:
    person = console.login("privacy_officer")
    shown = person.see("/privacy/retention")
    assert "NEN 7513" in shown
    assert "AWR art. 52(4)" in shown
    console.clock.move_to(datetime(2032, 1, 2, 8, tzinfo=UTC))
    later = console.login("privacy_officer")
    assert f"batch:{NL}:2024" in later.see("/privacy/retention")
    assert console.rows(NL, schema.disposal) == []
    assert f"batch:{NL}:2024" not in later.send("/privacy/retention").text
    assert "batch" in {row["kind"] for row in console.rows(NL, schema.disposal)}
    assert f"batch:{NL}:2024" in later.see("/privacy")


def test_the_auditor_reads_and_decides_nothing(console: Console) -> None:
    auditor = console.login("auditor")
    page = auditor.see("/privacy")
    assert "/privacy/export" not in page
    for path in ("export", "hold", "erase", "erasures/1/approve", "erasures/1/refuse", "holds/x/lift", "retention"):
        assert auditor.send(f"/privacy/{path}", {"number": BSN, "reason": "x"}).status_code == 404, path
    assert console.rows(NL, schema.erasure) == []


@pytest.mark.parametrize("role", ["provider", "support", "engineer", "finance"])
def test_nobody_else_finds_these_screens(console: Console, role: str) -> None:
    person = console.login(role)
    for path in ("/access-log", "/privacy", "/privacy/retention", "/privacy/erasures/1"):
        assert person.get(path).status_code == 404, path


def test_an_officer_of_one_organisation_sees_no_log_of_the_whole_tenant(console: Console) -> None:
    practice = next(row for row in console.rows(NL, schema.organisation) if row["kind"] == "practice")
    person = _second(console, organisation=practice["code"])
    for path in ("/access-log", "/privacy", "/privacy/retention", "/privacy/erasures/1"):
        assert person.get(path).status_code == 404, path
    for path in ("access-log/patient", "access-log/verify", "privacy/export", "privacy/erase", "privacy/retention"):
        assert person.send(f"/{path}", {"number": BSN, "reason": "x"}).status_code == 404, path


def test_another_tenants_officer_finds_nobody_and_nothing(console: Console) -> None:
    console.login("privacy_officer").send("/privacy/hold", {"number": BSN, "reason": "dispute"})
    subject = console.rows(NL, schema.legal_hold)[0]["subject_id"]
    other = console.login("privacy_officer", "NO")
    assert other.send("/privacy/export", {"number": BSN}).status_code == 409
    assert other.send(f"/privacy/holds/{subject}/lift", {"reason": "x"}).status_code == 404
    exchange = console.rows(NL, schema.exchange)[0]["business_key"]
    assert other.send("/access-log/exchange", {"wanted": exchange}).status_code == 404
    found = other.send("/access-log/patient", {"number": BSN})
    assert "declaration/" not in found.text
    assert json.dumps([row["lifted_by"] for row in console.rows(NL, schema.legal_hold)]) == '[""]'

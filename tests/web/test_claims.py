"""A claim's page: the sentence first, three axes in time, the message and where it came from, persons masked."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from hub.model.person import Person as Patient
from hub.pipeline import claim_page, claim_raw, claim_trace, identity, lookup
from hub.pipeline.context import Actor
from hub.pipeline.views import claim_views
from hub.store import access, claims, exchanges, parties, schema, search, subjects, tasks
from hub.store.unit import Row
from hub.web.parts import commands
from hub.web.screens.claims import OTHER, REASONS
from hub.web.wording import has
from tests.web.consoles import NL, NO, OTHER_PRACTICE, PASSWORD, PRACTICE, Console, Person
from tests.web.test_search import GROWING, statements, walks

ACTOR = Actor(name="test", role="engineer")


def claim_where(console: Console, tenant: str, *where: Any) -> Row:
    return console.rows(tenant, schema.claim, *where)[0]


def refused(console: Console, tenant: str) -> Row:
    """A claim with an open rejection."""
    task = console.rows(tenant, schema.task, schema.task.c.kind == "rejection", schema.task.c.state == "open")[0]
    return claim_where(console, tenant, schema.claim.c.ref == task["claim_ref"])


def personal(console: Console, tenant: str, row: Row) -> set[str]:
    """What nobody may see without a reason."""
    with console.hub.store.reading(tenant) as unit:
        (claim,) = claims.load(unit, [row])
    person = claim.person
    values = {person.bsn, person.fnr, person.name, person.postal_code, person.insured_number, person.local_ref}
    values |= {f"{person.birth_date:%Y-%m-%d}", f"{person.birth_date:%Y%m%d}"} if person.birth_date else set()
    return {value for value in values if len(value) > 3}


def staff_of(console: Console, code: str, role: str = "support") -> Person:
    with console.hub.store.unit(NL) as unit:
        mine = parties.organisation(unit, code)
        parties.put_user(unit, f"{role}-{code}", name="Staff", role=role, organisation_id=mine.id, language="en")
    identity.set_password(console.hub, NL, f"{role}-{code}", PASSWORD, ACTOR)
    return console.login(role, organisation=code)


@pytest.mark.parametrize(("country", "tenant"), [("NL", NL), ("NO", NO)])
def test_every_claim_of_the_demo_has_its_page_and_begins_with_why(console: Console, country: str, tenant: str) -> None:
    support = console.login("support", country)
    language = {"NL": "nl", "NO": "nb"}[country]
    for row in console.rows(tenant, schema.claim):
        page = support.see(f"/claims/{row['ref']}")
        with console.hub.store.reading(tenant) as unit:
            (view,) = claim_views(unit, [row])
            why = lookup.why(console.hub, unit, view)[language]
        main = page.split("<main", 1)[1]
        for part in commands.named(why):
            assert part.before in main
            assert main.index(part.before) < main.index('id="facts"')
        for value in personal(console, tenant, row):
            assert value not in page, row["ref"]


@pytest.mark.parametrize(("country", "tenant"), [("NL", NL), ("NO", NO)])
def test_no_view_of_a_message_shows_a_person_unasked(console: Console, country: str, tenant: str) -> None:
    support = console.login("support", country)
    shown = 0
    for row in console.rows(tenant, schema.claim):
        for view in ("raw", "trace", "document", "xml"):
            answer = support.get(f"/claims/{row['ref']}/{view}")
            shown += answer.status_code == 200
            for value in personal(console, tenant, row) - {row["case_ref"]}:
                assert value not in answer.text, (row["ref"], view)
    assert shown > 10


def test_what_to_do_is_a_sentence_of_its_own(console: Console) -> None:
    """A partner's meaning of its code has no full stop of its own; what to do follows it."""
    row = refused(console, NL)
    with console.hub.store.reading(NL) as unit:
        (view,) = claim_views(unit, [row])
        said = lookup.why(console.hub, unit, view)
        waiting = tasks.of_claims(unit, [row["ref"]])[0]
    for language in ("en", "nb", "nl"):
        before, after = said[language].split(waiting["action"][language])[0], waiting["action"][language]
        assert after
        assert re.search(r"[^.!?:][.!?:] $", before), said[language]


def test_a_person_is_shown_for_a_reason_once_and_the_log_says_why(console: Console) -> None:
    row = refused(console, NL)
    support = console.login("support")
    values = personal(console, NL, row)
    answer = support.send(f"/claims/{row['ref']}/reveal", {"reason": "other", "note": "asked for 999903883"})
    assert answer.status_code == 200
    assert sum(value in answer.text for value in values) >= 2
    looks = [look for look in console.looks(NL) if look["action"] == "reveal"]
    assert [(look["object"], look["actor"]) for look in looks] == [
        (f"claim/{row['ref']}: other asked for *****3883", support.login)
    ]
    assert looks[0]["subject"] == row["blind"]
    again = support.see(f"/claims/{row['ref']}")
    assert not any(value in again for value in values)


@pytest.mark.parametrize("form", [{}, {"reason": "because"}, {"reason": "other"}, {"reason": "other", "note": "x"}])
def test_without_a_reason_nobody_is_shown(console: Console, form: dict[str, str]) -> None:
    row = refused(console, NL)
    support = console.login("support")
    for way, status in (("reveal", 422), ("raw", 409), ("trace", 409)):
        answer = support.send(f"/claims/{row['ref']}/{way}", form)
        assert answer.status_code == status
        assert not any(value in answer.text for value in personal(console, NL, row))
    assert [look for look in console.looks(NL) if look["action"] == "reveal"] == []


def test_who_may_not_reveal_finds_no_way_to(console: Console) -> None:
    row = refused(console, NL)
    for role in ("engineer", "finance", "auditor"):
        person = console.login(role)
        assert "/reveal" not in person.see(f"/claims/{row['ref']}")
        for way in ("reveal", "raw", "trace"):
            assert person.send(f"/claims/{row['ref']}/{way}", {"reason": "audit"}).status_code == 404


def test_the_raw_record_is_revealed_for_a_reason_and_holds_nobody_else(console: Console) -> None:
    row = claim_where(console, NL, schema.claim.c.kind == "debit", schema.claim.c.module == "PMO")
    support = console.login("support")
    page = support.send(f"/claims/{row['ref']}/raw", {"reason": "question_payer"}).text
    with console.hub.store.reading(NL) as unit:
        (claim,) = claims.load(unit, [row])
        others = claims.find(
            unit, schema.claim.c.exchange_id == row["exchange_id"], schema.claim.c.blind != row["blind"]
        )
        strangers = claims.load(unit, others)
    assert claim.person.bsn in page
    assert strangers or not others
    for stranger in strangers:
        assert stranger.person.bsn not in page


def test_only_own_records_of_a_file_are_shown_to_each(console: Console) -> None:
    """In every file of the demo each claim finds exactly its own detail records."""
    seen = 0
    with console.hub.store.reading(NL) as unit:
        for row in claims.find(unit, schema.claim.c.exchange_id.is_not(None)):
            shown = claim_raw.raw(console.hub, unit, row, language="en", personal=True)
            assert shown is not None
            if shown.kind == "fixed":
                refs = [
                    item.value.rstrip("\xb7")
                    for group in shown.groups
                    for item in group.items
                    if item.name.startswith("REFERENTIENUMMER DIT PRESTATIERECORD")
                ]
                assert refs == [line["ref"] for line in claims.lines(unit, [row["id"]])]
                seen += 1
            if shown.kind == "tree":
                text = " ".join(item.value for group in shown.groups for item in group.items)
                people = [item for group in shown.groups for item in group.items if item.name == "BSN"]
                assert len(people) == 1
                assert all(line["ref"] in text for line in claims.lines(unit, [row["id"]]))
                seen += 1
    assert seen > 10


def test_the_trace_tells_of_each_value_where_it_came_from(console: Console) -> None:
    told: dict[str, set[str]] = {}
    with console.hub.store.reading(NL) as unit:
        for row in claims.find(unit, schema.claim.c.exchange_id.is_not(None)):
            found = claim_trace.trace(console.hub, unit, row, language="en")
            assert found is not None
            assert found.rows
            told.setdefault(row["programme"], set()).update(one.source for one in found.rows)
            if row["programme"] == "module-quarter" and found.line is not None and row["kind"] == "debit":
                by_place = {one.item.place.split()[0]: one for one in found.rows}
                assert by_place["0203"].same
                assert by_place["0203"].given == "***"
                assert by_place["0207"].same
    assert told["module-quarter"] >= {"list", "tariff", "series", "computed", "insurer", "organisation"}
    assert "untold" not in told["module-quarter"]
    assert told["finished"] == {"handed_in"}


def test_the_trace_of_an_invoice_names_payers_rules_and_the_log(console: Console) -> None:
    with console.hub.store.reading(NO) as unit:
        row = claims.find(unit, schema.claim.c.kind == "debit", schema.claim.c.case_ref != "")[0]
        found = claim_trace.trace(console.hub, unit, row, language="nb")
        assert found is not None
        by_term = {one.item.name.split()[0]: one for one in found.rows}
    assert (by_term["BT-83"].source, by_term["BT-13"].source, by_term["BT-1"].source) == ("kid", "list", "series")
    assert by_term["BT-13"].same
    assert {one.source for one in found.rows} >= {"organisation", "computed", "partner", "log"}
    assert "untold" not in {one.source for one in found.rows}


def test_a_document_is_shown_under_a_policy_of_its_own(console: Console) -> None:
    row = claim_where(console, NO, schema.claim.c.kind == "debit")
    support = console.login("support", "NO")
    for view in ("document", "xml"):
        answer = support.get(f"/claims/{row['ref']}/{view}")
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "<script" not in answer.text
        assert row["ref"] in answer.text
    assert "BT-115" in support.see(f"/claims/{row['ref']}/xml")


def test_the_timeline_tells_the_three_axes_in_order(console: Console) -> None:
    paid = {row["claim_line_id"] for row in console.rows(NL, schema.allocation)}
    line = console.rows(NL, schema.claim_line, schema.claim_line.c.id.in_(paid))[0]
    row = claim_where(console, NL, schema.claim.c.id == line["claim_id"])
    with console.hub.store.reading(NL) as unit:
        found = claim_page.load(console.hub, unit, row["ref"])
    assert found is not None
    assert [event.at for event in found.events] == sorted(event.at for event in found.events)
    assert {event.axis for event in found.events} == {"transport", "decision", "money"}
    moved = sum(event.minor or 0 for event in found.events if event.axis == "money" and event.what == "received")
    assert moved == found.view.money.received.minor
    assert sum(one.minor for one in found.paid) + sum(one.netted for one in found.paid) != 0


def test_a_rejections_page_shows_raw_code_and_plain_words_and_the_way_to_correct(console: Console) -> None:
    row = refused(console, NL)
    decision = next(
        one
        for line in console.rows(NL, schema.claim_line, schema.claim_line.c.claim_id == row["id"])
        for one in console.rows(NL, schema.decision, schema.decision.c.claim_line_id == line["id"])
        if one["codes"]
    )
    page = console.login("support").see(f"/claims/{row['ref']}")
    code = decision["codes"][0]
    assert f"<code>{code['list']}:{code['code']}</code>" in page
    with console.hub.store.reading(NL) as unit:
        found = claim_page.load(console.hub, unit, row["ref"])
    assert found is not None
    assert {one.name for one in found.actions if one.allowed} >= {"correct"}
    assert any(reason.known and reason.text["nl"] in page for line in found.lines for reason in line.reasons)


def test_what_may_not_be_done_says_why(console: Console) -> None:
    row = claim_where(console, NL, schema.claim.c.kind == "credit")
    page = console.login("support").see(f"/claims/{row['ref']}")
    with console.hub.store.reading(NL) as unit:
        found = claim_page.load(console.hub, unit, row["ref"])
    assert found is not None
    barred = [one for one in found.actions if not one.allowed]
    assert barred
    assert all(one.said["nl"] in page for one in barred)


def test_looking_is_logged_with_whom_it_was_about(console: Console) -> None:
    row = refused(console, NL)
    support = console.login("support")
    for view in ("", "/raw", "/trace"):
        support.see(f"/claims/{row['ref']}{view}")
    looks = [look for look in console.looks(NL) if look["object"] == f"claim/{row['ref']}"]
    mine = [(look["action"], look["subject"]) for look in looks if look["actor"] == support.login]
    assert mine == [("view", row["blind"]), ("raw", row["blind"]), ("trace", row["blind"])]
    with console.hub.store.reading(NL) as unit:
        assert access.verify(unit) == dict.fromkeys(access.verify(unit))


def test_who_audits_sees_who_looked_and_nobody_else_does(console: Console) -> None:
    row = refused(console, NL)
    support = console.login("support")
    support.send(f"/claims/{row['ref']}/reveal", {"reason": "complaint"})
    assert 'id="looks"' not in support.see(f"/claims/{row['ref']}")
    page = console.login("privacy_officer").see(f"/claims/{row['ref']}")
    assert 'id="looks"' in page
    assert support.login in page
    assert "complaint" in page


@pytest.mark.parametrize("view", ["", "/raw", "/trace", "/document", "/xml"])
def test_anothers_claim_and_no_claim_look_the_same_and_are_logged(console: Console, view: str) -> None:
    table = schema.claim
    theirs = claim_where(console, NL, table.c.provider_code == OTHER_PRACTICE, table.c.kind == "debit")
    staff = staff_of(console, PRACTICE)
    answers = [staff.get(f"/claims/{ref}{view}") for ref in (theirs["ref"], "R999999999")]
    assert [answer.status_code for answer in answers] == [404, 404]
    bodies = [re.sub(r"R\d{9}", "", answer.text) for answer in answers]
    assert bodies[0] == bodies[1]
    kind = "claim"
    tried = {look["object"] for look in console.looks(NL) if look["outcome"] == "absent"}
    assert {f"{kind}/{theirs['ref']}", f"{kind}/R999999999"} <= tried
    foreign = claim_where(console, NO)
    assert console.login("support").get(f"/claims/{foreign['ref']}{view}").status_code == 404


def test_changes_to_anothers_claim_are_not_there(console: Console) -> None:
    table = schema.claim
    theirs = claim_where(console, NL, table.c.provider_code == OTHER_PRACTICE, table.c.kind == "debit")
    staff = staff_of(console, PRACTICE)
    for way in ("reveal", "raw", "trace"):
        assert staff.send(f"/claims/{theirs['ref']}/{way}", {"reason": "audit"}).status_code == 404
    assert [look for look in console.looks(NL) if look["action"] == "reveal"] == []


def test_staff_of_a_practice_see_where_their_claim_is_but_not_the_file_it_travels_in(console: Console) -> None:
    """The file is the care group's and holds claims of other practices."""
    table = schema.claim
    own = claim_where(
        console,
        NL,
        table.c.provider_code == PRACTICE,
        table.c.exchange_id.is_not(None),
        table.c.claimant_code != PRACTICE,
    )
    with console.hub.store.reading(NL) as unit:
        (view,) = claim_views(unit, [own])
        state = exchanges.get(unit, own["exchange_id"])["state"]
    staff = staff_of(console, PRACTICE)
    page = staff.see(f"/claims/{own['ref']}")
    assert view.transport == state
    assert f"badge-{state}" in page
    assert "/raw" not in page
    assert "There is no message" in staff.see(f"/claims/{own['ref']}/raw")


def test_the_list_a_claim_came_in_has_a_name_whatever_it_holds(console: Console) -> None:
    support = console.login("support")
    for programme, name in (("zpm-performances", "Prestaties (ggz)"), ("module-quarter", "PMO 2024Q1")):
        row = claim_where(console, NL, schema.claim.c.programme == programme, schema.claim.c.period != "2023Q4")
        said = re.search(r"<dt>Lijst</dt><dd>([^<]+)</dd>", support.see(f"/claims/{row['ref']}"))
        assert said is not None
        assert said[1].startswith(f"{name}, ")


def test_a_claim_of_an_erased_person_keeps_its_amounts(console: Console) -> None:
    row = refused(console, NL)
    with console.hub.store.unit(NL) as unit:
        subjects.erase(unit, row["subject_id"])
    page = console.login("support").see(f"/claims/{row['ref']}")
    assert "gewist" in page
    assert "/reveal" not in page
    assert str(row["total_minor"] // 100) in page


def test_a_reference_with_a_slash_has_its_page(console: Console) -> None:
    row = refused(console, NL)
    with console.hub.store.unit(NL) as unit:
        unit.update(schema.claim, row["id"], ref="2024/ 7~1")
    support = console.login("support")
    page = support.see("/claims/2024/%207~1")
    assert 'href="/claims/2024/%207~1/raw"' in page
    assert support.get("/claims/2024/%207~1/raw").status_code == 200


def test_a_comment_stands_with_its_task_and_numbers_of_persons_are_masked(console: Console) -> None:
    row = refused(console, NL)
    task = console.rows(NL, schema.task, schema.task.c.claim_ref == row["ref"], schema.task.c.state == "open")[0]
    support = console.login("support")
    words = {"task": task["id"], "words": "Called about 999903883, they will answer"}
    page = support.send(f"/claims/{row['ref']}/comment", words).text
    assert "they will answer" in page
    assert "999903883" not in page
    other = console.rows(NL, schema.task, schema.task.c.claim_ref != row["ref"])[0]
    wrong = support.send(f"/claims/{row['ref']}/comment", {"task": other["id"], "words": "elsewhere"})
    assert wrong.status_code == 404
    assert console.login("auditor").send(f"/claims/{row['ref']}/comment", words).status_code == 404


def test_without_the_secret_of_the_form_nothing_is_revealed(console: Console) -> None:
    row = refused(console, NL)
    answer = console.login("support").client.post(f"/claims/{row['ref']}/reveal", data={"reason": "audit"})
    assert answer.status_code == 403
    assert not any(value in answer.text for value in personal(console, NL, row))


def test_a_claims_page_walks_through_no_table_that_grows(console: Console) -> None:
    row = refused(console, NL)
    for within in (None, frozenset({row["provider_code"]})):
        with statements(console) as asked, console.hub.store.reading(NL, within=within) as unit:
            claim_page.load(console.hub, unit, row["ref"])
            search.looks(unit, [f"claim/{row['ref']}"], 50)
        assert len(asked) > 15
        assert walks(console, asked, (*GROWING, "allocation", "exchange_event", "access_log")) == set()


def test_every_source_reason_and_fact_has_its_words() -> None:
    """Keys that templates put together: no page may fail for want of one."""
    sources = {source for table in claim_trace.TABLES for source, _ in table.values()}
    keys = [f"from_{name}" for name in sources | {claim_trace.HANDED_IN, claim_trace.UNTOLD}]
    keys += [f"reason_{name}" for name in (*REASONS, OTHER)] + [f"axis_{name}" for name in claim_page.AXES]
    keys += [f"do_{name}" for name in ("correct", "credit", "hold", "release")]
    keys += [f"acts_{name}" for name in ("support", "payer", "hub", "nobody")]
    keys += [f"raw_own_{name}" for name in ("fixed", "tree", "document")]
    person = Patient(
        bsn="x", fnr="x", insured_number="x", name="x", birth_date=date(2000, 1, 1), postal_code="x", local_ref="x"
    )
    facts = claim_page.facts(person)
    keys += [f"person_{fact.name}" for fact in facts]
    assert len(facts) == 7
    assert [key for key in keys if not has("claims", key)] == []

"""A person's rights: who saw my data, what is held about me, erase it; and what a law or open money makes wait."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hub.errors import ConfigurationError, ContentError
from hub.pipeline import access_reports, lookup, privacy, privacy_export, search
from hub.pipeline.context import Actor
from hub.pipeline.privacy import whom
from hub.store import access, claims, schema, subjects, support, tasks
from hub.store import privacy as rows
from hub.store.support import NewNote
from hub.store.tasks import NewTask
from hub.store.unit import Row, Unit
from tests.scenarios.vektis_bytes import Ha305
from tests.scenarios.world import NL, PRACTICE, World, nl_list

OFFICER = Actor(name="olga", role="privacy_officer")
SECOND = Actor(name="piet", role="privacy_officer")
ANNA = Actor(name="anna", role="support")
BSN = "999931428"
UNKNOWN = "999990068"
REASON = "request of 3 November"


@pytest.fixture
def played(world: World) -> World:
    """A list is handed in and sent; Menzis grants it all."""
    world.hand_in(nl_list())
    world.submit(NL)
    sent = next(data for data in world.sent("menzis") if data[26:30] == b"3332")
    world.answer(NL, Ha305(sent=sent).bytes())
    return world


def _claim(world: World) -> Row:
    with world.reading(NL) as unit:
        subject = subjects.find(unit, "bsn", BSN)
        assert subject is not None
        return rows.claims_of(unit, subject["id"])[0]


def _log(world: World) -> list[Row]:
    with world.reading(NL) as unit:
        return access.events(unit)


def _erased(world: World) -> dict[str, Any]:
    row = privacy.ask_erasure(world.hub, NL, whom(BSN), REASON, OFFICER, despite="paid outside")
    return privacy.erase(world.hub, NL, "NL", row["number"], SECOND)


@pytest.mark.parametrize("said", [BSN, "999 931 428", " 9999.31.428 "])
def test_a_number_is_understood_as_people_write_it(said: str) -> None:
    assert (whom(said).kind, whom(said).value) == ("bsn", BSN)


@pytest.mark.parametrize("said", ["", f"bsn {BSN}", "999931429", "patient:", f"R:{BSN}"])
def test_what_is_no_number_of_a_person_is_refused_without_being_repeated(said: str) -> None:
    with pytest.raises(ContentError, match="no number of a person") as refused:
        whom(said)
    assert BSN not in str(refused.value)
    assert BSN not in refused.value.hint


def test_who_saw_my_data_names_views_searches_exports_and_changes(played: World) -> None:
    ref = _claim(played)["ref"]
    with played.unit(NL) as unit:
        access.record(unit, actor="anna", role="support", action="view", object_=f"claim/{ref}")
        access.record(unit, actor="bob", role="support", action="view", object_="claim/R999999999")
        access.record(unit, actor="cees", role="support", action="comment", object_=f"claim/{ref}: called the practice")
        subject = subjects.find(unit, "bsn", BSN)
        assert subject is not None
        access.record(
            unit, actor="dora", role="support", action="search", object_="person/*****1428", subject=subject["blind"]
        )
    found = access_reports.of_patient(played.hub, NL, whom(BSN), OFFICER)
    assert [row["actor"] for row in found if row["actor"] in ("anna", "bob", "cees", "dora")] == [
        "anna",
        "cees",
        "dora",
    ]
    assert found[0]["object"].startswith("declaration/"), "it begins with who handed it in"
    last = _log(played)[-1]
    assert (last["actor"], last["action"], last["object"]) == ("olga", "accesslog", "accesslog/patient/*****1428")
    assert last["subject"] == subject["blind"]
    again = access_reports.of_patient(played.hub, NL, whom(BSN), OFFICER)
    assert again[-1]["actor"] == "olga", "who reads the log stands in it"
    assert BSN not in json.dumps([access_reports.line(row) for row in again])


def test_what_an_employee_did_in_a_time(played: World) -> None:
    start = played.clock.now()
    with played.unit(NL) as unit:
        access.record(unit, actor="anna", role="support", action="view", object_="claim/1")
    played.at(start + timedelta(days=2))
    with played.unit(NL) as unit:
        access.record(unit, actor="anna", role="support", action="view", object_="claim/2")
        access.record(unit, actor="bob", role="support", action="view", object_="claim/3")
    day = timedelta(days=1)
    found = access_reports.of_employee(played.hub, NL, "anna", start, start + day, OFFICER)
    assert [row["object"] for row in found] == ["claim/1"]
    found = access_reports.of_employee(played.hub, NL, "anna", start, start + 3 * day, OFFICER)
    assert [row["object"] for row in found] == ["claim/1", "claim/2"]
    assert _log(played)[-1]["object"] == "accesslog/employee/anna"


def test_whose_data_was_in_a_message(played: World) -> None:
    claim = _claim(played)
    found = access_reports.of_exchange(played.hub, NL, claim["exchange_id"], OFFICER)
    with played.reading(NL) as unit:
        there = {row["ref"] for row in claims.find(unit) if row["exchange_id"] == claim["exchange_id"]}
    assert {row["claim"] for row in found} == there
    assert {"claim": claim["ref"], "number": "*****1428", "provider": PRACTICE}.items() <= next(
        row for row in found if row["claim"] == claim["ref"]
    ).items()
    assert access_reports.of_exchange(played.hub, NL, claim["invoice_number"], OFFICER) == found
    with pytest.raises(ContentError, match="no exchange"):
        access_reports.of_exchange(played.hub, NL, "nothing", OFFICER)
    _erased(played)
    row = next(
        row
        for row in access_reports.of_exchange(played.hub, NL, claim["exchange_id"], OFFICER)
        if row["claim"] == claim["ref"]
    )
    assert (row["number"], row["erased"]) == ("", True)


def test_everything_held_about_me_with_what_for_and_until_when(played: World) -> None:
    claim = _claim(played)
    with played.unit(NL) as unit:
        told = {"en": "grants less", "nb": "x", "nl": "x"}
        tasks.add(unit, NewTask(key="t:1", kind="refused", text=told, action=told, claim_ref=claim["ref"]))
        (task,) = tasks.of_claims(unit, [claim["ref"]])
        support.note(
            unit, NewNote(task_id=task["id"], kind="comment", text="called the practice", by="anna", role="support")
        )
        asked = {
            "organisation_id": declarations_of(unit, claim)["organisation_id"],
            "state": "asked",
            "asked_at": unit.now,
        }
        unit.insert(
            schema.question, [asked | {"id": "q1", "claim_ref": claim["ref"], "words": "which?", "asked_by": "anna"}]
        )
    body = privacy_export.export(played.hub, NL, "NL", whom(BSN), OFFICER)
    (mine,) = body["claims"]
    assert (mine["ref"], mine["person"]["bsn"]) == (claim["ref"], BSN)
    assert mine["lines"][0]["verdict"] == "granted"
    assert mine["lines"][0]["decisions"][0]["verdict"] == "granted"
    (handed_in,) = body["handed_in"]
    assert handed_in["practice"] == PRACTICE
    assert BSN in "".join(str(value) for value in handed_in["columns"].values()).replace(" ", "")
    assert [one["partner"] for one in body["messages"]] == ["menzis"]
    assert [one["code"] for one in body["held_by"]["organisations"]]
    assert {one["kind"]: one["until"] for one in body["kept_until"]} == {
        "person": "2032-01-01",
        "access_log": "2030-01-01",
    }
    assert body["raw"] == [body["raw"][0] | {"year": "2024", "until": "2032-01-01"}]
    assert len(body["purposes"]) == 4
    assert [one["notes"][0]["text"] for one in body["tasks"]] == ["called the practice"]
    assert [one["words"] for one in body["questions"]] == ["which?"]
    assert body["insured"]
    assert {(one["kind"], one["columns"]["bsn"]) for one in body["insured"]} == {("coverage", BSN)}
    assert json.loads(json.dumps(body)) == body
    others = [row for row in _handed_in_numbers() if row != BSN]
    assert others
    assert not [number for number in others if number in json.dumps(body)], "nobody else stands in it"
    for language, words in (("en", "Who saw"), ("nb", "Hvem som"), ("nl", "Wie het")):
        said = privacy_export.as_text(body, language)
        assert words in said
        assert claim["ref"] in said
    assert (_log(played)[-1]["action"], _log(played)[-1]["actor"]) == ("export", "olga")
    with pytest.raises(ContentError, match=r"nothing is held about bsn \*{5}0068"):
        privacy_export.export(played.hub, NL, "NL", whom(UNKNOWN), OFFICER)


def declarations_of(unit: Unit, claim: Row) -> Row:
    """The list a claim came with."""
    found = unit.one(unit.mine(schema.declaration, schema.declaration.c.id == claim["declaration_id"]))
    assert found is not None
    return found


def _handed_in_numbers() -> list[str]:
    lines = [line.split(";") for line in nl_list().decode().splitlines()]
    at = lines[0].index("bsn")
    return ["".join(line[at].split()) for line in lines[1:] if len("".join(line[at].split())) == 9]


def test_erasure_takes_two_people_and_leaves_nothing_that_opens_or_finds(played: World) -> None:
    claim = _claim(played)
    blind = claim["blind"]
    row = privacy.ask_erasure(played.hub, NL, whom(BSN), REASON, OFFICER, despite="paid outside")
    again = privacy.ask_erasure(played.hub, NL, whom(BSN), REASON, OFFICER, despite="paid outside")
    assert again["number"] == row["number"], "asked twice is asked once"
    for same in (OFFICER, replace(SECOND, name="Olga"), replace(SECOND, name="оlga")):
        with pytest.raises(ConfigurationError, match="cannot approve"):
            privacy.erase(played.hub, NL, "NL", row["number"], same)
    done = privacy.erase(played.hub, NL, "NL", row["number"], SECOND)
    assert done["destroyed"]["keys"] == 1
    assert [one["until"] for one in done["remains"] if one["what"] == "batch"] == ["2032-01-01"]
    assert BSN not in json.dumps(done)
    assert blind not in json.dumps(done)
    with played.reading(NL) as unit:
        after = claims.by_ref(unit, claim["ref"])
        assert after is not None
        with pytest.raises(ContentError, match="its subject was erased"):
            claims.load(unit, [after])
        assert subjects.find(unit, "bsn", BSN) is None
        for table in (schema.claim, schema.declaration_row, schema.subject):
            assert unit.rows(unit.mine(table, table.c.blind == blind)) == []
        stored = privacy.certificate(unit, row["number"])
        assert stored["valid"] is True
        assert {name: stored[name] for name in done} == done
    with pytest.raises(ContentError, match="nothing is held"):
        privacy_export.export(played.hub, NL, "NL", whom(BSN), OFFICER)
    with pytest.raises(ContentError, match="no erasure 1 waits"):
        privacy.erase(played.hub, NL, "NL", row["number"], SECOND)
    assert [one["actor"] for one in access_reports.of_patient(played.hub, NL, whom(BSN), OFFICER)][-2:] == [
        "olga",
        "piet",
    ]


def test_a_certificate_that_was_changed_shows(played: World) -> None:
    done = _erased(played)
    forged = {name: value for name, value in done.items() if name != "signature"} | {"reason": "another"}
    with played.unit(NL) as unit:
        row = rows.erasure(unit, done["certificate"])
        assert row is not None
        unit.update(schema.erasure, row["id"], certificate=forged)
    with played.reading(NL) as unit:
        assert privacy.certificate(unit, done["certificate"])["valid"] is False


def test_a_legal_hold_and_open_money_stand_in_the_way(played: World) -> None:
    with pytest.raises(ConfigurationError, match="undecided or not paid in full"):
        privacy.ask_erasure(played.hub, NL, whom(BSN), REASON, OFFICER)
    with pytest.raises(ConfigurationError, match="say why"):
        privacy.ask_erasure(played.hub, NL, whom(BSN), " ", OFFICER)
    row = privacy.ask_erasure(played.hub, NL, whom(BSN), REASON, OFFICER, despite="paid outside")
    privacy.hold(played.hub, NL, whom(BSN), "dispute 2026-17", OFFICER)
    with pytest.raises(ConfigurationError, match="legal hold on this person since 2024-01-15"):
        privacy.erase(played.hub, NL, "NL", row["number"], SECOND)
    with pytest.raises(ConfigurationError, match="legal hold"):
        privacy.ask_erasure(played.hub, NL, whom(BSN), REASON, OFFICER, despite="paid outside")
    assert privacy.unhold(played.hub, NL, whom(BSN), "settled", SECOND) == 1
    with pytest.raises(ContentError, match="no hold"):
        privacy.unhold(played.hub, NL, whom(BSN), "settled", SECOND)
    privacy.refuse_erasure(played.hub, NL, row["number"], "the law keeps it", SECOND)
    with pytest.raises(ContentError, match="waits for a decision"):
        privacy.erase(played.hub, NL, "NL", row["number"], SECOND)
    assert _claim(played)["blind"]
    told = [(one["action"], one["actor"]) for one in _log(played)][-4:]
    assert told == [("ask_erasure", "olga"), ("hold", "olga"), ("unhold", "piet"), ("refuse_erasure", "piet")]


def test_a_broken_log_is_found_and_said_in_the_log(played: World) -> None:
    assert all(each.whole for each in access_reports.verify(played.hub, NL, OFFICER))
    engine = played.database.engine(owner=True)
    try:
        with engine.begin() as connection:
            if played.database.kind == "postgres":
                connection.execute(text("SELECT set_config('kvitt.tenant', :t, true)"), {"t": NL})
                connection.execute(text("ALTER TABLE access_log DISABLE TRIGGER USER"))
            else:
                connection.execute(text("DROP TRIGGER access_log_no_update"))
            connection.execute(
                text("UPDATE access_log SET actor = 'nobody' WHERE seq = 2 AND tenant_id = :t"), {"t": NL}
            )
    finally:
        engine.dispose()
    (month,) = access_reports.verify(played.hub, NL, OFFICER)
    assert (month.month, month.broken_at) == ("2024-01", 1)
    assert _log(played)[-1]["outcome"] == "broken"


def test_searches_views_and_exports_of_the_hub_itself_are_in_the_report(played: World) -> None:
    ref = _claim(played)["ref"]
    search.note(played.hub, NL, ANNA, search.keys_of(BSN))
    with played.unit(NL) as unit:
        lookup.find(unit, ref, ANNA)
        lookup.export(unit, ref, ANNA)
    found = access_reports.of_patient(played.hub, NL, whom(BSN), OFFICER)
    assert [row["action"] for row in found if row["actor"] == "anna"] == ["search", "view", "export"]
    assert BSN not in json.dumps([access_reports.line(row) for row in found])

"""The work list of refusals: found, assigned, commented, closed; one fix for all of one cause, with its undo."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest

from hub.pipeline import bulk_fixes, views, worklist
from hub.pipeline.replacements import UNDO_WINDOW
from hub.store import claims, parties, schema, support
from hub.store.unit import Row
from tests.web.consoles import NL, PRACTICE, Console

CAUSE, PAYER = "COD957:101", "menzis"


def refusals(console: Console, tenant: str = NL, state: str = "open") -> list[Row]:
    """Refusals of claims."""
    task = schema.task.c
    return console.rows(tenant, schema.task, task.kind == "rejection", task.state == state)


def of_cause(console: Console, cause: str = CAUSE) -> Row:
    """The one refusal of a cause."""
    (found,) = [row for row in refusals(console) if row["cause"] == cause]
    return found


def conserved(console: Console, tenant: str = NL) -> None:
    """Both money equations hold now."""
    with console.hub.store.reading(tenant) as unit:
        assert views.conservation(unit) == []


@pytest.mark.parametrize("language", ["nl", "nb", "en"])
def test_the_list_says_why_in_plain_words_beside_the_raw_code_and_names_nobody(console: Console, language: str) -> None:
    with console.hub.store.unit(NL) as unit:
        (user,) = unit.rows(unit.mine(schema.app_user, schema.app_user.c.role == "support"))
        unit.update(schema.app_user, user["id"], language=language)
    said = console.login("support").see("/rejections")
    words = {
        "nl": ("Geen hoofdverzekering", "Praktijk"),
        "nb": ("Ikke forsikret i hovedforsikringen", "Praksis"),
        "en": ("Not insured for the main insurance", "Practice"),
    }[language]
    assert "COD957:101" in said
    assert words[1] in said
    assert words[0] in said
    assert "*****1428" in said
    assert "999931428" not in said, "the patient is masked"
    assert len(re.findall(r'href="/rejections/[0-9a-f-]{36}"', said)) == len(refusals(console))


def test_filters_narrow_the_list_and_an_unknown_code_is_shown_raw_and_marked(console: Console) -> None:
    person = console.login("support")
    only = person.see(f"/rejections?payer={PAYER}")
    assert "COD957:104" in only
    assert "COD954:8632" not in only
    unknown = person.see("/rejections?cause=COD957:777")
    assert "COD957:777" in unknown
    assert "onbekende code" in unknown
    assert person.see("/rejections?provider=00000000").count("/correct") == 0
    assert person.get("/rejections?after=nonsense").status_code == 200


def test_a_refusal_is_assigned_commented_closed_and_opened_again_and_all_of_it_is_kept(console: Console) -> None:
    person = console.login("support")
    task = of_cause(console)["id"]
    person.send(f"/rejections/{task}/assign", {"assignee": person.login})
    assert of_cause(console)["assignee"] == person.login
    assert task in person.see("/rejections?assignee=me")
    assert task not in person.see("/rejections?assignee=-")
    said = person.send(f"/rejections/{task}/comment", {"words": "the practice wrote about 999931428"})
    assert "999931428" not in said.text, "a number in a comment is masked before it is kept"
    assert not [row for row in console.rows(NL, schema.task_note) if "999931428" in row["text"]]
    person.send(f"/rejections/{task}/resolve", {"why": "accepted"})
    assert [row["id"] for row in refusals(console, state="done") if row["id"] == task]
    person.send(f"/rejections/{task}/reopen")
    assert of_cause(console)["id"] == task
    kinds = [row["kind"] for row in sorted(console.rows(NL, schema.task_note), key=lambda row: row["at"])]
    assert sorted(kinds) == sorted(["assigned", "comment", "resolved", "reopened"])
    conserved(console)


def test_closing_without_a_reason_or_giving_it_to_nobody_known_is_refused(console: Console) -> None:
    person = console.login("support")
    task = of_cause(console)["id"]
    assert person.send(f"/rejections/{task}/resolve", {"why": "other"}).status_code == 409
    assert person.send(f"/rejections/{task}/resolve", {"why": "because"}).status_code == 409
    assert person.send(f"/rejections/{task}/assign", {"assignee": "stranger"}).status_code == 409
    assert of_cause(console)["assignee"] == ""


def test_a_refusal_of_another_tenant_is_not_there_and_the_attempt_is_logged(console: Console) -> None:
    task = of_cause(console)["id"]
    foreigner = console.login("support", "NO")
    before = len(console.looks(foreigner.tenant))
    assert foreigner.get(f"/rejections/{task}").status_code == 404
    assert foreigner.send(f"/rejections/{task}/comment", {"words": "hello"}, follow=False).status_code == 404
    assert len(console.looks(foreigner.tenant)) == before + 2
    assert not console.rows(NL, schema.task_note)


@pytest.mark.parametrize("role", ["engineer", "finance", "auditor"])
def test_who_may_only_look_changes_nothing(console: Console, role: str) -> None:
    task = of_cause(console)["id"]
    person = console.login(role)
    assert "/correct" not in person.see("/rejections")
    assert person.send(f"/rejections/{task}/assign", {"assignee": ""}).status_code == 404
    assert person.get(f"/rejections/cause?cause={CAUSE}&payer={PAYER}").status_code == 404


def test_a_practice_has_no_work_list(console: Console) -> None:
    assert console.login("provider").get("/rejections").status_code == 404


def test_one_fix_is_previewed_made_held_back_and_undone(console: Console) -> None:
    person = console.login("support")
    claim = of_cause(console)["claim_ref"]
    form = person.see(f"/rejections/cause?cause={CAUSE}&payer={PAYER}")
    assert "v.payer_code" in form
    assert "v.birth_date" not in form, "nothing about one person is changed for many"
    typed = {"cause": CAUSE, "payer": PAYER, "v.payer_code": "3313"}
    wrong = person.send("/rejections/cause", typed | {"v.payer_code": "33"}).text
    assert "vier cijfers" in wrong

    before = len(console.rows(NL, schema.claim))
    preview = person.send("/rejections/cause", typed).text
    assert 'class="diff-new">3313' in preview
    assert len(console.rows(NL, schema.claim)) == before, "a preview makes nothing"

    made = person.send("/rejections/cause/fix", typed)
    fix = str(made.url).rsplit("/", 1)[-1]
    (held,) = console.rows(NL, schema.claim, schema.claim.c.hold_code == UNDO_WINDOW)
    assert (held["corrects"], held["payer_code"]) == (claim, "3313")
    assert not [row for row in refusals(console) if row["claim_ref"] == claim]
    assert "Maak alles ongedaan" in made.text
    conserved(console)

    person.send(f"/rejections/fixes/{fix}/undo")
    conserved(console)
    assert [row for row in refusals(console) if row["claim_ref"] == claim]
    assert not console.rows(NL, schema.claim, schema.claim.c.hold_code == UNDO_WINDOW)
    assert person.send(f"/rejections/fixes/{fix}/undo").status_code == 409, "once"


def test_a_fix_is_released_by_a_person_or_by_the_next_submission_after_its_time(console: Console) -> None:
    person = console.login("support")
    typed = {"cause": CAUSE, "payer": PAYER, "v.payer_code": "3313"}
    fix = str(person.send("/rejections/cause/fix", typed).url).rsplit("/", 1)[-1]
    person.send(f"/rejections/fixes/{fix}/release")
    assert not console.rows(NL, schema.claim, schema.claim.c.hold_code == UNDO_WINDOW)
    other = {"cause": "COD957:777", "payer": "vgz", "v.code": "14499"}
    second = str(person.send("/rejections/cause/fix", other).url).rsplit("/", 1)[-1]
    console.clock.move_to(console.clock.now() + bulk_fixes.UNDO_FOR + timedelta(minutes=1))
    bulk_fixes.release_due(console.hub, NL)
    (row,) = console.rows(NL, schema.bulk_fix, schema.bulk_fix.c.id == second)
    assert (row["state"], row["ended_by"]) == ("released", "hub")
    conserved(console)


def test_a_fix_of_another_tenant_is_not_there(console: Console) -> None:
    person = console.login("support")
    typed = {"cause": CAUSE, "payer": PAYER, "v.payer_code": "3313"}
    fix = str(person.send("/rejections/cause/fix", typed).url).rsplit("/", 1)[-1]
    foreigner = console.login("support", "NO")
    assert foreigner.get(f"/rejections/fixes/{fix}").status_code == 404
    assert foreigner.send(f"/rejections/fixes/{fix}/undo").status_code == 404
    assert foreigner.get(f"/rejections/cause?cause={CAUSE}&payer={PAYER}").status_code == 404
    (row,) = console.rows(NL, schema.bulk_fix)
    assert row["state"] == "held"


def test_a_form_without_its_secret_is_refused(console: Console) -> None:
    person = console.login("support")
    task = of_cause(console)["id"]
    assert person.client.post(f"/rejections/{task}/assign", data={"assignee": ""}).status_code == 403


def test_support_of_one_practice_sees_its_own_refusals_and_no_cause_of_the_tenant(console: Console) -> None:
    """A user of an organisation in the role of support: fenced in the repository, and no fix of many for them."""
    with console.hub.store.unit(NL) as unit:
        (user,) = unit.rows(unit.mine(schema.app_user, schema.app_user.c.role == "support"))
        own = parties.organisation(unit, PRACTICE)
        unit.update(schema.app_user, user["id"], organisation_id=own.id)
    theirs = [row for row in console.rows(NL, schema.claim) if row["provider_code"] != PRACTICE]
    person = console.login("support")
    said = person.see("/rejections")
    assert "R000000009" in said
    assert not [row["ref"] for row in theirs if row["ref"] in said]
    assert person.get("/claims/R000000009/correct").status_code == 200
    assert person.get(f"/claims/{theirs[0]['ref']}/correct").status_code == 404
    assert person.get(f"/rejections/cause?cause={CAUSE}&payer={PAYER}").status_code == 404
    assert person.send("/claims/R000000009/submit").status_code == 404
    assert person.send("/helpdesk/bundle/claim", {"ref": theirs[0]["ref"]}).status_code == 404
    assert person.get("/complete").status_code == 200


@pytest.mark.parametrize("state", ["open", "done"])
def test_the_list_is_filtered_by_who_acts_page_and_count_alike(console: Console, state: str) -> None:
    person = console.login("support")
    if state == "done":
        for row in refusals(console)[:4]:
            person.send(f"/rejections/{row['id']}/resolve", {"why": "accepted"})
    with console.hub.store.reading(NL) as unit:
        lines = list(worklist.every_line(console.hub, unit, support.Wanted(state=state), most=3))
    found = {line.who for line in lines}
    assert found
    assert set(re.findall(r'<option value="([a-z]+)"', _choice(person.see(f"/rejections?state={state}")))) == found
    for who in found:
        said = person.see(f"/rejections?state={state}&who={who}")
        shown = set(re.findall(r'href="/rejections/([0-9a-f-]{36})"', said))
        assert shown == {line.id for line in lines if line.who == who}
        if state == "open":
            assert len(shown) == int(re.findall(r"<caption>(\d+)", said)[-1])
    nobody = person.see(f"/rejections?state={state}&who=nothing-like-it")
    assert not re.search(r'href="/rejections/[0-9a-f-]{36}"', nobody)


def _choice(page: str) -> str:
    return page.split('id="f-who"', 1)[1].split("</select>", 1)[0]


def test_the_filters_leave_no_refusal_to_nobody(console: Console) -> None:
    with console.hub.store.reading(NL) as unit:
        acting = worklist.acting(console.hub, unit, "open")
        parts = [support.counted(unit, support.Wanted(among=causes)) for causes in acting.values()]
        assert sum(parts) == support.counted(unit, support.Wanted())
        assert support.counted(unit, support.Wanted(among=frozenset())) == 0


def test_the_list_is_downloaded_as_it_is_filtered_with_persons_masked_and_no_formula(console: Console) -> None:
    person = console.login("support")
    with console.hub.store.unit(NL) as unit:
        first = refusals(console)[0]
        unit.update(schema.task, first["id"], assignee="=cmd|' /C calc'!A0")
    answer = person.get("/rejections/export.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "rejections-open.csv" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert rows[0][:3] == ["Afgewezen op", "Betaler", "Praktijk"]
    assert len(rows) - 1 == len(refusals(console))
    assert "'=cmd|' /C calc'!A0" in {cell for row in rows for cell in row}
    with console.hub.store.reading(NL) as unit:
        people = {claim.person.bsn for claim in claims.load(unit, claims.find(unit))}
    assert not [bsn for bsn in people if bsn in answer.text]
    (look,) = [row for row in console.looks(NL) if row["action"] == "export"]
    assert look["object"] == f"rejections/open/{len(rows) - 1} rows"
    less = person.get(f"/rejections/export.csv?payer={PAYER}").content.decode("utf-8-sig").splitlines()
    assert 1 < len(less) < len(rows)


def test_a_practice_and_a_stranger_download_no_list(console: Console) -> None:
    assert console.login("provider").get("/rejections/export.csv").status_code == 404
    assert console.stranger().get("/rejections/export.csv").status_code == 303

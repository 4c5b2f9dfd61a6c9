"""Rows and claims that wait: filled in, asked again, let go on, or left out, by support, through the pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from hub.pipeline import holding, views
from hub.pipeline.context import Actor
from hub.ports import Coverage, CoverageAnswer, CoverageQuestion
from hub.store import declarations, schema, subjects
from hub.store.unit import Row
from tests.web.consoles import NL, NO, Console

SUPPORT = Actor(name="somebody", role="support")


def waiting(console: Console, code: str, tenant: str = NL) -> Row:
    """The row that waits for a cause."""
    (found,) = console.rows(tenant, schema.declaration_row, schema.declaration_row.c.code == code)
    return found


def row_of(console: Console, row: Row, tenant: str = NL) -> Row:
    """The same row now."""
    (found,) = console.rows(tenant, schema.declaration_row, schema.declaration_row.c.id == row["id"])
    return found


def claim_of(console: Console, row: Row, tenant: str = NL) -> Row:
    """The claim a row made."""
    (found,) = console.rows(tenant, schema.claim, schema.claim.c.id == row_of(console, row, tenant)["claim_id"])
    return found


def conserved(console: Console, tenant: str) -> None:
    """Both money equations hold now."""
    with console.hub.store.reading(tenant) as unit:
        assert views.conservation(unit) == []


def test_what_waits_is_shown_by_cause_and_nobody_is_named(console: Console) -> None:
    said = console.login("support").see("/complete")
    assert "Geen verzekeraar bekend" in said
    assert "*****7790" in said
    assert "999937790" not in said
    only = console.login("support").see("/complete?code=UZOVI_UNKNOWN")
    assert len(re.findall(r'href="/complete/rows/', only)) == 1
    rejected = console.login("support", "NO").see("/complete?kind=rejected")
    assert "SakID mangler" in rejected


def test_a_row_without_an_insurer_becomes_a_claim_when_its_insurer_is_entered(console: Console) -> None:
    person = console.login("support")
    row = waiting(console, "UZOVI_MISSING")
    address = f"/complete/rows/{row['id']}"
    assert "vier cijfers" in person.send(address, {"v.uzovi": "33"}).text
    done = person.send(address, {"v.uzovi": "3332"})
    claim = claim_of(console, row)
    assert claim["ref"] in done.text
    assert (claim["payer"], claim["payer_code"], claim["hold_code"]) == ("menzis", "3332", "")
    assert claim["declaration_id"] == row["declaration_id"]
    assert row_of(console, row)["outcome"] == "claim"
    conserved(console, NL)
    again = person.send(address, {"v.uzovi": "3332"})
    assert again.status_code == 409, "it waits no more"
    assert len(console.rows(NL, schema.claim, schema.claim.c.blind == claim["blind"])) == 1


def test_an_insurer_nobody_knows_keeps_the_row_waiting_with_the_reason_and_what_was_typed(console: Console) -> None:
    person = console.login("support")
    row = waiting(console, "UZOVI_MISSING")
    said = person.send(f"/complete/rows/{row['id']}", {"v.uzovi": "0001"}).text
    assert "Nog niet compleet" in said
    after = row_of(console, row)
    assert (after["outcome"], after["code"]) == ("hold", "UZOVI_UNKNOWN")
    with console.hub.store.reading(NL) as unit:
        assert declarations.bodies(unit, [after])[0]["uzovi"] == "0001"
    assert not after["claim_id"]
    conserved(console, NL)


def test_coverage_is_asked_again_and_its_answer_counts_above_what_was_typed(console: Console) -> None:
    """The example's coverage check still has no answer for this person: the row goes on waiting, nothing is guessed."""
    person = console.login("support")
    row = waiting(console, "UZOVI_MISSING")
    person.send(f"/complete/rows/{row['id']}", {"cov": "yes"})
    assert row_of(console, row)["outcome"] == "hold"


def test_the_case_of_a_list_is_done_when_none_of_its_rows_waits(console: Console) -> None:
    person = console.login("support")
    missing, unknown = waiting(console, "UZOVI_MISSING"), waiting(console, "UZOVI_UNKNOWN")
    assert missing["declaration_id"] == unknown["declaration_id"]
    key = f"declaration:{missing['declaration_id']}"

    def state() -> str:
        (task,) = console.rows(NL, schema.task, schema.task.c.key == key)
        return str(task["state"])

    assert person.send(f"/complete/rows/{unknown['id']}/exclude", {"reason": "moved abroad"}).status_code == 200
    assert state() == "open"
    after = row_of(console, unknown)
    assert (after["outcome"], after["code"]) == ("exclude", "EXCLUDED_BY_PERSON")
    assert "moved abroad" in after["message"]["nl"]
    person.send(f"/complete/rows/{missing['id']}", {"v.uzovi": "3332"})
    assert state() == "done"


@pytest.mark.parametrize(
    ("code", "typed"),
    [
        ("SAKID_MISSING", {"v.sak_id": "6TST5"}),
        ("DATETIME_INVALID", {"v.start": "2026-02-25T09:00"}),
    ],
)
def test_a_norwegian_row_we_refused_becomes_an_invoice_when_sak_id_or_time_are_filled_in(
    console: Console, code: str, typed: dict[str, str]
) -> None:
    person = console.login("support", "NO")
    row = waiting(console, code, NO)
    said = person.send(f"/complete/rows/{row['id']}", typed)
    after = row_of(console, row, NO)
    if after["outcome"] == "invoice":
        claim = claim_of(console, row, NO)
        assert claim["invoice_number"] in said.text
        assert claim["kid"]
    else:
        assert after["code"] != code, "what was filled in was judged; another reason is told"
        assert after["code"] in said.text
    conserved(console, NO)


def test_a_row_whose_details_are_not_kept_says_how_it_comes_in_again(console: Console) -> None:
    person = console.login("support")
    row = waiting(console, "TRAJECTORY_MISSING")
    assert "levert de lijst opnieuw aan" in person.see(f"/complete/rows/{row['id']}")
    assert person.send(f"/complete/rows/{row['id']}", {"v.trajectory": "1"}).status_code == 409


def test_a_held_claim_is_released_or_left_out_with_the_reason(console: Console) -> None:
    person = console.login("support")
    row = waiting(console, "UZOVI_MISSING")
    person.send(f"/complete/rows/{row['id']}", {"v.uzovi": "3332"})
    ref = claim_of(console, row)["ref"]
    holding.hold(console.hub, NL, ref, "wait for the practice", SUPPORT)
    assert ref in person.see("/complete?kind=claims&code=HELD_BY_PERSON")
    person.send(f"/complete/claims/{ref}/release")
    assert claim_of(console, row)["hold_code"] == ""
    holding.hold(console.hub, NL, ref, "not ours", SUPPORT)
    person.send(f"/complete/claims/{ref}/exclude", {"reason": "not our patient"})
    assert claim_of(console, row)["hold_code"] == "WITHDRAWN"
    conserved(console, NL)
    assert person.send(f"/complete/claims/{ref}/exclude", {"reason": "twice"}).status_code == 409


def test_what_is_another_tenant_s_is_not_there(console: Console) -> None:
    row = waiting(console, "UZOVI_MISSING")
    foreigner = console.login("support", "NO")
    before = len(console.looks(NO))
    assert foreigner.get(f"/complete/rows/{row['id']}").status_code == 404
    assert foreigner.send(f"/complete/rows/{row['id']}", {"v.uzovi": "3332"}).status_code == 404
    assert foreigner.send(f"/complete/rows/{row['id']}/exclude", {"reason": "x"}).status_code == 404
    assert foreigner.send("/complete/claims/R000000009/release").status_code == 404
    assert len(console.looks(NO)) >= before + 4
    assert row_of(console, row)["outcome"] == "hold"


def test_who_may_only_look_and_a_form_without_its_secret_change_nothing(console: Console) -> None:
    row = waiting(console, "UZOVI_MISSING")
    auditor = console.login("auditor")
    assert "v.uzovi" not in auditor.see(f"/complete/rows/{row['id']}")
    assert auditor.send(f"/complete/rows/{row['id']}", {"v.uzovi": "3332"}).status_code == 404
    assert console.login("provider").get("/complete").status_code == 404
    person = console.login("support")
    assert person.client.post(f"/complete/rows/{row['id']}", data={"v.uzovi": "3332"}).status_code == 403
    assert row_of(console, row)["outcome"] == "hold"


def test_a_held_performance_says_why_it_is_not_completed_here_and_whom_cov_names(console: Console) -> None:
    person = console.login("support")
    row = waiting(console, "TRAJECTORY_MISSING")
    address = f"/complete/rows/{row['id']}"
    said = person.see(address)
    assert "niet bewaard" in said
    assert "Prestaties (ggz)" in said
    assert f'href="/questions/ask?row={row["id"]}"' in said
    assert 'name="v.' not in said, "nothing is filled in here"
    with console.hub.store.reading(NL) as unit:
        (body,) = declarations.bodies(unit, [row])
    asked: list[CoverageQuestion] = []

    class Knows:
        def check(self, questions: Sequence[CoverageQuestion]) -> list[CoverageAnswer]:
            asked.extend(questions)
            return [CoverageAnswer(coverage=Coverage.INSURED, uzovi="3332")]

    console.app.state.hub = replace(console.hub, coverage=lambda _tenant: Knows())
    answer = person.send(f"{address}/cov")
    assert "verzekerd bij 3332" in answer.text
    assert [(one.bsn, one.reference_date.isoformat()) for one in asked] == [(body["bsn"], body["date"])]
    assert body["bsn"] not in answer.text
    assert row_of(console, row)["outcome"] == "hold", "the row stays as it is"
    (look,) = [one for one in console.looks(NL) if one["action"] == "ask-coverage"]
    assert look["object"] == f"row/{row['id']}"


def test_cov_is_asked_only_by_who_works_there_and_only_of_such_rows(console: Console) -> None:
    performance, module = waiting(console, "TRAJECTORY_MISSING"), waiting(console, "UZOVI_MISSING")
    assert console.login("support").send(f"/complete/rows/{module['id']}/cov").status_code == 409
    assert console.login("support", "NO").send(f"/complete/rows/{performance['id']}/cov").status_code == 404
    assert console.login("auditor").send(f"/complete/rows/{performance['id']}/cov").status_code == 404


def test_a_held_performance_is_left_out_for_a_reason_that_is_kept(console: Console) -> None:
    person = console.login("support")
    row = waiting(console, "TRAJECTORY_MISSING")
    person.send(f"/complete/rows/{row['id']}/exclude", {"reason": "paid by the municipality"})
    after = row_of(console, row)
    assert (after["outcome"], after["code"]) == ("exclude", "EXCLUDED_BY_PERSON")
    (task,) = console.rows(NL, schema.task, schema.task.c.key == f"declaration:{row['declaration_id']}")
    assert task["state"] == "done"


def test_the_row_of_somebody_erased_can_still_be_left_out(console: Console) -> None:
    row = waiting(console, "UZOVI_MISSING")
    with console.hub.store.unit(NL) as unit:
        subjects.erase(unit, row["subject_id"])
    person = console.login("support")
    assert "Geen verzekeraar bekend" in person.see("/complete")
    page = person.see(f"/complete/rows/{row['id']}")
    assert "zijn gewist" in page
    assert 'name="v.' not in page
    assert person.send(f"/complete/rows/{row['id']}", {"v.uzovi": "3332"}).status_code == 409
    person.send(f"/complete/rows/{row['id']}/exclude", {"reason": "gewist"})
    assert row_of(console, row)["outcome"] == "exclude"

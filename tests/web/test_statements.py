"""Statements by version, downloads and delivery; what payers and patients owe; the journal for bookkeeping."""

from __future__ import annotations

from hub.model.money import Money
from hub.pipeline import receivables
from hub.pipeline.context import Actor
from hub.store import schema
from tests.web.consoles import NL, NO, PRACTICE, Console

ANNE = Actor(name="anne", role="finance")
QUARTER = "2024Q1"


def test_statements_are_made_once_and_delivered_once(console: Console) -> None:
    person = console.login("finance")
    before = len(console.rows(NL, schema.practice_statement))
    person.send("/statements/make", {"period": QUARTER})
    made = console.rows(NL, schema.practice_statement)
    assert len(made) > before
    person.send("/statements/make", {"period": QUARTER})
    assert len(console.rows(NL, schema.practice_statement)) == len(made)
    assert person.send("/statements/make", {"period": "soon"}).status_code == 422
    person.send("/statements/deliver", {"period": QUARTER})
    gone = {row["id"]: row["delivered_at"] for row in console.rows(NL, schema.practice_statement)}
    assert all(gone.values())
    person.send("/statements/deliver", {"period": QUARTER})
    assert {row["id"]: row["delivered_at"] for row in console.rows(NL, schema.practice_statement)} == gone


def test_a_version_is_downloaded_in_each_form(console: Console) -> None:
    person = console.login("finance")
    person.send("/statements/make", {"period": QUARTER})
    base = f"/statements/{PRACTICE}/{QUARTER}/EUR/1"
    assert f"{base}/pdf" in person.see(f"/statements?period={QUARTER}")
    begins = {"pdf": b"%PDF", "xlsx": b"PK", "csv": b"\xef\xbb\xbf"}
    for form, start in begins.items():
        answer = person.get(f"{base}/{form}")
        assert answer.content.startswith(start)
        assert f"{PRACTICE}-{QUARTER}-EUR-v1.{form}" in answer.headers["content-disposition"]
    assert person.get(f"{base}/exe").status_code == 404
    assert person.get(f"/statements/{PRACTICE}/{QUARTER}/EUR/99/pdf").status_code == 404
    assert console.login("finance", "NO").get(f"{base}/pdf").status_code == 404
    assert [row for row in console.looks(NL) if row["action"] == "export"]


def test_the_journal_goes_to_bookkeeping_once(console: Console) -> None:
    person = console.login("finance")
    assert person.send("/statements/journal", {"period": "long ago"}).status_code == 422
    (month,) = {f"{row['at']:%Y-%m}" for row in console.rows(NL, schema.posting)[:1]}
    person.send("/statements/journal", {"period": month})
    person.send("/statements/journal", {"period": month})
    (made,) = console.rows(NL, schema.journal_export)
    answer = person.get(f"/statements/journal/{made['number']}")
    assert answer.content.count(b"\r\n") == made["count"] + 1
    assert person.get("/statements/journal/99").status_code == 404
    assert console.login("auditor").send("/statements/journal", {"period": month}).status_code == 404


def test_what_payers_owe_is_a_chart_and_figures_by_age(console: Console) -> None:
    person = console.login("finance", "NO")
    body = person.see("/overdue")
    assert 'class="series-age-over_60"' in body
    assert "835" in body
    with console.hub.store.unit(NO) as unit:
        (figure,) = unit.rows(unit.mine(schema.figure, schema.figure.c.name == "overdue"))
        unit.connection.execute(schema.figure.update().values(body={"rows": []}))
    assert figure["body"]["rows"][0]["amounts"] == [0, 0, 0, 83500, 0]
    assert "835" not in person.see("/overdue")
    person.send("/overdue")
    assert "835" in person.see("/overdue")


def _owing(console: Console) -> str:
    """A claim of the demo of which part is the patient's."""
    for row in console.rows(NL, schema.claim_line, schema.claim_line.c.verdict == "refused"):
        (claim,) = console.rows(NL, schema.claim, schema.claim.c.id == row["claim_id"])
        if row["amount_minor"] > 0:
            amount = Money(row["amount_minor"], "EUR")
            receivables.to_patient(console.hub, NL, claim["ref"], amount, "deductible", ANNE, line=str(row["number"]))
            return str(claim["ref"])
    raise AssertionError("the demo has no refused line")


def test_patients_parts_name_nobody_until_a_reason_is_given(console: Console) -> None:
    ref = _owing(console)
    with console.hub.store.reading(NL) as unit:
        whole = receivables.patient_page(unit, "NL", ANNE)
    (told,) = [one for one in receivables.patient_parts(console.hub, NL, ANNE) if one.ref == ref]
    assert (told.ref, told.amount, told.practice) in [(one.ref, one.amount, one.practice) for one in whole]
    (named,) = [
        one for one in receivables.patient_parts(console.hub, NL, ANNE, names=True, reason="test") if one.ref == ref
    ]
    person = console.login("support")
    body = person.see("/overdue/patients")
    assert ref in body
    assert named.name not in body
    assert console.login("finance").send("/overdue/patients", {"reason": "curious"}).status_code == 404
    assert person.send("/overdue/patients", {"reason": ""}).status_code == 422
    shown = person.send("/overdue/patients", {"reason": "sending them the bill"})
    assert named.name in shown.text
    lines = [row for row in console.looks(NL) if "sending them the bill" in row["object"]]
    assert [row["object"] for row in lines if ref in row["object"]]
    assert all(named.name not in row["object"] for row in console.looks(NL))


def test_patients_parts_page_and_narrow_to_a_practice(console: Console) -> None:
    ref = _owing(console)
    with console.hub.store.reading(NL) as unit:
        (one, *rest) = receivables.patient_page(unit, "NL", ANNE)
        following = receivables.patient_page(unit, "NL", ANNE, after=(one.ref, int(one.line)))
        assert [each.ref for each in following] == [each.ref for each in rest]
        mine = {each.ref: each.practice for each in (one, *rest)}
        narrowed = receivables.patient_page(unit, "NL", ANNE, practice=mine[ref])
    assert {each.practice for each in narrowed} == {mine[ref]}

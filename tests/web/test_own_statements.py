"""A practice's or clinic's own statements: those that were delivered, in each form, and nobody else's."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from hub.pipeline import statements
from hub.pipeline.context import Actor
from hub.store import schema
from hub.store import statements as stored
from hub.store.statements import NewStatement
from hub.store.unit import Row
from hub.web.screens import own_statements
from tests.web.consoles import CLINIC, NL, NO, OTHER_PRACTICE, PRACTICE, Console

ANNE = Actor(name="anne", role="finance")
QUARTER = "2024Q1"
_FILE = re.compile(r'href="(/my/statements/[^"]+)"')


def _told(console: Console, tenant: str, period: str) -> list[Row]:
    """Every statement of a quarter, made and delivered."""
    made = [each.row for each in statements.make(console.hub, tenant, period, ANNE)]
    assert all(statements.delivered(console.hub, tenant, row, ANNE) for row in made)
    return made


def test_a_statement_is_there_once_it_was_delivered(console: Console) -> None:
    provider = console.login("provider", organisation=PRACTICE)
    (made,) = [each.row for each in statements.make(console.hub, NL, QUARTER, ANNE, practices=[PRACTICE])]
    base = f"/my/statements/{PRACTICE}/{QUARTER}/EUR/{made['version']}"
    assert base not in provider.see("/my/statements")
    assert provider.get(f"{base}/pdf").status_code == 404
    statements.delivered(console.hub, NL, made, ANNE)
    assert base in provider.see("/my/statements")
    begins = {"pdf": b"%PDF", "xlsx": b"PK", "csv": b"\xef\xbb\xbf"}
    for form, start in begins.items():
        answer = provider.get(f"{base}/{form}")
        assert answer.content.startswith(start)
        assert f"{PRACTICE}-{QUARTER}-EUR-v{made['version']}.{form}" in answer.headers["content-disposition"]
    for wrong in (f"{base}/txt", f"{base}9/pdf", f"{base}x/pdf"):
        assert provider.get(wrong).status_code == 404, wrong
    exports = [row for row in console.looks(NL) if (row["action"], row["actor"]) == ("export", provider.login)]
    assert len(exports) == len(begins)


def test_another_practice_s_statement_is_not_there(console: Console) -> None:
    _told(console, NL, QUARTER)
    provider = console.login("provider", organisation=PRACTICE)
    found = _FILE.findall(provider.see("/my/statements"))
    assert {path.split("/")[3] for path in found} == {PRACTICE}
    foreign = provider.get(found[0].replace(PRACTICE, OTHER_PRACTICE))
    absent = provider.get(found[0].replace(PRACTICE, "01099999"))
    assert (foreign.status_code, absent.status_code) == (404, 404)
    tried = [row for row in console.looks(NL) if (row["actor"], row["outcome"]) == (provider.login, "absent")]
    assert len(tried) == 2, "each attempt stands in the access log"
    assert console.login("support").get("/my/statements").status_code == 404


def test_a_clinic_has_its_own_too(console: Console) -> None:
    _told(console, NO, "2026Q1")
    clinic = console.login("provider", "NO", CLINIC)
    found = _FILE.findall(clinic.see("/my/statements"))
    assert {path.split("/")[3] for path in found} == {CLINIC}
    assert "2026Q1;NOK" in clinic.get(next(path for path in found if path.endswith("/csv"))).text


def test_many_are_paged(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_statements, "_PAGE", 2)
    with console.hub.store.unit(NL) as unit:
        first = NewStatement(practice=PRACTICE, period="", currency="EUR", language="nl", since=None, body={})
        for period in ("2023Q1", "2023Q2", "2023Q3"):
            row, _ = stored.add(unit, replace(first, period=period, body={"period": period}), "anne")
            stored.delivered(unit, row, "anne")
    told = schema.practice_statement.c.delivered_at.is_not(None)
    mine = console.rows(NL, schema.practice_statement, told, schema.practice_statement.c.practice == PRACTICE)
    provider = console.login("provider", organisation=PRACTICE)
    seen: list[str] = []
    path = "/my/statements"
    while path:
        page = provider.see(path)
        seen += [one for one in _FILE.findall(page) if one.endswith("/pdf")]
        following = re.search(r'href="([^"]+)" rel="next"', page)
        path = following[1] if following else ""
    periods = [one.split("/")[4] for one in seen]
    assert len(set(seen)) == len(seen) == len(mine)
    assert periods == sorted(periods, reverse=True)
    assert provider.get("/my/statements?after=nonsense").status_code == 200

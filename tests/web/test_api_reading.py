"""What a program reads: its own things only, page by page, in words and codes, and never a person."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.store import claims, schema
from hub.store.unit import Row
from tests.web.consoles import CLINIC, NL, NO, OTHER_PRACTICE, PRACTICE, Console
from tests.web.programs import Program, program

LISTS = ("/claims", "/declarations", "/replies", "/findings", "/payments", "/allocations", "/exchanges")


def every(caller: Program, path: str, limit: int = 7, **query: Any) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = caller.see(path, limit=limit, **query, **cursor)
        assert len(page["items"]) <= limit
        found += page["items"]
        if not page["has_more"]:
            return found
        cursor = {"cursor": page["next_cursor"]}


def test_every_list_gives_everything_of_the_tenant_once_whatever_the_size_of_a_page(console: Console) -> None:
    caller = program(console)
    tables = {
        "/claims": schema.claim,
        "/declarations": schema.declaration,
        "/replies": schema.decision,
        "/findings": schema.task,
        "/payments": schema.payment,
        "/allocations": schema.allocation,
        "/exchanges": schema.exchange,
    }
    for path in LISTS:
        small, large = every(caller, path, 7), every(caller, path, 200)
        assert small == large, path
        assert len(large) == len(console.rows(NL, tables[path])) > 0, path


def test_the_last_page_has_a_cursor_that_later_gives_what_came_since(console: Console) -> None:
    caller = program(console)
    whole = caller.see("/replies", limit=200)
    assert not whole["has_more"]
    rest = caller.see("/replies", limit=200, cursor=whole["next_cursor"])
    assert (rest["items"], rest["next_cursor"]) == ([], whole["next_cursor"])


def test_a_reply_has_the_payers_code_and_what_it_means(console: Console) -> None:
    caller = program(console)
    refused = [each for each in every(caller, "/replies", 200) if each["verdict"] == "refused"]
    assert refused
    for reply in refused:
        assert reply["reasons"]
        assert all(set(each["text"]) >= {"en", "nb", "nl"} for each in reply["reasons"])
    assert every(caller, "/replies", claim=refused[0]["claim"])[0]["claim"] == refused[0]["claim"]


def test_a_claim_adds_up_and_links_to_its_list_and_message(console: Console) -> None:
    caller = program(console)
    for claim in every(caller, "/claims", 50):
        parts = ("granted", "refused", "patient", "withdrawn", "open")
        assert claim["claimed_minor"] == sum(claim[f"{each}_minor"] for each in parts)
        if claim["kind"] == "debit":
            assert caller.get(f"/declarations/{claim['declaration']}").status_code == 200
        if claim["exchange"]:
            assert caller.see(f"/exchanges/{claim['exchange']}")["events"]
    whole = caller.see(f"/claims/{claim['ref']}")
    assert sum(line["amount_minor"] for line in whole["lines"]) == whole["claimed_minor"]


def test_nothing_about_a_person_is_read(console: Console) -> None:
    caller = program(console)
    with console.hub.store.reading(NL) as unit:
        people = [each.person for each in claims.load(unit, claims.find(unit))]
    personal = {value for each in people for value in (each.bsn, each.name) if value and len(value) > 3}
    said = json.dumps([every(caller, path, 200) for path in LISTS])
    lists = every(caller, "/declarations", 200)
    said += json.dumps([every(caller, f"/declarations/{each['id']}/rows", 200) for each in lists])
    assert len(personal) > 10
    assert not {value for value in personal if value in said}


def test_filters_narrow_and_one_that_is_not_known_is_refused(console: Console) -> None:
    caller = program(console)
    everything = every(caller, "/claims", 200)
    mine = every(caller, "/claims", 200, provider=PRACTICE)
    assert 0 < len(mine) < len(everything)
    assert {each["provider"] for each in mine} == {PRACTICE}
    held = every(caller, "/claims", 200, held=True)
    assert all(each["hold"] for each in held)
    assert len(held) + len(every(caller, "/claims", 200, held=False)) == len(everything)
    for query in ({"providr": PRACTICE}, {"limit": 201}, {"limit": 0}, {"cursor": "AAAA"}, {"provider": "\n"}):
        answer = caller.get("/claims", **query)
        assert answer.status_code == 422, query
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert (body["code"], body["status"]) == ("invalid", 422)
        assert body["errors"][0]["pointer"] == f"query/{next(iter(query))}"


def tried(console: Console) -> list[Row]:
    """What programs asked for and did not find, in the access log."""
    looks = console.looks(NL)
    return [row for row in looks if (row["role"], row["action"], row["outcome"]) == ("program", "open", "absent")]


@pytest.mark.scenario("S16")
def test_a_practice_reads_its_own_and_nothing_else(console: Console) -> None:
    """Every list and every object, by its own id, of everybody else: the same answer as for one that never was."""
    mine, whole = program(console, organisation=PRACTICE), program(console)
    own_claims = every(mine, "/claims", 200)
    assert own_claims
    assert {each["provider"] for each in own_claims} == {PRACTICE}
    assert {each["organisation"] for each in every(mine, "/declarations", 200)} == {PRACTICE}
    refs = {each["ref"] for each in own_claims}
    assert {each["claim"] for each in every(mine, "/replies", 200)} <= refs
    assert {each["claim"] for each in every(mine, "/allocations", 200)} <= refs
    assert {each["claim"] for each in every(mine, "/findings", 200) if each["claim"]} <= refs
    for path, name in (("/claims", "ref"), ("/declarations", "id"), ("/payments", "id"), ("/exchanges", "id")):
        own = {each[name] for each in every(mine, path, 200)}
        foreign = {each[name] for each in every(whole, path, 200)} - own
        assert foreign, path
        before = len(tried(console))
        for ref in sorted(foreign)[:5]:
            answer = mine.get(f"{path}/{ref}")
            nobody = mine.get(f"{path}/{'0' * len(ref)}")
            assert (answer.status_code, answer.content) == (404, nobody.content), (path, ref)
        assert len(tried(console)) == before + 2 * len(sorted(foreign)[:5])
    assert every(mine, "/claims", provider=OTHER_PRACTICE) == []


@pytest.mark.scenario("S16")
def test_another_tenants_token_finds_nothing_of_this_one(console: Console) -> None:
    ours, theirs = program(console, "NL"), program(console, "NO")
    assert {each["provider"] for each in every(theirs, "/claims", 200)} == {CLINIC}
    for path, name in (("/claims", "ref"), ("/declarations", "id"), ("/payments", "id"), ("/exchanges", "id")):
        for each in every(ours, path, 200)[:3]:
            assert theirs.get(f"{path}/{each[name]}").status_code == 404
    declaration = every(ours, "/declarations")[0]["id"]
    assert theirs.get(f"/declarations/{declaration}/rows").status_code == 404
    for query in ({"declaration": declaration}, {"provider": PRACTICE}):
        assert every(theirs, "/claims", **query) == []
    assert len(console.looks(NO)) > 5


@pytest.mark.parametrize("other", ["token", "path", "filter"])
def test_a_cursor_works_for_its_token_its_list_and_its_filters_only(console: Console, other: str) -> None:
    caller = program(console)
    cursor = caller.see("/claims", limit=1)["next_cursor"]
    assert caller.get("/claims", limit=5, cursor=cursor).status_code == 200
    ways = {
        "token": lambda: program(console, organisation=PRACTICE).get("/claims", cursor=cursor),
        "path": lambda: caller.get("/exchanges", cursor=cursor),
        "filter": lambda: caller.get("/claims", provider=PRACTICE, cursor=cursor),
    }
    answer = ways[other]()
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "query/cursor"

"""One queue behind every door: programs and people, organisations in turn; what waits keeps its place."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import Response

from hub.pipeline import api_tokens, intake, portal
from hub.pipeline.cases import RefusedError
from hub.store import schema
from hub.web import fairness
from hub.web.api import turns as api_turns
from hub.web.fairness import EACH, Desk, Errand
from tests.web.consoles import CLINIC, NL, NO, OTHER_PRACTICE, PRACTICE, Console, Person
from tests.web.programs import ENGINEER, Program, program
from tests.web.test_api_changing import CSV, FOR, list_of
from tests.web.test_load import held_up

LIST = list_of("2024Q3")


def _until(said: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if said():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to this")


def _desk(console: Console, patience: float = 120) -> Desk:
    console.app.state.desk = desk = Desk(patience=patience)
    return desk


def _post(caller: Program, key: str, **query: str) -> Any:
    return caller.post("/declarations", key=key, body=LIST, kind=CSV, **(FOR | query))


def _upload(person: Person) -> Any:
    what = re.findall(r'<option value="(module-quarter[^"]+)"', person.see("/practice/upload"))[-1]
    file = {"file": ("list.csv", LIST, "text/csv")}
    return person.send("/practice/upload", {"practice": PRACTICE, "what": what}, files=file)


def test_who_floods_through_the_api_does_not_go_before_another_s_upload_on_a_page(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    flooding, person = program(console, organisation=OTHER_PRACTICE), console.login("provider", "NL", PRACTICE)
    desk, order, rehearse = _desk(console), [], portal.rehearse

    def noted(hub: Any, tenant: str, request: Any, data: bytes) -> Any:
        order.append(request.organisation)
        return rehearse(hub, tenant, request, data)

    monkeypatch.setattr(portal, "rehearse", noted)
    _, go = held_up(desk)
    threads = [
        threading.Thread(target=_post, args=(flooding, f"key-{number}"), kwargs={"dry_run": "true"})
        for number in range(EACH)
    ]
    for thread in threads:
        thread.start()
    _until(lambda: len(desk._waiting.get(f"{NL}:{OTHER_PRACTICE}", ())) == EACH)
    threads.append(threading.Thread(target=_upload, args=(person,)))
    threads[-1].start()
    _until(lambda: f"{NL}:{PRACTICE}" in desk._waiting)
    go.set()
    for thread in threads:
        thread.join()
    assert order == [OTHER_PRACTICE, PRACTICE, *[OTHER_PRACTICE] * (EACH - 1)]


def test_who_comes_while_another_s_list_is_read_goes_before_its_next_one() -> None:
    desk, order = Desk(), []
    begun, go = threading.Event(), threading.Event()

    def first() -> Response:
        begun.set()
        go.wait(120)
        return Response()

    def noted(name: str) -> Callable[[], Response]:
        def work() -> Response:
            order.append(name)
            return Response()

        return work

    desk.put("s", "greedy", 1, first)
    last = desk.put("s", "greedy", 1, noted("greedy"))
    assert begun.wait(120)
    modest = desk.put("s", "modest", 1, noted("modest"))
    assert (desk.way(modest).ahead, desk.way(last).ahead) == (1, 2)
    go.set()
    assert last.over.wait(120)
    assert order == ["modest", "greedy"]


def test_a_program_s_list_waits_with_202_and_the_same_request_brings_its_answer(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, desk = program(console), _desk(console, patience=0)
    monkeypatch.setattr(api_turns, "_READ_S", 0.0)
    _, go = held_up(desk)
    for _ in range(EACH + 2):
        answer = _post(caller, "one")
        assert answer.status_code == 202, answer.text
        assert answer.json() | {"seconds": 1} == {"state": "waiting", "ahead": 1, "seconds": 1}
        assert int(answer.headers["retry-after"]) >= 2
    before = len(console.rows(NL, schema.declaration))
    assert caller.get("/claims").status_code == 200
    go.set()
    _until(lambda: all(one.ended for one in desk._known.values()))
    assert len(console.rows(NL, schema.declaration)) == before + 1, "it was handed in meanwhile, once"
    answer = _post(caller, "one")
    assert (answer.status_code, answer.json()["state"]) == (201, "current")
    assert answer.headers["location"].endswith(answer.json()["id"])
    monkeypatch.undo()
    again = _post(caller, "one")
    assert again.status_code in (201, 202)


def test_a_dry_run_that_waited_is_told_once_and_then_tried_anew(console: Console) -> None:
    caller, desk = program(console), _desk(console)
    tried = _post(caller, "one", dry_run="true")
    assert (tried.status_code, tried.json()["status"]) == (200, "ready")
    assert _post(caller, "two").status_code == 201
    assert _post(caller, "one", dry_run="true").json()["status"] == "already_received"
    assert not desk._known


def test_an_organisation_s_fifth_list_is_asked_to_come_back(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    caller, desk = program(console, organisation=OTHER_PRACTICE), _desk(console, patience=0)
    monkeypatch.setattr(api_turns, "_READ_S", 0.0)
    _, go = held_up(desk)
    before = len(console.rows(NL, schema.declaration))
    assert {_post(caller, f"key-{number}").status_code for number in range(EACH)} == {202}
    answer = _post(caller, "one more")
    assert answer.status_code == 422, "a key has no blanks"
    answer = _post(caller, "one-more")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (429, "too_many", "30")
    other = program(console, organisation=PRACTICE)
    assert other.post("/declarations", body=LIST, kind=CSV, **(FOR | {"organisation": PRACTICE})).status_code == 202
    go.set()
    _until(lambda: all(one.ended for one in desk._known.values()))
    assert len(console.rows(NL, schema.declaration, schema.declaration.c.period == "2024Q3")) <= 2
    assert len(console.rows(NL, schema.declaration)) > before


def test_what_waits_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fairness, "MOST_BYTES", 100)
    desk = Desk()
    _, go = held_up(desk)

    def put(organisation: str, size: int) -> Errand:
        return desk.stand(Errand(f"w{organisation}{size}", "s", organisation, 1, Response, size=size))

    put("one", 120)
    with pytest.raises(RefusedError, match="Very many"):
        put("two", 10)
    go.set()
    _until(lambda: not desk._waiting)
    put("two", 10)


def test_a_token_that_was_revoked_while_its_list_waited_hands_nothing_in(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, desk = program(console), _desk(console, patience=0)
    monkeypatch.setattr(api_turns, "_READ_S", 0.0)
    _, go = held_up(desk)
    before = len(console.rows(NL, schema.declaration))
    assert _post(caller, "one").status_code == 202
    api_tokens.revoke(console.hub, NL, caller.token_id, ENGINEER)
    go.set()
    _until(lambda: all(one.ended for one in desk._known.values()))
    assert len(console.rows(NL, schema.declaration)) == before


@pytest.mark.parametrize(
    ("role", "country", "organisation", "path", "form"),
    [
        ("provider", "NO", CLINIC, "/clinic/log", {}),
        ("support", "NL", "", "/drop", {}),
        ("engineer", "NL", "", "/imports", {"kind": "practices"}),
        ("support", "NL", "", "/payments/file", {}),
    ],
)
def test_every_page_that_takes_a_file_shows_the_way(
    console: Console, role: str, country: str, organisation: str, path: str, form: dict[str, str]
) -> None:
    desk = _desk(console, patience=0)
    _, go = held_up(desk)
    person = console.login(role, country, organisation)
    answer = person.send(path, form, files={"file": ("list.csv", LIST, "text/csv")})
    assert (answer.status_code, "<progress" in answer.text) == (200, True)
    assert answer.url.path.startswith("/waiting/")
    go.set()
    errand = next(one for one in desk._known.values() if one.word == answer.url.path.rsplit("/", 1)[1])
    assert errand.over.wait(120)
    told = person.get(answer.url.path)
    assert told.status_code in (200, 422)
    assert "<progress" not in told.text
    assert 'type="file"' in told.text or path == "/payments/file"


def test_whoever_logs_out_after_the_yes_has_handed_in(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    program(console)
    console.app.state.hub = console.hub
    person = console.login("provider", "NL", OTHER_PRACTICE)
    what = next(
        one for one in re.findall(r'value="(module-quarter[^"]+)"', person.see("/practice/upload")) if "2024Q3" in one
    )
    form = {"practice": OTHER_PRACTICE, "what": what}
    shown = person.send("/practice/upload", form, files={"file": ("list.csv", LIST, "text/csv")})
    word = re.findall(r'name="word" value="([^"]+)"', shown.text)[0]
    taken = threading.Event()
    take = intake.take

    def noted(*given: Any) -> Any:
        found = take(*given)
        taken.set()
        return found

    monkeypatch.setattr(intake, "take", noted)
    desk = _desk(console, patience=0)
    _, go = held_up(desk)
    person.send("/practice/upload/confirm", form | {"word": word})
    person.send("/logout")
    go.set()
    assert taken.wait(120)
    assert console.rows(NL, schema.declaration, schema.declaration.c.period == "2024Q3")


def test_the_queue_of_one_tenant_is_not_named_to_another(console: Console) -> None:
    desk = _desk(console, patience=0)
    errand, go = held_up(desk)
    assert console.login("support", "NO").get(f"/waiting/{errand.word}").status_code == 404
    assert [row for row in console.looks(NO) if row["outcome"] == "absent"]
    go.set()

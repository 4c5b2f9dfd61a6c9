"""Lists handed in by programs: tried, taken once under their key, refused in words, and never for somebody else."""

from __future__ import annotations

import hashlib
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.errors import TransientError
from hub.pipeline import intake
from hub.store import exchanges, repeats, retained, schema
from hub.store.locks import effect_lock
from tests.web.consoles import CLINIC, NL, NO, OTHER_PRACTICE, PRACTICE, Console
from tests.web.programs import Program, program

ROOT = Path(__file__).resolve().parents[2]
_FIRST_DAYS = {"2024Q2": b"01-04-2024", "2024Q3": b"01-07-2024", "2024Q4": b"01-10-2024"}


def list_of(period: str) -> bytes:
    """The example list of the second practice, as it would be a quarter later."""
    example = (ROOT / "examples" / "nl" / "nl_practice2_2024Q1.csv").read_bytes()
    return example.replace(b"01-01-2024", _FIRST_DAYS[period])


LIST = list_of("2024Q3")
FOR = {"organisation": OTHER_PRACTICE, "programme": "module-quarter", "module": "PMO", "period": "2024Q3"}
CSV = "text/csv"


def hand_in(caller: Program, body: bytes | None = None, key: str = "", **query: str) -> tuple[int, Any]:
    asked = FOR | query
    given = list_of(asked["period"]) if body is None else body
    answer = caller.post("/declarations", key=key, body=given, kind=CSV, **asked)
    return answer.status_code, answer.json()


def test_a_list_is_tried_and_nothing_of_it_stays(console: Console) -> None:
    caller = program(console)
    before = [len(console.rows(NL, table)) for table in (schema.declaration, schema.claim, schema.subject)]
    status, tried = hand_in(caller, dry_run="true")
    assert status == 200, tried
    assert sum(tried["outcomes"].values()) == len(tried["rows"]) > 0
    assert (tried["status"], tried["outcomes"]["claim"]) == ("ready", 6)
    assert [len(console.rows(NL, table)) for table in (schema.declaration, schema.claim, schema.subject)] == before
    status, taken = hand_in(caller)
    assert (status, taken["outcomes"]) == (201, tried["outcomes"])


def test_a_list_is_taken_once_and_the_same_answer_is_given_again(console: Console) -> None:
    caller = program(console)
    first = caller.post("/declarations", key="one", body=LIST, kind=CSV, **FOR)
    assert first.status_code == 201, first.text
    claims = len(console.rows(NL, schema.claim))
    again = caller.post("/declarations", key="one", body=LIST, kind=CSV, **FOR)
    assert (again.status_code, again.content, again.headers["location"]) == (
        201,
        first.content,
        first.headers["location"],
    )
    assert len(console.rows(NL, schema.claim)) == claims
    assert caller.client.get(first.headers["location"], headers=caller.headers).json() == first.json()
    rows = caller.see(f"/declarations/{first.json()['id']}/rows", limit=200)["items"]
    assert len(rows) == sum(first.json()["outcomes"].values())
    other = caller.post("/declarations", key="two", body=LIST, kind=CSV, **FOR)
    assert other.json() == first.json()


def test_the_same_key_for_another_request_is_refused(console: Console) -> None:
    caller = program(console)
    assert hand_in(caller, key="one")[0] == 201
    for body, query in ((LIST + b"\n", {}), (LIST, {"period": "2024Q4"})):
        status, said = hand_in(caller, body, key="one", **query)
        assert (status, said["code"]) == (409, "key_reused")
    assert hand_in(program(console), key="one")[0] == 201, "another token's keys are its own"


def test_a_request_that_is_still_at_work_is_said_to_be(console: Console) -> None:
    caller = program(console)
    name = f"api:{NL}:{caller.token_id}:{hashlib.sha256(b'one').hexdigest()}"
    with effect_lock(console.hub.store.engine, console.hub.home / "locks", name) as mine:
        assert mine
        status, said = hand_in(caller, key="one")
        assert (status, said["code"]) == (409, "request_running")
    assert hand_in(caller, key="one")[0] == 201


def test_many_at_once_under_one_key_make_one_declaration(console: Console) -> None:
    caller = program(console)
    before = len(console.rows(NL, schema.declaration))
    answers: list[tuple[int, Any]] = []
    threads = [threading.Thread(target=lambda: answers.append(hand_in(caller, key="one"))) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert {status for status, _ in answers} <= {201, 409}
    assert 201 in {status for status, _ in answers}
    assert len({str(body) for status, body in answers if status == 201}) == 1
    assert len(console.rows(NL, schema.declaration)) == before + 1


def test_a_process_that_dies_between_the_change_and_its_answer_gives_it_the_next_time(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if killed: neither the answer is written down nor the key given back."""
    caller = program(console)

    def dies(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(repeats, "finish", dies)
        with pytest.raises(RuntimeError):
            hand_in(caller, key="one")
    declarations = console.rows(NL, schema.declaration)
    (row,) = console.rows(NL, schema.api_repeat)
    assert row["status"] is None
    status, said = hand_in(caller, key="one")
    assert status == 201
    assert said["id"] in {each["id"] for each in declarations}
    assert len(console.rows(NL, schema.declaration)) == len(declarations)


def test_what_failed_may_be_tried_again_under_its_key(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = program(console)

    def away(*_: object) -> None:
        raise TransientError("the coverage service does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(intake, "take", away)
        answer = caller.post("/declarations", key="one", body=LIST, kind=CSV, **FOR)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["retry-after"]
    assert hand_in(caller, key="one")[0] == 201


def test_answers_are_sealed_and_forgotten(console: Console) -> None:
    caller = program(console)
    _, said = hand_in(caller)
    (row,) = console.rows(NL, schema.api_repeat)
    assert str(said["id"]).encode() not in row["answer"]
    with console.hub.store.unit(NL) as unit:
        assert retained.end(unit, "api_repeat", console.clock.now()) == 0
        assert retained.end(unit, "api_repeat", console.clock.now() + timedelta(seconds=1)) == 1


def test_a_change_needs_a_key_a_kind_and_a_bearable_size(console: Console) -> None:
    caller = program(console)
    bare = caller.client.post("/v1/declarations", content=LIST, params=FOR, headers=caller.headers)
    assert (bare.status_code, bare.json()["errors"][0]["pointer"]) == (422, "header/Idempotency-Key")
    for key in ("a b", "x" * 121, "\x7f"):
        assert caller.post("/declarations", key=key, body=LIST, kind=CSV, **FOR).status_code == 422
    answer = caller.post("/declarations", body=LIST, kind="application/json", **FOR)
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type")
    answer = caller.post("/declarations", body=b"x" * (32 * 1024 * 1024 + 1), kind=CSV, **FOR)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    answer = caller.post("/declarations", body=b"x" * (64 * 1024 * 1024 + 1), kind=CSV, **FOR)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert console.rows(NL, schema.api_repeat) == []


def test_a_list_that_cannot_be_read_is_refused_with_what_to_do(console: Console) -> None:
    caller = program(console)
    for dry_run in ("true", "false"):
        for body in (b"", b"\x00\xff\x00", b"a,b\n1,2\n"):
            status, said = hand_in(caller, body, dry_run=dry_run)
            assert (status, said.get("code")) == (422, "unreadable"), (body, said)
            assert said["detail"]
    status, said = hand_in(caller, organisation="1234", programme="nothing")
    assert status == 422
    assert [each["pointer"] for each in said["errors"]] == ["query/programme", "query/organisation"]


def test_a_program_of_one_practice_hands_in_for_nobody_else(console: Console) -> None:
    """A foreign practice and one that never was are refused in the same words, dry or not, and it is written down."""
    caller = program(console, organisation=PRACTICE)
    before = len(console.rows(NL, schema.declaration))
    said = {
        str(hand_in(caller, organisation=code, dry_run=dry))
        for code in (OTHER_PRACTICE, "1")
        for dry in ("true", "false")
    }
    assert len(said) == 1
    assert "422" in said.pop()
    assert len(console.rows(NL, schema.declaration)) == before
    assert len([row for row in console.looks(NL) if row["role"] == "program" and row["outcome"] == "absent"]) == 4
    assert hand_in(program(console, "NO"))[0] == 422


def test_a_finished_document_is_taken_of_its_own_organisation_only(console: Console) -> None:
    """What the demo's clinic sent goes in again under another number; another's token leaves nothing of it."""
    with console.hub.store.reading(NO) as unit:
        row = next(one for one in exchanges.find(unit) if one["kind"] == "ubl-invoice")
        payload = exchanges.message(unit, row).payload
    data = payload.replace(row["invoice_number"].encode(), b"API-1001")
    asked = {"organisation": CLINIC, "programme": "finished", "kind": "application/octet-stream"}
    caller = program(console, "NO", organisation=CLINIC)
    assert caller.post("/declarations", body=data, dry_run="true", **asked).json()["code"] == "invalid"
    other = data.replace(CLINIC.encode(), b"999000202")
    before = [len(console.rows(NO, table)) for table in (schema.blob, schema.declaration, schema.task)]
    answer = caller.post("/declarations", body=other, **asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable"), answer.text
    assert "The document names" in answer.json()["detail"]
    assert [len(console.rows(NO, table)) for table in (schema.blob, schema.declaration, schema.task)] == before
    answer = caller.post("/declarations", body=data, **asked)
    assert (answer.status_code, answer.json()["organisation"]) == (201, CLINIC), answer.text
    assert answer.json()["state"] in ("current", "held", "refused")
    assert caller.see(f"/declarations/{answer.json()['id']}")["sha256"] == hashlib.sha256(data).hexdigest()

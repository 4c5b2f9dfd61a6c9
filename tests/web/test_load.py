"""Many practices hand in at once: in turn, with their way shown, in bounded memory, while support works (S39)."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from fastapi import Response

from hub.errors import ContentError
from hub.store import claims, schema
from hub.web.fairness import EACH, Desk, Errand
from tests.web.consoles import NL, OTHER_PRACTICE, PRACTICE, Console
from tests.web.load import FAIR, load, practice_list

PRACTICES, ROWS = 5, 400


@pytest.mark.scenario("S39")
def test_practices_that_hand_in_at_once_are_served_alike_while_support_works(tmp_path: Path) -> None:
    figures = load(tmp_path / "hub", PRACTICES, ROWS)
    assert figures.failed == []
    assert len(figures.received) == PRACTICES
    assert figures.unfair <= FAIR, figures.table()
    assert 0 < figures.idle_mb < figures.peak_mb <= figures.bound_mb, figures.table()
    assert figures.support
    assert {status for _, _, status in figures.support} == {200}, figures.table()


def test_a_list_is_judged_by_its_own_people_as_by_everybody_s_claims(console: Console) -> None:
    """What is read for a list is the same as it was found among all claims of the quarter, and nothing else."""
    with console.hub.store.reading(NL) as unit:
        for period in ("2023Q4", "2024Q1"):
            every = claims.known_blinds(unit, "PMO", period)
            assert every
            for practice in (PRACTICE, OTHER_PRACTICE):
                own = {blind for blind, row in every.items() if row["provider_code"] == practice}
                one = next(iter(every.keys() - own), "")
                few = claims.known_blinds(unit, "PMO", period, blinds={one, "nobody"}, provider=practice)
                assert few == {blind: row for blind, row in every.items() if blind in own or blind == one}


def held_up(desk: Desk) -> tuple[Errand, threading.Event]:
    """An errand that is worked on until somebody says go; whatever else is put waits."""
    begun, go = threading.Event(), threading.Event()

    def work() -> Response:
        begun.set()
        go.wait(120)
        return Response("first")

    errand = desk.put("s0", "first", 10, work)
    assert begun.wait(120)
    return errand, go


def test_a_practice_s_second_list_waits_for_everybody_s_first() -> None:
    desk, order = Desk(), []
    _, go = held_up(desk)

    def put(organisation: str, name: str) -> Errand:
        return desk.put("s1", organisation, 10, lambda: (order.append(name), Response())[1])

    put("greedy", "greedy 1")
    put("greedy", "greedy 2")
    third = put("greedy", "greedy 3")
    modest = put("modest", "modest 1")
    assert desk.way(modest).ahead == 2, "the one that is read, and the first of the other practice"
    assert desk.way(third).ahead == 4
    go.set()
    assert third.over.wait(120)
    assert order == ["greedy 1", "modest 1", "greedy 2", "greedy 3"]


def test_an_organisation_cannot_fill_the_queue() -> None:
    desk = Desk()
    _, go = held_up(desk)
    for _ in range(EACH):
        desk.put("s1", "greedy", 1, Response)
    with pytest.raises(ContentError, match="waiting already"):
        desk.put("s1", "greedy", 1, Response)
    last = desk.put("s2", "modest", 1, Response)
    go.set()
    assert last.over.wait(120)


def test_an_answer_is_its_owner_s_only_and_an_error_is_told_where_it_was_asked() -> None:
    desk = Desk()

    def fails() -> Response:
        raise ContentError("no such list")

    errand = desk.put("mine", "one", 1, fails)
    assert errand.over.wait(120)
    assert desk.find("theirs", errand.word) is None
    assert desk.find("mine", errand.word) is errand
    with pytest.raises(ContentError, match="no such list"):
        errand.result()


@pytest.mark.scenario("S39")
def test_whoever_waits_sees_the_way_and_then_the_preview(console: Console) -> None:
    console.app.state.desk = desk = Desk(patience=0)
    _, go = held_up(desk)
    person = console.login("provider", "NL", PRACTICE)
    what = re.findall(r'<option value="(module-quarter[^"]+)"', person.see("/practice/upload"))[-1]
    file = {"file": ("list.csv", practice_list(PRACTICE, 0, 20), "text/csv")}
    answer = person.send("/practice/upload", {"what": what, "practice": PRACTICE}, files=file)
    path = answer.url.path
    assert path.startswith("/waiting/")
    assert "<progress" in answer.text
    go.set()
    errand = desk.find(str(console.rows(NL, schema.web_session)[0]["id"]), path.rsplit("/", 1)[1])
    assert errand is not None
    assert errand.over.wait(120)
    told = person.get(path)
    assert "refresh" not in told.headers
    assert "<progress" not in told.text


@pytest.mark.scenario("S16")
def test_nobody_else_sees_the_way_of_a_list(console: Console) -> None:
    owner = console.login("provider", "NL", PRACTICE)
    desk: Desk = console.app.state.desk
    _, go = held_up(desk)
    (session,) = console.rows(NL, schema.web_session)
    errand = desk.put(str(session["id"]), f"{NL}:{PRACTICE}", 1000, lambda: Response("the answer"))
    path = f"/waiting/{errand.word}"
    answer = owner.get(path)
    assert answer.status_code == 200
    assert "<progress" in answer.text
    assert answer.headers["refresh"] == "2"
    assert console.login("provider", "NL", PRACTICE).get(path).status_code == 404, (
        "another session of the same practice"
    )
    assert console.login("support").get(path).status_code == 404
    go.set()
    assert errand.over.wait(120)
    assert owner.see(path) == "the answer"

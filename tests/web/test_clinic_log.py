"""A clinic hands in its log: ready or a problem, put right in place, then sent; and nobody's number leaves the hub."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from hub.pipeline import submit
from hub.store import exchanges, schema
from tests.web.consoles import CLINIC, NO, Console, Person

LOG = (Path(__file__).parents[2] / "examples" / "no" / "no_treatment_log.csv").read_bytes()
FNR = {line.split(";")[7] for line in LOG.decode().splitlines()[1:]}


@pytest.fixture
def person(console: Console) -> Person:
    """Somebody at the clinic."""
    return console.login("provider", "NO", CLINIC)


def _other_days(data: bytes = LOG) -> bytes:
    """The example log, its treatments an hour later: the demo has invoiced the others."""
    return data.replace(b" 09:00:00;", b" 19:00:00;").replace(b" 10:00:00;", b" 20:00:00;")


def _one(sak_id: str = "6TST1", start: str = "2026-02-03 19:00:00", price: str = "640.00") -> bytes:
    """A log of one treatment."""
    header, first = LOG.splitlines()[:2]
    cells = first.decode().split(";")
    cells[0], cells[2], cells[8], cells[10], cells[12] = "T900", sak_id, "B1020", start, price
    return header + b"\n" + ";".join(cells).encode() + b"\n"


def _check(person: Person, data: bytes) -> tuple[int, str]:
    answer = person.send("/clinic/log", {"clinic": CLINIC}, files={"file": ("logg.csv", data, "text/csv")})
    return answer.status_code, unescape(answer.text)


def _word(body: str) -> str:
    found = re.search(r'name="word" value="([^"]+)"', body)
    assert found is not None, body[-2000:]
    return found[1]


def _claims(console: Console) -> list[str]:
    return sorted(row["ref"] for row in console.rows(NO, schema.claim))


def test_a_log_says_ready_or_problem_and_keeps_nothing(console: Console, person: Person) -> None:
    before = (_claims(console), len(console.rows(NO, schema.declaration)))
    status, body = _check(person, _other_days())
    assert status == 200
    ready, problems = map(int, re.findall(r"(\d+) klare, (\d+) problemer", body)[0])
    assert ready + problems == 20
    assert problems >= 10
    assert "Se på: " in body
    assert not any(number in body for number in FNR)
    assert (_claims(console), len(console.rows(NO, schema.declaration))) == before


def test_a_problem_is_put_right_in_place_and_then_sent(console: Console, person: Person) -> None:
    _, body = _check(person, _one(sak_id="NOSUCH"))
    assert "0 klare, 1 problemer" in body
    assert "SakID" in body
    fixed = person.send("/clinic/log/fix", {"word": _word(body), "clinic": CLINIC, "line": "2", "v.sak_id": "6TST1"})
    body = unescape(fixed.text)
    assert "1 klare, 0 problemer" in body, re.findall(r'class="danger-note">([^<]+)', body)
    before = _claims(console)
    sent = person.send("/clinic/log/send", {"word": _word(body), "clinic": CLINIC})
    assert sent.status_code == 200
    assert "Sendt: 1 behandlinger klare" in unescape(sent.text)
    assert len(_claims(console)) == len(before) + 1


def test_a_row_that_was_sent_with_a_problem_is_put_right_afterwards(console: Console, person: Person) -> None:
    _, body = _check(person, _one(sak_id="NOSUCH"))
    answer = person.send("/clinic/log/send", {"word": _word(body), "clinic": CLINIC}, follow=False)
    place = answer.headers["location"]
    body = person.see(place)
    found = re.search(r'action="(/clinic/log/[^"]+/rows/[^"]+)"', body)
    assert found is not None
    before = _claims(console)
    wrong = person.send(found[1], {"v.sak_id": "STILLNOT"})
    assert wrong.status_code == 422
    assert _claims(console) == before
    right = person.send(found[1], {"v.sak_id": "6TST1"})
    assert right.status_code == 200
    assert len(_claims(console)) == len(before) + 1
    assert "0 problemer" in unescape(right.text)


def test_the_same_log_again_does_nothing(console: Console, person: Person) -> None:
    before = _claims(console)
    status, body = _check(person, LOG)
    assert (status, "allerede" in body) == (200, True)
    assert 'name="word"' not in body
    assert _claims(console) == before


def test_assignments_show_what_is_used_and_left(person: Person) -> None:
    body = person.see("/clinic/assignments")
    row = re.search(r"<tr><td>6TST1</td>.*?</tr>", body, re.DOTALL)
    assert row is not None
    used = int(re.findall(r"(\d+) brukt", row[0])[0])
    _, checked = _check(person, _one())
    assert "1 klare" in checked
    person.send("/clinic/log/send", {"word": _word(checked), "clinic": CLINIC})
    after = re.search(r"<tr><td>6TST1</td>.*?</tr>", person.see("/clinic/assignments"), re.DOTALL)
    assert after is not None
    assert int(re.findall(r"(\d+) brukt", after[0])[0]) == used + 1
    births = {line.split(";")[6] for line in LOG.decode().splitlines()[1:]}
    assert not any(day in body for day in births)


def test_s26_nothing_of_a_patients_number_leaves(console: Console, person: Person) -> None:
    _, body = _check(person, _one())
    person.send("/clinic/log/send", {"word": _word(body), "clinic": CLINIC})
    before = {row["id"] for row in console.rows(NO, schema.exchange)}
    submit.submit(console.hub, NO)
    with console.hub.store.reading(NO) as unit:
        made = [row for row in exchanges.find(unit) if row["id"] not in before]
        payloads = [exchanges.message(unit, row).payload for row in made]
    assert payloads
    assert all(b"6TST1" in payload for payload in payloads)
    for payload in payloads:
        assert not any(number.encode() in payload for number in FNR)
    said = "".join(f"{row['subject']}{row['body']}" for row in console.rows(NO, schema.notification))
    assert not any(number in said for number in FNR)


def test_a_clinics_pages_are_not_there_for_others(console: Console) -> None:
    dutch = console.login("provider", "NL")
    for path in ("/clinic", "/clinic/log", "/clinic/assignments"):
        assert dutch.get(path).status_code == 404
    support = console.login("support", "NO")
    assert support.get("/clinic").status_code == 404


def test_a_broken_log_is_refused_in_words(person: Person) -> None:
    status, body = _check(person, b"\x00\x01\x02 binary")
    assert (status, "behandlingslogg" in body) == (422, True)
    status, body = _check(person, b"a;b;c\n1;2;3\n")
    assert (status, "kjenner ikke kolonnene" in body) == (422, True)

"""A practice hands in a claim file that its own system made: tried first, taken whole, at the same door as its lists."""

from __future__ import annotations

import re
from datetime import date

import pytest
from httpx2 import Response

from hub import texts
from hub.sandbox.example import GGZ_PRACTICE, PHYSIO_PRACTICE
from hub.sandbox.journal import Session, finished_claim_file
from hub.store import schema
from tests.web.consoles import LATER, NL, OTHER_PRACTICE, PRACTICE, Console, Person
from tests.web.test_doors import BAD

NUMBER = "FYS2026071"
STORED = (schema.blob, schema.declaration, schema.claim, schema.exchange, schema.task, schema.subject)
_WORD = re.compile(r'name="word" value="([^"]+)"')
_OFFER = re.compile(r'<option value="([^"|]+)\|')


def a_file(number: str = NUMBER, practice: str = PHYSIO_PRACTICE) -> bytes:
    """Two sessions of June as the physiotherapist's own system claims them."""
    said = {"born": date(1958, 4, 1), "sex": "2", "name": "Voorbeeldrug", "cents": 3650}
    people = [("999940053", date(2026, 6, 8), "FY-81"), ("999940065", date(2026, 6, 9), "FY-82")]
    sessions = [Session(bsn=bsn, day=day, ref=ref, **said) for bsn, day, ref in people]  # type: ignore[arg-type]
    return finished_claim_file(
        number, sessions, practice=practice, performer="04099911", uzovi="3311", issued=LATER.date()
    )


def stored(console: Console) -> list[int]:
    """How much of everything is kept."""
    return [len(console.rows(NL, table)) for table in STORED]


def tried(person: Person, practice: str, data: bytes, name: str = "juni.asc") -> Response:
    """The file is chosen and looked at."""
    form = {"what": "finished||", "practice": practice}
    return person.send("/practice/upload", form, files={"file": (name, data, "text/plain")})


@pytest.mark.parametrize(
    ("practice", "first"),
    [(PRACTICE, "module-quarter"), (GGZ_PRACTICE, "zpm-performances"), (PHYSIO_PRACTICE, "zpm-performances")],
    ids=["general practice", "mental health", "physiotherapy"],
)
def test_every_practice_is_offered_its_lists_and_a_finished_file(console: Console, practice: str, first: str) -> None:
    offered = _OFFER.findall(console.login("provider", organisation=practice).see("/practice/upload"))
    assert set(offered) == {first, "finished"}
    assert offered[-1] == "finished"


def test_a_finished_file_is_tried_first_and_handed_in_whole(console: Console) -> None:
    person, data, before = console.login("provider", organisation=PHYSIO_PRACTICE), a_file(), stored(console)
    answer = tried(person, PHYSIO_PRACTICE, data)
    assert answer.status_code == 200
    assert "2 regels, waarvan 2 gedeclareerd kunnen worden" in answer.text
    assert stored(console) == before, "a look keeps nothing"
    form = {"what": "finished||", "practice": PHYSIO_PRACTICE, "word": _WORD.findall(answer.text)[0]}
    receipt = person.send("/practice/upload/confirm", form)
    assert receipt.url.path.startswith("/practice/lists/")
    assert "Kant-en-klaar bestand" in receipt.text
    claims = console.rows(NL, schema.claim, schema.claim.c.invoice_number == NUMBER)
    assert [(row["claimant_code"], row["total_minor"]) for row in claims] == [(PHYSIO_PRACTICE, 3650)] * 2
    (message,) = console.rows(NL, schema.exchange, schema.exchange.c.invoice_number == NUMBER)
    assert message["id"] in {row["exchange_id"] for row in claims}
    kept = stored(console)
    assert "al ontvangen" in tried(person, PHYSIO_PRACTICE, data, "andere.asc").text.lower()
    assert stored(console) == kept


def test_another_practice_s_file_is_refused_in_words_and_not_a_byte_is_kept(console: Console) -> None:
    person, before = console.login("provider", organisation=PRACTICE), stored(console)
    answer = tried(person, PRACTICE, a_file())
    assert answer.status_code == 422
    assert texts.text("FINISHED_NOT_YOURS", codes=PHYSIO_PRACTICE)["nl"].split("(")[0] in answer.text
    assert not _WORD.findall(answer.text)
    assert person.send("/practice/upload", {"what": "finished||", "practice": OTHER_PRACTICE}).status_code in (404, 422)
    assert stored(console) == before


def test_a_file_with_errors_says_which_and_is_not_kept(console: Console) -> None:
    person, before = console.login("provider", organisation=PHYSIO_PRACTICE), stored(console)
    wrong = a_file().replace(b"19580401", b"19581301", 1)
    answer = tried(person, PHYSIO_PRACTICE, wrong)
    assert answer.status_code == 422
    assert "Dit declaratiebestand bevat fouten." in answer.text
    assert "Regel 2: KVITT-VEKTIS-DATE: " in answer.text
    assert "deze datum bestaat niet" in answer.text
    assert not _WORD.findall(answer.text)
    assert "999940053" not in answer.text
    assert stored(console) == before


def test_a_list_is_no_finished_file_and_the_page_says_so(console: Console) -> None:
    person, before = console.login("provider", organisation=PHYSIO_PRACTICE), stored(console)
    answer = tried(person, PHYSIO_PRACTICE, b"bsn;datum\n999940053;2026-06-08\n", "lijst.csv")
    assert answer.status_code == 422
    assert "this is no finished" not in answer.text
    assert stored(console) == before


def test_the_door_is_guarded_for_a_finished_file_as_for_a_list(console: Console) -> None:
    person, before = console.login("provider", organisation=PHYSIO_PRACTICE), stored(console)
    for what, (data, name, code) in BAD.items():
        answer = tried(person, PHYSIO_PRACTICE, data, name)
        assert answer.status_code == 422, what
        assert texts.text(code)["nl"] in answer.text.replace("&#39;", "'"), what
    assert stored(console) == before

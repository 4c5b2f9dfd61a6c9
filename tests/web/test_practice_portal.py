"""A practice hands in its list and follows it: tried first, refused in plain words, a receipt, and what became of it."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path

import pytest
from openpyxl import Workbook

from hub.intake.reference import read_coverage
from hub.pipeline import submit
from hub.sandbox.virus_scanner import TEST_FILE, VirusScanner
from hub.store import parties, schema
from hub.store.parties import Participation
from hub.web.wording import word
from tests.web.consoles import NL, OTHER_PRACTICE, PRACTICE, Console, Person

LISTS = Path(__file__).parents[2] / "examples" / "nl"
LIST = (LISTS / "nl_ion_export_2024Q1.csv").read_bytes()
HEADER = LIST.splitlines()[0]
NEXT = "module-quarter|PMO|2024Q2"
FIRST = "module-quarter|PMO|2024Q1"


def _of_quarter(data: bytes, day: str = "01-04-2024") -> bytes:
    """The example list, made for another first day of a quarter."""
    return data.replace(b";01-01-2024;", f";{day};".encode())


def _try(person: Person, data: bytes, what: str = NEXT, name: str = "lijst.csv", **more: str) -> tuple[int, str]:
    file = {"file": (name, data, "text/csv")}
    form = {"what": what, "practice": PRACTICE, **more}
    answer = person.send("/practice/upload", form, files=file)
    return answer.status_code, unescape(answer.text)


def _word(body: str) -> str:
    found = re.search(r'name="word" value="([^"]+)"', body)
    assert found is not None, body[-3000:]
    return found[1]


def _hand_in(person: Person, body: str, what: str = NEXT) -> str:
    form = {"word": _word(body), "what": what, "practice": PRACTICE}
    if 'name="delta"' in body:
        form["delta"] = "yes"
    answer = person.send("/practice/upload/confirm", form, follow=False)
    assert answer.status_code == 303
    return str(answer.headers["location"])


def _lists(console: Console) -> list[str]:
    return [row["sha256"] for row in console.rows(NL, schema.declaration)]


def _logged(console: Console) -> str:
    folder = console.home / "log"
    return "".join(path.read_text() for path in folder.glob("*")) if folder.is_dir() else ""


@pytest.fixture
def person(console: Console) -> Person:
    """An assistant of the first practice; coverage answers from the example table, for the demo's service is gone."""
    tables = [(LISTS / name).read_bytes() for name in ("cov_example.csv", "cov_practice2.csv")]
    console.app.state.hub = replace(console.hub, coverage=lambda _tenant: read_coverage(*tables))
    return console.login("provider", "NL", PRACTICE)


def test_a_list_is_tried_first_and_handed_in_with_a_receipt(console: Console, person: Person) -> None:
    before = _lists(console)
    status, body = _try(person, _of_quarter(LIST))
    assert status == 200
    assert "20 regels, waarvan" in body
    assert "Vergeleken met 2024Q1" in body
    assert _lists(console) == before
    assert not re.search(r"9999\d{5}", body), "no BSN stands on the page"
    place = _hand_in(person, body)
    receipt = person.see(place)
    digest = hashlib.sha256(_of_quarter(LIST)).hexdigest()
    assert digest in receipt
    assert digest in _lists(console)
    download = person.get(f"{place}/receipt")
    assert digest in download.text
    assert "attachment" in download.headers["content-disposition"]


def test_the_preview_counts_people_and_money_against_last_quarter(console: Console, person: Person) -> None:
    lines = _of_quarter(LIST).splitlines()
    fewer = b"\n".join([*lines[:2], *lines[3:]]) + b"\n"
    _, body = _try(person, fewer)
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", body))
    claimed = len(
        {
            row["blind"]
            for row in console.rows(NL, schema.claim, schema.claim.c.period == "2024Q1")
            if row["provider_code"] == PRACTICE and row["kind"] == "debit" and row["hold_code"] != "WITHDRAWN"
        }
    )
    same, moved = int(facts["Ongewijzigd"]), int(facts["Andere verzekeraar"])
    assert same + moved + int(facts["Niet meer aanwezig"]) == claimed
    assert int(facts["Niet meer aanwezig"]) >= 1
    assert "was" in facts["Bedrag"]


def test_the_same_file_again_says_when_it_came_and_does_nothing(console: Console, person: Person) -> None:
    before = _lists(console)
    status, body = _try(person, LIST, FIRST, name="andere-naam.csv")
    assert status == 200
    assert "al ontvangen op 15-01-2024 09:00" in body
    assert 'name="word"' not in body
    assert _lists(console) == before


def test_s04_a_corrected_list_after_sending_hands_in_the_difference_only(console: Console, person: Person) -> None:
    lines = LIST.splitlines()
    fresh = [
        b"01099901;01099011;01-01-2024;999990019;V;N.;;Nieuw-Voorbeeld;01-02-1970;7511 AA;7;01-01-2015;;;3332;911000001",
        b"01099901;01099011;01-01-2024;999990020;M;N.;;Nieuw-Testpaal;01-02-1971;7511 AA;8;01-01-2015;;;3332;911000002",
    ]
    data = b"\n".join([lines[0], *lines[2:], *fresh]) + b"\n"
    claims_before = {row["ref"] for row in console.rows(NL, schema.claim)}
    status, body = _try(person, data, FIRST)
    assert status == 200
    assert 'name="delta" value="yes"' in body
    assert "1 weg" in body
    assert {row["ref"] for row in console.rows(NL, schema.claim)} == claims_before
    _hand_in(person, body, FIRST)
    made = [row for row in console.rows(NL, schema.claim) if row["ref"] not in claims_before]
    tasks = console.rows(NL, schema.task, schema.task.c.kind == "vanished_from_list", schema.task.c.state == "open")
    assert len(made) == 2
    assert all(row["kind"] == "debit" for row in made)
    assert len(tasks) == 1
    with console.hub.store.reading(NL) as unit:
        assert not unit.rows(
            unit.mine(schema.claim, schema.claim.c.kind == "credit", schema.claim.c.period == "2024Q1")
        )


@pytest.mark.parametrize("column", ["ICPC", "medicatie"])
def test_s38_medical_columns_are_refused_and_leave_nothing(console: Console, person: Person, column: str) -> None:
    secret = b"T90.02" if column == "ICPC" else b"metformine-sporen"
    lines = _of_quarter(LIST).splitlines()
    data = b"\n".join([lines[0] + b";" + column.encode(), *(line + b";" + secret for line in lines[1:])])
    before = _lists(console)
    status, body = _try(person, data)
    assert status == 422
    assert column in body
    assert "niets bewaard" in body
    assert secret.decode() not in body
    assert 'name="word"' not in body
    assert _lists(console) == before
    assert secret.decode() not in _logged(console)
    trail = "".join(f"{row['action']} {row['object']}" for row in console.looks(NL))
    assert secret.decode() not in trail
    assert hashlib.sha256(data).hexdigest() in trail


def test_another_practices_list_and_last_quarters_list_are_refused_in_plain_words(person: Person) -> None:
    status, body = _try(person, _of_quarter(LIST).replace(PRACTICE.encode(), OTHER_PRACTICE.encode()))
    assert (status, "van een andere praktijk" in body) == (422, True)
    status, body = _try(person, LIST, NEXT)
    assert (status, "van een ander kwartaal" in body) == (422, True)


def test_no_agreement_refuses_and_no_consent_holds(console: Console, person: Person) -> None:
    def papers(**values: date | None) -> None:
        with console.hub.store.unit(NL) as unit:
            practice = parties.organisation(unit, PRACTICE)
            now = parties.participations(unit, practice.id)["PMO"]
            parties.put_participation(unit, practice.id, replace(now, **values))  # type: ignore[arg-type]  # days only

    with console.hub.store.reading(NL) as unit:
        known: Participation = parties.participations(unit, parties.organisation(unit, PRACTICE).id)["PMO"]
    papers(consent_date=None)
    status, body = _try(person, _of_quarter(LIST))
    assert status == 200
    assert "20 regels, waarvan 0 gedeclareerd" in body
    assert "vragen aandacht" in body
    papers(agreement_date=None, consent_date=known.consent_date)
    status, body = _try(person, _of_quarter(LIST))
    assert (status, "verwerkersovereenkomst" in body) == (422, True)


def test_lost_zeros_and_old_encodings_are_taken_with_a_warning(person: Person) -> None:
    """S40 through the screen: codes that lost their zero, and a name in cp1252."""
    row = "1099901;1099011;01-04-2024;999990019;V;É.;;Café-Voorbeeld;01-02-1970;7511 AA;7;01-01-2015;;;3332;911000001"
    status, body = _try(person, HEADER + b"\n" + row.encode("cp1252") + b"\n")
    assert status == 200
    assert "1 regels, waarvan 1 gedeclareerd" in body
    assert "voorloopnul" in body
    status, body = _try(person, HEADER + b"\n" + row.replace("999990019", "99990019").encode("cp1252") + b"\n")
    assert (status, "waarvan 0 gedeclareerd" in body, "11-proef" in body) == (200, True, True)


def test_macros_bombs_and_torn_files_do_not_come_in(person: Person) -> None:
    def packed(**parts: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, body in parts.items():
                archive.writestr(name.replace("__", "/").replace("_dot_", "."), body)
        return out.getvalue()

    macro = packed(**{"[Content_Types]_dot_xml": b"<Types/>", "xl__vbaProject_dot_bin": b"\0"})
    declared = packed(**{"[Content_Types]_dot_xml": b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"})
    bomb = packed(**{"[Content_Types]_dot_xml": b"<Types/>", "xl__sheet_dot_xml": b" " * 30_000_000})
    for data, name, said in (
        (macro, "lijst.xlsx", "macro's"),
        (declared, "lijst.xlsx", "macro's"),
        (LIST, "lijst.xlsm", "macro's"),
        (bomb, "lijst.xlsx", "niet geopend"),
        (macro[:-30], "lijst.xlsx", "beschadigd"),
        (b"  \n", "lijst.csv", "leeg"),
        (b"%PDF-1.7 not a list", "lijst.csv", "niet als lijst lezen"),
    ):
        status, body = _try(person, data, name=name)
        assert (status, said in body) == (422, True), (name, said)


def test_a_workbook_is_taken_like_a_table(person: Person) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in _of_quarter(LIST).decode().splitlines():
        sheet.append(line.split(";"))
    out = io.BytesIO()
    book.save(out)
    status, body = _try(person, out.getvalue(), name="lijst.xlsx")
    assert status == 200
    assert "20 regels" in body


@pytest.fixture
def scanned(console: Console, person: Person) -> Iterator[VirusScanner]:
    """The console with a virus scanner behind it."""
    assert person.login
    with VirusScanner() as scanner:
        console.app.state.hub = replace(console.app.state.hub, virus_scan=scanner.address)
        yield scanner


def test_a_virus_is_refused_and_a_clean_list_is_scanned(scanned: VirusScanner, person: Person) -> None:
    status, body = _try(person, _of_quarter(LIST) + b"\n" + TEST_FILE)
    assert (status, "Eicar-Test-Signature" in body) == (422, True)
    status, _ = _try(person, _of_quarter(LIST))
    assert (status, scanned.scanned) == (200, 2)


def test_a_scanner_that_does_not_answer_lets_nothing_through(console: Console, person: Person) -> None:
    with VirusScanner() as scanner:
        gone = scanner.address
    console.app.state.hub = replace(console.app.state.hub, virus_scan=gone)
    status, body = _try(person, _of_quarter(LIST))
    assert (status, "virusscanner antwoordt niet" in body) == (422, True)
    with VirusScanner(most=10) as small:
        console.app.state.hub = replace(console.app.state.hub, virus_scan=small.address)
        status, body = _try(person, _of_quarter(LIST))
    assert (status, "virusscanner antwoordt niet" in body) == (422, True)
    assert 'name="word"' not in body


def test_results_say_in_words_what_was_granted_and_why_not(console: Console, person: Person) -> None:
    table = schema.declaration
    (row,) = [
        one
        for one in console.rows(NL, table, table.c.period == "2024Q1", table.c.state == "current")
        if one["organisation_id"] == _id(console, PRACTICE)
    ]
    body = person.see(f"/practice/lists/{row['id']}")
    assert "toegekend" in body
    assert "Ontvangen op" in body
    table_ = person.get(f"/practice/lists/{row['id']}/rows.csv")
    assert table_.status_code == 200
    assert len(table_.text.splitlines()) == 21
    assert not re.search(r"\b9999\d{5}\b", table_.text)
    listing = person.see("/practice/lists")
    assert row["id"] in listing


def _id(console: Console, code: str) -> str:
    with console.hub.store.reading(NL) as unit:
        return parties.organisation(unit, code).id


def test_the_template_of_a_practice_system_is_its_columns(person: Person) -> None:
    body = person.get("/practice/upload/template/ion-export").text
    assert "praktijk_agb;" in body.lstrip("\ufeff")
    assert person.get("/practice/upload/template/no-treatment-log").status_code == 404


def test_decisions_are_downloads_of_the_own_lines_only(console: Console, person: Person) -> None:
    body = person.see("/practice/decisions")
    links = re.findall(r'href="(/practice/decisions/[^"]+as=csv)"', body)
    assert links
    answer = person.get(unescape(links[0]))
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    foreign = unescape(links[0]).replace(PRACTICE, OTHER_PRACTICE)
    assert person.get(foreign).status_code == 404
    outcomes = [(row["action"], row["outcome"]) for row in console.looks(NL)]
    assert ("export-decisions", "ok") in outcomes
    assert ("open", "absent") in outcomes


def test_another_practices_list_is_not_there(console: Console, person: Person) -> None:
    table = schema.declaration
    theirs = console.rows(NL, table, table.c.organisation_id == _id(console, OTHER_PRACTICE))[0]["id"]
    for path in (
        f"/practice/lists/{theirs}",
        f"/practice/lists/{theirs}/receipt",
        f"/practice/lists/{theirs}/rows.csv",
    ):
        assert person.get(path).status_code == 404
    file = {"file": ("l.csv", LIST, "text/csv")}
    assert person.send("/practice/upload", {"what": FIRST, "practice": OTHER_PRACTICE}, files=file).status_code == 404
    assert person.client.post("/practice/upload/confirm", data={"word": "x", "what": FIRST}).status_code == 403
    assert console.login("support").get("/practice/upload").status_code == 404


def test_what_lies_in_a_file_is_said_to_be_sent_only_once_it_was(console: Console, person: Person) -> None:
    """The file is the care group's: the practice cannot open it, and yet is told no lie about it."""
    _, body = _try(person, _of_quarter(LIST))
    place = _hand_in(person, body)
    assert _told(person, place) == {"wordt nog verzonden"}
    submit.submit(console.hub, NL)  # nobody answers at the other end any more
    mine = console.rows(NL, schema.claim, schema.claim.c.period == "2024Q2")
    files = {row["exchange_id"] for row in mine}
    assert files
    assert None not in files, "each claim lies in a file"
    assert _told(person, place) <= {"wordt nog verzonden", "onbekend of hij is aangekomen"}
    for state, key in (
        ("delivered", "sent"),
        ("refused", "stopped"),
        ("in_doubt", "in_doubt"),
        ("prepared", "prepared"),
    ):
        words = word("practice_lists", f"result_{key}", "nl")
        with console.hub.store.unit(NL) as unit:
            for each in files:
                unit.update(schema.exchange, each, state=state)
        assert _told(person, place) == {words}
        table = person.get(f"{place}/rows.csv").content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(table), delimiter=";"))
        assert {row[-1] for row in rows[1:]} == {words, ""}


def test_after_the_reply_it_is_the_payers_word_that_counts(console: Console, person: Person) -> None:
    of_practice = schema.declaration.c.organisation_id == _id(console, PRACTICE)
    (answered,) = console.rows(NL, schema.declaration, schema.declaration.c.period == "2024Q1", of_practice)
    with console.hub.store.unit(NL) as unit:
        for row in unit.rows(unit.mine(schema.exchange)):
            unit.update(schema.exchange, row["id"], state="refused")
    assert _told(person, f"/practice/lists/{answered['id']}") <= {"toegekend", "gewijzigd", "afgewezen"}


def _told(person: Person, place: str) -> set[str]:
    """What the page of a list says became of its claims."""
    found = re.findall(r'<span class="badge badge-[a-z_]+">([^<]+)</span> R\d{9}', person.see(place))
    assert found
    return set(found)

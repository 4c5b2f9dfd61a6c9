"""Every door through which a file comes in: the same guard, in its own words, and nothing is stored of what is refused."""

from __future__ import annotations

import gzip
import io
import re
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from html import unescape

import openpyxl
import pytest
from fastapi import FastAPI, UploadFile
from httpx2 import Response
from starlette.routing import Mount

from hub import texts
from hub.pipeline import identity
from hub.pipeline.context import Actor
from hub.sandbox.virus_scanner import TEST_FILE, VirusScanner
from hub.store import schema
from hub.web.api.application import resources
from hub.web.fairness import Desk
from hub.web.scan import modules
from tests.web.consoles import CLINIC, NL, NO, OTHER_PRACTICE, PRACTICE, Console, Person
from tests.web.programs import program
from tests.web.test_api_changing import FOR, list_of
from tests.web.test_load import held_up

LIST = list_of("2024Q3")
FREE = {"access_log", "access_head", "web_session", "app_user", "api_token", "login_attempt"}
"""What every look leaves behind."""
Sent = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Door:
    """A route that takes a file, and who stands before it."""

    path: str
    role: str
    country: str = "NL"
    organisation: str = ""
    form: Mapping[str, str] = field(default_factory=dict)

    def open(self, console: Console, **query: str) -> Callable[[bytes, str], Response]:
        """A way to hand something in here; `query` is a program's."""
        if self.path == "/v1/declarations":
            caller = program(console)
            return lambda data, name: caller.post(
                "/declarations", body=data, kind="application/octet-stream", **(FOR | {"name": name} | query)
            )
        person, form = console.login(self.role, self.country, self.organisation), dict(self.form)
        if self.path == "/practice/upload":
            form |= {"what": _what(person)}
        return lambda data, name: person.send(self.path, form, files={"file": (name, data, "text/csv")})

    @property
    def language(self) -> str:
        """What its people read."""
        return "en" if self.path.startswith("/v1") else {"NL": "nl", "NO": "nb"}[self.country]


def _what(person: Person) -> str:
    return _offers(person)[-1]


DOORS = {
    door.path: door
    for door in (
        Door("/practice/upload", "provider", organisation=PRACTICE, form={"practice": PRACTICE}),
        Door("/clinic/log", "provider", "NO", CLINIC),
        Door("/drop", "support"),
        Door("/imports", "engineer", form={"kind": "practices"}),
        Door("/payments/file", "support"),
        Door("/v1/declarations", "program"),
    )
}


def _taking_files() -> set[str]:
    """Routes that take a file: a form field that is an upload, or a raw body that is no JSON."""
    pages = [route for module in modules() for route in module.router.routes]
    found = {
        route.path
        for route in pages
        if any(one.field_info.annotation is UploadFile for one in route.dependant.body_params)
    }
    for route in (route for module in resources() for route in module.router.routes):
        content = (route.openapi_extra or {}).get("requestBody", {}).get("content", {})
        if any(kind != "application/json" for kind in content):
            found.add(f"/v1{route.path}")
    return found


def _rows(console: Console) -> dict[tuple[str, str], int]:
    return {
        (tenant, table.name): len(console.rows(tenant, table))
        for tenant in (NL, NO)
        for table in schema.TENANT_TABLES
        if table.name not in FREE
    }


def _zip(parts: Mapping[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def _workbook(rows: int = 3) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for number in range(rows):
        book.worksheets[0].append([f"a{number}", "b"])
    book.save(out)
    return out.getvalue()


def _locked() -> bytes:
    """An archive whose part says it is encrypted, in both places where it says so."""
    data = bytearray(_zip({"list.csv": b"a;b\n1;2\n"}))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


MACROS = _zip({"[Content_Types].xml": b"<Types/>", "xl/vbaProject.bin": b"x"})
DECLARED = _zip({"[Content_Types].xml": b"<Types>application/vnd.ms-excel.sheet.macroEnabled.main+xml</Types>"})
BAD = {
    "empty": (b"", "list.csv", "UPLOAD_EMPTY"),
    "blank": (b" \r\n" * 10, "list.csv", "UPLOAD_EMPTY"),
    "macro by name": (LIST, "list.xlsm", "UPLOAD_MACROS"),
    "macro by name with an end": (LIST, "list.XLSM. ", "UPLOAD_MACROS"),
    "macro by part": (MACROS, "list.xlsx", "UPLOAD_MACROS"),
    "macro by type": (DECLARED, "list.csv", "UPLOAD_MACROS"),
    "bomb": (_zip({"xl/worksheets/sheet1.xml": bytes(60_000_000)}), "list.xlsx", "UPLOAD_TOO_PACKED"),
    "bomb by gzip": (gzip.compress(bytes(60_000_000)), "list.csv.gz", "UPLOAD_TOO_PACKED"),
    "many parts": (_zip({f"{number}.xml": b"" for number in range(2_001)}), "list.xlsx", "UPLOAD_TOO_PACKED"),
    "locked": (_locked(), "list.xlsx", "UPLOAD_BROKEN"),
    "cut off": (_workbook()[:-30], "list.xlsx", "UPLOAD_BROKEN"),
    "strange compression": (_zip({"list.csv": LIST}, zipfile.ZIP_BZIP2), "list.zip", "UPLOAD_BROKEN"),
}


def test_these_are_all_the_doors() -> None:
    assert _taking_files() == set(DOORS), "a new door: add it here, so that it is guarded as the others are"


@pytest.mark.parametrize("path", DOORS)
def test_what_may_not_come_in_is_refused_in_words_and_leaves_nothing(console: Console, path: str) -> None:
    door = DOORS[path]
    send, before = door.open(console), _rows(console)
    for what, (data, name, code) in BAD.items():
        answer = send(data, name)
        assert answer.status_code == 422, (what, answer.status_code)
        assert texts.text(code)[door.language] in _said(answer), what
    assert _rows(console) == before


def _said(answer: Response) -> str:
    return unescape(answer.text).replace('\\"', '"')


@contextmanager
def _scanned(console: Console, address: str) -> Iterator[None]:
    """The console with a scanner at this address, at every door."""
    mount = next(route for route in console.app.routes if isinstance(route, Mount) and route.path == "/v1")
    assert isinstance(mount.app, FastAPI)
    apps: tuple[FastAPI, ...] = (console.app, mount.app)
    before = [one.state.hub for one in apps]
    for one in apps:
        one.state.hub = replace(one.state.hub, virus_scan=address)
    try:
        yield
    finally:
        for one, hub in zip(apps, before, strict=True):
            one.state.hub = hub


@pytest.mark.parametrize("path", DOORS)
def test_a_virus_stops_at_every_door_and_without_a_scanner_nothing_comes_in(console: Console, path: str) -> None:
    door = DOORS[path]
    send, before = door.open(console), _rows(console)
    with VirusScanner() as scanner:
        gone = scanner.address
        with _scanned(console, scanner.address):
            answer = send(LIST + TEST_FILE, "list.csv")
        assert scanner.scanned == 1
    assert answer.status_code == 422
    assert texts.text("UPLOAD_VIRUS", found="Eicar-Test-Signature")[door.language] in _said(answer)
    with _scanned(console, gone):
        answer = send(LIST, "list.csv")
    assert answer.status_code == 422
    assert texts.text("UPLOAD_NOT_SCANNED")[door.language] in _said(answer)
    assert _rows(console) == before


LINES = LIST.splitlines()
ODD = {
    "medical columns": (b"\n".join([LINES[0] + b";ICPC", *(line + b";T90.02" for line in LINES[1:])]), "list.csv"),
    "nulls": (LIST.replace(b";", b"\x00;", 5), "list.csv"),
    "a huge cell": (LIST + b"\n" + b"x" * 3_000_000 + b";1;2;3\n", "list.csv"),
    "one line without an end": (b"a" * 5_000_000, "list.csv"),
    "an unclosed quote": (LINES[0] + b'\n"' + LIST, "list.csv"),
    "only delimiters": (b";" * 500_000, "list.csv"),
    "a workbook without rows": (_workbook(0), "list.xlsx"),
    "markup": (b"<html><script>alert(1)</script></html>", "<script>alert(1)</script>.csv"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "scan.png"),
    "a name with folders": (b"a;b\n1;2\n", "../../etc/passwd\x00\r\nSet-Cookie: a=b"),
    "a name of 1,000 signs": (b"a;b\n1;2\n", "x" * 1_000 + ".csv"),
    "no name": (b"a;b\n1;2\n", " "),
}


@pytest.mark.parametrize("path", DOORS)
def test_odd_files_break_no_door_and_leave_nothing(console: Console, path: str) -> None:
    send, before = DOORS[path].open(console, dry_run="true"), _rows(console)
    for what, (data, name) in ODD.items():
        if path == "/v1/declarations" and ("\x00" in name or len(name) > 60):
            continue  # refused as a parameter
        answer = send(data, name)
        assert answer.status_code in (200, 422), (what, answer.status_code, answer.text[-500:])
        assert "T90.02" not in answer.text, what
        assert "<script>alert" not in answer.text, what
        assert "etc/passwd" not in answer.text, what
    assert _rows(console) == before


def test_of_medical_columns_a_program_leaves_its_refusal_and_not_a_byte(console: Console) -> None:
    before = _rows(console)
    answer = DOORS["/v1/declarations"].open(console)(*ODD["medical columns"])
    assert (answer.status_code, answer.json()["state"], answer.json()["outcomes"]) == (201, "refused", {})
    changed = {name for (_, name), count in _rows(console).items() - before.items() if count}
    assert changed <= {"declaration", "task", "api_repeat", "posting"}, changed
    (row,) = console.rows(NL, schema.declaration, schema.declaration.c.id == answer.json()["id"])
    assert not row["blob_address"]
    assert "T90" not in repr(row)


def _empty_rows(rows: int) -> bytes:
    """A workbook whose sheet has so many rows and not one cell after the first two."""
    book, out = zipfile.ZipFile(io.BytesIO(_workbook(2))), io.BytesIO()
    with book, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in book.namelist():
            content = book.read(name)
            if name == "xl/worksheets/sheet1.xml":
                more = b"".join(b'<row r="%d"/>' % number for number in range(3, rows + 3))
                content = content.replace(b"</sheetData>", more + b"</sheetData>")
            archive.writestr(name, content)
    return out.getvalue()


def test_a_workbook_of_many_empty_rows_is_answered(console: Console) -> None:
    """It takes seconds to be read, which is why it is read in turn as any other."""
    send, before = DOORS["/practice/upload"].open(console), _rows(console)
    answer = send(_empty_rows(300_000), "list.xlsx")
    assert answer.status_code in (200, 422), answer.text[-500:]
    assert _rows(console) == before


@pytest.mark.parametrize("path", DOORS)
def test_two_hundred_megabytes_are_too_big_everywhere(console: Console, path: str) -> None:
    send, before = DOORS[path].open(console), _rows(console)
    answer = send(bytes(200_000_000), "list.csv")
    assert answer.status_code == 413
    assert _rows(console) == before


def test_the_same_list_from_two_browsers_at_once_is_handed_in_once(console: Console) -> None:
    program(console)  # with coverage from the example tables
    console.app.state.hub = console.hub
    form = {"practice": OTHER_PRACTICE}
    people = [console.login("provider", "NL", OTHER_PRACTICE) for _ in range(2)]
    what = next(one for one in _offers(people[0]) if one.endswith("|PMO|2024Q3"))
    words = []
    for person in people:
        answer = person.send("/practice/upload", form | {"what": what}, files={"file": ("list.csv", LIST, "text/csv")})
        words.append(re.findall(r'name="word" value="([^"]+)"', answer.text)[0])
    answers: list[Response] = []

    def confirm(person: Person, word: str) -> None:
        answers.append(person.send("/practice/upload/confirm", form | {"what": what, "word": word}))

    before = len(console.rows(NL, schema.claim))
    threads = [threading.Thread(target=confirm, args=each) for each in zip(people, words, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.status_code for each in answers] == [200, 200]
    assert len({each.url.path for each in answers}) == 1, "both see the one receipt"
    assert len(console.rows(NL, schema.declaration, schema.declaration.c.period == "2024Q3")) == 1
    assert len(console.rows(NL, schema.claim)) == before + 6


def _offers(person: Person) -> list[str]:
    return re.findall(r'<option value="(module-quarter[^"]+)"', person.see("/practice/upload"))


def test_whoever_was_ended_while_waiting_hands_nothing_in(console: Console) -> None:
    desk = console.app.state.desk
    _, go = held_up(desk)
    person = console.login("provider", "NL", PRACTICE)
    form = {"practice": PRACTICE, "what": _what(person), "csrf": person.secret()}
    before = _rows(console)
    answers: list[Response] = []
    file = {"file": ("list.csv", LIST, "text/csv")}
    thread = threading.Thread(
        target=lambda: answers.append(person.client.post("/practice/upload", data=form, files=file))
    )
    thread.start()
    while not desk._waiting:  # until it stands in the queue
        threading.Event().wait(0.01)
    identity.end_user(console.hub, NL, person.login, Actor(name="engineer", role="engineer"))
    go.set()
    thread.join()
    assert (answers[0].status_code, answers[0].headers["location"]) == (303, "/login")
    assert _rows(console).items() - before.items() == set()


def test_whoever_logs_in_anew_is_told_what_becomes_of_what_waited(console: Console) -> None:
    console.app.state.desk = desk = Desk(patience=0)
    _, go = held_up(desk)
    person = console.login("provider", "NL", PRACTICE)
    file = {"file": ("list.csv", LIST, "text/csv")}
    answer = person.send("/practice/upload", {"practice": PRACTICE, "what": _what(person)}, files=file)
    way = answer.url.path
    assert way.startswith("/waiting/")
    person.send("/logout")
    assert person.get(way).headers["location"].startswith("/login")
    again = console.login("provider", "NL", PRACTICE)
    assert "opnieuw ingelogd" in unescape(again.get(way, follow_redirects=True).text)
    assert console.login("provider", "NL", OTHER_PRACTICE).get(way).status_code == 404
    go.set()

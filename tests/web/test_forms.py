"""Forms and addresses as tired people fill them in: nothing typed is lost, nothing breaks, and each no is understood."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import pytest
from annotated_types import MaxLen
from fastapi.routing import APIRoute
from starlette.routing import Match

from hub.store import schema
from hub.web import bounds
from hub.web.scan import modules
from tests.web.consoles import NL, PRACTICE, Console
from tests.web.speech import read, walk
from tests.web.test_spoken import strange

ROLES = ("support", "finance", "engineer", "privacy_officer", "provider")
_TYPED = ("text", "search", "email", "tel", "url")


@dataclass(slots=True)
class Sent:
    """A form that changes something: where it goes, and how much each field of it takes."""

    action: str
    takes: dict[str, int] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self, here: str) -> None:
        super().__init__(convert_charrefs=True)
        self.here, self.found, self.inside = here, list[Sent](), False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = told.get("method", "get") == "post"
            if self.inside:
                self.found.append(Sent(urljoin(self.here, told.get("action", ""))))
        typed = tag == "textarea" or (tag == "input" and told.get("type", "text") in _TYPED)
        if self.inside and typed and "name" in told:
            self.found[-1].takes[told["name"]] = int(told.get("maxlength", 1_000_000))

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "form"


def _longest(action: str) -> Mapping[str, int]:
    """How long each field of a form may be where it is taken."""
    asked: dict[str, Any] = {"type": "http", "path": action, "method": "POST", "root_path": "", "headers": []}
    for route in (one for module in modules() for one in module.router.routes):
        if isinstance(route, APIRoute) and route.matches(asked)[0] is Match.FULL:
            fields = [(one.alias, one.field_info.metadata) for one in route.dependant.body_params]
            return {name: one.max_length for name, known in fields for one in known if isinstance(one, MaxLen)}
    return {}


def _forms(console: Console, role: str, country: str) -> Iterator[tuple[str, Sent]]:
    person = console.login(role, country)
    for page in walk(person, ["/"], 1):
        reader = _Forms(page.path.partition("?")[0])
        reader.feed(person.get(page.path, follow_redirects=True).text)
        yield from ((page.path, one) for one in reader.found)


@pytest.mark.parametrize(
    ("country", "role"), [*(("NL", role) for role in ROLES), ("NO", "support"), ("NO", "provider")]
)
def test_no_field_lets_more_be_typed_than_its_form_takes(
    console: Console, monkeypatch: pytest.MonkeyPatch, country: str, role: str
) -> None:
    monkeypatch.setattr(bounds, "A_SECOND", 1e6)
    found = list(_forms(console, role, country))
    assert len(found) > 2
    wrong = {
        (form.action.rpartition("/")[2], name, takes, longest)
        for _, form in found
        for name, takes in form.takes.items()
        if (longest := _longest(form.action).get(name)) is not None and takes > longest
    }
    assert not wrong, sorted(wrong)


def test_an_account_that_is_none_stands_there_to_be_corrected(console: Console) -> None:
    asked = {"code": PRACTICE, "account": "NL00WRONG", "source": "letter of 3 June"}
    answer = console.login("finance").send("/accounts", asked)
    assert answer.status_code == 422
    assert 'value="NL00WRONG"' in answer.text
    assert 'value="letter of 3 June"' in answer.text


@pytest.mark.parametrize(
    ("role", "path", "asked", "said"),
    [
        ("finance", "/statements/make", {"period": "summer"}, "geen kwartaal: 'summer'"),
        ("engineer", "/agreements", {"partner": "menzis", "valid_from": "31 June"}, "Schrijf een dag als 2026-01-31"),
        (
            "engineer",
            "/agreements",
            {"partner": "menzis", "settings": "x"},
            "een instelling schrijft u als NAAM=WAARDE (bijvoorbeeld endpoint=",
        ),
        ("privacy_officer", "/privacy/hold", {"number": "12"}, "dit is geen nummer van een persoon (een BSN"),
        ("support", "/claims/R000000015/correct", {"v.1.price": ""}, "tarief is geen bedrag schrijf het als 640.00"),
    ],
)
def test_what_is_wrong_with_a_form_is_said_in_the_reader_s_language(
    console: Console, role: str, path: str, asked: dict[str, str], said: str
) -> None:
    """Where, what and what to do are sentences of their own: said together, nobody would know them again."""
    person = console.login(role)
    answer = read(path, person.send(path, asked).text)
    assert said in " ".join(answer.sentences), answer.sentences
    wrong = {sentence: words for sentence in answer.sentences if (words := strange(sentence, "nl"))}
    assert not wrong


def test_a_row_that_a_colleague_decided_meanwhile_says_so_in_the_reader_s_language(console: Console) -> None:
    row = console.rows(NL, schema.declaration_row, schema.declaration_row.c.outcome == "hold")[0]
    person = console.login("support")
    path = f"/complete/rows/{row['id']}/exclude"
    assert person.send(path, {"reason": "moved abroad"}).status_code == 200
    again = person.send(path, {"reason": "moved abroad"})
    assert again.status_code == 409
    assert "er is inmiddels over beslist" in again.text
    assert "Bekijk de lijst opnieuw" in again.text
    assert "exclude" not in again.text


def test_why_a_refusal_was_closed_is_said_in_words_wherever_its_history_is_read(console: Console) -> None:
    task = console.rows(NL, schema.task, schema.task.c.kind == "rejection", schema.task.c.state == "open")[0]
    person = console.login("support")
    person.send(f"/rejections/{task['id']}/resolve", {"why": "corrected_elsewhere", "words": "in their portal"})
    for path in (f"/rejections/{task['id']}", f"/tasks/{task['id']}", f"/claims/{task['claim_ref']}"):
        assert "Elders gecorrigeerd: in their portal" in person.see(path), path
        assert "corrected_elsewhere: " not in person.see(path), path


ADDRESSES = (
    *("/accounts?after=", "/accounts?before=", "/approvals?after=", "/complete?kind=rows&after=", "/exchanges?before="),
    *("/inbound?before=", "/payments?after=", "/payouts?after=", "/questions?after=", "/rejections?after="),
    *("/rejections?state=done&after=", "/release?after=", "/statements?after=", "/tasks?before=", "/today?after="),
)
"""Where long lists go on, as an address says it."""
_FAR = "0001-01-01T00:00:00%2B23:59"
PLACES = (
    *("2026-01-01", "2026-01-01|x", "2026-01-01T00:00:00|x", "2026-01-01T00:00:00|5|x", "2026-01-01T00:00:00_x"),
    *(_FAR, f"{_FAR}|x", f"{_FAR}|5|x", f"{_FAR}_x", "9999-12-31T23:59:59-23:59|x"),
    *("2026-01-01|99999999999999999999|x", "2026-01-01.99999999999999999999.x", "9" * 30, "x", "%C2%B2"),
)
"""What was cut, typed or kept too long: without a zone, before all time, greater than a column."""


def test_a_list_that_goes_on_from_nowhere_begins_at_its_beginning(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "A_SECOND", 1e6)
    finance, practice, clinic = console.login("finance"), console.login("provider"), console.login("provider", "NO")
    support = console.login("support")
    asked = [(support if "complete" in one or "questions" in one else finance, one) for one in ADDRESSES]
    asked += [(practice, "/practice/lists?after="), (clinic, "/clinic?after=")]
    for person, address in asked:
        for where in PLACES:
            assert person.get(address + where).status_code == 200, address + where


def test_a_sign_that_no_column_takes_breaks_no_page(console: Console) -> None:
    """PostgreSQL takes no NUL in a text: whoever types one is told so, logged in or not."""
    person, stranger = console.login("support"), console.stranger()
    for path in ("/claims/a%00b", "/exchanges?partner=a%00", "/exchanges/a%00b", "/payments/a%00", "/tasks/a%00"):
        assert person.get(path).status_code in (200, 404, 409, 422), path
    assert person.send("/search", {"q": "a\0b"}).status_code in (200, 404, 422)
    pause = person.send("/jobs/collect-hourly/pause", {"reason": "main\0tenance"})
    assert pause.status_code in (200, 409)
    assert stranger.post("/login", data={"login": "a\0", "password": "b\0"}).status_code < 500
    assert stranger.get("/v1/claims/a%00").status_code < 500

"""Nobody in a browser is told to type a command: each is said as the place where the same is done, with its link."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from hub import texts
from hub.pipeline import cases
from hub.pipeline.cases import About
from hub.store import schema, tasks
from hub.web.parts import commands
from hub.web.parts.commands import WAYS, shown
from hub.web.parts.doors import PLACES
from tests.conftest import ROOT
from tests.web.consoles import NL, NO, Console, Person

TEXTS = tomllib.loads((ROOT / "hub" / "texts.toml").read_text(encoding="utf-8"))
_COMMAND = re.compile(r"\bkvitt [a-z]")
_ALIKE = 4
"""Pages of one kind that a walk opens."""
_VALUES = {"job": "nightly-submit", "partner": "zilveren-kruis", "key": "A000000011", "term": "Until 2024-04-01."}


class _Filled(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return f"{name.upper()}1"


def of_texts() -> Iterator[tuple[str, str, str]]:
    for code, entry in TEXTS.items():
        for name, text in entry.items():
            if _COMMAND.search(text):
                yield code, name, text.format_map(_Filled(_VALUES))


def of_errors() -> Iterator[tuple[str, str]]:
    """Every sentence in the code below the command line that names a command, with 12345 for what is filled in."""
    for folder in ("hub", "connectors", "scheduler", "mappings", "schemas"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "cli" not in path.parts and "node_modules" not in path.parts:
                yield from ((f"{path.name}", said) for said in _sentences(path) if _COMMAND.search(said))


def _sentences(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            told |= {id(part) for part in node.values}
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "12345" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def test_every_command_of_our_sentences_has_a_place_or_somebody_who_does_it() -> None:
    found = list(of_texts())
    assert len(found) > 150
    for code, name, text in found:
        said = shown(text, name[-2:])
        assert not _COMMAND.search(said), (code, name, said)
        assert "--" not in said, (code, name, said)


def test_every_command_of_an_error_has_one_too() -> None:
    not_for_people = {"caller.py", "common_passwords.py", "commands.py"}
    found = [(name, said) for name, said in of_errors() if name not in not_for_people]
    assert len(found) > 60
    for name, text in found:
        assert not _COMMAND.search(shown(text, "en")), (name, text)


def test_every_way_leads_somewhere_that_exists() -> None:
    for name, way in WAYS.items():
        assert set(way.kinds) <= set(PLACES), name
    used = {way.label for way in WAYS.values() if "." not in way.label}
    own = tomllib.loads((ROOT / "hub" / "web" / "words" / "commands.toml").read_text(encoding="utf-8"))
    assert used == set(own)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Do it: kvitt correct 0104; no credit.", 'Do it: <a href="/correct/0104">Correct 0104</a>; no credit.'),
        ("Held: kvitt release sends it.", "Held: “Release” sends it."),
        ("then `kvitt release 12`, or not", 'then <a href="/claim/12">Release 12</a>, or not'),
        ("(kvitt explain COD957:101); go", '(<a href="/codes/">Codes COD957:101</a>); go'),
        ("Or kvitt correct 7 --credit-only.", 'Or <a href="/credit/7">Credit 7</a>.'),
        ('kvitt release 5 --arrived --evidence "NO 5"', '<a href="/claim/5">Release 5</a>'),
        ("a kvitt that nobody knows", "a kvitt that nobody knows"),
        ("<b> kvitt release 1&2", '&lt;b&gt; <a href="/claim/1&amp;2">Release 1&amp;2</a>'),
    ],
)
def test_a_command_ends_where_its_sentence_goes_on(text: str, said: str) -> None:
    assert shown(text, "en", lambda kind, ref: f"/{kind}/{ref}") == said


def test_a_sentence_without_a_command_is_left_to_the_page() -> None:
    assert shown("a < b", "nb") == "a < b"
    assert [each.name for each in commands.named("nothing")] == [""]


@pytest.mark.parametrize("country", ["NL", "NO"])
@pytest.mark.parametrize("role", ["provider", "support", "engineer"])
def test_no_page_of_the_demo_names_a_command(console: Console, role: str, country: str) -> None:
    """With a task of every kind; the pages of all roles are read without these in `test_spoken.py`."""
    _cases(console, country)
    me = console.login(role, country)
    opened = 0
    for path, text in _walk(me):
        opened += 1
        found = _COMMAND.search(text)
        assert found is None, (path, text[max(found.start() - 120, 0) : found.end() + 80])
    assert opened >= 5


def _cases(console: Console, country: str) -> None:
    """A task of every kind that sentences are made for, about some claim."""
    tenant = NL if country == "NL" else NO
    ref = console.rows(tenant, schema.claim)[0]["ref"]
    with console.hub.store.unit(tenant) as unit:
        for code in texts.codes():
            if TEXTS[code].get("do_en"):
                values = _Filled(_VALUES | {"ref": ref})
                new = tasks.NewTask(
                    key=f"every:{code}",
                    kind="held",
                    text={name: TEXTS[code][name].format_map(values) for name in texts.LANGUAGES},
                    action={name: TEXTS[code][f"do_{name}"].format_map(values) for name in texts.LANGUAGES},
                    claim_ref=ref,
                )
                tasks.add(unit, new, reopen=False)


def _walk(me: Person) -> Iterator[tuple[str, str]]:
    """Pages by their links, a few of each kind."""
    seen, alike, ahead = {"/"}, Counter[str](), ["/"]
    while ahead:
        path = ahead.pop(0)
        answer = me.get(path, follow_redirects=True)
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        yield path, unescape(answer.text)
        for href in map(unescape, re.findall(r'href="(/[^"#]*)', answer.text)):
            kind = re.sub(r"[0-9A-Z][0-9A-Za-z._%|-]{3,}|[0-9a-f-]{12,}|[0-9]+", "#", href)
            if href not in seen and not href.startswith("/static") and alike[kind] < _ALIKE:
                seen.add(href)
                alike[kind] += 1
                ahead.append(href)


def test_the_number_of_a_message_leads_to_the_message(console: Console) -> None:
    support = console.login("support")
    sent = next(row for row in console.rows(NL, schema.exchange) if row["invoice_number"])
    answer = support.get(f"/claims/{sent['invoice_number']}", follow_redirects=True)
    assert answer.status_code == 200
    assert "/exchanges/" in str(answer.url)
    assert support.get("/claims/NOTHING-LIKE-IT").status_code == 404


def test_what_a_refused_file_may_still_send_goes_again_from_its_page(console: Console) -> None:
    support = console.login("support")
    refused = next(row for row in console.rows(NL, schema.exchange) if row["state"] == "refused")
    page = support.see(f"/exchanges/{refused['business_key']}")
    assert f'action="/exchanges/{refused["business_key"]}/release"' in page
    answer = support.send(f"/exchanges/{refused['business_key']}/release", {"evidence": "asked by telephone"})
    assert answer.status_code in (200, 409)
    finance, engineer = console.login("engineer"), console.login("auditor")
    for other in (finance, engineer):
        assert other.send(f"/exchanges/{refused['business_key']}/release").status_code == 404


def test_what_is_refused_says_where_and_not_what_to_type(console: Console) -> None:
    support = console.login("support")
    sent = next(row for row in console.rows(NL, schema.exchange) if row["state"] == "delivered" or row["sent_at"])
    answer = support.send(f"/exchanges/{sent['business_key']}/retry")
    assert answer.status_code == 409
    assert not _COMMAND.search(answer.text)
    assert f'<a href="/claims/{sent["invoice_number"]}">' in answer.text


def test_raised_cases_keep_their_command_for_the_command_line(console: Console) -> None:
    claim = console.rows(NL, schema.claim)[0]
    with console.hub.store.unit(NL) as unit:
        cases.raise_case(
            unit,
            "HELD_BY_PERSON",
            {"ref": claim["ref"], "by": "anna", "reason": "asked"},
            key="own",
            about=About(claim_ref=claim["ref"]),
        )
    (row,) = console.rows(NL, schema.task, schema.task.c.key == "own")
    assert f"kvitt release {claim['ref']}" in row["action"]["en"]

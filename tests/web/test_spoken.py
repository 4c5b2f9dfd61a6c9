"""Every page speaks the language of whoever reads it, in words of theirs: none of ours from inside the program."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest

from hub import texts
from hub.ledger.accounts import Account
from hub.matching.items import Tier
from hub.model.exchange import Collected, ExchangeState
from hub.model.reply import AckKind, Code
from hub.pipeline import receive, worklist
from hub.pipeline.agreements import channels
from hub.store import schema
from hub.web import bounds, pages
from scheduler.plan import NIGHT
from tests.conftest import ROOT
from tests.scenarios.test_scenario_invoices_no import response
from tests.web.conftest import Copy
from tests.web.consoles import NO, PRACTICE, Console
from tests.web.speech import walk

ROLES = ("provider", "support", "engineer", "finance", "privacy_officer", "auditor")
SPEAKS = MappingProxyType({"NL": "nl", "NO": "nb"})
MENTAL = "94099901"
A_KIND = 1
"""So many pages of each kind are read."""
_ENGLISH = MappingProxyType(
    {
        "nl": r"the|and|not|with|within|known|from|by|to|for|this|that|which|has|have|been|are|were|must|cannot|without"
        r"|sent|received|answered|refused|claimed|raised|granted|booked|prepared|sending|delivered|failed|held|paid"
        r"|read|none|ready|reply|replies|payment|payments|claim|claims|allocated|operator",
        "nb": r"the|and|not|with|within|known|from|this|that|which|has|have|been|are|were|must|cannot|without|of|is|was"
        r"|received|answered|refused|claimed|raised|granted|booked|prepared|sending|delivered|failed|held|paid|read"
        r"|none|ready|reply|replies|payment|payments|claim|claims|allocated|operator",
    }
)
"""English words that are no Dutch or Norwegian ones."""
_INSIDE = re.compile(
    r"\b[a-z]+(?:_[a-z0-9]+)+\b"  # our own names
    r"|\b(?:zpm-performances|module-quarter|treatment-assignments)\b"  # our programmes
    r"|\b[A-Z]+_[A-Z_]+\b"  # our codes
    r"|\bkvitt [a-z]+"  # something to type
    r"|example layout|<Macro|None\b"
)
_THEIRS = re.compile(r"\S+@\S+|\S+\.example\b\S*|https?://\S+|\bEXAMPLE\b[\w ,]*|\S*/\S+/\S*")
"""Addresses and names of people and organisations, who are called what they are."""
_ELSEWHERE = MappingProxyType(
    {
        "/privacy/retention": "its grounds are quoted from the law and the rules, as `retention.toml` has them",
    }
)


@pytest.fixture(scope="module")
def spoken_to(played: Copy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """One console for all of the reading: nothing is changed."""
    with played(tmp_path_factory.mktemp("spoken") / "hub") as (home, database):
        made = Console.on(home, database)
        yield made
        made.close()


@pytest.fixture(autouse=True)
def _no_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "A_SECOND", 1e6)


def strange(sentence: str, language: str) -> list[str]:
    """Words of a sentence that nobody who reads this language should have to read."""
    said = _THEIRS.sub(" ", sentence)
    return re.findall(rf"\b(?:{_ENGLISH[language]})\b", said) + _INSIDE.findall(said)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("country", SPEAKS)
def test_no_page_says_a_word_from_inside_the_program(spoken_to: Console, country: str, role: str) -> None:
    person = spoken_to.login(role, country)
    person.client.headers["accept-language"] = SPEAKS[country]
    found = list(walk(person, ["/"], A_KIND))
    assert len(found) > 5
    wrong = [
        (page.path, sentence[:200], words)
        for page in found
        if page.path not in _ELSEWHERE
        for sentence in page.sentences
        if (words := strange(sentence, SPEAKS[country]))
    ]
    assert not wrong, wrong[:20]


def test_what_is_looked_for_is_found() -> None:
    """The words that the pages once said."""
    for sentence, language in (
        ("1 refused_by_payer", "nl"),
        ("no rule known", "nl"),
        ("answered", "nb"),
        ("sent; the receiving access point gave its receipt", "nb"),
        ("No message about 10003 within 2 working days", "nb"),
        ("1 read", "nl"),
        ("zpm-performances 2024-01", "nl"),
        ("1 TRAJECTORY_MISSING", "nl"),
        ("ION export (example layout)", "nl"),
        ("kvitt held", "nb"),
        ("<Macro 'said'>", "nl"),
    ):
        assert strange(sentence, language), sentence
    assert not strange("Het antwoord is by-the-way@voorbeeld.example", "nl")
    assert not strange("for sent til Fjord Helse", "nb")


def _named(kind: str, codes: Mapping[str, object] | list[str]) -> list[str]:
    return [code for code in codes if pages.called(kind, code, "nl") == code and not code.isupper()]


def test_every_code_that_a_page_names_has_a_name() -> None:
    assert not _named("event", [each.value for each in (*ExchangeState, *AckKind)])
    assert not [each.value for each in Account if f"[account_{each.value}]" not in _names()]
    assert not [each.value for each in Tier if f"[tier_{each.value}]" not in _names()]
    assert not [each.name for each in NIGHT if f"[job_{each.name}]" not in _names()]
    assert not [name for name in channels() if f"[channel_{name}]" not in _names()]


def _names() -> str:
    return (ROOT / "hub" / "web" / "words" / "names.toml").read_text(encoding="utf-8")


# --- handing in -----------------------------------------------------------------------------------------------------


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"
_LIST = (
    "praktijk_agb;bsn;geboortedatum;achternaam;geslacht;inschrijfdatum;uitschrijfdatum;uzovi\n"
    "{agb};123456789;1980-01-01;Verzonnen;V;2010-01-01;;3311\n"
    "{agb};999990020;;Verzonnen;V;2010-01-01;;3311\n"
)
_COLUMNS = "praktijk;iets;nog iets\n1;2;3\n"


def _upload(console: Console, name: str, data: bytes) -> str:
    person = console.login("provider", "NL", PRACTICE)
    form = {"what": "module-quarter|PMO|2024Q2", "practice": PRACTICE}
    answer = person.send("/practice/upload", form, files={"file": (name, data)})
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def test_a_pdf_is_refused_in_the_practice_s_own_language(console: Console) -> None:
    said = _upload(console, "lijst.pdf", PDF)
    assert "het bestand is een pdf-document en geen lijst" in said
    assert "exporteer de lijst als CSV of XLSX en stuur die" in said
    clinic = console.login("provider", "NO")
    answer = clinic.send("/clinic/log", {}, files={"file": ("logg.pdf", PDF)})
    assert "filen er et PDF-dokument, ikke en liste" in answer.text
    assert "the file is" not in answer.text + said


def test_columns_are_called_what_people_call_them(console: Console) -> None:
    said = _upload(console, "lijst.csv", _COLUMNS.encode())
    assert "BSN" in said
    assert "geboortedatum" in said
    assert "birth_date" not in said
    assert "ION-lijst" in said
    assert "example layout" not in said


def test_a_row_that_the_practice_can_put_right_says_so(console: Console) -> None:
    said = _upload(console, "lijst.csv", _LIST.format(agb=PRACTICE).encode())
    assert "2 moet u herstellen" in said
    assert "Herstel het in het praktijksysteem" in said
    assert "lever de lijst opnieuw aan" in said
    assert "niet voor deze module" not in said


def test_a_clinic_reads_why_the_payer_refused(console: Console) -> None:
    clinic = console.login("provider", "NO")
    logs = re.findall(r'href="(/clinic/log/[0-9a-f-]{36})"', clinic.see("/clinic"))
    read = "".join(clinic.see(log) for log in logs)
    assert "Avtalen er endret" in read
    assert "se betalerens tekst" in read
    assert "HPR-nummer mangler</q>" in read


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nb", "Les den nye avtalen i betalerens portal og fakturer på nytt etter den."),
        ("nl", "Lees de nieuwe overeenkomst in het portaal van de betaler en factureer opnieuw"),
        ("en", "Read the new agreement in the payer's portal and invoice again under it."),
    ],
)
def test_what_a_partner_advises_is_said_in_the_reader_s_language(console: Console, language: str, said: str) -> None:
    with console.hub.store.unit(NO) as unit:
        (user,) = unit.rows(unit.mine(schema.app_user, schema.app_user.c.role == "support"))
        unit.update(schema.app_user, user["id"], language=language)
    answer = response("10002", "RE").replace(b">OTH<", b">AVTALE<")
    receive.receive(console.hub, NO, Collected(remote_id="agreement", name="answer.xml", payload=answer))
    (refused,) = console.rows(NO, schema.task, schema.task.c.kind == "rejection", schema.task.c.claim_ref == "10002")
    (claim,) = console.rows(NO, schema.claim, schema.claim.c.ref == "10002")
    person = console.login("support", "NO")
    for path in (
        f"/rejections/{refused['id']}",
        "/claims/10002",
        "/claims/10002/correct",
        f"/partners/{claim['payer']}",
    ):
        assert said in person.see(path), path


def test_what_a_partner_advises_in_english_alone_is_said_so(console: Console) -> None:
    partner = next(one for one in console.hub.registry.partners.values() if one.codes)
    first = replace(partner.codes[0], fix_hint_nb="", fix_hint_nl="")
    reason = worklist.reason_of(replace(partner, codes=(first,)), Code(list="", code=first.code))
    assert [texts.pick(reason.hint, language) for language in texts.LANGUAGES] == [first.fix_hint] * 3


def test_lists_are_called_by_what_they_are_and_not_by_our_programmes(console: Console) -> None:
    theirs = console.login("provider", "NL", MENTAL).see("/practice/lists")
    tasks = console.login("support").see("/today")
    assert "Prestaties (ggz)" in theirs
    assert "Zorgtraject ontbreekt" in tasks
    assert "zpm-performances" not in theirs + tasks


def test_what_is_refused_to_somebody_is_said_in_their_language(console: Console) -> None:
    form = {"practice": PRACTICE, "module": "PMO", "period": "2024Q3", "reason": " "}
    answer = console.login("support").send("/requests/close", form)
    assert answer.status_code == 409
    assert "zeg waarom de lijst niet wordt verwacht" in answer.text
    assert "must be said" not in answer.text

"""Administration: organisations in their tree, and imports that show what they would do before they do it."""

from __future__ import annotations

from datetime import timedelta

from hub.store import parties, schema
from tests.web.consoles import NL, PRACTICE, Console

_PRACTICES = (
    "agb,name,mail,system,module,first_quarter,agreement_date,consent_date\n"
    "01099909,Praktijk Nieuw,nieuw@voorbeeldzorg.example,ion-export,PMO,2024Q3,2024-06-01,2024-06-01\n"
    "123,Praktijk Fout,fout@voorbeeldzorg.example,ion-export,PMO,2024Q3,2024-06-01,2024-06-01\n"
)


def _codes(console: Console) -> set[str]:
    return {row["code"] for row in console.rows(NL, schema.organisation)}


def test_the_tree_shows_each_organisation_below_its_own(console: Console) -> None:
    body = console.login("engineer").see("/organisations")
    assert body.index("Zorggroep Nergenshuizen") < body.index("Huisartsenpraktijk Verzonnen 1")
    assert "Huisartsenpraktijk Verzonnen 1" in console.login("engineer").see(f"/organisations/{PRACTICE}")


def test_an_organisation_is_added_and_a_wrong_one_says_what_is_wrong(console: Console) -> None:
    person = console.login("engineer")
    wrong = person.send("/organisations", {"kind": "practice", "code": "12", "name": "Te kort"})
    assert wrong.status_code == 422
    assert "danger-note" in wrong.text
    group = next(row["code"] for row in console.rows(NL, schema.organisation) if row["kind"] == "care_group")
    form = {"kind": "practice", "code": "01099909", "name": "Praktijk Nieuw", "parent": group}
    assert person.send("/organisations", form).status_code == 200
    assert "01099909" in _codes(console)


def test_a_practice_is_put_into_a_module(console: Console) -> None:
    person = console.login("engineer")
    form = {"module": "PMO", "first_quarter": "2024Q1", "agreement_date": "2023-12-01", "consent_date": "2024-02-02"}
    assert person.send(f"/organisations/{PRACTICE}/module", form).status_code == 200
    with console.hub.store.reading(NL) as unit:
        modules = parties.participations(unit, parties.organisation(unit, PRACTICE).id)
    assert str(modules["PMO"].consent_date) == "2024-02-02"
    assert person.send(f"/organisations/{PRACTICE}/module", form | {"first_quarter": "soon"}).status_code == 422


def test_an_import_saves_nothing_before_it_is_confirmed_and_then_only_good_rows(console: Console) -> None:
    person = console.login("engineer")
    file = {"file": ("practices.csv", _PRACTICES.encode(), "text/csv")}
    answer = person.send("/imports", {"kind": "practices"}, files=file)
    assert answer.status_code == 200
    assert "danger-note" in answer.text
    assert "01099909" not in _codes(console)
    word = answer.text.split('name="word" value="')[1].split('"')[0]
    person.send("/imports/apply", {"kind": "practices", "word": word})
    assert "01099909" in _codes(console)
    before = len(console.rows(NL, schema.organisation))
    again = person.send("/imports/apply", {"kind": "practices", "word": word})
    assert len(console.rows(NL, schema.organisation)) == before
    assert again.status_code == 200


def test_a_preview_is_only_its_own_sessions_and_expires(console: Console) -> None:
    person, other = console.login("engineer"), console.login("engineer")
    file = {"file": ("practices.csv", _PRACTICES.encode(), "text/csv")}
    word = person.send("/imports", {"kind": "practices"}, files=file).text.split('name="word" value="')[1].split('"')[0]
    other.send("/imports/apply", {"kind": "practices", "word": word})
    assert "01099909" not in _codes(console)
    console.clock.move_to(console.clock.now() + timedelta(minutes=29))
    person.see("/imports")
    console.clock.move_to(console.clock.now() + timedelta(minutes=2))
    person.send("/imports/apply", {"kind": "practices", "word": word})
    assert "01099909" not in _codes(console)


def test_a_file_that_is_no_list_is_refused_in_words(console: Console) -> None:
    answer = console.login("engineer").send(
        "/imports", {"kind": "tariffs"}, files={"file": ("x.xlsx", b"PK\x03\x04broken", "application/zip")}
    )
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_an_agreement_is_recorded_from_a_day_on_and_never_holds_a_secret_itself(console: Console) -> None:
    person = console.login("engineer")
    form = {"partner": "menzis", "valid_from": "2026-08-01", "release": "manual", "settings": "token=hunter2"}
    refused = person.send("/agreements", form)
    assert refused.status_code == 422
    assert "token is een geheim (schrijf token=env:NAAM" in refused.text
    assert person.send("/agreements", form | {"settings": "token=env:MENZIS_TOKEN"}).status_code == 200
    with console.hub.store.reading(NL) as unit:
        ours = [one for one in parties.agreements(unit) if one.partner == "menzis"]
    assert [str(one.valid_to) for one in ours][-2:] == ["2026-07-31", "None"]
    assert (ours[-1].release, ours[-1].settings["token"]) == ("manual", "env:MENZIS_TOKEN")
    assert "MENZIS_TOKEN" not in person.see("/agreements")


def test_a_list_with_macros_is_refused_in_the_readers_words(console: Console) -> None:
    answer = console.login("engineer").send(
        "/imports", {"kind": "tariffs"}, files={"file": ("x.xlsm", b"PK\x03\x04", "application/zip")}
    )
    assert answer.status_code == 422
    assert "macro" in answer.text
    assert "UPLOAD_MACROS" not in answer.text

"""Medical columns refuse the whole list, by name or by content; ordinary columns never do (S38)."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.intake.lists import take_practice_list, take_treatment_log
from hub.intake.privacy import PrivacyRefusal, is_medical_name, medical_columns, refuse_medical
from hub.intake.table import read_table

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LIST = (EXAMPLES / "nl" / "nl_ion_export_2024Q1.csv").read_bytes()


def with_column(name: str, values: list[str]) -> bytes:
    """The example list with one more column; values are repeated down the list."""
    header, *rows = LIST.decode().splitlines()
    filled = [f"{row};{values[index % len(values)]}" for index, row in enumerate(rows)]
    return "\n".join([f"{header};{name}", *filled, ""]).encode()


@pytest.mark.scenario("S38")
@pytest.mark.parametrize("name", ["ICPC", "medicatie"])
def test_a_medical_column_is_refused_by_name_and_nothing_of_it_is_told(name: str) -> None:
    data = with_column(name, ["geheim-voorbeeld", ""])
    with pytest.raises(PrivacyRefusal, match=rf"{name} \(column 17\)") as caught:
        take_practice_list(data, "list.csv")
    assert "geheim" not in str(caught.value) + repr(caught.value) + "".join(caught.value.text.values())
    assert [(column.number, column.reason) for column in caught.value.columns] == [(17, "name")]
    assert set(caught.value.text) == {"en", "nb", "nl"}


@pytest.mark.parametrize(
    "name",
    [
        *("ICPC-code", "icpc1", "IcpcCode", "Diagnose", "diagnosecode", "DIAGNOSE_OMSCHRIJVING", "medicatielijst"),
        *("contra-indicatie", "Contra Indicaties", "contraindicaties", "Episode", "episodelijst", "lab", "Lab uitslag"),
        *("labwaarden", "journaaltekst", "Journaal", "ATC-code", "legemidler", "Legemiddel", "sykdom", "diagnóse"),
        *("medication", "prescriptions", "allergie", "HbA1c", "BMI", "ICD10", "icd-10 code", "symptoms", "prøvesvar"),
    ],
)
def test_medical_names_in_three_languages(name: str) -> None:
    assert is_medical_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("praktijk_agb", "huisarts_agb", "peildatum", "bsn", "geslacht", "voorletters", "voorvoegsel", "achternaam"),
        *("geboortedatum", "postcode", "huisnummer", "toevoeging", "inschrijfdatum", "uitschrijfdatum", "uzovi"),
        *("overlijdensdatum", "verzekerdennummer", "ziektekostenverzekeraar", "behandelaar", "huisarts", "label"),
        *("polisnummer", "telefoon", "e-mail", "plaats", "straat", "zorgverlener", "naam verzekeraar", "collaborator"),
        *("journalnr ziekenfonds", "indicator", "status", "land", "aanhef", "patientnummer", "datum_mutatie"),
    ],
)
def test_ordinary_names_are_not_medical(name: str) -> None:
    assert not is_medical_name(name)


@pytest.mark.scenario("S38")
@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["A04", "T90.02", "L92"], "codes"),
        (["a04", "", "t90.02", ""], "codes"),
        (["A04, T90.02", "K86"], "codes"),
        (["C09AA02", "N02BE01", "C09A"], "codes"),
        (["I10", "E11.9", "J45.0"], "codes"),
        (["heeft al drie weken last van de rug en kan niet goed meer slapen", "", "", ""], "free text"),
    ],
)
def test_a_harmless_name_does_not_hide_medical_content(values: list[str], reason: str) -> None:
    found = medical_columns(read_table(with_column("veld_x", values)))
    assert [(column.name, column.reason) for column in found] == [("veld_x (column 17)", reason)]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("huisnummer_2", ["1", "22", "3A", "12-2", "7 bis"]),
        ("postcode_2", ["7511 AA", "7512 AB", "1011AB"]),
        ("initialen", ["A.B.", "K.", "J.J.M."]),
        ("verzekerde", ["900000000", "A123456789", "12-345"]),
        ("datum_2", ["01-01-2024", "2023-12-31"]),
        ("straat", ["Lange Voorbeeldstraat", "Plein 1940-1945", "Laan van de Testers en de Proevers"]),
        ("eenmalig", ["A04", *[""] * 19]),
        ("uzovi_2", ["3332", "7095"]),
        ("mail", ["voorbeeld@example.org", ""]),
    ],
)
def test_addresses_initials_and_numbers_are_no_false_alarm(name: str, values: list[str]) -> None:
    assert medical_columns(read_table(with_column(name, values))) == []


@pytest.mark.parametrize("name", ["nl_ion_export_2024Q1.csv", "nl_practice2_2024Q1.csv"])
def test_the_example_lists_pass(name: str) -> None:
    refuse_medical(read_table((EXAMPLES / "nl" / name).read_bytes(), name))


def test_a_name_may_be_let_through() -> None:
    table = read_table(with_column("lab", ["x"]))
    refuse_medical(table, allowed=["LAB"])
    with pytest.raises(PrivacyRefusal):
        refuse_medical(table, allowed=["ICPC"])


def test_a_treatment_log_may_have_its_diagnosis() -> None:
    log = (EXAMPLES / "no" / "no_treatment_log.csv").read_bytes()
    assert take_treatment_log(log).rows[0].diagnosis == "L92"


def test_a_column_name_that_may_be_data_is_shown_by_number() -> None:
    found = medical_columns(read_table(with_column("diagnose 999903883", ["x"])))
    assert found[0].name == "column 17"

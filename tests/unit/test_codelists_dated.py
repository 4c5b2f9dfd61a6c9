"""Code lists with dates: what was valid when, what took a code's place, and how one list is a choice out of another."""

from __future__ import annotations

import csv
from datetime import date
from importlib.resources import files

import pytest

from hub.errors import ConfigurationError
from schemas.codelists import Codes, code_list, codes, explain, lists, lookup, read_list, successor, valid
from schemas.ubl.names import current_scheme

IN_FORCE = date(2026, 8, 24)
REMOVED_MAY_2026 = [
    "0037",
    "0147",
    "0154",
    "0170",
    "0177",
    "0193",
    "0194",
    "0202",
    "0203",
    "0205",
    "0212",
    "0213",
    "0215",
    "0217",
]
OF_EN_16931 = [
    "EAS",
    "EAS-CEN",
    "ISO3166",
    "ISO4217",
    "ISO4217-PEPPOL",
    "ISO6523",
    "MIME",
    "PEPPOLSCHEME",
    "UNCL1001",
    "UNCL1001-CREDIT",
    "UNCL1001-INVOICE",
    "UNCL1001-PEPPOL-CREDIT",
    "UNCL1001-PEPPOL-INVOICE",
    "UNCL1153",
    "UNCL2005",
    "UNCL4451",
    "UNCL4461",
    "UNCL5189",
    "UNCL5305",
    "UNCL7143",
    "UNCL7161",
    "UNECERec20",
    "VATEX",
]


@pytest.mark.parametrize("name", OF_EN_16931)
def test_a_list_has_a_source_each_code_once_and_a_name_for_it(name: str) -> None:
    found = code_list(name)
    assert found is not None
    assert found.source
    assert found.complete
    text = (files("schemas.codelists") / f"{name}.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    assert len(rows) == len(found.entries) == len(codes(name))
    assert all(entry.said("en") for entry in found.entries.values())
    assert all(code == code.strip() and " " not in code for code in found.entries)


def test_a_choice_out_of_a_list_says_what_the_list_says_and_is_asked_by_name_only() -> None:
    assert lookup("UNCL1001-PEPPOL-INVOICE", "380") is not None
    assert [one.said("nb") for one in explain("UNCL1001-PEPPOL-INVOICE:380")] == ["Faktura"]
    assert [one.list for one in explain("380")] == ["UNCL1001"]
    for name in lists():
        found = code_list(name)
        assert found is not None
        assert not found.within or code_list(found.within) is not None


@pytest.mark.parametrize("scheme", REMOVED_MAY_2026)
def test_schemes_removed_in_may_2026_are_addresses_until_the_rule_set_came_into_force(scheme: str) -> None:
    assert valid("EAS", scheme, date(2026, 8, 23))
    assert not valid("EAS", scheme, IN_FORCE)
    assert scheme in codes("EAS")


def test_the_networks_own_list_ends_some_of_them_on_other_days() -> None:
    assert valid("PEPPOLSCHEME", "0037", date(2024, 12, 30))
    assert not valid("PEPPOLSCHEME", "0037", date(2024, 12, 31))
    assert valid("PEPPOLSCHEME", "0192", IN_FORCE)
    assert not valid("PEPPOLSCHEME", "0999", IN_FORCE)


def test_the_old_norwegian_scheme_gave_way_to_0192_everywhere() -> None:
    assert not valid("EAS", "9908", IN_FORCE)
    assert not valid("PEPPOLSCHEME", "9908", date(2023, 5, 24))
    assert successor("EAS", "9908") == successor("PEPPOLSCHEME", "9908") == current_scheme("9908") == "0192"
    assert successor("EAS", "0192") == "0192"
    assert successor("EAS", "0999") == "0999"


def test_a_code_that_ended_says_when_and_what_to_use() -> None:
    (found,) = explain("EAS:9908")
    assert found.hinted("en") == "No longer valid after 2023-05-23. Use 0192 instead."
    assert "0192" in found.hinted("nb")
    (other,) = explain("EAS:0205")
    assert other.hinted("nl") == "Niet meer geldig na 2026-08-23."
    assert found.valid(date(2023, 5, 23))
    assert not found.valid(date(2023, 5, 24))


def test_peppol_takes_fewer_address_schemes_than_en_16931() -> None:
    ours, wider = codes("EAS", IN_FORCE), codes("EAS-CEN", IN_FORCE)
    assert ours < wider
    assert wider - ours == {*REMOVED_MAY_2026, "0158", "0219", "0220", "AN", "AQ", "AS", "AU", "EM"}


def test_the_two_currency_lists_differ_in_the_dobra_of_sao_tome() -> None:
    en_16931, peppol = codes("ISO4217", IN_FORCE), codes("ISO4217-PEPPOL", IN_FORCE)
    assert en_16931 ^ peppol == {"STD", "STN"}
    assert "STN" in peppol


def test_an_invoice_type_of_peppol_is_one_of_en_16931() -> None:
    assert codes("UNCL1001-PEPPOL-INVOICE") < codes("UNCL1001-INVOICE")
    assert codes("UNCL1001-PEPPOL-CREDIT") < codes("UNCL1001-CREDIT")
    assert codes("UNCL1001-INVOICE") | codes("UNCL1001-CREDIT") == codes("UNCL1001")


def test_codes_are_read_when_they_are_asked_for() -> None:
    unread = Codes("NO-SUCH-LIST", IN_FORCE)
    with pytest.raises(ConfigurationError, match="NO-SUCH-LIST"):
        assert "x" in unread
    assert "NOK" in Codes("currency", IN_FORCE)
    assert "nok" not in Codes("ISO4217", IN_FORCE)


def test_a_row_may_begin_and_end_on_a_day() -> None:
    made = read_list(
        "X1", "# source: us\ncode,en,valid_from,valid_to,replaced_by\nA,Apple,2026-01-01,2026-06-30,B\nB,Pear,,,\n"
    )
    apple, pear = made.entries["A"], made.entries["B"]
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1), None)
    assert [apple.valid(day) for day in days] == [False, True, True, False, True]
    assert all(pear.valid(day) for day in days)
    assert (apple.replaced_by, pear.hint) == ("B", {})
    assert valid("EAS", "0192", days[0] or IN_FORCE)

"""VECOZO's rules for GDS, one by one: a message that keeps the rule where it is asked, and one that breaks it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.model.finding import Finding, Severity
from schemas.gds import Element, check, element, write
from schemas.gds.report import table
from schemas.gds.ruleset import plans, rules
from schemas.gds.special import total
from tests.gds_messages import (
    CREDIT,
    INSURER,
    LINE,
    TODAY,
    add,
    debit,
    message,
    put,
    response,
    to_bureau,
    to_dji,
    to_insurer,
    to_temporary_stay,
    version_2,
)

Base = Callable[[], Element]
Edits = dict[str, str | None]
EXTRA = f"{LINE}/AanvullendePrestatiegegevens"
DIAGNOSIS = f"{EXTRA}/Diagnose"
PROVIDER = f"{LINE}/Zorgaanbieder"
REFERRAL = f"{LINE}/Verwijzing"
REFERRER = f"{REFERRAL}/Verwijzer"
DIAGNOSER = f"{DIAGNOSIS}/Diagnosesteller"
DEBTOR = "Verzekerde/AanvullendeVerzekerdegegevens/Debiteur"
NAME = "NaamZorgverlener/Geslachtsnaam/Achternaam"


def by_trade(path: str, role: str) -> Edits:
    """A provider known by profession and name instead of an AGB code."""
    gone = {f"{path}/Zorgaanbiedercode": None, f"{path}/ZorgaanbiederSoort": None}
    return {**gone, f"{path}/BeroepZorgverlener": "B1", f"{path}/{NAME}": "Voorbeeld", f"{path}/ZorgaanbiederRol": role}


def by_specification(path: str) -> Edits:
    """A provider known by specialism and name."""
    gone = {f"{path}/Zorgaanbiedercode": None, f"{path}/ZorgaanbiederSoort": None}
    return {**gone, f"{path}/ZorgaanbiederSpecificatie": "0329", f"{path}/{NAME}": "Voorbeeld"}


NAMELESS = {f"{PROVIDER}/NaamZorgverlener": None}
ALL_ZERO: Edits = {
    f"{LINE}/{name}": "0.00" for name in ("TariefInclBtw", "BerekendBedragInclBtw", "DeclaratieBedragInclBtw")
}
TOTAL = "Overzicht/TotaalDeclaratiebedragInclBtw"
TO_CREDIT: Edits = {f"{TOTAL}/Bedrag": "25.50", f"{TOTAL}/DebetCreditCode": "C"}
SHIFTED: Edits = {"Header/Verzenddatum": "2027-02-01", "DeclaratieContext/Factuurdatum": "2027-02-01"}
PRIVATE: Edits = {f"{LINE}/PrivacyCode": "true"}

# rule: base, what keeps it (beside the base), what breaks it, which other rules cannot but break with it
CASES: list[tuple[str, Base, Edits, Edits, set[str]]] = [
    ("VC002", to_insurer, {"Header/VerzenderRol": "2"}, {"Header/VerzenderRol": "3"}, set()),
    ("VC003", response, {"Header/VerzenderRol": "7"}, {"Header/VerzenderRol": "1"}, set()),
    ("VC004", to_insurer, {"Header/OntvangerRol": "5"}, {"Header/OntvangerRol": "1"}, set()),
    ("VC005", response, {"Header/OntvangerRol": "2"}, {"Header/OntvangerRol": "3"}, set()),
    ("VC006", to_insurer, {"Header/Verzenddatum": "2026-11-22"}, {"Header/Verzenddatum": "2026-11-23"}, set()),
    (
        "VC007",
        to_insurer,
        {"DeclaratieContext/BetalingAanServicebureau": "true", "Header/VerzenderRol": "2"},
        {"DeclaratieContext/BetalingAanServicebureau": "true"},
        set(),
    ),
    ("VC008", to_insurer, {}, {"DeclaratieContext/Factuurdatum": "2026-04-11"}, set()),
    (
        "VC009",
        to_insurer,
        {"DeclaratieContext/InformatiesysteemCode": "A1", "DeclaratieContext/InformatiesysteemVersie": "1"},
        {"DeclaratieContext/InformatiesysteemCode": "A1"},
        set(),
    ),
    ("VC010", to_insurer, {}, {"DeclaratieContext/InformatiesysteemVersie": "1"}, set()),
    ("VC012", to_insurer, {}, {"DeclaratieContext/EinddatumDeclaratieperiode": None}, set()),
    (
        "VC013",
        to_insurer,
        {"DeclaratieContext/BegindatumDeclaratieperiode": None, "DeclaratieContext/EinddatumDeclaratieperiode": None},
        {"DeclaratieContext/BegindatumDeclaratieperiode": None},
        set(),
    ),
    ("VC014", to_insurer, {}, {"DeclaratieContext/EinddatumDeclaratieperiode": "2026-04-11"}, set()),
    ("VC015", to_insurer, {}, {"DeclaratieContext/BegindatumDeclaratieperiode": "2026-04-01"}, set()),
    (
        "VC098",
        to_insurer,
        {"Header/Berichtsoort": "P", "DeclaratieContext/BegindatumDeclaratieperiode": "2022-01-01"},
        {"Header/Berichtsoort": "P", "DeclaratieContext/BegindatumDeclaratieperiode": "2021-12-31"},
        set(),
    ),
    (
        "VC111",
        to_insurer,
        {
            "DeclaratieContext/Declarant/ZorgaanbiederSoort": "3",
            "DeclaratieContext/Zorgaanbieder/Zorgaanbiedercode": "06990001",
            "DeclaratieContext/Zorgaanbieder/ZorgaanbiederSoort": "1",
        },
        {
            "DeclaratieContext/Zorgaanbieder/Zorgaanbiedercode": "06990001",
            "DeclaratieContext/Zorgaanbieder/ZorgaanbiederSoort": "1",
        },
        set(),
    ),
    (
        "VC171",
        to_insurer,
        {"DeclaratieContext/Factuurdatum": "2025-12-31", "DeclaratieContext/Factuurnummer": "F_1"},
        {"DeclaratieContext/Factuurnummer": "F_1"},
        set(),
    ),
    ("VC016", to_insurer, {f"{CREDIT}": None, f"{TOTAL}/Bedrag": "125.50"}, {f"{TOTAL}/Bedrag": "100.01"}, set()),
    ("VC017", to_dji, {}, {"Verzekerde/BSN": "999990019", "Verzekerde/Verzekerdennummer": None}, set()),
    ("VC018", to_insurer, {}, {"Verzekerde/BSN": None}, {"VC020"}),
    ("VC019", to_insurer, {}, {"Verzekerde/UzoviNummer": "0778"}, set()),
    ("VC020", to_dji, {}, {"Verzekerde/Verzekerdennummer": None}, set()),
    (
        "VC021",
        to_insurer,
        {"Verzekerde/Geboortedatum": "2026-04-10"},
        {"Verzekerde/Geboortedatum": "2026-04-11"},
        set(),
    ),
    ("VC022", to_dji, {}, {"Verzekerde/Geboortedatum": "1984-05-06"}, set()),
    ("VC023", to_insurer, {}, {"Verzekerde/Geboortedatum": None}, set()),
    ("VC024", to_temporary_stay, {}, {"Verzekerde/BuitenlandVerzekerde": None}, set()),
    ("VC025", to_bureau, {}, {"Verzekerde/AanvullendeVerzekerdegegevens": None}, set()),
    ("VC026", to_insurer, {}, {"Verzekerde/AanvullendeVerzekerdegegevens/GeslachtCode": "2"}, set()),
    (
        "VC056",
        to_insurer,
        {},
        {"Verzekerde/BuitenlandVerzekerde/BuitenlandseZorgverzekeraarsCode": "X1"},
        set(),
    ),
    ("VC060", to_insurer, {}, {"Verzekerde/Verzekerdennummer": "9000001"}, set()),
    (
        "VC162",
        lambda: version_2(receiver="9989"),
        {"Verzekerde/AanvullendeVerzekerdegegevens/Nationaliteit": "0001"},
        {},
        set(),
    ),
    ("VC027", to_bureau, {}, {f"{DEBTOR}/Geboortedatum": "2026-04-11"}, set()),
    (
        "VC028",
        to_bureau,
        {"Verzekerde/AanvullendeVerzekerdegegevens/OverlijdensIndicator": "true"},
        {"Verzekerde/AanvullendeVerzekerdegegevens/OverlijdensIndicator": "true", f"{DEBTOR}/SoortRelatie": None},
        set(),
    ),
    # zero beside above zero always breaks both
    ("VC030", to_insurer, {**ALL_ZERO, **TO_CREDIT}, {f"{LINE}/TariefInclBtw": "0.00"}, {"VC031"}),
    ("VC031", to_insurer, {}, {f"{LINE}/BerekendBedragInclBtw": "0.00"}, {"VC030"}),
    ("VC172", to_insurer, {}, {**SHIFTED, f"{LINE}/Begindatum": "2027-01-01"}, {"VC006"}),
    ("VC032", to_insurer, {f"{LINE}/Begindatum": "2026-04-10"}, {f"{LINE}/Begindatum": "2026-04-11"}, set()),
    ("VC033", version_2, {f"{LINE}/Einddatum": "2026-03-03"}, {f"{LINE}/Einddatum": "2026-03-02"}, set()),
    ("VC034", to_insurer, {}, {f"{LINE}/Eindtijd": "10:00:00"}, set()),
    ("VC036", to_insurer, {}, {f"{PROVIDER}/ZorgaanbiederRol": "03"}, set()),
    ("VC037", to_dji, {f"{LINE}/Herdeclaratiecode": "03"}, {f"{LINE}/Herdeclaratiecode": "02"}, set()),
    ("VC038", to_insurer, {}, {f"{LINE}/DoorsturenToegestaan": "false"}, set()),
    ("VC040", to_insurer, {}, {f"{EXTRA}/Zorgtraject": None}, set()),
    ("VC041", to_dji, {}, {f"{EXTRA}/Plaatsingsbesluit": None}, set()),
    ("VC069", to_insurer, {}, {f"{LINE}/PrestatieCodelijstCode": "008"}, set()),
    ("VC070", to_temporary_stay, {}, {f"{LINE}/PrestatieCodelijstCode": "071"}, set()),
    ("VC093", to_insurer, {}, {f"{LINE}/Aantal": "2"}, set()),
    ("VC094", to_insurer, {}, {f"{LINE}/Einddatum": "2026-03-03"}, set()),
    (
        "VC116",
        to_insurer,
        {
            "Header/OntvangerRol": "2",
            "Verzekerde/AanvullendeVerzekerdegegevens/GeslachtCode": "2",
            f"{LINE}/PrestatieCodelijstCode": "999",
        },
        {f"{LINE}/PrestatieCodelijstCode": "999"},
        set(),
    ),
    (
        "VC148",
        lambda: version_2("080"),
        {f"{LINE}/Commentaar": "x"},
        {f"{LINE}/PrestatieCodelijstCode": "079", f"{LINE}/Commentaar": "x"},
        set(),
    ),
    ("VC173", to_insurer, {}, {**SHIFTED, f"{CREDIT}/Begindatum": "2027-01-01"}, {"VC006"}),
    ("VC039", to_insurer, {}, {f"{CREDIT}/Begindatum": "2026-04-11"}, set()),
    ("VC081", to_insurer, {}, {f"{CREDIT}/PrestatieCodelijstCode": "008"}, set()),
    (
        "VC082",
        to_temporary_stay,
        {
            **{
                f"{CREDIT}/{key}": text
                for key, text in {
                    "Referentienummer": "L9",
                    "GerelateerdReferentienummer": "L8",
                    "PrestatieCodelijstCode": "073",
                    "Begindatum": "2026-03-02",
                    "ToegekendBedragInclBtwFinancieel": "0.00",
                }.items()
            }
        },
        {
            **{
                f"{CREDIT}/{key}": text
                for key, text in {
                    "Referentienummer": "L9",
                    "GerelateerdReferentienummer": "L8",
                    "PrestatieCodelijstCode": "071",
                    "Begindatum": "2026-03-02",
                    "ToegekendBedragInclBtwFinancieel": "0.00",
                }.items()
            }
        },
        set(),
    ),
    ("VC102", to_insurer, {}, {f"{CREDIT}/GerelateerdReferentienummer": "L0001"}, set()),
    ("VC132", to_insurer, {}, {f"{CREDIT}/PrestatieCodelijstCode": "999"}, set()),
    (
        "VC061",
        to_insurer,
        {f"{LINE}/AanvullendPrestatieKenmerk/ApkCodelijstCode": "001"},
        {f"{LINE}/AanvullendPrestatieKenmerk/ApkCodelijstCode": "004"},
        set(),
    ),
    (
        "VC042",
        to_insurer,
        {f"{REFERRAL}/Verwijsdatum": "2026-03-02"},
        {f"{REFERRAL}/Verwijsdatum": "2026-03-03"},
        set(),
    ),
    ("VC106", to_dji, {}, {f"{REFERRAL}/TypeVerwijzingcode": "04"}, set()),
    ("VC107", to_insurer, {}, by_specification(REFERRER), set()),
    (
        "VC108",
        to_insurer,
        {f"{REFERRAL}/TypeVerwijzingcode": "04", f"{REFERRAL}/Verwijzer": None, f"{REFERRAL}/Verwijsdatum": None},
        {f"{REFERRAL}/TypeVerwijzingcode": "04", f"{REFERRAL}/Verwijzer": None},
        set(),
    ),
    (
        "VC109",
        to_insurer,
        {f"{REFERRAL}/TypeVerwijzingcode": "07", **by_specification(REFERRER)},
        {f"{REFERRAL}/TypeVerwijzingcode": "07"},
        set(),
    ),
    (
        "VC110",
        to_bureau,
        {f"{REFERRAL}/TypeVerwijzingcode": "05", f"{REFERRAL}/Verwijzer": None, f"{REFERRAL}/Verwijsdatum": None},
        {
            "Header/OntvangerRol": "3",
            "Verzekerde/AanvullendeVerzekerdegegevens": None,
            f"{REFERRAL}/TypeVerwijzingcode": "05",
            f"{REFERRAL}/Verwijzer": None,
            f"{REFERRAL}/Verwijsdatum": None,
        },
        set(),
    ),
    ("VC131", version_2, {}, {f"{REFERRAL}/TypeVerwijzingcode": "02"}, set()),
    ("VC057", to_insurer, {}, {f"{PROVIDER}/{NAME}": "Voorbeeld"}, set()),
    ("VC058", to_insurer, {}, {f"{PROVIDER}/ZorgaanbiederSoort": None}, set()),
    (
        "VC062",
        to_insurer,
        by_specification(PROVIDER),
        {**by_specification(PROVIDER), f"{PROVIDER}/ZorgaanbiederSoort": "3"},
        set(),
    ),
    # two ways to name a provider break the exclusions of both
    (
        "VC063",
        to_insurer,
        by_specification(PROVIDER),
        {f"{PROVIDER}/ZorgaanbiederSpecificatie": "0329", f"{PROVIDER}/{NAME}": "V"},
        {"VC057"},
    ),
    ("VC064", to_insurer, by_specification(PROVIDER), {**by_specification(PROVIDER), **NAMELESS}, set()),
    (
        "VC065",
        to_insurer,
        by_trade(PROVIDER, "01"),
        {**by_trade(PROVIDER, "01"), f"{PROVIDER}/ZorgaanbiederSpecificatie": "0329"},
        {"VC063"},
    ),
    ("VC066", to_insurer, by_trade(PROVIDER, "01"), by_trade(PROVIDER, "05"), set()),
    ("VC067", version_2, by_specification(PROVIDER), by_trade(PROVIDER, "01"), set()),
    (
        "VC068",
        to_insurer,
        by_specification(PROVIDER),
        {
            f"{PROVIDER}/Zorgaanbiedercode": None,
            f"{PROVIDER}/ZorgaanbiederSoort": None,
            f"{PROVIDER}/ZorgaanbiederRol": "01",
        },
        set(),
    ),
    (
        "VC104",
        to_insurer,
        {f"{PROVIDER}/ZorgaanbiederRol": "01"},
        {f"{PROVIDER}/ZorgaanbiederRol": "01", f"{PROVIDER}/ZorgaanbiederSoort": "2"},
        set(),
    ),
    ("VC105", to_insurer, {}, {f"{PROVIDER}/ZorgaanbiederSoort": "1"}, set()),
    ("VC071", to_insurer, {}, {f"{REFERRER}/{NAME}": "Voorbeeld"}, set()),
    ("VC073", to_insurer, {}, {f"{REFERRER}/ZorgaanbiederSoort": None}, set()),
    (
        "VC075",
        to_insurer,
        {f"{REFERRAL}/TypeVerwijzingcode": "07", **by_specification(REFERRER)},
        {f"{REFERRAL}/TypeVerwijzingcode": "07", **by_specification(REFERRER), f"{REFERRER}/ZorgaanbiederSoort": "3"},
        set(),
    ),
    ("VC077", to_insurer, {}, {f"{REFERRER}/ZorgaanbiederSpecificatie": "0329", f"{REFERRER}/{NAME}": "V"}, {"VC071"}),
    (
        "VC079",
        to_insurer,
        {f"{REFERRAL}/TypeVerwijzingcode": "07", **by_specification(REFERRER)},
        {f"{REFERRAL}/TypeVerwijzingcode": "07", **by_specification(REFERRER), f"{REFERRER}/NaamZorgverlener": None},
        set(),
    ),
    (
        "VC081b",
        to_insurer,
        {f"{REFERRAL}/TypeVerwijzingcode": "03", **by_trade(REFERRER, "03")},
        {
            f"{REFERRAL}/TypeVerwijzingcode": "03",
            **by_trade(REFERRER, "03"),
            f"{REFERRER}/ZorgaanbiederSpecificatie": "0329",
        },
        {"VC077"},
    ),
    (
        "VC082b",
        to_insurer,
        {f"{REFERRAL}/TypeVerwijzingcode": "03", **by_trade(REFERRER, "01")},
        {f"{REFERRAL}/TypeVerwijzingcode": "03", **by_trade(REFERRER, "02")},
        set(),
    ),
    ("VC083", version_2, {}, by_trade(REFERRER, "03"), set()),
    (
        "VC084",
        to_insurer,
        {},
        {
            f"{REFERRAL}/TypeVerwijzingcode": "03",
            f"{REFERRER}/Zorgaanbiedercode": None,
            f"{REFERRER}/ZorgaanbiederSoort": None,
        },
        set(),
    ),
    (
        "VC059",
        to_dji,
        {},
        {
            "Header/Ontvanger": INSURER,
            "Header/OntvangerRol": "3",
            "Verzekerde/UzoviNummer": INSURER,
            "Verzekerde/Geboortedatum": "1984-05-06",
            f"{DIAGNOSIS}/DiagnoseCodelijstCode": "031",
        },
        set(),
    ),
    (
        "VC049",
        to_insurer,
        {f"{EXTRA}/Zorgtraject/ZorgtrajectStartdatum": "2026-03-02"},
        {f"{EXTRA}/Zorgtraject/ZorgtrajectStartdatum": "2026-03-03"},
        set(),
    ),
    (
        "VC054",
        to_dji,
        {f"{EXTRA}/Plaatsingsbesluit/BegindatumForensischeZorgtitel": "2026-01-01"},
        {f"{EXTRA}/Plaatsingsbesluit/BegindatumForensischeZorgtitel": "2026-04-11"},
        set(),
    ),
    (
        "VC055",
        to_dji,
        {
            f"{EXTRA}/Plaatsingsbesluit/BegindatumForensischeZorgtitel": "2026-01-01",
            f"{EXTRA}/Plaatsingsbesluit/EinddatumForensischeZorgtitel": "2026-01-01",
        },
        {
            f"{EXTRA}/Plaatsingsbesluit/BegindatumForensischeZorgtitel": "2026-01-02",
            f"{EXTRA}/Plaatsingsbesluit/EinddatumForensischeZorgtitel": "2026-01-01",
        },
        set(),
    ),
    (
        "VC043",
        to_insurer,
        {
            **PRIVATE,
            f"{LINE}/Begindatum": "2023-12-31",
            f"{REFERRAL}/Verwijsdatum": "2023-01-01",
            f"{EXTRA}/Zorgtraject/ZorgtrajectStartdatum": "2023-01-01",
            f"{DIAGNOSIS}/DiagnoseCodelijstCode": "033",
        },
        {
            **PRIVATE,
            f"{LINE}/Begindatum": "2023-12-31",
            f"{REFERRAL}/Verwijsdatum": "2023-01-01",
            f"{EXTRA}/Zorgtraject/ZorgtrajectStartdatum": "2023-01-01",
        },
        set(),
    ),
    ("VC044", to_insurer, {}, {f"{DIAGNOSIS}/DiagnoseCodelijstCode": None, f"{DIAGNOSIS}/Diagnosecode": None}, set()),
    ("VC045", to_insurer, {}, {f"{DIAGNOSIS}/DiagnoseCodelijstCode": "027"}, {"VC101"}),
    ("VC046", to_insurer, {}, {f"{DIAGNOSIS}/Diagnosecode": None}, set()),
    ("VC047", version_2, {}, {f"{LINE}/PrivacyCode": None, f"{DIAGNOSIS}/Diagnosecode": "05"}, set()),
    ("VC048", to_insurer, {}, {f"{DIAGNOSIS}/Diagnosedatum": "2026-04-11"}, set()),
    ("VC100", to_dji, {}, {f"{DIAGNOSIS}/DiagnoseCodelijstCode": "031"}, set()),
    (
        "VC101",
        to_insurer,
        {f"{DIAGNOSIS}/DiagnoseCodelijstCode": "033"},
        {f"{DIAGNOSIS}/DiagnoseCodelijstCode": "030"},
        set(),
    ),
    ("VC160", to_insurer, {**PRIVATE, DIAGNOSIS: None}, PRIVATE, set()),
    ("VC072", to_insurer, {}, {f"{DIAGNOSER}/{NAME}": "Voorbeeld"}, set()),
    ("VC074", to_insurer, {}, {f"{DIAGNOSER}/ZorgaanbiederSoort": None}, set()),
    (
        "VC076",
        to_insurer,
        by_specification(DIAGNOSER),
        {**by_specification(DIAGNOSER), f"{DIAGNOSER}/ZorgaanbiederSoort": "3"},
        set(),
    ),
    (
        "VC078",
        to_insurer,
        by_specification(DIAGNOSER),
        {f"{DIAGNOSER}/ZorgaanbiederSpecificatie": "0329", f"{DIAGNOSER}/{NAME}": "V"},
        {"VC072"},
    ),
    (
        "VC080",
        to_insurer,
        by_specification(DIAGNOSER),
        {**by_specification(DIAGNOSER), f"{DIAGNOSER}/NaamZorgverlener": None},
        set(),
    ),
    (
        "VC085",
        to_insurer,
        by_specification(DIAGNOSER),
        {f"{DIAGNOSER}/Zorgaanbiedercode": None, f"{DIAGNOSER}/ZorgaanbiederSoort": None},
        set(),
    ),
    (
        "VC112",
        response,
        {
            f"{LINE}/ToegekendBedragInclBtwNietFinancieel": "5.00",
            "Overzicht/TotaalToegekendBedragInclBtwNietFinancieel/Bedrag": "5.00",
        },
        {
            f"{LINE}/ToegekendBedragInclBtwNietFinancieel": "5.00",
            f"{LINE}/ToegekendBedragInclBtwFinancieel": "5.00",
            "Overzicht/TotaalToegekendBedragInclBtwFinancieel/Bedrag": "10.00",
        },
        set(),
    ),
]


def edited(base: Base, edits: Edits) -> Element:
    root = base()
    for path, text in edits.items():
        root = put(root, path, text)
    return root


def balanced(root: Element) -> Element:
    """The message with the total that its lines add up to; a rule about something else must not break the total."""
    if root.text_at("Header/Berichtcode") == "574":
        return root
    amount = total(root)
    root = put(root, f"{TOTAL}/Bedrag", f"{abs(amount):.2f}")
    return put(root, f"{TOTAL}/DebetCreditCode", "D" if amount >= 0 else "C")


def findings(root: Element, *, environment: str = "") -> list[Finding]:
    fitting = environment or root.text_at("Header/Berichtsoort")
    return check(write(message(root)), on=TODAY, environment=fitting)


def broken(root: Element, *, environment: str = "") -> set[str]:
    found = findings(root, environment=environment)
    return {one.term for one in found if one.term.startswith("VC") and one.severity == Severity.ERROR}


@pytest.mark.parametrize(("rule", "base", "keeping", "breaking", "with_it"), CASES, ids=[case[0] for case in CASES])
def test_a_rule_is_kept_by_one_message_and_broken_by_another(
    rule: str, base: Base, keeping: Edits, breaking: Edits, with_it: set[str]
) -> None:
    kept, other = edited(base, keeping), edited(base, breaking)
    if rule != "VC016":
        kept, other = balanced(kept), balanced(other)
    assert broken(kept) == set()
    assert broken(other) == {rule, *with_it}


@pytest.mark.parametrize(("rule", "base", "breaking"), [(one[0], one[1], one[3]) for one in CASES])
def test_a_broken_rule_tells_its_return_code_place_and_words(rule: str, base: Base, breaking: Edits) -> None:
    root = edited(base, breaking)
    found = [one for one in findings(root if rule == "VC016" else balanced(root)) if one.term == rule]
    assert {one.code for one in found} == {f"COD954:{row.returns}" for row in rules() if row.id == rule}
    for one in found:
        assert one.location.startswith("/Bericht/")
        assert one.line
        assert one.element
        assert all(one.text[language].startswith(f"{rule}: ") for language in ("en", "nb", "nl"))
        assert all(one.hint[language] for language in ("en", "nb", "nl"))


def test_every_rule_of_the_table_has_a_case_or_a_test_of_its_own() -> None:
    own = {"VC001", "VC099", "VC103"}
    assert {rule.id for rule in rules()} == {case[0] for case in CASES} | own


def test_every_rule_looks_at_a_class_some_table_has() -> None:
    asked = set()
    for standard, version in (("GDS801", "1.0"), ("GDS801", "2.0"), ("GDS802", "1.0")):
        for plan in plans(standard, version).values():
            asked |= {(rule.id, rule.standard, rule.version) for rule in plan.rules}
    assert asked == {(rule.id, rule.standard, rule.version) for rule in rules()}


def test_the_total_says_what_would_have_been_right() -> None:
    (found,) = [one for one in findings(put(to_insurer(), f"{TOTAL}/Bedrag", "1.00")) if one.term == "VC016"]
    assert (found.code, found.value, found.expected) == ("COD954:0150", "1.00", "100.00")
    assert found.ruleset == "vektis-GDS801-1.0 N2"


def test_a_total_in_credit_is_below_zero() -> None:
    root = put(put(to_insurer(), f"{CREDIT}/ToegekendBedragInclBtwFinancieel", "200.00"), f"{TOTAL}/Bedrag", "74.50")
    assert broken(root) == {"VC016"}
    assert broken(put(root, f"{TOTAL}/DebetCreditCode", "C")) == set()


def test_vecozo_environment_must_fit_and_is_not_judged_without_it() -> None:
    assert broken(to_insurer(), environment="T") == set()
    assert broken(to_insurer(), environment="P") == {"VC001"}
    unjudged = [one for one in check(message(to_insurer()), on=TODAY) if one.term == "VC001"]
    assert [one.severity for one in unjudged] == [Severity.INFO]


def diagnosis(code_list: str) -> Element:
    return element("Diagnose", element("DiagnoseCodelijstCode", code_list), element("Diagnosecode", "05"))


def test_lists_029_and_033_must_not_stand_together() -> None:
    group = put(to_insurer(), f"{DIAGNOSIS}/DiagnoseCodelijstCode", "029")
    assert broken(add(group, EXTRA, diagnosis("031"))) == set()
    assert broken(add(group, EXTRA, diagnosis("033"))) == {"VC099"}


def test_a_diagnosis_list_stands_once_in_a_performance() -> None:
    assert broken(add(to_insurer(), EXTRA, diagnosis("031"))) == {"VC103"}
    assert broken(add(to_insurer(), EXTRA, diagnosis("033"))) == set()


@pytest.mark.parametrize("code_list", ["073", "074", "075", "076", "077", "078", "079", "080", "082", "083"])
def test_version_2_takes_the_allied_health_lists_and_version_1_does_not(code_list: str) -> None:
    assert broken(version_2(code_list)) == set()
    assert "VC069" in broken(put(version_2(code_list), "Header/Berichtversie", "1"))


def test_version_1_ends_with_2026_and_version_2_does_not() -> None:
    on_the_day = {**SHIFTED, f"{LINE}/Begindatum": "2027-01-01"}
    assert "VC172" in broken(edited(to_insurer, on_the_day))
    assert broken(edited(version_2, on_the_day)) == {"VC006"}
    assert "VC172" not in broken(edited(to_insurer, {**on_the_day, f"{LINE}/Begindatum": "2026-12-31"}))


def test_version_2_gives_two_receivers_the_additional_data() -> None:
    more = {"Verzekerde/AanvullendeVerzekerdegegevens/Nationaliteit": "0001"}
    assert broken(edited(lambda: version_2(receiver="3356"), more)) == set()
    assert broken(edited(version_2, more)) == {"VC026"}


def test_one_bad_performance_does_not_hide_the_next() -> None:
    bad = put(debit("L0002"), "Aantal", "3")
    worse = put(debit("L0003"), "Aantal", "4")
    root = balanced(add(add(to_insurer(), "Verzekerde/Prestatie", bad), "Verzekerde/Prestatie", worse))
    found = [one for one in findings(root) if one.term == "VC093"]
    assert [one.value for one in found] == ["3", "4"]
    assert [one.location.split("/")[4] for one in found] == ["DebetPrestatie[2]", "DebetPrestatie[3]"]


def test_a_time_with_a_zone_is_compared_with_its_like_only() -> None:
    zoned = {f"{LINE}/Begintijd": "10:00:00+01:00", f"{LINE}/Eindtijd": "09:30:00Z"}
    assert broken(edited(to_insurer, zoned)) == set()
    assert broken(edited(to_insurer, {f"{LINE}/Eindtijd": "09:30:00Z"})) == set()
    assert broken(edited(to_insurer, {**zoned, f"{LINE}/Eindtijd": "08:30:00Z"})) == {"VC034"}


def test_a_value_that_cannot_be_read_breaks_no_rule_but_its_form() -> None:
    found = [one for one in findings(put(to_insurer(), f"{LINE}/Begindatum", "2026-13-01")) if one.blocks]
    assert [(one.code, one.element) for one in found] == [("KVITT-GDS-FORM", "Begindatum")]


@pytest.mark.shared
def test_no_published_rule_is_left_out() -> None:
    shared = Path(os.environ.get("KVITT_SHARED", Path(__file__).parents[3] / "shared"))
    source = shared / "data/vektis/rules/gds801_vecozo_rules.json"
    if not source.exists():
        pytest.skip("the shared data is not here")
    published = json.loads(source.read_text(encoding="utf-8"))
    mine = {rule.id: rule.returns for rule in rules()}
    assert {rule["id"]: rule["retourcode"] for rule in published["vc_rules"]}.items() <= mine.items()
    coded = {(row["id"], row["unknown"]) for row in table("codelists.csv")}
    assert {(rule["id"], rule["retourcode_unknown"]) for rule in published["codelist_rules"]} == coded - {
        ("COD363", "0031")
    }

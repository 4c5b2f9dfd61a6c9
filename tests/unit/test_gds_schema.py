"""GDS801/802 as elements: read, write, recognise, and what is said about structure, form and codes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import ConfigurationError, FormatError, MappingError
from hub.model.finding import Finding, Severity
from schemas.codelists import code_list, read_list
from schemas.gds import Element, GdsMessage, check, codec, element, is_gds, read, recognise, same, write
from schemas.gds.check import held
from schemas.gds.language import conditions
from schemas.gds.lists import ListRule, list_rules
from schemas.gds.tree import Node, read_tree, tree_of, trees
from tests.gds_messages import (
    BSN,
    CREDIT,
    LINE,
    TODAY,
    add,
    credit,
    debit,
    insured,
    message,
    put,
    response,
    to_bureau,
    to_dji,
    to_insurer,
    to_temporary_stay,
    version_2,
)

NAMESPACE = "http://ei.vektis.nl/declaratiebericht573"
CLEAN = [to_insurer, to_dji, to_bureau, to_temporary_stay, version_2, response]


def findings(root: Element) -> list[Finding]:
    return check(write(message(root)), on=TODAY, environment="T")


def above_info(root: Element) -> list[tuple[str, str, str]]:
    return [(one.severity.value, one.code, one.element) for one in findings(root) if one.severity != Severity.INFO]


@pytest.mark.parametrize("base", CLEAN)
def test_a_clean_message_has_nothing_above_info(base: Callable[[], Element]) -> None:
    assert above_info(base()) == []


@pytest.mark.parametrize("base", CLEAN)
def test_a_message_is_written_and_read_with_the_same_elements(base: Callable[[], Element]) -> None:
    made = message(base())
    data = write(made)
    again = read(data)
    assert (again.standard, again.version) == (made.standard, made.version)
    assert sorted(texts(again.root)) == sorted(texts(made.root))
    assert write(again) == data


def texts(root: Element) -> list[tuple[str, str]]:
    return [(root.name, root.text), *(one for child in root.children for one in texts(child))]


def test_the_format_is_recognised_by_namespace_and_version() -> None:
    assert recognise(write(message(to_insurer()))) == "vektis-GDS801-1.0"
    assert recognise(write(message(version_2()))) == "vektis-GDS801-2.0"
    assert recognise(write(message(response()))) == "vektis-GDS802-1.0"
    assert recognise(b"<Invoice xmlns='urn:x'/>") is None
    assert recognise(b"01107020201P") is None
    assert recognise(b"") is None
    assert recognise(f"<Bericht xmlns='{NAMESPACE}'>".encode()) is None


def test_leading_zeros_do_not_make_another_version() -> None:
    root = put(put(to_insurer(), "Header/Berichtversie", "01"), "Header/Berichtsubversie", "00")
    assert read(write(GdsMessage("GDS801", "1.0", root))).version == "1.0"


def test_elements_are_written_in_the_order_of_the_table() -> None:
    root = Element("Bericht", children=tuple(reversed(to_insurer().children)))
    names = [child.name for child in read(write(message(root))).root.children]
    assert names == ["Header", "DeclaratieContext", "Overzicht", "Verzekerde"]


def test_another_order_is_read_and_told_without_objection() -> None:
    data = write(message(to_insurer())).decode()
    header = re.search(r"  <Header>.*?</Header>\n", data, re.DOTALL)
    assert header
    moved = data.replace(header[0], "").replace("</Bericht>", header[0] + "</Bericht>").encode()
    found = [one for one in check(moved, on=TODAY, environment="T") if "ORDER" in one.code]
    assert [(one.severity, one.element) for one in found] == [(Severity.INFO, "Header")]
    assert write(read(moved)) == data.encode()


def test_elements_nobody_knows_are_kept_and_told_once_with_how_often() -> None:
    lines = [put(debit(f"L{number}"), "Vreemd", "x") for number in range(3)]
    root = put(to_insurer(), "Overzicht/TotaalDeclaratiebedragInclBtw/Bedrag", "376.50")
    root = Element("Bericht", children=(*root.children[:3], insured(*lines)))
    found = [one for one in findings(root) if one.severity == Severity.WARNING]
    assert [(one.code, one.element, "3" in one.said()) for one in found] == [
        ("KVITT-GDS-UNKNOWN-ELEMENT", "Vreemd", True)
    ]
    assert found[0].location.endswith("/DebetPrestatie[1]/Vreemd")
    assert found[0].value == "*"
    assert read(write(message(root))).root.text_at(f"{LINE}/Vreemd") == "x"


def test_parts_the_sources_do_not_name_in_full_are_told_as_not_judged() -> None:
    root = put(to_insurer(), f"{LINE}/AanvullendePrestatiegegevens/Zorgtraject/ZorgtrajectNummer", "ZT1")
    (found,) = [one for one in findings(root) if one.code == "KVITT-GDS-UNNAMED-ELEMENT"]
    assert (found.severity, found.element) == (Severity.INFO, "ZorgtrajectNummer")


def test_an_element_of_another_namespace_keeps_it() -> None:
    root = add(to_insurer(), "Header", element("{urn:example}Vreemd", "x"))
    data = write(message(root))
    assert b"urn:example" in data
    assert read(data).root.text_at("Header/{urn:example}Vreemd") == "x"
    assert write(read(data)) == data


def test_an_attribute_is_kept_and_told() -> None:
    data = write(message(to_insurer())).replace(b"<BSN>", b'<BSN soort="x">')
    assert write(read(data)) == data
    assert [one.code for one in check(data, on=TODAY, environment="T") if one.severity == Severity.WARNING] == [
        "KVITT-GDS-ATTRIBUTE"
    ]


def test_the_schema_location_is_no_attribute_of_the_standard() -> None:
    location = b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="x gds801_573.xsd"'
    data = write(message(to_insurer())).replace(b"<Bericht ", b"<Bericht" + location + b" ")
    assert [one for one in check(data, on=TODAY, environment="T") if one.severity != Severity.INFO] == []


@pytest.mark.parametrize(
    ("path", "code", "severity"),
    [
        ("Header/Verzenddatum", "KVITT-GDS-MISSING", "error"),
        ("Header/Verzender", "KVITT-GDS-MISSING-INFERRED", "warning"),
        ("Header", "KVITT-GDS-MISSING", "error"),
        ("Overzicht", "KVITT-GDS-MISSING", "error"),
        (f"{LINE}/Aantal", "KVITT-GDS-MISSING", "error"),
        (f"{LINE}/Prestatiecode", "KVITT-GDS-MISSING-INFERRED", "warning"),
    ],
)
def test_what_is_missing_refuses_only_where_a_published_rule_needs_it(path: str, code: str, severity: str) -> None:
    found = above_info(put(to_insurer(), path, None))
    assert (severity, code, path.rpartition("/")[2]) in found


def test_an_element_too_many_is_told_with_how_often() -> None:
    root = add(to_insurer(), "Verzekerde", element("BSN", BSN))
    found = [one for one in findings(root) if one.blocks]
    assert [(one.code, one.element, one.expected) for one in found] == [("KVITT-GDS-REPEATED", "BSN", "1")]


def test_two_performances_of_one_reference_are_told() -> None:
    root = put(to_insurer(), f"{CREDIT}/Referentienummer", "L0001")
    assert above_info(root) == [("error", "KVITT-GDS-SAME-REFERENCE", "Referentienummer")]


def test_text_among_elements_and_elements_in_a_value_are_told() -> None:
    data = write(message(to_insurer())).replace(b"<Header>", b"<Header>los").replace(BSN.encode(), b"<A>1</A>")
    codes = {one.code for one in check(data, on=TODAY, environment="T") if one.blocks}
    assert {"KVITT-GDS-TEXT", "KVITT-GDS-CHILDREN"} <= codes
    assert read(data).root.first("Header").text == "los"  # type: ignore[union-attr]
    assert write(read(write(read(data)))) == write(read(data))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Header/Verzenddatum", "10-04-2026"),
        ("Header/Verzenddatum", "2026-02-30"),
        ("Header/Verzenddatum", "2026-04-10Z"),
        (f"{LINE}/Begintijd", "10:00"),
        (f"{LINE}/Begintijd", "25:00:00"),
        (f"{LINE}/TariefInclBtw", "125,50"),
        (f"{LINE}/TariefInclBtw", "-125.50"),
        (f"{LINE}/TariefInclBtw", "125.5"),
        (f"{LINE}/TariefInclBtw", "١٢٥.٥٠"),
        (f"{LINE}/Aantal", "een"),
        (f"{LINE}/PrivacyCode", "Nee"),
        ("Verzekerde/BSN", "99999001"),
        ("Verzekerde/BSN", " 999990019"),
        ("Verzekerde/UzoviNummer", "777"),
        (f"{LINE}/Zorgaanbieder/Zorgaanbiedercode", "9499000"),
        (f"{LINE}/Prestatiecode", "A B"),
        (f"{LINE}/PrestatieCodelijstCode", ""),
    ],
)
def test_a_value_not_of_its_form_is_named(path: str, value: str) -> None:
    found = [one for one in findings(put(to_insurer(), path, value)) if one.code == "KVITT-GDS-FORM"]
    assert [one.element for one in found] == [path.rpartition("/")[2]]
    assert all(one.ruleset.endswith(" N3") and one.line for one in found)


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("Verzekerde/BSN", "999990018", "COD954:0435"),
        ("Verzekerde/BSN", "999999999", "COD954:0435"),
        (f"{LINE}/Zorgaanbieder/Zorgaanbiedercode", "00990002", "KVITT-GDS-AGB"),
        (f"{LINE}/Zorgaanbieder/Zorgaanbiedercode", "94000000", "KVITT-GDS-AGB"),
        ("Header/Berichtsoort", "X", "KVITT-GDS-DOMAIN"),
    ],
)
def test_a_value_outside_its_domain_is_told_on_level_4(path: str, value: str, code: str) -> None:
    found = [one for one in findings(put(to_insurer(), path, value)) if one.ruleset.endswith("N4") and one.blocks]
    assert [one.code for one in found] == [code]


def test_blanks_around_a_reference_are_a_warning() -> None:
    found = above_info(put(to_insurer(), "Header/Referentienummer", "REF-0001 "))
    assert found == [("warning", "KVITT-GDS-BLANKS", "Referentienummer")]


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("Overzicht/TotaalToegekendBedragInclBtwFinancieel/DebetCreditCode", "X", "KVITT-GDS-DOMAIN"),
        (f"{LINE}/Feedback/Retourcode", "12", "KVITT-GDS-FORM"),
        ("Header/Ontvanger", "12345", "KVITT-GDS-FORM"),
    ],
)
def test_a_response_is_judged_in_what_it_adds(path: str, value: str, code: str) -> None:
    assert [one.code for one in findings(put(response(), path, value)) if one.blocks] == [code]


def test_a_return_code_our_list_lacks_is_no_finding() -> None:
    assert above_info(put(response(), f"{LINE}/Feedback/Retourcode", "9999")) == []


def test_personal_values_are_masked_in_every_finding() -> None:
    root = put(to_bureau(), "Verzekerde/BSN", "123456789")
    root = put(root, "Verzekerde/Geboortedatum", "2031-01-01")
    root = put(root, "Verzekerde/AanvullendeVerzekerdegegevens/Naamgegevens/Geslachtsnaam/Achternaam", "Geheim")
    root = put(root, "Verzekerde/AanvullendeVerzekerdegegevens/Adresgegevens/Straatnaam", "Geheimstraat")
    root = put(root, "Verzekerde/AanvullendeVerzekerdegegevens/Adresgegevens/Land", "Geheim land")
    said = " ".join(str(one.as_json(language)) for one in findings(root) for language in ("en", "nb", "nl"))
    assert "*****6789" in said
    for secret in ("123456789", "2031-01-01", "Geheim"):
        assert secret not in said


# ---- code lists ------------------------------------------------------------------------------------------------


def test_a_code_outside_a_complete_list_is_refused_with_its_return_code() -> None:
    root = put(to_insurer(), "Overzicht/TotaalDeclaratiebedragInclBtw/DebetCreditCode", "X")
    found = [one for one in findings(root) if one.term == "RC046"]
    assert [(one.code, one.severity) for one in found] == [("COD954:9406", Severity.ERROR)]


def test_a_code_outside_a_list_we_hold_in_part_is_a_warning() -> None:
    root = put(to_insurer(), f"{LINE}/Zorgaanbieder/ZorgaanbiederRol", "77")
    assert [(one.code, one.severity) for one in findings(root) if one.term == "RC025"] == [
        ("COD954:9356", Severity.WARNING)
    ]


def test_lists_we_do_not_hold_are_said_once_for_the_message() -> None:
    found = [one for one in findings(to_insurer()) if "LISTS" in one.code]
    said = {one.code: one.value for one in found}
    assert said["KVITT-GDS-LISTS-NOT-HELD"] == "CL0007"
    assert "CL0015" in said["KVITT-GDS-LISTS-IN-PART"].split(", ")


@pytest.mark.parametrize("rule", list_rules(), ids=lambda rule: f"{rule.id}-{rule.of}")
def test_every_code_list_rule_sees_its_element(rule: ListRule) -> None:
    """A message with only the rule's element filled: its list is judged, or said to be absent."""
    root = filled(rule.of, rule.element, rule.id)
    found = [one for one in findings(root) if one.term == rule.id and one.element == rule.element]
    held = code_list(rule.codelist)
    if held is None:
        said = [one.value for one in findings(root) if one.code == "KVITT-GDS-LISTS-NOT-HELD"]
        assert rule.codelist in said[0].split(", ")
        assert found == []
    else:
        assert [one.code for one in found] == [f"COD954:{rule.unknown}"]
        assert found[0].severity == (Severity.ERROR if held.complete else Severity.WARNING)


WHERE = {
    "Header": "Header",
    "Declarant": "DeclaratieContext/Declarant",
    "DeclaratieContext": "DeclaratieContext",
    "DeclaratieContext/Zorgaanbieder": "DeclaratieContext/Zorgaanbieder",
    "TotaalDeclaratiebedragInclBtw": "Overzicht/TotaalDeclaratiebedragInclBtw",
    "AanvullendeVerzekerdegegevens": "Verzekerde/AanvullendeVerzekerdegegevens",
    "Naamgegevens": "Verzekerde/AanvullendeVerzekerdegegevens/Naamgegevens",
    "Adresgegevens": "Verzekerde/AanvullendeVerzekerdegegevens/Adresgegevens",
    "Debiteur": "Verzekerde/AanvullendeVerzekerdegegevens/Debiteur",
    "DebetPrestatie": LINE,
    "CreditPrestatie": CREDIT,
    "DebetPrestatie/Zorgaanbieder": f"{LINE}/Zorgaanbieder",
    "Verwijzing": f"{LINE}/Verwijzing",
    "Verwijzer": f"{LINE}/Verwijzing/Verwijzer",
    "AanvullendPrestatieKenmerk": f"{LINE}/AanvullendPrestatieKenmerk",
    "Diagnose": f"{LINE}/AanvullendePrestatiegegevens/Diagnose",
    "Diagnosesteller": f"{LINE}/AanvullendePrestatiegegevens/Diagnose/Diagnosesteller",
}
LISTED = {"RC030": "001", "RC037": "029", "RC038": "030", "RC039": "031", "RC040": "032", "RC041": "033"}


def filled(of: str, name: str, rule: str) -> Element:
    bureau = of in ("AanvullendeVerzekerdegegevens", "Naamgegevens", "Adresgegevens", "Debiteur")
    root = to_bureau() if bureau else to_insurer()
    if rule in LISTED:
        listed = "ApkCodelijstCode" if rule == "RC030" else "DiagnoseCodelijstCode"
        root = put(root, f"{WHERE[of]}/{listed}", LISTED[rule])
    return put(root, f"{WHERE[of]}/{name}", "ZZZ")


def test_the_day_decides_about_a_dated_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start and end as VECOZO reads them: valid from its first day on, refused from the day it expires."""
    text = "# list: COD076\n# complete: yes\ncode,nl,valid_from,valid_to\nA,a,2026-03-02,2026-03-31\n"
    dated = read_list("COD076", text)
    monkeypatch.setattr("schemas.gds.lists.code_list", lambda _name: dated)
    rule = next(one for one in list_rules() if one.id == "RC021")
    outcome = {}
    for day in ("2026-03-01", "2026-03-02", "2026-03-31", "2026-04-01", ""):
        root = put(put(to_insurer(), f"{LINE}/SoortKosten", "A"), f"{LINE}/Begindatum", day)
        outcome[day] = [one.code for one in findings(root) if one.term == rule.id]
    assert outcome == {
        "2026-03-01": ["COD954:9347"],
        "2026-03-02": [],
        "2026-03-31": [],
        "2026-04-01": ["COD954:9348"],
        "": [],
    }


# ---- what cannot be read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<",
        b"<Bericht/>",
        f'<Bericht xmlns="{NAMESPACE}"><Header></Bericht>'.encode(),
        f'<Iets xmlns="{NAMESPACE}"/>'.encode(),
        b'<Bericht xmlns="http://ei.vektis.nl/declaratiebericht999"/>',
        f'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><Bericht xmlns="{NAMESPACE}">&a;</Bericht>'.encode(),
        b'<!DOCTYPE lolz [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;&l;&l;&l;&l;&l;">]><Bericht>&m;</Bericht>',
        f'<Bericht xmlns="{NAMESPACE}">{"<A>" * 100}{"</A>" * 100}</Bericht>'.encode(),
        b"\xff\xfe\x00",
        b"01573010000P",
    ],
)
def test_what_cannot_be_read_is_one_fatal_finding_and_an_error_with_its_place(data: bytes) -> None:
    assert [one.severity for one in check(data, on=TODAY)] == [Severity.FATAL]
    with pytest.raises(FormatError):
        read(data)


def test_another_root_is_told_with_its_line() -> None:
    (found,) = check(f'\n\n<Iets xmlns="{NAMESPACE}"/>'.encode(), on=TODAY)
    assert (found.code, found.line, found.ruleset) == ("KVITT-GDS-ROOT", 3, "vektis-GDS N1")


def test_a_number_with_an_exponent_is_no_amount_and_adds_nothing() -> None:
    root = put(to_insurer(), f"{LINE}/DeclaratieBedragInclBtw", "1E999999")
    (found,) = [one for one in findings(root) if one.term == "VC016"]
    assert found.expected == "-25.50"


def test_the_caps_on_bytes_and_elements_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    data = write(message(to_insurer()))
    monkeypatch.setattr(codec, "MAX_ELEMENTS", 20)
    with pytest.raises(FormatError, match="more than 20 elements"):
        read(data)
    monkeypatch.setattr(codec, "MAX_BYTES", 100)
    with pytest.raises(FormatError, match="100 allowed"):
        read(data)


def test_an_element_of_countless_attributes_is_refused_before_they_are_read() -> None:
    many = b"".join(b' a%d=""' % number for number in range(codec.MAX_ATTRIBUTES + 1))
    data = write(message(to_insurer())).replace(b"<Header", b"<Header" + many, 1)
    with pytest.raises(FormatError, match="more than 1000 attributes"):
        read(data)


def test_a_code_of_another_message_is_fatal_and_judged_no_further() -> None:
    data = write(message(to_insurer())).replace(b">573<", b">574<")
    assert [(one.severity, one.code) for one in check(data, on=TODAY)] == [(Severity.FATAL, "COD954:0010")]


def test_a_version_nobody_knows_is_told_and_judged_as_the_newest() -> None:
    data = write(message(version_2())).replace(b"<Berichtversie>2", b"<Berichtversie>7")
    assert read(data).format == "vektis-GDS801-7.0"
    assert ("COD954:0011", "7.0", "2.0") in {(one.code, one.value, one.expected) for one in check(data, on=TODAY)}


def test_a_control_character_cannot_be_written() -> None:
    with pytest.raises(MappingError):
        write(message(put(to_insurer(), "DeclaratieContext/Factuurnummer", "F\x00")))


# ---- responses ---------------------------------------------------------------------------------------------------


def test_a_response_does_not_judge_what_it_repeats_of_the_claim() -> None:
    root = put(response(), "DeclaratieContext/Factuurdatum", "2027-01-01")
    assert above_info(root) == []


def test_vecozo_awards_nothing() -> None:
    assert above_info(response("6")) == []
    root = put(response("6"), f"{LINE}/ToegekendBedragInclBtwFinancieel", "1.00")
    root = put(root, "Overzicht/TotaalToegekendBedragInclBtwFinancieel/Bedrag", "1.00")
    assert [code for _, code, _ in above_info(root)] == ["KVITT-GDS-VECOZO-AWARDS"] * 2


def test_an_award_above_the_claim_and_below_its_lines_is_a_warning() -> None:
    above = put(response(), "Overzicht/TotaalToegekendBedragInclBtwFinancieel/Bedrag", "100.01")
    assert [code for _, code, _ in above_info(above)] == ["KVITT-GDS-AWARD-ABOVE"]
    below = put(response(), f"{LINE}/ToegekendBedragInclBtwFinancieel", "50.00")
    assert [code for _, code, _ in above_info(below)] == ["KVITT-GDS-AWARD-TOTAL"]
    equal = put(below, "Overzicht/TotaalToegekendBedragInclBtwFinancieel/Bedrag", "50.00")
    assert above_info(equal) == []


def test_a_file_level_response_has_no_insured() -> None:
    assert above_info(put(response("6"), "Verzekerde", None)) == []


# ---- what we hold ------------------------------------------------------------------------------------------------

GOLDEN = Path(__file__).parents[1] / "fixtures" / "gds"
PAGE = Path(__file__).parents[2] / "docs" / "formats" / "gds.md"


@pytest.mark.parametrize(("name", "base"), [("gds801-1.0.xml", to_insurer), ("gds802-1.0.xml", response)])
def test_the_bytes_of_a_written_message_do_not_change(name: str, base: Callable[[], Element]) -> None:
    assert write(message(base())) == (GOLDEN / name).read_bytes()


def test_the_page_says_of_every_code_list_what_we_hold() -> None:
    said = dict(
        re.findall(r"^\| (C[A-Z0-9]+) \| (complete|part|none) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert said == {rule.codelist: held(rule.codelist) for rule in list_rules()}


# ---- tables ------------------------------------------------------------------------------------------------------


def test_every_table_names_its_namespace_and_each_element_a_confidence() -> None:
    assert set(trees()) == {("GDS801", "1.0"), ("GDS801", "2.0"), ("GDS802", "1.0"), ("GDS802", "2.0")}
    for tree in trees().values():
        assert tree.namespace.endswith(tree.berichtcode)
        assert all(node.confidence in {"source", "rule", "inferred", "unknown"} for node in nodes(tree.root))


def nodes(node: Node) -> list[Node]:
    return [node, *(one for child in node.children.values() for one in nodes(child))]


def test_version_2_adds_only_what_rules_name() -> None:
    one, two = ({node.path for node in nodes(tree_of("GDS801", version).root)} for version in ("1.0", "2.0"))
    assert {path.rpartition("/")[2] for path in two - one} == {"PrestatieKoppelnummer", "Commentaar", "Nationaliteit"}
    assert one < two


def test_a_broken_table_or_rule_is_refused() -> None:
    head = "# standard: X\n# version: 1\n# berichtcode: 1\n# namespace: urn:x\n"
    columns = "path,card,type,codelist,values,confidence,note\n"
    with pytest.raises(ConfigurationError, match="no parent"):
        read_tree("t", f"{head}{columns}A,1..1,,,,,\nB/C,1..1,,,,,\n")
    with pytest.raises(ConfigurationError, match="cardinality"):
        read_tree("t", f"{head}{columns}A,1,,,,,\n")
    with pytest.raises(ConfigurationError, match="one root"):
        read_tree("t", f"{head}{columns}A,1..1,,,,,\nB,1..1,,,,,\n")
    with pytest.raises(ConfigurationError, match="no condition"):
        conditions("A must-be B")
    with pytest.raises(ConfigurationError):
        tree_of("GDS999", "1.0")


# ---- generated messages ------------------------------------------------------------------------------------------

AMOUNTS = st.integers(1, 99_999_99).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=12)


@st.composite
def claims(draw: st.DrawFn) -> Element:
    root = to_insurer()
    groups, sum_of, number = [], 0, 0
    for _ in range(draw(st.integers(1, 4))):
        lines = []
        for _ in range(draw(st.integers(1, 4))):
            number += 1
            amount = draw(AMOUNTS)
            cents = int(amount.replace(".", ""))
            if draw(st.booleans()):
                lines.append(debit(f"L{number}", amount=amount))
                sum_of += cents
            else:
                lines.append(credit(f"L{number}", f"E{number}", amount=amount))
                sum_of -= cents
        patient = draw(NAMES.filter(lambda text: text.strip() == text))
        groups.append(put(insured(*lines), "PatientIdentificatienummer", patient))
    root = Element("Bericht", children=(*root.children[:3], *groups))
    total = "Overzicht/TotaalDeclaratiebedragInclBtw"
    root = put(root, f"{total}/Bedrag", f"{abs(sum_of) // 100}.{abs(sum_of) % 100:02d}")
    return put(root, f"{total}/DebetCreditCode", "D" if sum_of >= 0 else "C")


@given(claims())
@settings(max_examples=60, deadline=None)
def test_generated_claims_round_trip_and_check_clean(root: Element) -> None:
    data = write(message(root))
    again = read(data)
    assert same(again.root, read(write(again)).root)
    assert write(again) == data
    assert sorted(texts(again.root)) == sorted(texts(root))
    assert above_info(root) == []


WORDS = st.sampled_from(
    sorted({node.name for tree in trees().values() for node in nodes(tree.root)} | {"Vreemd", "{urn:x}Y"})
)
VALUES = st.one_of(
    st.sampled_from(["", " ", "071", "9992", "2026-03-02", "9999-99-99", "1.00", "1e9", "NaN", "true", BSN, "574"]),
    NAMES,
)
ANY = st.recursive(
    st.builds(Element, WORDS, VALUES),
    lambda inner: st.builds(
        lambda name, text, children: Element(name, text, tuple(children)), WORDS, VALUES, st.lists(inner, max_size=5)
    ),
    max_leaves=40,
)


@given(st.lists(ANY, max_size=6), st.sampled_from(["GDS801", "GDS802"]), st.sampled_from(["1.0", "2.0", "9.9"]))
@settings(max_examples=100, deadline=None)
def test_arbitrary_elements_never_crash_and_are_kept(children: list[Element], standard: str, version: str) -> None:
    made = GdsMessage("GDS801" if standard == "GDS801" else "GDS802", version, Element("Bericht", "", tuple(children)))
    data = write(made)
    check(data, on=TODAY)
    check(made, on=TODAY)
    again = read(data)
    assert write(read(write(again))) == write(again)
    assert sorted(name for name, _ in texts(again.root)) == sorted(name for name, _ in texts(made.root))


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_arbitrary_bytes_never_crash(noise: bytes) -> None:
    found = check(noise, on=date(2026, 1, 1))
    assert all(one.text["nl"] for one in found)
    data = write(message(to_insurer()))
    check(data[: len(noise) * 10] + noise, on=TODAY)
    assert is_gds(data)
    assert not is_gds(b"<a/>" + noise.replace(b"vektis", b""))

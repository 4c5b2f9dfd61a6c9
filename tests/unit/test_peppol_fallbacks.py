"""Where a short cut of the rule engine gives up: the rules say the same as without any, on shapes no sound invoice has."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import etree

from schemas.peppol.rules.core import Plan, Rule, ask_everywhere, judge
from schemas.peppol.rules.registry import SETS
from schemas.peppol.rules.texts import said
from schemas.peppol.rules.view import View
from schemas.ubl import write, xsd
from schemas.ubl.names import CAC, CBC
from schemas.xml import Element, parse
from tests.fuzz.seeds import rich

PLAN = SETS[-1].plans["billing"]
SPACES = {"cac": CAC, "cbc": CBC}


def codes(root: Element) -> list[str]:
    view = View(root)
    found = sorted(one.code for one in judge(view, PLAN, "x"))
    assert found == sorted(one.code for one in ask_everywhere(View(root), PLAN, "x"))
    return found


def first(root: Element, path: str) -> Element:
    found = root.xpath(path, namespaces=SPACES)
    assert isinstance(found, list)
    assert isinstance(found[0], etree._Element)
    return found[0]


def below(node: Element, xml: str) -> None:
    node.append(etree.fromstring(f'<x xmlns:cac="{CAC}" xmlns:cbc="{CBC}">{xml}</x>')[0])


def gone(root: Element, path: str) -> None:
    node = first(root, path)
    above = node.getparent()
    assert above is not None
    above.remove(node)


def category(code: str, kind: str) -> str:
    scheme = "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>"
    return f"<cac:{kind}><cbc:ID>{code}</cbc:ID><cbc:Percent>0</cbc:Percent>{scheme}</cac:{kind}>"


@pytest.fixture
def root() -> Element:
    return parse(write(rich()))


def test_a_line_with_two_categories_is_added_up_line_by_line(root: Element) -> None:
    below(first(root, "//cac:InvoiceLine/cac:Item"), category("Z", "ClassifiedTaxCategory"))
    assert "BR-Z-01" in codes(root)


def test_an_allowance_with_two_categories_is_added_up_one_by_one(root: Element) -> None:
    below(first(root, "/*/cac:AllowanceCharge"), category("Z", "TaxCategory"))
    assert "BR-Z-01" in codes(root)


def test_a_rate_that_is_no_number_stops_only_the_rules_that_read_it(root: Element) -> None:
    first(root, "/*/cac:AllowanceCharge/cac:TaxCategory/cbc:Percent").text = "null"
    found = codes(root)
    assert "KVITT-ENGINE-01" in found
    assert "BR-CO-10" not in found


def test_half_an_allowance_is_one_finding(root: Element) -> None:
    gone(root, "//cac:InvoiceLine/cac:AllowanceCharge/cbc:MultiplierFactorNumeric")
    assert [code for code in codes(root) if code.startswith("PEPPOL-EN16931-R04")] == ["PEPPOL-EN16931-R042"]


def test_line_periods_need_no_period_of_the_document(root: Element) -> None:
    gone(root, "/*/cac:InvoicePeriod")
    assert not {"PEPPOL-EN16931-R110", "PEPPOL-EN16931-R111"} & set(codes(root))


def test_two_base_quantities_are_compared_one_by_one(root: Element) -> None:
    below(first(root, "//cac:InvoiceLine/cac:Price"), '<cbc:BaseQuantity unitCode="HUR">1</cbc:BaseQuantity>')
    assert "PEPPOL-EN16931-R130" in codes(root)


def test_totals_that_stand_elsewhere_are_judged_where_they_stand(root: Element) -> None:
    first(root, "//cac:InvoiceLine").append(first(root, "/*/cac:LegalMonetaryTotal"))
    assert "BR-CO-10" not in codes(root)


def test_a_document_without_registrations_or_attributes_has_nothing_for_their_rules(root: Element) -> None:
    for path in ("AccountingSupplierParty", "AccountingCustomerParty"):
        for node in root.findall(f"{{{CAC}}}{path}/{{{CAC}}}Party/{{{CAC}}}PartyTaxScheme"):
            gone_from = node.getparent()
            assert gone_from is not None
            gone_from.remove(node)
    for node in root.iter("*"):
        for name in list(node.attrib):
            del node.attrib[name]
    assert "UBL-SR-12" not in codes(root)


def test_a_rule_that_cannot_tell_whether_it_is_concerned_is_asked(root: Element) -> None:
    def lost(_: View) -> bool:
        message = "a mistake of ours"
        raise LookupError(message)

    rule = Rule(id="X-1", where=lambda view: [view.root], text=said("", "", ""), hint=said("", "", ""))
    plan = Plan((replace(rule, concerns=lost),))
    assert [one.code for one in judge(View(root), plan, "x")] == ["X-1"]


EXT = "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def test_an_extension_must_hold_an_element_of_another_namespace(root: Element) -> None:
    holder = etree.fromstring(
        f'<e:UBLExtensions xmlns:e="{EXT}"><e:UBLExtension><e:ExtensionContent><e:UBLExtensions/></e:ExtensionContent>'
        "</e:UBLExtension></e:UBLExtensions>"
    )
    root.insert(0, holder)
    (found,) = xsd.violations(root)
    assert found.said.keys() == {"en", "nb", "nl"}
    assert all(found.said.values())


def test_what_the_schema_forbids_for_a_rare_reason_has_words_too(root: Element) -> None:
    first(root, "/*/cbc:Note").set(f"{{{XSI}}}nil", "true")
    (found,) = xsd.violations(root)
    assert found.said.keys() == {"en", "nb", "nl"}
    assert all(found.said.values())

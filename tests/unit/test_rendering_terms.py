"""Where the business terms stand in UBL: every term has a place and a name, and no place is a slip of the pen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lxml import etree

from schemas.peppol.rules.terms import NAMES
from schemas.ubl import write
from schemas.ubl.codec import Layout
from schemas.ubl.document import _CREDIT_NOTE, _INVOICE
from schemas.ubl.names import CAC, CBC, CREDIT_NOTE, INVOICE
from schemas.ubl.terms import places, stands_within, terms_at, terms_in
from schemas.xml import parse
from tests.fuzz.seeds import rich

TERMS = {f"BT-{number}" for number in range(1, 166) if number != 4} | {f"BG-{number}" for number in range(1, 33)}
"""All of EN 16931-1:2017 (there is no BT-4)."""


def grown(path: str, root: str) -> etree._Element:
    """A document with just the elements of a path, its conditions met."""
    space = INVOICE if root == "Invoice" else CREDIT_NOTE
    tree = etree.Element(f"{{{space}}}{root}", nsmap={None: space, "cac": CAC, "cbc": CBC})
    currency = etree.SubElement(tree, f"{{{CBC}}}DocumentCurrencyCode")
    currency.text = "NOK"
    node = tree
    for step in re.findall(r"(?:@\w+|cac:\w+(?:\[[^\]]*\])?|cbc:\w+(?:\[[^\]]*\])?)(?=/|$)", path):
        if step.startswith("@"):
            node.set(step[1:], "x")
            continue
        name, _, condition = step.partition("[")
        node = etree.SubElement(node, name.replace("cac:", f"{{{CAC}}}").replace("cbc:", f"{{{CBC}}}"))
        meet(node, condition.removesuffix("]"))
    return tree


def meet(node: etree._Element, condition: str) -> None:
    """Make a condition of the table true of an element."""
    if condition.startswith("not("):
        return
    if condition.startswith("starts-with"):
        node.text = "#AAI#"
    elif condition.startswith("@currencyID"):
        node.set("currencyID", "NOK")
    elif condition.startswith("@"):
        name, value = condition[1:].split("=")
        node.set(name, value.strip("'"))
    elif condition:
        path, value = condition.split(" or ", maxsplit=1)[0].split("=")
        for step in path.split("/"):
            node = etree.SubElement(node, step.replace("cac:", f"{{{CAC}}}").replace("cbc:", f"{{{CBC}}}"))
        node.text = value.strip("'")


def test_every_term_has_a_place_and_a_name_in_every_language() -> None:
    assert {place.term for place in places()} == TERMS
    assert set(NAMES) >= TERMS
    assert [(term, language) for term in TERMS for language in ("en", "nb", "nl") if not NAMES[term][language]] == []


@pytest.mark.parametrize("root", ["Invoice", "CreditNote"])
def test_each_place_leads_to_its_element(root: str) -> None:
    for place in places():
        if place.root in ("", root):
            found = terms_in(grown(place.path, root))
            assert place.term in {term for terms in found.values() for term in terms}, place


def read_by(layout: Layout[Any], above: str = "") -> set[str]:
    """Every path the reader of documents knows, with the elements it passes."""
    found: set[str] = set()
    for slot in layout.slots:
        steps = slot.path.split("/")
        found |= {above + "/".join(steps[: count + 1]) for count in range(len(steps))}
        if isinstance(slot.kind, Layout):
            found |= read_by(slot.kind, f"{above}{slot.path}/")
        else:
            found |= {f"{above}{slot.path}/@{name}" for name in slot.kind.attributes}
    return found


@pytest.mark.parametrize(("root", "layout"), [("Invoice", _INVOICE), ("CreditNote", _CREDIT_NOTE)])
def test_each_place_is_one_the_reader_of_documents_knows(root: str, layout: Layout[Any]) -> None:
    """The table of terms and the layouts were written apart; each holds the other to the standard."""
    known = read_by(layout)
    paths = {re.sub(r"\[[^\]]*\]", "", place.path) for place in places() if place.root in ("", root)}
    assert paths - known == set()


def test_what_depends_on_a_neighbour_is_told_apart() -> None:
    data = f"""<Invoice xmlns="{INVOICE}" xmlns:cac="{CAC}" xmlns:cbc="{CBC}">
<cbc:DocumentCurrencyCode>NOK</cbc:DocumentCurrencyCode>
<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator><cbc:Amount>1</cbc:Amount></cac:AllowanceCharge>
<cac:AllowanceCharge><cbc:ChargeIndicator>1</cbc:ChargeIndicator><cbc:Amount>2</cbc:Amount></cac:AllowanceCharge>
<cac:TaxTotal><cbc:TaxAmount currencyID="NOK">3</cbc:TaxAmount></cac:TaxTotal>
<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">4</cbc:TaxAmount></cac:TaxTotal>
<cac:AdditionalDocumentReference><cbc:ID>5</cbc:ID><cbc:DocumentTypeCode>130</cbc:DocumentTypeCode></cac:AdditionalDocumentReference>
<cac:AdditionalDocumentReference><cbc:ID>6</cbc:ID></cac:AdditionalDocumentReference>
<cac:AdditionalDocumentReference><cbc:ID>7</cbc:ID><cbc:DocumentTypeCode>50</cbc:DocumentTypeCode></cac:AdditionalDocumentReference>
</Invoice>"""
    found = terms_in(parse(data.encode()))
    assert {element.text: terms for element, terms in found.items() if (element.text or "").isdigit()} == {
        "1": ("BT-92",),
        "2": ("BT-99",),
        "3": ("BT-110",),
        "4": ("BT-111",),
        "5": ("BT-18",),
        "6": ("BT-122",),
        "7": ("BT-122",),
    }
    credit = data.replace("Invoice", "CreditNote").replace(INVOICE, CREDIT_NOTE)
    by_text = {element.text: terms for element, terms in terms_in(parse(credit.encode())).items()}
    assert by_text["7"] == ("BT-11",)


def test_other_documents_have_no_terms() -> None:
    assert terms_in(parse(b"<ApplicationResponse/>")) == {}


@pytest.mark.parametrize("credit", [False, True])
def test_the_terms_of_one_element_are_those_it_has_in_the_whole_document(credit: bool) -> None:
    root = parse(write(rich(credit=credit)))
    whole = terms_in(root)
    assert len(whole) > 100
    for element in root.iter():
        own = [terms_at(element), *(terms_at(element, str(name)) for name in element.keys())]  # noqa: SIM118 -- lxml
        assert {term for terms in own for term in terms} == set(whole.get(element, ()))


def test_a_term_stands_within_what_is_around_it_and_nowhere_else() -> None:
    root = parse(write(rich()))
    address = root.find("{*}AccountingCustomerParty/{*}Party/{*}PostalAddress")
    assert address is not None
    assert [stands_within(term, address) for term in ("BG-8", "BT-55", "BT-40", "BT-44")] == [True, True, False, False]
    assert stands_within("BT-55", root)

"""Rules on coded values and identifiers of set 2026.5: each is asked of a sound document, and fails on one wrong value."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from hub.model.finding import Finding, Severity
from schemas import codelists
from schemas.peppol.rules.core import Everywhere, Plan, Rule, ask_everywhere, judge
from schemas.peppol.rules.make import choice
from schemas.peppol.rules.set_2026_5 import codes, identifiers, lists, peppol_codes
from schemas.peppol.rules.view import View
from schemas.ubl.names import BILLING_PROFILE, CAC, CBC, CREDIT_NOTE, INVOICE
from schemas.xml import Element, parse

RULES: dict[str, Rule] = {rule.id: rule for rule in (*codes.RULES, *peppol_codes.RULES, *identifiers.RULES)}
PLAN = Plan(RULES.values())
SPACES = {"cac": CAC, "cbc": CBC}

BODY = f"""
<cbc:ProfileID>{BILLING_PROFILE}</cbc:ProfileID>
<cbc:TypeCode>380</cbc:TypeCode>
<cbc:Note>#AAI#Behandling</cbc:Note>
<cbc:DocumentCurrencyCode>NOK</cbc:DocumentCurrencyCode>
<cbc:TaxCurrencyCode>EUR</cbc:TaxCurrencyCode>
<cac:InvoicePeriod><cbc:DescriptionCode>35</cbc:DescriptionCode></cac:InvoicePeriod>
<cac:AdditionalDocumentReference>
  <cbc:ID schemeID="AAA">objekt</cbc:ID><cbc:DocumentTypeCode>130</cbc:DocumentTypeCode>
</cac:AdditionalDocumentReference>
<cac:AdditionalDocumentReference>
  <cbc:ID>vedlegg</cbc:ID>
  <cac:Attachment><cbc:EmbeddedDocumentBinaryObject mimeCode="application/pdf">QQ==</cbc:EmbeddedDocumentBinaryObject>
  </cac:Attachment>
</cac:AdditionalDocumentReference>
<cac:AccountingSupplierParty><cac:Party>
  <cbc:EndpointID schemeID="0192">310000086</cbc:EndpointID>
  <cac:PartyIdentification><cbc:ID schemeID="0088">5790000435975</cbc:ID></cac:PartyIdentification>
  <cac:PostalAddress><cac:Country><cbc:IdentificationCode>NO</cbc:IdentificationCode></cac:Country></cac:PostalAddress>
  <cac:PartyTaxScheme><cbc:CompanyID>NO310000086MVA</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
  </cac:PartyTaxScheme>
  <cac:PartyLegalEntity><cbc:CompanyID schemeID="0192">310000086</cbc:CompanyID></cac:PartyLegalEntity>
</cac:Party></cac:AccountingSupplierParty>
<cac:AccountingCustomerParty><cac:Party>
  <cbc:EndpointID schemeID="0192">310000914</cbc:EndpointID>
  <cac:PostalAddress><cac:Country><cbc:IdentificationCode>NO</cbc:IdentificationCode></cac:Country></cac:PostalAddress>
</cac:Party></cac:AccountingCustomerParty>
<cac:Delivery><cac:DeliveryLocation><cbc:ID schemeID="0088">5790000435975</cbc:ID></cac:DeliveryLocation></cac:Delivery>
<cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode></cac:PaymentMeans>
<cac:AllowanceCharge>
  <cbc:ChargeIndicator>false</cbc:ChargeIndicator><cbc:AllowanceChargeReasonCode>95</cbc:AllowanceChargeReasonCode>
  <cbc:Amount currencyID="NOK">1</cbc:Amount>
</cac:AllowanceCharge>
<cac:AllowanceCharge>
  <cbc:ChargeIndicator>true</cbc:ChargeIndicator><cbc:AllowanceChargeReasonCode>FC</cbc:AllowanceChargeReasonCode>
  <cbc:Amount currencyID="NOK">1</cbc:Amount>
</cac:AllowanceCharge>
<cac:TaxTotal><cbc:TaxAmount currencyID="NOK">0</cbc:TaxAmount><cac:TaxSubtotal><cac:TaxCategory>
  <cbc:ID>E</cbc:ID><cbc:TaxExemptionReasonCode>VATEX-EU-132-1C</cbc:TaxExemptionReasonCode>
</cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>
<cac:InvoiceLine>
  <cbc:InvoicedQuantity unitCode="HUR">1</cbc:InvoicedQuantity>
  <cac:Item>
    <cac:StandardItemIdentification><cbc:ID schemeID="0160">4035811611138</cbc:ID></cac:StandardItemIdentification>
    <cac:OriginCountry><cbc:IdentificationCode>DE</cbc:IdentificationCode></cac:OriginCountry>
    <cac:CommodityClassification><cbc:ItemClassificationCode listID="STI">85</cbc:ItemClassificationCode>
    </cac:CommodityClassification>
    <cac:ClassifiedTaxCategory><cbc:ID>E</cbc:ID></cac:ClassifiedTaxCategory>
  </cac:Item>
</cac:InvoiceLine>
"""


def document(*, credit: bool = False) -> Element:
    name, space = ("CreditNote", CREDIT_NOTE) if credit else ("Invoice", INVOICE)
    body = BODY.replace("cbc:TypeCode", f"cbc:{name}TypeCode").replace("380", "381" if credit else "380")
    return parse(f'<{name} xmlns="{space}" xmlns:cac="{CAC}" xmlns:cbc="{CBC}">{body}</{name}>'.encode())


def findings(root: Element) -> list[Finding]:
    """All findings; short cuts of rules leave none out."""
    found = judge(View(root), PLAN, "test")
    assert found == ask_everywhere(View(root), PLAN, "test")
    return found


@dataclass(frozen=True)
class Case:
    """Where a rule's value stands, values it takes and values it refuses."""

    path: str
    right: tuple[str | None, ...]
    wrong: tuple[str | None, ...]
    attribute: str = ""
    credit: bool = False

    def put(self, value: str | None) -> Element:
        """The sound document with this value in it."""
        root = document(credit=self.credit)
        node = root.find(f".//{self.path}", SPACES)
        assert node is not None
        if not self.attribute:
            node.text = value
        elif value is None:
            del node.attrib[self.attribute]
        else:
            node.set(self.attribute, value)
        return root


@dataclass(frozen=True)
class Number(Case):
    """A number of a scheme, put where an endpoint stands."""

    scheme: str = ""

    def put(self, value: str | None) -> Element:
        """The sound document with this number in it."""
        root = super().put(value)
        root.find(f".//{self.path}", SPACES).set("schemeID", self.scheme)  # type: ignore[union-attr] # put found it
        return root


@dataclass(frozen=True)
class Exemption(Case):
    """An exemption reason code; the values are VAT categories."""

    code: str = ""

    def put(self, value: str | None) -> Element:
        """The sound document with the code, in this category."""
        root = super().put(value)
        root.find(".//cbc:TaxExemptionReasonCode", SPACES).text = self.code  # type: ignore[union-attr] # in the base
        return root


def number(scheme: str, right: tuple[str, ...], wrong: tuple[str, ...]) -> Number:
    return Number("cbc:EndpointID", right, wrong, scheme=scheme)


def exempt(code: str, right: str, *wrong: str) -> Exemption:
    return Exemption("cac:TaxCategory/cbc:ID", (right, f" {right} "), (*wrong, "", right.lower()), code=code)


ALLOWANCE = "cac:AllowanceCharge[1]/cbc:AllowanceChargeReasonCode"
CHARGE = "cac:AllowanceCharge[2]/cbc:AllowanceChargeReasonCode"
TYPE, CREDIT_TYPE = "cbc:InvoiceTypeCode", "cbc:CreditNoteTypeCode"
MIME = "cbc:EmbeddedDocumentBinaryObject"
VAT = "cac:PartyTaxScheme/cbc:CompanyID"

CASES: dict[str, Case] = {
    "BR-CL-01": Case(TYPE, ("380", " 84\n", "81"), ("381", "", "999", "380 380")),
    "BR-CL-03": Case("cbc:Amount", ("NOK", " EUR ", "CNH", "STD"), ("nok", "", "NKR", None, "STN"), "currencyID"),
    "BR-CL-04": Case("cbc:DocumentCurrencyCode", ("EUR", " NOK\t"), ("eur", "", "KR")),
    "BR-CL-05": Case("cbc:TaxCurrencyCode", ("NOK", "SEK "), ("sek", "", "NOK NOK")),
    "BR-CL-06": Case("cac:InvoicePeriod/cbc:DescriptionCode", ("3", "432"), ("5", "", "035")),
    "BR-CL-07": Case("cbc:ID[@schemeID='AAA']", ("ABT", " AAA", None), ("abt", "", "XXXX"), "schemeID"),
    "BR-CL-08": Case("cbc:Note", ("#SUR#ja", "nr. #1", "#12#", "#AAIA#x", "a #b"), ("#aai#nei", "x#QQQ#y")),
    "BR-CL-10": Case("cac:PartyIdentification/cbc:ID", ("0192", "SEPA", None), ("NO:ORGNR", "", "9999"), "schemeID"),
    "BR-CL-11": Case("cac:PartyLegalEntity/cbc:CompanyID", ("0106", None), ("SEPA", "", "x"), "schemeID"),
    "BR-CL-13": Case("cbc:ItemClassificationCode", ("IB", None), ("ib", "", "UNSPSC"), "listID"),
    "BR-CL-14": Case("cac:Country/cbc:IdentificationCode", ("NL", "1A", " XI"), ("no", "", "EL", "NOR")),
    "BR-CL-15": Case("cac:OriginCountry/cbc:IdentificationCode", ("SE",), ("sverige", "", "EU")),
    "BR-CL-16": Case("cbc:PaymentMeansCode", ("58", "ZZZ", " 1 "), ("999", "", "030")),
    "BR-CL-17": Case("cac:TaxCategory/cbc:ID", ("S", "AE", " O "), ("e", "", "H")),
    "BR-CL-18": Case("cac:ClassifiedTaxCategory/cbc:ID", ("S", "K"), ("s", "", "AA")),
    "BR-CL-19": Case(ALLOWANCE, ("41", " 105"), ("FC", "", "1")),
    "BR-CL-20": Case(CHARGE, ("ABL", "ZZZ"), ("95", "", "fc")),
    "BR-CL-21": Case("cac:StandardItemIdentification/cbc:ID", ("0088", None), ("GTIN", "", "9999"), "schemeID"),
    "BR-CL-22": Case("cbc:TaxExemptionReasonCode", ("VATEX-EU-AE", " vatex-eu-o"), ("VATEX", "", "VATEX-NO")),
    "BR-CL-23": Case("cbc:InvoicedQuantity", ("C62", "XPP", "MON", None), ("hur", "", "STYKK", "MO"), "unitCode"),
    "BR-CL-24": Case(MIME, ("text/csv", None), ("text/xml", "", "application/PDF", " image/png"), "mimeCode"),
    "BR-CL-25": Case("cbc:EndpointID", ("0106", "0037", "EM", None), ("9908", "", "no", "0999"), "schemeID"),
    "BR-CL-26": Case("cac:DeliveryLocation/cbc:ID", ("0192", None), ("GLN", "", "9930"), "schemeID"),
    "PEPPOL-EN16931-CL001": Case(MIME, ("image/png",), ("text/plain", "", "image/png "), "mimeCode"),
    "PEPPOL-EN16931-CL002": Case(ALLOWANCE, ("95", "100 "), ("99", "", "AA")),
    "PEPPOL-EN16931-CL003": Case(CHARGE, ("FC", "AA"), ("41", "", "aa")),
    "PEPPOL-EN16931-CL006": Case("cac:InvoicePeriod/cbc:DescriptionCode", ("35",), ("29", "", "x")),
    "PEPPOL-EN16931-CL007": Case("cbc:Amount", ("EUR", "STN"), ("STD", "", None, " NOK", "eur"), "currencyID"),
    "PEPPOL-EN16931-CL008": Case("cbc:EndpointID", ("0106", None), ("9908", "0037", "EM", "", " 0192"), "schemeID"),
    "PEPPOL-EN16931-P0100": Case(TYPE, ("380", "383", " 393 "), ("389", "130", "381", "")),
    "PEPPOL-EN16931-P0101": Case(CREDIT_TYPE, ("381", " 396"), ("380", "261", ""), credit=True),
    "PEPPOL-EN16931-P0104": exempt("VATEX-EU-G", "G", "E", "O"),
    "PEPPOL-EN16931-P0105": exempt("vatex-eu-o", "O", "E", "S"),
    "PEPPOL-EN16931-P0106": exempt("VATEX-EU-IC", "K", "E", "IC"),
    "PEPPOL-EN16931-P0107": exempt("VATEX-EU-AE", "AE", "E", "A E"),
    "PEPPOL-EN16931-P0108": exempt("VATEX-EU-D", "E", "S"),
    "PEPPOL-EN16931-P0109": exempt("VATEX-EU-F", "E", "S"),
    "PEPPOL-EN16931-P0110": exempt("VATEX-EU-I", "E", "S"),
    "PEPPOL-EN16931-P0111": exempt("VATEX-EU-J", "E", "S"),
    "PEPPOL-EN16931-P0112": Case(TYPE, ("380", "386"), ("326", " 384 ")),
    "PEPPOL-COMMON-R040": number("0088", ("5790000435975", "0"), ("5790000435976", "", "57900004 35975", "GLN")),
    "PEPPOL-COMMON-R041": number("0192", (" 310000086 ",), ("310000087", "000000000", "310 000 086", "NO310000086MVA")),
    "PEPPOL-COMMON-R042": number("0184", ("12345674", "DK12345674"), ("dk12345674", " 12345674", "1234567")),
    "PEPPOL-COMMON-R043": number("0208", ("0202239951", " 0202239951"), ("0202239950", "202239951", "BE0202239951")),
    "PEPPOL-COMMON-R044": number("0201", ("UFABCD", " ufab12 "), ("UFAB1", "UFAB 1", "UFABCÉ")),
    "PEPPOL-COMMON-R045": number(
        "0210",
        ("RSSMRA80A01H501U", "12345678901", "+1234567890"),
        ("RSSMRA80A01H501", "RSSMRAXXA01H501U", "1SSMRA80A01H501U", "RSSMRA80A01H50XU", "1234567890A"),
    ),
    "PEPPOL-COMMON-R046": number("9907", ("12345678901",), ("1234567890", "")),
    "PEPPOL-COMMON-R047": number("0211", ("IT00743110157", "it00743110157", "FR1"), ("IT00743110158", "IT1", "IT")),
    "PEPPOL-COMMON-R049": number("0007", ("5560360793",), ("5560360794", "556036-0793", "")),
    "PEPPOL-COMMON-R050": number("0151", ("51824753556",), ("51824753557", "51 824 753 556")),
    "PEPPOL-COMMON-R052": number("0096", ("1234567890",), ("123456789", "1234567890 ", "123456789a")),
    "PEPPOL-COMMON-R053": number("0198", ("DK12345674",), ("12345674", "DK12345674 ", "DK1234567A")),
    "PEPPOL-COMMON-R054": number("0106", ("12345678", " 12345678 "), ("1234567", "123456789", "NL12345678")),
    "PEPPOL-COMMON-R055": number("0190", ("00000001123456789000",), ("0000000112345678900", "x")),
    "PEPPOL-COMMON-R056-1": number("9944", ("NL123456789B12",), ("NL123456789b12", "123456789B12", "NL123456789B1")),
    "PEPPOL-COMMON-R056-2": Case(VAT, ("NL123456789B12", "DE123", "nl1"), ("NL123456789", " NL1", "NL123456789B123")),
    "PEPPOL-COMMON-R057": number("0217", ("123456789012",), ("12345678901", "NL1")),
}


def test_every_rule_has_its_case() -> None:
    assert CASES.keys() == RULES.keys()
    assert len(RULES) == 57


@pytest.mark.parametrize("credit", [False, True])
def test_the_sound_document_passes(credit: bool) -> None:
    assert findings(document(credit=credit)) == []


@pytest.mark.parametrize(("rule", "value"), [(rule, value) for rule, case in CASES.items() for value in case.right])
def test_a_right_value_is_taken_by_a_rule_that_looks_at_it(rule: str, value: str | None) -> None:
    root = CASES[rule].put(value)
    assert list(RULES[rule].where(View(root)))
    assert RULES[rule] in PLAN.asked(View(root))
    assert rule not in [one.code for one in findings(root)]


@pytest.mark.parametrize(("rule", "value"), [(rule, value) for rule, case in CASES.items() for value in case.wrong])
def test_a_wrong_value_is_refused_once_where_it_stands(rule: str, value: str | None) -> None:
    (found,) = [one for one in findings(CASES[rule].put(value)) if one.code == rule]
    assert found.location.rpartition("/")[2].startswith(CASES[rule].path.rpartition("/")[2].partition("[")[0])
    assert found.line
    assert all(found.text[language] and found.hint[language] for language in ("en", "nb", "nl"))
    warns = rule.startswith("PEPPOL-COMMON") and RULES[rule].severity is Severity.WARNING
    assert found.severity is (Severity.WARNING if warns else Severity.FATAL)


def test_the_dutch_and_italian_number_rules_warn_and_the_others_refuse() -> None:
    warning = {rule.removeprefix("PEPPOL-COMMON-") for rule, one in RULES.items() if one.severity is Severity.WARNING}
    assert warning == {"R044", "R045", "R046", "R047", "R054", "R055", "R056-1", "R056-2", "R057"}


def test_a_code_is_named_with_its_list_and_its_term() -> None:
    (found,) = findings(CASES["BR-CL-04"].put("KR"))[:1]
    assert (found.value, found.term) == ("KR", "BT-5")
    assert "valutakodene (ISO 4217)" in found.text["nb"]
    assert "valutacodes (ISO 4217)" in found.hint["nl"]


def test_the_removed_norwegian_scheme_is_told_its_successor() -> None:
    found = {one.code: one for one in findings(CASES["BR-CL-25"].put("9908"))}
    assert found["PEPPOL-EN16931-CL008"].expected == "0192"
    assert "EAS" in found["PEPPOL-EN16931-CL008"].text["en"]


def test_sepa_is_a_scheme_of_who_gets_the_money_only() -> None:
    root = document()
    buyer = root.find("cac:AccountingCustomerParty/cac:Party", SPACES)
    seller = root.find(".//cac:PartyIdentification", SPACES)
    assert buyer is not None
    assert seller is not None
    seller[0].set("schemeID", "SEPA")
    assert findings(root) == []
    buyer.insert(1, seller)
    assert [one.code for one in findings(root)] == ["BR-CL-10"]


def test_only_the_scheme_of_an_invoiced_object_is_asked() -> None:
    root = document()
    root.find(".//cbc:ID[@schemeID='AAA']", SPACES).set("schemeID", "x")  # type: ignore[union-attr] # in the base
    assert [one.code for one in findings(root)] == ["BR-CL-07"]
    root.find(".//cbc:DocumentTypeCode", SPACES).text = "50"  # type: ignore[union-attr] # same
    assert findings(root) == []


def test_an_unknown_process_is_not_asked_for_its_type_codes() -> None:
    root = CASES["PEPPOL-EN16931-P0100"].put("389")
    assert [one.code for one in findings(root)] == ["PEPPOL-EN16931-P0100"]
    root.find("cbc:ProfileID", SPACES).text = "urn:example"  # type: ignore[union-attr] # in the base
    assert findings(root) == []


def test_german_parties_may_use_the_german_types() -> None:
    root = CASES["PEPPOL-EN16931-P0112"].put("326")
    countries = root.findall(".//cac:PostalAddress/cac:Country/cbc:IdentificationCode", SPACES)
    countries[0].text = "DE"
    assert [one.code for one in findings(root)] == ["PEPPOL-EN16931-P0112"]
    countries[1].text = " DE "
    assert findings(root) == []


def test_the_reason_code_is_judged_by_the_kind_of_entry() -> None:
    root = CASES["BR-CL-20"].put("95")
    assert [one.code for one in findings(root)] == ["BR-CL-20", "PEPPOL-EN16931-CL003"]
    root.findall(".//cbc:ChargeIndicator", SPACES)[1].text = "0"
    assert findings(root) == []


def test_peppol_reads_the_indicator_to_the_letter_and_en_16931_does_not() -> None:
    root = CASES["BR-CL-19"].put("FC")
    root.findall(".//cbc:ChargeIndicator", SPACES)[0].text = "0"
    assert [one.code for one in findings(root)] == ["BR-CL-19"]


def test_a_number_in_a_vat_registration_is_judged_once() -> None:
    """The first official rule that matches an element is the only one of its pattern that judges it."""
    root = CASES["PEPPOL-COMMON-R056-2"].put("NL1")
    registration = root.find(f".//{VAT}", SPACES)
    assert registration is not None
    for scheme, rule in (("0106", "R054"), ("0217", "R056-2"), ("9907", "R056-2"), ("9999", "R056-2")):
        registration.set("schemeID", scheme)
        assert [one.code for one in findings(root)] == [f"PEPPOL-COMMON-{rule}"], scheme


def test_a_rule_without_its_element_is_not_asked() -> None:
    bare = View(parse(f'<Invoice xmlns="{INVOICE}"/>'.encode()))
    assert PLAN.asked(bare) == []
    assert all(isinstance(rule.where, Everywhere) for rule in RULES.values())


def test_no_text_calls_a_list_by_its_file() -> None:
    files = [one for one in codelists.lists() if not one.startswith("COD")]
    inside = {one for one in files if one not in ("EAS", "VATEX")}  # these two are what people say
    texts = [text for rule in RULES.values() for said in (rule.text, rule.hint) for text in said.values()]
    assert [(name, text) for text in texts for name in inside if re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize("name", [one for one in codelists.lists() if not one.startswith("COD")])
def test_every_list_of_the_rules_has_a_title_in_three_languages(name: str) -> None:
    titles = codelists.title(name)
    assert titles.keys() == {"en", "nb", "nl"}
    assert name not in titles.values()


def test_few_codes_are_shown_and_many_are_not() -> None:
    few, many = codelists.Codes("UNCL2005", lists.AS_OF), codelists.Codes("UNCL4461", lists.AS_OF)
    assert (choice(few), choice(many)) == ("3 35 432", "")
    assert choice(codelists.Codes("ISO6523", lists.AS_OF), "9908") == "0192"

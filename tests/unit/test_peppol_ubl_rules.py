"""Rules UBL-CR, UBL-SR, UBL-DT and BR-B: each is silent on a sound document and speaks when its one thing is wrong."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from copy import deepcopy
from importlib.resources import files
from itertools import pairwise

import pytest

from hub.model.finding import Finding, Severity
from schemas.peppol.rules.registry import SETS
from schemas.xml import Element
from tests.ubl_tree import edited, findings, found, ids, put, tree

RULES = {rule.id: rule for rule in SETS[-1].rules}
SOUND = """
cbc:CustomizationID = urn:cen.eu:en16931:2017
cbc:ProfileID = urn:fdc:peppol.eu:2017:poacc:billing:01:1.0
cbc:ID = 10001
cbc:UBLVersionID = 2.1
cbc:IssueDate = 2026-09-04
TYPE = 380
cbc:DocumentCurrencyCode = NOK
cbc:TaxCurrencyCode = NOK
cac:InvoicePeriod/cbc:StartDate = 2026-09-01
cac:OrderReference/cbc:ID = 7
cac:OrderReference/cbc:SalesOrderID = 8
cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID = 9999
cac:DespatchDocumentReference/cbc:ID = D
cac:ReceiptDocumentReference/cbc:ID = R
cac:OriginatorDocumentReference/cbc:ID = O
cac:ContractDocumentReference/cbc:ID = C
cac:AdditionalDocumentReference/cbc:ID = P
cac:AdditionalDocumentReference/cbc:DocumentDescription = bilag
cac:AdditionalDocumentReference/cac:Attachment/cbc:EmbeddedDocumentBinaryObject @mimeCode=text/csv @filename=a.csv = YQ==
cac:ProjectReference/cbc:ID = J
cac:AccountingSupplierParty/cac:Party/cbc:EndpointID @schemeID=0192 = 310000086
cac:AccountingSupplierParty/cac:Party/cac:PartyIdentification/cbc:ID = K1
cac:AccountingSupplierParty/cac:Party/cac:PartyName/cbc:Name = Klinikken
cac:AccountingSupplierParty/cac:Party/cac:PostalAddress/cac:AddressLine/cbc:Line = B
cac:AccountingSupplierParty/cac:Party/cac:PostalAddress/cac:Country/cbc:IdentificationCode = NO
cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID = NO310000086MVA
cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme/cac:TaxScheme/cbc:ID = VAT
cac:AccountingSupplierParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName = Klinikk AS
cac:AccountingSupplierParty/cac:Party/cac:PartyLegalEntity/cbc:CompanyID @schemeID=0192 = 310000086
cac:AccountingSupplierParty/cac:Party/cac:PartyLegalEntity/cbc:CompanyLegalForm = AS
cac:AccountingCustomerParty/cac:Party/cac:PartyIdentification/cbc:ID = B1
cac:AccountingCustomerParty/cac:Party/cac:PartyName/cbc:Name = Kjøper
cac:AccountingCustomerParty/cac:Party/cac:PostalAddress/cac:Country/cbc:IdentificationCode = NO
cac:AccountingCustomerParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID = NO310000914MVA
cac:AccountingCustomerParty/cac:Party/cac:PartyTaxScheme/cac:TaxScheme/cbc:ID = VAT
cac:AccountingCustomerParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName = Kjøper AS
cac:AccountingCustomerParty/cac:Party/cac:PartyLegalEntity/cbc:CompanyID @schemeID=0192 = 310000914
cac:PayeeParty/cac:PartyIdentification/cbc:ID = F1
cac:PayeeParty/cac:PartyName/cbc:Name = Faktorselskap
cac:PayeeParty/cac:PartyLegalEntity/cbc:CompanyID = 3
cac:TaxRepresentativeParty/cac:PartyName/cbc:Name = Representant
cac:TaxRepresentativeParty/cac:PartyTaxScheme/cbc:CompanyID = NO310000086MVA
cac:TaxRepresentativeParty/cac:PartyTaxScheme/cac:TaxScheme/cbc:ID = VAT
cac:Delivery/cac:DeliveryLocation/cac:Address/cac:Country/cbc:IdentificationCode = NO
cac:Delivery/cac:DeliveryParty/cac:PartyName/cbc:Name = Mottaker
cac:PaymentMeans/cbc:PaymentMeansCode @name=Kredittoverføring = 30
cac:PaymentMeans/cbc:PaymentID = 1000124
cac:PaymentMeans/cac:CardAccount/cbc:PrimaryAccountNumberID = 1234
cac:PaymentMeans/cac:CardAccount/cbc:NetworkID = VISA
cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID = 86011117947
cac:PaymentMeans/cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID = DNBANOKK
cac:PaymentMeans/cac:PaymentMandate/cbc:ID = M1
cac:PaymentMeans/cac:PaymentMandate/cac:PayerFinancialAccount/cbc:ID = 86011117947
cac:PaymentTerms/cbc:Note = 14 dager
cac:AllowanceCharge/cbc:ChargeIndicator = false
cac:AllowanceCharge/cbc:AllowanceChargeReasonCode = 95
cac:AllowanceCharge/cbc:AllowanceChargeReason = Avtale
cac:AllowanceCharge/cbc:Amount @currencyID=NOK = 20.00
cac:AllowanceCharge/cac:TaxCategory/cbc:ID = E
cac:TaxTotal/cbc:TaxAmount @currencyID=NOK = 0
cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:ID = E
cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:TaxExemptionReason = Helsetjeneste
cac:LegalMonetaryTotal/cbc:PayableAmount @currencyID=NOK = 100.00
LINE/cbc:ID = 1
LINE/cbc:Note = Merknad
LINE/cac:InvoicePeriod/cbc:StartDate = 2026-09-01
LINE/cac:OrderLineReference/cbc:LineID = 7
LINE/cac:DocumentReference/cbc:ID = objekt
LINE/cac:DocumentReference/cbc:DocumentTypeCode = 130
LINE/cac:Item/cbc:Description = Time
LINE/cac:Item/cbc:Name = Behandling
LINE/cac:Item/cac:BuyersItemIdentification/cbc:ID = 1
LINE/cac:Item/cac:SellersItemIdentification/cbc:ID = 2
LINE/cac:Item/cac:ClassifiedTaxCategory/cbc:ID = E
LINE/cac:Price/cbc:PriceAmount @currencyID=NOK = 12.3456
LINE/cac:Price/cac:AllowanceCharge/cbc:ChargeIndicator = false
LINE/cac:Price/cac:AllowanceCharge/cbc:Amount @currencyID=NOK = 0.1234
"""
INVOICE, NOTE = tree(SOUND), tree(SOUND, credit=True)
BOTH = pytest.mark.parametrize("sound", [INVOICE, NOTE], ids=["invoice", "credit-note"])
SELLER, BUYER = "cac:AccountingSupplierParty/cac:Party", "cac:AccountingCustomerParty/cac:Party"
DOCUMENTS = "cac:AdditionalDocumentReference"
UNUSED = (
    *(("UBL-DT-08", "schemeName"), ("UBL-DT-09", "schemeAgencyName"), ("UBL-DT-10", "schemeDataURI")),
    *(("UBL-DT-11", "schemeURI"), ("UBL-DT-12", "format"), ("UBL-DT-13", "unitCodeListIdentifier")),
    *(("UBL-DT-14", "unitCodeListAgencyIdentifier"), ("UBL-DT-15", "unitCodeListAgencyName")),
    *(("UBL-DT-16", "listAgencyName"), ("UBL-DT-17", "listName"), ("UBL-DT-18", "name"), ("UBL-DT-19", "languageID")),
    *(("UBL-DT-20", "listURI"), ("UBL-DT-21", "listSchemeURI"), ("UBL-DT-22", "languageLocaleID")),
    *(("UBL-DT-23", "uri"), ("UBL-DT-24", "currencyCodeListVersionID"), ("UBL-DT-25", "characterSetCode")),
    *(("UBL-DT-26", "encodingCode"), ("UBL-DT-27", "schemeAgencyID"), ("UBL-DT-28", "listAgencyID")),
    ("UBL-CR-663", "unitCodeListID"),
)
ITALY = f"""
~ {SELLER}/cac:PostalAddress/cac:Country/cbc:IdentificationCode = IT
~ {BUYER}/cac:PostalAddress/cac:Country/cbc:IdentificationCode = IT
~ cac:Delivery/cac:DeliveryLocation/cac:Address/cac:Country/cbc:IdentificationCode = IT
"""
SPLIT = """
~ cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:ID = B
"""
REASON = "+ cac:AllowanceCharge/cbc:AllowanceChargeReason = x"
MEANS = """
+ cac:PaymentMeans
"""


def registration(party: str, scheme: str) -> str:
    """The edit that adds one."""
    return f"""
+ {party}/cac:PartyTaxScheme
+ {party}/cac:PartyTaxScheme/cbc:CompanyID = x
+ {party}/cac:PartyTaxScheme/cac:TaxScheme/cbc:ID = {scheme}
"""


def creditor(party: str) -> str:
    """The edit that adds a creditor identifier."""
    return f"""
+ {party}/cac:PartyIdentification
+ {party}/cac:PartyIdentification/cbc:ID @schemeID=sepa = x
"""


def table(name: str) -> list[dict[str, str]]:
    text = (files("schemas.peppol.rules.set_2026_5") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


UNKNOWN, REPEATS = table("ubl_unknown.csv"), table("ubl_repeats.csv")


def of_rule(root: Element, rule_id: str) -> list[Finding]:
    return [one for one in findings(root) if one.code == rule_id]


def syntax(root: Element) -> list[str]:
    return sorted(code for code in ids(root).elements() if code.startswith(("UBL-", "BR-B-")))


@BOTH
def test_a_document_with_every_group_breaks_no_rule_on_syntax(sound: Element) -> None:
    assert syntax(sound) == []


def test_the_tables_and_the_rest_make_up_all_rules_on_syntax_once() -> None:
    known = sorted(rule.id for rule in SETS[-1].rules if rule.id.startswith(("UBL-", "BR-B-")))
    assert all(one != two for one, two in pairwise(known))
    counted = [sum(one.startswith(kind) for one in known) for kind in ("UBL-CR", "UBL-SR", "UBL-DT", "BR-B")]
    assert counted == [678, 54, 24, 2]


@pytest.mark.parametrize("rule_id", sorted(one for one in RULES if one.startswith(("UBL-", "BR-B-"))))
def test_texts_stand_in_three_languages(rule_id: str) -> None:
    rule = RULES[rule_id]
    for said in (rule.text, rule.hint):
        assert set(said) == {"en", "nb", "nl"}
        assert all(text and "{" not in text for text in said.values())


def roots(path: str) -> Iterator[tuple[Element, str]]:
    """A document to put a path of the table into, and the path from its root; both kinds where lines are meant."""
    path = path.removeprefix("//")
    if path.startswith("LINE/"):
        yield deepcopy(INVOICE), path.replace("LINE", "cac:InvoiceLine")
        yield deepcopy(NOTE), path.replace("LINE", "cac:CreditNoteLine")
    elif path.startswith("cac:Price/"):
        yield deepcopy(INVOICE), f"cac:InvoiceLine/{path}"
    else:
        yield deepcopy(INVOICE), path


@pytest.mark.parametrize("row", UNKNOWN, ids=[row["rule"] for row in UNKNOWN])
def test_what_en16931_does_not_know_is_named_once(row: dict[str, str]) -> None:
    place, _, attribute = row["path"].partition("/@")
    for root, path in roots(place):
        if attribute:
            (found(root, path) or [put(root, path, "x")])[0].set(attribute, "x")
        else:
            put(root, path, "x")
            put(root, path, "x")  # two of them are still one finding
        broken = of_rule(root, row["rule"])
        assert [one.severity for one in broken] == [Severity(row["severity"])]
        what = f"@{attribute}" if attribute else path.rpartition("/")[2]
        assert all(what in text for text in (*broken[0].text.values(), *broken[0].hint.values()))
        assert broken[0].location.endswith(place.rpartition(":")[2]) or "[" in broken[0].location


def test_an_element_that_is_unknown_at_one_place_is_welcome_at_another() -> None:
    assert "UBL-CR-272" in ids(edited(INVOICE, "+ cac:PayeeParty/cac:PostalAddress/cbc:CityName = Oslo"))
    assert "UBL-CR-272" not in ids(edited(INVOICE, f"+ {SELLER}/cac:PostalAddress/cbc:CityName = Oslo"))


def test_another_version_of_ubl_is_named() -> None:
    assert [one.value for one in of_rule(edited(INVOICE, "~ cbc:UBLVersionID = 2.2"), "UBL-CR-002")] == ["2.2"]


def test_a_due_date_beside_the_payment_means_is_for_credit_notes() -> None:
    edit = "+ cac:PaymentMeans/cbc:PaymentDueDate = 2026-10-01"
    assert (ids(edited(INVOICE, edit))["UBL-CR-412"], ids(edited(NOTE, edit))["UBL-CR-412"]) == (1, 0)


@pytest.mark.parametrize(("code", "count"), [("130", 0), ("50", 1), ("", 1)])
def test_only_an_invoiced_object_has_a_scheme(code: str, count: int) -> None:
    typed = f"~ {DOCUMENTS}/cbc:DocumentTypeCode = {code}" if code else ""
    assert ids(edited(INVOICE, f"~ {DOCUMENTS}/cbc:ID @schemeID=AAA\n{typed}"))["UBL-CR-665"] == count


def test_the_type_code_of_an_object_may_stand_twice() -> None:
    schemed = edited(INVOICE, f"~ {DOCUMENTS}/cbc:ID @schemeID=AAA\n+ {DOCUMENTS}/cbc:DocumentTypeCode = 130")
    assert ids(edited(schemed, f"+ {DOCUMENTS}/cbc:DocumentTypeCode = 130"))["UBL-CR-665"] == 0
    assert ids(edited(schemed, f"+ {DOCUMENTS}/cbc:DocumentTypeCode = 50"))["UBL-CR-665"] == 1


def test_what_counts_registrations_speaks_of_registrations() -> None:
    assert "registrations" in RULES["UBL-SR-42"].text["en"]


def test_an_attached_file_without_its_type_is_named_but_not_shown() -> None:
    place = f"{DOCUMENTS}/cac:Attachment/cbc:EmbeddedDocumentBinaryObject"
    root = deepcopy(INVOICE)
    del found(root, place)[0].attrib["mimeCode"]
    (broken,) = of_rule(root, "UBL-DT-06")
    assert (broken.text["en"], broken.value) == ("Attached file (BT-125) has no @mimeCode.", "")


@pytest.mark.parametrize(
    ("rule_id", "name"), [("UBL-CR-666", "cac:Attachment"), ("UBL-CR-673", "cbc:DocumentDescription")]
)
def test_an_invoiced_object_is_only_an_identifier(rule_id: str, name: str) -> None:
    root = edited(INVOICE, f"+ {DOCUMENTS}/cbc:DocumentTypeCode = 130")
    broken = of_rule(root, rule_id)
    assert [one.severity for one in broken] == [Severity.FATAL]
    assert name in broken[0].said("en")
    assert of_rule(edited(root, f"- {DOCUMENTS}/{name}"), rule_id) == []


def places(row: dict[str, str]) -> Iterator[tuple[Element, str]]:
    """Where a counting rule's element stands in a sound document: around each alternative."""
    around = row["around"].split()
    if around == ["/"]:
        yield deepcopy(INVOICE), row["path"]
    for one, kind in zip(around, (INVOICE, NOTE), strict=False):
        known = {
            "cac:PostalAddress": f"{SELLER}/cac:PostalAddress",
            "cac:Address": "cac:Delivery/cac:DeliveryLocation/cac:Address",
            "cac:TaxSubtotal": "cac:TaxTotal/cac:TaxSubtotal",
        }
        if one != "/":
            yield deepcopy(kind), f"{known.get(one, one)}/{row['path']}"


@pytest.mark.parametrize("row", REPEATS, ids=[row["rule"] for row in REPEATS])
def test_what_may_stand_so_often_may_not_stand_once_more(row: dict[str, str]) -> None:
    for root, path in places(row):
        while len(found(root, path)) < int(row["times"]):
            put(root, path, "x")
        assert ids(root)[row["rule"]] == 0
        put(root, path, "x")
        put(root, path, "x")  # one finding, however many too many
        broken = of_rule(root, row["rule"])
        assert [one.severity for one in broken] == [Severity.FATAL]
        assert broken[0].term == row["term"]


def test_each_line_with_too_many_is_a_finding_of_its_own() -> None:
    root = deepcopy(INVOICE)
    for number in range(3):
        root.append(deepcopy(found(INVOICE, "cac:InvoiceLine")[0]))
        put(root, "cac:InvoiceLine/cbc:Note", "x") if number else None
    assert ids(root)["UBL-SR-34"] == 2


CONDITIONAL = [
    (
        "UBL-SR-04",
        f"""+ {DOCUMENTS}
            + {DOCUMENTS}/cbc:ID = a
            + {DOCUMENTS}/cbc:DocumentTypeCode = 130
            + {DOCUMENTS}
            + {DOCUMENTS}/cbc:ID = b""",
        f"+ {DOCUMENTS}/cbc:DocumentTypeCode = 130",
    ),
    ("UBL-SR-07", "+ cac:BillingReference/cac:InvoiceDocumentReference/cbc:IssueDate = x", "+ cac:BillingReference"),
    ("UBL-SR-12", registration(SELLER, "TAX"), registration(SELLER, "vat")),
    ("UBL-SR-13", registration(SELLER, "TAX"), registration(SELLER, "TAX") + registration(SELLER, "LOC")),
    ("UBL-SR-18", registration(BUYER, "TAX"), registration(BUYER, "VAT")),
    ("UBL-SR-19", "", "+ cac:PayeeParty/cac:PartyName/cbc:Name = x"),
    ("UBL-SR-19", "", "~ cac:PayeeParty/cac:PartyName/cbc:Name = Klinikk AS"),
    ("UBL-SR-19", "", "- cac:PayeeParty/cac:PartyName"),
    ("UBL-SR-20", creditor("cac:PayeeParty"), "+ cac:PayeeParty/cac:PartyIdentification/cbc:ID = x"),
    ("UBL-SR-21", "", "+ cac:PayeeParty/cac:PartyLegalEntity/cbc:CompanyID = x"),
    ("UBL-SR-29", creditor("cac:PayeeParty"), creditor(SELLER)),
    ("UBL-SR-30", "~ cac:AllowanceCharge/cbc:ChargeIndicator = 0", REASON),
    ("UBL-SR-31", "~ cac:AllowanceCharge/cbc:ChargeIndicator = true", REASON),
    ("UBL-SR-43", "", f"+ {DOCUMENTS}/cbc:DocumentTypeCode = 50"),
    ("UBL-SR-43", f"+ {DOCUMENTS}/cbc:DocumentTypeCode = 130", f"~ {DOCUMENTS}/cbc:DocumentTypeCode = 916"),
    ("UBL-SR-43", "", f"~ {DOCUMENTS}/cbc:ID @schemeID=AAA = P"),
    ("UBL-SR-44", MEANS + "+ cac:PaymentMeans/cbc:PaymentID = 1000124", "+ cac:PaymentMeans/cbc:PaymentID = 1000125"),
    ("UBL-SR-46", MEANS, "+ cac:PaymentMeans/cbc:PaymentMeansCode @name=Bank = 30"),
    (
        "UBL-SR-47",
        MEANS + "+ cac:PaymentMeans/cbc:PaymentMeansCode = 30",
        "~ cac:PaymentMeans/cbc:PaymentMeansCode = 58",
    ),
    (
        "UBL-SR-48",
        "",
        "+ LINE/cac:Item/cac:ClassifiedTaxCategory/cbc:Percent = 0\n+ LINE/cac:Item/cac:ClassifiedTaxCategory",
    ),
    ("UBL-SR-48", "", "- LINE/cac:Item/cac:ClassifiedTaxCategory"),
    ("UBL-SR-53", "", f"- {BUYER}/cac:PartyTaxScheme/cbc:CompanyID"),
    ("UBL-SR-53", "", "- cac:TaxRepresentativeParty/cac:PartyTaxScheme/cac:TaxScheme/cbc:ID"),
    ("UBL-DT-01", "~ cac:AllowanceCharge/cbc:Amount = 1.23", "~ cac:AllowanceCharge/cbc:Amount = 1.230"),
    ("UBL-DT-01", "~ LINE/cac:Price/cac:AllowanceCharge/cbc:BaseAmount = 1.2345", "~ LINE/cbc:TaxAmount = 1.2345"),
    ("UBL-DT-01", "~ LINE/cac:Price/cbc:OtherAmount = 1.2345", "- LINE/cac:Price/cac:AllowanceCharge"),
    ("UBL-DT-06", "", f"+ {DOCUMENTS}/cac:Attachment/cbc:EmbeddedDocumentBinaryObject @filename=b = YQ=="),
    ("UBL-DT-07", "", f"+ {DOCUMENTS}/cac:Attachment/cbc:EmbeddedDocumentBinaryObject @mimeCode=text/csv = YQ=="),
    ("BR-B-01", ITALY + SPLIT, f"~ {BUYER}/cac:PostalAddress/cac:Country/cbc:IdentificationCode = NO"),
    (
        "BR-B-01",
        ITALY,
        "~ LINE/cac:Item/cac:ClassifiedTaxCategory/cbc:ID = B\n+ LINE/cac:OriginCountry/cbc:IdentificationCode = NO",
    ),
    ("BR-B-02", SPLIT, "~ LINE/cac:Item/cac:ClassifiedTaxCategory/cbc:ID = S"),
]


@pytest.mark.parametrize(("rule_id", "right", "wrong"), CONDITIONAL)
def test_a_rule_with_a_condition_speaks_only_when_it_is_met(rule_id: str, right: str, wrong: str) -> None:
    sound = edited(INVOICE, right)
    assert ids(sound)[rule_id] == 0
    broken = of_rule(edited(sound, wrong), rule_id)
    assert [one.severity for one in broken] == [Severity.FATAL]


def test_a_project_on_a_credit_note_is_written_as_a_supporting_document() -> None:
    edit = f"+ {DOCUMENTS}/cbc:DocumentTypeCode = 50"
    assert (ids(edited(INVOICE, edit))["UBL-SR-43"], ids(edited(NOTE, edit))["UBL-SR-43"]) == (1, 0)


def test_a_charge_may_have_the_reason_twice_for_all_the_rule_on_allowances_cares() -> None:
    assert not {"UBL-SR-30", "UBL-SR-31"} & set(ids(edited(INVOICE, REASON.replace("Reason", "ReasonCode"))))
    assert ids(edited(INVOICE, REASON))["UBL-SR-31"] == 0


@pytest.mark.parametrize(("rule_id", "attribute"), UNUSED)
def test_an_attribute_that_is_not_in_use_is_named_once(rule_id: str, attribute: str) -> None:
    once = edited(INVOICE, f"~ cbc:ID @{attribute}=x")
    broken = of_rule(edited(once, f"~ LINE/cbc:ID @{attribute}=x"), rule_id)
    assert [(one.severity, one.location) for one in broken] == [(Severity.WARNING, "/Invoice/cbc:ID")]
    assert all(f"@{attribute}" in text for text in broken[0].text.values())

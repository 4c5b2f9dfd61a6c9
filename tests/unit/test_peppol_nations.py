"""National rules of Peppol billing for Denmark, Germany, Greece, Iceland, Italy and Sweden: each holds and each breaks."""

from __future__ import annotations

import pytest

from hub.model.finding import Severity
from schemas.peppol.rules.core import Plan, judge
from schemas.peppol.rules.registry import SETS
from schemas.peppol.rules.set_2026_5 import denmark, germany, greece, iceland, italy, sweden
from schemas.peppol.rules.set_2026_5.nations import number, plain
from schemas.peppol.rules.view import View
from schemas.xml import Element
from tests.ubl_tree import edited, findings, ids, tree

NATIONS = (denmark, germany, greece, iceland, italy, sweden)
RULES = {rule.id: rule for module in NATIONS for rule in module.RULES}
WARNINGS = {
    *(f"DE-R-{one}" for one in ("017", "019", "020", "026", "027", "028", "T02")),
    *("GR-S-011", "GR-S-008-1", "IS-R-001", "SE-R-007", "SE-R-008", "SE-R-009", "SE-R-010", "SE-R-011", "SE-R-012"),
}
SELLER, BUYER = "cac:AccountingSupplierParty/cac:Party", "cac:AccountingCustomerParty/cac:Party"
LAND, MEANS, DOCUMENTS = (
    "cac:PostalAddress/cac:Country/cbc:IdentificationCode",
    "cac:PaymentMeans",
    "cac:AdditionalDocumentReference",
)
CODE, ACCOUNT = f"{MEANS}/cbc:PaymentMeansCode", f"{MEANS}/cac:PayeeFinancialAccount/cbc:ID"
VAT_NUMBER, LEGAL = f"{SELLER}/cac:PartyTaxScheme/cbc:CompanyID", "cac:PartyLegalEntity/cbc:CompanyID"
BRANCH = f"{MEANS}/cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID"
SECOND_TAX = f"""
+ {SELLER}/cac:PartyTaxScheme
+ {SELLER}/cac:PartyTaxScheme/cac:TaxScheme/cbc:ID = TAX
+ {VAT_NUMBER}"""
ANYWHERE = f"""
cbc:ID = 10001
cbc:IssueDate = 2026-09-04
cbc:DueDate = 2026-09-18
TYPE = 380
cbc:DocumentCurrencyCode = EUR
cbc:BuyerReference = ref
{SELLER}/cac:PartyName/cbc:Name = Seller
{SELLER}/cac:PostalAddress/cbc:StreetName = Street 1
{SELLER}/cac:PostalAddress/cbc:CityName = City
{SELLER}/cac:PostalAddress/cbc:PostalZone = 1000
{SELLER}/cac:PartyLegalEntity/cbc:RegistrationName = Seller
{BUYER}/cac:PartyName/cbc:Name = Buyer
{BUYER}/cac:PostalAddress/cbc:StreetName = Street 2
{BUYER}/cac:PostalAddress/cbc:CityName = City
{BUYER}/cac:PostalAddress/cbc:PostalZone = 2000
{BUYER}/cac:PartyLegalEntity/cbc:RegistrationName = Buyer
cac:PaymentTerms/cbc:Note = 14 days
cac:AllowanceCharge/cbc:ChargeIndicator = false
cac:AllowanceCharge/cbc:AllowanceChargeReason = Agreed
cac:AllowanceCharge/cac:TaxCategory/cbc:ID = S
cac:AllowanceCharge/cac:TaxCategory/cbc:Percent = 25
cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:ID = S
cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:Percent = 25
cac:LegalMonetaryTotal/cbc:PayableAmount @currencyID=EUR = 100.00
LINE/cbc:ID = 1
LINE/cac:Item/cbc:Name = Treatment
LINE/cac:Item/cac:ClassifiedTaxCategory/cbc:ID = S
LINE/cac:Item/cac:ClassifiedTaxCategory/cbc:Percent = 25
"""
GERMAN = f"""
+ {SELLER}/{LAND} = DE
+ {BUYER}/{LAND} = de
+ {VAT_NUMBER} = DE123456789
+ {SELLER}/cac:PartyTaxScheme/cac:TaxScheme/cbc:ID = VAT
+ {SELLER}/cac:PartyIdentification/cbc:ID @schemeID=SEPA = DE98ZZZ09999999999
+ {SELLER}/cac:Contact/cbc:Name = Desk
+ {SELLER}/cac:Contact/cbc:Telephone = +49 30 1
+ {SELLER}/cac:Contact/cbc:ElectronicMail = desk@klinik.example
+ cac:Delivery/cac:DeliveryLocation/cac:Address/cbc:CityName = Berlin
+ cac:Delivery/cac:DeliveryLocation/cac:Address/cbc:PostalZone = 10115
+ cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID = 9999
+ {CODE} = 58
+ {ACCOUNT} = DE89 3704 0044 0532 0130 00
+ {MEANS}
+ {CODE} = 48
+ {MEANS}/cac:CardAccount/cbc:PrimaryAccountNumberID = 1234
+ {MEANS}
+ {CODE} = 59
+ {MEANS}/cac:PaymentMandate/cac:PayerFinancialAccount/cbc:ID = DE89370400440532013000
+ {DOCUMENTS}
+ {DOCUMENTS}/cac:Attachment/cbc:EmbeddedDocumentBinaryObject @mimeCode=text/csv @filename=a.csv = YQ==
+ {DOCUMENTS}
+ {DOCUMENTS}/cac:Attachment/cbc:EmbeddedDocumentBinaryObject @mimeCode=text/csv = YQ==
+ {DOCUMENTS}/cac:Attachment/cac:ExternalReference/cbc:URI = https://klinik.example
"""
DANISH = f"""
+ {SELLER}/{LAND} = DK
+ {BUYER}/{LAND} = DK
+ {SELLER}/cac:PartyIdentification/cbc:ID @schemeID=0184 = 12345678
+ {SELLER}/{LEGAL} @schemeID=0184 = 12345678
+ {BUYER}/{LEGAL} @schemeID=0184 = 87654321
+ {CODE} = 50
+ {MEANS}/cbc:PaymentID = 04#1234567890123456
+ {ACCOUNT} = 1234567
+ cac:AllowanceCharge/cbc:AllowanceChargeReasonCode = ZZZ
~ cac:AllowanceCharge/cbc:AllowanceChargeReason = 1234
+ LINE/cac:Item/cac:CommodityClassification/cbc:ItemClassificationCode @listID=TST @listVersionID=26.08.01 = 85
"""
SWEDISH = f"""
+ {SELLER}/{LAND} = SE
+ {BUYER}/{LAND} = SE
+ {VAT_NUMBER} = SE556703748501
+ {SELLER}/cac:PartyTaxScheme/cac:TaxScheme/cbc:ID = VAT
{SECOND_TAX} = Godkänd  för F-skatt
+ {SELLER}/{LEGAL} = 5567037485
+ {CODE} = 30
+ {ACCOUNT} = 1234567
+ {BRANCH} = SE:BANKGIRO
+ {MEANS}
+ {CODE} = 30
+ {ACCOUNT} = 12
+ {BRANCH} = SE:PLUSGIRO
"""
GREEK = f"""
~ cbc:ID = 123456783|04/09/2026|0|1.1|A|1
+ {SELLER}/{LAND} = GR
+ {BUYER}/{LAND} = GR
+ {SELLER}/cbc:EndpointID @schemeID=9933 = 123456783
+ {VAT_NUMBER} = EL123456783
+ {SELLER}/cac:PartyTaxScheme/cac:TaxScheme/cbc:ID = VAT
+ {BUYER}/cbc:EndpointID @schemeID=9933 = 123456783
+ {BUYER}/cac:PartyTaxScheme/cbc:CompanyID = EL123456783
+ {BUYER}/cac:PartyTaxScheme/cac:TaxScheme/cbc:ID = VAT
+ {DOCUMENTS}/cbc:ID = 400001
+ {DOCUMENTS}/cbc:DocumentDescription = ##M.AR.K##
+ {DOCUMENTS}
+ {DOCUMENTS}/cbc:ID = 1
+ {DOCUMENTS}/cbc:DocumentDescription = ##INVOICE|URL##
+ {DOCUMENTS}/cac:Attachment/cac:ExternalReference/cbc:URI = https://klinik.example
"""
ICELANDIC = f"""
+ {SELLER}/{LAND} = IS
+ {BUYER}/{LAND} = IS
+ {SELLER}/{LEGAL} @schemeID=0196 = 1234567890
+ {BUYER}/{LEGAL} @schemeID=0196 = 1234567890
+ {CODE} = 9
+ {ACCOUNT} = 123466123456
+ {MEANS}
+ {CODE} = 42
+ {ACCOUNT} = 123426123456
+ {DOCUMENTS}/cbc:ID = 2026-09-18
+ {DOCUMENTS}/cbc:DocumentDescription = EINDAGI
"""
ITALIAN = f"""
+ {SELLER}/{LAND} = IT
+ {BUYER}/{LAND} = IT
+ {VAT_NUMBER} = IT12345678901
+ {SELLER}/cac:PartyTaxScheme/cac:TaxScheme/cbc:ID = VAT
{SECOND_TAX} = RSSMRA85T10A562S
"""
COMMON = tree(ANYWHERE)
SOUND = {
    "DE": edited(COMMON, GERMAN),
    "DK": edited(COMMON, DANISH),
    "SE": edited(COMMON, SWEDISH),
    "GR": edited(COMMON, GREEK),
    "IS": edited(COMMON, ICELANDIC),
    "IT": edited(COMMON, ITALIAN),
}
DANISH_NOTE = edited(tree(ANYWHERE, credit=True), DANISH)


def paid(*details: str) -> str:
    """One means of payment instead of those there are."""
    return "\n".join((f"- {MEANS}", *details))


def transfer(account: str) -> str:
    """A Swedish or German transfer to an account."""
    return f"~ {ACCOUNT} = {account}"


GERMAN_BREAKS = [
    ("DE-R-001", f"- {MEANS}"),
    ("DE-R-002", f"- {SELLER}/cac:Contact"),
    ("DE-R-003", f"- {SELLER}/cac:PostalAddress/cbc:CityName"),
    ("DE-R-003", f"~ {SELLER}/cac:PostalAddress/cbc:CityName = "),
    ("DE-R-004", f"- {SELLER}/cac:PostalAddress/cbc:PostalZone"),
    ("DE-R-005", f"- {SELLER}/cac:Contact/cbc:Name"),
    ("DE-R-006", f"- {SELLER}/cac:Contact/cbc:Telephone"),
    ("DE-R-007", f"- {SELLER}/cac:Contact/cbc:ElectronicMail"),
    ("DE-R-008", f"- {BUYER}/cac:PostalAddress/cbc:CityName"),
    ("DE-R-009", f"- {BUYER}/cac:PostalAddress/cbc:PostalZone"),
    ("DE-R-010", "- cac:Delivery/cac:DeliveryLocation/cac:Address/cbc:CityName"),
    ("DE-R-011", "- cac:Delivery/cac:DeliveryLocation/cac:Address/cbc:PostalZone"),
    ("DE-R-014", "- cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:Percent"),
    ("DE-R-015", "- cbc:BuyerReference"),
    ("DE-R-016", f"- {SELLER}/cac:PartyTaxScheme"),
    ("DE-R-016", f"- {SELLER}/cac:PartyTaxScheme\n- LINE/cac:Item/cac:ClassifiedTaxCategory"),
    ("DE-R-016", f"- {SELLER}/cac:PartyTaxScheme\n- cac:AllowanceCharge"),
    ("DE-R-017", "~ TYPE = 393"),
    ("DE-R-018", "~ cac:PaymentTerms/cbc:Note = #SKONTO#TAGE=14#PROZENT=2.00#"),
    ("DE-R-018", r"~ cac:PaymentTerms/cbc:Note = #SKONTO#TAGE=14#PROZENT=2#\n"),
    ("DE-R-018", r"~ cac:PaymentTerms/cbc:Note = Terms:\n#SKONTO#TAGE=14#PROZENT=2.00#"),
    ("DE-R-019", transfer("DE88370400440532013000")),
    ("DE-R-019", transfer("none")),
    ("DE-R-020", f"~ {MEANS}/cac:PaymentMandate/cac:PayerFinancialAccount/cbc:ID = DE88370400440532013000"),
    ("DE-R-022", f"+ {DOCUMENTS}/cac:Attachment/cbc:EmbeddedDocumentBinaryObject @filename=a.csv = YQ=="),
    ("DE-R-023-1", f"- {MEANS}/cac:PayeeFinancialAccount"),
    ("DE-R-023-2", paid(f"+ {CODE} = 30", f"+ {ACCOUNT} = 1", f"+ {MEANS}/cac:CardAccount")),
    ("DE-R-024-1", f"- {MEANS}/cac:CardAccount"),
    ("DE-R-024-2", paid(f"+ {CODE} = 55", f"+ {MEANS}/cac:CardAccount", f"+ {ACCOUNT} = 1")),
    ("DE-R-025-1", f"- {MEANS}/cac:PaymentMandate"),
    ("DE-R-025-2", paid(f"+ {CODE} = 59", f"+ {MEANS}/cac:PaymentMandate/cbc:ID = M", f"+ {ACCOUNT} = 1")),
    ("DE-R-026", "~ TYPE = 384\n- cac:BillingReference"),
    ("DE-R-027", f"~ {SELLER}/cac:Contact/cbc:Telephone = 12"),
    ("DE-R-028", f"~ {SELLER}/cac:Contact/cbc:ElectronicMail = desk@klinik"),
    ("DE-R-030", f"- {SELLER}/cac:PartyIdentification"),
    ("DE-R-031", f"- {MEANS}/cac:PaymentMandate/cac:PayerFinancialAccount"),
    ("DE-R-T02", f"- {DOCUMENTS}/cac:Attachment/cac:ExternalReference/cbc:URI"),
    ("DE-R-T02", f"- {DOCUMENTS}\n+ {DOCUMENTS}/cac:Attachment/cac:ExternalReference/cbc:URI = klinik.example"),
]
DANISH_BREAKS = [
    ("DK-R-002", f"- {SELLER}/{LEGAL}"),
    (
        "DK-R-003",
        "- LINE/cac:Item/cac:CommodityClassification\n+ LINE/cac:Item/cac:CommodityClassification/cbc:ItemClassificationCode @listID=TST @listVersionID=1 = 85",
    ),
    ("DK-R-004", "~ cac:AllowanceCharge/cbc:AllowanceChargeReason = duty"),
    ("DK-R-004", "~ cac:AllowanceCharge/cbc:AllowanceChargeReason = -123"),
    ("DK-R-004", "~ cac:AllowanceCharge/cbc:AllowanceChargeReason = 1234#"),
    ("DK-R-005", f"~ {CODE} = 30"),
    ("DK-R-006", f"~ {CODE} = 42"),
    ("DK-R-007", f"~ {CODE} = 49"),
    ("DK-R-008", f"~ {MEANS}/cbc:PaymentID = 73#"),
    ("DK-R-008", transfer("123")),
    ("DK-R-009", f"~ {MEANS}/cbc:PaymentID = 04#123"),
    ("DK-R-010", f"~ {CODE} = 93"),
    ("DK-R-010", f"~ {CODE} = 93\n~ {MEANS}/cbc:PaymentID = 73#"),
    ("DK-R-011", f"~ {CODE} = 93\n~ {MEANS}/cbc:PaymentID = 71#1"),
    ("DK-R-013", f"+ {BUYER}/cac:PartyIdentification/cbc:ID = 1"),
    ("DK-R-014", f"~ {SELLER}/{LEGAL} @schemeID=0192"),
    ("DK-R-017", f"~ {BUYER}/{LEGAL} @schemeID=0192"),
]
SWEDISH_BREAKS = [
    ("SE-R-001", f"~ {VAT_NUMBER} = SE55670374850"),
    ("SE-R-002", f"~ {VAT_NUMBER} = SE5567037485AB"),
    ("SE-R-003", f"~ {SELLER}/{LEGAL} = 556703-7485"),
    ("SE-R-004", f"~ {SELLER}/{LEGAL} = 556703748"),
    ("SE-R-005", f"- {SELLER}/cac:PartyTaxScheme\n+ {VAT_NUMBER} = x"),
    ("SE-R-006", "~ cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:Percent = 24"),
    ("SE-R-006", "- LINE/cac:Item/cac:ClassifiedTaxCategory/cbc:Percent"),
    ("SE-R-007", f"~ {BRANCH} = SE:PLUSGIRO\n{transfer('12-3')}"),
    ("SE-R-008", transfer("123-456")),
    ("SE-R-009", transfer("123456")),
    ("SE-R-010", f"~ {BRANCH} = SE:PLUSGIRO\n{transfer('1')}"),
    ("SE-R-011", f"~ {CODE} = 56"),
    ("SE-R-012", f"~ {CODE} = 31"),
    ("SE-R-013", f"~ {SELLER}/{LEGAL} = 5567037486"),
    ("SE-R-013", f"~ {SELLER}/{LEGAL} = 55670"),
]
GREEK_BREAKS = [
    ("GR-R-001-1", "~ cbc:ID = 123456783|04/09/2026|0|1.1|A"),
    ("GR-R-001-2", "~ cbc:ID = 123456784|04/09/2026|0|1.1|A|1"),
    ("GR-R-001-2", "~ cbc:ID = 10001"),
    ("GR-R-001-3", "~ cbc:ID = 123456783|05/09/2026|0|1.1|A|1"),
    ("GR-R-001-3", "- cbc:IssueDate"),
    ("GR-R-001-4", "~ cbc:ID = 123456783|04/09/2026|-1|1.1|A|1"),
    ("GR-R-001-5", "~ cbc:ID = 123456783|04/09/2026|0|9.9|A|1"),
    ("GR-R-001-6", "~ cbc:ID = 123456783|04/09/2026|0|1.1||1"),
    ("GR-R-001-7", "~ cbc:ID = 123456783|04/09/2026|0|1.1|A|"),
    ("GR-R-002", f"- {SELLER}/cac:PartyName"),
    ("GR-S-011", f"- {SELLER}/cac:PartyTaxScheme"),
    ("GR-R-003", f"~ {VAT_NUMBER} = EL123456784"),
    ("GR-R-004-1", f"- {DOCUMENTS}"),
    ("GR-R-004-2", f"~ {DOCUMENTS}/cbc:ID = 0"),
    ("GR-R-005", f"~ {BUYER}/cac:PartyName/cbc:Name = "),
    ("GR-R-006", f"~ {BUYER}/cac:PartyTaxScheme/cbc:CompanyID = GR123456783"),
    ("GR-S-008-1", f"- {DOCUMENTS}"),
    ("GR-R-008-2", f"+ {DOCUMENTS}\n+ {DOCUMENTS}/cbc:DocumentDescription = ##INVOICE|URL##"),
    ("GR-R-008-3", f"- {DOCUMENTS}/cac:Attachment"),
    ("GR-R-009", f"~ {SELLER}/cbc:EndpointID @schemeID=0192"),
    ("GR-R-010", f"~ {BUYER}/cbc:EndpointID = 12345678"),
]
ICELANDIC_BREAKS = [
    ("IS-R-001", "~ TYPE = 384"),
    ("IS-R-002", f"~ {SELLER}/{LEGAL} @schemeID=0192"),
    ("IS-R-003", f"- {SELLER}/cac:PostalAddress/cbc:StreetName"),
    ("IS-R-004", f"- {BUYER}/{LEGAL}"),
    ("IS-R-005", f"- {BUYER}/cac:PostalAddress/cbc:PostalZone"),
    ("IS-R-006", transfer("12346612345")),
    ("IS-R-007", f"- {MEANS}/cac:PayeeFinancialAccount"),
    ("IS-R-008", f"~ {DOCUMENTS}/cbc:ID = 2026-09-31"),
    ("IS-R-008", f"~ {DOCUMENTS}/cbc:ID = 2026-W38-5"),
    ("IS-R-009", "- cbc:DueDate"),
    ("IS-R-010", f"~ {DOCUMENTS}/cbc:ID = 2026-09-17"),
]
ITALIAN_BREAKS = [
    ("IT-R-001", f"- {SELLER}/cac:PartyTaxScheme\n{SECOND_TAX} = 123\n"),
    ("IT-R-002", f"- {SELLER}/cac:PostalAddress/cbc:StreetName"),
    ("IT-R-003", f"- {SELLER}/cac:PostalAddress/cbc:CityName"),
    ("IT-R-004", f"- {SELLER}/cac:PostalAddress/cbc:PostalZone"),
]
BREAKS = [*GERMAN_BREAKS, *DANISH_BREAKS, *SWEDISH_BREAKS, *GREEK_BREAKS, *ICELANDIC_BREAKS, *ITALIAN_BREAKS]
STILL_RIGHT = [
    ("DE-R-018", r"~ cac:PaymentTerms/cbc:Note = #SKONTO#TAGE=14#PROZENT=2.00#\nand more"),
    ("DE-R-016", f"- {SELLER}/cac:PartyTaxScheme\n+ cac:TaxRepresentativeParty/cac:PartyName/cbc:Name = R"),
    ("DE-R-016", f"- {SELLER}/cac:PartyTaxScheme\n- LINE/cac:Item/cac:ClassifiedTaxCategory\n- cac:AllowanceCharge"),
    ("DE-R-018", r"~ cac:PaymentTerms/cbc:Note = #SKONTO#TAGE=14#PROZENT=2.00#BASISBETRAG=3.57#\n"),
    ("DE-R-026", "~ TYPE = 384"),
    (
        "DE-R-030",
        f"- {SELLER}/cac:PartyIdentification\n+ cac:PayeeParty/cac:PartyIdentification/cbc:ID @schemeID=SEPA = 1",
    ),
    ("DE-R-030", f"- {SELLER}/cac:PartyIdentification\n- {MEANS}/cac:PaymentMandate"),
    ("DK-R-003", "~ LINE/cac:Item/cac:CommodityClassification/cbc:ItemClassificationCode @listID=STI @listVersionID=1"),
    ("DK-R-004", "~ cac:AllowanceCharge/cbc:AllowanceChargeReason = 3#duty"),
    ("DK-R-004", "- cac:AllowanceCharge/cbc:AllowanceChargeReasonCode"),
    ("DK-R-006", f"~ {CODE} = 42\n~ {BRANCH} = 1234"),
    ("DK-R-009", f"~ {MEANS}/cbc:PaymentID = 01#"),
    ("DK-R-010", f"~ {CODE} = 93\n~ {MEANS}/cbc:PaymentID = 73#\n{transfer('12345678')}"),
    ("DK-R-011", f"~ {CODE} = 93\n~ {MEANS}/cbc:PaymentID = 71#123456789012345"),
    (
        "GR-R-001-2",
        f"- {SELLER}/cac:PartyTaxScheme\n+ cac:TaxRepresentativeParty/cac:PartyTaxScheme/cbc:CompanyID = EL123456783\n+ cac:TaxRepresentativeParty/cac:PartyTaxScheme/cac:TaxScheme/cbc:ID = VAT",
    ),
    ("IS-R-006", f"~ {CODE} = 31\n{transfer('1')}"),
    ("IS-R-010", f"~ {DOCUMENTS}/cbc:ID = 2026-10-01"),
    ("SE-R-012", f"~ {CODE} = 31\n~ {BUYER}/{LAND} = NO"),
]


def national(root: Element) -> dict[str, int]:
    """The national rules that are broken, and how often."""
    return {code: count for code, count in ids(root).items() if code in RULES}


def sound(rule_id: str) -> Element:
    """The sound document of a rule's nation."""
    return SOUND[rule_id[:2]]


def test_every_national_rule_has_a_break_here() -> None:
    assert {rule_id for rule_id, _ in BREAKS} | {"DK-R-016"} == set(RULES)
    counted = [sum(one.startswith(land) for one in RULES) for land in ("DE", "DK", "SE", "GR", "IT", "IS")]
    assert counted == [31, 14, 13, 19, 4, 10]


@pytest.mark.parametrize("land", SOUND)
def test_a_sound_document_breaks_none_of_its_nations_rules(land: str) -> None:
    assert national(SOUND[land]) == {}


@pytest.mark.parametrize(("rule_id", "wrong"), BREAKS)
def test_each_rule_speaks_when_its_one_thing_is_wrong(rule_id: str, wrong: str) -> None:
    broken = [one for one in findings(edited(sound(rule_id), wrong)) if one.code == rule_id]
    assert [one.severity for one in broken] == [Severity.WARNING if rule_id in WARNINGS else Severity.FATAL]


@pytest.mark.parametrize(("rule_id", "right"), STILL_RIGHT)
def test_each_rule_is_silent_about_what_is_another_way_of_being_right(rule_id: str, right: str) -> None:
    assert rule_id not in national(edited(sound(rule_id), right))


def test_a_danish_credit_note_has_no_negative_amount_and_may_be_paid_anyhow() -> None:
    negative = edited(DANISH_NOTE, f"~ cac:LegalMonetaryTotal/cbc:PayableAmount = -1\n~ {CODE} = 30")
    assert (national(DANISH_NOTE), national(negative)) == ({}, {"DK-R-016": 1})
    unread = edited(DANISH_NOTE, "~ cac:LegalMonetaryTotal/cbc:PayableAmount = none")
    assert national(unread) == {}


def test_each_swedish_category_and_each_german_breakdown_is_judged_by_itself() -> None:
    both = "~ cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:Percent = 7\n~ cac:AllowanceCharge/cac:TaxCategory/cbc:Percent = 7"
    assert national(edited(SOUND["SE"], both))["SE-R-006"] == 2
    empty = "\n+ cac:TaxTotal/cac:TaxSubtotal" * 2
    assert national(edited(SOUND["DE"], empty))["DE-R-014"] == 2


@pytest.mark.parametrize(("rule_id", "wrong"), BREAKS)
def test_a_document_of_another_country_is_not_asked(rule_id: str, wrong: str) -> None:
    elsewhere = f"""
    ~ {SELLER}/{LAND} = FR
    ~ {BUYER}/{LAND} = FR
    - {SELLER}/cac:PartyTaxScheme
    - {BUYER}/cac:PartyTaxScheme"""
    root = edited(edited(sound(rule_id), wrong), elsewhere)
    assert national(root) == {}
    assert not any(rule.concerns is None or rule.concerns(View(root)) for rule in RULES.values())


def test_rules_between_two_parties_of_a_nation_need_both() -> None:
    abroad = f"~ {BUYER}/{LAND} = FR\n- {BUYER}/cac:PartyTaxScheme\n- {BUYER}/{LEGAL}\n- {MEANS}"
    for land in ("DE", "DK", "IS"):
        assert national(edited(SOUND[land], abroad)) == {}
    assert national(edited(SOUND["GR"], abroad)) == {}


def test_greece_is_known_by_vat_number_representative_or_address() -> None:
    by_address = edited(SOUND["GR"], f"- {SELLER}/cac:PartyTaxScheme")
    by_number = edited(
        by_address,
        f"{SECOND_TAX} = x\n~ {SELLER}/{LAND} = FR\n+ cac:TaxRepresentativeParty/cac:PartyTaxScheme/cbc:CompanyID = EL1\n+ cac:TaxRepresentativeParty/cac:PartyTaxScheme/cac:TaxScheme/cbc:ID = VAT",
    )
    assert "GR-S-011" in national(by_address)
    assert "GR-S-011" in national(by_number)
    assert "GR-R-004-1" not in national(edited(by_number, f"- {DOCUMENTS}"))


@pytest.mark.parametrize("rule_id", RULES)
def test_texts_stand_in_three_languages(rule_id: str) -> None:
    for said in (RULES[rule_id].text, RULES[rule_id].hint):
        assert set(said) == {"en", "nb", "nl"}
        assert all(said.values())


def test_national_rules_stand_in_the_set() -> None:
    assert set(RULES) <= {rule.id for rule in SETS[-1].rules}
    plan = Plan(RULES.values())
    assert {one.code for one in judge(View(edited(SOUND["IT"], ITALIAN_BREAKS[1][1])), plan, "x")} == {"IT-R-002"}


@pytest.mark.parametrize(
    ("text", "is_one"),
    [(" 12 ", True), ("1e3", True), ("-INF", True), (".5", True), ("1 2", False), ("", False), ("١", False)],
)
def test_numbers_are_those_of_xpath(text: str, is_one: bool) -> None:
    assert (number(text) is not None) == is_one


def test_only_xml_blanks_are_blanks() -> None:
    assert plain(" a\n\tb\u00a0 ") == "a b\u00a0"

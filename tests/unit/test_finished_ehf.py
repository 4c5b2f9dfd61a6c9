"""Finished EHF invoices and credit notes: the provider's own numbers stay, its own bytes go on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hub.cli.boot import create_hub
from hub.clock import MovableClock
from hub.errors import ConfigurationError, FormatError
from hub.model.claim import Claim, ClaimKind
from hub.model.exchange import ExchangeState
from hub.model.money import Money
from hub.model.partner import Agreement
from hub.model.party import Party
from hub.pipeline import submit
from hub.pipeline.cases import RefusedError
from hub.pipeline.context import Actor, Hub
from hub.pipeline.finished import FinishedResult, forward_held, recognise_finished, take_finished
from hub.pipeline.release import release
from hub.pipeline.views import conservation
from hub.security.keys import KeyStore
from hub.settings import default_settings
from hub.store import access, blobs, claims, exchanges, parties, schema, tasks
from hub.store.unit import Row, Store

CLINIC = "310000027"
OTHER_CLINIC = "310000051"
PAYER = "310000914"
KID = "0000771238"

# Written by hand, as a journal system would: other namespace prefixes, attribute quotes and order of blanks than ours.
INVOICE = """<?xml version='1.0' encoding='utf-8'?>
<!-- made by a journal system -->
<inv:Invoice xmlns:inv='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'
  xmlns:a='urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2'
  xmlns:b='urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2'>
<b:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0</b:CustomizationID>
<b:ProfileID>urn:fdc:peppol.eu:2017:poacc:billing:01:1.0</b:ProfileID>
<b:ID>J-77123</b:ID><b:IssueDate>2026-04-10</b:IssueDate><b:DueDate>2026-04-24</b:DueDate>
<b:InvoiceTypeCode>380</b:InvoiceTypeCode><b:DocumentCurrencyCode>NOK</b:DocumentCurrencyCode>
<a:OrderReference><b:ID>9AAA1</b:ID></a:OrderReference>
<a:AccountingSupplierParty><a:Party>
  <b:EndpointID schemeID='0192'>310000027</b:EndpointID>
  <a:PartyName><b:Name>Bryggen Fysio TEST</b:Name></a:PartyName>
  <a:PostalAddress><b:CityName>Bergen</b:CityName><a:Country><b:IdentificationCode>NO</b:IdentificationCode></a:Country></a:PostalAddress>
  <a:PartyTaxScheme><b:CompanyID>Foretaksregisteret</b:CompanyID><a:TaxScheme><b:ID>TAX</b:ID></a:TaxScheme></a:PartyTaxScheme>
  <a:PartyLegalEntity><b:RegistrationName>Bryggen Fysio TEST AS</b:RegistrationName><b:CompanyID schemeID='0192'>310000027</b:CompanyID></a:PartyLegalEntity>
</a:Party></a:AccountingSupplierParty>
<a:AccountingCustomerParty><a:Party>
  <b:EndpointID schemeID='0192'>310000914</b:EndpointID>
  <a:PostalAddress><b:CityName>Oslo</b:CityName><a:Country><b:IdentificationCode>NO</b:IdentificationCode></a:Country></a:PostalAddress>
  <a:PartyLegalEntity><b:RegistrationName>Forsikring Nord TEST</b:RegistrationName><b:CompanyID schemeID='0192'>310000914</b:CompanyID></a:PartyLegalEntity>
</a:Party></a:AccountingCustomerParty>
<a:PaymentMeans><b:PaymentMeansCode>30</b:PaymentMeansCode><b:PaymentID>0000771238</b:PaymentID>
  <a:PayeeFinancialAccount><b:ID>86011117947</b:ID></a:PayeeFinancialAccount></a:PaymentMeans>
<a:TaxTotal><b:TaxAmount currencyID='NOK'>0.00</b:TaxAmount><a:TaxSubtotal>
  <b:TaxableAmount currencyID='NOK'>1550.00</b:TaxableAmount><b:TaxAmount currencyID='NOK'>0.00</b:TaxAmount>
  <a:TaxCategory><b:ID>E</b:ID><b:Percent>0</b:Percent><b:TaxExemptionReason>mval. § 3-2</b:TaxExemptionReason><a:TaxScheme><b:ID>VAT</b:ID></a:TaxScheme></a:TaxCategory>
</a:TaxSubtotal></a:TaxTotal>
<a:LegalMonetaryTotal><b:LineExtensionAmount currencyID='NOK'>1550.00</b:LineExtensionAmount>
  <b:TaxExclusiveAmount currencyID='NOK'>1550.00</b:TaxExclusiveAmount><b:TaxInclusiveAmount currencyID='NOK'>1550.00</b:TaxInclusiveAmount>
  <b:PayableAmount currencyID='NOK'>1550.00</b:PayableAmount></a:LegalMonetaryTotal>
<a:InvoiceLine><b:ID>10</b:ID><b:InvoicedQuantity unitCode='C62'>1</b:InvoicedQuantity><b:LineExtensionAmount currencyID='NOK'>950.00</b:LineExtensionAmount>
  <a:Item><b:Name>Fysioterapi 60 min</b:Name><a:SellersItemIdentification><b:ID>FYS60</b:ID></a:SellersItemIdentification>
    <a:ClassifiedTaxCategory><b:ID>E</b:ID><b:Percent>0</b:Percent><a:TaxScheme><b:ID>VAT</b:ID></a:TaxScheme></a:ClassifiedTaxCategory>
    <a:AdditionalItemProperty><b:Name>TreatmentDateTime</b:Name><b:Value>2026-04-08 13:00:00</b:Value></a:AdditionalItemProperty>
    <a:AdditionalItemProperty><b:Name>TherapistHpr</b:Name><b:Value>9999001</b:Value></a:AdditionalItemProperty>
    <a:AdditionalItemProperty><b:Name>Diagnose</b:Name><b:Value>L84 ryggsyndrom</b:Value></a:AdditionalItemProperty></a:Item>
  <a:Price><b:PriceAmount currencyID='NOK'>950.00</b:PriceAmount></a:Price></a:InvoiceLine>
<a:InvoiceLine><b:ID>20</b:ID><b:InvoicedQuantity unitCode='HUR'>1.5</b:InvoicedQuantity><b:LineExtensionAmount currencyID='NOK'>600.00</b:LineExtensionAmount>
  <a:Item><b:Name>Egentrening</b:Name>
    <a:ClassifiedTaxCategory><b:ID>E</b:ID><b:Percent>0</b:Percent><a:TaxScheme><b:ID>VAT</b:ID></a:TaxScheme></a:ClassifiedTaxCategory></a:Item>
  <a:Price><b:PriceAmount currencyID='NOK'>400.00</b:PriceAmount></a:Price></a:InvoiceLine>
</inv:Invoice>
""".encode()


def changed(*pairs: tuple[str, str], data: bytes = INVOICE) -> bytes:
    text = data.decode()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


CREDIT_NOTE = changed(
    ("inv:Invoice", "inv:CreditNote"),
    ("xsd:Invoice-2", "xsd:CreditNote-2"),
    ("<b:DueDate>2026-04-24</b:DueDate>", ""),
    ("InvoiceTypeCode>380</b:InvoiceTypeCode", "CreditNoteTypeCode>381</b:CreditNoteTypeCode"),
    ("InvoiceLine", "CreditNoteLine"),
    ("InvoicedQuantity", "CreditedQuantity"),
    ("J-77123", "K-5"),
    (
        "</a:OrderReference>",
        "</a:OrderReference><a:BillingReference><a:InvoiceDocumentReference><b:ID>J-77123</b:ID></a:InvoiceDocumentReference></a:BillingReference>",
    ),
)


@dataclass
class Desk:
    """A hub with two tenants, each with a clinic."""

    hub: Hub
    tenant: str = "one"

    def take(self, data: bytes, tenant: str = "one") -> FinishedResult:
        return take_finished(self.hub, tenant, data, "faktura.xml")

    def agree(self, release: str = "auto", **settings: str) -> None:
        with self.hub.store.unit(self.tenant) as unit:
            parties.put_agreement(
                unit,
                Agreement(
                    id="",
                    tenant=self.tenant,
                    partner="forsikring-nord-test",
                    valid_from=date(2026, 1, 1),
                    settings=settings,
                    release=release,
                ),
            )

    def claims(self) -> list[Claim]:
        with self.hub.store.reading(self.tenant) as unit:
            return claims.load(unit, claims.find(unit))

    def rows(self, tenant: str = "one") -> list[Row]:
        with self.hub.store.reading(tenant) as unit:
            return claims.find(unit)

    def exchanges(self) -> list[Row]:
        with self.hub.store.reading(self.tenant) as unit:
            return exchanges.find(unit)

    def payload(self, row: Row) -> bytes:
        with self.hub.store.reading(self.tenant) as unit:
            return exchanges.message(unit, row).payload

    def tasks(self) -> list[Row]:
        with self.hub.store.reading(self.tenant) as unit:
            return tasks.open_tasks(unit)

    def conserved(self) -> bool:
        with self.hub.store.reading(self.tenant) as unit:
            return conservation(unit) == []


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """A real hub, made and migrated once; every test works on a copy of its folder."""
    home = tmp_path_factory.mktemp("first") / "home"
    hub = create_hub(default_settings(home), MovableClock(datetime(2026, 4, 15, 8, tzinfo=UTC)))
    for tenant, orgnr in (("one", CLINIC), ("two", OTHER_CLINIC)):
        hub.store.add_tenant(tenant, tenant, "NO", "nb")
        with hub.store.unit(tenant) as unit:
            parties.put_organisation(unit, "clinic", Party(scheme="0192", id=orgnr, name="Klinikk TEST"))
    hub.store.close()
    return hub


@pytest.fixture
def desk(first: Hub, tmp_path: Path) -> Iterator[Desk]:
    home = tmp_path / "home"
    shutil.copytree(first.home, home)
    settings = default_settings(home)
    store = Store(settings.database_url.reveal(), KeyStore(settings.keys), first.clock)
    yield Desk(replace(first, home=home, store=store))
    store.close()


def test_an_invoice_is_recognised_by_its_root_whatever_stands_before_it() -> None:
    assert recognise_finished(INVOICE) == "ubl-invoice"
    assert recognise_finished(CREDIT_NOTE) == "ubl-creditnote"
    assert recognise_finished(INVOICE.decode().replace("utf-8", "utf-16", 1).encode("utf-16")) == "ubl-invoice"
    assert recognise_finished(b"<Invoice><ID>1</ID></Invoice>") is None
    assert recognise_finished(b"bsn;naam\n999990019;Test\n") is None
    assert recognise_finished(b"") is None


def test_what_is_not_finished_is_an_error_that_says_what_is(desk: Desk) -> None:
    with pytest.raises(FormatError, match="no finished invoice"):
        desk.take(b"bsn;naam\n")


def test_a_finished_invoice_becomes_one_claim_and_goes_on_byte_for_byte(desk: Desk) -> None:
    desk.agree()
    result = desk.take(INVOICE)
    assert (result.status, result.format, result.claims, result.code) == ("accepted", "ubl-invoice", ("J-77123",), "")
    (row,) = desk.exchanges()
    assert desk.payload(row) == INVOICE
    assert (row["state"], row["kind"], row["invoice_number"]) == ("prepared", "ubl-invoice", "J-77123")
    assert row["payload_sha256"] == result.sha256
    assert row["business_key"] == f"finished:ubl-invoice:{CLINIC}:J-77123:1"
    assert row["name"] == f"EHF_{CLINIC}_J-77123.xml"
    assert (row["meta"]["sender"], row["meta"]["receiver"]) == (f"0192:{CLINIC}", f"0192:{PAYER}")
    assert row["meta"]["document_id"].endswith("poacc:billing:3.0::2.1")
    assert desk.conserved()


def test_an_invoice_of_another_clinic_leaves_nothing_behind(desk: Desk) -> None:
    desk.agree()
    with pytest.raises(RefusedError) as caught:
        take_finished(desk.hub, "one", INVOICE, "faktura.xml", within=frozenset({OTHER_CLINIC}))
    assert (caught.value.code, CLINIC in caught.value.said["nb"]) == ("FINISHED_NOT_YOURS", True)
    with desk.hub.store.reading("one") as unit:
        for table in (schema.blob, schema.declaration, schema.task, schema.claim):
            assert not unit.rows(unit.mine(table))
    assert take_finished(desk.hub, "one", INVOICE, "faktura.xml", within=frozenset({CLINIC})).status == "accepted"


def test_the_providers_own_number_kid_and_dates_stay(desk: Desk) -> None:
    desk.agree()
    desk.take(INVOICE)
    (claim,) = desk.claims()
    assert (claim.ref, claim.invoice_number, claim.kid) == ("J-77123", "J-77123", KID)
    assert (claim.issue_date, claim.due_date) == (date(2026, 4, 10), date(2026, 4, 24))
    assert (claim.payer, claim.payer_code) == ("forsikring-nord-test", PAYER)
    assert (claim.kind, claim.total) == (ClaimKind.DEBIT, Money(155000, "NOK"))
    assert (claim.claimant.id, claim.claimant.account) == (CLINIC, "86011117947")
    assert claim.references["sak_id"] == "9AAA1"
    first, second = claim.lines
    assert isinstance(first.begins, datetime)
    assert first.begins.isoformat() == "2026-04-08T13:00:00+02:00"
    assert (first.service_code, first.performer, first.amount) == ("FYS60", "9999001", Money(95000, "NOK"))
    # one and a half hours do not fit a whole quantity: the amount stays, what was written stays beside it
    assert (second.begins, second.quantity, second.gross) == (date(2026, 4, 10), 1, Money(60000, "NOK"))
    assert (second.extra["quantity"], second.extra["unit_price"]) == ("1.5", "400.00")


def test_the_diagnosis_stands_in_no_plain_column(desk: Desk) -> None:
    desk.agree()
    desk.take(INVOICE)
    assert desk.claims()[0].lines[0].extra["Diagnose"] == "L84 ryggsyndrom"
    with desk.hub.store.reading("one") as unit:
        for table in schema.TENANT_TABLES:
            for row in unit.rows(unit.mine(table)):
                assert not any("ryggsyndrom" in str(value) for value in row.values()), table.name


def test_the_same_bytes_again_change_nothing(desk: Desk) -> None:
    desk.agree()
    first = desk.take(INVOICE)
    before = (desk.rows(), desk.exchanges())
    again = desk.take(INVOICE)
    assert (again.status, again.claims, again.sha256) == ("already_received", ("J-77123",), first.sha256)
    assert (desk.rows(), desk.exchanges()) == before
    assert desk.conserved()


def test_the_same_number_with_other_content_is_held_for_a_person(desk: Desk) -> None:
    desk.agree()
    desk.take(INVOICE)
    other = changed(("Egentrening", "Egentrening 2"))
    result = desk.take(other)
    assert (result.status, result.code, result.claims) == ("held", "DUPLICATE_NUMBER", ())
    assert "J-77123" in result.message["nb"]
    assert len(desk.rows()) == len(desk.exchanges()) == 1
    assert [task["kind"] for task in desk.tasks()] == ["duplicate_number"]
    assert desk.take(other).status == "already_received"
    assert len(desk.tasks()) == 1


def test_blocking_findings_refuse_it_and_nothing_is_claimed(desk: Desk) -> None:
    desk.agree()
    bad = changed(("<b:PayableAmount currencyID='NOK'>1550.00", "<b:PayableAmount currencyID='NOK'>1551.00"))
    result = desk.take(bad)
    assert (result.status, result.code) == ("refused", "CHECK_FAILED")
    assert "BR-CO-16" in {finding.code for finding in result.findings if finding.blocks}
    assert desk.rows() == desk.exchanges() == []
    with desk.hub.store.reading("one") as unit:
        (kept,) = unit.rows(unit.mine(schema.declaration))
        assert blobs.get(unit, kept["blob_address"]) == bad
    assert kept["state"] == "refused"
    assert "BR-CO-16" in {finding["code"] for finding in kept["summary"]["findings"]}
    again = desk.take(bad)
    assert (again.status, [f.code for f in again.findings]) == (
        "already_received",
        [f.code for f in sorted(result.findings, key=lambda one: not one.blocks)],
    )


def test_the_corrected_document_closes_the_task_of_the_refused_one(desk: Desk) -> None:
    desk.agree()
    desk.take(changed(("<b:PayableAmount currencyID='NOK'>1550.00", "<b:PayableAmount currencyID='NOK'>1551.00")))
    assert [task["kind"] for task in desk.tasks()] == ["finished_refused"]
    assert desk.take(INVOICE).status == "accepted"
    assert desk.tasks() == []


def test_a_document_cut_in_half_is_refused_with_its_place_and_kept_raw(desk: Desk) -> None:
    half = INVOICE[: len(INVOICE) // 2]
    result = desk.take(half)
    assert (result.status, result.format) == ("refused", "ubl-invoice")
    assert result.findings[0].code == "KVITT-XML-01"
    assert result.findings[0].line
    (task,) = desk.tasks()
    with desk.hub.store.reading("one") as unit:
        assert blobs.get(unit, task["evidence"]["blob"]) == half
    assert desk.take(half).status == "refused"
    assert len(desk.tasks()) == 1


def test_another_tenants_provider_is_refused(desk: Desk) -> None:
    desk.agree()
    result = desk.take(INVOICE, tenant="two")
    assert (result.status, result.code) == ("refused", "UNKNOWN_PROVIDER")
    assert CLINIC in result.message["en"]
    assert desk.rows("two") == desk.rows("one") == []
    assert desk.take(INVOICE, tenant="one").status == "accepted"


def test_a_provider_registered_afterwards_is_accepted_with_the_same_file(desk: Desk) -> None:
    assert desk.take(INVOICE, tenant="two").code == "UNKNOWN_PROVIDER"
    with desk.hub.store.unit("two") as unit:
        parties.put_organisation(unit, "clinic", Party(scheme="0192", id=CLINIC, name="Klinikk TEST"))
    assert desk.take(INVOICE, tenant="two").status == "held"
    with desk.hub.store.reading("two") as unit:
        assert [task["kind"] for task in tasks.open_tasks(unit)] == ["held"]


def test_without_an_agreement_it_waits_and_then_the_original_goes(desk: Desk) -> None:
    result = desk.take(INVOICE)
    assert (result.status, result.code, result.claims) == ("held", "NO_AGREEMENT", ("J-77123",))
    assert desk.exchanges() == []
    assert submit.prepare(desk.hub, "one") == []
    assert forward_held(desk.hub, "one") == []
    desk.agree()
    release(desk.hub, "one", "J-77123", Actor(name="kari", role="clerk"))
    assert submit.prepare(desk.hub, "one") == []
    (made,) = submit.submit(desk.hub, "one")
    (row,) = desk.exchanges()
    assert (row["id"], desk.payload(row)) == (made, INVOICE)
    assert desk.rows()[0]["exchange_id"] == made
    assert desk.tasks() == [] or [task["kind"] for task in desk.tasks()] == ["configuration"]
    assert forward_held(desk.hub, "one") == []
    assert desk.conserved()


def test_a_release_before_the_agreement_stands_holds_it_again(desk: Desk) -> None:
    desk.take(INVOICE)
    release(desk.hub, "one", "J-77123", Actor())
    assert forward_held(desk.hub, "one") == []
    assert [row["hold_code"] for row in desk.rows()] == ["NO_AGREEMENT"]
    assert [task["kind"] for task in desk.tasks()] == ["held"]


def test_an_unknown_payer_holds_it(desk: Desk) -> None:
    result = desk.take(changed((PAYER, "310000078")))
    assert (result.status, result.code) == ("held", "NO_PARTNER")
    assert desk.rows()[0]["payer_code"] == "310000078"


def test_a_manual_agreement_waits_for_its_release(desk: Desk) -> None:
    desk.agree(release="manual")
    desk.take(INVOICE)
    assert [row["released"] for row in desk.exchanges()] == [False]


def test_production_holds_an_unverified_partner(desk: Desk) -> None:
    desk.agree()
    desk.hub = replace(desk.hub, stage="production")
    assert desk.take(INVOICE).code == "PARTNER_UNVERIFIED"
    assert desk.exchanges() == []


def test_a_credit_note_takes_its_invoice_back(desk: Desk) -> None:
    desk.agree()
    desk.take(INVOICE)
    result = desk.take(CREDIT_NOTE)
    assert (result.status, result.format, result.claims) == ("accepted", "ubl-creditnote", ("K-5",))
    credit = next(claim for claim in desk.claims() if claim.ref == "K-5")
    assert (credit.kind, credit.corrects, credit.total) == (ClaimKind.CREDIT, "J-77123", Money(-155000, "NOK"))
    assert [line.amount.minor for line in credit.lines] == [-95000, -60000]
    assert credit.lines[0].unit_price == Money(95000, "NOK")
    row = next(each for each in desk.exchanges() if each["kind"] == "ubl-creditnote")
    assert desk.payload(row) == CREDIT_NOTE
    assert desk.conserved()


def test_invoice_and_credit_note_may_have_the_same_number_in_their_series(desk: Desk) -> None:
    desk.agree()
    desk.take(INVOICE)
    assert desk.take(changed(("K-5", "J-77123"), data=CREDIT_NOTE)).status == "accepted"
    assert {row["invoice_number"] for row in desk.rows()} == {"J-77123"}
    assert len({row["ref"] for row in desk.rows()}) == 2


def test_two_clinics_of_one_tenant_may_use_the_same_number(desk: Desk) -> None:
    desk.agree()
    with desk.hub.store.unit("one") as unit:
        parties.put_organisation(unit, "clinic", Party(scheme="0192", id=OTHER_CLINIC, name="Klinikk To TEST"))
    desk.take(INVOICE)
    result = desk.take(changed((CLINIC, OTHER_CLINIC)))
    assert result.status == "accepted"
    assert [row["invoice_number"] for row in desk.rows()] == ["J-77123", "J-77123"]
    assert len({row["business_key"] for row in desk.exchanges()}) == 2
    assert desk.conserved()


def test_what_is_claimed_is_what_is_to_be_paid(desk: Desk) -> None:
    """An allowance on the whole document comes off the lines, or the KID payment would never fit the claim."""
    desk.agree()
    allowance = (
        "<a:AllowanceCharge><b:ChargeIndicator>false</b:ChargeIndicator><b:AllowanceChargeReason>Rabatt</b:AllowanceChargeReason>"
        "<b:Amount currencyID='NOK'>1000.00</b:Amount><a:TaxCategory><b:ID>E</b:ID><b:Percent>0</b:Percent>"
        "<a:TaxScheme><b:ID>VAT</b:ID></a:TaxScheme></a:TaxCategory></a:AllowanceCharge>"
    )
    data = changed(
        ("<a:TaxTotal>", allowance + "<a:TaxTotal>"),
        ("TaxableAmount currencyID='NOK'>1550.00", "TaxableAmount currencyID='NOK'>550.00"),
        ("TaxExclusiveAmount currencyID='NOK'>1550.00", "TaxExclusiveAmount currencyID='NOK'>550.00"),
        ("TaxInclusiveAmount currencyID='NOK'>1550.00", "TaxInclusiveAmount currencyID='NOK'>550.00"),
        (
            "<b:PayableAmount currencyID='NOK'>1550.00",
            "<b:AllowanceTotalAmount currencyID='NOK'>1000.00</b:AllowanceTotalAmount><b:PayableAmount currencyID='NOK'>550.00",
        ),
    )
    assert [f.code for f in desk.take(data).findings if f.blocks] == []
    (claim,) = desk.claims()
    assert claim.total == Money(55000, "NOK")
    assert [(line.amount.minor, line.gross.minor) for line in claim.lines] == [(0, 95000), (55000, 60000)]
    assert desk.conserved()


def test_a_charge_on_the_whole_document_is_a_line_of_its_own(desk: Desk) -> None:
    desk.agree()
    charge = (
        "<a:AllowanceCharge><b:ChargeIndicator>true</b:ChargeIndicator><b:AllowanceChargeReason>Gebyr</b:AllowanceChargeReason>"
        "<b:Amount currencyID='NOK'>50.00</b:Amount><a:TaxCategory><b:ID>E</b:ID><b:Percent>0</b:Percent>"
        "<a:TaxScheme><b:ID>VAT</b:ID></a:TaxScheme></a:TaxCategory></a:AllowanceCharge>"
    )
    data = changed(
        ("<a:TaxTotal>", charge + "<a:TaxTotal>"),
        ("TaxableAmount currencyID='NOK'>1550.00", "TaxableAmount currencyID='NOK'>1600.00"),
        ("TaxExclusiveAmount currencyID='NOK'>1550.00", "TaxExclusiveAmount currencyID='NOK'>1600.00"),
        ("TaxInclusiveAmount currencyID='NOK'>1550.00", "TaxInclusiveAmount currencyID='NOK'>1600.00"),
        (
            "<b:PayableAmount currencyID='NOK'>1550.00",
            "<b:ChargeTotalAmount currencyID='NOK'>50.00</b:ChargeTotalAmount><b:PayableAmount currencyID='NOK'>1600.00",
        ),
    )
    desk.take(data)
    (claim,) = desk.claims()
    assert (claim.total, [line.amount.minor for line in claim.lines]) == (Money(160000, "NOK"), [95000, 60000, 5000])


def test_a_national_identity_number_in_a_text_refuses_it(desk: Desk) -> None:
    desk.agree()
    result = desk.take(changed(("Egentrening", "Egentrening 01819010001")))
    stops = [finding for finding in result.findings if finding.blocks]
    assert [finding.code for finding in stops] == ["KVITT-PRIVACY-01"]
    assert "01819010001" not in str(result)
    assert desk.rows() == []


def test_a_refused_document_is_replaced_by_its_correction_never_rebuilt(desk: Desk) -> None:
    """The network refused it: the corrected one comes in under the same number, and the money is counted once."""
    desk.agree()
    desk.take(INVOICE)
    (row,) = desk.exchanges()
    with desk.hub.store.unit("one") as unit:
        exchanges.change(unit, row["id"], ExchangeState.REFUSED, text="schema")
    with pytest.raises(ConfigurationError, match="never written anew"):
        release(desk.hub, "one", "J-77123", Actor())
    corrected = changed(("Egentrening", "Egentrening, rettet"))
    assert desk.take(corrected).status == "accepted"
    live = [each for each in desk.rows() if each["hold_code"] != "WITHDRAWN"]
    assert [each["ref"] for each in live] == ["J-77123"]
    assert [desk.payload(each) for each in desk.exchanges()] == [INVOICE, corrected]
    assert len({each["business_key"] for each in desk.exchanges()}) == 2
    assert desk.conserved()


def test_every_step_is_in_the_access_log(desk: Desk) -> None:
    desk.agree()
    take_finished(desk.hub, "one", INVOICE, "f.xml", Actor(name="kari", role="clerk"))
    desk.take(INVOICE)
    with desk.hub.store.reading("one") as unit:
        seen = [(each["actor"], each["action"]) for each in access.events(unit)]
    assert seen == [("kari", "finished-current"), ("hub", "finished-again")]

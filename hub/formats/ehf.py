"""Norwegian invoices and credit notes: one claim becomes one EHF document."""

from __future__ import annotations

from hub.errors import ConfigurationError
from hub.formats import Batch, Built
from hub.model.partner import Partner
from hub.model.party import Address, Party
from mappings.ehf import to_ehf
from schemas import peppol, ubl
from schemas.ubl.names import BILLING, BILLING_PROFILE, ORGNR, document_type_id

BUILDS = ("ubl-invoice", "ubl-creditnote")


def build(batch: Batch) -> Built:
    """Write and check the document; what cannot be written is an error of this one claim."""
    (claim,) = batch.claims
    profile = batch.partner.ehf
    if profile is None:
        raise ConfigurationError(
            f"{batch.partner.title} has no EHF profile", hint="add the section ehf to its partner.yaml"
        )
    document = to_ehf(claim, profile, _payer(batch.partner, claim.payer_code, claim.payer_name))
    payload = ubl.write(document)
    result = peppol.inspect(payload, batch.today)
    return Built(
        payload=payload,
        kind="ubl-creditnote" if document.credit else "ubl-invoice",
        name=f"EHF_{claim.claimant.id}_{claim.invoice_number}.xml",
        media_type="application/xml",
        meta={
            "sender": f"{ORGNR}:{claim.claimant.id}",
            "receiver": f"{ORGNR}:{claim.payer_code}",
            "country_c1": "NO",
            "document_id": document_type_id("CreditNote" if document.credit else "Invoice", BILLING),
            "process_id": BILLING_PROFILE,
        },
        ruleset=result.ruleset,
        findings=tuple(result.findings),
    )


def _payer(partner: Partner, orgnr: str, name: str) -> Party:
    """The payer as the buyer on the invoice."""
    address = Address(
        street=partner.contacts.get("street", ""),
        city=partner.contacts.get("city", ""),
        postal_code=partner.contacts.get("postal_code", ""),
        country=partner.country,
    )
    return Party(scheme=ORGNR, id=orgnr, name=name or partner.title, address=address)

"""Claims become EHF invoices and credit notes, and finished EHF becomes what the pipeline needs.

Sources: Peppol BIS Billing 3.0 with EHF guidance (DFØ/anskaffelser); the extended information for treatment assignments
of Behandlernettverk/DigiCare (SakID in OrderReference, treatment data as item properties); mval. § 3-2. The patient's
name and fødselsnummer never enter, a diagnosis only where the recipient's profile asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from hub.errors import MappingError
from hub.model.claim import Claim, ClaimKind, ClaimLine
from hub.model.identity import digits
from hub.model.partner import EhfProfile
from hub.model.party import Party
from mappings.ehf_fields import line_properties, reference
from mappings.ehf_finished import FinishedInvoice, FinishedLine, from_ehf
from mappings.ehf_privacy import refuse_personal
from schemas.ubl import Document, parties
from schemas.ubl.amounts import AllowanceCharge, TaxCategory
from schemas.ubl.lines import Item, Line, Price
from schemas.ubl.names import BILLING, BILLING_PROFILE, ORGNR, current_scheme
from schemas.ubl.payment import PaymentMeans
from schemas.ubl.references import DocumentReference
from schemas.ubl.totals import net_of, totalled
from schemas.ubl.values import Amount, Identifier, ListedCode, Quantity

__all__ = ["FinishedInvoice", "FinishedLine", "from_ehf", "to_ehf"]

FORETAKSREGISTERET = "Foretaksregisteret"
EXEMPTION_REASONS: Mapping[str, str] = {"E": "Helsetjeneste unntatt merverdiavgift, jf. merverdiavgiftsloven § 3-2"}
"""Why no VAT is charged, by category (BT-120)."""
ALLOWANCE_REASON = "Egenandel"
"""The reason of a line allowance that has none of its own: the patient's deductible (decision 7)."""
PAYMENT_DAYS = 14
_CATEGORIES = frozenset({"E", "S", "Z"})
_EACH = "C62"
_CREDIT_TRANSFER = "30"


def to_ehf(claim: Claim, profile: EhfProfile, payer: Party) -> Document:
    """The billing document of a Norwegian claim; MappingError names claim, line and field of what has no place."""
    if not claim.lines:
        raise _cannot(claim, "has no lines")
    if claim.issue_date is None:
        raise _cannot(claim, "has no issue date")
    credit = claim.kind is ClaimKind.CREDIT
    document = Document(
        credit=credit,
        customization_id=BILLING,
        profile_id=BILLING_PROFILE,
        number=claim.invoice_number or claim.ref,
        issue_date=claim.issue_date,
        due_date=None if credit else claim.due_date or claim.issue_date + timedelta(days=PAYMENT_DAYS),
        type_code="381" if credit else "380",
        currency=claim.currency,
        buyer_reference=reference(claim, profile, profile.buyer_reference),
        order_reference=reference(claim, profile, profile.order_reference),
        preceding=_preceding(claim) if credit else (),
        seller=_seller(claim),
        buyer=_buyer(claim, payer),
        payment_means=() if credit else (_payment(claim),),
        lines=tuple(_line(claim, line, profile) for line in claim.lines),
    )
    refuse_personal(claim, document)
    return totalled(document, reasons=EXEMPTION_REASONS)


def _cannot(claim: Claim, why: str, line: ClaimLine | None = None) -> MappingError:
    place = f"claim {claim.ref}" + (f", line {line.number}" if line is not None else "")
    return MappingError(why, where=place)


def _preceding(claim: Claim) -> tuple[DocumentReference, ...]:
    """The invoice a credit note takes back (BT-25, BT-26): its number is not always our own reference to it."""
    number = claim.references.get("credits", "") or claim.corrects
    if not number:
        raise _cannot(claim, "a credit note must name the invoice it credits (corrects)")
    day = claim.references.get("credits_date", "")
    return (DocumentReference(id=number, issue_date=date.fromisoformat(day) if day else None),)


def _seller(claim: Claim) -> parties.Party:
    party = claim.claimant
    number = _orgnr(claim, party)
    taxes = []
    if party.vat_registered:
        taxes.append(parties.TaxRegistration(company_id=Identifier(f"NO{number}MVA"), scheme="VAT"))
    if party.foretaksregisteret:
        taxes.append(parties.TaxRegistration(company_id=Identifier(FORETAKSREGISTERET), scheme="TAX"))
    if not taxes:
        # EN 16931 wants a tax identifier of every seller (BR-E-02); a sole proprietor without both has the number only.
        taxes.append(parties.TaxRegistration(company_id=Identifier(number), scheme="TAX"))
    return _party(claim, party, number, tuple(taxes))


def _buyer(claim: Claim, payer: Party) -> parties.Party:
    number = _orgnr(claim, payer)
    vat = parties.TaxRegistration(company_id=Identifier(f"NO{number}MVA"), scheme="VAT")
    return _party(claim, payer, number, (vat,) if payer.vat_registered else ())


def _orgnr(claim: Claim, party: Party) -> str:
    number = digits(party.id)
    if current_scheme(party.scheme) != ORGNR or not number:
        raise _cannot(claim, f"EHF needs an organisation number (scheme {ORGNR}), not scheme {party.scheme!r}")
    return number


def _party(claim: Claim, party: Party, number: str, taxes: tuple[parties.TaxRegistration, ...]) -> parties.Party:
    if not party.name:
        raise _cannot(claim, f"organisation {number} has no name")
    address = parties.PostalAddress(
        street=party.address.street,
        city=party.address.city,
        postal_code=party.address.postal_code,
        country=party.address.country or claim.country,
    )
    return parties.Party(
        endpoint=Identifier(number, ORGNR),
        name=party.name,
        address=address,
        taxes=taxes,
        legal=parties.LegalEntity(name=party.name, company_id=Identifier(number, ORGNR)),
        contact=parties.Contact(email=party.email) if party.email else None,
    )


def _payment(claim: Claim) -> PaymentMeans:
    account = digits(claim.claimant.account).upper()
    if not account:
        raise _cannot(claim, "the claimant has no account to be paid on (account)")
    return PaymentMeans(code=ListedCode(_CREDIT_TRANSFER), payment_id=claim.kid, account=Identifier(account))


def _line(claim: Claim, line: ClaimLine, profile: EhfProfile) -> Line:
    tax = _tax(claim, line)
    mapped = Line(
        id=str(line.number),
        quantity=Quantity(Decimal(line.quantity), _EACH),
        allowances=_allowances(claim, line),
        item=Item(
            name=line.service_text or line.service_code,
            sellers_id=line.service_code,
            tax=tax,
            properties=line_properties(claim, line, profile),
        ),
        price=Price(amount=Amount(line.unit_price.decimal(), claim.currency)),
    )
    net = -net_of(mapped) if claim.kind is ClaimKind.CREDIT else net_of(mapped)
    if net != line.amount.decimal():
        raise _cannot(claim, f"amount {line.amount} is not quantity times price less allowance ({net})", line)
    return mapped


def _allowances(claim: Claim, line: ClaimLine) -> tuple[AllowanceCharge, ...]:
    if not line.allowance:
        return ()
    if line.allowance.minor < 0:
        raise _cannot(claim, "an allowance is a positive deduction", line)
    amount = Amount(line.allowance.decimal(), claim.currency)
    return (AllowanceCharge(charge=False, reason=line.allowance_reason or ALLOWANCE_REASON, amount=amount),)


def _tax(claim: Claim, line: ClaimLine) -> TaxCategory:
    if line.vat_category not in _CATEGORIES:
        raise _cannot(claim, f"VAT category {line.vat_category!r} has no place in an EHF for treatments", line)
    try:
        rate = Decimal(line.vat_rate)
    except InvalidOperation:
        raise _cannot(claim, f"VAT rate {line.vat_rate!r} is not a number", line) from None
    if line.vat_category == "S" and not claim.claimant.vat_registered:
        raise _cannot(claim, "VAT is charged, but the claimant is not registered for VAT (vat_registered)", line)
    if (line.vat_category == "S") != (rate > 0):
        raise _cannot(claim, f"VAT category {line.vat_category} and rate {line.vat_rate} contradict each other", line)
    return TaxCategory(id=line.vat_category, percent=rate, scheme="VAT")

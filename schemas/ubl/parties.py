"""Parties of an invoice (EN 16931 BG-4 seller, BG-7 buyer, BG-10 payee, BG-11 tax representative) in UBL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from schemas.ubl.codec import DATE, TEXT, Layout, many, one
from schemas.ubl.names import ORGNR, current_scheme
from schemas.ubl.values import IDENTIFIER, Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalAddress:
    """An address (BG-5, BG-8, BG-12, BG-15); `country` is ISO 3166-1 alpha-2."""

    street: str = ""
    additional_street: str = ""
    city: str = ""
    postal_code: str = ""
    region: str = ""
    line: str = ""
    country: str = ""


ADDRESS = Layout(
    PostalAddress,
    (
        one("street", "cbc:StreetName", TEXT),
        one("additional_street", "cbc:AdditionalStreetName", TEXT),
        one("city", "cbc:CityName", TEXT),
        one("postal_code", "cbc:PostalZone", TEXT),
        one("region", "cbc:CountrySubentity", TEXT),
        one("line", "cac:AddressLine/cbc:Line", TEXT),
        one("country", "cac:Country/cbc:IdentificationCode", TEXT),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRegistration:
    """A tax identifier (BT-31 where the scheme is VAT, BT-32 otherwise)."""

    company_id: Identifier | None = None
    scheme: str = ""


TAX_REGISTRATION = Layout(
    TaxRegistration, (one("company_id", "cbc:CompanyID", IDENTIFIER), one("scheme", "cac:TaxScheme/cbc:ID", TEXT))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalEntity:
    """The registered name (BT-27, BT-44), number (BT-30, BT-47) and legal form text (BT-33)."""

    name: str = ""
    company_id: Identifier | None = None
    legal_form: str = ""


LEGAL_ENTITY = Layout(
    LegalEntity,
    (
        one("name", "cbc:RegistrationName", TEXT),
        one("company_id", "cbc:CompanyID", IDENTIFIER),
        one("legal_form", "cbc:CompanyLegalForm", TEXT),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A contact point (BG-6, BG-9)."""

    name: str = ""
    telephone: str = ""
    email: str = ""


CONTACT = Layout(
    Contact,
    (
        one("name", "cbc:Name", TEXT),
        one("telephone", "cbc:Telephone", TEXT),
        one("email", "cbc:ElectronicMail", TEXT),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One party: electronic address (BT-34, BT-49), identifiers, trading name, address, registrations, contact."""

    endpoint: Identifier | None = None
    identifications: tuple[Identifier, ...] = ()
    name: str = ""
    address: PostalAddress | None = None
    taxes: tuple[TaxRegistration, ...] = ()
    legal: LegalEntity | None = None
    contact: Contact | None = None


PARTY = Layout(
    Party,
    (
        one("endpoint", "cbc:EndpointID", IDENTIFIER),
        many("identifications", "cac:PartyIdentification/cbc:ID", IDENTIFIER),
        one("name", "cac:PartyName/cbc:Name", TEXT),
        one("address", "cac:PostalAddress", ADDRESS),
        many("taxes", "cac:PartyTaxScheme", TAX_REGISTRATION),
        one("legal", "cac:PartyLegalEntity", LEGAL_ENTITY),
        one("contact", "cac:Contact", CONTACT),
    ),
)


def organisation_number(party: Party, scheme: str = ORGNR) -> str:
    """The party's number in an ISO 6523 scheme: from its legal entity, its identifiers or its electronic address.

    A number under the removed scheme 9908 counts as one under 0192.
    """
    legal = party.legal.company_id if party.legal else None
    for identifier in (legal, *party.identifications, party.endpoint):
        if identifier is not None and current_scheme(identifier.scheme) == scheme:
            return identifier.value
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where and when it was delivered (BG-13)."""

    day: date | None = None
    location: Identifier | None = None
    address: PostalAddress | None = None
    party_name: str = ""


DELIVERY = Layout(
    Delivery,
    (
        one("day", "cbc:ActualDeliveryDate", DATE),
        one("location", "cac:DeliveryLocation/cbc:ID", IDENTIFIER),
        one("address", "cac:DeliveryLocation/cac:Address", ADDRESS),
        one("party_name", "cac:DeliveryParty/cac:PartyName/cbc:Name", TEXT),
    ),
)

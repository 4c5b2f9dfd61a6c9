"""The three parties of a claim: provider (gave the care), claimant (is owed and paid), submitter (sends)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address; `country` is ISO 3166-1 alpha-2."""

    street: str = ""
    city: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An organisation as it stands on a claim.

    `scheme` says what `id` is: `AGB`, `UZOVI`, or an ISO 6523 code such as `0192` (organisation number).
    `account` is an IBAN or a Norwegian BBAN. `vat_registered` and `foretaksregisteret` decide the seller's tax
    registrations on an EHF (decision 6).
    """

    scheme: str
    id: str
    name: str
    address: Address = Address()
    email: str = ""
    account: str = ""
    vat_registered: bool = False
    foretaksregisteret: bool = False
    legal_form: str = ""

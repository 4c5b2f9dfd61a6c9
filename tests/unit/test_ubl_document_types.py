"""Document type and process identifiers, as they are looked up and addressed in the Peppol network."""

from __future__ import annotations

import pytest

from schemas import sbdh
from schemas.ubl import names
from schemas.ubl.document_types import (
    DOCUMENT_SCHEME,
    PROCESS_SCHEME,
    DocumentType,
    by_id,
    document_type,
    document_types,
)

BY_KEY = {one.key: one for one in document_types()}


def test_an_invoice_and_a_credit_note_of_peppol_billing() -> None:
    invoice, credit = document_type("Invoice", names.BILLING), document_type("CreditNote", names.BILLING)
    assert invoice is not None
    assert credit is not None
    assert invoice.id == (
        "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2::Invoice##"
        "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0::2.1"
    )
    assert credit.id == invoice.id.replace("Invoice", "CreditNote")
    assert invoice.process == credit.process == names.BILLING_PROFILE
    assert set(invoice.processes) == names.BILLING_PROFILES


@pytest.mark.parametrize(
    ("customization", "profile"),
    [
        (names.INVOICE_RESPONSE, names.INVOICE_RESPONSE_PROFILE),
        (names.MLR, names.MLR_PROFILE),
        (names.MLS, names.MLS_PROFILE),
    ],
)
def test_the_three_answers(customization: str, profile: str) -> None:
    found = document_type("ApplicationResponse", customization)
    assert found is not None
    assert found.process == profile
    assert found.id.endswith(f"ApplicationResponse-2::ApplicationResponse##{customization}::2.1")


def test_the_norwegian_types_of_their_own_have_version_2_2() -> None:
    ehf = [one for one in document_types() if one.key.startswith("ehf-")]
    assert {one.key for one in ehf} == {
        "ehf-reminder",
        "ehf-payment-request",
        "ehf-forward-invoice",
        "ehf-forward-credit-note",
    }
    assert {one.version for one in ehf} == {"2.2"}
    assert {one.process.removeprefix("urn:fdc:anskaffelser.no:2019:ehf:postaward:g3:") for one in ehf} == {
        "06:1.0",
        "07:1.0",
        "08:1.0",
    }


@pytest.mark.parametrize("one", document_types(), ids=lambda one: one.key)
def test_an_identifier_leads_back_to_its_type_and_names_its_root(one: DocumentType) -> None:
    assert by_id(one.id) is one
    assert by_id(f"{DOCUMENT_SCHEME}::{one.id}") is one
    assert document_type(one.root, one.customization) is one
    assert sbdh.root_of(one.id) == (one.namespace, one.root, one.version)
    assert BY_KEY[one.key] is one
    if one.version == "2.1":
        assert names.document_type_id(one.root, one.customization) == one.id


def test_unknown_identifiers_are_nobodys() -> None:
    assert by_id("urn:example::Invoice##x::2.1") is None
    assert document_type("Invoice", "urn:example") is None
    assert document_type("Order", names.BILLING) is None


def test_the_schemes_are_those_of_the_envelope() -> None:
    assert (DOCUMENT_SCHEME, PROCESS_SCHEME) == (sbdh.DOCUMENT_SCHEME, sbdh.PROCESS_SCHEME)

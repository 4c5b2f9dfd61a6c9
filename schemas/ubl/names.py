"""Namespaces and document identifiers of UBL 2.1 and Peppol BIS.

Sources: OASIS UBL 2.1; Peppol BIS Billing 3.0, Invoice Response 3.1, Message Level Response 3 and MLS 1.0; Peppol code
lists v9.7.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
CREDIT_NOTE = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"
APPLICATION_RESPONSE = "urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2"
PREFIXES = {CAC: "cac", CBC: "cbc"}
"""How people write the namespaces below the root (the root itself goes without a prefix)."""

BILLING = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
BILLING_PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
BILLING_PROFILES = frozenset(
    {
        BILLING_PROFILE,
        "urn:peppol:bis:billing_with_response",
        "urn:peppol:france:billing:regulated",
        "urn:peppol:france:billing:non-regulated",
    }
)
"""What rule R007 of set 2026.5 accepts."""

INVOICE_RESPONSE = "urn:fdc:peppol.eu:poacc:trns:invoice_response:3"
INVOICE_RESPONSE_PROFILE = "urn:fdc:peppol.eu:poacc:bis:invoice_response:3"
MLR = "urn:fdc:peppol.eu:poacc:trns:mlr:3"
MLR_PROFILE = "urn:fdc:peppol.eu:poacc:bis:mlr:3"
MLS = "urn:peppol:edec:mls:1.0"
MLS_PROFILE = "urn:peppol:edec:mls"

TRANSACTIONS = MappingProxyType({"t111": INVOICE_RESPONSE, "t71": MLR, "mls": MLS})
"""A response's transaction by its short name, and the CustomizationID that says it in the document."""


def transaction(customization: str) -> str:
    """The short name of the transaction a CustomizationID says; empty for any other. T111 and T71 may be extended."""
    found = (name for name, known in TRANSACTIONS.items() if known == customization)
    extended = (name for name in ("t111", "t71") if customization.startswith(TRANSACTIONS[name]))
    return next(found, "") or next(extended, "")


ORGNR = "0192"
"""ISO 6523 scheme of the Norwegian organisation number."""
REMOVED_SCHEMES = {"9908": ORGNR}
"""Schemes that Peppol removed, and what stands for them now (9908: removed 2023-05-24)."""
_ROOTS = {"Invoice": INVOICE, "CreditNote": CREDIT_NOTE, "ApplicationResponse": APPLICATION_RESPONSE}


def document_type_id(root: str, customization: str) -> str:
    """The document type id of a root element under a customization (scheme busdox-docid-qns, Peppol code lists).

    `schemas.ubl.document_types` knows those in use; this also writes the one of an extension nobody has listed.
    """
    return f"{_ROOTS[root]}::{root}##{customization}::2.1"


def current_scheme(scheme: str) -> str:
    """The ISO 6523 scheme that is used today: 9908 became 0192."""
    return REMOVED_SCHEMES.get(scheme, scheme)


_SPACES = {"cac": CAC, "cbc": CBC}


@cache
def clark(path: str) -> str:
    """`cac:Party/cbc:Name` in ElementTree's notation with namespaces in braces."""
    return "/".join(_clark_step(step) for step in path.split("/"))


def _clark_step(step: str) -> str:
    prefix, colon, name = step.partition(":")
    return f"{{{_SPACES[prefix]}}}{name}" if colon else step

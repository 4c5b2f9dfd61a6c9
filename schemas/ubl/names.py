"""Namespaces and document identifiers of UBL 2.1 and Peppol BIS.

Sources: OASIS UBL 2.1; Peppol BIS Billing 3.0, Invoice Response 3.1, Message Level Response 3 and MLS 1.0; Peppol code
lists v9.7.
"""

from __future__ import annotations

from functools import cache

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

_SPACES = {"cac": CAC, "cbc": CBC}


@cache
def clark(path: str) -> str:
    """`cac:Party/cbc:Name` in ElementTree's notation with namespaces in braces."""
    return "/".join(_clark_step(step) for step in path.split("/"))


def _clark_step(step: str) -> str:
    prefix, colon, name = step.partition(":")
    return f"{{{_SPACES[prefix]}}}{name}" if colon else step

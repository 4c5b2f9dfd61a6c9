"""How to pay (EN 16931 BG-16..BG-19) in UBL; a KID stands in `payment_id` (EHF), a BBAN or IBAN in `account`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from schemas.ubl.codec import DATE, TEXT, Layout, one
from schemas.ubl.values import CODE, IDENTIFIER, Identifier, ListedCode


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMeans:
    """One way to pay; `due_date` stands here on a credit note."""

    code: ListedCode | None = None
    due_date: date | None = None
    payment_id: str = ""
    card_number: str = ""
    card_network: str = ""
    card_holder: str = ""
    account: Identifier | None = None
    account_name: str = ""
    branch: str = ""
    mandate: str = ""
    payer_account: str = ""


PAYMENT_MEANS = Layout(
    PaymentMeans,
    (
        one("code", "cbc:PaymentMeansCode", CODE),
        one("due_date", "cbc:PaymentDueDate", DATE),
        one("payment_id", "cbc:PaymentID", TEXT),
        one("card_number", "cac:CardAccount/cbc:PrimaryAccountNumberID", TEXT),
        one("card_network", "cac:CardAccount/cbc:NetworkID", TEXT),
        one("card_holder", "cac:CardAccount/cbc:HolderName", TEXT),
        one("account", "cac:PayeeFinancialAccount/cbc:ID", IDENTIFIER),
        one("account_name", "cac:PayeeFinancialAccount/cbc:Name", TEXT),
        one("branch", "cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID", TEXT),
        one("mandate", "cac:PaymentMandate/cbc:ID", TEXT),
        one("payer_account", "cac:PaymentMandate/cac:PayerFinancialAccount/cbc:ID", TEXT),
    ),
)

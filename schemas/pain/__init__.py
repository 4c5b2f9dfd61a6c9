"""Payment orders to the bank: ISO 20022 pain.001.001.09 (customer credit transfer initiation), written only.

Source: the message definition of ISO 20022, the SEPA credit transfer rules of the EPC for euro (character set, SLEV,
structured addresses), and the habit of Norwegian banks for accounts without IBAN (`Othr` with scheme BBAN).
"""

from __future__ import annotations

from schemas.pain.order import LARGEST_MINOR, NAMESPACE, Debtor, Group, Order, Transfer, is_name
from schemas.pain.write import write

__all__ = ["LARGEST_MINOR", "NAMESPACE", "Debtor", "Group", "Order", "Transfer", "is_name", "write"]

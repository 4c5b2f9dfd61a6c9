"""UBL 2.1 as Peppol BIS Billing 3.0 uses it: invoice, credit note, and the responses to them.

`read` and `write` are for billing documents; `schemas.ubl.response` has its own pair for ApplicationResponse.
"""

from __future__ import annotations

from schemas.ubl.document import Document, read, read_root, write

__all__ = ["Document", "read", "read_root", "write"]

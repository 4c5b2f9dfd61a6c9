"""Rule set 2026.5: EN 16931 UBL 1.3.16 and Peppol BIS Billing 3.0.21 with Norwegian and Dutch rules.

In force from 24 August 2026 (a second source says 17 August). A module per theme; `ALL` is their sum in the order
people read a document. Code lists (BR-CL, PEPPOL CL) and the other nations' rules are not in it yet.
"""

from __future__ import annotations

from schemas.peppol.rules.set_2026_5 import (
    document,
    exempt,
    groups,
    identifiers,
    lines,
    national,
    peppol,
    peppol_entries,
    peppol_lines,
    peppol_money,
    precision,
    rated,
    sums,
)

ALL = (
    *document.RULES,
    *groups.RULES,
    *lines.RULES,
    *sums.RULES,
    *precision.RULES,
    *rated.RULES,
    *exempt.RULES,
    *peppol.RULES,
    *peppol_entries.RULES,
    *peppol_money.RULES,
    *peppol_lines.RULES,
    *identifiers.RULES,
    *national.RULES,
)

"""The country prefixes a VAT number may have (rule BR-CO-09, CEN 1.3.16): the countries and EL, which Greece uses."""

from __future__ import annotations

from functools import cache

from schemas import codelists
from schemas.peppol.rules.set_2026_5.lists import AS_OF


class VatPrefixes:
    """Asked `in`, with the countries read when first asked."""

    def __contains__(self, prefix: str) -> bool:
        """Whether the letters occur in the list written as one text, as the official rule asks it (so `N` does)."""
        return prefix in _in_one_text()


@cache
def _in_one_text() -> str:
    return f" {' '.join(sorted({*codelists.codes('ISO3166', AS_OF), 'EL'}))} "


VAT_PREFIXES = VatPrefixes()
"""The prefixes."""

"""Rule set 2026.5: EN 16931 UBL 1.3.16, Peppol BIS Billing 3.0.21 with national rules, T111, T71 and MLS 1.0.1.

In force from 24 August 2026 (a second source says 17 August). A module per theme with `RULES`; those in `responses` are
named after the transaction they belong to. A new theme is a new module and edits nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.set_2026_5 import responses
from schemas.peppol.rules.set_2026_5.never import NEVER as NEVER


def _modules(package: str, folder: Iterable[str]) -> dict[str, tuple[Rule, ...]]:
    found = {one.name: import_module(f"{package}.{one.name}") for one in iter_modules(folder) if not one.ispkg}
    return {name: tuple(getattr(module, "RULES", ())) for name, module in sorted(found.items())}


ALL = tuple(rule for rules in _modules(__name__, __path__).values() for rule in rules)
"""The rules of invoices and credit notes."""
RESPONSES = {name: rules for name, rules in _modules(responses.__name__, responses.__path__).items() if rules}
"""The rules of responses by transaction: t111, t71, mls."""

"""Checks of Peppol documents: `check(data)` gives findings, `inspect(data)` also says which gates were run.

Native rules in plain Python under official ids. What a set holds is `schemas.peppol.rules.registry`.
"""

from __future__ import annotations

from schemas.peppol.check import CheckResult, check, inspect

__all__ = ["CheckResult", "check", "inspect"]

"""Check a UBL document: gates in order, then the rules of the set in force (decisions 11, 31, 32)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from hub.model.finding import Finding, blocking
from schemas.peppol import gates
from schemas.peppol.rules import own, registry
from schemas.peppol.rules.core import RuleSet, judge
from schemas.peppol.rules.view import View
from schemas.xml import Element

RESPONSE_SETS = ("t111", "t71", "mls")
"""Names a caller may give for a response's transaction; their rules are not in the sets yet."""
_RULES_GATE = "rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What was checked and what was found: `gates_run` names every gate asked, the last one possibly unpassed.

    `format` is None where the document could not be recognised. `ruleset` is empty where no rules were asked.
    """

    format: str | None
    gates_run: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    ruleset: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing found forbids sending."""
        return not blocking(self.findings)


def check(
    data: bytes, on: date | None = None, *, rules_only: bool = False, ruleset: str | None = None
) -> list[Finding]:
    """The findings on a document, judged by the set in force `on` a day (the newest without one)."""
    return list(inspect(data, on, rules_only=rules_only, ruleset=ruleset).findings)


def inspect(
    data: bytes, on: date | None = None, *, rules_only: bool = False, ruleset: str | None = None
) -> CheckResult:
    """As `check`, and which gates were run, with which rule set.

    `rules_only` passes over the size, CustomizationID and XSD gates (for fragments), never over DTD and entities.
    `ruleset` names a dated set (`2026.5`), or a response's transaction.
    """
    chosen = registry.in_force(on) if ruleset is None or ruleset in RESPONSE_SETS else registry.named(ruleset)
    root, unsafe = gates.safe_xml(data, capped=not rules_only)
    result = CheckResult(format=None, gates_run=("xml",), findings=tuple(unsafe))
    if root is None:
        return result
    result = _asked(result, "root", gates.known_root(root))
    if not result.ok:
        return result
    result = replace(result, format=gates.FORMATS[str(root.tag)])
    if not rules_only:
        for name, gate in (("customization", gates.known_customization), ("xsd", gates.valid_ubl)):
            result = _asked(result, name, gate(root))
            if not result.ok:
                return result
    return _judged(result, root, chosen)


def _asked(result: CheckResult, gate: str, found: list[Finding]) -> CheckResult:
    return replace(result, gates_run=(*result.gates_run, gate), findings=(*result.findings, *found))


def _judged(result: CheckResult, root: Element, chosen: RuleSet) -> CheckResult:
    if result.format == "ubl-response":
        return result
    view = View(root)
    found = [*judge(view, chosen.rules, chosen.name), *judge(view, own.RULES, own.NAME)]
    return replace(_asked(result, _RULES_GATE, found), ruleset=chosen.name)

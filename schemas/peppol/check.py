"""Check a UBL document: gates in order, then the rules of the set in force (decisions 11, 31, 32)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from hub.model.finding import Finding, Severity, blocking
from schemas.peppol import gates
from schemas.peppol.rules import own, registry
from schemas.peppol.rules.core import RuleSet, judge
from schemas.peppol.rules.view import View
from schemas.ubl.names import PREFIXES, TRANSACTIONS, clark, transaction
from schemas.wording import Wording, said
from schemas.xml import Element, line_of, location, text_of

_RULES_GATE = "rules"
_USUAL = "t111"
"""What a response that says nothing we know is taken for (decision 32)."""
_BILLING = "billing"
_OWN = "kvitt"
_NO_RULES = Wording(
    code="KVITT-RULES-01",
    text=said(
        "Rule set {ruleset} has no rules for {transaction}; nothing was judged.",
        "Regelsettet {ruleset} har ingen regler for {transaction}; ingenting er vurdert.",
        "Regelset {ruleset} heeft geen regels voor {transaction}; er is niets beoordeeld.",
    ),
    hint=said(
        "Judge it by another rule set, or by the day it is sent.",
        "Vurder det etter et annet regelsett, eller etter dagen det sendes.",
        "Beoordeel het met een ander regelset, of naar de dag waarop het wordt verzonden.",
    ),
    ruleset=_OWN,
)
_BEFORE = Wording(
    code="KVITT-RULES-02",
    text=said(
        "Of the rules in force on {day} there is no set here; the oldest, {ruleset} (from {begins}), judged.",
        "Regelsettet som gjaldt {day}, finnes ikke her; det eldste, {ruleset} (fra {begins}), er brukt.",
        "Het regelset van {day} is hier niet; het oudste, {ruleset} (vanaf {begins}), heeft beoordeeld.",
    ),
    hint=said(
        "Rules of that day may have said otherwise.",
        "Reglene den dagen kan ha vært andre.",
        "De regels van die dag kunnen anders zijn geweest.",
    ),
    severity=Severity.INFO,
    ruleset=_OWN,
)
WORDINGS = (_NO_RULES, _BEFORE)
"""What is said about the rules themselves."""


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
    chosen = registry.named(ruleset) if ruleset and _named(ruleset) else registry.in_force(on)
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
    result = _judged(result, root, chosen, ruleset if ruleset in TRANSACTIONS else None)
    early = on is not None and on < chosen.valid_from and not _named(ruleset)
    return replace(result, findings=(*result.findings, _before(on, chosen, root))) if early else result


def _named(ruleset: str | None) -> bool:
    """Whether a dated set was asked for by name, whatever the day."""
    return ruleset is not None and ruleset not in TRANSACTIONS


def _asked(result: CheckResult, gate: str, found: list[Finding]) -> CheckResult:
    return replace(result, gates_run=(*result.gates_run, gate), findings=(*result.findings, *found))


def _judged(result: CheckResult, root: Element, chosen: RuleSet, asked: str | None) -> CheckResult:
    """Ask the rules; where there are none, that is a finding: a document nobody judged is not fine."""
    billing = result.format != "ubl-response"
    name = _BILLING if billing else asked or transaction(_customization(root)) or _USUAL
    plan = chosen.plans.get(name)
    if plan is None or not plan.rules:
        missing = _NO_RULES.finding(
            {"ruleset": chosen.name, "transaction": name.upper() if name in TRANSACTIONS else "Billing"},
            location=location(root, PREFIXES),
            line=line_of(root),
        )
        return replace(result, findings=(*result.findings, missing))
    view = View(root)
    found = judge(view, plan, chosen.name)
    if billing:
        found += judge(view, own.PLAN, own.NAME)
    return replace(_asked(result, _RULES_GATE, found), ruleset=chosen.name)


def _before(day: date | None, chosen: RuleSet, root: Element) -> Finding:
    filled = {"day": day, "ruleset": chosen.name, "begins": chosen.valid_from}
    return _BEFORE.finding(filled, location=location(root, PREFIXES), line=line_of(root))


def _customization(root: Element) -> str:
    return text_of(root.find(clark("cbc:CustomizationID")))

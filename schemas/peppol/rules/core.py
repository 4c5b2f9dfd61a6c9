"""What a rule is, and how a set of rules judges a document.

A rule looks at nodes (`where`) and says of each whether it `holds`. Ids are the official ones, texts are ours, in three
languages. A rule that cannot be answered (a number that is none) is itself a finding, never silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from hub.model.finding import Finding, Severity
from schemas.peppol.rules.view import View, find
from schemas.ubl.names import PREFIXES
from schemas.xml import Element, line_of, location, text_of

Texts = dict[str, str]
ENGINE = "KVITT-ENGINE-01"
"""Our code for a rule that could not be answered."""
_UNJUDGED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a rule raises on a value it cannot take, and on a mistake of ours: both must show."""
_UNANSWERED = {
    "en": "Rule {rule} could not be judged here: a value is not of its type.",
    "nb": "Regel {rule} kunne ikke vurderes her: en verdi har feil type.",
    "nl": "Regel {rule} kon hier niet worden beoordeeld: een waarde heeft niet het juiste type.",
}
_MEND_VALUE = {
    "en": "Write numbers with a point and digits only, dates as YYYY-MM-DD.",
    "nb": "Skriv tall bare med siffer og punktum, datoer som ÅÅÅÅ-MM-DD.",
    "nl": "Schrijf getallen met alleen cijfers en een punt, datums als JJJJ-MM-DD.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: where it looks, what must hold, and what to tell people when it does not.

    `at` is the path below the node whose value is shown; `expected` computes the value that would have been right.
    """

    id: str
    where: Callable[[View], Iterable[Element]]
    holds: Callable[[Element, View], bool]
    text: Texts
    hint: Texts
    severity: Severity = Severity.FATAL
    term: str = ""
    at: str = ""
    expected: Callable[[Element, View], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Rules in force from a day on; `name` stands in every finding."""

    name: str
    valid_from: date
    source: str
    rules: tuple[Rule, ...]


def judge(view: View, rules: Iterable[Rule], ruleset: str) -> list[Finding]:
    """All findings of some rules on a document, rule by rule."""
    return [finding for rule in rules for finding in _ask(rule, view, ruleset)]


def _ask(rule: Rule, view: View, ruleset: str) -> Iterator[Finding]:
    """The findings of one rule; a node it cannot judge is a finding and does not hide the next."""
    try:
        nodes = tuple(rule.where(view))
    except _UNJUDGED:
        nodes = ()
        yield _unanswered(rule, view.root, ruleset)
    for node in nodes:
        try:
            holds = rule.holds(node, view)
        except _UNJUDGED:
            yield _unanswered(rule, node, ruleset)
        else:
            if not holds:
                yield _broken(rule, node, view, ruleset)


def _broken(rule: Rule, node: Element, view: View, ruleset: str) -> Finding:
    found = find(node, rule.at) if rule.at else node
    shown = node if found is None else found
    return Finding(
        code=rule.id,
        severity=rule.severity,
        text=rule.text,
        hint=rule.hint,
        location=location(shown, PREFIXES),
        line=line_of(shown),
        term=rule.term,
        value=text_of(found) if rule.at else "",
        expected=rule.expected(node, view) if rule.expected else "",
        ruleset=ruleset,
    )


def _unanswered(rule: Rule, node: Element, ruleset: str) -> Finding:
    return Finding(
        code=ENGINE,
        severity=Severity.FATAL,
        text={language: said.format(rule=rule.id) for language, said in _UNANSWERED.items()},
        hint=_MEND_VALUE,
        location=location(node, PREFIXES),
        line=line_of(node),
        term=rule.term,
        ruleset=ruleset,
    )

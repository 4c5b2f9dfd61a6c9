"""What a rule is, and how a set of rules judges a document.

A rule looks at nodes (`where`) and says of each whether it `holds`. Ids are the official ones, texts are ours, in three
languages. A rule that cannot be answered (a number that is none) is itself a finding, never silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache

from hub.model.finding import Finding, Severity
from schemas.peppol.rules.pointing import culprit, term_at
from schemas.peppol.rules.view import View, find
from schemas.ubl.names import PREFIXES, clark
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
_KNOWN_PATHS = 4096
_MEND_VALUE = {
    "en": "Write numbers with a point and digits only, dates as YYYY-MM-DD.",
    "nb": "Skriv tall bare med siffer og punktum, datoer som ÅÅÅÅ-MM-DD.",
    "nl": "Schrijf getallen met alleen cijfers en een punt, datums als JJJJ-MM-DD.",
}


@dataclass(frozen=True)
class Everywhere:
    """Where a rule looks: every element at some paths (as `View` writes them). Without any, the rule is not asked."""

    paths: tuple[str, ...]

    def __call__(self, view: View) -> list[Element]:
        """The elements."""
        return view.all(*self.paths)

    def texts(self, view: View) -> set[str]:
        """Every different text there, so that each is judged once."""
        return view.texts(*self.paths)


@dataclass(frozen=True)
class FirstWith:
    """Where a rule looks: the first element with an attribute; not asked of a document that has none.

    `currencyID` and `unitCode` are none of these: nearly every amount and quantity has them (`View.bearers`).
    """

    attribute: str
    but: str = ""

    def __call__(self, view: View) -> list[Element]:
        """It alone, or none; `but` names the element that may have it."""
        found = view.attributes.get(self.attribute, ())
        return next(([node] for node in found if node.tag != clark(self.but)), []) if self.but else list(found[:1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: where it looks, what must hold, and what to tell people when it does not.

    What must hold is said in one of three ways: `fits` judges an element by its own text, `holds` by all there is, and
    with neither, `where` finds only what is wrong. `sure` may prove cheaply, for the whole document, that the rule
    holds: large documents have ten thousand lines, nearly always of one shape; it must never be true where `holds` is
    not. `concerns` says which documents it is for (a nation's), and is asked once for all rules that share it.
    `at` is the path below the node whose value is shown (`.`: its own, `@name`: an attribute); `value` computes what is
    shown where that is not all of a text; `expected` computes the value that would have been right.
    """

    id: str
    where: Callable[[View], Iterable[Element]]
    text: Texts
    hint: Texts
    holds: Callable[[Element, View], bool] | None = None
    fits: Callable[[str], bool] | None = None
    sure: Callable[[View], bool] | None = None
    concerns: Callable[[View], bool] | None = None
    severity: Severity = Severity.FATAL
    term: str = ""
    at: str = ""
    value: Callable[[Element, View], str] | None = None
    expected: Callable[[Element, View], str] | None = None


@dataclass(frozen=True)
class Repeated(Everywhere):
    """Where a rule looks for what stands too often: not asked where none of these names is ever repeated.

    The names are the last `steps` of each path: that many elements up, there is the one in which it must not repeat.
    """

    steps: int

    @property
    def repeating(self) -> frozenset[str]:
        """The names."""
        return frozenset(name for path in self.paths for name in path.split("/")[-self.steps :])


class Plan:
    """Rules by where they look, so that a document is asked only those it can break."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._always: list[int] = []
        self._placed: dict[str, list[int]] = {}
        self._repeated: dict[str, list[int]] = {}
        self._concerned: dict[Callable[[View], bool], list[int]] = {}
        for number, rule in enumerate(self.rules):
            self._place(number, rule)
            if rule.concerns is not None:
                self._concerned.setdefault(rule.concerns, []).append(number)
        self._counting = frozenset(number for numbers in self._repeated.values() for number in numbers)
        self._bearing = any("@" in path for path in self._placed)
        self._at = lru_cache(maxsize=_KNOWN_PATHS)(self._looking_at)

    def _place(self, number: int, rule: Rule) -> None:
        where = rule.where
        if isinstance(where, FirstWith):
            self._placed.setdefault(f"@{where.attribute}", []).append(number)
            return
        if not isinstance(where, Everywhere) or "/" in where.paths:
            self._always.append(number)
            return
        for path in where.paths:
            self._placed.setdefault(path, []).append(number)
        for name in where.repeating if isinstance(where, Repeated) else ():
            self._repeated.setdefault(name, []).append(number)

    def _looking_at(self, path: str) -> frozenset[int]:
        """The rules that look at a path of a document: at all of it, or at how it ends."""
        steps = path.split("/")
        endings = ("/".join(steps[index:]) for index in range(1, len(steps)))
        return frozenset(number for each in (path, *endings) for number in self._placed.get(each, ()))

    def asked(self, view: View) -> list[Rule]:
        """The rules that have something to look at, in their order."""
        found = set(self._always).union(*map(self._at, view.spots))
        if self._bearing:
            found.update(*map(self._at, view.bearers))
        repeated = (self._repeated[name] for name in self._repeated.keys() & view.crowded)
        found -= self._counting.difference(*repeated)
        for concerns, numbers in self._concerned.items():
            if not _concerned(concerns, view):
                found.difference_update(numbers)
        return [self.rules[number] for number in sorted(found)]


def _concerned(concerns: Callable[[View], bool] | None, view: View) -> bool:
    """Whether a rule is for this document; where that cannot be told it is asked, and says so itself."""
    try:
        return concerns is None or view.once(concerns)
    except _UNJUDGED:
        return True


@dataclass(frozen=True, kw_only=True)
class RuleSet:
    """Rules in force from a day on; `name` stands in every finding.

    `rules` are those of invoices and credit notes; `responses` those of an ApplicationResponse by transaction.
    `never` says of official rules that can never fail as they are coded why they cannot.
    """

    name: str
    valid_from: date
    source: str
    rules: tuple[Rule, ...]
    responses: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    never: Mapping[str, Texts] = field(default_factory=dict)

    @cached_property
    def plans(self) -> dict[str, Plan]:
        """The plan by transaction; that of `billing` is for invoices and credit notes."""
        return {"billing": Plan(self.rules), **{name: Plan(rules) for name, rules in self.responses.items()}}


def judge(view: View, plan: Plan, ruleset: str) -> list[Finding]:
    """All findings of some rules on a document, rule by rule."""
    found: list[Finding] = []
    for rule in plan.asked(view):
        if not _surely(rule, view):
            found += _ask(rule, view, ruleset)
    return found


def _surely(rule: Rule, view: View) -> bool:
    """Whether a rule's own proof says that it holds; a proof that cannot take a value proves nothing."""
    try:
        if rule.sure is not None:
            return rule.sure(view)
        # a subclass of Everywhere looks at some of these elements only, so it has no such proof
        plain = rule.where if isinstance(rule.where, Everywhere) and type(rule.where) is Everywhere else None
        return rule.fits is not None and plain is not None and all(map(rule.fits, plain.texts(view)))
    except _UNJUDGED:
        return False


def _ask(rule: Rule, view: View, ruleset: str) -> list[Finding]:
    """The findings of one rule; a node it cannot judge is a finding and does not hide the next."""
    try:
        nodes = rule.where(view)
    except _UNJUDGED:
        return [_unanswered(rule, view.root, view, ruleset)]
    if rule.fits is not None:
        return _read(rule, rule.fits, nodes, view, ruleset)
    found: list[Finding] = []
    holds = rule.holds
    for node in nodes:
        try:
            broken = holds is None or not holds(node, view)
        except _UNJUDGED:
            found.append(_unanswered(rule, node, view, ruleset))
        else:
            if broken:
                found.append(_broken(rule, node, view, ruleset))
    return found


def _read(rule: Rule, fits: Callable[[str], bool], nodes: Iterable[Element], view: View, ruleset: str) -> list[Finding]:
    """Judge each different text once: ten thousand lines mostly say the same."""
    known: dict[str, bool] = {}
    found: list[Finding] = []
    for node in nodes:
        text = node.text or ""
        if text not in known:
            try:
                known[text] = fits(text)
            except _UNJUDGED:
                found.append(_unanswered(rule, node, view, ruleset))
                continue
        if not known[text]:
            found.append(_broken(rule, node, view, ruleset))
    return found


def ask_everywhere(view: View, plan: Plan, ruleset: str) -> list[Finding]:
    """The same findings without any short cut, every rule asked at every place, to prove that none is left out."""
    return [finding for rule in plan.rules if _concerned(rule.concerns, view) for finding in _ask(rule, view, ruleset)]


def _broken(rule: Rule, node: Element, view: View, ruleset: str) -> Finding:
    found = node if rule.at in ("", ".") or rule.at[0] == "@" else find(node, rule.at)
    shown = node if found is None else found
    return Finding(
        code=rule.id,
        severity=rule.severity,
        text=rule.text,
        hint=rule.hint,
        location=location(shown, PREFIXES, view.labels),
        line=line_of(shown),
        term=term_at(rule.term, shown, rule.at[1:] if rule.at.startswith("@") else ""),
        value=_told(rule.value, node, view) if rule.value else _value(rule.at, node, found),
        expected=_told(rule.expected, node, view),
        ruleset=ruleset,
    )


def _told(compute: Callable[[Element, View], str] | None, node: Element, view: View) -> str:
    """A value to show; nothing where what it is computed from cannot be read."""
    try:
        return compute(node, view) if compute else ""
    except _UNJUDGED:
        return ""


def _value(at: str, node: Element, found: Element | None) -> str:
    if at.startswith("@"):
        return node.get(at[1:], "")
    return text_of(found) if at else ""


def _unanswered(rule: Rule, node: Element, view: View, ruleset: str) -> Finding:
    """At the value that is not of its type, where that one is known; else where the rule looks."""
    found = culprit(node, view)
    shown = node if found is None else found
    return Finding(
        code=ENGINE,
        severity=Severity.FATAL,
        text={language: said.format(rule=rule.id) for language, said in _UNANSWERED.items()},
        hint=_MEND_VALUE,
        location=location(shown, PREFIXES, view.labels),
        line=line_of(shown),
        term=term_at(rule.term, shown),
        value=text_of(found),
        ruleset=ruleset,
    )

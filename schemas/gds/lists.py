"""Level N4: codes by list and day, as VECOZO judges them; lists we hold in part or not at all are said, not guessed.

An empty element is not judged. A code the list lacks ends the judging; otherwise the code must be valid on the day the
rule names, where there is one. Source: VECOZO's stylesheet rcCode_vs_Peildatum (July 2021), `rules/codelists.csv`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from schemas.codelists import CodeEntry, code_list
from schemas.gds.language import Holds, Scene, Values, compiled, conditions, moment, valuer
from schemas.gds.place import Place
from schemas.gds.report import Report, table


@dataclass(frozen=True, slots=True)
class ListRule:
    """One row: an element of a class, its list, the day that counts and the return codes."""

    id: str
    of: str
    element: str
    codelist: str
    on: Values | None
    when: Holds | None
    unknown: str
    before: str
    after: str


@cache
def list_rules() -> tuple[ListRule, ...]:
    """The code-list rules of claims."""
    return tuple(_rule(row) for row in table("codelists.csv"))


def _rule(row: Mapping[str, str]) -> ListRule:
    when = conditions(row["when"])
    return ListRule(
        id=row["id"],
        of=row["class"],
        element=row["element"],
        codelist=row["codelist"],
        on=valuer(row["on"]) if row["on"] else None,
        when=compiled(when) if when else None,
        unknown=row["unknown"],
        before=row["before"],
        after=row["after"],
    )


@dataclass(slots=True)
class Lists:
    """The judging of one message's codes, with what could not be judged."""

    report: Report
    not_held: set[str] = field(default_factory=set)
    partial: set[str] = field(default_factory=set)

    def judge(self, rule: ListRule, place: Place, scene: Scene) -> None:
        """Judge one element's code by one rule."""
        code = place.text(rule.element)
        if not code or (rule.when is not None and not rule.when(place, scene)):
            return
        held = code_list(rule.codelist)
        if held is None:
            self.not_held.add(rule.codelist)
            return
        if not held.complete:
            self.partial.add(rule.codelist)
        entry = held.entries.get(code)
        if entry is None:
            self._tell("CODE-UNKNOWN" if held.complete else "CODE-NOT-HELD", rule, place, rule.unknown)
        elif rule.on is not None:
            self._on_its_day(rule, place, entry, moment(rule.on(place, scene)))

    def _on_its_day(self, rule: ListRule, place: Place, entry: CodeEntry, day: object) -> None:
        if not isinstance(day, date):
            return
        if entry.valid_from is not None and day < entry.valid_from:
            self._tell("CODE-EARLY", rule, place, rule.before)
        elif entry.valid_to is not None and day > entry.valid_to:
            self._tell("CODE-EXPIRED", rule, place, rule.after)

    def _tell(self, key: str, rule: ListRule, place: Place, returns: str) -> None:
        element = place.first(rule.element)
        self.report.add(key, place, element, expected=rule.codelist, returns=returns, term=rule.id)

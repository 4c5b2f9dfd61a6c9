"""The rules of `rules/vc.csv`, compiled once for each standard and version, found by the class they look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from hub.errors import ConfigurationError
from schemas.gds.language import Condition, Holds, Scene, compiled, conditions
from schemas.gds.lists import ListRule, list_rules
from schemas.gds.place import Place
from schemas.gds.report import Report, table
from schemas.gds.special import DEMANDS, EXPECTED, SPECIAL
from schemas.gds.tree import Node, tree_of
from schemas.gds.words import demand_of, sentence
from schemas.wording import Texts, said

_CLAIM = "GDS801"
_VERSION = said("version", "versjon", "versie")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its number, where it looks, when it is asked, what must hold, what it points at.

    `concerns` is that part of when it is asked which only the header decides, so it is answered once for a message.
    """

    id: str
    standard: str
    version: str
    of: str
    level: str
    returns: str
    concerns: Holds | None
    when: Holds | None
    must: Holds
    at: str
    special: str
    text: Texts
    hint: Texts

    def broken(self, place: Place, scene: Scene) -> bool:
        """Whether it is asked here and does not hold."""
        return (self.when is None or self.when(place, scene)) and not self.must(place, scene)

    def tell(self, place: Place, report: Report) -> None:
        """Make the finding."""
        expected = EXPECTED[self.special](place) if self.special in EXPECTED else ""
        report.broken(self.id, self.level, self.returns, self.text, self.hint, place, self.at, expected)


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule of every version."""
    return tuple(_rule(row) for row in table("vc.csv"))


def _rule(row: Mapping[str, str]) -> Rule:
    when = conditions(row["when"])
    header = tuple(part for part in when if part.of_header)
    rest = tuple(part for part in when if not part.of_header)
    special = row["must"] if row["must"].startswith("@") else ""
    if special and special not in SPECIAL:
        raise ConfigurationError(f"{row['id']}: no rule is called {special}", where="rules/vc.csv")
    must = () if special else conditions(row["must"])
    return Rule(
        id=row["id"],
        standard=row["standard"],
        version=row["version"],
        of=row["class"],
        level=row["level"],
        returns=row["returns"],
        concerns=compiled(header) if header else None,
        when=compiled(rest) if rest else None,
        must=SPECIAL[special] if special else compiled(must),
        at=row["at"],
        special=special,
        text=_worded(demand_of(when, DEMANDS[special]) if special else sentence(when, must), row),
        hint=_hint(must, row["at"]),
    )


def _worded(text: Texts, row: Mapping[str, str]) -> Texts:
    """The sentence behind the rule's number, with the version where the rule is not for all."""
    only = {language: f" ({word} {row['version']})" if row["version"] else "" for language, word in _VERSION.items()}
    return {
        language: f"{row['id']}: {words[:1].upper()}{words[1:]}{only[language]}" for language, words in text.items()
    }


def _hint(must: tuple[Condition, ...], at: str) -> Texts:
    name = at.rpartition("/")[2]
    wanted = {part.operator for part in must}
    if wanted & {"present", "somewhere"}:
        return said("Give what is missing.", "Oppgi det som mangler.", "Vul aan wat ontbreekt.")
    if "absent" in wanted:
        return said(
            "Leave out what does not belong.", "Utelat det som ikke hører hjemme.", "Laat weg wat er niet hoort."
        )
    if wanted & {"<", "<=", ">", ">="}:
        return said(
            "Check both dates in the source.",
            "Kontroller begge datoene i kilden.",
            "Controleer beide datums in de bron.",
        )
    return said(
        f"Correct {name}, or what it depends on, in the source.",
        f"Rett {name}, eller det den avhenger av, i kilden.",
        f"Verbeter {name}, of waar het van afhangt, in de bron.",
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of one class: rules and code lists."""

    rules: tuple[Rule, ...]
    lists: tuple[ListRule, ...]

    def asked(self, header: Place, scene: Scene) -> Plan:
        """The plan without the rules that are not for a message with this header."""
        return Plan(
            tuple(rule for rule in self.rules if rule.concerns is None or rule.concerns(header, scene)), self.lists
        )


@cache
def plans(standard: str, version: str) -> Mapping[str, Plan]:
    """By the path of a class in the table; a class nothing is asked of has none."""
    tree = tree_of(standard, version)
    mine = [rule for rule in rules() if rule.standard == standard and rule.version in ("", tree.version)]
    coded = list_rules() if standard == _CLAIM else ()
    found = {node.path: _plan(node.path, mine, coded) for node in _nodes(tree.root)}
    return MappingProxyType({path: plan for path, plan in found.items() if plan.rules or plan.lists})


def _plan(path: str, mine: list[Rule], coded: tuple[ListRule, ...]) -> Plan:
    return Plan(
        tuple(rule for rule in mine if _looks_at(rule.of, path)), tuple(one for one in coded if _looks_at(one.of, path))
    )


def _looks_at(of: str, path: str) -> bool:
    return f"/{path}".endswith(f"/{of}")


def _nodes(node: Node) -> list[Node]:
    return [node, *(below for child in node.children.values() for below in _nodes(child))]

"""Check a GDS message on Vektis' five levels: N1 readable, N2 structure, N3 form, N4 domain and lists, N5 rules.

The claim's rules are VECOZO's; a response is judged by its own three rules, its structure and its totals: what it
repeats of the claim may be wrong, that is why it comes back. What could not be judged is said, once for each reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from hub.model.finding import Finding
from schemas.codelists import code_list
from schemas.gds.awards import check_awards
from schemas.gds.codec import GdsMessage, read
from schemas.gds.language import Scene
from schemas.gds.lists import Lists
from schemas.gds.place import Place, classes, top
from schemas.gds.report import Report
from schemas.gds.ruleset import plans
from schemas.gds.structure import Structure, check_references
from schemas.gds.tree import trees
from schemas.gds.values import check_values
from schemas.wording import UnreadableError

LEVELS = ("N1", "N2", "N3", "N4", "N5")
_CLAIM = "GDS801"


def check(source: bytes | GdsMessage, *, on: date, environment: str = "") -> list[Finding]:
    """Every finding on a message, by line; `on` is today, `environment` VECOZO's (P or T) where it is known."""
    if isinstance(source, GdsMessage):
        return check_message(source, on=on, environment=environment)
    try:
        message = read(source)
    except UnreadableError as error:
        return [error.finding()]
    return check_message(message, on=on, environment=environment)


def check_message(message: GdsMessage, *, on: date, environment: str = "") -> list[Finding]:
    """Every finding on a message that was read or made."""
    report = Report(message.format)
    walked = _Walk(message, report)
    walked.walk()
    if not _is_itself(message, walked, report):
        return report.findings
    walked.judge(on, environment)
    return sorted(report.findings, key=lambda one: one.line or 0)


def _is_itself(message: GdsMessage, walked: _Walk, report: Report) -> bool:
    """Level N1: the code in the header belongs to the namespace; a version we lack is told."""
    tree, code = message.tree, message.root.text_at("Header/Berichtcode")
    if code and code != tree.berichtcode:
        report.findings.clear()
        found = walked.header.first("Berichtcode") if walked.header else None
        report.add("MESSAGE-CODE", walked.header, found, value=code[:10], expected=message.standard)
        return False
    if (message.standard, message.version) not in trees() and walked.header is not None:
        found = walked.header.first("Berichtversie")
        report.add("VERSION", walked.header, found, name="Berichtversie", value=message.version, expected=tree.version)
    return True


@dataclass(slots=True)
class _Walk:
    """One pass over the message: structure and values are judged on the way, classes with rules are kept for later."""

    message: GdsMessage
    report: Report
    header: Place | None = None
    overview: Place | None = None
    lines: list[Place] = field(default_factory=list)
    classes: list[Place] = field(default_factory=list)

    def walk(self) -> None:
        """Judge structure and values."""
        structure = Structure(self.report)
        planned = plans(self.message.standard, self.message.version)
        for place in classes(self.message):
            if place.node is None:
                continue
            structure.take(place, place.node)
            check_values(place, self.report)
            self._keep(place)
            if place.node.path in planned:
                self.classes.append(place)
        structure.finish()

    def _keep(self, place: Place) -> None:
        name = place.element.name
        if name == "Header" and self.header is None:
            self.header = place
        elif name == "Overzicht" and self.overview is None:
            self.overview = place
        elif name in ("DebetPrestatie", "CreditPrestatie"):
            self.lines.append(place)

    def judge(self, on: date, environment: str) -> None:
        """Ask rules and lists, then what concerns all lines."""
        scene = Scene(self.header, on, environment, _debits(self.lines))
        lists = Lists(self.report)
        if self.header is not None:  # nearly every rule asks who receives
            self._ask(self.header, scene, lists)
        check_references(self.lines, self.report)
        if self.message.standard == _CLAIM:
            self._unjudged(lists, environment)
        else:
            check_awards(self.header, self.overview, self.lines, self.report)

    def _ask(self, header: Place, scene: Scene, lists: Lists) -> None:
        planned = plans(self.message.standard, self.message.version)
        asked = {path: plan.asked(header, scene) for path, plan in planned.items()}
        for place in self.classes:
            plan = asked[place.node.path] if place.node else None
            for rule in plan.rules if plan else ():
                if rule.broken(place, scene):
                    rule.tell(place, self.report)
            for listed in plan.lists if plan else ():
                lists.judge(listed, place, scene)

    def _unjudged(self, lists: Lists, environment: str) -> None:
        root = top(self.message)
        if lists.not_held:
            self.report.add("LISTS-NOT-HELD", root, value=", ".join(sorted(lists.not_held)))
        if lists.partial:
            self.report.add("LISTS-IN-PART", root, value=", ".join(sorted(lists.partial)))
        if not environment:
            self.report.add("ENVIRONMENT", root, term="VC001")


def _debits(lines: list[Place]) -> frozenset[str]:
    references = (line.text("Referentienummer") for line in lines if line.element.name == "DebetPrestatie")
    return frozenset(one for one in references if one)


def held(name: str) -> str:
    """What we hold of a code list: `complete`, `part` or `none`."""
    found = code_list(name)
    return "none" if found is None else "complete" if found.complete else "part"

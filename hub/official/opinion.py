"""Ask the official rule files about a document and say where they and our rules differ.

Rules are compared by id and number of findings. A rule of a file that could not judge is not compared: silence is no
agreement. Codes: KVITT-OFFICIAL-01 the official file finds more, -02 our rules find more, -03 not judged, -04 nothing
official exists for such a document.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from lxml import etree

from hub.errors import FormatError
from hub.model.finding import Finding
from hub.official import texts
from hub.official.artefacts import CEN, MLS, PEPPOL, T71, T111, Artefact, Library, stylesheet
from hub.official.engine import SECONDS, Engine, Failure, OfficialFinding, Stylesheet
from schemas.ubl import names
from schemas.ubl.names import PREFIXES, clark
from schemas.xml import Element, line_of, location, parse, text_of

_OWN = "KVITT-"
_BILLING = (CEN, PEPPOL)
_BY_ROOT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        f"{{{names.INVOICE}}}Invoice": _BILLING,
        f"{{{names.CREDIT_NOTE}}}CreditNote": _BILLING,
        f"{{{names.APPLICATION_RESPONSE}}}ApplicationResponse": (T111,),
    }
)
_BY_TRANSACTION = MappingProxyType({"t111": T111, "t71": T71, "mls": MLS})
_STEP = re.compile(r"/(?:\*:([^\[/]+)\[namespace-uri\(\)='([^']*)'\]|([^\[/@*:]+))\[(\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What was asked of whom, and every difference as a finding."""

    release: str
    artefacts: tuple[Artefact, ...] = ()
    judged: bool = False
    findings: int = 0
    differences: tuple[Finding, ...] = ()

    def as_json(self, language: str = "en") -> dict[str, Any]:
        """What `kvitt check --official --json` prints under `official`."""
        return {
            "release": self.release,
            "judged": self.judged,
            "artefacts": [
                {"name": one.artefact, "kind": one.kind, "sha256": one.sha256, "origin": one.origin}
                for one in self.artefacts
            ],
            "findings": self.findings,
            "differences": [one.as_json(language) for one in self.differences],
        }


class SecondOpinion:
    """Official rule files, loaded as they are asked for, over one engine."""

    def __init__(self, library: Library, engine: Engine) -> None:
        self._library = library
        self._engine = engine
        self._loaded: dict[Artefact, Stylesheet] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._engine.close()

    def compare(
        self, document: bytes, native: Sequence[Finding], release: str, transaction: str | None = None
    ) -> Opinion:
        """Judge a document officially and compare; `transaction` (t111, t71, mls) decides for a response.

        ConfigurationError where SaxonC or a rule file is missing.
        """
        try:
            root = parse(document)
        except FormatError as error:
            return self.not_asked(release, error)
        wanted = _asked(root, transaction)
        if not wanted:
            return Opinion(release=release, differences=(texts.nothing_official(location(root, PREFIXES)),))
        used = tuple(self._library.used(release, name) for name in wanted)
        text = _as_text(document)
        answers = {one: self._engine.judge(self._sheet(one), text) for one in used}
        return self._opinion(release, root, native, answers)

    def not_asked(self, release: str, error: FormatError) -> Opinion:
        """The opinion on what cannot be handed over."""
        return Opinion(release=release, differences=(texts.unsafe(error),))

    def _sheet(self, one: Artefact) -> Stylesheet:
        if one not in self._loaded:
            self._loaded[one] = stylesheet(self._library.read(one), one.kind)
        return self._loaded[one]

    def _opinion(
        self,
        release: str,
        root: Element,
        native: Sequence[Finding],
        answers: Mapping[Artefact, tuple[OfficialFinding, ...] | Failure],
    ) -> Opinion:
        official = [found for answer in answers.values() if not isinstance(answer, Failure) for found in answer]
        failed = {one: answer for one, answer in answers.items() if isinstance(answer, Failure)}
        silent = [self._sheet(one).text for one in failed]
        ours = [one for one in native if not one.code.startswith(_OWN) and not _names(silent, one.code)]
        unjudged = [texts.not_judged(one.artefact, answer.trouble, answer.detail) for one, answer in failed.items()]
        compared = differences(root, ours, official) if len(failed) < len(answers) else []
        return Opinion(
            release=release,
            artefacts=tuple(answers),
            judged=not failed,
            findings=len(official),
            differences=(*unjudged, *compared),
        )


def second_opinion(folder: Path, *, seconds: float = SECONDS) -> SecondOpinion:
    """The rule files in a folder over a new engine; ConfigurationError where SaxonC is not installed."""
    return SecondOpinion(Library(folder), Engine(seconds=seconds))


def differences(root: Element, native: Sequence[Finding], official: Sequence[OfficialFinding]) -> list[Finding]:
    """One finding for each rule that both do not find equally often."""
    ours, theirs = Counter(one.code for one in native), Counter(one.rule for one in official)
    found = []
    for rule in sorted(ours.keys() | theirs.keys()):
        if theirs[rule] > ours[rule]:
            first = next(one for one in official if one.rule == rule)
            node = resolve(root, first.location)
            where, line = ("", None) if node is None else (location(node, PREFIXES), line_of(node))
            found.append(texts.only_official(rule, theirs[rule], ours[rule], where, line, first.text))
        elif ours[rule] > theirs[rule]:
            mine = next(one for one in native if one.code == rule)
            found.append(texts.only_ours(rule, theirs[rule], ours[rule], mine.location, mine.line))
    return found


def resolve(root: Element, path: str) -> Element | None:
    """The element an official location points at (of an attribute, its element); None when it is not in there."""
    node: Element | None = None
    for step in _STEP.finditer(path):
        tag = f"{{{step[2]}}}{step[1]}" if step[1] else step[3]
        siblings = [root] if node is None else node.findall(tag)
        place = int(step[4])
        if place > len(siblings) or siblings[place - 1].tag != tag:
            return None
        node = siblings[place - 1]
    return node


def _asked(root: Element, transaction: str | None) -> tuple[str, ...]:
    """The artefacts for a document: billing by its root, a response by what was asked, else by what it says it is."""
    wanted = _BY_ROOT.get(str(root.tag), ())
    if wanted != (T111,):
        return wanted
    named = names.transaction(text_of(root.find(clark("cbc:CustomizationID"))))
    return (_BY_TRANSACTION.get(transaction or "") or _BY_TRANSACTION.get(named, T111),)


def _as_text(document: bytes) -> str:
    """The document as text, whatever its encoding, with the comments that our own reading leaves out; it is safe."""
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=True)
    return etree.tostring(etree.fromstring(document, parser).getroottree(), encoding="unicode")


def _names(sheets: Sequence[str], rule: str) -> bool:
    """Whether one of these stylesheets holds a rule of this id."""
    return any(f'"{rule}"' in sheet or f">{rule}<" in sheet for sheet in sheets)

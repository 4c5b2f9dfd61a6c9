"""Peppol's rules on identifiers with a check digit or fixed form (PEPPOL-COMMON-R040 to -R056-2)."""

from __future__ import annotations

import re
from collections.abc import Callable

from hub.model.finding import Severity
from hub.model.identity import is_orgnr
from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import Where
from schemas.peppol.rules.texts import said
from schemas.peppol.rules.view import Nodes, View, parent
from schemas.xml import Element, local_name


def _schemed(scheme: str) -> Where:
    """Endpoint, party and company identifiers of a scheme."""

    def where(view: View) -> Nodes:
        ids = [node for node in view.all("cbc:ID") if local_name(parent(node)) == "PartyIdentification"]
        found = view.all("cbc:EndpointID") + ids + view.all("cbc:CompanyID")
        return [node for node in found if node.get("schemeID") == scheme]

    return where


def is_gln(text: str) -> bool:
    """A GLN with the right check digit (GS1, weights 3 and 1 from the right)."""
    if not re.fullmatch(r"[0-9]{2,}", text):
        return False
    weighted = sum(int(char) * (3 if index % 2 == 0 else 1) for index, char in enumerate(reversed(text[:-1])))
    return -weighted % 10 == int(text[-1])


def is_belgian(text: str) -> bool:
    """A Belgian enterprise number: ten digits, mod 97."""
    return re.fullmatch(r"[0-9]{10}", text) is not None and 97 - int(text[:8]) % 97 == int(text[8:])


def is_danish(text: str) -> bool:
    """A Danish CVR number: eight digits, DK before them or not."""
    return re.fullmatch(r"(DK)?[0-9]{8}", text) is not None


def is_swedish(text: str) -> bool:
    """A Swedish organisation number: ten digits, Luhn."""
    if not re.fullmatch(r"[0-9]{10}", text):
        return False
    doubled = [int(char) * (2 if index % 2 == 0 else 1) for index, char in enumerate(text[:9])]
    return -sum(value // 10 + value % 10 for value in doubled) % 10 == int(text[9])


def is_australian(text: str) -> bool:
    """An Australian business number: eleven digits, mod 89."""
    if not re.fullmatch(r"[0-9]{11}", text):
        return False
    weights = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
    values = [int(text[0]) - 1, *(int(char) for char in text[1:])]
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) % 89 == 0


def _rule(rule_id: str, scheme: str, what: dict[str, str], right: Callable[[str], bool], severity: Severity) -> Rule:
    sentences = said("is not a valid", "er ikke et gyldig", "is geen geldig")
    return Rule(
        id=f"PEPPOL-COMMON-{rule_id}",
        where=_schemed(scheme),
        holds=lambda node, _: right(_identifier(node)),
        text={one: f"{scheme}: {_THIS[one]} {sentences[one]} {what[one]}." for one in what},
        hint=_HINT,
        severity=severity,
    )


def _identifier(node: Element) -> str:
    return " ".join((node.text or "").split())


_THIS = said("the identifier", "identifikatoren", "de identificatie")
_HINT = said(
    "Check the number and its scheme for typing mistakes.",
    "Kontroller nummeret og skjemaet for skrivefeil.",
    "Controleer het nummer en het schema op tikfouten.",
)
_FATAL, _WARNING = Severity.FATAL, Severity.WARNING

RULES = (
    _rule("R040", "0088", said("GLN", "GLN", "GLN"), is_gln, _FATAL),
    _rule(
        "R041",
        "0192",
        said("Norwegian organisation number", "norsk organisasjonsnummer", "Noors organisatienummer"),
        is_orgnr,
        _FATAL,
    ),
    _rule(
        "R042",
        "0184",
        said("Danish CVR number", "dansk CVR-nummer", "Deens CVR-nummer"),
        is_danish,
        _FATAL,
    ),
    _rule(
        "R043",
        "0208",
        said("Belgian enterprise number", "belgisk foretaksnummer", "Belgisch ondernemingsnummer"),
        is_belgian,
        _FATAL,
    ),
    _rule(
        "R049",
        "0007",
        said("Swedish organisation number", "svensk organisasjonsnummer", "Zweeds organisatienummer"),
        is_swedish,
        _FATAL,
    ),
    _rule(
        "R050",
        "0151",
        said("Australian business number", "australsk foretaksnummer", "Australisch bedrijfsnummer"),
        is_australian,
        _FATAL,
    ),
)

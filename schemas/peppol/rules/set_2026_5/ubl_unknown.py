"""Rules UBL-CR (EN 16931 UBL 1.3.16): what UBL 2.1 can say and EN 16931 does not know. The table is ubl_unknown.csv."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files

from hub.model.finding import Severity
from schemas.peppol.rules.core import Rule, Texts
from schemas.peppol.rules.make import forbidden
from schemas.peppol.rules.set_2026_5.ubl_places import Bearing, Chosen, anchored
from schemas.peppol.rules.terms import named, starting
from schemas.peppol.rules.texts import said
from schemas.peppol.rules.view import every
from schemas.xml import Element

_EXTENSIONS = "{urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2}"
_DOCUMENT = {"en": "the document", "nb": "dokumentet", "nl": "het document"}
_UNKNOWN = {
    "en": "{place}: EN 16931 knows no {what}; the recipient's system may ignore it.",
    "nb": "{place}: EN 16931 kjenner ikke {what}; mottakerens system kan se bort fra det.",
    "nl": "{place}: EN 16931 kent geen {what}; het systeem van de ontvanger kan het negeren.",
}
_MOVE = {
    "en": "Leave {what} out. There is room for what the recipient needs in: {home}.",
    "nb": "Ta {what} ut. Det er plass til det mottakeren trenger i: {home}.",
    "nl": "Laat {what} weg. Voor wat de ontvanger nodig heeft is plaats in: {home}.",
}
_LEAVE = {
    "en": "Leave out the attribute {what}; the element itself stays.",
    "nb": "Ta ut attributtet {what}; selve elementet blir stående.",
    "nl": "Laat het attribuut {what} weg; het element zelf blijft staan.",
}
_OBJECT = "130"
"""The type code of an invoiced object (BT-18), which is written as a supporting document."""


def _rows() -> Iterator[Mapping[str, str]]:
    text = (files(__name__.rpartition(".")[0]) / "ubl_unknown.csv").read_text(encoding="utf-8")
    return csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))


def _place(term: str, language: str) -> str:
    return named(term, language) if term else _DOCUMENT[language]


def _unknown(what: str, term: str) -> Texts:
    return {one: starting(text.format(what=what, place=_place(term, one))) for one, text in _UNKNOWN.items()}


def _move(what: str, home: str) -> Texts:
    if not home:
        return {one: text.format(what=what) for one, text in _LEAVE.items()}
    return {one: text.format(what=what, home=named(home, one)) for one, text in _MOVE.items()}


def _rule(row: Mapping[str, str]) -> Rule:
    path, _, attribute = row["path"].partition("/@")
    what = f"@{attribute}" if attribute else path.rpartition("/")[2]
    paths = tuple(one.replace("ext:", _EXTENSIONS) for one in anchored(path))
    rule = forbidden(
        row["rule"],
        row["term"],
        *paths,
        text=_unknown(what, row["term"]),
        hint=_move(what, row["home"]),
        severity=Severity(row["severity"]),
    )
    if not attribute:
        return rule
    return replace(rule, where=Bearing(tuple(f"{one}/@{attribute}" for one in paths)), at=f"@{attribute}")


def _types(node: Element) -> list[str]:
    """The type codes beside an element of a supporting document."""
    above = node.getparent()
    return [] if above is None else [one.text or "" for one in every(above, "cbc:DocumentTypeCode")]


def _of_object(node: Element) -> bool:
    return _OBJECT in _types(node)


def _scheme_of_other(node: Element) -> bool:
    types = _types(node)
    return node.get("schemeID") is not None and (not types or any(one != _OBJECT for one in types))


def _object_rule(rule_id: str, name: str) -> Rule:
    """An invoiced object is only an identifier."""
    return Rule(
        id=rule_id,
        where=Chosen((f"cac:AdditionalDocumentReference/{name}",), _of_object),
        text=said(
            f"An invoiced object (BT-18, type code 130) is only an identifier and has no {name}.",
            f"Et fakturert objekt (BT-18, typekode 130) er bare en identifikator og har ikke {name}.",
            f"Een gefactureerd object (BT-18, typecode 130) is alleen een identificatie en heeft geen {name}.",
        ),
        hint=said(
            "Write the attachment as a supporting document of its own (BG-24), without the type code.",
            "Skriv vedlegget som et eget vedlegg (BG-24), uten typekode.",
            "Schrijf de bijlage als een eigen bijlage (BG-24), zonder typecode.",
        ),
        term="BT-18",
    )


_CONDITIONAL = (
    Rule(
        id="UBL-CR-002",
        where=Chosen(("/cbc:UBLVersionID",), lambda node: node.text != "2.1"),
        text=said(
            "The document says another UBL version than 2.1.",
            "Dokumentet oppgir en annen UBL-versjon enn 2.1.",
            "Het document noemt een andere UBL-versie dan 2.1.",
        ),
        hint=said(
            "Leave cbc:UBLVersionID out, or write 2.1.",
            "Ta ut cbc:UBLVersionID, eller skriv 2.1.",
            "Laat cbc:UBLVersionID weg, of schrijf 2.1.",
        ),
        severity=Severity.WARNING,
        at=".",
    ),
    replace(
        forbidden(
            "UBL-CR-412",
            "BG-16",
            "/cac:PaymentMeans/cbc:PaymentDueDate",
            text=_unknown("cbc:PaymentDueDate", "BG-16"),
            hint=_move("cbc:PaymentDueDate", "BT-9"),
            severity=Severity.WARNING,
        ),
        holds=lambda _, view: view.is_credit_note,  # a credit note has no other place for its due date
    ),
    Rule(
        id="UBL-CR-665",
        where=Chosen(("cac:AdditionalDocumentReference/cbc:ID",), _scheme_of_other),
        text=_unknown("@schemeID", "BT-122"),
        hint=said(
            "Leave the attribute out, or write the type code 130 if this is the invoiced object (BT-18).",
            "Ta ut attributtet, eller skriv typekoden 130 hvis dette er det fakturerte objektet (BT-18).",
            "Laat het attribuut weg, of schrijf typecode 130 als dit het gefactureerde object (BT-18) is.",
        ),
        severity=Severity.WARNING,
        term="BT-122",
        at="@schemeID",
    ),
    _object_rule("UBL-CR-666", "cac:Attachment"),
    _object_rule("UBL-CR-673", "cbc:DocumentDescription"),
)

RULES = (*(_rule(row) for row in _rows()), *_CONDITIONAL)

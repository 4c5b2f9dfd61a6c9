"""What can be wrong with the form of a UBL document, said in three languages, with what stands there and what should.

The offending value is shown only where it tells of nobody (`shown`): the answer of a check is read, mailed and logged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from schemas.ubl.datatypes import Datatype
from schemas.ubl.names import CAC, PREFIXES
from schemas.wording import Texts, said
from schemas.xml import Element, line_of, local_name, location, text_of

_UNKNOWN = said("{name} does not exist here.", "{name} finnes ikke her.", "{name} bestaat hier niet.")
_UNEXPECTED = said("{name} may not stand here.", "{name} kan ikke stå her.", "{name} mag hier niet staan.")
_INSTEAD = said(
    "{name} may not stand here; what may: {expected}.",
    "{name} kan ikke stå her; her kan det stå: {expected}.",
    "{name} mag hier niet staan; hier mag staan: {expected}.",
)
_ONCE = said(
    "{name} may stand here only once.",
    "{name} kan bare stå her én gang.",
    "{name} mag hier maar één keer staan.",
)
_LATE = said(
    "{name} must stand before {expected}.",
    "{name} må stå foran {expected}.",
    "{name} moet vóór {expected} staan.",
)
_MISSING = said("{expected} is missing.", "{expected} mangler.", "{expected} ontbreekt.")
_TEXT = said(
    "Text stands where only elements may.",
    "Det står tekst der bare elementer kan stå.",
    "Er staat tekst waar alleen elementen mogen staan.",
)
_ELEMENTS = said(
    "Elements stand where only a value may.",
    "Det står elementer der bare en verdi kan stå.",
    "Er staan elementen waar alleen een waarde mag staan.",
)
_APART = said(
    "Exactly one element of another namespace must stand here.",
    "Her må det stå nøyaktig ett element fra et annet navnerom.",
    "Hier moet precies één element uit een andere namespace staan.",
)
_STRANGE = said(
    "The attribute {name} is not allowed here.",
    "Attributtet {name} er ikke tillatt her.",
    "Het attribuut {name} mag hier niet staan.",
)
_LACKING = said("The attribute {name} is missing.", "Attributtet {name} mangler.", "Het attribuut {name} ontbreekt.")
_ODD = said(
    "The attribute {name} does not have the required form.",
    "Attributtet {name} har ikke riktig form.",
    "Het attribuut {name} heeft niet de vereiste vorm.",
)
_NO_LANGUAGE = said(
    "languageID is not a language code.",
    "languageID er ikke en språkkode.",
    "languageID is geen taalcode.",
)
_FORM = said(
    "The value does not have the required form.",
    "Verdien har ikke riktig form.",
    "De waarde heeft niet de vereiste vorm.",
)
_OTHER = said(
    "The element is not written as UBL 2.1 wants it.",
    "Elementet er ikke skrevet slik UBL 2.1 krever.",
    "Het element is niet geschreven zoals UBL 2.1 wil.",
)
_LONGEST = 40
_NUMBER = re.compile(r"(?:[A-Z]{3} ?)?[-+]?[0-9.,][0-9 .,:/'TZ+-]*(?: ?(?:%|[A-Z]{3}))?")
_YES_OR_NO = frozenset(("yes", "no", "ja", "nei", "nee", "y", "n", "j", "true", "false"))
_GROUPS = re.compile(r"[,:T]")
_PERSON_DIGITS = 9
"""A run of so many digits may be a BSN, eleven a fødselsnummer."""
_PERSON = f"{{{CAC}}}Person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One place where a document is not UBL 2.1; `reason` is what `said` says in English.

    `expected` is written in signs and names that need no translation. `attribute` says that it is about one of the
    element's attributes, `at` is the line where a parser said another than the element's own.
    """

    element: Element
    said: Texts
    value: str = ""
    expected: str = ""
    attribute: bool = False
    at: int = 0

    @property
    def location(self) -> str:
        """The element as an XPath a person can follow."""
        return location(self.element, PREFIXES)

    @property
    def line(self) -> int:
        """The line the element stands on, 0 when it came from no source."""
        return self.at or line_of(self.element) or 0

    @property
    def reason(self) -> str:
        """What is wrong, in English."""
        return self.said["en"]


def shown(element: Element) -> str:
    """The value of an element whose type is a number, date, time or boolean, where it is safe to show; else empty.

    Safe is what looks like a number, date or yes/no and has at most 40 characters: never words (a name may have landed
    in the wrong field), never what may be the identifier of a person (nine digits or more in a run, separators not
    counted), and nothing that stands in `cac:Person`.
    """
    text = text_of(element)
    if len(text) > _LONGEST or next(element.iterancestors(_PERSON), None) is not None:
        return ""
    if text.casefold() in _YES_OR_NO:
        return text
    runs = (sum(sign.isdigit() for sign in group) for group in _GROUPS.split(text))
    return text if _NUMBER.fullmatch(text) and all(run < _PERSON_DIGITS for run in runs) else ""


def name_of(element: Element) -> str:
    """The element's name as people write it (`cbc:ID`)."""
    prefix = PREFIXES.get(str(element.tag)[1:].partition("}")[0], "")
    return f"{prefix}:{local_name(element)}" if prefix else local_name(element)


def unknown(element: Element) -> Violation:
    """An element its parent does not know."""
    return Violation(element=element, said=_named(_UNKNOWN, name_of(element)))


def unexpected(element: Element, names: str) -> Violation:
    """An element that may not stand here; `names` are those that may, if any."""
    return Violation(
        element=element, said=_named(_INSTEAD if names else _UNEXPECTED, name_of(element), names), expected=names
    )


def repeated(element: Element) -> Violation:
    """An element that stands too often."""
    return Violation(element=element, said=_named(_ONCE, name_of(element)))


def late(element: Element, before: str) -> Violation:
    """An element behind one it must precede."""
    return Violation(element=element, said=_named(_LATE, name_of(element), before))


def missing(element: Element, names: str) -> Violation:
    """An element that lacks another."""
    return Violation(element=element, said=_named(_MISSING, name_of(element), names), expected=names)


def text(element: Element) -> Violation:
    """Text between elements."""
    return Violation(element=element, said=_TEXT)


def elements(element: Element) -> Violation:
    """Elements in a value."""
    return Violation(element=element, said=_ELEMENTS)


def apart(element: Element) -> Violation:
    """An extension without its one element."""
    return Violation(element=element, said=_APART)


def wrong(element: Element, datatype: Datatype) -> Violation:
    """A value that is not of its type."""
    return Violation(element=element, said=datatype.wrong or _FORM, value=shown(element), expected=datatype.form)


def strange(element: Element, name: str) -> Violation:
    """An attribute that may not be there."""
    return Violation(element=element, said=_named(_STRANGE, name), attribute=True)


def lacking(element: Element, name: str) -> Violation:
    """An attribute that must be there."""
    return Violation(element=element, said=_named(_LACKING, name), expected=f"@{name}", attribute=True)


def odd(element: Element, name: str) -> Violation:
    """An attribute whose value is not of its type."""
    return (
        no_language(element)
        if name == "languageID"
        else Violation(element=element, said=_named(_ODD, name), attribute=True)
    )


def no_language(element: Element) -> Violation:
    """A language that is none."""
    return Violation(element=element, said=_NO_LANGUAGE, attribute=True)


def other(element: Element) -> Violation:
    """Whatever else the schema forbids."""
    return Violation(element=element, said=_OTHER)


def _named(texts: Texts, name: str, expected: str = "") -> Texts:
    return {language: words.format(name=name, expected=expected) for language, words in texts.items()}

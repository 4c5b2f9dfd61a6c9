"""What a rule of `rules/vc.csv` says to people, made from its own conditions so that words and rule cannot part."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from schemas.gds.language import Condition
from schemas.wording import Texts

_LANGUAGES = ("en", "nb", "nl")
_OR = {"en": "or", "nb": "eller", "nl": "of"}
_AND = {"en": "and", "nb": "og", "nl": "en"}
_WHEN = {"en": "When", "nb": "Når", "nl": "Als"}
_TODAY = {"en": "today", "nb": "i dag", "nl": "vandaag"}
_ITSELF = {"en": "this part", "nb": "denne delen", "nl": "dit onderdeel"}
_MEANINGS: Mapping[str, str] = MappingProxyType({"9992": "DJI", "071": "GGZ/FZ ZPM"})
# operator: (as a condition, as a demand), each in en, nb, nl
_SAID: Mapping[str, tuple[tuple[str, str, str], tuple[str, str, str]]] = MappingProxyType(
    {
        "present": (
            ("{path} is given", "{path} er oppgitt", "{path} is gevuld"),
            ("{path} must be given", "{path} må oppgis", "{path} moet gevuld zijn"),
        ),
        "absent": (
            ("{path} is not given", "{path} ikke er oppgitt", "{path} niet is gevuld"),
            ("{path} must be left out", "{path} skal utelates", "laat {path} weg"),
        ),
        "somewhere": (
            ("{path} is given", "{path} er oppgitt", "{path} is gevuld"),
            ("{path} must be given", "{path} må oppgis", "{path} moet gevuld zijn"),
        ),
        "is": (
            ("{path} is {values}", "{path} er {values}", "{path} {values} is"),
            ("{path} must be {values}", "{path} må være {values}", "{path} moet {values} zijn"),
        ),
        "not": (
            ("{path} is not {values}", "{path} ikke er {values}", "{path} niet {values} is"),
            ("{path} must not be {values}", "{path} kan ikke være {values}", "{path} mag niet {values} zijn"),
        ),
        "only": (
            ("{path} is {values}", "{path} er {values}", "{path} {values} is"),
            ("{path} must be {values}", "{path} må være {values}", "{path} moet {values} zijn"),
        ),
        "same": (
            ("{path} equals {values}", "{path} er lik {values}", "{path} gelijk is aan {values}"),
            ("{path} must equal {values}", "{path} må være lik {values}", "{path} moet gelijk zijn aan {values}"),
        ),
        "<": (
            ("{path} is before {values}", "{path} er før {values}", "{path} voor {values} ligt"),
            ("{path} must be before {values}", "{path} må være før {values}", "{path} moet voor {values} liggen"),
        ),
        "<=": (
            ("{path} is not after {values}", "{path} ikke er etter {values}", "{path} niet na {values} ligt"),
            (
                "{path} must not be after {values}",
                "{path} kan ikke være etter {values}",
                "{path} mag niet na {values} liggen",
            ),
        ),
        ">": (
            ("{path} is after {values}", "{path} er etter {values}", "{path} na {values} ligt"),
            ("{path} must be after {values}", "{path} må være etter {values}", "{path} moet na {values} liggen"),
        ),
        ">=": (
            ("{path} is not before {values}", "{path} ikke er før {values}", "{path} niet voor {values} ligt"),
            (
                "{path} must not be before {values}",
                "{path} kan ikke være før {values}",
                "{path} mag niet voor {values} liggen",
            ),
        ),
        "zero": (
            ("{path} is 0.00", "{path} er 0.00", "{path} 0.00 is"),
            ("{path} must be 0.00", "{path} må være 0.00", "{path} moet 0.00 zijn"),
        ),
        "positive": (
            ("{path} is above 0.00", "{path} er over 0.00", "{path} meer dan 0.00 is"),
            ("{path} must be above 0.00", "{path} må være over 0.00", "{path} moet meer dan 0.00 zijn"),
        ),
        "one": (
            ("{path} is 1", "{path} er 1", "{path} 1 is"),
            ("{path} must be 1", "{path} må være 1", "{path} moet 1 zijn"),
        ),
        "sepa": (
            ("{path} has SEPA characters only", "{path} har bare SEPA-tegn", "{path} alleen SEPA-tekens heeft"),
            (
                "{path} may hold SEPA characters only: letters, digits, blank and / - ? : ( ) . , ' +",
                "{path} kan bare ha SEPA-tegn: bokstaver, siffer, mellomrom og / - ? : ( ) . , ' +",
                "{path} mag alleen SEPA-tekens bevatten: letters, cijfers, spatie en / - ? : ( ) . , ' +",
            ),
        ),
    }
)


def sentence(when: tuple[Condition, ...], must: tuple[Condition, ...]) -> Texts:
    """A rule as a sentence, such as `When A is 1: B must be given`."""
    return {language: _sentence(language, when, must) for language in _LANGUAGES}


def demand_of(when: tuple[Condition, ...], demands: Texts) -> Texts:
    """The same for a rule whose demand is said in words of its own."""
    return {language: _begin(language, when) + demands[language] for language in _LANGUAGES}


def _sentence(language: str, when: tuple[Condition, ...], must: tuple[Condition, ...]) -> str:
    both = f" {_AND[language]} "
    return _begin(language, when) + both.join(_say(language, part, demand=True) for part in must) + "."


def _begin(language: str, when: tuple[Condition, ...]) -> str:
    if not when:
        return ""
    both = f" {_AND[language]} "
    return f"{_WHEN[language]} {both.join(_say(language, part, demand=False) for part in when)}: "


def _say(language: str, part: Condition, *, demand: bool) -> str:
    spoken = _SAID[part.operator][1 if demand else 0][_LANGUAGES.index(language)]
    join = _AND if part.operator == "absent" else _OR
    path = _listed([_named(one, language) for one in part.paths], join[language])
    return spoken.format(path=path, values=_listed([_valued(one, language) for one in part.values], _OR[language]))


def _listed(words: list[str], last: str) -> str:
    return f" {last} ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)


def _named(path: str, language: str) -> str:
    return _ITSELF[language] if path == "." else path.rpartition(":")[2]


def _valued(text: str, language: str) -> str:
    if text == "Today:":
        return _TODAY[language]
    meaning = _MEANINGS.get(text, "")
    return f"{text} ({meaning})" if meaning else text.rpartition(":")[2]

"""Sentences of findings, made from term names, so that each kind of rule is worded once per language."""

from __future__ import annotations

from schemas.codelists import title
from schemas.peppol.rules.core import Texts
from schemas.peppol.rules.terms import named, starting

_LANGUAGES = ("en", "nb", "nl")
_MISSING = {"en": "{name} is missing.", "nb": "{name} mangler.", "nl": "{name} ontbreekt."}
_BARE = {
    "en": "{name} has no @{attribute}.",
    "nb": "{name} har ikke @{attribute}.",
    "nl": "{name} heeft geen @{attribute}.",
}
_FILL = {"en": "Fill in {path}.", "nb": "Fyll ut {path}.", "nl": "Vul {path} in."}
_CHANGE = {"en": "Correct {path}.", "nb": "Rett {path}.", "nl": "Verbeter {path}."}
_UNEQUAL = {
    "en": "{name} does not equal {formula}.",
    "nb": "{name} er ikke lik {formula}.",
    "nl": "{name} is niet gelijk aan {formula}.",
}
_RECOUNT = {
    "en": "Compute it again: round each line to two decimals, then add; VAT per category and rate.",
    "nb": "Beregn på nytt: rund av hver linje til to desimaler og summer; avgift per kategori og sats.",
    "nl": "Bereken opnieuw: rond elke regel af op twee decimalen en tel op; btw per categorie en tarief.",
}
_UNLISTED = {
    "en": "{name} is not one of {list}.",
    "nb": "{name} er ikke en av {list}.",
    "nl": "{name} is geen van {list}.",
}
_CHOOSE = {
    "en": "Choose one of {list}; lists change twice a year.",
    "nb": "Velg en av {list}; listene endres to ganger i året.",
    "nl": "Kies een van {list}; de lijsten wijzigen twee keer per jaar.",
}
_DECIMALS = {
    "en": "{name} has more than two decimals.",
    "nb": "{name} har mer enn to desimaler.",
    "nl": "{name} heeft meer dan twee decimalen.",
}
_ROUND = {
    "en": "Round the amount to two decimals.",
    "nb": "Rund av beløpet til to desimaler.",
    "nl": "Rond het bedrag af op twee decimalen.",
}


def said(en: str, nb: str, nl: str) -> Texts:
    """A sentence in the three languages."""
    return {"en": en, "nb": nb, "nl": nl}


def missing(term: str) -> Texts:
    """`<term> is missing`."""
    return {one: starting(_MISSING[one].format(name=named(term, one))) for one in _LANGUAGES}


def bare(term: str, attribute: str) -> Texts:
    """`<term> has no @<attribute>`."""
    return {one: starting(_BARE[one].format(name=named(term, one), attribute=attribute)) for one in _LANGUAGES}


def fill(path: str) -> Texts:
    """`Fill in <path>`."""
    return {one: _FILL[one].format(path=path) for one in _LANGUAGES}


def change(path: str) -> Texts:
    """`Correct <path>`, which is there but wrong."""
    return {one: _CHANGE[one].format(path=path) for one in _LANGUAGES}


def unequal(term: str, formula: str) -> Texts:
    """`<term> does not equal <formula>`; the formula is written in term ids, which need no translation."""
    return {one: starting(_UNEQUAL[one].format(name=named(term, one), formula=formula)) for one in _LANGUAGES}


def recount() -> Texts:
    """How to compute a total."""
    return dict(_RECOUNT)


def unlisted(term: str, codes: str) -> Texts:
    """`<term> is not a code of <title of the list>`."""
    return not_listed({one: starting(named(term, one)) for one in _LANGUAGES}, codes)


def not_listed(what: Texts, codes: str) -> Texts:
    """`<what> is not a code of <title of the list>`."""
    return {one: _UNLISTED[one].format(name=what[one], list=title(codes)[one]) for one in _LANGUAGES}


def choose(codes: str) -> Texts:
    """Which list to choose from."""
    return choose_of(title(codes))


def choose_of(titles: Texts) -> Texts:
    """The same for what is no list of its own."""
    return {one: _CHOOSE[one].format(list=titles[one]) for one in _LANGUAGES}


def decimals(term: str) -> Texts:
    """`<term> has more than two decimals`."""
    return {one: starting(_DECIMALS[one].format(name=named(term, one))) for one in _LANGUAGES}


def round_it() -> Texts:
    """What to do about decimals."""
    return dict(_ROUND)

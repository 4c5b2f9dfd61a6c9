"""Sentences of findings, made from term names, so that each kind of rule is worded once per language."""

from __future__ import annotations

from schemas.peppol.rules.core import Texts
from schemas.peppol.rules.terms import named, starting

_LANGUAGES = ("en", "nb", "nl")
_MISSING = {"en": "{name} is missing.", "nb": "{name} mangler.", "nl": "{name} ontbreekt."}
_FILL = {"en": "Fill in {path}.", "nb": "Fyll ut {path}.", "nl": "Vul {path} in."}
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


def fill(path: str) -> Texts:
    """`Fill in <path>`."""
    return {one: _FILL[one].format(path=path) for one in _LANGUAGES}


def unequal(term: str, formula: str) -> Texts:
    """`<term> does not equal <formula>`; the formula is written in term ids, which need no translation."""
    return {one: starting(_UNEQUAL[one].format(name=named(term, one), formula=formula)) for one in _LANGUAGES}


def recount() -> Texts:
    """How to compute a total."""
    return dict(_RECOUNT)


def decimals(term: str) -> Texts:
    """`<term> has more than two decimals`."""
    return {one: starting(_DECIMALS[one].format(name=named(term, one))) for one in _LANGUAGES}


def round_it() -> Texts:
    """What to do about decimals."""
    return dict(_ROUND)

"""Whose performances a response means that names a person and no performance: those of that person in what was sent.

Source: `schemas.gds`: a response repeats a person's BSN, insured number or patient number as the claim message had it.
"""

from __future__ import annotations

from collections.abc import Sequence

from schemas.gds import Element, GdsMessage

_NUMBERS = ("BSN", "Verzekerdennummer", "PatientIdentificatienummer")


def references_of(insured: Element, sent: GdsMessage | None) -> tuple[str, ...]:
    """References of everything the claim message asks for a returned person; none where that is not certain."""
    if sent is None:
        return ()
    found = [each for each in sent.root.all("Verzekerde") if _same(insured, each)]
    if any(not _same(found[0], each) for each in found):
        return ()  # one number of two people: whose it is cannot be said
    names = ("DebetPrestatie", "CreditPrestatie")
    inside = [one for each in found for wrapper in each.all("Prestatie") for one in wrapper.children]
    return tuple(ref for one in inside if one.name in names and (ref := one.text_at("Referentienummer")))


def _same(one: Element, other: Element) -> bool:
    """Whether two are one person: they share a number, and no number of theirs differs."""
    shared = [(one.text_at(name), other.text_at(name)) for name in _numbers(one, other)]
    return bool(shared) and all(left == right for left, right in shared)


def _numbers(one: Element, other: Element) -> Sequence[str]:
    return [name for name in _NUMBERS if one.text_at(name) and other.text_at(name)]

"""Rules of the commonest kinds, made from a term and a path."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType

from hub.model.finding import Severity
from schemas import codelists
from schemas.codelists import Codes
from schemas.peppol.rules.core import Everywhere, Rule, Texts
from schemas.peppol.rules.texts import bare, choose, fill, missing, not_listed, unlisted
from schemas.peppol.rules.view import BLANKS, LINES, Nodes, Spot, View, has, words
from schemas.xml import Element

Where = Callable[[View], Iterable[Element]]
root = Everywhere(("/",))
"""The document itself."""
totals = Everywhere(("cac:LegalMonetaryTotal",))
"""The document's totals."""
lines = Everywhere(LINES)
"""Every line."""


def everywhere(*paths: str) -> Everywhere:
    """Every element at some paths (`/cac:InvoiceLine`, `cac:Party/cbc:Name`, `cbc:ID`)."""
    return Everywhere(paths)


@dataclass(frozen=True)
class Entries(Everywhere):
    """Allowances or charges of one place."""

    charge: bool
    place: str

    def __call__(self, view: View) -> Nodes:
        """The elements."""
        return view.entries(charge=self.charge, place=self.place)


_ADDRESSES = "EAS"
"""The list that says what took a removed scheme's place."""
_FEW = 20
_ENTRY = "cac:AllowanceCharge"
_ENTRY_PATHS = MappingProxyType(
    {"document": (f"/{_ENTRY}",), "line": tuple(f"{line[1:]}/{_ENTRY}" for line in LINES), "": (_ENTRY,)}
)


def entries(*, charge: bool, place: str) -> Entries:
    """Allowances or charges of the `document`, of a `line`, or (``) anywhere."""
    return Entries(_ENTRY_PATHS[place], charge, place)


def only(concerned: Callable[[View], bool], *rules: Rule) -> tuple[Rule, ...]:
    """The rules, asked only of documents they concern; all others cost one look, which the rules share."""
    return tuple(replace(rule, concerns=concerned) for rule in rules)


def filled(rule_id: str, term: str, path: str, where: Where = root) -> Rule:
    """A path that must hold text."""
    return Rule(
        id=rule_id,
        where=where,
        holds=lambda node, _: words(node, path) != "",
        sure=all_filled(where, path) if isinstance(where, Everywhere) else None,
        text=missing(term),
        hint=fill(path),
        term=term,
    )


def present(rule_id: str, term: str, path: str, where: Where = root) -> Rule:
    """A path that must exist."""
    return either(rule_id, term, (path,), where)


def either(rule_id: str, term: str, paths: tuple[str, ...], where: Where = root) -> Rule:
    """One of several paths must exist."""
    return Rule(
        id=rule_id,
        where=where,
        holds=lambda node, _: any(has(node, path) for path in paths),
        sure=_all_hold(where, paths) if isinstance(where, Everywhere) else None,
        text=missing(term),
        hint=fill(" / ".join(paths)),
        term=term,
    )


def _all_hold(where: Everywhere, paths: tuple[str, ...]) -> Callable[[View], bool]:
    """A proof that each place has one of the paths: all of them have the same one."""

    def sure(view: View) -> bool:
        for one in where.paths:
            for spot in view.spots_at(one):
                if not (spot.all_hold(paths[0]) or any(map(spot.all_hold, paths[1:]))):
                    return False
        return True

    return sure


def all_filled(where: Everywhere, path: str) -> Callable[[View], bool]:
    """A proof that each place has text at the path: all have the path, and nothing there is blank."""

    def filled_below(spot: Spot) -> bool:
        below = spot.down(path)
        return below is None or all(map(str.strip, below.texts))

    held = _all_hold(where, (path,))

    def sure(view: View) -> bool:
        return held(view) and all(filled_below(spot) for one in where.paths for spot in view.spots_at(one))

    return sure


def forbidden(rule_id: str, term: str, *paths: str, text: Texts, hint: Texts, severity: Severity) -> Rule:
    """Paths that must not be there; said once for a document, at the first such element."""
    return Rule(
        id=rule_id,
        where=_First(paths),
        text=text,
        hint=hint,
        severity=severity,
        term=term,
    )


class _First(Everywhere):
    """The first element of all these."""

    def __call__(self, view: View) -> list[Element]:
        """It alone, or none."""
        return view.all(*self.paths)[:1]


def listed(rule_id: str, term: str, known: Codes, where: Where, what: Texts | None = None) -> Rule:
    """An element whose text must be one of the codes of a list; `what` names it where it stands for several terms."""
    return Rule(
        id=rule_id,
        where=where,
        fits=lambda text: text.strip(BLANKS) in known,
        text=not_listed(what, known.list) if what else unlisted(term, known.list),
        hint=choose(known.list),
        term=term,
        at=".",
        expected=lambda *_: choice(known),
    )


def by_attribute(
    rule_id: str,
    term: str,
    what: Texts,
    known: Codes,
    attribute: str,
    where: Where,
    *,
    needed: bool = False,
    exact: bool = False,
    values: Callable[[View], frozenset[str | None]] | None = None,
) -> Rule:
    """An attribute that must be a code of a list; white space around it counts only where the rule is `exact`.

    `values` are all there are in a document, where several rules ask for the same.
    """

    def fits(value: str | None) -> bool:
        if value is None:
            return not needed
        return (value if exact else value.strip(BLANKS)) in known

    def sure(view: View) -> bool:
        return all(map(fits, view.once(values) if values else {node.get(attribute) for node in where(view)}))

    return Rule(
        id=rule_id,
        where=where,
        holds=lambda node, _: fits(node.get(attribute)),
        sure=sure,
        text=not_listed(what, known.list),
        hint=choose(known.list),
        term=term,
        at=f"@{attribute}",
        expected=lambda node, _: choice(known, node.get(attribute, "")),
    )


def choice(known: Codes, code: str = "") -> str:
    """What to write instead of a code: the one that took its place, else all there are where they can be read."""
    return _instead(known, code) or few(codelists.codes(known.list, known.on))


def few(codes: Collection[str]) -> str:
    """The codes, where they are few enough to be read; nothing otherwise."""
    return " ".join(sorted(codes)) if len(codes) <= _FEW else ""


def _instead(known: Codes, code: str) -> str:
    """What took the place of a code removed, as its list says or (9908: 0192) that of electronic addresses."""
    found = (codelists.successor(name, code) for name in (known.list, _ADDRESSES))
    return next((one for one in found if one != code and one in known), "")


def attributed(rule_id: str, term: str, attribute: str, where: Where) -> Rule:
    """An attribute that must be there."""
    return Rule(
        id=rule_id,
        where=where,
        holds=lambda node, _: node.get(attribute) is not None,
        text=bare(term, attribute),
        hint=fill(f"@{attribute}"),
        term=term,
        at=".",
    )

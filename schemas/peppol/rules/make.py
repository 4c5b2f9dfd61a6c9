"""Rules of the commonest kinds, made from a term and a path."""

from __future__ import annotations

from collections.abc import Callable

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.texts import fill, missing
from schemas.peppol.rules.view import Nodes, View, has, words

Where = Callable[[View], Nodes]


def root(view: View) -> Nodes:
    """The document itself."""
    return [view.root]


def totals(view: View) -> Nodes:
    """The document's totals."""
    return view.totals


def lines(view: View) -> Nodes:
    """Every line."""
    return view.lines


def everywhere(name: str) -> Where:
    """Every element of a name."""
    return lambda view: view.all(name)


def filled(rule_id: str, term: str, path: str, where: Where = root) -> Rule:
    """A path that must hold text."""
    return Rule(
        id=rule_id,
        where=where,
        holds=lambda node, _: words(node, path) != "",
        text=missing(term),
        hint=fill(path),
        term=term,
    )


def present(rule_id: str, term: str, path: str, where: Where = root) -> Rule:
    """A path that must exist."""
    return Rule(
        id=rule_id, where=where, holds=lambda node, _: has(node, path), text=missing(term), hint=fill(path), term=term
    )


def either(rule_id: str, term: str, paths: tuple[str, ...], where: Where = root) -> Rule:
    """One of several paths must exist."""
    return Rule(
        id=rule_id,
        where=where,
        holds=lambda node, _: any(has(node, path) for path in paths),
        text=missing(term),
        hint=fill(" / ".join(paths)),
        term=term,
    )


def attributed(rule_id: str, term: str, attribute: str, where: Where) -> Rule:
    """An attribute that must be there."""
    return Rule(
        id=rule_id,
        where=where,
        holds=lambda node, _: node.get(attribute) is not None,
        text=missing(term),
        hint=fill(f"@{attribute}"),
        term=term,
    )

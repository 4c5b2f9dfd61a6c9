"""What a schema cannot say about a partner.yaml: check digits, dates in order, patterns that compile, no overlap."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from connectors.partners.checking import Document
from connectors.partners.positions import Path, quoted
from hub.model.identity import is_agb, is_orgnr, is_uzovi
from mappings.mail_patterns import problem

_FORMS: Mapping[str, tuple[Callable[[str], bool], str]] = MappingProxyType(
    {
        "UZOVI": (is_uzovi, "four digits, with its leading zeros"),
        "AGB": (is_agb, "eight digits: two for the sort, six for the number"),
        "0192": (is_orgnr, "nine digits whose last one is the mod 11 check digit"),
    }
)


def check_meaning(document: Document) -> None:
    """Note everything that fits the schema and is wrong all the same; asks for a document that fits the schema."""
    _check_days(document, "identifiers")
    _check_days(document, "rules")
    _check_numbers(document)
    _check_overlaps(document)
    for path, pattern, groups in _patterns(document.value):
        _check_pattern(document, path, pattern, groups)
    _check_mail(document)
    _check_ehf(document)
    _check_channel(document)
    if document.value["kind"] == "insurer" and not document.value.get("formats_out"):
        document.blame(("kind",), "an insurer without formats_out", "name what it wants, such as ubl-invoice")


def _items(document: Document, name: str) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for number, item in enumerate(document.value.get(name, ())):
        yield (name, number), item


def _check_days(document: Document, name: str) -> None:
    for path, item in _items(document, name):
        first, last = item.get("valid_from", ""), item.get("valid_to", "")
        if first and last and last < first:
            document.blame(
                (*path, "valid_to"), f"valid_to {last} lies before valid_from {first}", "swap or correct them"
            )


def _check_numbers(document: Document) -> None:
    for path, item in _items(document, "identifiers"):
        right, form = _FORMS.get(item["scheme"], (bool, ""))
        if not right(item["value"]):
            document.blame((*path, "value"), f"{quoted(item['value'])} is no {item['scheme']} number", form)


def _check_overlaps(document: Document) -> None:
    for (_, one), (path, other) in itertools.combinations(_items(document, "identifiers"), 2):
        same = (one["scheme"], one["value"]) == (other["scheme"], other["value"])
        if same and overlap(_span(one), _span(other)):
            document.blame(
                path,
                f"{other['scheme']} {other['value']} stands here twice for the same days",
                "set valid_from and valid_to",
            )


def overlap(one: tuple[date, date], other: tuple[date, date]) -> bool:
    """Whether two spans of days (both ends included) share a day."""
    return one[0] <= other[1] and other[0] <= one[1]


def _span(item: Mapping[str, Any]) -> tuple[date, date]:
    return (
        date.fromisoformat(item.get("valid_from", date.min.isoformat())),
        date.fromisoformat(item.get("valid_to", date.max.isoformat())),
    )


def _patterns(value: Mapping[str, Any]) -> Iterator[tuple[Path, str, bool]]:
    """Every regular expression of the document, and whether its first group is read."""
    for number, pattern in enumerate(value.get("remittance_patterns", ())):
        yield ("remittance_patterns", number), pattern, True
    for number, rule in enumerate(value.get("errors", ())):
        if "pattern" in rule:
            yield ("errors", number, "pattern"), rule["pattern"], False
    for number, rule in enumerate(value.get("mail", ())):
        for name, pattern in rule["patterns"].items():
            yield ("mail", number, "patterns", name), pattern, name != "credit_note"
    for number, rule in enumerate(value.get("specification", {}).get("reasons", ())):
        yield ("specification", "reasons", number, "pattern"), rule["pattern"], False
    if "sak_id_pattern" in value.get("ehf", {}):
        yield ("ehf", "sak_id_pattern"), value["ehf"]["sak_id_pattern"], False


def _check_pattern(document: Document, path: Path, pattern: str, groups: bool) -> None:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        at = f" at its character {error.pos + 1}" if error.pos is not None else ""
        document.blame(path, f"no regular expression: {error.msg}{at}", "escape with \\ or correct it")
        return
    if compiled.search(""):
        document.blame(path, "a pattern that fits an empty text", "make it ask for something")
    elif groups and not compiled.groups:
        document.blame(path, "a pattern without a group", "put ( ) around what is to be read")


def _check_mail(document: Document) -> None:
    """A signature of another domain than the sender's proves nothing about the sender; no pattern may run for ever."""
    for path, rule in _items(document, "mail"):
        for name, pattern in rule["patterns"].items():
            wrong = problem(pattern) if _compiles(pattern) else ""
            if wrong:
                document.blame((*path, "patterns", name), "a pattern a mail could keep busy for ever", wrong)
        domain = rule["sender"].rpartition("@")[2].lower()
        if domain != rule["dkim_domain"] and not domain.endswith("." + rule["dkim_domain"]):
            document.blame(
                (*path, "dkim_domain"),
                f"{rule['dkim_domain']} does not sign for {domain}",
                "write the sender's own domain",
            )


def _compiles(pattern: str) -> bool:
    """Whether nothing was said about it yet."""
    try:
        return re.compile(pattern).search("") is None
    except re.error:
        return False


def _check_ehf(document: Document) -> None:
    ehf = document.value.get("ehf", {})
    placed = {*ehf.get("line_properties", ()), ehf.get("order_reference", "sak_id"), ehf.get("buyer_reference", "")}
    for number, name in enumerate(ehf.get("required", ())):
        if name not in placed:
            document.blame(
                ("ehf", "required", number), f"{name} is required but has no place", "add it to line_properties"
            )
    if "diagnosis" in ehf.get("required", ()) and not ehf.get("asks_diagnosis", False):
        document.blame(("ehf", "required"), "diagnosis is required but not asked for", "set asks_diagnosis: true")


def _check_channel(document: Document) -> None:
    channel = document.value["channel"]
    for number, name in enumerate(channel.get("required", ())):
        if name in channel.get("settings", {}):
            document.blame(
                ("channel", "required", number), f"{name} has a value in settings already", "keep it in one of the two"
            )

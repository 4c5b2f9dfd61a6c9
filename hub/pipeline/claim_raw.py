"""One claim as it stands in the message it travels in: its own records or elements, never those of other people.

A message of fixed width is shown field by field under its layout (`schemas.vektis.tools.ruler`), a GDS message by its
tree, a UBL document with its business terms. What is about the person is masked at the field, by what the layout says
of it, until somebody asks for it with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO

from hub import validation
from hub.errors import ContentError
from hub.log import clean_text
from hub.model.finding import Finding
from hub.pipeline.context import Hub
from hub.rendering import reading, to_annotated, to_html
from hub.rendering.findings import term_label
from hub.store import claims, exchanges
from hub.store.unit import Row, Unit
from schemas import gds
from schemas.codelists import lookup as coded
from schemas.gds.place import Place, places
from schemas.gds.report import shown as gds_shown
from schemas.ubl.terms import terms_in
from schemas.vektis import Layout, Record, read_records
from schemas.vektis.check import judged
from schemas.vektis.codec import ENCODING, LONGEST, layout_of
from schemas.vektis.tools import ruler
from schemas.xml import Element, local_name, parse

FIXED, TREE, DOCUMENT = "fixed", "tree", "document"
"""How a message is shown: records under a ruler, a tree of elements, a document with business terms."""
OWN_REFERENCE = "NUM362"
"""The code of a line's own reference in every standard of fixed width."""
_PRIVATE = ("diagnosis", "patient_ref")
"""Fields of ours that are about the patient and that a recipient may ask for as a property of a line."""
_CHUNK = 10_000
_MARKS = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
"""How a text begins that is not read by bytes: nothing in it can be masked at its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One field of the message: where it stands, its name, what stands there, and what that means."""

    place: str
    name: str
    value: str
    meaning: str = ""
    personal: bool = False
    depth: int = 0
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Fields that stand together: a record (with its text under a ruler where it is damaged), or a whole tree."""

    name: str
    items: tuple[Item, ...]
    text: str = ""
    ruler: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A claim in its message."""

    kind: str
    format: str
    name: str
    groups: tuple[Group, ...]


def raw(hub: Hub, unit: Unit, row: Row, *, language: str, personal: bool = False) -> Raw | None:
    """The claim's part of its message; None where there is none, or none that can be read."""
    found = _message(unit, row)
    if found is None:
        return None
    exchange, data = found
    family = validation.recognise(data)
    refs = [line["ref"] for line in claims.lines(unit, [row["id"]])]
    on = exchange["prepared_at"].date()
    try:
        if family == "vektis":
            kind, groups = FIXED, tuple(_records(data, refs, on, language, personal=personal))
        elif family == "gds":
            kind, groups = TREE, _tree(data, refs, on, language, personal=personal)
        else:
            kind, groups = DOCUMENT, _terms(data, _labels(hub, row), language, personal=personal)
    except ContentError:
        return None
    return Raw(kind=kind, format=exchange["kind"], name=exchange["name"], groups=groups)


def document(hub: Hub, unit: Unit, row: Row, *, language: str) -> str | None:
    """The document as its reader sees it, as a page of its own; None for formats that are no documents."""
    found = _message(unit, row)
    if found is None or validation.recognise(found[1]) != "ubl":
        return None
    data = _masked(found[1], _labels(hub, row))
    return None if data is None else to_html(reading.read(data), language)


def annotated(hub: Hub, unit: Unit, row: Row, *, language: str, personal: bool = False) -> str | None:
    """The XML of a document with its business terms and findings in place, as a page of its own."""
    found = _message(unit, row)
    if found is None or validation.recognise(found[1]) != "ubl":
        return None
    held = reading.payload(found[1])
    findings = validation.check(held, validation.Asked(on=found[0]["prepared_at"].date())).findings
    data = held if personal else _masked(held, _labels(hub, row))
    return None if data is None else to_annotated(data, findings, language)


def _message(unit: Unit, row: Row) -> tuple[Row, bytes] | None:
    """The message, where it is the visitor's to see and was not erased."""
    if not row["exchange_id"]:
        return None
    try:
        exchange = exchanges.get(unit, row["exchange_id"])
        return exchange, exchanges.message(unit, exchange).payload
    except (LookupError, ContentError):
        return None


# --- fixed width ----------------------------------------------------------------------------------------------------


def _records(data: bytes, refs: Sequence[str], on: date, language: str, *, personal: bool) -> Iterator[Group]:
    layout = layout_of(data[:LONGEST].split(b"\n", 1)[0].decode(ENCODING))
    chosen = list(own_records(read_records(BytesIO(data), layout=layout), refs))
    if not chosen:
        return
    first, last = chosen[0].number, chosen[-1].number
    found = ruler.local(judged(chosen, layout, on=on), first, last)
    for record in chosen:
        yield _record(record, layout, found, language, personal=personal)


def own_records(records: Iterable[Record], refs: Sequence[str]) -> Iterator[Record]:
    """The records of some lines, after the ones they hang on: the opening record, the insured person, a debtor."""
    wanted, above, told = set(refs), dict[str, Record](), set[int]()
    inside = False
    for record in records:
        if record.kind in ("01", "02", "03"):
            inside = False
            if record.kind == "02":
                above.pop("03", None)
            above[record.kind] = record
        elif OWN_REFERENCE in record:
            inside = record.whole and record[OWN_REFERENCE].strip() in wanted
            if inside:
                yield from (each for each in above.values() if each.number not in told)
                told.update(each.number for each in above.values())
                yield record
        elif inside and record.kind != "99":
            yield record


def _record(record: Record, layout: Layout, found: Sequence[Finding], language: str, *, personal: bool) -> Group:
    view = ruler.view(record, layout, found, language=language, personal=personal)
    return Group(
        name=f"{view.kind} #{view.number}",
        items=tuple(
            Item(
                place=f"{one.element} {one.start}-{one.end}",
                name=one.name,
                value=ruler.visible(one.raw),
                meaning=ruler.printable(one.decoded),
                personal=one.personal,
                findings=one.findings,
            )
            for one in view.rows
        ),
        text=ruler.visible(view.damaged),
        ruler=ruler.ruler(len(view.damaged)),
        findings=view.findings,
    )


# --- GDS ------------------------------------------------------------------------------------------------------------


def _tree(data: bytes, refs: Sequence[str], on: date, language: str, *, personal: bool) -> tuple[Group, ...]:
    by_place: dict[str, list[Finding]] = {}
    for one in gds.check(data, on=on):
        by_place.setdefault(one.location, []).append(one)
    items = []
    for place in _own_places(list(places(gds.read(data))), set(refs)):
        location, text = place.location(), place.element.text.strip()
        masked = text if place.parent is None else gds_shown(place.parent, place.element)
        listed = place.node.codelist if place.node else ""
        entry = coded(listed, text) if listed else None
        items.append(
            Item(
                place=location,
                name=place.element.name,
                value=ruler.printable(text if personal else masked),
                meaning=entry.said(language) if entry else "",
                personal=masked != text,
                depth=location.count("/") - 1,
                findings=tuple(by_place.get(location, ())),
            )
        )
    return (Group(name="", items=tuple(items)),)


def _own_places(every: Sequence[Place], refs: set[str]) -> Iterator[Place]:
    """What is about the message as a whole, about the person of these lines, and these lines."""
    lines = {id(one.element) for one in every if _is_line(one) and one.text("Referentienummer") in refs}
    people = {id(above.element) for one in every if id(one.element) in lines for above in _above(one, "Verzekerde")}
    for one in every:
        insured = next((above for above in _above(one, "Verzekerde")), None)
        line = one.line() or _wrapped(one)
        theirs = insured is None or id(insured.element) in people
        if theirs and (line is None or id(line.element) in lines):
            yield one


def _is_line(one: Place) -> bool:
    return one.line() is one


def _wrapped(one: Place) -> Place | None:
    """The line in a wrapper around one."""
    if one.element.name != "Prestatie":
        return None
    return next((child for child in one.children() if _is_line(child)), None)


def _above(one: Place, name: str) -> Iterator[Place]:
    here: Place | None = one
    while here is not None:
        if here.element.name == name:
            yield here
        here = here.parent


# --- UBL ------------------------------------------------------------------------------------------------------------


def _terms(data: bytes, private: Sequence[str], language: str, *, personal: bool) -> tuple[Group, ...]:
    masked = data if personal else _masked(data, private)
    if masked is None:
        return ()
    root = parse(reading.payload(masked))
    known = terms_in(root)
    items = []
    for element in root.iter("*"):
        text = (element.text or "").strip()
        terms = [term for term in known.get(element, ()) if term.startswith("BT-")]
        if text and terms:
            label = "; ".join(term_label(term, language) for term in terms)
            items.append(Item(place=_path(element), name=label, value=text))
    return (Group(name="", items=tuple(items)),)


def _path(element: Element) -> str:
    """Where an element stands, by names alone; which of several by its number."""
    steps = []
    here: Element | None = element
    while here is not None and here.getparent() is not None:
        above = here.getparent()
        alike = [one for one in above if one.tag == here.tag] if above is not None else []
        steps.append(local_name(here) + (f"[{alike.index(here) + 1}]" if len(alike) > 1 else ""))
        here = above
    return "/".join(reversed(steps))


def _labels(hub: Hub, row: Row) -> tuple[str, ...]:
    """How this recipient calls what is about the patient."""
    partner = hub.registry.partners.get(row["payer"])
    named: Mapping[str, str] = partner.ehf.line_properties if partner and partner.ehf else {}
    return tuple(named[name] for name in _PRIVATE if name in named)


def _masked(data: bytes, private: Sequence[str]) -> bytes | None:
    """The same text with numbers of persons masked, and the values of these properties; its length stays."""
    if data.startswith(_MARKS):
        return None
    text = data.decode("latin-1")
    for label in private:
        text = re.sub(
            rf"(<(?:[\w.-]+:)?Name>{re.escape(label)}</(?:[\w.-]+:)?Name>\s*<(?:[\w.-]+:)?Value>)([^<]*)",
            lambda found: found[1] + "*" * len(found[2]),
            text,
        )
    lines = (line[at : at + _CHUNK] for line in text.splitlines(keepends=True) for at in range(0, len(line), _CHUNK))
    return "".join(clean_text(part) for part in lines).encode("latin-1")

"""camt.053 statements and camt.054 notifications (ISO 20022, .001.02 to .001.08), read as a stream.

A booking per `TxDtls`, else per `Ntry`. Every element is dropped once read, so memory holds one statement's bookings
and never the document. No document types, no entities. The schema is no gate.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from hub.errors import FormatError
from hub.model.payment import BookingState, Statement
from schemas.banking import camt_details as part
from schemas.banking.camt_details import Element
from schemas.banking.camt_entries import Open, add_detail, close_entry, open_entry, open_group, open_statement
from schemas.banking.camt_plain import read_detail, read_entry
from schemas.banking.camt_sums import Balances, balance_finding, sums_findings
from schemas.banking.remarks import remark

_STATEMENTS = ("Stmt", "Ntfctn")


def read(stream: BinaryIO, name: str) -> Iterator[Statement]:
    """The statements of a camt document; FormatError (with line) when it is no well-formed XML or has no statement."""
    count = 0
    current: Open | None = None
    first: Element | None = None  # the first transaction of an entry waits: an entry with one is mostly read as a whole
    for element in _events(stream, "Stmt" if name.startswith("camt.053") else "Ntfctn"):
        local = part.local(element.tag)
        if first is None and local == "TxDtls" and (current is None or current.entry is None):
            first = element
            continue
        if first is not None and local == "Ntry" and _read_plain(current, element):
            first = None
            continue
        for one in (element,) if first is None else (first, element):
            entry = _entry_of(one)
            above = entry.getparent() if entry is not None else None
            if entry is None or above is None or part.local(above.tag) not in _STATEMENTS:
                continue
            if current is None or current.element is not above:
                count += 1
                current = open_statement(above, count, name)
            _read(current, entry, one)
        first = None
        if local in _STATEMENTS:
            if current is None or current.element is not element:
                count += 1
                current = open_statement(element, count, name)
            yield _statement(current)
            current = None
            element.clear()
    if not count:
        raise FormatError("there is no statement or notification in it", where="line 1", hint="is this the right file?")


def _read_plain(current: Open | None, element: Element) -> bool:
    """Whether an entry with one transaction was read as a whole; then the one before it is forgotten."""
    if current is None or current.entry is not None or element.getparent() is not current.element:
        return False
    done = read_entry(current, element)
    if done:
        _forget_before(element)
    return done


def _entry_of(element: Element) -> Element | None:
    """The entry an element is, or is a transaction of; None where it stands in neither place."""
    if part.local(element.tag) == "Ntry":
        return element
    group = element.getparent()
    entry = group.getparent() if group is not None and part.local(group.tag) == "NtryDtls" else None
    return entry if entry is not None and part.local(entry.tag) == "Ntry" else None


def _read(current: Open, above: Element, element: Element) -> None:
    """Read a transaction, or what an entry says in the end; then forget the one before it."""
    entry = current.entry
    if entry is None or entry.element is not above:
        entry = open_entry(current, above)
    if element is above:
        close_entry(current, entry)
        current.entry = None
    else:
        group = element.getparent()
        if group is not None and entry.group is not group:
            open_group(entry, group)
        entry.in_group += 1
        if not read_detail(current, entry, element):
            add_detail(current, entry, element)
    _forget_before(element)


def _forget_before(element: Element) -> None:
    """Remove the neighbour before; the element itself must stay while the parser stands on it."""
    parent, before = element.getparent(), element.getprevious()
    if parent is not None and before is not None and before.tag == element.tag:
        parent.remove(before)


def _events(stream: BinaryIO, statement: str) -> Iterator[Element]:
    events = etree.iterparse(
        stream,
        events=("end",),
        tag=("{*}Ntry", "{*}TxDtls", "{*}" + statement),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    first = True
    try:
        for _, element in events:
            if first and element.getroottree().docinfo.internalDTD is not None:
                raise FormatError("a document type declaration is not allowed", where="line 1", hint=_DAMAGED)
            first = False
            yield element
    except etree.XMLSyntaxError as error:
        line, column = error.position
        last = error.error_log.last_error  # type: ignore[attr-defined] # lxml-stubs lack it
        kind = last.type_name.removeprefix("ERR_").replace("_", " ").lower() if last is not None else "cut off"
        # only the kind of mistake: the parser's own sentence may quote content
        raise FormatError(
            f"this is not well-formed XML ({kind})", where=f"line {line}, column {column}", hint=_DAMAGED
        ) from None


_DAMAGED = "the file is damaged, cut off, or its encoding is not the one it declares: ask the bank to send it again"


def _statement(current: Open) -> Statement:
    element = current.element
    balances = Balances.read(element)
    currency = current.currency or (balances.opening.currency if balances.opening is not None else "")
    failed = sums_findings(part.down(element, "TxsSummry"), current.sums, current.position)
    copy = part.words(part.down(element, "CpyDplctInd"))
    findings = [*current.findings, *failed, *balance_finding(balances, current.sums, current.position)]
    if copy:
        findings.append(remark("KVITT-BANK-COPY", location=current.position, found=copy))
    return Statement(
        id=current.id,
        account=current.account,
        currency=currency,
        format=current.format,
        payments=tuple(one._replace(state=BookingState.HELD) if failed else one for one in current.payments),
        opening=balances.opening,
        closing=balances.closing,
        findings=tuple(findings),
        copy=bool(copy),
    )

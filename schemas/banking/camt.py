"""camt.053 statements and camt.054 notifications (ISO 20022, .001.02 to .001.08), read as a stream.

A booking per `TxDtls`, else per `Ntry`. Every element is dropped once read, so memory holds one statement's bookings
and never the document. No document types, no entities. The schema is no gate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from lxml import etree

from hub.errors import FormatError
from hub.model.payment import BookingState, Statement
from schemas.banking import camt_details as part
from schemas.banking.camt_details import Element
from schemas.banking.camt_entries import Entry, Open, add_detail, close_entry, know, parent_of, read_head
from schemas.banking.camt_sums import Balances, balance_finding, sums_findings
from schemas.banking.remarks import remark

_STATEMENTS = ("Stmt", "Ntfctn")
_TAGS = tuple("{*}" + name for name in (*_STATEMENTS, "Ntry", "NtryDtls", "TxDtls"))


def read(stream: BinaryIO, name: str) -> Iterator[Statement]:
    """The statements of a camt document; FormatError (with line) when it is no well-formed XML or has no statement."""
    count = 0
    current: Open | None = None
    for event, element in _events(stream):
        local = element.tag.rpartition("}")[2]
        if event == "start":
            if local in _STATEMENTS:
                count += 1
                current = Open(f"{local}[{count}]", name)
            elif current:
                _start(current, local)
        elif current and local in _STATEMENTS:
            yield _statement(current, element)
            current = None
            _drop(element)
        elif current and current.entry:
            _end(current, current.entry, local, element)
    if not count:
        raise FormatError("there is no statement or notification in it", where="line 1", hint="is this the right file?")


def _events(stream: BinaryIO) -> Iterator[tuple[str, Element]]:
    events = etree.iterparse(
        stream,
        events=("start", "end"),
        tag=_TAGS,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    first = True
    try:
        for event, element in events:
            if first and element.getroottree().docinfo.internalDTD is not None:
                raise FormatError("a document type declaration is not allowed", where="line 1", hint=_DAMAGED)
            first = False
            yield str(event), element
    except etree.XMLSyntaxError as error:
        line, column = error.position
        reason = (error.msg or "not well-formed").partition("\n")[0]
        raise FormatError(
            f"this is not well-formed XML: {reason}", where=f"line {line}, column {column}", hint=_DAMAGED
        ) from error


_DAMAGED = "the file is damaged, cut off, or its encoding is not the one it declares: ask the bank to send it again"


def _drop(element: Element) -> None:
    """Forget an element that was read, and the empty shell of the one before it."""
    element.clear()
    before = element.getprevious()
    parent = element.getparent()
    if before is not None and parent is not None and before.tag == element.tag:
        parent.remove(before)


def _start(current: Open, local: str) -> None:
    if local == "Ntry":
        current.entries += 1
        current.entry = Entry(f"{current.position}/Ntry[{current.entries}]", groups=0)
    elif current.entry and local == "NtryDtls":
        current.entry.groups += 1
        current.entry.in_group = 0


def _end(current: Open, entry: Entry, local: str, element: Element) -> None:
    if local == "TxDtls":
        entry.in_group += 1
        group = element.getparent()
        if entry.facts is None:
            know(current, entry, parent_of(group))
        add_detail(current, entry, element)
        _drop(element)
    elif local == "NtryDtls":
        entry.said += _number(part.words(part.down(element, "Btch", "NbOfTxs")))
    else:
        if entry.facts is None:
            know(current, entry, element)
        close_entry(current, entry, element)
        current.entry = None
        _drop(element)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _statement(current: Open, element: Element) -> Statement:
    read_head(current, element)
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
        payments=tuple(replace(one, state=BookingState.HELD) if failed else one for one in current.payments),
        opening=balances.opening,
        closing=balances.closing,
        findings=tuple(findings),
        copy=bool(copy),
    )

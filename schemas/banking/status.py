"""pain.002 payment status reports: what the bank says about payments we ordered, read back by our own end-to-end ids.

Source: ISO 20022 CustomerPaymentStatusReport, pain.002.001.03 to .14 (element paths are the same in all of them). A
status may stand at the group, at the payment information or at a transaction; the nearest one counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from hub.errors import FormatError
from schemas.banking import camt_details as part
from schemas.banking.camt_details import Element
from schemas.banking.source import LONGEST_TEXT, open_source
from schemas.xml import parse

_NAME = re.compile(rb"pain\.002\.001\.\d\d")
_HEAD = 4096


class Level(StrEnum):
    """Where a status stands: for the whole order, one payment information block of it, or one payment."""

    GROUP = "group"
    PAYMENT_INFORMATION = "payment_information"
    TRANSACTION = "transaction"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStatus:
    """What the bank says of a payment (`end_to_end`), or, without one, of all payments of a block or of the order.

    `status` is the bank's code as it stands (`ACCP`, `ACSP`, `ACSC`, `RJCT`, `PDNG`, `PART`, ...), `level` where it was
    said: a payment without a status of its own has that of its block or order. `reason` holds the reason codes, joined
    by ", ". `message` and `block` are our own ids of the order and of the payment information.
    """

    end_to_end: str
    status: str
    reason: str
    text: str
    level: Level
    position: str
    message: str = ""
    block: str = ""
    instruction: str = ""


@dataclass(frozen=True, slots=True)
class _Said:
    """A status with its reasons, and the level it comes from; empty where nothing was said."""

    status: str = ""
    reason: str = ""
    text: str = ""
    level: Level = Level.GROUP
    ids: dict[str, str] = field(default_factory=dict)

    def at(self, position: str, end_to_end: str = "", **more: str) -> PaymentStatus:
        return PaymentStatus(
            end_to_end=end_to_end,
            status=self.status,
            reason=self.reason,
            text=self.text,
            level=self.level,
            position=position,
            **{**self.ids, **more},
        )


def recognise_status(data: bytes) -> bool:
    """Whether these bytes begin as a payment status report."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and _NAME.search(data[:_HEAD]) is not None


def read_status(source: bytes | Path) -> Iterator[PaymentStatus]:
    """Every status of the report: of the order and its blocks first, then of each payment named in them.

    Apply them in this order, the later over the earlier: a payment named by itself then ends with its own status.
    FormatError when it is no readable pain.002.
    """
    with open_source(source) as stream:
        root = parse(stream.read())
    report = part.down(root, "CstmrPmtStsRpt")
    if report is None:
        raise FormatError(
            "there is no payment status report in it", where="line 1", hint="pain.002 (CstmrPmtStsRpt) is read here"
        )
    yield from _report(report)


def _report(report: Element) -> Iterator[PaymentStatus]:
    group = part.down(report, "OrgnlGrpInfAndSts")
    ids = {"message": part.words(part.down(group, "OrgnlMsgId"))}
    order = _said(group, "GrpSts", Level.GROUP, _Said(ids=ids))
    if order.status:
        yield order.at("OrgnlGrpInfAndSts")
    yield from _payments(group, order, "OrgnlGrpInfAndSts")
    for number, block in enumerate(report.iterchildren("{*}OrgnlPmtInfAndSts"), start=1):
        yield from _block(block, order, f"OrgnlPmtInfAndSts[{number}]")


def _block(block: Element, order: _Said, position: str) -> Iterator[PaymentStatus]:
    ids = {**order.ids, "block": part.words(part.down(block, "OrgnlPmtInfId"))}
    inherited = _Said(order.status, order.reason, order.text, order.level, ids)
    said = _said(block, "PmtInfSts", Level.PAYMENT_INFORMATION, inherited)
    if said.level is Level.PAYMENT_INFORMATION:
        yield said.at(position)
    yield from _payments(block, said, position)


def _payments(above: Element | None, wider: _Said, position: str) -> Iterator[PaymentStatus]:
    """The payments named below; a report for a single order may name them right under the group."""
    found = above.iterchildren("{*}TxInfAndSts") if above is not None else iter(())
    for number, one in enumerate(found, start=1):
        said = _said(one, "TxSts", Level.TRANSACTION, wider)
        ids = part.children(one)
        yield said.at(
            f"{position}/TxInfAndSts[{number}]",
            part.identifier(ids.get("OrgnlEndToEndId")),
            instruction=part.words(ids.get("OrgnlInstrId")),
        )


def _said(element: Element | None, name: str, level: Level, wider: _Said) -> _Said:
    """The status at this level with its reasons, else the wider one, which reasons given here still explain."""
    status = part.words(part.down(element, name))
    codes, texts = _reasons(element)
    if not status:
        return _Said(wider.status, codes or wider.reason, texts or wider.text, wider.level, wider.ids)
    return _Said(status, codes, texts, level, wider.ids)


def _reasons(element: Element | None) -> tuple[str, str]:
    codes: list[str] = []
    texts: list[str] = []
    for reason in element.iterchildren("{*}StsRsnInf") if element is not None else ():
        said = part.children(part.down(reason, "Rsn"))
        codes.append(part.words(said.get("Cd")) or part.words(said.get("Prtry")))
        texts += [part.words(each) for each in reason.iterchildren("{*}AddtlInf")]
    return ", ".join(filter(None, codes)), " ".join(filter(None, texts))[:LONGEST_TEXT]

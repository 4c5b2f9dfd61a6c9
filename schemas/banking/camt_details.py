"""The parts of a camt entry or transaction: amount, parties, remittance, dates, in both path dialects.

Source: ISO 20022 camt.053/054.001.02 to .08. In .02 a transaction's amount is `AmtDtls/TxAmt/Amt`, a party's name is
`Dbtr/Nm` and the state `Sts`; .08 has `TxDtls/Amt`, `Dbtr/Pty/Nm` and `Sts/Cd`. Both paths are tried in every version,
because versions between mix them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from lxml import etree

from hub.model.money import Money, money
from hub.model.payment import PaidDocument, ReferenceKind
from schemas.banking.references import NO_ID, STRUCTURED, fails_kid, reference_kind
from schemas.banking.source import joined

Element = etree._Element  # noqa: SLF001 -- the only name lxml has for its element type
Children = dict[str, Element]

REMITTANCE_LINE = 140
CREDIT_NOTE = "CREN"
_AMOUNT = re.compile(r"(\d{1,18})?(\.\d{1,18})?")


def children(element: Element | None) -> Children:
    """The first child of every local name."""
    found: Children = {}
    if element is not None:
        for child in element:
            found.setdefault(child.tag.rpartition("}")[2], child)
    return found


def down(element: Element | None, *names: str) -> Element | None:
    """The first element at a path of local names."""
    for name in names:
        if element is None:
            return None
        element = next(element.iterchildren("{*}" + name), None)
    return element


def words(element: Element | None) -> str:
    """The stripped text of an element that may not be there."""
    return (element.text or "").strip() if element is not None else ""


def amount(element: Element | None, currency: str = "") -> Money | None:
    """A non-negative amount; None when there is none, ValueError when it cannot be read."""
    if element is None:
        return None
    text = words(element)
    if not text or not _AMOUNT.fullmatch(text):
        message = "not an amount"
        raise ValueError(message)
    return money(text, element.get("Ccy") or currency)


def detail_amount(details: Children, currency: str) -> Money | None:
    """What a transaction says of itself in the entry's currency; None when it says nothing in that currency."""
    own = details.get("Amt")
    if own is not None and own.get("Ccy", currency) == currency:
        return amount(own, currency)
    more = children(details.get("AmtDtls"))
    for name in ("TxAmt", "CntrValAmt", "InstdAmt"):
        said = down(more.get(name), "Amt")
        if said is not None and said.get("Ccy", currency) == currency:
            return amount(said, currency)
    return None


def signed(value: Money, direction: str) -> Money:
    """Money in positive, money out (`DBIT`) negative."""
    return -value if direction == "DBIT" else value


def day(element: Element | None) -> date | None:
    """The date of a `Dt` or `DtTm` choice; None when there is none, ValueError when it is not a date."""
    found = children(element)
    text = words(found.get("Dt")) or words(found.get("DtTm"))[:10]
    return _date(text) if text else None


@lru_cache(maxsize=1024)
def _date(text: str) -> date:
    return date.fromisoformat(text[:10])


def identifier(element: Element | None) -> str:
    """An end-to-end id, unless it says that there is none."""
    text = words(element)
    return "" if text in NO_ID else text


def account(element: Element | None) -> str:
    """The account number of an `Acct` element: IBAN, else whatever other number it has."""
    found = children(down(element, "Id"))
    return words(found.get("IBAN")) or words(down(found.get("Othr"), "Id"))


def counterparty(details: Children, *, payer_first: bool) -> tuple[str, str]:
    """Account and name of the other side: the debtor of money in, the creditor of money out, else whoever is named."""
    parties = children(details.get("RltdPties"))
    roles = ("Dbtr", "Cdtr") if payer_first else ("Cdtr", "Dbtr")
    for role in roles:
        number, name = account(parties.get(role + "Acct")), _name(parties.get(role))
        if number or name:
            return number, name
    return "", ""


def _name(party: Element | None) -> str:
    found = children(party)
    if "Nm" in found:
        return words(found["Nm"])
    return words(down(found.get("Pty"), "Nm")) or words(down(found.get("Agt"), "FinInstnId", "Nm"))


@dataclass(frozen=True, slots=True)
class Remittance:
    """What a payment says it pays."""

    reference: str = ""
    kind: ReferenceKind | None = None
    documents: tuple[PaidDocument, ...] = ()
    text: str = ""
    bad_kid: bool = False


_NOTHING = Remittance()


@dataclass(frozen=True, slots=True)
class _Structured:
    """One `Strd` block."""

    reference: str
    kind: ReferenceKind | None
    documents: tuple[PaidDocument, ...]
    amount: Money
    bad_kid: bool


def remittance(element: Element | None, currency: str) -> Remittance:
    """Reference, documents and text of `RmtInf`; ValueError when an amount in it cannot be read.

    Several different references in one payment are documents, not a reference: none of them is worth the whole.
    """
    if element is None:
        return _NOTHING
    blocks: list[_Structured] = []
    lines: list[str] = []
    further: list[str] = []
    for child in element:
        if child.tag.endswith("}Ustrd"):
            lines.append(child.text or "")
        elif child.tag.endswith("}Strd"):
            blocks.append(_structured(child, currency))
            further += [info.text or "" for info in child.iterchildren("{*}AddtlRmtInf")]
    text = " ".join(part for part in (joined(lines, REMITTANCE_LINE), joined(further, REMITTANCE_LINE)) if part)
    if not blocks:
        return Remittance(text=text)
    references = {block.reference: block.kind for block in blocks if block.reference}
    reference, kind = next(iter(references.items())) if len(references) == 1 else ("", None)
    return Remittance(
        reference,
        kind,
        tuple(_documents(blocks, several=len(references) > 1)),
        text,
        bad_kid=any(block.bad_kid for block in blocks),
    )


def _documents(blocks: list[_Structured], *, several: bool) -> Iterator[PaidDocument]:
    """Named documents, and references that stand beside others with an amount of their own."""
    for block in blocks:
        yield from block.documents
        beside = len(blocks) > 1 and bool(block.amount)
        if block.reference and not block.documents and (several or beside):
            yield PaidDocument(reference=block.reference, kind=STRUCTURED, amount=block.amount)


def _structured(block: Element, currency: str) -> _Structured:
    found = children(block)
    said = children(found.get("CdtrRefInf"))
    reference, code, issuer = words(said.get("Ref")), *_type(said.get("Tp"))
    kind = reference_kind(reference, code=code, issuer=issuer)
    return _Structured(
        reference=reference,
        kind=kind,
        documents=tuple(_named(block, found.get("RfrdDocAmt"), currency)) if "RfrdDocInf" in found else (),
        amount=_document_amount(found.get("RfrdDocAmt"), "", currency),
        bad_kid=kind is ReferenceKind.OTHER and fails_kid(reference, code=code, issuer=issuer),
    )


def _type(element: Element | None) -> tuple[str, str]:
    """Code (as in the file, also a proprietary one) and issuer; a reference without a type is structured."""
    if element is None:
        return STRUCTURED, ""
    choice = children(down(element, "CdOrPrtry"))
    code = words(choice.get("Cd")) or words(choice.get("Prtry")) or STRUCTURED
    return code, words(down(element, "Issr"))


def _named(block: Element, amounts: Element | None, currency: str) -> Iterator[PaidDocument]:
    """The documents of a block; one amount for several of them says nothing about each."""
    named = list(block.iterchildren("{*}RfrdDocInf"))
    for document in named:
        kind = _type(down(document, "Tp"))[0] if down(document, "Tp") is not None else ""
        worth = _document_amount(amounts, kind, currency) if len(named) == 1 else Money(0, currency)
        yield PaidDocument(reference=words(down(document, "Nb")), kind=kind, amount=worth)


def _document_amount(element: Element | None, kind: str, currency: str) -> Money:
    found = children(element)
    credit, paid = amount(found.get("CdtNoteAmt"), currency), amount(found.get("RmtdAmt"), currency)
    due = amount(found.get("DuePyblAmt"), currency)
    if kind == CREDIT_NOTE:
        return -(credit or paid or due or Money(0, currency))
    return paid or (-credit if credit else None) or due or Money(0, currency)

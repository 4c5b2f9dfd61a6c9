"""The parts of a camt entry or transaction: amount, parties, remittance, dates, in both path dialects.

Source: ISO 20022 camt.053/054.001.02 to .08. In .02 a transaction's amount is `AmtDtls/TxAmt/Amt`, a party's name is
`Dbtr/Nm` and the state `Sts`; .08 has `TxDtls/Amt`, `Dbtr/Pty/Nm` and `Sts/Cd`. Both paths are tried in every version,
because versions between mix them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from lxml import etree

from hub.model.money import EXPONENT, Money
from hub.model.payment import PaidDocument, ReferenceKind
from schemas.banking.references import NO_ID, STRUCTURED, fails_kid, reference_kind
from schemas.banking.source import joined

Element = etree._Element  # noqa: SLF001 -- the only name lxml has for its element type
Children = dict[str, Element]

REMITTANCE_LINE = 140
CREDIT_NOTE = "CREN"
_LONGEST_AMOUNT = 18


@lru_cache(maxsize=1024)
def local(tag: str) -> str:
    """The name of an element without its namespace."""
    return tag.rpartition("}")[2]


def children(element: Element | None) -> Children:
    """The first child of every local name."""
    found: Children = {}
    if element is not None:
        for child in element:
            name = local(child.tag)
            if name not in found:
                found[name] = child
    return found


def down(element: Element | None, *names: str) -> Element | None:
    """The first element at a path of local names."""
    for name in names:
        if element is None:
            return None
        for child in element:
            if local(child.tag) == name:
                element = child
                break
        else:
            return None
    return element


def words(element: Element | None) -> str:
    """The stripped text of an element that may not be there."""
    text = element.text if element is not None else None
    return text.strip() if text else ""


@lru_cache(maxsize=4096)
def minor_units(text: str, currency: str) -> int:
    """A non-negative decimal in minor units; ValueError when it is none, or has more decimals than the currency."""
    whole, point, part = text.removeprefix("+").partition(".")
    digits = EXPONENT.get(currency, 2)
    number = whole + part
    if not (number.isdigit() and number.isascii()) or (point and not part):
        message = "not an amount"
        raise ValueError(message)
    if len(part) > digits:
        part = part.rstrip("0")
    if len(part) > digits or len(whole) + digits > _LONGEST_AMOUNT:
        message = "more digits than an amount has"
        raise ValueError(message)
    return int(whole + part.ljust(digits, "0"))


def amount(element: Element | None, currency: str = "") -> Money | None:
    """A non-negative amount; None when there is none, ValueError when it cannot be read."""
    if element is None:
        return None
    own = element.get("Ccy") or currency
    return Money(minor_units(words(element), own), own)


def detail_amount(details: Children, currency: str) -> int | None:
    """What a transaction says of itself in the entry's currency; None when it says nothing in that currency."""
    if "Amt" not in details and "AmtDtls" in details:  # .02: mostly the one amount, and in the entry's currency
        for kind in details["AmtDtls"]:
            if (
                local(kind.tag) == "TxAmt"
                and len(kind)
                and local(kind[0].tag) == "Amt"
                and kind[0].get("Ccy") == currency
            ):
                return minor_units(words(kind[0]), currency)
    return next(detail_amounts(details, currency), None)


def detail_amounts(details: Children, currency: str) -> Iterator[int]:
    """Every amount of a transaction in the entry's currency, the one nearest to the entry first."""
    said: Children = {}
    if "Amt" in details:
        said["Amt"] = details["Amt"]
    for kind in details.get("AmtDtls", ()):
        for one in kind:
            if local(one.tag) == "Amt":
                said.setdefault(local(kind.tag), one)
    for name in _AMOUNTS:
        if name in said and said[name].get("Ccy") in (None, currency):
            yield minor_units(words(said[name]), currency)


_AMOUNTS = ("Amt", "TxAmt", "CntrValAmt", "InstdAmt")
"""Where a transaction may say what it is worth, the nearest to the entry first."""


def signed(value: Money, direction: str) -> Money:
    """Money in positive, money out (`DBIT`) negative."""
    return -value if direction == "DBIT" else value


def day(element: Element | None) -> date | None:
    """The date of a `Dt` or `DtTm` choice; None when there is none, ValueError when it is not a date."""
    for child in element if element is not None else ():
        text = child.text
        if text and local(child.tag) in ("Dt", "DtTm"):
            return date_of(text.strip()[:10])
    return None


def moment(element: Element | None) -> date | None:
    """The day of a time stamp; None when it cannot be read."""
    try:
        return date_of(words(element)[:10])
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def date_of(text: str) -> date:
    """An ISO date; ValueError when it is none."""
    return date.fromisoformat(text)


def identifier(element: Element | None) -> str:
    """An end-to-end id, unless it says that there is none."""
    text = words(element)
    return "" if text in NO_ID else text


def account(element: Element | None) -> str:
    """The account number of an `Acct` element: IBAN, else whatever other number it has."""
    for ids in element if element is not None else ():
        if local(ids.tag) != "Id":
            continue
        for child in ids:
            name = local(child.tag)
            number = words(child) if name == "IBAN" else words(down(child, "Id")) if name == "Othr" else ""
            if number:
                return number
    return ""


def counterparty(element: Element, *, payer_first: bool) -> tuple[str, str]:
    """Account and name of the other side (`RltdPties`): the debtor of money in, the creditor of money out.

    Else whoever is named. Who is only named as the ultimate party behind it gives the name where the party has none.
    """
    parties = children(element)
    for role in _PAYER_FIRST if payer_first else _PAYEE_FIRST:
        party, number = parties.get(role), parties.get(_ACCOUNT[role])
        found = account(number) if number is not None else ""
        name = _name(party) if party is not None else ""
        if not name and _BEHIND[role] in parties:
            name = _name(parties[_BEHIND[role]])
        if found or name:
            return found, name
    return "", ""


_PAYER_FIRST, _PAYEE_FIRST = ("Dbtr", "Cdtr"), ("Cdtr", "Dbtr")
_ACCOUNT = {"Dbtr": "DbtrAcct", "Cdtr": "CdtrAcct"}
_BEHIND = {"Dbtr": "UltmtDbtr", "Cdtr": "UltmtCdtr"}


def _name(party: Element) -> str:
    for child in party:
        kind = local(child.tag)
        if kind == "Nm":
            return words(child)
        if kind in ("Pty", "Agt"):
            name = words(down(child, "Nm")) or words(down(child, "FinInstnId", "Nm"))
            if name:
                return name
    return ""


class Remittance(NamedTuple):
    """What a payment says it pays."""

    reference: str = ""
    kind: ReferenceKind | None = None
    documents: tuple[PaidDocument, ...] = ()
    text: str = ""
    bad_kid: bool = False


NOTHING = Remittance()
"""What a payment says that says nothing."""


class _Structured(NamedTuple):
    """One `Strd` block."""

    reference: str
    kind: ReferenceKind | None
    documents: tuple[PaidDocument, ...]
    amount: Money | None
    bad_kid: bool


def remittance(element: Element, currency: str) -> Remittance:
    """Reference, documents and text of `RmtInf`; ValueError when an amount in it cannot be read.

    Several different references in one payment are documents, not a reference: none of them is worth the whole.
    """
    blocks: list[_Structured] = []
    lines: list[str] = []
    further: list[str] = []
    for child in element:
        name = local(child.tag)
        if name == "Ustrd":
            lines.append(child.text or "")
        elif name == "Strd":
            blocks.append(_structured(child, currency, further))
    if len(blocks) == 1 and not lines and not further:
        return Remittance(*blocks[0][:3], "", blocks[0].bad_kid)
    text = joined(lines, REMITTANCE_LINE)
    if further:
        text = f"{text} {joined(further, REMITTANCE_LINE)}".strip()
    if len(blocks) == 1:
        return Remittance(blocks[0].reference, blocks[0].kind, blocks[0].documents, text, blocks[0].bad_kid)
    if not blocks:
        return Remittance(text=text)
    references = {block.reference: block.kind for block in blocks if block.reference}
    reference, kind = next(iter(references.items())) if len(references) == 1 else ("", None)
    return Remittance(
        reference,
        kind,
        tuple(_documents(blocks, currency, several=len(references) > 1)),
        text,
        bad_kid=any(block.bad_kid for block in blocks),
    )


def _documents(blocks: list[_Structured], currency: str, *, several: bool) -> Iterator[PaidDocument]:
    """Named documents, and references that stand beside others with an amount of their own."""
    for block in blocks:
        yield from block.documents
        if block.reference and not block.documents and (several or block.amount):
            worth = block.amount or Money(0, currency)
            yield PaidDocument(reference=block.reference, kind=STRUCTURED, amount=worth)


def _structured(block: Element, currency: str, further: list[str]) -> _Structured:
    """One block; its additional lines are put among the `further` ones."""
    reference, code, issuer = "", STRUCTURED, ""
    amounts: Element | None = None
    named: list[Element] = []
    for child in block:
        name = local(child.tag)
        if name == "CdtrRefInf" and not reference:
            reference, code, issuer = _reference(child)
        elif name == "RfrdDocInf":
            named.append(child)
        elif name == "RfrdDocAmt":
            amounts = child
        elif name == "AddtlRmtInf":
            further.append(child.text or "")
    kind = reference_kind(reference, code=code, issuer=issuer)
    return _Structured(
        reference,
        kind,
        tuple(_named(named, amounts, currency)) if named else (),
        _document_amount(amounts, "", currency) if amounts is not None else None,
        kind is ReferenceKind.OTHER and fails_kid(reference, code=code, issuer=issuer),
    )


def _reference(element: Element) -> tuple[str, str, str]:
    """A creditor reference with its type code and issuer."""
    reference, code, issuer = "", STRUCTURED, ""
    for child in element:
        name = local(child.tag)
        if name == "Ref":
            reference = words(child)
        elif name == "Tp":
            code, issuer = _type(child)
    return reference, code, issuer


def _type(element: Element) -> tuple[str, str]:
    """Code (as in the file, also a proprietary one) and issuer; a reference without a type is structured."""
    code, issuer = "", ""
    for child in element:
        name = local(child.tag)
        if name == "CdOrPrtry":
            for one in child:
                code = code or words(one)
        elif name == "Issr":
            issuer = words(child)
    return code or STRUCTURED, issuer


def _named(named: list[Element], amounts: Element | None, currency: str) -> Iterator[PaidDocument]:
    """The documents of a block; one amount for several of them says nothing about each."""
    for document in named:
        said = down(document, "Tp")
        kind = _type(said)[0] if said is not None else ""
        worth = _document_amount(amounts, kind, currency) if len(named) == 1 else Money(0, currency)
        yield PaidDocument(reference=words(down(document, "Nb")), kind=kind, amount=worth)


def _document_amount(element: Element | None, kind: str, currency: str) -> Money:
    found = children(element)
    credit, paid = amount(found.get("CdtNoteAmt"), currency), amount(found.get("RmtdAmt"), currency)
    due = amount(found.get("DuePyblAmt"), currency)
    if kind == CREDIT_NOTE:
        return -(credit or paid or due or Money(0, currency))
    return paid or (-credit if credit else None) or due or Money(0, currency)

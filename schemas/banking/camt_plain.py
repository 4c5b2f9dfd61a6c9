"""camt entries as most are: one booked transaction in which nothing stands twice (ISO 20022 camt.053/054).

A bank writes thousands of these in a few shapes. Where something stands in a shape is worked out once, and then taken
from that place without looking for it. Only what `camt_entries` would read alike is read here, and only when nothing
about it is odd; of everything else these functions say that they did not read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from operator import attrgetter, itemgetter

from lxml import etree

from hub.model.money import Money
from hub.model.payment import BookingState, Payment, ReferenceKind
from schemas.banking import camt_details as part
from schemas.banking.camt_details import Element
from schemas.banking.camt_entries import Entry, Facts, Open, Plan
from schemas.banking.references import NO_ID, STRUCTURED, fails_kid, reference_kind
from schemas.banking.source import LONGEST_TEXT

_DETAIL = {
    "Amt": "worth",
    "AmtDtls/TxAmt/Amt": "worth",
    "CdtDbtInd": "side",
    "Refs/AcctSvcrRef": "own",
    "Refs/TxId": "transaction",
    "Refs/EndToEndId": "end_to_end",
    "RltdPties/Dbtr/Nm": "debtor",
    "RltdPties/Dbtr/Pty/Nm": "debtor",
    "RltdPties/DbtrAcct/Id/IBAN": "debtor_account",
    "RltdPties/DbtrAcct/Id/Othr/Id": "debtor_account",
    "RltdPties/Cdtr/Nm": "creditor",
    "RltdPties/Cdtr/Pty/Nm": "creditor",
    "RltdPties/CdtrAcct/Id/IBAN": "creditor_account",
    "RltdPties/CdtrAcct/Id/Othr/Id": "creditor_account",
    "RmtInf/Ustrd": "text",
    "RmtInf/Strd/CdtrRefInf/Ref": "reference",
    "RmtInf/Strd/CdtrRefInf/Tp/CdOrPrtry/Cd": "code",
    "RmtInf/Strd/CdtrRefInf/Tp/CdOrPrtry/Prtry": "code",
    "RmtInf/Strd/CdtrRefInf/Tp/Issr": "issuer",
    "AddtlTxInf": "more",
}
"""Where a transaction says what; a shape that says the same thing in two places is not plain."""
_ENTRY = {
    "Amt": "minor",
    "CdtDbtInd": "direction",
    "Sts": "state",
    "Sts/Cd": "code_of_state",
    "BookgDt/Dt": "booked",
    "BookgDt/DtTm": "booked",
    "AcctSvcrRef": "id",
    "AddtlNtryInf": "added",
}
_GROUP = "NtryDtls/TxDtls/"
_IN_DETAIL = (
    "BkTxCd", "Purp", "RltdAgts", "RltdDts", "Refs/InstrId", "Refs/MsgId", "Refs/PmtInfId", "RltdPties/DbtrAcct/Ccy",
    "RltdPties/DbtrAcct/Id/Othr/SchmeNm", "RltdPties/CdtrAcct/Ccy", "RltdPties/CdtrAcct/Id/Othr/SchmeNm",
    "RltdPties/Dbtr/PstlAdr", "RltdPties/Cdtr/PstlAdr", "RltdPties/Dbtr/Id", "RltdPties/Cdtr/Id",
    "RltdPties/Dbtr/Pty/PstlAdr", "RltdPties/Cdtr/Pty/PstlAdr",
)  # fmt: skip
_UNREAD = frozenset({"NtryRef", "ValDt", "BkTxCd", *(_GROUP + path for path in _IN_DETAIL)})
"""What no booking is made of, with all that stands in it."""
_PLACES = {**_ENTRY, **{_GROUP + path: field for path, field in _DETAIL.items()}}
_ABOVE = frozenset(path.rpartition("/")[0] for path in _PLACES) - {""}
_HOLDERS = (
    _ABOVE | {above.rpartition("/")[0] for above in _ABOVE} | {"NtryDtls/TxDtls/RmtInf", "NtryDtls/TxDtls/AmtDtls"}
)


_FIELDS = tuple(dict.fromkeys(_DETAIL.values()))
_HEADS = tuple(dict.fromkeys(_ENTRY.values()))
_LARGEST = 100
"""Elements of a plain entry; with more it is looked through as it comes, and its shape is not kept."""
_NOTHING = etree.Element("nothing")
"""Stands where a shape has no such element: it has no text."""
_tag, _text = attrgetter("tag"), attrgetter("text")


@lru_cache(maxsize=128)
def _plan(tags: tuple[str, ...], sizes: tuple[int, ...], root: str) -> Plan | None:
    """The plan of a shape: names in document order and numbers of children. None where the shape is not plain.

    `root` is where its first element stands: nowhere for an entry, at the transactions for one of several.
    """
    places: dict[str, int] = {}
    order: list[str] = []
    for index, path in _paths(tags, sizes, root):
        field = _PLACES.get(path)
        if field in places or (field is None and path not in _HOLDERS) or path in order:
            return None
        order.append(path)
        if field is not None:
            places[field] = index
    if not root and not _in_order(order):
        return None
    detail, entry = ([places.get(field, len(tags)) for field in fields] for fields in (_FIELDS, _HEADS))
    return Plan(itemgetter(*detail), itemgetter(*entry))


def _paths(tags: tuple[str, ...], sizes: tuple[int, ...], root: str) -> Iterator[tuple[int, str]]:
    """Number and path of each element but the first, without those nothing is read of."""
    above: list[tuple[str | None, int]] = [(root, sizes[0])]
    for index, (tag, size) in enumerate(zip(tags[1:], sizes[1:], strict=True), start=1):
        while not above[-1][1]:
            above.pop()
        holder, left = above.pop()
        path = None if holder is None else f"{holder}/{part.local(tag)}".removeprefix("/")
        path = None if path in _UNREAD else path
        above += [(holder, left - 1), (path, size)]
        if path is not None:
            yield index, path


def _in_order(order: list[str]) -> bool:
    """Whether an entry has a transaction, and everything it says itself stands before it, but for the last word."""
    if "NtryDtls/TxDtls" not in order:
        return False
    details = order.index("NtryDtls")
    return all((order.index(path) > details) is (path == "AddtlNtryInf") for path in _ENTRY if path in order)


def _planned(current: Open, element: Element, root: str) -> tuple[Plan, list[Element]] | None:
    """The plan of an element with what it picks from; mostly it is that of the one before."""
    nodes = list(element.iter())
    if len(nodes) > _LARGEST:
        return None
    shape = list(map(_tag, nodes)), list(map(len, nodes))
    if shape != current.shape:
        current.shape, current.plan = shape, _plan(tuple(shape[0]), tuple(shape[1]), root)
    nodes.append(_NOTHING)
    return (current.plan, nodes) if current.plan is not None else None


def read_entry(current: Open, element: Element) -> bool:
    """Book an entry with its one transaction, if it is a plain one."""
    planned = _planned(current, element, "")
    if planned is None:
        return False
    plan, nodes = planned
    heads = plan.entry(nodes)
    worth, direction, state, code, day, own, added = _texts(heads)
    currency = heads[0].get("Ccy")
    if (state or code) != "BOOK" or direction not in ("CRDT", "DBIT") or not currency:
        return False
    try:
        minor, booked = part.minor_units(worth, currency), part.date_of(day[:10])
    except ValueError:
        return False
    minor = -minor if direction == "DBIT" else minor
    facts = Facts(minor, currency, direction, BookingState.BOOKED, booked, reversal=False, id=own)
    position = f"{current.position}/Ntry[{current.entries + 1}]/NtryDtls[1]/TxDtls[1]"
    payment = _payment(current, facts, plan.detail(nodes), position, added)
    if payment is None or payment.amount.minor != minor:
        return False
    current.entries += 1
    current.currency = current.currency or currency
    current.sums.add(minor, currency, booked=True)
    current.payments.append(payment)
    return True


def read_detail(current: Open, entry: Entry, element: Element) -> bool:
    """Book one of several transactions of an entry, if it is a plain one."""
    planned = _planned(current, element, "NtryDtls/TxDtls") if entry.facts.minor is not None else None
    if planned is None:
        return False
    plan, nodes = planned
    position = f"{entry.position}/NtryDtls[{entry.groups}]/TxDtls[{entry.in_group}]"
    payment = _payment(current, entry.facts, plan.detail(nodes), position, "")
    if payment is not None:
        entry.payments.append(payment)
    return payment is not None


def _texts(elements: tuple[Element, ...]) -> list[str]:
    return [text.strip() if text else "" for text in map(_text, elements)]


def _payment(current: Open, facts: Facts, elements: tuple[Element, ...], position: str, added: str) -> Payment | None:
    """The booking of a transaction; None where anything about it is odd."""
    (
        worth, side, own, transaction, end_to_end, debtor, debtor_account, creditor, creditor_account,
        text, reference, code, issuer, more,
    ) = _texts(elements)  # fmt: skip
    if elements[0].get("Ccy") != facts.currency or (side != facts.direction and elements[1] is not _NOTHING):
        return None
    try:
        minor = part.minor_units(worth, facts.currency)
    except ValueError:
        return None
    kind = reference_kind(reference, code=code or STRUCTURED, issuer=issuer) if reference else None
    if kind is ReferenceKind.OTHER and fails_kid(reference, code=code or STRUCTURED, issuer=issuer):
        return None
    said = text or more or added
    if len(said) > LONGEST_TEXT:
        return None
    minor = -minor if facts.direction == "DBIT" else minor
    payer, payee = (debtor_account, debtor), (creditor_account, creditor)
    other = payer if (minor >= 0) is not facts.reversal else payee
    if not (other[0] or other[1]):
        other = payee if other is payer else payer
    if other == current.payer:  # mostly one payer for many: one text in memory instead of as many
        other = current.payer
    current.payer = other
    return Payment(
        own or transaction or facts.id,
        current.account,
        facts.booked,
        Money(minor, facts.currency),
        facts.state,
        reference,
        kind,
        (),
        "" if end_to_end in NO_ID else end_to_end,
        said,
        *other,
        facts.reversal,
        position,
        current.id,
    )

"""An invoice or credit note laid out for reading: every business term it carries has its place (EN 16931-1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hub.rendering import billing_lines
from hub.rendering.numbers import account, bare, day, money, percent
from hub.rendering.parties import delivery, party
from hub.rendering.sheet import Block, Column, Fact, File, Row, Section, Sheet, Style, Table, facts, joined
from hub.rendering.words import named, word
from schemas.peppol.rules.terms import NAMES, starting
from schemas.ubl.amounts import TaxSubtotal
from schemas.ubl.document import Document
from schemas.ubl.payment import PaymentMeans
from schemas.ubl.references import AdditionalDocument, DocumentReference
from schemas.ubl.values import Amount

_PLAIN_TYPES = ("380", "381", "")
_SHORT = 40
"""Payment terms of up to so many characters stand beside the account."""


def to_sheet(document: Document, language: str) -> Sheet:
    """The whole document in reading order."""
    return Sheet(
        language=language,
        title=_title(document, language),
        number=document.number,
        issued=document.issue_date,
        sender=party(document.seller, "from", language).name,
        headline=_headline(document, language),
        parties=_parties(document, language),
        sections=_filled(
            _references(document, language),
            Section(heading=word("notes", language), paragraphs=document.notes),
            billing_lines.lines(document, language),
            billing_lines.adjustments(document, language),
            _breakdown(document, language),
            _totals(document, language),
            *_payments(document, language),
        ),
        files=tuple(_file(one, language) for one in document.documents),
        fine=_filled(_unread(document.unread, language), _technical(document, language)),
    )


def _title(document: Document, language: str) -> str:
    kind = "type.creditnote" if document.credit else "type.invoice"
    if document.type_code in _PLAIN_TYPES:
        return word(kind, language)
    name = named("type", document.type_code, language)
    if name != document.type_code:
        return name
    return f"{word(kind, language)} ({word('type.code', language, code=document.type_code)})"


def _filled(*sections: Section) -> tuple[Section, ...]:
    return tuple(section for section in sections if not section.empty)


def _termed(term: str, value: str, language: str, *, strong: bool = False) -> Fact:
    return Fact(starting(NAMES[term][language]), value, term, strong)


def _headline(document: Document, language: str) -> tuple[Fact, ...]:
    """What a payer looks for first."""
    means = document.payment_means[0] if document.payment_means else PaymentMeans()
    key = "credited" if document.credit else "payable"
    holder = means.account.value if means.account else ""
    return facts(
        Fact(word("issued", language), day(document.issue_date, language), "BT-2"),
        Fact(word("due", language), day(document.due_date or means.due_date, language), "BT-9"),
        Fact(_payment_id_label(document, language), means.payment_id, "BT-83"),
        Fact(word("account", language), account(holder), "BT-84"),
        Fact(word(key, language), money(document.totals.payable, language, document.currency), "BT-115", strong=True),
    )


def _payment_id_label(document: Document, language: str) -> str:
    """Norwegian payments are found by their KID."""
    country = document.seller.address.country if document.seller.address else ""
    return word("kid" if country == "NO" else "payment_id", language)


def _parties(document: Document, language: str) -> tuple[Block, ...]:
    blocks = (
        party(document.seller, "from", language),
        party(document.buyer, "to", language),
        party(document.payee, "payee", language),
        party(document.tax_representative, "tax_representative", language),
        delivery(document.delivery, language),
    )
    return tuple(block for block in blocks if not block.empty)


def _references(document: Document, language: str) -> Section:
    """References and days, those only that the document has."""

    def term(name: str, value: str) -> Fact:
        return _termed(name, value, language)

    return Section(
        heading=word("facts", language),
        facts=facts(
            term("BT-10", document.buyer_reference),
            term("BT-13", document.order_reference),
            term("BT-14", document.sales_order),
            term("BT-12", document.contract),
            term("BT-11", document.project),
            term("BT-19", document.accounting_cost),
            term("BT-16", document.despatch),
            term("BT-15", document.receipt),
            term("BT-17", document.originator),
            Fact(word("period", language), billing_lines.period(document.period, language), "BG-14"),
            term("BT-7", day(document.tax_point, language)),
            *(_preceding(one, language) for one in document.preceding),
        ),
    )


def _preceding(one: DocumentReference, language: str) -> Fact:
    return Fact(word("preceding", language), joined((one.id, day(one.issue_date, language)), " · "), "BG-3")


def _breakdown(document: Document, language: str) -> Section:
    columns = (
        Column(word("category", language), 0.40, main=True),
        Column(word("rate", language), 0.14, numeric=True),
        Column(word("taxable", language), 0.23, numeric=True),
        Column(word("vat_amount", language), 0.23, numeric=True),
    )
    rows = tuple(
        _subtotal(one, document.currency, language) for total in document.tax_totals for one in total.subtotals
    )
    return Section(heading=word("vat_breakdown", language), table=Table(columns, rows))


def _subtotal(one: TaxSubtotal, currency: str, language: str) -> Row:
    tax = one.category
    cells = (
        joined((named("vat", tax.id, language), tax.id), " · ") if tax and tax.id else "",
        percent(tax.percent, language) if tax else "",
        bare(one.taxable, language, currency),
        bare(one.tax, language, currency),
    )
    return Row(cells, tuple(part for part in (tax.reason, tax.reason_code) if part) if tax else ())


def _totals(document: Document, language: str) -> Section:
    sums = document.totals

    def total(term: str, amount: Amount | None) -> Fact:
        return _termed(term, bare(amount, language, document.currency), language)

    due = money(sums.payable, language, document.currency)
    return Section(
        heading=word("totals", language),
        style=Style.SUMS,
        facts=facts(
            total("BT-106", sums.lines),
            total("BT-107", sums.allowances),
            total("BT-108", sums.charges),
            total("BT-109", sums.tax_exclusive),
            *(total(_tax_term(one.amount, document), one.amount) for one in document.tax_totals),
            total("BT-112", sums.tax_inclusive),
            total("BT-113", sums.prepaid),
            total("BT-114", sums.rounding),
            _termed("BT-115", due, language, strong=True),
        ),
    )


def _tax_term(amount: Amount | None, document: Document) -> str:
    """BT-111 is the VAT total in another currency than the document's."""
    other = amount is not None and amount.currency not in ("", document.currency)
    return "BT-111" if other else "BT-110"


def _payments(document: Document, language: str) -> Iterator[Section]:
    """One section for each way to pay, numbered where there are several; longer terms have a section of their own."""
    heading = word("payment", language)
    several = len(document.payment_means) > 1
    terms = document.payment_terms
    beside = terms if document.payment_means and len(terms) <= _SHORT and "\n" not in terms else ""
    for place, means in enumerate(document.payment_means, start=1):
        title = f"{heading} {place}" if several else heading
        last = place == len(document.payment_means)
        found = (*_means(means, document, language), _termed("BT-20", beside if last else "", language))
        yield Section(heading=title, facts=facts(*found))
    if not beside:
        paragraphs = (terms,) if terms else ()
        yield Section(heading=starting(NAMES["BT-20"][language]), paragraphs=paragraphs)


def _means(means: PaymentMeans, document: Document, language: str) -> Iterator[Fact]:
    code = means.code
    if code is not None:
        said = replace(code, value=named("means", code.value, language))
        yield Fact(word("means", language), billing_lines.listed(said), "BT-81")
    yield Fact(word("due", language), day(means.due_date, language), "BT-9")
    yield Fact(_payment_id_label(document, language), means.payment_id, "BT-83")
    if means.account is not None:
        scheme = f" ({means.account.scheme})" if means.account.scheme else ""
        yield Fact(word("account", language), f"{account(means.account.value)}{scheme}", "BT-84")
    yield _termed("BT-85", means.account_name, language)
    yield _termed("BT-86", means.branch, language)
    yield _termed("BT-87", joined((means.card_number, means.card_network), " · "), language)
    yield _termed("BT-88", means.card_holder, language)
    yield _termed("BT-89", means.mandate, language)
    yield _termed("BT-91", means.payer_account, language)


def _file(one: AdditionalDocument, language: str) -> File:
    """A supporting document; type 130 is the invoiced object (BT-18), 50 a credit note's project (BT-11)."""
    held = one.attachment
    kinds = {"130": "BT-18", "50": "BT-11"}
    kind = starting(NAMES[kinds[one.type_code]][language]) if one.type_code in kinds else one.type_code
    return File(
        reference=joined((one.id.value, f"({one.id.scheme})" if one.id.scheme else ""), " ") if one.id else "",
        name=held.filename if held else "",
        media_type=held.media_type if held else "",
        description=joined((kind, one.description), " · "),
        uri=one.uri,
        base64=held.base64 if held else "",
    )


def _unread(paths: Iterable[str], language: str) -> Section:
    found = tuple(paths)
    said = (word("unread_said", language), *found) if found else ()
    return Section(heading=word("unread", language), paragraphs=said, style=Style.FINE)


def _technical(document: Document, language: str) -> Section:
    return Section(
        heading=word("technical", language),
        style=Style.FINE,
        facts=facts(
            _termed("BT-24", document.customization_id, language),
            _termed("BT-23", document.profile_id, language),
            _termed("BT-3", document.type_code, language),
            _termed("BT-5", document.currency, language),
            _termed("BT-6", document.tax_currency, language),
        ),
    )

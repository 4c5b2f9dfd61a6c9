"""The lines of an invoice or credit note, and its allowances and charges, as tables (EN 16931 BG-20, BG-21, BG-25)."""

from __future__ import annotations

from collections.abc import Iterator

from hub.rendering.numbers import bare, day, percent, quantity
from hub.rendering.sheet import Column, Row, Section, Table, joined
from hub.rendering.words import named, word
from schemas.ubl.amounts import AllowanceCharge, TaxCategory
from schemas.ubl.document import Document
from schemas.ubl.lines import Item, Line, Price
from schemas.ubl.references import AdditionalDocument, Period
from schemas.ubl.values import Identifier, ListedCode


def lines(document: Document, language: str) -> Section:
    """All lines; what a line says beyond the columns stands below its name."""
    columns = (
        Column(word("line", language), 0.07),
        Column(word("description", language), 0.46, main=True),
        Column(word("quantity", language), 0.12, numeric=True),
        Column(word("price", language), 0.12, numeric=True),
        Column(word("vat", language), 0.08, numeric=True),
        Column(word("amount", language), 0.15, numeric=True),
    )
    rows = tuple(_row(line, language, document.currency) for line in document.lines)
    return Section(
        heading=word("lines", language),
        aside=word("currency_said", language, currency=document.currency) if document.currency else "",
        table=Table(columns, rows),
    )


def adjustments(document: Document, language: str) -> Section:
    """Allowances and charges of the whole document."""
    columns = (
        Column(word("type", language), 0.16),
        Column(word("reason", language), 0.36, main=True),
        Column(word("base", language), 0.17, numeric=True),
        Column(word("vat", language), 0.14, numeric=True),
        Column(word("amount", language), 0.17, numeric=True),
    )
    rows = tuple(_adjustment(one, language, document.currency) for one in document.allowances)
    return Section(heading=word("adjustments", language), table=Table(columns, rows))


def tax_label(tax: TaxCategory | None, language: str) -> str:
    """The rate; where there is none, or no VAT is charged, the category's code too."""
    if tax is None:
        return ""
    if tax.percent is None or tax.id != "S":
        return joined((tax.id, percent(tax.percent, language)), " ")
    return percent(tax.percent, language)


def period(value: Period | None, language: str) -> str:
    """A period; open at one side where only one day is given."""
    if value is None:
        return ""
    start, end = day(value.start, language), day(value.end, language)
    if start and end:
        text = f"{start} – {end}"
    elif start:
        text = word("period_from", language, start=start)
    else:
        text = word("period_until", language, end=end) if end else ""
    return joined((text, value.code), " · ")


def _row(line: Line, language: str, currency: str) -> Row:
    cells = (
        line.id,
        line.item.name,
        quantity(line.quantity, language),
        bare(line.price.amount, language, currency) if line.price else "",
        tax_label(line.item.tax, language),
        bare(line.net, language, currency),
    )
    return Row(cells, tuple(detail for detail in _details(line, language, currency) if detail))


def _details(line: Line, language: str, currency: str) -> Iterator[str]:
    yield line.item.description
    yield line.note
    yield period(line.period, language)
    yield from _item(line.item, language)
    yield _labelled("order_line", line.order_line, language)
    yield _labelled("accounting", line.accounting_cost, language)
    yield _labelled("object", _object(line.document), language)
    if line.price:
        yield _price(line.price, language, currency)
    for one in line.allowances:
        yield _line_adjustment(one, language, currency)
    yield from _tax_reasons(line.item.tax)


def _item(item: Item, language: str) -> Iterator[str]:
    """Numbers of the item in one line, its properties in another."""
    yield joined(
        (
            _labelled("seller_item", item.sellers_id, language),
            _labelled("buyer_item", item.buyers_id, language),
            _labelled("standard_item", _identifier(item.standard_id), language),
            *(_labelled("classification", listed(code), language) for code in item.classifications),
            _labelled("origin", named("country", item.origin_country, language), language),
        ),
        " · ",
    )
    yield joined((f"{one.name}: {one.value}" for one in item.properties), " · ")


def _tax_reasons(tax: TaxCategory | None) -> Iterator[str]:
    if tax is not None:
        yield joined((tax.reason, tax.reason_code), " · ")


def _price(price: Price, language: str, currency: str) -> str:
    """What led to the price, where the document says so."""
    base = price.base_quantity
    per = word("per_base", language, quantity=quantity(base, language)) if base and (base.value != 1) else ""
    cut = price.allowance
    if cut is None:
        return per
    gross = word("gross_price", language, price=bare(cut.base, language, currency)) if cut.base else ""
    discount = word("price_discount", language, amount=bare(cut.amount, language, currency)) if cut.amount else ""
    rate = percent(cut.percent, language)
    return joined((per, gross, discount, rate, _reason(cut), _tax(cut.tax, language)))


def _line_adjustment(one: AllowanceCharge, language: str, currency: str) -> str:
    kind = word("charge" if one.charge else "allowance", language)
    amount = bare(one.amount, language, currency)
    shown = (f"{kind} {amount}".strip(), _reason(one), _of_base(one, language, currency), _tax(one.tax, language))
    return joined(shown, " · ")


def _tax(tax: TaxCategory | None, language: str) -> str:
    """The VAT of an allowance that should have none of its own."""
    return joined((tax_label(tax, language), *_tax_reasons(tax)), " · ")


def _adjustment(one: AllowanceCharge, language: str, currency: str) -> Row:
    cells = (
        word("charge" if one.charge else "allowance", language),
        _reason(one),
        _of_base(one, language, currency),
        tax_label(one.tax, language),
        bare(one.amount, language, currency),
    )
    return Row(cells, tuple(detail for detail in _tax_reasons(one.tax) if detail))


def _reason(one: AllowanceCharge) -> str:
    return f"{one.reason} ({one.reason_code})" if one.reason and one.reason_code else one.reason or one.reason_code


def _of_base(one: AllowanceCharge, language: str, currency: str) -> str:
    rate, base = percent(one.percent, language), bare(one.base, language, currency)
    return word("of_base", language, percent=rate, base=base) if rate and base else rate or base


def _object(document: AdditionalDocument | None) -> str:
    if document is None:
        return ""
    file = document.attachment
    named_file = (file.filename, file.media_type) if file else ()
    shown = (_identifier(document.id), document.type_code, document.description, document.uri, *named_file)
    return joined(shown, " · ")


def _identifier(value: Identifier | None) -> str:
    if value is None:
        return ""
    return f"{value.value} ({value.scheme})" if value.scheme else value.value


def listed(code: ListedCode) -> str:
    """A code with its list and name as the document gives them."""
    return joined((code.value, joined((code.list, code.version), " "), code.name), " · ")


def _labelled(key: str, value: str, language: str) -> str:
    return f"{word(key, language)}: {value}" if value else ""

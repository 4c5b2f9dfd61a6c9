"""A practice's quarterly statement for people: as a sheet (PDF, HTML, text), as CSV and as XLSX. No personal data.

The statement is data (`hub.pipeline.statements` makes it); words and numbers become final here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from hub.ledger.balances import AMOUNTS
from hub.model.money import Money
from hub.rendering import numbers
from hub.rendering.sheet import Block, Column, Fact, Row, Section, Sheet, Style, Table, facts
from hub.rendering.words import spoken, word
from mappings import tables
from mappings.tables import Cell
from schemas.ubl.values import Amount

Body = Mapping[str, Any]
BALANCE = ("opening", "settled", "of_other_periods", "held", "share", "costs", "paid_out", "closing")
"""The account of a statement, in its order."""
_SHOWN = ("claimed", "granted", "refused", "open", "received", "netted", "outstanding")
_HEADER = ("kind", "practice", "period", "currency", "payer", "module", "reference", "lines", *AMOUNTS, "amount")
_POINTS = {"en": ".", "nb": ",", "nl": ","}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One version of a statement as it is told."""

    body: Body
    version: int
    made: date
    language: str

    @property
    def currency(self) -> str:
        """The currency of every amount in it."""
        return str(self.body["currency"])


def to_sheet(told: Told) -> Sheet:
    """The overview: per payer and module, all of it added up, the account, the costs."""
    language, body = spoken(told.language), told.body
    sections = [_claims(told), _totals(told)]
    if body["charges"]:
        sections.append(_charges(told))
    if body["balance"]:
        sections.append(_account(told))
    return Sheet(
        language=language,
        title=word("statement.title", language),
        number=f"{body['period']}/{told.version}",
        issued=told.made,
        sender=body["payee_name"] or body["name"],
        headline=_headline(told),
        parties=_parties(told),
        sections=tuple(sections),
        fine=(Section(heading=word("statement.read", language), paragraphs=(_note(told),), style=Style.FINE),),
    )


def _headline(told: Told) -> tuple[Fact, ...]:
    language, body = told.language, told.body
    balance = body["balance"]
    return facts(
        Fact(word("statement.closing", language), _money(told, balance["closing"]), strong=True) if balance else None,
        Fact(word("statement.received", language), _money(told, body["totals"]["received"]), strong=not balance),
        Fact(word("statement.period", language), body["period"]),
        Fact(word("date", language), numbers.day(told.made, language)),
    )


def _parties(told: Told) -> tuple[Block, ...]:
    language, body = told.language, told.body
    identifier = word("identifier", language)
    to = Block(heading=word("to", language), name=body["name"], facts=(Fact(identifier, body["practice"]),))
    if not body["payee_name"]:
        return (to,)
    payee = Block(heading=word("from", language), name=body["payee_name"], facts=(Fact(identifier, body["payee"]),))
    return (payee, to)


def _claims(told: Told) -> Section:
    language = told.language
    first = Column(word("statement.payer", language), 2.2, main=True)
    columns = (first, *(Column(word(f"statement.{name}", language), 1.85, numeric=True) for name in _SHOWN))
    rows = tuple(
        Row(
            (group["title"], *(_bare(told, group["money"][name]) for name in _SHOWN)),
            (word("statement.group", language, module=group["module"] or "-", count=str(group["count"])),),
        )
        for group in told.body["groups"]
    )
    none = () if rows else (word("statement.none", language),)
    heading = word("statement.claims", language, period=told.body["period"])
    return Section(heading=heading, paragraphs=none, table=Table(columns, rows), aside=told.currency)


def _totals(told: Told) -> Section:
    language, totals = told.language, told.body["totals"]
    always = ("claimed", "granted", "received", "outstanding")
    named = [name for name in AMOUNTS if totals[name] or name in always]
    return Section(
        heading=word("statement.total", language),
        facts=tuple(
            Fact(word(f"statement.{name}", language), _money(told, totals[name]), strong=name == "outstanding")
            for name in named
        ),
        style=Style.SUMS,
    )


def _charges(told: Told) -> Section:
    language = told.language
    columns = (
        Column(word("statement.service", language), 4, main=True),
        Column(word("statement.period", language), 2),
        Column(word("statement.costs", language), 2, numeric=True),
    )
    rows = tuple(
        Row((charge["reason"], charge["period"], _bare(told, charge["amount"]))) for charge in told.body["charges"]
    )
    return Section(heading=word("statement.charges", language), table=Table(columns, rows), aside=told.currency)


def _account(told: Told) -> Section:
    language, balance = told.language, told.body["balance"]
    optional = ("of_other_periods", "held", "costs")
    named = [name for name in BALANCE if balance[name] or name not in optional]
    return Section(
        heading=word("statement.account", language),
        facts=tuple(
            Fact(word(f"statement.{name}", language), _money(told, balance[name]), strong=name == "closing")
            for name in named
        ),
        style=Style.SUMS,
    )


def _note(told: Told) -> str:
    key = "statement.note" if told.body["balance"] else "statement.note_direct"
    return word(key, told.language)


def _amount(told: Told, minor: int) -> Amount:
    return Amount(Money(minor, told.currency).decimal(), told.currency)


def _money(told: Told, minor: int) -> str:
    return numbers.money(_amount(told, minor), told.language)


def _bare(told: Told, minor: int) -> str:
    return numbers.bare(_amount(told, minor), told.language, told.currency)


def to_csv(told: Told) -> bytes:
    """Every line, the totals, costs and account as CSV, amounts with the language's decimal sign."""
    return tables.to_csv(_titles(told), list(_rows(told)), point=_POINTS[spoken(told.language)])


def to_xlsx(told: Told) -> bytes:
    """The same as a workbook: identifiers are text cells, amounts are numbers."""
    return tables.to_xlsx({told.body["period"]: [_titles(told), *_rows(told)]})


def _titles(told: Told) -> list[str]:
    return [word(f"statement.{name}", told.language) for name in _HEADER]


def _rows(told: Told) -> Iterator[Sequence[Cell]]:
    body = told.body
    for line in body["lines"]:
        yield _row(told, "line", line, [_decimal(told, line["money"][name]) for name in AMOUNTS])
    yield _row(told, "total", {"lines": len(body["lines"])}, [_decimal(told, body["totals"][name]) for name in AMOUNTS])
    empty = [""] * len(AMOUNTS)
    for charge in body["charges"]:
        yield _row(told, "charge", {"reference": charge["reason"]}, empty, charge["amount"])
    for name in BALANCE if body["balance"] else ():
        label = word(f"statement.{name}", told.language)
        yield _row(told, "account", {"reference": label}, empty, body["balance"][name])


def _row(
    told: Told, kind: str, cells: Mapping[str, Any], amounts: Sequence[Cell], amount: int | None = None
) -> list[Cell]:
    body = told.body
    about: list[Cell] = [word(f"statement.kind.{kind}", told.language), body["practice"], body["period"], told.currency]
    about += [str(cells.get(name, "")) for name in ("payer", "module", "reference")]
    return [*about, cells.get("lines", ""), *amounts, "" if amount is None else _decimal(told, amount)]


def _decimal(told: Told, minor: int) -> Decimal:
    return Money(minor, told.currency).decimal()

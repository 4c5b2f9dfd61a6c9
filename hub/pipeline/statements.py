"""What practices are told per quarter: made as versions, delivered once each (M16, S36).

A new version is made only when it says something else than the last one; the old one stays. The account of a statement
begins where the one of the quarter before ended, and ends where the next one begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub import rendering, texts
from hub.errors import ConfigurationError
from hub.ledger.accounts import Posting
from hub.ledger.balances import AMOUNTS, LineMoney
from hub.ledger.positions import LineLabel
from hub.ledger.shares import Terms
from hub.ledger.statement import Statement, Window, currencies, statement
from hub.model.money import Money
from hub.model.quarter import quarter
from hub.pipeline import notices, shares
from hub.pipeline.context import ZONES, Actor, Hub
from hub.rendering import pdf
from hub.rendering import statements as told
from hub.rendering.statements import BALANCE, Told
from hub.store import access, money, parties, schema, statements, tasks
from hub.store.parties import Organisation
from hub.store.statements import NewStatement
from hub.store.unit import Row, Unit

KINDS = ("practice", "clinic")
CURRENCY = {"NL": "EUR", "NO": "NOK"}
_SPOKEN = {"NL": "nl", "NO": "nb"}
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_FORMS = ("pdf", "xlsx", "csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One statement as it stands, and whether this run made a new version of it."""

    row: Row
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """Everything statements rest on, read once."""

    postings: Mapping[str, Sequence[Posting]]
    labels: Mapping[str, LineLabel]
    terms: Terms
    titles: Mapping[str, str]
    organisations: Mapping[str, Organisation]
    languages: Mapping[str, str]
    country: str


def make(
    hub: Hub, tenant: str, period: str, actor: Actor, *, practices: Sequence[str] = (), currency: str = ""
) -> list[Made]:
    """Make the statements of a quarter for some practices, or all affiliated ones; what says the same stays."""
    try:
        period = str(quarter(period))
    except ValueError as error:
        raise ConfigurationError(str(error), hint="--period 2024Q1") from None
    with hub.store.unit(tenant) as unit:
        book = _book(hub, unit, tenant)
        wished = list(practices) or [each.code for each in book.organisations.values() if each.kind in KINDS]
        found = [made for code in wished for made in _make(unit, book, code, period, actor, currency)]
        new = sum(each.new for each in found)
        if new:
            access.record(unit, actor=actor.name, role=actor.role, action="make", object_=f"statement/{period}/{new}")
    return found


def _book(hub: Hub, unit: Unit, tenant: str) -> _Book:
    organisations = {each.code: each for each in parties.organisations(unit)}
    by_id = {each.id: each.code for each in organisations.values()}
    users = {by_id[row["organisation_id"]]: row["language"] for row in parties.users(unit) if row["organisation_id"]}
    return _Book(
        postings=_by_practice(money.postings(unit)),
        labels=shares.labels(unit),
        terms=shares.agreed(unit),
        titles={name: partner.title for name, partner in hub.registry.partners.items()},
        organisations=organisations,
        languages=users,
        country=next(row["country"] for row in hub.store.tenants() if row["id"] == tenant),
    )


def _by_practice(rows: Sequence[Posting]) -> dict[str, list[Posting]]:
    found: dict[str, list[Posting]] = {}
    for row in rows:
        found.setdefault(row.practice, []).append(row)
    return found


def _make(unit: Unit, book: _Book, practice: str, period: str, actor: Actor, currency: str) -> Iterator[Made]:
    if practice not in book.organisations:
        raise ConfigurationError(f"no practice {practice}", hint="kvitt org list")
    known = currencies(book.postings.get(practice, ()), practice, until=unit.now) or (CURRENCY[book.country],)
    for each in [currency] if currency else known:
        window, opening = _window(unit, practice, period, each)
        found = _statement(unit, book, practice, period, window, opening or Money(0, each))
        new = NewStatement(
            practice=practice,
            period=period,
            currency=each,
            language=book.languages.get(practice, _SPOKEN[book.country]),
            since=window.since,
            body=_body(book, found),
        )
        row, is_new = statements.add(unit, new, actor.name[:60])
        yield Made(row=row, new=is_new)


def _window(unit: Unit, practice: str, period: str, currency: str) -> tuple[Window, Money | None]:
    """From the end of the statement before to now, or to where the account of a later one begins; and its opening."""
    table = schema.practice_statement
    rows = statements.find(unit, table.c.practice == practice, table.c.currency == currency)
    mine = [row for row in rows if row["period"] == period]
    before = max((row for row in rows if row["period"] < period), key=_order, default=None)
    since: datetime | None = None
    opening: int | None = None
    if mine:
        since, opening = mine[0]["since"], mine[0]["body"]["balance"].get("opening", 0)
    elif before is not None:
        since, opening = before["until"], before["body"]["balance"].get("closing", 0)
    following = min((row for row in rows if row["period"] > period), key=_order, default=None)
    until: datetime = unit.now
    if following is not None:
        until = following["since"] or _BEGINNING  # a later one that was made first holds the whole account
    return Window(since=since, until=until), None if opening is None else Money(opening, currency)


def _order(row: Row) -> tuple[str, int]:
    return row["period"], row["version"]


def _statement(unit: Unit, book: _Book, practice: str, period: str, window: Window, opening: Money) -> Statement:
    return statement(
        book.postings.get(practice, ()),
        book.labels,
        practice=practice,
        period=period,
        currency=opening.currency,
        until=unit.now,
        window=window,
        terms=book.terms,
        opening=opening,
    )


def standing(hub: Hub, unit: Unit, practice: str, period: str, currency: str) -> Statement:
    """A practice's statement of one period as it would be made now."""
    book = _book(hub, unit, unit.tenant)
    return _statement(unit, book, practice, period, Window(until=unit.now), Money(0, currency))


def _body(book: _Book, found: Statement) -> dict[str, Any]:
    """What the statement says, and nothing about when it was made: only another content is another version."""
    payee = _payee(book, found)
    return {
        "practice": found.practice,
        "name": book.organisations[found.practice].party.name,
        "payee": payee,
        "payee_name": book.organisations[payee].party.name if payee in book.organisations else payee,
        "period": found.period,
        "currency": found.currency,
        "groups": [
            {
                "payer": group.payer,
                "title": book.titles.get(group.payer, group.payer),
                "module": group.module,
                "count": group.count,
                "money": _minor(group.money),
            }
            for group in found.groups
        ],
        "lines": [
            {"payer": line.payer, "module": line.module, "reference": line.ref, "money": _minor(line.money)}
            for line in found.lines
        ],
        "totals": _minor(found.totals),
        "charges": [
            {"reason": each.reason, "period": each.period, "amount": each.amount.minor} for each in found.charges
        ],
        "balance": {} if found.balance.empty else {name: getattr(found.balance, name).minor for name in BALANCE},
    }


def _payee(book: _Book, found: Statement) -> str:
    """Who holds the practice's money, where somebody does."""
    if found.balance.empty:
        return ""
    payees = {row.payee for row in book.postings[found.practice] if row.payee != found.practice}
    return min(payees - {""}, default="")


def _minor(found: LineMoney) -> dict[str, int]:
    return {name: getattr(found, name).minor for name in AMOUNTS}


def find(unit: Unit, *, practice: str = "", period: str = "") -> list[Row]:
    """The statements made, by practice, period, currency and version."""
    table = schema.practice_statement
    where = [table.c.practice == practice] if practice else []
    return statements.find(unit, *where, *([table.c.period == period] if period else []))


def paged(
    unit: Unit,
    *,
    period: str = "",
    practice: str = "",
    after: statements.After | None = None,
    most: int = 50,
    told: bool = False,
) -> list[Row]:
    """The versions made, the newest quarter first, without their content; `told`: those that were delivered."""
    return statements.page(unit, period=period, practice=practice, after=after, most=most, told=told)


def one(unit: Unit, practice: str, period: str, currency: str = "", version: int = 0) -> Row:
    """One statement: the last version unless another is named; ConfigurationError when there is none."""
    rows = [row for row in find(unit, practice=practice, period=period) if currency in ("", row["currency"])]
    if len({row["currency"] for row in rows}) > 1:
        raise ConfigurationError("there is one in each currency", hint="--currency")
    rows = [row for row in rows if version in (0, row["version"])]
    if not rows:
        hint = f"kvitt statement make --practice {practice} --period {period}"
        raise ConfigurationError(f"no such statement of {practice} for {period}", hint=hint)
    return rows[-1]


def shown(hub: Hub, tenant: str, row: Row, language: str = "") -> Told:
    """A stored version, ready to be written in any form."""
    country = next(each["country"] for each in hub.store.tenants() if each["id"] == tenant)
    made = row["made_at"].astimezone(ZONES[country]).date()
    return Told(body=row["body"], version=row["version"], made=made, language=language or row["language"])


def written(found: Told, form: str) -> bytes:
    """A statement as `pdf`, `xlsx`, `csv` or `txt`."""
    if form == "pdf":
        return pdf.to_pdf(told.to_sheet(found))
    if form == "txt":
        return rendering.text.to_text(told.to_sheet(found)).encode()
    return told.to_xlsx(found) if form == "xlsx" else told.to_csv(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One version on its way to its practice: the files by name."""

    row: Row
    files: Mapping[str, bytes]


def undelivered(hub: Hub, tenant: str, period: str, practices: Sequence[str] = ()) -> list[Delivery]:
    """The last version of each statement of a quarter, where it did not go to its practice yet."""
    with hub.store.reading(tenant) as unit:
        last = {(row["practice"], row["currency"]): row for row in find(unit, period=period)}
    waiting = [row for row in last.values() if row["delivered_at"] is None]
    return [
        Delivery(row=row, files=_files(hub, tenant, row))
        for row in waiting
        if not practices or row["practice"] in practices
    ]


def _files(hub: Hub, tenant: str, row: Row) -> dict[str, bytes]:
    found = shown(hub, tenant, row)
    name = f"{row['practice']}-{row['period']}-{row['currency']}-v{row['version']}"
    return {f"{name}.{form}": written(found, form) for form in _FORMS}


def delivered(hub: Hub, tenant: str, row: Row, actor: Actor) -> bool:
    """Record that a version went, and tell the practice that it is there; False when that was done before."""
    with hub.store.unit(tenant) as unit:
        now = one(unit, row["practice"], row["period"], row["currency"], row["version"])
        if now["delivered_at"] is not None:
            return False
        statements.delivered(unit, now, actor.name[:60])
        _tell(hub, unit, now)
        thing = f"statement/{row['practice']}/{row['period']}/{row['version']}"
        access.record(unit, actor=actor.name, role=actor.role, action="deliver", object_=thing)
    return True


def _tell(hub: Hub, unit: Unit, row: Row) -> None:
    """Mail the practice once per version that it is there, and where; no name, no amount (`notices` sends it)."""
    practice = parties.organisation(unit, row["practice"])
    to, language = practice.invoice_email or practice.party.email, row["language"]
    if not to:
        return
    tenant = next(each for each in hub.store.tenants() if each["id"] == unit.tenant)
    values = {"period": row["period"], "version": row["version"]}
    asked = texts.pick(texts.text("STATEMENT_WHERE", tenant=tenant["name"]), language)
    where = notices.where(hub, unit, tenant) or asked
    subject = texts.pick(texts.text("STATEMENT_MAIL", **values), language)
    body = texts.pick(texts.action("STATEMENT_MAIL", **values, where=where), language)
    key = f"statement:{row['practice']}:{row['period']}:{row['currency']}:{row['version']}"
    tasks.notify(unit, key, to, subject, body, language)

"""Search: one box on every business key, pasted lists, never a scan; what is not yours is not there, nor counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event, func

from hub.model.identity import mask
from hub.pipeline import identity, search
from hub.pipeline.context import Actor
from hub.store import claims, parties, schema, subjects
from hub.store.unit import Row
from hub.web.wording import has
from tests.web.consoles import CLINIC, NL, NO, OTHER_PRACTICE, PASSWORD, PRACTICE, Console, Person

ACTOR = Actor(name="test", role="engineer")
_LIMIT, _HALF = 501, 4


def some_claim(console: Console, tenant: str, *where: Any) -> Row:
    return console.rows(tenant, schema.claim, *where)[0]


def person_number(console: Console, tenant: str, row: Row) -> str:
    with console.hub.store.reading(tenant) as unit:
        (claim,) = claims.load(unit, [row])
    return claim.person.bsn or claim.person.fnr


def found(page: str) -> int:
    """What the page says was found."""
    said = re.search(r'role="status">(\d+) ', page)
    assert said is not None, page[:1500]
    return int(said.group(1))


def ask(person: Person, q: str = "", many: str = "") -> str:
    answer = person.send("/search", {"q": q, "many": many})
    assert answer.status_code == 200, answer.text[:1500]
    return answer.text


def staff_of(console: Console, code: str) -> Person:
    """Support staff of one organisation only."""
    with console.hub.store.unit(NL) as unit:
        organisation = parties.organisation(unit, code)
        parties.put_user(
            unit, f"staff-{code}", name="Staff", role="support", organisation_id=organisation.id, language="en"
        )
    identity.set_password(console.hub, NL, f"staff-{code}", PASSWORD, ACTOR)
    return console.login("support", "NL", organisation=code)


def test_every_key_of_a_dutch_claim_leads_to_it(console: Console) -> None:
    long = func.length(schema.claim.c.ref) > _HALF + 2  # a key that is typed half has four characters at least
    row = some_claim(console, NL, schema.claim.c.invoice_number != "", schema.claim.c.kind == "debit", long)
    number = person_number(console, NL, row)
    support = console.login("support")
    for key in (row["ref"], row["ref"].lower(), row["ref"][:-2], row["invoice_number"], number, row["provider_code"]):
        assert f'href="/claims/{row["ref"]}"' in ask(support, key), key


def test_every_key_of_a_norwegian_invoice_leads_to_it(console: Console) -> None:
    table = schema.claim.c
    rows = console.rows(NO, schema.claim, table.kid != "", table.case_ref != "", table.kind == "debit")
    row = next(row for row in rows if person_number(console, NO, row))  # an employer's invoice may name nobody
    line = console.rows(NO, schema.claim_line, schema.claim_line.c.claim_id == row["id"])[0]
    whole = f"{row['total_minor'] // 100},{row['total_minor'] % 100:02}"
    spaced = f"{row['kid'][:4]} {row['kid'][4:]}"
    support = console.login("support", "NO")
    keys = (row["ref"], row["kid"], spaced, row["case_ref"], line["ref"], person_number(console, NO, row), whole)
    for key in (*keys, f"kr {whole}", CLINIC):
        assert f'href="/claims/{row["ref"]}"' in ask(support, key), key


def test_messages_bookings_and_organisations_are_found_by_their_keys(console: Console) -> None:
    exchange = console.rows(NL, schema.exchange, schema.exchange.c.remote_id != "")[0]
    support = console.login("support")
    for key in ("business_key", "invoice_number", "remote_id", "id"):
        assert f'href="/exchanges/{exchange["id"]}"' in ask(support, exchange[key]), key
    assert f'href="/exchanges/{exchange["id"]}"' in ask(support, f"{NL}:{exchange['business_key']}")
    answer = console.rows(NL, schema.inbound, schema.inbound.c.exchange_id.is_not(None))[0]
    assert f'href="/exchanges/{answer["exchange_id"]}"' in ask(support, answer["remote_id"])
    payment = console.rows(NO, schema.payment, schema.payment.c.reference != "")[0]
    theirs = ask(console.login("support", "NO"), payment["reference"])
    assert payment["reference"] in theirs
    assert "Posteringer" in theirs or "Bookings" in theirs
    assert PRACTICE in ask(support, PRACTICE)


def test_whoever_may_not_see_money_finds_no_bookings(console: Console) -> None:
    payment = console.rows(NL, schema.payment)[0]
    amount = f"{payment['amount_minor'] // 100},{payment['amount_minor'] % 100:02}"
    with console.hub.store.reading(NL) as unit:
        seen = search.find(console.hub, unit, search.keys_of(amount), money=True)
        unseen = search.find(console.hub, unit, search.keys_of(amount), money=False)
    assert "payment" in seen.hits
    assert "payment" not in unseen.hits
    assert payment["id"] not in ask(console.login("engineer"), amount)


def test_amounts_are_exact(console: Console) -> None:
    line = console.rows(NL, schema.claim_line, schema.claim_line.c.amount_minor > 100)[0]
    row = some_claim(console, NL, schema.claim.c.id == line["claim_id"])
    minor = line["amount_minor"]
    support = console.login("support")
    assert f"/claims/{row['ref']}" in ask(support, f"€ {minor // 100}.{minor % 100:02}")
    unlikely = 987_654_321
    assert found(ask(support, f"{unlikely // 100},{unlikely % 100:02}")) == 0


def test_a_pasted_list_gives_each_key_its_answer_and_says_which_lead_nowhere(console: Console) -> None:
    rows = console.rows(NL, schema.claim)[:8]
    page = ask(console.login("support"), many="\r\n".join([*(row["ref"] for row in rows), "NOTHING-1", "NOTHING-2"]))
    for row in rows:
        assert f'href="/claims/{row["ref"]}"' in page
    assert "NOTHING-1" in page
    assert "NOTHING-2" in page


def test_more_keys_than_may_be_pasted_are_refused_and_nothing_is_searched(console: Console) -> None:
    support = console.login("support")
    before = len(console.looks(NL))
    answer = support.send("/search", {"many": "\n".join(f"X{number:05}" for number in range(_LIMIT))})
    assert answer.status_code == 422
    assert "501" in answer.text
    assert [look for look in console.looks(NL)[before:] if look["action"] == "search"] == []


def test_nothing_asked_is_told_in_the_form(console: Console) -> None:
    assert console.login("support").send("/search", {"q": "  "}).status_code == 422


def test_a_persons_number_is_logged_as_blind_index_and_mask_and_never_shown_again(console: Console) -> None:
    row = some_claim(console, NL, schema.claim.c.kind == "debit")
    number = person_number(console, NL, row)
    page = ask(console.login("support"), number)
    assert number not in page
    assert mask(number) in page
    looks = [look for look in console.looks(NL) if look["action"] == "search"]
    with console.hub.store.reading(NL) as unit:
        blind = subjects.blind(unit, "bsn", number)
    assert [(look["object"], look["subject"]) for look in looks if look["subject"]] == [
        (f"person/{mask(number)}", blind)
    ]
    assert all(number not in look["object"] for look in looks)


def test_a_number_nobody_has_is_logged_too(console: Console) -> None:
    ask(console.login("support"), "999990019")
    assert [look["object"] for look in console.looks(NL) if look["subject"] and look["action"] == "search"] == [
        "person/*****0019"
    ]


def test_staff_of_one_organisation_find_only_theirs_and_no_count_tells_of_others(console: Console) -> None:
    table = schema.claim
    theirs = some_claim(console, NL, table.c.provider_code == OTHER_PRACTICE, table.c.kind == "debit")
    own = some_claim(console, NL, table.c.provider_code == PRACTICE, table.c.kind == "debit")
    exchange = console.rows(NL, schema.exchange, schema.exchange.c.id == theirs["exchange_id"])[0]
    staff = staff_of(console, PRACTICE)
    foreign = (theirs["ref"], person_number(console, NL, theirs), exchange["business_key"], OTHER_PRACTICE)
    for key in foreign:
        page = ask(staff, key)
        assert found(page) == 0 or theirs["ref"] not in page, key
        assert theirs["ref"] not in page.replace(f"<strong>{theirs['ref']}</strong>", "").replace(
            f'value="{theirs["ref"]}"', ""
        ).replace(f"<code>{theirs['ref']}</code>", ""), key
    absent = ask(staff, "R999999999")
    assert found(ask(staff, theirs["ref"])) == found(absent) == 0
    assert f'href="/claims/{own["ref"]}"' in ask(staff, own["ref"])
    shared = ask(staff, own["invoice_number"])
    assert f'href="/claims/{own["ref"]}"' in shared
    others = console.rows(NL, table, table.c.invoice_number == own["invoice_number"], table.c.provider_code != PRACTICE)
    assert all(f"/claims/{row['ref']}" not in shared for row in others)


def test_the_other_tenant_is_not_there(console: Console) -> None:
    row = some_claim(console, NO)
    assert found(ask(console.login("support"), row["kid"] or row["ref"])) == 0


def test_a_provider_has_no_search(console: Console) -> None:
    provider = console.login("provider")
    assert provider.get("/search").status_code == 404
    assert ("page//search", "absent") in {(look["object"], look["outcome"]) for look in console.looks(NL)}


def test_without_the_secret_of_the_form_nothing_is_searched(console: Console) -> None:
    support = console.login("support")
    assert support.client.post("/search", data={"q": "R000000001"}).status_code == 403


def test_every_kind_of_hit_has_its_words() -> None:
    by = ("ref", "invoice_number", "kid", "case_ref", "person", "line_ref", "amount", "line_amount", "provider_code")
    by += ("begins", "business_key", "remote_id", "id", "reference", "end_to_end", "code")
    keys = [f"by_{name}" for name in by] + [f"kind_{name}" for name in search.KINDS]
    keys += [f"acts_{name}" for name in ("support", "payer", "bank", "hub", "nobody")]
    assert [key for key in keys if not has("search", key)] == []


@pytest.mark.parametrize(
    ("typed", "texts"),
    [
        ("a\r\n b ;c\td\n\na", ["a", "b", "c", "d"]),
        ("  \x00\x07 ", []),
        ("1 250,00", ["1 250,00"]),
        ("x" * 500, ["x" * 140]),
    ],
)
def test_keys_are_what_stands_on_a_line_each_once(typed: str, texts: list[str]) -> None:
    assert [key.text for key in search.keys_of(typed)] == texts


@pytest.mark.parametrize(
    ("typed", "minor"),
    [
        ("1 250,00", 125_000),
        ("1.250,00", 125_000),
        ("€ 12", 1_200),
        ("kr 12,50", 1_250),
        ("12", None),
        ("2024.01", 202_401),
    ],
)
def test_an_amount_is_one_with_decimals_or_a_currency(typed: str, minor: int | None) -> None:
    (key,) = search.keys_of(typed)
    assert key.minor == minor


@contextmanager
def statements(console: Console) -> Iterator[list[tuple[str, Any]]]:
    """Everything that is asked of the database meanwhile."""
    asked: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            asked.append((statement, values))

    engine = console.hub.store.engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", listen)


GROWING = ("claim", "claim_line", "exchange", "inbound", "payment", "declaration_row", "posting", "decision", "task")


def walks(console: Console, asked: list[tuple[str, Any]], growing: tuple[str, ...] = GROWING) -> set[str]:
    """Which statements would look through a whole table, or through all that a tenant has in it."""
    with console.hub.store.engine.connect() as connection:
        ways = _ways_of_postgres if connection.dialect.name == "postgresql" else _ways_of_sqlite
        return {
            f"{table} {how}: {statement[-300:]}"
            for statement, values in asked
            for table, how, walked in ways(connection, statement, values)
            if table in growing and walked
        }


def _ways_of_sqlite(connection: Connection, statement: str, values: Any) -> Iterator[tuple[str, str, bool]]:
    for plan in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values):
        said = str(plan[-1])
        way, table = said.split()[:2]
        yield table, said, way == "SCAN" or said.endswith("(tenant_id=?)")


def _ways_of_postgres(connection: Connection, statement: str, values: Any) -> Iterator[tuple[str, str, bool]]:
    """The plan of whoever asked: the settings of row-level security are among what was asked, and are set again."""
    if "set_config" in statement:
        connection.exec_driver_sql(statement, values)
        return
    (((plan,),),) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values)
    yield from _nodes(plan["Plan"], "")


def _nodes(node: dict[str, Any], table: str) -> Iterator[tuple[str, str, bool]]:
    table, kind = node.get("Relation Name", table), str(node["Node Type"])
    entered = re.sub(r"\(\(tenant_id\)::text = [^()]+(\([^()]+\))?\)", "", node.get("Index Cond", ""))
    if "Scan" in kind and kind not in ("Bitmap Heap Scan", "CTE Scan", "Subquery Scan", "Function Scan"):
        yield table, f"{kind} {node.get('Index Name', '')} {node.get('Index Cond', '')}", "=" not in entered
    for one in node.get("Plans", ()):
        yield from _nodes(one, table)


@pytest.mark.parametrize("within", [None, frozenset({PRACTICE})])
def test_no_search_walks_through_a_table_that_grows(console: Console, within: frozenset[str] | None) -> None:
    """Whatever is asked for, each table that grows is entered by an index: the time does not depend on its size."""
    row = some_claim(console, NL, schema.claim.c.kind == "debit", schema.claim.c.provider_code == PRACTICE)
    keys = [row["ref"], row["invoice_number"], person_number(console, NL, row), "125,00", "no-such-key-1", PRACTICE]
    typed_in = [*keys, "\n".join(keys), row["ref"][:6]]
    if within:  # SQLite, without statistics, enters a fence by index for a few keys at a time only
        typed_in = [row["ref"], "125,00", "no-such-key-1"]
    with statements(console) as asked, console.hub.store.reading(NL, within=within) as unit:
        for typed in typed_in:
            search.find(console.hub, unit, search.keys_of(typed), money=True)
    assert len(asked) > 20
    assert walks(console, asked) == set()


def test_what_walks_is_seen(console: Console) -> None:
    """The test above can fail."""
    with statements(console) as asked, console.hub.store.reading(NL) as unit:
        claims.find(unit)
        claims.find(unit, schema.claim.c.payer_name == "somebody")
    assert len(walks(console, asked)) == 2

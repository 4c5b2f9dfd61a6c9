"""What the played demo lacks, made by the product's own steps: one of each thing that has a page or a button."""

from __future__ import annotations

from dataclasses import replace

from hub.intake.reference import read_coverage
from hub.model.exchange import Collected, ExchangeState
from hub.model.money import Money
from hub.model.party import Address, Party
from hub.pipeline import (
    api_tokens,
    approvals,
    bookkeeping,
    bulk_fixes,
    identity,
    intake,
    limits,
    own_accounts,
    payouts,
    privacy,
    questions,
    receive,
    statements,
    webhooks,
    worklist,
)
from hub.pipeline.api_tokens import SCOPES
from hub.pipeline.context import Actor
from hub.programmes.corrections import EVERYWHERE, Changes
from hub.store import claims, exchanges, parties, schema
from hub.store import webhooks as hooks
from hub.store.unit import Row
from tests.web.consoles import CLINIC, NL, NO, OTHER_PRACTICE, PASSWORD, PRACTICE, Console
from tests.web.programs import LISTS

ANNE, BOB = Actor(name="anne", role="finance"), Actor(name="bob", role="finance")
SUPPORT, CHIEF = Actor(name="sam", role="support"), Actor(name="chief", role="operator")
FIRST, SECOND = Actor(name="first", role="privacy_officer"), Actor(name="second", role="privacy_officer")
STAFF = ("support", "finance", "engineer", "privacy_officer", "auditor")
ASIDE = "94099901"
"""An organisation of the Dutch tenant that shares nothing with the others; each role works there too."""
OTHER_CLINIC = "310000094"
"""A second clinic of the Norwegian tenant, where a provider works."""
ACCOUNT = "NL05TEST0000200003"
"""An invented account of a bank that does not exist."""
_SAID = "said about 7261 only"


def sow(console: Console) -> None:
    """One of everything, in both tenants."""
    for tenant in (NL, NO):
        _staff_work(console, tenant)
    _people(console)
    _refusals(console)
    _money(console)
    _handed_in(console)
    _privacy(console)
    _files(console)


def _people(console: Console) -> None:
    """Staff of one organisation, and a second clinic."""
    with console.hub.store.unit(NL) as unit:
        aside = parties.organisation(unit, ASIDE).id
        for role in STAFF:
            parties.put_user(unit, f"within-{role}", name="A. Side", role=role, organisation_id=aside, language="nl")
    with console.hub.store.unit(NO) as unit:
        address = Address(street="Gata 7", city="Ingenby", postal_code="0001", country="NO")
        party = Party(
            scheme="0192", id=OTHER_CLINIC, name="Naboklinikken TEST AS", address=address, email="n@n.example"
        )
        clinic = parties.put_organisation(unit, "clinic", party)
        parties.put_user(unit, "within-next", name="N. Ext", role="provider", organisation_id=clinic, language="nb")
    for tenant, login in [*((NL, f"within-{role}") for role in STAFF), (NO, "within-next")]:
        identity.set_password(console.hub, tenant, login, PASSWORD, CHIEF)


def _staff_work(console: Console, tenant: str) -> None:
    """Questions, tokens, whom to call, and a limit that waits for a second person."""
    hub, owners = console.hub, (PRACTICE, OTHER_PRACTICE, ASIDE) if tenant == NL else (CLINIC,)
    with hub.store.unit(tenant) as unit:
        for owner in owners:
            (claim, *_) = unit.rows(unit.mine(schema.claim, schema.claim.c.provider_code == owner))
            questions.ask_about_claim(hub, unit, claim["ref"], f"asked: {_SAID} of {owner}", SUPPORT)
    for owner in ("", *owners):
        wanted = api_tokens.Wanted(name=f"token of {owner or tenant}", scopes=tuple(SCOPES), organisation=owner)
        api_tokens.make(hub, tenant, wanted, CHIEF)
        url = f"https://hook-{owner or tenant}.example/call"
        webhooks.add(hub, tenant, webhooks.Wanted(url=url, events=sorted(webhooks.EVENTS), organisation=owner), CHIEF)
    currency = "EUR" if tenant == NL else "NOK"
    with hub.store.reading(tenant) as unit:
        (user, *_) = unit.rows(unit.mine(schema.app_user, schema.app_user.c.role == "support"))
    calendar = api_tokens.Wanted(name="calendar", scopes=(api_tokens.CALENDAR,))
    api_tokens.make(hub, tenant, calendar, Actor(name=user["login"], role="support"), user_id=user["id"])
    payload = f"Geachte, hierbij {_SAID} of {tenant}".encode()
    receive.receive(hub, tenant, Collected(remote_id=f"odd-{tenant}", name="odd.txt", payload=payload))
    for each in (limits.GIVING_UP, limits.LETTING_GO) if tenant == NL else (limits.GIVING_UP,):
        much, why = Money(98_765_400, currency), f"limit: {_SAID} of {tenant}"
        approvals.set_limit(hub, tenant, much, ANNE, reason=why, allowance=each)


def _refusals(console: Console) -> None:
    """A refusal with a comment in each tenant; and one fix for all of a cause."""
    for tenant in (NL, NO):
        with console.hub.store.unit(tenant) as unit:
            for row in unit.rows(
                unit.mine(schema.task, schema.task.c.kind == "rejection", schema.task.c.state == "open")
            ):
                worklist.comment(unit, row["id"], f"comment: {_SAID} of {row['claim_ref']}", SUPPORT)
    with console.hub.store.reading(NL) as unit:
        task = schema.task.c
        (row, *_) = unit.rows(unit.mine(schema.task, task.kind == "rejection", task.cause == "COD957:101"))
    changes = Changes(values={(EVERYWHERE, "payer_code"): "3313"})
    bulk_fixes.apply(console.hub, NL, [row["claim_ref"]], changes, SUPPORT, cause=row["cause"], payer="menzis")


def _money(console: Console) -> None:
    """Statements, the journal, a pay-out that waits and one in a payment file, an account that waits."""
    hub = console.hub
    for each in statements.make(hub, NL, "2024Q1", ANNE):
        statements.delivered(hub, NL, each.row, ANNE)
    (posting, *_) = console.rows(NL, schema.posting)
    bookkeeping.export(hub, NL, f"{posting['at']:%Y-%m}", ANNE)
    first, *_ = [each.payout for each in payouts.propose(hub, NL, ANNE) if each.payout]
    payouts.approve(hub, NL, [first["number"]], Money(first["amount_minor"], first["currency"]), BOB)
    payouts.export(hub, NL, hub.today("NL"), BOB)
    with hub.store.unit(NL) as unit:
        own_accounts.ask(unit, OTHER_PRACTICE, ACCOUNT, source="a letter", actor=ANNE)


def _handed_in(console: Console) -> None:
    """A list of another quarter, with a question about one of its rows; what happened waits for whom we call."""
    tables = [(LISTS / name).read_bytes() for name in ("cov_example.csv", "cov_practice2.csv")]
    hub = replace(console.hub, coverage=lambda _tenant: read_coverage(*tables))
    example = (LISTS / "nl_practice2_2024Q1.csv").read_bytes().replace(b"01-01-2024", b"01-07-2024")
    wanted = intake.IntakeRequest(
        programme="module-quarter", organisation=OTHER_PRACTICE, module="PMO", period="2024Q3", name="list.csv"
    )
    taken = intake.take(hub, NL, wanted, example, SUPPORT)
    with hub.store.unit(NL) as unit:
        of_list = schema.declaration_row.c.declaration_id == taken.declaration_id
        (row, *_) = unit.rows(unit.mine(schema.declaration_row, of_list))
        questions.ask_about_row(hub, unit, row["id"], f"asked: {_SAID} of a row", SUPPORT)
    for tenant in (NL, NO):
        _events(console, tenant)


def _events(console: Console, tenant: str) -> None:
    with console.hub.store.reading(tenant) as unit:
        found = hooks.webhooks(unit)
    for each in found:
        webhooks.look(console.hub, tenant, each)


def _privacy(console: Console) -> None:
    """Somebody who was erased, somebody whose erasure waits, and somebody of whom nothing may be destroyed."""
    hub, people = console.hub, iter(_numbers(console))
    whom = [privacy.whom(next(people)) for _ in range(3)]
    for who in whom[:2]:
        privacy.ask_erasure(hub, NL, who, f"erasure: {_SAID}", FIRST, despite="paid outside")
    (first, *_) = sorted(row["number"] for row in console.rows(NL, schema.erasure))
    privacy.erase(hub, NL, "NL", first, SECOND)
    privacy.hold(hub, NL, whom[2], f"hold: {_SAID}", FIRST)


def _numbers(console: Console) -> list[str]:
    """Numbers of people whose claims nobody has to do anything about."""
    table = schema.claim
    with console.hub.store.reading(NL) as unit:
        asked = {row["claim_ref"] for row in unit.rows(unit.mine(schema.task))}
        rows = [
            row for row in unit.rows(unit.mine(table, table.c.provider_code == PRACTICE)) if row["ref"] not in asked
        ]
        return sorted({each.person.bsn for each in claims.load(unit, rows)})


def _files(console: Console) -> None:
    """A file of each tenant, and of the organisation aside, that waits to be let go."""
    chosen: list[tuple[str, Row]] = []
    for tenant, owner in ((NL, PRACTICE), (NL, ASIDE), (NO, CLINIC)):
        table = schema.claim.c
        where = (table.provider_code == owner, table.exchange_id.is_not(None))
        ids = {row["exchange_id"] for row in console.rows(tenant, schema.claim, *where)}
        states = console.rows(tenant, schema.exchange, schema.exchange.c.id.in_(ids))
        chosen += [(tenant, row) for row in states if row["state"] == "delivered"][:1]
    for tenant, row in chosen:
        with console.hub.store.unit(tenant) as unit:
            values = {"released": False, "attempts": 0, "next_try_at": None}
            exchanges.force(unit, row["id"], ExchangeState.PREPARED, text="made", **values)

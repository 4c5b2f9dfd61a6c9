"""Bank accounts: asked for by one person, in force when another approves; until then nothing is paid to it."""

from __future__ import annotations

from hub.pipeline import own_accounts, payouts
from hub.pipeline.context import Actor
from hub.store import schema
from tests.web.consoles import NL, PRACTICE, Console

ANNE = Actor(name="anne", role="finance")
NEW = "NL20INGB0001234567"


def _account(console: Console) -> str:
    (row,) = console.rows(NL, schema.organisation, schema.organisation.c.code == PRACTICE)
    return str(row["account"])


def test_who_asks_cannot_approve_and_nothing_is_proposed_meanwhile(console: Console) -> None:
    before, person = _account(console), console.login("finance")
    refused = person.send("/accounts", {"code": PRACTICE, "account": "NL00BANK", "source": "called them"})
    assert refused.status_code == 422
    person.send("/accounts", {"code": PRACTICE, "account": NEW, "source": "called them, 10:15"})
    own = {"code": PRACTICE, "account": NEW, "answer": "approve"}
    assert person.send("/accounts/decide", own).status_code == 409
    assert _account(console) == before
    why = {each.proposal.owner.practice: each.why for each in payouts.propose(console.hub, NL, ANNE)}
    assert why[PRACTICE] == "account_waits"


def test_another_person_approves_what_was_asked(console: Console) -> None:
    with console.hub.store.unit(NL) as unit:
        own_accounts.ask(unit, PRACTICE, NEW, source="called them", actor=ANNE)
    person = console.login("finance")
    assert NEW in person.see("/accounts")
    person.send("/accounts/decide", {"code": PRACTICE, "account": NEW, "answer": "approve"})
    assert _account(console) == NEW
    again = person.send("/accounts/decide", {"code": PRACTICE, "account": NEW, "answer": "approve"})
    assert again.status_code == 409


def test_a_change_is_rejected_by_anybody_who_pays(console: Console) -> None:
    before = _account(console)
    with console.hub.store.unit(NL) as unit:
        own_accounts.ask(unit, PRACTICE, NEW, source="a mail, it seems", actor=ANNE)
    assert console.login("support").send("/accounts/decide", {"answer": "reject"}).status_code in (404, 422)
    console.login("finance").send("/accounts/decide", {"code": PRACTICE, "account": NEW, "answer": "reject"})
    assert _account(console) == before


def test_an_organisation_of_another_tenant_is_not_there(console: Console) -> None:
    person = console.login("finance", "NO")
    assert PRACTICE not in person.see("/accounts")
    answer = person.send("/accounts", {"code": PRACTICE, "account": NEW, "source": "called them"})
    assert answer.status_code == 404
    assert not console.rows(NL, schema.account_change)

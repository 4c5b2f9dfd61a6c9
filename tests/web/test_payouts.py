"""Pay-outs: one person proposes, another approves for exactly the sum, the bank gets one file, accounts wait for two."""

from __future__ import annotations

from hub.model.money import Money
from hub.pipeline import payouts
from hub.pipeline.context import Actor
from hub.store import schema
from tests.web.consoles import NL, OTHER_PRACTICE, PRACTICE, Console

ANNE = Actor(name="anne", role="finance")
TOGETHER = "13.36"


def _proposed(console: Console) -> list[int]:
    found = payouts.propose(console.hub, NL, ANNE)
    return [each.payout["number"] for each in found if each.payout]


def _states(console: Console) -> set[str]:
    return {row["state"] for row in console.rows(NL, schema.payout)}


def test_who_proposes_sees_the_lines_but_cannot_approve(console: Console) -> None:
    person = console.login("finance")
    answer = person.send("/payouts/propose")
    assert PRACTICE in answer.text
    assert OTHER_PRACTICE in answer.text
    body = person.see("/payouts")
    assert 'type="checkbox" name="numbers"' not in body
    refused = person.send("/payouts/approve", {"numbers": ["1", "2"], "amount": TOGETHER})
    assert refused.status_code == 409
    assert "kan het niet goedkeuren" in refused.text
    assert _states(console) == {"proposed"}


def test_another_person_approves_exactly_the_sum_and_downloads_one_file(console: Console) -> None:
    numbers = [str(each) for each in _proposed(console)]
    person = console.login("finance")
    wrong = person.send("/payouts/approve", {"numbers": numbers, "amount": "13.35"})
    assert wrong.status_code == 409
    assert person.send("/payouts/approve", {"amount": TOGETHER}).status_code == 409
    person.send("/payouts/approve", {"numbers": numbers, "amount": "13,36"})
    assert _states(console) == {"approved"}
    person.send("/payouts/export", {"day": console.hub.today("NL").isoformat()})
    assert _states(console) == {"exported"}
    first, again = person.get("/payouts/files/1"), person.get("/payouts/files/1")
    assert first.content == again.content
    assert b"pain.001.001.09" in first.content
    assert "attachment" in first.headers["content-disposition"]
    assert console.login("auditor").get("/payouts/files/1").status_code == 404
    assert person.send("/payouts/export").status_code == 200
    assert len(console.rows(NL, schema.payout_export)) == 1


def test_a_day_that_is_past_or_no_day_is_refused(console: Console) -> None:
    numbers = _proposed(console)
    payouts.approve(console.hub, NL, numbers, Money(1336, "EUR"), Actor(name="bob", role="finance"))
    person = console.login("finance")
    assert person.send("/payouts/export", {"day": "2024-01-01"}).status_code == 409
    assert person.send("/payouts/export", {"day": "tomorrow"}).status_code == 422
    assert _states(console) == {"approved"}


def test_one_is_rejected_another_taken_back_both_with_a_reason(console: Console) -> None:
    first, second = _proposed(console)
    person = console.login("finance")
    assert person.send(f"/payouts/{first}/reject", {"reason": ""}).status_code == 409
    person.send(f"/payouts/{first}/reject", {"reason": "account not confirmed"})
    person.send(f"/payouts/{second}/cancel", {"reason": "practice stopped"})
    assert _states(console) == {"rejected", "cancelled"}
    assert "account not confirmed" in person.see(f"/payouts/{first}")


def test_a_pay_out_shows_what_its_amount_rests_on(console: Console) -> None:
    (number, _) = _proposed(console)
    body = console.login("auditor").see(f"/payouts/{number}")
    assert "9.80" in body or "9,80" in body
    assert "2024Q1" in body
    assert "EndToEndId" in body


def test_a_pay_out_that_is_not_there_or_anothers_leaves_a_line(console: Console) -> None:
    (number, _) = _proposed(console)
    person = console.login("finance", "NO")
    for path in (f"/payouts/{number}", "/payouts/files/1"):
        assert person.get(path).status_code == 404
    for action in ("reject", "cancel", "tie"):
        assert person.send(f"/payouts/{number}/{action}", {"reason": "x", "booking": "12345678"}).status_code == 404
    assert _states(console) == {"proposed"}


def test_support_sees_but_does_not_pay(console: Console) -> None:
    (number, _) = _proposed(console)
    person = console.login("support")
    assert PRACTICE in person.see("/payouts")
    for path in ("/payouts/propose", "/payouts/approve", "/payouts/export", f"/payouts/{number}/reject"):
        assert person.send(path, {"reason": "x"}).status_code == 404

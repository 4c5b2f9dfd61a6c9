"""What a second generator of payments, written without the matcher in view, found wanting."""

from __future__ import annotations

from datetime import date

import pytest

from hub.matching.items import Action, Match, MatchRules, OpenItem, OpenLine
from hub.matching.payments import match
from hub.model.claim import ClaimKind
from hub.model.identity import is_kid
from hub.model.money import Money
from hub.model.payment import Payment

NORD, SOUTH, SHARED = "15030000019", "15030000027", "15030000035"
BALANCED = MatchRules(mode="balanced")


def claim(number: str, minor: int, payer: str = "nord", kid: str = "") -> OpenItem:
    line = OpenLine(line_id=number, number=1, outstanding=Money(0, "NOK"), undecided=Money(minor, "NOK"))
    return OpenItem(
        claim_id=f"c{number}",
        ref=number,
        kid=kid,
        payer=payer,
        payer_accounts=(NORD if payer == "nord" else SOUTH, SHARED),
        claimant="clinic",
        account="",
        currency="NOK",
        lines=(line,),
        kind=ClaimKind.CREDIT if minor < 0 else ClaimKind.DEBIT,
        issue_date=date(2026, 4, 1),
    )


def paid(minor: int, text: str, items: list[OpenItem], rules: MatchRules | None = None, account: str = NORD) -> Match:
    payment = Payment(
        id="p1", account="", booked=date(2026, 4, 20), amount=Money(minor, "NOK"), payer_account=account, text=text
    )
    (found,) = match([payment], items, rules or MatchRules())
    return found


def on_claims(found: Match) -> list[str]:
    return [made.claim_id for made in found.allocations]


@pytest.mark.parametrize("text", ["Faktura INV2026-00123", "nr2026-00123 takk", "/RFB/F2026/00123/", "F2026 00123"])
def test_a_prefix_may_be_glued_to_a_number_that_is_written_in_pieces(text: str) -> None:
    assert on_claims(paid(64000, text, [claim("2026-00123", 64000)])) == ["c2026-00123"]


@pytest.mark.parametrize("text", ["Faktura 2026\n-00123", "Faktura 2026-\r\n00123", "Faktura 20\n26-00123"])
def test_a_bank_may_break_a_line_before_or_after_a_sign(text: str) -> None:
    assert on_claims(paid(64000, text, [claim("2026-00123", 64000)])) == ["c2026-00123"]


def test_a_word_before_a_number_in_pieces_makes_no_other_number_of_it() -> None:
    found = paid(64000, "INV2026-00123", [claim("2026-00124", 64000), claim("2026", 64000)])
    assert found.action is Action.REVIEW


def test_a_kid_that_ends_in_a_dash_is_found_in_free_text() -> None:
    kid = next(f"{body}-" for body in range(100000000, 100000100) if is_kid(f"{body}-"))
    assert on_claims(paid(64000, f"faktura nr. {kid} takk", [claim("10023", 64000, kid=kid)])) == ["c10023"]


def test_a_year_that_is_also_the_number_of_another_payer_hides_nothing() -> None:
    items = [claim("10023", 64000), claim("2026", 51000, "south"), claim("10031", 51000, "south")]
    assert on_claims(paid(64000, "mars 2026 faktura 10023", items)) == ["c10023"]
    assert paid(63900, "mars 2026 faktura 10023", items).code == "names_other_payer"
    assert paid(64000, "faktura 10031 og 10023", items).code == "names_other_payer"


@pytest.mark.parametrize("rules", [MatchRules(), BALANCED])
def test_on_a_shared_account_another_claim_of_the_amount_is_a_rival(rules: MatchRules) -> None:
    items = [claim("10023", 64000), claim("10031", 64000, "south"), claim("10044", 51000)]
    found = paid(64000, "faktura 10023", items, rules, SHARED)
    assert (found.action, found.code) == (Action.REVIEW, "amount_of_another")
    assert on_claims(paid(51000, "faktura 10044", items, rules, SHARED)) == ["c10044"]


def test_money_that_came_in_is_not_suggested_on_a_credit() -> None:
    items = [claim("10023", -72200, "south"), claim("10044", 64000)]
    found = paid(64000, "faktura 10023", items)
    assert found.code == "other_payer"
    assert [one.allocations for one in found.suggestions] == [(("c10044", 64000),)]


def test_a_practice_code_beside_numbers_that_make_up_the_amount_is_no_further_number() -> None:
    items = [claim("20260123", 64000), claim("20260124", 32000)]
    both = ["c20260123", "c20260124"]
    assert on_claims(paid(96000, "declaratie 20260123 en 20260124 praktijk AGB 01012345", items)) == both
    assert paid(96000, "declaratie 20260123, 20260124, 01012345", items).code == "other_number"
    assert paid(64000, "declaratie 20260123 praktijk AGB 01012345", items).code == "other_number"

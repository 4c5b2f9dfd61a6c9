"""What may be corrected in which state (decision 5), as one table; and every combination has exactly one answer."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any

import pytest

from hub import texts
from hub.model.claim import ClaimKind
from hub.model.exchange import ExchangeState
from hub.model.partner import DatedRule
from hub.model.reply import Verdict
from hub.policy.corrections import (
    ALWAYS,
    FULL_CREDIT,
    NEVER,
    WHEN_ASKED,
    Allowed,
    Credited,
    Forbidden,
    Standing,
    Way,
    correction,
    credit_alone,
    reclaim_codes,
)
from hub.policy.deadlines import Deadline, Purpose

TODAY = date(2026, 4, 20)
SENT, DELIVERED, REFUSED = ExchangeState.SENT, ExchangeState.DELIVERED, ExchangeState.REFUSED
YES, NO_, LESS = frozenset({Verdict.GRANTED}), frozenset({Verdict.REFUSED}), frozenset({Verdict.CHANGED})
SILENT = frozenset({Verdict.PRESUMED_OK})
MIXED = YES | NO_


def standing(country: str, **known: Any) -> Standing:
    values: dict[str, Any] = {"kind": ClaimKind.DEBIT, "today": TODAY, "transport": DELIVERED, "was_sent": True}
    return Standing(country=country, **(values | known))


def term(purpose: Purpose, safe: date, outer: date | None = None) -> dict[Purpose, Deadline]:
    found = Deadline(
        purpose=purpose, last_safe=safe, last_outer=outer or safe, conservative=safe, kind="k", source="page"
    )
    return {purpose: found}


# What is known, how it is corrected (a way, or the reason why not), and the same for a credit alone.
TABLE: list[tuple[str, dict[str, Any], Way | str, Way | str]] = [
    # Nobody has seen it.
    ("NO", {"transport": None}, Way.REISSUE, "CORRECT_NO_CREDIT"),
    ("NL", {"transport": None, "hold": "CHECK_FAILED"}, Way.REISSUE, "CORRECT_NO_CREDIT"),
    ("NL", {"transport": REFUSED}, Way.REISSUE, "CORRECT_NO_CREDIT"),
    ("NO", {"transport": REFUSED, "was_sent": False}, Way.REISSUE, "CORRECT_NO_CREDIT"),
    # The network refused it after taking it over (S30).
    ("NO", {"transport": REFUSED}, Way.RENUMBER, "CORRECT_NO_CREDIT"),
    ("NO", {"transport": REFUSED, "verdicts": SILENT}, Way.RENUMBER, "CORRECT_NO_CREDIT"),
    ("NO", {"transport": REFUSED, "keeps_number": True}, Way.REISSUE, "CORRECT_NO_CREDIT"),
    # Nobody knows yet.
    ("NO", {"transport": SENT}, "CORRECT_NOT_ANSWERED", "CORRECT_NOT_ANSWERED"),
    ("NL", {"verdicts": SILENT}, "CORRECT_NOT_ANSWERED", "CORRECT_NOT_ANSWERED"),
    ("NL", {"transport": ExchangeState.IN_DOUBT}, "CORRECT_ON_ITS_WAY", "CORRECT_ON_ITS_WAY"),
    ("NO", {"transport": ExchangeState.PREPARED}, "CORRECT_ON_ITS_WAY", "CORRECT_ON_ITS_WAY"),
    ("NO", {"transport": ExchangeState.SENDING}, "CORRECT_ON_ITS_WAY", "CORRECT_ON_ITS_WAY"),
    ("NO", {"transport": ExchangeState.FAILED}, "CORRECT_ON_ITS_WAY", "CORRECT_ON_ITS_WAY"),
    # Norway: approved in any way (S22).
    ("NO", {"verdicts": YES}, "CORRECT_APPROVED", "CORRECT_APPROVED"),
    ("NO", {"verdicts": MIXED, "credit_asked": True}, "CORRECT_APPROVED", "CORRECT_APPROVED"),
    ("NO", {"verdicts": SILENT}, "CORRECT_PRESUMED", "CORRECT_PRESUMED"),
    ("NO", {"paid": True}, "CORRECT_APPROVED", "CORRECT_APPROVED"),
    ("NO", {"paid": True, "verdicts": SILENT, "transport": REFUSED}, "CORRECT_APPROVED", "CORRECT_APPROVED"),
    # Norway: rejected (S23).
    ("NO", {"verdicts": NO_, "habit": WHEN_ASKED}, Way.REPLACE, Way.CREDIT),
    ("NO", {"verdicts": NO_, "habit": WHEN_ASKED, "credit_asked": True}, Way.CREDIT_AND_REPLACE, Way.CREDIT),
    ("NO", {"verdicts": NO_, "habit": NEVER}, Way.REPLACE, Way.CREDIT),
    ("NO", {"verdicts": NO_, "habit": NEVER, "credit_asked": True}, Way.CREDIT_AND_REPLACE, Way.CREDIT),
    ("NO", {"verdicts": NO_, "habit": ALWAYS}, Way.CREDIT_AND_REPLACE, Way.CREDIT),
    ("NO", {"verdicts": NO_, "habit": FULL_CREDIT}, Way.CREDIT_AND_REPLACE, Way.CREDIT),
    ("NO", {"verdicts": NO_}, "CORRECT_NOT_CONFIGURED", "CORRECT_NOT_CONFIGURED"),
    ("NO", {"verdicts": NO_, "credited": Credited.WAITING}, Way.REPLACE, "CORRECT_CREDITED"),
    ("NO", {"verdicts": NO_, "transport": REFUSED, "habit": ALWAYS}, Way.CREDIT_AND_REPLACE, Way.CREDIT),
    # The Netherlands: refused by the insurer.
    ("NL", {"verdicts": NO_}, Way.REPLACE, "CORRECT_NO_CREDIT"),
    ("NL", {"verdicts": NO_, "credit_asked": True, "habit": FULL_CREDIT}, Way.REPLACE, "CORRECT_NO_CREDIT"),
    ("NL", {"verdicts": NO_, "terms": term(Purpose.RECLAIM, TODAY)}, Way.REPLACE, "CORRECT_NO_CREDIT"),
    (
        "NL",
        {"verdicts": NO_, "terms": term(Purpose.RECLAIM, date(2026, 4, 18), date(2026, 4, 19))},
        "CORRECT_TOO_LATE",
        "CORRECT_TOO_LATE",
    ),
    ("NL", {"verdicts": NO_, "terms": term(Purpose.CORRECTION, date(2020, 1, 1))}, Way.REPLACE, "CORRECT_NO_CREDIT"),
    # The Netherlands: granted or changed (S24).
    ("NL", {"verdicts": YES}, Way.CREDIT_THEN_REPLACE, Way.CREDIT),
    ("NL", {"verdicts": LESS}, Way.CREDIT_THEN_REPLACE, Way.CREDIT),
    ("NL", {"verdicts": YES, "credited": Credited.WAITING}, Way.CREDIT_THEN_REPLACE, "CORRECT_CREDITED"),
    ("NL", {"verdicts": YES, "credited": Credited.REFUSED}, Way.CREDIT_THEN_REPLACE, Way.CREDIT),
    ("NL", {"verdicts": YES, "credited": Credited.ACCEPTED}, Way.REPLACE, "CORRECT_CREDITED"),
    (
        "NL",
        {"verdicts": YES, "terms": term(Purpose.CORRECTION, date(2026, 4, 1))},
        "CORRECT_TOO_LATE",
        "CORRECT_TOO_LATE",
    ),
    ("NL", {"verdicts": MIXED}, "CORRECT_NOT_ANSWERED", "CORRECT_NOT_ANSWERED"),
    ("NL", {"verdicts": YES | {Verdict.OPEN}}, "CORRECT_NOT_ANSWERED", "CORRECT_NOT_ANSWERED"),
    # Never.
    ("NO", {"hold": "WITHDRAWN"}, "CORRECT_WITHDRAWN", "CORRECT_WITHDRAWN"),
    ("NL", {"kind": ClaimKind.CREDIT, "verdicts": YES}, "CORRECT_IS_CREDIT", "CORRECT_IS_CREDIT"),
    ("NO", {"finished": True, "verdicts": NO_}, "FINISHED_NEVER_REBUILT", "FINISHED_NEVER_REBUILT"),
]


def said(found: Allowed | Forbidden) -> Way | str:
    return found.way if isinstance(found, Allowed) else found.code


@pytest.mark.parametrize(("country", "known", "way", "alone"), TABLE)
def test_the_state_decides(country: str, known: dict[str, Any], way: Way | str, alone: Way | str) -> None:
    assert said(correction(standing(country, **known))) == way
    assert said(credit_alone(standing(country, **known))) == alone


def test_a_term_gives_its_last_safe_day_and_the_day_that_has_passed() -> None:
    grey = term(Purpose.RECLAIM, date(2026, 4, 19), TODAY)
    assert correction(standing("NL", verdicts=NO_, terms=grey)) == Allowed(way=Way.REPLACE, until=date(2026, 4, 19))
    late = term(Purpose.RECLAIM, date(2026, 4, 19))
    assert correction(standing("NL", verdicts=NO_, terms=late)) == Forbidden(
        code="CORRECT_TOO_LATE", day=date(2026, 4, 19)
    )


def every_standing() -> list[Standing]:
    verdicts = [frozenset({one}) for one in Verdict] + [MIXED, YES | {Verdict.OPEN}, YES | LESS]
    axes = {
        "country": ("NL", "NO"),
        "transport": (None, *ExchangeState),
        "verdicts": verdicts,
        "was_sent": (True, False),
        "credit_asked": (True, False),
        "habit": ("", ALWAYS, WHEN_ASKED, NEVER, FULL_CREDIT),
        "credited": tuple(Credited),
        "paid": (True, False),
    }
    return [
        Standing(kind=ClaimKind.DEBIT, today=TODAY, **dict(zip(axes, values, strict=True)))
        for values in product(*axes.values())
    ]


def test_what_holds_in_every_state() -> None:
    for known in every_standing():
        found, alone = correction(known), credit_alone(known)
        for one in (found, alone):
            if isinstance(one, Forbidden):
                assert one.code in texts.codes()
                words = {"ref": "R", "payer": "P", "day": TODAY, "corrects": "O"}
                assert all(texts.text(one.code, **words).values())
                assert all(texts.action(one.code, **words).values())
        way, credit = said(found), said(alone)
        if known.country == "NL":
            assert way not in (Way.CREDIT_AND_REPLACE, Way.RENUMBER)
            assert way != Way.CREDIT_THEN_REPLACE or known.verdicts <= YES | LESS, "only what was granted is credited"
        else:
            assert way != Way.CREDIT_THEN_REPLACE
            approved = known.verdicts & (YES | LESS) or (known.paid and not known.verdicts & NO_)
            assert not approved or not isinstance(found, Allowed), "no credit note after approval"
        assert credit != Way.CREDIT or known.credited in (Credited.NOT, Credited.REFUSED), "never credited twice"


RULES = (
    DatedRule(kind="k", source="page", settings={"reclaim_codes": "02 03"}),
    DatedRule(kind="k", source="other", settings={"reclaim_codes": "05"}),
    DatedRule(kind="bare", source="page"),
)


def test_reclaim_codes_are_those_of_the_rule_behind_the_term() -> None:
    (found,) = term(Purpose.RECLAIM, TODAY).values()
    assert reclaim_codes(RULES, found) == ("02", "03")
    assert reclaim_codes(RULES[1:], found) == ()
    assert reclaim_codes(RULES, None) == ()

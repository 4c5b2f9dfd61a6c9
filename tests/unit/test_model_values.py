"""The words of the field as values: quarters, findings, exchange states, claims, partners, codes, people."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import date
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import ConfigurationError, HubError, OutcomeUnknown, RefusedError, TransientError
from hub.model.claim import Claim, ClaimLine
from hub.model.exchange import ExchangeState, Message, advance
from hub.model.finding import Finding, Severity, blocking
from hub.model.money import Money
from hub.model.partner import Agreement, ChannelSpec, DatedRule, Identifier, Partner
from hub.model.party import Party
from hub.model.person import Person
from hub.model.quarter import Quarter, quarter, quarter_of
from hub.model.reply import VERDICT_RANK, Code, Verdict

# --- quarters


def test_a_quarter_is_three_months_and_its_first_day_is_the_reference_date() -> None:
    assert [Quarter(2024, number).first_day for number in (1, 2, 3, 4)] == [
        date(2024, 1, 1),
        date(2024, 4, 1),
        date(2024, 7, 1),
        date(2024, 10, 1),
    ]
    assert [Quarter(2024, number).last_day for number in (1, 2, 3, 4)] == [
        date(2024, 3, 31),
        date(2024, 6, 30),
        date(2024, 9, 30),
        date(2024, 12, 31),
    ]


def test_a_day_lies_in_its_quarter_up_to_the_last_one() -> None:
    days = {date(2024, 1, 1): 1, date(2024, 3, 31): 1, date(2024, 4, 1): 2, date(2024, 9, 30): 3, date(2024, 12, 31): 4}
    assert {day: quarter_of(day).number for day in days} == days


def test_a_quarter_is_read_as_it_is_written() -> None:
    assert quarter(" 2023Q4 ") == Quarter(2023, 4)
    assert str(Quarter(2023, 4)) == "2023Q4"
    assert Quarter(2023, 4) < Quarter(2024, 1)


@pytest.mark.parametrize("text", ["", "2024", "2024Q0", "2024Q5", "2024q1", "24Q1", "2024Q1x", "Q1 2024"])
def test_anything_else_is_no_quarter(text: str) -> None:
    with pytest.raises(ValueError, match=r"write 2024Q1"):
        quarter(text)


@settings(max_examples=100)
@given(day=st.dates(date(1900, 1, 1), date(2100, 12, 31)), later=st.integers(-40, 40))
def test_every_day_lies_in_its_quarter_and_quarters_follow_without_a_gap(day: date, later: int) -> None:
    one = quarter_of(day)
    assert one.first_day <= day <= one.last_day
    assert (one.plus(1).first_day - one.last_day).days == 1
    assert one.plus(later).plus(-later) == one
    assert quarter(str(one)) == one


# --- findings


FINDING = Finding(
    code="KVITT-KID-01",
    severity=Severity.WARNING,
    text={"en": "wrong check digit", "nb": "feil kontrollsiffer"},
    hint={"nb": "Sjekk KID"},
    line=3,
    value="",
)


def test_a_finding_speaks_the_wished_language_else_english_else_any_else_its_code() -> None:
    assert FINDING.said("nb") == "feil kontrollsiffer"
    assert FINDING.said("nl") == FINDING.said() == "wrong check digit"
    assert replace(FINDING, text={"nl": "fout"}).said("nb") == "fout"
    assert replace(FINDING, text={}).said("nb") == "KVITT-KID-01"
    assert (FINDING.hinted("nl"), replace(FINDING, hint={}).hinted("nl")) == ("Sjekk KID", "")


def test_a_finding_as_json_leaves_out_what_is_empty_but_not_a_zero() -> None:
    assert FINDING.as_json("nb") == {
        "code": "KVITT-KID-01",
        "severity": "warning",
        "message": "feil kontrollsiffer",
        "hint": "Sjekk KID",
        "line": 3,
    }
    assert replace(FINDING, record=0).as_json()["record"] == 0


def test_fatal_and_error_forbid_sending_warning_and_info_do_not() -> None:
    found = [replace(FINDING, severity=severity) for severity in Severity]
    assert [one.severity.value for one in blocking(found)] == ["fatal", "error"]


# --- exchanges


STATES = {
    "prepared": "sending in_doubt failed sent delivered refused",
    "sending": "in_doubt failed sent delivered refused",
    "in_doubt": "sent delivered refused",
    "failed": "sent delivered refused",
    "sent": "delivered refused",
    "delivered": "refused",
    "refused": "",
}


@pytest.mark.parametrize("now", STATES)
def test_an_exchange_only_ever_goes_forward(now: str) -> None:
    here = ExchangeState(now)
    forward = {news for news in ExchangeState if advance(here, news) is news and news is not here}
    assert forward == {ExchangeState(name) for name in STATES[now].split()}
    assert all(advance(here, news) is here for news in set(ExchangeState) - forward)


def test_news_in_any_order_end_in_the_same_state() -> None:
    news = (ExchangeState.SENDING, ExchangeState.SENT, ExchangeState.DELIVERED, ExchangeState.REFUSED)
    for order in permutations(news):
        state = ExchangeState.PREPARED
        for one in (*order, *order):
            state = advance(state, one)
        assert state is ExchangeState.REFUSED


def test_a_message_cannot_be_changed_after_it_was_made() -> None:
    message = Message(key="k", kind="ubl-invoice", name="k.xml", payload=b"<a/>")
    with pytest.raises(FrozenInstanceError):
        message.payload = b""  # type: ignore[misc]
    with pytest.raises(TypeError):
        message.meta["sender"] = "x"  # type: ignore[index]


# --- claims


PARTY = Party(scheme="AGB", id="01099901", name="Praktijk Proef")


def line(minor: int, *, vat: int | None = None, allowance: int = 0, quantity: int = 1, price: int = 0) -> ClaimLine:
    return ClaimLine(
        id=str(minor),
        number=1,
        ref="R",
        service_code="B1010",
        begins=date(2026, 1, 6),
        quantity=quantity,
        unit_price=Money(price or abs(minor), "NOK"),
        allowance=Money(allowance, "NOK") if allowance else None,
        amount=Money(minor, "NOK"),
        vat=None if vat is None else Money(vat, "NOK"),
    )


def claim(*lines: ClaimLine) -> Claim:
    return Claim(
        id="c",
        tenant="t",
        country="NO",
        ref="10001",
        programme="p",
        payer="if",
        payer_code="1",
        provider=PARTY,
        claimant=PARTY,
        submitter=PARTY,
        currency="NOK",
        lines=lines,
    )


def test_what_is_owed_on_a_line_is_its_net_amount_with_its_vat() -> None:
    assert line(89000).payable == Money(89000, "NOK")
    assert line(89000, vat=22250).payable == Money(111250, "NOK")
    assert line(-89000, vat=-22250).payable == Money(-111250, "NOK")


def test_the_gross_of_a_line_is_before_the_allowance() -> None:
    one = line(128000, quantity=2, price=89000, allowance=50000)
    assert one.gross == Money(178000, "NOK")
    assert one.gross - one.amount == one.allowance


def test_a_claims_total_is_the_sum_of_what_its_lines_owe() -> None:
    assert claim(line(89000, vat=22250), line(64000)).total == Money(175250, "NOK")
    assert claim(line(-89000), line(64000)).total == Money(-25000, "NOK")
    assert claim().total == Money(0, "NOK")


def test_nothing_personal_stands_in_what_is_printed_of_a_person() -> None:
    person = Person(bsn="999903883", name="Testpersoon", birth_date=date(1961, 3, 12))
    assert repr(person) == str(person) == "Person(***)"
    assert "999903883" not in repr(replace(claim(line(1)), person=person))


# --- partners


DATED = [
    (date(2023, 12, 31), False),
    (date(2024, 1, 1), True),
    (date(2024, 6, 30), True),
    (date(2024, 7, 1), False),
]


@pytest.mark.parametrize(("day", "holds"), DATED)
def test_identifiers_and_rules_hold_from_their_first_to_their_last_day(day: date, holds: bool) -> None:
    term = {"valid_from": date(2024, 1, 1), "valid_to": date(2024, 6, 30)}
    assert Identifier(scheme="UZOVI", value="3332", **term).holds_on(day) is holds
    assert DatedRule(kind="k", **term).holds_on(day) is holds


def test_without_a_first_or_last_day_there_is_no_end() -> None:
    until, since = {"valid_to": date(2024, 1, 1)}, {"valid_from": date(2024, 1, 1)}
    for made in (Identifier(scheme="s", value="v"), DatedRule(kind="k")):
        assert made.holds_on(date.min)
        assert made.holds_on(date.max)
        assert replace(made, **until).holds_on(date.min)
        assert not replace(made, **until).holds_on(date.max)
        assert not replace(made, **since).holds_on(date.min)
        assert replace(made, **since).holds_on(date.max)


def test_a_number_that_changed_hands_is_found_by_its_day() -> None:
    old = Identifier(scheme="UZOVI", value="3332", name="old", valid_to=date(2023, 12, 31))
    new = Identifier(scheme="UZOVI", value="3332", name="new", valid_from=date(2024, 1, 1))
    partner = Partner(
        name="menzis",
        title="Menzis",
        country="NL",
        kind="insurer",
        verified=True,
        identifiers=(Identifier(scheme="GLN", value="3332"), old, new),
        channel=ChannelSpec(kind="folder"),
    )
    assert partner.identifier_on("UZOVI", "3332", date(2023, 12, 31)) is old
    assert partner.identifier_on("UZOVI", "3332", date(2024, 1, 1)) is new
    assert partner.identifier_on("UZOVI", "3333", date(2024, 1, 1)) is None
    assert partner.identifier_on("AGB", "3332", date(2024, 1, 1)) is None


def test_an_agreement_sends_by_itself_unless_it_says_that_a_person_releases() -> None:
    agreement = Agreement(id="a", tenant="t", partner="menzis", valid_from=date(2024, 1, 1))
    assert (agreement.release, agreement.kid_method, agreement.accepted_unverified) == ("auto", "MOD10", False)


# --- replies and errors


def test_a_code_names_its_list_where_it_has_one() -> None:
    assert str(Code(list="COD954", code="0586")) == "COD954:0586"
    assert str(Code(list="", code="0586")) == "0586"


def test_silence_never_outranks_a_word_and_no_word_outranks_another() -> None:
    ranked = sorted(Verdict, key=lambda one: VERDICT_RANK[one])
    assert ranked[:2] == [Verdict.OPEN, Verdict.PRESUMED_OK]
    assert {VERDICT_RANK[one] for one in ranked[2:]} == {2}


def test_an_error_says_where_what_and_what_to_do() -> None:
    full = HubError("the amount is missing", where="record 4", hint="fill element 0418")
    assert str(full) == "record 4: the amount is missing (fill element 0418)"
    assert str(HubError("the amount is missing")) == "the amount is missing"
    assert [one("x").exit_code for one in (ConfigurationError, TransientError, RefusedError, OutcomeUnknown)] == [
        3,
        4,
        5,
        5,
    ]
    assert (TransientError("busy", retry_after=30).retry_after, RefusedError("no", code="E7").code) == (30, "E7")

"""What makes matching hesitate, ground by ground, and what it says then."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from hub.matching import Action, Match, Matcher, MatchRules, OpenItem, OpenLine, Tier, arrival, match
from hub.matching.book import Book
from hub.matching.references import is_kenmerk, is_sound
from hub.model.identity import make_kenmerk, make_kid
from hub.model.money import Money
from hub.model.payment import BookingState, PaidDocument, Payment, ReferenceKind

NORD, SOUTH = "15030000019", "15030000027"
BALANCED = MatchRules(mode="balanced")


def claim(number: str, minor: int, *, payer: str = "nord", granted: bool = False, **more: object) -> OpenItem:
    amount, nothing = Money(minor, "NOK"), Money(0, "NOK")
    line = OpenLine(
        line_id=f"l{number}", outstanding=amount if granted else nothing, undecided=nothing if granted else amount
    )
    base = OpenItem(
        claim_id=f"c{number}",
        ref=number,
        kid=make_kid(number, length=8) if number.isdigit() and len(number) < 8 else "",
        payer=payer,
        payer_accounts=(NORD if payer == "nord" else SOUTH,),
        currency="NOK",
        lines=(line,),
        issue_date=date(2026, 4, 1),
    )
    return replace(base, **more)


def paid(minor: int, text: str = "", *, account: str = NORD, **more: object) -> Payment:
    base = Payment(
        id="p1", account="", booked=date(2026, 4, 20), amount=Money(minor, "NOK"), text=text, payer_account=account
    )
    return base._replace(**more)


def by_kid(number: str, minor: int, **more: object) -> Payment:
    return paid(minor, reference=make_kid(number, length=8), reference_kind=ReferenceKind.KID, **more)


def one(payment: Payment, items: list[OpenItem], rules: MatchRules | None = None) -> Match:
    (found,) = match([payment], items, rules or MatchRules())
    return found


def named(found: Match) -> list[str]:
    return [alternative.claim_id for alternative in found.alternatives]


@pytest.mark.parametrize("rules", [MatchRules(), BALANCED])
def test_a_reference_of_another_payer_who_owes_as_much_as_the_one_paying(rules: MatchRules) -> None:
    items = [claim("10023", 64000), claim("10024", 64000, payer="south")]
    found = one(by_kid("10023", 64000, account=SOUTH), items, rules)
    assert (found.action, found.code) == (Action.REVIEW, "other_payer")
    assert set(named(found)) == {"c10023", "c10024"}
    assert (
        one(by_kid("10023", 64000, account=SOUTH), [items[0], claim("10025", 1, payer="south")], rules).code == "exact"
    )
    assert one(by_kid("10023", 64000, account="77"), items, rules).code == "exact"


def test_part_of_a_claim_whose_payment_text_names_others() -> None:
    items = [claim("10023", 64000), claim("10024", 32000)]
    found = one(by_kid("10023", 96000, text="faktura 10023 og 10024"), items)
    assert (found.action, found.code) == (Action.REVIEW, "text_names_others")
    assert one(by_kid("10023", 96000, text="faktura 10023"), items).code == "overpaid"
    found = one(by_kid("10023", 96000, text="10024", account=""), items)
    assert found.code == "text_names_others"


def test_a_check_digit_that_does_not_see_two_swapped_digits() -> None:
    assert make_kid("10090", length=8)[:-1] != make_kid("10009", length=8)[:-1]
    swapped = make_kid("10090", length=8).replace("90", "09", 1)
    items = [claim("10009", 64000, kid=swapped), claim("10090", 32000)]
    found = one(by_kid("10090", 64000), items[::-1])
    assert found.code in ("amount_of_a_neighbour", "amount_of_another")
    stranger = [claim("10090", 32000), claim("10009", 64000, kid=swapped, payer="south")]
    found = one(by_kid("10090", 64000, account=""), stranger)
    assert (found.action, found.code) == (Action.REVIEW, "amount_of_a_neighbour")


def test_part_of_a_document_that_is_exactly_another_claim() -> None:
    items = [claim("1001", 64000), claim("1002", 32000)]
    document = PaidDocument(reference="1001", kind="CINV", amount=Money(32000, "NOK"))
    payment = paid(32000, documents=(document,))
    assert (one(payment, items).code, one(payment, items, BALANCED).code) == ("amount_of_another", "documents")


def test_a_reference_of_no_told_kind_counts_when_it_is_exactly_ours_and_the_amount_too() -> None:
    items = [claim("10023", 64000), claim("10024", 64000)]
    kid = make_kid("10023", length=8)
    for kind in (None, ReferenceKind.OTHER):
        told = paid(64000, account="", reference=kid, reference_kind=kind)
        assert (one(told, items).tier, one(told, items).action) == (Tier.STRUCTURED, Action.POST)
        assert one(told._replace(amount=Money(100, "NOK")), items).action is Action.REVIEW
        assert one(told._replace(reference="00100231"), items).action is Action.REVIEW
        assert one(told._replace(reference="10024"), items).action is Action.REVIEW


def test_a_betalingskenmerk_counts_when_its_check_digit_is_right() -> None:
    kenmerk = make_kenmerk("10023")
    items = [claim("10023", 64000, kid=kenmerk), claim("10024", 64000)]
    payment = paid(64000, account="", reference=kenmerk, reference_kind=ReferenceKind.NL)
    assert (one(payment, items).tier, one(payment, items).action) == (Tier.STRUCTURED, Action.POST)
    wrong = str((int(kenmerk[0]) + 1) % 10) + kenmerk[1:]
    assert one(payment._replace(reference=wrong), items).action is Action.REVIEW
    assert (is_kenmerk("1234567"), is_kenmerk(make_kenmerk("12345", length=12))) == (False, True)
    assert is_sound("1234567", None) is False


def test_leading_zeros_tell_two_references_apart_and_say_nothing_where_there_is_one() -> None:
    long, short = claim("10023", 64000, kid="0000100230"), claim("10024", 64000, kid="00100230")
    payment = paid(64000, reference="00100230", reference_kind=ReferenceKind.KID)
    assert [made.claim_id for made in one(payment, [long, short]).allocations] == ["c10024"]
    assert [made.claim_id for made in one(payment, [long]).allocations] == ["c10023"]


def test_leading_zeros_tell_two_numbers_apart() -> None:
    items = [claim("0010023", 64000, kid=""), claim("10023", 32000, kid="")]
    assert [made.claim_id for made in one(paid(32000, "faktura 10023"), items).allocations] == ["c10023"]
    assert [made.claim_id for made in one(paid(64000, "faktura 0010023"), items).allocations] == ["c0010023"]
    assert one(paid(64000, "faktura 10023"), items).action is Action.REVIEW


def test_a_number_of_digits_is_preferred_to_one_whose_letters_are_missing() -> None:
    items = [claim("KR10023", 64000), claim("10023", 32000, kid=""), claim("A1B2", 100)]
    assert [made.claim_id for made in one(paid(32000, "10023"), items).allocations] == ["c10023"]
    assert [made.claim_id for made in one(paid(64000, "KR-10023"), items).allocations] == ["cKR10023"]
    assert [made.claim_id for made in one(paid(64000, "10023"), items[:1]).allocations] == ["cKR10023"]
    assert [made.claim_id for made in one(paid(100, "a1b2"), items).allocations] == ["cA1B2"]


def test_balanced_is_careful_with_digits_that_may_be_a_day() -> None:
    items = [claim("20260415", 64000, kid=""), claim("10024", 64000)]
    assert one(paid(64000, "20260415"), items, BALANCED).code == "amount_of_another"
    assert one(paid(64000, "20260415"), items[:1], BALANCED).code == "exact"


def test_a_bank_that_keeps_its_fee() -> None:
    rules = MatchRules(fees={"nord": 500}, modes={"nord": "strict"})
    items = [claim("10023", 64000)]
    found = one(paid(63600, "10023"), items, rules)
    assert (found.action, found.code, found.remainder.minor) == (Action.POST, "short_by_fee", 0)
    assert one(paid(63000, "10023"), items, rules).code == "amount_differs"
    for twin in (63600, 64000):
        assert one(paid(63600, "10023"), [*items, claim("10024", twin)], rules).code == "amount_of_another"
    assert one(
        paid(63600, "10023"), [*items, claim("10024", 64000)], replace(rules, mode="balanced", modes={})
    ).code == ("short_by_fee")


def file(*minors: int, notes: tuple[int, ...] = ()) -> list[OpenItem]:
    rows = [claim(f"50{n:02d}", minor, granted=True, kid="", batch="240001") for n, minor in enumerate(minors)]
    return rows + [
        claim(f"40{n:02d}", -minor, granted=True, kid="", batch="230001", issue_date=date(2026, 1, n))
        for n, minor in enumerate(notes, start=1)
    ]


def test_the_oldest_of_several_credits_that_is_as_large_as_a_line_may_be_a_line_not_paid() -> None:
    items = file(9100, 8000, 9100, notes=(9100, 300))
    short = paid(17100, "declaratie 240001")
    assert (one(short, items).code, one(short, items, BALANCED).code) == ("batch_difference", "batch_difference")
    assert one(paid(17100, "afrekening 240001"), items).code == "netted"
    assert one(paid(17000, "declaratie 240001"), file(9100, 8000, 9100, notes=(9200, 300))).code == "netted"


@pytest.mark.scenario("S11")
def test_when_every_credit_there_is_makes_up_the_difference_the_payer_has_netted() -> None:
    items = file(9100, 8000, 9100, notes=(9000, 100))
    assert one(paid(17100, "declaratie 240001"), items).code == "netted"


def test_a_file_of_many_lines_whose_sums_are_too_many_to_try_is_for_a_person() -> None:
    minors = [10_000 + 7 ** (n % 5) + 13 * n * n for n in range(40)]
    found = one(paid(sum(minors) - 300_001, "declaratie 240001"), file(*minors, notes=(300_001, 300)))
    assert found.code == "batch_difference"


def test_an_invoice_of_several_granted_claims_is_paid_as_a_whole_or_not_at_all() -> None:
    items = [claim(f"50{n:02d}", 9100, granted=True, kid="", invoice_number="77001") for n in (1, 2)]
    assert (one(paid(18200, "77001"), items).tier, one(paid(18200, "77001"), items).code) == (Tier.BATCH, "exact")
    assert one(paid(9100, "77001"), items).action is Action.REVIEW


def test_claims_of_one_payer_for_two_claimants_are_not_paid_together() -> None:
    items = [claim("10023", 64000), claim("10024", 32000, claimant="elsewhere")]
    assert one(paid(96000, "10023 10024"), items).code == "not_unique"


def test_two_payers_behind_one_account_are_told_apart_by_the_number_and_not_by_the_amount() -> None:
    items = [
        claim("10023", 64000, payer_accounts=(NORD,)),
        claim("10024", 32000, payer="south", payer_accounts=(NORD,)),
    ]
    assert one(paid(64000, "10023"), items).code == "exact"
    assert one(paid(96000, "10023 10024"), items).code == "several_payers"
    twin = [items[0], replace(claim("10025", 64000), payer="south")]
    assert one(paid(64000, "10023"), twin).code == "amount_of_another"


def test_some_of_the_numbers_listed_are_suggested_where_they_make_up_the_amount() -> None:
    items = [claim("10023", 64000), claim("10024", 32000), claim("10025", 7000)]
    found = one(paid(39000, "10023 10024 10025"), items)
    assert found.suggestions[0].why == "some_of_the_named"
    assert dict(found.suggestions[0].allocations) == {"c10024": 32000, "c10025": 7000}


def test_a_name_like_the_payers_ranks_its_claims_first() -> None:
    items = [claim("10023", 64000, payer="south forsikring"), claim("10024", 64000, payer="nord")]
    found = one(paid(64000, account="", payer_name="Forsikring Sør AS"), items)
    assert [(each.why, each.allocations[0][0]) for each in found.suggestions] == [
        ("same_amount_name_alike", "c10023"),
        ("same_amount_other_payer", "c10024"),
    ]


def test_with_thousands_of_payers_only_names_alike_are_suggested() -> None:
    items = [claim(f"{n}", 64000, payer=f"payer {n}") for n in range(10000, 12100)]
    assert one(paid(64000, account="9"), items).suggestions == ()
    found = one(paid(64000, account="9", payer_name="11111 x"), items)
    assert [each.allocations[0][0] for each in found.suggestions] == ["c11111"]


def test_of_many_claims_of_one_amount_those_of_usual_age_come_first() -> None:
    items = [claim(f"{10000 + n}", 64000, issue_date=date(2026, 1, 1).replace(day=1 + n % 28)) for n in range(60)]
    found = one(paid(64000, booked=date(2026, 2, 4)), items)
    days = [next(item.issue_date for item in items if item.claim_id == name) for name in named(found)]
    assert {day for day in days if day} <= {date(2026, 1, 13), date(2026, 1, 14), date(2026, 1, 15)}
    assert one(paid(64000, booked=None), items).suggestions != ()


def test_a_number_one_slip_away_ranks_a_claim_of_the_amount_first() -> None:
    items = [claim("10023", 64000), claim("10091", 64000), claim("77777", 64000)]
    found = one(paid(64000, "faktura 10024"), items)
    assert (found.suggestions[0].allocations, found.suggestions[0].score) == ((("c10023", 64000),), 82)


def test_of_a_list_with_one_slip_the_right_claims_are_suggested_together() -> None:
    items = [claim("10023", 64000), claim("10091", 32000), claim("10092", 7000), claim("77777", 32000)]
    found = one(paid(96000, "faktura 10023 og 10071"), items)
    assert (found.action, dict(found.suggestions[0].allocations)) == (Action.REVIEW, {"c10023": 64000, "c10091": 32000})
    assert found.suggestions[0].why == "number_one_digit_off"
    found = one(paid(71000, "faktura 10023 og 55555"), items)
    best = found.suggestions[0]
    assert (dict(best.allocations), best.why) == ({"c10023": 64000, "c10092": 7000}, "named_and_the_rest")


def test_a_reference_that_is_no_kid_is_not_repaired_into_one() -> None:
    items = [claim("10023", 64000, kid="00100231")]
    found = one(paid(64000, account="", reference="00100232", reference_kind=ReferenceKind.KID), items)
    assert "reference_one_digit_off_amount_exact" not in {each.why for each in found.suggestions}


def test_money_that_goes_out_by_a_reference_names_its_claim() -> None:
    found = one(by_kid("10023", -100), [claim("10023", 64000)])
    assert (found.action, found.code, named(found)) == (Action.REVIEW, "credit_differs", ["c10023"])


def test_money_taken_back_without_a_reference_suggests_what_the_payer_paid() -> None:
    items = [claim("10023", 64000), claim("10024", 64000)]
    back = paid(-64000, id="back", reversal=True)
    first, second, third = match([by_kid("10023", 64000, id="a"), by_kid("10024", 64000, id="b"), back], items)
    assert (first.action, second.action, third.code) == (Action.POST, Action.POST, "reversal_unknown")
    assert [dict(each.allocations) for each in third.suggestions] == [{"c10024": -64000}, {"c10023": -64000}]
    nobody = match([by_kid("10023", 64000), back._replace(payer_account="")], items)[1]
    assert [dict(each.allocations) for each in nobody.suggestions] == [{"c10023": -64000}]


def test_what_was_never_booked_is_never_taken_back_and_a_thing_is_taken_back_once() -> None:
    items = [claim("10023", 64000)]
    pending = by_kid("10023", 64000, state=BookingState.PENDING, id="a")
    back = by_kid("10023", -64000, id="back", reversal=True)
    assert match([back], items, earlier=[pending])[0].code == "reversal_unknown"
    again = back._replace(id="again")
    told = match([by_kid("10023", 64000), back, again], items)
    assert [each.undoes for each in told] == ["", "p1", ""]
    unsigned = back._replace(amount=Money(64000, "NOK"))
    assert match([by_kid("10023", 64000), unsigned], items)[1].undoes == "p1"


def test_the_order_for_who_has_all_payments_at_hand() -> None:
    document = (PaidDocument(reference="1", kind="CINV", amount=Money(1, "NOK")),)
    kid, docs, text = by_kid("10023", 1, id="kid"), paid(1, id="docs", documents=document), paid(1, id="text")
    back = by_kid("10023", -1, id="back", reversal=True)
    early = kid._replace(id="early", booked=None)
    assert [each.id for each in sorted([back, text, docs, kid, early], key=arrival)] == [
        "early",
        "kid",
        "docs",
        "text",
        "back",
    ]


def test_a_pattern_that_finds_anothers_number_is_doubt() -> None:
    rules = MatchRules(remittance_patterns={"nord": (r"AFR([0-9]+)X",)})
    items = [claim("10023", 64000), claim("10024", 64000, payer="south")]
    assert one(paid(64000, "AFR10023X"), items, rules).code == "exact"
    assert one(paid(64000, "AFR10024X"), items, rules).code == "other_payer"
    assert one(paid(64000, "AFR10023X 10023"), items, rules).code == "exact"
    assert one(paid(64000, "AFR12X"), items, rules).code == "no_reference"


def test_a_claim_that_comes_while_payments_are_matched_is_seen() -> None:
    book = Book([claim("10023", 64000)])
    matcher = Matcher(book)
    assert matcher.match(paid(32000, id="a")).suggestions == ()
    book.add(claim("10024", 32000))
    assert matcher.match(paid(32000, id="b")).suggestions != ()
    assert book.balance(0) == 96000


def test_an_unsettled_book_is_indexed_by_whoever_asks_first() -> None:
    note = claim("10024", -100)
    book = Book([claim("10023", 64000), note])
    assert book.credits(0) == book.credits(0) == [1]
    assert Book([claim("10023", 64000)]).balance(0) == 64000
    assert Book([claim("10023", 64000)]).newest("nord", paid(1), 5) == [0]
    assert Book([claim("10023", 64000)]).payers_owing(paid(64000)) == ["nord"]
    assert Book([replace(claim("", 64000), kid="")]).entries("10023") == []


def test_a_number_inside_another_with_the_same_amount_is_doubt_about_both() -> None:
    items = [claim("202410023", 64000, kid=""), claim("10023", 64000, kid="")]
    found = one(paid(64000, "betr. 2024-10023"), items, BALANCED)
    assert (found.action, found.code) == (Action.REVIEW, "number_inside_number")
    assert set(named(found)) == {"c202410023", "c10023"}


def test_a_claim_in_a_file_whose_payer_gave_it_no_number_is_found_by_the_file() -> None:
    item = claim("5001", 9100, granted=True, batch="240001", references=("",), kid="")
    assert one(paid(9100, "240001"), [item]).tier is Tier.BATCH


def test_a_claim_of_another_currency_one_slip_away_is_not_suggested() -> None:
    line = OpenLine(line_id="e", outstanding=Money(64000, "EUR"), undecided=Money(0, "EUR"))
    items = [claim("10024", 64000, currency="EUR", lines=(line,)), claim("10091", 5)]
    assert one(paid(64000, "faktura 10023"), items).suggestions == ()


def test_of_many_claims_of_one_amount_the_paid_ones_no_longer_count() -> None:
    items = [claim(f"{10000 + n}", 64000) for n in range(10)]
    payments = [by_kid(f"{10000 + n}", 64000, id=f"k{n}") for n in range(9)]
    first = paid(64000, id="first")
    *_, last = match([first, *payments, paid(64000, "10009", id="text")], items)
    assert (last.action, last.code) == (Action.POST, "exact")


def test_a_number_with_letters_that_does_not_fit_leaves_the_number_without_them() -> None:
    line = OpenLine(line_id="e", outstanding=Money(64000, "EUR"), undecided=Money(0, "EUR"))
    items = [claim("AB10023", 1, currency="EUR", lines=(line,)), claim("10023", 64000, kid="")]
    assert [made.claim_id for made in one(paid(64000, "AB10023"), items).allocations] == ["c10023"]


@pytest.mark.parametrize(
    ("text", "code"),
    [("10023/10029", "other_number"), ("10029, 10023", "other_number"), ("kunde 10029 faktura 10023", "exact")],
)
def test_balanced_minds_an_unknown_number_only_in_a_list(text: str, code: str) -> None:
    assert one(paid(64000, text), [claim("10023", 64000)], BALANCED).code == code
    assert one(paid(64000, text), [claim("10023", 64000)]).code == "other_number"


def test_one_paid_beside_one_open_is_doubt_in_strict() -> None:
    items = [claim("10023", 64000), claim("10024", 0)]
    assert one(paid(64000, "10023 10024"), items).code == "names_settled"
    assert one(paid(64000, "10023 10024"), items, BALANCED).code == "exact"


def test_a_claim_without_anything_payable_has_no_line_to_count() -> None:
    assert claim("10023", 64000).lines[0].payable == Money(64000, "NOK")


def test_a_number_of_another_payer_inside_a_longer_own_one_says_nothing() -> None:
    items = [claim("202410023", 64000, kid=""), claim("10023", 64000, payer="south")]
    found = one(paid(64000, "2024-10023"), items)
    assert (found.action, found.code, found.rejected) == (Action.POST, "exact", ())


def test_a_claim_that_no_allocation_is_on_stays_as_it_is() -> None:
    items = [claim("10023", 64000), claim("10024", 32000)]
    book = Book(items)
    found = one(by_kid("10023", 64000), items)
    book.settle([0, 1], found.allocations)
    assert list(book.open) == [0, 32000]

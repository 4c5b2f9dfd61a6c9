"""Payments meet open claims."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from hub.matching.items import Action, Match, MatchRules, OpenItem, OpenLine, Tier
from hub.matching.payments import arrival, match
from hub.model.claim import ClaimKind
from hub.model.identity import make_kid
from hub.model.money import Money
from hub.model.payment import BookingState, PaidDocument, Payment, ReferenceKind

IF_ACCOUNT = "15030000019"
OTHER_ACCOUNT = "15030000027"
VGZ_ACCOUNT = "NL91ABNA0417164300"
OURS = "86011117947"
BALANCED = MatchRules(modes={"if": "balanced"})


def nok(minor: int) -> Money:
    return Money(minor, "NOK")


def invoice(number: str, *amounts: int, payer: str = "if", **more: object) -> OpenItem:
    lines = tuple(
        OpenLine(line_id=f"{number}-{i}", number=i, outstanding=nok(0), undecided=nok(minor))
        for i, minor in enumerate(amounts, start=1)
    )
    base = OpenItem(
        claim_id=f"c{number}",
        ref=number,
        invoice_number=number,
        kid=make_kid(number, length=8),
        payer=payer,
        payer_accounts=(IF_ACCOUNT if payer == "if" else OTHER_ACCOUNT,),
        claimant="clinic",
        account=OURS,
        currency="NOK",
        lines=lines,
        issue_date=date(2026, 4, 1),
    )
    return replace(base, **more)


def kid_payment(number: str, minor: int, pid: str = "p1", **more: object) -> Payment:
    base = Payment(
        id=pid,
        account=OURS,
        booked=date(2026, 4, 20),
        amount=nok(minor),
        reference=make_kid(number, length=8),
        reference_kind=ReferenceKind.KID,
    )
    return base._replace(**more)


def text_payment(text: str, minor: int, pid: str = "p1", payer_account: str = IF_ACCOUNT, **more: object) -> Payment:
    base = Payment(
        id=pid, account=OURS, booked=date(2026, 4, 20), amount=nok(minor), text=text, payer_account=payer_account
    )
    return base._replace(**more)


def one(payment: Payment, items: list[OpenItem], rules: MatchRules | None = None) -> Match:
    (found,) = match([payment], items, rules or MatchRules())
    return found


def on_lines(found: Match) -> dict[str, tuple[int, int]]:
    return {made.line_id: (made.amount.minor, made.netted.minor) for made in found.allocations}


# --- T1: structured references


def test_a_kid_with_the_exact_amount_posts_and_grants_what_was_undecided() -> None:
    found = one(kid_payment("10023", 96000), [invoice("10023", 64000, 32000), invoice("10024", 96000)])
    assert (found.tier, found.action, found.code) == (Tier.STRUCTURED, Action.POST, "exact")
    assert on_lines(found) == {"10023-1": (64000, 0), "10023-2": (32000, 0)}
    assert [made.grants for made in found.allocations] == [nok(64000), nok(32000)]
    assert found.remainder == nok(0)
    assert found.evidence[0].claim_id == "c10023"


def test_granted_money_is_taken_before_undecided_money() -> None:
    line = OpenLine(line_id="x", outstanding=nok(30000), undecided=nok(34000))
    found = one(kid_payment("10023", 50000), [invoice("10023", lines=(line,))])
    assert found.allocations[0].grants == nok(20000)


@pytest.mark.scenario("S12")
def test_half_then_half_then_once_too_often() -> None:
    items = [invoice("10023", 128000), invoice("10050", 99900)]
    payments = [kid_payment("10023", 64000, f"p{n}") for n in (1, 2, 3)]
    first, second, third = match(payments, items)
    assert (first.action, first.code, on_lines(first)) == (Action.POST, "partial", {"10023-1": (64000, 0)})
    assert (second.action, second.code, on_lines(second)) == (Action.POST, "exact", {"10023-1": (64000, 0)})
    assert (third.action, third.code, third.allocations) == (Action.REVIEW, "already_paid", ())
    assert third.remainder == nok(64000)


@pytest.mark.scenario("S12")
def test_more_than_open_posts_what_is_open_and_leaves_the_rest_to_a_person() -> None:
    found = one(kid_payment("10023", 192000), [invoice("10023", 128000)])
    assert (found.action, found.code, found.remainder) == (Action.POST, "overpaid", nok(64000))


@pytest.mark.parametrize("minor", [64000, 150000])
def test_a_wrong_amount_that_is_another_open_claims_amount_goes_to_review(minor: int) -> None:
    items = [invoice("10023", 128000), invoice("10024", minor)]
    found = one(kid_payment("10023", minor), items)
    assert (found.action, found.code) == (Action.REVIEW, "amount_of_another")
    assert [(other.claim_id, other.reason) for other in found.alternatives] == [
        ("c10023", "named"),
        ("c10024", "same_amount"),
    ]
    elsewhere = [items[0], invoice("10024", minor, payer="other")]
    assert one(kid_payment("10023", minor), elsewhere).action is Action.POST


@pytest.mark.scenario("S14")
def test_a_kid_with_a_wrong_check_digit_is_never_matched_by_kid_only_suggested() -> None:
    right = make_kid("10023", length=8)
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    payment = kid_payment("10023", 64000, reference=wrong)
    found = one(payment, [invoice("10023", 64000)], BALANCED)
    assert (found.action, found.code, found.allocations) == (Action.REVIEW, "check_digit", ())
    assert found.alternatives[0].claim_id == "c10023"
    assert "one_digit_off" in found.alternatives[0].reason


def test_a_right_kid_nobody_knows_goes_to_review() -> None:
    assert one(kid_payment("77777", 100), [invoice("10023", 64000)]).code == "unknown_reference"


@pytest.mark.parametrize(("reference", "code"), [("RF18539007547034", "exact"), ("RF19539007547034", "check_digit")])
def test_rf_references_are_checked_and_matched(reference: str, code: str) -> None:
    item = invoice("10023", 64000, kid="RF18 5390 0754 7034")
    payment = kid_payment("10023", 64000, reference=reference, reference_kind=ReferenceKind.RF)
    assert one(payment, [item]).code == code


def test_currencies_and_receiving_accounts_are_never_mixed() -> None:
    euro = kid_payment("10023", 64000, amount=Money(64000, "EUR"))
    elsewhere = kid_payment("10023", 64000, account="12345678903")
    iban = kid_payment("10023", 64000, account="NO9386011117947")
    items = [invoice("10023", 64000)]
    assert one(euro, items).code == "other_currency_or_account"
    assert one(elsewhere, items).code == "other_currency_or_account"
    assert one(iban, items).action is Action.POST


def test_an_invoice_less_its_credit_note_under_one_kid() -> None:
    kid = make_kid("10023", length=8)
    note = invoice("10031", -28000, kid=kid, kind=ClaimKind.CREDIT)
    found = one(kid_payment("10023", 100000), [invoice("10023", 128000), note])
    assert on_lines(found) == {"10023-1": (100000, 28000), "10031-1": (0, -28000)}
    assert {made.line_id: made.grants.minor for made in found.allocations} == {"10023-1": 128000, "10031-1": -28000}


def test_only_booked_money_counts() -> None:
    for state in (BookingState.PENDING, BookingState.INFO, BookingState.HELD):
        found = one(kid_payment("10023", 64000, state=state), [invoice("10023", 64000)])
        assert (found.action, found.allocations) == (Action.IGNORE, ())


def test_what_somebody_dealt_with_is_left_alone() -> None:
    (found,) = match([kid_payment("10023", 64000)], [invoice("10023", 64000)], settled={"p1"})
    assert (found.action, found.code) == (Action.IGNORE, "already_matched")


def test_a_partial_kid_from_an_account_of_another_payer_goes_to_review() -> None:
    items = [invoice("10023", 128000), invoice("10024", 500, payer="other")]
    found = one(kid_payment("10023", 64000, payer_account=OTHER_ACCOUNT), items)
    assert (found.action, found.code) == (Action.REVIEW, "other_payer")


# --- T2: files


def module_lines(file: str, *amounts: int, **more: object) -> list[OpenItem]:
    base = OpenItem(
        claim_id="",
        ref="",
        payer="vgz",
        payer_accounts=(VGZ_ACCOUNT,),
        claimant="care group",
        currency="EUR",
        batch=file,
        lines=(),
        issue_date=date(2024, 1, 15),
    )
    return [
        replace(
            base,
            claim_id=f"{file}/{n}",
            ref=f"{file}{n:04d}",
            lines=(OpenLine(line_id=f"{file}-{n}", outstanding=Money(minor, "EUR"), undecided=Money(0, "EUR")),),
            kind=ClaimKind.CREDIT if minor < 0 else ClaimKind.DEBIT,
            **more,
        )
        for n, minor in enumerate(amounts, start=1)
    ]


def file_payment(text: str, minor: int, **more: object) -> Payment:
    base = Payment(
        id="p1",
        account="NL20INGB0001234567",
        booked=date(2024, 2, 20),
        amount=Money(minor, "EUR"),
        text=text,
        payer_account=VGZ_ACCOUNT,
    )
    return base._replace(**more)


def test_a_file_named_in_the_text_with_its_granted_sum_posts_per_line() -> None:
    items = [*module_lines("240001", 91, 91, 105), *module_lines("240002", 91)]
    found = one(file_payment("Declaratie 240001", 287), items)
    assert (found.tier, found.code) == (Tier.BATCH, "exact")
    assert on_lines(found) == {"240001-1": (91, 0), "240001-2": (91, 0), "240001-3": (105, 0)}


@pytest.mark.scenario("S11")
def test_a_file_less_an_older_credit_in_one_amount() -> None:
    old = module_lines("230004", -105, issue_date=date(2023, 12, 1))
    items = [*module_lines("240001", 91, 91), *old]
    found = one(file_payment("VGZ declaratie 240001 verrekend", 77), items)
    assert (found.tier, found.action, found.code) == (Tier.BATCH, Action.POST, "netted")
    assert on_lines(found) == {"240001-1": (0, 91), "240001-2": (77, 14), "230004-1": (0, -105)}
    assert sum(netted for _, netted in on_lines(found).values()) == 0
    assert found.remainder == Money(0, "EUR")


def test_only_the_oldest_credits_are_netted_without_being_named() -> None:
    notes = [
        *module_lines("230001", -10, issue_date=date(2023, 1, 1)),
        *module_lines("230002", -20, issue_date=date(2023, 6, 1)),
    ]
    items = [*module_lines("240001", 91, 91), *notes]
    assert one(file_payment("240001", 172), items).code == "netted"
    assert one(file_payment("240001", 152), items).code == "netted"
    newest_only = one(file_payment("240001", 162), items)
    assert (newest_only.action, newest_only.code) == (Action.REVIEW, "batch_difference")
    named = one(file_payment("240001 230002", 162), items)
    assert (named.action, named.code) == (Action.POST, "exact")


def test_credits_of_other_payers_or_claimants_or_of_later_are_not_netted() -> None:
    items = module_lines("240001", 91, 91)
    for other in ({"payer": "cz"}, {"claimant": "another care group"}, {"issue_date": date(2024, 6, 1)}):
        found = one(file_payment("240001", 172), [*items, *module_lines("230001", -10, **other)])
        assert (found.action, found.code) == (Action.REVIEW, "batch_difference")


def test_a_difference_is_explained() -> None:
    items = [*module_lines("240001", 91, 91), *module_lines("240002", 50), *module_lines("230004", -30)]
    found = one(file_payment("afrekening 240001", 202 - 40 + 40), items)
    told = {row.field: row.value for row in found.evidence}
    assert told["granted and outstanding"] == "182"
    assert told["difference"] == "20"
    assert "balance of everything open with this payer" in told


def test_undecided_dutch_lines_are_not_expected_money() -> None:
    items = module_lines("240001", 0, 0)
    assert one(file_payment("240001", 182), items).code == "already_paid"


def test_payers_own_patterns_find_the_number() -> None:
    rules = MatchRules(remittance_patterns={"vgz": (r"AFR(?P<number>\d{6})X",)})
    items = [*module_lines("240001", 91, 91)]
    assert one(file_payment("AFR240001X", 182), items, rules).action is Action.POST
    assert one(file_payment("AFR240001X", 182), items).action is Action.REVIEW


def test_the_payers_own_number_of_a_file() -> None:
    items = module_lines("240001", 91, 91, references=("DS93-778812",))
    assert one(file_payment("uw declaratie DS93 778812", 182), items).action is Action.POST


def test_a_file_paid_from_an_unknown_account_is_only_suggested() -> None:
    found = one(file_payment("240001", 182, payer_account="NL00XXXX"), module_lines("240001", 91, 91))
    assert found.action is Action.REVIEW


# --- T3: documents


def documents(*pairs: tuple[str, int], **more: object) -> Payment:
    rows = tuple(
        PaidDocument(reference=number, kind="CREN" if minor < 0 else "CINV", amount=nok(minor))
        for number, minor in pairs
    )
    payment = text_payment("", sum(minor for _, minor in pairs), documents=rows)
    return payment._replace(**more)


def test_two_invoices_less_a_credit_note() -> None:
    items = [invoice("1001", 125000), invoice("1002", 75000), invoice("9001", -50000, kind=ClaimKind.CREDIT)]
    found = one(documents(("1001", 125000), ("1002", 75000), ("9001", -50000)), items)
    assert (found.tier, found.action) == (Tier.DOCUMENTS, Action.POST)
    assert on_lines(found) == {"1001-1": (75000, 50000), "1002-1": (75000, 0), "9001-1": (0, -50000)}


def test_a_document_paid_in_part_takes_that_part() -> None:
    items = [invoice("1001", 60000, 65000), invoice("1002", 75000)]
    found = one(documents(("1001", 80000), ("1002", 75000)), items)
    assert on_lines(found) == {"1001-1": (60000, 0), "1001-2": (20000, 0), "1002-1": (75000, 0)}


@pytest.mark.parametrize(
    ("payment", "code"),
    [
        (documents(("1001", 125000), ("1002", 75000), amount=nok(190000)), "documents_do_not_add_up"),
        (documents(("1001", 125000), ("7777", 75000)), "document_unknown"),
        (documents(("1001", 125001), ("1002", 75000)), "document_exceeds"),
        (documents(("1001", 125000), ("1002", 75000), payer_account=""), "payer_unknown"),
        (documents(("1001", 125000), ("1003", 500)), "document_unknown"),
    ],
)
def test_documents_that_are_not_all_clear_go_to_review(payment: Payment, code: str) -> None:
    items = [invoice("1001", 125000), invoice("1002", 75000), invoice("1003", 500, payer="other")]
    found = one(payment, items)
    assert (found.action, found.code) == (Action.REVIEW, code)


# --- T4: text


@pytest.mark.scenario("S13")
def test_an_invoice_number_in_the_text_from_the_payers_account_with_the_exact_amount() -> None:
    found = one(text_payment("Faktura 10023 takk", 128000), [invoice("10023", 128000)])
    assert (found.tier, found.action) == (Tier.TEXT, Action.POST)


@pytest.mark.scenario("S13")
@pytest.mark.parametrize("rules", [MatchRules(), BALANCED])
@pytest.mark.parametrize(
    ("text", "minor", "account", "code"),
    [
        ("10023/10024", 128000, IF_ACCOUNT, "amount_differs"),
        ("10023/10029", 128000, IF_ACCOUNT, "other_number"),
        ("Faktura 10023 takk", 128000, OTHER_ACCOUNT, "other_payer"),
        ("Faktura 10023 takk", 128000, "", "payer_unknown"),
        ("Faktura 10023 takk", 127000, IF_ACCOUNT, "amount_differs"),
        ("Faktura 100231", 128000, IF_ACCOUNT, "no_reference"),
        ("takk", 128000, IF_ACCOUNT, "no_reference"),
    ],
)
def test_anything_less_clear_is_a_suggestion_only(
    text: str, minor: int, account: str, code: str, rules: MatchRules
) -> None:
    items = [invoice("10023", 128000), invoice("10024", 55500), invoice("10090", 100, payer="other")]
    found = one(text_payment(text, minor, payer_account=account), items, rules)
    assert (found.action, found.code, found.allocations) == (Action.REVIEW, code, ())
    if minor == 128000:
        assert "c10023" in [other.claim_id for other in found.alternatives]


def test_strict_wants_no_twin_of_the_same_amount_balanced_does_not() -> None:
    items = [invoice("10023", 64000), invoice("10024", 64000)]
    payment = text_payment("Faktura 10023", 64000)
    assert one(payment, items).code == "amount_of_another"
    assert one(payment, items, BALANCED).action is Action.POST


@pytest.mark.parametrize("text", ["10023 10024", "F10023, F10024", "0010023 / 10 024", "INV10023 og 100 24"])
def test_several_invoices_that_add_up_post(text: str) -> None:
    found = one(text_payment(text, 183500), [invoice("10023", 128000), invoice("10024", 55500)])
    assert set(on_lines(found)) == {"10023-1", "10024-1"}


def test_a_number_of_another_payer_beside_the_right_one_is_doubt() -> None:
    items = [invoice("10023", 128000), invoice("10024", 55500, payer="other")]
    assert one(text_payment("10023 10024", 128000), items).code == "names_other_payer"


def test_the_same_number_at_two_clinics_is_told_apart_by_the_account_paid_to() -> None:
    there = invoice("10023", 128000, claim_id="there", claimant="elsewhere", account="12345678903")
    assert one(text_payment("10023", 128000), [invoice("10023", 128000), there]).action is Action.POST
    anywhere = [invoice("10023", 128000, account=""), replace(there, account="")]
    assert one(text_payment("10023", 128000), anywhere).code == "not_unique"


def test_evidence_never_holds_the_text_itself() -> None:
    found = one(text_payment("Kari Nordmann 10023", 128000), [invoice("10023", 128000)])
    assert "Nordmann" not in repr(found)


# --- T5 and T6


def test_an_amount_alone_is_only_suggested_and_says_whether_it_is_unique() -> None:
    items = [invoice("10023", 64000), invoice("10024", 64000), invoice("10025", 70000)]
    twins = one(text_payment("", 64000), items, BALANCED)
    assert (twins.action, twins.tier) == (Action.REVIEW, Tier.SUGGESTION)
    assert {(a.claim_id, a.reason) for a in twins.alternatives} == {
        ("c10023", "same_amount_as_others"),
        ("c10024", "same_amount_as_others"),
    }
    single = one(text_payment("", 70000), items, BALANCED)
    assert [(a.claim_id, a.reason) for a in single.alternatives] == [("c10025", "same_amount")]


def test_sums_of_several_are_suggested_by_group_and_never_posted() -> None:
    items = [invoice("10023", 64100), invoice("10024", 32000), invoice("10025", 70000)]
    found = one(text_payment("", 96100), items, BALANCED)
    assert found.action is Action.REVIEW
    assert {(a.claim_id, a.reason, a.group) for a in found.alternatives} == {
        ("c10023", "sum_of_several", 1),
        ("c10024", "sum_of_several", 1),
    }


def test_a_reversal_proposes_to_undo_the_payment_with_its_reference() -> None:
    paid = kid_payment("10023", 64000, "p1")
    back = kid_payment("10023", -64000, "p2", reversal=True, booked=date(2026, 4, 21))
    first, second = match([paid, back], [invoice("10023", 64000)])
    assert first.action is Action.POST
    assert (second.tier, second.action, second.code, second.undoes) == (Tier.REVERSAL, Action.REVIEW, "undo", "p1")
    (later,) = match([back], [], earlier=[paid])
    assert later.undoes == "p1"
    (lost,) = match([back], [])
    assert (lost.code, lost.undoes) == ("reversal_unknown", "")


def test_two_payments_a_reversal_may_take_back_are_for_a_person() -> None:
    paid = [kid_payment("10023", 64000, "p1"), kid_payment("10023", 64000, "p2")]
    back = kid_payment("10023", -64000, "p3", reversal=True)
    assert match([back], [], earlier=paid)[0].code == "reversal_not_unique"


# --- the whole


def test_with_all_payments_at_hand_the_order_they_came_in_does_not_matter() -> None:
    items = [invoice("10023", 64000), invoice("10024", 64000), invoice("10025", 51000)]
    payments = [
        text_payment("Faktura 10023", 64000, "p1"),
        kid_payment("10024", 64000, "p2"),
        kid_payment("10025", 25500, "p3"),
        kid_payment("10025", 25500, "p4"),
    ]
    backwards = list(reversed(payments))
    forward = {found.payment_id: found for found in match(sorted(payments, key=arrival), items)}
    backward = {found.payment_id: found for found in match(sorted(backwards, key=arrival), items[::-1])}
    assert forward == backward
    assert forward["p1"].action is Action.POST, "the KID payment closes the twin first"


def test_one_id_twice_is_one_payment() -> None:
    first, second = match([kid_payment("10023", 64000), kid_payment("10023", 64000)], [invoice("10023", 128000)])
    assert (first.action, second.action, second.code) == (Action.POST, Action.IGNORE, "same_id_twice")

"""Payments and replies at the edges: several claims under one reference, documents beside a reference, odd replies."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iso11649

from hub.matching.allocation import Due, allocate
from hub.matching.items import Action, Match, MatchRules, OpenItem, OpenLine, Tier
from hub.matching.naming import text_of
from hub.matching.payments import match
from hub.matching.references import is_rf, plain, slips, structured
from hub.matching.replies import apply_decision, apply_decisions
from hub.matching.suggestions import subsets
from hub.matching.verdicts import Applied, ClaimState, LineState
from hub.matching.wording import spots
from hub.model.claim import ClaimKind
from hub.model.identity import make_kid
from hub.model.money import Money
from hub.model.payment import PaidDocument, Payment, ReferenceKind
from hub.model.reply import Code, Decision, FileOutcome, ResponseFile, Verdict

NORD, SOUTH, OURS = "15030000019", "15030000027", "86011117947"
KID = make_kid("10023", length=8)


def nok(minor: int) -> Money:
    return Money(minor, "NOK")


def claim(number: str, *amounts: int, payer: str = "nord", **more: object) -> OpenItem:
    """An open claim; `amounts` are undecided, as in Norway."""
    lines = tuple(
        OpenLine(line_id=f"{number}-{i}", number=i, outstanding=nok(0), undecided=nok(minor))
        for i, minor in enumerate(amounts, start=1)
    )
    base = OpenItem(
        claim_id=f"c{number}",
        ref=number,
        kid=make_kid(number, length=8),
        payer=payer,
        payer_accounts=(NORD if payer == "nord" else SOUTH,),
        claimant="clinic",
        account=OURS,
        currency="NOK",
        lines=lines,
        kind=ClaimKind.CREDIT if sum(amounts) < 0 else ClaimKind.DEBIT,
        issue_date=date(2026, 4, 1),
    )
    return replace(base, **more)


def payment(minor: int, pid: str = "p1", **more: object) -> Payment:
    base = Payment(id=pid, account=OURS, booked=date(2026, 4, 20), amount=nok(minor), payer_account=NORD)
    return base._replace(**more)


def by_kid(minor: int, pid: str = "p1", **more: object) -> Payment:
    return payment(minor, pid, reference=KID, reference_kind=ReferenceKind.KID, **more)


def documents(*pairs: tuple[str, int], **more: object) -> Payment:
    rows = tuple(PaidDocument(reference=number, kind="CINV", amount=nok(minor)) for number, minor in pairs)
    return payment(sum(minor for _, minor in pairs), documents=rows, **more)


def one(paid: Payment, items: list[OpenItem], rules: MatchRules | None = None) -> Match:
    (found,) = match([paid], items, rules or MatchRules())
    return found


def on_lines(found: Match) -> dict[str, int]:
    return {made.line_id: made.amount.minor for made in found.allocations}


def named(found: Match) -> list[str]:
    return [other.claim_id for other in found.alternatives if other.reason == "named"]


# --- lines


@pytest.mark.parametrize(
    ("outstanding", "undecided", "amount", "grants", "left"),
    [
        (100, 50, 80, 0, (20, 50)),
        (100, 50, 120, 20, (0, 30)),
        (0, 50, 50, 50, (0, 0)),
        (-100, -50, -120, -20, (0, -30)),
        # overpaid before and asked for again: what is owed the other way is no ground to take money off
        (-10, 100, 5, 5, (-10, 95)),
        (-10, 100, 90, 90, (-10, 10)),
    ],
)
def test_granted_money_goes_first_and_only_in_its_own_direction(
    outstanding: int, undecided: int, amount: int, grants: int, left: tuple[int, int]
) -> None:
    due = Due("l", "c", outstanding, undecided)
    assert due.take(amount) == grants
    assert (due.outstanding, due.undecided) == left


@settings(max_examples=100)
@given(lines=st.lists(st.integers(-9, 9), max_size=6), cash=st.integers(-30, 30))
def test_no_money_appears_or_vanishes_when_it_falls_on_lines(lines: list[int], cash: int) -> None:
    dues = [Due(str(n), "c", minor, 0) for n, minor in enumerate(lines)]
    made, left = allocate(dues, cash, "NOK")
    assert sum(one.amount.minor for one in made) + left == cash
    assert sum(one.netted.minor for one in made) == 0
    for part in made:
        settled, payable = part.amount.minor + part.netted.minor, lines[int(part.line_id)]
        assert 0 < abs(settled) <= abs(payable)
        assert settled * payable > 0


def test_a_first_part_leaves_the_later_lines_to_the_next_payment() -> None:
    first, second = match([by_kid(40000), by_kid(56000, "p2")], [claim("10023", 64000, 32000)])
    assert (first.code, on_lines(first)) == ("partial", {"10023-1": 40000})
    assert (second.code, on_lines(second)) == ("exact", {"10023-1": 24000, "10023-2": 32000})


# --- one reference, several claims


def test_of_two_claims_under_one_kid_the_only_one_of_that_amount_is_paid() -> None:
    items = [claim("10023", 64000), claim("10024", 32000, kid=KID)]
    found = one(by_kid(32000), items)
    assert (found.tier, found.action, found.code, on_lines(found)) == (
        Tier.STRUCTURED,
        Action.POST,
        "exact",
        {"10024-1": 32000},
    )


@pytest.mark.parametrize("minor", [50000, 64000])
def test_of_two_claims_under_one_kid_neither_or_both_may_be_meant(minor: int) -> None:
    items = [claim("10023", 64000), claim("10024", 64000, kid=KID)]
    found = one(by_kid(minor), items)
    assert (found.action, found.code, named(found)) == (Action.REVIEW, "reference_not_unique", ["c10023", "c10024"])


def test_two_claims_under_one_kid_of_two_payers_are_never_paid_together() -> None:
    items = [claim("10023", 64000), claim("10024", 32000, kid=KID, payer="south")]
    assert one(by_kid(96000), items).code == "reference_not_unique"
    assert one(by_kid(96000), [items[0], replace(items[1], payer="nord")]).code == "exact"


def test_money_taken_back_under_a_kid_pays_the_credit_note_only_exactly() -> None:
    note = claim("10023", -28000)
    assert (one(by_kid(-28000), [note]).code, on_lines(one(by_kid(-28000), [note]))) == ("exact", {"10023-1": -28000})
    for minor in (-20000, -30000, 28000):
        found = one(by_kid(minor), [note])
        assert (found.action, found.code, named(found)) == (Action.REVIEW, "credit_differs", ["c10023"])
    assert one(by_kid(-28000), [claim("10023", 28000)]).code == "credit_differs"


def test_one_number_on_three_claims_is_doubt_about_all_three() -> None:
    items = [claim(number, 64000, references=("SAK-77001",)) for number in ("10023", "10024", "10025")]
    found = one(payment(64000, text="gjelder SAK 77001"), items)
    assert (found.action, found.code, named(found)) == (Action.REVIEW, "not_unique", ["c10023", "c10024", "c10025"])


def test_one_number_twice_on_one_claim_is_one_number() -> None:
    items = [claim("10023", 64000, invoice_number="10023"), claim("10024", 1, references=("10023",), payer="south")]
    found = one(payment(64000, text="10023"), items)
    assert (found.code, on_lines(found)) == ("exact", {"10023-1": 64000}), "the account tells whose number it is"


# --- documents


def test_documents_beside_a_reference_that_explains_all_are_only_its_detail() -> None:
    found = one(by_kid(64000, documents=documents(("77777", 64000)).documents), [claim("10023", 64000)])
    assert (found.tier, found.code, on_lines(found)) == (Tier.STRUCTURED, "exact", {"10023-1": 64000})


def test_documents_beside_a_reference_that_does_not_explain_all_say_what_is_paid() -> None:
    items = [claim("10023", 64000), claim("10024", 32000)]
    paid = by_kid(96000, documents=documents(("10023", 64000), ("10024", 32000)).documents)
    found = one(paid, items)
    assert (found.tier, found.code, on_lines(found)) == (
        Tier.DOCUMENTS,
        "documents",
        {"10023-1": 64000, "10024-1": 32000},
    )


def test_a_document_nobody_knows_beside_a_reference_leaves_the_reference() -> None:
    found = one(by_kid(40000, documents=documents(("77777", 40000)).documents), [claim("10023", 64000)])
    assert (found.tier, found.action, found.code, on_lines(found)) == (
        Tier.STRUCTURED,
        Action.POST,
        "partial",
        {"10023-1": 40000},
    )


def test_a_single_document_may_be_a_files_number() -> None:
    lines = [OpenLine(line_id=f"f{n}", outstanding=nok(91), undecided=nok(0)) for n in (1, 2)]
    items = [claim(f"500{n}", batch="240001", lines=(row,), kid="") for n, row in enumerate(lines)]
    found = one(documents(("240001", 182)), items)
    assert (found.tier, found.code, on_lines(found)) == (Tier.BATCH, "exact", {"f1": 91, "f2": 91})


def test_a_part_that_the_first_line_takes_whole_leaves_the_others_untouched() -> None:
    items = [claim("10023", 60000, 65000), claim("10024", 32000)]
    found = one(documents(("10023", 50000), ("10024", 32000)), items)
    assert on_lines(found) == {"10023-1": 50000, "10024-1": 32000}
    assert found.remainder == nok(0)


def test_documents_of_two_payers_from_an_unknown_account_go_to_review() -> None:
    items = [claim("10023", 64000), claim("10024", 32000, payer="south")]
    found = one(documents(("10023", 64000), ("10024", 32000), payer_account=""), items)
    assert (found.action, found.code, named(found)) == (Action.REVIEW, "several_payers", ["c10023", "c10024"])


def test_one_document_that_may_be_two_claims_goes_to_review() -> None:
    items = [claim("10023", 64000), claim("10024", 32000), claim("10025", 9900, references=("10023",))]
    found = one(documents(("10023", 64000), ("10024", 32000)), items)
    assert (found.action, found.code) == (Action.REVIEW, "document_not_unique")


# --- text and suggestions


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ReferenceKind.KID, "faktura | 10024"),
        (ReferenceKind.RF, "faktura | 10024"),
        (ReferenceKind.NL, "faktura | 10024 | 9001"),
        (ReferenceKind.OTHER, "faktura | 10024 | 9001"),
        (None, "faktura | 10024 | 9001"),
    ],
)
def test_a_checked_reference_is_not_free_text_another_one_is(kind: ReferenceKind | None, text: str) -> None:
    paid = documents(("10024", 1), text="faktura", reference="9001", reference_kind=kind)
    assert text_of(paid) == text


def test_money_that_goes_out_is_never_matched_by_its_text() -> None:
    found = one(payment(-64000, text="Faktura 10023"), [claim("10023", -64000)])
    assert (found.action, found.code, found.allocations, found.alternatives) == (Action.REVIEW, "outgoing", (), ())


def test_from_an_unknown_account_only_claims_payable_to_that_account_of_ours_are_suggested() -> None:
    items = [claim("10023", 64000), claim("10024", 64000, account="12345678903")]
    found = one(payment(64000, payer_account=""), items)
    assert [(other.claim_id, other.reason) for other in found.alternatives] == [("c10023", "same_amount_other_payer")]


def test_a_single_amount_is_no_sum_of_several() -> None:
    assert list(subsets([100, 60, 40], 100)) == [(1, 2)]
    assert list(subsets([100], 100)) == []
    assert list(subsets([], 0)) == []


@settings(max_examples=100)
@given(amounts=st.lists(st.integers(1, 12), max_size=8), wanted=st.integers(1, 40))
def test_every_sum_of_two_or_more_is_found_once(amounts: list[int], wanted: int) -> None:
    every = [
        tuple(n for n in range(len(amounts)) if mask >> n & 1)
        for mask in range(2 ** len(amounts))
        if mask.bit_count() > 1
    ]
    right = sorted(places for places in every if sum(amounts[n] for n in places) == wanted)
    assert sorted(subsets(amounts, wanted)) == right


# --- references


@settings(max_examples=100)
@given(body=st.text("ABCXYZ0123456789", min_size=1, max_size=21), checks=st.integers(0, 99))
def test_rf_references_as_the_judge_says(body: str, checks: int) -> None:
    text = f"RF{checks:02d}{body}"
    assert is_rf(text) == iso11649.is_valid(text)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("RF18 5390 0754 7034", True),
        ("rf18539007547034", True),
        ("RF185390075470345390075470", False),
        ("RF18", False),
        ("RFAB539007547034", False),
        ("XX18539007547034", False),
        ("RF18539007547Ø34", False),
        ("RF1853900754/034", False),
        ("", False),
    ],
)
def test_an_rf_reference_in_the_forms_people_write(text: str, right: bool) -> None:
    assert is_rf(text) is right


def test_every_slip_of_a_number_is_thought_of_once_and_none_else() -> None:
    right = make_kid("10023", length=8)
    assert right == "00100230"
    assert int(right) in slips("00100280")
    assert int(right) in slips("00102030")
    one_digit = [*range(20, 921, 100), *range(100, 191, 10), *range(120, 130)]
    assert sorted(slips("120")) == sorted([each for each in one_digit if each != 120] + [210, 102])
    assert 11 not in slips("11")


def test_references_are_compared_in_one_form() -> None:
    assert structured("rf18 5390-0754.7034") == "RF18539007547034"
    assert structured("1000 00004-") == "100000004-"
    assert plain("00-10 023") == "10023"
    assert plain("0000") == "0000"
    forms = {form for spot in spots("F10023 00 77", letters=True) for form in spot.forms}
    assert forms >= {"10023", "F10023", "0077"}
    assert "77" not in forms


# --- reversals


def reversal(**more: object) -> Payment:
    return payment(-64000, "back", reversal=True, booked=date(2026, 4, 21), **more)


@pytest.mark.parametrize(
    ("before", "back", "told"),
    [
        ({"reference": "77"}, {"reference": "77"}, [("reference", "77")]),
        ({"end_to_end": "E1"}, {"end_to_end": "E1"}, [("end-to-end id", "E1")]),
        (
            {"reference": "77", "end_to_end": "E1"},
            {"reference": "77", "end_to_end": "E1"},
            [("reference", "77"), ("end-to-end id", "E1")],
        ),
        ({"reference": "77"}, {"reference": "78"}, []),
        ({"end_to_end": "NOTPROVIDED"}, {"end_to_end": "NOTPROVIDED"}, []),
        ({}, {}, []),
    ],
)
def test_a_reversal_undoes_the_payment_it_shares_a_reference_with(
    before: dict[str, str], back: dict[str, str], told: list[tuple[str, str]]
) -> None:
    earlier = payment(64000, "paid", **before)
    (found,) = match([reversal(**back)], [], earlier=[earlier])
    assert (found.tier, found.action) == (Tier.REVERSAL, Action.REVIEW)
    assert [(row.field, row.value) for row in found.evidence] == told
    assert (found.code, found.undoes) == (("undo", "paid") if told else ("reversal_unknown", ""))


def test_a_reversal_never_undoes_what_was_booked_after_it_or_fits_twice() -> None:
    later = payment(64000, "paid", end_to_end="E1", booked=date(2026, 4, 22))
    (found,) = match([reversal(end_to_end="E1")], [], earlier=[later])
    assert found.code == "reversal_unknown"
    twice = [payment(64000, pid, end_to_end="E1") for pid in ("p1", "p2")]
    (found,) = match([reversal(end_to_end="E1")], [], earlier=twice)
    assert (found.code, found.undoes) == ("reversal_not_unique", "")


# --- replies


TOO_LATE, NO_CODE = Code(list="COD954", code="0586"), Code(list="COD957", code="053")


def state(*amounts: int) -> ClaimState:
    lines = tuple(
        LineState(line_id=f"line-{n}", ref=f"L{n}", claimed=nok(minor)) for n, minor in enumerate(amounts, start=1)
    )
    return ClaimState(claim_id="c1", ref="240001", invoice_number="", lines=lines)


def reply(*decisions: Decision, outcome: FileOutcome = FileOutcome.DECIDED, **more: object) -> ResponseFile:
    base = ResponseFile(format="f", invoice_number="240001", outcome=outcome, decisions=decisions)
    return replace(base, **more)


def codes(applied: Applied) -> tuple[list[str], list[str]]:
    """What was held and what was remarked."""
    held = [one.finding.code.removeprefix("KVITT-MATCH-") for one in applied.triage]
    return held, [one.code.removeprefix("KVITT-MATCH-") for one in applied.findings]


def verdicts(applied: Applied) -> dict[str, tuple[Verdict, Money | None]]:
    return {one.line_id: (one.decision.verdict, one.decision.granted) for one in applied.decisions}


def test_a_reply_that_nobody_can_read_leaves_every_line_open_for_a_person() -> None:
    applied = apply_decisions(reply(outcome=FileOutcome.TRIAGE), [state(105, 91)])
    assert codes(applied) == (["UNREADABLE"], [])
    assert (applied.decisions, applied.not_judged) == ((), ("line-1", "line-2"))


def test_a_payer_that_refuses_the_file_and_names_lines_refuses_those_with_their_own_codes() -> None:
    said = Decision(verdict=Verdict.OPEN, line_ref="L1", granted=nok(50), codes=(TOO_LATE,))
    again = Decision(verdict=Verdict.REFUSED, line_ref="L1", codes=(NO_CODE,))
    file = reply(said, again, outcome=FileOutcome.FILE_REFUSED, refused_by="payer", codes=(NO_CODE,))
    applied = apply_decisions(file, [state(105, 91)])
    assert applied.file_refused
    assert {one.line_id: (one.decision.codes, one.implied) for one in applied.decisions} == {
        "line-1": ((TOO_LATE, NO_CODE), False),
        "line-2": ((NO_CODE,), True),
    }
    assert verdicts(applied) == {"line-1": (Verdict.REFUSED, nok(0)), "line-2": (Verdict.REFUSED, nok(0))}


def test_an_unknown_line_granted_as_claimed_counts_with_what_it_claimed() -> None:
    unknown = Decision(verdict=Verdict.GRANTED, line_ref="L9", claimed=nok(50))
    fits = apply_decisions(reply(unknown, granted_total=nok(105 + 50)), [state(105)])
    assert (codes(fits), verdicts(fits)) == ((["UNKNOWN-LINE"], []), {"line-1": (Verdict.GRANTED, nok(105))})
    off = apply_decisions(reply(unknown, granted_total=nok(105)), [state(105)])
    assert codes(off) == (["UNKNOWN-LINE", "ABSENT-HELD"], ["GRANTED-TOTAL"])
    assert off.decisions == ()


def test_a_reply_that_grants_all_of_another_total_grants_nothing_here() -> None:
    before = state(105, 91)
    known = replace(before, lines=(replace(before.lines[0], verdict=Verdict.REFUSED, granted=nok(0)), before.lines[1]))
    for total, held in ((196, []), (197, ["ABSENT-HELD"])):
        file = reply(outcome=FileOutcome.ALL_GRANTED, claimed_total=nok(total), granted_total=nok(total))
        applied = apply_decisions(file, [before])
        assert codes(applied)[0] == held
        assert set(verdicts(applied)) == (set() if held else {"line-1", "line-2"})
    off = reply(outcome=FileOutcome.ALL_GRANTED, granted_total=nok(197))
    assert apply_decisions(off, [known]).not_judged == ("line-2",)


def test_a_payer_that_remembers_another_claim_is_remarked_and_applied() -> None:
    said = Decision(verdict=Verdict.CHANGED, line_ref="L1", claimed=nok(100), granted=nok(91), line=7)
    applied = apply_decisions(reply(said), [state(105)])
    assert (codes(applied), verdicts(applied)) == (([], ["CLAIMED"]), {"line-1": (Verdict.CHANGED, nok(91))})
    assert applied.findings[0].said("en").endswith("line L1 claimed 1.00 NOK, we claimed 1.05 NOK")


@pytest.mark.parametrize("verdict", [Verdict.GRANTED, Verdict.REFUSED])
def test_a_line_of_nothing_keeps_the_verdict_it_is_given(verdict: Verdict) -> None:
    applied = apply_decision(Decision(verdict=verdict, invoice_number="240001", line_ref="L1"), [state(0)])
    assert verdicts(applied) == {"line-1": (verdict, nok(0))}


def test_a_change_to_all_or_nothing_is_what_it_comes_down_to() -> None:
    for granted, verdict in ((105, Verdict.GRANTED), (104, Verdict.CHANGED), (0, Verdict.REFUSED)):
        said = Decision(verdict=Verdict.CHANGED, line_ref="L1", granted=nok(granted))
        assert verdicts(apply_decisions(reply(said), [state(105)])) == {"line-1": (verdict, nok(granted))}

"""Replies meet claim lines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.matching.rejections import apply_rejection
from hub.matching.replies import apply_decision, apply_decisions
from hub.matching.verdicts import Applied, ClaimState, LineState
from hub.model.finding import Finding, Severity
from hub.model.money import Money
from hub.model.reply import Code, Decision, FileOutcome, Rejection, ResponseFile, Verdict

FILE = "240001"
TOO_LATE = Code(list="COD954", code="0586")


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def module_claim(number: int, minor: int = 105) -> ClaimState:
    ref = f"L{number:04d}"
    line = LineState(line_id=f"line-{number}", ref=ref, claimed=eur(minor))
    return ClaimState(claim_id=f"claim-{number}", ref=ref, invoice_number=FILE, lines=(line,))


def invoice(number: str, *amounts: int, sak: str = "6QPTR") -> ClaimState:
    lines = tuple(
        LineState(line_id=f"{number}-{i}", ref=f"{number}.{i}", claimed=Money(minor, "NOK"))
        for i, minor in enumerate(amounts, start=1)
    )
    return ClaimState(claim_id=f"inv-{number}", ref=number, invoice_number=number, sak_id=sak, lines=lines)


def response(*decisions: Decision, outcome: FileOutcome = FileOutcome.DECIDED, **more: object) -> ResponseFile:
    base = ResponseFile(format="vektis-HA305-4.2", invoice_number=FILE, outcome=outcome, decisions=decisions)
    return replace(base, **more)


def granted(ref: str, minor: int) -> Decision:
    return Decision(verdict=Verdict.GRANTED, line_ref=ref, granted=eur(minor))


def changed(ref: str, minor: int) -> Decision:
    return Decision(verdict=Verdict.CHANGED, line_ref=ref, granted=eur(minor))


def refused(ref: str, code: Code = TOO_LATE) -> Decision:
    return Decision(verdict=Verdict.REFUSED, line_ref=ref, granted=eur(0), codes=(code,))


def verdicts(applied: Applied) -> dict[str, tuple[str, int]]:
    return {
        one.line_id: (one.decision.verdict.value, one.decision.granted.minor if one.decision.granted else 0)
        for one in applied.decisions
    }


def held(applied: Applied) -> list[str]:
    return [one.finding.code.removeprefix("KVITT-MATCH-") for one in applied.triage]


def found(applied: Applied) -> list[str]:
    return [one.code.removeprefix("KVITT-MATCH-") for one in applied.findings]


def in_force(claim: ClaimState, applied: Applied) -> ClaimState:
    """The claim with the decisions recorded, as the store would give it back."""
    news = {one.line_id: one for one in applied.decisions}
    lines = []
    for line in claim.lines:
        one = news.get(line.line_id)
        if one is None:
            lines.append(line)
            continue
        said = one.decision
        lines.append(
            replace(
                line,
                verdict=said.verdict,
                granted=said.granted,
                patient=said.patient,
                seen=line.seen | {one.fingerprint},
            )
        )
    return replace(claim, lines=tuple(lines))


@pytest.mark.scenario("S10")
def test_granted_partly_granted_and_refused_are_three_states() -> None:
    claims = [module_claim(1), module_claim(2), module_claim(3)]
    applied = apply_decisions(response(granted("L0001", 105), changed("L0002", 91), refused("L0003")), claims)
    assert verdicts(applied) == {"line-1": ("granted", 105), "line-2": ("changed", 91), "line-3": ("refused", 0)}
    assert applied.decisions[2].decision.codes == (TOO_LATE,)
    assert not applied.triage
    assert not applied.findings


@pytest.mark.scenario("S08")
def test_the_same_response_again_changes_nothing() -> None:
    claims = [module_claim(1), module_claim(2)]
    answer = response(changed("L0001", 91))
    first = apply_decisions(answer, claims)
    after = [in_force(claim, first) for claim in claims]
    again = apply_decisions(answer, after)
    assert again.decisions == ()
    assert set(again.repeated) == {"line-1", "line-2"}
    assert not again.findings


@pytest.mark.scenario("S08")
def test_an_old_answer_that_comes_again_after_a_newer_one_is_not_news() -> None:
    claim = module_claim(1)
    old, new = response(granted("L0001", 105)), response(refused("L0001"))
    claim = in_force(claim, apply_decisions(old, [claim]))
    overturned = apply_decisions(new, [claim])
    assert overturned.decisions[0].overturns
    assert found(overturned) == ["CHANGED-MIND"]
    claim = in_force(claim, overturned)
    again = apply_decisions(old, [claim])
    assert again.decisions == ()
    assert found(again) == ["OLD-ANSWER"]


@pytest.mark.scenario("S09")
def test_an_unknown_line_goes_to_triage_while_the_rest_applies() -> None:
    claims = [module_claim(1), module_claim(2)]
    answer = response(
        changed("L0001", 91), granted("L9999", 50), claimed_total=eur(210), granted_total=eur(91 + 50 + 105)
    )
    applied = apply_decisions(answer, claims)
    assert verdicts(applied) == {"line-1": ("changed", 91), "line-2": ("granted", 105)}
    assert held(applied) == ["UNKNOWN-LINE"]
    assert applied.triage[0].decision is not None
    assert not applied.findings


@pytest.mark.scenario("S09")
def test_totals_that_do_not_agree_hold_what_the_file_does_not_name() -> None:
    claims = [module_claim(1), module_claim(2)]
    answer = response(changed("L0001", 91), granted("L9999", 105), granted_total=eur(91 + 105))
    applied = apply_decisions(answer, claims)
    assert verdicts(applied) == {"line-1": ("changed", 91)}
    assert found(applied) == ["GRANTED-TOTAL"]
    assert held(applied) == ["UNKNOWN-LINE", "ABSENT-HELD"]
    assert applied.not_judged == ("line-2",)


def test_without_totals_an_unknown_line_may_be_the_absent_one() -> None:
    applied = apply_decisions(response(changed("L0001", 91), refused("L9999")), [module_claim(1), module_claim(2)])
    assert verdicts(applied) == {"line-1": ("changed", 91)}
    assert applied.not_judged == ("line-2",)


def test_a_record_that_could_not_be_read_holds_absent_lines() -> None:
    broken = Finding(code="X", severity=Severity.ERROR, text={"en": "record 7 cannot be read"})
    applied = apply_decisions(response(findings=(broken,)), [module_claim(1)])
    assert applied.decisions == ()
    assert held(applied) == ["ABSENT-HELD"]


def test_another_claimed_total_than_ours_holds_absent_lines() -> None:
    applied = apply_decisions(response(claimed_total=eur(999)), [module_claim(1)])
    assert applied.decisions == ()
    assert found(applied) == ["CLAIMED-TOTAL"]


def test_lines_an_insurer_does_not_name_are_granted_as_claimed() -> None:
    applied = apply_decisions(response(refused("L0001")), [module_claim(1), module_claim(2, -105)])
    assert verdicts(applied) == {"line-1": ("refused", 0), "line-2": ("granted", -105)}
    assert [one.implied for one in applied.decisions] == [False, True]


def test_an_absent_line_refused_before_by_name_stays_refused() -> None:
    claims = [module_claim(1), module_claim(2)]
    after = [in_force(c, apply_decisions(response(refused("L0002")), claims)) for c in claims]
    applied = apply_decisions(response(changed("L0001", 91)), after)
    assert verdicts(applied) == {"line-1": ("changed", 91)}
    assert "line-2" in applied.repeated


def test_all_granted() -> None:
    applied = apply_decisions(response(outcome=FileOutcome.ALL_GRANTED), [module_claim(1), module_claim(2)])
    assert verdicts(applied) == {"line-1": ("granted", 105), "line-2": ("granted", 105)}


def test_a_file_the_clearing_house_refuses_is_no_rejection_of_its_companions() -> None:
    claims = [module_claim(1), module_claim(2)]
    records = (
        Decision(verdict=Verdict.REFUSED, line_ref="L0001", codes=(Code(list="COD954", code="0200"),)),
        Decision(verdict=Verdict.OPEN, line_ref="L0002"),
    )
    applied = apply_decisions(response(*records, outcome=FileOutcome.FILE_REFUSED, refused_by="clearing"), claims)
    assert applied.file_refused
    assert applied.references_reusable
    assert applied.decisions == ()
    assert [fault.line_id for fault in applied.faults] == ["line-1"]
    assert applied.not_judged == ("line-1", "line-2")


def test_a_file_the_payer_refuses_refuses_every_line_and_uses_references_up() -> None:
    code = Code(list="COD957", code="053")
    claims = [module_claim(1), module_claim(2)]
    answer = response(outcome=FileOutcome.FILE_REFUSED, refused_by="payer", codes=(code,))
    applied = apply_decisions(answer, claims)
    assert verdicts(applied) == {"line-1": ("refused", 0), "line-2": ("refused", 0)}
    assert not applied.references_reusable
    assert applied.decisions[0].decision.codes == (code,)


def test_a_refused_file_that_does_not_say_by_whom_is_not_guessed() -> None:
    applied = apply_decisions(response(outcome=FileOutcome.FILE_REFUSED), [module_claim(1)])
    assert applied.decisions == ()
    assert held(applied) == ["UNREADABLE"]


def test_an_award_above_the_claim_is_held() -> None:
    applied = apply_decisions(response(changed("L0001", 106), refused("L0002")), [module_claim(1), module_claim(2)])
    assert verdicts(applied) == {"line-2": ("refused", 0)}
    assert held(applied) == ["AWARD"]


@pytest.mark.parametrize("minor", [105, -106])
def test_an_award_of_the_wrong_sign_or_size_on_a_credit_is_held(minor: int) -> None:
    applied = apply_decisions(response(changed("L0001", minor)), [module_claim(1, -105)])
    assert held(applied) == ["AWARD"]


def test_a_change_without_an_amount_is_held() -> None:
    applied = apply_decisions(response(Decision(verdict=Verdict.CHANGED, line_ref="L0001")), [module_claim(1)])
    assert held(applied) == ["NO-AMOUNT"]
    assert applied.decisions == ()


def test_another_currency_is_held() -> None:
    said = Decision(verdict=Verdict.CHANGED, line_ref="L0001", granted=Money(91, "NOK"))
    assert held(apply_decisions(response(said), [module_claim(1)])) == ["CURRENCY"]


def test_two_verdicts_on_one_line_in_one_file_are_held_and_two_codes_are_one_decision() -> None:
    other = Code(list="COD957", code="053")
    both = apply_decisions(response(refused("L0001"), refused("L0001", other)), [module_claim(1)])
    assert both.decisions[0].decision.codes == (TOO_LATE, other)
    torn = apply_decisions(response(refused("L0001"), granted("L0001", 105)), [module_claim(1)])
    assert held(torn) == ["CONFLICT"]
    assert torn.decisions == ()


def test_the_patient_part_leaves_the_rest_granted() -> None:
    said = Decision(verdict=Verdict.CHANGED, line_ref="L0001", granted=eur(75), patient=eur(30))
    (one,) = apply_decisions(response(said), [module_claim(1)]).decisions
    assert one.decision.verdict is Verdict.CHANGED
    assert one.decision.patient == eur(30)


def test_silence_is_overturned_by_a_late_rejection_but_never_the_other_way() -> None:
    claim = invoice("10023", 128000)
    presumed = replace(claim, lines=(replace(claim.lines[0], verdict=Verdict.PRESUMED_OK),))
    late = Decision(verdict=Verdict.REFUSED, invoice_number="10023")
    applied = apply_decision(late, [presumed])
    assert applied.decisions[0].reopens
    after = in_force(presumed, applied)
    silence = Decision(verdict=Verdict.PRESUMED_OK, invoice_number="10023")
    assert apply_decision(silence, [after]).decisions == ()


def test_a_decision_on_an_invoice_is_one_per_line() -> None:
    claim = invoice("10023", 64000, 32000)
    accepted = apply_decision(Decision(verdict=Verdict.GRANTED, invoice_number="10023"), [claim])
    assert verdicts(accepted) == {"10023-1": ("granted", 64000), "10023-2": ("granted", 32000)}
    other = apply_decision(Decision(verdict=Verdict.GRANTED, invoice_number="10024"), [claim])
    assert held(other) == ["UNKNOWN-INVOICE"]


def test_a_partial_award_on_an_invoice_of_two_lines_cannot_be_divided() -> None:
    said = Decision(verdict=Verdict.CHANGED, invoice_number="10023", granted=Money(50000, "NOK"))
    applied = apply_decision(said, [invoice("10023", 64000, 32000)])
    assert held(applied) == ["SPREAD"]
    assert applied.decisions == ()
    held_file = replace(response(said), invoice_number="10023")
    assert apply_decisions(held_file, [invoice("10023", 64000, 32000)]).decisions == ()


def test_the_same_invoice_number_of_two_clinics_is_ambiguous() -> None:
    twins = [invoice("10023", 64000), replace(invoice("10023", 64000), claim_id="other clinic")]
    applied = apply_decision(Decision(verdict=Verdict.REFUSED, invoice_number="10023"), twins)
    assert held(applied) == ["AMBIGUOUS"]
    assert applied.decisions == ()


@pytest.mark.parametrize(
    ("rejection", "outcome"),
    [
        (Rejection(invoice_number="10023"), "refused"),
        (Rejection(invoice_number="10023", sak_id="6QPTR"), "refused"),
        (Rejection(sak_id="7ZZZZ"), "refused"),
        (Rejection(invoice_number="10023", sak_id="7ZZZZ"), "DISAGREE"),
        (Rejection(sak_id="6QPTR"), "AMBIGUOUS"),
        (Rejection(invoice_number="99999"), "UNKNOWN-INVOICE"),
        (Rejection(), "NO-NUMBER"),
    ],
)
@pytest.mark.scenario("S28")
def test_a_rejection_notice_finds_its_invoice_or_goes_to_triage(rejection: Rejection, outcome: str) -> None:
    claims = [invoice("10023", 64000), invoice("10024", 64000), invoice("10025", 1000, sak="7ZZZZ")]
    applied = apply_rejection(rejection, claims)
    if outcome == "refused":
        assert [one.decision.verdict for one in applied.decisions] == [Verdict.REFUSED]
    else:
        assert held(applied) == [outcome]
        assert applied.decisions == ()


def test_a_rejection_notice_does_not_undo_a_grant() -> None:
    claim = invoice("10023", 64000)
    paid = replace(claim, lines=(replace(claim.lines[0], verdict=Verdict.GRANTED),))
    assert held(apply_rejection(Rejection(invoice_number="10023"), [paid])) == ["GRANTED-BEFORE"]


def test_findings_speak_three_languages() -> None:
    applied = apply_decisions(response(changed("L0001", 106)), [module_claim(1)])
    (item,) = applied.triage
    assert set(item.finding.text) == {"en", "nb", "nl"}
    assert "L0001" in item.finding.said("nl")
    assert "1.06 EUR" in item.finding.said("nb")

"""Rejection notices with little structure (mail, portal) meet the claim they are about (requirement N15)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hub.matching.draft import Draft, place
from hub.matching.texts import problem
from hub.matching.verdicts import Applied, ClaimState
from hub.model.finding import Finding
from hub.model.reply import Decision, Rejection, Verdict


def apply_rejection(rejection: Rejection, claims: Sequence[ClaimState]) -> Applied:
    """Apply a rejection notice (mail, portal), found by invoice number and SakID; where both are given they must agree.

    A notice of this kind does not undo a grant: that goes to a person.
    """
    draft = Draft()
    number, case = rejection.invoice_number, rejection.sak_id
    by_number = [claim for claim in claims if number and claim.number == number]
    by_case = [claim for claim in claims if case and claim.sak_id == case]
    found = [claim for claim in by_number if claim in by_case] if number and case else by_number or by_case
    decision = Decision(verdict=Verdict.REFUSED, invoice_number=number, codes=rejection.codes, text=rejection.text)
    if len(found) != 1:
        draft.hold(_unclear(rejection, by_number, by_case, found), number, decision=decision)
        return draft.applied()
    (claim,) = found
    if any(line.verdict in (Verdict.GRANTED, Verdict.CHANGED) for line in claim.lines):
        draft.hold(problem("GRANTED-BEFORE", invoice=claim.number), claim.number, decision=decision)
        return draft.applied()
    for line in claim.lines:
        place(draft, claim, line, replace(decision, invoice_number=claim.number, line_ref=line.ref))
    return draft.applied()


def _unclear(
    rejection: Rejection, by_number: list[ClaimState], by_case: list[ClaimState], found: list[ClaimState]
) -> Finding:
    number, case = rejection.invoice_number, rejection.sak_id
    if found:
        return problem("AMBIGUOUS", invoice=number, line=case)
    if by_number and case:
        return problem("DISAGREE", invoice=number, line=case)
    if by_case or number:
        return problem("UNKNOWN-INVOICE", invoice=number)
    return problem("NO-NUMBER")

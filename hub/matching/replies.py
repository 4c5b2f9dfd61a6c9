"""Replies meet claim lines: what each line's verdict becomes, and what needs a person (decisions 3, 4 and 19).

Nothing is applied by guess: a line that is unknown, an award above the claim, or totals that do not agree go to triage
with their reason, while everything else of the same reply applies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from hub.matching.draft import Draft, LineOf, imply, place
from hub.matching.texts import problem
from hub.matching.verdicts import (
    UNDECIDED,
    Applied,
    ClaimState,
    Fault,
    LineState,
)
from hub.model.finding import Severity
from hub.model.money import Money
from hub.model.reply import Code, Decision, FileOutcome, ResponseFile, Verdict


def apply_decisions(response: ResponseFile, claims: Sequence[ClaimState]) -> Applied:
    """Apply a response file to the claims it may be about; the same file again changes nothing."""
    scope = [claim for claim in claims if claim.number in _numbers(response)]
    draft = Draft()
    if not scope:
        draft.hold(problem("UNKNOWN-INVOICE", invoice=response.invoice_number), response.invoice_number)
        return draft.applied()
    if response.outcome is FileOutcome.TRIAGE:
        draft.hold(problem("UNREADABLE", invoice=response.invoice_number), response.invoice_number)
        draft.not_judged += [line.line_id for _, line in _lines(scope)]
        return draft.applied()
    if response.outcome is FileOutcome.FILE_REFUSED:
        return _file_refused(draft, response, scope)
    if response.outcome is FileOutcome.ALL_GRANTED:
        return _all_granted(draft, response, scope)
    return _decided(draft, response, scope)


def apply_decision(decision: Decision, claims: Sequence[ClaimState]) -> Applied:
    """Apply one decision that came by itself (a Peppol Invoice Response); lines it does not name stay open."""
    number = decision.invoice_number
    alone = ResponseFile(
        format="",
        invoice_number=number,
        outcome=FileOutcome.DECIDED,
        decisions=(decision,),
        absent_granted=False,
        payer_ref=decision.payer_ref,
    )
    return apply_decisions(alone, claims)


def _numbers(response: ResponseFile) -> set[str]:
    named = {response.invoice_number, *(decision.invoice_number for decision in response.decisions)}
    return named - {""}


def _lines(scope: Iterable[ClaimState]) -> list[LineOf]:
    return [(claim, line) for claim in scope for line in claim.lines]


def _decided(draft: Draft, response: ResponseFile, scope: list[ClaimState]) -> Applied:
    aimed, unknown = _aim(draft, response, scope)
    granted = [_stated(decision) for decision in unknown]
    for claim, line, decisions in aimed.values():
        merged = _merge(draft, line, decisions)
        if merged is not None:
            place(draft, claim, line, merged)
        granted.append(_awarded(line, merged or decisions[0]))
    absent = [(claim, line) for claim, line in _lines(scope) if line.line_id not in aimed]
    if not response.absent_granted:
        draft.not_judged += [line.line_id for _, line in absent if line.verdict in UNDECIDED]
        return draft.applied()
    granted += [line.claimed for _, line in absent]
    if _adds_up(draft, response, scope, granted, unsure=bool(unknown)) or not absent:
        imply(draft, response, absent, Verdict.GRANTED)
        return draft.applied()
    draft.not_judged += [line.line_id for _, line in absent if line.verdict in UNDECIDED]
    number = response.invoice_number
    draft.hold(problem("ABSENT-HELD", Severity.WARNING, invoice=number, seen=len(absent)), number)
    return draft.applied()


def _all_granted(draft: Draft, response: ResponseFile, scope: list[ClaimState]) -> Applied:
    """A response that names no line grants all of them, when its total is ours: it may be about another file."""
    lines = _lines(scope)
    if _adds_up(draft, response, scope, [line.claimed for _, line in lines], unsure=False):
        imply(draft, response, lines, Verdict.GRANTED)
        return draft.applied()
    draft.not_judged += [line.line_id for _, line in lines if line.verdict in UNDECIDED]
    number = response.invoice_number
    draft.hold(problem("ABSENT-HELD", Severity.WARNING, invoice=number, seen=len(lines)), number)
    return draft.applied()


_Aimed = dict[str, tuple[ClaimState, LineState, list[Decision]]]


def _aim(draft: Draft, response: ResponseFile, scope: list[ClaimState]) -> tuple[_Aimed, list[Decision]]:
    """Which lines each decision is about, a decision on a line before one on its whole invoice; and those on none."""
    by_ref: dict[tuple[str, str], list[LineOf]] = {}
    for claim, line in _lines(scope):
        by_ref.setdefault((claim.number, line.ref), []).append((claim, line))
    aimed: _Aimed = {}
    unknown: list[Decision] = []
    for decision in sorted(response.decisions, key=lambda one: not one.line_ref):
        number = decision.invoice_number or response.invoice_number
        if decision.line_ref:
            targets = by_ref.get((number, decision.line_ref), [])
            spread = [(line, decision) for line in targets]
        else:
            targets = [pair for pair in _lines(scope) if pair[0].number == number]
            divided = _spread(draft, number, targets, decision)
            if divided is None:
                unknown.append(decision)
                continue
            spread = [(pair, one) for pair, one in divided if pair[1].line_id not in aimed]
        if not targets or (decision.line_ref and len(targets) > 1):
            unknown.append(decision)
            code = "AMBIGUOUS" if targets else ("UNKNOWN-LINE" if decision.line_ref else "UNKNOWN-INVOICE")
            finding = problem(code, invoice=number, line=decision.line_ref, at=decision.line)
            draft.hold(finding, number, decision=decision)
            continue
        for (claim, line), one in spread:
            aimed.setdefault(line.line_id, (claim, line, []))[2].append(one)
    return aimed, unknown


def _spread(
    draft: Draft, number: str, targets: list[LineOf], decision: Decision
) -> list[tuple[LineOf, Decision]] | None:
    """A decision on a whole invoice as one per line; partial awards cannot be divided over several lines."""
    invoices = {claim.claim_id for claim, _ in targets if claim.ref == number}
    if len(invoices) > 1:
        draft.hold(problem("AMBIGUOUS", invoice=number), number, decision=decision)
        return None
    if len(targets) == 1 or decision.verdict in UNDECIDED:
        return [(target, decision) for target in targets]
    claimed = sum(line.claimed.minor for _, line in targets)
    whole = decision.granted is None or decision.granted.minor == (
        claimed if decision.verdict is Verdict.GRANTED else 0
    )
    if decision.verdict is Verdict.CHANGED or decision.patient or not whole:
        draft.hold(problem("SPREAD", invoice=number, seen=decision.granted or ""), number, decision=decision)
        return None
    return [(target, replace(decision, granted=None, claimed=None)) for target in targets]


def _merge(draft: Draft, line: LineState, decisions: list[Decision]) -> Decision | None:
    """Several records on one line are one decision with all their codes, unless they contradict each other."""
    first = decisions[0]
    if any((d.verdict, d.granted, d.patient) != (first.verdict, first.granted, first.patient) for d in decisions):
        draft.hold(problem("CONFLICT", line=line.ref, at=first.line), first.invoice_number, line.line_id, first)
        return None
    codes = tuple(dict.fromkeys(code for decision in decisions for code in decision.codes))
    return replace(first, codes=codes)


def _stated(decision: Decision) -> Money | None:
    """What a decision on an unknown line awards, as far as it says."""
    if decision.granted is not None or decision.verdict is not Verdict.GRANTED:
        return decision.granted
    return decision.claimed


def _awarded(line: LineState, decision: Decision) -> Money | None:
    if decision.granted is None and decision.verdict is Verdict.GRANTED:
        return line.claimed
    return decision.granted


def _adds_up(
    draft: Draft,
    response: ResponseFile,
    scope: list[ClaimState],
    granted: list[Money | None],
    *,
    unsure: bool,
) -> bool:
    """Whether the file's totals bear out what we make of it; without totals, whether nothing in it was strange."""
    number, good = response.invoice_number, True
    claimed = sum(line.claimed.minor for _, line in _lines(scope))
    if response.claimed_total is not None and response.claimed_total.minor != claimed:
        ours = Money(claimed, response.claimed_total.currency)
        finding = problem("CLAIMED-TOTAL", invoice=number, seen=response.claimed_total, expected=ours)
        draft.findings.append(finding)
        good = False
    if response.granted_total is None:
        return good and not unsure and not any(finding.blocks for finding in response.findings)
    awarded = sum(amount.minor for amount in granted if amount is not None)
    if response.granted_total.minor != awarded:
        sums = Money(awarded, response.granted_total.currency)
        draft.findings.append(problem("GRANTED-TOTAL", invoice=number, seen=response.granted_total, expected=sums))
        good = False
    return good


def _file_refused(draft: Draft, response: ResponseFile, scope: list[ClaimState]) -> Applied:
    """By the clearing house: nobody judged the claims, take the bad lines out. By the payer: every line is refused."""
    aimed, _ = _aim(draft, response, scope)
    if response.refused_by not in ("clearing", "payer"):
        draft.hold(problem("UNREADABLE", invoice=response.invoice_number), response.invoice_number)
        draft.not_judged += [line.line_id for _, line in _lines(scope)]
        return draft.applied()
    if response.refused_by == "clearing":
        draft.not_judged += [line.line_id for _, line in _lines(scope)]
        faults = tuple(
            Fault(claim_id=claim.claim_id, line_id=line.line_id, codes=_codes(said), text=said[0].text)
            for claim, line, said in aimed.values()
            if _codes(said) or any(decision.verdict is Verdict.REFUSED for decision in said)
        )
        return replace(draft.applied(), faults=faults, file_refused=True, references_reusable=True)
    for claim, line, said in aimed.values():
        refusal = replace(said[0], verdict=Verdict.REFUSED, granted=None, patient=None, codes=_codes(said))
        place(draft, claim, line, refusal)
    rest = [pair for pair in _lines(scope) if pair[1].line_id not in aimed]
    imply(draft, response, rest, Verdict.REFUSED, response.codes)
    return replace(draft.applied(), file_refused=True)


def _codes(decisions: list[Decision]) -> tuple[Code, ...]:
    return tuple(dict.fromkeys(code for decision in decisions for code in decision.codes))

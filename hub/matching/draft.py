"""One reply being worked out: how a decision weighs against the verdict in force on a line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hub.matching.texts import problem
from hub.matching.verdicts import (
    UNDECIDED,
    Applied,
    ClaimState,
    LineDecision,
    LineState,
    Triage,
    filled,
    fingerprint,
    same_outcome,
)
from hub.model.finding import Finding, Severity
from hub.model.reply import VERDICT_RANK, Code, Decision, ResponseFile, Verdict

LineOf = tuple[ClaimState, LineState]
"""A line with the claim it belongs to."""


@dataclass(slots=True)
class Draft:
    """What has been worked out so far about one reply."""

    decisions: list[LineDecision] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    triage: list[Triage] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    not_judged: list[str] = field(default_factory=list)

    def hold(self, finding: Finding, number: str, line_id: str = "", decision: Decision | None = None) -> None:
        """Leave something to a person."""
        self.triage.append(Triage(finding=finding, invoice_number=number, line_id=line_id, decision=decision))

    def applied(self) -> Applied:
        """The draft as a value."""
        return Applied(
            decisions=tuple(self.decisions),
            repeated=tuple(self.repeated),
            triage=tuple(self.triage),
            not_judged=tuple(self.not_judged),
            findings=tuple(self.findings),
        )


def place(draft: Draft, claim: ClaimState, line: LineState, said: Decision, *, implied: bool = False) -> None:
    """Weigh one decision against the verdict in force."""
    mark = fingerprint(said)
    decision = filled(line, said)
    if isinstance(decision, str):
        finding = problem(decision, line=line.ref, seen=said.granted or "", expected=line.claimed, at=said.line)
        draft.hold(finding, claim.number, line.line_id, said)
        return
    if said.claimed is not None and said.claimed != line.claimed:
        draft.findings.append(
            problem("CLAIMED", Severity.WARNING, line=line.ref, seen=said.claimed, expected=line.claimed, at=said.line)
        )
    if VERDICT_RANK[decision.verdict] < VERDICT_RANK[line.verdict] or same_outcome(line, decision):
        draft.repeated.append(line.line_id)
        return
    if mark in line.seen:
        draft.repeated.append(line.line_id)
        draft.findings.append(problem("OLD-ANSWER", Severity.WARNING, line=line.ref, at=said.line))
        return
    draft.decisions.append(_news(draft, claim, line, decision, mark, implied=implied))


def _news(
    draft: Draft, claim: ClaimState, line: LineState, decision: Decision, mark: str, *, implied: bool
) -> LineDecision:
    overturns = line.verdict not in UNDECIDED
    if overturns:
        change = {"expected": line.verdict.value, "seen": decision.verdict.value}
        draft.findings.append(problem("CHANGED-MIND", Severity.WARNING, line=line.ref, at=decision.line, **change))
    return LineDecision(
        claim_id=claim.claim_id,
        line_id=line.line_id,
        decision=decision,
        fingerprint=mark,
        implied=implied,
        reopens=line.verdict is Verdict.PRESUMED_OK and decision.verdict is not Verdict.GRANTED,
        overturns=overturns,
    )


def imply(
    draft: Draft, response: ResponseFile, lines: Iterable[LineOf], verdict: Verdict, codes: tuple[Code, ...] = ()
) -> None:
    """Lines the reply does not name get its general verdict, never against a decision they had by name."""
    for claim, line in lines:
        if line.verdict not in UNDECIDED:
            draft.repeated.append(line.line_id)
            continue
        said = Decision(
            verdict=verdict,
            invoice_number=response.invoice_number or claim.number,
            line_ref=line.ref,
            codes=codes,
            payer_ref=response.payer_ref,
        )
        place(draft, claim, line, said, implied=True)

"""Claim lines as replies see them, what a reply comes down to, and how one decision weighs on one line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

from hub.model.finding import Finding
from hub.model.money import Money
from hub.model.reply import Code, Decision, Verdict

UNDECIDED = (Verdict.OPEN, Verdict.PRESUMED_OK)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineState:
    """A claim line and the verdict in force on it; `seen` are the fingerprints of the answers it has had."""

    line_id: str
    ref: str
    claimed: Money
    verdict: Verdict = Verdict.OPEN
    granted: Money | None = None
    patient: Money | None = None
    seen: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimState:
    """A claim as replies name it: invoice or file number, own reference, SakID."""

    claim_id: str
    ref: str
    invoice_number: str
    sak_id: str = ""
    lines: tuple[LineState, ...]

    @property
    def number(self) -> str:
        """The number a payer answers under."""
        return self.invoice_number or self.ref


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDecision:
    """A verdict to record on a line: `decision` has its amounts filled in.

    `implied` is True when the reply did not name the line (absent means granted, or all granted). `reopens` is True
    when it overturns what silence had presumed, `overturns` when it replaces another decision of the payer.
    """

    claim_id: str
    line_id: str
    decision: Decision
    fingerprint: str
    implied: bool = False
    reopens: bool = False
    overturns: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """Part of a reply that a person must judge; `decision` is what the partner said."""

    finding: Finding
    invoice_number: str = ""
    line_id: str = ""
    decision: Decision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A line the clearing house named when it refused the file: take it out; its companions are not rejections."""

    claim_id: str
    line_id: str
    codes: tuple[Code, ...]
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a reply comes down to.

    `repeated` are lines whose answer we had already, `not_judged` those the reply leaves open. After a refusal of the
    file by the clearing house `references_reusable` is True, and `faults` names the lines to take out.
    """

    decisions: tuple[LineDecision, ...] = ()
    repeated: tuple[str, ...] = ()
    triage: tuple[Triage, ...] = ()
    faults: tuple[Fault, ...] = ()
    not_judged: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    file_refused: bool = False
    references_reusable: bool = False


def fingerprint(decision: Decision) -> str:
    """The same for the same answer whatever file it came in: number, line, verdict, amounts, codes, payer's number."""
    parts = (
        decision.invoice_number,
        decision.line_ref,
        decision.verdict.value,
        str(decision.granted),
        str(decision.patient),
        ",".join(sorted(str(code) for code in decision.codes)),
        decision.payer_ref,
    )
    return sha256("|".join(parts).encode()).hexdigest()


def filled(line: LineState, decision: Decision) -> Decision | str:
    """The decision with its amounts filled in and its verdict true to them, or the code of what is wrong with it."""
    if decision.verdict in UNDECIDED:
        return decision
    stated = [amount for amount in (decision.granted, decision.patient, decision.claimed) if amount is not None]
    if any(amount.currency != line.claimed.currency for amount in stated):
        return "CURRENCY"
    nothing = Money(0, line.claimed.currency)
    patient = decision.patient or nothing
    granted = decision.granted
    if granted is None and decision.verdict is Verdict.CHANGED:
        return "NO-AMOUNT"
    if granted is None:
        granted = line.claimed - patient if decision.verdict is Verdict.GRANTED else nothing
    sign = -1 if line.claimed.minor < 0 else 1
    if any(sign * part.minor < 0 for part in (granted, patient, line.claimed - granted - patient)):
        return "AWARD"
    return replace(
        decision, verdict=_true(line.claimed, granted, patient, decision.verdict), granted=granted, patient=patient
    )


def _true(claimed: Money, granted: Money, patient: Money, said: Verdict) -> Verdict:
    if not claimed:
        return said
    if granted == claimed:
        return Verdict.GRANTED
    return Verdict.CHANGED if granted or patient else Verdict.REFUSED


def same_outcome(line: LineState, decision: Decision) -> bool:
    """Whether a filled decision says what is in force already."""
    now = filled(
        line,
        Decision(verdict=line.verdict, granted=line.granted, patient=line.patient),
    )
    return isinstance(now, Decision) and (now.verdict, now.granted, now.patient) == (
        decision.verdict,
        decision.granted,
        decision.patient,
    )

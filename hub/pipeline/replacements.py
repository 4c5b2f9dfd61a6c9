"""Claims that correct others: which stand, and what a verdict on one of them means for the others (decision 5).

A verdict may come late, twice, or be taken back, so nothing here goes by the last word alone: what holds is computed
from all that stands. What has not left us is stopped; what has is a case for a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from hub.model.claim import ClaimKind
from hub.model.exchange import ExchangeState
from hub.model.money import Money
from hub.model.partner import Partner
from hub.model.reply import Decision, Verdict
from hub.pipeline import cases
from hub.pipeline.cases import About, claim_values, claimed, raise_case
from hub.pipeline.context import ZONES
from hub.pipeline.intake import programme, programmes, withdraw
from hub.policy.corrections import WITHDRAWN, Credited
from hub.policy.deadlines import CareDates, Deadline, Purpose, deadline
from hub.store import claims, exchanges, money, schema, tasks
from hub.store.unit import Row, Unit, short_id

AWAITS_CREDIT = "AWAITS_CREDIT"
"""The hold of a new debit whose credit the payer has not accepted yet."""
UNDO_WINDOW = "UNDO_WINDOW"
"""The hold of what a correction of many claims made, for as long as it may be undone."""
TAKES_BACK = "credit:"
"""How the source of our own record begins that a credit takes back nothing but a refusal."""
REISSUED = "~"
"""What stands in the reference of a claim that gave its own to a corrected one."""


def put_aside(row: Row) -> str:
    """The reference of a claim whose own goes to its corrected self; two of one reference stay apart."""
    return f"{row['ref'][:30]}{REISSUED}{short_id(row['id'])}"


def standing(unit: Unit, ref: str, kind: ClaimKind | None = None) -> list[Row]:
    """The claims that correct another one and were not taken back, oldest first.

    What took the place of one that was taken back stands for it: a new number for a replacement the network refused.
    """
    found: list[Row] = []
    for row in claims.find(unit, schema.claim.c.corrects == ref):
        if row["hold_code"] == WITHDRAWN:
            found += standing(unit, row["ref"], kind)
        elif kind is None or row["kind"] == kind.value:
            found.append(row)
    return sorted(found, key=lambda row: (row["created_at"], row["ref"]))


def credited(unit: Unit, ref: str) -> Credited:
    """Whether a claim is credited; one accepted credit counts, whatever was said of others before or after."""
    said = [_verdicts(unit, row) for row in standing(unit, ref, ClaimKind.CREDIT)]
    if not said:
        return Credited.NOT
    if {Verdict.GRANTED} in said:
        return Credited.ACCEPTED
    if any(each & {Verdict.OPEN, Verdict.PRESUMED_OK} for each in said):
        return Credited.WAITING
    return Credited.REFUSED if all(each == {Verdict.REFUSED} for each in said) else Credited.PARTLY


def _verdicts(unit: Unit, row: Row) -> set[Verdict]:
    return {Verdict(line["verdict"]) for line in claims.lines(unit, [row["id"]])}


def judged(unit: Unit, row: Row, verdict: Verdict) -> None:
    """What a verdict means beyond the claim itself: for what waits for a credit, and for what replaced a refusal."""
    if row["kind"] == ClaimKind.CREDIT.value:
        _credit_judged(unit, row)
    elif row["hold_code"] == WITHDRAWN:
        answered_after_refusal(unit, row)
    elif any(not owes_nothing(unit, each) for each in standing(unit, row["ref"], ClaimKind.CREDIT)):
        _original_judged(unit, row)
    elif verdict in (Verdict.GRANTED, Verdict.CHANGED):
        _granted_late(unit, row)


def _credit_judged(unit: Unit, credit: Row) -> None:
    """An accepted credit sets the waiting debit free; without one it is taken back: it is never sent."""
    original = claims.by_ref(unit, credit["corrects"])
    if original is None or owes_nothing(unit, credit):
        return
    debits = standing(unit, original["ref"], ClaimKind.DEBIT)
    back = credited(unit, original["ref"])
    if back is Credited.ACCEPTED:
        _accepted(unit, original, credit, debits)
    elif back is not Credited.WAITING:
        for row in debits:
            _without_credit(unit, row, credit)
    _fit(unit, original)


def _accepted(unit: Unit, original: Row, credit: Row, debits: Sequence[Row]) -> None:
    """The claim is taken back once: what waited goes, a second credit does not, a debit given up is told."""
    for row in debits:
        if row["hold_code"] == AWAITS_CREDIT:
            claims.hold(unit, row["id"], "")
    for other in standing(unit, original["ref"], ClaimKind.CREDIT):
        if other["id"] != credit["id"] and _verdicts(unit, other) == {Verdict.OPEN} and at_rest(unit, other):
            _take_back(unit, other, f"{credit['ref']} was accepted")
    given_up = claims.find(
        unit, schema.claim.c.corrects == original["ref"], schema.claim.c.kind == ClaimKind.DEBIT.value
    )
    if given_up and not debits:
        values = claim_values(unit, original) | {"credit": credit["ref"]}
        about = About(claim_ref=original["ref"], amount=claimed(unit, original))
        key = _key("CREDIT_ACCEPTED_LATE", original["ref"])
        raise_case(unit, "CREDIT_ACCEPTED_LATE", values, key=key, about=about, reopen=True)


def _without_credit(unit: Unit, row: Row, credit: Row) -> None:
    """The debit's claim stands as it was: the debit is taken back, or a person must, where the payer may have it."""
    if at_rest(unit, row):
        _take_back(unit, row, f"its credit {credit['ref']} was not accepted")
        return
    values = claim_values(unit, row) | {"credit": credit["ref"], "corrects": row["corrects"]}
    about = About(claim_ref=row["ref"], exchange_id=row["exchange_id"], amount=claimed(unit, row))
    raise_case(unit, "DEBIT_WITHOUT_CREDIT", values, key=f"without-credit:{row['ref']}", about=about, reopen=True)


def _original_judged(unit: Unit, row: Row) -> None:
    """The payer changed its mind about a claim that is being credited: a credit of another amount is not sent."""
    if not _fit(unit, row):
        for credit in standing(unit, row["ref"], ClaimKind.CREDIT):
            if _verdicts(unit, credit) == {Verdict.OPEN} and at_rest(unit, credit):
                _take_back(unit, credit, "its claim was judged anew")
        if credited(unit, row["ref"]) not in (Credited.WAITING, Credited.ACCEPTED):
            for debit in standing(unit, row["ref"], ClaimKind.DEBIT):
                if debit["hold_code"] == AWAITS_CREDIT:
                    _take_back(unit, debit, "its claim was judged anew")


def _fit(unit: Unit, row: Row) -> bool:
    """Whether the credits that may be honoured take back what is granted, no less and no more; else it is a case."""
    live = [each for each in standing(unit, row["ref"], ClaimKind.CREDIT) if _verdicts(unit, each) != {Verdict.REFUSED}]
    nothing = Money(0, row["currency"])
    back = sum((claimed(unit, each) for each in live), nothing)
    granted = Money(sum(line["granted_minor"] for line in claims.lines(unit, [row["id"]])), row["currency"])
    if not live or back == -granted:
        return True
    values = claim_values(unit, row) | {"granted": granted, "credited": -back}
    about = About(claim_ref=row["ref"], amount=back + granted)
    raise_case(unit, "CREDIT_UNFIT", values, key=_key("CREDIT_UNFIT", row["ref"]), about=about, reopen=True)
    return False


def _granted_late(unit: Unit, row: Row) -> None:
    """The payer grants what was corrected since it refused: two claims for one performance may now be paid."""
    others = standing(unit, row["ref"])
    live = [each["ref"] for each in others if each["kind"] == ClaimKind.DEBIT.value] or [each["ref"] for each in others]
    if live:
        _two_for_one(unit, row, "GRANTED_AFTER_CORRECTION", live, others)


def answered_after_refusal(unit: Unit, row: Row) -> None:
    """An answer to what was refused on the way and withdrawn: the payer has it, and perhaps what replaced it too."""
    others = standing(unit, row["ref"])
    again = claims.by_ref(unit, row["ref"].partition(REISSUED)[0])
    if REISSUED in row["ref"] and again is not None:
        others = [again]
    _two_for_one(unit, row, "ANSWERED_AFTER_REFUSAL", [each["ref"] for each in others] or ["-"], others)


def _two_for_one(unit: Unit, row: Row, code: str, by: Sequence[str], others: Sequence[Row]) -> None:
    """A case for the two, and nothing more of them goes out before a person has looked."""
    values = claim_values(unit, row) | {"by": ", ".join(by)}
    about = About(claim_ref=row["ref"], amount=claimed(unit, row))
    raise_case(unit, code, values, key=_key(code, row["ref"]), about=about, reopen=True)
    for other in others:
        stop(unit, other, code, **values)


def stop(unit: Unit, row: Row, code: str, **values: object) -> None:
    """Hold what has not left us, with the reason; what is held or gone already stays as it is.

    A hold that ends by itself does not count as one.
    """
    if row["hold_code"] in ("", UNDO_WINDOW) and lies_here(unit, row):
        take_out(unit, row)
        cases.hold(unit, [row], code, **values)


def credit_note_asked(unit: Unit, row: Row) -> None:
    """The payer asks for a credit note only after the new invoice was made without one."""
    live = standing(unit, row["ref"], ClaimKind.DEBIT)
    if live and credited(unit, row["ref"]) is Credited.NOT:
        values = claim_values(unit, row) | {"by": live[-1]["ref"]}
        about = About(claim_ref=row["ref"], exchange_id=row["exchange_id"], amount=claimed(unit, row))
        key = _key("CREDIT_NOTE_ASKED_LATE", row["ref"])
        raise_case(unit, "CREDIT_NOTE_ASKED_LATE", values, key=key, kind="rejection", about=about, reopen=True)


def at_rest(unit: Unit, row: Row) -> bool:
    """Whether a claim certainly has not left us: it is in no message, or in one that nobody tried to send."""
    if row["exchange_id"] is None:
        return True
    exchange = exchanges.get(unit, row["exchange_id"], lock=True)
    return ExchangeState(exchange["state"]) is ExchangeState.PREPARED and int(exchange["attempts"]) == 0


def lies_here(unit: Unit, row: Row) -> bool:
    """Whether a claim is still here and could go: at rest, or in a message that was given up until its release."""
    if at_rest(unit, row):
        return True
    return ExchangeState(exchanges.get(unit, row["exchange_id"])["state"]) is ExchangeState.FAILED


def take_out(unit: Unit, row: Row) -> None:
    """Take a claim out of a message nobody got; its companions go out in another one, and nobody is asked about it.

    The number of a file we write is given anew; that of a finished document stays its own.
    """
    if row["exchange_id"] is None:
        return
    for each in claims.find(unit, schema.claim.c.exchange_id == row["exchange_id"]):
        ours = each["country"] == "NL" and not _finished(each)
        claims.link(unit, [each["id"]], None, "" if ours else each["invoice_number"])
    text = f"never sent: {row['ref']} was taken out"
    exchanges.force(unit, row["exchange_id"], ExchangeState.REFUSED, text=text, note=text, released=True)
    tasks.done_all(unit, row["exchange_id"], {"taken_out": row["ref"]})


def left_out(unit: Unit, credit: Row) -> None:
    """A person left a credit out: a debit that waited for its acceptance would wait for ever, and is taken back."""
    if credit["kind"] != ClaimKind.CREDIT.value:
        return
    if credited(unit, credit["corrects"]) in (Credited.WAITING, Credited.ACCEPTED):
        return
    for debit in standing(unit, credit["corrects"], ClaimKind.DEBIT):
        if debit["hold_code"] == AWAITS_CREDIT:
            _take_back(unit, debit, f"its credit {credit['ref']} was left out")


def stands_alone(unit: Unit, ref: str) -> None:
    """What corrected a claim was undone: no two are left for one performance, and what was granted is no refusal."""
    row = claims.by_ref(unit, ref)
    if row is None or standing(unit, ref):
        return
    tasks.done(unit, _key("GRANTED_AFTER_CORRECTION", ref), {"undone": True})
    if _verdicts(unit, row) == {Verdict.GRANTED}:
        cases.granted_after_all(unit, row)


def _finished(row: Row) -> bool:
    """Whether a claim came in a document of somebody else's making, which goes, and stays, as a whole."""
    return row["programme"] not in programmes()


def _take_back(unit: Unit, row: Row, reason: str) -> None:
    if _finished(row):  # one claim of it cannot be left out: a person has the whole of it made anew
        stop(unit, row, "DOCUMENT_DOUBTED", **claim_values(unit, row))
        return
    take_out(unit, row)
    tasks.done(unit, f"hold:{row['ref']}:{row['hold_code']}", {"taken_back": reason})
    withdraw(unit, row, source=f"credit:{row['ref']}", reason=reason)


def owes_nothing(unit: Unit, credit: Row) -> bool:
    """Whether a credit takes back only what was refused, so that no money moves whatever the payer says of it."""
    lines = [line["id"] for line in claims.lines(unit, [credit["id"]])]
    return bool(lines) and _mirrored(unit, lines) >= set(lines)


def as_mirrored(unit: Unit, line_id: str, decision: Decision, currency: str) -> Decision:
    """A verdict on a credit of a refusal: nothing was granted there, so nothing is owed back here."""
    if decision.verdict in (Verdict.OPEN, Verdict.PRESUMED_OK) or not _mirrored(unit, [line_id]):
        return decision
    nothing = Money(0, currency)
    return replace(decision, granted=nothing, patient=nothing)


def _mirrored(unit: Unit, line_ids: Sequence[str]) -> set[str]:
    return {row["claim_line_id"] for row in money.decisions(unit, line_ids) if row["source"].startswith(TAKES_BACK)}


_ANSWERED_BY_CORRECTING = ("CREDIT_UNFIT", "CREDIT_ACCEPTED_LATE", "CREDIT_NOTE_ASKED_LATE", "VANISHED_FROM_LIST")


def _key(code: str, ref: str) -> str:
    return f"{'granted-late' if code == 'GRANTED_AFTER_CORRECTION' else code.lower()}:{ref}"


def close_case(unit: Unit, ref: str, by: Sequence[str]) -> None:
    """The cases of a claim that ask for a correction are done once it is made."""
    for key in (f"refused:{ref}", *(_key(code, ref) for code in _ANSWERED_BY_CORRECTING)):
        tasks.done(unit, key, {"corrected_by": list(by)})


def terms(unit: Unit, row: Row, lines: Sequence[Row], partner: Partner | None) -> Mapping[Purpose, Deadline | None]:
    """The payer's terms for claiming again and for correcting, counted from its answer and from the care."""
    if partner is None or not partner.rules or row["programme"] not in programmes():
        return {}
    (claim,) = claims.load(unit, [row])
    begins = claim.lines[0].begins
    zone = ZONES.get(row["country"], ZONES["NL"])
    answered = [line["decided_at"] for line in lines if line["decided_at"] is not None]
    dates = CareDates(
        care=programme(row["programme"]).CARE,
        treated=begins.date() if isinstance(begins, datetime) else begins,
        retour=max(answered).astimezone(zone).date() if answered else None,
    )
    return {each: deadline(partner.rules, dates, each) for each in (Purpose.RECLAIM, Purpose.CORRECTION)}

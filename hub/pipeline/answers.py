"""Answers meet claims: verdicts are recorded with their source, money follows, people are told what is theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hub import formats, texts
from hub.formats import AnswerContext, MailNews
from hub.ledger.accounts import LedgerLine
from hub.ledger.balances import line_money, no_money, verdict_amounts
from hub.ledger.postings import decided
from hub.log import clean_text
from hub.matching.rejections import apply_rejection
from hub.matching.replies import apply_decision as match_decision
from hub.matching.replies import apply_decisions
from hub.matching.verdicts import UNDECIDED, Applied, ClaimState, Fault, LineDecision, LineState, Triage
from hub.model.exchange import ExchangeState
from hub.model.finding import Severity
from hub.model.money import Money
from hub.model.reply import AckKind, Acknowledgement, Code, Decision, FileOutcome, Rejection, ResponseFile, Verdict
from hub.pipeline import cases, replacements
from hub.pipeline.cases import About
from hub.pipeline.context import Hub
from hub.policy.deadlines import Deadline, Purpose
from hub.store import claims, exchanges, inbounds, money, schema, tasks
from hub.store.money import NewDecision
from hub.store.tasks import NewTask
from hub.store.unit import Row, Unit
from mappings.vektis_replies import CLEARING

_MOST_DOUBTS = 20
"""So many findings of one file become tasks; all of them are kept with the file."""


def apply_response(hub: Hub, unit: Unit, inbound: Row, response: ResponseFile) -> str:
    """A claim file's response: lines decided, the file refused, or something for a person."""
    exchange = exchanges.by_answer(
        unit, remote_id=inbound["meta"].get("answers", ""), invoice_number=response.invoice_number
    ) or _of_payee(unit, response)
    if exchange is None:
        return _unknown(unit, inbound, f"invoice number {response.invoice_number or '(none)'}")
    rows = claims.find(unit, schema.claim.c.exchange_id == exchange["id"])
    states = _states(unit, rows)
    response = _beside(unit, inbound, exchange, response)
    applied = _with_findings(response, apply_decisions(response, states))
    contradiction = _contradiction(hub, exchange, rows, response, states)
    if contradiction:
        return _contradicted(hub, unit, inbound, exchange, response, contradiction)
    _answered(unit, exchange, inbound, applied)
    if applied.file_refused and response.refused_by == CLEARING:
        return _file_refused(hub, unit, exchange, inbound, rows, applied)
    return _record(hub, unit, inbound, rows, applied)


def _beside(unit: Unit, inbound: Row, exchange: Row, response: ResponseFile) -> ResponseFile:
    """A refusal of the clearing house, read beside what we sent: it may name a person and none of our references."""
    if response.refused_by != CLEARING:
        return response
    context = AnswerContext(name=inbound["meta"]["name"], meta={"sent_by": CLEARING})
    sent = exchanges.message(unit, exchange).payload
    for one in formats.read_beside(inbounds.payload(unit, inbound), sent, context):
        if isinstance(one, ResponseFile) and one.invoice_number == response.invoice_number:
            return one
    return response


def _of_payee(unit: Unit, response: ResponseFile) -> Row | None:
    """The newest file under a number that several of this tenant use, by who is paid (AGB): numbers are the payee's."""
    if not response.invoice_number or not response.payee_code:
        return None
    table = schema.claim
    same = (table.c.invoice_number == response.invoice_number, table.c.claimant_code == response.payee_code)
    ids = dict.fromkeys(row["exchange_id"] for row in claims.find(unit, *same) if row["exchange_id"])
    found = [exchanges.get(unit, each) for each in ids]
    return max(found, key=lambda row: row["prepared_at"], default=None)


def _contradiction(
    hub: Hub, exchange: Row, rows: Sequence[Row], response: ResponseFile, states: Sequence[ClaimState]
) -> str:
    """What makes a response impossible: nothing of it may then be applied (a copied number, two senders at odds)."""
    if response.invoice_number and response.invoice_number != exchange["invoice_number"]:
        return "OTHER_FILE_ANSWERED"
    # Numbers and references of several tenants may be the same, and so may the place their answers come from.
    if response.payee_code and rows and all(row["claimant_code"] != response.payee_code for row in rows):
        return "OTHER_PAYEE_ANSWERED"
    sent_as = {"T": True, "P": False}.get(exchange["meta"].get("test", ""))
    if response.test is not None and sent_as is not None and response.test is not sent_as:
        return "OTHER_STAGE_ANSWERED"
    code = response.payer_code
    if code and all(row["payer_code"] != code for row in rows):
        partner = hub.registry.by_identifier("UZOVI", code, hub.today("NL"))
        if partner is None or partner.name != exchange["partner"]:
            return "OTHER_PAYER_ANSWERED"
    judged = any(line.verdict not in UNDECIDED for state in states for line in state.lines)
    return "REFUSED_AFTER_DECISION" if response.refused_by == CLEARING and judged else ""


def _contradicted(hub: Hub, unit: Unit, inbound: Row, exchange: Row, response: ResponseFile, code: str) -> str:
    partner = hub.registry.partners.get(exchange["partner"])
    values = {
        "source": inbound["meta"]["name"] or inbound["source"],
        "code": response.payer_code,
        "payee": response.payee_code,
        "number": response.invoice_number,
        "key": exchange["invoice_number"],
        "partner": partner.title if partner else exchange["partner"],
    }
    about = About(exchange_id=exchange["id"], inbound_id=inbound["id"])
    key = f"{code.lower()}:{inbound['id']}"
    cases.raise_case(unit, code, values, key=key, kind="unknown_answer", about=about, reopen=True)
    return inbounds.TRIAGE


def _with_findings(response: ResponseFile, applied: Applied) -> Applied:
    """The file's own findings beside those of matching: what leaves a line or a total in doubt is for a person."""
    doubts = [one for one in response.findings if one.severity is not Severity.INFO]
    if response.outcome is FileOutcome.TRIAGE:
        doubts = []  # the whole file is for a person already
    told = (Triage(finding=one, invoice_number=response.invoice_number) for one in doubts[:_MOST_DOUBTS])
    return replace(applied, findings=(*response.findings, *applied.findings), triage=(*applied.triage, *told))


def apply_acknowledgement(hub: Hub, unit: Unit, inbound: Row, news: Acknowledgement) -> str:
    """Transport news: accepted moves the exchange on, a refusal stops it and asks for a person."""
    exchange = exchanges.by_answer(unit, remote_id=news.message_id, invoice_number=news.invoice_number)
    if exchange is None:
        return _unknown(unit, inbound, f"message {news.message_id or news.invoice_number}")
    codes, said = [str(code) for code in news.codes], clean_text(news.text)
    exchanges.log(unit, exchange["id"], news.kind.value, said, codes=codes, inbound_id=inbound["id"])
    inbounds.close(unit, inbound["id"], inbounds.PROCESSED, exchange_id=exchange["id"])
    if news.kind is not AckKind.REFUSED:
        _took_over(unit, inbound, exchange, news)
        return inbounds.PROCESSED
    exchanges.change(unit, exchange["id"], ExchangeState.REFUSED, text=said, note=said)
    reason = "; ".join([*codes, said]).strip("; ")
    cases.exchange_case(hub, unit, exchange, "REFUSED_BY_NETWORK", reason=reason)
    return inbounds.PROCESSED


def _took_over(unit: Unit, inbound: Row, exchange: Row, news: Acknowledgement) -> None:
    """The message moves on; where the network had refused it, its claims may be there twice soon: a person looks."""
    said = clean_text(news.text)
    if not news.message_id:  # named by the invoice's own number: the payer itself, not the network
        cases.took_note(unit, exchange, said, inbound["id"])
    now = exchanges.change(unit, exchange["id"], ExchangeState.DELIVERED, text=said)
    if now is ExchangeState.REFUSED and news.kind is not AckKind.TRANSPORT:
        for row in claims.find(unit, schema.claim.c.exchange_id == exchange["id"]):
            replacements.answered_after_refusal(unit, row)


def apply_decision(hub: Hub, unit: Unit, inbound: Row, decision: Decision) -> str:
    """A verdict on a whole invoice or one line (Invoice Response)."""
    table = schema.claim
    named = claims.find(unit, table.c.invoice_number == decision.invoice_number)
    rows = [row for row in named if row["hold_code"] != "WITHDRAWN"]
    if named and not rows and len({row["claimant_code"] for row in named}) == 1:
        return _withdrawn(unit, inbound, named)
    if len({row["claimant_code"] for row in rows}) != 1:
        # None has this number, or several providers of this tenant have (numbers are the provider's own).
        return _unknown(unit, inbound, f"invoice {decision.invoice_number or '(none)'}")
    applied = match_decision(decision, _states(unit, rows))
    if _never_sent(unit, _meant(unit, rows, applied)):
        return inbounds.TRIAGE
    _answered_claims(unit, rows, inbound, applied)
    state = _record(hub, unit, inbound, rows, applied)
    if any((code.list, code.code) in cases.CREDIT_ACTIONS for code in decision.codes):
        _credit_note_asked(unit, _meant(unit, rows, applied))
    return state


def _withdrawn(unit: Unit, inbound: Row, rows: Sequence[Row]) -> str:
    """The payer answers what the network had refused, and what was withdrawn for that."""
    for row in rows:
        replacements.answered_after_refusal(unit, row)
    inbounds.close(unit, inbound["id"], inbounds.TRIAGE, exchange_id=rows[-1]["exchange_id"])
    return inbounds.TRIAGE


def _never_sent(unit: Unit, meant: Sequence[Row]) -> bool:
    """Whether an answer is about what has not left us: it means another claim of the case, or we lost count."""
    early = [row for row in meant if replacements.at_rest(unit, row)]
    for row in early:
        replacements.stop(unit, row, "ANSWERED_UNSENT", **cases.claim_values(unit, row))
    return bool(early)


def _credit_note_asked(unit: Unit, rows: Sequence[Row]) -> None:
    """The payer wants a credit note, before or after the new invoice was made."""
    cases.credit_note_asked(unit, rows)
    for row in rows:
        replacements.credit_note_asked(unit, row)


def apply_mail(hub: Hub, unit: Unit, inbound: Row, news: MailNews) -> str:
    """A mail: a rejection of a claim, or something for quarantine or triage."""
    if news.rejection is None:
        return _set_aside(unit, inbound, news)
    rows = _rejected_rows(unit, news.rejection)
    applied = apply_rejection(news.rejection, _states(unit, rows))
    if not rows:
        return _unknown(unit, inbound, f"invoice {news.rejection.invoice_number}, case {news.rejection.sak_id}")
    # Only what it is about proves to have arrived: other invoices of the same case may still be on their way.
    meant = {item.claim_id for item in applied.decisions}
    if _never_sent(unit, _meant(unit, rows, applied)):
        return inbounds.TRIAGE
    _answered_claims(unit, [row for row in rows if row["id"] in meant], inbound, applied)
    return _record(hub, unit, inbound, rows, applied, rejection=news.rejection)


def _rejected_rows(unit: Unit, rejection: Rejection) -> list[Row]:
    table = schema.claim
    found: dict[str, Row] = {}
    if rejection.invoice_number:
        found |= {row["id"]: row for row in claims.find(unit, table.c.invoice_number == rejection.invoice_number)}
    if rejection.sak_id:
        found |= {row["id"]: row for row in claims.find(unit, table.c.case_ref == rejection.sak_id)}
    return [row for row in found.values() if row["hold_code"] != "WITHDRAWN"]


def _set_aside(unit: Unit, inbound: Row, news: MailNews) -> str:
    code = "QUARANTINE" if news.disposition == "quarantine" else "MAIL_TRIAGE"
    values = {"source": inbound["source"], "reason": news.reason}
    about = About(inbound_id=inbound["id"])
    cases.raise_case(unit, code, values, key=f"mail:{inbound['id']}", about=about, reopen=True)
    return inbounds.QUARANTINE if code == "QUARANTINE" else inbounds.TRIAGE


def _unknown(unit: Unit, inbound: Row, reason: str) -> str:
    values = {"source": inbound["meta"]["name"] or inbound["source"], "reason": reason}
    key = f"unknown:{inbound['id']}:{reason}"
    cases.raise_case(unit, "UNKNOWN_ANSWER", values, key=key, about=About(inbound_id=inbound["id"]), reopen=True)
    return inbounds.TRIAGE


def _states(unit: Unit, rows: Sequence[Row]) -> list[ClaimState]:
    """Claims with the verdicts in force on their lines, as matching wants them."""
    lines = claims.lines(unit, [row["id"] for row in rows])
    seen: dict[str, set[str]] = {}
    for decision in money.decisions(unit, [line["id"] for line in lines]):
        seen.setdefault(decision["claim_line_id"], set()).add(decision["source"])
    by_claim: dict[str, list[LineState]] = {}
    for line in lines:
        by_claim.setdefault(line["claim_id"], []).append(_line_state(line, seen.get(line["id"], set())))
    return [
        ClaimState(
            claim_id=row["id"],
            ref=row["ref"],
            invoice_number=row["invoice_number"],
            sak_id=row["case_ref"],
            lines=tuple(by_claim.get(row["id"], ())),
        )
        for row in rows
    ]


def _line_state(line: Row, seen: set[str]) -> LineState:
    verdict = Verdict(line["verdict"])
    judged = verdict not in (Verdict.OPEN, Verdict.PRESUMED_OK)
    return LineState(
        line_id=line["id"],
        ref=line["ref"],
        claimed=Money(line["amount_minor"], line["currency"]),
        verdict=verdict,
        granted=Money(line["granted_minor"], line["currency"]) if judged else None,
        patient=Money(line["patient_minor"], line["currency"]) if judged and line["patient_minor"] else None,
        seen=frozenset(seen),
    )


def _answered(unit: Unit, exchange: Row, inbound: Row, applied: Applied) -> None:
    """An answer proves that our message arrived, also while our own record still says `sending`."""
    state = ExchangeState.REFUSED if applied.file_refused else ExchangeState.DELIVERED
    exchanges.change(unit, exchange["id"], state, text="answered", answered_at=unit.now)
    unit.update(schema.inbound, inbound["id"], exchange_id=exchange["id"])
    key = exchange["business_key"]
    for waited in (f"exchange:{key}:IN_DOUBT", f"exchange:{key}:PERSON_UPLOADS", f"overdue:{key}"):
        tasks.done(unit, waited, {"answered": inbound["id"]})


def _answered_claims(unit: Unit, rows: Sequence[Row], inbound: Row, applied: Applied) -> None:
    for row in rows:
        if row["exchange_id"]:
            _answered(unit, exchanges.get(unit, row["exchange_id"]), inbound, applied)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recording:
    """What recording verdicts needs to know about their source."""

    hub: Hub
    inbound: Row
    rows: Mapping[str, Row]
    rejection: Rejection | None = None


def _record(
    hub: Hub,
    unit: Unit,
    inbound: Row,
    rows: Sequence[Row],
    applied: Applied,
    rejection: Rejection | None = None,
) -> str:
    """Write every verdict with its money; what is for a person becomes a task; the rest of the file still counts."""
    recording = _Recording(hub=hub, inbound=inbound, rows={row["id"]: row for row in rows}, rejection=rejection)
    for item in applied.decisions:
        _decide(unit, recording, item)
    if rejection is not None and rejection.asks_credit_note:
        _credit_note_asked(unit, _meant(unit, rows, applied))
    for number, triage in enumerate(applied.triage):
        _triage(unit, recording, triage, number)
    unit.update(schema.inbound, inbound["id"], findings=[finding.as_json() for finding in applied.findings])
    if applied.triage:
        return inbounds.TRIAGE
    only_known = not applied.decisions and bool(applied.repeated)
    return inbounds.DUPLICATE if only_known else inbounds.PROCESSED


def _meant(unit: Unit, rows: Sequence[Row], applied: Applied) -> list[Row]:
    """The claims a notice is about; others of the same case or number are not."""
    lines = {item.line_id for item in applied.decisions} | set(applied.repeated)
    ids = {line["claim_id"] for line in claims.lines(unit, [row["id"] for row in rows]) if line["id"] in lines}
    return [row for row in rows if row["id"] in ids]


def _decide(unit: Unit, recording: _Recording, item: LineDecision) -> None:
    row = recording.rows[item.claim_id]
    line = ledger_line(unit, row, item.line_id)
    item = replace(item, decision=replacements.as_mirrored(unit, item.line_id, item.decision, line.claimed.currency))
    amounts = verdict_amounts(line.claimed, item.decision)
    new = NewDecision(
        claim_line_id=item.line_id,
        verdict=item.decision.verdict.value,
        granted=amounts.granted,
        patient=amounts.patient,
        source=item.fingerprint,
        codes=[_code_json(code) for code in item.decision.codes],
        text=clean_text(item.decision.text),
        payer_ref=item.decision.payer_ref,
        inbound_id=recording.inbound["id"],
    )
    if not money.add_decision(unit, new):
        return
    before = line_money(money.postings(unit, line_ids=[item.line_id])).get(
        item.line_id, no_money(line.claimed.currency)
    )
    money.post(unit, decided(line, before, item.decision, at=unit.now, source=item.fingerprint))
    if item.decision.verdict in (Verdict.REFUSED, Verdict.CHANGED):
        asked = recording.rejection is not None and recording.rejection.asks_credit_note
        term = _term(recording.hub, unit, row, item.decision.verdict)
        cases.refusal(unit, row, item.decision, recording.inbound["id"], asks_credit_note=asked, term=term)
    elif item.decision.verdict is Verdict.GRANTED:
        cases.granted_after_all(unit, row)
    replacements.judged(unit, row, item.decision.verdict)


def _term(hub: Hub, unit: Unit, row: Row, verdict: Verdict) -> Deadline | None:
    """How long the payer takes the claim anew, or a correction of what it granted in part."""
    lines = claims.lines(unit, [row["id"]])
    known = replacements.terms(unit, row, lines, hub.registry.partners.get(row["payer"]))
    return known.get(Purpose.RECLAIM if verdict is Verdict.REFUSED else Purpose.CORRECTION)


def ledger_line(unit: Unit, row: Row, line_id: str) -> LedgerLine:
    """A claim line as the journal knows it, from its rows."""
    (line,) = unit.rows(unit.mine(schema.claim_line, schema.claim_line.c.id == line_id))
    return LedgerLine(
        tenant=unit.tenant,
        line_id=line_id,
        claim_id=row["id"],
        claimed=Money(line["amount_minor"], line["currency"]),
        practice=row["provider_code"],
        payee=row["claimant_code"],
        payer=row["payer"],
    )


def _code_json(code: Code) -> dict[str, str]:
    return {"list": code.list, "code": code.code, "text": clean_text(code.text), "element": code.element}


def _triage(unit: Unit, recording: _Recording, triage: Triage, number: int) -> None:
    finding = triage.finding
    tasks.add(
        unit,
        NewTask(
            key=f"triage:{recording.inbound['id']}:{number}",
            kind="triage",
            text=finding.text,
            action=finding.hint or texts.action("UNKNOWN_ANSWER", source="", reason=""),
            inbound_id=recording.inbound["id"],
            evidence={"code": finding.code, "invoice_number": triage.invoice_number},
        ),
        reopen=True,
    )


def _file_refused(hub: Hub, unit: Unit, exchange: Row, inbound: Row, rows: Sequence[Row], applied: Applied) -> str:
    """The clearing house refused the file: the named lines are held, their companions wait to be sent again.

    What it says of something that cannot be found among our lines keeps the file from going again unread.
    """
    by_id = {row["id"]: row for row in rows}
    unit.update(schema.inbound, inbound["id"], findings=[finding.as_json() for finding in applied.findings])
    for fault in applied.faults:
        _fault(unit, exchange, inbound, by_id[fault.claim_id], fault)
    unplaced = [one.finding for one in applied.triage if one.finding.blocks]
    if unplaced:
        cases.unplaced_refusal(hub, unit, exchange, inbound["id"], unplaced)
    if applied.faults:
        cases.exchange_case(hub, unit, exchange, "TAKE_OUT_BAD_LINES", bad=len(applied.faults), total=len(rows))
    elif not unplaced:
        said = "; ".join(finding.said() for finding in applied.findings) or "the file as a whole"
        cases.exchange_case(hub, unit, exchange, "REFUSED_BY_NETWORK", reason=said)
    return inbounds.TRIAGE if unplaced else inbounds.PROCESSED


def _fault(unit: Unit, exchange: Row, inbound: Row, row: Row, fault: Fault) -> None:
    """Hold one line the clearing house named; it needs a person also after its companions are on their way."""
    claims.hold(unit, row["id"], "REFUSED_BY_CLEARING")
    codes = [str(code) for code in fault.codes]
    exchanges.log(unit, exchange["id"], "fault", row["ref"], codes=codes, inbound_id=inbound["id"])
    values = cases.claim_values(unit, row) | {"reason": cases.reason(fault.codes, fault.text)}
    about = About(
        claim_ref=row["ref"],
        inbound_id=inbound["id"],
        amount=cases.claimed(unit, row),
        cause=cases.cause_of(fault.codes, fault.text),
        evidence={"codes": [_code_json(code) for code in fault.codes]},
    )
    key = f"hold:{row['ref']}:REFUSED_BY_CLEARING"
    cases.raise_case(unit, "REFUSED_BY_CLEARING", values, key=key, kind="rejection", about=about, reopen=True)

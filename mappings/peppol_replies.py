"""Peppol responses become acknowledgements and decisions.

Sources: Peppol Invoice Response 3 (T111, status codes of UNCL4343), Message Level Response 3 (T71), Message Level
Status 1.0. An Invoice Response speaks for the buyer about the invoice; MLR and MLS speak about the message only.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from types import MappingProxyType

from hub.errors import FormatError
from hub.model.reply import AckKind, Acknowledgement, Code, Decision, Verdict
from schemas.ubl.response import ApplicationResponse, DocumentResponse, Response, ResponseKind, read

STATUS_LIST = "UNCL4343"
REASON_LIST = "StatusReason"
"""What an MLR or MLS takes its reasons from without saying so; an Invoice Response names its lists."""
_MESSAGE = {"AP": AckKind.ACCEPTED, "AB": AckKind.ACCEPTED, "RE": AckKind.REFUSED}
_INVOICE = {"AB": AckKind.ACCEPTED, "PD": AckKind.ACCEPTED}
_VERDICTS = {"AP": Verdict.GRANTED, "RE": Verdict.REFUSED}


def from_application_response(data: bytes) -> list[Acknowledgement | Decision]:
    """What a response says, one entry per document it names; unknown codes stay raw as "in process"."""
    message = read(data)
    if message.kind is ResponseKind.OTHER:
        raise FormatError(
            f"unknown response transaction {message.customization_id[:80]!r}", hint="known are T111, T71 and MLS 1.0"
        )
    if not message.responses:
        raise FormatError("the response names no document", hint="a DocumentResponse is required")
    return [_said(message, answer) for answer in message.responses]


def _said(message: ApplicationResponse, answer: DocumentResponse) -> Acknowledgement | Decision:
    status = answer.response.code.value if answer.response.code else ""
    if message.kind is not ResponseKind.INVOICE_RESPONSE:
        return _about_message(message, answer, _MESSAGE.get(status, AckKind.IN_PROCESS))
    if status in _VERDICTS:
        return Decision(
            verdict=_VERDICTS[status],
            invoice_number=_reference(answer),
            codes=tuple(_codes(answer)),
            text=_text(answer),
            payer_ref=message.id,
            raw=_raw(message, answer),
        )
    return Acknowledgement(
        kind=_INVOICE.get(status, AckKind.IN_PROCESS),
        invoice_number=_reference(answer),
        codes=tuple(_codes(answer)),
        text=_text(answer),
        at=_issued(message),
        raw=_raw(message, answer),
    )


def _about_message(message: ApplicationResponse, answer: DocumentResponse, kind: AckKind) -> Acknowledgement:
    key = _reference(answer)
    # An MLR may name the document or its envelope; MLS always names the envelope.
    return Acknowledgement(
        kind=kind,
        message_id=key,
        invoice_number=key if message.kind is ResponseKind.MLR else "",
        codes=tuple(_codes(answer, REASON_LIST)),
        text=_text(answer),
        at=_issued(message),
        raw=_raw(message, answer),
    )


def _reference(answer: DocumentResponse) -> str:
    """The match key: DocumentReference/ID."""
    return next((entry.id.value for entry in answer.references if entry.id), "")


def _codes(answer: DocumentResponse, codes: str = "") -> Iterator[Code]:
    """The status first, then every reason and action, those of a place with the place as element."""
    if answer.response.code:
        yield Code(list=STATUS_LIST, code=answer.response.code.value)
    yield from _reasons(answer.response, "", codes)
    for line in answer.lines:
        for response in line.responses:
            yield from _reasons(response, line.line, codes)


def _reasons(response: Response, place: str, codes: str) -> Iterator[Code]:
    said = " ".join(response.descriptions) if place else ""
    for status in response.statuses:
        if status.reason_code:
            code = status.reason_code
            yield Code(list=code.list or codes, code=code.value, text=status.reason or said or code.name, element=place)


def _text(answer: DocumentResponse) -> str:
    """Everything a person wrote: descriptions, reasons, and what was said about single places."""
    parts = [*answer.response.descriptions, *(status.reason for status in answer.response.statuses)]
    for line in answer.lines:
        for response in line.responses:
            parts += [f"{line.line}: {said}" for said in response.descriptions]
    return "\n".join(part for part in parts if part)


def _raw(message: ApplicationResponse, answer: DocumentResponse) -> MappingProxyType[str, str]:
    """What has no field of its own: the message, dates, and the conditions with their proposed values."""
    raw = {
        "message": message.id,
        "transaction": message.customization_id,
        "issued": f"{message.issue_date or ''} {message.issue_time}".strip(),
        "effective": str(answer.response.effective or ""),
        "status": answer.response.code.value if answer.response.code else "",
        "document_type": next((entry.type_code.value for entry in answer.references if entry.type_code), ""),
        "unread": " ".join(message.unread),
    }
    for status in answer.response.statuses:
        for condition in status.conditions:
            raw[f"condition {condition.attribute}"] = condition.description
    return MappingProxyType({name: value for name, value in raw.items() if value})


def _issued(message: ApplicationResponse) -> datetime | None:
    """When the response was issued; UTC where it names no zone."""
    if message.issue_date is None:
        return None
    try:
        clock = time.fromisoformat(message.issue_time) if message.issue_time else time()
    except ValueError:
        clock = time()
    return _moment(message.issue_date, clock)


def _moment(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock if clock.tzinfo else clock.replace(tzinfo=UTC))

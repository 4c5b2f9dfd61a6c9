"""What we say about a document we received: Invoice Response, Message Level Response and Message Level Status.

Sources: Peppol Invoice Response 3 (T111), Message Level Response 3 (T71), Message Level Status 1.0; UNCL4343 for the
status. What the receiver would refuse is a MappingError here: a refusal without a reason, a time without a zone, a
service provider identifier of another form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.errors import MappingError
from hub.model.reply import Code
from schemas.ubl.names import (
    INVOICE_RESPONSE,
    INVOICE_RESPONSE_PROFILE,
    MLR,
    MLR_PROFILE,
    MLS,
    MLS_PROFILE,
    current_scheme,
)
from schemas.ubl.parties import LegalEntity, Party
from schemas.ubl.response import (
    ApplicationResponse,
    DocumentResponse,
    LineResponse,
    Referenced,
    Response,
    Status,
)
from schemas.ubl.values import Identifier, ListedCode

SPIS = "0242"
"""ISO 6523 scheme of Peppol service providers, the parties of a message level status."""
_SPIS_FORM = re.compile(r"[0-9]{6}(-[0-9A-Z_]{3,12}(\.[0-9A-Z\-._~]{3,24})?)?", re.IGNORECASE)
STATUS_LIST = "UNCL4343OpSubset"
_FAILURES = frozenset({"BV", "SV", "FD"})
_MESSAGE_STATUS = frozenset({"AB", "AP", "RE"})
_INVOICE_STATUS = frozenset({"AB", "IP", "UQ", "CA", "RE", "AP", "PD"})
_NEEDS_REASON = frozenset({"CA", "UQ", "RE"})
NOWHERE = "NA"
"""The place of an issue that is about no single element."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One thing wrong with a message: BV (a rule, fatal), BW (a rule, warning), SV (syntax) or FD (not delivered)."""

    reason: str
    text: str
    place: str = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Who answers whom about what: `about` is the invoice's number, or the instance id of the envelope (MLS).

    `sender` and `receiver` are `SCHEME:NUMBER`; the names are those of the invoice's parties (Invoice Response only).
    """

    id: str
    at: datetime
    sender: str
    receiver: str
    about: str
    type_code: str = ""
    sender_name: str = ""
    receiver_name: str = ""


def to_invoice_response(answering: Answering, status: str, codes: Sequence[Code] = ()) -> ApplicationResponse:
    """The buyer's word on an invoice; `codes` are reasons (OPStatusReason) and wishes (OPStatusAction) with texts."""
    if status not in _INVOICE_STATUS:
        raise _cannot(answering, f"status {status!r} is none of an Invoice Response")
    reasons = [code for code in codes if code.list == "OPStatusReason"]
    if status in _NEEDS_REASON and not reasons:
        raise _cannot(answering, f"status {status} needs a reason (OPStatusReason)")
    if any(code.code == "PPD" and not code.text for code in reasons):
        raise _cannot(answering, "a partial payment needs its amount in words")
    answer = Response(
        code=ListedCode(status, STATUS_LIST),
        statuses=tuple(Status(reason_code=ListedCode(code.code, code.list), reason=code.text) for code in codes),
    )
    referenced = Referenced(id=Identifier(answering.about), type_code=ListedCode(answering.type_code or "380"))
    return _message(
        answering,
        (INVOICE_RESPONSE, INVOICE_RESPONSE_PROFILE),
        DocumentResponse(response=answer, references=(referenced,)),
        named=True,
    )


def to_mlr(answering: Answering, status: str, text: str = "", issues: Sequence[Issue] = ()) -> ApplicationResponse:
    """The receiving side's word on a message: taken over (AP, AB) or refused (RE) with what is wrong."""
    return _message(answering, (MLR, MLR_PROFILE), _about_message(answering, status, text, issues))


def to_mls(answering: Answering, status: str, text: str = "", issues: Sequence[Issue] = ()) -> ApplicationResponse:
    """One service provider's word to another: delivered (AP), handed on (AB), or refused or undeliverable (RE)."""
    for identifier in (answering.sender, answering.receiver):
        scheme, _, number = identifier.partition(":")
        if scheme != SPIS or _SPIS_FORM.fullmatch(number) is None:
            raise _cannot(answering, f"{identifier[:40]!r} is no service provider ({SPIS}:nnnnnn)")
    return _message(answering, (MLS, MLS_PROFILE), _about_message(answering, status, text, issues))


def _about_message(answering: Answering, status: str, text: str, issues: Sequence[Issue]) -> DocumentResponse:
    if status not in _MESSAGE_STATUS:
        raise _cannot(answering, f"status {status!r} is none of a message response")
    failed = any(issue.reason in _FAILURES for issue in issues)
    if (status == "RE") != failed:
        raise _cannot(answering, "a refusal names a failure (BV, SV, FD), and nothing else does")
    if status == "RE" and not text:
        raise _cannot(answering, "a refusal says why")
    if any(not issue.text for issue in issues):
        raise _cannot(answering, "an issue says what is wrong")
    codes = ListedCode(answering.type_code) if answering.type_code else None
    return DocumentResponse(
        response=Response(code=ListedCode(status), descriptions=(text,) if text else ()),
        references=(Referenced(id=Identifier(answering.about), type_code=codes),),
        lines=tuple(_issue(issue) for issue in issues),
    )


def _issue(issue: Issue) -> LineResponse:
    said = Response(descriptions=(issue.text,), statuses=(Status(reason_code=ListedCode(issue.reason)),))
    return LineResponse(line=issue.place, responses=(said,))


def _message(
    answering: Answering, ids: tuple[str, str], answer: DocumentResponse, *, named: bool = False
) -> ApplicationResponse:
    if answering.at.tzinfo is None:
        raise _cannot(answering, "the time has no zone")
    customization, profile = ids
    return ApplicationResponse(
        customization_id=customization,
        profile_id=profile,
        id=answering.id,
        issue_date=answering.at.date(),
        issue_time=answering.at.timetz().isoformat(timespec="seconds"),
        sender=_party(answering.sender, answering.sender_name if named else ""),
        receiver=_party(answering.receiver, answering.receiver_name if named else ""),
        responses=(answer,),
    )


def _party(identifier: str, name: str) -> Party:
    scheme, _, number = identifier.partition(":")
    legal = LegalEntity(name=name) if name else None
    return Party(endpoint=Identifier(number, current_scheme(scheme)), legal=legal)


def _cannot(answering: Answering, why: str) -> MappingError:
    return MappingError(why, where=f"response to {answering.about}")

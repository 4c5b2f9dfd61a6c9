"""A finished Vektis claim file of any standard: checked, and read into one claim per performance line.

Sources: Vektis layout tables (`schemas.vektis`), COD833 (who is paid), COD856 (test or production).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from hub.errors import FormatError
from hub.formats.vektis_responses import is_response
from hub.model.claim import ClaimKind, ClaimLine
from hub.model.finding import Finding
from hub.model.identity import is_test_bsn, mask
from hub.model.money import Money
from hub.model.quarter import quarter_of
from hub.pipeline.finished.reading import Draft, Envelope, Place, Reading, problem
from hub.store.unit import new_id
from mappings.vektis_finished import ClaimFileHeader, ClaimFileLine, from_claim_file
from schemas import vektis
from schemas.vektis import VektisFile

COUNTRY = "NL"
AGB = "AGB"
_NOT_NAME = re.compile(r"[^A-Za-z0-9]+")


def recognise(data: bytes) -> str | None:
    """The claim standard a file's opening record announces, when there is a table for it."""
    kind = vektis.recognise(data)
    return kind if kind and not is_response(kind) else None


def read(data: bytes, kind: str, on: date, stage: str) -> Reading:
    """Check a claim file and read it; one record that cannot be read refuses the file, which is sent whole or not."""
    findings = vektis.check(data, on=on)
    try:
        file = vektis.read(data)
        header, lines = from_claim_file(file)
    except FormatError as error:
        unread = problem(
            "KVITT-FINISHED-01", "FINISHED_UNREADABLE", at=Place(location=error.where), reason=error.message
        )
        return Reading(format=kind, country="NL", findings=(*findings, unread))
    found = (*findings, *_stage(file, header, lines, stage), *unclaimable(lines))
    return reading_of(header, lines, found, _envelope(kind, file, header, lines))


def _stage(file: VektisFile, header: ClaimFileHeader, lines: Sequence[ClaimFileLine], stage: str) -> Iterator[Finding]:
    """A test file never leaves a production hub, nor a real one any other; production knows no made-up people."""
    production = stage == "production"
    if header.test == production:
        one = file.header.layout.field("COD856")
        place = Place(location=f"1:01/{one.element}", record=1, element=one.element, start=one.start, end=one.end)
        wanted = "P" if production else "T"
        yield problem("KVITT-STAGE-01", "WRONG_STAGE", at=place, stage=stage, wanted=wanted)
    for line in lines:
        if production and is_test_bsn(line.person.bsn):
            place = Place(record=line.record, location=str(line.record), value=mask(line.person.bsn))
            yield problem("KVITT-STAGE-02", "FINISHED_TEST_PERSON", at=place, record=line.record)


def unclaimable(lines: Sequence[ClaimFileLine]) -> Iterator[Finding]:
    """Lines no claim can be made of, each with its record."""
    if not lines:
        yield problem("KVITT-FINISHED-03", "FINISHED_NO_LINES")
    for line in lines:
        yield from line.findings
        if not line.findings and (not line.ref or line.begins is None or line.amount is None):
            place = Place(record=line.record, location=str(line.record))
            yield problem("KVITT-FINISHED-04", "FINISHED_NO_CLAIM", at=place, record=line.record)


def reading_of(
    header: ClaimFileHeader, lines: Sequence[ClaimFileLine], findings: tuple[Finding, ...], envelope: Envelope
) -> Reading:
    """A Dutch claim file of any shape as the pipe sees it: one claim per line that one can be made of."""
    paid = {"01": header.service_bureau, "02": header.practitioner, "03": header.practice, "04": header.institution}
    claimant = paid.get(header.payment_to, "")
    provider = header.practice or header.institution or header.practitioner or claimant
    named = (provider, claimant, header.practice, header.institution)
    return Reading(
        format=envelope.kind,
        country="NL",
        findings=findings,
        scheme=AGB,
        number=header.invoice_number,
        issue_date=header.invoice_date,
        currency=header.currency,
        provider=provider,
        claimant=claimant,
        submitter=header.service_bureau or claimant,
        ours=tuple(dict.fromkeys(code for code in named if code)),
        drafts=tuple(_draft(header, claimant, line) for line in lines if _claimable(line)),
        envelope=envelope,
    )


def _claimable(line: ClaimFileLine) -> bool:
    return not line.findings and line.begins is not None and line.amount is not None


def name_of(standard: str, uzovi: str, invoice_number: str, ending: str) -> str:
    """A file name that says nothing personal."""
    return f"{standard}_{uzovi}_{_NOT_NAME.sub('-', invoice_number)}.{ending}"


def _envelope(kind: str, file: VektisFile, header: ClaimFileHeader, lines: Sequence[ClaimFileLine]) -> Envelope:
    uzovi = header.uzovi or next((line.uzovi for line in lines if line.uzovi), "")
    standard = file.layout.standard
    return Envelope(
        kind=kind,
        name=name_of(standard, uzovi, header.invoice_number, "asc"),
        media_type="text/plain; charset=iso-8859-1",
        meta={"receiver": uzovi, "standard": standard, "test": "T" if header.test else "P"},
        ruleset=kind,
    )


def _draft(header: ClaimFileHeader, claimant: str, line: ClaimFileLine) -> Draft:
    amount = line.amount or Money(0, header.currency)
    begins = line.begins or header.period_begin
    credit = amount.minor < 0
    return Draft(
        key=f"finished:{claimant}:{line.ref}",
        at=line.record,
        ref=line.ref,
        kind=ClaimKind.CREDIT if credit else ClaimKind.DEBIT,
        payer_code=line.uzovi or header.uzovi,
        payer_on=begins,
        period=str(quarter_of(begins)),
        person=line.person,
        subject=_subject(claimant, line),
        corrects=line.previous_ref if credit else "",
        lines=(_line(line, amount, begins),),
    )


def _subject(claimant: str, line: ClaimFileLine) -> tuple[str, str]:
    """A person is known by BSN, else by the insurer's number for them, else only by this line."""
    if line.person.bsn:
        return "bsn", line.person.bsn
    if line.person.insured_number:
        return "insured", f"{line.uzovi}:{line.person.insured_number}"
    return "case", f"{claimant}:{line.ref}"


def _line(line: ClaimFileLine, amount: Money, begins: date) -> ClaimLine:
    """Standards without a tariff field give the amount itself; their quantity is then kept beside it."""
    claimed = Money(abs(amount.minor), amount.currency)
    priced = line.unit_price is not None and line.quantity > 0
    return ClaimLine(
        id=new_id(),
        number=1,
        ref=line.ref,
        service_code=line.service_code,
        code_list=line.code_list,
        begins=begins,
        ends=line.ends,
        quantity=line.quantity if priced else 1,
        unit_price=line.unit_price if priced and line.unit_price is not None else claimed,
        amount=amount,
        performer=line.performer,
        previous_ref=line.previous_ref,
        extra={} if priced else {"quantity": str(line.quantity)},
    )

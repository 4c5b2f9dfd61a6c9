"""A finished GDS801 message of another system (mental health care): checked, and read into one claim per performance.

Sources: `schemas.gds` and `mappings.gds` for what stands where; Berichtsoort T or P (COD856).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from hub.errors import FormatError
from hub.model.finding import Finding
from hub.model.identity import is_test_bsn, mask
from hub.pipeline.finished.claim_files import name_of, reading_of, unclaimable
from hub.pipeline.finished.reading import Envelope, Place, Reading, problem
from mappings.gds import from_gds801
from mappings.vektis_finished import ClaimFileHeader, ClaimFileLine
from schemas import gds

COUNTRY = "NL"
_CLAIM, _NEWEST = "vektis-GDS801-", "vektis-GDS801-1.0"
_NAMESPACE = b"http://ei.vektis.nl/declaratiebericht573"
_HEAD = 4096


def recognise(data: bytes) -> str | None:
    """By its namespace, also where the message is broken further on (then its findings say so)."""
    if not gds.is_gds(data):
        return None
    kind = gds.recognise(data)
    if kind is None and _NAMESPACE in data[:_HEAD]:
        return _NEWEST
    return kind if kind and kind.startswith(_CLAIM) else None


def read(data: bytes, kind: str, on: date, stage: str) -> Reading:
    """Check a message and read it; one performance that cannot be read refuses the message."""
    findings = tuple(gds.check(data, on=on))
    try:
        header, lines = from_gds801(gds.read(data))
    except FormatError as error:
        unread = problem(
            "KVITT-FINISHED-01", "FINISHED_UNREADABLE", at=Place(location=error.where), reason=error.message
        )
        return Reading(format=kind, country=COUNTRY, findings=(*findings, unread))
    found = (*findings, *_stage(header, lines, stage), *unclaimable(lines))
    return reading_of(header, lines, found, _envelope(kind, header, lines))


def _stage(header: ClaimFileHeader, lines: Sequence[ClaimFileLine], stage: str) -> Iterator[Finding]:
    """A test message never leaves a production hub, nor a real one any other; production knows no made-up people."""
    production = stage == "production"
    if header.test == production:
        place = Place(location="/Bericht/Header/Berichtsoort", element="Berichtsoort")
        wanted = "P" if production else "T"
        yield problem("KVITT-STAGE-01", "WRONG_STAGE", at=place, stage=stage, wanted=wanted)
    for line in lines:
        if production and is_test_bsn(line.person.bsn):
            place = Place(record=line.record, location=f"line {line.record}", value=mask(line.person.bsn))
            yield problem("KVITT-STAGE-02", "FINISHED_TEST_PERSON", at=place, record=line.record)


def _envelope(kind: str, header: ClaimFileHeader, lines: Sequence[ClaimFileLine]) -> Envelope:
    uzovi = header.uzovi or next((line.uzovi for line in lines if line.uzovi), "")
    return Envelope(
        kind=kind,
        name=name_of("GDS801", uzovi, header.invoice_number, "xml"),
        media_type="application/xml",
        meta={"receiver": uzovi, "standard": "GDS801", "test": "T" if header.test else "P"},
        ruleset=kind,
    )

"""Dutch claim messages of mental health care: a batch of claims of one claimant, insurer and month becomes one GDS801.

The period runs from the first to the last day of what is claimed. Our reference of the message is its invoice number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from hub.formats import Batch, Built
from hub.model.claim import Claim, ClaimKind
from hub.model.finding import Finding, blocking
from mappings.gds import PRACTICE, GdsHeader, to_gds801, writable
from schemas import gds

GDS801 = "vektis-GDS801-1.0"
BUILDS = (GDS801,)


def build(batch: Batch) -> Built:
    """Write and check the message; claims that cannot be written or do not pass are left out, each with its reason."""
    header = _header(batch)
    good, misfits = writable(header, batch.claims)
    bad = {claim.id: ("MAPPING_FAILED", error.message) for claim, error in misfits}
    payload, findings = _written(header, good, batch.today)
    if blocking(findings):
        failed = _failed(header, good, batch.today)
        bad |= failed
        good = [claim for claim in good if claim.id not in failed]
        payload, findings = _written(header, good, batch.today) if failed else (payload, findings)
    first = batch.claims[0]
    series = "C" if first.kind is ClaimKind.CREDIT else "D"
    return Built(
        payload=payload,
        kind=GDS801,
        name=f"GDS801_{header.uzovi}_{first.period}_{series}_{batch.invoice_number}.xml",
        media_type="application/xml",
        meta={"receiver": header.uzovi, "standard": "GDS801", "test": "T" if batch.test else "P"},
        ruleset=GDS801,
        findings=tuple(findings),
        bad=bad,
    )


def _header(batch: Batch) -> GdsHeader:
    first = batch.claims[0]
    days = [_day(line.begins) for claim in batch.claims for line in claim.lines]
    return GdsHeader(
        reference=batch.invoice_number,
        invoice_number=batch.invoice_number,
        invoice_date=batch.today,
        sent=batch.today,
        period_begin=min(days),
        period_end=max(days),
        uzovi=first.payer_code,
        sender=first.submitter.id,
        claimant=first.claimant.id,
        claimant_kind=first.references.get("declarant_kind", PRACTICE),
        test=batch.test,
        currency=first.currency,
    )


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _written(header: GdsHeader, claims: Sequence[Claim], today: date) -> tuple[bytes, list[Finding]]:
    if not claims:
        return b"", []
    payload = gds.write(to_gds801(header, claims))
    return payload, gds.check(payload, on=today)


def _failed(header: GdsHeader, claims: Sequence[Claim], today: date) -> Mapping[str, tuple[str, str]]:
    """Which claims do not pass by themselves; what is wrong with the message as a whole is no claim's fault."""
    found: dict[str, tuple[str, str]] = {}
    for claim in claims:
        stops = blocking(_written(header, [claim], today)[1])
        if stops:
            found[claim.id] = ("CHECK_FAILED", f"{stops[0].code}: {stops[0].said()}")
    return found

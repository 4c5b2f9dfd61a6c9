"""Dutch claim files: a batch of claims of one claimant, insurer, module and quarter becomes one HA304 file.

The period is the quarter (decision 12), but never ends after the invoice date: a file dated within the quarter would be
refused for it (return codes 8176-8178 of the published control rules).
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence

from hub.formats import Batch, Built
from hub.model.claim import Claim
from hub.model.finding import Finding, blocking
from hub.model.quarter import quarter
from mappings.vektis import ClaimFileHeader, to_ha304, writable
from schemas import vektis

HA304 = "vektis-HA304-4.2"
BUILDS = (HA304,)


def build(batch: Batch) -> Built:
    """Write and check the file; claims that cannot be written or do not pass are left out, each with its reason."""
    header = _header(batch)
    good, misfits = writable(header, batch.claims)
    bad = {claim.id: ("MAPPING_FAILED", error.message) for claim, error in misfits}
    payload, findings = _written(header, good)
    failed = _failed(payload, good, findings) if blocking(findings) else {}
    if failed:
        bad |= failed
        good = [claim for claim in good if claim.id not in failed]
        payload, findings = _written(header, good)
    return Built(
        payload=payload,
        kind=HA304,
        name=f"HA304_{header.uzovi}_{batch.claims[0].period}_{batch.invoice_number}.asc",
        media_type="text/plain; charset=iso-8859-1",
        meta={"receiver": header.uzovi, "standard": "HA304", "test": "T" if batch.test else "P"},
        ruleset=HA304,
        findings=tuple(findings),
        bad=bad,
    )


def _header(batch: Batch) -> ClaimFileHeader:
    """Decision 1: service bureau in 0109, care group in 0112, payment to the institution (04), 0110 and 0111 empty."""
    first = batch.claims[0]
    period = quarter(first.period)
    by_practice = batch.agreement.settings.get("header", "care_group") == "practice"
    return ClaimFileHeader(
        invoice_number=batch.invoice_number,
        invoice_date=batch.today,
        period_begin=period.first_day,
        period_end=max(min(period.last_day, batch.today), period.first_day),
        uzovi=first.payer_code,
        service_bureau=first.submitter.id,
        practice=first.provider.id if by_practice else "",
        institution=first.claimant.id,
        test=batch.test,
        currency=first.currency,
    )


def _written(header: ClaimFileHeader, claims: Sequence[Claim]) -> tuple[bytes, list[Finding]]:
    if not claims:
        return b"", []
    payload = vektis.write(to_ha304(header, claims))
    return payload, vektis.check(payload)


def _failed(payload: bytes, claims: Sequence[Claim], findings: Sequence[Finding]) -> Mapping[str, tuple[str, str]]:
    """Which claims the blocking findings are about: those whose records they name (an insured record names all its)."""
    by_ref = {line.ref: claim for claim in claims for line in claim.lines}
    owners: list[tuple[int, list[Claim]]] = []
    for number, record in enumerate(vektis.read(payload).records, start=1):
        if record.kind == "02":
            owners.append((number, []))
        elif record.kind == "04" and owners:
            owners[-1][1].append(by_ref[record.string("0420")])
    starts = [number for number, _ in owners]
    found: dict[str, tuple[str, str]] = {}
    for finding in blocking(findings):
        place = bisect.bisect_right(starts, finding.record or 0) - 1
        for claim in owners[place][1] if place >= 0 else []:
            found[claim.id] = ("CHECK_FAILED", f"{finding.code}: {finding.said()}")
    return found

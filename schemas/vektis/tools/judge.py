"""Judge records that come one after another, from wherever: the check of a whole file without having it in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from hub.model.finding import Finding
from schemas.vektis.check import Checker
from schemas.vektis.codec import Record
from schemas.vektis.layout import CONTINUED, Layout


def judged(records: Iterable[Record], layout: Layout, *, on: date | None = None) -> Iterator[Finding]:
    """The findings as they are made, those on the whole file last."""
    checker = Checker(layout, on)
    findings = checker.report.findings
    for record in records:
        if record.layout is not CONTINUED:
            checker.take(record)
        yield from findings
        findings.clear()
    checker.finish()
    yield from findings

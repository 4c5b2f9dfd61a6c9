"""Check a Vektis file on Vektis' own five levels: N1 readable, N2 structure, N3 form, N4 domain, N5 cross-field.

In a response file the claim's part of a record is not judged again (it may be wrong, that is why it comes back): there
the levels cover the structure, the closing record and what the response adds.
"""

from __future__ import annotations

from datetime import date

from hub.model.finding import Finding
from schemas.vektis.codec import Record, VektisFile, read
from schemas.vektis.cross_rules import Context, check_header, check_record, check_whole
from schemas.vektis.field_rules import check_fields, rules_of
from schemas.vektis.layout import announced, known_code
from schemas.vektis.report import Report
from schemas.vektis.structure import Sequence, check_counts, check_readable, check_total

_ENOUGH = 9


def check(data: bytes, *, on: date | None = None) -> list[Finding]:
    """Every finding on a file's bytes, in order of record; `on` is the day against which dates lie in the future."""
    refused = _unreadable(data)
    return refused or check_file(read(data), on=on)


def _unreadable(data: bytes) -> list[Finding]:
    """Why a file cannot be read at all, as one fatal finding; empty when it can."""
    report = Report("vektis")
    text = data[:_ENOUGH].decode("latin-1")
    if not data:
        report.add("EMPTY")
    elif text[:2] != "01":
        report.add("NO-HEADER", returns="0002")
    elif not known_code(text[2:5]):
        report.add("EI-CODE", returns="0010", value=f"{text[2:5]!a}")
    elif announced(text[2:5], text[5:7], text[7:9]) is None:
        report.add("VERSION", returns="0011", value=f"{text[5:7]!a}.{text[7:9]!a}")
    return report.findings


def check_file(file: VektisFile, *, on: date | None = None) -> list[Finding]:
    """Every finding on a file that was read or made."""
    report = Report(file.format)
    context = Context(report, on, line_amount=bool(file.layout.line_amount))
    _check_records(file, report, context)
    check_counts(file, report)
    check_total(file, report)
    return sorted(report.findings, key=lambda one: one.record or 0)


def _check_records(file: VektisFile, report: Report, context: Context) -> None:
    rules = rules_of(file.layout)
    sequence = Sequence(file.layout, report)
    own = not file.layout.is_response
    bsn = ""
    for record in file.records:
        check_readable(record, report)
        if not record.layout.length:
            continue
        sequence.take(record)
        if not record.whole:
            continue
        kind = record.layout.kind
        check_fields(record, rules[kind], report, bsn)
        if kind == "02":
            bsn = record["NUM313"]
        if own:
            _check_crosswise(record, kind, context)
    sequence.finish(file.records[-1])
    if own:
        check_whole(context)


def _check_crosswise(record: Record, kind: str, context: Context) -> None:
    if kind == "01":
        check_header(record, context)
    elif kind != "99":
        check_record(record, context)

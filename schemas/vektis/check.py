"""Check a Vektis file on Vektis' own five levels: N1 readable, N2 structure, N3 form, N4 domain, N5 cross-field.

There is one way of checking, record by record, whatever the file comes from: only what later records are compared with
is kept (open records, counts, sums, digests of references), so that a file of any size can be judged.

In a response file the claim's part of a record is not judged again (it may be wrong, that is why it comes back): there
the levels cover the structure, the closing record and what the response adds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from io import BytesIO
from typing import BinaryIO

from hub.model.finding import Finding
from schemas.vektis.codec import (
    ENCODING,
    Record,
    VektisFile,
    batches,
    cut,
    foreign_charset,
    header_of,
    pieces,
    record_of,
)
from schemas.vektis.cross_rules import Context, check_header, check_record, check_whole
from schemas.vektis.field_rules import RecordRules, check_fields, likely, rules_of
from schemas.vektis.layout import CONTINUED, Layout, RecordLayout, announced, known_code, layouts, versions_of
from schemas.vektis.quick import quick_checks
from schemas.vektis.report import Report
from schemas.vektis.structure import Opened, Sequence, Tally, check_closing, check_readable, parts_of

Progress = Callable[[int], object]
_PROGRESS_EVERY = 600_000
Lines = tuple[list[str], str, int]
"""Some lines of a stream, as the codec's `batches` gives them."""


def check(data: bytes, *, on: date | None = None, layout: Layout | None = None) -> list[Finding]:
    """Every finding on a file's bytes, in order of record; `on` is the day against which dates lie in the future."""
    return _ordered(check_records(BytesIO(data), on=on, layout=layout))


def check_file(file: VektisFile, *, on: date | None = None) -> list[Finding]:
    """Every finding on a file that was read or made."""
    return _ordered(judged(file.records, file.layout, on=on))


def judged(records: Iterable[Record], layout: Layout, *, on: date | None = None) -> Iterator[Finding]:
    """The findings on records from wherever, as they are made, those on the whole file last; none is kept in memory."""
    return _judged(records, Checker(layout, on))


def _ordered(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda one: one.record or 0)


def check_records(
    stream: BinaryIO,
    *,
    on: date | None = None,
    layout: Layout | None = None,
    progress: Progress | None = None,
    first: bytes = b"",
) -> Iterator[Finding]:
    """The findings on an open binary stream as they are made, those on the whole file last; memory stays bounded.

    `layout` says what the file is where it does not say so itself (SB311) or says what nobody knows. `progress` is
    called now and then with the number of bytes that were judged. `first` is the first line where it was read already.
    """
    first = first or next(pieces(stream), b"")
    chosen, refused = opened(first, layout)
    yield from refused
    if chosen is not None:
        checker = Checker(chosen, on)
        lines = batches(stream, first)
        yield from _judged(_doubtful(lines if progress is None else _told(lines, progress), checker), checker)


def _told(lines: Iterable[Lines], progress: Progress) -> Iterator[Lines]:
    done = told = 0
    for batch in lines:
        yield batch
        done += batch[2]
        if done - told >= _PROGRESS_EVERY:
            told = done
            progress(done)
    progress(done)


def _doubtful(every: Iterable[Lines], checker: Checker) -> Iterator[Record]:
    """The records of a file that the quick answer does not let pass; the others are noted and gone."""
    number, inside, layout = 0, False, checker.layout
    quick = quick_checks(layout, checker)
    for lines, piece, _ in every:
        for line in lines:
            number += not inside
            if not inside and (passes := quick.get(line[:2])) is not None and passes(line, number):
                continue
            for part in cut(line):
                yield record_of(layout, part, number, inside=inside)
                inside = not part.endswith("\n")
        if piece:
            number += not inside
            yield record_of(layout, piece, number, inside=inside)
            inside = True


def opened(first: bytes, layout: Layout | None = None) -> tuple[Layout | None, list[Finding]]:
    """By which layout a file is judged (none when it cannot be), and what is wrong with how its first line begins."""
    report = Report(layout.format if layout else "vektis")
    text = first.decode(ENCODING)
    charset = foreign_charset(first)
    if charset:
        report.add("CHARSET", value=charset, expected="ISO 8859-1")
        return None, report.findings
    if not first:
        report.add("EMPTY")
        return None, report.findings
    if layout is not None and "01" not in layout.records:
        return layout, report.findings
    fits = layout is not None and text[:2] == "01" and layout.fits(*header_of(text))
    found = layout if fits else _by_header(text, report)
    chosen = found or (layout if text[:2] in (layout.records if layout else ()) else None)
    if chosen is not None and _unended(text, chosen, report):
        return None, report.findings
    return chosen, report.findings


def _by_header(text: str, report: Report) -> Layout | None:
    """The layout an opening record announces; why there is none is reported."""
    code, version, subversion = header_of(text)
    found = announced(code, version, subversion) if text[:2] == "01" else None
    if text[:2] != "01":
        report.add("NO-HEADER", _opening(text), "COD001", returns="0002")
    elif not known_code(code):
        report.add("EI-CODE", _opening(text), "COD002", returns="0010", value=f"{code!a}")
    elif found is None:
        majors = {one.version.partition(".")[0].zfill(2) for one in layouts() if code in one.ei_codes}
        part, known = "NUM309" if version in majors else "NUM001", ", ".join(versions_of(code))
        value = f"{version!a}.{subversion!a}"
        report.add("VERSION", _opening(text), part, returns="0011", value=value, expected=known)
    return found


def _opening(text: str) -> Record:
    """The first record as an opening record of any standard: what it announces stands at the same place in all."""
    layout = next(one.records["01"] for one in layouts() if "01" in one.records)
    return Record(layout, text, 1)


def _unended(text: str, layout: Layout, report: Report) -> bool:
    """Whether the records of a file are not ended by line feeds at all, which makes it one line."""
    first = next(iter(layout.records.values()))
    following = text[first.length : first.length + 3]
    if text.endswith("\n") or len(following) < 3:
        return False
    parted = following[0] == "\r" and following[1:] in layout.records
    if parted or following[:2] in layout.records:
        report.add("ONE-LINE", returns="8095", value="CR" if parted else "-", expected="CR LF")
        return True
    return False


@dataclass(slots=True)
class Checker:
    """Judges records one after another, in order, by a layout; `findings` are those made since they were last taken."""

    layout: Layout
    on: date | None = None
    report: Report = field(init=False)
    context: Context = field(init=False)
    sequence: Sequence = field(init=False)
    tally: Tally = field(init=False)
    rules: dict[RecordLayout, RecordRules] = field(init=False)
    bsn: str = ""
    last: Opened | None = None

    def __post_init__(self) -> None:
        """Begin before the first record."""
        self.report = Report(self.layout.format)
        self.context = Context(self.report, self.layout, self.on)
        self.sequence = Sequence(self.layout, self.report)
        self.tally = Tally(self.layout)
        self.rules = {self.layout.records[kind]: one for kind, one in rules_of(self.layout).items()}

    def take(self, record: Record) -> None:
        """Judge the next record."""
        self.tally.add(record)
        sound = check_readable(record, self.report)
        self.last = parts_of(record)
        if not record.layout.length:
            record = self._guessed(record)
            if not record.layout.length:
                return
        self.sequence.take(record)
        layout = record.layout
        kind = layout.kind
        if not (sound or record.whole):
            self.context.lost(kind)
            return
        rules = self.rules.get(layout) or _rules_of(self.layout, layout)
        check_fields(record, rules, self.report, self.bsn)
        if kind == "02" and "NUM313" in layout.slices:
            self.bsn = record.text[layout.slices["NUM313"]]
        if kind == "01":
            check_header(record, self.context)
        else:
            check_record(record, self.context)

    def _guessed(self, record: Record) -> Record:
        """A record of unknown kind as the kind it fits best, so that what stands around it keeps its place."""
        kind = likely(record.text, self.layout) if record.text else None
        if kind is not None:
            record = replace(record, layout=kind)
        if record.text:
            self.report.add("KIND", record, returns="0002", value=f"{record.kind!a}")
        if kind is None:
            self.context.lost()
        return record

    def finish(self) -> None:
        """Judge what is only known when the file has ended."""
        self.sequence.finish(Record(*self.last) if self.last else None)
        check_whole(self.context)
        check_closing(self.tally, self.report)


@lru_cache(maxsize=64)
def _rules_of(layout: Layout, record: RecordLayout) -> RecordRules:
    """The rules of a record whose reserve goes on to the end."""
    return rules_of(replace(layout, records={record.kind: record}))[record.kind]


def _judged(records: Iterable[Record], checker: Checker) -> Iterator[Finding]:
    take, findings = checker.take, checker.report.findings
    for record in records:
        if record.layout is CONTINUED:
            continue
        take(record)
        if findings:
            yield from findings
            findings.clear()
    checker.finish()
    yield from findings

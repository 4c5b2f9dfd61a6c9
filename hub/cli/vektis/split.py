"""What `kvitt vektis split` does: judge a claim file, or ask its response, and write the good and the bad part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from hub.cli.output import say
from hub.cli.vektis.files import layout_for, put, records, whole, written
from hub.cli.vektis.words import severity, words
from hub.errors import ContentError
from hub.model.finding import Finding, Severity
from hub.model.reply import Code, Decision, FileOutcome, ResponseFile, Verdict
from mappings.vektis_replies import CLEARING, PAYER, from_response, line_ref
from schemas.codelists import lookup
from schemas.vektis import Layout, Record
from schemas.vektis.check import judged
from schemas.vektis.tools.split import Faults, bad_lines, faults, sorted_out
from schemas.vektis.tools.split import split as split_records


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Where the parts go, who names the bad lines (`response`, else our rules), and how numbers are written."""

    good: Path
    bad: Path
    response: Path | None
    clearing: bool
    on: date
    keep_numbers: bool


@dataclass(slots=True, kw_only=True)
class Done:
    """What was taken out and where the parts are; `refused` says why a file was not split."""

    taken: Sequence[tuple[Record, Finding]] = ()
    refused: Sequence[Finding] = ()
    parts: dict[str, tuple[Path, int]] = field(default_factory=dict)
    by_insurer: bool = False
    still: int = 0
    faultless: bool = False

    @property
    def to_send(self) -> bool:
        """Whether there is something that can be sent."""
        return self.faultless or "good" in self.parts

    def as_json(self, language: str) -> dict[str, Any]:
        """The JSON shape of `kvitt vektis split --json`."""
        return {
            "to_send": self.to_send,
            "parts": {name: {"file": str(path), "lines": count} for name, (path, count) in self.parts.items()},
            "taken": [one.as_json(language) for _, one in self.taken],
            "refused": [one.as_json(language) for one in self.refused],
            "still": self.still,
        }


def split(path: Path, wanted: str, asked: Asked) -> Done:
    """Both parts, written whole or not at all; nothing is written where nothing is wrong or everything is."""
    layout = layout_for(path, wanted)
    if layout.is_response:
        raise ContentError(f"{layout.format} is a response", where=str(path), hint="split its claim file --response it")
    if asked.response is None:
        found, done = _judged(path, layout, asked.on), Done()
    else:
        found, done = _named(path, layout, asked.response, clearing=asked.clearing)
    done.refused = found.file
    done.faultless = not found.file and not found.lines
    if found.file or not found.lines:
        return done
    done.taken = [(one, finding) for one in records(path, layout) for finding in found.lines.get(one.number, ())]
    _write(path, layout, found, asked, done)
    if asked.response is not None and "good" in done.parts:
        done.still = len(faults(judged(records(asked.good, layout), layout, on=asked.on)).lines)
    return done


def _judged(path: Path, layout: Layout, on: date) -> Faults:
    return bad_lines(lambda: records(path, layout), layout, lambda made: judged(made, layout, on=on))


def _write(path: Path, layout: Layout, found: Faults, asked: Asked, done: Done) -> None:
    if asked.good.resolve() == asked.bad.resolve():
        raise ContentError("--good and --bad are one file", hint="name two")
    if not any(good and one.kind == "04" for good, one in sorted_out(records(path, layout), found.lines)):
        return
    counts: Counter[bool] = Counter()
    parts = split_records(records(path, layout), layout, found.lines, keep_numbers=asked.keep_numbers)
    with written(asked.bad, path) as bad_stream, written(asked.good, path) as good_stream:
        for is_good, record in parts:
            put(record, good_stream if is_good else bad_stream)
            counts[is_good] += record.kind == "04"
    done.parts = {"good": (asked.good, counts[True]), "bad": (asked.bad, counts[False])}


def _named(path: Path, layout: Layout, response: Path, *, clearing: bool) -> tuple[Faults, Done]:
    """The lines a response refuses, as faults of the claim file's records."""
    said = _answer(response, layout, clearing=clearing)
    opening = next(records(path, layout))
    if said.invoice_number != opening.string("NUM029"):
        raise ContentError("the response is about another invoice", where=str(response), hint="compare element 0116")
    refused = {one.line_ref: one for one in said.decisions if one.verdict is Verdict.REFUSED and one.line_ref}
    found = Faults()
    for record in records(path, layout):
        if record.whole and record.kind == layout.money_kind:
            decision = refused.pop(line_ref(record), None)
            if decision is not None:
                found.lines[record.number] = _findings(record, decision)
    if refused:
        raise ContentError(f"the response refuses {len(refused)} lines this file has not", where=str(response))
    if said.outcome is FileOutcome.TRIAGE:  # the response contradicts itself: nobody knows which lines are bad
        found.file += said.findings
    elif said.outcome is FileOutcome.FILE_REFUSED and not found.lines:
        found.file += [_finding(opening, code) for code in said.codes]
    return found, Done(by_insurer=not clearing and said.refused_by != CLEARING)


def _answer(response: Path, layout: Layout, *, clearing: bool) -> ResponseFile:
    answer = whole(response)
    if answer.layout.answers != layout.standard:
        raise ContentError(f"{answer.format} does not answer {layout.format}", where=str(response))
    return from_response(answer, source=CLEARING if clearing else PAYER)


def _findings(record: Record, decision: Decision) -> list[Finding]:
    return [_finding(record, code) for code in decision.codes] or [_finding(record, Code(list="COD954", code=""))]


def _finding(record: Record, code: Code) -> Finding:
    entry = lookup(code.list, code.code)
    return Finding(
        code=f"{code.list}:{code.code}",
        severity=Severity.ERROR,
        text=dict(entry.text) if entry else {},
        hint=dict(entry.hint) if entry else {},
        location=f"{record.number}:{record.kind}",
        line=record.number,
        record=record.number,
        element=code.element,
    )


def tell(done: Done, language: str) -> None:
    """Which lines were taken out and why, and where the parts are."""
    for one in done.refused:
        _tell_finding(one, "", language)
    for record, one in done.taken:
        _tell_finding(one, words("taken", language, record=record.number, kind=record.kind), language)
    for path, count in done.parts.values():
        say(words("written", language, out=path, lines=count))
    remarks = {
        "refused": bool(done.refused),
        "all_good": done.faultless,
        "all_bad": bool(done.taken) and not done.parts,
        "insurer": done.by_insurer and bool(done.parts),
        "still": bool(done.still),
    }
    for key, holds in remarks.items():
        if holds:
            say(words(key, language, count=done.still))


def _tell_finding(one: Finding, place: str, language: str) -> None:
    said = f"{place}: " if place else ""
    where = f" {one.element}" if one.element else ""
    say(f"  {said}{severity(one.severity.value, language)} {one.code}{where}: {one.said(language)}")

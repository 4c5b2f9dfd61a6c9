"""The responses to a claim file cut down to some of its lines: what one provider may see, as a response file again.

Sources: layout tables; STB GZ321 6.2 (a response returns wrong lines with what they belong to). Codes and amounts stay
as received; counts and totals are made anew. A record that cannot be read is left out: it may be about anybody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from hub.errors import ContentError, FormatError
from hub.model.reply import FileOutcome
from mappings.vektis_credits import Claimed, claimed_lines
from mappings.vektis_replies import PAYER, from_response, line_ref
from mappings.vektis_responses import closing, extended
from schemas.vektis import Record, VektisFile, amended, response_layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A response as it came, and who sent it (`payer` or `clearing`)."""

    file: VektisFile
    source: str = PAYER


@dataclass(slots=True)
class _Kept:
    """What has been taken over so far: records with their comments by detail number, and the award of every line."""

    records: dict[int, list[Record]] = field(default_factory=dict)
    awarded: dict[str, int] = field(default_factory=dict)

    def take(self, record: Record) -> None:
        """Take one record over; the newest response has the last word on it."""
        self.records[int(record["NUM040"])] = [record]


def extract(claim_file: VektisFile, responses: Sequence[Received], refs: Collection[str]) -> VektisFile:
    """The response to these lines of the claim file; of several (oldest first) the newest that names a line counts.

    A line that no response names is granted as claimed and stays absent, as in the response itself. Where the newest
    response leaves that in doubt the line is returned with nothing awarded and no code, which reads as not judged.
    """
    form = response_layout(claim_file.layout)
    ours = {ref: line for ref, line in claimed_lines(claim_file).items() if ref in refs}
    if not ours or not responses or any(one.file.layout is not form for one in responses):
        raise ContentError("nothing to make a response of", hint="the file has no answer in its own standard yet")
    kept = _Kept()
    for response in responses:
        _take_over(kept, claim_file, response.file, ours)
    newest = responses[-1]
    claimed = sum(line.record.amount_of("BED161") for line in ours.values())
    absent = {ref: line for ref, line in ours.items() if ref not in kept.awarded}
    awarded = sum(kept.awarded.values()) + _absent(kept, claim_file, absent, newest)
    details = [record for number in sorted(kept.records) for record in kept.records[number]]
    header = newest.file.header
    records = [Record(one.layout, one.text, number) for number, one in enumerate([header, *details], start=1)]
    return VektisFile(form, (*records, closing(form, records, claimed, awarded)))


def _take_over(kept: _Kept, claim_file: VektisFile, response: VektisFile, ours: Mapping[str, Claimed]) -> None:
    """Everything a response says about our lines; the first record on a line counts, as when it is read."""
    parents = _parents(claim_file)
    above: dict[str, Record] = {}
    chosen: dict[str, Record] = {}
    for record in _readable(response):
        if record.kind in ("02", "04"):
            above = {kind: one for kind, one in above.items() if kind == "02" and record.kind == "04"}
            above[record.kind] = record
        ref = line_ref(record) if record.kind == response.layout.money_kind else ""
        award = _award(record) if ref in ours and ref not in chosen and _same_person(record, ours[ref].record) else None
        if award is None:
            continue
        chosen[ref] = record
        kept.awarded[ref] = award
        for own in parents[ref]:
            found = above.get(own.kind)
            fits = found is not None and found["NUM040"] == own["NUM040"] and _same_person(found, own)
            kept.take(found if fits and found is not None else _blank(own, response))
        kept.take(record)
    _hang_on(kept, response)


def _hang_on(kept: _Kept, response: VektisFile) -> None:
    """What belongs to the records that stay: debtors, further records of a performance, and comments on them all."""
    insured: Record | None = None
    performance: Record | None = None
    for record in _readable(response):
        stays = kept.records.get(int(record["NUM040"]))
        if record.kind == "02":
            insured, performance = (record if _is(record, stays) else None), None
        elif record.kind == "04":
            performance = record if _is(record, stays) else None
        elif record.kind == "98":
            if stays is not None and _is_own(stays[0], insured):
                stays.append(record)
        elif record.kind != response.layout.money_kind and stays is None and _belongs(record, insured, performance):
            kept.take(record)


def _is(record: Record, stays: Sequence[Record] | None) -> bool:
    return bool(stays) and stays is not None and stays[0].text == record.text


def _is_own(stays: Record, insured: Record | None) -> bool:
    """Whether a comment's record is one that stays and stands under the insured we are at."""
    return insured is not None and ("NUM313" not in stays or _same_person(stays, insured))


def _belongs(record: Record, insured: Record | None, performance: Record | None) -> bool:
    """A debtor belongs to its insured, further records (16, 17) to their performance."""
    parent = insured if record.kind == "03" else performance
    return parent is not None and ("NUM313" not in record or _same_person(record, parent))


def _readable(response: VektisFile) -> list[Record]:
    return [
        one
        for one in response.records
        if one.whole and "NUM040" in one and one["NUM040"].isascii() and one["NUM040"].isdigit()
    ]


def _same_person(one: Record, other: Record) -> bool:
    names = [name for name in ("NUM313", "COD061", "NUM003") if name in one and name in other]
    return all(one[name] == other[name] for name in names)


def _award(record: Record) -> int | None:
    try:
        record.amount_of("BED161")
        return record.amount_of("BED166")
    except FormatError:
        return None


def _parents(claim_file: VektisFile) -> Mapping[str, tuple[Record, ...]]:
    """By line reference what stands above it in the claim file: its insured, and its performance where there is one."""
    found: dict[str, tuple[Record, ...]] = {}
    above: dict[str, Record] = {}
    for record in claim_file.records:
        if record.kind == "02":
            above = {"02": record}
        elif record.kind == "04" and claim_file.layout.money_kind != "04":
            above = {**above, "04": record}
        if record.whole and record.kind == claim_file.layout.money_kind:
            found.setdefault(line_ref(record), tuple(above.values()))
    return found


def _blank(claimed: Record, response: VektisFile) -> Record:
    """A record of the claim file returned without a word on it: the response's own is missing or another person's."""
    return extended(claimed, response.layout, claimed.number)


def _absent(kept: _Kept, claim_file: VektisFile, absent: Mapping[str, Claimed], newest: Received) -> int:
    """What is awarded on lines no response names."""
    said = from_response(newest.file, source=newest.source)
    if said.absent_granted:
        return sum(line.record.amount_of("BED161") for line in absent.values())
    if said.outcome is FileOutcome.FILE_REFUSED and not said.decisions:
        return 0
    parents = _parents(claim_file)
    for ref, line in absent.items():
        for own in (*parents[ref], line.record):
            kept.records.setdefault(int(own["NUM040"]), [_open(own, newest.file)])
    return 0


def _open(claimed: Record, response: VektisFile) -> Record:
    """A claimed record on which nothing is said; a credit's award of nothing has the credit's sign."""
    record = _blank(claimed, response)
    if "BED166" not in record:
        return record
    sign = "C" if claimed.amount_of("BED161") < 0 else "D"
    return amended(record, {record.layout.signs[name]: sign for name in ("BED165", "BED166") if name in record})

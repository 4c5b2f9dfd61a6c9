"""Vektis response files become decisions: HA305 (error codes COD957) and every standard with COD954 return codes.

Sources: layout tables; decision 3 (verdict per line from awarded against claimed, raw codes beside it, lines absent
from an insurer's response granted as claimed, files of 01 and 99 only judged by their totals); STB GZ321 6.2 (a
clearing house that refuses one record refuses the file and returns all records, the good ones with a code of their
own); BER MZ302 (the response repeats the claim file's total; return code 1 of record 01 always filled).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.errors import FormatError
from hub.model.money import Money
from hub.model.reply import Code, Decision, FileOutcome, ResponseFile, Verdict
from schemas.codelists import lookup
from schemas.vektis import Record, VektisFile
from schemas.vektis.report import Report
from schemas.vektis.structure import CLAIMED_TOTAL, cents, check_counts

PAYER = "payer"
CLEARING = "clearing"
NON_ERRORS = frozenset({"0200", "8001", "8002", "8096"})
"""COD954 codes that remark without refusing."""
_FULLY_GRANTED = "8001"
_FILE_ELSEWHERE = "8096"
_ONLY_FAULTLESS = "8097"
_ABOUT_ONE_LINE = frozenset({"KVITT-VEKTIS-AWARD-ABOVE-CLAIM"})
PAYEE = {"01": "COD377", "02": "COD009", "03": "COD181", "04": "COD031"}
"""Which header field names the party that is paid, by COD833."""
_RETURN_CODES = ("COD954", "COD955", "COD956")
_ERROR_GROUPS = (("NUM240", "COD957"), ("NUM238", "COD958"), ("NUM239", "COD959"))


@dataclass(slots=True)
class _Family:
    """The records that judge lines along with themselves: a kind of its own (02, 04) and what hangs on it."""

    records: list[Record] = field(default_factory=list)

    def holds(self, comment: Record) -> bool:
        """Whether a comment is about one of them: it repeats the number of its record."""
        return any(one["NUM040"] == comment["NUM040"] for one in self.records)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the response with the families it stands in and the comments on itself."""

    record: Record
    insured: _Family
    performance: _Family
    comments: list[Record] = field(default_factory=list)


def from_response(file: VektisFile, *, source: str = PAYER) -> ResponseFile:
    """What a response file says about its claim file; `source` says who sent it: `payer` or `clearing`.

    The file itself may say that it was refused as a whole (8096 on a record, 8097 in the header). A record that cannot
    be read becomes a finding; the others are decided. Absent lines count as granted only when nothing is amiss.
    """
    report = Report(file.format)
    lines = _lines(file, report)
    _persons_alone(file, lines, report)
    codes = codes_of(file.header) if file.header.whole else ()
    clearing = source == CLEARING or _refused_elsewhere(file, codes, report)
    decisions = [decision for line in lines if (decision := _decided(line, file, report, clearing=clearing))]
    _hold_doubles(decisions, lines, report)
    claimed, granted = _totals(file, report)
    _check_totals(file, decisions, lines, report, clearing=clearing)
    single = _one_response(file, report)
    # Whoever refuses the file awards nothing: codes and money that contradict each other are for a person.
    true = single and not (clearing and source != CLEARING and granted)
    outcome = _outcome(file, codes, claimed, granted, clearing=clearing) if true else FileOutcome.TRIAGE
    doubtful = outcome is FileOutcome.DECIDED and any(is_error(code) for code in codes)
    if doubtful or outcome is FileOutcome.TRIAGE:
        report.add("OUTCOME-UNCLEAR", file.header)
    sound = not doubtful and not any(one.blocks and one.code not in _ABOUT_ONE_LINE for one in report.findings)
    return ResponseFile(
        format=file.format,
        invoice_number=_header(file, "NUM029"),
        outcome=outcome,
        payer_code=_header(file, "COD061"),
        decisions=tuple(decisions),
        codes=codes,
        absent_granted=sound and not clearing and outcome in (FileOutcome.DECIDED, FileOutcome.ALL_GRANTED),
        refused_by=(CLEARING if clearing else PAYER) if outcome is FileOutcome.FILE_REFUSED else "",
        claimed_total=_money(claimed, file),
        granted_total=_money(granted, file),
        payer_ref=_header(file, "NUM370"),
        payee_code=_header(file, PAYEE.get(_header(file, "COD833"), "")),
        test={"T": True, "P": False}.get(_header(file, "COD856")),
        findings=tuple(sorted(report.findings, key=lambda one: one.record or 0)),
    )


def _header(file: VektisFile, name: str) -> str:
    """A field of the opening record, empty when not filled; a record that was cut names nothing."""
    header = file.header
    return header.string(name) if header.whole and header.filled(name) else ""


def _one_response(file: VektisFile, report: Report) -> bool:
    """Whether the file is one response: lines of a second one must never be read under the number of the first."""
    again = next((one for one in file.records[1:] if one.kind == "01"), None)
    if again is not None:
        report.add("ORDER", again, returns="8026", value=again.kind)
    same_kind = again is not None and again.whole and again.text[:5] == file.header.text[:5]
    return file.header.whole and not same_kind


def codes_of(record: Record) -> tuple[Code, ...]:
    """The codes on one record, raw, in either shape; blanks and zeros are no codes."""
    found = [Code(list="COD954", code=record.string(name)) for name in _RETURN_CODES if _given(record, name)]
    for element, name in _ERROR_GROUPS:
        if _given(record, name):
            pointed = record.string(element) if record.filled(element) else ""
            found.append(Code(list="COD957", code=record.string(name), element=pointed))
    return tuple(_explained(code) for code in found)


def _given(record: Record, name: str) -> bool:
    return name in record and record.filled(name)


def _explained(code: Code) -> Code:
    entry = lookup(code.list, code.code)
    return Code(list=code.list, code=code.code, text=entry.said("nl") if entry else "", element=code.element)


def is_error(code: Code) -> bool:
    """Whether a code refuses; an unknown code does (better asked about than overlooked)."""
    return not (code.list == "COD954" and code.code in NON_ERRORS)


def _lines(file: VektisFile, report: Report) -> list[_Line]:
    """The lines with what judges them too: codes on 02, 03 and their comments, on 04, and on what hangs below 04."""
    lines: list[_Line] = []
    insured, performance = _Family(), _Family()
    for record in file.records:
        kind = record.layout.kind
        if not record.whole:
            report.add("BROKEN-LINE", record)
            # Its own level is closed; a record of no known kind may have been the next insured.
            performance = performance if kind and kind not in ("02", "04") else _Family()
            insured = insured if kind and kind != "02" else _Family()
        elif kind == "98":
            _comment(record, lines, performance, insured)
        elif kind == file.layout.money_kind:
            performance = _Family() if kind == "04" else performance
            lines.append(_Line(record, insured, performance))
        elif kind == "02":
            insured, performance = _Family([record]), _Family()
        elif kind == "03":
            insured.records.append(record)
        elif kind == "04":
            performance = _Family([record])
        elif kind not in ("01", "99"):
            performance.records.append(record)
    return lines


def _comment(record: Record, lines: Sequence[_Line], performance: _Family, insured: _Family) -> None:
    """Put a comment with the record whose number it repeats; one that repeats none is about nothing we know."""
    if lines and lines[-1].record["NUM040"] == record["NUM040"]:
        lines[-1].comments.append(record)
    elif performance.holds(record):
        performance.records.append(record)
    elif insured.holds(record):
        insured.records.append(record)


def _persons_alone(file: VektisFile, lines: Sequence[_Line], report: Report) -> None:
    """Note refused persons without a line: which claims are meant cannot be said, so none may go on as if unnamed."""
    with_lines = {id(record) for line in lines for record in line.insured.records}
    for record in file.records:
        alone = record.whole and record.layout.kind == "02" and id(record) not in with_lines
        if alone and any(is_error(code) for code in codes_of(record)):
            report.add("INSURED-ONLY", record)


def _refused_elsewhere(file: VektisFile, codes: Sequence[Code], report: Report) -> bool:
    """Whether the codes themselves say that the clearing house refused the whole file."""
    if any(code.code == _ONLY_FAULTLESS for code in codes):
        return False
    for record in file.records[1:]:
        if record.whole and any(code.list == "COD954" and code.code == _FILE_ELSEWHERE for code in codes_of(record)):
            report.add("CLEARING-REFUSED", record)
            return True
    return False


def _codes_on(line: _Line, report: Report) -> tuple[Code, ...]:
    """A line's own codes, then those above and below it; never those of another person's records."""
    record = line.record
    mine = line.insured.records
    if any(one.kind == "02" and one["NUM313"] != record["NUM313"] for one in mine):
        if any(codes_of(one) for one in mine):
            report.add("PARENT-DIFFERS", record, "NUM313")
        mine = []
    family = (*mine, *line.performance.records, *line.comments)
    return codes_of(record) + tuple(code for one in family for code in codes_of(one))


def _decided(line: _Line, file: VektisFile, report: Report, *, clearing: bool) -> Decision | None:
    record = line.record
    amounts = _amounts(record)
    if amounts is None:
        report.add("BROKEN-LINE", record)
        return None
    if not line_ref(record).strip():
        # Without our reference it would be read as a verdict on the whole invoice.
        report.add("MISSING", record, _ref_element(record))
        return None
    claimed, awarded = amounts
    codes = _codes_on(line, report)
    refusing = any(is_error(code) for code in codes)
    verdict = _cleared(refusing) if clearing else _verdict(record, claimed, awarded, refusing, report)
    granted = {Verdict.OPEN: None, Verdict.REFUSED: 0}.get(verdict, awarded)
    return Decision(
        verdict=verdict,
        invoice_number=_header(file, "NUM029"),
        line_ref=line_ref(record),
        claimed=_money(claimed, file),
        granted=_money(granted, file),
        codes=tuple(dict.fromkeys(codes)),
        text=" ".join(comment.string("OMS016") for comment in line.comments),
        payer_ref=_header(file, "NUM370"),
        line=record.number,
        raw=_raw(record, awarded),
    )


def _amounts(record: Record) -> tuple[int, int] | None:
    """What was claimed and what is awarded, signed; None when either cannot be read."""
    if record[record.layout.signs["BED166"]] not in ("D", "C", " "):
        return None
    try:
        return record.amount_of("BED161"), record.amount_of("BED166")
    except FormatError:
        return None


def line_ref(record: Record) -> str:
    """Our reference on a line: of the performance, or of the tariff record where amounts stand there."""
    return record.string(_ref_element(record))


def _ref_element(record: Record) -> str:
    return "NUM362" if "NUM362" in record else "NUM371"


def _raw(record: Record, awarded: int) -> dict[str, str]:
    raw = {"awarded": str(awarded)}
    if "BED165" in record:
        raw["calculated"] = record["BED165"]
    if "COD027" in record:
        raw["processing"] = record["COD027"]
    return raw


def _cleared(refusing: bool) -> Verdict:
    """A clearing house only refuses: what it does not refuse was not judged."""
    return Verdict.REFUSED if refusing else Verdict.OPEN


def _verdict(record: Record, claimed: int, awarded: int, refusing: bool, report: Report) -> Verdict:
    if awarded == 0 and refusing:
        return Verdict.REFUSED
    if awarded == claimed:
        return Verdict.GRANTED
    if awarded == 0:
        report.add("NOT-JUDGED", record)
        return Verdict.OPEN
    if abs(awarded) > abs(claimed) or (awarded < 0) != (claimed < 0):
        report.add("AWARD-ABOVE-CLAIM", record, "BED166", value=cents(awarded), expected=cents(claimed))
        return Verdict.OPEN
    return Verdict.CHANGED


def _hold_doubles(decisions: list[Decision], lines: Sequence[_Line], report: Report) -> None:
    """A second decision on the same line is not applied: it is held, with a finding."""
    first: dict[str, int] = {}
    by_number = {line.record.number: line.record for line in lines}
    for index, one in enumerate(decisions):
        before = first.setdefault(one.line_ref, one.line or 0)
        if before != one.line and one.line:
            record = by_number[one.line]
            report.add("DUPLICATE-REFERENCE", record, _ref_element(record), returns="8021", expected=str(before))
            decisions[index] = Decision(
                verdict=Verdict.OPEN,
                invoice_number=one.invoice_number,
                line_ref=one.line_ref,
                claimed=one.claimed,
                codes=one.codes,
                text=one.text,
                payer_ref=one.payer_ref,
                line=one.line,
                raw=one.raw,
            )


def _money(amount: int | None, file: VektisFile) -> Money | None:
    return None if amount is None else Money(amount, _header(file, "COD363") or "EUR")


def _totals(file: VektisFile, report: Report) -> tuple[int | None, int | None]:
    """Submitted and awarded total of the closing record, None where it cannot be read."""
    trailer = file.trailer
    if trailer is None:
        report.add("NO-TRAILER")
        return None, None
    claimed = next((name for name in CLAIMED_TOTAL if name in trailer), "")
    try:
        return trailer.amount_of(claimed), trailer.amount_of("BED167")
    except (FormatError, KeyError):
        report.add("BROKEN-LINE", trailer)
        return None, None


def _check_totals(
    file: VektisFile, decisions: Sequence[Decision], lines: Sequence[_Line], report: Report, *, clearing: bool
) -> None:
    """The awarded total is the submitted total less what the returned lines lost (absent lines lose nothing)."""
    check_counts(file, report)
    trailer = file.trailer
    if trailer is None or len(decisions) != len(lines) or not lines:
        return
    try:
        submitted, awarded = trailer.amount_of("BED168"), trailer.amount_of("BED167")
    except (FormatError, KeyError):
        return
    claimed = sum(one.claimed.minor for one in decisions if one.claimed)
    lost = claimed - sum(int(one.raw["awarded"]) for one in decisions)
    if awarded != submitted - lost:
        report.add("AWARDED-TOTAL", trailer, "BED167", value=cents(awarded), expected=cents(submitted - lost))
    if clearing and submitted != claimed:
        report.add("SUBMITTED-TOTAL", trailer, "BED168", value=cents(submitted), expected=cents(claimed))


def _outcome(
    file: VektisFile, codes: Sequence[Code], claimed: int | None, granted: int | None, *, clearing: bool
) -> FileOutcome:
    refusing = any(is_error(code) for code in codes)
    if any(one.kind not in ("01", "99") for one in file.records):
        whole = clearing or (any(code.code == _ONLY_FAULTLESS for code in codes) and granted == 0)
        return FileOutcome.FILE_REFUSED if whole else FileOutcome.DECIDED
    if granted == 0 and refusing:
        return FileOutcome.FILE_REFUSED
    if clearing or refusing or claimed is None or claimed != granted:
        return FileOutcome.TRIAGE
    said = any(code.list == "COD954" and code.code == _FULLY_GRANTED for code in codes)
    # 0 of 0 without a word may as well be a refusal that only fills CODE VERWERKING: a person looks.
    return FileOutcome.ALL_GRANTED if claimed != 0 or said else FileOutcome.TRIAGE

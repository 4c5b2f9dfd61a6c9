"""A claim file and verdicts become the response file: what an insurer sends, made for the sandbox and for providers.

Sources: layout tables (a response record is the claim record followed by its tail); STB GZ321 6.2 (an insurer returns
only wrong or changed lines with what they belong to, 01 and 99 alone when nothing is wrong); BER MZ302 (submitted
total as in the claim file, counts of what is returned).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from hub.errors import ContentError, MappingError
from hub.model.money import Money
from hub.model.reply import Code
from mappings.vektis_replies import line_ref
from schemas.vektis import Layout, Record, VektisFile, amended, build, response_layout
from schemas.vektis.family import with_family
from schemas.vektis.layout import SIGN_LIST
from schemas.vektis.structure import ALL_DETAILS, COUNTS, claimed_total

WRONG = "wrong"
ALL = "all"
NONE = "none"
_MOST_CODES = 3
_ERROR_FIELDS = (("NUM240", "COD957"), ("NUM238", "COD958"), ("NUM239", "COD959"))
_RETURN_FIELDS = ("COD954", "COD955", "COD956")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineVerdict:
    """What is awarded on a line (None: as claimed, signed like the claim) and why.

    `insured_codes` go on the insured's record above the line, `processing` into HA305's CODE VERWERKING.
    """

    granted: Money | None = None
    codes: tuple[Code, ...] = ()
    insured_codes: tuple[Code, ...] = ()
    processing: str = ""


_AS_CLAIMED = LineVerdict()


def to_response(
    claim_file: VektisFile,
    verdicts: Mapping[str, LineVerdict],
    *,
    response_date: date,
    codes: Sequence[Code] = (),
    payer_ref: str = "",
    only: str = WRONG,
    shown: Collection[str] = (),
    companion: str = "",
) -> VektisFile:
    """The response to a claim file: `only` the wrong lines (and those `shown` by reference), all, or none (01 and 99).

    `verdicts` goes by line reference; a line without one is awarded as claimed. `companion` is the code of records
    that carry no code of their own (a clearing house's 8096, an insurer's 8002); COD954 standards only.
    """
    form = response_layout(claim_file.layout)
    awarded = sum(_awarded(one, verdicts) for one in _lines(claim_file))
    wrong = any(_is_wrong(one, verdicts) for one in _lines(claim_file))
    kept = _kept(claim_file, verdicts, only, shown)
    records = [_opening(claim_file, form, response_date, codes, payer_ref, wholly=not wrong)]
    insured = _insured_codes(claim_file, verdicts)
    for record in kept:
        returned = extended(record, form, len(records) + 1)
        records.append(_answered(returned, verdicts, insured.get(record.number, ()), companion))
    records.append(_closing(claim_file, form, records, awarded))
    return VektisFile(form, tuple(records))


def _lines(file: VektisFile) -> list[Record]:
    return [one for one in file.records if one.kind == file.layout.money_kind]


def _awarded(record: Record, verdicts: Mapping[str, LineVerdict]) -> int:
    granted = verdicts.get(line_ref(record), _AS_CLAIMED).granted
    return record.amount_of("BED161") if granted is None else granted.minor


def _kept(
    file: VektisFile, verdicts: Mapping[str, LineVerdict], only: str, shown: Collection[str] = ()
) -> list[Record]:
    """The detail records that go back, in their order: whole insured blocks cut down to the lines wanted."""
    if only == NONE:
        return []
    details = [one for one in file.records if one.kind not in ("01", "99")]
    if only == ALL:
        return details
    wanted = {one.number for one in _lines(file) if _is_wrong(one, verdicts) or line_ref(one) in shown}
    return list(with_family(details, lambda one: one.number in wanted))


def _is_wrong(record: Record, verdicts: Mapping[str, LineVerdict]) -> bool:
    verdict = verdicts.get(line_ref(record), _AS_CLAIMED)
    return bool(verdict.codes or verdict.insured_codes) or _awarded(record, verdicts) != record.amount_of("BED161")


def _opening(
    file: VektisFile, form: Layout, response_date: date, codes: Sequence[Code], payer_ref: str, *, wholly: bool
) -> Record:
    record = extended(file.header, form, 1)
    major, _, minor = form.version.partition(".")
    given = codes
    if not codes and "COD954" in record:
        given = (Code(list="COD954", code="8001" if wholly else "0200"),)
    values = {"0102": form.ei_codes[0], "0103": major, "0104": minor, "NUM370": payer_ref}
    return amended(record, {**values, "DAT277": response_date, **_coded(record, given)})


def extended(record: Record, form: Layout, number: int) -> Record:
    """The claim's record as a response returns it: its tail blank but for signs, which default to D."""
    layout = form.records[record.kind]
    tail = [one for one in layout.fields if one.start >= form.tail]
    blank = "".join("D" if one.codelist == SIGN_LIST else one.blank for one in tail)
    if len(record.text) + len(blank) != layout.length:
        raise MappingError(
            f"record {record.number} of the claim file has the wrong length", where=f"record {record.number}"
        )
    return Record(layout, record.text + blank, number)


def _coded(record: Record, codes: Sequence[Code]) -> dict[str, str]:
    if len(codes) > _MOST_CODES:
        raise MappingError(f"{len(codes)} codes on one record, {_MOST_CODES} fit", where=f"record {record.number}")
    if "COD954" in record:
        return {name: code.code for name, code in zip(_RETURN_FIELDS, codes, strict=False)}
    values: dict[str, str] = {}
    for (element, name), code in zip(_ERROR_FIELDS, codes, strict=False):
        values |= {element: code.element, name: code.code}
    return values


def _answered(returned: Record, verdicts: Mapping[str, LineVerdict], codes: tuple[Code, ...], companion: str) -> Record:
    """The record with what the response says about it: amounts and codes on a line, `codes` on an insured."""
    values: dict[str, str | int] = {}
    if "BED166" in returned:
        verdict = verdicts.get(line_ref(returned), _AS_CLAIMED)
        codes = verdict.codes
        values = _amounts(returned, _awarded(returned, verdicts), verdict)
    if not codes and companion and "COD954" in returned:
        codes = (Code(list="COD954", code=companion),)
    return amended(returned, {**values, **_coded(returned, codes)})


def _amounts(record: Record, awarded: int, verdict: LineVerdict) -> dict[str, str | int]:
    sign = "C" if awarded < 0 or (awarded == 0 and record.amount_of("BED161") < 0) else "D"
    values: dict[str, str | int] = {}
    for name in ("BED165", "BED166"):
        if name in record:
            values |= {name: abs(awarded), record.layout.signs[name]: sign}
    if "COD027" in record and verdict.processing:
        values["COD027"] = verdict.processing
    return values


def _insured_codes(file: VektisFile, verdicts: Mapping[str, LineVerdict]) -> dict[int, tuple[Code, ...]]:
    """By record number: the codes that the verdicts on an insured's lines put on the insured's own record."""
    found: dict[int, dict[Code, None]] = {}
    insured = 0
    for one in file.records:
        if one.kind == "02":
            insured = one.number
        elif one.kind == file.layout.money_kind:
            codes = verdicts.get(line_ref(one), _AS_CLAIMED).insured_codes
            found.setdefault(insured, {}).update(dict.fromkeys(codes))
    return {number: tuple(codes) for number, codes in found.items()}


def _closing(file: VektisFile, form: Layout, records: Sequence[Record], awarded: int) -> Record:
    """Counts of what is returned, the claim file's total, and what is awarded in all."""
    claimed = claimed_total(file)
    if claimed is None:
        raise ContentError("an amount of the claim file cannot be read", hint="run check on the claim file first")
    return closing(form, records, claimed, awarded)


def closing(form: Layout, records: Sequence[Record], claimed: int, awarded: int) -> Record:
    """The closing record of a response after these records: their counts, and both totals (signed)."""
    kinds = Counter(one.kind for one in records)
    values: dict[str, str | int] = {}
    for one in form.records["99"].fields:
        if one.code in COUNTS:
            values[one.element] = kinds[COUNTS[one.code]]
        elif one.code in ALL_DETAILS:
            values[one.element] = len(records) - kinds["01"]
    for name, amount in (("BED168", claimed), ("BED167", awarded)):
        sign = form.records["99"].signs[name]
        values |= {name: abs(amount), sign: "C" if amount < 0 else "D"}
    return build(form, "99", values, len(records) + 1)

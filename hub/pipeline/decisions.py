"""Decisions of one file for one provider, to pass on: a response file of the same standard, or a table.

Nobody sees another provider's lines or people. The provider sees its own patients whole; who exported is logged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hub import formats
from hub.errors import ConfigurationError, ContentError
from hub.formats import AnswerContext
from hub.model.claim import Claim, ClaimLine
from hub.model.finding import Finding
from hub.model.money import Money
from hub.model.reply import Code, Decision, ResponseFile, Verdict
from hub.pipeline.context import Actor, Hub
from hub.policy.corrections import WITHDRAWN
from hub.store import access, claims, exchanges, inbounds, money, schema
from hub.store.unit import Row, Unit
from mappings.decision_tables import CSV_TYPE, XLSX_TYPE, DecisionRow, to_csv, to_xlsx
from mappings.gds_responses import extracted
from mappings.vektis_credits import claimed_lines
from mappings.vektis_extracts import Received, extract
from mappings.vektis_replies import CLEARING, PAYEE, PAYER
from schemas import gds, vektis

_BATCH = 500
_MOST_NAMED = 10
_UNDECIDED = (Verdict.OPEN.value, Verdict.PRESUMED_OK.value)


class Form(StrEnum):
    """What decisions are exported as."""

    RESPONSE = "response"
    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The file for one provider; `findings` are those of a response file, checked as it stands."""

    payload: bytes
    kind: str
    media_type: str
    exchange: str
    lines: int
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose lines of which file: `exchange` is its key, name or id, `invoice` its number; one of the two."""

    provider: str
    exchange: str = ""
    invoice: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the file with its stored claim."""

    row: Row
    line_row: Row
    claim: Claim
    line: ClaimLine

    @property
    def providers(self) -> set[str]:
        """Who may see it: who performed it, and the practice it was claimed for (decision 1)."""
        return {self.line.performer, self.row["provider_code"]} - {""}


def export_decisions(hub: Hub, tenant: str, wanted: Wanted, form: Form, language: str, actor: Actor) -> Exported:
    """The decisions on one provider's lines of one file; ConfigurationError when file or provider are not there."""
    with hub.store.unit(tenant) as unit:
        exchange, lines = _chosen(unit, wanted)
        responses = _responses(unit, exchange)
        made = _MAKERS[form](unit, exchange, lines, responses, language)
        access.record(
            unit,
            actor=actor.name,
            role=actor.role,
            action="export-decisions",
            object_=f"exchange/{exchange['id']}/provider/{wanted.provider}/{form.value}",
        )
    return made


def _chosen(unit: Unit, wanted: Wanted) -> tuple[Row, list[_Line]]:
    """The file and the provider's lines in it; of several under one number the one that has such lines."""
    files = _files(unit, wanted)
    if not files:
        named = wanted.exchange or wanted.invoice
        raise ConfigurationError(
            f"no file {named} here", hint="kvitt status names files; another tenant's are not here"
        )
    known = [(row, _lines(unit, row)) for row in files]
    fitting = [(row, mine) for row, lines in known if (mine := [o for o in lines if wanted.provider in o.providers])]
    if not fitting:
        codes = sorted({code for _, lines in known for line in lines for code in line.providers})
        more = " ..." if len(codes) > _MOST_NAMED else ""
        raise ConfigurationError(
            f"provider {wanted.provider} has no line in this file",
            hint=f"it has lines of: {', '.join(codes[:_MOST_NAMED])}{more}",
        )
    if len(fitting) > 1:
        keys = ", ".join(row["business_key"] for row, _ in fitting)
        raise ConfigurationError(f"several files have number {wanted.invoice}", hint=f"--exchange, one of: {keys}")
    return fitting[0]


def _files(unit: Unit, wanted: Wanted) -> list[Row]:
    table = schema.exchange
    if wanted.exchange:
        named = (table.c.business_key == wanted.exchange) | (table.c.id == wanted.exchange)
        return exchanges.find(unit, named | (table.c.name == wanted.exchange))
    return exchanges.find(unit, table.c.invoice_number == wanted.invoice) if wanted.invoice else []


def _lines(unit: Unit, exchange: Row) -> list[_Line]:
    """The stored lines of a file in its order; of a claim file also those that went out again in another file."""
    rows = claims.find(unit, schema.claim.c.exchange_id == exchange["id"])
    file = _claim_file(unit, exchange)
    if file is None:
        return _loaded(unit, rows)
    places = {ref: place for place, ref in enumerate(claimed_lines(file))}
    known = {line["ref"] for line in claims.lines(unit, [row["id"] for row in rows])}
    payee = file.header.string(PAYEE.get(file.header.string("COD833"), ""))
    rows += _moved(unit, [ref for ref in places if ref not in known], payee)
    there = [one for one in _loaded(unit, rows) if one.line.ref in places]
    return sorted(there, key=lambda one: places[one.line.ref])


def _loaded(unit: Unit, rows: Sequence[Row]) -> list[_Line]:
    """Of somebody who was erased nothing can be passed on; it does not keep the others' from their provider."""
    rows = claims.of_somebody(rows)
    by_id = {line["id"]: line for line in claims.lines(unit, [row["id"] for row in rows])}
    pairs = zip(rows, claims.load(unit, rows), strict=True)
    return [_Line(row, by_id[line.id], claim, line) for row, claim in pairs for line in claim.lines if line.id in by_id]


def _moved(unit: Unit, refs: Sequence[str], payee: str) -> list[Row]:
    """Claims of this payee that have these line references now; those taken back only where nothing else has them."""
    table = schema.claim_line
    lines: list[Row] = []
    for start in range(0, len(refs), _BATCH):
        lines += unit.rows(unit.mine(table, table.c.ref.in_(refs[start : start + _BATCH])))
    rows = [
        row for row in claims.by_ids(unit, list({line["claim_id"] for line in lines})) if row["claimant_code"] == payee
    ]
    by_ref: dict[str, Row] = {}
    for row in sorted(rows, key=lambda each: each["hold_code"] != WITHDRAWN):
        by_ref |= {line["ref"]: row for line in lines if line["claim_id"] == row["id"]}
    return list({row["id"]: row for row in by_ref.values()}.values())


def _claim_file(unit: Unit, exchange: Row) -> vektis.VektisFile | None:
    """The fixed-width file that was sent, None for a file of another kind."""
    payload = exchanges.message(unit, exchange).payload
    return vektis.read(payload) if vektis.recognise(payload) == exchange["kind"] else None


@dataclass(frozen=True, slots=True)
class _Response:
    """A response that counted: its bytes and what it says."""

    payload: bytes
    kind: str
    source: str
    said: ResponseFile


def _responses(unit: Unit, exchange: Row) -> list[_Response]:
    """The responses that were applied to a file, oldest first."""
    table = schema.inbound
    states = (inbounds.PROCESSED, inbounds.TRIAGE)
    found: list[_Response] = []
    for row in inbounds.find(unit, table.c.exchange_id == exchange["id"], table.c.state.in_(states)):
        payload = inbounds.payload(unit, row)
        if formats.recognise(payload, row["meta"]["name"]) is None:
            continue
        source = CLEARING if row["meta"].get("sent_by") == CLEARING else PAYER
        kind, said = formats.read(payload, AnswerContext(name=row["meta"]["name"], meta={"sent_by": source}))
        found += [_Response(payload, kind, source, one) for one in said if isinstance(one, ResponseFile)]
    return found


def _response(
    unit: Unit, exchange: Row, lines: Sequence[_Line], responses: Sequence[_Response], language: str
) -> Exported:
    del language
    if not responses:
        raise ContentError(f"{exchange['name']} has no answer yet", hint="--as csv shows what is known so far")
    payload = exchanges.message(unit, exchange).payload
    refs = {one.line.ref for one in lines}
    if vektis.recognise(payload) == exchange["kind"]:
        part = vektis.write(extract(vektis.read(payload), [_received(one) for one in responses], refs))
        found = vektis.check(part)
    elif gds.recognise(payload) == exchange["kind"]:
        part = _gds_part(payload, responses, refs)
        found = gds.check(part, on=unit.now.date())
    else:
        raise ContentError(f"{exchange['kind']} has no response file", hint="--as csv has the same decisions")
    newest = responses[-1]
    return Exported(
        payload=part,
        kind=newest.kind,
        media_type="application/xml" if newest.kind.startswith("vektis-GDS") else "text/plain; charset=iso-8859-1",
        exchange=exchange["business_key"],
        lines=len(lines),
        findings=tuple(found),
    )


def _received(response: _Response) -> Received:
    return Received(file=vektis.read(response.payload), source=response.source)


def _gds_part(claim: bytes, responses: Sequence[_Response], refs: Collection[str]) -> bytes:
    """The newest response cut down; one that leaves out lines an older one decided says nothing of them."""
    *older, newest = responses
    named = {one.line_ref for one in newest.said.decisions}
    before = {one.line_ref for response in older for one in response.said.decisions}
    if (before - named) & set(refs):
        raise ContentError("several responses decide these lines together", hint="--as csv has all of their decisions")
    absent = newest.said.absent_granted
    return gds.write(extracted(gds.read(newest.payload), refs, gds.read(claim), absent_granted=absent))


def _table(
    unit: Unit, exchange: Row, lines: Sequence[_Line], responses: Sequence[_Response], language: str
) -> tuple[list[DecisionRow], str]:
    stored: dict[str, Row] = {}
    for row in money.decisions(unit, [one.line_row["id"] for one in lines]):
        stored[row["claim_line_id"]] = row  # in the order they came: the last one is in force
    said: dict[str, tuple[ResponseFile, Decision]] = {}
    for response in responses:
        said |= {one.line_ref: (response.said, one) for one in response.said.decisions}
    sent_back = bool(responses) and responses[-1].said.refused_by == CLEARING
    rows = [
        _row(exchange, one, stored.get(one.line_row["id"]), said.get(one.line.ref), sent_back=sent_back)
        for one in lines
    ]
    return rows, language


def _row(
    exchange: Row,
    one: _Line,
    stored: Row | None,
    said: tuple[ResponseFile, Decision] | None,
    *,
    sent_back: bool,
) -> DecisionRow:
    moved = one.row["exchange_id"] != exchange["id"]  # what is decided on it now is the other file's
    decided = stored is not None and not moved and stored["verdict"] not in _UNDECIDED
    codes: tuple[Code, ...] = ()
    remark = ""
    if stored is not None and decided:
        codes, remark = tuple(Code(**code) for code in stored["codes"]), stored["text"]
    elif said is not None:
        codes, remark = said[1].codes, said[1].text
    outcome = "elsewhere" if moved else one.line_row["verdict"]
    if sent_back and not decided:
        outcome = "sent_back" if said is not None and said[1].verdict is Verdict.REFUSED else "not_judged"
    currency = one.line_row["currency"]
    return DecisionRow(
        file=exchange["invoice_number"],
        payer=one.row["payer_name"] or one.row["payer"],
        ref=one.line.ref,
        person=one.claim.person.bsn,
        performer=one.line.performer,
        begins=one.line.begins,
        ends=one.line.ends,
        code_list=one.line.code_list,
        service_code=one.line.service_code,
        claimed=Money(one.line_row["amount_minor"], currency),
        awarded=Money(one.line_row["granted_minor"], currency) if decided else None,
        outcome=outcome,
        codes=codes,
        remark=remark,
    )


def _csv(unit: Unit, exchange: Row, lines: Sequence[_Line], responses: Sequence[_Response], language: str) -> Exported:
    payload = to_csv(*_table(unit, exchange, lines, responses, language))
    return Exported(
        payload=payload, kind="csv", media_type=CSV_TYPE, exchange=exchange["business_key"], lines=len(lines)
    )


def _xlsx(unit: Unit, exchange: Row, lines: Sequence[_Line], responses: Sequence[_Response], language: str) -> Exported:
    payload = to_xlsx(*_table(unit, exchange, lines, responses, language))
    return Exported(
        payload=payload, kind="xlsx", media_type=XLSX_TYPE, exchange=exchange["business_key"], lines=len(lines)
    )


_Maker = Callable[[Unit, Row, Sequence[_Line], Sequence[_Response], str], Exported]
_MAKERS: Mapping[Form, _Maker] = {Form.RESPONSE: _response, Form.CSV: _csv, Form.XLSX: _xlsx}

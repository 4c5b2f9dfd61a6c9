"""A response (Invoice Response, Message Level Response, Message Level Status) laid out for reading.

Codes of UNCL4343, OPStatusReason and OPStatusAction are said in words beside the code (`schemas.codelists`).
"""

from __future__ import annotations

from hub.rendering.billing_lines import listed
from hub.rendering.numbers import day
from hub.rendering.parties import party
from hub.rendering.sheet import Block, Column, Fact, Row, Section, Sheet, Style, Table, facts, joined
from hub.rendering.words import named, word
from schemas.codelists import lookup
from schemas.ubl.response import ApplicationResponse, DocumentResponse, Referenced, Response, Status
from schemas.ubl.values import ListedCode

VERDICTS = "UNCL4343"


def to_sheet(message: ApplicationResponse, language: str) -> Sheet:
    """The whole response in reading order."""
    sender = party(message.sender, "from", language)
    return Sheet(
        language=language,
        title=word(f"response.{message.kind.value}", language),
        number=message.id,
        issued=message.issue_date,
        sender=sender.name,
        headline=_headline(message, language),
        parties=_parties(message, language),
        sections=tuple(
            section
            for section in (
                Section(heading=word("notes", language), paragraphs=message.notes),
                *(section for answer in message.responses for section in _answer(answer, language)),
            )
            if not section.empty
        ),
        fine=_fine(message, language),
    )


def _headline(message: ApplicationResponse, language: str) -> tuple[Fact, ...]:
    found = [answer.response.code for answer in message.responses if answer.response.code]
    said = "; ".join(dict.fromkeys(_said(code, VERDICTS, language) for code in found))
    about = [_about(one) for answer in message.responses for one in answer.references]
    return facts(
        Fact(word("issued", language), day(message.issue_date, language)),
        Fact(word("about", language), joined(about)),
        Fact(word("answer", language), said, strong=True),
    )


def _parties(message: ApplicationResponse, language: str) -> tuple[Block, ...]:
    blocks = [party(message.sender, "from", language), party(message.receiver, "to", language)]
    for answer in message.responses:
        blocks += [party(answer.issuer, "issuer", language), party(answer.recipient, "recipient", language)]
    return tuple(block for block in blocks if not block.empty)


def _answer(answer: DocumentResponse, language: str) -> tuple[Section, ...]:
    heading = joined((word("answer", language), joined(_about(one) for one in answer.references)), ": ")
    verdict = answer.response
    whole = Section(
        heading=heading,
        paragraphs=verdict.descriptions,
        facts=facts(
            Fact(word("status", language), _said(verdict.code, VERDICTS, language)),
            Fact(word("said_on", language), day(verdict.effective, language)),
            *(fact for one in answer.references for fact in _reference(one, language)),
        ),
        table=_table([("", verdict)], language, within=True),
    )
    places = [(line.line, response) for line in answer.lines for response in line.responses]
    return whole, Section(heading=word("where", language), table=_table(places, language, within=False))


def _reference(one: Referenced, language: str) -> tuple[Fact, ...]:
    code = one.type_code
    return (
        Fact(word("document", language), _about(one)),
        Fact(word("document_date", language), day(one.issue_date, language)),
        Fact(word("document_type", language), listed(code) if code else ""),
        Fact(word("version", language), one.version),
    )


def _about(one: Referenced) -> str:
    if one.id is None:
        return ""
    return f"{one.id.value} ({one.id.scheme})" if one.id.scheme else one.id.value


def _table(places: list[tuple[str, Response]], language: str, *, within: bool) -> Table:
    """One row a status, or for a place without any its verdict; `within` means the verdict is said elsewhere."""
    columns = (
        *(() if within else (Column(word("where", language), 0.28),)),
        Column(word("status", language), 0.24),
        Column(word("meaning", language), 0.76 if within else 0.48, main=True),
    )
    rows: list[Row] = []
    for place, response in places:
        verdict = "" if within else listed(response.code) if response.code else ""
        extra = () if within else (*response.descriptions, day(response.effective, language))
        statuses = response.statuses or (() if within else (Status(),))
        rows += [_row(place, verdict, one, extra, language) for one in statuses]
    return Table(columns, tuple(Row(row.cells[1:], row.details) for row in rows) if within else tuple(rows))


def _row(place: str, verdict: str, status: Status, extra: tuple[str, ...], language: str) -> Row:
    code = status.reason_code
    details = (
        *extra,
        status.reason,
        *(
            f"{word('condition', language)}: {joined((one.attribute, one.description), ' = ')}"
            for one in status.conditions
        ),
    )
    shown = joined((verdict, listed(code) if code else ""), " · ")
    meaning = _meaning(code, language) if code else ""
    return Row((place, shown, meaning), tuple(detail for detail in details if detail))


def _said(code: ListedCode | None, fallback: str, language: str) -> str:
    """The code's meaning and the code itself."""
    if code is None:
        return ""
    meaning = _meaning(code, language, fallback)
    return joined((meaning.rstrip("."), listed(code)), " · ")


def _meaning(code: ListedCode, language: str, fallback: str = "") -> str:
    """What our lists say, or the network's few reasons, which come without a list; else nothing is guessed."""
    entry = lookup(code.list or fallback, code.value)
    if entry is not None:
        return entry.said(language)
    name = "" if code.list else named("reason", code.value, language)
    return name if name != code.value else ""


def _fine(message: ApplicationResponse, language: str) -> tuple[Section, ...]:
    unread = (word("unread_said", language), *message.unread) if message.unread else ()
    sections = (
        Section(heading=word("unread", language), paragraphs=unread, style=Style.FINE),
        Section(
            heading=word("technical", language),
            style=Style.FINE,
            facts=facts(
                Fact(word("specification", language), message.customization_id),
                Fact(word("profile", language), message.profile_id),
                Fact(word("issue_time", language), message.issue_time),
            ),
        ),
    )
    return tuple(section for section in sections if not section.empty)

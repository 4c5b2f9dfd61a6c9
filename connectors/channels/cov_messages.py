"""The SOAP 1.1 messages of COV: question VZ801, answer VZ802. Pure functions, no network.

Source: the contract of VECOZO's COV service (namespace http://schemas.vecozo.nl/VZ801802/v1): 1 to 20 questions a call,
each with a birth date and a reference date. Answers are read by local name: their namespaces are not published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lxml import etree

from hub.errors import FormatError
from hub.ports import Coverage, CoverageAnswer, CoverageQuestion
from schemas.xml import parse

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = "http://schemas.vecozo.nl/VZ801802/v1"
MESSAGES = f"{SERVICE}/messages"
TYPES = f"{SERVICE}/types"
ACTION = f"{SERVICE}/Controleer"
BATCH = 20

_NO_ANSWER = CoverageAnswer(coverage=Coverage.NO_ANSWER)
_FOUND = frozenset({"Gevonden", "GevondenPeildatumInToekomst"})
_BASIC = frozenset({"Basis", "Hoofdverzekering"})


def write_question(questions: Sequence[CoverageQuestion], *, agb: str = "") -> bytes:
    """One Controleer call; the sequence number is the place in the list, from 1. `agb` is the provider's 8 digits."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"s": SOAP, "v1": SERVICE, "m": MESSAGES, "t": TYPES})
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    call = etree.SubElement(etree.SubElement(body, f"{{{SERVICE}}}Controleer"), f"{{{SERVICE}}}request")
    if agb:
        provider = etree.SubElement(call, f"{{{MESSAGES}}}Zorgaanbieder")
        _fill(provider, {"AGB-zorgverlenersoort": agb[:2], "AGB-nummer": agb[2:]})
    searches = etree.SubElement(call, f"{{{MESSAGES}}}Zoekopdrachten")
    for number, question in enumerate(questions, start=1):
        _fill(etree.SubElement(searches, f"{{{TYPES}}}Zoekopdracht"), _facts(number, question))
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def _facts(number: int, question: CoverageQuestion) -> dict[str, str]:
    if question.birth_date is None:
        raise FormatError("a COV question needs a birth date", where=f"question {number}")
    return {
        "Volgnummer": str(number),
        "Geboortedatum": question.birth_date.isoformat(),
        "Peildatum": question.reference_date.isoformat(),
        "Bsn": question.bsn,
    }


def _fill(parent: etree._Element, facts: Mapping[str, str]) -> None:
    for name, value in facts.items():
        etree.SubElement(parent, f"{{{TYPES}}}{name}").text = value


def read_answer(data: bytes, questions: Sequence[CoverageQuestion]) -> list[CoverageAnswer]:
    """One answer per question, in the order asked, found by sequence number; FormatError when it is no answer."""
    root = parse(data)
    outcome = next((_text(node) for node in _below(root, "Resultaat") if not _inside(node)), "")
    if outcome != "VerzoekAkkoord":
        raise FormatError(f"COV answered {outcome or 'without a result'}", where="VZ802 Resultaat")
    found: dict[str, list[etree._Element]] = {}
    for node in _below(root, "Zoekresultaat"):
        found.setdefault(_text(_child(node, "Volgnummer")), []).append(node)
    return [_one(found.get(str(number), []), question) for number, question in enumerate(questions, start=1)]


def _inside(node: etree._Element) -> bool:
    """Whether this belongs to one search result rather than to the whole answer."""
    return next(node.iterancestors("{*}Zoekresultaat"), None) is not None


def _one(results: Sequence[etree._Element], question: CoverageQuestion) -> CoverageAnswer:
    """The answer with this sequence number; none or several are no answer."""
    return _answer(results[0], question) if len(results) == 1 else _NO_ANSWER


def read_fault(data: bytes) -> str | None:
    """The fault code of a SOAP fault; None when the bytes are none."""
    try:
        root = parse(data)
    except FormatError:
        return None
    fault = next(_below(root, "Fault"), None)
    return None if fault is None else _text(_child(fault, "faultcode")) or "fault"


def _answer(result: etree._Element, question: CoverageQuestion) -> CoverageAnswer:
    word = _text(_child(result, "Resultaat"))
    person = _child(result, "Verzekerde")
    if word == "Peildatum2JaarOfOuder":
        return CoverageAnswer(coverage=Coverage.TOO_OLD)
    if word not in _FOUND or person is None or not _same_person(person, question):
        return _NO_ANSWER
    match _text(_child(person, "Resultaat")):
        case "DubbeleActieveVerzekeringenGevonden":
            return CoverageAnswer(coverage=Coverage.DOUBLE)
        case "InactieveVerzekeringen":
            return CoverageAnswer(coverage=Coverage.NOT_INSURED)
        case "ActieveVerzekeringen":
            return _insured(person)
        case _:
            return _NO_ANSWER


def _same_person(person: etree._Element, question: CoverageQuestion) -> bool:
    """An answer about somebody else is no answer; a BSN sent as a number has lost its leading zeros."""
    bsn = _text(_child(person, "Bsn"))
    return not bsn or bsn.zfill(9) == question.bsn.zfill(9)


def _insured(person: etree._Element) -> CoverageAnswer:
    """The insurer of the active basic insurance; a supplementary one alone says nothing about who pays for care."""
    active = [
        (_text(_child(node, "UZOVI")).zfill(4), _text(_child(node, "Verzekerdenummer")))
        for node in _below(person, "Verzekering")
        if _text(_child(node, "Resultaat")) == "Actief" and _text(_child(node, "SoortVerzekering")) in _BASIC
    ]
    insurers = {uzovi for uzovi, _ in active if uzovi != "0000"}
    if len(insurers) > 1:
        return CoverageAnswer(coverage=Coverage.DOUBLE)
    if not insurers:
        return _NO_ANSWER
    uzovi = insurers.pop()
    number = next(number for code, number in active if code == uzovi)
    return CoverageAnswer(coverage=Coverage.INSURED, uzovi=uzovi, insured_number=number)


def _below(node: etree._Element, name: str) -> Iterator[etree._Element]:
    return node.iter(f"{{*}}{name}")


def _child(node: etree._Element, name: str) -> etree._Element | None:
    return node.find(f"{{*}}{name}")


def _text(node: etree._Element | None) -> str:
    return (node.text or "").strip() if node is not None else ""

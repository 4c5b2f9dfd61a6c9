"""The sandbox's COV service: answers VZ801 questions over SOAP 1.1 from what a test says about people.

Source: the contract of VECOZO's COV service (namespace http://schemas.vecozo.nl/VZ801802/v1). Requests are read
strictly, by namespace, apart from the code that writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from lxml import etree

from connectors.channels.cov import two_years_before
from hub.errors import FormatError
from hub.sandbox.server import Request, Response
from schemas.xml import parse

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_SERVICE = "http://schemas.vecozo.nl/VZ801802/v1"
_NAMES = {"s": _SOAP, "v": _SERVICE, "m": f"{_SERVICE}/messages", "t": f"{_SERVICE}/types"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Insurance:
    """One insurance in an answer."""

    uzovi: str
    kind: str = "Basis"
    result: str = "Actief"
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CovRecord:
    """What the service says about one person on one date, in its own words."""

    result: str = "Gevonden"
    person: str = ""
    insurances: tuple[Insurance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CovQuestion:
    """One question as it arrived. Its repr shows nothing personal."""

    number: str
    bsn: str
    birth_date: date
    reference_date: date


CovSource = Callable[[CovQuestion], CovRecord]


def insured(uzovi: str, number: str = "") -> CovRecord:
    """One active basic insurance."""
    return CovRecord(person="ActieveVerzekeringen", insurances=(Insurance(uzovi=uzovi, number=number),))


def not_insured(uzovi: str = "3332") -> CovRecord:
    """Known, but every insurance has ended."""
    return CovRecord(person="InactieveVerzekeringen", insurances=(Insurance(uzovi=uzovi, result="Inactief"),))


def double(*uzovis: str) -> CovRecord:
    """Two active basic insurances at once."""
    return CovRecord(
        person="DubbeleActieveVerzekeringenGevonden", insurances=tuple(Insurance(uzovi=one) for one in uzovis)
    )


NOT_FOUND = CovRecord(result="NietGevonden")


def answer_cov(request: Request, source: CovSource, *, today: date) -> Response:
    """Answer one Controleer call; dates of two years and older are answered without looking."""
    try:
        questions = _read(request)
    except (FormatError, ValueError) as error:
        return _fault("Client", type(error).__name__)
    if not questions:
        return _reply("GeenZoekopdrachten", [])
    if len(questions) > 20:
        return _reply("MeerDan20Zoekopdrachten", [])
    too_old = two_years_before(today)
    old = CovRecord(result="Peildatum2JaarOfOuder")
    found = [(one, old if one.reference_date <= too_old else source(one)) for one in questions]
    return _reply("VerzoekAkkoord", found)


def _read(request: Request) -> list[CovQuestion]:
    if request.headers.get("soapaction", "").strip('"') != f"{_SERVICE}/Controleer":
        raise FormatError("another SOAPAction")
    root = parse(request.body)
    calls = root.findall("s:Body/v:Controleer/v:request", _NAMES)
    if root.tag != f"{{{_SOAP}}}Envelope" or len(calls) != 1:
        raise FormatError("not one Controleer call")
    return [_question(node) for node in calls[0].findall("m:Zoekopdrachten/t:Zoekopdracht", _NAMES)]


def _question(node: etree._Element) -> CovQuestion:
    return CovQuestion(
        number=node.findtext("t:Volgnummer", "", _NAMES),
        bsn=node.findtext("t:Bsn", "", _NAMES),
        birth_date=date.fromisoformat(node.findtext("t:Geboortedatum", "", _NAMES)),
        reference_date=date.fromisoformat(node.findtext("t:Peildatum", "", _NAMES)),
    )


def _reply(outcome: str, found: Sequence[tuple[CovQuestion, CovRecord]]) -> Response:
    envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"s": _SOAP})
    body = etree.SubElement(envelope, f"{{{_SOAP}}}Body")
    response = etree.SubElement(body, f"{{{_SERVICE}}}ControleerResponse", nsmap={"v": _SERVICE})
    result = etree.SubElement(response, f"{{{_SERVICE}}}ControleerResult", nsmap={"m": _NAMES["m"], "t": _NAMES["t"]})
    etree.SubElement(result, f"{{{_NAMES['m']}}}Resultaat").text = outcome
    results = etree.SubElement(result, f"{{{_NAMES['m']}}}Zoekresultaten")
    for question, record in found:
        _result(results, question, record)
    return Response(body=etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"), media_type="text/xml")


def _result(parent: etree._Element, question: CovQuestion, record: CovRecord) -> None:
    node = _add(parent, "Zoekresultaat")
    _add(node, "Volgnummer", question.number)
    _add(node, "Resultaat", record.result)
    if not record.person:
        return
    person = _add(node, "Verzekerde")
    _add(person, "Resultaat", record.person)
    _add(person, "Geboortedatum", question.birth_date.isoformat())
    _add(person, "Bsn", question.bsn)
    insurances = _add(person, "Verzekeringen")
    for one in record.insurances:
        insurance = _add(insurances, "Verzekering")
        _add(insurance, "Resultaat", one.result)
        _add(insurance, "UZOVI", one.uzovi)
        _add(insurance, "Verzekerdenummer", one.number)
        _add(insurance, "SoortVerzekering", one.kind)


def _add(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    node = etree.SubElement(parent, f"{{{_NAMES['t']}}}{name}")
    node.text = text or None
    return node


def _fault(code: str, text: str) -> Response:
    envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"s": _SOAP})
    fault = etree.SubElement(etree.SubElement(envelope, f"{{{_SOAP}}}Body"), f"{{{_SOAP}}}Fault")
    etree.SubElement(fault, "faultcode").text = f"s:{code}"
    etree.SubElement(fault, "faultstring").text = text
    return Response(status=500, body=etree.tostring(envelope), media_type="text/xml")

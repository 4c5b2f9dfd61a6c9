"""A VECOZO of the older kind that answers on this machine: the EDP SOAP service V1 over mutual TLS.

Source: client classes generated from VECOZO's service descriptions (2019). What they leave open is invented here: the
meaning of every result code but success, and that a fetched response is no longer offered without a cursor. Requests
are read strictly, by namespace, apart from the code that writes them. What comes late waits for `release`.
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import Self

from lxml import etree

from hub.errors import FormatError
from hub.sandbox.pki import Identity, Pki
from hub.sandbox.server import Fault, Request, Response, Route, SandboxServer, TlsFiles
from hub.sandbox.vecozo_answers import Outgoing, Refusal, Refuser, Responder
from hub.sandbox.vecozo_soap_answers import (
    ADDRESSING,
    DOWNLOAD,
    MESSAGES,
    SOAP_11,
    SOAP_12,
    SUBMIT,
    TYPES,
    Written,
    fault,
    reply,
)
from schemas.xml import Element, parse

__all__ = ["EdpTrouble", "Outgoing", "Refusal", "Return", "Submitted", "VecozoSoapSandbox"]

_BASE = "/Router.V1.svc"
_OK, _READ, _GONE = "VSPEDP102", "VSPEDP107", "VSPEDP323"


class EdpTrouble(StrEnum):
    """Trouble in what VECOZO says, beside the server's own: see `SandboxServer.misbehave`."""

    OWN_FAULT = "own_fault"
    FAULT_AFTER_PROCESSING = "fault_after_processing"
    BUSY_FAULT = "busy_fault"
    SENDER_FAULT = "sender_fault"
    GARBAGE = "garbage"
    UNKNOWN_CODE = "unknown_code"
    NO_ID = "no_id"
    WRONG_SIZE = "wrong_size"
    ANOTHER_FILE = "another_file"
    NOT_BASE64 = "not_base64"
    FORGETS_IT_WAS_FETCHED = "forgets_it_was_fetched"
    LISTS_NOTHING = "lists_nothing"
    HOLDS_ITS_ANSWER = "holds_its_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A claim file somebody submitted: who, under which reference and name, and where it stands."""

    number: int
    account: str
    email: str
    reference: str
    file_name: str
    payload: bytes
    status: str
    notice: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A response for somebody: offered once it is available, and no more (without a cursor) once it was fetched."""

    number: int
    account: str
    submission: int
    payload: bytes
    pdf: bool = False
    available: bool = True
    fetched: bool = False


@dataclass(slots=True)
class _Boxes:
    submitted: dict[int, Submitted] = field(default_factory=dict)
    returns: dict[int, Return] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


class VecozoSoapSandbox:
    """Runs between `with` and its end. With `once` a response that was fetched is refused a second time."""

    def __init__(
        self,
        pki: Pki,
        *,
        now: Callable[[], datetime],
        accounts: Iterable[str] = ("kvitt-sandbox",),
        responder: Responder = lambda _payload, _facts: (),
        refuse: Refuser = lambda _payload, _facts: None,
        once: bool = False,
        status: str = "SuccesvolOntvangenDoorZorgverzekeraar",
        port: int = 0,
    ) -> None:
        self._boxes = _Boxes()
        self._now = now
        self._pki = pki
        self._accounts = frozenset(accounts)
        self._responder = responder
        self._refuse = refuse
        self._once = once
        self._status = status
        tls = TlsFiles(certificate=pki.server.certificate, key=pki.server.key, client_ca=pki.ca_file)
        paths = [f"{_BASE}/{service}{old}" for service in _OPERATIONS for old in ("", "Soap11")]
        self.server = SandboxServer([Route("POST", path, self._serve) for path in paths], tls=tls, port=port)

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.stop()

    @property
    def endpoint(self) -> str:
        """The channel's `endpoint`."""
        return f"{self.server.url}{_BASE}"

    def settings(self, book: object, identity: Identity | None = None) -> dict[str, str]:
        """Ready settings for `VecozoSoapChannel.from_settings`, with the registered client unless another is given."""
        client = identity or self._pki.client
        return {
            "endpoint": self.endpoint,
            "ca_file": str(self._pki.ca_file),
            "client_cert": str(client.certificate),
            "client_key": str(client.key),
            "email": "claims@practice.example",
            "book": str(book),
        }

    def misbehave(self, *faults: Fault) -> None:
        """Queue trouble for coming requests."""
        self.server.misbehave(*faults)

    def received(self) -> list[Submitted]:
        """Everything that was submitted and kept, in order of arrival."""
        with self._boxes.lock:
            return [self._boxes.submitted[number] for number in sorted(self._boxes.submitted)]

    def set_status(self, number: int, status: str, notice: tuple[str, str] | None = None) -> None:
        """Move a submission on."""
        with self._boxes.lock:
            self._boxes.submitted[number] = replace(self._boxes.submitted[number], status=status, notice=notice)

    def offer(self, payload: bytes, *, submission: int = 0, pdf: bool = False, late: bool = False) -> int:
        """Lay a response ready for the first account; gives its number."""
        account = min(self._accounts)
        return self._queue(account, submission, Outgoing(payload=payload, late=late), pdf=pdf)

    def release(self, *numbers: int) -> int:
        """Make late responses available: these, or all; how many."""
        with self._boxes.lock:
            held = [one for one in self._boxes.returns.values() if not one.available]
            chosen = [one for one in held if not numbers or one.number in numbers]
            self._boxes.returns |= {one.number: replace(one, available=True) for one in chosen}
            return len(chosen)

    def _serve(self, request: Request) -> Response:
        """Know the account, read the call strictly, answer it, or fail as asked to."""
        old = request.path.endswith("Soap11")
        soap = SOAP_11 if old else SOAP_12
        if request.account not in self._accounts:
            return fault(soap, ("Sender", "FailedAuthentication"), "this certificate has no account")
        early = self._trouble_before(request, soap)
        if early is not None:
            return early
        service = request.path.removeprefix(f"{_BASE}/").removesuffix("Soap11")
        try:
            name, call = _read(request, soap, _OPERATIONS[service])
        except (FormatError, ValueError) as error:
            return fault(soap, ("Sender", "DeserializationFailed"), type(error).__name__)
        with self._boxes.lock:
            answer = getattr(self, f"_{name.lower()}")(request, call)
        held = self.server.take(request.method, request.path, EdpTrouble.HOLDS_ITS_ANSWER)
        if held is not None:
            self.server.pause(held.seconds)
        if self._takes(request, EdpTrouble.FAULT_AFTER_PROCESSING):
            return fault(soap, ("Sender",), "something went wrong", own="VSPEDP999")
        return reply(soap, service, name, answer)

    def _trouble_before(self, request: Request, soap: str) -> Response | None:
        if self._takes(request, EdpTrouble.OWN_FAULT):
            return fault(soap, ("Sender",), "something went wrong", own="VSPEDP999")
        if self._takes(request, EdpTrouble.BUSY_FAULT):
            return fault(soap, ("Receiver", "ServerTooBusy"), "come back later")
        if self._takes(request, EdpTrouble.SENDER_FAULT):
            return fault(soap, ("Sender", "DeserializationFailed"), "not what was expected")
        if self._takes(request, EdpTrouble.GARBAGE):
            return Response(body=b"<html>maintenance", media_type="text/html")
        return None

    def _takes(self, request: Request, trouble: EdpTrouble) -> bool:
        return self.server.take(request.method, request.path, trouble) is not None

    def _indienen(self, request: Request, call: Element) -> Sequence[Written]:
        declaration = call.find("m:Declaratie", _SUBMITTING)
        if declaration is None:
            raise FormatError("no Declaratie")
        kept = _submitted(declaration, request.account, 900001 + len(self._boxes.submitted), self._status)
        facts = {"reference": kept.reference, "file_name": kept.file_name, "declaratie": str(kept.number)}
        refusal = self._refuse(kept.payload, facts)
        if refusal is not None and refusal.status:
            return _result(refusal.code, None, kept.file_name)
        if self._takes(request, EdpTrouble.UNKNOWN_CODE):
            return _result("VSPEDP777", None, kept.file_name)
        if refusal is not None:
            kept = replace(kept, status="AfgekeurdDoorVecozo", notice=(refusal.code, refusal.text))
        self._boxes.submitted[kept.number] = kept
        for answer in self._responder(kept.payload, facts) if refusal is None else ():
            for _ in range(answer.copies):
                self._queue(request.account, kept.number, answer)
        number = None if self._takes(request, EdpTrouble.NO_ID) else kept.number
        return _result(_OK, number, kept.file_name)

    def _queue(self, account: str, submission: int, answer: Outgoing, *, pdf: bool = False) -> int:
        with self._boxes.lock:
            number = 70001 + len(self._boxes.returns)
            self._boxes.returns[number] = Return(
                number=number,
                account=account,
                submission=submission,
                payload=answer.payload,
                pdf=pdf,
                available=not answer.late,
            )
            return number

    def _opvragenteverwerkenretourinformatie(self, request: Request, call: Element) -> Sequence[Written]:
        """Without a cursor what nobody fetched yet, with one everything after it."""
        if self._takes(request, EdpTrouble.LISTS_NOTHING):
            return [("Resultaatcode", "VSPEDP341"), ("AantalResultaten", "0")]
        cursor = call.findtext("m:LaatstOntvangenRetourbestandId", None, _FETCHING)
        no_pdf = call.findtext("m:NegeerPdfIds", "false", _FETCHING) == "true"
        mine = [one for one in self._boxes.returns.values() if one.account == request.account and one.available]
        found = [one for one in mine if (not one.fetched if cursor is None else one.number > int(cursor))]
        found = [one for one in found if not (one.pdf and no_pdf)]
        owners = dict.fromkeys(one.submission for one in reversed(found))
        results = [self._owner(owner, [one for one in found if one.submission == owner]) for owner in owners]
        count = ("AantalResultaten", str(len(results)))
        return [("Resultaten", results), ("Resultaatcode", _READ), count]

    def _owner(self, number: int, found: Sequence[Return]) -> Written:
        owner = self._boxes.submitted.get(number)
        files = [
            ("Retourbestand", [("RetourbestandId", str(one.number)), *self._facts()]) for one in found if not one.pdf
        ]
        pdfs: list[Written] = [("PdfBestand", [("PdfId", str(one.number))]) for one in found if one.pdf]
        status = owner.status if owner else "AfgehandeldDoorZorgverzekeraar"
        parts: list[Written] = [("DeclaratieId", str(number)), ("DeclaratieStatus", status)]
        return ("Declaratie", [*parts, ("Retourbestanden", files), ("PdfBestanden", pdfs)])

    def _facts(self) -> list[Written]:
        moment = self._now().isoformat()
        names = (
            ("StandaardCEI", "1"),
            ("StandaardCode", "HA305"),
            ("StandaardVersie", "4"),
            ("StandaardSubVersie", "2"),
        )
        return [("EIStandaard", list(names)), ("GoedgekeurdOp", moment), ("IngediendOp", moment)]

    def _download(self, request: Request, call: Element) -> Sequence[Written]:
        return self._fetched(request, call.findtext("m:RetourbestandId", "0", _FETCHING), pdf=False)

    def _downloadpdf(self, request: Request, call: Element) -> Sequence[Written]:
        return self._fetched(request, call.findtext("m:PdfId", "0", _FETCHING), pdf=True)

    def _fetched(self, request: Request, number: str, *, pdf: bool) -> Sequence[Written]:
        one = self._boxes.returns.get(int(number))
        mine = one is not None and one.account == request.account and one.pdf is pdf and one.available
        if one is None or not mine or (one.fetched and self._once):
            return [("Resultaatcode", "VSPEDP326" if pdf else _GONE if mine else "VSPEDP324")]
        if not self._takes(request, EdpTrouble.FORGETS_IT_WAS_FETCHED):
            self._boxes.returns[one.number] = replace(one, fetched=True)
        size = len(one.payload) + (1 if self._takes(request, EdpTrouble.WRONG_SIZE) else 0)
        data = "%%%" if self._takes(request, EdpTrouble.NOT_BASE64) else base64.b64encode(one.payload).decode()
        told = one.number + (1 if self._takes(request, EdpTrouble.ANOTHER_FILE) else 0)
        file: Written = (
            "Bestand",
            [("Bestandsnaam", f"retour-{one.number}.ret"), ("Bestandsgrootte", str(size)), ("Data", data)],
        )
        owner: Written = ("DeclaratieId", str(one.submission))
        if pdf:
            return [("PdfRetourbestand", [owner, file]), ("Resultaatcode", _READ)]
        facts = [owner, ("RetourbestandId", str(told)), ("RetourbestandStatus", "GedownloadDoorZorgaanbieder")]
        return [("EIRetourbestand", [file, *facts, *self._facts()]), ("Resultaatcode", _READ)]

    def _raadplegendeclaratiestatus(self, request: Request, call: Element) -> Sequence[Written]:
        asked = [node.text or "" for node in call.findall("m:Declaraties/t:DeclaratieId", _FETCHING)]
        return [("ArrayOfDeclaratiestatusResultaat", [self._told(request.account, one) for one in asked])]

    def _told(self, account: str, number: str) -> Written:
        one = self._boxes.submitted.get(int(number))
        if one is None or one.account != account:
            return ("DeclaratiestatusResultaat", [("DeclaratieId", number), ("Resultaatcode", _GONE)])
        notice: list[Written] = (
            [("Melding", [("Code", one.notice[0]), ("Omschrijving", one.notice[1])])] if one.notice else []
        )
        state: Written = ("Declaratie", [*notice, ("Status", one.status)])
        return ("DeclaratiestatusResultaat", [("DeclaratieId", number), ("Resultaatcode", "VSPEDP114"), state])


_OPERATIONS = {
    "IndienenDeclaratieV1": ("Indienen",),
    "DownloadenRetourinformatieV1": (
        "OpvragenTeVerwerkenRetourInformatie",
        "Download",
        "DownloadPdf",
        "RaadplegenDeclaratiestatus",
    ),
}
_SUBMITTING = {"m": MESSAGES[SUBMIT], "t": TYPES[SUBMIT]}
_FETCHING = {"m": MESSAGES[DOWNLOAD], "t": TYPES[DOWNLOAD]}


def _read(request: Request, soap: str, operations: Sequence[str]) -> tuple[str, Element]:
    """The operation's name and its request element; anything not as the contract has it is a FormatError."""
    root = parse(request.body)
    service = SUBMIT if "Indienen" in operations else DOWNLOAD
    calls = [node for name in operations for node in root.findall(f"{{{soap}}}Body/{{{service}}}{name}")]
    if root.tag != f"{{{soap}}}Envelope" or len(calls) != 1:
        raise FormatError("not one call")
    name = etree.QName(calls[0]).localname
    call = calls[0].find(f"{{{service}}}{name}Request")
    if call is None or _action(request, root, soap) != f"{service}:{name}":
        raise FormatError("another action, or no request")
    return name, call


def _action(request: Request, root: Element, soap: str) -> str:
    if soap == SOAP_11:
        return request.headers.get("soapaction", "").strip('"')
    said = root.findtext(f"{{{soap}}}Header/{{{ADDRESSING}}}Action", "")
    meant = 'application/soap+xml; charset=utf-8; action="' + said + '"'
    return said if request.headers.get("content-type", "") == meant else ""


def _submitted(declaration: Element, account: str, number: int, status: str) -> Submitted:
    file = declaration.find("t:DeclaratieBestand", _SUBMITTING)
    if file is None:
        raise FormatError("no DeclaratieBestand")
    try:
        payload = base64.b64decode(file.findtext("t:Data", "", _SUBMITTING), validate=True)
    except binascii.Error as error:
        raise FormatError("not base64") from error
    if int(file.findtext("t:Bestandsgrootte", "-1", _SUBMITTING)) != len(payload):
        raise FormatError("another size")
    return Submitted(
        number=number,
        account=account,
        email=declaration.findtext("t:IndienerEmailadres", "", _SUBMITTING),
        reference=declaration.findtext("t:ReferentieZorgaanbieder", "", _SUBMITTING),
        file_name=file.findtext("t:Bestandsnaam", "", _SUBMITTING),
        payload=payload,
        status=status,
    )


def _result(code: str, number: int | None, name: str) -> Sequence[Written]:
    told = [("DeclaratieId", str(number))] if number is not None else []
    return [("Resultaten", [("DeclaratieResultaat", [("Resultaatcode", code), *told, ("Bestandsnaam", name)])])]

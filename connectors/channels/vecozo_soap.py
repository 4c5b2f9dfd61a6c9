"""The older VECOZO channel: claim files and their responses over the EDP SOAP service V1, with a system certificate.

Source: client classes generated from VECOZO's service descriptions (2019; the descriptions are not public). The service
takes our own reference with a submission, but answers no question by it, and lists submissions only once an insurer has
answered. So a submission whose answer was lost cannot be asked about: `can_lookup` is False, a person decides, and the
response file, which names our invoice number, ends the doubt by itself. What VECOZO did tell us stands in the `book`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar, Never

import requests

from connectors.channels import naming
from connectors.channels.fetching import fetched
from connectors.channels.http import (
    Answer,
    Call,
    HttpSettings,
    certificate_expiry,
    https_address,
    judge,
    open_session,
    request,
)
from connectors.channels.settings import choice, flag, folder, listed, need, seconds, whole
from connectors.channels.vecozo_messages import DAMAGED, damaged, without_numbers
from connectors.channels.vecozo_soap_book import Book, remote_id
from connectors.channels.vecozo_soap_faults import explained, in_doubt
from connectors.channels.vecozo_soap_messages import (
    INDIENEN,
    OPHALEN,
    OPHALEN_PDF,
    OPVRAGEN,
    RAADPLEGEN,
    READ_WELL,
    SOAP_11,
    SOAP_12,
    STATES,
    Downloaded,
    Listed,
    Operation,
    Result,
    Status,
    Submission,
    download,
    envelope,
    listing,
    read_download,
    read_fault,
    read_listing,
    read_results,
    read_statuses,
    statuses,
    submission,
)
from hub.errors import (
    ConfigurationError,
    ContentError,
    FormatError,
    HubError,
    OutcomeUnknown,
    RefusedError,
    TransientError,
)
from hub.model.exchange import Collected, ExchangeState, Message, Probe, Receipt
from schemas.xml import Element

KIND = "vecozo_soap"
_MEGABYTE = 1024 * 1024
_MOST_MEGABYTES = 25
_LONGEST_REFERENCE = 100
_NOBODY = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoapSettings:
    """Where VECOZO is (`.../Router.V1.svc`), what we say with a submission, and where we keep what it told us."""

    base_url: str
    http: HttpSettings
    email: str
    book: Book
    soap: str = SOAP_12
    standards: tuple[tuple[str, str, str], ...] = ()
    pdf: bool = False
    tell_result: bool = False
    tell_refusal: bool = False
    max_file: int = _MOST_MEGABYTES * _MEGABYTE


@dataclass(frozen=True, slots=True)
class VecozoSoapChannel:
    """Implements `hub.ports.Channel`. Keeps no connection and no state between calls; its notes are files."""

    settings: SoapSettings
    can_lookup: bool = field(default=False, init=False)
    """A lost answer stays lost: the service cannot be asked by our reference."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("endpoint", "client_cert", "client_key", "email", "book")

    @classmethod
    def from_settings(cls, settings: Mapping[str, str]) -> VecozoSoapChannel:
        """The channel as an agreement describes it; everything missing is named at once."""
        endpoint, cert, key, email, _ = need(settings, KIND, *cls.REQUIRED)
        most = whole(settings, KIND, "max_file_mb", _MOST_MEGABYTES) * _MEGABYTE
        http = HttpSettings(
            ca_file=settings.get("ca_file", "").strip(),
            client_cert_file=cert,
            client_key_file=key,
            connect_timeout=seconds(settings, KIND, "connect_timeout", 10.0),
            read_timeout=seconds(settings, KIND, "read_timeout", 60.0),
            max_answer=most * 4 // 3 + _MEGABYTE,  # base64 and what stands around it
        )
        return cls(
            SoapSettings(
                base_url=https_address(endpoint, KIND),
                http=http,
                email=email,
                book=Book(folder(settings, KIND, "book")),
                soap={"1.2": SOAP_12, "1.1": SOAP_11}[choice(settings, KIND, "soap", ("1.2", "1.1"))],
                standards=tuple(_standard(text) for text in listed(settings, "standards")),
                pdf=flag(settings, KIND, "pdf"),
                tell_result=flag(settings, KIND, "mail_result"),
                tell_refusal=flag(settings, KIND, "mail_refusal"),
                max_file=most,
            )
        )

    def deliver(self, message: Message) -> Receipt:
        """Submit the file once; for a key VECOZO gave an id before, the answer is that id and nothing is sent."""
        known = self.settings.book.declaratie(message.key)
        if known:
            return Receipt(remote_id=known, state=ExchangeState.SENT, text="VECOZO had it from before")
        body = submission(self._submission(message))
        with open_session(self.settings.http) as session:
            answer = self._send(session, INDIENEN, body)
        receipt = self._submitted(answer)
        try:
            self.settings.book.remember(message.key, receipt.remote_id)
        except HubError:
            # It was taken over: a full disk here must not read as "try again". The hub keeps the id as well.
            return replace(receipt, text=f"{receipt.text}; the id could not be noted in the book")
        return receipt

    def _submission(self, message: Message) -> Submission:
        if len(message.payload) > self.settings.max_file:
            raise ContentError(
                f"the file has {len(message.payload)} bytes, more than the {self.settings.max_file} VECOZO takes",
                hint="make smaller files, or set max_file_mb when VECOZO agreed to more",
            )
        return Submission(
            email=self.settings.email,
            reference=naming.stem(message.key)[:_LONGEST_REFERENCE],
            file_name=naming.remote_name(message.key, message.name),
            payload=message.payload,
            tell_result=self.settings.tell_result,
            tell_refusal=self.settings.tell_refusal,
        )

    def _submitted(self, answer: Answer) -> Receipt:
        """Taken over, refused, or in doubt: only what is known to be a yes or a no counts as one."""
        try:
            results = read_results(answer.body)
        except FormatError as error:
            raise in_doubt(f"VECOZO's answer cannot be read: {error.message}", answer) from error
        if all(one.taken_over for one in results):
            return Receipt(
                remote_id=results[0].declaratie, state=ExchangeState.SENT, text=_summary(results), raw=answer.body
            )
        if all(one.refused for one in results):
            raise RefusedError(
                f"VECOZO refused the file: {_summary(results)} (what the code means is not published)",
                hint="ask VECOZO, and sort the code in the partner's folder",
                where=INDIENEN.name,
                raw=answer.body,
                code=results[0].code,
            )
        raise in_doubt(f"VECOZO's answer is neither a yes nor a no: {_summary(results)}", answer)

    def lookup(self, key: str) -> Receipt | None:
        """Where a submission stands whose id we know; for any other nobody can say whether it arrived."""
        known = self.settings.book.declaratie(key)
        if not known:
            raise OutcomeUnknown(
                f"VECOZO cannot be asked for {naming.stem(key)}: it gave us no id for it",
                hint="look for this reference in VECOZO's portal, or wait for the response",
            )
        found = self.status(known)
        return Receipt(remote_id=known, state=ExchangeState.SENT, text="taken over") if found is None else found

    def status(self, declaratie: str) -> Receipt | None:
        """Where the submission with this id of VECOZO's stands; None when VECOZO names no status for it."""
        with open_session(self.settings.http) as session:
            answer = self._ask(session, RAADPLEGEN, statuses([declaratie]))
        try:
            found = [one for one in read_statuses(answer.body) if one.declaratie == declaratie and one.word]
        except FormatError as error:
            _unreadable(error, RAADPLEGEN, answer)
        return _receipt(found[-1], answer) if found else None

    def collect(self) -> Iterator[Collected]:
        """What waits for us, oldest first; what cannot be fetched whole comes as kind `damaged` and stays waiting.

        A download that failed for a passing reason is left for the next time: the others go first, then it is raised.
        """
        with open_session(self.settings.http) as session:
            told = self._offered(session)
            yield from self._downloads(session, told)

    def _offered(self, session: requests.Session) -> Mapping[str, Listed]:
        """Ask for everything not fetched yet, and for everything after our cursor: fetching may end the one list only.

        What is offered is noted before anything is fetched, so that a kill between the two loses nothing.
        """
        cursor = self.settings.book.cursor()
        found = self._list(session, None) + (self._list(session, cursor) if cursor is not None else [])
        self.settings.book.note(found)
        return {remote_id(one): one for one in found}

    def _list(self, session: requests.Session, after: int | None) -> list[Listed]:
        answer = self._ask(
            session, OPVRAGEN, listing(standards=self.settings.standards, after=after, pdf=self.settings.pdf)
        )
        try:
            code, found = read_listing(answer.body)
        except FormatError as error:
            _unreadable(error, OPVRAGEN, answer)
        if code not in READ_WELL and not found:
            # An empty list comes with a code of success: this one is for a person, or nobody would ever hear of it.
            raise ConfigurationError(
                f"VECOZO lists nothing and says {_shown(code)} (its meaning is not published)",
                hint="ask VECOZO",
                where=OPVRAGEN.name,
            )
        return found

    def _downloads(self, session: requests.Session, told: Mapping[str, Listed]) -> Iterator[Collected]:
        return fetched(self.settings.book.waiting(), lambda one: self._download(session, told.get(remote_id(one), one)))

    def _download(self, session: requests.Session, one: Listed) -> Collected:
        """One file, checked against its number and size; VECOZO's code where it gives none."""
        operation = OPHALEN_PDF if one.pdf else OPHALEN
        try:
            answer = self._ask(session, operation, download(one.number, pdf=one.pdf))
            found = read_download(answer.body, pdf=one.pdf)
        except RefusedError as error:  # bigger than what we take
            return self._damaged(one, error.code)
        except FormatError:
            return self._damaged(one, "answer_unreadable")
        return self._checked(one, found)

    def _checked(self, one: Listed, found: Downloaded) -> Collected:
        if found.payload is None:
            return self._damaged(one, _shown(found.code))
        if found.size not in (None, len(found.payload)):
            return self._damaged(one, "size_mismatch")
        if not one.pdf and found.number not in (None, one.number):
            return self._damaged(one, "another_file")
        meta = {**one.meta, **found.meta, "result_code": found.code}
        return Collected(
            remote_id=remote_id(one),
            name=without_numbers(found.file_name) or remote_id(one),
            payload=found.payload,
            answers=found.declaratie or one.declaratie,
            meta=MappingProxyType(meta),
        )

    def _damaged(self, one: Listed, reason: str) -> Collected:
        return damaged(remote_id(one), reason, answers=one.declaratie, meta=one.meta)

    def confirm(self, remote_id: str) -> None:
        """Note that we have it, which moves the cursor on; VECOZO itself wants no confirmation."""
        if not remote_id.startswith(DAMAGED):
            self.settings.book.take(remote_id)

    def probe(self) -> Probe:
        """Ask for the status of nobody's submission: TLS, certificate and address, without sending or fetching."""
        expires = certificate_expiry(self.settings.http.client_cert_file)
        try:
            self.status(_NOBODY)
        except HubError as error:
            return Probe(ok=False, text=str(error), expires=expires)
        return Probe(ok=True, text=f"VECOZO answers at {self.settings.base_url}", expires=expires)

    def _send(self, session: requests.Session, operation: Operation, body: Element) -> Answer:
        return self._exchange(session, operation, body, sending=True)

    def _ask(self, session: requests.Session, operation: Operation, body: Element) -> Answer:
        return self._exchange(session, operation, body, sending=False)

    def _exchange(self, session: requests.Session, operation: Operation, body: Element, *, sending: bool) -> Answer:
        call = self._call(operation, body, sending=sending)
        answer = request(session, self.settings.http, call)
        if answer.status in {200, 400, 500}:
            fault = read_fault(answer.body)
            if fault is not None:
                raise explained(fault, answer, where=operation.name, sending=sending)
        if answer.status in {404, 405, 415}:
            raise ConfigurationError(
                f"HTTP {answer.status}: VECOZO's service is not there", hint="check endpoint and soap", where=call.where
            )
        try:
            return judge(answer, self.settings.http, call)
        except RefusedError as error:
            if sending:
                raise
            # Refused is the question, not a message: nobody may take this for the fate of a claim file.
            raise ConfigurationError(f"VECOZO does not answer: {error.message}", where=call.where) from error

    def _call(self, operation: Operation, body: Element, *, sending: bool) -> Call:
        """SOAP 1.1 has an address of its own and names the action in a header."""
        old = self.settings.soap == SOAP_11
        url = f"{self.settings.base_url}/{operation.path}{'Soap11' if old else ''}"
        soap12 = f'application/soap+xml; charset=utf-8; action="{operation.action}"'
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{operation.action}"'}
        data = envelope(body, operation, soap=self.settings.soap, to=url, message_id=str(uuid.uuid4()))
        return Call(
            method="POST", url=url, sending=sending, body=data, headers=headers if old else {"Content-Type": soap12}
        )


def from_settings(settings: Mapping[str, str]) -> VecozoSoapChannel:
    """The VECOZO SOAP channel from a partner's and an agreement's settings."""
    return VecozoSoapChannel.from_settings(settings)


def _unreadable(error: FormatError, operation: Operation, answer: Answer) -> Never:
    raise TransientError(
        f"the answer cannot be read: {error.message}", where=operation.name, raw=answer.body
    ) from error


def _summary(results: list[Result]) -> str:
    return "; ".join(f"{_shown(one.code)} {one.declaratie}".strip() for one in results)


def _shown(code: str) -> str:
    return without_numbers(code)[:40] or "no code"


def _receipt(found: Status, answer: Answer) -> Receipt:
    return Receipt(
        remote_id=found.declaratie,
        state=STATES.get(found.word, ExchangeState.SENT),
        text="; ".join(word for word in (found.word, found.notice) if word),
        raw=answer.body,
    )


def _standard(text: str) -> tuple[str, str, str]:
    """A standard as `HA305-4.2` or `HA305-4`."""
    code, _, version = text.partition("-")
    main, _, sub = version.partition(".")
    if not (code.isalnum() and main.isdigit() and (sub.isdigit() or not sub)):
        raise ConfigurationError(f"the vecozo_soap channel's standards hold {text!r}", hint="such as HA305-4.2")
    return code, main, sub

"""A Peppol access point behind a REST interface of the phoss-ap shape (decision 10).

Source: phoss-ap's REST controllers (phax/phoss-ap ba7e36b, 2026-08-20). What we use of it, all with `X-Token`:
`POST /api/outbound/submit-sbd`, `GET /api/outbound/status/{sbdhInstanceID}?includeArchive=true`,
`GET /api/outbound/in-transmission`, `GET /api/inbound/missing-c4-country-code`, `POST /api/inbound/report`.

We send the whole envelope, because then its instance identifier is ours (a UUIDv5 of the message's key) and the status
by that identifier settles every doubt. The provider does not refuse a second envelope with the same identifier, so
`deliver` asks before it submits. Its 422 says "not sent", not "never": whether it goes on trying, the status says.

Inbound: phoss-ap hands documents on by HTTP, S3, SFTP or into a folder and offers no way to fetch them. With
`inbox` = `folder` we read the folder it writes into (`inbox_folder`). With `inbox` = `rest` we list with phoss-ap's own
`missing-c4-country-code` and fetch with `GET /api/inbound/documents/{sbdhInstanceID}`, which is the sandbox's, NOT
phoss-ap's. Either way confirming is its `report`, which also feeds the Peppol statistics.

Settings: `endpoint`, `token`, `sender` and `country_c1` (unless each message names its own), `c4_country` (default
`country_c1`), `inbox`, `inbox_folder`, `ca_file`, `connect_timeout`, `read_timeout`. Meta of a message: `sender`,
`receiver` (`0192:...`), `document_id`, `process_id`, `country_c1`, `document_scheme`, `process_scheme`, `mls_to`,
`mls_type`, and where the document id does not tell them `document_standard`, `document_type`, `document_version`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import requests

from connectors.channels import peppol_envelope as envelope
from connectors.channels import peppol_states as states
from connectors.channels.folder import FolderChannel
from connectors.channels.http import Answer, Call, HttpSettings, judge, open_session, request
from connectors.channels.settings import choice, folder, need, seconds
from hub.errors import (
    ConfigurationError,
    FormatError,
    HubError,
    OutcomeUnknown,
    RefusedError,
    TransientError,
)
from hub.model.exchange import Collected, ExchangeState, Message, Probe, Receipt
from schemas import sbdh

KIND = "peppol_rest"

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeppolRestChannel:
    """Sends through a provider's access point and collects what it received for us. Its repr shows no secret."""

    endpoint: str
    token: str = field(repr=False)
    http: HttpSettings
    sender: str = ""
    country_c1: str = ""
    c4_country: str = ""
    rest_inbox: bool = False
    folder_inbox: FolderChannel | None = None
    now: Callable[[], datetime] = field(default=_now, repr=False)
    can_lookup: bool = field(default=True, init=False)

    def deliver(self, message: Message) -> Receipt:
        """Submit the envelope, unless the provider already has it; a final refusal is raised with its words."""
        header = envelope.header_for(message, sender=self.sender, country_c1=self.country_c1, created=self.now())
        body = sbdh.write(header, message.payload)
        call = self._call("POST", "outbound/submit-sbd", body=body, sending=True)
        with open_session(self.http) as session:
            known = self._status(session, header.instance_id)
            if known is not None:
                return _unless_refused(known, call)
            answer = request(session, self.http, call)
            if answer.status == 422 or (answer.status == 200 and states.says_failed(answer.body)):
                return self._undecided(session, header.instance_id, answer, call)
        _judge_submit(answer, self.http, call)
        return Receipt(
            remote_id=header.instance_id,
            state=ExchangeState.DELIVERED,
            at=self.now(),
            text="sent; the receiving access point gave its receipt",
            raw=answer.body,
        )

    def lookup(self, key: str) -> Receipt | None:
        """The provider's status for the envelope with this key's identifier."""
        with open_session(self.http) as session:
            return self._status(session, envelope.instance_id(key))

    def collect(self) -> Iterator[Collected]:
        """Documents the provider received for us, unwrapped; one that is no envelope comes raw, of kind `damaged`."""
        if self.folder_inbox is not None:
            for found in self.folder_inbox.collect():
                if found.name.lower().endswith(".xml"):
                    yield envelope.unwrapped(found.remote_id, found.payload)
        elif self.rest_inbox:
            with open_session(self.http) as session:
                yield from self._documents(session)

    def confirm(self, remote_id: str) -> None:
        """Report the document as taken over; one already reported, or no longer known, is fine."""
        identifier = remote_id
        if self.folder_inbox is not None:
            identifier = self._identifier_in_folder(remote_id)
        if identifier:
            self._report(identifier)
        if self.folder_inbox is not None:
            self.folder_inbox.confirm(remote_id)

    def probe(self) -> Probe:
        """Ask for the list of what is on its way: address, TLS and token, without sending anything."""
        call = self._call("GET", "outbound/in-transmission")
        try:
            with open_session(self.http) as session:
                _judge_path(request(session, self.http, call), self.http, call)
        except HubError as error:
            return Probe(ok=False, text=str(error))
        return Probe(ok=True, text=f"the access point answers at {self.endpoint}")

    def _undecided(self, session: requests.Session, identifier: str, answer: Answer, call: Call) -> Receipt:
        """Not sent this time: the status tells whether the provider goes on trying."""
        try:
            known = self._status(session, identifier)
        except TransientError as error:
            raise OutcomeUnknown(
                "not sent, and the provider does not say whether it tries again",
                hint="ask again before sending",
                where=call.where,
                raw=answer.body,
            ) from error
        if known is None:
            raise RefusedError(
                f"the provider refused it: {states.words(answer.body)}",
                where=call.where,
                raw=answer.body,
                code=str(answer.status),
            )
        return _unless_refused(known, call)

    def _status(self, session: requests.Session, identifier: str) -> Receipt | None:
        call = self._call("GET", f"outbound/status/{identifier}", params={"includeArchive": "true"})
        answer = request(session, self.http, call)
        if answer.status == 404:
            return None
        judge(answer, self.http, call)
        try:
            return states.receipt(answer.body, identifier)
        except FormatError as error:
            raise OutcomeUnknown(
                f"the provider's status cannot be read: {error.message}", where=call.where, raw=answer.body
            ) from error

    def _documents(self, session: requests.Session) -> Iterator[Collected]:
        """Each waiting document; one that cannot be fetched does not stop the others, it is raised after them."""
        unread: list[HubError] = []
        for identifier in self._waiting(session):
            call = self._call("GET", f"inbound/documents/{quote(identifier, safe='')}")
            try:
                answer = _judge_path(request(session, self.http, call), self.http, call)
            except (TransientError, RefusedError, FormatError) as error:
                unread.append(error)
                continue
            yield envelope.unwrapped(identifier, answer.body)
        if unread:
            raise TransientError(f"{len(unread)} documents could not be fetched, the first: {unread[0]}")

    def _waiting(self, session: requests.Session) -> list[str]:
        call = self._call("GET", "inbound/missing-c4-country-code")
        answer = _judge_path(request(session, self.http, call), self.http, call)
        try:
            return states.waiting(answer.body)
        except FormatError as error:
            raise TransientError(error.message, where=call.where, raw=answer.body) from error

    def _identifier_in_folder(self, remote_id: str) -> str:
        """The envelope identifier in the file with this id; empty when it is gone or no envelope."""
        inbox = self.folder_inbox
        payload = inbox.read(remote_id) if inbox is not None else None
        if payload is None:
            return ""
        try:
            return sbdh.read_header(payload).instance_id
        except FormatError:
            return ""

    def _report(self, identifier: str) -> None:
        params = {"sbdhInstanceID": identifier, "c4CountryCode": self.c4_country}
        call = self._call("POST", "inbound/report", params=params)
        with open_session(self.http) as session:
            answer = request(session, self.http, call)
        if answer.status not in {400, 404}:
            judge(answer, self.http, call)

    def _call(
        self,
        method: str,
        path: str,
        *,
        sending: bool = False,
        body: bytes = b"",
        params: Mapping[str, str] | None = None,
    ) -> Call:
        headers = {"X-Token": self.token} | ({"Content-Type": "application/xml"} if body else {})
        url = f"{self.endpoint}/api/{path}"
        return Call(method=method, url=url, sending=sending, body=body, params=params or {}, headers=headers)


def from_settings(settings: Mapping[str, str]) -> PeppolRestChannel:
    """A provider's access point from a partner's and an agreement's settings."""
    endpoint, token = need(settings, KIND, "endpoint", "token")
    parts = urlsplit(endpoint)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ConfigurationError("the peppol_rest channel's endpoint is not https", hint="the token would be readable")
    inbox = choice(settings, KIND, "inbox", ("none", "rest", "folder"))
    country = settings.get("country_c1", "")
    c4_country = settings.get("c4_country") or country
    if inbox != "none" and not c4_country:
        raise ConfigurationError("the peppol_rest channel lacks c4_country", hint="our country, such as NO")
    drop = folder(settings, KIND, "inbox_folder") if inbox == "folder" else None
    return PeppolRestChannel(
        endpoint=endpoint.rstrip("/"),
        token=token,
        http=HttpSettings(
            ca_file=settings.get("ca_file", ""),
            connect_timeout=seconds(settings, KIND, "connect_timeout", 5),
            read_timeout=seconds(settings, KIND, "read_timeout", 150),
        ),
        sender=settings.get("sender", ""),
        country_c1=country,
        c4_country=c4_country,
        rest_inbox=inbox == "rest",
        folder_inbox=FolderChannel(inbox=drop, done=drop / "done") if drop else None,
    )


def _unless_refused(receipt: Receipt, call: Call) -> Receipt:
    if receipt.state is ExchangeState.REFUSED:
        raise RefusedError(
            f"the provider gave up: {receipt.text}",
            hint="correct it, or use another way to this receiver",
            where=call.where,
            raw=receipt.raw,
            code=states.code(receipt.raw),
        )
    return receipt


def _judge_submit(answer: Answer, http: HttpSettings, call: Call) -> None:
    if answer.status == 400:
        raise RefusedError(
            f"the provider did not take it over: {states.words(answer.body)}",
            where=call.where,
            raw=answer.body,
            code="400",
        )
    _judge_path(answer, http, call)


def _judge_path(answer: Answer, http: HttpSettings, call: Call) -> Answer:
    """404 on a fixed path is no answer about a message: the address is wrong, or the provider switched this off."""
    if answer.status in {404, 405}:
        raise ConfigurationError(
            f"HTTP {answer.status}: the service is not there, or switched off", hint="check endpoint", where=call.where
        )
    return judge(answer, http, call)

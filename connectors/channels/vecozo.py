"""The VECOZO channel: claim files go out and answers come in over VSP-Koppeling REST with a VECOZO system certificate.

Source: VECOZO's OpenAPI specifications VSP-Koppeling REST push 1.0.2, pull 1.0.0 and message status v2 and v3. The
message types for Zvw claims are not in them, so they are settings without a default.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import ClassVar, NoReturn
from uuid import UUID

import requests
from urllib3.fields import RequestField
from urllib3.filepost import encode_multipart_formdata

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
from connectors.channels.settings import choice, need, seconds
from connectors.channels.vecozo_messages import (
    DAMAGED,
    Flow,
    Waiting,
    metadata,
    problem,
    read_statuses,
    read_waiting,
    receipt,
    traceer_id,
    version,
)
from hub.errors import ConfigurationError, FormatError, HubError, OutcomeUnknown, RefusedError, TransientError
from hub.model.exchange import Collected, ExchangeState, Message, Probe, Receipt

KIND = "vecozo"
PAGE = 250
_PUSH = "berichten/rest-push/v1/berichten"
_PULL = "berichten/rest-pull/v1/berichten"
_NOBODY = str(UUID(int=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class VecozoSettings:
    """Where VECOZO is (`.../berichtenservice`), who we are there, and the agreed message flow."""

    base_url: str
    http: HttpSettings
    flow: Flow
    flows: Mapping[str, Flow] = field(default_factory=dict)
    status_version: str = "v3"
    page: int = PAGE


_PER_STANDARD = ("berichttype", "berichtsubtype", "berichtversie", "berichtsubversie", "actie")
"""What may differ by standard: one agreement carries several."""


@dataclass(frozen=True, slots=True)
class VecozoChannel:
    """Implements `hub.ports.Channel`. Keeps no connection between calls."""

    settings: VecozoSettings
    can_lookup: bool = field(default=True, init=False)

    REQUIRED: ClassVar[tuple[str, ...]] = (
        "endpoint",
        "ca_file",
        "client_cert",
        "client_key",
        "berichttype",
        "berichtversie",
        "berichtsubversie",
        "actie",
        "sender_role",
        "sender_code",
    )

    @classmethod
    def from_settings(cls, settings: Mapping[str, str]) -> VecozoChannel:
        """The channel as an agreement describes it; everything missing is named at once."""
        endpoint, ca_file, cert, key, *flow = need(settings, KIND, *cls.REQUIRED)
        version("berichtversie", flow[1])
        version("berichtsubversie", flow[2])
        http = HttpSettings(
            ca_file=ca_file,
            client_cert_file=cert,
            client_key_file=key,
            connect_timeout=seconds(settings, KIND, "connect_timeout", 10.0),
            read_timeout=seconds(settings, KIND, "read_timeout", 60.0),
        )
        return cls(
            VecozoSettings(
                base_url=https_address(endpoint, KIND),
                http=http,
                flow=_flow(flow, settings),
                flows=_flows(flow, settings),
                status_version=choice(settings, KIND, "status_version", ("v3", "v2")),
            )
        )

    def deliver(self, message: Message) -> Receipt:
        """Push the message once under the id its key gives; a 422 for one VECOZO already has is a receipt."""
        traceer = traceer_id(message.key)
        flow = self.settings.flows.get(message.meta.get("standard", ""), self.settings.flow)
        body, media_type = _multipart(message, metadata(message, flow))
        call = self._call("POST", _PUSH, sending=True, body=body, headers={"Content-Type": media_type})
        with open_session(self.settings.http) as session:
            answer = request(session, self.settings.http, call)
            if answer.status in {400, 422}:
                return self._refused(session, answer, call, traceer)
        self._judge(answer, call)
        return Receipt(remote_id=traceer, state=ExchangeState.SENT, at=_date(answer), text=f"HTTP {answer.status}")

    def _refused(self, session: requests.Session, answer: Answer, call: Call, traceer: str) -> Receipt:
        """A refusal, unless VECOZO holds this very message from an earlier attempt whose answer we never saw."""
        text, code = problem(answer.body, answer.status)
        if answer.status == 422:
            try:
                earlier = self._status(session, traceer)
            except HubError as error:
                raise OutcomeUnknown(
                    f"refused with {code}, but VECOZO does not say whether it has the message from before",
                    hint="ask again before sending",
                    where=call.where,
                    raw=answer.body,
                ) from error
            if earlier is not None and earlier.state is not ExchangeState.REFUSED:
                return earlier
        raise RefusedError(
            f"VECOZO refused the message: {text}", hint="correct it", where=call.where, raw=answer.body, code=code
        )

    def lookup(self, key: str) -> Receipt | None:
        """What VECOZO says about the message with this key; None when it does not know it."""
        with open_session(self.settings.http) as session:
            return self._status(session, traceer_id(key))

    def _status(self, session: requests.Session, traceer: str) -> Receipt | None:
        path = f"berichtstatus/rest-pull/{self.settings.status_version}/berichtstatussen"
        call = self._call("GET", path, params={"traceerId": traceer})
        answer = request(session, self.settings.http, call)
        try:
            return receipt(read_statuses(self._judge(answer, call).body), traceer)
        except FormatError as error:
            _unreadable(error, call, answer)
        except RefusedError as error:
            # Refused is the question, not the message: nobody may take this for the fate of a claim file.
            raise ConfigurationError(f"VECOZO does not tell a status: {error.message}", where=call.where) from error

    def collect(self) -> Iterator[Collected]:
        """Up to 250 messages that wait for us, oldest first; what cannot be fetched whole comes as kind `damaged`.

        A payload that failed for a passing reason is left for the next time: the others go first, then it is raised.
        """
        call = self._call("GET", _PULL, params={"limit": str(self.settings.page)})
        with open_session(self.settings.http) as session:
            answer = self._judge(request(session, self.settings.http, call), call)
            try:
                entries = read_waiting(answer.body)
            except FormatError as error:
                _unreadable(error, call, answer)
            yield from self._payloads(session, entries)

    def _payloads(self, session: requests.Session, entries: list[Waiting | Collected]) -> Iterator[Collected]:
        return fetched(entries, lambda entry: self._payload(session, entry))

    def _payload(self, session: requests.Session, entry: Waiting) -> Collected:
        """One payload, checked; the address is ours, never the one in the list."""
        if entry.size > self.settings.http.max_answer:
            return entry.damaged("too_big", str(entry.size))
        call = self._call("GET", f"{_PULL}/{entry.traceer}/payload")
        answer = request(session, self.settings.http, call)
        if answer.status == 404:
            return entry.damaged("payload_gone")
        try:
            return entry.collected(judge(answer, self.settings.http, call).body)
        except RefusedError as error:
            return entry.damaged("payload_refused", error.code)

    def confirm(self, remote_id: str) -> None:
        """Tell VECOZO that we have it; harmless when repeated, and nothing at all for something damaged."""
        if remote_id.startswith(DAMAGED):
            return
        call = self._call("DELETE", f"{_PULL}/{UUID(remote_id)}")
        with open_session(self.settings.http) as session:
            answer = request(session, self.settings.http, call)
        if answer.status != 404:
            judge(answer, self.settings.http, call)

    def probe(self) -> Probe:
        """Ask for the status of nobody's message: TLS, certificate, account and address, without sending anything."""
        expires = certificate_expiry(self.settings.http.client_cert_file)
        try:
            with open_session(self.settings.http) as session:
                self._status(session, _NOBODY)
        except HubError as error:
            return Probe(ok=False, text=str(error), expires=expires)
        return Probe(ok=True, text=f"VECOZO answers at {self.settings.base_url}", expires=expires)

    def _call(
        self,
        method: str,
        path: str,
        *,
        sending: bool = False,
        body: bytes = b"",
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Call:
        return Call(
            method=method,
            url=f"{self.settings.base_url}/{path}",
            sending=sending,
            body=body,
            params=params or {},
            headers=headers or {},
        )

    def _judge(self, answer: Answer, call: Call) -> Answer:
        """A 404 here never means "no such message": the services answer 200 with a list, so the address is wrong."""
        if answer.status in {404, 405}:
            raise ConfigurationError(
                f"HTTP {answer.status}: VECOZO's service is not there", hint="check the endpoint", where=call.where
            )
        return judge(answer, self.settings.http, call)


def from_settings(settings: Mapping[str, str]) -> VecozoChannel:
    """The VECOZO channel from a partner's and an agreement's settings."""
    return VecozoChannel.from_settings(settings)


def _flow(values: list[str], settings: Mapping[str, str]) -> Flow:
    berichttype, berichtversie, berichtsubversie, actie, sender_role, sender_code = values
    return Flow(
        berichttype=berichttype,
        berichtversie=berichtversie,
        berichtsubversie=berichtsubversie,
        actie=actie,
        sender_role=sender_role,
        sender_code=sender_code,
        berichtsubtype=settings.get("berichtsubtype", "").strip(),
        receiver_role=settings.get("receiver_role", "").strip(),
    )


def _flows(values: list[str], settings: Mapping[str, str]) -> dict[str, Flow]:
    """Flows of single standards: `berichttype.GDS801` (and the like) says what differs from the others."""
    parts = {name.partition(".")[2] for name in settings if name.partition(".")[0] in _PER_STANDARD and "." in name}
    return {
        standard: replace(
            _flow(values, settings),
            **{
                name: settings[f"{name}.{standard}"].strip()
                for name in _PER_STANDARD
                if settings.get(f"{name}.{standard}")
            },
        )
        for standard in sorted(parts)
    }


def _multipart(message: Message, facts: Mapping[str, object]) -> tuple[bytes, str]:
    """The body and its media type: a JSON part and a binary part."""
    facts_part = RequestField("berichtMetadata", json.dumps(facts, ensure_ascii=False))
    facts_part.make_multipart(content_type="application/json")
    payload = ("payload", (message.name or "payload", message.payload, "application/octet-stream"))
    return encode_multipart_formdata([facts_part, payload])


def _date(answer: Answer) -> datetime | None:
    try:
        return parsedate_to_datetime(answer.headers.get("date", ""))
    except (TypeError, ValueError):
        return None


def _unreadable(error: FormatError, call: Call, answer: Answer) -> NoReturn:
    raise TransientError(f"the answer cannot be read: {error.message}", where=call.where, raw=answer.body) from error

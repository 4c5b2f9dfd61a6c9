"""A Peppol access point provider on loopback, with the REST interface of phoss-ap as far as the hub uses it.

Source: phoss-ap's REST controllers (phax/phoss-ap ba7e36b, 2026-08-20): token check, prebuilt envelopes, status by
envelope identifier, the list of inbound documents not yet reported, the report. Like the original it does NOT refuse a
second envelope with an identifier it has seen: it would send it again (`transmissions` shows it). Fetching an inbound
document over REST (`GET /api/inbound/documents/{id}`) is the sandbox's own; the original forwards documents instead.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import Self
from uuid import NAMESPACE_URL, uuid5

from hub.errors import ContentError
from hub.sandbox.server import Fault, Request, Response, Route, SandboxServer, TlsFiles, json_response
from schemas import sbdh

_UPIS = f"{sbdh.PARTICIPANT_SCHEME}::"


class AccessPointTrouble(StrEnum):
    """What can go wrong beyond the network, for the next submitted documents."""

    NOT_NOW = "not_now"
    """The receiving side does not answer: 422, and the provider tries again by itself."""
    VERIFICATION = "verification"
    """The provider's own validation refuses the document: 400, and nothing is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One submitted document and where it stands."""

    header: sbdh.SbdhHeader
    payload: bytes
    status: str
    created: datetime
    completed: datetime | None = None
    attempts: int = 1
    error: str = ""
    mls: str = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One document received for us."""

    identifier: str
    data: bytes
    received: datetime
    country: str = ""


def _utc() -> datetime:
    return datetime.now(UTC)


class AccessPointSandbox:
    """Runs between `with` and its end; `settings` is what the channel `peppol_rest` needs to reach it.

    Receivers outside `directory` are not in the Peppol directory: sending to them fails for good. An empty directory
    knows everybody.
    """

    def __init__(
        self,
        *,
        token: str = "sandbox-token",  # noqa: S107 -- guards nothing but loopback
        directory: Collection[str] = (),
        country: str = "NO",
        now: Callable[[], datetime] = _utc,
        tls: TlsFiles | None = None,
        port: int = 0,
    ) -> None:
        self.token = token
        self.directory = frozenset(directory)
        self.country = country
        self.transmissions: list[str] = []
        self._now = now
        self._lock = threading.Lock()
        self._outbound: dict[str, Transaction] = {}
        self._inbound: dict[str, Inbound] = {}
        routes = (
            ("POST", "/api/outbound/submit-sbd", self._submit),
            ("GET", "/api/outbound/status/{id}", self._status),
            ("GET", "/api/outbound/in-transmission", self._in_transmission),
            ("GET", "/api/inbound/missing-c4-country-code", self._missing),
            ("GET", "/api/inbound/documents/{id}", self._document),
            ("POST", "/api/inbound/report", self._report),
        )
        guarded = [Route(method, path, self._guarded(handler)) for method, path, handler in routes]
        self.server = SandboxServer(guarded, tls=tls, port=port)

    @property
    def settings(self) -> dict[str, str]:
        """Settings for the channel `peppol_rest`."""
        return {
            "endpoint": self.server.url,
            "token": self.token,
            "country_c1": self.country,
            "c4_country": self.country,
            "inbox": "rest",
        }

    @property
    def outbound(self) -> list[Transaction]:
        """Every submitted document, in order of first submission."""
        with self._lock:
            return list(self._outbound.values())

    @property
    def inbound(self) -> list[Inbound]:
        """Every document received for the hub, reported or not."""
        with self._lock:
            return list(self._inbound.values())

    def misbehave(self, *faults: Fault) -> None:
        """Queue trouble, of the server's kinds or of `AccessPointTrouble`."""
        self.server.misbehave(*faults)

    def retry(self) -> None:
        """What the provider does by itself later: try the failed ones again, now with success."""
        with self._lock:
            for identifier, found in self._outbound.items():
                if found.status == "failed":
                    self.transmissions.append(identifier)
                    self._outbound[identifier] = replace(
                        found, status="sent", error="", attempts=found.attempts + 1, completed=self._now()
                    )

    def level_status(self, identifier: str, code: str) -> None:
        """The receiver's message level status for a sent document: AP, AB or RE."""
        with self._lock:
            found = self._outbound[identifier]
            self._outbound[identifier] = replace(found, mls=f"received_{code.lower()}")

    def answer(self, to: Transaction, payload: bytes, *, document_id: str, process_id: str, times: int = 1) -> None:
        """Offer a document from the receiver of an earlier one to its sender, more than once when told so."""
        standard, root, version = sbdh.root_of(document_id)
        for copy in range(times):
            header = sbdh.SbdhHeader(
                sender=to.header.receiver,
                receiver=to.header.sender,
                instance_id=str(uuid5(NAMESPACE_URL, f"{to.header.instance_id}:{len(self.inbound)}:{copy}")),
                standard=standard,
                type=root,
                type_version=version,
                created=self._now(),
                document_id=document_id,
                process_id=process_id,
                country_c1=self.country,
            )
            self.offer(header.instance_id, sbdh.write(header, payload))

    def offer(self, identifier: str, data: bytes) -> None:
        """Put bytes into the inbox as they are, an envelope or not."""
        with self._lock:
            self._inbound[identifier] = Inbound(identifier=identifier, data=data, received=self._now())

    def start(self) -> Self:
        """Serve in a thread of its own."""
        self.server.start()
        return self

    def stop(self) -> None:
        """Close the port; harmless when repeated."""
        self.server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _guarded(self, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def checked(call: Request) -> Response:
            if call.headers.get("x-token") != self.token:
                return json_response({"error": "Invalid or missing API token"}, 401)
            return handler(call)

        return checked

    def _submit(self, call: Request) -> Response:
        try:
            header, payload = sbdh.read(call.body)
        except ContentError as error:
            return json_response(f"Failed to submit outbound SBD transaction: {error}", 400)
        if self.server.take(call.method, call.path, AccessPointTrouble.VERIFICATION):
            return json_response("Failed to submit outbound SBD transaction", 400)
        busy = self.server.take(call.method, call.path, AccessPointTrouble.NOT_NOW) is not None
        found = self._judge(header, payload, busy=busy)
        with self._lock:
            self._outbound[header.instance_id] = found
            if found.status == "sent":
                self.transmissions.append(header.instance_id)
        report = {
            "sbdhInstanceIdentifier": header.instance_id,
            "sendingResult": "SUCCESS" if found.status == "sent" else "",
            "overallSuccess": found.status == "sent",
            "lookupError": found.error,
        }
        return json_response(report, 200 if found.status == "sent" else 422)

    def _judge(self, header: sbdh.SbdhHeader, payload: bytes, *, busy: bool) -> Transaction:
        moment = self._now()
        status, error = "sent", ""
        if self.directory and header.receiver not in self.directory:
            status = "permanently_failed"
            error = f"The participant {_UPIS}{header.receiver} is not registered in the Peppol network"
        elif busy:
            status, error = "failed", "The receiving access point did not answer in time"
        completed = None if status == "failed" else moment
        return Transaction(
            header=header, payload=payload, status=status, error=error, created=moment, completed=completed
        )

    def _status(self, call: Request) -> Response:
        with self._lock:
            found = self._outbound.get(call.params["id"])
        return json_response(_described(found)) if found else Response(status=404)

    def _in_transmission(self, call: Request) -> Response:  # noqa: ARG002 -- a handler's signature
        return json_response([_described(found) for found in self.outbound if found.status == "failed"])

    def _missing(self, call: Request) -> Response:  # noqa: ARG002 -- a handler's signature
        open_ = [found for found in self.inbound if not found.country]
        return json_response(
            [
                {"sbdhInstanceID": found.identifier, "status": "forwarded", "receivedDT": found.received.isoformat()}
                for found in open_
            ]
        )

    def _document(self, call: Request) -> Response:
        with self._lock:
            found = self._inbound.get(call.params["id"])
        return Response(body=found.data, media_type="application/xml") if found else Response(status=404)

    def _report(self, call: Request) -> Response:
        identifier, country = call.query.get("sbdhInstanceID", ""), call.query.get("c4CountryCode", "")
        with self._lock:
            found = self._inbound.get(identifier)
            if found is None:
                return Response(status=404)
            if found.country or not country:
                return Response(status=400)
            self._inbound[identifier] = replace(found, country=country)
        return json_response({"id": identifier, "status": "updated"})


def _described(found: Transaction) -> dict[str, object]:
    return {
        "transactionType": "business_document",
        "senderID": _UPIS + found.header.sender,
        "receiverID": _UPIS + found.header.receiver,
        "docTypeID": f"{found.header.document_scheme}::{found.header.document_id}",
        "processID": f"{found.header.process_scheme}::{found.header.process_id}",
        "sbdhInstanceID": found.header.instance_id,
        "status": found.status,
        "attemptCount": found.attempts,
        "createdDT": found.created.isoformat(),
        "completedDT": found.completed.isoformat() if found.completed else None,
        "reportingStatus": "pending",
        "nextRetryDT": found.created.isoformat() if found.status == "failed" else None,
        "errorDetails": found.error or None,
        "mlsStatus": found.mls,
    }

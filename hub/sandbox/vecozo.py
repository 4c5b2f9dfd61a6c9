"""A VECOZO that answers on this machine: push, pull and status (v2, v3) over mutual TLS, and COV.

Source: VECOZO's OpenAPI specifications VSP-Koppeling REST push 1.0.2, pull 1.0.0 and message status v2 and v3. What
they leave open is invented here: the words of a refusal, 422 for a message it already has, 403 for an unknown account.
Nothing sleeps: what comes late waits for `release`.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hub.sandbox.cov import NOT_FOUND, CovSource, answer_cov
from hub.sandbox.pki import Identity, Pki
from hub.sandbox.server import Fault, Request, Response, Route, SandboxServer, TlsFiles, json_response
from hub.sandbox.vecozo_answers import (
    Outgoing,
    Refusal,
    Refuser,
    Responder,
    answer_metadata,
    facts_of,
    problem,
    status_entry,
)
from hub.sandbox.vecozo_push import check_push, read_multipart
from hub.sandbox.vecozo_store import Queued, Received, VecozoStore

_BASE = "/berichtenservice"
_PULL = f"{_BASE}/berichten/rest-pull/v1/berichten"
_COV = "/cov/vz801802/v1/soap11"
_IDS = uuid.UUID("0b0f9c1e-6a57-5a0c-8f3d-3a7f6f2f4b11")
_V2_WORDS = {"WordtAangeboden": "Aangeboden", "AanbiedenMislukt": "Aangeboden", "BezorgingAfgebroken": "Aangeboden"}


__all__ = ["Outgoing", "Refusal", "Refuser", "Responder", "VecozoSandbox", "VecozoTrouble"]


class VecozoTrouble(StrEnum):
    """Trouble in what VECOZO says, beside the server's own: see `SandboxServer.misbehave`."""

    WRONG_CHECKSUM = "wrong_checksum"
    LISTED_TWICE = "listed_twice"
    NEWEST_FIRST = "newest_first"
    KEEP_CONFIRMED = "keep_confirmed"
    NO_STATUS_YET = "no_status_yet"


class VecozoSandbox:
    """Runs between `with` and its end; with a `folder` another run continues where this one stopped."""

    def __init__(
        self,
        pki: Pki,
        *,
        now: Callable[[], datetime],
        accounts: Iterable[str] = ("kvitt-sandbox",),
        responder: Responder = lambda _payload, _facts: (),
        refuse: Refuser = lambda _payload, _facts: None,
        coverage: CovSource = lambda _question: NOT_FOUND,
        folder: Path | None = None,
        port: int = 0,
        state_after_push: str = "Bezorgd",
    ) -> None:
        self.store = VecozoStore(folder)
        self._now = now
        self._pki = pki
        self._accounts = frozenset(accounts)
        self._responder = responder
        self._refuse = refuse
        self._coverage = coverage
        self._state = state_after_push
        tls = TlsFiles(certificate=pki.server.certificate, key=pki.server.key, client_ca=pki.ca_file)
        self.server = SandboxServer(self._routes(), tls=tls, port=port)

    def _routes(self) -> list[Route]:
        table = [
            ("POST", f"{_BASE}/berichten/rest-push/v1/berichten", self._push),
            ("GET", _PULL, self._list),
            ("GET", f"{_PULL}/{{traceer}}/payload", self._payload),
            ("DELETE", f"{_PULL}/{{traceer}}", self._confirm),
            ("GET", f"{_BASE}/berichtstatus/rest-pull/v2/berichtstatussen", self._status_v2),
            ("GET", f"{_BASE}/berichtstatus/rest-pull/v3/berichtstatussen", self._status_v3),
            ("POST", _COV, self._cov),
        ]
        return [Route(method, pattern, self._known_only(handler)) for method, pattern, handler in table]

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

    @property
    def cov_endpoint(self) -> str:
        """The COV service's `endpoint`."""
        return f"{self.server.url}{_COV}"

    def settings(self, identity: Identity | None = None) -> dict[str, str]:
        """Ready settings for `VecozoChannel.from_settings`, with the registered client unless another is given."""
        client = identity or self._pki.client
        return {
            "endpoint": self.endpoint,
            "ca_file": str(self._pki.ca_file),
            "client_cert": str(client.certificate),
            "client_key": str(client.key),
            "berichttype": "Test",
            "berichtversie": "1",
            "berichtsubversie": "0",
            "actie": "Indienen",
            "sender_role": "Zorgaanbieder",
            "sender_code": "98098765",
            "receiver_role": "Zorgverzekeraar",
        }

    def misbehave(self, *faults: Fault) -> None:
        """Queue trouble for coming requests."""
        self.server.misbehave(*faults)

    def received(self) -> list[Received]:
        """Everything that was pushed and kept, in order of arrival."""
        with self.store.lock:
            return sorted(self.store.received.values(), key=lambda item: item.received_at)

    def set_state(self, traceer: str, state: str, *notices: tuple[str, str]) -> None:
        """Move a message on, with notices (code, text) when it is refused."""
        with self.store.lock:
            item = self.store.received[traceer]
            changed = replace(item, state=state, changed_at=self._stamp(), notices=notices)
            self.store.keep_received(changed)

    def release(self, answering: Iterable[str] | None = None) -> int:
        """Make late answers available: all, or those to these messages in the given order; how many."""
        return self.store.release(answering, self._stamp())

    def _stamp(self) -> str:
        return self._now().isoformat()

    def _known_only(self, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def guarded(request: Request) -> Response:
            if request.account not in self._accounts:
                return problem(403, "Forbidden", {"account": ["this certificate has no account"]})
            return handler(request)

        return guarded

    def _push(self, request: Request) -> Response:
        parts = read_multipart(request.body, request.headers.get("content-type", ""))
        metadata, errors = check_push(parts)
        if errors:
            return problem(400, "One or more validation errors occurred.", errors)
        payload = parts["payload"][1]
        with self.store.lock:
            return self._accept(request.account, metadata, payload)

    def _accept(self, account: str, metadata: dict[str, Any], payload: bytes) -> Response:
        facts = facts_of(metadata)
        traceer = facts["traceer_id"]
        if traceer in self.store.received:
            return problem(422, "Bericht is al ontvangen", {"traceerId": ["BRS90 duplicate"]})
        refusal = self._refuse(payload, facts)
        if refusal is not None and refusal.status:
            return problem(refusal.status, refusal.text, {"bericht": [f"{refusal.code} {refusal.text}"]})
        if refusal is None:
            # First: a message that is there has its answers, wherever a kill strikes.
            self._queue(account, metadata, self._responder(payload, facts))
        stamp = self._stamp()
        self.store.keep_received(
            Received(
                traceer=traceer,
                account=account,
                metadata=metadata,
                payload=payload,
                state="AfgekeurdDoorDienst" if refusal else self._state,
                received_at=stamp,
                changed_at=stamp,
                notices=((refusal.code, refusal.text),) if refusal else (),
            )
        )
        return Response(status=204)

    def _queue(self, account: str, metadata: dict[str, Any], answers: Sequence[Outgoing]) -> None:
        asked = str(metadata["referentiegegevens"]["traceerId"]).lower()
        for index, answer in enumerate(answers):
            for copy in range(answer.copies):
                traceer = str(uuid.uuid5(_IDS, f"{asked}:{index}:{copy}"))
                self.store.keep_queued(
                    Queued(
                        traceer=traceer,
                        account=account,
                        answers=asked,
                        metadata=answer_metadata(metadata, answer, traceer),
                        payload=answer.payload,
                        number=self.store.next_number(),
                        available_at="" if answer.late else self._stamp(),
                    )
                )

    def _list(self, request: Request) -> Response:
        limit = request.query.get("limit", "250")
        if not limit.isdigit() or not 1 <= int(limit) <= 250:
            return problem(400, "Bad request", {"limit": ["1 to 250"]})
        entries = [self._entry(item) for item in self.store.in_line(request.account)[: int(limit)]]
        if self._takes(request, VecozoTrouble.LISTED_TWICE):
            entries = [entry for entry in entries for _ in range(2)]
        if self._takes(request, VecozoTrouble.NEWEST_FIRST):
            entries.reverse()
        if entries and self._takes(request, VecozoTrouble.WRONG_CHECKSUM):
            checksum = entries[0]["basisgegevens"]["payload"]["checksum"]
            checksum["waarde"] = hashlib.sha256(checksum["waarde"].encode()).hexdigest()
        return json_response(entries)

    def _takes(self, request: Request, trouble: VecozoTrouble) -> bool:
        return self.server.take(request.method, request.path, trouble) is not None

    def _entry(self, item: Queued) -> dict[str, Any]:
        checksum = {"algoritme": "SHA256", "waarde": hashlib.sha256(item.payload).hexdigest()}
        address = f"{self.server.url}{_PULL}/{item.traceer}/payload"
        download = {"url": address, "grootte": len(item.payload), "checksum": checksum}
        return {"basisgegevens": {"ontvangenOp": item.available_at, "payload": download}, **item.metadata}

    def _mine(self, request: Request) -> Queued | None:
        line = self.store.in_line(request.account)
        return next((item for item in line if item.traceer == request.params["traceer"].lower()), None)

    def _payload(self, request: Request) -> Response:
        item = self._mine(request)
        return Response(body=item.payload) if item else Response(status=404)

    def _confirm(self, request: Request) -> Response:
        with self.store.lock:
            item = self._mine(request)
            if item is None:
                return Response(status=404)
            if not self._takes(request, VecozoTrouble.KEEP_CONFIRMED):
                self.store.keep_queued(replace(item, confirmed=True))
        return Response(status=202)

    def _status_v2(self, request: Request) -> Response:
        return self._statuses(request, _V2_WORDS)

    def _status_v3(self, request: Request) -> Response:
        return self._statuses(request, {})

    def _statuses(self, request: Request, words: Mapping[str, str]) -> Response:
        """Statuses of a message and of the answers to it, or of a conversation."""
        asked = {name: value.lower() for name, value in request.query.items() if name in {"traceerId", "conversatieId"}}
        if len(asked) != 1:
            return problem(400, "Bad request", {"query": ["one of traceerId and conversatieId"]})
        if self._takes(request, VecozoTrouble.NO_STATUS_YET):
            return json_response([])
        name, value = next(iter(asked.items()))
        names = ("traceerId", "alsAntwoordOp") if name == "traceerId" else (name,)
        return json_response(
            [
                status
                for status in self._all_statuses(request.account, words)
                if any(str(status["referentiegegevens"].get(one, "")).lower() == value for one in names)
            ]
        )

    def _all_statuses(self, account: str, words: Mapping[str, str]) -> list[dict[str, Any]]:
        with self.store.lock:
            answers = [
                status_entry(
                    one.metadata,
                    "Bezorgd" if one.confirmed else words.get("WordtAangeboden", "WordtAangeboden"),
                    one.available_at,
                    one.available_at,
                    (),
                )
                for one in self.store.queued.values()
                if one.account == account and one.available_at
            ]
            ours = [
                status_entry(
                    one.metadata, words.get(one.state, one.state), one.received_at, one.changed_at, one.notices
                )
                for one in self.store.received.values()
                if one.account == account
            ]
        return answers + ours

    def _cov(self, request: Request) -> Response:
        return answer_cov(request, self._coverage, today=self._now().date())

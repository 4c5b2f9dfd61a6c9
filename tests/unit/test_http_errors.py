"""Every way a request can fail, translated by one table that answers whether it arrived."""

from __future__ import annotations

import inspect
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
import urllib3.exceptions

from connectors.channels.http import (
    MEANINGS,
    Answer,
    Call,
    HttpSettings,
    Meaning,
    ServerError,
    judge,
    meaning_of,
    open_session,
    request,
    retry_after,
    translate,
)
from hub.errors import ConfigurationError, HubError, OutcomeUnknown, RefusedError, TransientError
from hub.sandbox.pki import make_pki
from hub.sandbox.server import Fault, Request, Response, Route, SandboxServer, TlsFiles, Trouble, json_response

SETTINGS = HttpSettings(connect_timeout=2, read_timeout=0.3)


def exception_classes() -> list[type[BaseException]]:
    found = [one for _, one in inspect.getmembers(requests.exceptions, inspect.isclass)]
    return [one for one in found if issubclass(one, requests.exceptions.RequestException)]


@pytest.mark.parametrize("kind", exception_classes(), ids=lambda kind: kind.__name__)
def test_every_exception_class_of_requests_has_its_own_line_in_the_table(kind: type[BaseException]) -> None:
    assert kind in MEANINGS


def test_a_new_exception_class_counts_as_unknown_not_as_safe_to_repeat() -> None:
    class Surprise(requests.exceptions.RequestException):
        pass

    assert meaning_of(Surprise) is Meaning.UNKNOWN
    assert isinstance(translate(Surprise(), sending=True, started=True, where="x"), OutcomeUnknown)


@pytest.mark.parametrize("kind", [one for one in MEANINGS if MEANINGS[one] is not Meaning.CONFIGURATION])
def test_reading_may_always_be_tried_again(kind: type[BaseException]) -> None:
    error = kind.__new__(kind)
    assert isinstance(error, Exception)
    assert isinstance(translate(error, sending=False, started=True, where="x"), TransientError)


@pytest.mark.parametrize(
    ("error", "started", "meaning"),
    [
        (requests.exceptions.ConnectTimeout("x"), False, TransientError),
        (requests.exceptions.ReadTimeout("x"), True, OutcomeUnknown),
        (requests.exceptions.ConnectionError("x"), False, TransientError),
        (requests.exceptions.ConnectionError("x"), True, OutcomeUnknown),
        (requests.exceptions.ProxyError("x"), False, TransientError),
        (requests.exceptions.SSLError(ssl.SSLEOFError(8, "EOF occurred")), False, TransientError),
        (requests.exceptions.SSLError(ssl.SSLEOFError(8, "EOF occurred")), True, OutcomeUnknown),
        (requests.exceptions.ChunkedEncodingError("x"), True, OutcomeUnknown),
        (requests.exceptions.InvalidURL("x"), False, ConfigurationError),
        (urllib3.exceptions.LocationParseError("x"), False, ConfigurationError),
        (urllib3.exceptions.DecodeError("x"), True, OutcomeUnknown),
    ],
)
def test_a_send_is_unknown_only_when_a_byte_may_have_left(
    error: Exception, started: bool, meaning: type[HubError]
) -> None:
    assert type(translate(error, sending=True, started=started, where="x")) is meaning


def test_a_refused_connection_is_not_unknown_even_for_a_send_without_a_body() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        call = Call(method="POST", url=f"http://127.0.0.1:{closed.getsockname()[1]}/x", sending=True)
        with open_session(SETTINGS) as session, pytest.raises(TransientError):
            request(session, SETTINGS, call)


def test_an_unknown_host_is_transient_and_the_message_has_no_query() -> None:
    call = Call(method="POST", url="http://nowhere.invalid/x", sending=True, params={"secret": "s3cret"}, body=b"x")
    with open_session(SETTINGS) as session, pytest.raises(TransientError) as caught:
        request(session, SETTINGS, call)
    assert "s3cret" not in str(caught.value)
    assert "nowhere.invalid/x" in str(caught.value)


def handle(call: Request) -> Response:
    match call.path:
        case "/big":
            return Response(body=b"x" * 5000)
        case "/moved":
            return Response(status=302, headers={"Location": "/elsewhere"})
        case "/elsewhere":
            raise AssertionError
        case path if path[1:].isdigit():
            return json_response({"at": path}, int(path[1:]))
        case _:
            return Response(body=call.body)


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    routes = [Route(method, "/{rest}", handle) for method in ("GET", "POST")]
    with SandboxServer(routes) as running:
        yield running
    assert not running.crashes


def send(server: SandboxServer, path: str = "/echo", settings: HttpSettings = SETTINGS, method: str = "POST") -> Answer:
    body = b"claims" if method == "POST" else b""
    call = Call(method=method, url=server.url + path, sending=method == "POST", body=body)
    with open_session(settings) as session:
        return judge(request(session, settings, call), settings, call)


def test_an_answer_comes_back_with_lower_case_headers(server: SandboxServer) -> None:
    answer = send(server)
    assert (answer.status, answer.body) == (200, b"claims")
    assert "content-length" in answer.headers


@pytest.mark.parametrize(
    "trouble", [Trouble.CLOSE_AFTER_BODY, Trouble.CLOSE_AFTER_PROCESSING, Trouble.CUT_ANSWER, Trouble.CLOSE_BEFORE_BODY]
)
def test_a_connection_lost_once_the_body_began_is_unknown_for_a_send(server: SandboxServer, trouble: Trouble) -> None:
    server.misbehave(Fault(trouble=trouble))
    with pytest.raises(OutcomeUnknown):
        send(server)
    assert send(server).status == 200, "the fault is used up"


def test_the_same_loss_is_transient_for_reading(server: SandboxServer) -> None:
    server.misbehave(Fault(trouble=Trouble.CLOSE_AFTER_PROCESSING))
    with pytest.raises(TransientError):
        send(server, method="GET")


def test_silence_is_unknown_for_a_send_and_transient_for_reading(server: SandboxServer) -> None:
    server.misbehave(Fault(trouble=Trouble.DELAY, seconds=30, times=2))
    with pytest.raises(OutcomeUnknown):
        send(server)
    with pytest.raises(TransientError):
        send(server, method="GET")


def test_too_many_requests_says_when_to_come_back(server: SandboxServer) -> None:
    server.misbehave(Fault(trouble=Trouble.TOO_MANY, seconds=90))
    with pytest.raises(TransientError) as caught:
        send(server)
    assert caught.value.retry_after == 90


def test_a_server_error_on_a_send_is_unknown_unless_the_partner_is_known_to_mean_retry(server: SandboxServer) -> None:
    with pytest.raises(OutcomeUnknown):
        send(server, "/500")
    with pytest.raises(TransientError):
        send(server, "/500", HttpSettings(server_error=ServerError.RETRY))
    with pytest.raises(TransientError):
        send(server, "/503", method="GET")


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (400, RefusedError),
        (401, ConfigurationError),
        (403, ConfigurationError),
        (404, RefusedError),
        (408, TransientError),
    ],
)
def test_a_client_error_says_who_must_act(server: SandboxServer, status: int, meaning: type[HubError]) -> None:
    with pytest.raises(meaning) as caught:
        send(server, f"/{status}")
    if isinstance(caught.value, RefusedError):
        assert (caught.value.code, caught.value.raw) == (str(status), f'{{"at": "/{status}"}}'.encode())


def test_a_redirect_is_not_followed(server: SandboxServer) -> None:
    with pytest.raises(ConfigurationError):
        send(server, "/moved")
    assert [line.path for line in server.log] == ["/moved"]


def test_an_answer_over_the_cap_is_refused_when_reading_and_cut_when_sending(server: SandboxServer) -> None:
    small = HttpSettings(max_answer=100)
    with pytest.raises(RefusedError) as caught:
        send(server, "/big", small, method="GET")
    assert caught.value.code == "too_big"
    assert send(server, "/big", small).truncated


def test_proxies_and_passwords_of_the_environment_are_ignored(
    server: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert send(server).status == 200


def test_retry_after_as_a_date_is_measured_against_the_partners_clock() -> None:
    headers = {"retry-after": "Mon, 15 Jan 2024 10:02:00 GMT", "date": "Mon, 15 Jan 2024 10:00:00 GMT"}
    assert retry_after(Answer(status=503, headers=headers, body=b"")) == 120
    assert retry_after(Answer(status=503, headers={"retry-after": "soon"}, body=b"")) is None


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.pem"):
        open_session(HttpSettings(ca_file="/nowhere.pem"))


def test_a_server_of_another_authority_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    pki = make_pki(tmp_path, now=datetime.now(UTC))
    tls = TlsFiles(certificate=pki.server.certificate, key=pki.server.key)
    with SandboxServer([Route("POST", "/{rest}", handle)], tls=tls) as server:
        with pytest.raises(ConfigurationError):
            send(server, settings=HttpSettings(ca_file=str(pki.stranger_ca_file)))
        assert send(server, settings=HttpSettings(ca_file=str(pki.ca_file))).body == b"claims"
    assert [(line.method, line.status) for line in server.log] == [("HANDSHAKE", 0), ("POST", 200)]


def test_a_broken_key_file_is_configuration(tmp_path: Path) -> None:
    pki = make_pki(tmp_path, now=datetime.now(UTC))
    pki.client.key.write_text("not a key")
    settings = HttpSettings(
        ca_file=str(pki.ca_file), client_cert_file=str(pki.client.certificate), client_key_file=str(pki.client.key)
    )
    tls = TlsFiles(certificate=pki.server.certificate, key=pki.server.key, client_ca=pki.ca_file)
    with SandboxServer([], tls=tls) as server, pytest.raises(ConfigurationError):
        send(server, settings=settings)

"""HTTP for every channel: one way to call, one table that says what an exception of `requests` means.

The question behind the table is always the same: *did it arrive?* Before the first byte of the body went out the answer
is no. After that it is unknown, unless the partner answered. HTTP status codes: RFC 9110, 429: RFC 6585.
"""

from __future__ import annotations

import io
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from cryptography import x509

from hub.errors import (
    ConfigurationError,
    HubError,
    OutcomeUnknown,
    RefusedError,
    TransientError,
)

_NOTHING: Mapping[str, str] = MappingProxyType({})
_CHUNK = 64 * 1024


class ServerError(StrEnum):
    """What a 5xx answer to a send means at this partner."""

    UNKNOWN = "unknown"
    RETRY = "retry"


class Meaning(StrEnum):
    """What an exception says about our request."""

    CONFIGURATION = "configuration"
    """Nothing was sent, and nothing will be until the operator acts."""
    NOT_SENT = "not_sent"
    """Nothing was taken over; trying again is safe."""
    BY_PROGRESS = "by_progress"
    """Nothing was taken over when no byte of the body had left, unknown when one had."""
    UNKNOWN = "unknown"
    """The request had left; the answer is missing or unreadable."""


MEANINGS: Mapping[type[BaseException], Meaning] = MappingProxyType(
    {
        requests.exceptions.URLRequired: Meaning.CONFIGURATION,
        requests.exceptions.MissingSchema: Meaning.CONFIGURATION,
        requests.exceptions.InvalidSchema: Meaning.CONFIGURATION,
        requests.exceptions.InvalidURL: Meaning.CONFIGURATION,
        requests.exceptions.InvalidProxyURL: Meaning.CONFIGURATION,
        requests.exceptions.InvalidHeader: Meaning.CONFIGURATION,
        requests.exceptions.ConnectTimeout: Meaning.NOT_SENT,
        requests.exceptions.ProxyError: Meaning.BY_PROGRESS,
        requests.exceptions.SSLError: Meaning.BY_PROGRESS,
        requests.exceptions.ConnectionError: Meaning.BY_PROGRESS,
        requests.exceptions.ReadTimeout: Meaning.UNKNOWN,
        requests.exceptions.Timeout: Meaning.UNKNOWN,
        requests.exceptions.HTTPError: Meaning.UNKNOWN,
        requests.exceptions.TooManyRedirects: Meaning.UNKNOWN,
        requests.exceptions.ChunkedEncodingError: Meaning.UNKNOWN,
        requests.exceptions.ContentDecodingError: Meaning.UNKNOWN,
        requests.exceptions.StreamConsumedError: Meaning.UNKNOWN,
        requests.exceptions.RetryError: Meaning.UNKNOWN,
        requests.exceptions.UnrewindableBodyError: Meaning.UNKNOWN,
        requests.exceptions.InvalidJSONError: Meaning.UNKNOWN,
        requests.exceptions.JSONDecodeError: Meaning.UNKNOWN,
        requests.exceptions.RequestException: Meaning.UNKNOWN,
        urllib3.exceptions.LocationValueError: Meaning.CONFIGURATION,
        urllib3.exceptions.HTTPError: Meaning.UNKNOWN,
    }
)
"""Every exception class of `requests`, and the base of what urllib3 may let through it."""

# OpenSSL names a refused certificate in an alert or in its own verification.
_CERTIFICATE = re.compile(
    r"CERTIFICATE|UNKNOWN_CA|NO_CERT|ACCESS_DENIED|HANDSHAKE_FAILURE|PROTOCOL_VERSION|KEY_VALUES_MISMATCH|PEM"
    r"|NO_START_LINE|WRONG_VERSION_NUMBER|HTTP_REQUEST|UNRECOGNIZED_NAME|CA_MD_TOO_WEAK|KEY_TOO_SMALL"
)
# With TLS 1.3 the partner judges our certificate after we think the handshake is over: its alert can arrive when the
# body has left. A partner that refuses the certificate never hands the request on.
_LATE_CERTIFICATE = re.compile(r"ALERT_(?:[A-Z]+_)?CERTIFICATE|ALERT_UNKNOWN_CA")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """How to reach one partner: files of the pinned CA and of our client certificate, time-outs, limits."""

    ca_file: str = ""
    client_cert_file: str = ""
    client_key_file: str = ""
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    total_timeout: float = 300.0
    max_answer: int = 32 * 1024 * 1024
    server_error: ServerError = ServerError.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `sending` is True when doing it twice would do harm."""

    method: str
    url: str
    sending: bool = False
    params: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    body: bytes = b""

    @property
    def where(self) -> str:
        """Method, host and path, without the query: what may stand in a log."""
        parts = urlsplit(self.url)
        return f"{self.method} {parts.hostname}{parts.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: status, headers (names in lower case), body; `truncated` when the cap cut a send's answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: bool = False


class _Body(io.BytesIO):
    """A request body that knows whether anybody began to read it, that is, whether a byte of it may have left."""

    started = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.started = True
        return super().read(size)

    def __iter__(self) -> Iterator[bytes]:
        self.started = True
        return super().__iter__()


def https_address(text: str, kind: str) -> str:
    """An endpoint from the settings, without a slash at the end; ConfigurationError unless it is an https address."""
    try:
        parts = urlsplit(text)
        valid = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ConfigurationError(f"the {kind} channel's endpoint is no https:// address: {text!r}")
    return text.rstrip("/")


def open_session(settings: HttpSettings) -> requests.Session:
    """A session with the pinned CA and our certificate; no proxies or passwords from the environment."""
    for label, name in (
        ("CA file", settings.ca_file),
        ("client certificate", settings.client_cert_file),
        ("client key", settings.client_key_file),
    ):
        if name and not Path(name).is_file():
            raise ConfigurationError(f"the {label} is not there: {name}", hint="set the path or install the file")
    session = requests.Session()
    session.trust_env = False
    session.verify = settings.ca_file or True
    if settings.client_cert_file:
        key = settings.client_key_file
        session.cert = (settings.client_cert_file, key) if key else settings.client_cert_file
    session.headers["Accept-Encoding"] = "identity"
    session.headers["User-Agent"] = "kvitt"
    return session


def request(session: requests.Session, settings: HttpSettings, call: Call) -> Answer:
    """Do one call and return whatever the partner answered; an absent answer is raised as the hub error it means."""
    body = _Body(call.body)
    try:
        response = session.request(
            call.method,
            call.url,
            params=dict(call.params),
            headers=dict(call.headers),
            data=body if call.body else None,
            timeout=(settings.connect_timeout, settings.read_timeout),
            allow_redirects=False,
            stream=True,
        )
        with response:
            return _read(response, settings, call)
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        started = body.started or not call.body
        raise translate(error, sending=call.sending, started=started, where=call.where) from error
    except OSError as error:
        raise ConfigurationError(f"a TLS file cannot be read: {error}", where=call.where) from error


def _read(response: requests.Response, settings: HttpSettings, call: Call) -> Answer:
    """The answer, up to the cap; for a send the status counts even when the body is too big or too slow."""
    parts: list[bytes] = []
    size = 0
    deadline = time.monotonic() + settings.total_timeout
    truncated = False
    for chunk in response.iter_content(_CHUNK):
        size += len(chunk)
        if size > settings.max_answer or time.monotonic() > deadline:
            truncated = True
            break
        parts.append(chunk)
    if truncated and not call.sending:
        raise _too_much(size, settings, call.where)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(
        status=response.status_code, headers=MappingProxyType(headers), body=b"".join(parts), truncated=truncated
    )


def _too_much(size: int, settings: HttpSettings, where: str) -> HubError:
    if size > settings.max_answer:
        return RefusedError(
            f"the answer is bigger than our limit of {settings.max_answer} bytes",
            hint="raise the limit when this size is right",
            where=where,
            code="too_big",
        )
    return TransientError(f"the answer took longer than {settings.total_timeout:g} s", where=where)


def translate(error: Exception, *, sending: bool, started: bool, where: str) -> HubError:
    """The hub error for an exception of `requests`: who must act, and whether the message may have arrived.

    `started` is whether a byte of the body (of the request, when it has none) may have left; `sending` whether doing it
    twice would do harm.
    """
    meaning = meaning_of(type(error))
    text = f"{type(error).__name__}: {_reason(error)}"
    refused = _LATE_CERTIFICATE if started else _CERTIFICATE
    if isinstance(error, requests.exceptions.SSLError) and refused.search(_ssl_words(error)):
        return ConfigurationError(
            f"a certificate was refused ({_reason(error)})", hint="check CA file and client certificate", where=where
        )
    if meaning is Meaning.CONFIGURATION:
        return ConfigurationError(f"the address or a header is wrong ({text})", hint="check the endpoint", where=where)
    not_sent = meaning is Meaning.NOT_SENT or (
        meaning is Meaning.BY_PROGRESS and (not started or _never_connected(error))
    )
    if not_sent or not sending:
        return TransientError(f"no answer ({text})", hint="it is tried again later", where=where)
    return OutcomeUnknown(f"it may have arrived ({text})", hint="ask the partner before sending again", where=where)


def meaning_of(kind: type[BaseException]) -> Meaning:
    """The entry for this class or its nearest ancestor in the table; an unlisted class counts as unknown."""
    return next((MEANINGS[base] for base in kind.__mro__ if base in MEANINGS), Meaning.UNKNOWN)


def _never_connected(error: BaseException) -> bool:
    return any(isinstance(cause, urllib3.exceptions.ConnectTimeoutError) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and everything it wraps: urllib3 keeps the cause in `reason` or in the arguments."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        item = waiting.pop(0)
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        waiting += [getattr(item, "reason", None), *item.args, item.__cause__, item.__context__]


def _ssl_words(error: BaseException) -> str:
    """OpenSSL's own reason words among the causes, such as TLSV1_ALERT_UNKNOWN_CA."""
    found = [cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)]
    return " ".join(getattr(cause, "reason", None) or str(cause) for cause in found)


def _reason(error: BaseException) -> str:
    """The innermost cause, in few words and without the query of the address."""
    last = list(_causes(error))[-1]
    words = getattr(last, "reason", None) or getattr(last, "strerror", None)
    return f"{type(last).__name__} {words}" if isinstance(words, str) else type(last).__name__


def judge(answer: Answer, settings: HttpSettings, call: Call) -> Answer:
    """The answer when it is a yes (2xx); every other status is raised as the hub error it means."""
    status = answer.status
    text = f"HTTP {status}"
    if 200 <= status < 300:
        return answer
    if status in {408, 425, 429}:
        raise TransientError(text, where=call.where, raw=answer.body, retry_after=retry_after(answer))
    if status in {401, 403, 407}:
        raise ConfigurationError(
            f"{text}: the partner does not accept our account",
            hint="check certificate and permissions",
            where=call.where,
        )
    if 400 <= status < 500:
        raise RefusedError(text, where=call.where, raw=answer.body, code=str(status))
    if status < 400:
        raise ConfigurationError(f"{text}: the address points elsewhere", hint="check the endpoint", where=call.where)
    if call.sending and settings.server_error is ServerError.UNKNOWN:
        raise OutcomeUnknown(text, hint="ask the partner before sending again", where=call.where, raw=answer.body)
    raise TransientError(text, where=call.where, raw=answer.body, retry_after=retry_after(answer))


def retry_after(answer: Answer) -> int | None:
    """Seconds to wait as the partner said: a number, or a date measured against the partner's own Date header."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return int(value)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(answer.headers.get("date", ""))
    except (TypeError, ValueError):
        return None
    return max(0, int(wait.total_seconds()))


def certificate_expiry(path: str) -> datetime | None:
    """Until when the client certificate in this file is valid; None without a file name."""
    if not path:
        return None
    try:
        return x509.load_pem_x509_certificate(Path(path).read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the client certificate cannot be read: {path}", hint="a PEM file") from error

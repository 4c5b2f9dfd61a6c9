"""Access tokens for a mailbox: asked for at the provider's token endpoint before the old one ends.

Source: RFC 6749 (client credentials 4.4, refresh token 6, errors 5.2). What is known lies in one file (`oauth2_file`,
0600): the access token with its end, so that every process asks once, and the refresh token in force, because a
provider may give a new one with every answer. A lock on it makes two processes ask one after the other.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from connectors.channels.http import Answer, Call, HttpSettings, https_address, open_session, request, retry_after
from connectors.channels.settings import need, seconds
from hub.errors import ConfigurationError, TransientError

_EARLY = timedelta(minutes=5)
"""So long before its end a token is replaced: a conversation that begins with it may take a while."""
_SHORTEST = timedelta(seconds=60)
_MOST = 256 * 1024
_NAMES = ("url", "client_id", "client_secret", "refresh_token", "scope", "file", "ca_file", "timeout")
_ACTS = {
    "invalid_grant": "the sign-in of {who} has ended: whoever owns the mailbox signs in anew and gives a refresh token",
    "invalid_client": "client id or secret is wrong or has ended: whoever administers the registration renews it",
    "unauthorized_client": "whoever administers the registration allows it this way of asking",
    "invalid_scope": "check oauth2_scope with the mail provider",
    "unsupported_grant_type": "check oauth2_url, and whether the provider offers this way of asking",
    "access_denied": "whoever administers the registration grants it access to the mailbox",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSource:
    """Where access tokens come from. Without a refresh token the client asks for itself (client credentials)."""

    url: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    scope: str = ""
    file: Path
    who: str
    ca_file: str = ""
    timeout: float = 20.0

    def token(self) -> str:
        """An access token that holds for a while; ConfigurationError says who must act when there is none."""
        with self._locked():
            known = self._known()
            if known.get("access_token") and _until(known) - datetime.now(UTC) > _EARLY:
                return str(known["access_token"])
            fresh = self._asked(known) | {"refused": bool(known.get("refused"))}
            self._keep(fresh)
            return str(fresh["access_token"])

    def forget(self, token: str) -> bool:
        """The mail server does not take this token, whatever its end says; True when asking for another may help."""
        with self._locked():
            known = self._known()
            if known.get("access_token") != token:
                return True
            self._keep({**known, "access_token": "", "refused": True})
            return not known.get("refused")

    def taken(self) -> None:
        """The mail server took the token: a refusal after this one is a new one."""
        with self._locked():
            known = self._known()
            if known.get("refused"):
                self._keep({**known, "refused": False})

    def _asked(self, known: Mapping[str, Any]) -> dict[str, Any]:
        refresh = self._refresh(known)
        said: dict[str, str] = {"client_id": self.client_id}
        said |= {"grant_type": "refresh_token", "refresh_token": refresh} if refresh else _BY_ITSELF
        said |= {"client_secret": self.client_secret} if self.client_secret else {}
        said |= {"scope": self.scope} if self.scope else {}
        body = _read(self._call(said), self.url, self.who)
        lives = timedelta(seconds=_lifetime(body))
        return {
            "access_token": body["access_token"],
            "until": (datetime.now(UTC) + max(lives, _SHORTEST)).isoformat(),
            "refresh_token": str(body.get("refresh_token") or refresh),
            "first": self.refresh_token,
        }

    def _refresh(self, known: Mapping[str, Any]) -> str:
        """The newest refresh token the provider gave, unless a person has put in another one since."""
        same = known.get("first") == self.refresh_token
        return str(known.get("refresh_token") or self.refresh_token) if same else self.refresh_token

    def _call(self, said: Mapping[str, str]) -> Answer:
        settings = HttpSettings(
            ca_file=self.ca_file,
            connect_timeout=self.timeout,
            read_timeout=self.timeout,
            total_timeout=3 * self.timeout,
            max_answer=_MOST,
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        with open_session(settings) as session:
            call = Call(method="POST", url=self.url, headers=headers, body=urlencode(said).encode())
            return request(session, settings, call)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self.file.with_name(f"{self.file.name}.lock")
        try:
            handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _no_file(self.file, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _known(self) -> dict[str, Any]:
        try:
            found = json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise _no_file(self.file, error) from error
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _keep(self, known: Mapping[str, Any]) -> None:
        """Written whole or not at all: a refresh token that is lost locks the mailbox out."""
        try:
            handle, draft = tempfile.mkstemp(prefix=f".{self.file.name}.", dir=self.file.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(known, stream)
                stream.flush()
                os.fsync(stream.fileno())
            Path(draft).replace(self.file)
        except OSError as error:
            raise _no_file(self.file, error) from error


_BY_ITSELF = {"grant_type": "client_credentials"}


def token_source(settings: Mapping[str, str], kind: str, *, prefix: str, who: str) -> TokenSource | None:
    """The source that `oauth2_*` settings describe; one with a prefix takes from the others what it does not say."""
    said = {f"oauth2_{name}": _said(settings, prefix, f"oauth2_{name}") for name in _NAMES}
    if not any(said.values()):
        return None
    url, client_id, file = need(said, kind, "oauth2_url", "oauth2_client_id", "oauth2_file")
    if not (said["oauth2_client_secret"] or said["oauth2_refresh_token"]):
        raise ConfigurationError(
            f"the {kind} channel lacks oauth2_client_secret or oauth2_refresh_token",
            hint="the secret of the registration, or what a person's sign-in gave; as env:NAME or file:PATH",
        )
    return TokenSource(
        url=https_address(url, kind),
        client_id=client_id,
        client_secret=said["oauth2_client_secret"],
        refresh_token=said["oauth2_refresh_token"],
        scope=said["oauth2_scope"],
        file=Path(file).expanduser(),
        who=who,
        ca_file=said["oauth2_ca_file"],
        timeout=seconds(said, kind, "oauth2_timeout", 20.0) or 20.0,
    )


def _said(settings: Mapping[str, str], prefix: str, name: str) -> str:
    return (settings.get(prefix + name) or settings.get(name) or "").strip()


def _until(known: Mapping[str, Any]) -> datetime:
    try:
        until = datetime.fromisoformat(str(known.get("until", "")))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return until if until.tzinfo else until.replace(tzinfo=UTC)


def _lifetime(body: Mapping[str, Any]) -> int:
    """Seconds it holds, as said; a provider that does not say is asked each time."""
    said = str(body.get("expires_in", "")).partition(".")[0]
    return min(int(said), 86_400) if said.isascii() and said.isdigit() else 0


def _read(answer: Answer, url: str, who: str) -> dict[str, Any]:
    """What the endpoint gave; its no says who must act, and never shows what we said."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    known = body if isinstance(body, dict) else {}
    if answer.status == 200 and isinstance(known.get("access_token"), str) and known["access_token"]:
        return known
    code = str(known.get("error", ""))
    if code in _ACTS:
        raise ConfigurationError(f"no access token for {who}: {code}", hint=_ACTS[code].format(who=who), where=url)
    if answer.status in {408, 425, 429} or answer.status >= 500:
        text = f"the token endpoint says HTTP {answer.status}"
        raise TransientError(text, where=url, retry_after=retry_after(answer))
    said = code if code.isascii() and code.replace("_", "").isalnum() else f"HTTP {answer.status}"
    raise ConfigurationError(
        f"no access token for {who}: {said}"[:200], hint="check oauth2_url and the registration", where=url
    )


def _no_file(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"the file for access tokens cannot be used: {path} ({error.strerror})",
        hint="oauth2_file names a file in a folder that only the hub may write in",
    )

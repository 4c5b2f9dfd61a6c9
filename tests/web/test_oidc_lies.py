"""What a real provider never says: tokens that are forged, old, or meant for somebody else. Each lets nobody in."""

from __future__ import annotations

import hmac
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from hub.cli.boot import create_hub
from hub.clock import SystemClock
from hub.errors import ConfigurationError, ContentError, TransientError
from hub.pipeline.context import Hub
from hub.pipeline.identity import Account
from hub.settings import Oidc, default_settings, load, write_hub_toml
from hub.web.provider import Provider, provider_of

REDIRECT = "https://kvitt.example/sso/back"
SECRET = "a client secret of some length, for tests"
OURS, THEIRS = (RSAKey.generate_key(2048, {"kid": "one"}) for _ in range(2))


@dataclass(slots=True)
class Liar:
    """A provider whose every word is set by hand; `claims` and the rest are changed by a test before it is asked."""

    port: int = 0
    claims: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    key: Any = field(default_factory=lambda: OURS)
    algorithm: str = "RS256"
    metadata: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    token: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    nonce: str = ""

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, path: str) -> dict[str, Any]:
        if path.startswith("/.well-known"):
            ends = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in ("authorization", "token", "userinfo")}
            known = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks"} | ends
            return known | {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]} | self.metadata
        if path == "/jwks":
            return {"keys": [OURS.as_dict(private=False) | {"use": "sig", "alg": "RS256"}]}
        if path == "/userinfo":
            return {"sub": "anna", "email": "anna@org.example", "email_verified": True} | self.more
        return {"access_token": "a", "token_type": "Bearer", "id_token": self.id_token()} | self.token

    def id_token(self) -> str:
        now = int(time.time())
        said = {"iss": self.issuer, "sub": "anna", "aud": "kvitt", "iat": now, "exp": now + 300, "nonce": self.nonce}
        said = {name: value for name, value in (said | self.claims).items() if name not in self.without}
        if isinstance(self.key, bytes):
            return by_hand(self.algorithm, said, self.key)
        return jwt.encode({"alg": "RS256", "kid": "one"}, said, self.key)


def by_hand(algorithm: str, said: dict[str, Any], secret: bytes) -> str:
    """A token as no library signs it: with a secret that everybody has, or not at all."""
    parts = [json.dumps({"alg": algorithm, "kid": "one"}).encode(), json.dumps(said).encode()]
    text = ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    signature = hmac.new(secret, text.encode(), "sha256").digest() if secret else b""
    return f"{text}.{urlsafe_b64encode(signature).decode().rstrip('=')}"


@pytest.fixture
def liar() -> Iterator[Liar]:
    told = Liar()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(told.answer(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            told.asked = {name: values[0] for name, values in parse_qs(body).items()}
            self._say(told.answer(self.path))

        def _say(self, body: dict[str, Any]) -> None:
            raw = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            with suppress(BrokenPipeError):
                self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    home = tmp_path_factory.mktemp("oidc") / "home"
    made = create_hub(default_settings(home), SystemClock())
    made.store.add_tenant("one", "One", "NL", "nl")
    (home / "secret").write_text(SECRET)
    yield made
    made.store.close()


def asked(hub: Hub, liar: Liar, **settings: str) -> Provider:
    found = provider_of(hub, Oidc(issuer=liar.issuer, client="kvitt", secret="file:secret", **settings))
    assert found is not None
    return found


def come_back(hub: Hub, liar: Liar, **settings: str) -> Account:
    provider = asked(hub, liar, **settings)
    begun = provider.begin(hub, REDIRECT, "/account")
    query = parse_qs(urlsplit(begun.url).query)
    liar.nonce = query["nonce"][0]
    return provider.back(hub, begun.kept, {"state": query["state"][0], "code": "the-code"}).account


def test_the_truth_is_taken(hub: Hub, liar: Liar) -> None:
    account = come_back(hub, liar)
    assert account == Account(issuer=liar.issuer, subject="anna", email="anna@org.example")
    assert (liar.asked["code"], liar.asked["redirect_uri"]) == ("the-code", REDIRECT)
    assert len(liar.asked["code_verifier"]) >= 43


def test_a_second_factor_is_what_the_provider_calls_so(hub: Hub, liar: Liar) -> None:
    liar.claims = {"amr": ["pwd", "otp", "mfa"]}
    assert come_back(hub, liar).factor is True
    liar.claims = {"amr": ["pwd"], "acr": "high"}
    assert come_back(hub, liar).factor is False
    assert come_back(hub, liar, acr="high").factor is True
    assert come_back(hub, liar, acr="higher").factor is False


HOUR = 3600
LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"claims": {"iss": "https://evil.example"}},
    "another audience": {"claims": {"aud": "another client"}},
    "an audience among others, meant for another": {"claims": {"aud": ["kvitt", "other"], "azp": "other"}},
    "too old": {"claims": {"exp": int(time.time()) - HOUR, "iat": int(time.time()) - 2 * HOUR}},
    "not yet": {"claims": {"nbf": int(time.time()) + HOUR}},
    "another nonce": {"claims": {"nonce": "another"}},
    "no nonce": {"without": ("nonce",)},
    "no subject": {"without": ("sub",)},
    "no audience": {"without": ("aud",)},
    "no issuer": {"without": ("iss",)},
    "no end": {"without": ("exp",)},
    "signed by another key of the same name": {"key": THEIRS},
    "signed with our own secret": {"key": SECRET.encode(), "algorithm": "HS256"},
    "signed with the public key as a secret": {
        "key": OURS.as_pem(private=False),
        "algorithm": "HS256",
    },
    "not signed": {"key": b"", "algorithm": "none"},
    "another access token's hash": {"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
    "of another account on asking": {"more": {"sub": "bert"}},
    "no token at all": {"token": {"id_token": "nonsense"}},
    "another issuer in its own description": {"metadata": {"issuer": "https://evil.example"}},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_lets_nobody_in(hub: Hub, liar: Liar, lie: str) -> None:
    for name, value in LIES[lie].items():
        setattr(liar, name, value)
    with pytest.raises((ContentError, TransientError)):
        come_back(hub, liar)


def test_an_address_counts_only_when_it_was_verified(hub: Hub, liar: Liar) -> None:
    for word in (False, "true", 1, None):
        liar.more = {"email_verified": word}
        assert come_back(hub, liar).email == "", word


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('oidc_issuer = "https://idp.example"\noidc_client = "k"', "oidc_secret missing"),
        ('oidc_issuer = "https://idp.example"\noidc_client = "k"\noidc_secret = "plain"', "must be a reference"),
        ('oidc_issuer = "http://idp.example"\noidc_client = "k"\noidc_secret = "env:X"', "https://"),
        ('oidc_isuer = "https://idp.example"', "did you mean oidc_issuer"),
    ],
)
def test_settings_of_a_provider_are_judged_before_anybody_meets_them(tmp_path: Path, lines: str, said: str) -> None:
    (tmp_path / "hub.toml").write_text(lines, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load({"KVITT_HOME": str(tmp_path)}, tmp_path)


def test_settings_of_a_provider_are_kept_when_the_file_is_written_anew(tmp_path: Path) -> None:
    oidc = Oidc(issuer="https://idp.example", client="k", secret="env:X", newcomers="auditor")
    write_hub_toml(default_settings(tmp_path, oidc=oidc))
    assert load({"KVITT_HOME": str(tmp_path)}, tmp_path).oidc == oidc


def test_whose_users_come_by_it_must_be_clear(hub: Hub, liar: Liar) -> None:
    with pytest.raises(ConfigurationError, match="whose users"):
        asked(hub, liar, tenant="nobody")
    for newcomers in ("king", "provider"):
        with pytest.raises(ConfigurationError, match="no role"):
            asked(hub, liar, newcomers=newcomers)
    assert provider_of(hub, None) is None

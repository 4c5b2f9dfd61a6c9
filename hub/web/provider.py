"""The identity provider, spoken to by Authlib: authorization code with PKCE (S256), state and nonce.

What an ID token says counts once its signature, issuer, audience, expiry and nonce are right; only signatures that
need the provider's private key are taken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.integrations.base_client import BaseApp, OAuth2Mixin, OAuthError, OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from joserfc.errors import JoseError
from requests import RequestException

from hub.errors import ConfigurationError, ContentError, TransientError
from hub.intake.party_lists import ROLES
from hub.pipeline.context import Hub
from hub.pipeline.identity import Account, Newcomers
from hub.security import crypto, tokens
from hub.settings import Oidc, Stage, resolve_secret

_SCOPES = "openid email profile"
_SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_TWO_FACTORS = "mfa"
"""RFC 8176: more than one factor was asked for."""
_LEEWAY_S = 60
_SOON_S = 600
"""So long somebody has to log in over there."""


class _Client(OAuth2Mixin, OpenIDMixin, BaseApp):  # type: ignore[misc]  # Authlib has no types
    client_cls = OAuth2Session
    issuer = ""
    """As the settings have it, without a slash at its end."""

    def load_server_metadata(self) -> Any:  # noqa: ANN401 -- JSON
        """What the provider says of itself; its issuer must be the one we were told."""
        metadata = super().load_server_metadata()
        if str(metadata.get("issuer", "")).rstrip("/") != self.issuer:
            metadata.pop("_loaded_at", None)
            raise ContentError("the identity provider gives another issuer than oidc_issuer", hint="docs/security.md")
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [each for each in offered if each in _SIGNATURES]
        return metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Somebody on the way to the provider: where to, and what their browser keeps, sealed, until they come back."""

    url: str
    kept: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """Somebody who came back: who they are over there, and where they wanted to go here."""

    account: Account
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One hub's identity provider."""

    tenant: str
    newcomers: Newcomers | None
    issuer: str
    acr: str
    client: _Client

    def begin(self, hub: Hub, redirect: str, path: str) -> Begun:
        """Send somebody there."""
        nonce, verifier, state = tokens.new_secret(), tokens.new_secret() + tokens.new_secret(), tokens.new_secret()
        extra = {"acr_values": self.acr} if self.acr else {}
        try:
            made = self.client.create_authorization_url(
                redirect, nonce=nonce, code_verifier=verifier, state=state, **extra
            )
        except (RequestException, ValueError) as error:
            raise TransientError("the identity provider does not answer", hint="try again later") from error
        at = int(hub.clock.now().timestamp())
        kept = {"nonce": nonce, "verifier": verifier, "state": state, "to": redirect, "path": path, "at": at}
        return Begun(url=made["url"], kept=crypto.seal(_key(hub), json.dumps(kept).encode(), "sso").hex())

    def back(self, hub: Hub, kept: str, query: Mapping[str, str]) -> Back:
        """Take somebody back; ContentError when anything about it is not right."""
        was = _opened(hub, kept)
        if not was or query.get("state") != was["state"]:
            raise ContentError("the state does not match")
        if query.get("iss", self.issuer).rstrip("/") != self.issuer:
            raise ContentError("the answer comes from another issuer")
        if "code" not in query:
            raise ContentError("the identity provider let nobody in")
        return Back(account=self._account(was, query["code"]), path=was["path"])

    def _account(self, was: Mapping[str, Any], code: str) -> Account:
        try:
            token = self.client.fetch_access_token(was["to"], code=code, code_verifier=was["verifier"])
            wanted = {
                "iss": {"essential": True, "value": self.client.load_server_metadata()["issuer"]},
                "aud": {"essential": True, "value": self.client.client_id},
            }
            claims = self.client.parse_id_token(token, was["nonce"], claims_options=wanted, leeway=_LEEWAY_S)
            if claims is None:
                raise ContentError("the identity provider gave no ID token")
            return self._read(claims | self._more(claims, token))
        except RequestException as error:
            raise TransientError("the identity provider does not answer", hint="try again later") from error
        except (OAuthError, JoseError, ValueError, KeyError) as error:
            raise ContentError(f"the identity provider's word is not good: {type(error).__name__}") from error

    def _more(self, claims: Mapping[str, Any], token: Mapping[str, Any]) -> dict[str, Any]:
        """What the ID token does not say and the provider tells on asking; about the same account, or nothing."""
        if "email" in claims or "userinfo_endpoint" not in self.client.load_server_metadata():
            return {}
        said = self.client.userinfo(token=token)
        if said.get("sub") != claims["sub"]:
            raise ContentError("the identity provider tells of another account")
        return {name: said[name] for name in ("email", "email_verified", "name") if name in said}

    def _read(self, claims: Mapping[str, Any]) -> Account:
        verified = claims.get("email_verified") is True
        strong = _TWO_FACTORS in (claims.get("amr") or []) or (bool(self.acr) and claims.get("acr") == self.acr)
        return Account(
            issuer=self.issuer,
            subject=str(claims["sub"]),
            email=str(claims.get("email", "")) if verified else "",
            name=str(claims.get("name", "")),
            factor=strong,
        )


def provider_of(hub: Hub, oidc: Oidc | None) -> Provider | None:
    """The identity provider the settings name; None when they name none."""
    if oidc is None:
        return None
    secret = resolve_secret(oidc.secret, base=hub.home, stage=Stage(hub.stage))
    issuer = oidc.issuer.rstrip("/")
    client = _Client(
        None,
        client_id=oidc.client,
        client_secret=secret.reveal(),
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": _SCOPES, "code_challenge_method": "S256", "default_timeout": 10},
    )
    client.issuer = issuer
    return Provider(
        tenant=_tenant(hub, oidc.tenant),
        newcomers=_newcomers(oidc.newcomers),
        issuer=issuer,
        acr=oidc.acr,
        client=client,
    )


def _tenant(hub: Hub, wished: str) -> str:
    known = [str(row["id"]) for row in hub.store.tenants()]
    found = [each for each in known if each == wished or not wished]
    if len(found) != 1:
        raise ConfigurationError("whose users come by the identity provider?", hint=f"oidc_tenant: {', '.join(known)}")
    return found[0]


def _newcomers(written: str) -> Newcomers | None:
    role, _, organisation = written.partition(":")
    if not role:
        return None
    if role not in ROLES or (role == "provider" and not organisation):
        raise ConfigurationError(f"oidc_newcomers is no role: {role}", hint=f"ROLE or ROLE:CODE; {', '.join(ROLES)}")
    return Newcomers(role=role, organisation=organisation)


def _key(hub: Hub) -> bytes:
    return hub.store.keys.derived("sso")


def _opened(hub: Hub, kept: str) -> dict[str, Any]:
    """What a browser kept, unless it is not ours or too old; nothing then."""
    try:
        was: dict[str, Any] = json.loads(crypto.unseal(_key(hub), bytes.fromhex(kept), "sso"))
    except (ValueError, ConfigurationError):
        return {}
    return was if 0 <= hub.clock.now().timestamp() - was["at"] <= _SOON_S else {}

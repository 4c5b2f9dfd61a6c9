"""Logging in by a real identity provider on loopback: authorization code with PKCE, as a browser meets it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient

from hub.pipeline import identity
from hub.pipeline.context import Actor
from hub.settings import Oidc
from hub.store import parties, schema
from hub.web.app import create_app
from hub.web.guard import COOKIE
from hub.web.provider import provider_of
from hub.web.screens.sso import KEPT
from hub.web.server import served
from tests import providers
from tests.conftest import absent
from tests.providers import IdentityProvider
from tests.web.browsers import CHROMIUM, a_browser
from tests.web.consoles import NL, Console

HOME = "http://testserver"
ADMIN = Actor(name="x", role="operator")
ACCOUNTS = [
    {"sub": "anna-1", "email": "anna@org.example", "email_verified": True, "name": "Anna"},
    {"sub": "anna-2", "email": "anna@org.example", "email_verified": True, "name": "Another Anna"},
    {"sub": "unverified", "email": "bert@org.example", "email_verified": False},
    {"sub": "said-so", "email": "bert@org.example", "email_verified": "true"},
    {"sub": "stranger", "email": "stranger@org.example", "email_verified": True, "name": "A Stranger"},
]


@pytest.fixture(scope="session")
def over_there() -> Iterator[IdentityProvider]:
    with providers.running(ACCOUNTS, f"{HOME}:80/sso/back") as provider:
        yield provider


@dataclass(slots=True)
class Door:
    """A console with an identity provider."""

    console: Console
    provider: IdentityProvider

    def out(self, client: TestClient, path: str = "/account") -> str:
        """Where our link leads."""
        answer = client.get(f"/sso?next={path}")
        assert answer.status_code == 303, answer.text[:2000]
        return answer.headers["location"]

    def back(self, account: str, amr: str = "", client: TestClient | None = None) -> tuple[TestClient, int, str]:
        """Go there, log in as an account, and come back: the browser, the status, where to next."""
        client = client or self.console.stranger()
        where = self.provider.log_in(self.out(client), account, amr)
        answer = client.get(where.removeprefix(f"{HOME}:80"))
        return client, answer.status_code, answer.headers.get("location", "")

    def linked(self) -> list[str]:
        return [row["subject"] for row in self.console.rows(NL, schema.outside_identity)]


def door(console: Console, provider: IdentityProvider, stage: str = "sandbox", **settings: str) -> Door:
    (console.home / "oidc").write_text(providers.SECRET)
    (console.home / "oidc").chmod(0o600)
    object.__setattr__(console.hub, "stage", stage)
    oidc = Oidc(issuer=provider.issuer, client=providers.CLIENT, secret="file:oidc", tenant=NL, **settings)
    app = create_app(console.hub, provider=provider_of(console.hub, oidc))
    with console.hub.store.unit(NL) as unit:
        for login in ("anna@org.example", "bert@org.example"):
            parties.put_user(unit, login, name=login, role="auditor", organisation_id=None, language="en")
    return Door(
        Console(home=console.home, hub=console.hub, clock=console.clock, app=app, clients=console.clients), provider
    )


@pytest.fixture
def here(console: Console, over_there: IdentityProvider) -> Door:
    return door(console, over_there)


def test_the_way_there_has_a_challenge_a_state_and_a_nonce_new_each_time(here: Door) -> None:
    client = here.console.stranger()
    assert 'href="/sso?next=/' in client.get("/login").text
    first, second = (parse_qs(urlsplit(here.out(client)).query) for _ in range(2))
    assert (first["response_type"], first["code_challenge_method"]) == (["code"], ["S256"])
    assert first["redirect_uri"] == [f"{HOME}:80/sso/back"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 40
        assert first[name] != second[name]
    assert not [one for one in client.cookies.values() if first["state"][0] in one], "sealed, also for its owner"


def test_an_invited_user_is_matched_by_verified_mail_once_and_by_the_account_afterwards(here: Door) -> None:
    client, status, onward = here.back("anna-1")
    assert (status, onward) == (303, "/account")
    assert "anna@org.example" in client.get("/account").text
    assert here.linked() == ["anna-1"]
    with here.console.hub.store.unit(NL) as unit:
        row = next(each for each in parties.users(unit) if each["login"] == "anna@org.example")
        unit.update(schema.app_user, row["id"], login="anna.married@org.example")
    client, status, _ = here.back("anna-1")
    assert status == 303
    assert "anna.married@org.example" in client.get("/account").text, "the account counts, not the address"
    actions = [row["action"] for row in here.console.looks(NL)]
    assert actions.count("link-account") == 1


@pytest.mark.parametrize("account", ["unverified", "said-so", "stranger"])
def test_nobody_becomes_a_user_by_having_an_account_there(here: Door, account: str) -> None:
    before = here.console.rows(NL, schema.app_user)
    client, status, _ = here.back(account)
    assert (status, client.get("/account").status_code) == (403, 303)
    assert here.console.rows(NL, schema.app_user) == before
    assert here.linked() == []
    (told,) = [row for row in here.console.looks(NL) if row["outcome"] == "refused"]
    assert (told["action"], told["actor"], told["object"], len(told["subject"])) == ("login", "unknown", "user", 32)


def test_a_second_account_with_the_same_address_is_not_the_same_person(here: Door) -> None:
    assert here.back("anna-1")[1] == 303
    assert here.back("anna-2")[1] == 403
    assert here.linked() == ["anna-1"]


def test_who_left_does_not_come_back_by_the_provider(here: Door) -> None:
    client, _, _ = here.back("anna-1")
    identity.end_user(here.console.hub, NL, "anna@org.example", ADMIN)
    assert client.get("/account").status_code == 303
    assert here.back("anna-1")[1] == 403


def test_newcomers_come_in_only_where_the_settings_say_so(console: Console, over_there: IdentityProvider) -> None:
    here = door(console, over_there, newcomers="auditor")
    client, status, _ = here.back("stranger")
    assert status == 303
    assert "stranger@org.example" in client.get("/account").text
    (made,) = console.rows(NL, schema.app_user, schema.app_user.c.login == "stranger@org.example")
    assert (made["role"], made["name"]) == ("auditor", "A Stranger")
    assert here.back("unverified")[1] == 403


def test_outside_the_sandbox_the_provider_says_that_it_asked_for_two_factors_or_we_do(
    console: Console, over_there: IdentityProvider
) -> None:
    here = door(console, over_there, stage="production")
    client, status, onward = here.back("anna-1", amr="pwd")
    assert (status, onward) == (303, "/second-factor?next=/account")
    assert client.get("/account").status_code == 303
    client, status, onward = here.back("anna-1", amr="pwd otp mfa")
    assert (status, onward, client.get("/account").status_code) == (303, "/account", 200)


def test_an_answer_counts_once_in_the_browser_that_asked_and_for_ten_minutes(here: Door) -> None:
    client = here.console.stranger()
    where = here.provider.log_in(here.out(client), "anna-1").removeprefix(f"{HOME}:80")
    assert here.console.stranger().get(where).status_code == 502, "another browser has no state"
    kept = client.cookies[KEPT]
    other = here.console.stranger()
    here.out(other)
    assert other.get(where).status_code == 502, "nor one that is on its own way there"
    assert client.get(where).status_code == 303
    again = here.console.stranger()
    again.cookies.set(KEPT, kept, path="/sso")
    assert again.get(where).status_code == 502, "the code is used up"

    late = here.console.stranger()
    where = here.provider.log_in(here.out(late), "anna-1").removeprefix(f"{HOME}:80")
    here.console.clock.move_to(here.console.clock.now() + timedelta(minutes=11))
    assert late.get(where).status_code == 502
    assert COOKIE not in late.cookies


@pytest.mark.parametrize("change", ["state", "code", "iss", "no code", "error", "kept"])
def test_an_answer_that_was_tampered_with_lets_nobody_in(here: Door, change: str) -> None:
    client = here.console.stranger()
    where = here.provider.log_in(here.out(client), "anna-1")
    query = {name: values[0] for name, values in parse_qs(urlsplit(where).query).items()}
    match change:
        case "iss":
            query["iss"] = "https://evil.example"
        case "no code":
            del query["code"]
        case "error":
            query |= {"error": "access_denied"}
            del query["code"]
        case "kept":
            sealed = client.cookies[KEPT]
            client.cookies.clear()
            client.cookies.set(KEPT, sealed[:-2] + ("00" if sealed[-2:] != "00" else "11"), path="/sso")
        case _:
            query[change] = "x" + query[change][1:]
    answer = client.get("/sso/back", params=query)
    assert (answer.status_code, COOKIE in client.cookies) == (502, False)


def test_a_person_goes_there_and_comes_back_in_a_real_browser(console: Console) -> None:
    """From another site: what browsers hold back between sites, and our own policy, stand in nobody's way."""
    if CHROMIUM is None:
        absent("chromium")
    port = providers.free_port()
    back = f"http://127.0.0.1:{port}/sso/back"
    with providers.running(ACCOUNTS, back, host="localhost") as over_there:
        here = door(console, over_there)
        provider = here.console.app.state.provider
        with served(here.console.hub, f"127.0.0.1:{port}", provider=provider) as address, a_browser() as browser:
            page = browser.new_context(base_url=address, java_script_enabled=False).new_page()
            page.goto("/account")
            page.locator("a[href^='/sso']").click()
            page.wait_for_url(f"{over_there.issuer}/**")
            page.get_by_label("Account").fill("anna-1")
            page.keyboard.press("Enter")
            page.wait_for_url("**/account")
            assert "anna@org.example" in page.inner_text("main")


def test_without_an_identity_provider_there_is_no_such_page(console: Console) -> None:
    client = console.stranger()
    assert client.get("/sso").status_code == 404
    assert client.get("/sso/back?code=1&state=2").status_code == 404
    assert "/sso" not in client.get("/login").text


def test_a_provider_that_does_not_answer_is_a_sentence(console: Console) -> None:
    gone = door(console, IdentityProvider("http://127.0.0.1:9"))
    answer = gone.console.stranger().get("/sso")
    assert answer.status_code == 502
    assert "Traceback" not in answer.text

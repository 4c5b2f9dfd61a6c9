"""A mailbox whose access tokens end: asked for in time at a token endpoint over TLS, used at a real IMAP server and SMTP.

The IMAP server (Dovecot) checks the tokens itself: signature and end of each.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from connectors.channels import open_channel
from connectors.channels.mailbox import MailboxChannel
from connectors.channels.oauth2 import TokenSource
from hub.errors import ConfigurationError, TransientError
from hub.model.exchange import Message
from hub.sandbox.pki import Pki, make_pki
from hub.sandbox.server import Fault, Trouble
from hub.sandbox.smtp import USER as SMTP_USER
from hub.sandbox.smtp import SmtpSandbox
from hub.sandbox.tokens import CLIENT, REFRESH, SECRET, TokenEndpoint, opaque
from tests.mailservers import Dovecot, token


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=datetime.now(UTC))


@dataclass
class Provider:
    """A mail provider: its token endpoint, its SMTP server that knows the tokens still good, and our file."""

    endpoint: TokenEndpoint
    smtp: SmtpSandbox
    good: set[str]
    pki: Pki
    file: Path

    def settings(self, **changes: str) -> dict[str, str]:
        return {
            "smtp_host": "localhost",
            "smtp_port": str(self.smtp.port),
            "smtp_timeout": "5",
            "smtp_username": SMTP_USER,
            "ca_file": str(self.pki.ca_file),
            "sender": SMTP_USER,
            "to": "post@payer.example",
            "oauth2_url": self.endpoint.url,
            "oauth2_client_id": CLIENT,
            "oauth2_client_secret": SECRET,
            "oauth2_refresh_token": REFRESH,
            "oauth2_file": str(self.file),
            "oauth2_ca_file": str(self.pki.ca_file),
            "oauth2_timeout": "2",
        } | changes

    def channel(self, **changes: str) -> MailboxChannel:
        opened = open_channel("mailbox", self.settings(**changes))
        assert isinstance(opened, MailboxChannel)
        return opened

    def send(self, **changes: str) -> None:
        self.channel(**changes).deliver(Message(key="k", kind="x", name="x.xml", payload=b"x"))

    def source(self, **changes: str) -> TokenSource:
        outgoing = self.channel(**changes).outgoing
        assert outgoing is not None
        assert outgoing.server.tokens is not None
        return outgoing.server.tokens


@pytest.fixture
def provider(pki: Pki, tmp_path: Path) -> Iterator[Provider]:
    numbers, good = count(1), set[str]()

    def issue() -> str:
        made = opaque(next(numbers))
        good.add(made)
        return made

    with (
        TokenEndpoint(pki.server, issue=issue, rotating=True) as endpoint,
        SmtpSandbox(pki.server, tokens=good.__contains__) as smtp,
    ):
        yield Provider(endpoint, smtp, good, pki, tmp_path / "mailbox-token.json")


def test_a_token_is_asked_for_once_and_used_until_shortly_before_its_end(provider: Provider) -> None:
    for _ in range(3):
        provider.send()
    assert provider.endpoint.asked == ["refresh_token"], "three channels, one question"
    provider.endpoint.lives = 200  # ends within the next five minutes: every conversation begins with a new one
    provider.file.unlink()
    provider.endpoint.refresh = REFRESH
    for _ in range(2):
        provider.send()
    assert len(provider.endpoint.asked) == 3
    assert len(provider.smtp.taken) == 5


def test_a_refresh_token_that_changes_with_every_answer_is_kept_where_only_the_hub_reads_it(provider: Provider) -> None:
    provider.endpoint.lives = 60
    for _ in range(3):
        provider.send()
    assert json.loads(provider.file.read_text())["refresh_token"] == provider.endpoint.refresh != REFRESH
    assert {stat.S_IMODE(each.stat().st_mode) for each in provider.file.parent.iterdir()} == {0o600}
    provider.endpoint.refresh = "given-by-a-new-sign-in"
    provider.send(oauth2_refresh_token="given-by-a-new-sign-in")
    assert len(provider.smtp.taken) == 4


def test_many_at_once_ask_once(provider: Provider) -> None:
    source = provider.source()
    with ThreadPoolExecutor(8) as pool:
        said = set(pool.map(lambda _: source.token(), range(16)))
    assert (len(said), provider.endpoint.asked) == (1, ["refresh_token"])


def test_without_a_persons_sign_in_the_client_asks_for_itself(provider: Provider) -> None:
    provider.send(oauth2_refresh_token="")
    assert provider.endpoint.asked == ["client_credentials"]


def test_a_token_taken_back_before_its_end_is_replaced_once_and_then_somebody_must_act(provider: Provider) -> None:
    provider.send()
    provider.good.clear()
    with pytest.raises(TransientError, match="refuses the access token"):
        provider.send()
    provider.send()
    assert provider.endpoint.asked == ["refresh_token"] * 2
    for _ in range(2):  # now even a fresh one is not taken: another one would not help
        provider.good.clear()
        provider.endpoint.issue = lambda: "nobody takes this"
        with pytest.raises((TransientError, ConfigurationError)) as refused:
            provider.send()
    assert isinstance(refused.value, ConfigurationError)
    assert "the oauth2_* settings" in str(refused.value)
    assert len(provider.smtp.taken) == 2


@pytest.mark.parametrize(
    ("change", "who"),
    [
        ({"oauth2_refresh_token": "an old one"}, "whoever owns the mailbox signs in anew"),
        ({"oauth2_client_secret": "not-the-secret-777"}, "whoever administers the registration renews it"),
    ],
)
def test_a_no_of_the_provider_says_who_must_act_and_shows_no_secret(
    provider: Provider, change: dict[str, str], who: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        provider.send(**change)
    said = f"{refused.value} {refused.value.hint}"
    assert who in said
    assert not [secret for secret in (REFRESH, SECRET, *change.values()) if secret in said]
    assert provider.smtp.taken == []


@pytest.mark.parametrize(
    "trouble", [Trouble.UNAVAILABLE, Trouble.TOO_MANY, Trouble.CLOSE_BEFORE_BODY, Trouble.DELAY], ids=str
)
def test_a_token_endpoint_in_trouble_is_asked_again_later(provider: Provider, trouble: Trouble) -> None:
    provider.endpoint.misbehave(Fault(trouble=trouble, seconds=4))
    with pytest.raises(TransientError):
        provider.send(oauth2_timeout="1")
    assert provider.smtp.taken == []
    if trouble in (Trouble.UNAVAILABLE, Trouble.TOO_MANY):
        provider.send()
        assert len(provider.smtp.taken) == 1


def test_an_endpoint_we_do_not_know_is_told_nothing(provider: Provider, pki: Pki) -> None:
    with pytest.raises(ConfigurationError, match="certificate"):
        provider.send(oauth2_ca_file=str(pki.stranger_ca_file))
    assert provider.endpoint.asked == []


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"oauth2_url": "http://tokens.example/token"}, "no https"),
        ({"oauth2_file": ""}, "lacks oauth2_file"),
        (
            {"oauth2_client_secret": "", "oauth2_refresh_token": ""},
            "lacks oauth2_client_secret or oauth2_refresh_token",
        ),
        ({"smtp_password": "x"}, "both a password and oauth2_"),
        ({"smtp_access_token": "x"}, "both an access_token and oauth2_"),
    ],
)
def test_what_is_missing_is_named_before_anything_is_opened(
    provider: Provider, change: dict[str, str], match: str
) -> None:
    with pytest.raises(ConfigurationError, match=match):
        provider.channel(**change)


def test_a_file_that_cannot_be_kept_is_the_operators(provider: Provider, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="file for access tokens cannot be used"):
        provider.send(oauth2_file=str(tmp_path / "nowhere" / "token.json"))
    provider.file.write_text("half a fi")
    provider.send()
    assert len(provider.smtp.taken) == 1, "a file that cannot be read is asked for anew"


def test_a_real_imap_server_is_read_through_the_end_of_a_token(dovecot: Dovecot, tmp_path: Path) -> None:
    """The first token is one the server no longer takes: it is replaced, and the mail comes in."""
    dovecot.put(b"Subject: one\r\nFrom: a@b.example\r\n\r\nx\r\n")
    lives = iter([-60, 600, 600])
    with TokenEndpoint(dovecot.pki.server, issue=lambda: token(seconds=next(lives))) as endpoint:
        settings = dovecot.settings(
            password="",
            oauth2_url=endpoint.url,
            oauth2_client_id=CLIENT,
            oauth2_client_secret=SECRET,
            oauth2_file=str(tmp_path / "token.json"),
            oauth2_ca_file=str(dovecot.pki.ca_file),
        )
        with pytest.raises(TransientError, match="refuses the access token"):
            list(open_channel("mailbox", settings).collect())
        for _ in range(2):
            (mail,) = open_channel("mailbox", settings).collect()
            assert b"Subject: one" in mail.payload
        assert endpoint.asked == ["client_credentials"] * 2

"""Sending by mail over real TLS to a server that misbehaves: what was taken over, what was not, and what nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from connectors.channels import open_channel
from connectors.channels.mail_smtp import message_id
from hub.errors import ConfigurationError, ContentError, HubError, OutcomeUnknown, RefusedError, TransientError
from hub.model.exchange import ExchangeState, Message
from hub.sandbox.pki import Pki, make_pki
from hub.sandbox.smtp import PASSWORD, TOKEN, USER, SmtpFault, SmtpSandbox, SmtpTrouble

BSN, FNR = "999999011", "05895800130"
PAYLOAD = b'<?xml version="1.0"?>\n<Invoice>\n.\n..dots\n\xc3\xa6</Invoice>\n'


def message(key: str = "NO:923456783:10003:1", name: str = "10003.xml", payload: bytes = PAYLOAD) -> Message:
    return Message(
        key=key,
        kind="ubl-invoice",
        name=name,
        payload=payload,
        media_type="application/xml",
        meta={"invoice": "10003", "patient": BSN},
    )


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=datetime.now(UTC))


@pytest.fixture
def server(pki: Pki) -> Iterator[SmtpSandbox]:
    with SmtpSandbox(pki.server) as box:
        yield box


def settings(server: SmtpSandbox, pki: Pki, **changes: str) -> dict[str, str]:
    return {
        "smtp_host": "localhost",
        "smtp_port": str(server.port),
        "smtp_timeout": "5",
        "username": USER,
        "password": PASSWORD,
        "ca_file": str(pki.ca_file),
        "sender": USER,
        "to": "post@payer.example",
        "invoice_to": "faktura@payer.example",
    } | changes


def send(server: SmtpSandbox, pki: Pki, what: Message | None = None, **changes: str) -> str:
    receipt = open_channel("mailbox", settings(server, pki, **changes)).deliver(what or message())
    assert receipt.state is ExchangeState.SENT
    return receipt.remote_id


def came(server: SmtpSandbox) -> EmailMessage:
    (mail,) = server.taken
    parsed = message_from_bytes(mail.data, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_an_invoice_goes_out_as_one_mail_with_the_file_unchanged(server: SmtpSandbox, pki: Pki) -> None:
    remote_id = send(server, pki)
    (envelope,) = server.taken
    assert (envelope.sender, envelope.recipients) == (USER, ("faktura@payer.example",))
    mail = came(server)
    assert (mail["From"], mail["To"], mail["Subject"]) == (USER, "faktura@payer.example", "10003.xml")
    assert mail["Message-ID"] == remote_id == message_id("NO:923456783:10003:1", USER)
    (file,) = mail.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("10003.xml", "application/xml")
    assert file.get_payload(decode=True) == PAYLOAD
    assert server.commands == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize(
    ("changes", "to"),
    [({}, "faktura@payer.example"), ({"invoice_to": ""}, "post@payer.example"), ({"to": ""}, "faktura@payer.example")],
)
def test_the_address_for_invoices_comes_first_then_the_companys(
    server: SmtpSandbox, pki: Pki, changes: dict[str, str], to: str
) -> None:
    send(server, pki, **changes)
    assert server.taken[0].recipients == (to,)


def test_without_any_address_nothing_is_opened(server: SmtpSandbox, pki: Pki) -> None:
    with pytest.raises(ConfigurationError, match="lacks to"):
        open_channel("mailbox", settings(server, pki, to="", invoice_to=""))


@pytest.mark.parametrize(
    "to", ["a@b", "a b@c.example", "<a@b.example>", "a@b.example\r\nRCPT TO:<x@y.example>", "ø@b.no"]
)
def test_an_address_that_says_more_than_an_address_is_refused(server: SmtpSandbox, pki: Pki, to: str) -> None:
    with pytest.raises(ConfigurationError, match="no mail address"):
        open_channel("mailbox", settings(server, pki, invoice_to=to))


def test_the_same_key_gives_the_same_message_id_and_others_give_others(server: SmtpSandbox, pki: Pki) -> None:
    assert send(server, pki) == send(server, pki)
    assert (len(server.taken), len(server.arrived)) == (2, 1), "a second one is seen to be a second one"
    assert send(server, pki, message("NO:923456783:10004:1")) != message_id("NO:923456783:10003:1", USER)


@pytest.mark.parametrize("number", [BSN, FNR])
def test_no_persons_number_stands_in_headers_or_file_names(server: SmtpSandbox, pki: Pki, number: str) -> None:
    send(server, pki, message(f"care/{number}/x", f"{number}.xml"), subject="Invoice {invoice}")
    headers = server.taken[0].data.partition(b"\r\n\r\n")[0]
    assert number.encode() not in headers
    (file,) = came(server).iter_attachments()
    assert number not in (file.get_filename() or "")
    for setting in ({"subject": "About {patient}"}, {"text": "About {patient}"}):
        with pytest.raises(ConfigurationError, match="a person's number"):
            send(server, pki, **setting)
    assert len(server.taken) == 1


def test_a_subject_cannot_add_a_header(server: SmtpSandbox, pki: Pki) -> None:
    sly = Message(key="k", kind="x", name="x.xml", payload=b"x", meta={"invoice": "1\r\nBcc: thief@evil.example"})
    send(server, pki, sly, subject="Invoice {invoice}")
    assert came(server)["Bcc"] is None


BEFORE = ("CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA")


@pytest.mark.parametrize("at", ["CONNECT", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "END"])
def test_a_no_for_now_is_for_later(server: SmtpSandbox, pki: Pki, at: str) -> None:
    server.misbehave(SmtpFault(at=at, reply="451 4.3.0 try again later", times=2))
    with pytest.raises(TransientError):
        send(server, pki)
    assert server.taken == []


@pytest.mark.parametrize(
    ("at", "error"),
    [
        ("CONNECT", ConfigurationError),
        ("AUTH", ConfigurationError),
        ("MAIL", ConfigurationError),
        ("RCPT", ConfigurationError),
        ("DATA", RefusedError),
        ("END", RefusedError),
    ],
)
def test_a_no_for_good_about_us_is_the_operators_and_about_the_mail_is_final(
    server: SmtpSandbox, pki: Pki, at: str, error: type[HubError]
) -> None:
    server.misbehave(SmtpFault(at=at, reply="554 5.7.1 we do not take this", times=2))
    with pytest.raises(error, match="we do not take this") as refused:
        send(server, pki)
    assert server.taken == []
    assert not isinstance(refused.value, RefusedError) or refused.value.code == "554"


@pytest.mark.parametrize("at", BEFORE)
def test_a_connection_lost_before_the_mail_was_all_there_is_for_later(server: SmtpSandbox, pki: Pki, at: str) -> None:
    server.misbehave(SmtpFault(at=at, trouble=SmtpTrouble.DROP))
    with pytest.raises(TransientError):
        send(server, pki)
    assert server.taken == []


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("trouble", [SmtpTrouble.DROP, SmtpTrouble.SILENT])
def test_a_reply_lost_after_the_last_byte_leaves_a_doubt_only_a_person_can_end(
    server: SmtpSandbox, pki: Pki, trouble: SmtpTrouble, *, taken: bool
) -> None:
    server.misbehave(SmtpFault(at="END", trouble=trouble, taken=taken))
    channel = open_channel("mailbox", settings(server, pki, smtp_timeout="0.5"))
    with pytest.raises(OutcomeUnknown, match="no reply came"):
        channel.deliver(message())
    assert len(server.taken) == taken
    assert channel.can_lookup is False
    with pytest.raises(OutcomeUnknown):
        channel.lookup(message().key)


def test_a_goodbye_that_fails_does_not_undo_what_was_taken_over(server: SmtpSandbox, pki: Pki) -> None:
    server.misbehave(SmtpFault(at="QUIT", trouble=SmtpTrouble.DROP))
    assert send(server, pki)


def test_a_mail_the_server_would_not_take_is_not_sent(pki: Pki) -> None:
    with SmtpSandbox(pki.server, biggest=500) as small, pytest.raises(ContentError, match="the server takes 500"):
        send(small, pki)
    with SmtpSandbox(pki.server) as box, pytest.raises(ContentError, match="by mail go at most"):
        send(box, pki, message(payload=b"x" * (21 * 1024 * 1024)))


def test_tls_from_the_first_byte_and_starttls_both_carry_it(server: SmtpSandbox, pki: Pki) -> None:
    with SmtpSandbox(pki.server, starttls=False) as implicit:
        send(implicit, pki, smtp_tls="implicit")
        with pytest.raises((TransientError, ConfigurationError)):
            send(implicit, pki, smtp_timeout="0.5")
    with pytest.raises(ConfigurationError, match="speaks no TLS"):
        send(server, pki, smtp_tls="implicit")
    assert server.taken == []


def test_a_server_without_tls_gets_neither_password_nor_mail(pki: Pki) -> None:
    with SmtpSandbox(pki.server, plain=True) as plain:
        with pytest.raises(ConfigurationError, match="no STARTTLS"):
            send(plain, pki)
        assert plain.commands == ["EHLO", "QUIT"]


@pytest.mark.parametrize("ca_file", ["", "stranger"])
def test_a_server_we_do_not_know_learns_nothing(server: SmtpSandbox, pki: Pki, ca_file: str) -> None:
    path = str(pki.stranger_ca_file) if ca_file else ""
    with pytest.raises(ConfigurationError, match="certificate is not trusted"):
        send(server, pki, ca_file=path)
    assert "AUTH" not in server.commands


def test_a_wrong_password_is_for_the_operator_and_shown_nowhere(server: SmtpSandbox, pki: Pki) -> None:
    with pytest.raises(ConfigurationError, match="refuses the login") as refused:
        send(server, pki, password="hunter2")
    assert "hunter2" not in str(refused.value)


def test_a_token_logs_in_and_a_wrong_one_does_not(server: SmtpSandbox, pki: Pki) -> None:
    send(server, pki, password="", access_token=TOKEN)
    with pytest.raises(ConfigurationError, match="check username and access_token"):
        send(server, pki, password="", access_token="old")
    assert len(server.taken) == 1


def test_a_server_that_is_away_is_for_later(pki: Pki) -> None:
    with SmtpSandbox(pki.server) as gone:
        pass
    with pytest.raises(TransientError, match="not reached"):
        send(gone, pki)


def test_probing_logs_in_and_sends_nothing(server: SmtpSandbox, pki: Pki, tmp_path: Path) -> None:
    assert open_channel("mailbox", settings(server, pki)).probe().ok
    assert "MAIL" not in server.commands
    wrong = open_channel("mailbox", settings(server, pki, password="wrong")).probe()
    assert not wrong.ok
    assert list(open_channel("mailbox", settings(server, pki)).collect()) == []
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    both = settings(server, pki, maildir=str(tmp_path), authserv_id="mx.klinikk.example")
    assert "Maildir" in open_channel("mailbox", both).probe().text

"""Every channel against a counterpart that answers: what `hub.ports.Channel` promises holds for each of them.

A new channel joins by adding one function that opens it beside its counterpart to COUNTERPARTS.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path

import pytest

from connectors.channels import open_channel
from connectors.channels.sftp import SftpChannel
from hub.errors import ConfigurationError, OutcomeUnknown, RefusedError
from hub.model.exchange import ExchangeState, Message
from hub.ports import Channel
from hub.sandbox import smtp
from hub.sandbox.access_point import AccessPointSandbox
from hub.sandbox.mail import MailSandbox
from hub.sandbox.pki import Pki, make_pki
from hub.sandbox.sftp import DOWNLOAD, UPLOAD, SftpSandbox, new_client_key, public_line
from hub.sandbox.smtp import SmtpSandbox
from hub.sandbox.vecozo import Outgoing, VecozoSandbox
from hub.sandbox.vecozo_soap import VecozoSoapSandbox
from tests import mailservers
from tests.openssh import openssh

INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
DOCUMENT = f"{INVOICE}::Invoice##urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0::2.1"
PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
VEKTIS = {"receiver": "3332"}
META = {
    "sender": "0192:923456783",
    "receiver": "0192:987654325",
    "receiver_code": "3332",
    "document_id": DOCUMENT,
    "process_id": PROCESS,
    "country_c1": "NO",
}


@dataclass(frozen=True)
class Counterpart:
    """A channel and what its partner's side sees."""

    channel: Channel
    arrived: Callable[[], list[bytes]]
    """Every payload that came through under a final name."""
    offer: Callable[[bytes], None]
    """Lay something ready for us."""
    asked: bool = True
    """Whether the partner can be asked about a message that may have arrived."""
    remembers: bool = True
    """Whether anybody but a person knows of a message that arrived."""
    inside: Callable[[bytes], bytes] = lambda payload: payload
    """What a thing we collect carries: a mail holds the document as its attachment."""


def message(key: str = "clinic/10001", text: str = "10001") -> Message:
    payload = f'<?xml version="1.0" encoding="UTF-8"?>\n<Invoice xmlns="{INVOICE}"><ID>{text}</ID></Invoice>'.encode()
    return Message(key=key, kind="ubl-invoice", name="invoice.xml", payload=payload, meta=META)


def body(payload: bytes) -> bytes:
    """What must arrive unchanged: a Peppol envelope carries the document without its XML declaration."""
    return payload.partition(b"?>\n")[2] or payload


@contextlib.contextmanager
def folder(tmp_path: Path) -> Iterator[Counterpart]:
    outbox, inbox = tmp_path / "outbox", tmp_path / "inbox"
    outbox.mkdir()
    inbox.mkdir()
    channel = open_channel("folder", {"outbox": str(outbox), "inbox": str(inbox)})
    yield Counterpart(channel, lambda: _files(outbox), _writer(inbox))


@contextlib.contextmanager
def sftp(tmp_path: Path) -> Iterator[Counterpart]:
    with SftpSandbox(tmp_path) as box:
        channel = open_channel("sftp", box.settings)
        yield Counterpart(channel, lambda: _files(box.path(UPLOAD)), _writer(box.path(DOWNLOAD)))


@contextlib.contextmanager
def sshd(tmp_path: Path) -> Iterator[Counterpart]:
    with openssh(tmp_path) as settings:
        yield Counterpart(
            open_channel("sftp", settings),
            lambda: _files(Path(settings["outbox"])),
            _writer(Path(settings["inbox"])),
        )


@contextlib.contextmanager
def peppol_rest(_tmp_path: Path) -> Iterator[Counterpart]:
    with AccessPointSandbox() as box:

        def offer(payload: bytes) -> None:
            sent = open_channel("peppol_rest", box.settings)
            if not box.outbound:
                sent.deliver(message("for an answer"))
            box.answer(box.outbound[0], payload, document_id=DOCUMENT, process_id=PROCESS)

        def arrived() -> list[bytes]:
            payloads = {found.header.instance_id: found.payload for found in box.outbound}
            return [payloads[identifier] for identifier in box.transmissions]

        yield Counterpart(open_channel("peppol_rest", box.settings), arrived, offer)


@contextlib.contextmanager
def vecozo(tmp_path: Path) -> Iterator[Counterpart]:
    answers: list[bytes] = []

    def respond(_payload: bytes, facts: Mapping[str, str]) -> list[Outgoing]:
        return [Outgoing(payload=answer, reference=facts["reference"]) for answer in answers]

    clock = _ticking()
    pki = make_pki(tmp_path / "pki", now=datetime.now(UTC))
    with VecozoSandbox(pki, now=lambda: next(clock), responder=respond) as box:
        channel = open_channel("vecozo", box.settings())

        def offer(payload: bytes) -> None:
            answers[:] = [payload]
            channel.deliver(
                Message(key=f"asks for {len(payload)} {payload!r}", kind="x", name="x", payload=b"?", meta=VEKTIS)
            )
            answers.clear()

        yield Counterpart(channel, lambda: [kept.payload for kept in box.received()], offer)


@contextlib.contextmanager
def vecozo_soap(tmp_path: Path) -> Iterator[Counterpart]:
    clock = _ticking()
    pki = make_pki(tmp_path / "pki", now=datetime.now(UTC))
    (tmp_path / "book").mkdir()
    with VecozoSoapSandbox(pki, now=lambda: next(clock)) as box:
        channel = open_channel("vecozo_soap", box.settings(tmp_path / "book"))

        def offer(payload: bytes) -> None:
            box.offer(payload)

        yield Counterpart(channel, lambda: [kept.payload for kept in box.received()], offer, asked=False)


@contextlib.contextmanager
def maildir(tmp_path: Path) -> Iterator[Counterpart]:
    box = MailSandbox(tmp_path / "Maildir")
    with _mails(tmp_path, box.settings, box.receive) as counterpart:
        yield counterpart


@contextlib.contextmanager
def imap(tmp_path: Path) -> Iterator[Counterpart]:
    with (
        mailservers.running() as server,
        _mails(tmp_path, server.settings(), server.put) as counterpart,
    ):
        yield counterpart


@contextlib.contextmanager
def _mails(tmp_path: Path, receiving: Mapping[str, str], put: Callable[[bytes], object]) -> Iterator[Counterpart]:
    """A mailbox of ours, and a partner that takes mails."""
    pki = make_pki(tmp_path / "smtp", now=datetime.now(UTC))
    with SmtpSandbox(pki.server) as box:
        channel = open_channel("mailbox", {**receiving, **_sending(box, pki)})
        yield Counterpart(
            channel,
            lambda: [_attached(mail.data) for mail in box.arrived],
            lambda payload: put(_mail_with(payload)),  # type: ignore[arg-type, return-value]
            asked=False,
            remembers=False,
            inside=_attached,
        )


def _sending(box: SmtpSandbox, pki: Pki) -> dict[str, str]:
    return {
        "smtp_host": "localhost",
        "smtp_port": str(box.port),
        "smtp_username": smtp.USER,
        "smtp_password": smtp.PASSWORD,
        "smtp_ca_file": str(pki.ca_file),
        "sender": smtp.USER,
        "to": "post@payer.example",
    }


def _mail_with(payload: bytes) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["Subject"] = "post@payer.example", "answer"
    mail.set_content("attached")
    mail.add_attachment(payload, "application", "xml", filename="answer.xml")
    return mail.as_bytes()


def _attached(mail: bytes) -> bytes:
    parsed = message_from_bytes(mail, policy=default)
    assert isinstance(parsed, EmailMessage)
    (file,) = parsed.iter_attachments()
    content = file.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def _ticking() -> Iterator[datetime]:
    moment = datetime(2024, 1, 15, 9, 0, tzinfo=UTC)
    while True:
        moment += timedelta(seconds=1)
        yield moment


COUNTERPARTS = [
    folder,
    sftp,
    pytest.param(sshd, marks=pytest.mark.sshd),
    peppol_rest,
    vecozo,
    vecozo_soap,
    maildir,
    imap,
]


@pytest.fixture(params=COUNTERPARTS, ids=lambda opener: opener.__name__)
def partner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counterpart]:
    with request.param(tmp_path) as counterpart:
        yield counterpart


def test_it_is_a_channel(partner: Counterpart) -> None:
    assert isinstance(partner.channel, Channel)
    assert partner.channel.can_lookup is partner.asked


def test_what_is_delivered_arrives_unchanged(partner: Counterpart) -> None:
    receipt = partner.channel.deliver(message())
    assert receipt.state in {ExchangeState.SENT, ExchangeState.DELIVERED}
    assert receipt.remote_id
    assert [body(payload) for payload in partner.arrived()] == [body(message().payload)]


def test_delivering_the_same_key_again_leaves_one(partner: Counterpart) -> None:
    first = partner.channel.deliver(message())
    again = partner.channel.deliver(message())
    assert len(partner.arrived()) == 1
    assert again.remote_id == first.remote_id


def test_different_keys_with_the_same_payload_are_different_messages(partner: Counterpart) -> None:
    ids = {partner.channel.deliver(message(key, "same")).remote_id for key in ("a/1", "a-1", "A/1", "a/1 ")}
    assert len(ids) == 4
    assert len(partner.arrived()) == 4


def test_another_payload_under_the_same_key_never_replaces_the_first(partner: Counterpart) -> None:
    first = partner.channel.deliver(message("k/1", "one"))
    with contextlib.suppress(RefusedError):
        assert partner.channel.deliver(message("k/1", "two")).remote_id == first.remote_id
    assert [body(payload) for payload in partner.arrived()] == [body(message("k/1", "one").payload)]


def test_lookup_knows_what_was_delivered_and_nothing_else(partner: Counterpart) -> None:
    _not_there(partner, "clinic/10001")
    receipt = partner.channel.deliver(message())
    if not partner.remembers:
        _not_there(partner, "clinic/10001")
        return
    found = partner.channel.lookup("clinic/10001")
    assert found is not None
    assert found.remote_id == receipt.remote_id
    assert found.state in {ExchangeState.SENT, ExchangeState.DELIVERED}
    _not_there(partner, "clinic/1000")


def _not_there(partner: Counterpart, key: str) -> None:
    """Who can be asked says so; who cannot never says no, for a no would send it again."""
    if partner.asked:
        assert partner.channel.lookup(key) is None
        return
    with pytest.raises(OutcomeUnknown):
        partner.channel.lookup(key)


def test_collecting_takes_nothing_away(partner: Counterpart) -> None:
    partner.offer(message(text="answer").payload)
    first = list(partner.channel.collect())
    again = list(partner.channel.collect())
    assert [body(partner.inside(found.payload)) for found in first] == [body(message(text="answer").payload)]
    assert [found.remote_id for found in again] == [found.remote_id for found in first]


def test_confirming_takes_away_that_one_only_and_may_be_repeated(partner: Counterpart) -> None:
    partner.offer(message(text="one").payload)
    partner.offer(message(text="two").payload)
    first, second = partner.channel.collect()
    partner.channel.confirm(first.remote_id)
    partner.channel.confirm(first.remote_id)
    assert [found.remote_id for found in partner.channel.collect()] == [second.remote_id]
    partner.channel.confirm(second.remote_id)
    assert list(partner.channel.collect()) == []


def test_probing_says_that_all_is_well_and_sends_nothing(partner: Counterpart) -> None:
    assert partner.channel.probe().ok
    assert partner.arrived() == []


SFTP_SERVERS = [sftp, pytest.param(sshd, marks=pytest.mark.sshd)]


@pytest.mark.parametrize("opener", SFTP_SERVERS, ids=lambda opener: opener.__name__)
def test_a_plain_rename_refuses_a_target_that_appeared_meanwhile(
    opener: Callable[[Path], contextlib.AbstractContextManager[Counterpart]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two senders who both looked before either renamed: the server's rename is the last guard."""
    monkeypatch.setattr(SftpChannel, "_find", lambda *_: None)
    with opener(tmp_path) as partner:
        partner.channel.deliver(message("k", "one"))
        partner.channel.deliver(message("k", "one"))
        with pytest.raises(RefusedError):
            partner.channel.deliver(message("k", "two"))
        assert partner.arrived() == [message("k", "one").payload]


@pytest.mark.sshd
def test_a_real_server_with_another_host_key_is_refused(tmp_path: Path) -> None:
    with openssh(tmp_path) as settings:
        wrong = settings | {"host_key": public_line(new_client_key())}
        with pytest.raises(ConfigurationError, match="another host key"):
            open_channel("sftp", wrong).deliver(message())
        assert not list(Path(settings["outbox"]).iterdir())


def _files(directory: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(directory.iterdir()) if path.is_file()]


def _writer(directory: Path) -> Callable[[bytes], None]:
    def write(payload: bytes) -> None:
        number = sum(1 for _ in directory.rglob("*.xml"))
        path = directory / f"answer-{number}.xml"
        path.write_bytes(payload)
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))

    return write

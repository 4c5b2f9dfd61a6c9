"""A mailbox at a real IMAP server (Dovecot): TLS, logins, what is taken and when, and everything that goes wrong."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.channels import open_channel
from connectors.channels.mail_imap import KEYWORD
from connectors.channels.mailbox import MailboxChannel
from hub.errors import ConfigurationError, TransientError
from hub.model.exchange import Collected, Message
from hub.ports import Channel
from hub.sandbox.mail import AUTHSERV_ID, DIGICARE, RejectionMail, rejection
from tests.mailservers import USER, Dovecot, cut_after, running, token

PAYER = "digicare.no"


def mail(number: int | str, body: str = "text") -> bytes:
    return f"From: {DIGICARE}\r\nSubject: {number}\r\n\r\n{body}\r\n".encode()


def subjects(found: list[Collected]) -> list[str]:
    return [each.payload.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode() for each in found]


def opened(server: Dovecot, **changes: str) -> Channel:
    return open_channel("mailbox", server.settings(**changes))


def take_all(channel: Channel, into: list[Collected] | None = None) -> list[Collected]:
    """What the pipeline does: store each, then confirm it, while the list is still being read."""
    taken = [] if into is None else into
    for found in channel.collect():
        taken.append(found)
        channel.confirm(found.remote_id)
    return taken


def test_a_rejection_travels_from_the_server_to_us_with_who_signed_it(dovecot: Dovecot) -> None:
    dovecot.put(rejection(RejectionMail(invoice="10003")), signed_by=PAYER)
    dovecot.put(rejection(RejectionMail(invoice="10004")), signed_by="attacker.example")
    dovecot.put(rejection(RejectionMail(invoice="10005")), signed_by=PAYER, result="fail")
    genuine, foreign, failed = opened(dovecot).collect()
    assert (genuine.kind, genuine.trusted, genuine.meta) == ("mail", True, {"dkim": PAYER, "from": DIGICARE})
    assert (foreign.trusted, foreign.meta["dkim"]) == (False, "attacker.example")
    assert (failed.trusted, failed.meta["dkim"]) == (False, "")


def test_a_person_who_reads_a_mail_before_us_takes_nothing_from_us(dovecot: Dovecot) -> None:
    dovecot.put(mail("read by a person"))
    with dovecot.person() as wire:
        wire.select("INBOX")
        wire.fetch("1", "(BODY[])")
        assert wire.search(None, "SEEN")[1] == [b"1"]
    assert subjects(list(opened(dovecot).collect())) == ["read by a person"]


def test_collecting_changes_nothing_for_people(dovecot: Dovecot) -> None:
    dovecot.put(mail("unread"))
    list(opened(dovecot).collect())
    assert dovecot.subjects("INBOX", "UNSEEN") == ["unread"]


def test_confirmed_mails_are_marked_and_stay(dovecot: Dovecot) -> None:
    dovecot.put(mail(1), mail(2))
    channel = opened(dovecot)
    first, _ = channel.collect()
    channel.confirm(first.remote_id)
    channel.confirm(first.remote_id)
    assert dovecot.subjects("INBOX") == ["1", "2"]
    assert dovecot.subjects("INBOX", "KEYWORD", KEYWORD) == ["1"]
    assert dovecot.subjects("INBOX", "SEEN") == []
    assert subjects(list(channel.collect())) == ["2"]


@pytest.mark.parametrize("archive", ["Taken", "Håndtert & ferdig"])
def test_confirmed_mails_move_to_the_archive_once(dovecot: Dovecot, archive: str) -> None:
    written = {"Taken": "Taken", "Håndtert & ferdig": '"H&AOU-ndtert &- ferdig"'}[archive]
    dovecot.do(("create", written))
    dovecot.put(mail(1), mail(2))
    channel = opened(dovecot, archive=archive)
    first, _ = channel.collect()
    channel.confirm(first.remote_id)
    channel.confirm(first.remote_id)
    assert (dovecot.subjects("INBOX"), dovecot.subjects(written)) == (["2"], ["1"])
    assert channel.probe().ok


def test_without_the_archive_folder_nothing_is_lost_and_it_is_said(dovecot: Dovecot) -> None:
    dovecot.put(mail(1))
    channel = opened(dovecot, archive="Missing")
    assert "Missing" in channel.probe().text
    (found,) = channel.collect()
    with pytest.raises(ConfigurationError, match="refuses MOVE"):
        channel.confirm(found.remote_id)
    assert subjects(list(channel.collect())) == ["1"]


def test_a_folder_of_its_own_is_read_and_the_inbox_left_alone(dovecot: Dovecot) -> None:
    dovecot.do(("create", "Faktura"))
    dovecot.put(mail("ours"), folder="Faktura")
    dovecot.put(mail("not ours"))
    assert subjects(take_all(opened(dovecot, folder="Faktura"))) == ["ours"]
    with pytest.raises(ConfigurationError, match="refuses SELECT"):
        list(opened(dovecot, folder="Nowhere").collect())


def test_an_old_number_confirms_nothing_after_the_server_numbered_anew(dovecot: Dovecot) -> None:
    dovecot.do(("create", "Faktura"))
    dovecot.put(mail("before"), folder="Faktura")
    channel = opened(dovecot, folder="Faktura")
    (old,) = channel.collect()
    dovecot.do(("delete", "Faktura"), ("create", "Faktura"))
    dovecot.put(mail("after"), folder="Faktura")
    (new,) = channel.collect()
    assert old.remote_id.split(".")[1] == new.remote_id.split(".")[1], "the same UID under another UIDVALIDITY"
    channel.confirm(old.remote_id)
    assert subjects(list(channel.collect())) == ["after"]


@pytest.mark.parametrize("remote_id", ["", "1", "1.x", "1.1 EXPUNGE", "1.1\r\nA LOGOUT", "99.1"])
def test_a_remote_id_that_is_none_of_ours_does_nothing(dovecot: Dovecot, remote_id: str) -> None:
    dovecot.put(mail(1))
    channel = opened(dovecot)
    channel.confirm(remote_id)
    assert subjects(list(channel.collect())) == ["1"]


def test_a_thousand_mails_are_taken_in_order_over_one_connection(dovecot: Dovecot) -> None:
    dovecot.put(*(mail(number) for number in range(1000)))
    logins = (dovecot.home / "log").read_text().count("Login: user=")
    assert subjects(take_all(opened(dovecot))) == [str(number) for number in range(1000)]
    assert (dovecot.home / "log").read_text().count("Login: user=") == logins + 1
    assert list(opened(dovecot).collect()) == []


def test_a_huge_mail_is_never_downloaded_and_stops_nobody(dovecot: Dovecot) -> None:
    dovecot.put(mail("before"), mail("huge", "x" * 3_000_000), mail("after"))
    with cut_after(dovecot.tls_port, 200_000) as port:
        before, huge, after = opened(dovecot, port=str(port), max_mb="1").collect()
    assert subjects([before, after]) == ["before", "after"]
    assert (huge.kind, huge.payload, huge.trusted) == ("damaged", b"", False)
    assert "at most 1048576 are fetched" in huge.meta["reason"]
    assert dovecot.subjects("INBOX", "LARGER", "2000000") == ["huge"]


def test_a_server_that_lies_about_a_size_is_not_believed(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    dovecot.put(mail("huge", "x" * 3_000_000))
    with dovecot.person() as wire:
        wire.select("INBOX")
        number = wire.uid("SEARCH", "ALL")[1][0].decode()
    monkeypatch.setattr("connectors.channels.mail_imap.Session.waiting", lambda _: [(number, 10)])
    (found,) = opened(dovecot, max_mb="1").collect()
    assert (found.kind, found.payload) == ("damaged", b"")


def test_a_connection_that_is_cut_keeps_what_was_taken_and_gets_the_rest_next_time(dovecot: Dovecot) -> None:
    dovecot.put(*(mail(number, "x" * 20_000) for number in range(20)))
    taken: list[Collected] = []
    with cut_after(dovecot.tls_port, 150_000) as port, pytest.raises(TransientError):
        take_all(opened(dovecot, port=str(port)), taken)
    assert 1 <= len(taken) < 20
    rest = take_all(opened(dovecot))
    numbers = subjects(taken) + subjects(rest)
    assert sorted({int(number) for number in numbers}) == list(range(20))
    assert len(numbers) <= 21, "at most the one whose confirmation was cut comes again"


@pytest.mark.parametrize("received", [1, 40, 1500])
def test_wherever_the_connection_is_cut_it_is_for_later(dovecot: Dovecot, received: int) -> None:
    with cut_after(dovecot.tls_port, received) as port, pytest.raises(TransientError):
        list(opened(dovecot, port=str(port)).collect())


def test_a_server_that_is_away_or_says_nothing_is_for_later(dovecot: Dovecot) -> None:
    with cut_after(dovecot.tls_port, 1) as gone:
        pass
    with pytest.raises(TransientError, match="not reached"):
        list(opened(dovecot, port=str(gone)).collect())
    with pytest.raises(TransientError, match="timed out"):
        list(opened(dovecot, tls="starttls", timeout="0.5").collect())


def test_starttls_and_tls_from_the_first_byte_both_work(dovecot: Dovecot) -> None:
    assert opened(dovecot).probe().ok
    assert opened(dovecot, tls="starttls", port=str(dovecot.port)).probe().ok
    wrong = opened(dovecot, port=str(dovecot.port)).probe()
    assert not wrong.ok
    assert "speaks no TLS" in wrong.text


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_server_we_do_not_know_learns_nothing(dovecot: Dovecot, tls: str) -> None:
    port = str(dovecot.tls_port if tls == "implicit" else dovecot.port)
    before = (dovecot.home / "log").read_text().count("method=")
    strange = opened(dovecot, tls=tls, port=port, ca_file=str(dovecot.pki.stranger_ca_file))
    with pytest.raises(ConfigurationError, match="certificate is not trusted"):
        list(strange.collect())
    with pytest.raises(ConfigurationError, match="certificate is not trusted"):
        list(open_channel("mailbox", {**dovecot.settings(tls=tls, port=port), "ca_file": ""}).collect())
    assert (dovecot.home / "log").read_text().count("method=") == before


def test_another_name_on_the_certificate_is_refused(dovecot: Dovecot) -> None:
    with pytest.raises(ConfigurationError, match="certificate is not trusted"):
        list(opened(dovecot, host="127.0.0.2").collect())


def test_a_server_whose_offer_of_tls_was_taken_out_gets_no_password(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "connectors.channels.mail_imap.ImapConnection._get_capabilities",
        lambda wire: setattr(wire, "capabilities", ("IMAP4REV1", "AUTH=PLAIN")),
    )
    with pytest.raises(ConfigurationError, match="no STARTTLS"):
        list(opened(dovecot, tls="starttls", port=str(dovecot.port)).collect())


def test_a_password_the_old_login_cannot_say_is_named(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "connectors.channels.mail_imap.ImapConnection._get_capabilities",
        lambda wire: setattr(wire, "capabilities", ("IMAP4REV1",)),
    )
    with pytest.raises(ConfigurationError, match="no such letters"):
        list(opened(dovecot).collect())
    with pytest.raises(ConfigurationError, match="refuses the login"):
        list(opened(dovecot, password="wrong").collect())


def test_a_wrong_password_is_for_the_operator_and_shown_nowhere(dovecot: Dovecot) -> None:
    with pytest.raises(ConfigurationError, match="refuses the login") as refused:
        list(opened(dovecot, password="hunter2").collect())
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(opened(dovecot, password="hunter2"))


def test_a_token_logs_in_and_an_old_or_forged_one_does_not(dovecot: Dovecot) -> None:
    settings = {name: text for name, text in dovecot.settings().items() if name != "password"}
    assert open_channel("mailbox", settings | {"access_token": token()}).probe().ok
    for wrong in (token(seconds=-60), token(key=b"another key"), token("someone@else.example")):
        with pytest.raises(ConfigurationError, match="check username and access_token") as refused:
            list(open_channel("mailbox", settings | {"access_token": wrong}).collect())
        assert wrong not in str(refused.value)


def test_on_this_machine_tls_may_be_left_out_and_nowhere_else(dovecot: Dovecot) -> None:
    settings = dovecot.settings(tls="none", port=str(dovecot.port))
    with pytest.raises(ConfigurationError, match="without TLS"):
        open_channel("mailbox", settings | {"host": "mail.payer.example"})
    assert isinstance(open_channel("mailbox", settings), MailboxChannel)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"username": ""}, "lacks username"),
        ({"password": ""}, "lacks username, and password or access_token"),
        ({"access_token": "x"}, "both a password and an access_token"),
        ({"authserv_id": ""}, "lacks authserv_id"),
        ({"tls": "maybe"}, "tls is 'maybe'"),
        ({"host": ""}, "lacks maildir, host and smtp_host"),
    ],
)
def test_what_is_missing_or_wrong_in_the_settings_is_named(changes: dict[str, str], said: str) -> None:
    whole = {"host": "localhost", "username": USER, "password": "x", "authserv_id": AUTHSERV_ID}
    with pytest.raises(ConfigurationError, match=said):
        open_channel("mailbox", whole | changes)


def test_a_ca_file_that_is_none_is_said(dovecot: Dovecot, tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("no certificate")
    for path in (tmp_path / "none.pem", tmp_path / "absent.pem"):
        with pytest.raises(ConfigurationError, match="CA file cannot be used"):
            list(opened(dovecot, ca_file=str(path)).collect())


def test_a_mailbox_that_only_receives_sends_nothing(dovecot: Dovecot) -> None:
    channel = opened(dovecot)
    with pytest.raises(ConfigurationError, match="only receives"):
        channel.deliver(Message(key="k", kind="x", name="x", payload=b""))
    assert channel.lookup("k") is None


@pytest.fixture(scope="module")
def old_server() -> Iterator[Dovecot]:
    """A server that says it knows neither MOVE nor XOAUTH2."""
    with running(imap_capability="IMAP4rev1 UIDPLUS") as server:
        yield server


def test_a_server_without_move_copies_and_takes_away_that_one_mail_only(old_server: Dovecot) -> None:
    old_server.do(("create", "Taken"))
    old_server.put(mail(1), mail(2), mail(3))
    with old_server.person() as wire:
        wire.select("INBOX")
        wire.store("3", "+FLAGS", r"\Deleted")
    channel = opened(old_server, archive="Taken")
    first, _ = channel.collect()
    channel.confirm(first.remote_id)
    channel.confirm(first.remote_id)
    assert old_server.subjects("INBOX", "ALL") == ["2", "3"], "what a person deleted is that person's to expunge"
    assert set(old_server.subjects("Taken")) == {"1"}


def test_our_tls_is_no_older_than_1_2(dovecot: Dovecot) -> None:
    channel = opened(dovecot)
    assert isinstance(channel, MailboxChannel)
    assert channel.incoming is not None
    context = channel.incoming.server.context()  # type: ignore[attr-defined]
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)

"""Scenario S28: rejections by e-mail. What counts is who signed, not who is named; what cannot be placed goes to people."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
import yaml

import connectors
from connectors.channels.mailbox import MailboxChannel, from_settings
from hub.errors import ConfigurationError, FormatError
from hub.model.exchange import Message
from hub.model.partner import MailRule
from hub.ports import Channel
from hub.sandbox.mail import AUTHSERV_ID, DIGICARE, OPPGJORSKONTORET, MailSandbox, RejectionMail, rejection
from mappings.mail_replies import TEXTS, MailOutcome, MailReading, from_mail
from schemas import mail as mails

PATTERNS = {
    "invoice": r"fakturanummer:?\s*(\d{4,12})",
    "sak_id": r"SakID:\s*(\S+)",
    "reason": r"^Årsak:\s*(.+)$",
    "credit_note": r"send kreditnota",
}
RULES = (
    MailRule(sender=DIGICARE, dkim_domain="digicare.no", patterns=PATTERNS),
    MailRule(sender=OPPGJORSKONTORET, dkim_domain="oppgjorskontoret.no", patterns=PATTERNS),
)


@pytest.fixture
def mailbox(tmp_path: Path) -> MailSandbox:
    return MailSandbox(tmp_path / "Maildir")


def channel(mailbox: MailSandbox, **changes: str) -> MailboxChannel:
    return from_settings(mailbox.settings | changes)


def read_all(mailbox: MailSandbox) -> list[MailReading]:
    """What the pipeline does: collect, then read with what the channel established."""
    return [
        from_mail(found.payload, RULES, signed_by=found.meta["dkim"].split()) for found in channel(mailbox).collect()
    ]


@pytest.mark.scenario("S28")
def test_two_rejections_one_forged_one_without_a_number(mailbox: MailSandbox) -> None:
    at = datetime(2026, 4, 20, 8, 15, tzinfo=UTC)
    first = RejectionMail(
        invoice="10003", sak_id="6TST3", reason="Behandlingen ligger utenfor perioden", credit_note=True, at=at
    )
    mailbox.receive(rejection(first), signed_by="digicare.no")
    second = RejectionMail(sender=OPPGJORSKONTORET, invoice="10004", reason="Ukjent sak")
    mailbox.receive(rejection(second), signed_by="oppgjorskontoret.no")
    mailbox.receive(rejection(RejectionMail(invoice="10005")), signed_by="attacker.example")
    mailbox.receive(rejection(RejectionMail(reason="Manglende opplysninger")), signed_by="digicare.no")

    genuine, older, forged, numberless = read_all(mailbox)

    assert genuine.outcome is MailOutcome.REJECTION
    assert genuine.rejection is not None
    assert (genuine.rejection.invoice_number, genuine.rejection.sak_id) == ("10003", "6TST3")
    assert genuine.rejection.text == "Behandlingen ligger utenfor perioden"
    assert genuine.rejection.asks_credit_note
    assert genuine.rejection.at == at
    assert genuine.rejection.sender == DIGICARE
    assert older.rejection is not None
    assert (older.rejection.invoice_number, older.rejection.asks_credit_note) == ("10004", False)
    assert (forged.outcome, forged.code, forged.rejection) == (MailOutcome.QUARANTINE, "MAIL_FORGED", None)
    assert (numberless.outcome, numberless.code) == (MailOutcome.TRIAGE, "MAIL_NO_INVOICE")


@pytest.mark.parametrize(
    ("signed_by", "result"),
    [("", ""), ("digicare.no", "fail"), ("digicare.no", "none"), ("notdigicare.no", "pass"), ("no", "pass")],
)
def test_without_the_right_valid_signature_from_proves_nothing(
    mailbox: MailSandbox, signed_by: str, result: str
) -> None:
    mailbox.receive(rejection(RejectionMail(invoice="10003")), signed_by=signed_by, result=result)
    (found,) = channel(mailbox).collect()
    assert not found.trusted
    assert from_mail(found.payload, RULES, signed_by=found.meta["dkim"].split()).outcome is MailOutcome.QUARANTINE


PASS = "dkim=pass header.d=digicare.no"


@pytest.mark.parametrize(
    "headers",
    [
        f"Authentication-Results: {AUTHSERV_ID}; dkim=fail header.d=digicare.no\r\nAuthentication-Results: {AUTHSERV_ID}; {PASS}",
        f"Authentication-Results: {AUTHSERV_ID}; none\r\nAuthentication-Results: {AUTHSERV_ID}; {PASS}",
        f"Authentication-Results: mx.attacker.example; {PASS}",
        f"Authentication-Results: {AUTHSERV_ID}.attacker.example; {PASS}",
        f"Authentication-Results: {AUTHSERV_ID}; dkim=fail ({PASS}) header.d=digicare.no",
        f"Authentication-Results: {AUTHSERV_ID}; dkim=fail (a (nested; {PASS}) comment;\r\n {PASS}) header.d=other.example",
        f"Authentication-Results: {AUTHSERV_ID}; spf=pass smtp.mailfrom=digicare.no; dmarc=pass header.from=digicare.no",
        f"Authentication-Results: {AUTHSERV_ID}; dkim=pass header.d=attacker.example header.i=@digicare.no",
        f'Authentication-Results: {AUTHSERV_ID}; dkim=fail reason="; {PASS};" header.d=digicare.no',
        f'Authentication-Results: {AUTHSERV_ID}; dkim=pass reason="header.d=digicare.no" header.i=@other.example',
        f"X-Authentication-Results: {AUTHSERV_ID}; {PASS}",
        f"Authentication-Results: {AUTHSERV_ID}; {PASS}\r\nDKIM-Signature: v=1; d=digicare.no; l=10; s=s1; b=x",
    ],
)
def test_no_forged_or_foreign_verdict_counts(headers: str) -> None:
    data = headers.encode() + b"\r\n" + rejection(RejectionMail(invoice="10003"))
    assert "digicare.no" not in mails.signed_by(data, AUTHSERV_ID)


@pytest.mark.parametrize(
    "value",
    [
        f"{AUTHSERV_ID}; {PASS} header.s=s1 header.b=abc",
        f"{AUTHSERV_ID.upper()} 1; spf=pass smtp.mailfrom=x; dkim=pass (2048-bit key) header.d=DigiCare.no",
        f"{AUTHSERV_ID};\r\n\tdkim=fail header.d=x.example;\r\n\tdkim=pass header.i=@digicare.no header.s=s1",
        f"(said by) {AUTHSERV_ID} (of ours); dkim/1 = pass header.d = digicare.no",
    ],
)
def test_our_own_servers_verdict_is_read_in_its_shapes(value: str) -> None:
    data = f"Authentication-Results: {value}\r\nFrom: {DIGICARE}\r\n\r\nx".encode()
    assert mails.signed_by(data, AUTHSERV_ID) == {"digicare.no"}


@pytest.mark.parametrize(
    ("sender", "signed_by", "outcome", "code"),
    [
        ("noreply@digicare-faktura.no", "digicare-faktura.no", MailOutcome.QUARANTINE, "MAIL_IMITATES"),
        ("someone@other.example", "other.example", MailOutcome.TRIAGE, "MAIL_UNKNOWN_SENDER"),
        ("someone@mail.other.example", "other.example", MailOutcome.TRIAGE, "MAIL_UNKNOWN_SENDER"),
        ("someone@other.example", "elsewhere.example", MailOutcome.QUARANTINE, "MAIL_UNSIGNED"),
        ("post@digicare.no", "digicare.no", MailOutcome.TRIAGE, "MAIL_UNKNOWN_SENDER"),
    ],
)
def test_a_sender_no_rule_knows(sender: str, signed_by: str, outcome: MailOutcome, code: str) -> None:
    reading = from_mail(rejection(RejectionMail(sender=sender, invoice="1")), RULES, signed_by=[signed_by])
    assert (reading.outcome, reading.code) == (outcome, code)


def test_a_known_address_in_the_display_name_deceives_nobody() -> None:
    mail = rejection(RejectionMail(sender="x@other.example", display_name=DIGICARE, invoice="10003"))
    assert from_mail(mail, RULES, signed_by=["other.example"]).code == "MAIL_IMITATES"


def test_two_senders_are_no_sender() -> None:
    mail = b"From: " + DIGICARE.encode() + b"\r\n" + rejection(RejectionMail(invoice="10003"))
    assert from_mail(mail, RULES, signed_by=["digicare.no"]).outcome is MailOutcome.QUARANTINE


def built(
    content: str, *, charset: str = "utf-8", cte: str = "quoted-printable", subtype: str = "plain"
) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = DIGICARE
    message["Subject"] = "Avvist"
    message.set_content(content, subtype=subtype, charset=charset, cte=cte)
    return message


TEXT = "Faktura avvist\nFakturanummer: 10003\nÅrsak: Beløpet er for høyt\n"


@pytest.mark.parametrize(
    "mail",
    [
        built(TEXT),
        built(TEXT, cte="base64"),
        built(TEXT, charset="iso-8859-1"),
        built(f"<html><head><style>p{{}}</style></head><p>{TEXT.replace(chr(10), '</p><p>')}</p>", subtype="html"),
        built(
            "<table><tr><td>Fakturanummer:</td><td>10003<!-- x --></td></tr></table>Årsak: Beløpet er for høyt",
            subtype="html",
        ),
    ],
)
def test_text_in_any_usual_clothing_is_read(mail: EmailMessage) -> None:
    reading = from_mail(mail.as_bytes(), RULES, signed_by=["digicare.no"])
    assert reading.rejection is not None
    assert reading.rejection.invoice_number == "10003"
    assert reading.rejection.text == "Beløpet er for høyt"


@pytest.mark.parametrize("as_file", [False, True])
def test_an_attached_mail_is_read(*, as_file: bool) -> None:
    outer = built("Se vedlagt e-post.")
    inner = built(TEXT)
    if as_file:
        outer.add_attachment(inner.as_bytes(), "application", "octet-stream", filename="avvist.eml")
    else:
        outer.add_attachment(inner)
    reading = from_mail(outer.as_bytes(), RULES, signed_by=["digicare.no"])
    assert reading.rejection is not None
    assert reading.rejection.invoice_number == "10003"


def test_an_attached_file_is_not_taken_for_the_mails_text() -> None:
    mail = built("Ingen nummer her.")
    mail.add_attachment(TEXT, filename="gammel.txt")
    assert from_mail(mail.as_bytes(), RULES, signed_by=["digicare.no"]).code == "MAIL_NO_INVOICE"


def test_the_subject_counts_and_an_encoded_one_is_decoded() -> None:
    rule = MailRule(sender=DIGICARE, dkim_domain="digicare.no", patterns={"invoice": r"Avvist på faktura (\d+)"})
    mail = built("-")
    mail.replace_header("Subject", "Avvist på faktura 10003")
    reading = from_mail(mail.as_bytes(), [rule], signed_by=["digicare.no"])
    assert reading.rejection is not None
    assert reading.rejection.invoice_number == "10003"
    assert reading.subject == "Avvist på faktura 10003"


@pytest.mark.parametrize(
    "data",
    [
        b"From: noreply@digicare.no\r\nContent-Type: text/plain; charset=nonsense\r\n\r\nFakturanummer: 10003",
        b"From: noreply@digicare.no\r\nSubject: =?nonsense?Q?x?=\r\n\r\nFakturanummer: 10003",
        b"From: noreply@digicare.no\r\nContent-Transfer-Encoding: base64\r\nContent-Type: text/plain\r\n\r\nRmFrdHVyYW51bW1lcjogMTAwMDM=!!!",
        b"From: noreply@digicare.no\r\nDate: never\r\nContent-Type: multipart/mixed\r\n\r\nFakturanummer: 10003",
    ],
)
def test_a_broken_mail_is_read_as_far_as_it_goes_or_given_to_a_person(data: bytes) -> None:
    reading = from_mail(data, RULES, signed_by=["digicare.no"])
    assert reading.outcome in {MailOutcome.REJECTION, MailOutcome.TRIAGE}


def test_what_is_no_mail_is_said() -> None:
    with pytest.raises(FormatError):
        from_mail(b"", RULES, signed_by=[])
    with pytest.raises(FormatError):
        mails.read(b"From: a@b.example\r\n\r\n" + b"x" * mails.MAX_BYTES)


def test_a_pattern_that_is_no_expression_is_for_the_operator() -> None:
    rule = MailRule(sender=DIGICARE, dkim_domain="digicare.no", patterns={"invoice": "("})
    with pytest.raises(ConfigurationError, match="invoice"):
        from_mail(rejection(RejectionMail(invoice="1")), [rule], signed_by=["digicare.no"])


def test_the_shipped_rules_read_the_sandboxs_mails() -> None:
    folder = Path(connectors.__file__).parent / "partners" / "digicare"
    rules = [MailRule(**rule) for rule in yaml.safe_load((folder / "partner.yaml").read_text())["mail"]]
    assert {rule.sender for rule in rules} == {DIGICARE, OPPGJORSKONTORET}
    for rule in rules:
        mail = RejectionMail(sender=rule.sender, invoice="10003", sak_id="6TST3", reason="Ukjent", credit_note=True)
        found = from_mail(rejection(mail), rules, signed_by=[rule.dkim_domain]).rejection
        assert found is not None
        assert (found.invoice_number, found.sak_id, found.text) == ("10003", "6TST3", "Ukjent")
        assert found.asks_credit_note
        numberless = rejection(RejectionMail(sender=rule.sender, reason="Ukjent"))
        assert from_mail(numberless, rules, signed_by=[rule.dkim_domain]).code == "MAIL_NO_INVOICE"


def test_every_reason_has_its_text_in_three_languages() -> None:
    assert all(set(texts) == {"en", "nb", "nl"} and all(texts.values()) for texts in TEXTS.values())


def test_the_mailbox_is_a_channel_that_only_receives(mailbox: MailSandbox) -> None:
    one = channel(mailbox)
    assert isinstance(one, Channel)
    assert one.probe().ok
    with pytest.raises(ConfigurationError):
        one.deliver(Message(key="k", kind="x", name="x", payload=b""))


def test_a_mail_stays_until_confirmed_and_is_then_marked_as_seen(mailbox: MailSandbox) -> None:
    mailbox.receive(rejection(RejectionMail(invoice="10003")), signed_by="digicare.no")
    one = channel(mailbox)
    (first,) = one.collect()
    (again,) = one.collect()
    assert first == again
    assert first.trusted
    one.confirm(first.remote_id)
    one.confirm(first.remote_id)
    assert list(one.collect()) == []
    assert [path.name for path in (mailbox.maildir / "cur").iterdir()] == [f"{first.remote_id}:2,S"]


def test_a_mail_may_go_to_an_archive(mailbox: MailSandbox, tmp_path: Path) -> None:
    mailbox.receive(rejection(RejectionMail()), signed_by="digicare.no")
    archive = tmp_path / "archive"
    archive.mkdir()
    one = channel(mailbox, archive=str(archive))
    (found,) = one.collect()
    one.confirm(found.remote_id)
    assert len(list(archive.iterdir())) == 1


def test_a_partners_own_domains_decide_what_is_trusted(mailbox: MailSandbox) -> None:
    mailbox.receive(rejection(RejectionMail(sender="noreply@service.example")), signed_by="digicare.no")
    (found,) = channel(mailbox, dkim_domains="digicare.no, other.example").collect()
    assert found.trusted
    (found,) = channel(mailbox).collect()
    assert not found.trusted


def test_something_that_is_no_mail_is_handed_over_untrusted(mailbox: MailSandbox) -> None:
    (mailbox.maildir / "new" / "junk").write_bytes(b"")
    mailbox.receive(rejection(RejectionMail(invoice="10003")), signed_by="digicare.no")
    kinds = {found.kind: found.trusted for found in channel(mailbox).collect()}
    assert kinds == {"damaged": False, "mail": True}


def test_a_folder_that_is_no_maildir_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Maildir"):
        from_settings({"maildir": str(tmp_path), "authserv_id": AUTHSERV_ID})

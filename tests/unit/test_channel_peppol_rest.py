"""A provider's access point: our envelope identifier, its states, and what a refusal or a lost answer means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.channels import peppol_states as states
from connectors.channels.http import open_session, request
from connectors.channels.peppol_envelope import instance_id
from connectors.channels.peppol_rest import PeppolRestChannel, from_settings
from hub.errors import (
    ConfigurationError,
    FormatError,
    HubError,
    MappingError,
    OutcomeUnknown,
    RefusedError,
    TransientError,
)
from hub.model.exchange import ExchangeState, Message
from hub.sandbox.access_point import AccessPointSandbox, AccessPointTrouble
from hub.sandbox.server import Fault, Request, Response, Trouble
from schemas import sbdh

INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
DOCUMENT = f"{INVOICE}::Invoice##urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0::2.1"
RESPONSE = "urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2"
RESPONSE_ID = f"{RESPONSE}::ApplicationResponse##urn:fdc:peppol.eu:poacc:trns:invoice_response:3::2.1"
PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
RESPONSE_PROCESS = "urn:fdc:peppol.eu:poacc:bis:invoice_response:3"
KNOWN, UNKNOWN = "0192:987654325", "0192:912345674"
SUBMIT = r"/submit-sbd"


@pytest.fixture
def box() -> Iterator[AccessPointSandbox]:
    with AccessPointSandbox(directory=[KNOWN]) as running:
        yield running
    assert not running.server.crashes


def channel(box: AccessPointSandbox, **changes: str) -> PeppolRestChannel:
    return from_settings(box.settings | {"read_timeout": "2"} | changes)


def invoice(key: str = "clinic/10001", receiver: str = KNOWN, **changes: str) -> Message:
    payload = f'<?xml version="1.0" encoding="UTF-8"?>\n<Invoice xmlns="{INVOICE}"><ID>æøå</ID></Invoice>'.encode()
    meta = {
        "sender": "0192:923456783",
        "receiver": receiver,
        "document_id": DOCUMENT,
        "process_id": PROCESS,
        "country_c1": "NO",
    }
    return Message(key=key, kind="ubl-invoice", name="10001.xml", payload=payload, meta=meta | changes)


def submissions(box: AccessPointSandbox) -> int:
    return sum(1 for line in box.server.log if line.path.endswith("submit-sbd"))


def test_the_envelope_says_what_peppol_wants(box: AccessPointSandbox) -> None:
    receipt = channel(box).deliver(invoice(mls_to="0242:000723", mls_type="ALWAYS_SEND"))
    (sent,) = box.outbound
    header = sent.header
    assert receipt.state is ExchangeState.DELIVERED
    assert receipt.remote_id == header.instance_id == instance_id("clinic/10001")
    assert (header.sender, header.receiver, header.country_c1) == ("0192:923456783", KNOWN, "NO")
    assert (header.standard, header.type, header.type_version) == (INVOICE, "Invoice", "2.1")
    assert (header.document_id, header.process_id) == (DOCUMENT, PROCESS)
    assert (header.mls_to, header.mls_type) == ("0242:000723", "ALWAYS_SEND")
    assert header.created is not None
    assert header.created.tzinfo is not None


def test_the_identifier_belongs_to_the_key() -> None:
    assert instance_id("a") == instance_id("a") != instance_id("b")


@pytest.mark.scenario("S29")
def test_a_receiver_outside_the_directory_is_refused_once_and_for_all(box: AccessPointSandbox) -> None:
    """S29: a permanent error is no reason to try again."""
    with pytest.raises(RefusedError, match="not registered") as refused:
        channel(box).deliver(invoice(receiver=UNKNOWN))
    assert refused.value.code == "permanently_failed"
    assert refused.value.raw
    found = channel(box).lookup("clinic/10001")
    assert found is not None
    assert found.state is ExchangeState.REFUSED
    with pytest.raises(RefusedError):
        channel(box).deliver(invoice(receiver=UNKNOWN))
    assert submissions(box) == 1
    assert box.transmissions == []


def test_a_422_that_the_provider_goes_on_trying_is_no_refusal(box: AccessPointSandbox) -> None:
    box.misbehave(Fault(trouble=AccessPointTrouble.NOT_NOW))
    receipt = channel(box).deliver(invoice())
    assert receipt.state is ExchangeState.SENT
    assert "tries again" in receipt.text
    box.retry()
    found = channel(box).lookup("clinic/10001")
    assert found is not None
    assert found.state is ExchangeState.DELIVERED
    assert len(box.transmissions) == 1


@pytest.mark.scenario("S30")
def test_a_negative_level_status_after_sent_is_a_refusal(box: AccessPointSandbox) -> None:
    """S30: the transport receipt was fine, then the receiver's side refused."""
    receipt = channel(box).deliver(invoice())
    box.level_status(receipt.remote_id, "RE")
    found = channel(box).lookup("clinic/10001")
    assert found is not None
    assert found.state is ExchangeState.REFUSED
    assert "received_re" in found.text
    box.level_status(receipt.remote_id, "AP")
    found = channel(box).lookup("clinic/10001")
    assert found is not None
    assert found.state is ExchangeState.DELIVERED


def test_what_the_provider_does_not_take_over_is_refused_with_its_words(box: AccessPointSandbox) -> None:
    box.misbehave(Fault(trouble=AccessPointTrouble.VERIFICATION))
    with pytest.raises(RefusedError, match="Failed to submit"):
        channel(box).deliver(invoice())
    assert channel(box).lookup("clinic/10001") is None


def test_a_lost_answer_leaves_doubt_that_lookup_settles_without_sending_again(box: AccessPointSandbox) -> None:
    box.misbehave(Fault(trouble=Trouble.CLOSE_AFTER_PROCESSING, path=SUBMIT))
    with pytest.raises(OutcomeUnknown):
        channel(box).deliver(invoice())
    found = channel(box).lookup("clinic/10001")
    assert found is not None
    assert found.state is ExchangeState.DELIVERED
    channel(box).deliver(invoice())
    assert box.transmissions == [instance_id("clinic/10001")]


def test_the_provider_would_send_twice_so_we_ask_first(box: AccessPointSandbox) -> None:
    """The provider does not refuse a second envelope with the same identifier: this is why `deliver` looks first."""
    channel(box).deliver(invoice())
    first = box.outbound[0]
    with_header = sbdh.write(first.header, first.payload)
    one = channel(box)
    call = one._call("POST", "outbound/submit-sbd", body=with_header, sending=True)
    with open_session(one.http) as session:
        assert request(session, one.http, call).status == 200
    assert len(box.transmissions) == 2


@pytest.mark.parametrize(
    ("trouble", "meant"),
    [
        (Trouble.CLOSE_AFTER_BODY, OutcomeUnknown),
        (Trouble.CUT_ANSWER, OutcomeUnknown),
        (Trouble.TOO_MANY, TransientError),
    ],
)
def test_trouble_while_submitting(box: AccessPointSandbox, trouble: Trouble, meant: type[HubError]) -> None:
    box.misbehave(Fault(trouble=trouble, path=SUBMIT))
    with pytest.raises(meant):
        channel(box).deliver(invoice())


def test_a_slow_provider_leaves_doubt(box: AccessPointSandbox) -> None:
    box.misbehave(Fault(trouble=Trouble.DELAY, path=SUBMIT, seconds=2))
    with pytest.raises(OutcomeUnknown):
        channel(box, read_timeout="0.3").deliver(invoice())


def test_without_a_status_after_a_422_nothing_is_claimed(
    box: AccessPointSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = box.server.answer

    def then_silence(call: Request) -> Response:
        if call.path.endswith("submit-sbd"):
            box.misbehave(Fault(trouble=Trouble.UNAVAILABLE, path="/status/"))
        return usual(call)

    monkeypatch.setattr(box.server, "answer", then_silence)
    box.misbehave(Fault(trouble=AccessPointTrouble.NOT_NOW))
    with pytest.raises(OutcomeUnknown, match="does not say"):
        channel(box).deliver(invoice())


def test_a_wrong_token_is_for_the_operator_and_is_not_shown(box: AccessPointSandbox) -> None:
    wrong = channel(box, token="wrong-secret")
    for ask in (lambda: wrong.deliver(invoice()), lambda: wrong.lookup("x"), lambda: list(wrong.collect())):
        with pytest.raises(ConfigurationError) as refused:
            ask()
        assert "wrong-secret" not in str(refused.value)
    found = wrong.probe()
    assert not found.ok
    assert "wrong-secret" not in repr(wrong) + found.text
    assert box.outbound == []


def test_a_wrong_address_is_for_the_operator(box: AccessPointSandbox) -> None:
    elsewhere = channel(box, endpoint=f"{box.settings['endpoint']}/elsewhere")
    with pytest.raises(ConfigurationError):
        elsewhere.deliver(invoice())
    assert not elsewhere.probe().ok


def test_an_address_without_tls_is_refused_before_the_token_travels(box: AccessPointSandbox) -> None:
    with pytest.raises(ConfigurationError, match="https"):
        channel(box, endpoint="http://ap.example")


@pytest.mark.parametrize("name", ["receiver", "document_id", "process_id"])
def test_a_message_that_lacks_an_identifier_is_not_sent(box: AccessPointSandbox, name: str) -> None:
    with pytest.raises(MappingError, match=name):
        channel(box).deliver(invoice(**{name: ""}))
    assert box.server.log == []


def test_a_document_of_another_kind_than_the_envelope_says_is_not_sent(box: AccessPointSandbox) -> None:
    with pytest.raises(MappingError):
        channel(box).deliver(invoice(document_id=DOCUMENT.replace("Invoice-2::Invoice", "CreditNote-2::CreditNote")))
    assert box.server.log == []


def answered(box: AccessPointSandbox, times: int = 1) -> bytes:
    channel(box).deliver(invoice())
    payload = f'<ApplicationResponse xmlns="{RESPONSE}"><ID>1</ID></ApplicationResponse>'.encode()
    box.answer(box.outbound[0], payload, document_id=RESPONSE_ID, process_id=RESPONSE_PROCESS, times=times)
    return payload


def test_an_answer_comes_unwrapped_with_the_envelope_s_facts(box: AccessPointSandbox) -> None:
    payload = answered(box)
    (found,) = channel(box).collect()
    assert (found.payload, found.kind) == (payload, "ubl-response")
    assert found.meta["sender"] == KNOWN
    assert found.meta["document_id"] == RESPONSE_ID
    assert found.remote_id == found.meta["instance_id"]


def test_confirming_reports_our_country(box: AccessPointSandbox) -> None:
    answered(box)
    (found,) = channel(box).collect()
    channel(box).confirm(found.remote_id)
    assert [kept.country for kept in box.inbound] == ["NO"]
    channel(box).confirm("00000000-0000-0000-0000-000000000000")


def test_a_partner_that_answers_twice_gives_two_deliveries_of_the_same_document(box: AccessPointSandbox) -> None:
    payload = answered(box, times=2)
    assert [found.payload for found in channel(box).collect()] == [payload, payload]


def test_what_is_no_envelope_is_handed_over_raw_and_holds_nobody_up(box: AccessPointSandbox) -> None:
    box.offer("bad", b"not xml at all")
    payload = answered(box)
    bad, good = channel(box).collect()
    assert (bad.kind, bad.payload) == ("damaged", b"not xml at all")
    assert good.payload == payload


def test_a_document_that_cannot_be_fetched_holds_nobody_up_and_is_said(box: AccessPointSandbox) -> None:
    box.offer("first", b"x")
    box.offer("second", b"y")
    box.misbehave(Fault(trouble=Trouble.UNAVAILABLE, path="/documents/"))
    collected = channel(box).collect()
    assert next(collected).remote_id == "second"
    with pytest.raises(TransientError):
        next(collected)


def test_documents_may_come_through_a_folder_the_provider_writes_into(box: AccessPointSandbox, tmp_path: Path) -> None:
    payload = answered(box)
    (waiting,) = box.inbound
    (tmp_path / "20260415_1.xml").write_bytes(waiting.data)
    (tmp_path / "20260415_1.json").write_bytes(b"{}")
    one = channel(box, inbox="folder", inbox_folder=str(tmp_path))
    (found,) = one.collect()
    assert found.payload == payload
    one.confirm(found.remote_id)
    one.confirm(found.remote_id)
    assert list(one.collect()) == []
    assert [kept.country for kept in box.inbound] == ["NO"]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("pending", ExchangeState.SENT),
        ("sending", ExchangeState.SENT),
        ("failed", ExchangeState.SENT),
        ("sent", ExchangeState.DELIVERED),
        ("rejected", ExchangeState.REFUSED),
        ("permanently_failed", ExchangeState.REFUSED),
        ("beamed_up", ExchangeState.SENT),
    ],
)
def test_every_status_has_its_state_and_keeps_its_word(status: str, state: ExchangeState) -> None:
    found = states.receipt(json.dumps({"status": status, "errorDetails": None}).encode(), "id")
    assert found.state is state
    assert status in found.text


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"status": 3}'])
def test_an_unreadable_status_is_no_status(body: bytes) -> None:
    with pytest.raises(FormatError):
        states.receipt(body, "id")


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'[{"status": "forwarded"}]'])
def test_an_unreadable_list_of_documents_is_not_an_empty_one(body: bytes) -> None:
    with pytest.raises(FormatError):
        states.waiting(body)

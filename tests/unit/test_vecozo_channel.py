"""The VECOZO channel against a VECOZO that answers on this machine over real mutual TLS."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.channels.vecozo import VecozoChannel
from connectors.channels.vecozo_messages import metadata, traceer_id
from hub.errors import ConfigurationError, OutcomeUnknown, RefusedError, TransientError
from hub.model.exchange import ExchangeState, Message
from hub.ports import Channel
from hub.sandbox.pki import Pki, existing_pki, make_pki
from hub.sandbox.server import Fault, Route, SandboxServer, TlsFiles, Trouble, json_response
from hub.sandbox.vecozo import Outgoing, Refusal, VecozoSandbox, VecozoTrouble

NOW = datetime(2024, 1, 15, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=datetime.now(UTC))


class Ticking:
    """A clock that moves a second every time somebody looks."""

    def __init__(self) -> None:
        self.seconds = 0

    def __call__(self) -> datetime:
        self.seconds += 1
        return NOW + timedelta(seconds=self.seconds)


@pytest.fixture
def vecozo(pki: Pki) -> Iterator[VecozoSandbox]:
    with VecozoSandbox(pki, now=Ticking(), responder=echo) as running:
        yield running
    assert not running.server.crashes


def echo(payload: bytes, facts: Mapping[str, str]) -> Sequence[Outgoing]:
    """One answer at once, made of the claim; a payload that begins with a number gets so many different ones."""
    head, _, rest = payload.partition(b" ")
    count = int(head) if head.isdigit() else 1
    return [Outgoing(payload=b"answer %d to " % n + (rest or head), reference=facts["reference"]) for n in range(count)]


def channel(vecozo: VecozoSandbox, **changes: str) -> VecozoChannel:
    return VecozoChannel.from_settings(vecozo.settings() | {"read_timeout": "2"} | changes)


def claim(key: str = "tenant/PMO/2024Q1/3332", payload: bytes = b"claims") -> Message:
    facts = {"receiver": "3332"}
    return Message(key=key, kind="vektis-HA304-4.2", name="ha304-000017.dat", payload=payload, meta=facts)


def test_it_is_a_channel(vecozo: VecozoSandbox) -> None:
    one: Channel = channel(vecozo)
    assert isinstance(one, Channel)
    assert one.can_lookup


def test_a_delivered_claim_file_arrives_untouched_under_the_id_of_its_key(vecozo: VecozoSandbox) -> None:
    payload = bytes(range(256)) * 40 + b"\r\n--\r\n"
    receipt = channel(vecozo).deliver(claim(payload=payload))
    assert (receipt.state, receipt.remote_id) == (ExchangeState.SENT, traceer_id("tenant/PMO/2024Q1/3332"))
    assert receipt.at is not None
    (kept,) = vecozo.received()
    assert (kept.traceer, kept.payload) == (receipt.remote_id, payload)
    routing = kept.metadata["routeringgegevens"]
    assert routing["afzender"] == {"rol": "Zorgaanbieder", "code": "98098765"}
    assert routing["geadresseerden"] == [{"rol": "Zorgverzekeraar", "code": "3332"}]
    assert routing["berichtstroom"] == {
        "berichttype": "Test",
        "berichtversie": 1,
        "berichtsubversie": 0,
        "actie": "Indienen",
    }
    assert kept.metadata["referentiegegevens"]["referentieId"] == "ha304-000017.dat"


def test_the_remote_id_does_not_depend_on_the_bytes() -> None:
    assert traceer_id("a") == traceer_id("a") != traceer_id("b")
    assert traceer_id("a") == "b0bb7027-fc8c-567d-afd2-f657f2c0cdbf"


def test_what_the_message_says_of_itself_wins_over_the_agreement(vecozo: VecozoSandbox) -> None:
    facts = {
        "receiver_role": "Regie",
        "receiver_code": "7095",
        "berichttype": "Other",
        "berichtsubtype": "Sub",
        "berichtversie": "4",
        "berichtsubversie": "2",
        "actie": "Doe",
        "sender_role": "Servicebureau",
        "sender_code": "42",
        "conversation": "one talk",
    }
    message = Message(key="k", kind="x", name="", payload=b"x", meta=facts)
    said = metadata(message, channel(vecozo).settings.flow)
    routing = said["routeringgegevens"]
    assert isinstance(routing, dict)
    assert routing["afzender"] == {"rol": "Servicebureau", "code": "42"}
    assert routing["geadresseerden"] == [{"rol": "Regie", "code": "7095"}]
    assert routing["berichtstroom"] == {
        "berichttype": "Other",
        "berichtsubtype": "Sub",
        "berichtversie": 4,
        "berichtsubversie": 2,
        "actie": "Doe",
    }


@pytest.mark.parametrize("name", VecozoChannel.REQUIRED)
def test_a_missing_setting_is_named(vecozo: VecozoSandbox, name: str) -> None:
    settings = vecozo.settings()
    del settings[name]
    with pytest.raises(ConfigurationError, match=name):
        VecozoChannel.from_settings(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("endpoint", "http://x"),
        ("endpoint", "https://[bad"),
        ("endpoint", "https:///x"),
        ("berichtversie", "1000"),
        ("berichtsubversie", "one"),
        ("status_version", "v9"),
    ],
)
def test_a_wrong_setting_is_configuration(vecozo: VecozoSandbox, name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        VecozoChannel.from_settings(vecozo.settings() | {name: value})


def test_a_claim_without_a_receiver_is_not_sent(vecozo: VecozoSandbox) -> None:
    with pytest.raises(ConfigurationError, match="receiver_code"):
        channel(vecozo).deliver(Message(key="k", kind="x", name="n", payload=b"x"))
    assert not vecozo.server.log


@pytest.mark.parametrize("who", ["stranger", "expired"])
def test_a_certificate_vecozo_does_not_accept_ends_in_the_handshake(vecozo: VecozoSandbox, pki: Pki, who: str) -> None:
    settings = vecozo.settings(getattr(pki, who))
    with pytest.raises(ConfigurationError, match="certificate"):
        VecozoChannel.from_settings(settings).deliver(claim())
    vecozo.server.stop()
    assert [line.method for line in vecozo.server.log] == ["HANDSHAKE"]
    assert not vecozo.received()


def test_a_certificate_without_an_account_is_refused_after_the_handshake(vecozo: VecozoSandbox, pki: Pki) -> None:
    with pytest.raises(ConfigurationError, match="403"):
        VecozoChannel.from_settings(vecozo.settings(pki.unregistered)).deliver(claim())
    assert not vecozo.received()


def test_a_server_we_did_not_pin_gets_nothing(vecozo: VecozoSandbox, pki: Pki) -> None:
    with pytest.raises(ConfigurationError, match="certificate"):
        channel(vecozo, ca_file=str(pki.stranger_ca_file)).deliver(claim())
    assert not vecozo.received()


def test_a_wrong_address_is_configuration_never_an_absent_message(vecozo: VecozoSandbox) -> None:
    lost = channel(vecozo, endpoint=vecozo.endpoint + "/nowhere")
    for ask in (lambda: lost.deliver(claim()), lambda: lost.lookup("k"), lambda: list(lost.collect())):
        with pytest.raises(ConfigurationError, match="404"):
            ask()
    assert not lost.probe().ok


def test_the_answer_lost_after_processing_is_in_doubt_and_asking_finds_it(vecozo: VecozoSandbox) -> None:
    vecozo.misbehave(Fault(trouble=Trouble.CLOSE_AFTER_PROCESSING, method="POST"))
    sender = channel(vecozo)
    with pytest.raises(OutcomeUnknown):
        sender.deliver(claim())
    receipt = sender.lookup(claim().key)
    assert receipt is not None
    assert (receipt.state, receipt.remote_id) == (ExchangeState.DELIVERED, traceer_id(claim().key))


def test_the_connection_lost_before_processing_is_in_doubt_and_asking_finds_nothing(vecozo: VecozoSandbox) -> None:
    vecozo.misbehave(Fault(trouble=Trouble.CLOSE_AFTER_BODY, method="POST"))
    sender = channel(vecozo)
    with pytest.raises(OutcomeUnknown):
        sender.deliver(claim())
    assert sender.lookup(claim().key) is None
    assert sender.deliver(claim()).state is ExchangeState.SENT
    assert len(vecozo.received()) == 1


def test_a_second_push_of_the_same_key_does_no_harm_even_with_other_bytes(vecozo: VecozoSandbox) -> None:
    sender = channel(vecozo)
    first = sender.deliver(claim())
    again = sender.deliver(claim(payload=b"claims written anew"))
    assert again.remote_id == first.remote_id
    assert again.state is ExchangeState.DELIVERED
    assert [one.payload for one in vecozo.received()] == [b"claims"]
    assert [line.status for line in vecozo.server.log] == [204, 422, 200]


def test_pushes_at_the_same_moment_are_kept_once(vecozo: VecozoSandbox) -> None:
    sender = channel(vecozo)
    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda _: sender.deliver(claim()), range(8)))
    assert {one.remote_id for one in receipts} == {traceer_id(claim().key)}
    assert len(vecozo.received()) == 1
    assert len(list(sender.collect())) == 1


def test_a_duplicate_whose_status_cannot_be_asked_is_in_doubt(vecozo: VecozoSandbox) -> None:
    sender = channel(vecozo)
    sender.deliver(claim())
    vecozo.misbehave(Fault(trouble=Trouble.UNAVAILABLE, path="berichtstatussen"))
    with pytest.raises(OutcomeUnknown):
        sender.deliver(claim())


def test_a_refused_question_is_never_taken_for_a_refused_message(vecozo: VecozoSandbox, pki: Pki) -> None:
    routes = [
        Route("POST", "/berichten/rest-push/v1/berichten", lambda _request: json_response({}, 422)),
        Route("GET", "/berichtstatus/rest-pull/v3/berichtstatussen", lambda _request: json_response({}, 400)),
    ]
    tls = TlsFiles(certificate=pki.server.certificate, key=pki.server.key)
    with SandboxServer(routes, tls=tls) as server:
        sender = channel(vecozo, endpoint=server.url)
        with pytest.raises(ConfigurationError):
            sender.lookup("k")
        with pytest.raises(OutcomeUnknown):
            sender.deliver(claim())


@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_claim_file_keeps_vecozos_own_code_and_words(pki: Pki, status: int) -> None:
    def refuse(_payload: bytes, _facts: Mapping[str, str]) -> Refusal:
        return Refusal(status=status, code="BRS01", text="Afzender onbekend 999900018")

    with VecozoSandbox(pki, now=Ticking(), refuse=refuse) as vecozo, pytest.raises(RefusedError) as caught:
        channel(vecozo).deliver(claim())
    assert caught.value.code == "BRS01"
    assert "Afzender onbekend *****0018" in str(caught.value)
    assert b"999900018" in caught.value.raw


def test_vecozo_refuses_what_its_contract_forbids(vecozo: VecozoSandbox) -> None:
    with pytest.raises(RefusedError) as caught:
        channel(vecozo).deliver(claim(payload=b""))
    assert caught.value.code == "400"
    assert b"payload" in caught.value.raw


def test_a_file_refused_afterwards_is_found_refused_with_the_notices(pki: Pki) -> None:
    def refuse(_payload: bytes, _facts: Mapping[str, str]) -> Refusal:
        return Refusal(status=0, code="8001", text="Bestand bevat fouten")

    with VecozoSandbox(pki, now=Ticking(), refuse=refuse) as vecozo:
        sender = channel(vecozo)
        assert sender.deliver(claim()).state is ExchangeState.SENT
        receipt = sender.lookup(claim().key)
        assert receipt is not None
        assert receipt.state is ExchangeState.REFUSED
        assert receipt.text == "AfgekeurdDoorDienst; 8001 Bestand bevat fouten"
        with pytest.raises(RefusedError):
            sender.deliver(claim())


@pytest.mark.parametrize("status_version", ["v2", "v3"])
@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Ontvangen", ExchangeState.SENT),
        ("WordtVerwerkt", ExchangeState.SENT),
        ("WordtAangeboden", ExchangeState.SENT),
        ("AanbiedenMislukt", ExchangeState.SENT),
        ("VerwerkingVoltooid", ExchangeState.DELIVERED),
        ("Bezorgd", ExchangeState.DELIVERED),
        ("AfgekeurdDoorDienst", ExchangeState.REFUSED),
        ("DeelberichtAanleveringAfgekeurd", ExchangeState.REFUSED),
        ("EenNieuweStatus", ExchangeState.SENT),
    ],
)
def test_every_status_has_its_meaning(
    vecozo: VecozoSandbox, status_version: str, word: str, state: ExchangeState
) -> None:
    sender = channel(vecozo, status_version=status_version)
    traceer = sender.deliver(claim()).remote_id
    vecozo.set_state(traceer, word)
    receipt = sender.lookup(claim().key)
    assert receipt is not None
    assert receipt.state is state
    if word == "EenNieuweStatus":
        assert receipt.text == word
        assert word.encode() in receipt.raw


def test_a_broken_off_delivery_is_final(vecozo: VecozoSandbox) -> None:
    sender = channel(vecozo)
    vecozo.set_state(sender.deliver(claim()).remote_id, "BezorgingAfgebroken")
    receipt = sender.lookup(claim().key)
    assert receipt is not None
    assert receipt.state is ExchangeState.REFUSED


def test_the_status_of_an_answer_is_not_taken_for_the_status_of_the_claim(pki: Pki) -> None:
    with VecozoSandbox(pki, now=Ticking(), responder=echo, state_after_push="Ontvangen") as vecozo:
        sender = channel(vecozo)
        sender.deliver(claim())
        (answer,) = sender.collect()
        sender.confirm(answer.remote_id)
        receipt = sender.lookup(claim().key)
    assert receipt is not None
    assert receipt.text == "Ontvangen", "the answer itself is Bezorgd"


def test_too_many_requests_says_when_to_come_back(vecozo: VecozoSandbox) -> None:
    vecozo.misbehave(Fault(trouble=Trouble.TOO_MANY, seconds=3600, method="POST"))
    with pytest.raises(TransientError) as caught:
        channel(vecozo).deliver(claim())
    assert caught.value.retry_after == 3600
    assert not vecozo.received()


def test_answers_come_oldest_first_and_name_what_they_answer(vecozo: VecozoSandbox) -> None:
    sender = channel(vecozo)
    asked = sender.deliver(claim(payload=b"3 claims")).remote_id
    vecozo.misbehave(Fault(trouble=VecozoTrouble.NEWEST_FIRST))
    found = list(sender.collect())
    assert [one.payload for one in found] == [b"answer %d to claims" % n for n in range(3)]
    assert {one.answers for one in found} == {asked}
    assert found[0].meta["sender_code"] == "3332"
    assert found[0].meta["berichttype"] == "Test"
    assert found[0].meta["reference"] == "ha304-000017.dat"


def test_an_answer_stays_until_it_is_confirmed_and_confirming_twice_does_no_harm(vecozo: VecozoSandbox) -> None:
    sender = channel(vecozo)
    sender.deliver(claim(payload=b"2 claims"))
    first, second = sender.collect()
    assert [one.remote_id for one in sender.collect()] == [first.remote_id, second.remote_id]
    sender.confirm(first.remote_id)
    sender.confirm(first.remote_id)
    assert [one.remote_id for one in sender.collect()] == [second.remote_id]


def test_what_vecozo_lists_again_after_the_confirmation_has_the_same_id(vecozo: VecozoSandbox) -> None:
    vecozo.misbehave(Fault(trouble=VecozoTrouble.KEEP_CONFIRMED), Fault(trouble=VecozoTrouble.LISTED_TWICE))
    sender = channel(vecozo)
    sender.deliver(claim())
    twice = list(sender.collect())
    assert len(twice) == 2
    assert twice[0] == twice[1]
    sender.confirm(twice[0].remote_id)
    assert [one.remote_id for one in sender.collect()] == [twice[0].remote_id]


def test_the_same_answer_sent_twice_comes_under_two_ids(pki: Pki) -> None:
    with VecozoSandbox(
        pki, now=Ticking(), responder=lambda payload, _facts: [Outgoing(payload=payload, copies=2)]
    ) as vecozo:
        sender = channel(vecozo)
        sender.deliver(claim())
        one, other = sender.collect()
    assert one.payload == other.payload
    assert one.remote_id != other.remote_id


@pytest.mark.parametrize("trouble", [VecozoTrouble.WRONG_CHECKSUM, Trouble.DAMAGED_ANSWER])
def test_a_payload_that_is_not_what_was_announced_is_not_handed_out_and_its_neighbours_are(
    vecozo: VecozoSandbox, trouble: str
) -> None:
    sender = channel(vecozo)
    sender.deliver(claim(payload=b"3 claims"))
    vecozo.misbehave(Fault(trouble=trouble, path="payload$" if trouble == Trouble.DAMAGED_ANSWER else ""))
    damaged, *good = sender.collect()
    assert [one.payload for one in good] == [b"answer 1 to claims", b"answer 2 to claims"]
    assert (damaged.kind, damaged.payload, damaged.meta["reason"]) == ("damaged", b"", "checksum_mismatch")
    sender.confirm(damaged.remote_id)
    whole = list(sender.collect())
    assert [one.payload for one in whole] == [b"answer %d to claims" % n for n in range(3)], "it was kept for us"


def test_one_payload_that_cannot_be_fetched_now_does_not_hold_up_the_others(vecozo: VecozoSandbox) -> None:
    sender = channel(vecozo)
    sender.deliver(claim(payload=b"3 claims"))
    for trouble in (Trouble.CLOSE_AFTER_BODY, Trouble.UNAVAILABLE):
        vecozo.misbehave(Fault(trouble=trouble, path="payload$"))
        coming = sender.collect()
        assert [next(coming).payload, next(coming).payload] == [b"answer 1 to claims", b"answer 2 to claims"]
        with pytest.raises(TransientError):
            next(coming)


def test_a_network_that_is_down_is_not_tried_for_every_payload(vecozo: VecozoSandbox) -> None:
    sender = channel(vecozo)
    sender.deliver(claim(payload=b"9 claims"))
    vecozo.misbehave(Fault(trouble=Trouble.CLOSE_AFTER_BODY, path="payload$", times=9))
    with pytest.raises(TransientError):
        list(sender.collect())
    assert sum(line.path.endswith("payload") for line in vecozo.server.log) == 3


def test_a_block_for_too_many_requests_stops_collecting_at_once(vecozo: VecozoSandbox) -> None:
    sender = channel(vecozo)
    sender.deliver(claim(payload=b"3 claims"))
    vecozo.misbehave(Fault(trouble=Trouble.TOO_MANY, path="payload$", seconds=60))
    with pytest.raises(TransientError):
        list(sender.collect())
    assert sum(line.path.endswith("payload") for line in vecozo.server.log) == 1


def test_late_answers_come_when_released_in_the_order_released(pki: Pki) -> None:
    with VecozoSandbox(
        pki, now=Ticking(), responder=lambda payload, _facts: [Outgoing(payload=payload, late=True)]
    ) as vecozo:
        sender = channel(vecozo)
        first = sender.deliver(claim("one", b"one")).remote_id
        second = sender.deliver(claim("two", b"two")).remote_id
        assert list(sender.collect()) == []
        assert vecozo.release([second]) == 1
        assert vecozo.release() == 1
        assert [one.answers for one in sender.collect()] == [second, first]


def test_a_restarted_vecozo_remembers_everything(pki: Pki, tmp_path: Path) -> None:
    def late(payload: bytes, _facts: Mapping[str, str]) -> Sequence[Outgoing]:
        return [Outgoing(payload=payload), Outgoing(payload=payload, late=True)]

    with VecozoSandbox(pki, now=Ticking(), folder=tmp_path, responder=late) as vecozo:
        sender = channel(vecozo)
        sender.deliver(claim())
        (answer,) = sender.collect()
        sender.confirm(answer.remote_id)
    with VecozoSandbox(pki, now=Ticking(), folder=tmp_path, responder=late) as vecozo:
        sender = channel(vecozo)
        assert sender.lookup(claim().key) is not None
        assert list(sender.collect()) == []
        sender.deliver(claim())
        assert len(vecozo.received()) == 1
        assert vecozo.release() == 1
        assert [one.payload for one in sender.collect()] == [b"claims"]


def test_one_account_does_not_see_the_messages_of_another(pki: Pki) -> None:
    accounts = ("kvitt-sandbox", "nobody-we-know")
    with VecozoSandbox(pki, now=Ticking(), accounts=accounts, responder=echo) as vecozo:
        channel(vecozo).deliver(claim())
        other = VecozoChannel.from_settings(vecozo.settings(pki.unregistered))
        assert other.lookup(claim().key) is None
        assert list(other.collect()) == []
        (mine,) = channel(vecozo).collect()
        other.confirm(mine.remote_id)
        assert len(list(channel(vecozo).collect())) == 1


def test_a_probe_says_reachable_and_when_the_certificate_ends(vecozo: VecozoSandbox, pki: Pki) -> None:
    probe = channel(vecozo).probe()
    assert probe.ok
    assert probe.expires is not None
    assert timedelta(days=29) < probe.expires - datetime.now(UTC) < timedelta(days=31)
    expired = VecozoChannel.from_settings(vecozo.settings(pki.expired)).probe()
    assert not expired.ok
    assert expired.expires is not None
    assert expired.expires < datetime.now(UTC)


def test_the_keys_of_the_sandbox_are_readable_by_their_owner_only_and_used_again(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    assert existing_pki(tmp_path / "pki", now=now) is None
    made = make_pki(tmp_path / "pki", now=now)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "pki").iterdir()} == {0o600}
    assert existing_pki(tmp_path / "pki", now=now) == made
    assert existing_pki(tmp_path / "pki", now=now + timedelta(days=40)) is None


def test_one_agreement_carries_several_standards_with_flows_of_their_own(vecozo: VecozoSandbox) -> None:
    """HA304 and GDS801 go to one insurer under one agreement; VECOZO knows them as different flows."""
    settings = vecozo.settings() | {"berichttype.GDS801": "GdsTest", "berichtversie.GDS801": "3"}
    both = VecozoChannel.from_settings(settings)
    for number, standard in enumerate(("HA304", "GDS801")):
        both.deliver(
            Message(key=f"k{number}", kind="x", name="", payload=b"x", meta={"standard": standard, "receiver": "7095"})
        )
    streams = [item.metadata["routeringgegevens"]["berichtstroom"] for item in vecozo.received()]
    assert [(each["berichttype"], each["berichtversie"]) for each in streams] == [("Test", 1), ("GdsTest", 3)]

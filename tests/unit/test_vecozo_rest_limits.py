"""VSP-Koppeling REST where it is busy, slow to agree or strict: quota, status versions, checksums, confirmations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from connectors.channels.http import Answer, retry_after
from connectors.channels.vecozo import VecozoChannel
from connectors.channels.vecozo_messages import Waiting, read_waiting
from hub.errors import TransientError
from hub.model.exchange import Collected, ExchangeState, Message
from hub.sandbox.pki import Pki, make_pki
from hub.sandbox.server import Fault, Trouble
from hub.sandbox.vecozo import Outgoing, VecozoSandbox

NOW = datetime(2024, 1, 15, 9, 0, tzinfo=UTC)
CLAIM = Message(key="k", kind="vektis-HA304-4.2", name="a.asc", payload=b"claims", meta={"receiver": "3332"})


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=datetime.now(UTC))


@pytest.fixture
def vecozo(pki: Pki) -> Iterator[VecozoSandbox]:
    def answer(payload: bytes, _facts: Mapping[str, str]) -> list[Outgoing]:
        return [Outgoing(payload=b"answer to " + payload)]

    with VecozoSandbox(pki, now=lambda: NOW, responder=answer) as running:
        yield running
    assert not running.server.crashes


def channel(vecozo: VecozoSandbox, **changes: str) -> VecozoChannel:
    return VecozoChannel.from_settings(vecozo.settings() | {"read_timeout": "2"} | changes)


ASKING: list[Callable[[VecozoChannel], object]] = [
    lambda one: one.deliver(CLAIM),
    lambda one: one.lookup("k"),
    lambda one: list(one.collect()),
    lambda one: one.confirm("00000000-0000-0000-0000-000000000001"),
]


@pytest.mark.parametrize("ask", ASKING, ids=["deliver", "lookup", "collect", "confirm"])
def test_a_quota_used_up_says_when_to_come_back_whatever_was_asked(
    vecozo: VecozoSandbox, ask: Callable[[VecozoChannel], object]
) -> None:
    vecozo.misbehave(Fault(trouble=Trouble.TOO_MANY, seconds=900))
    with pytest.raises(TransientError) as caught:
        ask(channel(vecozo))
    assert caught.value.retry_after == 900
    assert len(vecozo.server.log) == 1, "a second call would make the block longer"
    assert not vecozo.received()


def test_a_time_to_come_back_may_be_a_date_by_the_partners_own_clock() -> None:
    headers = {"date": format_datetime(NOW, usegmt=True)}
    for wait in (0, 90):
        said = {"retry-after": format_datetime(NOW + timedelta(seconds=wait), usegmt=True)}
        assert retry_after(Answer(status=429, headers=headers | said, body=b"")) == wait


def test_a_quota_used_up_is_no_certificate_trouble_in_a_probe_and_shows_the_expiry(vecozo: VecozoSandbox) -> None:
    vecozo.misbehave(Fault(trouble=Trouble.TOO_MANY))
    probe = channel(vecozo).probe()
    assert not probe.ok
    assert "429" in probe.text
    assert probe.expires is not None


@pytest.mark.parametrize(
    ("word", "said_in_v2", "state"),
    [
        ("WordtAangeboden", "Aangeboden", ExchangeState.SENT),
        ("AanbiedenMislukt", "Aangeboden", ExchangeState.SENT),
        ("Bezorgd", "Bezorgd", ExchangeState.DELIVERED),
    ],
)
def test_both_status_versions_are_understood_and_each_word_is_shown_as_it_came(
    vecozo: VecozoSandbox, word: str, said_in_v2: str, state: ExchangeState
) -> None:
    vecozo.set_state(channel(vecozo).deliver(CLAIM).remote_id, word)
    for version, said in (("v3", word), ("v2", said_in_v2)):
        receipt = channel(vecozo, status_version=version).lookup("k")
        assert receipt is not None
        assert (receipt.state, receipt.text) == (state, said)


def test_only_version_3_can_tell_that_a_delivery_was_broken_off(vecozo: VecozoSandbox) -> None:
    vecozo.set_state(channel(vecozo).deliver(CLAIM).remote_id, "BezorgingAfgebroken", ("BRS12", "ontvanger weg"))
    newer, older = (channel(vecozo, status_version=version).lookup("k") for version in ("v3", "v2"))
    assert newer is not None
    assert older is not None
    assert (newer.state, newer.text) == (ExchangeState.REFUSED, "BezorgingAfgebroken; BRS12 ontvanger weg")
    assert older.state is ExchangeState.SENT


def test_a_confirmation_whose_answer_was_lost_is_repeated_without_harm(vecozo: VecozoSandbox) -> None:
    one = channel(vecozo)
    one.deliver(CLAIM)
    (answer,) = one.collect()
    vecozo.misbehave(Fault(trouble=Trouble.CLOSE_AFTER_PROCESSING, method="DELETE"))
    with pytest.raises(TransientError):
        one.confirm(answer.remote_id)
    one.confirm(answer.remote_id)
    assert list(one.collect()) == []
    assert [line.status for line in vecozo.server.log if line.method == "DELETE"] == [0, 404]


def waiting(algorithm: str, checksum: str) -> Waiting:
    """One entry of the list of messages ready for us."""
    entry = {
        "basisgegevens": {
            "ontvangenOp": NOW.isoformat(),
            "payload": {"url": "x", "grootte": 6, "checksum": {"algoritme": algorithm, "waarde": checksum}},
        },
        "referentiegegevens": {"traceerId": "0b0f9c1e-6a57-5a0c-8f3d-3a7f6f2f4b11", "conversatieId": "x"},
        "routeringgegevens": {"afzender": {"rol": "r", "code": "c"}, "berichtstroom": {"berichttype": "Test"}},
    }
    (found,) = read_waiting(json.dumps([entry]).encode())
    assert isinstance(found, Waiting)
    return found


@pytest.mark.parametrize("name", ["SHA256", "SHA384", "SHA512", "sha-256"])
def test_a_payload_is_compared_with_its_checksum_however_that_is_written(name: str) -> None:
    right = hashlib.new(name.lower().replace("-", ""), b"claims").hexdigest()
    assert waiting(name, right.upper()).collected(b"claims").payload == b"claims"
    assert reason(waiting(name, right).collected(b"claimt")) == "checksum_mismatch"


def test_a_checksum_we_cannot_compute_is_no_checksum() -> None:
    assert reason(waiting("MD5", hashlib.md5(b"claims", usedforsecurity=False).hexdigest()).collected(b"claims")) == (
        "checksum_unknown"
    )


def reason(found: Collected) -> str:
    assert found.payload == b""
    return found.meta["reason"]

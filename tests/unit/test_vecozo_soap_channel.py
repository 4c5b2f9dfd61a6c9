"""The older VECOZO channel against an EDP SOAP service that answers on this machine over real mutual TLS."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.channels.vecozo_soap import VecozoSoapChannel
from connectors.channels.vecozo_soap_messages import INDIENEN, SOAP_12, STATES, envelope, listing, read_fault
from hub.errors import ConfigurationError, ContentError, OutcomeUnknown, RefusedError, TransientError
from hub.model.exchange import ExchangeState, Message
from hub.ports import Channel
from hub.sandbox.pki import Pki, make_pki
from hub.sandbox.server import Fault, Response, Route, SandboxServer, TlsFiles, Trouble
from hub.sandbox.vecozo_soap import EdpTrouble, Outgoing, Refusal, VecozoSoapSandbox

NOW = datetime(2024, 1, 15, 9, 0, tzinfo=UTC)
KEY = "tenant:menzis:KV0000000007:1"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=datetime.now(UTC))


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "book").mkdir()
    return tmp_path / "book"


@pytest.fixture
def vecozo(pki: Pki) -> Iterator[VecozoSoapSandbox]:
    with VecozoSoapSandbox(pki, now=lambda: NOW, responder=echo) as running:
        yield running
    assert not running.server.crashes


def echo(payload: bytes, _facts: Mapping[str, str]) -> list[Outgoing]:
    return [Outgoing(payload=b"answer to " + payload)]


def silent(_payload: bytes, _facts: Mapping[str, str]) -> list[Outgoing]:
    return []


def channel(vecozo: VecozoSoapSandbox, book: Path, /, **changes: str) -> VecozoSoapChannel:
    return VecozoSoapChannel.from_settings(vecozo.settings(book) | {"read_timeout": "2"} | changes)


def claim(key: str = KEY, payload: bytes = b"claims\r\n") -> Message:
    return Message(key=key, kind="vektis-HA304-4.2", name="HA304_3332_2024Q1_KV0000000007.asc", payload=payload)


def paths(vecozo: VecozoSoapSandbox) -> list[str]:
    return [line.path.rpartition("/")[2] for line in vecozo.server.log]


@pytest.mark.parametrize("soap", ["1.2", "1.1"])
def test_a_claim_file_arrives_untouched_with_our_reference(vecozo: VecozoSoapSandbox, book: Path, soap: str) -> None:
    payload = bytes(range(256)) * 4000
    receipt = channel(vecozo, book, soap=soap).deliver(claim(payload=payload))
    assert receipt.state is ExchangeState.SENT
    (kept,) = vecozo.received()
    assert (kept.payload, str(kept.number)) == (payload, receipt.remote_id)
    assert kept.reference.startswith("tenant-menzis-KV0000000007-1-")
    assert len(kept.reference) <= 100
    assert kept.file_name == kept.reference + ".asc"
    assert kept.email == "claims@practice.example"
    assert paths(vecozo) == ["IndienenDeclaratieV1" + ("Soap11" if soap == "1.1" else "")]


def test_neither_reference_nor_file_name_shows_a_person(vecozo: VecozoSoapSandbox, book: Path) -> None:
    channel(vecozo, book).deliver(claim("tenant:999990019:1"))
    (kept,) = vecozo.received()
    assert "999990019" not in kept.reference + kept.file_name


def test_it_is_honest_about_what_cannot_be_asked(vecozo: VecozoSoapSandbox, book: Path) -> None:
    one = channel(vecozo, book)
    assert isinstance(one, Channel)
    assert one.can_lookup is False
    with pytest.raises(OutcomeUnknown, match="no id"):
        one.lookup(KEY)
    assert not vecozo.server.log


def test_an_answer_cut_off_after_acceptance_is_in_doubt_and_its_response_ends_it(
    vecozo: VecozoSoapSandbox, book: Path
) -> None:
    vecozo.misbehave(Fault(trouble=Trouble.CLOSE_AFTER_PROCESSING))
    sender = channel(vecozo, book)
    with pytest.raises(OutcomeUnknown):
        sender.deliver(claim())
    (kept,) = vecozo.received()
    with pytest.raises(OutcomeUnknown):
        sender.lookup(KEY)
    (answer,) = sender.collect()
    assert (answer.payload, answer.answers) == (b"answer to claims\r\n", str(kept.number))


@pytest.mark.parametrize(
    ("trouble", "kept"),
    [
        (Trouble.CLOSE_AFTER_BODY, 0),
        (Trouble.CUT_ANSWER, 1),
        (Trouble.DAMAGED_ANSWER, 1),
        (Trouble.UNAVAILABLE, 0),
        (EdpTrouble.FAULT_AFTER_PROCESSING, 1),
        (EdpTrouble.OWN_FAULT, 0),
        (EdpTrouble.GARBAGE, 0),
        (EdpTrouble.UNKNOWN_CODE, 0),
        (EdpTrouble.NO_ID, 1),
    ],
)
def test_whatever_is_no_clear_yes_or_no_is_in_doubt(
    vecozo: VecozoSoapSandbox, book: Path, trouble: str, kept: int
) -> None:
    vecozo.misbehave(Fault(trouble=trouble))
    with pytest.raises(OutcomeUnknown) as caught:
        channel(vecozo, book).deliver(claim())
    assert len(vecozo.received()) == kept
    if trouble is EdpTrouble.UNKNOWN_CODE:
        assert "VSPEDP777" in str(caught.value)


def test_an_answer_that_comes_too_late_is_in_doubt(vecozo: VecozoSoapSandbox, book: Path) -> None:
    vecozo.misbehave(Fault(trouble=Trouble.DELAY, seconds=2))
    with pytest.raises(OutcomeUnknown):
        channel(vecozo, book, read_timeout="0.3").deliver(claim())


@pytest.mark.parametrize(("trouble", "after"), [(Trouble.TOO_MANY, 3600), (EdpTrouble.BUSY_FAULT, None)])
def test_a_service_that_has_no_time_took_nothing_over(
    vecozo: VecozoSoapSandbox, book: Path, trouble: str, after: int | None
) -> None:
    vecozo.misbehave(Fault(trouble=trouble, seconds=3600))
    with pytest.raises(TransientError) as caught:
        channel(vecozo, book).deliver(claim())
    assert caught.value.retry_after == after
    assert not vecozo.received()


@pytest.mark.parametrize("soap", ["1.2", "1.1"])
def test_a_request_that_is_not_understood_will_not_be_understood_again(
    vecozo: VecozoSoapSandbox, book: Path, soap: str
) -> None:
    vecozo.misbehave(Fault(trouble=EdpTrouble.SENDER_FAULT, times=2))
    with pytest.raises(RefusedError):
        channel(vecozo, book, soap=soap).deliver(claim())
    with pytest.raises(ConfigurationError):
        list(channel(vecozo, book, soap=soap).collect())


def test_a_refusal_keeps_vecozos_code_and_guesses_nothing(pki: Pki, book: Path) -> None:
    def refuse(_payload: bytes, _facts: Mapping[str, str]) -> Refusal:
        return Refusal(status=422, code="VSPEDP303", text="")

    with VecozoSoapSandbox(pki, now=lambda: NOW, refuse=refuse) as vecozo:
        with pytest.raises(RefusedError) as caught:
            channel(vecozo, book).deliver(claim())
        assert not vecozo.received()
    assert caught.value.code == "VSPEDP303"
    assert "not published" in str(caught.value)
    assert b"VSPEDP303" in caught.value.raw


def test_a_key_that_has_an_id_is_never_submitted_again_by_whatever_process(
    vecozo: VecozoSoapSandbox, book: Path
) -> None:
    first = channel(vecozo, book).deliver(claim())
    again = channel(vecozo, book).deliver(claim(payload=b"written anew"))
    assert again.remote_id == first.remote_id
    assert [kept.payload for kept in vecozo.received()] == [b"claims\r\n"]


def test_an_id_that_cannot_be_noted_does_not_make_a_submission_look_unsent(
    vecozo: VecozoSoapSandbox, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise TransientError("no space left")

    monkeypatch.setattr("connectors.channels.vecozo_soap_book.place", full)
    receipt = channel(vecozo, book).deliver(claim())
    assert receipt.remote_id == str(vecozo.received()[0].number)
    assert "could not be noted" in receipt.text


def test_a_file_too_big_never_leaves(vecozo: VecozoSoapSandbox, book: Path) -> None:
    with pytest.raises(ContentError, match="1048577 bytes"):
        channel(vecozo, book, max_file_mb="1").deliver(claim(payload=b"x" * (1024 * 1024 + 1)))
    assert not vecozo.server.log


@pytest.mark.parametrize(("word", "state"), [*STATES.items(), ("EenNieuweStatus", ExchangeState.SENT)])
def test_every_status_has_its_meaning(vecozo: VecozoSoapSandbox, book: Path, word: str, state: ExchangeState) -> None:
    sender = channel(vecozo, book)
    number = int(sender.deliver(claim()).remote_id)
    vecozo.set_status(number, word, ("8001", "Verzekerde 999990019 onbekend"))
    receipt = sender.lookup(KEY)
    assert receipt is not None
    assert (receipt.state, receipt.remote_id) == (state, str(number))
    assert receipt.text == f"{word}; 8001 Verzekerde *****0019 onbekend"


def test_a_file_refused_after_acceptance_is_found_refused(pki: Pki, book: Path) -> None:
    def refuse(_payload: bytes, _facts: Mapping[str, str]) -> Refusal:
        return Refusal(status=0, code="0123", text="Bestand bevat fouten")

    with VecozoSoapSandbox(pki, now=lambda: NOW, refuse=refuse) as vecozo:
        sender = channel(vecozo, book)
        assert sender.deliver(claim()).state is ExchangeState.SENT
        receipt = sender.lookup(KEY)
    assert receipt is not None
    assert receipt.state is ExchangeState.REFUSED


def test_answers_come_oldest_first_and_name_what_they_answer(vecozo: VecozoSoapSandbox, book: Path) -> None:
    sender = channel(vecozo, book)
    ids = [sender.deliver(claim(f"k{n}", b"%d" % n)).remote_id for n in range(3)]
    found = list(sender.collect())
    assert [one.payload for one in found] == [b"answer to %d" % n for n in range(3)]
    assert [one.answers for one in found] == ids
    assert found[0].meta["standard"] == "HA305 4 2"
    assert found[0].name == "retour-70001.ret"


def test_what_was_fetched_but_not_committed_comes_again_although_vecozo_offers_it_no_more(
    vecozo: VecozoSoapSandbox, book: Path
) -> None:
    """The process died between the download and our commit: a new one fetches it from its note."""
    channel(vecozo, book).deliver(claim())
    (lost,) = channel(vecozo, book).collect()
    (again,) = channel(vecozo, book).collect()
    assert again.payload == lost.payload
    channel(vecozo, book).confirm(again.remote_id)
    channel(vecozo, book).confirm(again.remote_id)
    assert list(channel(vecozo, book).collect()) == []


def test_a_service_that_gives_a_file_once_leaves_a_note_instead_of_a_hole(pki: Pki, book: Path) -> None:
    with VecozoSoapSandbox(pki, now=lambda: NOW, once=True) as vecozo:
        vecozo.offer(b"one")
        vecozo.offer(b"two")
        coming = channel(vecozo, book).collect()
        next(coming)
        assert isinstance(coming, Generator)
        coming.close()
        lost, good = channel(vecozo, book).collect()
    assert (lost.kind, lost.payload, lost.meta["reason"]) == ("damaged", b"", "VSPEDP323")
    assert good.payload == b"two"


def test_the_cursor_moves_only_past_what_we_have(vecozo: VecozoSoapSandbox, book: Path) -> None:
    for payload in (b"one", b"two", b"three"):
        vecozo.offer(payload)
    reader = channel(vecozo, book)
    one, two, three = reader.collect()
    assert reader.settings.book.cursor() is None
    reader.confirm(three.remote_id)
    assert reader.settings.book.cursor() is None
    reader.confirm(one.remote_id)
    assert reader.settings.book.cursor() == 70001
    reader.confirm(two.remote_id)
    assert reader.settings.book.cursor() == 70003


def test_a_response_approved_late_under_a_lower_number_is_not_passed_over(
    vecozo: VecozoSoapSandbox, book: Path
) -> None:
    vecozo.offer(b"late", late=True)
    vecozo.offer(b"early")
    reader = channel(vecozo, book)
    (early,) = reader.collect()
    reader.confirm(early.remote_id)
    assert list(reader.collect()) == []
    assert vecozo.release() == 1
    assert [one.payload for one in reader.collect()] == [b"late"]


def test_what_vecozo_offers_again_after_we_have_it_is_not_fetched_again(vecozo: VecozoSoapSandbox, book: Path) -> None:
    vecozo.misbehave(Fault(trouble=EdpTrouble.FORGETS_IT_WAS_FETCHED))
    vecozo.offer(b"one")
    reader = channel(vecozo, book)
    (one,) = reader.collect()
    reader.confirm(one.remote_id)
    before = len(vecozo.server.log)
    assert list(reader.collect()) == []
    assert len(vecozo.server.log) - before == 2, "both lists, no download"


def test_the_same_answer_sent_twice_comes_under_two_ids(pki: Pki, book: Path) -> None:
    def twice(payload: bytes, _facts: Mapping[str, str]) -> list[Outgoing]:
        return [Outgoing(payload=payload, copies=2)]

    with VecozoSoapSandbox(pki, now=lambda: NOW, responder=twice) as vecozo:
        sender = channel(vecozo, book)
        sender.deliver(claim())
        one, other = sender.collect()
    assert one.payload == other.payload
    assert one.remote_id != other.remote_id


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (EdpTrouble.WRONG_SIZE, "size_mismatch"),
        (EdpTrouble.ANOTHER_FILE, "another_file"),
        (EdpTrouble.NOT_BASE64, "answer_unreadable"),
    ],
)
def test_a_file_that_is_not_what_was_announced_is_not_handed_out_and_its_neighbour_is(
    vecozo: VecozoSoapSandbox, book: Path, trouble: str, reason: str
) -> None:
    vecozo.offer(b"one")
    vecozo.offer(b"two")
    vecozo.misbehave(Fault(trouble=trouble))
    reader = channel(vecozo, book)
    damaged, good = reader.collect()
    assert (damaged.kind, damaged.meta["reason"], good.payload) == ("damaged", reason, b"two")
    reader.confirm(damaged.remote_id)
    assert [one.payload for one in reader.collect()] == [b"one", b"two"], "it stays waiting"


def test_a_download_that_fails_for_now_does_not_hold_up_the_others(vecozo: VecozoSoapSandbox, book: Path) -> None:
    reader = channel(vecozo, book)
    for payload in (b"one", b"two", b"three"):
        vecozo.offer(payload)
    coming = reader.collect()
    assert next(coming).payload == b"one"
    vecozo.misbehave(Fault(trouble=EdpTrouble.OWN_FAULT))
    assert next(coming).payload == b"three"
    with pytest.raises(TransientError, match="VSPEDP999"):
        next(coming)


def test_a_service_that_is_down_or_has_enough_of_us_is_left_alone(vecozo: VecozoSoapSandbox, book: Path) -> None:
    reader = channel(vecozo, book)
    for number in range(9):
        vecozo.offer(b"%d" % number)
    coming = reader.collect()
    next(coming)
    before = len(vecozo.server.log)
    vecozo.misbehave(Fault(trouble=EdpTrouble.OWN_FAULT, times=9))
    with pytest.raises(TransientError):
        next(coming)
    assert len(vecozo.server.log) - before == 3
    vecozo.server.calm()
    coming = reader.collect()
    next(coming)
    before = len(vecozo.server.log)
    vecozo.misbehave(Fault(trouble=Trouble.TOO_MANY, seconds=60))
    with pytest.raises(TransientError) as caught:
        next(coming)
    assert caught.value.retry_after == 60
    assert len(vecozo.server.log) - before == 1


def test_a_list_that_is_refused_is_for_a_person_and_an_empty_one_is_not(vecozo: VecozoSoapSandbox, book: Path) -> None:
    reader = channel(vecozo, book)
    assert list(reader.collect()) == []
    vecozo.misbehave(Fault(trouble=EdpTrouble.LISTS_NOTHING))
    with pytest.raises(ConfigurationError, match="VSPEDP341"):
        list(reader.collect())


def test_a_refused_question_is_never_taken_for_a_refused_file(vecozo: VecozoSoapSandbox, pki: Pki, book: Path) -> None:
    channel(vecozo, book).deliver(claim())
    route = Route("POST", "/DownloadenRetourinformatieV1", lambda _request: Response(status=400, body=b"no"))
    tls = TlsFiles(certificate=pki.server.certificate, key=pki.server.key)
    with SandboxServer([route], tls=tls) as server, pytest.raises(ConfigurationError):
        channel(vecozo, book, endpoint=server.url).lookup(KEY)


def test_a_book_that_cannot_be_written_is_said_before_anything_is_fetched(
    vecozo: VecozoSoapSandbox, book: Path
) -> None:
    vecozo.offer(b"one")
    (book / "waiting").write_text("a file in the way")
    with pytest.raises(ConfigurationError, match="book cannot be written"):
        list(channel(vecozo, book).collect())
    assert len(vecozo.server.log) == 1


def test_strangers_in_the_book_are_left_alone(vecozo: VecozoSoapSandbox, book: Path) -> None:
    vecozo.offer(b"one")
    reader = channel(vecozo, book)
    (one,) = reader.collect()
    (book / "waiting" / "notes.txt").write_text("x")
    for name in ("../../taken", "retour-", "retour-x", "", "damaged:retour-70001:size_mismatch"):
        reader.confirm(name)
    assert [found.remote_id for found in reader.collect()] == [one.remote_id]


def test_pdfs_come_when_asked_for_and_move_no_cursor(vecozo: VecozoSoapSandbox, book: Path) -> None:
    vecozo.offer(b"%PDF-", pdf=True)
    assert list(channel(vecozo, book).collect()) == []
    reader = channel(vecozo, book, pdf="yes")
    (pdf,) = reader.collect()
    assert (pdf.payload, pdf.remote_id) == (b"%PDF-", "pdf-70001")
    reader.confirm(pdf.remote_id)
    assert list(reader.collect()) == []
    assert reader.settings.book.cursor() is None


@pytest.mark.parametrize("who", ["stranger", "expired", "unregistered"])
def test_a_certificate_that_is_not_accepted_is_configuration(
    vecozo: VecozoSoapSandbox, pki: Pki, book: Path, who: str
) -> None:
    one = VecozoSoapChannel.from_settings(vecozo.settings(book, getattr(pki, who)))
    with pytest.raises(ConfigurationError):
        one.deliver(claim())
    assert not one.probe().ok
    assert not vecozo.received()


def test_a_server_we_did_not_pin_gets_nothing(vecozo: VecozoSoapSandbox, pki: Pki, book: Path) -> None:
    for ca_file in (str(pki.stranger_ca_file), ""):
        with pytest.raises(ConfigurationError, match="certificate"):
            channel(vecozo, book, ca_file=ca_file).deliver(claim())
    assert not vecozo.received()


def test_a_wrong_address_is_configuration(vecozo: VecozoSoapSandbox, book: Path) -> None:
    with pytest.raises(ConfigurationError, match="404"):
        channel(vecozo, book, endpoint=vecozo.endpoint + "/nowhere").deliver(claim())


def test_a_probe_says_reachable_and_when_the_certificate_ends(vecozo: VecozoSoapSandbox, book: Path) -> None:
    vecozo.offer(b"one")
    probe = channel(vecozo, book).probe()
    assert probe.ok
    assert probe.expires is not None
    assert timedelta(days=29) < probe.expires - datetime.now(UTC) < timedelta(days=31)
    assert paths(vecozo) == ["DownloadenRetourinformatieV1"]
    assert not list(book.iterdir()), "nothing was listed or fetched"


@pytest.mark.parametrize("name", VecozoSoapChannel.REQUIRED)
def test_a_missing_setting_is_named(vecozo: VecozoSoapSandbox, book: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        channel(vecozo, book, **{name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [("endpoint", "http://x"), ("soap", "2.0"), ("standards", "HA305"), ("book", "/nowhere/at/all"), ("pdf", "maybe")],
)
def test_a_wrong_setting_is_configuration(vecozo: VecozoSoapSandbox, book: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        channel(vecozo, book, **{name: value})


def test_several_nodes_note_on_one_shared_folder(vecozo: VecozoSoapSandbox, book: Path) -> None:
    for number in range(8):
        vecozo.offer(b"%d" % number)

    def node(_: int) -> list[bytes]:
        reader = channel(vecozo, book)
        found = list(reader.collect())
        for one in found:
            reader.confirm(one.remote_id)
        return [one.payload for one in found]

    with ThreadPoolExecutor(3) as pool:
        fetched = [payload for part in pool.map(node, range(3)) for payload in part]
    assert set(fetched) == {b"%d" % number for number in range(8)}
    assert list(channel(vecozo, book).collect()) == []


def test_wanted_standards_are_asked_for(vecozo: VecozoSoapSandbox, book: Path) -> None:
    wanted = channel(vecozo, book, standards="HA305-4.2, PM305-2").settings.standards
    assert wanted == (("HA305", "4", "2"), ("PM305", "2", ""))
    text = envelope(listing(standards=wanted, after=7), INDIENEN, soap=SOAP_12).decode()
    assert "<t:StandaardCode>HA305</t:StandaardCode>" in text
    assert "<m:LaatstOntvangenRetourbestandId>7</m:LaatstOntvangenRetourbestandId>" in text


BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><Envelope><Body>&b;</Body></Envelope>'


@pytest.mark.parametrize("body", [b"", BOMB, b"<Envelope/>", b"<a>" * 100 + b"</a>" * 100])
def test_hostile_or_empty_answers_are_never_a_yes(pki: Pki, book: Path, body: bytes) -> None:
    paths = ("/IndienenDeclaratieV1", "/DownloadenRetourinformatieV1")
    routes = [Route("POST", path, lambda _request: Response(body=body)) for path in paths]
    tls = TlsFiles(certificate=pki.server.certificate, key=pki.server.key)
    with VecozoSoapSandbox(pki, now=lambda: NOW) as vecozo, SandboxServer(routes, tls=tls) as server:
        one = channel(vecozo, book, endpoint=server.url)
        with pytest.raises(OutcomeUnknown):
            one.deliver(claim())
        with pytest.raises(TransientError):
            list(one.collect())
        assert not one.probe().ok
    assert read_fault(BOMB) is None


def test_an_answer_beyond_the_cap_is_no_yes_and_no_payload(pki: Pki, book: Path) -> None:
    with VecozoSoapSandbox(pki, now=lambda: NOW) as vecozo:
        vecozo.offer(b"x" * (3 * 1024 * 1024))
        (too_big,) = channel(vecozo, book, max_file_mb="1").collect()
        assert (too_big.kind, too_big.meta["reason"]) == ("damaged", "too_big")
        (whole,) = channel(vecozo, book).collect()
        assert len(whole.payload) == 3 * 1024 * 1024

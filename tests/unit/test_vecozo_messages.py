"""What VECOZO says, read without a network: odd lists, odd statuses, odd refusals, odd parts."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.channels.vecozo_messages import (
    DAMAGED,
    Waiting,
    problem,
    read_statuses,
    read_waiting,
    receipt,
    traceer_id,
    without_numbers,
)
from hub.errors import FormatError
from hub.model.exchange import Collected, ExchangeState

US = traceer_id("us")


def entry(**changes: Any) -> dict[str, Any]:
    payload = {"url": "https://elsewhere.invalid/", "grootte": 3, "checksum": {"algoritme": "SHA256", "waarde": "x"}}
    return {
        "basisgegevens": {"ontvangenOp": "2024-01-15T10:00:00+01:00", "payload": payload},
        "routeringgegevens": {
            "afzender": {"rol": "Zorgverzekeraar", "code": "3332"},
            "geadresseerden": [{"rol": "Zorgaanbieder"}],
            "berichtstroom": {"berichttype": "Test", "berichtversie": 1, "berichtsubversie": 0, "actie": "Retour"},
        },
        "referentiegegevens": {"conversatieId": traceer_id("c"), "traceerId": US},
        **changes,
    }


def status(traceer: str, word: str, at: str = "2024-01-15T10:00:00+01:00", **more: Any) -> dict[str, Any]:
    facts = {"berichtstatus": word, "berichtstatusGewijzigdOp": at, **more}
    return {"referentiegegevens": {"traceerId": traceer, "conversatieId": traceer_id("c")}, **facts}


@pytest.mark.parametrize("data", [b"", b"<html>", b"{}", b"[" * 100_000, b"\xff"])
def test_an_answer_that_is_no_list_is_a_format_error(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_waiting(data)
    with pytest.raises(FormatError):
        read_statuses(data)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        7,
        [],
        {},
        entry(referentiegegevens={"traceerId": "../../secret"}),
        entry(basisgegevens={}),
        entry(routeringgegevens=None),
    ],
)
def test_one_entry_that_cannot_be_read_leaves_its_neighbours_alone_and_stays_visible(bad: Any) -> None:
    good, damaged = read_waiting(json.dumps([bad, entry()]).encode())
    assert isinstance(good, Waiting)
    assert isinstance(damaged, Collected)
    assert (damaged.kind, damaged.meta["reason"]) == ("damaged", "metadata_unreadable")
    assert damaged.remote_id.startswith(DAMAGED)
    assert "/" not in damaged.remote_id


@pytest.mark.parametrize(
    ("algorithm", "digest"), [("SHA256", "sha256"), ("sha-256", "sha256"), ("SHA512", "sha512"), ("MD5", "")]
)
def test_a_payload_is_handed_out_only_with_a_checksum_we_trust(algorithm: str, digest: str) -> None:
    value = hashlib.new(digest, b"abc").hexdigest().upper() if digest else "900150983cd24fb0d6963f7d28e17f72"
    one = entry()
    one["basisgegevens"]["payload"]["checksum"] = {"algoritme": algorithm, "waarde": value}
    (waiting,) = read_waiting(json.dumps([one]).encode())
    assert isinstance(waiting, Waiting)
    got = waiting.collected(b"abc")
    assert (got.kind, got.payload) == (("", b"abc") if digest else ("damaged", b""))


def test_the_newest_status_of_exactly_our_message_counts() -> None:
    statuses = [
        status(traceer_id("another"), "AfgekeurdDoorDienst"),
        status(US.upper(), "Bezorgd", "2024-01-15T12:00:00+01:00"),
        status(US, "Ontvangen", "2024-01-15T11:30:00+00:00".replace("11:30", "10:30")),
    ]
    found = receipt(statuses, US)
    assert found is not None
    assert (found.state, found.text) == (ExchangeState.DELIVERED, "Bezorgd")
    assert receipt(statuses[:1], US) is None


def test_notices_are_shown_whole_but_never_with_a_bsn() -> None:
    notices = [{"code": "8001", "omschrijving": "Bsn 999900018", "toelichting": "zie regel 2"}, "odd"]
    found = receipt([status(US, "AfgekeurdDoorDienst", meldingen=notices)], US)
    assert found is not None
    assert found.text == "AfgekeurdDoorDienst; 8001 Bsn *****0018 zie regel 2"
    assert b"999900018" in found.raw


@pytest.mark.parametrize(
    ("body", "text", "code"),
    [
        (b"<html>", "HTTP 422", "422"),
        (b"[]", "HTTP 422", "422"),
        (b"{}", "HTTP 422", "422"),
        (b'{"title": "No", "errors": {"BRS07": ["wrong receiver"]}}', "No; BRS07: wrong receiver", "BRS07"),
        (b'{"title": "No", "errors": {"x": "one text"}}', "No; x: one text", "422"),
        (b'{"detail": "VSPEDP102 done"}', "VSPEDP102 done", "VSPEDP102"),
    ],
)
def test_a_refusal_gives_its_words_and_its_own_code(body: bytes, text: str, code: str) -> None:
    assert problem(body, 422) == (text, code)


@settings(max_examples=60)
@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_no_json_whatever_breaks_the_readers(value: Any) -> None:
    data = json.dumps([value]).encode()
    assert len(read_waiting(data)) == 1
    assert receipt(read_statuses(data), US) is None
    text, code = problem(json.dumps(value).encode(), 400)
    assert text
    assert code


def test_long_numbers_are_masked() -> None:
    assert without_numbers("regel 12 bsn 999911120.") == "regel 12 bsn *****1120."

"""Folders, and portals where only a person may upload."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from connectors.channels import naming, open_channel
from connectors.channels.folder import FolderChannel
from connectors.channels.portal import PortalChannel
from hub.errors import ConfigurationError, OutcomeUnknown, RefusedError
from hub.model.exchange import ExchangeState, Message
from hub.ports import Channel


def message(key: str = "clinic/10001", payload: bytes = b"content") -> Message:
    return Message(key=key, kind="ubl-invoice", name="10001.xml", payload=payload, meta={"invoice": "10001"})


def portal(tmp_path: Path, **changes: str) -> Channel:
    settings = {"outbox": str(tmp_path), "portal": "https://portal.example/upload", "form.period": "2024Q1"}
    return open_channel("portal", settings | changes)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_nothing_but_the_finished_file_remains(tmp_path: Path) -> None:
    receipt = open_channel("folder", {"outbox": str(tmp_path)}).deliver(message())
    assert names(tmp_path) == [receipt.remote_id]
    assert (tmp_path / receipt.remote_id).read_bytes() == b"content"
    assert (tmp_path / receipt.remote_id).stat().st_mode & 0o777 == 0o640


def test_a_file_of_the_same_key_is_never_overwritten(tmp_path: Path) -> None:
    one = open_channel("folder", {"outbox": str(tmp_path)})
    receipt = one.deliver(message())
    with pytest.raises(RefusedError):
        one.deliver(message(payload=b"other"))
    assert (tmp_path / receipt.remote_id).read_bytes() == b"content"


def test_two_senders_at_the_same_moment_leave_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = FolderChannel(outbox=tmp_path)
    monkeypatch.setattr("connectors.channels.folder._find", lambda *_: None)
    one.deliver(message())
    one.deliver(message())
    with pytest.raises(RefusedError):
        one.deliver(message(payload=b"other"))
    assert len(names(tmp_path)) == 1


def test_a_folder_that_may_not_be_written_is_for_the_operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(ConfigurationError, match="hard links"):
        FolderChannel(outbox=tmp_path).deliver(message())
    assert names(tmp_path) == []


def test_where_files_are_taken_away_an_absent_one_proves_nothing(tmp_path: Path) -> None:
    one = open_channel("folder", {"outbox": str(tmp_path), "removes": "yes"})
    assert one.can_lookup is False
    with pytest.raises(OutcomeUnknown):
        one.lookup("clinic/10001")


def test_links_hidden_and_unfinished_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_text("outside")
    (tmp_path / "in" / "link.xml").symlink_to(tmp_path / "secret")
    for name in (".hidden", "a.part", "b.tmp"):
        (tmp_path / "in" / name).write_text("x")
    assert list(open_channel("folder", {"inbox": str(tmp_path / "in")}).collect()) == []


def test_a_file_replaced_after_we_read_it_is_not_confirmed_away(tmp_path: Path) -> None:
    one = open_channel("folder", {"inbox": str(tmp_path)})
    (tmp_path / "a.xml").write_text("first")
    (first,) = one.collect()
    (tmp_path / "a.xml").write_text("second")
    os.utime(tmp_path / "a.xml", ns=(1, 1))
    one.confirm(first.remote_id)
    assert [found.payload for found in one.collect()] == [b"second"]


def test_the_same_name_twice_is_kept_twice_in_done(tmp_path: Path) -> None:
    one = open_channel("folder", {"inbox": str(tmp_path)})
    for moment in (1, 2):
        (tmp_path / "a.xml").write_text("x")
        os.utime(tmp_path / "a.xml", ns=(moment, moment))
        (found,) = one.collect()
        one.confirm(found.remote_id)
    assert len(names(tmp_path / "done")) == 2


def test_a_remote_id_that_is_none_of_ours_takes_nothing_away(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "keep").write_text("x")
    one = open_channel("folder", {"inbox": str(tmp_path / "in")})
    for remote_id in ("../keep#1-1", "keep", "", "#1-1", "../keep"):
        one.confirm(remote_id)
    assert (tmp_path / "keep").exists()


def test_an_unusable_folder_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="outbox"):
        open_channel("folder", {"outbox": str(tmp_path / "missing")})
    with pytest.raises(ConfigurationError, match="lacks outbox and inbox"):
        open_channel("folder", {})
    with pytest.raises(ConfigurationError, match="no inbox"):
        list(open_channel("folder", {"outbox": str(tmp_path)}).collect())


@pytest.mark.parametrize("number", ["999999011", "05895800130"])
def test_a_person_s_number_in_a_key_never_reaches_a_file_name(number: str) -> None:
    name = naming.remote_name(f"care/{number}/x", "x.xml")
    assert number not in name
    assert naming.is_named(name, f"care/{number}/x")


@pytest.mark.parametrize("key", ["a/b", "../../etc/passwd", "æøå", "", "x" * 500, "a\nb", "CON"])
def test_any_key_gives_a_safe_name_of_its_own(key: str) -> None:
    name = naming.remote_name(key, "x.xml")
    assert len(name) < 120
    assert naming.is_ready(name)
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
    assert not naming.is_named(name, key + "2")


def test_an_upload_is_prepared_for_a_person_and_nothing_is_called_sent(tmp_path: Path) -> None:
    receipt = portal(tmp_path, **{"form.invoice_number": "No. {invoice}"}).deliver(message())
    assert receipt.state is ExchangeState.PREPARED
    assert "a person must upload" in receipt.text
    sheet = json.loads(receipt.raw)
    assert sheet == {
        "portal": "https://portal.example/upload",
        "reference": Path(receipt.remote_id).stem,
        "name": "10001.xml",
        "period": "2024Q1",
        "invoice_number": "No. 10001",
        "file": receipt.remote_id,
    }
    assert names(tmp_path) == sorted([receipt.remote_id, receipt.remote_id.replace(".xml", "-form.json")])


def test_preparing_again_leaves_one_upload(tmp_path: Path) -> None:
    portal(tmp_path).deliver(message())
    again = portal(tmp_path, **{"form.period": "2024Q2"}).deliver(message())
    assert len(names(tmp_path)) == 2
    assert json.loads(again.raw)["period"] == "2024Q2"


def test_only_the_person_can_say_what_became_of_it(tmp_path: Path) -> None:
    one = portal(tmp_path)
    assert isinstance(one, Channel)
    assert one.can_lookup is False
    one.deliver(message())
    with pytest.raises(OutcomeUnknown):
        one.lookup("clinic/10001")


def test_a_form_field_the_message_cannot_fill_is_named_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="uzovi"):
        portal(tmp_path, **{"form.insurer": "{uzovi}"}).deliver(message())
    assert names(tmp_path) == []


def test_what_the_person_saved_from_the_portal_is_collected(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    one = portal(tmp_path, inbox=str(tmp_path / "in"))
    assert isinstance(one, PortalChannel)
    (tmp_path / "in" / "answer.pdf").write_bytes(b"x")
    (found,) = one.collect()
    one.confirm(found.remote_id)
    assert list(one.collect()) == []
    assert list(portal(tmp_path).collect()) == []
    assert one.probe().ok

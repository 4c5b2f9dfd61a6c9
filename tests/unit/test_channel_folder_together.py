"""Several files put into a folder at once: each whole or not at all, none reported before it is on disk."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.channels import placing
from connectors.channels.folder import FolderChannel
from hub.errors import ConfigurationError, HubError, RefusedError, TransientError
from hub.model.exchange import Message, Receipt
from hub.pipeline.attempts import Together


def messages(*numbers: int) -> list[Message]:
    return [
        Message(key=f"clinic/{number}", kind="test", name=f"{number}.xml", payload=b"content %d" % number)
        for number in numbers
    ]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def kinds(results: Sequence[Receipt | HubError]) -> list[str]:
    return [type(each).__name__ for each in results]


@pytest.fixture(params=["nameless", "hidden"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, also on a file system that knows no files without a name."""
    if request.param == "hidden":
        monkeypatch.setattr(placing, "_NAMELESS", 0)
    return tmp_path


def test_several_files_lie_there_whole_and_nothing_else(outbox: Path) -> None:
    channel = FolderChannel(outbox=outbox)
    assert isinstance(channel, Together)
    results = channel.deliver_all(messages(1, 2, 3))
    found = {each.remote_id: (outbox / each.remote_id).read_bytes() for each in results if isinstance(each, Receipt)}
    assert list(found.values()) == [b"content 1", b"content 2", b"content 3"]
    assert names(outbox) == sorted(found)
    assert {path.stat().st_mode & 0o777 for path in outbox.iterdir()} == {0o640}


def test_no_name_before_all_bytes_are_on_disk_and_no_receipt_before_all_names_are(
    outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, link = os.fsync, os.link

    def synced(handle: int) -> None:
        fsync(handle)
        done.append("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "bytes")  # noqa: PTH112 -- of a handle

    def named(*words: Any, **more: Any) -> None:
        link(*words, **more)
        done.append("name")

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "link", named)
    FolderChannel(outbox=outbox).deliver_all(messages(1, 2, 3))
    assert done == ["bytes"] * 3 + ["name"] * 3 + ["folder"]


def test_one_that_is_there_already_is_fine_and_another_one_under_its_key_is_refused(outbox: Path) -> None:
    channel = FolderChannel(outbox=outbox)
    one, two, three = messages(1, 2, 3)
    channel.deliver(one)
    (outbox / channel.deliver(two).remote_id).write_bytes(b"another file")
    assert kinds(channel.deliver_all([one, two, three])) == ["Receipt", "RefusedError", "Receipt"]
    assert len(names(outbox)) == 3


def test_two_under_one_key_are_one_file(outbox: Path) -> None:
    one, two = messages(1, 2)
    odd = Message(key=one.key, kind="test", name="1.xml", payload=b"other")
    results = FolderChannel(outbox=outbox).deliver_all([one, odd, two])
    assert kinds(results) == ["Receipt", "RefusedError", "Receipt"]
    assert len(names(outbox)) == 2


def test_a_full_disk_leaves_what_is_there_and_ends_the_rest(outbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    def full(handle: int, data: memoryview) -> int:
        if bytes(data) == b"content 3":
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, data)

    monkeypatch.setattr(os, "write", full)
    results = FolderChannel(outbox=outbox).deliver_all(messages(1, 2, 3, 4, 5))
    assert kinds(results) == ["Receipt", "Receipt", "TransientError"]
    assert isinstance(results[-1], TransientError)
    assert len(names(outbox)) == 2


def test_a_folder_that_cannot_be_synced_gives_no_receipt(outbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def broken(handle: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{handle}"):  # noqa: PTH112 -- of a handle
            raise OSError(errno.EIO, "Input/output error")
        fsync(handle)

    channel = FolderChannel(outbox=outbox)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        assert kinds(channel.deliver_all(messages(1, 2))) == ["TransientError"]
        with pytest.raises(TransientError):
            channel.lookup(messages(1)[0].key)  # it lies there, but not for certain tomorrow
    assert channel.lookup(messages(1)[0].key) is not None


def test_a_folder_that_is_gone_is_for_the_operator(outbox: Path) -> None:
    with pytest.raises(ConfigurationError):
        FolderChannel(outbox=outbox / "gone").deliver_all(messages(1, 2))


def test_a_place_that_fails_otherwise_says_so(outbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuses)
        results = FolderChannel(outbox=outbox).deliver_all(messages(1, 2))
    assert kinds(results) == ["ConfigurationError"]
    with pytest.raises(RefusedError, match="another file"):
        place_two(outbox)


def place_two(outbox: Path) -> None:
    """The same name a second time, with other bytes."""
    channel = FolderChannel(outbox=outbox)
    (one,) = messages(9)
    channel.deliver(one)
    channel.deliver(Message(key=one.key, kind="test", name=one.name, payload=b"other"))

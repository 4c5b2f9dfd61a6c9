"""SFTP: the pinned key, the file that is whole or absent, and what a broken connection may mean."""

from __future__ import annotations

import errno
import inspect
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest
from paramiko import ssh_exception

from connectors.channels import naming, open_channel
from connectors.channels.sftp import SftpChannel, from_settings
from connectors.channels.sftp_errors import ANY, MEANINGS, Meaning, guard, meaning_of, translate
from hub.errors import ConfigurationError, HubError, OutcomeUnknown, RefusedError, TransientError
from hub.model.exchange import Message
from hub.sandbox.sftp import DOWNLOAD, UPLOAD, SftpSandbox, SftpTrouble, new_client_key, public_line

CHUNK = 32768


@pytest.fixture
def box(tmp_path: Path) -> Iterator[SftpSandbox]:
    with SftpSandbox(tmp_path) as running:
        yield running


def channel(box: SftpSandbox, **changes: str) -> SftpChannel:
    return from_settings(box.settings | {"channel_timeout": "2"} | changes)


def claim(key: str = "care/PMO/2024Q1/7095", size: int = 5 * CHUNK) -> Message:
    payload = bytes(range(1, 256)) * (size // 255 + 1)
    return Message(key=key, kind="vektis-HA304-4.2", name="ha304.ASC", payload=payload[:size])


def uploaded(box: SftpSandbox) -> list[str]:
    return sorted(path.name for path in box.path(UPLOAD).iterdir())


def test_another_host_key_than_the_pinned_one_stops_before_we_say_who_we_are(box: SftpSandbox) -> None:
    stranger = f"{paramiko.ECDSAKey.generate().get_name()} {paramiko.ECDSAKey.generate().get_base64()}"
    with pytest.raises(ConfigurationError, match="another host key"):
        channel(box, host_key=stranger).deliver(claim())
    assert box.logins == 0
    assert not channel(box, host_key=stranger).probe().ok


def test_a_server_without_a_key_of_the_pinned_type_is_refused(box: SftpSandbox) -> None:
    with pytest.raises(ConfigurationError):
        channel(box, host_key=public_line(new_client_key())).lookup("x")
    assert box.logins == 0


def test_two_keys_may_be_pinned_while_the_partner_changes_its_key(box: SftpSandbox) -> None:
    coming = f"ecdsa-sha2-nistp256 {paramiko.ECDSAKey.generate().get_base64()} next"
    assert channel(box, host_key=f"{coming}\n{box.host_key}\n").probe().ok
    assert channel(box, host_key=f"{box.host_key}\n{coming}\n").probe().ok


def test_another_login_is_for_the_operator(box: SftpSandbox) -> None:
    with pytest.raises(ConfigurationError, match="Authentication"):
        channel(box, private_key=new_client_key()).deliver(claim())
    assert uploaded(box) == []


def test_a_password_logs_in_where_there_is_no_key(tmp_path: Path) -> None:
    with SftpSandbox(tmp_path, password="correct horse") as box:
        settings = {name: value for name, value in box.settings.items() if name != "private_key"}
        assert open_channel("sftp", settings | {"password": "correct horse"}).probe().ok
        found = open_channel("sftp", settings | {"password": "wrong"}).probe()
    assert not found.ok
    assert "wrong" not in found.text


def test_the_key_may_lie_in_a_file(box: SftpSandbox, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(box.client_key)
    settings = {name: value for name, value in box.settings.items() if name != "private_key"}
    assert from_settings(settings | {"private_key_file": str(path)}).probe().ok


def test_no_secret_is_shown(box: SftpSandbox) -> None:
    shown = repr(channel(box, password="hunter2"))
    assert "hunter2" not in shown
    assert "key=" not in shown.replace("host_keys=", "")


def test_nobody_listening_is_a_passing_trouble(box: SftpSandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(TransientError):
        channel(box, port=str(port)).deliver(claim())


def test_a_server_that_says_nothing_does_not_hold_us(box: SftpSandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = str(silent.getsockname()[1])
        with pytest.raises(TransientError):
            channel(box, port=port, banner_timeout="0.3", connect_timeout="1").deliver(claim())


def test_the_final_name_comes_from_the_key_and_names_no_person(box: SftpSandbox) -> None:
    receipt = channel(box).deliver(claim("care/999999011/2024Q1"))
    assert uploaded(box) == [receipt.remote_id]
    assert "999999011" not in receipt.remote_id
    assert receipt.remote_id.endswith(".asc")


@pytest.mark.parametrize("trouble", [SftpTrouble.DROP_WHILE_WRITING, SftpTrouble.DISK_FULL, SftpTrouble.REFUSE_RENAME])
def test_what_goes_wrong_before_the_rename_delivered_nothing(box: SftpSandbox, trouble: SftpTrouble) -> None:
    box.misbehave(trouble)
    with pytest.raises(TransientError):
        channel(box).deliver(claim())
    assert channel(box).lookup(claim().key) is None
    channel(box).deliver(claim())
    assert [path.read_bytes() for path in box.path(UPLOAD).iterdir()] == [claim().payload]


def test_a_chunk_refused_in_the_middle_never_leaves_a_file_with_a_hole(box: SftpSandbox) -> None:
    """The disk is full for one write of five: the file would have the right size and wrong bytes."""
    box.misbehave(SftpTrouble.DISK_FULL, times=1)
    with pytest.raises(TransientError, match="did not arrive whole"):
        channel(box).deliver(claim(size=5 * CHUNK))
    assert uploaded(box) == []


def test_a_left_over_part_of_an_earlier_attempt_is_written_anew(box: SftpSandbox) -> None:
    name = naming.remote_name(claim().key, claim().name)
    (box.path(UPLOAD) / f"{name}.part").write_bytes(b"old and much longer" * 100_000)
    assert channel(box).lookup(claim().key) is None
    channel(box).deliver(claim())
    assert uploaded(box) == [name]
    assert (box.path(UPLOAD) / name).read_bytes() == claim().payload


def test_a_connection_that_dies_after_the_rename_leaves_doubt_that_lookup_settles(box: SftpSandbox) -> None:
    box.misbehave(SftpTrouble.DROP_AFTER_RENAME)
    with pytest.raises(OutcomeUnknown):
        channel(box).deliver(claim())
    found = channel(box).lookup(claim().key)
    assert found is not None
    assert uploaded(box) == [found.remote_id]
    assert channel(box).deliver(claim()).remote_id == found.remote_id
    assert len(uploaded(box)) == 1


def test_a_connection_that_dies_before_the_rename_leaves_doubt_and_lookup_finds_nothing(box: SftpSandbox) -> None:
    box.misbehave(SftpTrouble.DROP_BEFORE_RENAME)
    with pytest.raises(OutcomeUnknown):
        channel(box).deliver(claim())
    assert channel(box).lookup(claim().key) is None


def test_a_rename_that_is_not_answered_in_time_leaves_doubt(box: SftpSandbox) -> None:
    box.misbehave(SftpTrouble.SLOW_RENAME, seconds=3)
    with pytest.raises(OutcomeUnknown):
        channel(box, channel_timeout="0.5").deliver(claim())


def test_another_file_under_our_key_is_never_overwritten(box: SftpSandbox) -> None:
    path = box.path(UPLOAD) / naming.remote_name(claim().key, claim().name)
    path.write_bytes(b"somebody else's")
    with pytest.raises(RefusedError, match="another file"):
        channel(box).deliver(claim())
    assert path.read_bytes() == b"somebody else's"


def test_a_file_of_the_same_size_is_compared_by_its_bytes(box: SftpSandbox) -> None:
    path = box.path(UPLOAD) / naming.remote_name(claim().key, claim().name)
    path.write_bytes(claim().payload[:-1] + b"\x00")
    with pytest.raises(RefusedError):
        channel(box).deliver(claim())


def test_a_file_of_ours_that_we_may_not_read_back_is_for_a_person(box: SftpSandbox) -> None:
    channel(box).deliver(claim())
    box.misbehave(SftpTrouble.FORBID_READ)
    with pytest.raises(OutcomeUnknown):
        channel(box).deliver(claim())


def test_a_partner_that_archives_is_looked_up_there_too(box: SftpSandbox) -> None:
    receipt = channel(box).deliver(claim())
    box.path("/taken").mkdir()
    (box.path(UPLOAD) / receipt.remote_id).rename(box.path("/taken") / receipt.remote_id)
    assert channel(box).lookup(claim().key) is None
    found = channel(box, archive="/taken").lookup(claim().key)
    assert found is not None
    channel(box, archive="/taken").deliver(claim())
    assert uploaded(box) == []


def test_where_files_vanish_an_absent_one_proves_nothing(box: SftpSandbox) -> None:
    vanishing = channel(box, removes="yes")
    assert vanishing.can_lookup is False
    with pytest.raises(OutcomeUnknown):
        vanishing.lookup("never sent")
    vanishing.deliver(claim())
    assert vanishing.lookup(claim().key) is not None


def test_only_finished_plain_files_are_collected_oldest_first(box: SftpSandbox, tmp_path: Path) -> None:
    inbox = box.path(DOWNLOAD)
    for age, name in enumerate(["b.txt", "a.txt", "x.part", "y.TMP", ".hidden", "z.filepart"]):
        (inbox / name).write_bytes(name.encode())
        os.utime(inbox / name, (1_700_000_000 + age, 1_700_000_000 + age))
    (inbox / "folder").mkdir()
    (tmp_path / "secret").write_bytes(b"outside")
    (inbox / "link.txt").symlink_to(tmp_path / "secret")
    assert [found.name for found in channel(box).collect()] == ["b.txt", "a.txt"]


def test_a_file_replaced_after_we_read_it_is_not_confirmed_away(box: SftpSandbox) -> None:
    path = box.path(DOWNLOAD) / "return.asc"
    path.write_bytes(b"first")
    (first,) = channel(box).collect()
    path.write_bytes(b"second, longer")
    channel(box).confirm(first.remote_id)
    (second,) = channel(box).collect()
    assert second.payload == b"second, longer"
    assert second.remote_id != first.remote_id


def test_a_confirmed_file_is_kept_in_done_or_removed_as_agreed(box: SftpSandbox) -> None:
    for name, how in (("keep.txt", "move"), ("drop.txt", "remove")):
        (box.path(DOWNLOAD) / name).write_bytes(b"x")
        (found,) = channel(box, confirm=how).collect()
        channel(box, confirm=how).confirm(found.remote_id)
    kept = [path.name for path in box.path(f"{DOWNLOAD}/done").iterdir()]
    assert [name.endswith("keep.txt") for name in kept] == [True]


def test_a_file_that_may_not_be_read_does_not_hold_up_the_others(box: SftpSandbox) -> None:
    for age, name in enumerate(["bad.txt", "good.txt"]):
        (box.path(DOWNLOAD) / name).write_bytes(b"x")
        os.utime(box.path(DOWNLOAD) / name, (1_700_000_000 + age, 1_700_000_000 + age))
    box.misbehave(SftpTrouble.FORBID_READ)
    collected = channel(box).collect()
    assert next(collected).name == "good.txt"
    with pytest.raises(ConfigurationError, match=r"bad\.txt"):
        next(collected)


def test_a_file_beyond_the_agreed_size_is_named_and_left(box: SftpSandbox) -> None:
    (box.path(DOWNLOAD) / "huge.txt").write_bytes(b"x" * 101)
    with pytest.raises(ConfigurationError, match=r"huge\.txt"):
        list(channel(box, max_size="100").collect())


def test_a_server_short_of_channels_is_tried_again(box: SftpSandbox) -> None:
    box.misbehave(SftpTrouble.NO_SFTP)
    with pytest.raises(TransientError):
        channel(box).deliver(claim())
    assert channel(box).deliver(claim()).remote_id


def test_a_missing_folder_is_for_the_operator(box: SftpSandbox) -> None:
    with pytest.raises(ConfigurationError):
        channel(box, outbox="/nowhere").deliver(claim())
    assert not channel(box, outbox="/nowhere").probe().ok


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"host": ""}, "host"),
        ({"host_key": ""}, "host_key"),
        ({"host_key": "ssh-ed25519 not-base64!"}, "host_key"),
        ({"host_key": "ssh-dss AAAA"}, "host_key"),
        ({"private_key": ""}, "private_key"),
        ({"private_key": "-----BEGIN NOTHING-----"}, "private key"),
        ({"outbox": "", "inbox": ""}, "outbox"),
        ({"port": "ssh"}, "port"),
        ({"confirm": "eat"}, "confirm"),
    ],
)
def test_a_wrong_setting_is_named(box: SftpSandbox, changes: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        from_settings(box.settings | changes)


def exceptions_of_paramiko() -> list[type[BaseException]]:
    found = {kind for _, kind in inspect.getmembers(ssh_exception, inspect.isclass) if issubclass(kind, Exception)}
    found |= {kind for _, kind in inspect.getmembers(paramiko, inspect.isclass) if issubclass(kind, Exception)}
    return sorted(found, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", exceptions_of_paramiko())
def test_every_exception_class_of_paramiko_stands_in_the_table(kind: type[BaseException]) -> None:
    assert kind in MEANINGS
    assert issubclass(kind, ANY)


@pytest.mark.parametrize(
    ("error", "meant", "while_moving"),
    [
        (OSError("Failure"), TransientError, OutcomeUnknown),
        (OSError(errno.EACCES, "denied"), ConfigurationError, ConfigurationError),
        (TimeoutError(), TransientError, OutcomeUnknown),
        (ConnectionResetError(), TransientError, OutcomeUnknown),
        (EOFError(), TransientError, OutcomeUnknown),
        (paramiko.SSHException("Server connection dropped"), TransientError, OutcomeUnknown),
        (paramiko.AuthenticationException("Authentication failed."), ConfigurationError, ConfigurationError),
        (paramiko.AuthenticationException("Authentication timeout."), TransientError, OutcomeUnknown),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), ConfigurationError, ConfigurationError),
        (socket.gaierror(socket.EAI_AGAIN, "later"), TransientError, OutcomeUnknown),
    ],
)
def test_an_exception_says_who_must_act(error: Exception, meant: type[HubError], while_moving: type[HubError]) -> None:
    assert type(translate(error, moving=False, where="")) is meant
    assert type(translate(error, moving=True, where="")) is while_moving


def test_a_mistake_of_ours_is_not_dressed_up() -> None:
    assert meaning_of(KeyError("x")) is None
    with pytest.raises(KeyError), guard("somewhere"):
        raise KeyError
    assert Meaning.PASSING is MEANINGS[OSError]

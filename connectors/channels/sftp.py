"""SFTP with paramiko: a pinned host key, and a file that appears under its final name only when it is whole.

`deliver` writes `NAME.part`, checks its size, then asks for a plain rename, which a server refuses when the target
exists (SFTP protocol version 3; OpenSSH's posix-rename would overwrite). NAME derives from the message's key, so an
earlier delivery of the same key is found whatever became of our connection. Until the rename is asked for, nothing was
delivered; when its answer is missing, the outcome is unknown and `lookup` settles it.

Settings: `host`, `port` (22), `username`, `host_key` (one or more `ssh-ed25519 AAAA...` lines), `private_key` (text) or
`private_key_file`, `passphrase`, or `password`; `outbox`, `inbox`, `done` (default `INBOX/done`), `confirm` = `move` |
`remove`; `archive` (folders where the partner puts what it took over), `removes` = yes when the partner makes files
vanish; `connect_timeout`, `banner_timeout`, `auth_timeout`, `channel_timeout` in seconds; `max_size` in bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import paramiko

from connectors.channels import naming
from connectors.channels import sftp_files as files
from connectors.channels.settings import choice, flag, listed, need, seconds, whole
from connectors.channels.sftp_errors import ANY, absent, forbidden, guard
from connectors.channels.sftp_keys import PinnedPolicy, host_keys, private_key, transport_for
from hub.errors import ConfigurationError, HubError, OutcomeUnknown, RefusedError
from hub.model.exchange import Collected, ExchangeState, Message, Probe, Receipt

KIND = "sftp"

_SSH = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOuts:
    """Seconds to wait for the connection, the banner, the login, and each answer after that."""

    connect: float = 15.0
    banner: float = 15.0
    login: float = 30.0
    channel: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpChannel:
    """Delivers into one remote folder and collects from another. Its repr shows no secret."""

    host: str
    username: str
    host_keys: tuple[paramiko.PKey, ...]
    port: int = _SSH
    key: paramiko.PKey | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    outbox: str = ""
    inbox: str = ""
    done: str = ""
    archive: tuple[str, ...] = ()
    removes: bool = False
    time_outs: TimeOuts = TimeOuts()
    max_size: int = 64 * 1024 * 1024

    @property
    def can_lookup(self) -> bool:
        """True unless the partner makes files vanish to where we cannot look."""
        return not self.removes

    @property
    def where(self) -> str:
        """The server, for messages."""
        return f"sftp://{self.host}:{self.port}"

    def deliver(self, message: Message) -> Receipt:
        """Put the file in place; the same file already there is fine, another one under this key is refused."""
        outbox = _given(self.outbox, "outbox")
        with self._connected() as sftp:
            target = posixpath.join(outbox, naming.remote_name(message.key, message.name))
            taken = self._find(sftp, message.key) or self._put(sftp, target, message.payload)
            if taken is not None:
                self._compare(sftp, taken, message.payload)
            return self._receipt(sftp, taken or target)

    def lookup(self, key: str) -> Receipt | None:
        """The file of this key in the outbox or the partner's archive; an unfinished `.part` does not count."""
        _given(self.outbox, "outbox")
        with self._connected() as sftp:
            found = self._find(sftp, key)
            if found is not None:
                return self._receipt(sftp, found)
        if self.removes:
            raise OutcomeUnknown("the file is not there, but it may have been taken", where=self.where)
        return None

    def collect(self) -> Iterator[Collected]:
        """The finished files in the inbox, oldest first; one that changes while we read waits for the next time.

        What cannot be read does not stop the others; it is raised when they have been handed out.
        """
        inbox = _given(self.inbox, "inbox")
        unread: list[HubError] = []
        with self._connected() as sftp:
            for item in files.list_offered(sftp, inbox):
                try:
                    payload = self._read_whole(sftp, inbox, item)
                except ConfigurationError as error:
                    unread.append(error)
                    continue
                if payload is not None:
                    yield Collected(remote_id=item.remote_id, name=item.name, payload=payload)
        if unread:
            raise unread[0]

    def confirm(self, remote_id: str) -> None:
        """Take the file out of the inbox (into `done`, or away); a file replaced since then stays."""
        inbox = _given(self.inbox, "inbox")
        item = naming.offered(remote_id)
        if item is None:
            return
        with self._connected() as sftp:
            path = posixpath.join(inbox, item.name)
            if files.offered_at(sftp, path) != item:
                return
            if not self.done:
                sftp.remove(path)
                return
            files.make_folder(sftp, self.done)
            files.move_away(sftp, path, posixpath.join(self.done, item.done_name))

    def probe(self) -> Probe:
        """Whether the server is the one we know, lets us in, and has our folders."""
        try:
            with self._connected() as sftp:
                for path in (self.outbox, self.inbox, *self.archive):
                    if path:
                        sftp.listdir_attr(path)
        except HubError as error:
            return Probe(ok=False, text=str(error))
        return Probe(ok=True, text=f"{self.where}: host key as pinned, login accepted, folders there")

    @contextlib.contextmanager
    def _connected(self) -> Iterator[paramiko.SFTPClient]:
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(PinnedPolicy(self.host_keys))
        with guard(self.where):
            try:
                yield self._open(client)
            finally:
                with contextlib.suppress(*ANY):
                    client.close()

    def _open(self, client: paramiko.SSHClient) -> paramiko.SFTPClient:
        client.connect(
            self.host,
            port=self.port,
            username=self.username,
            password=self.password,
            pkey=self.key,
            timeout=self.time_outs.connect,
            banner_timeout=self.time_outs.banner,
            auth_timeout=self.time_outs.login,
            channel_timeout=self.time_outs.channel,
            allow_agent=False,
            look_for_keys=False,
            transport_factory=transport_for(self.host_keys),
        )
        sftp = client.open_sftp()
        channel = sftp.get_channel()
        if channel is not None:
            channel.settimeout(self.time_outs.channel)
        return sftp

    def _put(self, sftp: paramiko.SFTPClient, target: str, payload: bytes) -> str | None:
        """Write and rename; None when it is in place, the target's path when that was taken in the meantime."""
        part = f"{target}.part"
        files.upload(sftp, part, payload)
        with guard(self.where, moving=True):
            return files.put_in_place(sftp, part, target)

    def _find(self, sftp: paramiko.SFTPClient, key: str) -> str | None:
        for directory in (self.outbox, *self.archive):
            for name in sorted(sftp.listdir(directory)):
                if naming.is_named(name, key):
                    return posixpath.join(directory, name)
        return None

    def _compare(self, sftp: paramiko.SFTPClient, path: str, payload: bytes) -> None:
        """Read back what lies under our key: ours, or not."""
        name = posixpath.basename(path)
        try:
            same = (
                sftp.stat(path).st_size == len(payload) and files.digest(sftp, path) == hashlib.sha256(payload).digest()
            )
        except OSError as error:
            if not forbidden(error):
                raise
            raise OutcomeUnknown(
                f"{name} is already there, and we may not read it back", hint="ask the partner", where=self.where
            ) from error
        if not same:
            raise RefusedError(
                f"another file already lies under this key: {name}",
                hint="a claim file is never replaced: look at both",
                where=self.where,
                code="exists",
            )

    def _read_whole(self, sftp: paramiko.SFTPClient, inbox: str, item: naming.Offered) -> bytes | None:
        path = posixpath.join(inbox, item.name)
        if item.size > self.max_size:
            raise files.too_big(item.name, self.max_size)
        try:
            payload = files.read_file(sftp, path, self.max_size)
        except OSError as error:
            if absent(error):
                return None
            if not forbidden(error):
                raise
            raise ConfigurationError(
                f"{item.name} may not be read", hint="ask the partner for read permission", where=self.where
            ) from error
        return payload if files.offered_at(sftp, path) == item and len(payload) == item.size else None

    def _receipt(self, sftp: paramiko.SFTPClient, path: str) -> Receipt:
        """Proof from the server's own list; without it when the file has been taken over meanwhile."""
        try:
            changed = sftp.stat(path).st_mtime
        except ANY:
            changed = None
        moment = datetime.fromtimestamp(changed, tz=UTC) if changed is not None else None
        return Receipt(
            remote_id=posixpath.basename(path), state=ExchangeState.SENT, at=moment, text=f"lies at {self.where}{path}"
        )


def from_settings(settings: Mapping[str, str]) -> SftpChannel:
    """An SFTP channel from a partner's and an agreement's settings."""
    host, username, pinned = need(settings, KIND, "host", "username", "host_key")
    if not settings.get("outbox") and not settings.get("inbox"):
        raise ConfigurationError("the sftp channel lacks outbox and inbox", hint="fill at least one of them")
    key, password = private_key(settings), settings.get("password") or None
    if key is None and password is None:
        raise ConfigurationError("the sftp channel lacks private_key, private_key_file and password")
    inbox = settings.get("inbox", "")
    moves = choice(settings, KIND, "confirm", ("move", "remove")) == "move"
    return SftpChannel(
        host=host,
        port=whole(settings, KIND, "port", _SSH),
        username=username,
        host_keys=host_keys(pinned),
        key=key,
        password=password,
        outbox=settings.get("outbox", ""),
        inbox=inbox,
        done=(settings.get("done") or posixpath.join(inbox, "done")) if moves and inbox else "",
        archive=listed(settings, "archive"),
        removes=flag(settings, KIND, "removes"),
        time_outs=TimeOuts(
            connect=seconds(settings, KIND, "connect_timeout", 15),
            banner=seconds(settings, KIND, "banner_timeout", 15),
            login=seconds(settings, KIND, "auth_timeout", 30),
            channel=seconds(settings, KIND, "channel_timeout", 60),
        ),
        max_size=whole(settings, KIND, "max_size", 64 * 1024 * 1024),
    )


def _given(path: str, name: str) -> str:
    if not path:
        raise ConfigurationError(f"the sftp channel has no {name}", hint=f"fill the setting {name}")
    return path

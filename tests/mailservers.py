"""A real IMAP server for tests: a private Dovecot with our test PKI, ports of its own and nothing of the machine's."""

from __future__ import annotations

import base64
import contextlib
import getpass
import grp
import hmac
import imaplib
import json
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.sandbox.mail import AUTHSERV_ID
from hub.sandbox.pki import Pki, make_pki
from tests.conftest import absent

USER, PASSWORD = "faktura@klinikk.example", "test-only pæssord"
_TOKEN_KEY = b"a key for tokens that only tests make"
_DATE = imaplib.Time2Internaldate(datetime(2026, 4, 20, 8, 15, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Dovecot:
    """A running server: its ports, its PKI, and a second way in for the test itself."""

    port: int
    tls_port: int
    pki: Pki
    home: Path

    def settings(self, **changes: str) -> dict[str, str]:
        """Settings for the channel `mailbox`, over implicit TLS."""
        return {
            "host": "localhost",
            "port": str(self.tls_port),
            "ca_file": str(self.pki.ca_file),
            "username": USER,
            "password": PASSWORD,
            "authserv_id": AUTHSERV_ID,
            "timeout": "10",
        } | changes

    @contextlib.contextmanager
    def person(self) -> Iterator[imaplib.IMAP4_SSL]:
        """Somebody who looks into the mailbox with a mail program."""
        context = ssl.create_default_context(cafile=str(self.pki.ca_file))
        wire = imaplib.IMAP4_SSL("localhost", self.tls_port, ssl_context=context, timeout=10)
        try:
            wire.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
            yield wire
        finally:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                wire.logout()
            with contextlib.suppress(OSError):
                wire.shutdown()

    def put(self, *mails: bytes, folder: str = "INBOX", signed_by: str = "", result: str = "pass") -> None:
        """Mails arrive as our receiving server hands them on: its verdict on top where the mail was signed."""
        head = f"Authentication-Results: {AUTHSERV_ID}; dkim={result} header.d={signed_by}\r\n" if signed_by else ""
        with self.person() as wire:
            for mail in mails:
                status, said = wire.append(folder, "", _DATE, head.encode() + mail)
                assert status == "OK", said

    def do(self, *commands: tuple[str, ...]) -> None:
        """What a person does to folders."""
        with self.person() as wire:
            for name, *words in commands:
                status, said = getattr(wire, name)(*words)
                assert status == "OK", said

    def subjects(self, folder: str, *search: str) -> list[str]:
        """The subjects of the mails in a folder."""
        with self.person() as wire:
            wire.select(folder, readonly=True)
            _, found = wire.search(None, *(search or ("UNDELETED",)))
            subjects = []
            for number in found[0].split():
                _, said = wire.fetch(number.decode(), "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
                subjects.append(said[0][1].decode().partition(":")[2].strip())  # type: ignore[index, union-attr]
            return subjects

    def empty(self) -> None:
        """No mail and no folder but INBOX."""
        with self.person() as wire:
            for line in wire.list()[1]:
                name = line.decode().rpartition(' "." ')[2].strip('"') if isinstance(line, bytes) else "INBOX"
                if name != "INBOX":
                    wire.delete(name)
            _, count = wire.select("INBOX")
            if count != [b"0"]:
                wire.store("1:*", "+FLAGS", r"\Deleted")
                wire.expunge()


def token(user: str = USER, *, key: bytes = _TOKEN_KEY, seconds: int = 600) -> str:
    """An access token (a JSON web token, HS256) as an identity provider would give it."""
    now = int(time.time())
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": user, "iat": now, "exp": now + seconds}]
    said = b".".join(_base64url(json.dumps(part).encode()) for part in parts)
    return (said + b"." + _base64url(hmac.digest(key, said, "sha256"))).decode()


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


@pytest.fixture(scope="session")
def dovecot_server() -> Iterator[Dovecot]:
    """One server for the session."""
    with running() as server:
        yield server


@pytest.fixture
def dovecot(dovecot_server: Dovecot) -> Dovecot:
    """The session's server with an empty mailbox."""
    dovecot_server.empty()
    return dovecot_server


@contextlib.contextmanager
def running(**extra: str) -> Iterator[Dovecot]:
    """A private Dovecot; skips by name where there is none. `extra` are more lines of its configuration."""
    program = shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None:
        absent("dovecot (an IMAP server; dovecot-imapd)")
        return
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("2.3"):
        absent(f"dovecot 2.3 (here is {version.split()[0]}, which is configured in another way)")
    home = Path(tempfile.mkdtemp(prefix="kvitt-imap-", dir="/tmp"))
    server = Dovecot(_free(), _free(), make_pki(home / "pki", now=datetime.now(UTC)), home)
    (home / "dovecot.conf").write_text(_configuration(server, extra), encoding="utf-8")
    _prepare(home)
    process = subprocess.Popen([program, "-F", "-c", str(home / "dovecot.conf")], stderr=subprocess.DEVNULL)
    try:
        _wait_until_up(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(home, ignore_errors=True)


def _owner() -> str:
    return "nobody" if os.getuid() == 0 else getpass.getuser()


def _prepare(home: Path) -> None:
    (home / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n", encoding="utf-8")
    key = home / "keys" / "default" / "HS256" / "default"
    key.parent.mkdir(parents=True)
    key.write_bytes(base64.b64encode(_TOKEN_KEY))
    (home / "oauth2.conf").write_text(
        f"introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={home}/keys/\n"
        "username_attribute = sub\n",
        encoding="utf-8",
    )
    (home / "mail").mkdir()
    if os.getuid() == 0:
        # Dovecot's own user reads these, whatever umask an earlier test has left behind.
        for path in (home, *(each for each in home.rglob("*") if "pki" not in each.relative_to(home).parts)):
            path.chmod(0o755 if path.is_dir() else 0o644)
        shutil.chown(home / "mail", _owner())


def _configuration(server: Dovecot, extra: Mapping[str, str]) -> str:
    home, owner = server.home, _owner()
    group = grp.getgrgid(pwd.getpwnam(owner).pw_gid).gr_name
    ours = "" if os.getuid() == 0 else f"default_login_user = {owner}\ndefault_internal_user = {owner}\n"
    ours += "" if os.getuid() == 0 else f"default_internal_group = {group}\n"
    anvil = "" if os.getuid() == 0 else "  chroot =\n"
    more = "".join(f"{name} = {value}\n" for name, value in extra.items())
    return f"""{ours}base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols = imap
listen = 127.0.0.1, 127.0.0.2
ssl = required
ssl_cert = <{server.pki.server.certificate}
ssl_key = <{server.pki.server.key}
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = yes
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
mail_location = maildir:{home}/mail/%u
mail_fsync = never
mail_max_userip_connections = 50
first_valid_uid = 1
first_valid_gid = 1
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {home}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = {home}/users
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={home}/mail/%u
}}
# whoever logs in wrongly is made to wait longer and longer; tests log in wrongly
service anvil {{
{anvil}  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {server.port}
  }}
  inet_listener imaps {{
    port = {server.tls_port}
    ssl = yes
  }}
}}
{more}"""


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_until_up(server: Dovecot, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        try:
            with server.person():
                return
        except (OSError, imaplib.IMAP4.error):
            time.sleep(0.1)
    log = server.home / "log"
    pytest.fail(f"dovecot does not start: {log.read_text(errors='replace')[-1500:] if log.exists() else 'no log'}")


@contextlib.contextmanager
def cut_after(port: int, received: int) -> Iterator[int]:
    """A way to a port that breaks when so many bytes have come back over it; gives its own port."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def relay() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", port), 10)
            threads.append(threading.Thread(target=_copy, args=(near, far, None), daemon=True))
            threads.append(threading.Thread(target=_copy, args=(far, near, received), daemon=True))
            threads[-1].start()
            threads[-2].start()

    accepting = threading.Thread(target=relay, daemon=True)
    accepting.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(5)
        for thread in threads:
            thread.join(5)


def _copy(source: socket.socket, target: socket.socket, most: int | None) -> None:
    """Hand bytes on until either side ends, or until the most of them have passed."""
    left = most
    with contextlib.suppress(OSError):
        while data := source.recv(4096 if left is None else max(1, min(4096, left))):
            target.sendall(data)
            left = None if left is None else left - len(data)
            if left == 0:
                break
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    source.close()

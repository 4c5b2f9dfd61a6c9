"""Where people reach the console is said once, in hub.toml: `kvitt run` serves by it, and every link begins with it."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from hub.cli.boot import open_hub
from hub.errors import ConfigurationError
from hub.pipeline.expected import link
from hub.settings import load
from tests.commands import KVITT, environment, kvitt
from tests.conftest import ROOT

PUBLIC = "https://kvitt.example.org"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    assert kvitt(tmp_path / "home", "init").code == 0
    return tmp_path / "home"


def _say(home: Path, address: str) -> None:
    with (home / "hub.toml").open("a", encoding="utf-8") as file:
        file.write(f'address = "{address}"\n')


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def _running(home: Path, port: int) -> Iterator[str]:
    """`kvitt run` until left; gives where it says the console is."""
    process = subprocess.Popen(
        [*KVITT, "run", "--web", f"127.0.0.1:{port}"],
        cwd=ROOT,
        env=environment(home, PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def _judged(port: int, origin: str) -> bool:
    """Whether a login's form that comes from a page of this origin is judged, and its form shown again."""
    with requests.Session() as browser:
        answer = browser.post(
            f"http://127.0.0.1:{port}/login",
            data={"login": "nobody", "password": "wrong"},
            headers={"origin": origin},
            timeout=10,
            allow_redirects=False,
        )
    assert answer.status_code == 403
    return 'name="password"' in answer.text


def test_kvitt_run_takes_forms_from_the_address_in_hub_toml_alone(home: Path) -> None:
    _say(home, PUBLIC)
    port = _free()
    with _running(home, port) as said:
        assert said == PUBLIC
        assert not _judged(port, f"http://127.0.0.1:{port}")
        assert not _judged(port, "https://elsewhere.example.org")
        assert _judged(port, PUBLIC)


def test_links_begin_with_the_same_address_whoever_writes_the_mail(home: Path) -> None:
    settings = load(environment(home), ROOT)
    hub = open_hub(settings)
    assert link(hub, "practice/upload") == "Kvitt: /practice/upload"
    hub.store.close()
    _say(home, f"{PUBLIC}/")
    hub = open_hub(load(environment(home), ROOT))
    assert link(hub, "practice/upload") == f"{PUBLIC}/practice/upload"
    hub.store.close()


def test_there_is_no_second_place_for_it(home: Path) -> None:
    said = kvitt(home, "run", "--once", "--origin", PUBLIC)
    assert said.code == 2
    assert "--origin" in said.err


@pytest.mark.parametrize(
    "wrong",
    ["kvitt.example.org", "http://kvitt.example.org", f"{PUBLIC}/kvitt", f"{PUBLIC}?x=1", "https://a@b", "https://"],
)
def test_an_address_that_is_none_is_refused(home: Path, wrong: str) -> None:
    _say(home, wrong)
    with pytest.raises(ConfigurationError, match="address is https://HOST"):
        load(environment(home), ROOT)


@pytest.mark.parametrize("fine", [PUBLIC, f"{PUBLIC}:8443", "http://127.0.0.1:8700", "http://localhost:8700/"])
def test_an_address_is_a_host_over_tls_or_this_machine(home: Path, fine: str) -> None:
    _say(home, fine)
    assert load(environment(home), ROOT).address == fine.rstrip("/")

"""What `deploy/` ships fits the program: commands exist with their options, settings are known, secrets are changed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from hub.cli.app import build

DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy"
_SETTINGS = {"KVITT_HOME", "KVITT_KEYS", "KVITT_DATABASE", "KVITT_BROKER", "KVITT_HEARTBEAT"}


def _compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text())
    return found


def _lines() -> list[str]:
    unit = (DEPLOY / "kvitt.service").read_text()
    started = [line.partition("=")[2] for line in unit.splitlines() if line.startswith("ExecStart=")]
    composed = [" ".join(each.get("command", [])) for each in _compose()["services"].values()]
    return [part for line in [*started, *composed] for part in re.findall(r"kvitt [a-z][^&]*", line)]


def test_every_command_that_is_started_exists_with_its_options() -> None:
    known = get_command(build()).commands  # type: ignore[attr-defined]
    for line in _lines():
        _, name, *words = line.split()
        options = {option for each in known[name].params for option in each.opts}
        assert {word for word in words if word.startswith("--")} <= options, line
    assert {line.split()[1] for line in _lines()} == {"run", "worker", "init"}


def test_every_setting_is_known_and_every_password_is_a_variable_of_the_example() -> None:
    text = (DEPLOY / "docker-compose.yml").read_text() + (DEPLOY / "kvitt.service").read_text()
    assert set(re.findall(r"KVITT_[A-Z]+", text)) <= _SETTINGS
    used = set(re.findall(r"\$\{([A-Z_]+)", text))
    example = (DEPLOY / "example.env").read_text()
    assert used == set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert all("change-me" in line for line in example.splitlines() if "PASSWORD" in line)


def test_services_wait_for_the_migration_and_stop_gracefully() -> None:
    services = _compose()["services"]
    for name in ("hub", "worker"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
        assert services[name]["stop_grace_period"] == "3m"


def test_the_unit_is_one_that_systemd_understands(tmp_path: Path) -> None:
    unit = (DEPLOY / "kvitt.service").read_text()
    assert re.findall(r"^\[(\w+)\]$", unit, re.MULTILINE) == ["Unit", "Service", "Install"]
    assert all(re.fullmatch(r"[A-Z]\w+=.*|#.*|\[\w+\]|", line) for line in unit.splitlines())
    if shutil.which("systemd-analyze"):
        file = tmp_path / "kvitt.service"
        file.write_text(unit.replace("/opt/kvitt/.venv/bin/kvitt", "/bin/true"))
        done = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False)
        assert not [line for line in done.stderr.splitlines() if "kvitt.service" in line], done.stderr


@pytest.mark.parametrize("name", ["roles.sh"])
def test_scripts_are_executable_and_parse(name: str) -> None:
    file = DEPLOY / name
    assert file.stat().st_mode & 0o111
    subprocess.run(["sh", "-n", str(file)], check=True)

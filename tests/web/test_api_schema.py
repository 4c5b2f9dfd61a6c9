"""The OpenAPI file is what the API does: kept by a golden file, and tried by schemathesis against a running server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.web.api.application import create_api, resources, specification
from hub.web.fairness import Desk
from hub.web.server import served
from tests.web.consoles import Console
from tests.web.programs import program

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "api" / "openapi.json"
_SECONDS = 30


def test_the_file_in_the_repository_is_what_the_api_says_of_itself(
    console: Console, request: pytest.FixtureRequest
) -> None:
    said = json.dumps(specification(create_api(console.hub, Desk)), indent=2, ensure_ascii=False) + "\n"
    if request.config.getoption("--update-golden"):
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(said, encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == said, "run the tests with --update-golden"
    assert console.stranger().get("/v1/openapi.json").json() == json.loads(said)


def test_every_route_is_described_with_its_token_its_key_and_its_problems() -> None:
    described = json.loads(FILE.read_text(encoding="utf-8"))
    operations = [(path, method, one) for path, each in described["paths"].items() for method, one in each.items()]
    assert len(operations) == sum(len(module.router.routes) for module in resources())
    for path, method, operation in operations:
        assert operation["security"] == [{"token": []}], path
        keys = [each for each in operation.get("parameters", ()) if each["name"] == "Idempotency-Key"]
        assert [each["required"] for each in keys] == ([True] if method == "post" else []), path
        for status, answer in operation["responses"].items():
            wanted = {"application/json"} if status in ("200", "201", "202") else {"application/problem+json"}
            assert set(answer.get("content", {})) == (set() if status == "204" else wanted), (path, status)
        assert {"401", "403", "404", "409", "422", "429"} <= set(operation["responses"])
    names = [operation["operationId"] for _, _, operation in operations]
    assert len(set(names)) == len(names)


def test_schemathesis_finds_nothing_at_a_running_server(console: Console, tmp_path: Path) -> None:
    """All its checks but one: it takes a made-up cursor, list or organisation for right, which they are not."""
    caller = program(console)
    (tmp_path / "token").write_text(caller.token)
    (tmp_path / "schemathesis.toml").write_text(
        '[headers]\nAuthorization = "Bearer ${KVITT_TOKEN}"\n[auth.openapi.token]\nbearer = "${KVITT_TOKEN}"\n'
    )
    command = Path(sys.executable).with_name("st")
    with served(console.hub, "127.0.0.1:0") as address:
        done = subprocess.run(
            [
                *(str(command), "--config-file", str(tmp_path / "schemathesis.toml"), "--no-color"),
                *("run", str(FILE), "--url", f"{address}/v1", "--max-time", str(_SECONDS), "--max-examples", "12"),
                *("--checks", "all", "--exclude-checks", "positive_data_acceptance", "--generation-deterministic"),
                *("--rate-limit", "40/s", "--suppress-health-check", "all"),
            ],
            cwd=tmp_path,
            env=os.environ | {"KVITT_TOKEN": caller.token},
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS + 60,
        )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "passed" in done.stdout, done.stdout[-2000:]

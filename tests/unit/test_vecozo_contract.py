"""VECOZO's published specifications as an independent judge of what we send and of what our sandbox answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from jsonschema import Draft4Validator, FormatChecker

from connectors.channels.vecozo import VecozoChannel, _multipart
from connectors.channels.vecozo_messages import STATES, metadata
from hub.model.exchange import Message
from hub.sandbox.pki import Pki, make_pki
from hub.sandbox.vecozo import Outgoing, VecozoSandbox
from hub.sandbox.vecozo_push import read_multipart

pytestmark = pytest.mark.shared
PUSH = "VSP-Koppeling_Berichtuitwisseling_REST_Push_V1_-_1.0.2.json"
PULL = "VSP-Koppeling_Berichtuitwisseling_REST_Pull_V1_-_1.0.0.json"
STATUS = {
    "v2": "VSP-Koppeling_Berichtstatus_REST_Pull_V2_-_2.1.0.json",
    "v3": "berichtstatus_rest_pull_v3_openapi.json",
}
MESSAGE = Message(key="k", kind="vektis-HA304-4.2", name="a.dat", payload=b"claims", meta={"receiver": "3332"})


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=datetime.now(UTC))


@pytest.fixture
def vecozo(pki: Pki) -> Iterator[VecozoSandbox]:
    def respond(payload: bytes, _facts: object) -> list[Outgoing]:
        return [Outgoing(payload=payload, reference="r")]

    with VecozoSandbox(pki, now=lambda: datetime(2024, 1, 15, tzinfo=UTC), responder=respond) as running:
        yield running


def specification(shared: Path, name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((shared / "data/vektis/vecozo" / name).read_text())
    return loaded


def faults(spec: dict[str, Any], component: str, value: object) -> list[str]:
    """What the specification says against a value; OpenAPI 3.0 components are read as JSON Schema draft 4."""
    schema = {"$ref": f"#/components/schemas/{component}", "components": spec["components"]}
    validator = Draft4Validator(schema, format_checker=FormatChecker())
    return [error.message for error in validator.iter_errors(value)]


def ask(vecozo: VecozoSandbox, pki: Pki, method: str, path: str, **more: Any) -> requests.Response:
    client = (str(pki.client.certificate), str(pki.client.key))
    url = vecozo.endpoint + path
    return requests.request(method, url, verify=str(pki.ca_file), cert=client, timeout=5, **more)


def test_what_we_push_is_what_the_specification_asks_for(shared: Path, vecozo: VecozoSandbox) -> None:
    spec = specification(shared, PUSH)
    channel = VecozoChannel.from_settings(vecozo.settings() | {"berichtsubtype": "Sub"})
    body, media_type = _multipart(MESSAGE, metadata(MESSAGE, channel.settings.flow))
    parts = read_multipart(body, media_type)
    encoding = spec["paths"]["/berichten"]["post"]["requestBody"]["content"]["multipart/form-data"]["encoding"]
    assert {name: kind for name, (kind, _) in parts.items()} == {
        name: facts["contentType"] for name, facts in encoding.items()
    }
    assert faults(spec, "BerichtMetadata", json.loads(parts["berichtMetadata"][1])) == []
    assert faults(spec, "BerichtMetadata", {"routeringgegevens": {}}), "the judge can say no"


def test_the_addresses_are_the_published_ones(shared: Path, vecozo: VecozoSandbox) -> None:
    channel = VecozoChannel.from_settings(vecozo.settings())
    channel.deliver(MESSAGE)
    (answer,) = channel.collect()
    channel.confirm(answer.remote_id)
    channel.lookup("k")
    VecozoChannel.from_settings(vecozo.settings() | {"status_version": "v2"}).lookup("k")
    published = set()
    for name in (PUSH, PULL, *STATUS.values()):
        spec = specification(shared, name)
        base = spec["servers"][0]["url"].removeprefix("https://api.vecozo.nl")
        published |= {(method.upper(), base + path) for path, methods in spec["paths"].items() for method in methods}
    used = {(line.method, line.path.replace(answer.remote_id, "{traceerId}")) for line in vecozo.server.log}
    assert len(used) == 6
    assert used <= published


def test_the_list_of_the_sandbox_is_as_published(shared: Path, vecozo: VecozoSandbox, pki: Pki) -> None:
    VecozoChannel.from_settings(vecozo.settings()).deliver(MESSAGE)
    spec = specification(shared, PULL)
    entries = ask(vecozo, pki, "GET", "/berichten/rest-pull/v1/berichten").json()
    assert len(entries) == 1
    assert faults(spec, "BerichtMetadata", entries[0]) == []
    download = entries[0]["basisgegevens"]["payload"]["url"]
    assert download.startswith(vecozo.endpoint)


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_every_status_of_the_sandbox_is_as_published_and_every_published_one_has_a_meaning(
    shared: Path, vecozo: VecozoSandbox, pki: Pki, version: str
) -> None:
    spec = specification(shared, STATUS[version])
    assert set(spec["components"]["schemas"]["Berichtstatus"]["enum"]) <= set(STATES)
    traceer = VecozoChannel.from_settings(vecozo.settings()).deliver(MESSAGE).remote_id
    for word in specification(shared, STATUS["v3"])["components"]["schemas"]["Berichtstatus"]["enum"]:
        vecozo.set_state(traceer, word, ("8001", "text"))
        path = f"/berichtstatus/rest-pull/{version}/berichtstatussen"
        found = ask(vecozo, pki, "GET", path, params={"traceerId": traceer}).json()
        assert len(found) == 2, "the message and the answer to it"
        assert [faults(spec, "BerichtstatusGegevens", one) for one in found] == [[], []]


def test_refusals_of_the_sandbox_are_as_published(shared: Path, vecozo: VecozoSandbox, pki: Pki) -> None:
    answer = ask(vecozo, pki, "POST", "/berichten/rest-push/v1/berichten", data=b"x")
    assert answer.status_code == 400
    assert faults(specification(shared, PUSH), "ValidationProblemDetails", answer.json()) == []
    answer = ask(vecozo, pki, "GET", "/berichten/rest-pull/v1/berichten", params={"limit": "251"})
    assert answer.status_code == 400
    assert faults(specification(shared, PULL), "ValidationProblemDetails", answer.json()) == []

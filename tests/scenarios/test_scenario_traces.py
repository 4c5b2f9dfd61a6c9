"""What an operator's tracing sees of a night: jobs, deliveries and collections, and nothing about anybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scheduler.plan import job_named
from scheduler.run import run_now
from tests.scenarios.world import NL, World, nl_list


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield kept
    provider.shutdown()


def test_a_night_is_spans_with_business_keys_and_partners_and_no_personal_data(world: World, exporter: Any) -> None:
    world.hand_in(nl_list())
    tenant = next(row for row in world.hub.store.tenants() if row["id"] == NL)
    for name in ("submit-nightly", "collect-hourly"):
        job = job_named(name)
        assert job is not None
        run_now(world.hub, tenant, job, "me")
    spans = exporter.get_finished_spans()
    jobs = {each.attributes["kvitt.job"]: each for each in spans if each.name == "job"}
    assert set(jobs) == {"submit-nightly", "collect-hourly"}
    assert not any(each.attributes["kvitt.failed"] for each in jobs.values())

    delivered = [each for each in spans if each.name == "deliver"]
    keys = {key for each in delivered for key in each.attributes.get("kvitt.keys", (each.attributes.get("kvitt.key"),))}
    assert keys == {row["business_key"] for row in world.exchanges(NL)}
    assert {each.attributes["kvitt.partner"] for each in delivered} == {row["partner"] for row in world.exchanges(NL)}
    inside = jobs["submit-nightly"].context.trace_id
    assert {each.context.trace_id for each in delivered} == {inside}, "a delivery is part of the job that made it"
    assert [each for each in spans if each.name == "collect"]

    said = str([(each.name, dict(each.attributes), each.events) for each in spans])
    columns = [line.split(";") for line in nl_list().decode().splitlines()[1:]]
    people = {value for row in columns for value in row if value.isdigit() and len(value) == 9}
    assert people
    assert not [bsn for bsn in people if bsn in said]

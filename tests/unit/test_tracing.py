"""Traces: what a span says of a job, a delivery and a collection, and that nothing is there without the extra."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from hub import tracing
from hub.errors import ConfigurationError, TransientError
from hub.tracing import span

WITHOUT = """
import sys
sys.modules["opentelemetry"] = None  # as where the extra is not installed
from hub.errors import ConfigurationError
from hub.tracing import span, start
with span("job", job="x") as told:
    told["more"] = 1
assert start({}, "kvitt") is False
assert not [name for name in sys.modules if name.startswith("opentelemetry.")]
try:
    start({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, "kvitt")
except ConfigurationError as error:
    assert "kvitt[otel]" in error.hint
else:
    raise SystemExit("it started without OpenTelemetry")
"""


def test_without_the_extra_nothing_is_imported_and_only_who_asks_for_it_is_told() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT], check=True, timeout=60)


def test_nothing_is_imported_where_the_extra_is_there_and_nobody_asks() -> None:
    code = "import sys, hub.tracing, scheduler.run\nwith hub.tracing.span('x'): pass\nassert 'opentelemetry' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Spans as an exporter gets them."""
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


def spans(exported: object) -> list[tuple[str, dict[str, object], str]]:
    found = exported.get_finished_spans()  # type: ignore[attr-defined]
    return [(each.name, dict(each.attributes or {}), each.status.status_code.name) for each in found]


def test_a_span_says_key_and_partner_and_of_an_error_its_class_only(exported: object) -> None:
    with span("deliver", key="NL:98099901:KV1", partner="menzis", attempt=2) as told:
        told["state"] = "sent"
    with pytest.raises(TransientError), span("collect", partner="999990019"):
        raise TransientError("the mailbox of Anna Testpersoon is away")
    delivered, collected = spans(exported)
    assert delivered == (
        "deliver",
        {"kvitt.key": "NL:98099901:KV1", "kvitt.partner": "menzis", "kvitt.attempt": 2, "kvitt.state": "sent"},
        "UNSET",
    )
    assert collected[2] == "ERROR"
    assert collected[1]["error.type"] == "TransientError"
    assert "Anna" not in str(collected)
    assert "999990019" not in str(collected), "what reads as a person's number is masked"


def test_an_endpoint_without_the_exporter_is_a_setting_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter", None)
    with pytest.raises(ConfigurationError, match="not installed"):
        tracing.start({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, "kvitt")

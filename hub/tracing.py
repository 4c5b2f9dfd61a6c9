"""Traces for OpenTelemetry, where somebody wants them (`kvitt[otel]` and OTEL_EXPORTER_OTLP_ENDPOINT).

A span is a job, a delivery or a collection, with the business key and the partner: what is in the log, and no more.
Nothing of OpenTelemetry is imported before `start` finds an address to send to; until then a span costs a look-up.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hub.errors import ConfigurationError
from hub.log import clean_text

Fact = str | int | bool | Sequence[str]
_PREFIX = "kvitt."
_WANTED = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_API = "opentelemetry.trace"


def start(environment: Mapping[str, str], service: str) -> bool:
    """Send spans to the collector the environment names; False where it names none."""
    if not any(environment.get(name) for name in _WANTED):
        return False
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # pyright: ignore[reportMissingImports]
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ConfigurationError(
            f"{_WANTED[1]} is set, and OpenTelemetry is not installed", hint='pip install "kvitt[otel]", or unset it'
        ) from error
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return True


@contextmanager
def span(name: str, **facts: Fact) -> Iterator[dict[str, Fact]]:
    """One piece of work; what is put into the dictionary it gives is part of it, and of an error only its class."""
    api: Any = sys.modules.get(_API)
    later: dict[str, Fact] = {}
    if api is None:
        yield later
        return
    begun = api.get_tracer("kvitt").start_as_current_span(
        name, attributes=_clean(facts), record_exception=False, set_status_on_exception=False
    )
    with begun as current:
        try:
            yield later
        except BaseException as error:
            current.set_attribute("error.type", type(error).__name__)
            current.set_status(api.StatusCode.ERROR)
            raise
        finally:
            current.set_attributes(_clean(later))


def _clean(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    return {_PREFIX + name: _said(value) for name, value in facts.items()}


def _said(value: Fact) -> Fact:
    if isinstance(value, (bool, int)):
        return value
    return clean_text(value) if isinstance(value, str) else [clean_text(each) for each in value]

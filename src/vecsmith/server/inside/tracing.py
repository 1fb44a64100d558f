"""A span for each request, by OpenTelemetry's names, where its programming interface is installed.

The names are those of the semantic conventions for HTTP (https://opentelemetry.io/docs/specs/semconv/http/http-spans/)
and for generative AI.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from vecsmith.middleware.traced import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vecsmith.server.visit import Visit

__all__ = ["Tracing", "spanned", "tracing"]

NOTHING: AbstractContextManager[None] = nullcontext()

BROKEN = 500
"""From here on a status says that the fault is the server's."""


class Tracing:
    """Makes a span of each request, within the trace that its ``traceparent`` names; texts are never recorded.

    Args:
        tracer_provider: OpenTelemetry's; None for the one of the process.

    Raises `ImportError` where OpenTelemetry is not installed.
    """

    def __init__(self, tracer_provider: Any = None) -> None:
        from opentelemetry import propagate, trace

        self.trace, self.extract = trace, propagate.extract
        self.provider = tracer_provider
        self.tracer = trace.get_tracer("vecsmith", tracer_provider=tracer_provider)

    @property
    def on(self) -> bool:
        """Whether anybody has set up where spans go."""
        return not isinstance(self.provider or self.trace.get_tracer_provider(), self.trace.ProxyTracerProvider)

    @contextmanager
    def span(self, visit: Visit, headers: Mapping[str, str]) -> Iterator[None]:
        """Hold a request's span open."""
        with self.tracer.start_as_current_span(
            f"{visit.method} {visit.route}",
            context=self.extract(headers),
            kind=self.trace.SpanKind.SERVER,
            attributes={"http.request.method": visit.method, "http.route": visit.route},
            record_exception=False,  # a message may repeat what was sent
            set_status_on_exception=False,
        ) as span:
            visit.trace = f"{span.get_span_context().trace_id:032x}"
            yield
            if span.is_recording():
                span.set_attributes(told(visit))
                if visit.status >= BROKEN:
                    span.set_status(self.trace.StatusCode.ERROR, visit.problem)


def told(visit: Visit) -> dict[str, str | int]:
    """Return what is known of a request when it was answered."""
    known: dict[str, str | int] = {
        "http.response.status_code": visit.status,
        "vecsmith.request.id": visit.id,
        "vecsmith.dialect": visit.dialect,
    }
    if visit.problem is not None:
        known["error.type"] = visit.problem
    if visit.model is None:
        return known
    known |= {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": visit.model}
    known |= {"vecsmith.texts": visit.texts, "vecsmith.cached": visit.cached}
    if visit.provider is not None:
        known["gen_ai.provider.name"] = PROVIDERS.get(visit.provider, visit.provider)
    if visit.space is not None:
        known |= {"gen_ai.response.model": visit.model, "gen_ai.usage.input_tokens": visit.tokens}
        known |= {"gen_ai.embeddings.dimension.count": visit.dimensions}
    return known


def tracing() -> Tracing | None:
    """Return what makes spans; None where OpenTelemetry is not installed."""
    try:
        return Tracing()
    except ImportError:
        return None


def spanned(tracing: Tracing | None, visit: Visit, headers: Mapping[str, str]) -> AbstractContextManager[None]:
    """Hold a request's span open, where there is anybody to see it."""
    return NOTHING if tracing is None or not tracing.on else tracing.span(visit, headers)

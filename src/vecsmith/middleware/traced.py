"""A span and two measurements for each call, by OpenTelemetry's names.

The names are those of the semantic conventions for generative AI (https://opentelemetry.io/docs/specs/semconv/gen-ai/),
which are still experimental.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vecsmith.errors import ConfigError
from vecsmith.middleware.layer import Layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.providers import GeneratedEmbeddings, Generates, GenerationOptions

__all__ = ["Traced"]

PROVIDERS = {"azure": "azure.ai.openai", "gemini": "gcp.gemini", "mistral": "mistral_ai"}
"""What the conventions call a provider, where it is not our name for it."""

PORTS = {"http": 80, "https": 443}


class Traced(Layer):
    """Makes a span ``embeddings MODEL`` of each call, and measures its seconds and tokens; texts are never recorded.

    Args:
        inner: What is asked.
        tracer_provider: OpenTelemetry's; None for the one of the process.
        meter_provider: OpenTelemetry's; None for the one of the process.

    Raises `ConfigError` where OpenTelemetry is not installed.
    """

    def __init__(self, inner: Generates, *, tracer_provider: Any = None, meter_provider: Any = None) -> None:
        super().__init__(inner)
        try:
            from opentelemetry import metrics, trace
        except ImportError:
            raise ConfigError(
                "traces need OpenTelemetry, which is not installed: run pip install 'vecsmith[telemetry]'"
            ) from None
        self.trace = trace
        self.tracer = trace.get_tracer("vecsmith", tracer_provider=tracer_provider)
        meter = metrics.get_meter("vecsmith", meter_provider=meter_provider)
        self.durations = meter.create_histogram("gen_ai.client.operation.duration", "s", "Seconds of a call")
        self.tokens = meter.create_histogram("gen_ai.client.token.usage", "{token}", "Tokens of a call")

    async def generate(self, values: Sequence[str], options: GenerationOptions | None = None) -> GeneratedEmbeddings:
        """Ask within a span."""
        asked = self.asked()
        name = f"embeddings {asked.get('gen_ai.request.model', '')}".rstrip()
        begun = time.perf_counter()
        with self.tracer.start_as_current_span(
            name,
            kind=self.trace.SpanKind.CLIENT,
            attributes=asked,
            record_exception=False,  # a message may repeat what was sent
            set_status_on_exception=False,
        ) as span:
            try:
                made = await super().generate(values, options)
            except Exception as error:
                failed: dict[str, str | int] = {
                    "error.type": str(getattr(error, "status", None) or type(error).__name__)
                }
                span.set_attributes(failed)
                span.set_status(self.trace.StatusCode.ERROR, type(error).__name__)
                self.durations.record(time.perf_counter() - begun, asked | failed)
                raise
            answered: dict[str, str | int] = asked | {"gen_ai.response.model": made.model}
            self.durations.record(time.perf_counter() - begun, answered)
            self.tokens.record(made.usage.input_tokens, answered | {"gen_ai.token.type": "input"})
            width, tokens = made.vectors.shape[1], made.usage.input_tokens
            told = {"gen_ai.embeddings.dimension.count": width, "gen_ai.usage.input_tokens": tokens}
            span.set_attributes(answered | told)
            return made

    def asked(self) -> dict[str, str | int]:
        """Return what is known before there is an answer."""
        metadata = getattr(self.inner, "metadata", None)
        said: dict[str, str | int] = {"gen_ai.operation.name": "embeddings", "gen_ai.provider.name": "unknown"}
        if metadata is None:
            return said
        said["gen_ai.provider.name"] = PROVIDERS.get(metadata.provider, metadata.provider)
        said["gen_ai.request.model"] = metadata.model
        return said | server(metadata.address)


def server(address: str | None) -> dict[str, str | int]:
    """Return where a service is; nothing for a model's folder."""
    parts = urlsplit(address or "")
    if parts.scheme not in PORTS or not parts.hostname:
        return {}
    return {"server.address": parts.hostname, "server.port": parts.port or PORTS[parts.scheme]}

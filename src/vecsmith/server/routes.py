"""The table of routes: which path speaks which wire format, and what is done there."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Literal

from vecsmith.dialects.cohere import CohereKey, CohereModel, CohereModels, CohereServer
from vecsmith.dialects.gemini_server import GeminiBatch, GeminiEmbed
from vecsmith.dialects.google import GeminiModel, GeminiModels, UnknownMethod
from vecsmith.dialects.openai import OpenAIServer
from vecsmith.dialects.palm import PalmBatch, PalmEmbed
from vecsmith.server.endpoint import Row
from vecsmith.server.works import embed, embed_several, model, models, nothing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["ROWS"]

OPENAI = OpenAIServer()

VERSIONS: tuple[Literal["1", "2"], ...] = ("1", "2")
"""Of Cohere's API."""

SHARED = "/v1"
"""The root whose lists of models several dialects share."""


def google(base: str) -> Iterable[Row]:
    """Return what Gemini and PaLM have beneath an address; a method is what stands behind the last colon."""
    one = f"{base}/models/{{model:path}}"
    yield Row("POST", f"{one}:embedContent", "gemini", GeminiEmbed(), embed_several)
    yield Row("POST", f"{one}:batchEmbedContents", "gemini", GeminiBatch(), embed_several)
    yield Row("POST", f"{one}:embedText", "palm", PalmEmbed(), embed)
    yield Row("POST", f"{one}:batchEmbedText", "palm", PalmBatch(), embed)
    yield Row("POST", f"{base}/models/{{method:path}}", "gemini", UnknownMethod(), nothing)
    yield Row("POST", f"{base}/openai/embeddings", "openai", OPENAI, embed)
    if base != SHARED:
        yield Row("GET", f"{base}/models", "gemini", GeminiModels(), models)
        yield Row("GET", one, "gemini", GeminiModel(), model)


COHERE: Sequence[Row] = (
    *(
        Row("POST", f"{prefix}/v{version}/embed", "cohere", CohereServer(version), embed)
        for prefix, version in product(("", "/cohere"), VERSIONS)
    ),
    Row("GET", "/cohere/v1/models", "cohere", CohereModels(), models),
    Row("GET", "/cohere/v1/models/{model:path}", "cohere", CohereModel(), model),
    *(Row("POST", f"{prefix}/v1/check-api-key", "cohere", CohereKey(), nothing) for prefix in ("", "/cohere")),
)

ROWS: Sequence[Row] = (
    *(Row("POST", f"{base}/embeddings", "openai", OPENAI, embed) for base in ("/openai/v1", SHARED)),
    *(
        row
        for prefix, version in product(("", "/gemini"), ("v1beta", "v1", "v1beta2", "v1beta3"))
        for row in google(f"{prefix}/{version}")
    ),
    *COHERE,
)

"""The table of routes: which path speaks which wire format, and what is done there."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Literal

from vecsmith.dialects.azure import AzureServer, from_azure
from vecsmith.dialects.cards import Cards, OneCard, openai_card
from vecsmith.dialects.cohere import CohereKey, CohereModel, CohereModels, CohereServer
from vecsmith.dialects.cohere_tokens import CohereDetokenize, CohereTokenize
from vecsmith.dialects.functions import FunctionEmbed, FunctionPreflight
from vecsmith.dialects.gemini_server import GeminiBatch, GeminiEmbed
from vecsmith.dialects.google import GeminiModel, GeminiModels, UnknownMethod, from_google
from vecsmith.dialects.jina import JinaServer, jina_card
from vecsmith.dialects.mistral import MistralServer, mistral_card
from vecsmith.dialects.ollama import OllamaEmbed, OllamaOld, OllamaShow, OllamaTags, running, version
from vecsmith.dialects.ollama_openai import OllamaOpenAI
from vecsmith.dialects.openai import OpenAIServer
from vecsmith.dialects.palm import PalmBatch, PalmEmbed
from vecsmith.dialects.root import RootServer, root_card, root_list, union_error
from vecsmith.dialects.voyage import VoyageServer
from vecsmith.server.endpoint import Row
from vecsmith.server.inside import routes as inside
from vecsmith.server.inside.openapi import OpenAPI, describe
from vecsmith.server.routes_tei import HUGGING_FACE, TEI
from vecsmith.server.works.embed import embed, embed_several, model, models, nothing
from vecsmith.server.works.single import function
from vecsmith.server.works.tokens import METHODS, detokenize, tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from vecsmith.dialects.cards import Card
    from vecsmith.dialects.serving import Incoming, Problem
    from vecsmith.wire import HttpResponse

__all__ = ["ROWS"]


def listing(
    base: str,
    dialect: str,
    card: Card,
    error: Callable[[Problem], HttpResponse],
    when: Callable[[Incoming], bool] | None = None,
) -> Sequence[Row]:
    """Return the routes of a list of models in the shape of OpenAI's, and of each of them."""
    return (
        Row("GET", f"{base}/models", dialect, Cards(card, error), models, when=when),
        Row("GET", f"{base}/models/{{model:path}}", dialect, OneCard(card, error), model, when=when),
    )


OPENAI, AZURE, VOYAGE, MISTRAL, JINA, ROOT = (
    OpenAIServer(),
    AzureServer(),
    VoyageServer(),
    MistralServer(),
    JinaServer(),
    RootServer(),
)

OPENAIS: Sequence[Row] = (
    Row("POST", "/openai/v1/embeddings", "azure", AZURE, embed, when=from_azure),
    Row("POST", "/openai/v1/embeddings", "openai", OPENAI, embed),
    *listing("/openai/v1", "azure", openai_card, AZURE.render_error, from_azure),
    *listing("/openai/v1", "openai", openai_card, OPENAI.render_error),
    Row("POST", "/openai/deployments/{model:path}/embeddings", "azure", AZURE, embed),
    *listing("/openai", "azure", openai_card, AZURE.render_error),
)

COPIES: Sequence[Row] = (
    Row("POST", "/voyage/v1/embeddings", "voyage", VOYAGE, embed),
    *listing("/voyage/v1", "voyage", openai_card, VOYAGE.render_error),
    Row("POST", "/mistral/v1/embeddings", "mistral", MISTRAL, embed),
    *listing("/mistral/v1", "mistral", mistral_card, MISTRAL.render_error),
    Row("POST", "/jina/v1/embeddings", "jina", JINA, embed),
    *listing("/jina/v1", "jina", jina_card, JINA.render_error),
)

SHARED: Sequence[Row] = (
    Row("GET", "/v1/models", "gemini", GeminiModels(), models, when=from_google),
    Row("GET", "/v1/models/{model:path}", "gemini", GeminiModel(), model, when=from_google),
    Row("POST", "/v1/embeddings", "root", ROOT, embed),
    Row("GET", "/v1/models", "root", Cards(root_card, union_error, root_list), models),
    Row("GET", "/v1/models/{model:path}", "root", OneCard(root_card, union_error), model),
)
"""The root forms; a row for requests that are told apart, such as Gemini's, stands before the one for all others."""

OLLAMA: Sequence[Row] = (
    *(
        row
        for base in ("/ollama", "")
        for row in (
            Row("POST", f"{base}/api/embed", "ollama", OllamaEmbed(), embed),
            Row("POST", f"{base}/api/embeddings", "ollama", OllamaOld(), embed),
            Row("GET", f"{base}/api/tags", "ollama", OllamaTags(), models),
            Row("GET", f"{base}/api/ps", "ollama", OllamaTags(loaded=True), models),
            Row("POST", f"{base}/api/show", "ollama", OllamaShow(), model),
            Row("GET", f"{base}/api/version", "ollama", version(), nothing, open=True),
        )
    ),
    *(Row("GET", path, "ollama", running(), nothing, open=True) for path in ("/ollama", "/ollama/")),
    Row("POST", "/ollama/v1/embeddings", "ollama", OllamaOpenAI(), embed),
    *listing("/ollama/v1", "ollama", openai_card, OllamaOpenAI().render_error),
)

VERSIONS: tuple[Literal["1", "2"], ...] = ("1", "2")
"""Of Cohere's API."""

ROOT_BASE = "/v1"
"""The root whose lists of models several dialects share."""


def google(base: str) -> Iterable[Row]:
    """Return what Gemini and PaLM have beneath an address; a method is what stands behind the last colon."""
    one = f"{base}/models/{{model:path}}"
    yield Row("POST", f"{one}:embedContent", "gemini", GeminiEmbed(), embed_several)
    yield Row("POST", f"{one}:batchEmbedContents", "gemini", GeminiBatch(), embed_several)
    yield Row("POST", f"{one}:embedText", "palm", PalmEmbed(), embed)
    yield Row("POST", f"{one}:batchEmbedText", "palm", PalmBatch(), embed)
    for method, (side, work) in METHODS.items():
        yield Row("POST", f"{one}:{method}", "palm" if "Text" in method else "gemini", side, work)
    yield Row("POST", f"{base}/models/{{method:path}}", "gemini", UnknownMethod(), nothing)
    yield Row("POST", f"{base}/openai/embeddings", "openai", OPENAI, embed)
    if base != ROOT_BASE:
        yield Row("GET", f"{base}/models", "gemini", GeminiModels(), models)
        yield Row("GET", one, "gemini", GeminiModel(), model)


COHERE: Sequence[Row] = (
    *(
        Row("POST", f"{prefix}/v{release}/embed", "cohere", CohereServer(release), embed)
        for prefix, release in product(("", "/cohere"), VERSIONS)
    ),
    Row("GET", "/cohere/v1/models", "cohere", CohereModels(), models),
    Row("GET", "/cohere/v1/models/{model:path}", "cohere", CohereModel(), model),
    *(Row("POST", f"{prefix}/v1/check-api-key", "cohere", CohereKey(), nothing) for prefix in ("", "/cohere")),
    *(Row("POST", f"{prefix}/v1/tokenize", "cohere", CohereTokenize(), tokenize) for prefix in ("", "/cohere")),
    *(Row("POST", f"{prefix}/v1/detokenize", "cohere", CohereDetokenize(), detokenize) for prefix in ("", "/cohere")),
)

GOOGLE: Sequence[Row] = tuple(
    row
    for prefix, release in product(("", "/gemini"), ("v1beta", "v1", "v1beta2", "v1beta3"))
    for row in google(f"{prefix}/{release}")
)

FUNCTIONS: Sequence[Row] = (
    Row("POST", "/functions/v1/{name}", "functions", FunctionEmbed(), function),
    Row("OPTIONS", "/functions/v1/{name}", "functions", FunctionPreflight(), nothing, open=True),
)

DESCRIPTION = Row("GET", "/openapi.json", "own", OpenAPI(), describe, open=True)

ROWS: Sequence[Row] = (
    *OPENAIS,
    *COPIES,
    *SHARED,
    *GOOGLE,
    *COHERE,
    *OLLAMA,
    *TEI,
    *HUGGING_FACE,
    *FUNCTIONS,
    DESCRIPTION,
    *inside.ROWS,
)

"""The table of routes: which path speaks which wire format, and what is done there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecsmith.dialects.azure import AzureServer, from_azure
from vecsmith.dialects.cards import Cards, OneCard, openai_card
from vecsmith.dialects.jina import JinaServer, jina_card
from vecsmith.dialects.mistral import MistralServer, mistral_card
from vecsmith.dialects.ollama import OllamaEmbed, OllamaOld, OllamaShow, OllamaTags, running, version
from vecsmith.dialects.ollama_openai import OllamaOpenAI
from vecsmith.dialects.openai import OpenAIServer
from vecsmith.dialects.root import RootServer, root_card, root_list, union_error
from vecsmith.dialects.voyage import VoyageServer
from vecsmith.server.endpoint import Row
from vecsmith.server.works import embed, model, models, nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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

ROWS: Sequence[Row] = (*OPENAIS, *COPIES, *SHARED, *OLLAMA)

"""LiteLLM, by each of its prefixes that reach a server of ours."""

import os
from functools import partial

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or it asks another host for prices

import litellm
from checks import Client, Refusal, Wish

litellm.suppress_debug_info = True


def at(base):
    return lambda address, key, retries: {"api_base": address + base, "api_key": key, "max_retries": retries}


def embed(client, model, texts, prefix, **said):
    texts = [texts] if isinstance(texts, str) else texts
    rows = litellm.embedding(f"{prefix}/{model}", texts, **client, **said).data
    return [row["embedding"] for row in rows]


DIMENSIONS = {"dimensions": Wish({"dimensions": 128}, "cut")}
REFUSED = {
    "key": Refusal(litellm.AuthenticationError),
    "model": Refusal(litellm.NotFoundError, "--alias"),
    "long": Refusal((litellm.BadRequestError, litellm.ContextWindowExceededError), "token"),
}
REFUSED_400 = {**REFUSED, "model": Refusal(litellm.BadRequestError, "--alias")}
"""By services that have another status for what is not there."""


def client(prefix, model, base, wishes=DIMENSIONS, refused=REFUSED, **more):
    return Client("litellm", model, at(base), partial(embed, prefix=prefix), wishes, refused, **more)


CLIENTS = {
    "litellm openai/": client(
        "openai",
        "text-embedding-3-small",
        "/openai/v1",
        {
            **DIMENSIONS,
            "float": Wish({"encoding_format": "float"}, "plain"),
        },
        long=None,
    ),
    "litellm azure/": client("azure", "text-embedding-3-small", "", long=None),
    "litellm gemini/": client(
        "gemini",
        "gemini-embedding-001",
        "/gemini/v1beta",
        refused={**REFUSED, "key": Refusal(litellm.BadRequestError, "API_KEY_INVALID")},
    ),
    "litellm cohere/": client(
        "cohere",
        "embed-v4.0",
        "/cohere/v2/embed",
        {"a query": Wish({"input_type": "search_query"}, "query")},
        plain="document",
        long="long_document",
    ),
    "litellm voyage/": client("voyage", "voyage-3.5", "/voyage/v1", refused=REFUSED_400),
    "litellm mistral/": client("mistral", "mistral-embed", "/mistral/v1", {}, long=None),
    "litellm jina_ai/": client(
        "jina_ai",
        "jina-embeddings-v3",
        "/jina/v1",
        refused=REFUSED_400,
        long=None,
    ),
    "litellm ollama/": client("ollama", "nomic-embed-text", "/ollama"),
    "litellm huggingface/": Client(
        "litellm",
        "nomic-embed-text",
        at("/tei"),
        partial(embed, prefix="huggingface", input_type="feature-extraction"),  # or it asks another host for it
        refused={"key": REFUSED["key"]},
        slashes=False,
    ),
}

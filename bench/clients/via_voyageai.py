"""Voyage's client."""

import voyageai
from checks import Client, Refusal, Wish
from voyageai import error


def at(base):
    return lambda address, key, retries: voyageai.Client(key, base_url=address + base, max_retries=retries)


def embed(client, model, texts, **said):
    return client.embed([texts] if isinstance(texts, str) else texts, model, **said).embeddings


COMMON = {
    "embed": embed,
    "wishes": {
        "dimensions": Wish({"output_dimension": 128}, "cut"),
        "a query": Wish({"input_type": "query"}, "query"),
        "a document": Wish({"input_type": "document"}, "document"),
        "float": Wish({"output_dtype": "float"}, "plain"),
        "int8": Wish({"output_dtype": "int8"}, "int8", 1),
        "uint8": Wish({"output_dtype": "uint8"}, "uint8", 1),
        "binary": Wish({"output_dtype": "binary"}, "binary", 0),
        "ubinary": Wish({"output_dtype": "ubinary"}, "ubinary", 0),
    },
    "refused": {
        "key": Refusal(error.AuthenticationError),
        "model": Refusal(error.InvalidRequestError, "--alias"),
        "rate": Refusal(error.RateLimitError),
    },
}
SHARED = {**COMMON["refused"], "model": Refusal(error.APIError, "--alias")}
"""At the root a model that is not served is answered with OpenAI's status, which this client does not know."""


def embed_whole(client, model, texts):
    """Ask for what is too long to be refused, and not cut."""
    return embed(client, model, texts, truncation=False)


CLIENTS = {
    "voyageai": Client("voyageai", "voyage-3.5", at("/voyage/v1"), retries=6, **COMMON),
    "voyageai at the root": Client("voyageai", "voyage-3.5", at("/v1"), **{**COMMON, "refused": SHARED}),
    "voyageai without cutting": Client(
        "voyageai",
        "voyage-3.5",
        at("/voyage/v1"),
        embed_whole,
        refused={"long": Refusal(error.InvalidRequestError, "token")},
        long=None,
    ),
}

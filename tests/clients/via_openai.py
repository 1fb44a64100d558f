"""OpenAI's client, and Azure's in the same package."""

import base64
import struct

import openai
from checks import Client, Refusal, Wish


def client(address, key, retries):
    return openai.OpenAI(base_url=address, api_key=key, max_retries=retries)


def at(base):
    return lambda address, key, retries: client(address + base, key, retries)


def azure(address, key, retries):
    return openai.AzureOpenAI(azure_endpoint=address, api_version="2024-10-21", api_key=key, max_retries=retries)


def embed(client, model, texts, **said):
    return [numbers(item.embedding) for item in client.embeddings.create(model=model, input=texts, **said).data]


def numbers(vector):
    """Whoever asks this client for base64 gets it as it came."""
    if isinstance(vector, str):
        raw = base64.b64decode(vector)
        return struct.unpack(f"<{len(raw) // 4}f", raw)
    return vector


def models(client):
    return [model.id for model in client.models.list()]


WISHES = {
    "float": Wish({"encoding_format": "float"}, "plain"),
    "base64": Wish({"encoding_format": "base64"}, "plain"),
    "dimensions": Wish({"dimensions": 128}, "cut"),
    "token ids": Wish({}, "plain", text="ids"),
    "a query": Wish({"extra_body": {"task": "query"}}, "query"),
    "a document": Wish({"extra_body": {"task": "search_document"}}, "document"),
    "a long text that may be cut": Wish({"extra_body": {"on_long": "truncate"}}, "long", text="long"),
}
REFUSED = {
    "key": Refusal(openai.AuthenticationError),
    "model": Refusal(openai.NotFoundError, "--alias"),
    "long": Refusal(openai.BadRequestError, "token"),
    "rate": Refusal(openai.RateLimitError),
}
COMMON = {"embed": embed, "wishes": WISHES, "refused": REFUSED, "models": models, "long": None}

CLIENTS = {
    "openai": Client("openai", "text-embedding-3-small", at("/openai/v1"), retries=4, **COMMON),
    "openai at the root": Client("openai", "text-embedding-3-small", at("/v1"), **COMMON),
    "openai for gemini": Client("openai", "gemini-embedding-001", at("/v1beta/openai/"), **{**COMMON, "models": None}),
    "openai for ollama": Client(
        "openai",
        "nomic-embed-text",
        at("/ollama/v1"),
        embed,
        models=models,
        wishes={name: WISHES[name] for name in ("float", "base64", "dimensions")},
        refused={name: REFUSED[name] for name in ("key", "model")},
    ),
    "azure": Client("openai", "text-embedding-3-small", azure, retries=4, **COMMON),
}

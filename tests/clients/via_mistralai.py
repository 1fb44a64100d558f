"""Mistral's client."""

from checks import Client, Refusal, Wish
from mistralai.client import Mistral, errors
from mistralai.client.utils import BackoffStrategy, RetryConfig


def at(base):
    def connect(address, key, retries):
        again = RetryConfig("backoff", BackoffStrategy(500, 4000, 1.5, retries * 10_000), False) if retries else None
        return Mistral(api_key=key, server_url=address + base, retry_config=again)

    return connect


def embed(client, model, texts, **said):
    return [item.embedding for item in client.embeddings.create(model=model, inputs=texts, **said).data]


def models(client):
    return [model.id for model in client.models.list().data]


COMMON = {
    "embed": embed,
    "wishes": {
        "float": Wish({"encoding_format": "float"}, "plain"),
        "dimensions": Wish({"output_dimension": 128}, "cut"),
        "int8": Wish({"output_dtype": "int8"}, "int8", 1),
        "uint8": Wish({"output_dtype": "uint8"}, "uint8", 1),
        "binary": Wish({"output_dtype": "binary"}, "binary", 0),
        "ubinary": Wish({"output_dtype": "ubinary"}, "ubinary", 0),
    },
    "refused": {
        "key": Refusal(errors.SDKError, "401"),
        "model": Refusal(errors.SDKError, "--alias"),
        "long": Refusal(errors.SDKError, "400"),
        "rate": Refusal(errors.SDKError, "429"),
    },
    "models": models,
    "long": None,
}

CLIENTS = {
    "mistralai": Client("mistralai", "mistral-embed", at("/mistral"), retries=3, **COMMON),
    "mistralai at the root": Client("mistralai", "mistral-embed", at(""), **COMMON),
}

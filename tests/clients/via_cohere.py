"""Cohere's client, in both versions of its API."""

import base64
import struct

import cohere
from checks import Client, Refusal, Wish


def first(base):
    return lambda address, key, retries: cohere.Client(key, base_url=address + base, max_retries=retries)


def second(base):
    return lambda address, key, retries: cohere.ClientV2(key, base_url=address + base, max_retries=retries)


def embed(client, model, texts, **said):
    texts = [texts] if isinstance(texts, str) else texts
    wish = {"input_type": "search_document", **said}
    kind = wish.setdefault("embedding_types", ["float"])[0]
    found = getattr(client.embed(model=model, texts=texts, **wish).embeddings, "float_" if kind == "float" else kind)
    return [unpacked(row) for row in found] if kind == "base64" else found


def unpacked(row):
    raw = base64.b64decode(row)
    return struct.unpack(f"<{len(raw) // 4}f", raw)


def embed_floats(client, model, texts, **said):
    """Do as programs of version 1 do, that name no type."""
    texts = [texts] if isinstance(texts, str) else texts
    return client.embed(model=model, texts=texts, **said).embeddings


def models(client):
    return [model.name for model in client.models.list().models]


WISHES = {
    "a query": Wish({"input_type": "search_query"}, "query"),
    "base64": Wish({"embedding_types": ["base64"]}, "document"),
    "cut at the start": Wish({"truncate": "START"}, "long_document_start", text="long"),
}
SECOND = {
    "dimensions": Wish({"output_dimension": 128, "input_type": "semantic_similarity"}, "cut"),
    **{
        name: Wish({"embedding_types": [name], "input_type": "semantic_similarity"}, name, within)
        for name, within in (("int8", 1), ("uint8", 1), ("binary", 0), ("ubinary", 0))
    },
}
REFUSED = {
    "key": Refusal(cohere.UnauthorizedError),
    "model": Refusal(cohere.NotFoundError, "--alias"),
    "rate": Refusal(cohere.TooManyRequestsError),
}
COMMON = {"refused": REFUSED}
TYPED = {"plain": "document", "long": "long_document", **COMMON}

CLIENTS = {
    "cohere v2": Client(
        "cohere", "embed-v4.0", second("/cohere"), embed, WISHES | SECOND, models=models, retries=4, **TYPED
    ),
    "cohere v2 at the root": Client("cohere", "embed-v4.0", second(""), embed, WISHES | SECOND, models=models, **TYPED),
    "cohere v1": Client("cohere", "embed-v4.0", first("/cohere"), embed, WISHES, models=models, **TYPED),
    "cohere v1 without types": Client("cohere", "embed-v4.0", first(""), embed_floats, **COMMON),
}

"""Hugging Face's client, as programs for Text Embeddings Inference use it."""

from checks import Client, Refusal, Wish
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError


def at(base):
    def connect(address, key, retries):  # it asks once
        return InferenceClient(model=address + base, token=key)

    return connect


def named(address, key, retries):
    """Return a client without a model, and where its models are."""
    return InferenceClient(token=key), f"{address}/hf-inference/models/"


def embed(client, model, texts, **said):
    return client.feature_extraction(texts, **said).tolist()


def embed_named(client, model, texts, **said):
    inference, address = client
    where = f"{address}{model}/pipeline/feature-extraction"
    return inference.feature_extraction(texts, model=where, **said).reshape(-1, 384).tolist()


WISHES = {
    "a prompt by name": Wish({"prompt_name": "query"}, "query"),
    "dimensions": Wish({"dimensions": 128}, "cut"),
    "unit length": Wish({"normalize": True}, "plain"),
    "cut at the start": Wish({"truncate": True, "truncation_direction": "left"}, "long_start", text="long"),
}
REFUSED = {"key": Refusal(HfHubHTTPError, "401")}
COMMON = {"embed": embed, "wishes": WISHES, "refused": REFUSED, "slashes": False}

CLIENTS = {
    "huggingface_hub": Client("huggingface_hub", "", at("/tei"), **COMMON),
    "huggingface_hub at the root": Client("huggingface_hub", "", at("/"), **COMMON),
    "huggingface_hub by names": Client(
        "huggingface_hub",
        "nomic-embed-text",
        named,
        embed_named,
        {"unit length": WISHES["unit length"]},
        {**REFUSED, "model": Refusal(HfHubHTTPError, "404")},
    ),
}

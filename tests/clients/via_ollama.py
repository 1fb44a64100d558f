"""Ollama's client, by its new call and its old one."""

import ollama
from checks import Client, Refusal, Wish


def at(base):
    def connect(address, key, retries):  # it asks once
        return ollama.Client(address + base, headers={"authorization": f"Bearer {key}"})

    return connect


def embed(client, model, texts, **said):
    return client.embed(model, texts, **said).embeddings


def embed_old(client, model, texts, **said):
    texts = [texts] if isinstance(texts, str) else texts
    return [client.embeddings(model, text, **said).embedding for text in texts]


def models(client):
    return [model.model for model in client.list().models]


WISHES = {
    "dimensions": Wish({"dimensions": 128}, "cut"),
    "options that mean nothing": Wish({"options": {"num_ctx": 512}, "keep_alive": "5m"}, "plain"),
    "a long text that may be cut": Wish({"truncate": True}, "long", text="long"),
}
REFUSED = {
    "key": Refusal(ollama.ResponseError, "401"),
    "model": Refusal(ollama.ResponseError, "--alias"),
    "long": Refusal(ollama.ResponseError, "400"),
}
ONE = {"model": REFUSED["model"], "long": REFUSED["long"]}

CLIENTS = {
    "ollama": Client("ollama", "nomic-embed-text", at("/ollama"), embed, WISHES, REFUSED, models),
    "ollama at the root": Client("ollama", "nomic-embed-text", at(""), embed, WISHES, REFUSED, models),
    "ollama, one at a time": Client(
        "ollama", "nomic-embed-text:latest", at(""), embed_old, refused=ONE, plain="raw", long=None
    ),
}

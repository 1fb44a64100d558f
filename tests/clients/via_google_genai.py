"""Google's client for Gemini."""

from checks import Client, Refusal, Wish
from google import genai
from google.genai import errors, types


def at(base, version=None):
    def connect(address, key, retries):
        again = types.HttpRetryOptions(attempts=retries, initial_delay=1, max_delay=4) if retries else None
        where = types.HttpOptions(base_url=address + base, retry_options=again, api_version=version)
        return genai.Client(api_key=key, http_options=where)

    return connect


def embed(client, model, texts, **said):
    answer = client.models.embed_content(model=model, contents=texts, config=said or None)
    return [one.values for one in answer.embeddings]


def models(client):
    return [model.name for model in client.models.list()]


def client_at(base, version=None, retries=0):
    return Client(
        "google-genai",
        "gemini-embedding-001",
        at(base, version),
        embed,
        wishes={
            "dimensions": Wish({"output_dimensionality": 128}, "cut"),
            "a query": Wish({"task_type": "RETRIEVAL_QUERY"}, "query"),
            "a document": Wish({"task_type": "RETRIEVAL_DOCUMENT"}, "document"),
        },
        refused={
            "key": Refusal(errors.ClientError, "400 INVALID_ARGUMENT"),
            "model": Refusal(errors.ClientError, "404 NOT_FOUND"),
            "rate": Refusal(errors.ClientError, "429"),
        },
        models=models,
        retries=retries,
    )


CLIENTS = {
    "google-genai": client_at("", retries=6),
    "google-genai below /gemini": client_at("/gemini"),
    "google-genai v1beta": client_at("", "v1beta"),
}

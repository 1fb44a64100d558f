"""Google's first client, which is no longer kept, over REST: Gemini's calls, and PaLM's."""

import google.generativeai as genai
from checks import Client, Refusal, Wish
from google.api_core import exceptions
from google.api_core.retry import Retry


def connect(address, key, retries):
    genai.configure(api_key=key, transport="rest", client_options={"api_endpoint": address})
    again = Retry(limited, initial=1, maximum=4, timeout=30) if retries else None
    return {"request_options": {"retry": again}} if again else {}


def limited(error):
    return isinstance(error, exceptions.TooManyRequests)


def embed(client, model, texts, **said):
    found = genai.embed_content(f"models/{model}", texts, **said, **client)["embedding"]
    return [found] if isinstance(texts, str) else found


def embed_old(client, model, texts):
    found = genai.generate_embeddings(f"models/{model}", texts, **client)["embedding"]
    return [found] if isinstance(texts, str) else found


def models(client):
    return [model.name for model in genai.list_models()]


REFUSED = {
    "key": Refusal(exceptions.BadRequest, "API_KEY_INVALID"),
    "model": Refusal(exceptions.NotFound, "--alias"),
    "rate": Refusal(exceptions.TooManyRequests),
}
WISHES = {
    "dimensions": Wish({"output_dimensionality": 128}, "cut"),
    "a query": Wish({"task_type": "retrieval_query"}, "query"),
    "a document with a title": Wish({"task_type": "retrieval_document", "title": "none"}, "document"),
}

CLIENTS = {
    "google-generativeai embed_content": Client(
        "google-generativeai", "gemini-embedding-001", connect, embed, WISHES, REFUSED, models, retries=4, slashes=False
    ),
    "google-generativeai generate_embeddings": Client(
        "google-generativeai", "embedding-gecko-001", connect, embed_old, refused=REFUSED, retries=4, slashes=False
    ),
}

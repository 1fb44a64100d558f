"""LangChain's embeddings of OpenAI: token ids, which it sends unless told otherwise, and texts.

The ids are of `tiktoken_ext/bytes256.py`, because those of cl100k_base need a file that is fetched; the server is told
the same vocabulary. LangChain and tiktoken are as they come: `tiktoken_model_name` and plugins are settings of theirs.
"""

import openai
import tiktoken.model
from checks import Client, Refusal, Wish
from langchain_openai import OpenAIEmbeddings

tiktoken.model.MODEL_TO_ENCODING["bytes256"] = "bytes256"


def at(base, **settings):
    return lambda address, key, retries: {
        "base_url": address + base, "api_key": key, "max_retries": retries, **settings
    }  # fmt: skip


def embed(client, model, texts, **said):
    one = OpenAIEmbeddings(model=model, **client, **said)
    return [one.embed_query(texts)] if isinstance(texts, str) else one.embed_documents(texts)


REFUSED = {
    "key": Refusal(openai.AuthenticationError),
    "model": Refusal(openai.NotFoundError, "--alias"),
    "long": Refusal(openai.BadRequestError, "token"),
    "rate": Refusal(openai.RateLimitError),
}
COMMON = {
    "embed": embed,
    "wishes": {
        "dimensions": Wish({"dimensions": 128}, "cut"),
        "float": Wish({"model_kwargs": {"encoding_format": "float"}}, "plain"),
    },
    "refused": REFUSED,
    "long": None,
}
IDS = {"tiktoken_model_name": "bytes256"}
TEXTS = {"check_embedding_ctx_length": False}

CLIENTS = {
    "langchain-openai, token ids": Client(
        "langchain-openai", "text-embedding-3-small", at("/openai/v1", **IDS), retries=4, **COMMON
    ),
    "langchain-openai, token ids at the root": Client(
        "langchain-openai", "text-embedding-3-small", at("/v1", **IDS), **COMMON
    ),
    "langchain-openai, texts": Client(
        "langchain-openai", "text-embedding-3-small", at("/openai/v1", **TEXTS), **COMMON
    ),
}

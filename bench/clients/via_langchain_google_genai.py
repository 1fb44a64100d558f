"""LangChain's embeddings of Gemini, over google-genai 2."""

from checks import Client, Refusal, Wish
from langchain_google_genai import GoogleGenerativeAIEmbeddings
from langchain_google_genai._common import GoogleGenerativeAIError


def connect(address, key, retries):  # it asks once
    return address, key


def embed(client, model, texts, **said):
    address, key = client
    one = GoogleGenerativeAIEmbeddings(model=model, base_url=address, google_api_key=key, **said)
    return [one.embed_query(texts)] if isinstance(texts, str) else one.embed_documents(texts)


def embed_queries(client, model, texts):
    address, key = client
    one = GoogleGenerativeAIEmbeddings(model=model, base_url=address, google_api_key=key)
    return [one.embed_query(text) for text in ([texts] if isinstance(texts, str) else texts)]


def embed_documents(client, model, texts, **said):
    return embed(client, model, [texts] if isinstance(texts, str) else texts, **said)


REFUSED = {
    "key": Refusal(GoogleGenerativeAIError, "400 INVALID_ARGUMENT"),
    "model": Refusal(GoogleGenerativeAIError, "--alias"),
}

CLIENTS = {
    "langchain-google-genai, documents": Client(
        "langchain-google-genai",
        "gemini-embedding-001",
        connect,
        embed_documents,
        {
            "dimensions": Wish({"output_dimensionality": 128, "task_type": "SEMANTIC_SIMILARITY"}, "cut"),
            "no particular task": Wish({"task_type": "SEMANTIC_SIMILARITY"}, "plain"),
        },
        REFUSED,
        plain="document",
        long="long_document",
    ),
    "langchain-google-genai, queries": Client(
        "langchain-google-genai", "gemini-embedding-001", connect, embed_queries, plain="query", long=None
    ),
}

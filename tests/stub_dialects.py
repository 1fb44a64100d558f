"""The wire formats of the stub's services: strict readers of requests, and the shapes of answers and errors.

A dialect takes the request and its body, and returns the texts, the width asked for, and what renders the answer;
it raises `Refusal` for what its service would not take.
"""

import base64

import numpy as np
from aiohttp import web


class Refusal(Exception):  # noqa: N818 (an answer, and no mistake of the stub)
    """What a service will not take: one of ``input``, ``key``, ``model`` and ``rate``, and its words."""

    def __init__(self, kind, message):
        self.kind, self.message = kind, message


def as_base64(vector):
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()


def plain(vector):
    return [float(x) for x in vector]


def known(body, *names):
    """Refuse members that are not among the names."""
    for name in body:
        if name not in names:
            raise Refusal("input", f"unknown member {name}")


def within(value, *allowed):
    if value not in allowed:
        raise Refusal("input", f"{value!r} is none of {allowed}")


def at_most(texts, most):
    if len(texts) > most:
        raise Refusal("input", f"at most {most} texts, not {len(texts)}")


def strings(given):
    texts = [given] if isinstance(given, str) else given
    if not texts or not all(isinstance(text, str) for text in texts):
        raise Refusal("input", "the input must be texts")
    return texts


def listed(body, number, usage, **more):
    """Render as OpenAI does."""

    def render(said):
        data = [{"object": "embedding", "index": i, "embedding": number(said["vectors"][i])} for i in said["order"]]
        counts = dict.fromkeys(usage, said["tokens"])
        return {"object": "list", "data": data, "model": body["model"], "usage": counts, **more}

    return render


def openai(request, body):
    """OpenAI's own, and whatever copies it."""
    texts = strings(body["input"])
    number = as_base64 if body.get("encoding_format") == "base64" else plain
    return texts, body.get("dimensions"), listed(body, number, ("prompt_tokens", "total_tokens"))


def voyage(request, body):
    known(body, "input", "model", "input_type", "truncation", "output_dimension", "output_dtype", "encoding_format")
    within(body.get("input_type"), None, "query", "document")
    within(body.get("output_dimension"), None, 256, 512, 1024, 2048)
    texts = strings(body["input"])
    at_most(texts, 1000)
    number = as_base64 if body.get("encoding_format") == "base64" else plain
    return texts, body.get("output_dimension"), listed(body, number, ("total_tokens",))


def mistral(request, body):
    known(body, "model", "input", "output_dimension", "output_dtype", "encoding_format", "metadata")
    texts = strings(body["input"])
    number = as_base64 if body.get("encoding_format") == "base64" else plain
    usage = ("prompt_tokens", "total_tokens")
    return texts, body.get("output_dimension"), listed(body, number, usage, id="00112233")


JINA_TASKS = (
    *("retrieval.query", "retrieval.passage", "text-matching", "classification", "separation", "clustering"),
    *("code.query", "code.passage", "nl2code.query", "nl2code.passage"),
)


def jina(request, body):
    known(body, "model", "input", "task", "dimensions", "embedding_type", "normalized", "truncate", "late_chunking")
    within(body.get("task"), None, *JINA_TASKS)
    texts = strings(body["input"])
    at_most(texts, 512)
    number = as_base64 if body.get("embedding_type") == "base64" else plain
    return texts, body.get("dimensions"), listed(body, number, ("total_tokens", "prompt_tokens"))


def cohere(request, body):
    known(
        body,
        *("model", "texts", "input_type", "embedding_types", "output_dimension", "truncate", "max_tokens", "priority"),
    )
    within(body.get("input_type"), "search_document", "search_query", "classification", "clustering")
    within(body.get("truncate", "END"), "START", "END", "NONE")
    within(body.get("output_dimension"), None, 256, 512, 1024, 1536)
    texts = strings(body["texts"])
    at_most(texts, 96)
    if "" in texts:
        raise Refusal("input", f"inputs contains an element that is the empty string at index {texts.index('')}")
    kinds = body.get("embedding_types", ["float"])
    numbers = {"float": plain, "base64": as_base64}

    def render(said):
        return {
            "id": "da6e531f",
            "embeddings": {kind: [numbers[kind](vector) for vector in said["vectors"]] for kind in kinds},
            "texts": texts,
            "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": float(said["tokens"])}},
            "response_type": "embeddings_by_type",
        }

    return texts, body.get("output_dimension"), render


GEMINI_TASKS = (
    *("RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT", "SEMANTIC_SIMILARITY", "CLASSIFICATION", "CLUSTERING"),
    *("QUESTION_ANSWERING", "FACT_VERIFICATION", "CODE_RETRIEVAL_QUERY"),
)


def gemini(request, body):
    known(body, "requests")
    at_most(body["requests"], 100)
    name = request.match_info["model"]
    body["model"] = name
    for one in body["requests"]:
        gemini_one(one, name)
    texts = ["".join(part["text"] for part in one["content"]["parts"]) for one in body["requests"]]
    width = body["requests"][0].get("outputDimensionality")
    scale = 1 if width in {None, 3072} or "gemini-embedding-2" in name else 3

    def render(said):
        usage = {"promptTokenCount": said["tokens"]}
        return {"embeddings": [{"values": plain(scale * v)} for v in said["vectors"]], "usageMetadata": usage}

    return texts, width, render


def gemini_one(one, name):
    """Refuse one text's request where it is not as it should be."""
    known(one, "model", "content", "taskType", "title", "outputDimensionality")
    within(one["model"], f"models/{name}")
    within(one.get("taskType"), None, *(() if "gemini-embedding-2" in name else GEMINI_TASKS))
    if "title" in one:
        within(one.get("taskType"), "RETRIEVAL_DOCUMENT")


# How each service words a refusal: the status and the body for each kind.


def openai_error(kind, message):
    status, code = {
        "input": (400, None),
        "key": (401, "invalid_api_key"),
        "model": (404, "model_not_found"),
        "rate": (429, "rate_limit_exceeded"),
    }[kind]
    return status, {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}


def gemini_error(kind, message):
    status, code = {
        "input": (400, "INVALID_ARGUMENT"),
        "key": (400, "INVALID_ARGUMENT"),
        "model": (404, "NOT_FOUND"),
        "rate": (429, "RESOURCE_EXHAUSTED"),
    }[kind]
    info = "type.googleapis.com/google.rpc."
    details = {
        "key": [{"@type": f"{info}ErrorInfo", "reason": "API_KEY_INVALID"}],
        "rate": [{"@type": f"{info}RetryInfo", "retryDelay": "1s"}],
    }.get(kind, [])
    return status, {"error": {"code": status, "message": message, "status": code, "details": details}}


def cohere_error(kind, message):
    return {"input": 400, "key": 401, "model": 404, "rate": 429}[kind], {"message": message}


def voyage_error(kind, message):
    return {"input": 400, "key": 401, "model": 400, "rate": 429}[kind], {"detail": message}


def mistral_error(kind, message):
    if kind == "input":
        return 422, {"detail": [{"loc": ["body", "input"], "msg": message, "type": "invalid", "input": "secret"}]}
    if kind == "key":
        return 401, {"detail": "Unauthorized"}
    status, name, code = {"model": (400, "invalid_model", "1500"), "rate": (429, "rate_limited", "1300")}[kind]
    return status, {"object": "error", "message": message, "type": name, "param": None, "code": code}


def jina_error(kind, message):
    status, code = {
        "input": (422, "INPUT_INVALID"),
        "key": (401, "AUTH_INVALID"),
        "model": (400, "INPUT_MODEL_NOT_FOUND"),
        "rate": (429, "RATE_REQUEST_LIMIT_EXCEEDED"),
    }[kind]
    return status, {"detail": message, "code": code, "request_id": "0"}


ERRORS = {
    cohere: cohere_error,
    gemini: gemini_error,
    jina: jina_error,
    mistral: mistral_error,
    voyage: voyage_error,
}
"""OpenAI's for those that are not here."""

ROUTES = {
    "/v1/embeddings": openai,
    "/cohere/v2/embed": cohere,
    "/gemini/v1beta/models/{model}:batchEmbedContents": gemini,
    "/jina/v1/embeddings": jina,
    "/mistral/v1/embeddings": mistral,
    "/voyage/v1/embeddings": voyage,
}
"""A service's own paths begin with its name where several have the same."""


def refusal(dialect, kind, message, headers=None):
    """Return the response of a refusal."""
    status, body = ERRORS.get(dialect, openai_error)(kind, message)
    return web.json_response(body, status=status, headers=headers)

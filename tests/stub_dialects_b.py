"""The stub's routes for Azure, Ollama, TEI, Hugging Face and another vecsmith: as strict as each is."""

import base64
import json

import numpy as np
from aiohttp import web

BATCH = 8
"""Texts that TEI takes in a request; it says so in ``/info``."""

MODEL = "nomic-ai/nomic-embed-text-v1.5"
"""What TEI serves."""


asked = []
"""Models that were asked for, and are loaded the next time."""


def refused(status, body):
    """Return what is raised to answer with a status and JSON."""
    kinds = {
        400: web.HTTPBadRequest,
        404: web.HTTPNotFound,
        422: web.HTTPUnprocessableEntity,
        503: web.HTTPServiceUnavailable,
    }
    return kinds[status](text=json.dumps(body), content_type="application/json")


def plain(said):
    return [[float(x) for x in vector] for vector in said["vectors"]]


def ordered(said):
    """What has no indexes cannot be out of order: the stub's shuffling is left out."""
    said["order"] = list(range(len(said["vectors"])))
    return said


def openai_body(said, body):
    def number(vector):
        if body.get("encoding_format") == "base64":
            return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()
        return [float(x) for x in vector]

    data = [{"object": "embedding", "index": i, "embedding": number(said["vectors"][i])} for i in said["order"]]
    usage = {"prompt_tokens": said["tokens"], "total_tokens": said["tokens"]}
    return {"object": "list", "data": data, "model": "served", "usage": usage}


def only(body, *names):
    unknown = set(body) - set(names)
    if unknown:
        raise refused(400, {"error": {"message": f"unknown: {sorted(unknown)}", "code": "400"}})


def azure(request, body):
    """The classic form wants a version, the other must have none; both want the key in a header of its own."""
    only(body, "input", "model", "encoding_format", "dimensions")
    deployment = request.match_info.get("deployment", body["model"])
    if ("deployment" in request.match_info) != ("api-version" in request.query):
        raise refused(404, {"error": {"code": "404", "message": "Resource not found"}})
    if deployment == "missing":
        told = "The API deployment for this resource does not exist."
        raise refused(404, {"error": {"code": "DeploymentNotFound", "message": told}})
    if not ("api-key" in request.headers) ^ ("Authorization" in request.headers):
        raise refused(400, {"error": {"code": "400", "message": "one key, please"}})
    return body["input"], body.get("dimensions"), lambda said: openai_body(said, body)


def ollama(request, body):
    if set(body) - {"model", "input", "truncate", "dimensions", "keep_alive", "options"}:
        raise refused(400, {"error": "invalid request"})
    if body["model"] == "missing":
        raise refused(404, {"error": f'model "{body["model"]}" not found, try pulling it first'})
    if not body["truncate"] and any(len(text) > 1000 for text in body["input"]):
        raise refused(400, {"error": "the input length exceeds the context length"})

    def render(said):
        return {"model": body["model"], "embeddings": plain(ordered(said)), "prompt_eval_count": said["tokens"]}

    return body["input"], body.get("dimensions"), render


def tei(request, body):
    if set(body) - {"inputs", "truncate", "truncation_direction", "normalize", "dimensions", "prompt_name"}:
        raise refused(422, {"error": "unknown field", "error_type": "Validation"})
    if len(body["inputs"]) > BATCH:
        told = f"batch size {len(body['inputs'])} > maximum allowed batch size {BATCH}"
        raise refused(422, {"error": told, "error_type": "Validation"})
    if not all(body["inputs"]):
        raise refused(422, {"error": "`inputs` cannot be empty", "error_type": "Validation"})
    if not body["truncate"] and any(len(text) > 1000 for text in body["inputs"]):
        raise refused(422, {"error": "`inputs` must have less than 250 tokens", "error_type": "Validation"})
    return body["inputs"], body.get("dimensions"), lambda said: plain(ordered(said))


def huggingface(request, body):
    if set(body) - {"inputs", "truncate", "truncation_direction", "normalize", "prompt_name"}:
        raise refused(422, {"error": ["unknown field"]})
    model = request.match_info.get("model", "its own")
    if model == "org/missing":
        raise refused(404, {"error": "Not Found"})
    if model == "org/loading" and not asked:
        asked.append(model)
        raise refused(503, {"error": f"Model {model} is currently loading", "estimated_time": 0.02})
    if model == "org/tokens":
        return body["inputs"], None, lambda said: [[row, row] for row in plain(said)]
    if model == "org/flat":
        return body["inputs"], None, lambda said: plain(said)[0]
    return body["inputs"], None, lambda said: plain(ordered(said))


def vecsmith(request, body):
    only(body, "input", "model", "encoding_format", "dimensions", "task", "on_long", "prompt")
    texts = [f"{body.get('task', '')}|{body.get('prompt', '')}|{text}" for text in body["input"]]
    return texts, body.get("dimensions"), lambda said: openai_body(said, body)


async def info(request):
    told = {
        "model_id": MODEL,
        "model_sha": None,
        "model_type": {"embedding": {"pooling": "mean"}},
        "max_input_length": 8192,
        "max_client_batch_size": BATCH,
        "auto_truncate": True,
        "version": "1.9.3",
    }
    return web.json_response(told)


async def pinned(request):
    return web.json_response({"model_id": MODEL, "model_sha": request.match_info["sha"]})


async def mounted(request):
    return web.json_response({"model_id": "/data", "model_type": "embedding"})


async def reranker(request):
    return web.json_response({"model_id": "org/reranker", "model_type": {"reranker": {"id2label": {}}}})


async def tags(request):
    models = [
        {"name": "nomic-embed-text:latest", "capabilities": ["embedding"]},
        {"name": "all-minilm:22m"},
        {"name": "llama3.2:latest", "capabilities": ["completion"]},
    ]
    return web.json_response({"models": models})


ROUTES = {
    "/openai/deployments/{deployment}/embeddings": azure,
    "/openai/v1/embeddings": azure,
    "/api/embed": ollama,
    "/embed": tei,
    "/hidden/embed": tei,
    "/mounted/embed": tei,
    "/pinned/{sha}/embed": tei,
    "/hf-inference/models/{model:.+}/pipeline/feature-extraction": huggingface,
    "/endpoint": huggingface,
    "/vecsmith/v1/embeddings": vecsmith,
}
"""``/hidden`` is a TEI behind a gateway that lets ``/embed`` alone through."""

GETS = {
    "/info": info,
    "/mounted/info": mounted,
    "/pinned/{sha}/info": pinned,
    "/reranker/info": reranker,
    "/api/tags": tags,
}

"""Requests as any client sends them, and what comes back."""

import base64
import json
import urllib.error
import urllib.request
from typing import Any, NamedTuple

import numpy as np


def ask(address, path, body=None, *, method=None, **headers):
    """Send a request, with a body as JSON if there is one; return the status, the headers and what was said."""
    raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(address + path, raw, sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, said(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, said(error)


def said(answer):
    raw = answer.read()
    return json.loads(raw) if answer.headers.get("content-type", "").startswith("application/json") else raw


def vectors(body):
    """Return the vectors of an answer in OpenAI's shape, which must be in order."""
    assert [item["index"] for item in body["data"]] == list(range(len(body["data"])))
    return [item["embedding"] for item in body["data"]]


def unpacked(text, dtype="<f4"):
    return np.frombuffer(base64.b64decode(text, validate=True), dtype)


def post(address, path, body, headers=None):
    return ask(address, path, body, **(headers or {}))


def get(address, path, headers=None):
    return ask(address, path, **(headers or {}))


class Said(NamedTuple):
    status: int
    headers: Any
    body: Any
    """JSON as what it says, anything else as its bytes."""


def asked(address, path, body=None, headers=None, *, method=None):
    """Do the same, with what came back by name."""
    return Said(*ask(address, path, body, method=method, **(headers or {})))

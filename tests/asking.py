"""Plain requests to a server, and its answers."""

import json
import urllib.error
import urllib.request


def post(address, path, body, headers=None):
    """Return the status, the headers and the JSON of an answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ask(urllib.request.Request(address + path, data, {"content-type": "application/json", **(headers or {})}))


def get(address, path, headers=None):
    return ask(urllib.request.Request(address + path, headers=headers or {}))


def ask(request):
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, json.loads(error.read())

"""What a handler is given, and what becomes of what it returns."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from vecsmith.dialects.serving import Problem, json_response
from vecsmith.wire import HttpResponse

if TYPE_CHECKING:
    from starlette.exceptions import HTTPException
    from starlette.types import Message, Scope

    from vecsmith.dialects.serving import Incoming

__all__ = ["answer_of", "collected", "refused", "request_of"]


class FunctionRequest(Request):
    """A request, as Starlette has them."""

    async def json(self) -> Any:
        """Return its body; what is no JSON is the client's fault, and not the function's."""
        try:
            return json.loads(await self.body())
        except ValueError:
            raise Problem("input", "the body is not JSON: send an object of JSON") from None


def request_of(incoming: Incoming) -> FunctionRequest:
    """Return a request for a handler, its body read."""
    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": incoming.method,
        "scheme": "http",
        "path": incoming.path,
        "root_path": "",
        "query_string": incoming.named["query"].encode("latin-1"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in incoming.headers.items()],
        "client": (incoming.client, 0) if incoming.client else None,
        "path_params": {},
    }

    given = iter([incoming.body])

    async def receive() -> Message:
        for body in given:
            return {"type": "http.request", "body": body, "more_body": False}
        await asyncio.Event().wait()  # for a client that hangs up, which ends the handler itself
        return {"type": "http.disconnect"}

    return FunctionRequest(scope, receive)


async def answer_of(returned: Any, request: Request) -> HttpResponse:
    """Return what a handler returned as it is sent: text and bytes as they are, all else that is no response as JSON.

    Raises `TypeError` for what JSON does not have.
    """
    match returned:
        case Response():
            return await collected(returned, request)
        case None:
            return HttpResponse(204, {}, b"")
        case str():
            return HttpResponse(200, {"content-type": "text/plain; charset=utf-8"}, returned.encode())
        case bytes():
            return HttpResponse(200, {"content-type": "application/octet-stream"}, returned)
    try:
        return json_response(returned)
    except orjson.JSONEncodeError as error:
        words = f"the handler returned what is no JSON ({error}): return a dict, a list or a Response"
        raise TypeError(words) from None


async def collected(response: Response, request: Request) -> HttpResponse:
    """Return a response whole, after what it has to do."""
    status, headers, parts = 500, [], []

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], message["headers"]
        elif message["type"] == "http.response.body":
            parts.append(bytes(message.get("body", b"")))

    await response(request.scope, request.receive, send)
    named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
    return HttpResponse(status, named, b"".join(parts))


def refused(error: HTTPException) -> HttpResponse:
    """Return what a handler refuses with."""
    return json_response({"code": error.status_code, "message": error.detail}, error.status_code, error.headers)

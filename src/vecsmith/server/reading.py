"""Requests read from ASGI, no further than they may go."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from vecsmith.dialects.serving import Incoming, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope

    from vecsmith.server.settings import ServerSettings

__all__ = ["BEHIND", "Gone", "body_of", "head_of", "headers_of", "others_wait"]

BEHIND = "vecsmith.behind"
"""The extension of ASGI under which a request finds those that wait behind it on its connection."""


class Gone(Exception):  # noqa: N818 (nobody is left to be told)
    """The client hung up."""


def headers_of(scope: Scope) -> Mapping[str, str]:
    """Return a request's headers by name in lower case."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def head_of(scope: Scope, headers: Mapping[str, str]) -> Incoming:
    """Return a request without its body."""
    client = scope.get("client")
    return Incoming(
        scope["method"],
        scope["path"],
        scope.get("path_params", {}),
        query_of(scope["query_string"]) if scope["query_string"] else {},
        headers,
        client=client[0] if client else None,
    )


def query_of(query: bytes) -> Mapping[str, str]:
    """Return the parameters of a query, the first of each name."""
    from urllib.parse import parse_qsl

    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise Problem("input", "the address has too many parameters: send at most 100") from None
    return dict(reversed(pairs))


def others_wait(scope: Scope) -> bool:
    """Whether requests that were read already wait behind this one on its connection."""
    return bool(scope.get("extensions", {}).get(BEHIND, {}).get("requests"))


async def body_of(incoming: Incoming, receive: Receive, settings: ServerSettings) -> bytes:
    """Return a request's body; raise `Problem` as soon as it is too large or too slow, `Gone` where it breaks off."""
    if incoming.headers.get("content-encoding", "identity") != "identity":
        raise Problem("input", "compressed bodies are not read: send it as it is")
    length = incoming.headers.get("content-length", "")
    if length.isdecimal() and int(length) > settings.max_body:
        raise too_large(settings.max_body)
    message = await received(receive, settings.body_timeout)
    first: bytes = message.get("body", b"")
    check_size(len(first), settings.max_body)
    if not message.get("more_body"):
        return first
    parts, size = [first], len(first)
    try:
        async with asyncio.timeout(settings.body_timeout):
            while message.get("more_body"):
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                check_size(size, settings.max_body)
    except TimeoutError:
        raise too_slow(settings.body_timeout) from None
    return b"".join(parts)


async def received(receive: Receive, seconds: float) -> Mapping[str, Any]:
    """Return the first part of a body, which mostly is there already."""
    try:
        async with asyncio.timeout(seconds):
            message = await receive()
    except TimeoutError:
        raise too_slow(seconds) from None
    if message["type"] == "http.disconnect":
        raise Gone
    return message


def check_size(size: int, most: int) -> None:
    """Refuse a body that is larger than it may be."""
    if size > most:
        raise too_large(most)


def too_large(most: int) -> Problem:
    """Return the refusal of a body of too many bytes."""
    return Problem("too_large", f"the body has more than the {most:,} bytes that are read: send fewer texts at once")


def too_slow(seconds: float) -> Problem:
    """Return the refusal of a body that does not come."""
    return Problem("slow_body", f"the body did not come within {seconds:g} seconds: send it again")

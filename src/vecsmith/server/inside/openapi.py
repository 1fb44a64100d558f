"""What the server says of its own routes (https://spec.openapis.org/oas/v3.1.0), made from their table.

A side of a wire format says by ``body`` which type it reads, by ``writes`` which it answers with, by ``plain`` whether
a body may be bare text, and by ``says`` what it is for, where its class does not; all may be left out. One that
``refuses`` whatever is asked is not told of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from vecsmith import __version__
from vecsmith.dialects.openai import OpenAIServer
from vecsmith.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vecsmith.dialects.serving import Incoming, Problem
    from vecsmith.server.endpoint import Row
    from vecsmith.server.service import Service
    from vecsmith.server.visit import Visit

__all__ = ["OpenAPI", "describe", "document"]

PART = re.compile(r"\{(\w+)(:\w+)?\}")
"""A part of a path that varies, as Starlette writes it."""

TEMPLATE = "#/components/schemas/{name}"

KEYS: dict[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    **{
        name: {"type": "apiKey", "in": "header", "name": name}
        for name in ("api-key", "apikey", "x-api-key", "x-goog-api-key")
    },
    "key": {"type": "apiKey", "in": "query", "name": "key"},
}
"""Every way in which a client may send its key."""

OWN = "What the server reads of a request is listed; members beyond are named in the header x-vecsmith-ignored."


@dataclass(frozen=True, slots=True)
class OpenAPI:
    """The description of all routes, for who asks for it."""

    def parse_request(self, incoming: Incoming) -> None:
        """Return nothing."""

    def render_response(self, answer: bytes, request: None) -> HttpResponse:  # noqa: ARG002 (there is one answer)
        """Write it."""
        return HttpResponse(200, {"content-type": "application/json"}, answer)

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there is none."""
        return OpenAIServer().render_error(problem)


async def describe(service: Service, request: None, visit: Visit) -> bytes:  # noqa: ARG001 (a work)
    """Describe the routes, as they are in the table."""
    return written()


@cache
def written() -> bytes:
    """Return the description, made once."""
    from vecsmith.server.routes import ROWS

    return orjson.dumps(document(ROWS))


def document(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the description of some routes."""
    rows = [row for row in rows if not getattr(row.side, "refuses", False)]
    bodies = [found for row in rows if (found := getattr(row.side, "body", None)) is not None]
    answers = [found for row in rows if (found := getattr(row.side, "writes", None)) is not None]
    kinds = list(dict.fromkeys([*bodies, *answers]))
    schemas, components = msgspec.json.schema_components(kinds, ref_template=TEMPLATE)
    by_kind = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    shown: dict[str, str] = {}
    """By where a path varies: two that differ in the names of their parts are one."""
    for row in rows:
        path = shown.setdefault(PART.sub("{}", row.path), PART.sub(r"{\1}", row.path))
        item, method = paths.setdefault(path, {}), row.method.lower()
        told = operation(row, path, by_kind)
        item[method] = either(item[method], told) if method in item else told
    return {
        "openapi": "3.1.0",
        "info": {"title": "vecsmith", "version": __version__, "description": OWN},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": KEYS},
        "tags": [{"name": name} for name in dict.fromkeys(row.dialect for row in rows)],
    }


def operation(row: Row, path: str, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    """Return what is said of one route."""
    told: dict[str, Any] = {
        "operationId": named(row),
        "tags": [row.dialect],
        "security": [] if row.open else [{}, *({name: []} for name in KEYS)],
        "responses": responses(schemas.get(getattr(row.side, "writes", None))),
    }
    if summary := getattr(row.side, "says", None) or (type(row.side).__doc__ or "").partition("\n")[0]:
        told["summary"] = summary
    if parts := list(parameters(path)):
        told["parameters"] = parts
    body = getattr(row.side, "body", None)
    if body is not None:
        kinds = {"application/json": {"schema": schemas[body]}}
        if getattr(row.side, "plain", False):
            kinds["text/plain"] = {"schema": {"type": "string"}}
        told["requestBody"] = {"required": True, "content": kinds}
    return told


def either(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of two routes of one path, which their requests tell apart."""
    told = {**one, "tags": list(dict.fromkeys([*one["tags"], *other["tags"]]))}
    if "requestBody" in one and "requestBody" in other:
        kinds = [content(each)["schema"] for each in (one, other)]
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"anyOf": kinds}}}}
    if one["responses"] != other["responses"]:
        told["responses"] = responses(None)
    return told


def content(told: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of a body of JSON."""
    found: dict[str, Any] = told["requestBody"]["content"]["application/json"]
    return found


def named(row: Row) -> str:
    """Return a name that no other route has."""
    words = re.sub(r"\W+", "_", PART.sub(r"by_\1", row.path)).strip("_") or "root"
    slash = "_slash" if row.path.endswith("/") and row.path != "/" else ""
    return f"{row.method.lower()}_{words}{slash}"


def parameters(path: str) -> Iterable[dict[str, Any]]:
    """Return the parts of a path that vary."""
    for name, _ in PART.findall(path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def responses(answer: dict[str, Any] | None) -> dict[str, Any]:
    """Return what may come back."""
    good: dict[str, Any] = {"description": "What was asked for."}
    if answer is not None:
        good["content"] = {"application/json": {"schema": answer}}
    return {"200": good, "default": {"description": "Why there is no answer, in the format of this route."}}

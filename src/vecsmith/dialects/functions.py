"""Edge functions (https://supabase.com/docs/guides/functions), as their clients expect them: ``embed`` is built in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from vecsmith.dialects.bodies import read_body, read_json, texts_of
from vecsmith.dialects.serving import EmbedRequest, Problem, json_response
from vecsmith.wire import HttpResponse

if TYPE_CHECKING:
    from vecsmith.dialects.serving import Incoming
    from vecsmith.types import Floats

__all__ = ["BUILT_IN", "FunctionEmbed", "FunctionPreflight", "FunctionRequest"]

BUILT_IN = "embed"

ORIGIN = {"access-control-allow-origin": "*"}

PREFLIGHT = {
    **ORIGIN,
    "access-control-allow-headers": "authorization, x-client-info, apikey, content-type, x-retry-count",
    "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
    "content-type": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class FunctionRequest(EmbedRequest):
    """What a client wants embedded."""

    mean_pool: bool | None = None
    """Whether tokens' vectors are averaged; None for what the model's own files say."""
    one: bool = True
    """Whether it sent one text, and wants one vector."""


class FunctionBody(msgspec.Struct, kw_only=True):
    """What a client sends."""

    input: str | list[str]
    mean_pool: bool | None = None
    normalize: bool | None = None
    model: str | None = None
    dimensions: int | None = None
    task: str | None = None
    on_long: str | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True)
class FunctionEmbed:
    """``embed``: a text to a plain list of numbers."""

    body: ClassVar[Any] = FunctionBody
    plain: ClassVar[bool] = True
    """Whether a body may be a text itself."""

    def parse_request(self, incoming: Incoming) -> FunctionRequest:
        """Return what is asked."""
        if incoming.named.get("name") != BUILT_IN:
            raise Problem("route", f"Requested function was not found: {BUILT_IN!r} is the one that is here")
        if text := plain_text(incoming):
            return FunctionRequest([text], options={"normalize": True})
        body, ignored = read_body(incoming.body, FunctionBody)
        texts = texts_of(body.input, "input")
        if not texts:
            raise Problem("input", "'$.input' is invalid: it is empty; send at least one text", param="input")
        if body.mean_pool is False and (len(texts) > 1 or body.dimensions is not None):
            raise Problem("input", "without mean_pool one text is read, and its vectors are not cut", param="mean_pool")
        names = ("dimensions", "task", "on_long", "prompt")
        asked = {name: value for name in names if (value := getattr(body, name)) is not None}
        asked["normalize"] = body.normalize is not False
        return FunctionRequest(
            texts, body.model, asked, ignored=ignored, mean_pool=body.mean_pool, one=isinstance(body.input, str)
        )

    def render_response(self, answer: Floats, request: FunctionRequest) -> HttpResponse:
        """Write the vector, or a list of them."""
        return json_response({"embedding": answer[0] if request.one else answer}, headers=ORIGIN)

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there is none."""
        code = "NOT_FOUND" if problem.kind == "route" else problem.status
        return json_response({"code": code, "message": problem.message}, problem.status, ORIGIN)


@dataclass(frozen=True, slots=True)
class FunctionPreflight:
    """What a browser asks before it lets a page call a function."""

    def parse_request(self, incoming: Incoming) -> None:
        """Return nothing."""

    def render_response(self, answer: None, request: None) -> HttpResponse:  # noqa: ARG002 (there is one answer)
        """Allow it."""
        return HttpResponse(200, PREFLIGHT, b"ok")

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why it may not."""
        found = FunctionEmbed().render_error(problem)
        return replace(found, headers={**PREFLIGHT, **found.headers})


def plain_text(incoming: Incoming) -> str | None:
    """Return a body that is a text itself; None for one of JSON, which some clients call plain text, too."""
    if not incoming.headers.get("content-type", "").lower().startswith("text/plain"):
        return None
    if incoming.body.lstrip()[:1] == b"{" and looks_asked(incoming.body):
        return None
    try:
        return incoming.body.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem("input", "the text is not UTF-8: send it in that encoding") from None


def looks_asked(body: bytes) -> bool:
    """Whether a body is an object of JSON with an ``input``."""
    try:
        members = read_json(body)
    except Problem:
        return False
    return isinstance(members, dict) and "input" in members

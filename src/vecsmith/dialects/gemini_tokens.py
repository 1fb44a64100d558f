"""Gemini's countTokens (https://ai.google.dev/api/tokens) and PaLM's countTextTokens, as their clients expect them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from vecsmith.dialects.bodies import object_of, read_body, read_members
from vecsmith.dialects.gemini_server import camel
from vecsmith.dialects.google import error_response
from vecsmith.dialects.serving import Problem, json_response
from vecsmith.dialects.tokens import TokensOfTexts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.dialects.serving import Incoming, ServerSide
    from vecsmith.wire import HttpResponse

__all__ = ["COUNTS", "CountTextTokens", "CountTokens"]


class Part(msgspec.Struct):
    """A part of a content; one without text has no tokens here."""

    text: str | None = None


class Content(msgspec.Struct):
    """What belongs together."""

    parts: list[Part] = []
    role: str | None = None


class Generation(msgspec.Struct):
    """A whole request to a model that writes, of which the contents are counted."""

    contents: list[Content] = []


class CountBody(msgspec.Struct, rename="camel", kw_only=True):
    """What a client sends."""

    contents: list[Content] | None = None
    generate_content_request: Generation | None = None
    model: str | None = None


class Prompt(msgspec.Struct):
    """PaLM's text."""

    text: str


class CountTextBody(msgspec.Struct):
    """What PaLM's clients send."""

    prompt: Prompt
    model: str | None = None


class Says:
    """How Google says what went wrong."""

    __slots__ = ()

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there is no answer."""
        return error_response(problem)


@dataclass(frozen=True, slots=True)
class CountTokens(Says):
    """How many tokens contents have."""

    body: ClassVar[Any] = CountBody

    def parse_request(self, incoming: Incoming) -> TokensOfTexts:
        """Return what is asked."""
        body, ignored = read_members(camel(object_of(incoming.body)), CountBody)
        whole = body.generate_content_request
        contents = whole.contents if body.contents is None and whole is not None else body.contents
        if contents is None:
            raise Problem("input", "contents is missing: send what is to be counted", param="contents")
        parts = [part for content in contents for part in content.parts]
        if any(part.text is None for part in parts):
            raise Problem("unsupported", "only text is counted here: leave other parts out", param="contents")
        return TokensOfTexts([part.text or "" for part in parts], model_of(incoming, body.model), ignored=ignored)

    def render_response(self, answer: int, request: TokensOfTexts) -> HttpResponse:  # noqa: ARG002 (a side)
        """Write how many."""
        details = [{"modality": "TEXT", "tokenCount": answer}]
        return json_response({"totalTokens": answer, "promptTokensDetails": details})


@dataclass(frozen=True, slots=True)
class CountTextTokens(Says):
    """How many tokens a text has."""

    body: ClassVar[Any] = CountTextBody

    def parse_request(self, incoming: Incoming) -> TokensOfTexts:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, CountTextBody)
        return TokensOfTexts([body.prompt.text], model_of(incoming, body.model), ignored=ignored)

    def render_response(self, answer: int, request: TokensOfTexts) -> HttpResponse:  # noqa: ARG002 (a side)
        """Write how many."""
        return json_response({"tokenCount": answer})


COUNTS: Mapping[str, ServerSide[Any, Any]] = {"countTokens": CountTokens(), "countTextTokens": CountTextTokens()}
"""By the name of the method, which follows the model's behind the last colon of the path."""


def model_of(incoming: Incoming, said: str | None) -> str | None:
    """Return the model that a path names, or a body."""
    return incoming.named.get("model") or said

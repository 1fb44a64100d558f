"""What Google's services share: errors (https://google.aip.dev/193) and lists of models."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Never

from vecsmith.dialects.bodies import number
from vecsmith.dialects.serving import Problem, json_response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.dialects.serving import Incoming, ModelCard, ProblemKind
    from vecsmith.wire import HttpResponse

__all__ = ["GeminiModel", "GeminiModels", "UnknownMethod", "error_response", "from_google"]

METHODS = ("embedContent", "batchEmbedContents", "countTokens", "embedText", "batchEmbedText", "countTextTokens")
"""What can be asked of a model."""

PAGE = 50
LARGEST_PAGE = 1000

LONGEST_PAUSE = 60
"""Seconds, as in the header that says the same."""

ERRORS: dict[ProblemKind, tuple[int, str]] = {
    "forbidden": (403, "PERMISSION_DENIED"),
    "input": (400, "INVALID_ARGUMENT"),
    "internal": (500, "INTERNAL"),
    "key": (400, "INVALID_ARGUMENT"),
    "method": (405, "UNIMPLEMENTED"),
    "model": (404, "NOT_FOUND"),
    "no_key": (403, "PERMISSION_DENIED"),
    "overloaded": (503, "UNAVAILABLE"),
    "quota": (429, "RESOURCE_EXHAUSTED"),
    "rate": (429, "RESOURCE_EXHAUSTED"),
    "route": (404, "NOT_FOUND"),
    "slow_body": (408, "DEADLINE_EXCEEDED"),
    "timeout": (504, "DEADLINE_EXCEEDED"),
    "too_large": (413, "INVALID_ARGUMENT"),
    "too_long": (400, "INVALID_ARGUMENT"),
    "too_many": (400, "INVALID_ARGUMENT"),
    "unavailable": (503, "UNAVAILABLE"),
    "unsupported": (501, "UNIMPLEMENTED"),
}
"""The statuses, and their names."""


def error_response(problem: Problem) -> HttpResponse:
    """Write an error."""
    code, status = ERRORS[problem.kind]
    error = {"code": code, "message": problem.message, "status": status, "details": details(problem)}
    return json_response({"error": error}, code)


def details(problem: Problem) -> list[dict[str, Any]]:
    """Return what programs read of an error."""
    found: list[dict[str, Any]] = []
    if problem.kind == "key":
        found.append(detail("ErrorInfo", reason="API_KEY_INVALID", domain="googleapis.com"))
    if problem.param is not None and ERRORS[problem.kind][1] == "INVALID_ARGUMENT":
        violation = {"field": problem.param, "description": problem.message}
        found.append(detail("BadRequest", fieldViolations=[violation]))
    if problem.kind == "quota":
        violation = {"quotaId": "TokensPerDayPerKey", "description": problem.message}
        found.append(detail("QuotaFailure", violations=[violation]))
    if problem.retry_after is not None:
        seconds = min(LONGEST_PAUSE, max(1, math.ceil(problem.retry_after)))
        found.append(detail("RetryInfo", retryDelay=f"{seconds}s"))
    return found


def detail(kind: str, **members: Any) -> dict[str, Any]:
    """Return one of Google's kinds of details."""
    return {"@type": f"type.googleapis.com/google.rpc.{kind}", **members}


@dataclass(frozen=True, slots=True)
class UnknownMethod:
    """A method that no model has."""

    refuses: ClassVar[bool] = True

    def parse_request(self, incoming: Incoming) -> Never:  # noqa: ARG002 (whatever it is)
        """Refuse it."""
        raise Problem("route", f"there is no such method here: models have {', '.join(METHODS)}")

    def render_response(self, answer: object, request: object) -> HttpResponse:  # noqa: ARG002 (there is none)
        """Write nothing."""
        return json_response({})

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there is nothing."""
        return error_response(problem)


@dataclass(frozen=True, slots=True)
class Page:
    """Which of the models are wanted."""

    start: int
    size: int


@dataclass(frozen=True, slots=True)
class GeminiModels:
    """The models, page by page."""

    def parse_request(self, incoming: Incoming) -> Page:
        """Return which are wanted."""
        query = incoming.query
        start, size = number(query, "pageToken", "page_token"), number(query, "pageSize", "page_size")
        return Page(start, min(LARGEST_PAGE, size or PAGE))

    def render_response(self, answer: Sequence[ModelCard], request: Page) -> HttpResponse:
        """Write them, under every name that they have."""
        named = [(card, name) for card in answer for name in (card.name, *card.aliases)]
        end = request.start + request.size
        listed: dict[str, Any] = {"models": [described(*each) for each in named[request.start : end]]}
        if end < len(named):
            listed["nextPageToken"] = str(end)
        return json_response(listed)

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there are none."""
        return error_response(problem)


@dataclass(frozen=True, slots=True)
class GeminiModel:
    """One of the models."""

    def parse_request(self, incoming: Incoming) -> str:
        """Return its name."""
        return incoming.named["model"]

    def render_response(self, answer: ModelCard, request: str) -> HttpResponse:
        """Write what it is, under the name that was asked for."""
        return json_response(described(answer, request.removeprefix("models/")))

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there is none."""
        return error_response(problem)


def described(card: ModelCard, name: str) -> dict[str, Any]:
    """Return what is told of a model."""
    told = {
        "name": f"models/{name}",
        "version": card.digest[:12] or "1",
        "displayName": card.title or name,
        "description": f"Text embeddings of {card.dimensions or 'unknown'} dimensions.",
        "inputTokenLimit": card.max_tokens,
        "outputTokenLimit": 1,
        "supportedGenerationMethods": METHODS,
    }
    return {member: value for member, value in told.items() if value is not None}


def from_google(incoming: Incoming) -> bool:
    """Whether a request is from a client of Google's, at an address that others use too."""
    return "key" in incoming.query or "x-goog-api-key" in incoming.headers or "x-goog-api-client" in incoming.headers

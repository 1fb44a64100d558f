"""Edge functions of a person's own, as their clients expect them: any request in, whatever the function says out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecsmith.dialects.functions import ORIGIN, FunctionEmbed
from vecsmith.dialects.serving import json_response
from vecsmith.wire import HttpResponse

if TYPE_CHECKING:
    from vecsmith.dialects.serving import Incoming, Problem

__all__ = ["FunctionCall"]

OVER_LIMIT = 546
"""The status of a function that was ended (https://supabase.com/docs/guides/functions/status-codes)."""


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function that is called with a request, whatever is in it."""

    def parse_request(self, incoming: Incoming) -> Incoming:
        """Return the request."""
        return incoming

    def render_response(self, answer: HttpResponse, request: Incoming) -> HttpResponse:  # noqa: ARG002 (it is answered)
        """Allow every page to read what the function says, unless it says which may."""
        return HttpResponse(answer.status, {**ORIGIN, **answer.headers}, answer.body)

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there is no answer."""
        if problem.kind == "timeout":
            return json_response({"code": "WORKER_LIMIT", "message": problem.message}, OVER_LIMIT, ORIGIN)
        return FunctionEmbed().render_error(problem)

"""What is answered where there is nothing: in the words of the dialect whose prefix the path has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from vecsmith.dialects.openai import OpenAIServer
from vecsmith.dialects.serving import Problem
from vecsmith.server.access import Visitor
from vecsmith.server.endpoint import sent
from vecsmith.server.visit import Visit

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from vecsmith.server.service import Service

__all__ = ["Nowhere"]

WORDS = {
    "route": "there is nothing at this address: the routes are listed at /openapi.json",
    "method": "this address does not take {method}: the methods are listed at /openapi.json",
}


class Nowhere:
    """Refuses every request."""

    def __init__(self, service: Service, kind: Literal["route", "method"]) -> None:
        self.service = service
        self.kind: Literal["route", "method"] = kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (as ASGI calls it)
        """Say so."""
        if scope["type"] != "http":
            return
        problem = Problem(self.kind, WORDS[self.kind].format(method=scope["method"]))
        visit = Visit("", "", Visitor())
        response = OpenAIServer().render_error(problem)
        visit.status = response.status
        await sent(send, response, visit, problem)
        for witness in self.service.witnesses:
            witness(visit, problem)

"""What is answered where there is nothing: in the words of the dialect whose prefix the path has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from vecsmith.dialects.azure import AzureServer
from vecsmith.dialects.cohere import error_response as cohere_error
from vecsmith.dialects.functions import FunctionEmbed
from vecsmith.dialects.google import error_response as google_error
from vecsmith.dialects.huggingface import HuggingFaceFeatures
from vecsmith.dialects.jina import JinaServer
from vecsmith.dialects.mistral import MistralServer
from vecsmith.dialects.ollama import ollama_error
from vecsmith.dialects.ollama_openai import OllamaOpenAI
from vecsmith.dialects.openai import OpenAIServer
from vecsmith.dialects.root import union_error
from vecsmith.dialects.serving import Problem
from vecsmith.dialects.tei_server import TEIEmbed
from vecsmith.dialects.voyage import VoyageServer
from vecsmith.server.access.callers import Visitor
from vecsmith.server.endpoint import sent
from vecsmith.server.reading import headers_of, others_wait
from vecsmith.server.visit import Visit, named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Receive, Scope, Send

    from vecsmith.server.service import Service
    from vecsmith.wire import HttpResponse

__all__ = ["Nowhere"]

WORDS = {
    "route": "there is nothing at this address: the routes are listed at /openapi.json",
    "method": "this address does not take {method}: the methods are listed at /openapi.json",
}


Spoken = Callable[[Problem], "HttpResponse"]

SPOKEN: Mapping[str, Spoken] = {
    "/openai/v1": OpenAIServer().render_error,
    "/openai": AzureServer().render_error,
    "/voyage": VoyageServer().render_error,
    "/mistral": MistralServer().render_error,
    "/jina": JinaServer().render_error,
    "/ollama/v1": OllamaOpenAI().render_error,
    "/ollama": ollama_error,
    "/api": ollama_error,
    "/cohere": cohere_error,
    "/v2": cohere_error,
    "/gemini": google_error,
    "/v1beta": google_error,
    "/v1beta2": google_error,
    "/v1beta3": google_error,
    "/tei": TEIEmbed().render_error,
    "/hf-inference": HuggingFaceFeatures().render_error,
    "/functions/v1": FunctionEmbed().render_error,
}
"""Who speaks below which path, the longer ones first; everywhere else it is what all clients understand."""


def spoken(path: str) -> Spoken:
    """Return how errors are said below a path."""
    found = (error for prefix, error in SPOKEN.items() if path == prefix or path.startswith(f"{prefix}/"))
    return next(found, union_error)


class Nowhere:
    """Refuses every request."""

    def __init__(self, service: Service, kind: Literal["route", "method"], methods: Iterable[str] = ()) -> None:
        self.service = service
        self.allow = ", ".join(dict.fromkeys(methods))
        self.kind: Literal["route", "method"] = kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (as ASGI calls it)
        """Say so."""
        if scope["type"] != "http":
            return
        problem = Problem(self.kind, WORDS[self.kind].format(method=scope["method"]))
        visit = Visit("", "", Visitor(), named(headers_of(scope)), scope["method"], problem=self.kind)
        problem.id = visit.id
        response = spoken(scope["path"])(problem)
        if self.allow:
            response = replace(response, headers={**response.headers, "allow": self.allow})
        visit.status = response.status
        await sent(send, response, visit, problem, last=self.service.stopping and not others_wait(scope))
        for witness in self.service.witnesses:
            witness(visit, problem)

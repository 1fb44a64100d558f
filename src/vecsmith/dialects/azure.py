"""Azure OpenAI (https://learn.microsoft.com/azure/ai-foundry/openai/reference): OpenAI's format at other addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from vecsmith.dialects import post
from vecsmith.dialects.openai import OpenAIClient, OpenAIServer
from vecsmith.dialects.serving import json_response

if TYPE_CHECKING:
    from vecsmith.dialects import Asked
    from vecsmith.dialects.serving import EmbedAnswer, EmbedRequest, Incoming, Problem, ProblemKind
    from vecsmith.wire import HttpRequest, HttpResponse, Service

__all__ = ["AzureClient", "AzureServer", "from_azure"]


@dataclass(frozen=True, slots=True)
class AzureClient(OpenAIClient):
    """Both forms; the caller's key is among the service's headers, since there are two kinds of it."""

    version: str | None = None
    """The ``api-version`` of the classic form; None for the v1 form, which has none."""

    def build_request(self, service: Service, asked: Asked) -> HttpRequest:
        """Ask for some texts' vectors; the model is a deployment's name."""
        if self.version is None:
            return post(service, "/openai/v1/embeddings", self.body(asked), {})
        deployment, version = quote(asked.model, safe=""), quote(self.version, safe="")
        path = f"/openai/deployments/{deployment}/embeddings?api-version={version}"
        return post(service, path, self.body(asked), {})


CODES: dict[ProblemKind, str] = {"model": "DeploymentNotFound", "internal": "InternalServerError"}
"""The ``code`` of errors; the status where it has none."""


def from_azure(incoming: Incoming) -> bool:
    """Whether a request at an address of OpenAI's is from a client of Azure, which has its own header for the key."""
    return "api-key" in incoming.headers


@dataclass(frozen=True, slots=True)
class AzureServer:
    """OpenAI's format with Azure's errors; a deployment in the path is the model, whatever the body says."""

    body: ClassVar[Any] = OpenAIServer.body

    def parse_request(self, incoming: Incoming) -> EmbedRequest:
        """Return what is asked."""
        return OpenAIServer().parse_request(incoming)

    def render_response(self, answer: EmbedAnswer, request: EmbedRequest) -> HttpResponse:
        """Write the vectors."""
        return OpenAIServer().render_response(answer, request)

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there are none."""
        code = CODES.get(problem.kind, str(problem.status))
        return json_response({"error": {"code": code, "message": problem.message}}, problem.status)

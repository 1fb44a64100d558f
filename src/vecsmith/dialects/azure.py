"""Azure OpenAI (https://learn.microsoft.com/azure/ai-foundry/openai/reference): OpenAI's format at other addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from vecsmith.dialects import post
from vecsmith.dialects.openai import OpenAIClient

if TYPE_CHECKING:
    from vecsmith.dialects import Asked
    from vecsmith.wire import HttpRequest, Service

__all__ = ["AzureClient"]


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

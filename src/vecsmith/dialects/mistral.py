"""Mistral's embeddings (https://docs.mistral.ai/api/#tag/embeddings), which answer as OpenAI's do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vecsmith.dialects.openai import OpenAIClient, failed

if TYPE_CHECKING:
    from vecsmith.dialects import Asked, Fault, FaultKind
    from vecsmith.wire import HttpResponse

__all__ = ["MistralClient"]

CODES: dict[str, FaultKind] = {
    "invalid_model": "model",
    "3210": "too_much",
}
"""3210 is more tokens than one request may have."""


@dataclass(frozen=True, slots=True)
class MistralClient(OpenAIClient):
    """Mistral's format, which refuses members that it does not know."""

    path: str = "/v1/embeddings"

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return what the request says."""
        return {
            "input": asked.texts,
            "model": asked.model,
            "output_dimension": asked.dimensions,
            "encoding_format": "base64" if self.base64 else None,
        }

    def read_error(self, response: HttpResponse) -> Fault:
        """Return why there is no answer."""
        return failed(response, CODES)

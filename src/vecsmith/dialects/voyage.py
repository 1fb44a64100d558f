"""Voyage's embeddings (https://docs.voyageai.com/reference/embeddings-api), which answer as OpenAI's do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vecsmith.dialects.openai import OpenAIClient

if TYPE_CHECKING:
    from vecsmith.dialects import Asked

__all__ = ["VoyageClient"]


@dataclass(frozen=True, slots=True)
class VoyageClient(OpenAIClient):
    """Voyage's format."""

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return what the request says."""
        return {
            "input": asked.texts,
            "model": asked.model,
            "input_type": asked.task,
            "truncation": asked.on_long != "error",
            "output_dimension": asked.dimensions,
            "encoding_format": "base64" if self.base64 else None,
        }

"""Jina's embeddings (https://api.jina.ai/docs), which answer as OpenAI's do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vecsmith.dialects.openai import OpenAIClient, failed

if TYPE_CHECKING:
    from vecsmith.dialects import Asked, Fault, FaultKind
    from vecsmith.wire import HttpResponse

__all__ = ["JinaClient"]

CODES: dict[str, FaultKind] = {
    "AUTHZ_INSUFFICIENT_BALANCE": "quota",
    "INPUT_MODEL_NOT_FOUND": "model",
}


@dataclass(frozen=True, slots=True)
class JinaClient(OpenAIClient):
    """Jina's format."""

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return what the request says; `normalized` is true unsaid, and some models do not know it."""
        return {
            "input": asked.texts,
            "model": asked.model,
            "task": asked.task,
            "dimensions": asked.dimensions,
            "truncate": asked.on_long != "error",
            "embedding_type": "base64" if self.base64 else None,
        }

    def read_error(self, response: HttpResponse) -> Fault:
        """Return why there is no answer."""
        return failed(response, CODES)

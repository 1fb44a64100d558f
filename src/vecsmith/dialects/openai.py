"""OpenAI's embeddings (https://platform.openai.com/docs/api-reference/embeddings), and what copies them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from vecsmith.dialects import Answer, fault, members, post, rows_of, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.dialects import Asked, Fault, FaultKind
    from vecsmith.wire import HttpRequest, HttpResponse, Service

__all__ = ["Embedding", "Listed", "OpenAIClient", "failed"]


class Embedding(msgspec.Struct):
    """One of the vectors of an answer."""

    embedding: bytes | list[float]
    """base64 is decoded while it is read."""
    index: int | None = None


class Counted(msgspec.Struct):
    """What an answer cost."""

    prompt_tokens: int | None = None
    total_tokens: int | None = None


class Listed(msgspec.Struct):
    """An answer."""

    data: list[Embedding]
    model: str | None = None
    usage: Counted | None = None

    def answer(self) -> Answer:
        """Return what it says, in the order of the texts."""
        indexes = [item.index for item in self.data]
        places = None if None in indexes else [index for index in indexes if index is not None]
        tokens = None if self.usage is None else self.usage.prompt_tokens or self.usage.total_tokens
        return Answer(rows_of([item.embedding for item in self.data], places), tokens, self.model)


read = msgspec.json.Decoder(Listed).decode

CODES: dict[str, FaultKind] = {
    "insufficient_quota": "quota",
    "max_tokens_per_request": "too_much",
    "model_not_found": "model",
    "invalid_api_key": "auth",
}


@dataclass(frozen=True, slots=True)
class OpenAIClient:
    """OpenAI's format, and which of its members a service that copies it understands."""

    base64: bool = True
    """Whether numbers may come as base64, which is a third of the bytes and none of the parsing."""
    path: str = "/embeddings"

    def build_request(self, service: Service, asked: Asked) -> HttpRequest:
        """Ask for some texts' vectors."""
        return post(service, self.path, self.body(asked))

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return what the request says."""
        return {
            "input": asked.texts,
            "model": asked.model,
            "encoding_format": "base64" if self.base64 else None,
            "dimensions": asked.dimensions,
        }

    def read_response(self, response: HttpResponse, asked: Asked) -> Answer:  # noqa: ARG002 (the answer says it all)
        """Return what an answer says."""
        return read(response.body).answer()

    def read_error(self, response: HttpResponse) -> Fault:
        """Return why there is no answer."""
        return failed(response, CODES)


def failed(response: HttpResponse, codes: Mapping[str, FaultKind]) -> Fault:
    """Return why there is no answer, by its ``code`` or its ``type`` where these tell more than the status."""
    error = members(response)
    kinds = (codes.get(str(error.get(name))) for name in ("code", "type"))
    return fault(response, sentence(error), next((kind for kind in kinds if kind), None))

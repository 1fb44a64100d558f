"""Ollama's ``/v1``: OpenAI's format as Ollama has it, which takes texts alone and cuts those that are too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from vecsmith.dialects.bodies import read_body
from vecsmith.dialects.openai import OpenAIServer, plain
from vecsmith.dialects.serving import EmbedRequest, Invalid, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.dialects.serving import EmbedAnswer, Incoming, Problem
    from vecsmith.wire import HttpResponse

__all__ = ["OllamaOpenAI"]

NOT_FOUND = 404

FORMATS: Mapping[str, str] = {"": "float", "float": "float", "base64": "base64"}


class OllamaBody(msgspec.Struct, kw_only=True):
    """What a client sends; null is the same as nothing."""

    input: Any = None
    model: str | None = None
    encoding_format: str | None = None
    dimensions: int | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class OllamaOpenAI:
    """Embeddings at ``/v1``."""

    body: ClassVar[Any] = OllamaBody

    def parse_request(self, incoming: Incoming) -> EmbedRequest:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, OllamaBody)
        style = FORMATS.get((body.encoding_format or "").lower())
        if style is None:
            raise Invalid(
                "value_error", "'encoding_format' must be 'float' or 'base64': send one", param="encoding_format"
            )
        asked: dict[str, Any] = {"normalize": True}
        if body.dimensions is not None and body.dimensions > 0:
            asked["dimensions"] = body.dimensions
        return EmbedRequest(texts(body.input), body.model, asked, "truncate", wide=True, style=style, ignored=ignored)

    def render_response(self, answer: EmbedAnswer, request: EmbedRequest) -> HttpResponse:
        """Write the vectors."""
        return OpenAIServer().render_response(answer, request)

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there are none."""
        kind = "invalid_request_error"
        if problem.status == NOT_FOUND:
            kind = "not_found_error"
        elif problem.status >= 500:  # noqa: PLR2004 (the server's own fault)
            kind = "api_error"
        error = {"message": problem.message, "type": kind, "param": problem.param, "code": None}
        return json_response({"error": error}, problem.status)


def texts(given: Any) -> list[str]:
    """Return the texts; raise `Problem` for token ids, which Ollama does not read."""
    if given is None or given == [] or not isinstance(given, str | list):
        raise Invalid("value_error", "invalid input: send a string, or an array of strings", param="input")
    if isinstance(given, list) and isinstance(given[0], int | list):
        words = (
            "invalid input: token ids are not read here; send texts (in LangChain's OpenAIEmbeddings, "
            "check_embedding_ctx_length=False)"
        )
        raise Invalid("type_error", words, param="input", index=0)
    return plain(given, empty=True)

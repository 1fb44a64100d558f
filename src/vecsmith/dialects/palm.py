"""PaLM's embeddings, Gemini's elders, which old clients still ask for (https://ai.google.dev/api/palm)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from vecsmith.dialects.bodies import read_body
from vecsmith.dialects.gemini_server import check_count, check_model
from vecsmith.dialects.google import error_response
from vecsmith.dialects.serving import EmbedRequest, Problem, json_response

if TYPE_CHECKING:
    from vecsmith.dialects.serving import EmbedAnswer, Incoming
    from vecsmith.wire import HttpResponse

__all__ = ["PalmBatch", "PalmEmbed"]


class EmbedText(msgspec.Struct):
    """A request for one text."""

    text: str
    model: str | None = None


class BatchEmbedText(msgspec.Struct):
    """A request for several, in one of two shapes."""

    texts: list[str] | None = None
    requests: list[EmbedText] | None = None


@dataclass(frozen=True, slots=True)
class PalmEmbed:
    """``embedText``: one vector."""

    body: ClassVar[Any] = EmbedText

    def parse_request(self, incoming: Incoming) -> EmbedRequest:
        """Return what is asked."""
        name = incoming.named["model"]
        body, ignored = read_body(incoming.body, EmbedText)
        check_model(body.model, name)
        if not body.text:
            raise Problem("input", "'text' is empty: send some text", param="text")
        return EmbedRequest([body.text], name, ignored=ignored)

    def render_response(self, answer: EmbedAnswer, request: EmbedRequest) -> HttpResponse:  # noqa: ARG002 (as `ServerSide` calls it)
        """Write the vector."""
        return json_response({"embedding": {"value": answer.vectors["float32"][0]}})

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there is none."""
        return error_response(problem)


@dataclass(frozen=True, slots=True)
class PalmBatch:
    """``batchEmbedText``: a vector for each text."""

    body: ClassVar[Any] = BatchEmbedText

    def parse_request(self, incoming: Incoming) -> EmbedRequest:
        """Return what is asked."""
        name = incoming.named["model"]
        body, ignored = read_body(incoming.body, BatchEmbedText)
        texts = texts_of(body, name)
        if "" in texts:
            place = texts.index("")
            raise Problem("input", f"the text at index {place} is empty: leave it out", index=place)
        return EmbedRequest(texts, name, ignored=ignored)

    def render_response(self, answer: EmbedAnswer, request: EmbedRequest) -> HttpResponse:  # noqa: ARG002 (as `ServerSide` calls it)
        """Write the vectors."""
        return json_response({"embeddings": [{"value": row} for row in answer.vectors["float32"]]})

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there are none."""
        return error_response(problem)


def texts_of(body: BatchEmbedText, name: str) -> list[str]:
    """Return the texts of a batch in either shape, for the model in the address."""
    if (body.texts is None) == (body.requests is None):
        raise Problem("input", "send either texts or requests", param="texts")
    if body.texts is not None:
        check_count(len(body.texts), "texts")
        return body.texts
    requests = body.requests or []
    check_count(len(requests), "requests")
    for each in requests:
        check_model(each.model, name)
    return [each.text for each in requests]

"""Voyage's embeddings (https://docs.voyageai.com/reference/embeddings-api), which answer as OpenAI's do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec

from vecsmith.dialects.bodies import read_body
from vecsmith.dialects.dtypes import Dtype, Written, items
from vecsmith.dialects.openai import OpenAIClient, plain
from vecsmith.dialects.serving import EmbedRequest, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.dialects import Asked
    from vecsmith.dialects.serving import EmbedAnswer, Incoming, Problem, ProblemKind
    from vecsmith.wire import HttpResponse

__all__ = ["VoyageClient", "VoyageServer"]


STATUSES: Mapping[ProblemKind, int] = {"model": 400}
"""Where the service has another; its client knows no 404."""


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


MOST = 1000
"""Texts of one request."""


class VoyageBody(msgspec.Struct, kw_only=True):
    """What a client sends; its own client sends null for all that is not said."""

    input: str | list[Any]
    model: str | None = None
    input_type: str | None = None
    truncation: bool | None = None
    output_dimension: int | None = None
    output_dtype: Dtype | None = None
    encoding_format: Literal["base64"] | None = None


@dataclass(frozen=True, slots=True)
class VoyageServer:
    """Voyage's format, as its client expects it: bytes of the numbers that were asked for, and ``detail`` in errors."""

    body: ClassVar[Any] = VoyageBody

    def parse_request(self, incoming: Incoming) -> EmbedRequest:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, VoyageBody)
        written = Written((body.output_dtype or "float",), base64=body.encoding_format == "base64")
        asked = {
            "task": body.input_type,
            "dimensions": body.output_dimension,
            "on_long": None if body.truncation is None else "truncate" if body.truncation else "error",
        }
        return EmbedRequest(
            plain(body.input, MOST),
            body.model,
            {name: value for name, value in asked.items() if value is not None},
            "truncate",
            written.encodings,
            style=written,
            ignored=ignored,
        )

    def render_response(self, answer: EmbedAnswer, request: EmbedRequest) -> HttpResponse:
        """Write the vectors; the usage has this one member."""
        members = {
            "object": "list",
            "data": items(request.style.of(answer)),
            "model": answer.model,
            "usage": {"total_tokens": answer.tokens},
        }
        return json_response(members)

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there are none."""
        return json_response({"detail": problem.message}, STATUSES.get(problem.kind, problem.status))

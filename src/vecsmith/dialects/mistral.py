"""Mistral's embeddings (https://docs.mistral.ai/api/#tag/embeddings), which answer as OpenAI's do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec

from vecsmith.dialects.bodies import read_body
from vecsmith.dialects.cards import openai_card
from vecsmith.dialects.dtypes import Dtype, Written, items
from vecsmith.dialects.openai import OpenAIClient, failed, plain
from vecsmith.dialects.serving import EmbedRequest, Invalid, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.dialects import Asked, Fault, FaultKind
    from vecsmith.dialects.serving import EmbedAnswer, Incoming, ModelCard, Problem, ProblemKind
    from vecsmith.wire import HttpResponse

__all__ = ["MistralClient", "MistralServer", "mistral_card", "usage"]

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


class MistralBody(msgspec.Struct, kw_only=True):
    """What a client sends; null is the same as nothing."""

    input: str | list[Any]
    model: str | None = None
    output_dimension: int | None = None
    output_dtype: Dtype | None = None
    encoding_format: Literal["float", "base64"] | None = None
    metadata: dict[str, Any] | None = None


KINDS: dict[ProblemKind, tuple[str, str | None]] = {
    "model": ("invalid_model", "1500"),
    "rate": ("rate_limited", "1300"),
    "quota": ("rate_limited", "1300"),
    "forbidden": ("forbidden", None),
    "internal": ("internal_server_error", None),
    "overloaded": ("service_unavailable", None),
    "timeout": ("service_unavailable", None),
    "unavailable": ("service_unavailable", None),
}
"""The ``type`` and the ``code`` of errors."""

CAPABILITIES = {
    "completion_chat": False,
    "completion_fim": False,
    "function_calling": False,
    "fine_tuning": False,
    "vision": False,
}


@dataclass(frozen=True, slots=True)
class MistralServer:
    """Mistral's format, as its client expects it; members that it does not know are refused."""

    body: ClassVar[Any] = MistralBody

    def parse_request(self, incoming: Incoming) -> EmbedRequest:
        """Return what is asked."""
        body, unknown = read_body(incoming.body, MistralBody)
        if unknown:
            name = unknown[0][:40]
            raise Invalid("extra_forbidden", f"there is no member {name!r} here: leave it out", param=name)
        written = Written((body.output_dtype or "float",), base64=body.encoding_format == "base64")
        return EmbedRequest(
            plain(body.input, empty=True),
            body.model,
            {} if body.output_dimension is None else {"dimensions": body.output_dimension},
            "error",
            written.encodings,
            style=written,
        )

    def render_response(self, answer: EmbedAnswer, request: EmbedRequest) -> HttpResponse:
        """Write the vectors."""
        members = {
            "id": answer.id,
            "object": "list",
            "data": items(request.style.of(answer)),
            "model": answer.model,
            "usage": usage(answer.tokens),
        }
        return json_response(members)

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there are none."""
        if isinstance(problem, Invalid):
            place = ["body", *([problem.param] if problem.param else [])]
            found = {
                "loc": place if problem.index is None else [*place, problem.index],
                "msg": problem.message,
                "type": problem.flaw,
            }
            return json_response({"detail": [found]}, 422)
        if problem.kind in {"key", "no_key"}:
            return json_response({"detail": problem.message}, problem.status)
        kind, code = KINDS.get(problem.kind, ("invalid_request_error", None))
        error = {
            "object": "error",
            "message": problem.message,
            "type": kind,
            "param": problem.param,
            "code": code,
            "raw_status_code": problem.status,
        }
        return json_response(error, problem.status)


def usage(tokens: int) -> Mapping[str, int | None]:
    """Return what an answer cost, with all members that its client wants."""
    return {
        "prompt_tokens": tokens,
        "completion_tokens": 0,
        "total_tokens": tokens,
        "prompt_audio_seconds": None,
    }


def mistral_card(card: ModelCard, name: str) -> Mapping[str, Any]:
    """Write a model as Mistral does."""
    others = [each for each in (card.name, *card.aliases) if each != name]
    more = {} if card.max_tokens is None else {"max_context_length": card.max_tokens}
    return {
        **openai_card(card, name),
        "type": "base",
        "capabilities": CAPABILITIES,
        "name": name,
        "aliases": others,
        "deprecation": None,
        **more,
    }

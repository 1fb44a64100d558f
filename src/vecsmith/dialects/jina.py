"""Jina's embeddings (https://api.jina.ai/docs), which answer as OpenAI's do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec

from vecsmith.dialects.bodies import read_body
from vecsmith.dialects.dtypes import Written, items
from vecsmith.dialects.openai import OpenAIClient, failed, plain
from vecsmith.dialects.serving import EmbedRequest, Invalid, Problem, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vecsmith.dialects import Asked, Fault, FaultKind
    from vecsmith.dialects.serving import EmbedAnswer, Incoming, ModelCard, ProblemKind
    from vecsmith.wire import HttpResponse

__all__ = ["JinaClient", "JinaServer", "Kind", "jina_card", "only_texts", "written_as"]

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


Kind = Literal["float", "base64", "binary", "ubinary", "int8", "uint8"]
"""Jina's ``embedding_type``, and the two that it does not have."""


class JinaBody(msgspec.Struct, kw_only=True):
    """What a client sends; null is the same as nothing."""

    input: str | list[Any] | dict[str, Any]
    model: str | None = None
    task: str | None = None
    dimensions: int | None = None
    embedding_type: Kind | list[Kind] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    """OpenAI's word, which its client sends here too."""
    normalized: bool | None = None
    truncate: bool | None = None
    late_chunking: bool | None = None
    return_multivector: bool | None = None
    return_tokenized_input: bool | None = None
    user: str | None = None


STATUSES: dict[ProblemKind, int] = {"model": 400}
"""Where its own differ."""

ERRORS: dict[ProblemKind, str] = {
    "model": "INPUT_MODEL_NOT_FOUND",
    "key": "AUTH_INVALID_API_KEY",
    "no_key": "AUTH_MISSING_API_KEY",
    "forbidden": "AUTHZ_FORBIDDEN",
    "rate": "RATE_REQUEST_LIMIT_EXCEEDED",
    "quota": "RATE_TOKEN_LIMIT_EXCEEDED",
    "overloaded": "SERVICE_UNAVAILABLE",
    "unavailable": "SERVICE_UNAVAILABLE",
    "timeout": "SERVICE_TIMEOUT",
    "internal": "INTERNAL_ERROR",
    "route": "NOT_FOUND",
    "method": "METHOD_NOT_ALLOWED",
}
"""The ``code`` of errors; all others are of the input."""


@dataclass(frozen=True, slots=True)
class JinaServer:
    """Jina's format, as its clients expect it."""

    body: ClassVar[Any] = JinaBody

    def parse_request(self, incoming: Incoming) -> EmbedRequest:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, JinaBody)
        for name in ("return_multivector", "return_tokenized_input"):
            if getattr(body, name):
                raise Problem("input", f"{name!r} is not done here: leave it out", param=name)
        kinds = body.encoding_format or "float" if body.embedding_type is None else body.embedding_type
        written = written_as(kinds)
        asked = {
            "task": body.task,
            "dimensions": body.dimensions,
            "normalize": body.normalized is not False,
            "on_long": None if body.truncate is None else "truncate" if body.truncate else "error",
        }
        return EmbedRequest(
            plain(only_texts(body.input), empty=True),
            body.model,
            {name: value for name, value in asked.items() if value is not None},
            "error",
            written.encodings,
            together=bool(body.late_chunking),
            style=written,
            ignored=ignored,
        )

    def render_response(self, answer: EmbedAnswer, request: EmbedRequest) -> HttpResponse:
        """Write the vectors."""
        members = {
            "object": "list",
            "data": items(request.style.of(answer)),
            "model": answer.model,
            "usage": {"total_tokens": answer.tokens, "prompt_tokens": answer.tokens},
        }
        return json_response(members)

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there are none."""
        error: dict[str, Any] = {
            "detail": problem.message,
            "code": ERRORS.get(problem.kind, "INPUT_INVALID"),
            "request_id": problem.id,
        }
        status = STATUSES.get(problem.kind, problem.status)
        if isinstance(problem, Invalid):
            found = {"field": problem.param or "", "message": problem.message, "type": problem.flaw}
            return json_response({**error, "errors": [found]}, 422)
        return json_response(error, status)


def written_as(kinds: Kind | Sequence[Kind]) -> Written:
    """Return how vectors are written for one ``embedding_type``, or for several."""
    if isinstance(kinds, str):
        return Written((kinds,))
    if not kinds:
        raise Invalid("value_error", "'$.embedding_type' is invalid: it is an empty list", param="embedding_type")
    return Written(tuple(dict.fromkeys(kinds)), keyed=True)


def only_texts(given: str | Sequence[Any] | Mapping[str, Any]) -> str | list[Any]:
    """Return inputs with objects that hold a text replaced by it; raise `Problem` for one that holds something else."""
    if isinstance(given, str):
        return given
    if isinstance(given, dict):
        return [text_in(given, "$.input", None)]
    objects = [place for place, each in enumerate(given) if isinstance(each, dict)]
    inputs = list(given)
    for place in objects:
        inputs[place] = text_in(inputs[place], f"$.input[{place}]", place)
    return inputs


def text_in(given: Mapping[str, Any], where: str, place: int | None) -> str:
    """Return the text of an input that is an object."""
    others = [name for name in given if name != "text"]
    if others:
        name = others[0][:40]
        raise Problem("input", f"'{where}' has {name!r}: only 'text' is embedded here", param="input", index=place)
    text = given.get("text")
    if not isinstance(text, str):
        raise Problem("input", f"'{where}' has no text: send a string, or an object with 'text'", index=place)
    return text


def jina_card(card: ModelCard, name: str) -> Mapping[str, Any]:
    """Write a model as Jina does, and as OpenAI's client reads it."""
    return {
        "id": name,
        "object": "model",
        "created": card.created,
        "owned_by": card.owner,
        "name": card.title or name,
        "context_length": card.max_tokens,
        "pricing": {"prompt": "0"},
    }

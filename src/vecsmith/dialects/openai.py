"""OpenAI's embeddings (https://platform.openai.com/docs/api-reference/embeddings), and what copies them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec

from vecsmith.dialects import Answer, fault, members, post, rows_of, sentence
from vecsmith.dialects.bodies import read_body, texts_of
from vecsmith.dialects.serving import EmbedRequest, Invalid, Problem, as_base64, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vecsmith.dialects import Asked, Fault, FaultKind
    from vecsmith.dialects.serving import EmbedAnswer, Incoming, ProblemKind
    from vecsmith.wire import HttpRequest, HttpResponse, Service

__all__ = ["Embedding", "Listed", "OpenAIClient", "OpenAIServer", "error_of", "failed", "plain", "told_apart"]


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


MOST = 2048
"""Texts of one request."""


class EmbeddingsBody(msgspec.Struct, kw_only=True):
    """What a client sends; null is the same as nothing."""

    input: str | list[str | int | list[int]]
    """One text, several, one as token ids, or several as token ids."""
    model: str | None = None
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = None
    user: str | None = None
    task: str | None = None
    """vecsmith's own, as the two that follow: what the vectors are for."""
    on_long: str | None = None
    prompt: str | None = None


ERRORS: dict[ProblemKind, tuple[str, str | None]] = {
    "key": ("invalid_request_error", "invalid_api_key"),
    "no_key": ("invalid_request_error", "invalid_api_key"),
    "model": ("invalid_request_error", "model_not_found"),
    "rate": ("requests", "rate_limit_exceeded"),
    "quota": ("insufficient_quota", "insufficient_quota"),
    "internal": ("server_error", None),
    "overloaded": ("server_error", None),
    "timeout": ("server_error", None),
    "unavailable": ("server_error", None),
}
"""The ``type`` and the ``code`` of errors."""


@dataclass(frozen=True, slots=True)
class OpenAIServer:
    """OpenAI's format, as its clients expect it."""

    body: ClassVar[Any] = EmbeddingsBody

    def parse_request(self, incoming: Incoming) -> EmbedRequest:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, EmbeddingsBody)
        texts, ids = told_apart(body.input)
        asked = {"task": body.task, "on_long": body.on_long, "prompt": body.prompt, "dimensions": body.dimensions}
        return EmbedRequest(
            texts,
            incoming.named.get("model", body.model),
            {name: value for name, value in asked.items() if value is not None},
            "error",
            ids=ids,
            style=body.encoding_format or "float",
            ignored=ignored,
        )

    def render_response(self, answer: EmbedAnswer, request: EmbedRequest) -> HttpResponse:
        """Write the vectors."""
        return json_response(listed(answer, request))

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there are none."""
        return json_response({"error": error_of(problem)}, problem.status)


def told_apart(given: str | list[str | int | list[int]]) -> tuple[list[str], list[list[int]] | None]:
    """Return the texts, or none and the token ids; raise `Problem` for lists that are neither."""
    if not given or isinstance(given, str) or isinstance(given[0], str):
        return plain(given), None
    one = isinstance(given[0], int)
    rows: list[Any] = [given] if one else given
    for place, row in enumerate(rows):
        if not isinstance(row, list) or not row or not all(isinstance(each, int) and each >= 0 for each in row):
            words = f"'$.input[{place}]' is invalid: texts and token ids are mixed"
            raise Invalid("type_error", words, param="input", index=place)
    if len(rows) > MOST:
        raise Problem("too_many", f"'$.input' is invalid: it has {len(rows)} inputs, {MOST} at most", param="input")
    return [], rows


def plain(given: str | Sequence[Any], most: int = MOST, *, empty: bool = False) -> list[str]:
    """Return texts, one or several; raise `Problem` for none, too many, an empty one unless `empty`, and no text."""
    texts = texts_of(given, "input")
    if not texts:
        raise Invalid("value_error", "'$.input' is invalid: it is empty; send at least one text", param="input")
    if len(texts) > most:
        raise Problem("too_many", f"'$.input' is invalid: it has {len(texts)} texts, {most} at most", param="input")
    if not empty and "" in texts:
        place = texts.index("")
        raise Invalid(
            "value_error", f"'$.input[{place}]' is invalid: it is an empty string", param="input", index=place
        )
    return texts


def listed(answer: EmbedAnswer, request: EmbedRequest) -> dict[str, Any]:
    """Return the members of an answer."""
    rows = answer.vectors[request.encodings[0]]
    shown = map(as_base64, rows) if request.style == "base64" else rows
    return {
        "object": "list",
        "data": [{"object": "embedding", "index": index, "embedding": row} for index, row in enumerate(shown)],
        "model": answer.model,
        "usage": {"prompt_tokens": answer.tokens, "total_tokens": answer.tokens},
    }


def error_of(problem: Problem) -> dict[str, Any]:
    """Return the members of an error."""
    kind, code = ERRORS.get(problem.kind, ("invalid_request_error", None))
    return {"message": problem.message, "type": kind, "param": problem.param, "code": code}

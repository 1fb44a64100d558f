"""``/v1/embeddings`` and ``/v1/models`` at the root, where clients of OpenAI, Voyage, Mistral, Jina and Cohere meet.

A member means what it means in the service that has it, an answer holds what each of the clients reads, and so does an
error; nothing tells the clients apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec

from vecsmith.dialects.bodies import read_body
from vecsmith.dialects.dtypes import Dtype, Written, items
from vecsmith.dialects.jina import Kind, only_texts, written_as
from vecsmith.dialects.mistral import mistral_card, usage
from vecsmith.dialects.openai import error_of, told_apart
from vecsmith.dialects.serving import EmbedRequest, Invalid, json_response
from vecsmith.errors import ConfigError
from vecsmith.tasks import task_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vecsmith.dialects.serving import EmbedAnswer, Incoming, ModelCard, Problem
    from vecsmith.wire import HttpResponse

__all__ = ["RootServer", "root_card", "root_list", "union_error"]


class RootBody(msgspec.Struct, kw_only=True):
    """What the clients send, and synonyms that others use; null is the same as nothing."""

    input: str | list[Any] | dict[str, Any]
    model: str | None = None
    dimensions: int | None = None
    output_dimension: int | None = None
    task: str | None = None
    input_type: str | None = None
    encoding_format: Literal["float", "base64"] | None = None
    output_dtype: Dtype | None = None
    embedding_type: Kind | list[Kind] | None = None
    normalized: bool | None = None
    normalize: bool | None = None
    truncation: bool | None = None
    truncate: bool | Literal["NONE", "START", "END", "none", "start", "end"] | None = None
    on_long: str | None = None
    late_chunking: bool | None = None
    prompt: str | None = None
    user: str | None = None
    metadata: dict[str, Any] | None = None


CUTS: Mapping[bool | str, str] = {
    True: "truncate",
    False: "error",
    "none": "error",
    "start": "truncate_start",
    "end": "truncate",
}
"""What the switches for texts that are too long mean."""


@dataclass(frozen=True, slots=True)
class RootServer:
    """All of these services' format."""

    body: ClassVar[Any] = RootBody

    def parse_request(self, incoming: Incoming) -> EmbedRequest:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, RootBody)
        texts, ids = told_apart(only_texts(body.input))
        written = written_by(body)
        return EmbedRequest(
            texts,
            body.model,
            options_by(body),
            "error",
            written.encodings,
            ids=ids,
            together=bool(body.late_chunking),
            style=written,
            ignored=ignored,
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
        return union_error(problem)


def union_error(problem: Problem) -> HttpResponse:
    """Write an error with the members that each client looks for."""
    words = problem.message
    return json_response({"error": error_of(problem), "detail": words, "message": words}, problem.status)


def options_by(body: RootBody) -> dict[str, Any]:
    """Return what a request says of the call; raise `Problem` for members that contradict each other."""
    cuts = [("truncation", body.truncation), ("truncate", body.truncate)]
    long = [(name, None if value is None else cut_by(value)) for name, value in cuts]
    asked = {
        "task": agreed([(name, task_by(name, getattr(body, name))) for name in ("task", "input_type")]),
        "dimensions": agreed([("dimensions", body.dimensions), ("output_dimension", body.output_dimension)]),
        "normalize": agreed([("normalized", body.normalized), ("normalize", body.normalize)]),
        "on_long": agreed([("on_long", body.on_long), *long]),
        "prompt": body.prompt,
    }
    return {name: value for name, value in asked.items() if value is not None}


def cut_by(value: bool | str) -> str:  # noqa: FBT001 (it is what the client says)
    """Return what a switch means."""
    return CUTS[value.lower() if isinstance(value, str) else value]


def task_by(name: str, given: str | None) -> str | None:
    """Return the task that a client's word means, so that two spellings of one agree."""
    try:
        return task_of(given)
    except ConfigError as error:
        raise Invalid("value_error", f"'$.{name}' is invalid: {error}", param=name) from None


def written_by(body: RootBody) -> Written:
    """Return how vectors are written; raise `Problem` for members that contradict each other."""
    by_type = None if body.embedding_type is None else written_as(body.embedding_type)
    if by_type is None:
        return Written((body.output_dtype or "float",), base64=body.encoding_format == "base64")
    if not by_type.keyed and by_type.kinds == ("base64",):
        agreed([("encoding_format", body.encoding_format), ("embedding_type", "base64")])
        return Written((body.output_dtype or "float",), base64=True)
    if by_type.keyed and len(by_type.kinds) > 1:
        agreed([("output_dtype", body.output_dtype), ("embedding_type", " ".join(by_type.kinds))])
    else:
        agreed([("output_dtype", body.output_dtype), ("embedding_type", by_type.kinds[0])])
    return Written(by_type.kinds, base64=body.encoding_format == "base64", keyed=by_type.keyed)


def agreed(given: Iterable[tuple[str, Any]]) -> Any:
    """Return what members that mean the same say; raise `Problem` where two of them say different things."""
    said = [(name, value) for name, value in given if value is not None]
    for name, value in said[1:]:
        if value != said[0][1]:
            raise Invalid("value_error", f"{said[0][0]!r} and {name!r} contradict each other: send one", param=name)
    return said[0][1] if said else None


def root_card(card: ModelCard, name: str) -> Mapping[str, Any]:
    """Write a model with the members of OpenAI's, Mistral's and Cohere's."""
    return {**mistral_card(card, name), **cohere_members(card, name)}


def cohere_members(card: ModelCard, name: str) -> Mapping[str, Any]:
    """Return what Cohere's client reads."""
    return {
        "name": name,
        "endpoints": ["embed"],
        "default_endpoints": [],
        "finetuned": False,
        "context_length": card.max_tokens,
        "tokenizer_url": None,
        "features": None,
        "is_deprecated": False,
    }


def root_list(cards: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the list, once as OpenAI's and Mistral's, and once as Cohere's."""
    return {"object": "list", "data": cards, "models": cards, "next_page_token": None}

"""Cohere's embeddings (https://docs.cohere.com/reference/embed): version 2 as a client, 1 and 2 as a server."""

from __future__ import annotations

from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec

from vecsmith.dialects import Answer, fault, members, post, rows_of, sentence
from vecsmith.dialects.bodies import number, read_body
from vecsmith.dialects.serving import EmbedRequest, Problem, as_base64, json_response
from vecsmith.prepare import readable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vecsmith.dialects import Asked, Fault
    from vecsmith.dialects.serving import EmbedAnswer, Incoming, ModelCard
    from vecsmith.types import Encoding, OnLong
    from vecsmith.wire import HttpRequest, HttpResponse, Service

__all__ = [
    "TRUNCATE",
    "ByType",
    "CohereAnswer",
    "CohereClient",
    "CohereKey",
    "CohereModel",
    "CohereModels",
    "CohereServer",
]

TRUNCATE: dict[OnLong, str] = {"truncate": "END", "truncate_start": "START", "error": "NONE"}
"""What `truncate` says: the end that is dropped."""


class ByType(msgspec.Struct):
    """The vectors, by how their numbers are written."""

    floats: list[bytes | list[float]] | None = msgspec.field(name="float", default=None)
    base64: list[bytes] | None = None


class BilledUnits(msgspec.Struct):
    """What was charged; the official client takes these for floats."""

    input_tokens: float | None = None


class Meta(msgspec.Struct):
    """What is said beside the vectors."""

    billed_units: BilledUnits | None = None


class CohereAnswer(msgspec.Struct):
    """An answer, in the order of the texts."""

    embeddings: ByType | list[list[float]]
    """A bare list is how version 1 answers."""
    meta: Meta | None = None

    @property
    def tokens(self) -> int | None:
        """The tokens that were charged."""
        billed = self.meta.billed_units if self.meta else None
        return None if billed is None or billed.input_tokens is None else round(billed.input_tokens)


decode = msgspec.json.Decoder(CohereAnswer).decode


@dataclass(frozen=True, slots=True)
class CohereClient:
    """Cohere's format."""

    def build_request(self, service: Service, asked: Asked) -> HttpRequest:
        """Ask for some texts' vectors; the order of base64's bytes is documented nowhere, so they come as numbers."""
        body = {
            "model": asked.model,
            "texts": asked.texts,
            "input_type": asked.task,
            "embedding_types": ["float"],
            "output_dimension": asked.dimensions,
            "truncate": TRUNCATE.get(asked.on_long),
        }
        return post(service, "/v2/embed", body)

    def read_response(self, response: HttpResponse, asked: Asked) -> Answer:  # noqa: ARG002 (the answer says it all)
        """Return what an answer says."""
        answer = decode(response.body)
        given = answer.embeddings
        vectors = (given.floats or given.base64) if isinstance(given, ByType) else given
        if vectors is None:
            raise LookupError("it has neither float nor base64")
        return Answer(rows_of(vectors), answer.tokens)

    def read_error(self, response: HttpResponse) -> Fault:
        """Return why there is no answer."""
        found = fault(response, sentence(members(response)))
        return replace(found, retry_after=until_reset(response.headers)) if found.retry_after is None else found


def until_reset(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until ``X-RateLimit-Reset``, a time of day, by the server's own clock."""
    try:
        return max(0.0, float(headers["x-ratelimit-reset"]) - parsedate_to_datetime(headers["date"]).timestamp())
    except (LookupError, ValueError):
        return None


MOST = 96
"""Texts of one request."""

PAGE = 20
LARGEST_PAGE = 1000

Kind = Literal["float", "int8", "uint8", "binary", "ubinary", "base64"]

ENCODINGS: dict[Kind, Encoding] = {
    "float": "float32",
    "int8": "int8",
    "uint8": "uint8",
    "binary": "binary",
    "ubinary": "ubinary",
    "base64": "float32",
}
"""What each of the types is made of."""

ON_LONG: dict[str, OnLong] = {said: on_long for on_long, said in TRUNCATE.items()}


class Piece(msgspec.Struct):
    """A part of an input."""

    type: str
    text: str | None = None


class Input(msgspec.Struct):
    """An input of several parts."""

    content: list[Piece]


class EmbedBody(msgspec.Struct, kw_only=True):
    """What a client sends, in either version; null is the same as nothing."""

    model: str | None = None
    input_type: str | None = None
    texts: list[str] | None = None
    inputs: list[Input] | None = None
    images: list[Any] | None = None
    embedding_types: list[Kind] | None = None
    output_dimension: int | None = None
    max_tokens: int | None = None
    truncate: str | None = None
    priority: int | None = None
    """Which is taken, and changes nothing: short requests go first in any case."""


@dataclass(frozen=True, slots=True)
class CohereServer:
    """Cohere's format, as its clients expect it."""

    body: ClassVar[Any] = EmbedBody

    version: Literal["1", "2"] = "2"

    def parse_request(self, incoming: Incoming) -> EmbedRequest:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, EmbedBody)
        if body.input_type is None and self.version == "2":
            raise Problem("input", "input_type is missing: name one, such as search_document", param="input_type")
        texts = texts_of(body)
        check_texts(texts)
        kinds = kinds_of(body, self.version)
        return EmbedRequest(
            texts,
            body.model,
            options_of(body),
            encodings=tuple(dict.fromkeys(ENCODINGS[kind] for kind in kinds or ["float"])),
            max_tokens=positive(body.max_tokens),
            style=kinds,
            ignored=ignored,
        )

    def render_response(self, answer: EmbedAnswer, request: EmbedRequest) -> HttpResponse:
        """Write the vectors, each type of them that was asked for."""
        return json_response(
            {
                "id": answer.id,
                "texts": [readable(text)[0] for text in request.texts],
                "embeddings": written(answer, request.style),
                "meta": {
                    "api_version": {"version": self.version},
                    "billed_units": {"input_tokens": answer.tokens},
                },
                "response_type": "embeddings_floats" if request.style is None else "embeddings_by_type",
            }
        )

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there are none."""
        return error_response(problem)


def texts_of(body: EmbedBody) -> list[str]:
    """Return the texts, whichever way they came; raise `Problem` for pictures."""
    given = [name for name in ("texts", "inputs", "images") if getattr(body, name) is not None]
    if body.images:
        raise Problem("input", "images are not embedded here: send texts", param="images")
    if len(given) != 1:
        raise Problem("input", "send exactly one of texts and inputs", param="texts")
    if body.inputs is None:
        return body.texts or []
    for place, each in enumerate(body.inputs):
        for piece in each.content:
            if piece.type != "text" or piece.text is None:
                raise Problem(
                    "input", f"inputs[{place}] holds something other than text: send text", param="inputs", index=place
                )
    return ["\n".join([piece.text or "" for piece in each.content]) for each in body.inputs]


def check_texts(texts: Sequence[str]) -> None:
    """Refuse too many, none, and one that is empty."""
    if not texts:
        raise Problem("input", "there are no texts: send at least one", param="texts")
    if len(texts) > MOST:
        raise Problem(
            "too_many", f"the total number of texts must be at most {MOST}: there are {len(texts)}", param="texts"
        )
    if "" in texts:
        place = texts.index("")
        raise Problem(
            "input", f"the text at index {place} is an empty string: leave it out", param="texts", index=place
        )


def kinds_of(body: EmbedBody, version: str) -> Sequence[Kind] | None:
    """Return the types of vectors that are wanted, each once; None for the bare lists of version 1."""
    if body.embedding_types is None:
        return None if version == "1" else ("float",)
    if not body.embedding_types:
        raise Problem("input", "embedding_types is empty: name at least one, or leave it out", param="embedding_types")
    return tuple(dict.fromkeys(body.embedding_types))


def options_of(body: EmbedBody) -> dict[str, Any]:
    """Return what a request says of the call."""
    said = body.truncate
    if said is not None and said.upper() not in ON_LONG:
        raise Problem("input", f"truncate must be one of {', '.join(sorted(ON_LONG))}", param="truncate")
    # with models that read pictures, text beside them is a document
    task = "search_document" if body.input_type == "image" else body.input_type
    on_long = None if said is None else ON_LONG[said.upper()]
    asked = {"task": task, "dimensions": body.output_dimension, "on_long": on_long}
    return {name: value for name, value in asked.items() if value is not None}


def positive(given: int | None) -> int | None:
    """Refuse fewer tokens than one."""
    if given is not None and given < 1:
        raise Problem("input", "max_tokens must be at least 1", param="max_tokens")
    return given


def written(answer: EmbedAnswer, kinds: Sequence[Kind] | None) -> Any:
    """Return the vectors by their types, or bare where none was named."""
    if kinds is None:
        return list(answer.vectors["float32"])
    listed: dict[str, list[Any]] = {}
    for kind in kinds:
        rows = answer.vectors[ENCODINGS[kind]]
        listed[kind] = [as_base64(row) for row in rows] if kind == "base64" else list(rows)
    return listed


def error_response(problem: Problem) -> HttpResponse:
    """Write an error."""
    return json_response({"message": problem.message}, problem.status)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the models are wanted."""

    start: int
    size: int
    endpoint: str | None
    default_only: bool


@dataclass(frozen=True, slots=True)
class CohereModels:
    """The models, page by page."""

    def parse_request(self, incoming: Incoming) -> Wanted:
        """Return which are wanted."""
        query = incoming.query
        return Wanted(
            number(query, "page_token"),
            min(LARGEST_PAGE, number(query, "page_size") or PAGE),
            query.get("endpoint") or None,
            query.get("default_only", "").lower() == "true",
        )

    def render_response(self, answer: Sequence[ModelCard], request: Wanted) -> HttpResponse:
        """Write them, under every name that they have; the first is the default."""
        named = [described(card, name) for card in answer for name in (card.name, *card.aliases)]
        if request.endpoint not in {None, "embed"}:
            named = []
        if request.default_only:
            named = named[:1]
        end = request.start + request.size
        return json_response(
            {"models": named[request.start : end], "next_page_token": str(end) if end < len(named) else ""}
        )

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there are none."""
        return error_response(problem)


@dataclass(frozen=True, slots=True)
class CohereModel:
    """One of the models."""

    def parse_request(self, incoming: Incoming) -> str:
        """Return its name."""
        return incoming.named["model"]

    def render_response(self, answer: ModelCard, request: str) -> HttpResponse:
        """Write what it is, under the name that was asked for."""
        return json_response(described(answer, request))

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there is none."""
        return error_response(problem)


def described(card: ModelCard, name: str) -> dict[str, Any]:
    """Return what is told of a model."""
    return {
        "name": name,
        "endpoints": ["embed"],
        "default_endpoints": [],
        "finetuned": False,
        "is_deprecated": False,
        "context_length": card.max_tokens,
        "tokenizer_url": None,
        "features": None,
    }


@dataclass(frozen=True, slots=True)
class CohereKey:
    """Whether a key is good: one that is not comes no further than the door."""

    def parse_request(self, incoming: Incoming) -> None:
        """Ask nothing."""

    def render_response(self, answer: None, request: None) -> HttpResponse:  # noqa: ARG002 (as `ServerSide` calls it)
        """Say that it is."""
        return json_response({"valid": True})

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why it is not."""
        return error_response(problem)

"""Text Embeddings Inference, as its clients expect it (https://huggingface.github.io/text-embeddings-inference)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec
import numpy as np

from vecsmith.dialects.bodies import json_name, read_body
from vecsmith.dialects.openai import OpenAIServer
from vecsmith.dialects.serving import EmbedRequest, Problem, json_response
from vecsmith.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vecsmith.dialects.serving import EmbedAnswer, Incoming, ProblemKind
    from vecsmith.types import Floats, OnLong

__all__ = [
    "Cosines",
    "Empty",
    "NativeRequest",
    "Pair",
    "Says",
    "SimilarityRequest",
    "TEIEmbed",
    "TEIEmbedAll",
    "TEIInfo",
    "TEIOpenAI",
    "TEIRefusal",
    "TEIRoot",
    "TEISimilarity",
    "TokenVectors",
    "check_texts",
    "model_of",
]

Direction = Literal["Left", "Right", "left", "right"]

Inputs = str | list[str | int | list[int]]
"""One text, several, one as token ids, or several as token ids, which may stand among texts."""


@dataclass(frozen=True, slots=True)
class NativeRequest(EmbedRequest):
    """What a client wants embedded, by a server that knows the model's own prompts and tokens."""

    prompt_name: str | None = None
    """The name of one of the model's prompts."""


@dataclass(frozen=True, slots=True)
class SimilarityRequest(NativeRequest):
    """How close the first text is to each of the others."""


@dataclass(frozen=True, slots=True, eq=False)
class Cosines:
    """How close one text is to others."""

    scores: Floats
    """(others,)"""
    embedded: EmbedAnswer


@dataclass(frozen=True, slots=True, eq=False)
class TokenVectors:
    """The vector of every token of each text."""

    rows: Sequence[Floats]
    """(tokens, width) each"""
    tokens: int
    seconds: float


class Parameters(msgspec.Struct, kw_only=True):
    """What may be said of how texts are read."""

    truncate: bool | None = None
    truncation_direction: Direction | None = None
    prompt_name: str | None = None
    normalize: bool | None = None
    dimensions: int | None = None


class Common(Parameters, kw_only=True):
    """What bodies share; the four at the end are vecsmith's own."""

    parameters: Parameters | None = None
    """An older place for the same."""
    model: str | None = None
    task: str | None = None
    on_long: str | None = None
    prompt: str | None = None

    def said(self, name: str) -> Any:
        """Return what is said of one parameter, wherever it stands."""
        value = getattr(self, name)
        return getattr(self.parameters, name) if value is None and self.parameters is not None else value


class EmbedBody(Common, kw_only=True):
    """What a client sends to have vectors."""

    inputs: Inputs


class Pair(msgspec.Struct):
    """A sentence, and those that it is compared with."""

    source_sentence: str
    sentences: list[str]


class SimilarityBody(Common, kw_only=True):
    """What a client sends to have sentences compared."""

    inputs: Pair


class RootBody(Common, kw_only=True):
    """What a client sends that knows the address alone."""

    inputs: Pair | Inputs


class Empty(Problem):
    """A list with nothing in it, for which there is a type of error."""


TYPES: dict[ProblemKind, tuple[int, str]] = {
    "forbidden": (403, "Validation"),
    "internal": (424, "Backend"),
    "method": (405, "Validation"),
    "model": (404, "Validation"),
    "overloaded": (429, "Overloaded"),
    "quota": (429, "Overloaded"),
    "rate": (429, "Overloaded"),
    "route": (404, "Validation"),
    "slow_body": (408, "Validation"),
    "timeout": (424, "Backend"),
    "too_large": (413, "Validation"),
    "unavailable": (424, "Backend"),
    "unsupported": (501, "Backend"),
}
"""Statuses and ``error_type``; what is not here is a 422."""


def type_of(problem: Problem) -> tuple[int, str]:
    """Return an error's status and type."""
    return (400, "Empty") if isinstance(problem, Empty) else TYPES.get(problem.kind, (422, "Validation"))


class Says:
    """How the server says what went wrong: nothing at all to who has no key."""

    __slots__ = ()

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there is no answer."""
        if problem.kind in {"key", "no_key"}:
            return HttpResponse(401, {}, b"")
        status, kind = type_of(problem)
        return json_response({"error": problem.message, "error_type": kind}, status)


@dataclass(frozen=True, slots=True)
class TEIEmbed(Says):
    """``/embed``: a list of vectors, for one text, too."""

    body: ClassVar[Any] = EmbedBody
    writes: ClassVar[Any] = list[list[float]]

    def parse_request(self, incoming: Incoming) -> NativeRequest:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, EmbedBody)
        return embedding(body, body.inputs, incoming, ignored)

    def render_response(self, answer: EmbedAnswer, request: EmbedRequest) -> HttpResponse:
        """Write the vectors."""
        return json_response(answer.vectors["float32"], headers=costs(request.texts, answer))


@dataclass(frozen=True, slots=True)
class TEIEmbedAll(Says):
    """``/embed_all``: a vector for every token."""

    body: ClassVar[Any] = EmbedBody
    writes: ClassVar[Any] = list[list[list[float]]]

    def parse_request(self, incoming: Incoming) -> NativeRequest:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, EmbedBody)
        for name in ("normalize", "dimensions"):
            if body.said(name) is not None:
                raise Problem("input", f"'{name}' is not for vectors of tokens: leave it out", param=name)
        return embedding(body, body.inputs, incoming, ignored)

    def render_response(self, answer: TokenVectors, request: NativeRequest) -> HttpResponse:
        """Write the vectors."""
        rows = [np.ascontiguousarray(row) for row in answer.rows]
        return json_response(rows, headers=costs(request.texts, answer))


@dataclass(frozen=True, slots=True)
class TEISimilarity(Says):
    """``/similarity``: cosines of one sentence with others."""

    body: ClassVar[Any] = SimilarityBody
    writes: ClassVar[Any] = list[float]

    def parse_request(self, incoming: Incoming) -> SimilarityRequest:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, SimilarityBody)
        return comparing(body, body.inputs, incoming, ignored)

    def render_response(self, answer: Cosines, request: SimilarityRequest) -> HttpResponse:
        """Write the cosines."""
        return json_response(answer.scores, headers=costs(request.texts, answer.embedded))


@dataclass(frozen=True, slots=True)
class TEIRoot(Says):
    """The address alone: vectors, or cosines where a sentence and others are sent."""

    body: ClassVar[Any] = RootBody
    writes: ClassVar[Any] = list[list[float] | float]

    def parse_request(self, incoming: Incoming) -> NativeRequest:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, RootBody)
        if isinstance(body.inputs, Pair):
            return comparing(body, body.inputs, incoming, ignored)
        return embedding(body, body.inputs, incoming, ignored)

    def render_response(self, answer: EmbedAnswer | Cosines, request: NativeRequest) -> HttpResponse:
        """Write the vectors, or the cosines."""
        if isinstance(answer, Cosines):
            return json_response(answer.scores, headers=costs(request.texts, answer.embedded))
        return json_response(answer.vectors["float32"], headers=costs(request.texts, answer))


@dataclass(frozen=True, slots=True)
class TEIOpenAI(OpenAIServer):
    """OpenAI's format as this server speaks it: the model's own token ids, one model whatever its name, flat errors."""

    def parse_request(self, incoming: Incoming) -> EmbedRequest:
        """Return what is asked."""
        asked = OpenAIServer.parse_request(self, incoming)
        return replace(asked, model=None, vocabulary="model", options={"normalize": True, **asked.options})

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there are no vectors."""
        if problem.kind in {"key", "no_key"}:
            return HttpResponse(401, {}, b"")
        status, kind = type_of(problem)
        return json_response({"message": problem.message, "code": status, "type": kind}, status)


@dataclass(frozen=True, slots=True)
class TEIInfo(Says):
    """``/info``: what the server is."""

    def parse_request(self, incoming: Incoming) -> str | None:
        """Return the model that is asked for."""
        return incoming.query.get("model")

    def render_response(self, answer: Mapping[str, Any], request: str | None) -> HttpResponse:  # noqa: ARG002 (a side)
        """Write it."""
        return json_response(answer)


@dataclass(frozen=True, slots=True)
class TEIRefusal(Says):
    """What models of other kinds do."""

    what: str
    refuses: ClassVar[bool] = True

    def parse_request(self, incoming: Incoming) -> None:  # noqa: ARG002 (whatever it is)
        """Refuse."""
        raise Problem("unsupported", f"no model here {self.what}: ask /embed for vectors")

    def render_response(self, answer: Any, request: None) -> HttpResponse:
        """Never come here."""
        raise NotImplementedError


def embedding(body: Common, inputs: Inputs, incoming: Incoming, ignored: Sequence[str]) -> NativeRequest:
    """Return a question for vectors."""
    texts, ids = told_apart(inputs)
    return NativeRequest(texts, ids=ids, **asked(body, incoming, ignored))


def comparing(body: Common, pair: Pair, incoming: Incoming, ignored: Sequence[str]) -> SimilarityRequest:
    """Return a question for cosines."""
    texts = [pair.source_sentence, *pair.sentences]
    if len(texts) == 1:
        raise Empty("input", "`sentences` cannot be empty: send at least one", param="inputs")
    check_texts(texts)
    return SimilarityRequest(texts, **asked(body, incoming, ignored))


def asked(body: Common, incoming: Incoming, ignored: Sequence[str]) -> dict[str, Any]:
    """Return what a body says of how texts are read and vectors are made."""
    normalize, cut = body.said("normalize"), body.said("truncate")
    end: OnLong = "truncate_start" if body.said("truncation_direction") in {"Left", "left"} else "truncate"
    on_long = body.on_long or (None if cut is None else end if cut else "error")
    told = {
        "normalize": normalize is not False,
        "dimensions": body.said("dimensions"),
        "on_long": on_long,
        "task": body.task,
        "prompt": body.prompt,
    }
    return {
        "model": model_of(body.model, incoming),
        "options": {name: value for name, value in told.items() if value is not None},
        "on_long": end,
        "vocabulary": "model",
        "ignored": ignored,
        "prompt_name": body.said("prompt_name"),
    }


def told_apart(inputs: Inputs) -> tuple[list[str], list[list[int]] | None]:
    """Return the texts, or none and the token ids; raise `Problem` for lists that are neither."""
    if inputs == []:
        raise Empty("input", "`inputs` cannot be empty: send at least one text", param="inputs")
    if isinstance(inputs, str) or isinstance(inputs[0], str):
        texts: list[Any] = [inputs] if isinstance(inputs, str) else inputs
        check_texts(texts)
        return texts, None
    rows: list[Any] = [inputs] if isinstance(inputs[0], int) else inputs
    for place, row in enumerate(rows):
        if not isinstance(row, list) or not row or not all(isinstance(each, int) for each in row):
            raise Problem(
                "input",
                f"'$.inputs[{place}]' is invalid: token ids must be in a list of their own, with one at least",
                param="inputs",
                index=place,
            )
    return [], rows


def check_texts(texts: Sequence[Any]) -> None:
    """Refuse what is empty, or no text."""
    if not texts:
        raise Empty("input", "`inputs` cannot be empty: send at least one text", param="inputs")
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            found = json_name(text)
            raise Problem("input", f"'$.inputs[{place}]' must be a string like the others, not {found}", index=place)
        if not text:
            raise Problem("input", f"`inputs` cannot be empty: input {place} is", param="inputs", index=place)


def model_of(said: str | None, incoming: Incoming) -> str | None:
    """Return the model that the path, the body or the query names."""
    return incoming.named.get("id") or said or incoming.query.get("model")


def costs(texts: Sequence[str], answer: EmbedAnswer | TokenVectors) -> dict[str, str]:
    """Return what an answer took, times in milliseconds."""
    milliseconds = str(round(answer.seconds * 1000))
    told = {
        "x-compute-time": milliseconds,
        "x-total-time": milliseconds,
        "x-compute-tokens": str(answer.tokens),
    }
    return {**told, "x-compute-characters": str(sum(map(len, texts)))} if texts else told

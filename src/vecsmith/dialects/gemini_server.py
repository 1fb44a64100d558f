"""Gemini's embeddings as a server gives them (https://ai.google.dev/api/embeddings)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from vecsmith.dialects.bodies import object_of, read_members
from vecsmith.dialects.google import error_response
from vecsmith.dialects.serving import EmbedRequest, Problem, grouped, in_order, json_response
from vecsmith.errors import ConfigError
from vecsmith.tasks import task_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vecsmith.dialects.serving import EmbedAnswer, Incoming, Several
    from vecsmith.wire import HttpResponse

__all__ = ["GeminiBatch", "GeminiEmbed"]

MOST = 100
"""Requests of one batch."""

DEEPEST = 8
"""Levels of a body below which no member has a name that matters."""

TASK_TYPES = (
    "TASK_TYPE_UNSPECIFIED",
    "RETRIEVAL_QUERY",
    "RETRIEVAL_DOCUMENT",
    "SEMANTIC_SIMILARITY",
    "CLASSIFICATION",
    "CLUSTERING",
    "QUESTION_ANSWERING",
    "FACT_VERIFICATION",
    "CODE_RETRIEVAL_QUERY",
)
"""By their numbers, which some clients send."""


class Part(msgspec.Struct, rename="camel"):
    """A part of a content."""

    text: str | None = None
    inline_data: Any = None
    file_data: Any = None


class Content(msgspec.Struct):
    """What is embedded: all its parts as one."""

    parts: list[Part] | None = None
    role: str | None = None


class Config(msgspec.Struct, rename="camel", kw_only=True):
    """How it is embedded."""

    task_type: str | int | None = None
    title: str | None = None
    output_dimensionality: int | str | None = None
    auto_truncate: bool | None = None


class EmbedContent(Config, rename="camel", kw_only=True):
    """A request; its members beside `content` are older than `embed_content_config`, and every client sends them."""

    content: Content
    model: str | None = None
    embed_content_config: Config | None = None


class Batch(msgspec.Struct):
    """Requests that come together."""

    requests: list[Any]


@dataclass(frozen=True, slots=True)
class GeminiEmbed:
    """``embedContent``: one vector."""

    body: ClassVar[Any] = EmbedContent

    def parse_request(self, incoming: Incoming) -> EmbedRequest | Several:
        """Return what is asked."""
        name = incoming.named["model"]
        one, ignored = read_one(camel(object_of(incoming.body)), name, None)
        return grouped(EmbedRequest([one.text], name, ignored=ignored), [one.options])

    def render_response(
        self, answer: EmbedAnswer | Sequence[EmbedAnswer], request: EmbedRequest | Several
    ) -> HttpResponse:
        """Write the vector."""
        rows, tokens = in_order(answer, request)
        return json_response({"embedding": {"values": rows[0]}, "usageMetadata": usage(tokens)})

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there is none."""
        return error_response(problem)


@dataclass(frozen=True, slots=True)
class GeminiBatch:
    """``batchEmbedContents``: a vector for each of its requests, whatever each says."""

    body: ClassVar[Any] = Batch

    def parse_request(self, incoming: Incoming) -> EmbedRequest | Several:
        """Return what is asked."""
        name = incoming.named["model"]
        body, ignored = read_members(camel(object_of(incoming.body)), Batch)
        check_count(len(body.requests), "requests")
        read = [read_one(each, name, place) for place, each in enumerate(body.requests)]
        others = dict.fromkeys([*ignored, *(member for _, members in read for member in members)])
        request = EmbedRequest([one.text for one, _ in read], name, ignored=tuple(others))
        return grouped(request, [one.options for one, _ in read])

    def render_response(
        self, answer: EmbedAnswer | Sequence[EmbedAnswer], request: EmbedRequest | Several
    ) -> HttpResponse:
        """Write the vectors."""
        rows, tokens = in_order(answer, request)
        return json_response({"embeddings": [{"values": row} for row in rows], "usageMetadata": usage(tokens)})

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there are none."""
        return error_response(problem)


@dataclass(frozen=True, slots=True)
class One:
    """What one request says."""

    text: str
    options: Mapping[str, Any]


def camel(value: Any, levels: int = DEEPEST) -> Any:
    """Return JSON with its members' names as ``outputDimensionality``, which clients may write with underscores."""
    if levels and isinstance(value, dict):
        return {camel_name(name): camel(each, levels - 1) for name, each in value.items()}
    if levels and isinstance(value, list):
        return [camel(each, levels - 1) for each in value]
    return value


def camel_name(name: str) -> str:
    """Return a name without underscores."""
    if "_" not in name:
        return name
    first, *others = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)


def check_count(count: int, member: str) -> None:
    """Refuse a batch of nothing, and one of too much."""
    if not count:
        raise Problem("input", f"{member} is empty: send at least one", param=member)
    if count > MOST:
        raise Problem("too_many", f"at most {MOST} {member} can be in one batch, and it has {count}", param=member)


def read_one(given: Any, name: str, place: int | None) -> tuple[One, tuple[str, ...]]:
    """Read a request, the only one or one of several, for the model in the address; return it with what means nothing.

    Raises `Problem` that names its place.
    """
    where = "" if place is None else f"requests[{place}]."
    if not isinstance(given, dict):
        raise Problem("input", f"'{where[:-1]}' must be an object", param=where[:-1], index=place)
    try:
        body, ignored = read_members(given, EmbedContent)
        check_model(body.model, name)
        return One(text_of(body.content), options_of(body)), ignored
    except Problem as problem:
        if place is None:
            raise
        param = where + (problem.param or "")
        raise Problem(problem.kind, f"in {where[:-1]}: {problem.message}", param=param, index=place) from None


def check_model(given: str | None, name: str) -> None:
    """Refuse a request for another model than the address names."""
    if given is not None and given.removeprefix("models/") != name.removeprefix("models/"):
        raise Problem("input", "model must be the one that the address names, or left out", param="model")


def text_of(content: Content) -> str:
    """Return the text of all parts, a line each; raise `Problem` for what is none."""
    parts = content.parts or ()
    for place, part in enumerate(parts):
        where = f"content.parts[{place}]"
        for member, data in (("inlineData", part.inline_data), ("fileData", part.file_data)):
            if data is not None:
                raise Problem("input", f"'{where}.{member}' is not embedded here: send text", param=f"{where}.{member}")
        if not part.text:
            raise Problem("input", f"'{where}.text' is empty: send some text", param=f"{where}.text")
    if not parts:
        raise Problem("input", "'content.parts' is empty: send a part with text", param="content.parts")
    return "\n".join([part.text or "" for part in parts])


def options_of(body: EmbedContent) -> dict[str, Any]:
    """Return what a request says of the call, the nested members before the flat ones."""
    configs = [body] if body.embed_content_config is None else [body.embed_content_config, body]
    task = first_of([config.task_type for config in configs])
    title = first_of([config.title for config in configs]) or None
    width = first_of([config.output_dimensionality for config in configs])
    cuts = first_of([config.auto_truncate for config in configs])
    asked: dict[str, Any] = {
        "task": task_type(task),
        "title": title,
        "dimensions": whole_number(width, "outputDimensionality"),
        "on_long": None if cuts is None else "truncate" if cuts else "error",
    }
    check_title(asked["title"], asked["task"])
    return {name: value for name, value in asked.items() if value is not None}


def first_of(values: Sequence[Any]) -> Any:
    """Return the first that is there."""
    return next((value for value in values if value is not None), None)


def task_type(given: str | int | None) -> str | None:
    """Return a task type by its name, or by its number; None where it says nothing."""
    if isinstance(given, int):
        if not 0 <= given < len(TASK_TYPES):
            raise Problem("input", f"taskType has no such number: use 0 to {len(TASK_TYPES) - 1}", param="taskType")
        given = TASK_TYPES[given]
    try:
        return given if task_of(given) else None
    except ConfigError as error:
        raise Problem("input", str(error), param="taskType") from None


def check_title(title: str | None, task: str | None) -> None:
    """Refuse a title for what is no document."""
    if title is not None and task_of(task) != "retrieval_document":
        raise Problem("input", "a title needs taskType RETRIEVAL_DOCUMENT: name it, or leave it out", param="title")


def whole_number(given: int | str | None, member: str) -> int | None:
    """Return a number that may have come as a string."""
    if given is None or isinstance(given, int):
        return given
    if given.isascii() and given.isdecimal() and len(given) < 10:  # noqa: PLR2004 (digits of 32 bits)
        return int(given)
    raise Problem("input", f"{member} must be a whole number", param=member)


def usage(tokens: int) -> dict[str, Any]:
    """Return what an answer cost."""
    details = [{"modality": "TEXT", "tokenCount": tokens}]
    return {"promptTokenCount": tokens, "promptTokenDetails": details}

"""Calls by a client of the caller's own, such as ``google.ai.generativelanguage``'s: requests out, answers back."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecsmith.compat.generativeai.asked import PREFIX, ArgumentError, ArgumentTypeError
from vecsmith.errors import BadResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vecsmith.compat.generativeai.asked import Asked, Content

__all__ = ["CONTENTS", "TEXTS", "Request", "Way", "asend", "send"]

MOST = 100
"""Texts that Google's services take in one request."""


class Request(dict[str, Any]):
    """What a client is given: a dictionary whose members are attributes, too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass(frozen=True, slots=True)
class Way:
    """The two methods by which a client embeds one text and several, and what they take and return."""

    one: str
    many: str
    numbers: str
    """The member of a vector that has its numbers."""
    single: Callable[[str, Asked, Content], Request]
    batch: Callable[[str, Asked, Sequence[Content]], Request]


def text_request(model: str, asked: Asked, content: Content) -> Request:  # noqa: ARG001 (a text is all it says)
    return Request(model=model, text=content[0])


def texts_request(model: str, asked: Asked, contents: Sequence[Content]) -> Request:  # noqa: ARG001 (as `Way` calls it)
    return Request(model=model, texts=[content[0] for content in contents])


def content_request(model: str, asked: Asked, content: Content) -> Request:
    parts = [Request(text=text) for text in content]
    return Request(
        model=model,
        content=Request(parts=parts),
        task_type=int(asked.task) or None,
        title=asked.title,
        output_dimensionality=asked.dimensions,
    )


def contents_request(model: str, asked: Asked, contents: Sequence[Content]) -> Request:
    return Request(model=model, requests=[content_request(model, asked, content) for content in contents])


TEXTS = Way("embed_text", "batch_embed_text", "value", text_request, texts_request)
CONTENTS = Way("embed_content", "batch_embed_contents", "values", content_request, contents_request)

Talk = Generator[tuple[str, Request], object, list[list[float]]]


def talk(way: Way, asked: Asked, client: object) -> Talk:
    """Yield the method and the request of each step, take its answer, and return all vectors in order."""
    model = resource_name(asked.model)
    if asked.single:
        answer = yield way.one, way.single(model, asked, asked.contents[0])
        return [numbers(member(answer, "embedding", client), way, client)]
    vectors: list[list[float]] = []
    for start in range(0, len(asked.contents), MOST):
        some = asked.contents[start : start + MOST]
        answer = yield way.many, way.batch(model, asked, some)
        found = [numbers(vector, way, client) for vector in member(answer, "embeddings", client)]
        if len(found) != len(some):
            raise bad(client, f"{len(found)} vectors for {len(some)} texts")
        vectors += found
    return vectors


def send(way: Way, asked: Asked, client: object) -> list[list[float]]:
    """Embed with a client; what it raises is raised here."""
    steps, answer = talk(way, asked, client), None
    while True:
        try:
            name, request = steps.send(answer)
        except StopIteration as done:
            vectors: list[list[float]] = done.value
            return vectors
        answer = method(client, name)(request, **asked.options)


async def asend(way: Way, asked: Asked, client: object) -> list[list[float]]:
    """Do the same with a client whose methods are awaited."""
    steps, answer = talk(way, asked, client), None
    while True:
        try:
            name, request = steps.send(answer)
        except StopIteration as done:
            vectors: list[list[float]] = done.value
            return vectors
        answer = await method(client, name)(request, **asked.options)


def resource_name(model: str | Path) -> str:
    """Return a model's name as Google's clients write it."""
    if isinstance(model, Path):
        raise ArgumentError("a client of your own needs a model's name, not a folder: leave client out")
    return PREFIX + model.removeprefix("gemini:")


def method(client: object, name: str) -> Callable[..., Any]:
    """Return a method of a client; raise `ArgumentTypeError` where it has none of this name."""
    found = getattr(client, name, None)
    if not callable(found):
        raise ArgumentTypeError(
            f"{type(client).__name__} cannot embed: a client has a method {name}, or is a vecsmith.Embedder"
        )
    return found  # type: ignore[no-any-return]  # any callable will do


def member(value: object, name: str, client: object) -> Any:
    """Return a member of an answer, which is an object or a mapping."""
    try:
        return value[name] if isinstance(value, dict) else getattr(value, name)
    except (AttributeError, LookupError):
        raise bad(client, f"an answer without {name!r}") from None


def numbers(vector: object, way: Way, client: object) -> list[float]:
    """Return a vector's numbers; refuse NaN and infinity."""
    try:
        found = [float(number) for number in member(vector, way.numbers, client)]
    except (TypeError, ValueError):
        raise bad(client, "a vector that is none") from None
    if not all(map(math.isfinite, found)):
        raise bad(client, "a vector with NaN or infinity")
    return found


def bad(client: object, what: str) -> BadResponse:
    """Return the error of an answer that is not what was asked for."""
    name = type(client).__name__
    return BadResponse(f"{name} returned {what}: nothing of it was used", provider=name)

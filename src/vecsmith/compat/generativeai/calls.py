"""The calls that embed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, overload

from vecsmith.client import AsyncEmbedder
from vecsmith.compat.generativeai.asked import (
    ArgumentError,
    ArgumentTypeError,
    Asked,
    contents_of,
    model_name,
    options_of,
    seconds_of,
    task_number,
    texts_of,
)
from vecsmith.compat.generativeai.configured import asynchronous, blocking, opened
from vecsmith.compat.generativeai.foreign import CONTENTS, TEXTS, asend, send
from vecsmith.compat.generativeai.types import EmbeddingTaskType
from vecsmith.notices import Warner
from vecsmith.options import Options
from vecsmith.portal import run
from vecsmith.sync import Embedder
from vecsmith.types import EmbedResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from vecsmith.compat.generativeai.foreign import Way
    from vecsmith.compat.generativeai.types import BatchEmbeddingDict, EmbeddingDict

__all__ = ["embed_content", "embed_content_async", "generate_embeddings"]

ADVICE = "split them, or choose what happens with vecsmith.Embedder and on_long"

Vectors = tuple[EmbedResult, Options] | list[list[float]]
"""vecsmith's own result with what it was asked for, or what a foreign client answered."""


@overload
def generate_embeddings(  # type: ignore[overload-overlap]  # a string is a sequence of strings, too
    model: object, text: str, client: object = None, request_options: object = None
) -> EmbeddingDict: ...


@overload
def generate_embeddings(
    model: object, text: Sequence[str], client: object = None, request_options: object = None
) -> BatchEmbeddingDict: ...


def generate_embeddings(
    model: object, text: str | Sequence[str], client: object = None, request_options: object = None
) -> EmbeddingDict | BatchEmbeddingDict:
    """Return the vector of a text, or the vectors of several.

    Args:
        model: ``models/NAME`` or NAME: any that `vecsmith.Embedder` takes, or Google's own; or an object with ``name``.
        text: One string, or a sequence of any length.
        client: None for vecsmith itself. A `vecsmith.Embedder`, whose own model is then used; or an object with
            ``embed_text(request, …)`` and ``batch_embed_text(request, …)``, which gets at most 100 texts at a time.
        request_options: ``timeout``, the seconds that the call may take, and ``retry``, a callable that wraps it;
            a mapping or an object with these. A foreign client gets them as they are.

    Returns ``{"embedding": [float, …]}`` for a string, ``{"embedding": [[float, …], …]}`` for a sequence.

    Raises `ValueError` for a model that there is none of, `vecsmith.InputError` for a text that cannot be embedded,
    `vecsmith.Timeout`, and `vecsmith.ProviderError` where a service fails. Warns where a text is cut.
    """
    contents, single = texts_of(text)
    asked = Asked(model_name(model), contents, single, options=options_of(request_options))
    return shaped(asked, embedded(asked, client, TEXTS))


@overload
def embed_content(
    model: object,
    content: str,
    task_type: object = None,
    title: str | None = None,
    output_dimensionality: int | None = None,
    client: object = None,
    request_options: object = None,
) -> EmbeddingDict: ...


@overload
def embed_content(
    model: object,
    content: Iterable[Any],
    task_type: object = None,
    title: str | None = None,
    output_dimensionality: int | None = None,
    client: object = None,
    request_options: object = None,
) -> EmbeddingDict | BatchEmbeddingDict: ...


def embed_content(  # noqa: PLR0917 (the original's)
    model: object,
    content: object,
    task_type: object = None,
    title: str | None = None,
    output_dimensionality: int | None = None,
    client: object = None,
    request_options: object = None,
) -> EmbeddingDict | BatchEmbeddingDict:
    """Return the vector of a content, or the vectors of several.

    Args:
        model: As in `generate_embeddings`.
        content: A string or ``{"parts": […]}`` for one vector; an iterable of these for one each. The parts of a
            content, all of them text, have one vector together: they are read as lines.
        task_type: What the vectors are for: a name in any case, a number from 0 to 8, or a member of an enumeration.
        title: The title of the document, where the task is ``retrieval_document``.
        output_dimensionality: Width of the vectors; None or 0 for the model's own.
        client: As in `generate_embeddings`, with ``embed_content`` and ``batch_embed_contents``.
        request_options: As in `generate_embeddings`.

    Returns and raises what `generate_embeddings` does, and `ValueError` for an empty content, for a title with another
    task, and for a task or a width that there is none of.
    """
    asked = asked_of(model, content, task_type, title, output_dimensionality, request_options)
    return shaped(asked, embedded(asked, client, CONTENTS))


async def embed_content_async(  # noqa: PLR0917 (the original's)
    model: object,
    content: object,
    task_type: object = None,
    title: str | None = None,
    output_dimensionality: int | None = None,
    client: object = None,
    request_options: object = None,
) -> EmbeddingDict | BatchEmbeddingDict:
    """Do what `embed_content` does; the methods of a foreign client are awaited.

    Cancelling stops what is in flight, unless the client is a blocking `vecsmith.Embedder`.
    """
    asked = asked_of(model, content, task_type, title, output_dimensionality, request_options)
    return shaped(asked, await aembedded(asked, client, CONTENTS))


def asked_of(  # noqa: PLR0917 (as they come)
    model: object, content: object, task_type: object, title: str | None, dimensions: int | None, options: object
) -> Asked:
    """Check the arguments."""
    name, task = model_name(model), task_number(task_type)
    if title and task is not EmbeddingTaskType.RETRIEVAL_DOCUMENT:
        raise ArgumentError("a title is for the task retrieval_document: name that task, or leave title out")
    if dimensions is not None and (isinstance(dimensions, bool) or not isinstance(dimensions, int) or dimensions < 0):
        raise ArgumentError(f"output_dimensionality must be a whole number from 1 up, not {dimensions!r}")
    contents, single = contents_of(content)
    return Asked(name, contents, single, task, title or None, dimensions or None, options_of(options))


def wrapped(asked: Asked) -> Callable[..., Any]:
    """Return what wraps a call of vecsmith's own."""
    retry = asked.options.get("retry")
    if retry is not None and not callable(retry):
        raise ArgumentTypeError(f"retry must be a callable that wraps a call, or None, not {type(retry).__name__}")
    return retry or (lambda call: call)


def wanted(asked: Asked, embedder: Embedder | AsyncEmbedder) -> tuple[list[str], Options, float | None]:
    """Return what an embedder is asked for, and within how many seconds."""
    options = embedder.asked({"task": asked.task_name, "dimensions": asked.dimensions, "title": asked.title})
    if options.on_long in {"chunk", "late"}:
        raise ArgumentError(f"on_long={options.on_long!r} gives several vectors for a text: name a profile without it")
    return asked.texts, options, seconds_of(asked.options.get("timeout")) or embedder.timeout


def embedded(asked: Asked, client: object, way: Way) -> Vectors:
    """Return the vectors, by vecsmith or by a foreign client."""
    if client is not None and not isinstance(client, Embedder | AsyncEmbedder):
        return send(way, asked, client)
    wrap = wrapped(asked)

    def call() -> Vectors:
        embedder = blocking(asked.model) if client is None else client
        texts, options, seconds = wanted(asked, embedder)
        if isinstance(embedder, AsyncEmbedder):
            return run(embedder.embed_quietly(texts, options, seconds)), options
        return embedder.embed_quietly(texts, options, seconds), options

    vectors: Vectors = wrap(call)()
    return vectors


async def aembedded(asked: Asked, client: object, way: Way) -> Vectors:
    """Do the same without blocking."""
    if client is not None and not isinstance(client, Embedder | AsyncEmbedder):
        return await asend(way, asked, client)
    wrap = wrapped(asked)

    async def call() -> Vectors:
        embedder = asynchronous(asked.model) if client is None else client
        if isinstance(embedder, Embedder):
            texts, options, seconds = wanted(asked, embedder)
            return await asyncio.to_thread(embedder.embed_quietly, texts, options, seconds), options
        await opened(embedder)
        texts, options, seconds = wanted(asked, embedder)
        return await embedder.embed_quietly(texts, options, seconds), options

    vectors: Vectors = await wrap(call)()
    return vectors


def shaped(asked: Asked, vectors: Vectors) -> EmbeddingDict | BatchEmbeddingDict:
    """Return the dictionary, after warning at the caller's line of what should not go unnoticed."""
    if isinstance(vectors, list):
        rows = vectors
    else:
        result, options = vectors
        Warner(options, ADVICE).look(result, stacklevel=4)
        rows = result.vectors.tolist()
    return {"embedding": rows[0]} if asked.single else {"embedding": rows}

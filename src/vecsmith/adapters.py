"""What other libraries call an embedder, as a generator: recognised by its methods, for none of them is imported."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from vecsmith.errors import Closed, ConfigError, InputError, ModelError
from vecsmith.providers.contract import GeneratedEmbeddings, GenerationOptions, Identity, Metadata
from vecsmith.space import Space
from vecsmith.tasks import QUERIES
from vecsmith.types import Usage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from vecsmith.providers.contract import Generates
    from vecsmith.types import Floats

__all__ = ["Adapted", "adapted"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Told:
    """What a foreign embedder answers."""

    vectors: Any
    """Anything that numpy makes (texts, dimensions) of."""
    tokens: int = 0
    """All that were read; 0 where it does not say."""
    requests: int = 0
    model: str | None = None


async def called(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call what may block beside the event loop, and what is asynchronous on it."""
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004 (an object's)
        return await function(*arguments, **named)
    found = await asyncio.to_thread(function, *arguments, **named)
    return await found if inspect.isawaitable(found) else found


async def by_call(thing: Any, texts: list[str], options: GenerationOptions, model: str) -> Told:  # noqa: ARG001 (a row of the table)
    """Ask a function."""
    return Told(await called(thing, texts))


async def langchain(thing: Any, texts: list[str], options: GenerationOptions, model: str) -> Told:  # noqa: ARG001 (a row)
    """Ask LangChain's ``Embeddings``, whose asynchronous methods may be missing."""
    if options.task in QUERIES:
        ask = getattr(thing, "aembed_query", thing.embed_query)
        return Told([await called(ask, text) for text in texts])
    return Told(await called(getattr(thing, "aembed_documents", thing.embed_documents), texts))


async def llama_index(thing: Any, texts: list[str], options: GenerationOptions, model: str) -> Told:  # noqa: ARG001 (a row)
    """Ask LlamaIndex's ``BaseEmbedding``."""
    if options.task in QUERIES:
        ask = getattr(thing, "aget_query_embedding", thing.get_query_embedding)
        return Told([await called(ask, text) for text in texts])
    return Told(await called(getattr(thing, "aget_text_embedding_batch", thing.get_text_embedding_batch), texts))


async def sentence_transformers(thing: Any, texts: list[str], options: GenerationOptions, model: str) -> Told:  # noqa: ARG001 (a row)
    """Ask a ``SentenceTransformer``; newer ones tell queries from documents."""
    name = "encode_query" if options.task in QUERIES else "encode_document"
    ask = thing.encode if options.task is None else getattr(thing, name, thing.encode)
    prompt = {} if options.prompt is None else {"prompt": ""}  # it stands before the texts already
    return Told(await called(ask, texts, **prompt))


async def openai(thing: Any, texts: list[str], options: GenerationOptions, model: str) -> Told:
    """Ask OpenAI's client, blocking or asynchronous."""
    from vecsmith.dialects import rows_of

    width = {} if options.dimensions is None else {"dimensions": options.dimensions}
    answer = await called(thing.embeddings.create, model=model, input=texts, **width)
    try:
        vectors = rows_of([row.embedding for row in answer.data], [row.index for row in answer.data])
    except (TypeError, ValueError):
        raise ModelError(f"{model} answered with something that is not a vector for each text") from None
    return Told(vectors, answer.usage.total_tokens if answer.usage else 0, 1, answer.model)


@dataclass(frozen=True, slots=True)
class Shape:
    """How a kind of embedder is recognised, and asked."""

    provider: str
    methods: Sequence[str]
    """What it must have, all of it."""
    ask: Callable[[Any, list[str], GenerationOptions, str], Awaitable[Told]]
    sized: bool = False
    """Whether it gives the width that is asked for."""
    named: bool = False
    """Whether it needs to be told a model."""

    def fits(self, thing: object) -> bool:
        """Whether a thing is of this shape."""
        return all(callable(reached(thing, path)) for path in self.methods)


SHAPES = (
    Shape("openai", ("embeddings.create",), openai, sized=True, named=True),
    Shape("langchain", ("embed_documents", "embed_query"), langchain),
    Shape("llama_index", ("get_text_embedding_batch", "get_query_embedding"), llama_index),
    Shape("sentence_transformers", ("encode",), sentence_transformers),
    Shape("function", ("__call__",), by_call),
)
"""Tried in order: many that have other methods can be called, too."""


def adapted(thing: Any, *, model: str | None = None) -> Generates:
    """Return a generator that asks a foreign embedder, or `thing` itself where it has a method ``generate``.

    Args:
        thing: A function of texts, blocking or not, an embedder of LangChain or LlamaIndex, a model of
            sentence-transformers, or a client of OpenAI's.
        model: The model's name: an OpenAI client must be told, any other is asked for it. It stands for all that makes
            the vectors what they are: what is given a name here can be cached by it.

    What blocks is run in a thread. Closing the generator leaves the foreign object open. Raises `ConfigError` for what
    is none of these.
    """
    instance = not isinstance(thing, type | str)  # a string can be encoded, but makes no vectors
    if instance and callable(getattr(thing, "generate", None)):
        generator: Generates = thing
        return generator
    shape = next((shape for shape in SHAPES if instance and shape.fits(thing)), None)
    if shape is None:
        raise ConfigError(
            f"{type(thing).__name__} is nothing that makes embeddings here: give an object with a method 'generate', "
            "or a function of texts"
        )
    if shape.named and model is None:
        raise ConfigError("this client must be told a model: use vecsmith.adapters.adapted(client, model='…')")
    return Adapted(thing, shape, name_of(thing)) if model is None else NamedAdapted(thing, shape, model)


@dataclass(slots=True)
class Adapted:
    """A foreign embedder as a generator; `adapted` makes it."""

    thing: Any
    shape: Shape
    model: str
    closed: bool = field(default=False, repr=False)
    width: int = 0
    """Of its vectors, once there are any."""

    @property
    def metadata(self) -> Metadata:
        """What is known of it."""
        address = reached(self.thing, "base_url")
        return Metadata(self.shape.provider, self.model, self.width, 0, None if address is None else str(address))

    async def generate(self, values: Sequence[str], options: GenerationOptions | None = None) -> GeneratedEmbeddings:
        """Return one vector for each text, in order.

        Raises `ConfigError` for options that cannot be passed on, and `ModelError` for an answer that is none.
        """
        import numpy as np

        from vecsmith.postprocess import check, unit

        if self.closed:
            raise Closed("the embedder was closed: make a new one")
        options = options or GenerationOptions()
        self.check(options)
        if not values:
            return GeneratedEmbeddings(np.empty((0, options.dimensions or self.width), np.float32), Usage(), self.model)
        texts = [(options.prompt or "") + value for value in values]
        told = await self.shape.ask(self.thing, texts, options, self.model)
        vectors = self.matrix(told, len(values))
        check(vectors)
        if options.dimensions is None:
            self.width = vectors.shape[1]
        elif vectors.shape[1] != options.dimensions:
            raise InputError(
                f"{self.model} gives {vectors.shape[1]} dimensions, not {options.dimensions}: leave dimensions out"
            )
        usage = Usage(told.tokens, told.tokens, told.requests)
        return GeneratedEmbeddings(unit(vectors) if options.normalize else vectors, usage, told.model or self.model)

    def check(self, options: GenerationOptions) -> None:
        """Refuse what there is no way to ask for."""
        if options.on_long != "truncate":
            raise ConfigError(f"on_long={options.on_long!r} cannot be asked of {self.model}: leave it out")
        if options.dimensions not in {None, self.width} and not self.shape.sized and self.width:
            raise InputError(f"{self.model} gives {self.width} dimensions, not {options.dimensions}: leave them out")

    def matrix(self, told: Told, count: int) -> Floats:
        """Return vectors as (texts, dimensions); raise `ModelError` where they are something else."""
        import numpy as np

        try:
            vectors = np.asarray(told.vectors, np.float32)
        except (TypeError, ValueError):
            raise ModelError(f"{self.model} answered with something that is not vectors of one width") from None
        if vectors.ndim != 2 or len(vectors) != count or not vectors.shape[1]:  # noqa: PLR2004 (rows and columns)
            raise ModelError(f"{self.model} answered {count} texts with an array of shape {vectors.shape}")
        return vectors

    def get_service(self, kind: type[T], key: str | None = None) -> T | None:
        """Return this generator or the foreign object, if it is a `kind`."""
        return next((part for part in (self, self.thing) if isinstance(part, kind)), None) if key is None else None

    async def aclose(self) -> None:
        """Take no more calls; whoever made the foreign object closes it."""
        self.closed = True


class NamedAdapted(Adapted):
    """One whose model a person has named, so that two of the same name give the same vectors."""

    __slots__ = ()

    def identity(self, options: GenerationOptions) -> Identity:
        """Return what its vectors are, which are finished as they come."""
        parts: dict[str, str | int] = {
            "model": f"{self.shape.provider}:{self.model}",
            "address": self.metadata.address or "",
            "prompt": options.prompt or "",
            "task": options.task or "",
            "dimensions": options.dimensions or 0,
        }
        space = Space(self.model, None, "unknown", "none", 0, cut=False, normalized=False)
        return Identity(space, normalizes=False, parts=parts, cuts=True)


def reached(thing: object, path: str) -> Any:
    """Return what a path of attributes leads to; None where it ends before."""
    for name in path.split("."):
        thing = getattr(thing, name, None)
    return thing


def name_of(thing: object) -> str:
    """Return what a foreign embedder calls its model, else what it is called itself."""
    names = (getattr(thing, attribute, None) for attribute in ("model_name", "model", "__name__"))
    return next((name for name in names if isinstance(name, str) and name), type(thing).__name__)

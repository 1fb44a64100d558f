"""The contract between vecsmith and anything that makes vectors: the local engine, and every provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.space import Space
    from vecsmith.types import Floats, OnLong, Usage

__all__ = ["AnswersHere", "EmbeddingGenerator", "GeneratedEmbeddings", "Generates", "GenerationOptions", "Metadata"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a generator is, without asking it to work."""

    provider: str
    """Its short name, such as ``local``."""
    model: str
    """The model it uses when a call names none."""
    dimensions: int
    """The native width of its vectors."""
    max_tokens: int
    """The longest text it reads at once, special tokens included."""
    address: str | None = None
    """The service's address, or the model's folder."""


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """What a caller asks of one call; a generator fulfils all of it or refuses."""

    dimensions: int | None = None
    """Width of the vectors; None for the model's own."""
    normalize: bool | None = None
    """Scale to length one; None for what the model's own files say."""
    on_long: OnLong = "truncate"
    prompt: str | None = None
    """Put before every text; None for the model's own default."""


@dataclass(frozen=True, slots=True, eq=False)
class GeneratedEmbeddings:
    """The answer to one call, everything in the order of the values given."""

    vectors: Floats
    """Shape (values, dimensions)."""
    usage: Usage
    model: str
    space: Space
    tokens: Sequence[int]
    """Tokens read of each value."""
    dropped: Sequence[int]
    """Tokens cut off each value."""
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Generates(Protocol):
    """The one thing that an embedder needs of what lies beneath it."""

    async def generate(self, values: Sequence[str], options: GenerationOptions | None = None) -> GeneratedEmbeddings:
        """Return one vector for each value, in order; raise `InputError` with ``index`` for one that cannot be."""
        ...


class AnswersHere(Protocol):
    """A generator's method ``answers_here``, where some of its work is sooner done in the caller's thread."""

    def __call__(self, values: int, characters: int, options: GenerationOptions) -> bool:
        """Whether ``generate`` waits by `vecsmith.portal.answer` alone for so many values of so many characters."""
        ...


@runtime_checkable
class EmbeddingGenerator(Generates, Protocol):
    """Turns a batch of texts into vectors; the local engine is one, and so is every provider."""

    @property
    def metadata(self) -> Metadata:
        """What this generator is."""
        ...

    def get_service(self, kind: type[T], key: str | None = None) -> T | None:
        """Return what lies beneath, if it is a `kind`: this generator, its engine, a provider's client."""
        ...

    async def aclose(self) -> None:
        """Release what the generator holds; closing twice is harmless."""
        ...

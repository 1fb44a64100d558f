"""The contract between vecsmith and anything that makes vectors: the local engine, and every provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from vecsmith.space import Space
    from vecsmith.tasks import Task
    from vecsmith.types import Estimate, Floats, Lane, OnLong, Usage

__all__ = [
    "EmbeddingGenerator",
    "Estimates",
    "GeneratedEmbeddings",
    "Generates",
    "GenerationOptions",
    "Identifies",
    "Identity",
    "Metadata",
    "Reads",
    "ReadsAlong",
]

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
    """Put before every text; None for the task's, or the model's own default."""
    task: Task | None = None
    title: str | None = None
    """The title of the document, for models that take one."""
    lane: Lane | None = None
    """Where a local model computes; None for the size to decide. It changes no vector."""


@dataclass(frozen=True, slots=True, eq=False)
class GeneratedEmbeddings:
    """The answer to one call, everything in the order of the values given."""

    vectors: Floats
    """Shape (values, dimensions)."""
    usage: Usage
    model: str
    space: Space | None = None
    """What the vectors may be compared with; None where the generator does not say."""
    tokens: Sequence[int] | None = None
    """Tokens read of each value; None where they were not counted."""
    dropped: Sequence[int] | None = None
    """Tokens cut off each value; None where that is not known."""
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes the vectors of a text what they are, besides the text."""

    space: Space
    """The space of the model's own vectors: full width, as the generator gives them where ``normalize`` is false."""
    normalizes: bool
    """Whether the model's own files ask for vectors of length one."""
    parts: Mapping[str, str | int]
    """All that changes a vector, by name: weights, pooling, arithmetic where it counts, the exact prompt."""
    sizes: Sequence[int] = ()
    """Widths below its own that the model was trained to be cut to."""
    cuts: bool = False
    """Whether the generator itself gives the width asked for, and `parts` name it."""


@runtime_checkable
class Identifies(Protocol):
    """A generator that says what it is: its vectors are then cut, normalised and cached by vecsmith, not by itself."""

    def identity(self, options: GenerationOptions) -> Identity:
        """Return what the vectors of a call with these options are."""
        ...


@runtime_checkable
class Estimates(Protocol):
    """A generator that can say what texts would consume without embedding them."""

    def estimate(self, values: Sequence[str], options: GenerationOptions) -> Estimate:
        """Return what a call with these texts and options would consume; may take as long as tokenising does."""
        ...


class Generates(Protocol):
    """The one thing that an embedder needs of what lies beneath it.

    An attribute ``answers_here`` that is true says that `generate` waits by `vecsmith.portal` alone, and so may be run
    in a blocking caller's own thread.
    """

    async def generate(self, values: Sequence[str], options: GenerationOptions | None = None) -> GeneratedEmbeddings:
        """Return one vector for each value, in order; raise `InputError` with ``index`` for one that cannot be."""
        ...


@runtime_checkable
class Reads(Protocol):
    """What lies beneath a generator whose model's own tokenizer is at hand: long texts can be cut for it."""

    def room(self, options: GenerationOptions) -> int:
        """Return how many tokens of a text the model reads at once, besides special tokens and the prompt."""
        ...

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, without special tokens."""
        ...

    def offsets(self, text: str) -> NDArray[np.int64]:
        """Return where each token of a text starts and ends, (tokens, 2), in code points."""
        ...


@runtime_checkable
class ReadsAlong(Reads, Protocol):
    """One that gives the vectors of tokens, too, so that a chunk can be read with the text around it."""

    async def pooled_late(
        self, text: str, spans: Sequence[Sequence[int]], options: GenerationOptions
    ) -> tuple[Floats, int]:
        """Return the mean of the token vectors of each span of a text's tokens, (spans, width), and the tokens read."""
        ...

    def read_for(self, tokens: int, options: GenerationOptions) -> int:
        """Return how many tokens `pooled_late` reads for a text of so many: special ones, and what windows share."""
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

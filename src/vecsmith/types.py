"""What goes in and what comes out, as frozen data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, overload

from vecsmith.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from vecsmith.space import Space, StoredForm

    Floats = NDArray[np.float32]

__all__ = [
    "By",
    "Chunk",
    "Combine",
    "Compute",
    "EmbedResult",
    "Encoding",
    "Estimate",
    "Item",
    "Items",
    "Lane",
    "OnLong",
    "Seconds",
    "Usage",
]

OnLong = Literal["truncate", "truncate_start", "error", "chunk", "mean", "late"]
"""What happens to a text longer than the model reads.

``truncate`` keeps its beginning, ``truncate_start`` its end, ``error`` refuses it; ``chunk`` gives a vector for each of
its chunks, ``late`` too, with the text around them read along; ``mean`` makes one vector of its chunks'.
"""

Encoding = Literal["float32", "float16", "int8", "uint8", "binary", "ubinary"]
"""How numbers are stored."""

By = Literal["token", "sentence", "structure"]
"""Where chunks end: anywhere between words, at sentences, or at the largest unit that fills them."""

Combine = Literal["weighted_mean", "mean", "max", "first"]
"""How the vectors of a text's chunks become one: ``weighted_mean`` weighs each by its tokens."""

Lane = Literal["interactive", "bulk"]
"""Where a local model computes a call: with those that somebody waits for, or with those that take long."""

Compute = Literal["auto", "f32", "bf16", "int8"]
"""The arithmetic: ``auto`` is bf16 where the processor computes it fast, else f32; ``int8`` moves vectors a little."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call consumed; add two to sum them."""

    input_tokens: int = 0
    """Tokens the model read, its special tokens included."""
    total_tokens: int = 0
    requests: int = 0
    """Requests sent to a provider; 0 for a local model."""
    cost: float | None = None
    """US dollars; None where unknown or local."""

    def __add__(self, other: Usage) -> Usage:
        costs = [usage.cost for usage in (self, other) if usage.cost is not None]
        return Usage(
            self.input_tokens + other.input_tokens,
            self.total_tokens + other.total_tokens,
            self.requests + other.requests,
            sum(costs) if costs else None,
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a call would consume, before anything is sent; add two to sum them."""

    tokens: int = 0
    """Tokens that would be read."""
    requests: int = 0
    """Requests to a provider; 0 for a local model."""
    cost: float | None = None
    """US dollars; None where the price is not known, or there is none."""
    requests_per_minute: float | None = None
    """What the account allows, where that is known."""
    tokens_per_minute: float | None = None
    exact: bool = True
    """Whether the model's own tokenizer counted."""

    @property
    def seconds(self) -> float | None:
        """The least that the account's limits would make it take; None where they are not known."""
        minutes = [
            count / limit
            for count, limit in (
                (self.requests, self.requests_per_minute),
                (self.tokens, self.tokens_per_minute),
            )
            if limit
        ]
        return 60 * max(minutes) if minutes else None

    def __add__(self, other: Estimate) -> Estimate:
        costs = [each.cost for each in (self, other) if each.cost is not None]
        return Estimate(
            self.tokens + other.tokens,
            self.requests + other.requests,
            sum(costs) if costs else None,
            self.requests_per_minute or other.requests_per_minute,
            self.tokens_per_minute or other.tokens_per_minute,
            self.exact and other.exact,
        )


@dataclass(frozen=True, slots=True)
class Seconds:
    """Where the time of a call went, in seconds; the stages of windows that ran side by side are summed."""

    prepare: float = 0.0
    """Checking, cleaning and cutting texts."""
    cache: float = 0.0
    """Looking up and storing."""
    model: float = 0.0
    """Waiting for vectors."""
    finish: float = 0.0
    """Combining, cutting, normalising, encoding."""

    def __add__(self, other: Seconds) -> Seconds:
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Seconds(*(ours + theirs for ours, theirs in pairs))


@dataclass(frozen=True, slots=True)
class Item:
    """What became of one input."""

    index: int
    """Its position among the inputs of the call, or of the whole stream."""
    tokens: int
    """Tokens the model read of it, special tokens included; of a provider's, its share of what the request cost."""
    dropped: int
    """Tokens that were cut off; 0 unless the text was too long, or where a provider cuts and does not say how much."""
    replaced: int
    """Characters that no tokenizer can read (unpaired surrogates, NUL), replaced by U+FFFD."""
    chunks: int
    """Parts it was read in."""
    cached: bool
    """Whether all of it came from the cache."""
    model: str
    created_at: datetime
    """When the call was answered."""


@dataclass(frozen=True, slots=True)
class Items(Sequence[Item]):
    """The items of a result, kept as columns, because there may be many and few are looked at."""

    indexes: Sequence[int]
    tokens: Sequence[int]
    dropped: Sequence[int]
    replaced: Sequence[int]
    chunks: Sequence[int]
    cached: Sequence[bool | int]
    model: str
    created_at: datetime

    def __len__(self) -> int:
        return len(self.indexes)

    @overload
    def __getitem__(self, at: int) -> Item: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[Item, ...]: ...

    def __getitem__(self, at: int | slice) -> Item | tuple[Item, ...]:
        if isinstance(at, slice):
            return tuple(self[i] for i in range(len(self))[at])
        return Item(
            self.indexes[at],
            self.tokens[at],
            self.dropped[at],
            self.replaced[at],
            self.chunks[at],
            bool(self.cached[at]),
            self.model,
            self.created_at,
        )


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one row is the vector of, where texts are cut into chunks."""

    item: int
    """The index of its input."""
    start: int
    """Its first character in the text after clean-up, counted in code points."""
    end: int
    """The character behind its last."""
    token_start: int
    """Its first token among those of the text, special tokens left out."""
    token_end: int

    @property
    def tokens(self) -> int:
        """How many of the text's tokens it holds."""
        return self.token_end - self.token_start


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class EmbedResult:
    """Vectors in the order of the inputs, and what became of each input.

    ``result[i]``, ``len(result)`` and ``np.asarray(result)`` follow ``vectors``.
    """

    vectors: NDArray[Any]
    """A numpy array of shape (rows, dimensions), float32 unless another encoding was asked for.

    A row is an input, or a chunk of one where texts are cut into chunks; packed bits are (rows, dimensions / 8).
    """
    items: Items
    """One for each input."""
    usage: Usage
    stored: StoredForm
    """The space of the vectors, and how their numbers are stored."""
    model: str
    chunks: tuple[Chunk, ...] = ()
    """One for each row where on_long is ``chunk`` or ``late``, and else none."""
    cleaned: Mapping[int, str] = field(default_factory=dict)
    """The texts that clean-up changed, by the index of their input: what offsets of chunks count in."""
    seconds: Seconds = Seconds()
    notes: tuple[str, ...] = ()
    """What the caller may not know of these vectors; a call warns of each."""

    @property
    def space(self) -> Space:
        """What two vectors must share to be compared."""
        return self.stored.space

    @property
    def vector(self) -> NDArray[Any]:
        """The one vector of a call with one text, of shape (dimensions,)."""
        if len(self.vectors) != 1:
            raise InputError(f"this result holds {len(self.vectors)} vectors: use .vectors, or index the result")
        vector: NDArray[Any] = self.vectors[0]
        return vector

    @property
    def dimensions(self) -> int:
        """The width of the vectors."""
        return self.space.dimensions

    def for_item(self, index: int) -> NDArray[Any]:
        """Return the rows of the input with this index, of shape (its chunks, dimensions)."""
        owners = [chunk.item for chunk in self.chunks] if self.chunks else self.items.indexes
        rows = [row for row, owner in enumerate(owners) if owner == index]
        if not rows:
            raise InputError(f"this result holds no input {index}")
        found: NDArray[Any] = self.vectors[rows]
        return found

    def __repr__(self) -> str:
        width = f"{self.dimensions} dimensions, {self.stored.encoding}"
        return f"<EmbedResult of {len(self.items)} texts: {len(self)} vectors of {width}, by {self.model}>"

    def __len__(self) -> int:
        return len(self.vectors)

    def __getitem__(self, index: Any) -> Any:
        return self.vectors[index]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: FBT001 (numpy's protocol)
        import numpy as np

        return np.array(self.vectors, dtype=dtype, copy=copy)

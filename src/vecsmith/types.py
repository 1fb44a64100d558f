"""What goes in and what comes out, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from vecsmith.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from vecsmith.space import Space

    Floats = NDArray[np.float32]

__all__ = ["Compute", "EmbedResult", "Encoding", "Item", "OnLong", "Usage"]

OnLong = Literal["truncate", "truncate_start", "error"]
"""What happens to a text longer than the model reads: keep its beginning, keep its end, or refuse it."""

Encoding = Literal["float32", "float16", "int8", "uint8", "binary", "ubinary"]
"""How numbers are stored."""

Compute = Literal["auto", "f32", "bf16"]
"""The arithmetic: ``auto`` is bf16 where the processor computes it fast, else f32."""


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
class Item:
    """What became of one input."""

    index: int
    """Its position among the inputs of the call, or of the whole stream."""
    tokens: int
    """Tokens the model read of it, special tokens included."""
    dropped: int
    """Tokens that were cut off; 0 unless the text was too long."""
    replaced: int
    """Characters that no tokenizer can read (unpaired surrogates, NUL), replaced by U+FFFD."""
    chunks: int
    """Vectors this input became."""
    cached: bool
    model: str
    created_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class EmbedResult:
    """Vectors in the order of the inputs, and what became of each input.

    ``result[i]``, ``len(result)`` and ``np.asarray(result)`` follow ``vectors``.
    """

    vectors: Floats
    """A numpy array of shape (inputs, dimensions), float32."""
    items: tuple[Item, ...]
    usage: Usage
    space: Space
    model: str

    @property
    def vector(self) -> Floats:
        """The one vector of a call with one text, of shape (dimensions,)."""
        if len(self.vectors) != 1:
            raise InputError(f"this result holds {len(self.vectors)} vectors: use .vectors, or index the result")
        vector: Floats = self.vectors[0]
        return vector

    @property
    def dimensions(self) -> int:
        """The width of the vectors."""
        return int(self.vectors.shape[1])

    def __len__(self) -> int:
        return len(self.vectors)

    def __getitem__(self, index: Any) -> Any:
        return self.vectors[index]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: FBT001 (numpy's protocol)
        import numpy as np

        return np.array(self.vectors, dtype=dtype, copy=copy)

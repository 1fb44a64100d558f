"""In which numbers a client wants vectors, and how they are written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from vecsmith.dialects.serving import as_base64

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vecsmith.dialects.serving import EmbedAnswer
    from vecsmith.types import Encoding

__all__ = ["Dtype", "Written", "items"]

Dtype = Literal["float", "int8", "uint8", "binary", "ubinary"]
"""What Voyage and Mistral call ``output_dtype``."""

ENCODINGS: Mapping[str, Encoding] = {
    "float": "float32",
    "base64": "float32",
    "int8": "int8",
    "uint8": "uint8",
    "binary": "binary",
    "ubinary": "ubinary",
}
"""What each means here; ``base64`` is Jina's word for floats that are not printed."""


@dataclass(frozen=True, slots=True)
class Written:
    """How vectors are written."""

    kinds: tuple[str, ...] = ("float",)
    """The kinds of number, in the client's words."""
    base64: bool = False
    """Whether all are written as the bytes of their numbers."""
    keyed: bool = False
    """Whether each vector is an object, with a member for each kind."""

    @property
    def encodings(self) -> tuple[Encoding, ...]:
        """What must be computed."""
        return tuple(dict.fromkeys(ENCODINGS[kind] for kind in self.kinds))

    def of(self, answer: EmbedAnswer) -> Iterable[Any]:
        """Write each text's vector."""
        columns = [self.column(answer, kind) for kind in self.kinds]
        if not self.keyed:
            return columns[0]
        return (dict(zip(self.kinds, row, strict=True)) for row in zip(*columns, strict=True))

    def column(self, answer: EmbedAnswer, kind: str) -> Iterable[Any]:
        """Write each text's vector in one kind of number."""
        rows = answer.vectors[ENCODINGS[kind]]
        return map(as_base64, rows) if self.base64 or kind == "base64" else rows


def items(vectors: Iterable[Any]) -> Sequence[Mapping[str, Any]]:
    """Return vectors as the ``data`` of an answer in the shape of OpenAI's."""
    return [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]

"""Models that were trained to be cut: their first dimensions are vectors too (Kusupati et al. 2022, arXiv:2205.13147).

The sizes are those that the models' cards name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MEASURED", "TRAINED", "Trained", "in_words", "trained_sizes"]


@dataclass(frozen=True, slots=True)
class Trained:
    """The widths that a family of models was trained for."""

    pattern: str
    """Found in the lower-cased name of a model of the family, and of no other that comes later in the table."""
    sizes: tuple[int, ...] = ()
    least: int | None = None
    """Every width from this up, where the card says so."""


TRAINED: tuple[Trained, ...] = (
    Trained(r"nomic-embed-text-v1\.5", (64, 128, 256, 512, 768)),
    Trained(r"nomic-embed-text-v2", (256, 768)),
    Trained(r"modernbert-embed", (256, 768)),
    Trained(r"mxbai-embed-large", (512, 1024)),
    Trained(r"snowflake-arctic-embed-.*(v1\.5|v2)", (256,)),
    Trained(r"embeddinggemma", (128, 256, 512, 768)),
    Trained(r"qwen3-embedding", least=32),
    Trained(r"jina-embeddings-v3", (32, 64, 128, 256, 512, 768, 1024)),
)


MEASURED = {"minilm": {256: 0.983, 192: 0.949, 128: 0.934, 64: 0.750}}
"""What is left of SciFact's nDCG@10 at each width, as ``bench/encoded.py`` measures it."""


def in_words(sizes: Sequence[int]) -> str:
    """Return widths as a person reads them."""
    if len(sizes) > 1 and len(sizes) == sizes[-1] - sizes[0] + 1:
        return f"{sizes[0]} to {sizes[-1]}"
    return ", ".join(map(str, sizes))


def trained_sizes(model: str, native: int) -> tuple[int, ...]:
    """Return the widths below its own that a model was trained for, ascending; none for most models."""
    for family in TRAINED:
        if re.search(family.pattern, model.casefold()):
            sizes = range(family.least, native) if family.least is not None else family.sizes
            return tuple(size for size in sizes if size < native)
    return ()

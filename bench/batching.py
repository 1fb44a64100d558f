"""Measure how much a text's vector depends on its neighbours: alone, in any batch, at any position.

    python bench/batching.py

Embeds texts of the shuffled mix one at a time, then in random batches of random sizes, and compares the vectors: the
largest absolute difference of any number, and the least cosine. Ends with exit code 1 where f32 differs by more than
1e-5 or a cosine in bf16 is below 0.9999.
"""

from __future__ import annotations

import random
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import corpora
import options
from peers import enter
from table import render

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from vecsmith import Embedder

    Floats = NDArray[np.float32]

LARGEST = 100
WANTED = {"f32": "difference ≤ 1e-5", "bf16": "cosine ≥ 0.9999"}


@dataclass(frozen=True, slots=True)
class Drift:
    """How far the vectors in batches lie from those of the same texts alone, at most."""

    compute: str
    comparisons: int
    difference: float
    cosine: float

    @property
    def held(self) -> bool:
        """Whether that is near enough."""
        return self.difference <= 1e-5 if self.compute == "f32" else self.cosine >= 0.9999


def batches(count: int, texts: int) -> Iterator[list[int]]:
    """Draw `count` batches, each of 1 to `LARGEST` indices below `texts`; a text may occur twice in one."""
    numbers = random.Random(corpora.SEED)
    for _ in range(count):
        yield numbers.choices(range(texts), k=numbers.randint(1, LARGEST))


def drift(embedder: Embedder, compute: str, texts: Sequence[str], drawn: Sequence[Sequence[int]]) -> Drift:
    import numpy as np

    alone: Floats = np.concatenate([embedder.embed([text], on_long="truncate").vectors for text in texts])
    difference, cosine = 0.0, 1.0
    for batch in drawn:
        together, expected = embedder.embed([texts[i] for i in batch], on_long="truncate").vectors, alone[batch]
        difference = max(difference, float(np.abs(together - expected).max()))
        cosine = min(cosine, float((together.astype(float) * expected).sum(axis=1).min()))  # of unit vectors
    return Drift(compute, sum(map(len, drawn)), difference, cosine)


def main() -> None:
    command = options.parser(__doc__)
    command.add_argument("--sample", type=int, default=200, help="texts (default: %(default)s)")
    command.add_argument("--batches", type=int, default=100, help="random batches (default: %(default)s)")
    arguments = command.parse_args()
    mix = corpora.mixed_texts(corpora.data_folder(arguments.data))
    texts = corpora.sample(mix, arguments.sample, seed=corpora.SEED)
    drawn = list(batches(arguments.batches, len(texts)))
    from vecsmith import Embedder
    from vecsmith.errors import EmbedError

    found = []
    for compute in ("f32", "bf16"):
        try:
            with Embedder(compute=compute) as embedder:
                found.append(drift(embedder, compute, texts, drawn))
        except EmbedError as error:
            print(f"left out: {compute}: {error}", file=sys.stderr)
    header = ("arithmetic", "wanted", "comparisons", "largest difference", "least cosine")
    print(
        render(
            header,
            [
                (d.compute, WANTED[d.compute], str(d.comparisons), f"{d.difference:.2e}", f"{d.cosine:.7f}")
                for d in found
            ],
        )
    )
    options.save(arguments.json, {"drifts": [asdict(d) for d in found]})
    if not all(d.held for d in found):
        raise SystemExit(1)


if __name__ == "__main__":
    enter()
    main()

"""Measure a random BERT of gte-small's shape beside sentence-transformers, and one of the bundled model's shape.

    python bench/shape.py [--texts 160] [--rounds 3]

Both libraries stay loaded in one process and take turns on the same texts, of 3 to 250 words; a first round warms up.
The larger model's ratio is wanted to be the smaller one's, or better. Needs the peers' environment, and no data.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from peers import MODEL, cores, enter
from table import paired, render, spread
from verified import texts_of

if TYPE_CHECKING:
    from collections.abc import Callable

LAYERS = {"6 layers of 384 (minilm)": 6, "12 layers of 384 (gte-small)": 12}
LONG = 4
"""So many texts of `verified.texts_of` make a long one."""


def write(folder: Path, layers: int) -> Path:
    """Write a random BERT with the bundled model's tokenizer and modules."""
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel

    model = SentenceTransformer(str(MODEL), device="cpu")
    sizes = {"hidden_size": 384, "num_attention_heads": 12, "intermediate_size": 1536, "num_hidden_layers": layers}
    model[0].auto_model = BertModel(BertConfig(vocab_size=30_522, **sizes)).eval()
    model.save(str(folder), create_model_card=False)
    return folder


def timed(embed: Callable[[list[str]], object], texts: list[str]) -> float:
    """Return the seconds of one turn."""
    start = time.perf_counter()
    embed(texts)
    return time.perf_counter() - start


def taken(folder: Path, texts: list[str], rounds: int) -> list[tuple[float, float]]:
    """Return the seconds of both libraries in each round."""
    from sentence_transformers import SentenceTransformer

    from vecsmith import Embedder

    peer = SentenceTransformer(str(folder), device="cpu")
    theirs = partial(peer.encode, show_progress_bar=False)
    with Embedder(folder) as embedder:
        ours = partial(embedder.embed, on_long="truncate")
        return [(timed(ours, texts), timed(theirs, texts)) for _ in range(rounds + 1)][1:]


def main() -> int:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    enter()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    pieces = texts_of(options.texts * 2)
    texts = [" ".join(pieces[n : n + (LONG if n % 3 == 0 else 1)]) for n in range(options.texts)]
    rows, ratios = [], []
    for name, layers in LAYERS.items():
        with tempfile.TemporaryDirectory() as scratch:
            turns = taken(write(Path(scratch), layers), texts, options.rounds)
        ours, theirs = zip(*turns, strict=True)
        ratio = paired(theirs, ours)
        ratios.append(ratio.middle)
        rows.append([name, f"{spread(ours).middle:.2f} s", f"{spread(theirs).middle:.2f} s", format(ratio, ".2f")])
    print(render(("random BERT", "vecsmith", "sentence-transformers", "faster by"), rows))
    print(f"{options.texts} texts, {cores()} cores; larger ÷ smaller: {ratios[1] / ratios[0]:.2f} (wanted: 1 or more)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Verify vectors that sentence-transformers made: right, and in each of the ways in which people stray.

    python bench/verified.py [--texts 200]

Each row is what `vecsmith.verifying` says of such vectors. Ends with exit code 1 where it does not name what was done.
Needs the peers' environment, and no data.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from peers import MODEL, enter
from table import render

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WORDS = "a harbour market train library garden museum winter report customer parcel invoice cake river engine nurse"
ACTS = "opens closes writes paints moves repairs answers orders finds loses carries waits for pays for visits"


def texts_of(count: int) -> list[str]:
    """Return texts of many lengths."""
    chance = random.Random(0)
    words, acts = WORDS.split(), ACTS.split()
    return [
        f"{number}: " + " ".join(chance.choice(words if place % 3 else acts) for place in range(chance.randint(3, 60)))
        for number in range(count)
    ]


def cases(folder: Path, texts: Sequence[str]) -> list[tuple[str, Path, Callable[[], object], str]]:
    """Return what was done, the model that is asked for, what makes the vectors, and words of the right verdict."""
    from sentence_transformers import SentenceTransformer

    prompted = shutil.copytree(MODEL, folder / "e5-small-v2")
    (prompted / "config_sentence_transformers.json").unlink(missing_ok=True)
    pooled = shutil.copytree(MODEL, folder / "pooled")
    (pooled / "1_Pooling" / "config.json").write_text(
        json.dumps({"pooling_mode_cls_token": True, "word_embedding_dimension": 384})
    )

    def encoded(path: Path, **options: object) -> object:
        return SentenceTransformer(str(path), device="cpu", **options).encode(texts, show_progress_bar=False)

    def shallow() -> object:
        model = SentenceTransformer(str(MODEL), device="cpu")
        layers = model[0].auto_model.encoder.layer
        del layers[3:]
        return model.encode(texts, show_progress_bar=False)

    return [
        ("right", MODEL, lambda: encoded(MODEL), "the same space"),
        ("another pooling", MODEL, lambda: encoded(pooled), "another pooling: cls"),
        ("cut, not normalised again", MODEL, lambda: encoded(MODEL, truncate_dim=128), "cut to 128 dimensions without"),
        ("without a needed prompt", prompted, lambda: encoded(prompted), "made without the prompt 'passage: '"),
        ("another model", MODEL, shallow, "another model"),
    ]


def main() -> int:
    enter()
    import numpy as np

    from vecsmith import Embedder
    from vecsmith.verifying import verify

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=200)
    texts = texts_of(parser.parse_args().texts)
    rows, wrong = [], 0
    with tempfile.TemporaryDirectory() as scratch:
        for done, asked, made, words in cases(Path(scratch), texts):
            with Embedder(asked) as embedder:
                verdict = verify(embedder.generator, texts, np.asarray(made(), np.float32))
            wrong += words not in str(verdict)
            rows.append([done, str(verdict), f"{verdict.cosines.mean():.6f}", f"{verdict.cosines.min():.6f}"])
    print(render(("what was done", "verdict", "cosine, mean", "least"), rows))
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())

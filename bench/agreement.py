"""Measure how near vecsmith's vectors are to those of sentence-transformers in f32, text by text.

    python bench/agreement.py

For every text of STS-B test, AG News test and the naughty strings: the cosine of the two vectors. Unpaired surrogates,
which sentence-transformers cannot read, are replaced by U+FFFD for both. Ends with exit code 1 where a text falls below
what is wanted.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import corpora
import options
from peers import enter
from table import render

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]

REFERENCE = "st"
WANTED = {"vecsmith-f32": 0.99999, "vecsmith-bf16": 0.9999}
WORST = 5


def texts_of(data: Path) -> Mapping[str, list[str]]:
    corpora_texts = {
        "stsb": [text for pair in corpora.stsb(data) for text in (pair.first, pair.second)],
        "ag_news": corpora.ag_news(data),
        "naughty_strings": corpora.naughty_strings(data),
    }
    return {name: [corpora.readable(text) for text in texts] for name, texts in corpora_texts.items()}


def cosines(ours: Floats, theirs: Floats) -> Doubles:
    """Return the cosine of each row with its counterpart; NaN in a vector counts as -1."""
    import numpy as np

    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    found: Doubles = (a * b).sum(axis=1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
    return np.nan_to_num(found, nan=-1.0)


def main() -> None:
    command = options.parser(__doc__)
    command.add_argument("--sample", type=int, help="take only so many texts of each corpus")
    arguments = command.parse_args()
    texts = {name: rows[: arguments.sample] for name, rows in texts_of(corpora.data_folder(arguments.data)).items()}
    found: dict[tuple[str, str], Doubles] = {}
    from contest import enlist

    with ExitStack() as stack:
        entrants = enlist(stack, REFERENCE, *WANTED)
        for corpus, rows in texts.items():
            print(f"{corpus}: {len(rows)} texts", file=sys.stderr, flush=True)
            vectors = {name: entrant.vectors(rows) for name, entrant in entrants.items()}
            theirs = vectors.pop(REFERENCE)
            found |= {(name, corpus): cosines(ours, theirs) for name, ours in vectors.items()}
    report(found)
    options.save(arguments.json, {f"{name} {corpus}": values.tolist() for (name, corpus), values in found.items()})
    if any(values.min() < WANTED[name] for (name, _), values in found.items()):
        raise SystemExit(1)


def report(found: Mapping[tuple[str, str], Doubles]) -> None:
    header = ("arithmetic", "corpus", "texts", "least", "mean", "wanted")
    rows = [
        (name, corpus, str(len(values)), f"{values.min():.7f}", f"{values.mean():.7f}", f"≥ {WANTED[name]}")
        for (name, corpus), values in found.items()
    ]
    print(render(header, rows))
    for name in dict.fromkeys(name for name, _ in found):
        worst = sorted((float(value), corpus, i) for (key, corpus), values in found.items() if key == name
                       for i, value in enumerate(values))[:WORST]  # fmt: skip
        print(f"worst of {name}: {'; '.join(f'{corpus} {i}: {value:.7f}' for value, corpus, i in worst)}")


if __name__ == "__main__":
    enter()
    main()

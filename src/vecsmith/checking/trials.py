"""Tests of a model that is open: each a function from the embedder to a row."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.checking.rows import Row
from vecsmith.errors import EmbedWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vecsmith.local import LocalGenerator
    from vecsmith.sync import Embedder
    from vecsmith.types import Floats

__all__ = ["TEXTS", "TRIALS", "cosines"]

WORDS = ("the", "river", "carries", "leaves", "past", "an", "old", "mill", "where", "nobody", "grinds", "flour")
TEXTS = [
    "",
    "a",
    "A short question?",
    "Zwei Sätze. Der zweite ist länger als der erste.",
    "数据 और 🌊",
    *(" ".join(WORDS[(n * k) % len(WORDS)] for k in range(1, size)) for n, size in enumerate((9, 17, 40, 90, 200), 3)),
]
"""Of all lengths, in several scripts."""

CLOSE = 0.99999
"""The cosine that a text's vectors of two calls have at least, in f32."""

SAME = 0.9999
"""The cosine from which on two vectors are taken for one."""

STEADY = 1e-4
"""How far the numbers of two equal calls may lie apart."""

ONE = 1e-3
"""How far a length may lie from one."""


def quietly(embedder: Embedder, texts: Sequence[str], **options: Any) -> Floats:
    """Embed without a word of what was cut."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EmbedWarning)
        return np.asarray(embedder.embed(list(texts), on_long="truncate", **options).vectors, np.float32)


def cosines(a: Floats, b: Floats) -> Floats:
    """Return the cosine of each pair of rows."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(axis=1) / np.maximum(lengths, 1e-30))


def generator_of(embedder: Embedder) -> LocalGenerator:
    """Return what computes beneath an embedder."""
    from vecsmith.local import LocalGenerator

    found = embedder.generator
    assert isinstance(found, LocalGenerator)
    return found


def sound_numbers(embedder: Embedder) -> Row:
    """Whether vectors are numbers, and none of them empty."""
    vectors = quietly(embedder, TEXTS, normalize=False)
    good = bool(np.isfinite(vectors).all()) and float(np.linalg.norm(vectors, axis=1).min()) > 0
    return Row("numbers", f"{vectors.shape[1]} finite ones for each of {len(TEXTS)} texts", "ok" if good else "fail")


def unit_length(embedder: Embedder) -> Row:
    """Whether vectors have length one where the files say so."""
    lengths = np.linalg.norm(quietly(embedder, TEXTS), axis=1)
    off = float(np.abs(lengths - 1).max())
    if not generator_of(embedder).folder.normalize:
        return Row("length", f"{lengths.min():.3g} to {lengths.max():.3g}, not normalised", "ok")
    return Row("length", f"one, to {off:.0e}", "ok" if off < ONE else "fail")


def company(embedder: Embedder) -> Row:
    """Whether a text has the same vector alone and among others, in any order."""
    together = quietly(embedder, TEXTS)
    alone = np.concatenate([quietly(embedder, [text]) for text in TEXTS])
    turned = quietly(embedder, TEXTS[::-1])[::-1]
    least = float(min(cosines(together, alone).min(), cosines(together, turned).min()))
    return Row("alone and in batches", f"least cosine {least:.6f}", "ok" if least >= CLOSE else "fail")


def repetition(embedder: Embedder) -> Row:
    """Whether the same call gives the same vectors."""
    first, second = quietly(embedder, TEXTS), quietly(embedder, TEXTS)
    gap = float(np.abs(first - second).max())
    return Row("the same call twice", f"largest difference {gap:.0e}", "ok" if gap < STEADY else "fail")


def difference(embedder: Embedder) -> Row:
    """Whether different texts have different vectors."""
    vectors = quietly(embedder, TEXTS)
    pairs = [cosines(vectors[n : n + 1], vectors[m : m + 1])[0] for n in range(len(TEXTS)) for m in range(n)]
    most = float(max(pairs))
    return Row("different texts", f"cosine {most:.4f} at most", "ok" if most < SAME else "fail")


def prompting(embedder: Embedder) -> Row:
    """Whether the prompts of tasks change vectors."""
    found = {text for text in generator_of(embedder).prompts.table().values() if text}
    if not found:
        return Row("effect of prompts", "it has none", "ok")
    few = TEXTS[2:4]
    plain = quietly(embedder, few, prompt="")
    prompted = [quietly(embedder, few, prompt=text.replace("{title}", "none")) for text in sorted(found)]
    least = min(float(cosines(plain, vectors).min()) for vectors in prompted)
    return Row("effect of prompts", f"cosine down to {least:.3f}", "ok" if least < SAME else "warn")


def truncation(embedder: Embedder) -> Row:
    """Whether a text that is too long is cut where the files say, and nothing else is."""
    generator = generator_of(embedder)
    long = " ".join(WORDS * (generator.tokenizer.room // 4 + 2))
    encoded = generator.tokenizer.encode([long])
    result = quietly(embedder, [long], prompt="")
    again = generator.engine.submit([encoded.rows[0]]).result()
    same = float(cosines(result, again)[0])
    whole = len(encoded.rows[0]) == generator.folder.max_tokens and encoded.dropped[0] > 0
    told = f"at {len(encoded.rows[0])} tokens; {encoded.dropped[0]} dropped and counted"
    return Row("cut", told, "ok" if whole and same >= CLOSE else "fail")


TRIALS: tuple[Callable[[Embedder], Row], ...] = (
    sound_numbers,
    unit_length,
    company,
    repetition,
    difference,
    prompting,
    truncation,
)

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

CLOSE = {"f32": 0.99999, "bf16": 0.9995, "int8": 0.98}
"""The cosine that a text's vectors of two calls have at least."""


def quietly(embedder: Embedder, texts: Sequence[str], **options: Any) -> Floats:
    """Embed without a word of what was cut."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EmbedWarning)
        return np.asarray(embedder.embed(list(texts), on_long="truncate", **options).vectors, np.float32)


def cosines(a: Floats, b: Floats) -> Floats:
    """Return the cosine of each pair of rows."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(axis=1) / np.maximum(lengths, 1e-30))


def close(embedder: Embedder) -> float:
    """Return the cosine that is wanted in the arithmetic of an embedder."""
    return CLOSE[generator_of(embedder).arithmetic.precision]


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
    return Row("length", f"one, to {off:.0e}", "ok" if off < 1e-3 else "fail")  # noqa: PLR2004 (of float32, or bf16)


def company(embedder: Embedder) -> Row:
    """Whether a text has the same vector alone and among others, in any order."""
    together = quietly(embedder, TEXTS)
    alone = np.concatenate([quietly(embedder, [text]) for text in TEXTS])
    turned = quietly(embedder, TEXTS[::-1])[::-1]
    least = float(min(cosines(together, alone).min(), cosines(together, turned).min()))
    return Row("alone and in batches", f"least cosine {least:.6f}", "ok" if least >= close(embedder) else "fail")


def repetition(embedder: Embedder) -> Row:
    """Whether the same call gives the same vectors."""
    first, second = quietly(embedder, TEXTS), quietly(embedder, TEXTS)
    gap = float(np.abs(first - second).max())
    return Row("the same call twice", f"largest difference {gap:.0e}", "ok" if gap < 1e-4 else "fail")  # noqa: PLR2004


def difference(embedder: Embedder) -> Row:
    """Whether different texts have different vectors."""
    vectors = quietly(embedder, TEXTS)
    pairs = [cosines(vectors[n : n + 1], vectors[m : m + 1])[0] for n in range(len(TEXTS)) for m in range(n)]
    most = float(max(pairs))
    return Row("different texts", f"cosine {most:.4f} at most", "ok" if most < 0.9999 else "fail")  # noqa: PLR2004


def prompting(embedder: Embedder) -> Row:
    """Whether the prompts of tasks change vectors."""
    found = {text for text in generator_of(embedder).prompts.table().values() if text}
    if not found:
        return Row("effect of prompts", "it has none", "ok")
    plain = quietly(embedder, TEXTS[2:4], prompt="")
    least = min(
        float(cosines(plain, quietly(embedder, TEXTS[2:4], prompt=text.replace("{title}", "none"))).min())
        for text in found
    )
    return Row("effect of prompts", f"cosine down to {least:.3f}", "ok" if least < 0.9999 else "warn")  # noqa: PLR2004


def truncation(embedder: Embedder) -> Row:
    """Whether a text that is too long is cut where the files say, and nothing else is."""
    generator = generator_of(embedder)
    body = generator.tokenizer.room
    long = " ".join(WORDS * (body // 4 + 2))
    encoded = generator.tokenizer.encode([long])
    result = quietly(embedder, [long], prompt="")
    again = generator.engine.submit([encoded.rows[0]]).result()
    same = float(cosines(result, again)[0])
    whole = len(encoded.rows[0]) == generator.folder.max_tokens and encoded.dropped[0] > 0
    told = f"at {len(encoded.rows[0])} tokens; {encoded.dropped[0]} dropped and counted"
    return Row("cut", told, "ok" if whole and same >= close(embedder) else "fail")


TRIALS: tuple[Callable[[Embedder], Row], ...] = (
    sound_numbers,
    unit_length,
    company,
    repetition,
    difference,
    prompting,
    truncation,
)

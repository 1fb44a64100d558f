"""Vectors by a recipe, with the engine of a model that is open."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from vecsmith.local.tokens import TextTokenizer
from vecsmith.providers import GenerationOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vecsmith.local import LocalGenerator
    from vecsmith.local.tokens import Encoded
    from vecsmith.types import Floats, OnLong
    from vecsmith.verifying.recipes import Recipe

__all__ = ["made"]


def weighted(x: Floats) -> Floats:
    """Weigh later tokens more."""
    weights = np.arange(1, len(x) + 1, dtype=np.float32)[:, None]
    return np.asarray((x * weights).sum(axis=0) / weights.sum(), np.float32)


POOLERS: dict[str, Callable[[Floats], Floats]] = {
    "mean": lambda x: x.mean(axis=0),
    "cls": lambda x: x[0],
    "max": lambda x: x.max(axis=0),
    "mean_sqrt_len_tokens": lambda x: x.sum(axis=0) / np.float32(len(x)) ** 0.5,
    "weightedmean": weighted,
    "lasttoken": lambda x: x[-1],
}
"""(tokens, width) → (width,)."""


def made(generator: LocalGenerator, texts: Sequence[str], recipe: Recipe) -> Floats:
    """Return the vector of each text by a recipe, (texts, width), whole and not normalised."""
    with reading(generator, recipe.limit) as reader:
        encoded = read(reader, texts, recipe)
        if recipe.pooling is None:
            skipped = reader.skipped(encoded, GenerationOptions(prompt=recipe.prompt, on_long=side(recipe)))
            vectors: Floats = reader.engine.submit(encoded.rows, skipped=skipped).result()
            return vectors
        pool = POOLERS[recipe.pooling]
        return np.stack([pool(tokens) for tokens in reader.engine.submit(encoded.rows, "tokens").result()])


@contextmanager
def reading(generator: LocalGenerator, limit: int | None) -> Iterator[LocalGenerator]:
    """Give a generator that reads so many tokens: the one there is, or one that is opened for it."""
    if limit is None or limit <= generator.folder.max_tokens:
        yield generator
        return
    from vecsmith.local import LocalGenerator
    from vecsmith.local.engine import release

    folder = replace(generator.folder, max_tokens=limit)
    longer = LocalGenerator.open(folder, compute=generator.arithmetic.precision, threads=generator.engine.key.threads)
    try:
        yield longer
    finally:
        release(longer.engine)


def read(generator: LocalGenerator, texts: Sequence[str], recipe: Recipe) -> Encoded:
    """Return what the model reads of each text."""
    tokenizer = generator.tokenizer
    if recipe.limit is not None:
        tokenizer = TextTokenizer(tokenizer.tokenizer, recipe.limit)
    given = [recipe.prompt + (text.lower() if recipe.lower else text) for text in texts]
    return tokenizer.encode(given, on_long=side(recipe))


def side(recipe: Recipe) -> OnLong:
    """Return which end a text that is too long loses."""
    return "truncate_start" if recipe.start else "truncate"

"""A generator whose vectors follow from the text alone, for what needs no model."""

import hashlib

import numpy as np

from vecsmith.errors import InputError
from vecsmith.providers import GeneratedEmbeddings, Identity
from vecsmith.space import Space
from vecsmith.types import Usage

WIDTH = 16
SPACE = Space("fake", None, "mean", "none", WIDTH, cut=False, normalized=False)
BAD = "bad"
"""A text that holds this cannot be embedded."""


def vector_of(text, prompt=""):
    seed = int.from_bytes(hashlib.sha256((prompt + text).encode()).digest()[:8], "little")
    return np.random.default_rng(seed).standard_normal(WIDTH).astype(np.float32)


class FakeGenerator:
    """Says what it is, and remembers what it was asked for."""

    def __init__(self, *, longest=10_000, normalizes=True):
        self.longest = longest
        self.normalizes = normalizes
        self.asked: list[str] = []

    def identity(self, options):
        return Identity(SPACE, self.normalizes, {"model": "fake", "prompt": options.prompt or ""})

    async def generate(self, values, options=None):
        self.asked += values
        bad = [InputError("it is bad", index=i) for i, value in enumerate(values) if BAD in value]
        if options.on_long == "error":
            bad += [InputError("too long", index=i) for i, value in enumerate(values) if len(value) > self.longest]
        if bad:
            raise InputError(bad[0].reason, index=bad[0].index, others=bad[1:])
        vectors = [vector_of(value[: self.longest], options.prompt or "") for value in values]
        return GeneratedEmbeddings(
            np.array(vectors, np.float32).reshape(len(values), WIDTH),
            Usage(sum(map(len, values)), sum(map(len, values))),
            "fake",
            SPACE,
            [min(len(value), self.longest) for value in values],
            [max(0, len(value) - self.longest) for value in values],
        )

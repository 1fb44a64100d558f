"""A generator whose vectors follow from the text alone, for what needs no model."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from vecsmith.errors import Closed, InputError
from vecsmith.providers import GeneratedEmbeddings, GenerationOptions, Identity, Metadata
from vecsmith.space import Space
from vecsmith.types import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.types import Floats

__all__ = ["FakeGenerator"]

T = TypeVar("T")


class FakeGenerator:
    """Gives equal texts equal vectors and different texts different ones, and remembers what it was asked for.

    Args:
        dimensions: The width of its vectors.
        longest: Characters of a text that it reads; each counts as a token.
        normalizes: Whether it asks for vectors of length one, as a model's files do.
        bad: A text that holds this cannot be embedded; None for no such text.
    """

    def __init__(
        self, dimensions: int = 16, *, longest: int = 10_000, normalizes: bool = True, bad: str | None = None
    ) -> None:
        self.longest, self.normalizes, self.bad = longest, normalizes, bad
        self.space = Space("fake", None, "mean", "none", dimensions, cut=False, normalized=False)
        self.asked: list[str] = []
        """Every text it was asked for, in order."""
        self.calls: list[GenerationOptions] = []
        """The options of every call."""
        self.closed = False

    @property
    def metadata(self) -> Metadata:
        """What it is."""
        return Metadata("fake", "fake", self.space.dimensions, self.longest)

    def identity(self, options: GenerationOptions) -> Identity:
        """Return what its vectors are: the prompt changes them, and nothing else."""
        return Identity(self.space, self.normalizes, {"model": "fake", "prompt": options.prompt or ""})

    async def generate(self, values: Sequence[str], options: GenerationOptions | None = None) -> GeneratedEmbeddings:
        """Return one vector for each text, in order; raise `InputError` for those that cannot be embedded."""
        from vecsmith.postprocess import check_dimensions, finish

        if self.closed:
            raise Closed("the embedder was closed: make a new one")
        options = options or GenerationOptions()
        check_dimensions(options.dimensions, self.space.dimensions)
        self.asked += values
        self.calls.append(options)
        self.check(values, options)
        rows = [self.vector(value[: self.longest], options.prompt or "") for value in values]
        vectors = np.array(rows, np.float32).reshape(len(values), self.space.dimensions)
        normalize = self.normalizes if options.normalize is None else options.normalize
        tokens = [min(len(value), self.longest) for value in values]
        return GeneratedEmbeddings(
            finish(vectors, dimensions=options.dimensions, normalize=normalize),
            Usage(sum(tokens), sum(tokens)),
            "fake",
            self.space,
            tokens,
            [len(value) - read for value, read in zip(values, tokens, strict=True)],
        )

    def check(self, values: Sequence[str], options: GenerationOptions) -> None:
        """Refuse the texts that cannot be embedded as asked."""
        reasons = {i: "it is bad" for i, value in enumerate(values) if self.bad is not None and self.bad in value}
        if options.on_long == "error":
            reasons |= {i: "it is too long" for i, value in enumerate(values) if len(value) > self.longest}
        errors = [InputError(reason, index=index) for index, reason in sorted(reasons.items())]
        if errors:
            raise InputError(errors[0].reason, index=errors[0].index, others=errors[1:])

    def vector(self, text: str, prompt: str = "") -> Floats:
        """Return the vector of a text, (dimensions,), before it is normalised."""
        seed = int.from_bytes(hashlib.sha256((prompt + text).encode("utf-8", "surrogatepass")).digest()[:8], "little")
        return np.random.default_rng(seed).standard_normal(self.space.dimensions).astype(np.float32)

    def get_service(self, kind: type[T], key: str | None = None) -> T | None:
        """Return this generator, if it is a `kind`."""
        return self if key is None and isinstance(self, kind) else None

    async def aclose(self) -> None:
        """Take no more calls."""
        self.closed = True

"""Vectors that were made before are not asked for again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vecsmith.cache import open_cache
from vecsmith.clock import Clock
from vecsmith.errors import ConfigError
from vecsmith.middleware.layer import Layer
from vecsmith.portal import aside
from vecsmith.providers import GeneratedEmbeddings, GenerationOptions, Identifies
from vecsmith.vectors import Source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vecsmith.cache import Cache
    from vecsmith.providers import Generates

__all__ = ["Cached"]


class Cached(Layer):
    """Keeps the vector of each text; a call asks for those that are missing, all at once.

    Args:
        inner: A generator that says what it is; its identity, options included, and the text make the key.
        cache: Where vectors are kept, as `vecsmith.cache.open_cache` takes it. What is opened here is closed here; a
            cache that is given as an object stays open.

    What came from the cache counts as no usage.
    """

    def __init__(self, inner: Generates, cache: str | Path | Cache | bool = "memory") -> None:  # noqa: FBT001 (as in open_cache)
        if not isinstance(inner, Identifies):
            raise ConfigError("a generator's vectors can be cached only if it has a method 'identity': give it one")
        super().__init__(inner)
        self.cache = open_cache(cache)
        self.owned = self.cache is not cache

    async def generate(self, values: Sequence[str], options: GenerationOptions | None = None) -> GeneratedEmbeddings:
        """Return one vector for each text, in order: the cache's, or the inner generator's."""
        from vecsmith.postprocess import finish

        options = options or GenerationOptions()
        source = Source.asked(self.inner, options, self.cache)
        assert source.identity is not None
        rows, identity = await source.rows(values, Clock()), source.identity
        normalized = identity.normalizes if options.normalize is None else options.normalize
        vectors = finish(rows.vectors, dimensions=options.dimensions, normalize=normalized)
        width, native = vectors.shape[1], identity.space.dimensions or vectors.shape[1]
        space = replace(rows.space, dimensions=width, cut=width != native, normalized=normalized)
        return GeneratedEmbeddings(vectors, rows.usage, rows.model, space, rows.tokens, rows.dropped)

    async def aclose(self) -> None:
        """Close the inner generator, and the cache if it was opened here."""
        try:
            await super().aclose()
        finally:
            if self.owned and self.cache is not None:
                await aside(self.cache.close)

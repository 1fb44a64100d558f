"""Options that a call does not give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from vecsmith.middleware.layer import Layer
from vecsmith.providers import GenerationOptions, Reads, ReadsAlong

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from vecsmith.providers import GeneratedEmbeddings, Generates, Identity
    from vecsmith.tasks import Task
    from vecsmith.types import Estimate, Floats

__all__ = ["Defaulted"]

T = TypeVar("T")


class Defaulted(Layer):
    """Fills the options that a call leaves at None; the call's own object stays as it is.

    Args:
        inner: What is asked.
        dimensions: Width of the vectors.
        normalize: Whether they are made of length one.
        prompt: Put before every text.
        task: What the vectors are for.
        title: The title of the document.
    """

    def __init__(
        self,
        inner: Generates,
        *,
        dimensions: int | None = None,
        normalize: bool | None = None,
        prompt: str | None = None,
        task: Task | None = None,
        title: str | None = None,
    ) -> None:
        super().__init__(inner)
        given = {"dimensions": dimensions, "normalize": normalize, "prompt": prompt, "task": task, "title": title}
        self.defaults = {name: value for name, value in given.items() if value is not None}

    def filled(self, options: GenerationOptions | None) -> GenerationOptions:
        """Return options with what they leave open filled in."""
        options = options or GenerationOptions()
        lacking = {name: value for name, value in self.defaults.items() if getattr(options, name) is None}
        return replace(options, **lacking)  # type: ignore[arg-type]  # each of its own type

    async def generate(self, values: Sequence[str], options: GenerationOptions | None = None) -> GeneratedEmbeddings:
        """Ask with all options."""
        return await super().generate(values, self.filled(options))

    def identified(self, options: GenerationOptions) -> Identity:
        """Return what the vectors of a call are: a default width and length count as the generator's own."""
        filled = self.filled(options)
        identity = super().identified(filled)
        identity = replace(identity, normalizes=bool(self.defaults.get("normalize", identity.normalizes)))
        if "dimensions" not in self.defaults:
            return identity
        return replace(identity, cuts=True, parts={**identity.parts, "dimensions": filled.dimensions or 0})

    def estimated(self, values: Sequence[str], options: GenerationOptions) -> Estimate:
        """Return what a call would consume with all options."""
        return super().estimated(values, self.filled(options))

    def get_service(self, kind: type[T], key: str | None = None) -> T | None:
        """Return what lies beneath; what reads long texts there is given the same defaults."""
        found: Any = super().get_service(kind, key)
        asked: object = kind
        if found is None or asked not in {Reads, ReadsAlong}:
            return found  # type: ignore[no-any-return]
        return (ReaderAlong if isinstance(found, ReadsAlong) else Reader)(found, self.filled)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Reader:
    """Counts and cuts texts for calls whose options are filled in."""

    inner: Any
    filled: Callable[[GenerationOptions], GenerationOptions]

    def room(self, options: GenerationOptions) -> int:
        """Return how many tokens of a text are read at once, besides the default prompt's."""
        room: int = self.inner.room(self.filled(options))
        return room

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has."""
        counts: list[int] = self.inner.count(texts)
        return counts

    def offsets(self, text: str) -> NDArray[np.int64]:
        """Return where each token of a text starts and ends."""
        offsets: NDArray[np.int64] = self.inner.offsets(text)
        return offsets


class ReaderAlong(Reader):
    """One that reads chunks with the text around them, too."""

    async def pooled_late(
        self, text: str, spans: Sequence[Sequence[int]], options: GenerationOptions
    ) -> tuple[Floats, int]:
        """Return the mean of the token vectors of each span, of the width that is asked for, and the tokens read."""
        filled = self.filled(options)
        means, tokens = await self.inner.pooled_late(text, spans, filled)
        return means[:, : filled.dimensions], tokens

    def read_for(self, tokens: int, options: GenerationOptions) -> int:
        """Return how many tokens are read for a text of so many."""
        read: int = self.inner.read_for(tokens, self.filled(options))
        return read

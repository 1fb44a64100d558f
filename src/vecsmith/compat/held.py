"""The embedder behind an object of a framework, which is copied, pickled, changed and called from anywhere."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import nullcontext
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecsmith.client import AsyncEmbedder
from vecsmith.errors import ConfigError
from vecsmith.hub import kept_in, without_downloads
from vecsmith.names import Named
from vecsmith.notices import Warner
from vecsmith.portal import start
from vecsmith.sync import Embedder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vecsmith.options import CallOptions, Options
    from vecsmith.providers import EmbeddingGenerator, Generates
    from vecsmith.types import EmbedResult

    Asks = Callable[[Generates], CallOptions]
    """What a call asks for, which may depend on the model's own files."""

__all__ = ["Held", "Wanted"]

OWN = ("cache_folder", "local_files_only", "max_tokens")
"""What of `Wanted` is no argument of `AsyncEmbedder`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which model, and how it is opened: the arguments of `AsyncEmbedder`, and what drop-ins add."""

    model: str | Path
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    revision: str | None = None
    cache: Any = None
    timeout: float | None = None
    concurrency: int | None = None
    device: str | None = None
    threads: int | None = None
    compute: Any = "auto"
    cache_folder: str | Path | None = None
    """Where models of the hub are kept; None for the machine's cache."""
    local_files_only: bool = False
    max_tokens: int | None = None
    """The longest text that is read, special tokens included; None for the model's own limit."""

    @property
    def hub(self) -> Path | None:
        """The cache of the hub's models; None for the machine's."""
        return None if self.cache_folder is None else Path(self.cache_folder).expanduser()

    def embedder(self) -> AsyncEmbedder:
        """Make the embedder; nothing is opened."""
        given = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in OWN}
        embedder = Owned(**given)
        if any(getattr(self, name) for name in OWN):
            embedder.named = Sought.of(embedder.named, self)
        return embedder


@dataclass(frozen=True, slots=True)
class Sought(Named):
    """A name whose model is looked for elsewhere, or reads another length of text."""

    wanted: Wanted | None = None

    @classmethod
    def of(cls, named: Named, wanted: Wanted) -> Sought:
        """Return the same name with what is wanted of its model."""
        return cls(named.provider, named.model, named.table, named.rows, named.defaults, wanted)

    async def open(self, given: Mapping[str, Any], *, keyless: bool = False) -> EmbeddingGenerator:
        """Make the generator; raise `ConfigError` where there is none."""
        wanted = self.wanted
        assert wanted is not None
        with kept_in(wanted.hub), without_downloads() if wanted.local_files_only else nullcontext():
            generator = await Named.open(self, given, keyless=keyless)
        return generator if wanted.max_tokens is None else await reading(generator, wanted.max_tokens, wanted)


async def reading(generator: EmbeddingGenerator, most: int, wanted: Wanted) -> EmbeddingGenerator:
    """Return a generator that reads so many tokens of a text; the one given is closed where it is another."""
    from vecsmith.local import LocalGenerator

    local = generator.get_service(LocalGenerator)
    if local is None:
        raise ConfigError("the longest text can be set for local models alone: leave the maximum length out")
    if local.folder.max_tokens == most:
        return generator
    folder = replace(local.folder, max_tokens=most)
    try:
        return await asyncio.to_thread(
            partial(LocalGenerator.open, folder, compute=wanted.compute, threads=wanted.threads)
        )
    except ConfigError:
        raise ConfigError(f"{folder.name} cannot read {most} tokens of a text: give a smaller maximum length") from None
    finally:
        await generator.aclose()


class Owned(AsyncEmbedder):
    """An embedder that gives its model back when nobody holds it any more, not even a call under way."""

    def __del__(self) -> None:
        if self._generator is not None and not sys.is_finalizing():
            start(self.aclose())


class Held:
    """An embedder that is made at first use, and made anew when what is wanted of it has changed.

    A copy, and what comes out of a pickle, begins empty. All are equal, so that objects with the same settings are.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.made: tuple[Wanted, AsyncEmbedder] | None = None
        self.face: tuple[AsyncEmbedder, Embedder] | None = None

    def asynchronous(self, wanted: Wanted) -> AsyncEmbedder:
        """Return the embedder."""
        with self.lock:
            if self.made is None or self.made[0] != wanted:
                self.made, self.face = (wanted, wanted.embedder()), None
            return self.made[1]

    def blocking(self, wanted: Wanted) -> Embedder:
        """Return its blocking face, opened; raise `ConfigError` where the model cannot be."""
        embedder, face = self.asynchronous(wanted), self.face
        if face is None or face[0] is not embedder:
            self.face = face = (embedder, Embedder.over(embedder))
        return face[1]

    def limit(self, wanted: Wanted) -> int | None:
        """Return the longest text that the model reads, in tokens; None where that is not known."""
        return self.blocking(wanted).metadata.max_tokens or None

    def same(self, wanted: Wanted) -> None:
        """Take what is open for what is wanted now, which says the same in more words."""
        with self.lock:
            if self.made is not None:
                self.made = (wanted, self.made[1])

    def check(self, wanted: Wanted, *sides: Asks) -> None:
        """Open the model, and raise `ConfigError` where it cannot be, or cannot do what the calls will ask for."""
        face = self.blocking(wanted)
        for asks in sides:
            single(face.asked(asks(face.generator)))

    def embed(self, wanted: Wanted, texts: list[str], asks: Asks, advice: str) -> list[list[float]]:
        """Return the vectors of texts as lists; `advice` is what to do where texts are cut."""
        face = self.blocking(wanted)
        options = single(face.asked(asks(face.generator)))
        return listed(face.embed_quietly(texts, options, face.timeout), options, advice)

    async def aembed(self, wanted: Wanted, texts: list[str], asks: Asks, advice: str) -> list[list[float]]:
        """Do the same without blocking, in any event loop; cancelling stops what is in flight."""
        embedder = self.asynchronous(wanted)
        options = single(embedder.asked(asks(await embedder.open())))
        return listed(await embedder.embed_quietly(texts, options, embedder.timeout), options, advice)

    def __reduce__(self) -> tuple[type[Held], tuple[()]]:
        return Held, ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Held)

    def __hash__(self) -> int:
        return hash(Held)


def single(options: Options) -> Options:
    """Refuse what gives several vectors for a text."""
    if options.on_long in {"chunk", "late"}:
        raise ConfigError(
            f"on_long={options.on_long!r} gives several vectors for a text, and one is kept for each here: split the "
            "texts before, or say 'mean'"
        )
    return options


def listed(result: EmbedResult, options: Options, advice: str) -> list[list[float]]:
    """Return vectors as lists, after warning at the line that called a drop-in's method."""
    Warner(options, advice).look(result, stacklevel=6)
    vectors: list[list[float]] = result.vectors.tolist()
    return vectors

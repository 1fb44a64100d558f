"""The asynchronous face."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self

from vecsmith.errors import Closed, ConfigError, Timeout
from vecsmith.pipeline import Warner, Window, ahead, async_windows, join, options_of, report, through
from vecsmith.prepare import as_texts
from vecsmith.providers import EmbeddingGenerator

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable
    from pathlib import Path

    from vecsmith.pipeline import OnBad
    from vecsmith.providers import Generates, GenerationOptions, Metadata
    from vecsmith.types import Compute, EmbedResult, OnLong

__all__ = ["AsyncEmbedder"]


class AsyncEmbedder:
    """Turns texts into vectors with one model, for `asyncio`; works in any event loop, and in several.

    Args:
        model: ``minilm`` (inside the package), a folder, a Hugging Face id or a short name.
        revision: The revision of a Hugging Face id in this machine's cache.
        timeout: Seconds that a call may take, unless it says otherwise; None for no limit.
        device: ``cpu``.
        threads: Cores to compute with; None for those this process may use.
        compute: The arithmetic: ``auto`` (bf16 where the processor is faster with it, else f32), ``f32``, ``bf16``.

    A model is loaded at first use, or by ``await embedder.open()``. Embedders of the same weights, arithmetic and
    threads share one engine.
    """

    def __init__(
        self,
        model: str | Path = "minilm",
        *,
        revision: str | None = None,
        timeout: float | None = None,
        device: str | None = None,
        threads: int | None = None,
        compute: Compute = "auto",
    ) -> None:
        self._model = model
        self._revision = revision
        self.timeout = timeout
        self._settings: tuple[Compute, int | None, str | None] = (compute, threads, device)
        self._generator: Generates | None = None
        self._closed = False

    @classmethod
    def from_generator(cls, generator: Generates, *, timeout: float | None = None) -> Self:
        """Make an embedder over anything with a method ``generate``; closing the embedder closes it."""
        embedder = cls(type(generator).__name__, timeout=timeout)
        embedder._generator = generator
        return embedder

    async def open(self) -> Generates:
        """Load the model unless it is loaded, and return its generator; raises `ConfigError` where it cannot be."""
        if self._generator is None and not self._closed:
            await asyncio.to_thread(self._load)
        return self.generator

    def _load(self) -> None:
        from vecsmith.catalog import find
        from vecsmith.local import LocalGenerator
        from vecsmith.local.folder import read_folder

        found = find(self._model, revision=self._revision)
        folder = read_folder(found.folder, found.name, trusted=found.bundled)
        compute, threads, device = self._settings
        opened = LocalGenerator.open(folder, compute=compute, threads=threads, device=device)
        if self._generator is None and not self._closed:
            self._generator = opened
        else:  # another task was faster, or the embedder was closed meanwhile
            from vecsmith.local.engine import release

            release(opened.engine)

    @property
    def generator(self) -> Generates:
        """What makes the vectors; its ``get_service`` gives what lies beneath. `ConfigError` before it is loaded."""
        if self._closed:
            raise Closed("the embedder was closed: make a new one")
        if self._generator is None:
            raise ConfigError("the model is not loaded yet: await embedder.open() first")
        return self._generator

    @property
    def metadata(self) -> Metadata:
        """What the model is; raises `ConfigError` before it is loaded, or where its generator does not tell."""
        metadata: Metadata | None = getattr(self.generator, "metadata", None)
        if metadata is None:
            raise ConfigError("this generator does not tell what it is: give it a property 'metadata'")
        return metadata

    async def embed(
        self,
        texts: str | Iterable[str],
        *,
        dimensions: int | None = None,
        normalize: bool | None = None,
        on_long: OnLong | None = None,
        prompt: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 (a deadline for the work, kept with asyncio.timeout)
    ) -> EmbedResult:
        """Return one vector for each text, in order.

        Args:
            texts: One string, or any iterable of strings.
            dimensions: Cut the vectors to this width (and normalise again); None for the model's own.
            normalize: Scale to length one; None for what the model's own files say.
            on_long: What happens to a text longer than the model reads: ``truncate`` (None: the same, with a
                warning), ``truncate_start``, ``error``.
            prompt: Put before every text; None for the model's own default.
            timeout: Seconds the call may take; None for the embedder's own.

        Raises `InputError` for an input that cannot be embedded, `Timeout`, and `ConfigError`.
        """
        options = options_of(dimensions=dimensions, normalize=normalize, on_long=on_long, prompt=prompt)
        result = await self.embed_quietly(texts, options, self.timeout if timeout is None else timeout)
        Warner(on_long).look(result)
        return result

    async def embed_quietly(
        self, texts: str | Iterable[str], options: GenerationOptions, seconds: float | None
    ) -> EmbedResult:
        """Embed, and leave the warnings to the caller, who knows what line they are about."""
        async with deadline(seconds):
            generator = await self.open()
            source = async_windows(as_texts(texts))
            parts = [p.result async for p in ahead(source, lambda w: through(generator, w, options))]
            return join(parts or [(await through(generator, Window(0, []), options)).result])

    async def stream(
        self,
        texts: Iterable[str] | AsyncIterable[str],
        *,
        dimensions: int | None = None,
        normalize: bool | None = None,
        on_long: OnLong | None = None,
        prompt: str | None = None,
        on_bad: OnBad | None = None,
    ) -> AsyncIterator[EmbedResult]:
        """Yield results for runs of inputs, in order, in bounded memory, for any number of texts.

        The arguments are those of `embed`, and ``on_bad``: called for an input that cannot be embedded, which is then
        missing from the results while the others keep their index; without it the first such input raises.
        Breaking off cancels what is in flight.
        """
        options = options_of(dimensions=dimensions, normalize=normalize, on_long=on_long, prompt=prompt)
        generator = await self.open()
        skip, warner = on_bad is not None, Warner(on_long)
        async for passed in ahead(async_windows(texts), lambda w: through(generator, w, options, skip=skip)):
            warner.look(passed.result)
            report(passed.bad, on_bad)
            yield passed.result

    async def aclose(self) -> None:
        """Give the model back; the last embedder of a model to close frees it."""
        self._closed = True
        generator, self._generator = self._generator, None
        if isinstance(generator, EmbeddingGenerator):
            await generator.aclose()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


@asynccontextmanager
async def deadline(seconds: float | None) -> AsyncIterator[None]:
    """Cancel what runs inside and raise `Timeout` after so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        if isinstance(error, Timeout):
            raise
        raise Timeout(
            f"the texts were not embedded within {seconds:g} seconds: send fewer at once, or allow more"
        ) from None

"""The asynchronous face: texts in, windows through a generator, results out."""

from __future__ import annotations

import asyncio
import warnings
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar, get_args

from vecsmith.errors import Closed, ConfigError, EmbedWarning, InputError, Timeout
from vecsmith.prepare import as_texts, prepare
from vecsmith.providers import GenerationOptions
from vecsmith.types import EmbedResult, Item, OnLong, Usage

if TYPE_CHECKING:
    from pathlib import Path

    from vecsmith.providers import EmbeddingGenerator, GeneratedEmbeddings, Metadata
    from vecsmith.types import Compute

__all__ = ["AsyncEmbedder", "OnBad", "Passed", "Window", "join", "options_of", "through", "warn_if_cut", "windows"]

T = TypeVar("T")

OnBad = Callable[[int, InputError], None]
"""Called with the index of an input that cannot be embedded, and why."""

WINDOW_TEXTS = 2048
WINDOW_CHARACTERS = 2_000_000
AHEAD = 2
"""Windows in the generator at once: one is tokenised while the other is computed."""


@dataclass(frozen=True, slots=True)
class Window:
    """A run of inputs that goes through the generator together."""

    start: int
    """The index of its first input."""
    texts: list[str]


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of a window."""

    result: EmbedResult
    bad: list[InputError]


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
        timeout: float | None = None,  # noqa: ASYNC109 (the default of a per-call deadline)
        device: str | None = None,
        threads: int | None = None,
        compute: Compute = "auto",
    ) -> None:
        self._model = model
        self._revision = revision
        self._timeout = timeout
        self._settings: tuple[Compute, int | None, str | None] = (compute, threads, device)
        self._generator: EmbeddingGenerator | None = None
        self._closed = False

    @classmethod
    def from_generator(cls, generator: EmbeddingGenerator, *, timeout: float | None = None) -> Self:
        """Make an embedder over any generator; closing the embedder closes it."""
        embedder = cls(generator.metadata.model, timeout=timeout)
        embedder._generator = generator
        return embedder

    async def open(self) -> EmbeddingGenerator:
        """Load the model unless it is loaded, and return its generator; raises `ConfigError` where it cannot be."""
        if self._closed:
            raise Closed("the embedder was closed: make a new one")
        if self._generator is None:
            await asyncio.to_thread(self._load)
        assert self._generator is not None
        return self._generator

    def _load(self) -> None:
        from vecsmith.catalog import find
        from vecsmith.local import LocalGenerator

        found = find(self._model, revision=self._revision)
        compute, threads, device = self._settings
        opened = LocalGenerator.open(found.folder, found.name, compute=compute, threads=threads, device=device)
        if self._generator is None:
            self._generator = opened
        else:  # another task was faster
            from vecsmith.local.engine import release

            release(opened.engine)

    @property
    def metadata(self) -> Metadata:
        """What the model is; raises `Closed` before it is loaded."""
        if self._generator is None:
            raise Closed("the model is not loaded yet: await embedder.open() first")
        return self._generator.metadata

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
        options = options_of(dimensions, normalize, on_long, prompt)
        async with deadline(self._timeout if timeout is None else timeout):
            generator = await self.open()
            source = async_windows(as_texts(texts))
            parts = [p.result async for p in ahead(source, lambda w: through(generator, w, options))]
            result = join(parts or [(await through(generator, Window(0, []), options)).result])
        warn_if_cut(result, on_long)
        return result

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
        options = options_of(dimensions, normalize, on_long, prompt)
        generator = await self.open()
        skip, warned = on_bad is not None, False
        async for passed in ahead(async_windows(texts), lambda w: through(generator, w, options, skip=skip)):
            warned = warned or warn_if_cut(passed.result, on_long)
            for error in passed.bad:
                assert on_bad is not None
                assert error.index is not None
                on_bad(error.index, error)
            yield passed.result

    async def aclose(self) -> None:
        """Give the model back; the last embedder of a model to close frees it."""
        self._closed = True
        generator, self._generator = self._generator, None
        if generator is not None:
            await generator.aclose()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


def options_of(
    dimensions: int | None, normalize: bool | None, on_long: OnLong | None, prompt: str | None  # noqa: FBT001
) -> GenerationOptions:
    """Check and gather what a call asks for."""
    if on_long is not None and on_long not in get_args(OnLong):
        raise ConfigError(f"on_long must be one of {', '.join(get_args(OnLong))}, not {on_long!r}")
    return GenerationOptions(dimensions, normalize, on_long or "truncate", prompt)


class Windower:
    """Cuts inputs into runs of bounded size."""

    def __init__(self) -> None:
        self.start = self.characters = 0
        self.run: list[str] = []

    def add(self, text: str) -> Window | None:
        """Take one more input; return the run that it completes."""
        self.run.append(text)
        self.characters += len(text) if isinstance(text, str) else 0
        full = len(self.run) >= WINDOW_TEXTS or self.characters >= WINDOW_CHARACTERS
        return self.rest() if full else None

    def rest(self) -> Window | None:
        """Return the run that was begun, if any."""
        window = Window(self.start, self.run) if self.run else None
        self.start, self.characters, self.run = self.start + len(self.run), 0, []
        return window


def windows(texts: str | Iterable[str]) -> Iterator[Window]:
    """Cut inputs into runs of bounded size."""
    windower = Windower()
    for text in as_texts(texts):
        if window := windower.add(text):
            yield window
    if window := windower.rest():
        yield window


async def async_windows(texts: Iterable[str] | AsyncIterable[str]) -> AsyncIterator[Window]:
    """Do the same for any source."""
    if not isinstance(texts, AsyncIterable):
        for window in windows(texts):
            yield window
        return
    windower = Windower()
    async for text in texts:
        if window := windower.add(text):
            yield window
    if window := windower.rest():
        yield window


async def ahead(source: AsyncIterator[Window], work: Callable[[Window], Coroutine[None, None, T]]) -> AsyncIterator[T]:
    """Yield the work of each window, in order, with `AHEAD` of them under way; breaking off cancels those."""
    tasks: deque[asyncio.Task[T]] = deque()
    try:
        async for window in source:
            tasks.append(asyncio.create_task(work(window)))
            if len(tasks) == AHEAD:
                yield await tasks[0]
                tasks.popleft()
        while tasks:
            yield await tasks[0]
            tasks.popleft()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def through(
    generator: EmbeddingGenerator, window: Window, options: GenerationOptions, *, skip: bool = False
) -> Passed:
    """Send one window through the generator.

    With `skip`, inputs that cannot be embedded are left out and returned beside the result; else the first raises.
    """
    texts, indexes, bad = window.texts, list(range(window.start, window.start + len(window.texts))), []
    while True:
        try:
            prepared = prepare(texts)
            generated = await generator.generate(prepared.texts, options)
        except InputError as error:
            refused = [InputError(e.reason, index=indexes[e.index]) for e in (error, *error.others) if e.index is not None]
            if not refused:
                raise
            if not skip:
                raise InputError(refused[0].reason, index=refused[0].index, others=refused[1:]) from None
            bad += refused
            gone = {e.index for e in refused}
            texts = [text for text, index in zip(texts, indexes, strict=True) if index not in gone]
            indexes = [index for index in indexes if index not in gone]
        else:
            return Passed(result_of(generated, indexes, prepared.replaced), sorted(bad, key=lambda e: e.index or 0))


def result_of(generated: GeneratedEmbeddings, indexes: Iterable[int], replaced: Iterable[int]) -> EmbedResult:
    """Say of each input what became of it."""
    made = generated.created_at
    columns = zip(indexes, generated.tokens, generated.dropped, replaced, strict=True)
    items = tuple(
        Item(index, tokens, dropped, odd, chunks=1, cached=False, model=generated.model, created_at=made)
        for index, tokens, dropped, odd in columns
    )
    return EmbedResult(generated.vectors, items, generated.usage, generated.space, generated.model)


def join(parts: Sequence[EmbedResult]) -> EmbedResult:
    """Make one result of the parts of a call."""
    if len(parts) == 1:
        return parts[0]
    import numpy as np

    return EmbedResult(
        np.concatenate([part.vectors for part in parts]),
        tuple(item for part in parts for item in part.items),
        sum((part.usage for part in parts), Usage()),
        parts[0].space,
        parts[0].model,
    )


def warn_if_cut(result: EmbedResult, on_long: OnLong | None, stacklevel: int = 3) -> bool:
    """Warn of texts that were cut where the caller did not say what should happen to them."""
    cut = [item for item in result.items if item.dropped]
    if on_long is not None or not cut:
        return False
    warnings.warn(
        f"{len(cut)} of {len(result.items)} texts were longer than the model reads, and {sum(i.dropped for i in cut)} "
        "tokens at their ends were not read: say on_long='truncate' where that is meant, or cut the texts smaller",
        EmbedWarning,
        stacklevel=stacklevel,
    )
    return True


@asynccontextmanager
async def deadline(seconds: float | None) -> AsyncIterator[None]:
    """Cancel what runs inside and raise `Timeout` after so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        if isinstance(error, Timeout):
            raise
        raise Timeout(f"the texts were not embedded within {seconds:g} seconds: send fewer at once, or allow more") from None

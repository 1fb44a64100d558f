"""The blocking face: the asynchronous one behind a portal, a page long."""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import TYPE_CHECKING, Self

from vecsmith.client import AsyncEmbedder
from vecsmith.pipeline import AHEAD, Warner, Window, options_of, report, through, windows
from vecsmith.portal import run, run_here, start
from vecsmith.prepare import as_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from vecsmith.pipeline import OnBad, Passed
    from vecsmith.providers import AnswersHere, Generates, GenerationOptions, Metadata
    from vecsmith.types import Compute, EmbedResult, OnLong

__all__ = ["Embedder", "embed"]


class Embedder:
    """Turns texts into vectors with one model; a context manager.

    The arguments are those of `AsyncEmbedder`. The model is loaded here (some 0.2 s for the bundled one), and a model
    that cannot be loaded raises `ConfigError` here. May be used from several threads at once, inside a running event
    loop, and after a fork.
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
        self._embedder = AsyncEmbedder(
            model, revision=revision, timeout=timeout, device=device, threads=threads, compute=compute
        )
        run(self._embedder.open())

    @classmethod
    def from_generator(cls, generator: Generates, *, timeout: float | None = None) -> Self:
        """Make an embedder over any generator; closing the embedder closes it."""
        embedder = cls.__new__(cls)
        embedder._embedder = AsyncEmbedder.from_generator(generator, timeout=timeout)  # noqa: SLF001 (its own)
        return embedder

    @property
    def metadata(self) -> Metadata:
        """What the model is."""
        return self._embedder.metadata

    @property
    def generator(self) -> Generates:
        """What makes the vectors; its ``get_service`` gives what lies beneath."""
        return self._embedder.generator

    def embed(
        self,
        texts: str | Iterable[str],
        *,
        dimensions: int | None = None,
        normalize: bool | None = None,
        on_long: OnLong | None = None,
        prompt: str | None = None,
        timeout: float | None = None,
    ) -> EmbedResult:
        """Return one vector for each text, in order; `AsyncEmbedder.embed` says what the arguments do."""
        options = options_of(dimensions=dimensions, normalize=normalize, on_long=on_long, prompt=prompt)
        result = self.embed_quietly(texts, options, self._embedder.timeout if timeout is None else timeout)
        Warner(on_long).look(result)
        return result

    def embed_quietly(
        self, texts: str | Iterable[str], options: GenerationOptions, seconds: float | None = None
    ) -> EmbedResult:
        """Embed, and leave the warnings to the caller."""
        pulled = list(as_texts(texts))  # here, in the caller's thread, because it may run the caller's code
        if seconds is None and answers_here(self.generator, pulled, options):
            return run_here(through(self.generator, Window(0, pulled), options)).result
        return run(self._embedder.embed_quietly(pulled, options, seconds))

    def stream(
        self,
        texts: Iterable[str],
        *,
        dimensions: int | None = None,
        normalize: bool | None = None,
        on_long: OnLong | None = None,
        prompt: str | None = None,
        on_bad: OnBad | None = None,
    ) -> Iterator[EmbedResult]:
        """Yield results for runs of inputs, in order, in bounded memory; `AsyncEmbedder.stream` says more.

        The texts are pulled, and `on_bad` is called, in the caller's thread.
        """
        options = options_of(dimensions=dimensions, normalize=normalize, on_long=on_long, prompt=prompt)
        return self._parts(self.generator, texts, options, on_long, on_bad)

    def _parts(
        self,
        generator: Generates,
        texts: Iterable[str],
        options: GenerationOptions,
        on_long: OnLong | None,
        on_bad: OnBad | None,
    ) -> Iterator[EmbedResult]:
        warner = Warner(on_long)
        ahead: deque[Future[Passed]] = deque()
        try:
            for passed in in_order(generator, texts, options, ahead, skip=on_bad is not None):
                warner.look(passed.result)
                report(passed.bad, on_bad)
                yield passed.result
        finally:
            for future in ahead:
                future.cancel()

    def close(self) -> None:
        """Give the model back; the last embedder of a model to close frees it."""
        run(self._embedder.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def in_order(
    generator: Generates,
    texts: Iterable[str],
    options: GenerationOptions,
    ahead: deque[Future[Passed]],
    *,
    skip: bool,
) -> Iterator[Passed]:
    """Yield what became of each window, with `AHEAD` of them under way."""
    for window in windows(texts):
        ahead.append(start(through(generator, window, options, skip=skip)))
        if len(ahead) == AHEAD:
            yield ahead[0].result()
            ahead.popleft()
    while ahead:
        yield ahead[0].result()
        ahead.popleft()


def answers_here(generator: Generates, texts: Sequence[str], options: GenerationOptions) -> bool:
    """Whether the caller's own thread is the fastest place for these texts."""
    asked: AnswersHere | None = getattr(generator, "answers_here", None)
    characters = sum(len(text) for text in texts if isinstance(text, str))
    return asked is not None and asked(len(texts), characters, options)


@cache
def shared(model: str | Path) -> Embedder:
    """Return the process's one embedder of a model, which stays open."""
    return Embedder(model)


def embed(
    texts: str | Iterable[str],
    model: str | Path = "minilm",
    *,
    dimensions: int | None = None,
    normalize: bool | None = None,
    on_long: OnLong | None = None,
    prompt: str | None = None,
) -> EmbedResult:
    """Return one vector for each text, in order, with an embedder that stays open for the next call."""
    embedder = shared(model)
    options = options_of(dimensions=dimensions, normalize=normalize, on_long=on_long, prompt=prompt)
    result = embedder.embed_quietly(texts, options)
    Warner(on_long).look(result)
    return result

"""The blocking face: the asynchronous one behind a portal, a page long."""

from __future__ import annotations

import functools
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Self, Unpack

from vecsmith.client import AsyncEmbedder
from vecsmith.notices import Warner, report, warned
from vecsmith.options import CallOptions, for_task
from vecsmith.pipeline import through
from vecsmith.portal import run, run_here, start, wait
from vecsmith.prepare import as_texts
from vecsmith.providers.paid import Unclaimed
from vecsmith.windows import Flow, Window, fit_one, windows

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from vecsmith.cache import Cache
    from vecsmith.notices import OnBad
    from vecsmith.options import Options
    from vecsmith.pipeline import Passed
    from vecsmith.providers import Generates, Metadata
    from vecsmith.stores.filling import Filled
    from vecsmith.types import Compute, EmbedResult, Estimate

__all__ = ["Embedder", "embed", "estimate", "estimated"]


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
        api_key: str | None = None,
        base_url: str | None = None,
        revision: str | None = None,
        cache: str | Path | Cache | bool | None = None,
        timeout: float | None = None,
        concurrency: int | None = None,
        device: str | None = None,
        threads: int | None = None,
        compute: Compute = "auto",
    ) -> None:
        self._embedder = AsyncEmbedder(
            model,
            api_key=api_key,
            base_url=base_url,
            revision=revision,
            cache=cache,
            timeout=timeout,
            concurrency=concurrency,
            device=device,
            threads=threads,
            compute=compute,
        )
        run(self._embedder.open())

    @classmethod
    def from_generator(
        cls,
        generator: Any,
        *,
        cache: str | Path | Cache | bool | None = None,
        timeout: float | None = None,
    ) -> Self:
        """Make an embedder over any generator; `AsyncEmbedder.from_generator` says what else is taken."""
        return cls.over(AsyncEmbedder.from_generator(generator, cache=cache, timeout=timeout))

    @classmethod
    def over(cls, embedder: AsyncEmbedder) -> Self:
        """Make the blocking face of an asynchronous embedder, which is opened here; closing either closes both."""
        face = cls.__new__(cls)
        face._embedder = embedder  # noqa: SLF001 (its own)
        run(embedder.open())
        return face

    @property
    def metadata(self) -> Metadata:
        """What the model is."""
        return self._embedder.metadata

    @property
    def given_name(self) -> str | None:
        """The model as it was named, a folder by its whole path; None for an embedder over a generator."""
        return self._embedder.given_name

    @property
    def timeout(self) -> float | None:
        """Seconds that a call may take, unless it says otherwise; None for no limit."""
        return self._embedder.timeout

    def asked(self, options: CallOptions) -> Options:
        """Check what a call asks for; what it leaves open is what a profile says."""
        return self._embedder.asked(options)

    def wished(self, options: CallOptions) -> CallOptions:
        """Return what a call asks for, with what a profile says where it leaves that open."""
        return self._embedder.wished(options)

    @property
    def generator(self) -> Generates:
        """What makes the vectors; its ``get_service`` gives what lies beneath."""
        return self._embedder.generator

    def embed(
        self, texts: str | Iterable[str], *, timeout: float | None = None, **options: Unpack[CallOptions]
    ) -> EmbedResult:
        """Return the vectors of texts, in order; `AsyncEmbedder.embed` says what the arguments do."""
        asked = self._embedder.asked(options)
        return warned(asked, self.embed_quietly(texts, asked, self._embedder.timeout if timeout is None else timeout))

    def embed_query(
        self, texts: str | Iterable[str], *, timeout: float | None = None, **options: Unpack[CallOptions]
    ) -> EmbedResult:
        """Embed what is searched with: `embed` with ``task="retrieval_query"`` unless another is named."""
        asked = self._embedder.asked(for_task("retrieval_query", options))
        return warned(asked, self.embed_quietly(texts, asked, self._embedder.timeout if timeout is None else timeout))

    def embed_documents(
        self, texts: str | Iterable[str], *, timeout: float | None = None, **options: Unpack[CallOptions]
    ) -> EmbedResult:
        """Embed what is searched in: `embed` with ``task="retrieval_document"`` unless another is named."""
        asked = self._embedder.asked(for_task("retrieval_document", options))
        return warned(asked, self.embed_quietly(texts, asked, self._embedder.timeout if timeout is None else timeout))

    def estimate(self, texts: str | Iterable[str], **options: Unpack[CallOptions]) -> Estimate:
        """Return what `embed` would consume with these arguments; `AsyncEmbedder.estimate` says more."""
        return run(self._embedder.estimate(list(as_texts(texts)), **options))

    def embed_quietly(self, texts: str | Iterable[str], options: Options, seconds: float | None = None) -> EmbedResult:
        """Embed, and leave the warnings to the caller."""
        pulled = list(as_texts(texts))  # here, in the caller's thread, because it may run the caller's code
        here, cache = getattr(self.generator, "answers_here", False), self._embedder.cache
        if here and seconds is None and fit_one(pulled, looked_up=cache is not None):
            # sooner than threads wake each other
            return run_here(through(self.generator, Window(0, pulled), options, cache)).result
        return run(self._embedder.embed_quietly(pulled, options, seconds))

    def stream(
        self, texts: Iterable[str], *, on_bad: OnBad | None = None, **options: Unpack[CallOptions]
    ) -> Iterator[EmbedResult]:
        """Yield results for runs of inputs, in order, in bounded memory; `AsyncEmbedder.stream` says more.

        The texts are pulled, and `on_bad` is called, in the caller's thread.
        """
        return self._parts(self.generator, texts, self._embedder.asked(options), on_bad)

    def _parts(
        self, generator: Generates, texts: Iterable[str], options: Options, on_bad: OnBad | None
    ) -> Iterator[EmbedResult]:
        warner = Warner(options)
        ahead: deque[Future[Passed]] = deque()
        work = partial(through, generator, options=options, cache=self._embedder.cache, skip=on_bad is not None)
        with Unclaimed() as call:
            try:
                for passed in in_order(call.noting(work), texts, ahead, Flow.through(generator)):
                    call.claimed()
                    warner.look(passed.result)
                    report(passed.bad, on_bad)
                    yield passed.result
            finally:
                for future in ahead:
                    future.cancel()

    def store(
        self,
        rows: Iterable[Any],
        to: str | Path,
        *,
        table: str | None = None,
        ids: Iterable[str | int] | None = None,
        keep_text: bool = True,
        index: bool = False,
        prune: bool = False,
        **options: Unpack[CallOptions],
    ) -> Filled:
        """Embed rows and keep them in a store, from where `vecsmith.Store` finds them.

        Args:
            rows: Texts, ``(id, text)`` pairs, or mappings with ``text``, perhaps ``id``, and other columns.
            to: An SQLite, Parquet, npy or JSON lines file, or ``postgresql://…``; a database takes the rows in, by
                their ids, and a file is written anew when all are embedded. Rows that are there with the same content
                are not embedded again.
            table: The table, of SQLite and Postgres; None for ``embeddings``.
            ids: The ids of texts; None to number them.
            keep_text: Whether the texts are kept beside the vectors.
            index: Whether Postgres makes an index for fast, inexact searches.
            prune: Whether what a database holds besides these rows is removed, once they are all written.
            options: Those of `embed`; the task is ``retrieval_document`` unless one is named.

        Returns what became of the rows; those that cannot be kept are in its ``bad``, with their reasons. Raises
        `ConfigError` where the store has vectors of another space, before anything is embedded.
        """
        from vecsmith.stores.filling import stored

        wish = for_task("retrieval_document", options)
        return stored(self, rows, to, wish, ids, table=table, keep_text=keep_text, index=index, prune=prune)

    def close(self) -> None:
        """Give the model back; the last embedder of a model to close frees it."""
        run(self._embedder.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def in_order(
    work: Callable[[Window], Coroutine[None, None, Passed]],
    texts: Iterable[str],
    ahead: deque[Future[Passed]],
    flow: Flow,
) -> Iterator[Passed]:
    """Yield what became of each window, with as many under way as the flow says."""
    for window in windows(texts, flow):
        ahead.append(start(work(window)))
        if len(ahead) == flow.ahead:
            yield wait(ahead[0])
            ahead.popleft()
    while ahead:
        yield wait(ahead[0])
        ahead.popleft()


@functools.cache
def shared(model: str | Path) -> Embedder:
    """Return the process's one embedder of a model, which stays open."""
    return Embedder(model)


def embed(
    texts: str | Iterable[str],
    model: str | Path = "minilm",
    *,
    timeout: float | None = None,
    **options: Unpack[CallOptions],
) -> EmbedResult:
    """Return the vectors of texts, in order, with an embedder that stays open for the next call.

    `AsyncEmbedder.embed` says what the arguments do.
    """
    embedder = shared(model)
    asked = embedder._embedder.asked(options)  # noqa: SLF001 (its own)
    return warned(asked, embedder.embed_quietly(texts, asked, timeout))


def estimate(texts: str | Iterable[str], model: str | Path = "minilm", **options: Unpack[CallOptions]) -> Estimate:
    """Return what `embed` would consume with these arguments; nothing is sent, and no key is needed.

    `AsyncEmbedder.estimate` says more.
    """
    return estimated(AsyncEmbedder(model), texts, options)


def estimated(embedder: AsyncEmbedder, texts: str | Iterable[str], options: CallOptions) -> Estimate:
    """Return what embedding would consume with an embedder that is not open, and close it."""
    pulled = list(as_texts(texts))

    async def told() -> Estimate:
        try:
            return await embedder.estimate(pulled, **options)
        finally:
            await embedder.aclose()

    return run(told())

"""The asynchronous face."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sized
from contextlib import asynccontextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from vecsmith.adapters import adapted
from vecsmith.cache import open_cache
from vecsmith.errors import Closed, ConfigError, InputError, Timeout
from vecsmith.joined import Joined
from vecsmith.long import estimated as pieces_estimated
from vecsmith.names import Named, named
from vecsmith.notices import Warner, report, warned
from vecsmith.options import CallOptions, for_task, options_of
from vecsmith.pipeline import through
from vecsmith.prepare import as_texts, prepare
from vecsmith.providers import Estimates
from vecsmith.providers.paid import Unclaimed
from vecsmith.repeats import Repeats
from vecsmith.types import Estimate
from vecsmith.vectors import Source
from vecsmith.windows import Flow, Window, ahead, async_windows

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable

    from vecsmith.cache import Cache
    from vecsmith.notices import OnBad
    from vecsmith.options import Options
    from vecsmith.providers import Generates, Metadata
    from vecsmith.types import Compute, EmbedResult

__all__ = ["AsyncEmbedder"]


class AsyncEmbedder:
    """Turns texts into vectors with one model, for `asyncio`; works in any event loop, and in several.

    Args:
        model: ``minilm`` (inside the package), a folder, a Hugging Face id or a short name, or ``provider:model``. What
            Hugging Face has is downloaded into its cache at first use, unless it is there.
        api_key: The key of a provider; None for the one in its variable.
        base_url: The address of a provider; without a provider's name, of any service that copies OpenAI's.
        revision: The revision of a Hugging Face id: a branch, a tag or a commit. A branch stays the commit that it was
            when it was downloaded; ``vecsmith models pull`` asks anew.
        cache: Where vectors are kept for later calls: a path, ``memory``, True for the file in the user's data folder,
            or any `vecsmith.cache.Cache`; None for nowhere.
        timeout: Seconds that a call may take, unless it says otherwise; None for no limit, as a stream has none.
        concurrency: Requests to a provider at once, at most.
        device: ``cpu``.
        threads: Cores to compute with; None for those this process may use.
        compute: The arithmetic: ``auto`` (bf16 where the processor is faster with it, else f32), ``f32``, ``bf16``,
            ``int8``.

    A model is loaded at first use, or by ``await embedder.open()``. Embedders of the same weights, arithmetic and
    threads share one engine.
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
        self._model = model
        self.timeout = timeout
        self.cache: Cache | None = None
        self._cache = cache
        self._settings: dict[str, Any] = {
            "api_key": api_key,
            "base_url": base_url,
            "concurrency": concurrency,
            "revision": revision,
            "device": device,
            "threads": threads,
            "compute": None if compute == "auto" else compute,
        }
        self._generator: Generates | None = None
        self._own = False
        """Whether the generator is the caller's."""
        self._closed = False
        self._lock = threading.Lock()

    @classmethod
    def from_generator(
        cls,
        generator: Any,
        *,
        cache: str | Path | Cache | bool | None = None,
        timeout: float | None = None,
    ) -> Self:
        """Make an embedder over anything with a method ``generate``; closing the embedder closes it.

        A function of texts, and what other libraries call an embedder, are taken as `vecsmith.adapters.adapted` takes
        them, and are left open.
        """
        embedder = cls(type(generator).__name__, timeout=timeout)
        embedder._generator, embedder.cache, embedder._own = adapted(generator), open_cache(cache), True
        return embedder

    @property
    def given_name(self) -> str | None:
        """The model as it was named, a folder by its whole path; None for an embedder over a generator."""
        if self._own:
            return None
        folder = not isinstance(self._model, str) or self._model.startswith((".", "/", "~"))
        return str(Path(self._model).expanduser().absolute()) if folder else str(self._model)

    async def open(self) -> Generates:
        """Load the model unless it is loaded, and return its generator; raises `ConfigError` where it cannot be."""
        if self._generator is None and not self._closed:
            opened = await self.named.open(self._settings)
            self.cache = self.cache or open_cache(self._cache)
            with self._lock:
                wanted = self._generator is None and not self._closed
                if wanted:
                    self._generator = opened
            if not wanted:  # another task was faster, or the embedder was closed meanwhile
                await opened.aclose()
        return self.generator

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
        timeout: float | None = None,  # noqa: ASYNC109 (a deadline for the work, kept with asyncio.timeout)
        **options: Unpack[CallOptions],
    ) -> EmbedResult:
        """Return the vectors of texts, in order.

        Args:
            texts: One string, or any iterable of strings.
            timeout: Seconds the call may take; None for the embedder's own.
            options: task, dimensions, normalize, on_long, encoding, calibration, prompt, title, clean, chunking;
                `vecsmith.options.CallOptions` says what each does.

        Raises `InputError` for an input that cannot be embedded, `Timeout`, and `ConfigError`.
        """
        asked = self.asked(options)
        return warned(asked, await self.embed_quietly(texts, asked, self.timeout if timeout is None else timeout))

    async def embed_query(
        self,
        texts: str | Iterable[str],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 (a deadline for the work, kept with asyncio.timeout)
        **options: Unpack[CallOptions],
    ) -> EmbedResult:
        """Embed what is searched with: `embed` with ``task="retrieval_query"`` unless another is named."""
        asked = self.asked(for_task("retrieval_query", options))
        return warned(asked, await self.embed_quietly(texts, asked, self.timeout if timeout is None else timeout))

    async def embed_documents(
        self,
        texts: str | Iterable[str],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 (a deadline for the work, kept with asyncio.timeout)
        **options: Unpack[CallOptions],
    ) -> EmbedResult:
        """Embed what is searched in: `embed` with ``task="retrieval_document"`` unless another is named."""
        asked = self.asked(for_task("retrieval_document", options))
        return warned(asked, await self.embed_quietly(texts, asked, self.timeout if timeout is None else timeout))

    @cached_property
    def named(self) -> Named:
        """Who has the model; raises `ConfigError` where nobody does."""
        return named(self._model, base_url=self._settings.get("base_url"))

    def asked(self, options: CallOptions) -> Options:
        """Check what a call asks for; what it leaves open is what a profile says."""
        return options_of(**self.wished(options))

    def wished(self, options: CallOptions) -> CallOptions:
        """Return what a call asks for, with what a profile says where it leaves that open."""
        profile = {} if self._own else self.named.defaults
        said: Any = {**profile, **{name: value for name, value in options.items() if value is not None}}
        wish: CallOptions = said
        return wish

    async def estimate(self, texts: str | Iterable[str], **options: Unpack[CallOptions]) -> Estimate:
        """Return what `embed` would consume with these arguments, without embedding or sending anything.

        Equal texts count once; a cache is not looked into. Before the embedder is opened no key is needed. Raises
        `ConfigError` where the generator cannot say.
        """
        asked = self.asked(options)
        async with self.told() as generator:
            if not isinstance(generator, Estimates):
                raise ConfigError("this generator cannot estimate: give it a method 'estimate'")
            source, total = Source.of(generator, asked, None), Estimate()
            async for window in async_windows(Repeats().once(as_texts(texts)), Flow.through(generator)):
                ready = prepare(window.texts, asked.clean).texts
                if asked.chunking is None:
                    total += await asyncio.to_thread(generator.estimate, ready, source.options)
                else:
                    total += await pieces_estimated(source, ready, asked)
        return total

    @asynccontextmanager
    async def told(self) -> AsyncIterator[Generates]:
        """Give the generator; where it is not open and may need a key, one for estimates alone, which needs none."""
        if self._generator is not None or self._closed or not self.named.keyed:
            yield await self.open()
            return
        generator = await self.named.open(self._settings, keyless=True)
        try:
            yield generator
        finally:
            await generator.aclose()

    async def embed_quietly(self, texts: str | Iterable[str], options: Options, seconds: float | None) -> EmbedResult:
        """Embed, and leave the warnings to the caller, who knows what line they are about."""
        async with deadline(seconds):
            generator = await self.open()
            repeats, flow = Repeats(), Flow.through(generator)
            source = async_windows(repeats.once(as_texts(texts)), flow)
            joined = Joined(len(texts) if isinstance(texts, Sized) else None)
            try:
                with Unclaimed() as call:
                    work = partial(through, generator, options=options, cache=self.cache)
                    async for passed in ahead(source, call.noting(work), flow.ahead):
                        start = joined.length
                        joined.add(passed.result)
                        call.joined(passed.result.vectors, partial(joined.lying, start, joined.length))
            except InputError as error:
                raise repeats.named(error) from None
            if not joined.parts:
                joined.add((await through(generator, Window(0, []), options, self.cache)).result)
            return repeats.restored(joined.result())

    async def stream(
        self,
        texts: Iterable[str] | AsyncIterable[str],
        *,
        on_bad: OnBad | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncIterator[EmbedResult]:
        """Yield results for runs of inputs, in order, in bounded memory, for any number of texts.

        The arguments are those of `embed`, and ``on_bad``: called for an input that cannot be embedded, which is then
        missing from the results while the others keep their index; without it the first such input raises.
        Breaking off cancels what is in flight.
        """
        asked = self.asked(options)
        generator = await self.open()
        skip, warner = on_bad is not None, Warner(asked)
        flow = Flow.through(generator)
        source = async_windows(texts, flow)
        with Unclaimed() as call:
            work = partial(through, generator, options=asked, cache=self.cache, skip=skip)
            async for passed in ahead(source, call.noting(work), flow.ahead):
                call.claimed()
                warner.look(passed.result)
                report(passed.bad, on_bad)
                yield passed.result

    async def aclose(self) -> None:
        """Give the model back; the last embedder of a model to close frees it."""
        with self._lock:
            self._closed = True
            generator, self._generator = self._generator, None
            cache, self.cache = self.cache, None
        try:
            if cache is not None and (close := getattr(cache, "close", None)):
                await asyncio.to_thread(close)
        finally:
            if aclose := getattr(generator, "aclose", None):
                await aclose()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


@asynccontextmanager
async def deadline(seconds: float | None) -> AsyncIterator[None]:
    """Cancel what runs inside and raise `Timeout` after so many seconds."""
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0):
        raise ConfigError(f"timeout must be a number of seconds above 0, or None, not {seconds!r}")
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        if not limit.expired():  # another's, such as a generator's own
            raise
        raise Timeout(
            f"the texts were not embedded within {seconds:g} seconds: send fewer at once, or allow more"
        ) from None

"""Texts in windows through a generator, results out: the part that the blocking and the asynchronous face share."""

from __future__ import annotations

import asyncio
import warnings
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, get_args

from vecsmith.errors import ConfigError, EmbedWarning, InputError, ModelError
from vecsmith.prepare import as_texts, prepare
from vecsmith.providers import GenerationOptions
from vecsmith.types import EmbedResult, Item, OnLong, Usage

if TYPE_CHECKING:
    from vecsmith.providers import GeneratedEmbeddings, Generates

__all__ = [
    "AHEAD",
    "OnBad",
    "Passed",
    "Warner",
    "Window",
    "ahead",
    "async_windows",
    "join",
    "options_of",
    "report",
    "through",
    "windows",
]

T = TypeVar("T")

OnBad = Callable[[int, InputError], None]
"""Called with the index of an input that cannot be embedded, and why."""

WINDOW_TEXTS = 2048
WINDOW_CHARACTERS = 250_000
"""A window is a few seconds' work on a slow machine, so that a stream's results do not come in floods."""

AHEAD = 2
"""Windows in the generator at once: one is tokenised while the other is computed, and they share batches."""


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
        if full := windower.add(text):
            yield full
    if rest := windower.rest():
        yield rest


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


async def through(generator: Generates, window: Window, options: GenerationOptions, *, skip: bool = False) -> Passed:
    """Send one window through the generator.

    With `skip`, inputs that cannot be embedded are left out and returned beside the result; else the first raises.
    """
    texts, indexes, bad = window.texts, list(range(window.start, window.start + len(window.texts))), []
    while True:
        try:
            prepared = prepare(texts)
            generated = await generator.generate(prepared.texts, options)
        except InputError as error:
            refused = [
                InputError(e.reason, index=indexes[e.index]) for e in (error, *error.others) if e.index is not None
            ]
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


def result_of(generated: GeneratedEmbeddings, indexes: Sequence[int], replaced: Sequence[int]) -> EmbedResult:
    """Check the vectors, and say of each input what became of it."""
    check_generated(generated, len(indexes))
    made = generated.created_at
    columns = zip(indexes, generated.tokens, generated.dropped, replaced, strict=True)
    items = tuple(
        Item(index, tokens, dropped, odd, chunks=1, cached=False, model=generated.model, created_at=made)
        for index, tokens, dropped, odd in columns
    )
    return EmbedResult(generated.vectors, items, generated.usage, generated.space, generated.model)


def check_generated(generated: GeneratedEmbeddings, count: int) -> None:
    """Refuse an answer that is not a vector of finite numbers for each text."""
    from vecsmith.postprocess import check

    shape = generated.vectors.shape
    if len(shape) != 2 or not shape[0] == len(generated.tokens) == len(generated.dropped) == count:  # noqa: PLR2004
        raise ModelError(f"{generated.model} answered {count} texts with vectors of shape {shape}: it is out of order")
    check(generated.vectors)


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


class Warner:
    """Says once in a call what should not go unnoticed."""

    def __init__(self, on_long: OnLong | None) -> None:
        self.on_long = on_long
        self.said: set[str] = set()

    def look(self, result: EmbedResult, stacklevel: int = 3) -> None:
        """Warn of vectors that were cut, and of texts that were cut where the caller did not say what should happen."""
        cut = [item for item in result.items if item.dropped]
        if result.space.cut:
            width = f"cutting vectors to {result.dimensions} dimensions costs accuracy"
            self.say("vectors", f"{width}: this model was not trained for it", stacklevel)
        if self.on_long is None and cut:
            texts = f"{len(cut)} of {len(result.items)} texts were longer than the model reads"
            tokens = f"{sum(item.dropped for item in cut)} tokens at their ends were not read"
            self.say("texts", f"{texts}, and {tokens}: say on_long='truncate' where that is meant", stacklevel)

    def say(self, kind: str, message: str, stacklevel: int) -> None:
        """Warn unless this was said before."""
        if kind not in self.said:
            self.said.add(kind)
            warnings.warn(message, EmbedWarning, stacklevel=stacklevel + 1)


def report(bad: Sequence[InputError], on_bad: OnBad | None) -> None:
    """Tell the caller of the inputs that were left out."""
    for error in bad:
        assert on_bad is not None
        assert error.index is not None
        on_bad(error.index, error)


def options_of(
    *, dimensions: int | None, normalize: bool | None, on_long: OnLong | None, prompt: str | None
) -> GenerationOptions:
    """Check and gather what a call asks for."""
    if on_long is not None and on_long not in get_args(OnLong):
        raise ConfigError(f"on_long must be one of {', '.join(get_args(OnLong))}, not {on_long!r}")
    if prompt is not None:
        (prompt,) = prepare_prompt(prompt)
    return GenerationOptions(dimensions, normalize, on_long or "truncate", prompt)


def prepare_prompt(prompt: str) -> list[str]:
    try:
        return prepare([prompt]).texts
    except InputError as error:
        raise InputError(f"the prompt cannot be used: {error.reason}") from None

"""Any number of inputs in runs of bounded size, with a few runs under way at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from vecsmith.prepare import as_texts

__all__ = ["Flow", "Window", "ahead", "async_windows", "fit_one", "windows"]

T = TypeVar("T")

WINDOW_TEXTS = 2048
WINDOW_CHARACTERS = 250_000
"""A window is a few seconds' work on a slow machine, so that a stream's results do not come in floods."""

LOOKED_UP = 1_000_000
"""Characters of a run that goes to a cache first."""

AHEAD = 2
"""Windows in the generator at once: one is tokenised while the other is computed, and they share batches."""


@dataclass(frozen=True, slots=True)
class Flow:
    """How inputs go through a generator."""

    texts: int
    """The most texts of a window."""
    characters: int
    """The most characters of a window, but for its last text."""
    ahead: int
    """Windows under way at once."""

    @classmethod
    def through(cls, generator: object) -> Flow:
        """Return the flow that suits a generator: a remote one says how many texts fill its requests."""
        texts, ahead = getattr(generator, "window", None), getattr(generator, "ahead", None)
        if texts is None or ahead is None:
            return cls(WINDOW_TEXTS, WINDOW_CHARACTERS, AHEAD)
        return cls(texts, LOOKED_UP, ahead)


@dataclass(frozen=True, slots=True)
class Window:
    """A run of inputs that goes through the generator together."""

    start: int
    """The index of its first input."""
    texts: list[str]


class Windower:
    """Cuts inputs into runs of bounded size."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.start = self.characters = 0
        self.run: list[str] = []

    def add(self, text: str) -> Window | None:
        """Take one more input; return the run that it completes."""
        self.run.append(text)
        self.characters += len(text) if isinstance(text, str) else 0
        full = len(self.run) >= self.flow.texts or self.characters >= self.flow.characters
        return self.rest() if full else None

    def rest(self) -> Window | None:
        """Return the run that was begun, if any."""
        window = Window(self.start, self.run) if self.run else None
        self.start, self.characters, self.run = self.start + len(self.run), 0, []
        return window


def fit_one(texts: Sequence[str], *, looked_up: bool) -> bool:
    """Whether texts may go as a single run; texts to be looked up take no time to tokenise, and may be longer."""
    few = len(texts) <= WINDOW_TEXTS
    most = LOOKED_UP if looked_up else WINDOW_CHARACTERS
    return few and sum([len(text) for text in texts if isinstance(text, str)]) <= most


def windows(texts: str | Iterable[str], flow: Flow) -> Iterator[Window]:
    """Cut inputs into runs of bounded size."""
    windower = Windower(flow)
    for text in as_texts(texts):
        if window := windower.add(text):
            yield window
    if window := windower.rest():
        yield window


async def async_windows(texts: Iterable[str] | AsyncIterable[str], flow: Flow) -> AsyncIterator[Window]:
    """Do the same for any source."""
    if not isinstance(texts, AsyncIterable):
        for window in windows(texts, flow):
            yield window
        return
    windower = Windower(flow)
    async for text in texts:
        if full := windower.add(text):
            yield full
    if rest := windower.rest():
        yield rest


async def ahead(
    source: AsyncIterator[Window], work: Callable[[Window], Coroutine[None, None, T]], count: int
) -> AsyncIterator[T]:
    """Yield the work of each window, in order, with `count` of them under way; breaking off cancels those."""
    tasks: deque[asyncio.Task[T]] = deque()
    try:
        async for window in source:
            tasks.append(asyncio.create_task(work(window)))
            if len(tasks) == count:
                yield await tasks[0]
                tasks.popleft()
        while tasks:
            yield await tasks[0]
            tasks.popleft()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

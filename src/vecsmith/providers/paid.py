"""What a call that failed had already been given, so that the next one does not ask, and pay, for it again."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable, Sequence

    from vecsmith.dialects import Asked
    from vecsmith.types import Floats

__all__ = ["Given", "Paid", "Unclaimed", "given"]

T = TypeVar("T")
W = TypeVar("W")

MOST = 20_000
"""Vectors that are kept; the oldest go first."""


@dataclass(slots=True)
class Paid:
    """Vectors by what was asked for; each is given out once."""

    kept: dict[Hashable, tuple[Floats, int | None]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def put(self, asked: Asked, place: int, vector: Floats, tokens: int | None) -> None:
        """Keep the vector of one of the texts asked for."""
        with self.lock:
            while len(self.kept) >= MOST:
                del self.kept[next(iter(self.kept))]
            self.kept[key(asked, place)] = (vector.copy(), tokens)

    def take(self, asked: Asked) -> dict[int, tuple[Floats, int | None]]:
        """Return what is kept of these texts, by their place, and keep it no longer."""
        if not self.kept:
            return {}
        with self.lock:
            found = {place: self.kept.pop(key(asked, place), None) for place in range(len(asked.texts))}
        return {place: entry for place, entry in found.items() if entry is not None}


def key(asked: Asked, place: int) -> Hashable:
    """Return what one text's vector depends on."""
    return asked.model, asked.task, asked.title, asked.dimensions, asked.on_long, asked.prompt, asked.texts[place]


@dataclass(frozen=True, slots=True)
class Given:
    """What one delivery gave."""

    paid: Paid
    asked: Asked
    tokens: Sequence[int | None]
    vectors: Floats | None = None
    lying: Callable[[], Floats] | None = None
    """Where the same vectors lie, in place of these: a call of a million texts has room for them once."""

    def keep(self) -> None:
        """Keep it for the next call."""
        vectors = self.lying() if self.lying else self.vectors
        assert vectors is not None
        for place, count in enumerate(self.tokens):
            self.paid.put(self.asked, place, vectors[place], count)


given: ContextVar[Callable[[Given], None] | None] = ContextVar("given", default=None)
"""Is told what is delivered."""


class Unclaimed:
    """What the windows of a call were given, as long as the caller has it not: it is kept if the call fails."""

    def __init__(self) -> None:
        self.windows: dict[int, list[Given]] = {}
        self.begun = self.passed = 0
        self.failed = False

    def noting(self, work: Callable[[W], Coroutine[None, None, T]]) -> Callable[[W], Coroutine[None, None, T]]:
        """Return the work of the next window, and so on; each must have a task of its own."""

        def next_one(window: W) -> Coroutine[None, None, T]:
            while sum(len(each.tokens) for before in self.windows.values() for each in before) > MOST:
                del self.windows[next(iter(self.windows))]
            what: list[Given] = []
            self.windows[self.begun] = what
            self.begun += 1
            return noted(work, window, partial(self.add, what))

        return next_one

    def add(self, window: list[Given], what: Given) -> None:
        """Note what a window was given."""
        if self.failed:
            what.keep()
        else:
            window.append(what)

    def joined(self, vectors: Floats, lying: Callable[[], Floats]) -> None:
        """Let go of what the next window was given, where the call's own result holds the same to the bit."""
        for place, each in enumerate(window := self.windows.get(self.passed, [])):
            if each.vectors is not None and np.array_equal(each.vectors, vectors):
                window[place] = replace(each, vectors=None, lying=lying)
        self.passed += 1

    def claimed(self) -> None:
        """Forget the next window, which the caller has now."""
        self.windows.pop(self.passed, None)
        self.passed += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            return
        self.failed = True
        for window in self.windows.values():
            for each in window:
                each.keep()


async def noted(work: Callable[[W], Coroutine[None, None, T]], window: W, note: Callable[[Given], None]) -> T:
    """Do the work of a window; `note` is told what is delivered for it."""
    given.set(note)
    return await work(window)

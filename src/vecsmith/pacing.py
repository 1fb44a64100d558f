"""The pace of requests to a provider: as many at once and in a minute as it allows, learnt from what it answers."""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
import time
import weakref
from contextlib import asynccontextmanager
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from vecsmith.budgets import Bucket
from vecsmith.guessing import Guess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from vecsmith.wire import Limits

__all__ = ["Pacer", "pacer_for", "retry_after"]

FIRST = 4
"""Requests at once before any was answered; each answer allows one more, so that they double with every round."""

LONGEST = 60.0
"""Seconds of the longest pause that is not asked for."""

FLOOR = 1.0
"""Seconds of a pause that follows others, whatever less the service asks for."""

DOUBLINGS = 12
"""Pauses after which they no longer grow."""

KEPT = 256
"""Pacers of a loop that are kept while nothing is under way."""


class Pacer:
    """Lets requests go one after the other, as soon as each may; used in one event loop."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        now = clock()
        self.clock = clock
        self.requests, self.tokens = Bucket(limits.requests_per_minute, now), Bucket(limits.tokens_per_minute, now)
        self.ceiling = limits.in_flight
        self.most = min(FIRST, limits.in_flight)
        self.under_way = 0
        self.outstanding = 0.0
        self.resumes = now
        self.streak = 0
        """Pauses since the last answer."""
        self.together = self.beside = 0
        """Refusals of the present pause, and what was under way when it began."""
        self.slowed = False
        """Whether the pace was lowered in the present pause."""
        self.reached = False
        """Whether the service ever answered."""
        self.guess = Guess(self.requests)
        self.ratio = 1.0
        """Tokens that were counted, for each that was expected."""
        self.turn = asyncio.Lock()
        self.changed = asyncio.Event()

    @asynccontextmanager
    async def slot(self, tokens: float, most: int | None = None) -> AsyncIterator[Slot]:
        """Wait for this request's turn, hold its place while it is under way.

        With `most`, no more than so many are under way when it begins.
        """
        expected = tokens * self.ratio
        async with self.turn:
            await self.clear(expected, most)
            slot = Slot(self, tokens, expected)
        try:
            yield slot
        finally:
            slot.leave()

    async def clear(self, tokens: float, most: int | None = None) -> None:
        """Wait until a request of so many tokens may go."""
        while (seconds := self.wait(tokens, most)) != 0:
            self.changed.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self.changed.wait()
            except TimeoutError:
                pass

    def wait(self, tokens: float, most: int | None = None) -> float | None:
        """Return the seconds until a request may go; None for when another has ended."""
        now = self.clock()
        seconds = max(self.resumes - now, self.requests.wait(1, now), self.tokens.wait(tokens, now), 0.0)
        if seconds == 0 and self.under_way >= min(self.most, most or self.most):
            return None
        return seconds

    def refused(self, seconds: float | None) -> float:
        """Slow everyone down after a refusal: pause as long as the provider asks, or ever longer; return how long.

        A refusal may be a whim: the pace itself is lowered when most of what was under way is refused, or what is
        sent after the pause.
        """
        now = self.clock()
        if now >= self.resumes:
            self.streak, self.together, self.beside, self.slowed = self.streak + 1, 0, self.under_way, False
            self.guess.lower(now)
        self.together += 1
        if not self.slowed and (self.streak > 1 or (self.beside > 0 and 2 * self.together > self.beside + 1)):
            self.slowed = True
            self.most = max(1, self.most // 2)
            self.guess.begin(now)
        growing = min(LONGEST, 2.0 ** (min(self.streak, DOUBLINGS) - 3))
        pause = growing if seconds is None else max(seconds, min(FLOOR, growing) if self.streak > 1 else 0.0)
        self.resumes = max(self.resumes, now + pause)
        return pause

    def succeeded(self) -> None:
        """Take heart: one more at once, and a little more in a minute where the limit is a guess."""
        now = self.clock()
        self.streak = 0
        self.most = min(self.ceiling, self.most + 1)
        self.guess.raise_(now)

    def admit(self, limits: Limits) -> None:
        """Take in another embedder, which may want more at once."""
        self.ceiling = max(self.ceiling, limits.in_flight)
        for bucket, limit in (
            (self.requests, limits.requests_per_minute),
            (self.tokens, limits.tokens_per_minute),
        ):
            if limit is not None and not bucket.told:
                bucket.limit = limit


class Slot:
    """A request's place among those under way."""

    def __init__(self, pacer: Pacer, tokens: float, expected: float) -> None:
        self.pacer = pacer
        self.tokens, self.expected = tokens, expected
        pacer.under_way += 1
        pacer.outstanding += expected
        pacer.requests.level -= 1
        pacer.tokens.level -= expected

    def leave(self) -> None:
        """Make room for another."""
        self.pacer.under_way -= 1
        self.pacer.outstanding -= self.expected
        self.pacer.changed.set()

    def learn(self, headers: Mapping[str, str]) -> None:
        """Learn from the headers of the answer what is left of the minute's budgets."""
        pacer, now = self.pacer, self.pacer.clock()
        pacer.reached = True
        for bucket, name, outstanding in (
            (pacer.requests, "requests", pacer.under_way - 1),
            (pacer.tokens, "tokens", pacer.outstanding - self.expected),
        ):
            limit, remaining = (number(headers.get(f"x-ratelimit-{what}-{name}")) for what in ("limit", "remaining"))
            bucket.learn(limit, remaining, outstanding, now)
        if pacer.requests.told:
            pacer.guess.drop()

    def used(self, tokens: int | None) -> None:
        """Correct the estimate by what was counted."""
        self.pacer.succeeded()
        if not tokens or not self.tokens:
            return
        if not self.pacer.tokens.told:
            self.pacer.tokens.level += self.expected - tokens
        self.pacer.ratio += (tokens / self.tokens - self.pacer.ratio) / 8


def number(text: str | None) -> float | None:
    """Return a header's number; None where there is none."""
    try:
        value = math.nan if text is None else float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds_of(text: str) -> float | None:
    """Return what ``6m0s``, ``20ms`` or ``45`` stand for."""
    plain = number(text)
    if plain is not None:
        return plain
    parts = SPAN.findall(text)
    return sum(float(count) * SECONDS[unit] for count, unit in parts) if parts else None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a refusal's headers ask to wait, by the server's own clock where they name a date."""
    if (ms := number(headers.get("retry-after-ms"))) is not None:
        return max(0.0, ms / 1000)
    if text := headers.get("retry-after"):
        if (seconds := number(text)) is not None:
            return max(0.0, seconds)
        try:
            dates = map(parsedate_to_datetime, (text, headers.get("date", "")))
            then, now = (date if date.tzinfo else date.replace(tzinfo=UTC) for date in dates)  # -0000 names no zone
        except ValueError:
            return None
        return max(0.0, (then - now).total_seconds())
    empty = [
        span
        for name in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{name}") == "0"
        and (span := seconds_of(headers.get(f"x-ratelimit-reset-{name}", ""))) is not None
    ]
    return min(LONGEST, max(empty)) if empty else None


pacers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[bytes, Pacer]] = weakref.WeakKeyDictionary()


def pacer_for(key: Sequence[str | None], limits: Limits) -> Pacer:
    """Return the one pacer of this loop for a key, which is kept as a hash."""
    here = pacers.setdefault(asyncio.get_running_loop(), {})
    name = hashlib.sha256(repr(key).encode("utf-8", "replace")).digest()
    pacer = here.pop(name, None)
    if pacer is None:
        pacer = Pacer(limits)
        for idle in [other for other, one in here.items() if not one.under_way][: max(0, len(here) - KEPT + 1)]:
            del here[idle]
    else:
        pacer.admit(limits)
    here[name] = pacer  # the one used last stands last
    return pacer

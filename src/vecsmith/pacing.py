"""The pace of requests to a provider: as many at once and in a minute as it allows, learnt from what it answers."""

from __future__ import annotations

import asyncio
import math
import re
import time
import weakref
from collections import deque
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Hashable, Mapping

    from vecsmith.wire import Limits

__all__ = ["Bucket", "Pacer", "pacer_for", "retry_after"]

FIRST = 4
"""Requests at once before any was answered; each answer allows one more, so that they double with every round."""

BURST = 2.0
"""Seconds' worth of a budget that may be spent at once, where the provider does not tell what is left of it."""

MEMORY = 10.0
"""Seconds of answers that tell the rate a provider bears, where it does not say."""

GROWTH, STEP = 1.005, 0.97
"""By how much a guessed rate grows with each second, and what a refusal leaves of it."""

QUIET = 5.0
"""Seconds without a refusal that double the growth, treble it, and so on."""

LONGEST = 60.0
"""Seconds of the longest pause that is not asked for."""


class Bucket:
    """A budget for a minute, which fills steadily."""

    def __init__(self, limit: float | None, now: float) -> None:
        self.limit = limit
        self.told = False
        """Whether the provider itself tells what is left."""
        self.level = self.capacity
        self.at = now

    @property
    def capacity(self) -> float:
        """What may be spent at once."""
        if self.limit is None:
            return 0.0
        return self.limit if self.told else max(1.0, self.limit * BURST / 60)

    def fill(self, now: float) -> None:
        """Add what has come in since."""
        if self.limit is not None:
            self.level = min(self.capacity, self.level + (now - self.at) * self.limit / 60)
        self.at = now

    def wait(self, cost: float, now: float) -> float:
        """Return the seconds until so much may be spent; more than all there is waits for all."""
        if self.limit is None:
            return 0.0
        self.fill(now)
        return max(0.0, (min(cost, self.capacity) - self.level) * 60 / self.limit)

    def learn(self, limit: float | None, remaining: float | None, outstanding: float, now: float) -> None:
        """Believe what the provider says of the budget, less what it may not have counted yet."""
        if limit is not None and limit > 0:
            self.limit = limit
        if remaining is not None and self.limit is not None:
            self.told = True
            self.level, self.at = min(remaining, self.limit) - outstanding, now


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
        self.guessed = False
        self.first_guess = self.lowered = 0.0
        """What the limit was guessed to be at first, and when the guess was last lowered."""
        self.answered: deque[float] = deque()
        self.ratio = 1.0
        """Tokens that were counted, for each that was expected."""
        self.turn = asyncio.Lock()
        self.changed = asyncio.Event()

    @asynccontextmanager
    async def slot(self, tokens: float) -> AsyncIterator[Slot]:
        """Wait for this request's turn, hold its place while it is under way."""
        expected = tokens * self.ratio
        async with self.turn:
            await self.clear(expected)
            slot = Slot(self, tokens, expected)
        try:
            yield slot
        finally:
            slot.leave()

    async def clear(self, tokens: float) -> None:
        """Wait until a request of so many tokens may go."""
        while (seconds := self.wait(tokens)) != 0:
            self.changed.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self.changed.wait()
            except TimeoutError:
                pass

    def wait(self, tokens: float) -> float | None:
        """Return the seconds until a request may go; None for when another has ended."""
        now = self.clock()
        seconds = max(self.resumes - now, self.requests.wait(1, now), self.tokens.wait(tokens, now), 0.0)
        if seconds == 0 and self.under_way >= self.most:
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
            self.step(now)
        self.together += 1
        if not self.slowed and (self.streak > 1 or (self.beside > 0 and 2 * self.together > self.beside + 1)):
            self.slowed = True
            self.most = max(1, self.most // 2)
            self.guess(now)
        pause = min(LONGEST, 2.0 ** (self.streak - 3)) if seconds is None else seconds
        self.resumes = max(self.resumes, now + pause)
        return pause

    def guess(self, now: float) -> None:
        """Take what was borne of late for the limit, where the provider does not tell it."""
        if self.requests.told or (self.requests.limit is not None and not self.guessed):
            return
        self.forget(now)
        span = now - self.answered[0] if self.answered else 0.0
        if span >= 1 and len(self.answered) > FIRST:
            self.first_guess = self.requests.limit = 0.95 * 60 * len(self.answered) / span
            self.guessed, self.lowered = True, now
            self.requests.level, self.requests.at = 0.0, now

    def step(self, now: float) -> None:
        """Lower a guess a little after a refusal; drop one that has become half of what it was.

        A limit that is really there is met again by a little less: refusals that go on all the same are whims.
        """
        if not self.guessed or self.requests.limit is None:
            return
        self.requests.limit, self.lowered = self.requests.limit * STEP, now
        if self.requests.limit < self.first_guess / 2:
            self.requests.limit, self.guessed = None, False

    def forget(self, now: float) -> None:
        """Drop what is too long ago to tell the rate."""
        while self.answered and self.answered[0] < now - MEMORY:
            self.answered.popleft()

    def succeeded(self) -> None:
        """Take heart: one more at once, and a little more in a minute where the limit is a guess."""
        now = self.clock()
        self.streak = 0
        self.most = min(self.ceiling, self.most + 1)
        if self.guessed and self.requests.limit is not None and self.answered:
            quiet = 1 + (now - self.lowered) / QUIET
            self.requests.limit *= GROWTH ** (quiet * min(1.0, now - self.answered[-1]))
        self.answered.append(now)
        self.forget(now)


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
            pacer.guessed = False

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
            then, now = (parsedate_to_datetime(t) for t in (text, headers.get("date", "")))
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


pacers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, Pacer]] = weakref.WeakKeyDictionary()


def pacer_for(key: Hashable, limits: Limits) -> Pacer:
    """Return the one pacer of this loop for a key, begun with these limits."""
    here = pacers.setdefault(asyncio.get_running_loop(), {})
    if key not in here:
        here[key] = Pacer(limits)
    return here[key]

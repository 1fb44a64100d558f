"""How much a key may do: buckets that fill by the minute, a count for the day, and what is under way.

What a request costs in tokens is known when it is done. So the tokens' bucket may go below zero, and while it is there
nothing more is let in.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vecsmith.dialects.serving import Problem

if TYPE_CHECKING:
    from vecsmith.server.access.keys import Limits

__all__ = ["Bucket", "Meter", "duration"]

MINUTE = 60.0
DAY = 86_400
SOON = 1.0
"""Seconds after which a request may find a place that others hold now."""
NEARLY = 1e-6


class Bucket:
    """So much a minute, and no more than that at once."""

    __slots__ = ("at", "capacity", "level")

    def __init__(self, capacity: int, now: float) -> None:
        self.capacity, self.level, self.at = capacity, float(capacity), now

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds until the bucket holds an amount; 0 where it does."""
        passed = max(0.0, now - self.at)  # below zero where somebody set the clock back
        self.level = min(float(self.capacity), self.level + passed * self.capacity / MINUTE)
        self.at = now
        return max(0.0, (amount - NEARLY - self.level) * MINUTE / self.capacity)


class Meter:
    """What one key has left; `now` is always in seconds since 1970."""

    def __init__(self, limits: Limits, now: float, spent: int = 0) -> None:
        self.limits = limits
        self.requests = Bucket(limits.requests_per_minute, now) if limits.requests_per_minute else None
        self.tokens = Bucket(limits.tokens_per_minute, now) if limits.tokens_per_minute else None
        self.under_way = 0
        self.day, self.spent = now // DAY, spent
        """Today, and the tokens that it has cost already."""

    def begin(self, now: float) -> None:
        """Let a request in; raise `Problem` where it is one too many."""
        limits = self.limits
        if limits.concurrency is not None and self.under_way >= limits.concurrency:
            raise Problem("rate", f"this key may have {limits.concurrency} requests at once", retry_after=SOON)
        if limits.tokens_per_day is not None and self.today(now) >= limits.tokens_per_day:
            raise Problem(
                "quota",
                f"this key's {limits.tokens_per_day:,} tokens of the day are used up: there are more from 00:00 UTC",
                retry_after=DAY - now % DAY,
            )
        if wait := self.waits(now):
            what = "tokens" if self.tokens and self.tokens.wait(0, now) == wait else "requests"
            most = limits.tokens_per_minute if what == "tokens" else limits.requests_per_minute
            raise Problem(
                "rate", f"this key may use {most:,} {what} a minute: wait {wait:.1f} seconds", retry_after=wait
            )
        if self.requests:
            self.requests.level -= 1
        self.under_way += 1

    def end(self, tokens: int, now: float) -> None:
        """Count what a request that was let in has cost."""
        self.under_way -= 1
        self.spent = self.today(now) + tokens
        if self.tokens:
            self.tokens.level -= tokens

    def today(self, now: float) -> int:
        """Return the tokens spent today."""
        if now // DAY != self.day:
            self.day, self.spent = now // DAY, 0
        return self.spent

    def waits(self, now: float) -> float:
        """Return the seconds until the buckets let a request in."""
        return max(
            self.requests.wait(1, now) if self.requests else 0.0,
            self.tokens.wait(0, now) if self.tokens else 0.0,
        )

    def headers(self, now: float) -> dict[str, str]:
        """Return what is left, as OpenAI's clients read it, Jina's, and Cohere's (``x-ratelimit-reset``)."""
        told = {}
        wait = self.waits(now)
        for name, bucket in (("requests", self.requests), ("tokens", self.tokens)):
            if bucket:
                told[f"x-ratelimit-limit-{name}"] = str(bucket.capacity)
                told[f"x-ratelimit-remaining-{name}"] = str(max(0, int(bucket.level + NEARLY)))
                told[f"x-ratelimit-reset-{name}"] = duration(bucket.wait(bucket.capacity, now))
        if told:
            told["x-ratelimit-reset"] = str(math.ceil(now + wait))
        return told


def duration(seconds: float) -> str:
    """Return a time as OpenAI writes it: ``20ms``, ``1s``, ``6m0s``."""
    thousandths = math.ceil(seconds * 1000 - NEARLY)
    if 0 < thousandths < 1000:  # noqa: PLR2004 (a second)
        return f"{thousandths}ms"
    minutes, rest = divmod(math.ceil(thousandths / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s" if minutes else f"{rest}s"

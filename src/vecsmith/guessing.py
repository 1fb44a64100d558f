"""A limit that a service does not tell, guessed from what it bears.

A refusal may mean that a limit was met, or nothing at all. A limit that is really there is met no more once the pace
is a little lower; refusals that go on down to half the pace are whims, and are then left to pauses alone for a while.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vecsmith.budgets import Bucket

__all__ = ["Guess"]

MEMORY = 10.0
"""Seconds of answers that tell the rate a service bears."""

FEW = 4
"""Answers that tell no rate."""

BELOW = 0.95
"""How much of what was borne a first guess is."""

GROWTH, STEP = 1.005, 0.97
"""By how much a guess grows with each second, and what a refusal leaves of it."""

QUIET = 5.0
"""Seconds without a refusal that double the growth, treble it, and so on."""

DISBELIEF, LONGEST = 60.0, 3600.0
"""Seconds in which refusals are not believed after the first guess that was wrong, twice as many after the next; and
at most."""


class Guess:
    """What a bucket's limit may be, where nobody says."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.active = False
        """Whether the bucket's limit is a guess."""
        self.first = self.lowered = 0.0
        """What it was at first, and when it was last lowered."""
        self.wrong = 0
        """Guesses that were."""
        self.believes = 0.0
        """When refusals mean something again."""
        self.answered: deque[float] = deque()

    def begin(self, now: float) -> None:
        """Take what was borne of late for the limit."""
        if self.active or self.bucket.told or self.bucket.limit is not None or now < self.believes:
            return
        self.forget(now)
        span = now - self.answered[0] if self.answered else 0.0
        if span >= 1 and len(self.answered) > FEW:
            self.first = self.bucket.limit = BELOW * 60 * len(self.answered) / span
            self.active, self.lowered = True, now
            self.bucket.level, self.bucket.at = 0.0, now

    def lower(self, now: float) -> None:
        """Take a refusal for a sign that the guess is a little too high, or, when it goes on, for a whim."""
        if not self.active or self.bucket.limit is None:
            return
        self.bucket.limit, self.lowered = self.bucket.limit * STEP, now
        if self.bucket.limit < self.first / 2:
            self.bucket.limit, self.active = None, False
            self.believes = now + min(LONGEST, DISBELIEF * 2.0**self.wrong)
            self.wrong += 1

    def raise_(self, now: float) -> None:
        """Note an answer, and try a little more."""
        if self.active and self.bucket.limit is not None and self.answered:
            quiet = 1 + (now - self.lowered) / QUIET
            self.bucket.limit *= GROWTH ** (quiet * min(1.0, now - self.answered[-1]))
        self.answered.append(now)
        self.forget(now)

    def drop(self) -> None:
        """Guess no longer: the service tells."""
        self.active = False

    def forget(self, now: float) -> None:
        """Drop what is too long ago to tell the rate."""
        while self.answered and self.answered[0] < now - MEMORY:
            self.answered.popleft()

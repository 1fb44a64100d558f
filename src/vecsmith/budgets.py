"""What may be spent in a minute, on requests or on tokens."""

from __future__ import annotations

__all__ = ["BURST", "Bucket"]

BURST = 2.0
"""Seconds' worth of a budget that may be spent at once, where the provider does not tell what is left of it."""


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

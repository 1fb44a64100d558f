"""The queue's bound: so much may wait or be computed at once, and what is more is refused without waiting."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from vecsmith.dialects.serving import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Gate", "busy"]

LATER = 1.0
"""Seconds after which whoever was refused may come again."""


class Gate:
    """Counts what is under way; used in one event loop."""

    def __init__(self, requests: int, size: int) -> None:
        self.most_requests, self.most_bytes = requests, size
        self.requests = self.bytes = 0

    @contextmanager
    def place(self, size: int) -> Iterator[None]:
        """Hold a place for a request of so many bytes; raise `Problem` where there is none.

        A request that is larger than all room there is may go alone.
        """
        if self.requests >= self.most_requests or (self.bytes and self.bytes + size > self.most_bytes):
            raise busy(LATER)
        self.requests += 1
        self.bytes += size
        try:
            yield
        finally:
            self.requests -= 1
            self.bytes -= size


def busy(seconds: float) -> Problem:
    """Return the refusal of a request for which there is no room, and after how long there may be."""
    return Problem("overloaded", "the server is busy: send the request again later", retry_after=max(LATER, seconds))

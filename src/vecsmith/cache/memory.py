"""A cache inside this process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vecsmith.cache import Entry

__all__ = ["DEFAULT_SIZE", "OVERHEAD", "MemoryCache"]

DEFAULT_SIZE = 100_000_000

OVERHEAD = 400
"""Bytes that an entry takes beside its vector: key, tuple, numbers and places in a dictionary."""


class MemoryCache:
    """Keeps the entries used last, in at most `size` bytes, for at most `ttl` seconds."""

    def __init__(
        self,
        *,
        size: int | None = None,
        ttl: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.size = size or DEFAULT_SIZE
        self.ttl = ttl
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, tuple[float, Entry]] = OrderedDict()
        self._taken = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def taken(self) -> int:
        """The bytes that the entries take."""
        return self._taken

    def get(self, keys: Sequence[bytes]) -> list[Entry | None]:
        """Return what is kept for each key."""
        now = self._clock()
        with self._lock:
            return [self._find(key, now) for key in keys]

    def put(self, keys: Sequence[bytes], entries: Sequence[Entry]) -> None:
        """Keep the entries; those used longest ago go where the room is needed."""
        now = self._clock()
        with self._lock:
            for key, entry in zip(keys, entries, strict=True):
                self._drop(key)
                self._kept[key] = (now, entry)
                self._taken += weight(entry)
            while self._taken > self.size:
                self._drop(next(iter(self._kept)))

    def close(self) -> None:
        """Forget everything, and keep nothing from now on."""
        with self._lock:
            self._kept.clear()
            self._taken = self.size = 0

    def _find(self, key: bytes, now: float) -> Entry | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        if self.ttl is not None and now - kept[0] > self.ttl:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return kept[1]

    def _drop(self, key: bytes) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._taken -= weight(kept[1])


def weight(entry: Entry) -> int:
    """Return the bytes that an entry takes."""
    return len(entry.vector) + OVERHEAD

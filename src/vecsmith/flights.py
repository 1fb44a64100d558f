"""Who is computing what: identical texts that are asked for at once are computed once in a process."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vecsmith.cache import Cache, Entry

__all__ = ["Flights", "flights"]


class Flights:
    """The keys of a cache whose entries are being made, and the futures of those who wait for them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.aloft: dict[tuple[int, bytes], Future[Entry]] = {}

    def claim(self, cache: Cache, keys: Iterable[bytes]) -> tuple[list[bytes], dict[bytes, Future[Entry]]]:
        """Return the keys that nobody is at, which are now the caller's to `land` or `crash`, and others' futures."""
        ours: list[bytes] = []
        theirs: dict[bytes, Future[Entry]] = {}
        with self.lock:
            for key in keys:
                if (at := (id(cache), key)) in self.aloft:
                    theirs[key] = self.aloft[at]
                else:
                    self.aloft[at] = Future()
                    ours.append(key)
        return ours, theirs

    def land(self, cache: Cache, keys: Sequence[bytes], entries: Sequence[Entry]) -> None:
        """Give everybody who waits for these keys their entries."""
        for future, entry in zip(self.removed(cache, keys), entries, strict=True):
            if future is not None:
                future.set_result(entry)

    def crash(self, cache: Cache, keys: Sequence[bytes]) -> None:
        """Tell everybody who waits for these keys that they have to see for themselves."""
        for future in self.removed(cache, keys):
            if future is not None:
                future.set_exception(LookupError("the call that was at it has ended"))

    def removed(self, cache: Cache, keys: Sequence[bytes]) -> list[Future[Entry] | None]:
        """Forget keys; return their futures."""
        with self.lock:
            return [self.aloft.pop((id(cache), key), None) for key in keys]


flights = Flights()


def after_fork() -> None:
    """Forget who computes in the parent: nobody does here."""
    flights.lock, flights.aloft = threading.Lock(), {}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)

"""A cache in one file on disk, shared by threads and processes, and never a reason for a call to fail."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import warnings
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakSet

from vecsmith.cache import rows
from vecsmith.cache.file import Opened, identity, is_damage, open_or_begin, set_aside
from vecsmith.errors import ConfigError, EmbedWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from vecsmith.cache import Entry

__all__ = ["DEFAULT_SIZE", "SqliteCache", "open_file"]

T = TypeVar("T")

DEFAULT_SIZE = 2_000_000_000

PATIENCE = 10.0
"""Seconds to wait for another process that writes."""

PAUSE = 60.0
"""Seconds that a file is left alone after it could not be read or written."""

TOUCH_EVERY = 3600
"""Seconds by which the noted time of an entry's last use may be behind."""

TOUCH_WITHIN = 60.0
MOST_TOUCHED = 10_000
"""Uses are noted with the next writing, or when so many entries or seconds have come together."""

ADVICE = {
    sqlite3.SQLITE_FULL: "free space on its disk, or name another file",
    sqlite3.SQLITE_READONLY: "make it and its folder writable, or name another file",
    sqlite3.SQLITE_CANTOPEN: "make its folder readable and writable, or name another file",
    sqlite3.SQLITE_PERM: "make it and its folder writable, or name another file",
    sqlite3.SQLITE_BUSY: "another program holds it, so end that, or name another file",
    sqlite3.SQLITE_LOCKED: "another program holds it, so end that, or name another file",
}
OTHERWISE = "look after its disk and its folder, or name another file"


class Lane:
    """One connection, used by one thread at a time: there is one for reading and one for writing."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.opened: Opened | None = None
        self.rests_until = 0.0

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        if self.opened is not None:
            opened, self.opened = self.opened, None
            with suppress(sqlite3.Error):
                opened.db.close()


class SqliteCache:
    """Keeps entries in the file `path`, which takes at most about `size` bytes; see `open_file`."""

    def __init__(
        self,
        path: Path,
        *,
        size: int | None = None,
        ttl: float | None = None,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self.size = size or DEFAULT_SIZE
        self.ttl = ttl
        self.openers = 1
        self._patience = patience
        self._clock = clock
        self._reading, self._writing = Lane(), Lane()
        self._said: set[str] = set()
        self._unsaid: deque[str] = deque()
        self._touched: deque[bytes] = deque(maxlen=10 * MOST_TOUCHED)
        self._touch_after = time.monotonic() + TOUCH_WITHIN
        ALL.add(self)

    @property
    def lanes(self) -> tuple[Lane, Lane]:
        """The connections, in the order in which they are locked."""
        return self._reading, self._writing

    def get(self, keys: Sequence[bytes]) -> list[Entry | None]:
        """Return what is kept for each key; where the file cannot be read, nothing, after one `EmbedWarning`."""
        now = int(self._clock())
        since = 0 if self.ttl is None else int(now - self.ttl)
        found = self._on(self._reading, lambda db: rows.find(db, keys, made_since=since, used_since=now - TOUCH_EVERY))
        if found is None:
            return [None] * len(keys)
        self._touched.extend(found.stale)
        due = len(self._touched) >= MOST_TOUCHED or time.monotonic() > self._touch_after
        # A writing that is under way notes them at its end, and reading does not wait for it.
        if self._touched and due and self._writing.lock.acquire(blocking=False):
            try:
                self._on(self._writing, self._touch)
            finally:
                self._writing.lock.release()
        return found.entries

    def put(self, keys: Sequence[bytes], entries: Sequence[Entry]) -> None:
        """Keep the entries; where the file cannot be written, do nothing, after one `EmbedWarning`."""
        if not keys:
            return

        def write(db: sqlite3.Connection) -> None:
            rows.write(db, keys, entries, now=int(self._clock()))
            self._touch(db)
            rows.shrink(db, self.size)

        self._on(self._writing, write)

    def close(self) -> None:
        """Close the file when all who opened it have closed it."""
        with OPENING:
            self.openers = max(0, self.openers - 1)
            if self.openers:
                return
            if OPEN.get(os.path.realpath(self.path)) is self:
                del OPEN[os.path.realpath(self.path)]
            if self._touched:
                self._on(self._writing, self._touch, closing=True)
            for lane in self.lanes:
                with lane.lock:
                    lane.close()

    def check(self) -> None:
        """Open the file now; raise `ConfigError` where it is another program's."""
        self._on(self._reading, lambda _: None, strict=True)

    def _touch(self, db: sqlite3.Connection) -> None:
        """Note the uses that have come together."""
        touched = {self._touched.popleft() for _ in range(len(self._touched))}
        self._touch_after = time.monotonic() + TOUCH_WITHIN
        if touched:
            rows.touch(db, touched, now=int(self._clock()))

    def _on(
        self, lane: Lane, work: Callable[[sqlite3.Connection], T], *, strict: bool = False, closing: bool = False
    ) -> T | None:
        """Do some work on a connection; return None where the file cannot be used."""
        for _ in range(2):  # once more with a new file, where the old one was damaged
            with lane.lock:
                if (not self.openers and not closing) or time.monotonic() < lane.rests_until:
                    return None
                try:
                    done = work(self._connection(lane))
                except (ConfigError, sqlite3.Error, OSError) as error:
                    if strict and isinstance(error, ConfigError):
                        raise
                    self._after(error, lane)
                    worked = False
                else:
                    worked = True
            self._warn()
            if worked:
                return done
        return None

    def _connection(self, lane: Lane) -> sqlite3.Connection:
        """Return the lane's connection, to the file that bears the name now."""
        if lane.opened is not None and lane.opened.identity != identity(self.path):
            lane.close()
        if lane.opened is None:
            lane.opened = open_or_begin(self.path, patience=self._patience)
            if lane.opened.aside is not None:
                self._note_damage(lane.opened.aside)
        return lane.opened.db

    def _after(self, error: ConfigError | sqlite3.Error | OSError, lane: Lane) -> None:
        """Do what an error asks for."""
        if is_damage(error) and lane.opened is not None:
            try:
                # Before closing: while a connection is open, no other process deletes the log as the last one to close.
                aside = set_aside(self.path, lane.opened.identity)
            except OSError as failure:
                error = failure
            else:
                lane.close()
                if aside is not None:
                    self._note_damage(aside)
                return
        lane.rests_until = time.monotonic() + PAUSE
        self._note(str(error) if isinstance(error, ConfigError) else reason(error), self._sentence(error, lane))

    def _sentence(self, error: ConfigError | sqlite3.Error | OSError, lane: Lane) -> str:
        """Say that the file cannot be used, and what to do."""
        if isinstance(error, ConfigError):
            return str(error)
        code = getattr(error, "sqlite_errorcode", None)
        advice = OTHERWISE if code is None else ADVICE.get(code & 0xFF, OTHERWISE)
        done = "written" if lane is self._writing else "used"
        return f"the cache {self.path} cannot be {done} ({reason(error)}), so vectors are computed anew: {advice}"

    def _note_damage(self, aside: Path) -> None:
        self._note(
            aside.name,
            f"the cache {self.path} was damaged and is now {aside.name}, which can be deleted: a new one is begun",
        )

    def _note(self, kind: str, sentence: str) -> None:
        """Keep a sentence to warn with, unless of the same kind before."""
        if kind not in self._said:
            self._said.add(kind)
            self._unsaid.append(sentence)

    def _warn(self) -> None:
        """Say what there is to say, while no lock is held."""
        with suppress(IndexError):
            while True:
                warnings.warn(self._unsaid.popleft(), EmbedWarning, stacklevel=4)


def reason(error: BaseException) -> str:
    """Return what an error says, without the path that the sentence names already."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


OPENING = threading.RLock()
OPEN: dict[str, SqliteCache] = {}
"""The files that are open in this process, by their real path."""

ALL: WeakSet[SqliteCache] = WeakSet()


def open_file(path: Path, *, size: int | None = None, ttl: float | None = None) -> SqliteCache:
    """Open a cache's file, or share it where it is open in this process already.

    Raises `ConfigError` where it is another program's file, or open with another size or ttl than asked for.
    """
    with OPENING:
        real = os.path.realpath(path)
        shared = OPEN.get(real)
        if shared is not None:
            if size not in (None, shared.size) or ttl not in (None, shared.ttl):
                raise ConfigError(f"the cache {path} is open with another size or ttl: use the same for both")
            shared.openers += 1
            return shared
        cache = SqliteCache(path, size=size, ttl=ttl)
        cache.check()
        OPEN[real] = cache
        return cache


FORKING: list[Lane] = []
"""The lanes that are locked while a fork is under way."""


def before_fork() -> None:
    """Close every file, and let nobody open one.

    SQLite counts a process's locks: a child that opened a file which its parent had open would hold none.
    """
    OPENING.acquire()
    FORKING[:] = [lane for cache in ALL for lane in cache.lanes]
    for lane in FORKING:
        lane.lock.acquire()
        lane.close()


def after_fork_in_parent() -> None:
    """Let everybody go on; each next use opens its file again."""
    for lane in FORKING:
        lane.lock.release()
    FORKING.clear()
    OPENING.release()


def after_fork_in_child() -> None:
    """Begin with locks of the child's own: the threads that waited for the others are not there."""
    global OPENING  # noqa: PLW0603 (nothing else replaces it)
    OPENING = threading.RLock()
    for lane in FORKING:
        lane.lock = threading.RLock()
    FORKING.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=before_fork, after_in_parent=after_fork_in_parent, after_in_child=after_fork_in_child)

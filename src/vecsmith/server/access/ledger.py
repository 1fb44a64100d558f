"""Who used how much: counted in memory, and written every few seconds.

A process that is killed loses what was counted since. Servers may share the file: each adds its own.
"""

from __future__ import annotations

import threading
import time
from contextlib import closing
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from vecsmith.cache.rows import transaction
from vecsmith.server.regularly import Regularly, log
from vecsmith.server.state import StateFile

if TYPE_CHECKING:
    from pathlib import Path

    from vecsmith.dialects.serving import Problem
    from vecsmith.server.visit import Visit

__all__ = ["USAGE", "Count", "Ledger", "Use", "by_key", "month", "spent_today", "today", "usage"]

EVERY = 3.0
"""Seconds between two writings."""

USAGE = StateFile(
    "the usage",
    "usage.sqlite",
    0x76737573,  # vsus
    (
        """CREATE TABLE usage (
            key TEXT NOT NULL,
            model TEXT NOT NULL,
            day TEXT NOT NULL,
            requests INTEGER NOT NULL,
            texts INTEGER NOT NULL,
            tokens INTEGER NOT NULL,
            cached INTEGER NOT NULL,
            errors INTEGER NOT NULL,
            PRIMARY KEY (key, model, day)
        )""",
    ),
)

ADD = """INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key, model, day) DO UPDATE SET
    requests = requests + excluded.requests, texts = texts + excluded.texts, tokens = tokens + excluded.tokens,
    cached = cached + excluded.cached, errors = errors + excluded.errors"""


@dataclass(slots=True)
class Count:
    """What was used."""

    requests: int = 0
    texts: int = 0
    tokens: int = 0
    cached: int = 0
    """Texts that came from the cache."""
    errors: int = 0
    """Requests that were not answered as asked."""

    def add(self, other: Count) -> None:
        """Count another's too."""
        self.requests += other.requests
        self.texts += other.texts
        self.tokens += other.tokens
        self.cached += other.cached
        self.errors += other.errors


@dataclass(frozen=True, slots=True)
class Use:
    """What one key used of one model."""

    key: str
    """Its id; empty for all without one."""
    model: str
    """As it is served; empty for requests that had not come to one."""
    count: Count


Where = tuple[str, str, str]
"""Key, model and day."""


class Ledger:
    """Counts what is used, as long as the context lasts; a witness of the server's."""

    def __init__(self, path: Path | None = None, every: float = EVERY) -> None:
        self.path = path or USAGE.path
        self.counts: dict[Where, Count] = {}
        self.lock = threading.Lock()
        """Held for the time of an addition, never while the file is written."""
        self.writing = Regularly(self.flush, every, "writing the usage")

    def __enter__(self) -> Self:
        self.writing.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.writing.__exit__()
        try:
            self.flush()
        except Exception as error:  # noqa: BLE001 (a server that ends well does not fail by its accounts)
            log.warning("the usage of the last seconds is lost (%s)", error)

    def __call__(self, visit: Visit, problem: Problem | None) -> None:
        """Count a request that was answered."""
        if visit.model is None and not visit.caller.id:
            return  # nobody's, and for nothing
        failed = problem is not None or visit.status >= 400  # noqa: PLR2004 (HTTP's errors)
        texts, tokens, cached = (0, 0, 0) if failed else (visit.texts, visit.tokens, visit.cached)
        with self.lock:
            where = (visit.caller.id, visit.model or "", today())
            self.counts.setdefault(where, Count()).add(Count(1, texts, tokens, cached, int(failed)))

    def flush(self) -> None:
        """Write what was counted."""
        with self.lock:
            counts, self.counts = self.counts, {}
        if not counts:
            return
        try:
            with closing(USAGE.connect(self.path)) as db, transaction(db):
                db.executemany(ADD, [(*where, *astuple(count)) for where, count in counts.items()])
        except BaseException:
            with self.lock:
                for where, count in counts.items():
                    self.counts.setdefault(where, Count()).add(count)
            raise


def usage(since: str, until: str | None = None, path: Path | None = None) -> list[Use]:
    """Return what each key used of each model from one day to another, both counted and written as ``2026-01-31``."""
    path = path or USAGE.path
    if not path.exists():
        return []
    with USAGE.opened(path) as db:
        rows = db.execute(
            "SELECT key, model, sum(requests), sum(texts), sum(tokens), sum(cached), sum(errors) FROM usage "
            "WHERE day >= ? AND day <= ? GROUP BY key, model ORDER BY key, model",
            (since, until or "9999"),
        ).fetchall()
    return [Use(key, model, Count(*counts)) for key, model, *counts in rows]


def today() -> str:
    """Return the day in UTC."""
    return datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%d")


def month() -> str:
    """Return the first day of the month."""
    return today()[:8] + "01"


def by_key(uses: list[Use]) -> dict[str, Count]:
    """Return what each key used, of whatever model."""
    found: dict[str, Count] = {}
    for use in uses:
        found.setdefault(use.key, Count()).add(use.count)
    return found


def spent_today(path: Path | None = None) -> dict[str, int]:
    """Return the tokens that each key used today."""
    return {key: count.tokens for key, count in by_key(usage(today(), path=path)).items()}

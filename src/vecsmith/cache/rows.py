"""The rows of a cache's file: found, written, and let go of. Plain functions on an open connection.

A row's vector stands in ``vectors``, where rows are written one after the other, so that pages are full, writing is
fast, and what was written together is read together. What changes and what is searched stands in ``ledger``, whose
rows are a few bytes: 64 bits of the key, the vector's row, and when it was made and last used.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import repeat
from sqlite3 import SQLITE_BUSY, SQLITE_LOCKED, OperationalError
from struct import iter_unpack
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from vecsmith.cache import Entry

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Sequence

__all__ = [
    "SCHEMA",
    "Found",
    "Stats",
    "clear",
    "compact",
    "expire",
    "find",
    "shrink",
    "stats",
    "touch",
    "transaction",
    "write",
]

SCHEMA = (
    """CREATE TABLE vectors (
        row INTEGER PRIMARY KEY,
        key BLOB NOT NULL,
        tokens INTEGER NOT NULL,
        dropped INTEGER NOT NULL,
        guard INTEGER NOT NULL,
        vector BLOB NOT NULL
    )""",
    """CREATE TABLE ledger (
        id INTEGER PRIMARY KEY,
        row INTEGER NOT NULL,
        created INTEGER NOT NULL,
        used INTEGER NOT NULL
    )""",
)

FIND = """
    SELECT vectors.key, vector, tokens, dropped, guard, used
    FROM json_each(?) AS wanted
    CROSS JOIN ledger ON ledger.id = wanted.value
    CROSS JOIN vectors ON vectors.row = ledger.row
    WHERE created >= ?
"""
"""Tables are visited in this order: measured with 1,000 keys, this is faster than a list of literals or parameters."""

AT_ONCE = 2_000
"""Keys per query; more gain nothing."""

SHARE = 20
"""One in so many entries goes at a time, when there are too many."""

TYPES = (bytes, bytes, int, int, int, int)
"""Of the columns of `FIND`, where the row is sound."""

BLOCK = 1_000
"""Neighbouring row numbers, of which those left are moved together to close gaps."""


class Found(NamedTuple):
    """The answer to a search."""

    entries: list[Entry | None]
    """In the order of the keys."""
    stale: list[bytes]
    """Keys of entries that were last used before the time asked about."""


class Stats(NamedTuple):
    """What a cache's file holds."""

    entries: int
    live_bytes: int
    """Pages in use; the file may have free ones besides."""
    oldest: int | None
    """When the oldest entry was made, in seconds since 1970."""
    newest: int | None
    last_used: int | None


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Do all of it or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def ids(keys: Collection[bytes]) -> list[int]:
    """Return the number under which each key stands in the ledger: its first 64 bits."""
    return [number for (number,) in iter_unpack("<q24x", b"".join(keys))]


def as_json(numbers: Collection[int]) -> str:
    """Return whole numbers as SQLite's ``json_each`` reads them; Python writes them as JSON does."""
    return str(list(numbers))


def find(db: sqlite3.Connection, keys: Sequence[bytes], *, made_since: int, used_since: int) -> Found:
    """Look up keys; a row that is damaged, or was made before `made_since`, is not found."""
    found: dict[bytes, Entry] = {}
    stale: list[bytes] = []
    for start in range(0, len(keys), AT_ONCE):
        wanted = as_json(ids(keys[start : start + AT_ONCE]))
        rows = db.execute(FIND, (wanted, made_since)).fetchall()
        try:
            found.update(sound(rows))
            stale += [row[0] for row in rows if row[5] < used_since]
        except TypeError:  # a damaged row may hold values of other types
            found.update(sound([row for row in rows if tuple(map(type, row)) == TYPES]))
    return Found(list(map(found.get, keys)), stale)


def sound(rows: Sequence[tuple[Any, ...]]) -> dict[bytes, Entry]:
    """Return the entries of rows whose guard fits."""
    return {
        key: tuple.__new__(Entry, (vector, tokens, dropped))
        for key, vector, tokens, dropped, guard, _ in rows
        if crc32(vector, tokens * 65537 + dropped) == guard
    }


def write(db: sqlite3.Connection, keys: Sequence[bytes], entries: Sequence[Entry], *, now: int) -> None:
    """Write entries in place of what stands under their keys."""
    numbered = dict(zip(ids(keys), zip(keys, entries, strict=True), strict=True))
    known = as_json(numbered)
    with transaction(db):
        db.execute(
            "DELETE FROM vectors WHERE row IN "
            "(SELECT row FROM json_each(?) AS known CROSS JOIN ledger ON ledger.id = known.value)",
            (known,),
        )
        (last,) = db.execute("SELECT coalesce(max(row), 0) FROM vectors").fetchone()
        db.executemany(
            "INSERT INTO vectors VALUES (?, ?, ?, ?, ?, ?)",
            (
                (row, key, tokens, dropped, crc32(vector, tokens * 65537 + dropped), vector)
                for row, (key, (vector, tokens, dropped)) in enumerate(numbered.values(), last + 1)
            ),
        )
        places = sorted(zip(numbered, range(last + 1, last + 1 + len(numbered)), repeat(now), repeat(now)))
        db.executemany("REPLACE INTO ledger VALUES (?, ?, ?, ?)", places)


def touch(db: sqlite3.Connection, keys: Collection[bytes], *, now: int) -> None:
    """Note that entries were used."""
    db.execute("UPDATE ledger SET used = ? WHERE id IN (SELECT value FROM json_each(?))", (now, as_json(ids(keys))))


def shrink(db: sqlite3.Connection, size: int) -> int:
    """Delete what was used longest ago until the pages in use take at most `size` bytes; return the entries deleted."""
    gone = 0
    while live_bytes(db) > size:
        with transaction(db):
            before = live_bytes(db)
            (count,) = db.execute("SELECT count(*) FROM ledger").fetchone()
            if not count or before <= size:
                break
            gone += delete(db, "ORDER BY used, row LIMIT ?", max(1, count // SHARE))
            if before - live_bytes(db) < before // SHARE // 2:  # the deleted rows stood between others
                close_gaps(db, before - before // SHARE)
    return gone


def expire(db: sqlite3.Connection, *, made_before: int) -> int:
    """Delete what was made before a time; return the entries deleted."""
    with transaction(db):
        return delete(db, "WHERE created < ?", made_before)


def delete(db: sqlite3.Connection, which: str, value: int) -> int:
    """Delete the entries that a clause about the ledger names."""
    rows = db.execute(f"SELECT id, row FROM ledger {which}", (value,)).fetchall()  # noqa: S608 (a clause of this module)
    db.executemany("DELETE FROM vectors WHERE row = ?", sorted((row,) for _, row in rows))
    db.executemany("DELETE FROM ledger WHERE id = ?", sorted((number,) for number, _ in rows))
    return len(rows)


def close_gaps(db: sqlite3.Connection, size: int) -> None:
    """Move what is left between deleted rows to the end, the sparsest first, until `size` bytes are enough."""
    blocks = db.execute("SELECT row / ? AS block FROM ledger GROUP BY block ORDER BY count(*)", (BLOCK,)).fetchall()
    for (block,) in blocks:
        if live_bytes(db) <= size:
            return
        move(db, block * BLOCK, (block + 1) * BLOCK)


def move(db: sqlite3.Connection, start: int, end: int) -> None:
    """Write the rows from `start` to before `end` again behind the last one."""
    (last,) = db.execute("SELECT max(row) FROM vectors").fetchone()
    left = db.execute("SELECT row, key FROM vectors WHERE row >= ? AND row < ?", (start, end)).fetchall()
    shift = last + 1 - start
    db.execute("UPDATE vectors SET row = row + ? WHERE row >= ? AND row < ?", (shift, start, end))
    moved = [(row + shift, number) for (row, _), number in zip(left, ids([key for _, key in left]), strict=True)]
    db.executemany("UPDATE ledger SET row = ? WHERE id = ?", moved)


def clear(db: sqlite3.Connection) -> int:
    """Delete every entry; return how many there were."""
    with transaction(db):
        (count,) = db.execute("SELECT count(*) FROM ledger").fetchone()
        db.execute("DELETE FROM vectors")
        db.execute("DELETE FROM ledger")
    return int(count)


def compact(db: sqlite3.Connection) -> None:
    """Give free pages back to the disk, unless another process is at work in the file."""
    try:
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in {SQLITE_BUSY, SQLITE_LOCKED}:
            raise


def live_bytes(db: sqlite3.Connection) -> int:
    """Return the bytes of the pages in use."""
    pages, free, page_size = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * page_size)


def stats(db: sqlite3.Connection) -> Stats:
    """Return what the file holds."""
    count, *times = db.execute("SELECT count(*), min(created), max(created), max(used) FROM ledger").fetchone()
    return Stats(count, live_bytes(db), *times)

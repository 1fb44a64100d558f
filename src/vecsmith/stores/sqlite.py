"""A store in an SQLite file: vectors are BLOBs as sqlite-vec reads them, so that its functions work on the same file.

A table has the rows, another beside it the vectors, so that a search reads nothing else; `vecsmith_stores` has what
each store says of itself.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.errors import ConfigError, StoreError
from vecsmith.stores.conditions import holds
from vecsmith.stores.contract import Entry, Near, Record, Run
from vecsmith.stores.exact import BLOCK, Held, blocks_of, found, held
from vecsmith.stores.vectors import dtype_of, little_endian

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from vecsmith.stores.conditions import Conditions
    from vecsmith.stores.contract import Identity
    from vecsmith.types import Floats

__all__ = ["SQLite"]

PAGE = 16384
"""Bytes: ten vectors of 384 floats share a page, and few pages are read for one."""
TOGETHER = 100
"""Rows of one statement: more are not faster, and every SQLite takes so many values."""
PATIENCE = 60.0
"""Seconds to wait for another process that writes."""

SCHEMA = (
    """CREATE TABLE {rows} (
    row INTEGER PRIMARY KEY, id, chunk INTEGER DEFAULT 0, start_at INTEGER, end_at INTEGER, text TEXT, fields TEXT,
    content BLOB, UNIQUE (id, chunk)
)""",
    "CREATE TABLE {vectors} (row INTEGER PRIMARY KEY, vector BLOB)",
)


class SQLite:
    """A table of a file."""

    lasting = True

    def __init__(self, path: Path, table: str, *, make: bool) -> None:
        if not make and not path.is_file():
            raise ConfigError(f"{path} does not exist: check the path, or make it by vecsmith embed --output {path}")
        self.name = str(path) if table == "embeddings" else f"{path} (table {table})"
        self._table = table
        self._rows, self._vectors = quoted(table), quoted(f"{table}_vectors")
        self._replaced: set[str] = set()
        self._fresh = False
        """Whether the table was empty when writing began."""
        self._held: Held | None = None
        self._record: Record | None = None
        with self._named():
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={'rwc' if make else 'rw'}",  # a plain name may be read as a URI, too
                uri=True,
                timeout=PATIENCE,
                isolation_level=None,
                check_same_thread=False,
            )
            self._empty = not self._connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()

    def record(self) -> Record | None:
        """Return what it says of its vectors; None where it is not there yet."""
        if self._record is None:
            with self._named():
                query, row = "SELECT record FROM vecsmith_stores WHERE name = ?", None
                if self._has("vecsmith_stores"):
                    row = self._connection.execute(query, [self._table]).fetchone()
                if row is None and self._has(self._table):
                    raise ConfigError(f"{self.name} has a table {self._table} that is no store: name another")
            self._record = None if row is None else Record.from_json(row[0], self.name)
        return self._record

    def _has(self, table: str) -> bool:
        return bool(self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchone())

    def begin(self, record: Record) -> None:
        """Make the tables unless they are there."""
        self._fresh = self.record() is None or not self.count()
        if self._record is not None:
            return
        with self._named():
            if self._empty:
                self._connection.execute(f"PRAGMA page_size = {PAGE}")
        with self._transaction():
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS vecsmith_stores (name TEXT PRIMARY KEY, record TEXT NOT NULL)"
            )
            for statement in SCHEMA:
                self._connection.execute(statement.format(rows=self._rows, vectors=self._vectors))
            self._connection.execute("INSERT INTO vecsmith_stores VALUES (?, ?)", [self._table, record.to_json()])

    def keep(self, ids: Sequence[Identity], contents: Sequence[bytes]) -> set[Identity]:
        """Return those ids whose rows are there with the same content."""
        if self._fresh:
            return set()
        asked = "SELECT id, content FROM {} WHERE chunk = 0 AND id IN (SELECT value FROM json_each(?))"
        with self._named():
            rows = self._connection.execute(asked.format(self._rows), [json.dumps(spelled(ids))])
            there = {str(identity): content for identity, content in rows}
        kept = {each for each, content in zip(ids, contents, strict=True) if there.get(str(each)) == content}
        self._replaced.update(there.keys() - set(map(str, kept)))
        return kept

    def write(self, run: Run) -> None:
        """Write rows in one transaction."""
        replaced = {str(entry.id) for entry in run.entries} & self._replaced if self._replaced else set[str]()
        columns = filled(run.entries)
        insert = f"INSERT INTO {self._rows} (row, {', '.join(columns)}) VALUES "
        one = f"(?{', ?' * len(columns)})"
        with self._transaction():
            self._remove(replaced)
            (last,) = self._connection.execute(f"SELECT ifnull(max(row), 0) FROM {self._rows}").fetchone()
            numbers = range(last + 1, last + 1 + len(run.entries))
            rows = zip(numbers, *columns.values(), strict=True)
            while part := list(islice(rows, TOGETHER)):
                self._connection.execute(insert + ", ".join([one] * len(part)), list(chain.from_iterable(part)))
            for start in range(0, len(numbers), BLOCK):
                self._place(numbers[start : start + BLOCK], little_endian(run.vectors[start : start + BLOCK]))
        self._replaced.difference_update(replaced)

    def _place(self, numbers: range, vectors: NDArray[Any]) -> None:
        """Write vectors by one statement that cuts their bytes: one a row, bound by Python, takes twice as long."""
        size = vectors.itemsize * vectors.shape[1]
        cut = f"INSERT INTO {self._vectors} SELECT value, substr(?, 1 + key * ?, ?) FROM json_each(?)"
        self._connection.execute(cut, [vectors.tobytes(), size, size, json.dumps(list(numbers))])

    def _remove(self, ids: Collection[Identity]) -> None:
        """Remove the rows of some ids."""
        if ids:
            chosen = f"SELECT row FROM {self._rows} WHERE id IN (SELECT value FROM json_each(?))"
            listed = json.dumps(spelled(ids))
            self._connection.execute(f"DELETE FROM {self._vectors} WHERE row IN ({chosen})", [listed])
            self._connection.execute(f"DELETE FROM {self._rows} WHERE row IN ({chosen})", [listed])

    def prune(self, stays: Callable[[Identity], bool]) -> int:
        """Remove the rows of all ids but those that stay."""
        with self._transaction():
            ids = [row[0] for row in self._connection.execute(f"SELECT id FROM {self._rows} WHERE chunk = 0")]
            gone = [each for each in ids if not stays(each)]
            self._remove(gone)
        return len(gone)

    def finish(self, *, index: bool) -> None:
        """Nothing is left to write, and there is no index."""

    def count(self) -> int:
        """Return the number of rows."""
        with self._named():
            (number,) = self._connection.execute(f"SELECT count(*) FROM {self._vectors}").fetchone()
        return int(number)

    def scan(self) -> Iterator[Run]:
        """Yield all rows, in runs."""
        query = f"SELECT {NAMED}, vector FROM {self._rows} JOIN {self._vectors} USING (row) ORDER BY row"
        for rows in self._runs(query, []):
            yield Run([entry_of(row) for row in rows], self._stacked([row[-1] for row in rows]))

    def nearest(
        self, queries: Floats, k: int, conditions: Conditions, *, exact: bool, oversample: int
    ) -> list[list[Near]]:
        """Return the nearest rows; always exact."""
        del exact
        with self._transaction("DEFERRED"):  # vectors and rows of one moment, whoever writes meanwhile
            blocks = self._blocks() if not conditions else blocks_of(self._allowed(conditions), self._described)
            results = found(blocks, queries, k, oversample=oversample)
            entries = self._entries(sorted({row for result in results for row, _ in result}))
        return [[Near(entries[row], score) for row, score in result if row in entries] for result in results]

    def _blocks(self) -> Any:
        """Return all blocks, out of memory where they are not too many and nothing was written since."""
        with self._named():
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        moment = (version, self._connection.total_changes)
        if self._held is None or self._held.moment != moment:
            blocks = blocks_of(self._stored(f"SELECT row, vector FROM {self._vectors}", []), self._described)
            self._held = held(moment, blocks, self._described.width, self.count())
            if self._held is None:
                return blocks
        return self._held.blocks

    def _allowed(self, conditions: Conditions) -> Iterator[tuple[Any, Any]]:
        """Yield the vectors of the rows that the conditions allow."""

        def allowed(identity: Identity, fields: str | None) -> bool:
            return holds(conditions, identity, json.loads(fields) if fields else {})

        self._connection.create_function("vecsmith_allowed", 2, allowed, deterministic=True)
        chosen = f"SELECT row FROM {self._rows} WHERE vecsmith_allowed(id, fields)"
        return self._stored(f"SELECT row, vector FROM {self._vectors} WHERE row IN ({chosen})", [])

    def _stored(self, query: str, values: Sequence[Any]) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
        for rows in self._runs(query, values):
            yield np.array([row[0] for row in rows], np.int64), self._stacked([row[1] for row in rows])

    def _runs(self, query: str, values: Sequence[Any]) -> Iterator[list[tuple[Any, ...]]]:
        with self._named():
            cursor = self._connection.execute(query, values)
            while rows := cursor.fetchmany(BLOCK):
                yield rows

    def _stacked(self, blobs: Sequence[bytes]) -> NDArray[Any]:
        """Return vectors (n, width) out of their bytes."""
        kind = dtype_of(self._described.stored.encoding)
        try:
            return np.frombuffer(b"".join(blobs), kind).reshape(len(blobs), -1)
        except ValueError:
            raise StoreError(f"{self.name} holds a vector of another width: make it anew") from None

    def _entries(self, rows: Sequence[int]) -> dict[int, Entry]:
        """Return what some rows hold, by their numbers."""
        query = f"SELECT {NAMED}, row FROM {self._rows} WHERE row IN (SELECT value FROM json_each(?))"
        with self._named():
            return {row[-1]: entry_of(row) for row in self._connection.execute(query, [json.dumps(rows)])}

    @property
    def _described(self) -> Record:
        record = self.record()
        assert record is not None  # who searches has looked
        return record

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        """Do all that is in the block, or nothing."""
        with self._named():
            self._connection.execute(f"BEGIN {kind}")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Turn SQLite's errors into one sentence."""
        try:
            yield
        except sqlite3.IntegrityError:
            raise StoreError(
                f"another process wrote the same ids into {self.name} meanwhile: run it again, and it goes on"
            ) from None
        except (sqlite3.Error, OverflowError) as error:
            raise StoreError(
                f"{self.name} cannot be used ({error}): it must be an SQLite file, with room on its disk, that "
                "no other process holds"
            ) from None


NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}|-?[1-8][0-9]{18}|-?9[01][0-9]{17}")
"""Whole numbers as Python writes them; the few below 64 bits that are left out stay what they were given as."""
NAMED = "id, chunk, start_at, end_at, text, fields, content"
JSON = json.JSONEncoder(ensure_ascii=False)

DEFAULTS = {"chunk": 0}
"""What a column holds that nothing was written into, where that is not NULL."""


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def spelled(ids: Collection[Identity]) -> list[Identity]:
    """Return ids as text and, where they may stand there so, as numbers: 1 and "1" are one id."""
    texts = set(map(str, ids))
    return [*texts, *(int(each) for each in texts if NUMBER.fullmatch(each))]


def filled(entries: Sequence[Entry]) -> dict[str, Sequence[Any]]:
    """Return the columns that any row has something in, by their names: an empty one costs as much as a full one."""
    ids, texts, chunks, starts, ends, fields, contents, *_ = zip(*entries, strict=True)
    told = [JSON.encode(dict(each)) if each else None for each in fields]
    columns = dict(zip(NAMED.split(", "), (ids, chunks, starts, ends, texts, told, contents), strict=True))
    return {name: column for name, column in columns.items() if set(column) != {DEFAULTS.get(name)}}


def entry_of(row: tuple[Any, ...]) -> Entry:
    """Return what columns, as `NAMED` has them, say of a row."""
    identity, chunk, start, end, text, fields, content = row[:7]
    return Entry(identity, text, chunk, start, end, json.loads(fields) if fields else {}, content)

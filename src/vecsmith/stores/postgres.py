"""A store in a table of Postgres with pgvector: ``vector``, ``halfvec`` or ``bit``, written by binary COPY.

What the store says of itself is the comment on its column ``vector``, so that it goes where the table goes.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.errors import ConfigError, StoreError
from vecsmith.stores.contract import Entry, Near, Record, Run
from vecsmith.stores.exact import Best
from vecsmith.stores.postgres_rows import KINDS, Kind, copied, literal, unpacked
from vecsmith.stores.postgres_where import where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vecsmith.stores.conditions import Conditions
    from vecsmith.stores.contract import Identity
    from vecsmith.types import Floats

__all__ = ["Postgres"]

PATIENCE = 10
"""Seconds to connect."""
FETCHED = 1024
"""Rows fetched at once."""
IN_LINE = 7000
"""Bytes of a vector that still stays in its row, where a scan finds it without a second look."""
LONGEST = 63
"""Bytes of a name."""
SEARCHED, MOST_SEARCHED = 100, 1000
"""Rows that an index looks at for one search, for few wanted rows and at most; pgvector's ``hnsw.ef_search``."""

COLUMNS = "id, chunk, start_at, end_at, text, fields, content"


class Postgres:
    """A table of a database."""

    lasting = True

    def __init__(self, address: str, table: str) -> None:
        try:
            import psycopg
            from psycopg import sql
        except ImportError:
            raise ConfigError("Postgres needs psycopg: pip install 'vecsmith[postgres]'") from None
        self.name = f"the table {table}"
        self._errors, self._sql = psycopg.errors, sql
        self._table = sql.Identifier(*named_parts(table))
        self._record: Record | None = None
        self._replaced: set[str] = set()
        self._indexed: bool | None = None
        """Whether an index was found when it was asked for last; one that is gone since does no harm."""
        self._fresh = False
        """Whether the table was empty when writing began."""
        try:
            self._connection: Any = psycopg.connect(address, connect_timeout=PATIENCE, autocommit=True)
        except psycopg.Error as error:
            raise ConfigError(
                f"Postgres cannot be reached ({reason(error)}): check the address, and that it runs"
            ) from None

    # --- what it is

    def record(self) -> Record | None:
        """Return what it says of its vectors; None where it is not there yet."""
        if self._record is None:
            there = self._one("SELECT to_regclass({name})::oid", name=self._quoted())[0]
            if there is None:
                return None
            said = self._one(
                "SELECT col_description(attrelid, attnum), format_type(atttypid, atttypmod) FROM pg_attribute "
                "WHERE attrelid = {there} AND attname = 'vector' AND NOT attisdropped",
                there=there,
            )
            if said is None or said[0] is None or '"vecsmith_store"' not in said[0]:
                raise ConfigError(
                    f"{self.name} is there and is no store of vecsmith: name another one with --table, or remove it"
                )
            record = Record.from_json(said[0], self.name)
            if said[1] != (wanted := self._kind(record).type(record.width)):
                raise ConfigError(
                    f"{self.name} was changed: its column vector is {said[1]} where {wanted} was made, so name another"
                )
            self._record = record
        return self._record

    def _kind(self, record: Record) -> Kind:
        """Return pgvector's type for vectors of that form."""
        kind = KINDS.get(record.stored.encoding)
        if kind is None:
            raise ConfigError(
                f"pgvector has no type for {record.stored.encoding}: use {', '.join(KINDS)}, or another store"
            )
        return kind

    @property
    def _described(self) -> Record:
        record = self.record()
        assert record is not None  # who reads or writes has looked
        return record

    # --- writing

    def begin(self, record: Record) -> None:
        """Make the table unless it is there; the extension, too, where that is allowed."""
        kind = self._kind(record)
        if self.record() is None:
            self._extension()
            with self._transaction():
                self._run(
                    "CREATE TABLE {table} (id text, chunk integer, start_at integer, end_at integer, text text, "
                    "fields jsonb, content bytea, vector {type} NOT NULL, PRIMARY KEY (id, chunk))",
                    type=self._sql.SQL(kind.type(record.width)),
                )
                if kind.size(record.width) <= IN_LINE:
                    self._run("ALTER TABLE {table} ALTER COLUMN vector SET STORAGE PLAIN")
                self._run("COMMENT ON COLUMN {table}.vector IS {said}", said=record.to_json())
        self._fresh = self._one("SELECT 1 FROM {table} LIMIT 1") is None

    def _extension(self) -> None:
        """Make sure that pgvector is there."""
        if self._one("SELECT 1 FROM pg_extension WHERE extname = 'vector'") is None:
            try:
                self._connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
            except self._errors.Error as error:
                raise ConfigError(
                    f"the database has no pgvector ({reason(error)}): install it there, and run CREATE EXTENSION "
                    "vector as its administrator"
                ) from None

    def keep(self, ids: Sequence[Identity], contents: Sequence[bytes]) -> set[Identity]:
        """Return those ids whose rows are there with the same content."""
        if self._fresh:
            return set()
        asked = "SELECT id, content FROM {table} WHERE chunk = 0 AND id = ANY({ids})"
        with self._named():
            there = dict(self._query(asked, ids=[str(each) for each in ids]).fetchall())
        kept = {each for each, content in zip(ids, contents, strict=True) if there.get(str(each)) == content}
        self._replaced.update(there.keys() - {str(each) for each in kept})
        return kept

    def write(self, run: Run) -> None:
        """Write rows in one transaction."""
        replaced = {str(entry.id) for entry in run.entries} & self._replaced if self._replaced else set()
        kind = self._kind(self._described)
        with self._transaction():
            if replaced:
                self._run("DELETE FROM {table} WHERE id = ANY({ids})", ids=list(replaced))
            query = self._sql.SQL(f"COPY {{table}} ({COLUMNS}, vector) FROM STDIN (FORMAT BINARY)")
            with self._connection.cursor() as cursor, cursor.copy(query.format(table=self._table)) as copy:
                for piece in copied(run, kind):
                    copy.write(piece)
        self._replaced.difference_update(replaced)

    def prune(self, stays: Callable[[Identity], bool]) -> int:
        """Remove the rows of all ids but those that stay."""
        with self._transaction():
            ids = [row[0] for row in self._query("SELECT id FROM {table} WHERE chunk = 0").fetchall()]
            gone = [each for each in ids if not stays(each)]
            if gone:
                self._run("DELETE FROM {table} WHERE id = ANY({ids})", ids=gone)
        return len(gone)

    def finish(self, *, index: bool) -> None:
        """Make an index where one is wanted."""
        if not index:
            return
        record = self._described
        kind = self._kind(record)
        if record.width > kind.indexed:
            raise ConfigError(
                f"pgvector has no index for {record.width} dimensions of {kind.name}, only up to {kind.indexed}: "
                "the rows are all there, and are searched without one"
            )
        if not self._has_index():  # Postgres names it: the table's name and more may be too long, and then another's
            self._run("CREATE INDEX ON {table} USING hnsw (vector {ops})", ops=self._sql.SQL(kind.operators))

    # --- reading

    def count(self) -> int:
        """Return the number of rows."""
        return int(self._one("SELECT count(*) FROM {table}")[0])

    def scan(self) -> Iterator[Run]:
        """Yield all rows, in runs."""
        kind = self._kind(self._described)
        query = f"SELECT {COLUMNS}, {kind.send}(vector) FROM {{table}} ORDER BY id, chunk"
        with self._named(), self._connection.transaction(), self._connection.cursor("vecsmith", binary=True) as cursor:
            cursor.itersize = FETCHED
            cursor.execute(self._sql.SQL(query).format(table=self._table))
            while rows := cursor.fetchmany(FETCHED):
                vectors = unpacked([row[-1] for row in rows], self._described.stored.encoding)
                yield Run([entry_of(row) for row in rows], vectors)

    def nearest(
        self, queries: Floats, k: int, conditions: Conditions, *, exact: bool, oversample: int
    ) -> list[list[Near]]:
        """Return the nearest rows, by the index where there is one."""
        search = Search(self._kind(self._described), k, conditions, oversample)
        if self._indexed is False and not exact:
            found = [self._nearest(query, search) for query in queries]
            if all(len(each) == k for each in found):  # else an index may have been made meanwhile, and give too few
                return found
        if not self._has_index():
            return [self._nearest(query, search) for query in queries]
        found = self._set_up(queries, search, exact=exact)
        short = [] if exact else [at for at, each in enumerate(found) if len(each) < k]
        if short:  # an index gives up where few rows are as wanted, or many are dead
            for at, each in zip(short, self._set_up(queries[short], search, exact=True), strict=True):
                found[at] = each
        return found

    def _has_index(self) -> bool:
        """Whether the table has an index for searches; asked until there is one."""
        if not self._indexed:
            found = self._one(
                "SELECT 1 FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam "
                "WHERE indrelid = {name}::regclass AND indisvalid AND amname IN ('hnsw', 'ivfflat')",
                name=self._quoted(),
            )
            self._indexed = found is not None
        return bool(self._indexed)

    def _set_up(self, queries: Floats, search: Search, *, exact: bool) -> list[list[Near]]:
        """Search where there is an index, with it or past it."""
        with self._transaction():
            for setting in search.settings(exact=exact):
                self._run(setting)
            return [self._nearest(query, search) for query in queries]

    def _nearest(self, query: Floats, search: Search) -> list[Near]:
        kind = search.kind
        told = literal(query, kind)
        near = f"vector {kind.distance} {{query}}::{kind.type(len(query))}"
        vector = f"{kind.send}(vector)" if kind.bits else "NULL"
        statement = (
            f"SELECT {COLUMNS}, {vector}, {near} AS distance FROM {{table}}{{where}} ORDER BY distance LIMIT {{most}}"
        )
        chosen = where(search.conditions)
        with self._named():
            rows = self._query(statement, query=told, where=chosen, most=search.wanted).fetchall()
        if not kind.bits or not rows:
            return [Near(entry_of(row), 1 - row[-1]) for row in rows]
        bits = unpacked([row[-2] for row in rows], "ubinary")
        best = Best(np.zeros(len(rows), np.float32), np.arange(len(rows)), bits).rescored(query / np.linalg.norm(query))
        return [Near(entry_of(rows[at]), score) for at, score in best.top(search.k)]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    # --- statements

    def _quoted(self) -> str:
        return str(self._table.as_string(self._connection))

    def _query(self, statement: str, **values: Any) -> Any:
        """Run a statement whose ``{table}`` is the table, and whose other words are values, or pieces of SQL."""
        composable, literals = self._sql.Composable, self._sql.Literal
        pieces = {name: each if isinstance(each, composable) else literals(each) for name, each in values.items()}
        return self._connection.execute(self._sql.SQL(statement).format(table=self._table, **pieces))

    def _run(self, statement: str, **values: Any) -> None:
        with self._named():
            self._query(statement, **values)

    def _one(self, statement: str, **values: Any) -> Any:
        with self._named():
            return self._query(statement, **values).fetchone()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Do all that is in the block, or nothing."""
        with self._named(), self._connection.transaction():
            yield

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Turn Postgres's errors into one sentence."""
        try:
            yield
        except self._errors.UniqueViolation:
            raise StoreError(
                f"another process wrote the same ids into {self.name} meanwhile: run it again, and it goes on"
            ) from None
        except (self._errors.OperationalError, self._errors.InterfaceError) as error:
            raise StoreError(
                f"the database of {self.name} went away ({reason(error)}): what was written before is there whole, so "
                "run it again when the database is back, and it goes on"
            ) from None
        except self._errors.Error as error:
            raise StoreError(f"{self.name} cannot be used ({reason(error)}): see to it in the database") from None


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for, beside the query."""

    kind: Kind
    k: int
    conditions: Conditions
    oversample: int

    @property
    def wanted(self) -> int:
        """Rows to fetch."""
        return self.k * self.oversample if self.kind.bits else self.k

    def settings(self, *, exact: bool) -> list[str]:
        """Return what the search wants of the session where there is an index."""
        if exact:
            return ["SET LOCAL enable_indexscan = off"]
        searched = min(max(SEARCHED, 2 * self.wanted), MOST_SEARCHED)
        filtered = ["SET LOCAL hnsw.iterative_scan = strict_order"] if self.conditions or self.wanted > searched else []
        return [f"SET LOCAL hnsw.ef_search = {searched}", *filtered]


def named_parts(table: str) -> list[str]:
    """Return a table's name by its schema and itself; refuse one that Postgres would cut, into that of another."""
    parts = table.split(".")
    if any(len(part.encode("utf-8", "surrogatepass")) > LONGEST for part in parts):
        raise ConfigError(f"the table's name is longer than the {LONGEST} bytes that Postgres keeps: shorten it")
    return parts


def reason(error: Any) -> str:
    """Return the server's words, or the error's kind: a connection's own words may hold the address."""
    return error.diag.message_primary or type(error).__name__


def entry_of(row: Sequence[Any]) -> Entry:
    """Return what columns, as `COLUMNS` has them, say of a row."""
    identity, chunk, start, end, text, fields, content = row[:7]
    told = json.loads(fields) if isinstance(fields, str | bytes) else fields
    return Entry(identity, text, chunk, start, end, told or {}, bytes(content))

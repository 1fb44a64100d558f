"""Rows of a Postgres table with texts and vectors, read and never written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from vecsmith.verifying.samples import Columns

__all__ = ["rows_of"]

LARGE = 100_000
"""Rows from which on a part of the table is drawn, and not all of it sorted."""

PATIENCE = 10
"""Seconds to connect."""


def rows_of(address: str, columns: Columns, count: int) -> list[tuple[str, Any]]:
    """Return up to `count` rows, (text, vector as text), drawn from a table.

    Raises `ConfigError`, without the address, which may hold a password.
    """
    try:
        import psycopg
    except ImportError:
        raise ConfigError("Postgres needs psycopg: pip install 'vecsmith[postgres]'") from None
    if columns.table is None:
        raise ConfigError("a database has many tables: name one with --table")
    try:
        with psycopg.connect(address, connect_timeout=PATIENCE, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = on")
            return read(connection, columns, count)
    except psycopg.Error as error:
        told = error.diag.message_primary or type(error).__name__
        raise ConfigError(
            f"Postgres cannot be read ({told}): check the address, --table, --text and --vector"
        ) from None


def read(connection: Any, columns: Columns, count: int) -> list[tuple[str, Any]]:
    """Read the rows."""
    from psycopg import sql

    assert columns.table is not None
    table = sql.Identifier(*columns.table.split("."))
    text, vector = sql.Identifier(columns.text), sql.Identifier(columns.vector)
    quoted = table.as_string(connection)
    (rows,) = connection.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [quoted]).fetchone()
    share = min(100.0, 100.0 * 5 * count / rows) if rows > LARGE else 100.0
    part = sql.SQL(" TABLESAMPLE SYSTEM ({}) REPEATABLE (0)").format(sql.Literal(share))
    drawn = part if rows > LARGE else sql.SQL("")
    query = sql.SQL(
        "SELECT {text}, {vector}::text FROM {table}{drawn} WHERE {text} IS NOT NULL AND {vector} IS NOT NULL "
        "ORDER BY md5({text}) LIMIT {count}"
    ).format(text=text, vector=vector, table=table, drawn=drawn, count=sql.Literal(count))
    return [(str(found), numbers) for found, numbers in connection.execute(query)]

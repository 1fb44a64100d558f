"""Where a store is, as people write it, and which kind it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError
from vecsmith.files.outputs import named

if TYPE_CHECKING:
    from collections.abc import Callable

    from vecsmith.stores.contract import Backend

__all__ = ["TABLE", "backend_of", "is_database", "is_store", "shown"]

DATABASES = ("postgresql://", "postgres://")
TABLE = "embeddings"
"""The table, where none is named."""


def sqlite(path: Path, table: str, *, make: bool) -> Backend:
    from vecsmith.stores.sqlite import SQLite

    return SQLite(path, table, make=make)


def parquet(path: Path, _: str, *, make: bool) -> Backend:
    from vecsmith.stores.parquet import Parquet

    return Parquet(path, make=make)


def npy(path: Path, _: str, *, make: bool) -> Backend:
    from vecsmith.stores.npy import NPY

    return NPY(path, make=make)


def jsonl(path: Path, _: str, *, make: bool) -> Backend:
    from vecsmith.stores.jsonl import JSONL

    return JSONL(path, make=make)


ENDINGS: dict[str, Callable[..., Backend]] = {
    **dict.fromkeys((".sqlite", ".sqlite3", ".db"), sqlite),
    ".parquet": parquet,
    ".npy": npy,
    **dict.fromkeys((".jsonl", ".ndjson"), jsonl),
}
TABLED = (".sqlite", ".sqlite3", ".db")
"""Those that have tables."""


def is_database(place: str) -> bool:
    """Whether a place is the address of a database server."""
    return place.startswith(DATABASES)


def is_store(place: str | Path) -> bool:
    """Whether vectors are kept there under ids, to be searched: a database, or a file whose ending says so."""
    return is_database(str(place)) or Path(place).suffix.lower() in ENDINGS


def backend_of(place: str | Path, table: str | None = None, *, make: bool) -> Backend:
    """Open a place for writing (`make`), or for reading; raise `ConfigError` where it is none."""
    if is_database(str(place)):
        from vecsmith.stores.postgres import Postgres

        return Postgres(str(place), table or TABLE)
    path = Path(place)
    opener = ENDINGS.get(path.suffix.lower())
    if opener is None:
        raise ConfigError(
            f"{place} does not say by its ending what kind of store it is: name a file that ends in "
            f"{', '.join(ENDINGS)}, or postgresql://…"
        )
    if table is not None and path.suffix.lower() not in TABLED:
        raise ConfigError(f"{place} is a file without tables: leave --table away")
    with named(str(path)):
        path.exists()  # a folder that may not be entered says so here
    return opener(path, table or TABLE, make=make)


def shown(place: str | Path) -> str:
    """Return a place as it may be shown, without a password."""
    return "the database" if is_database(str(place)) else str(place)

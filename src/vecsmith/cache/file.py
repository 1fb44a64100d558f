"""A cache's file on disk: opened, recognised, begun, and set aside where it is damaged."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from vecsmith.cache.rows import SCHEMA, transaction
from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["FORMAT", "Opened", "identity", "is_damage", "open_existing", "open_or_begin", "set_aside"]

APPLICATION = 0x76736361
"""``vsca``: marks a file as a cache of vecsmith."""

MAGIC = b"SQLite format 3\0"
ENDINGS = {".sqlite", ".sqlite3", ".db"}

FORMAT = 1
"""Raise it when tables change."""

PAGE_SIZE = 4096
"""Measured: reading is fastest with small pages, and no usual width of vectors leaves more than a quarter unused."""

SETTINGS = (
    "PRAGMA synchronous = NORMAL",  # safe in WAL mode: a power cut may lose the last entries, never the file
    "PRAGMA cache_size = -16000",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 33554432",
    "PRAGMA secure_delete = FAST",
    # No memory map: reading one whose file is cut short, or whose disk fails, ends the process.
    "PRAGMA mmap_size = 0",
)

DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}

LOCK_PATIENCE = 5.0
"""Seconds to wait for another process that opens a file in the same folder."""


class Opened(NamedTuple):
    """A connection to a cache's file."""

    db: sqlite3.Connection
    identity: tuple[int, int]
    """Which file it is: the path may name another one by and by."""
    aside: Path | None
    """The new name of a damaged file that was found in its place."""


def is_damage(error: BaseException) -> bool:
    """Whether an error says that the file's content is not what SQLite wrote."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in DAMAGE


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one of the same name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def open_or_begin(path: Path, *, patience: float) -> Opened:
    """Open a cache's file, or begin one where there is none or a damaged one.

    Raises `ConfigError` for another program's file, `sqlite3.Error` or `OSError` where that fails.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with alone(path.parent):
        aside = None
        try:
            db = connect(path, patience)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            if not may_be_ours(path):
                raise ConfigError(f"{path} is no cache of vecsmith: name another file") from None
            aside = rename(path)
            db = connect(path, patience)
        found = identity(path)
        if found is None:
            db.close()
            raise FileNotFoundError(f"{path} is gone")
    return Opened(db, found, aside)


def may_be_ours(path: Path) -> bool:
    """Whether a file that cannot be read as a cache was one: it begins as SQLite's files do, or has their ending.

    Anything else is a person's own file, named by mistake, which must stay where it is.
    """
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC or path.suffix.lower() in ENDINGS


def connect(path: Path, patience: float) -> sqlite3.Connection:
    """Return a connection to a file that is a cache."""
    db = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        if not recognised(db, path):
            begin(db, path)
        for setting in SETTINGS:
            db.execute(setting)
    except BaseException:
        db.close()
        raise
    return db


@contextmanager
def open_existing(path: Path, *, patience: float) -> Iterator[sqlite3.Connection | None]:
    """Open a cache's file for a while; None where there is none."""
    if not path.exists():
        yield None
        return
    with closing(open_or_begin(path, patience=patience).db) as db:
        yield db


def recognised(db: sqlite3.Connection, path: Path) -> bool:
    """Whether the file is a cache; False where it is empty."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application == APPLICATION:
        if version != FORMAT:
            raise ConfigError(
                f"{path} is a cache of another version of vecsmith (format {version}, not {FORMAT}): "
                "delete it, or name another file"
            )
        return True
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application or version or tables:
        raise ConfigError(f"{path} is another program's SQLite file, not a cache of vecsmith: name another file")
    return False


def begin(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables, unless another process just did."""
    db.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    db.execute("PRAGMA journal_mode = WAL")
    with transaction(db):
        if recognised(db, path):
            return
        for table in SCHEMA:
            db.execute(table)
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {FORMAT}")


def set_aside(path: Path, damaged: tuple[int, int]) -> Path | None:
    """Rename a damaged file and its log; return its new name.

    None where the path names another file than the damaged one by now: another process set that aside, and the new
    one stays as it is.
    """
    with alone(path.parent):
        return rename(path) if identity(path) == damaged else None


def rename(path: Path) -> Path:
    """Give a damaged file and its log another name, and return it."""
    aside = free_name(path)
    # The file itself goes last: until then nobody begins a new one, whose log would be the one moved.
    for ending in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    return aside


def free_name(path: Path) -> Path:
    """Return a name for a damaged file that no file has."""
    name = f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    names = (path.with_name(name + (f"-{number}" if number else "")) for number in range(1_000_000))
    return next(candidate for candidate in names if not candidate.exists())


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other processes from beginning or renaming caches in a folder meanwhile, where the system can.

    The lock ends with the process, however that ends, and leaves no file.
    """
    try:
        import fcntl
    except ImportError:  # Windows, where an open file cannot be renamed
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        end = time.monotonic() + LOCK_PATIENCE
        while time.monotonic() < end:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.01)
            except OSError:  # a file system without locks
                break
        yield
    finally:
        os.close(handle)

"""SQLite files that a server keeps in the user's data folder, and that only their user can read."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecsmith.cache.rows import transaction
from vecsmith.config import data_folder
from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["StateFile"]

PATIENCE = 5.0
"""Seconds to wait for another process that writes."""

FORMAT = 1
"""Raise it when tables change."""


@dataclass(frozen=True, slots=True)
class StateFile:
    """One kind of these files."""

    what: str
    """What it holds, as an error says it."""
    name: str
    application: int
    """What marks a file as one of these (https://www.sqlite.org/pragma.html#pragma_application_id)."""
    schema: Sequence[str]

    @property
    def path(self) -> Path:
        """Where it is."""
        return data_folder() / self.name

    def connect(self, path: Path) -> sqlite3.Connection:
        """Return a connection to the file, which is begun where there is none.

        Raises `ConfigError` for another program's file, `sqlite3.Error` or `OSError` where that fails.
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made before SQLite would make it, whose own would be readable by others for a moment, as would its journals.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if os.name == "posix" and path.stat().st_mode & 0o077:
            path.chmod(0o600)
        db = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            self.recognise(db, path)
        except BaseException:
            db.close()
            raise
        return db

    def recognise(self, db: sqlite3.Connection, path: Path) -> None:
        """Make the tables of an empty file; raise `ConfigError` for any other one that is none of these."""
        if self.marks(db) == (self.application, FORMAT):
            return
        with transaction(db):  # in one, because another process may be making the tables
            if self.marked(db, path):
                return
            for table in self.schema:
                db.execute(table)
            db.execute(f"PRAGMA application_id = {self.application}")
            db.execute(f"PRAGMA user_version = {FORMAT}")

    def marks(self, db: sqlite3.Connection) -> tuple[int, int]:
        """Return what marks a file: whose it is, and its version."""
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        return application, version

    def marked(self, db: sqlite3.Connection, path: Path) -> bool:
        """Whether the file is one of these; False where it is empty."""
        found = self.marks(db)
        (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if found == (self.application, FORMAT):
            return True
        if any(found) or tables:
            raise ConfigError(f"{path} does not hold {self.what} of this version of vecsmith: move it away")
        return False

    @contextmanager
    def opened(self, path: Path | None = None) -> Iterator[sqlite3.Connection]:
        """Open the file for a while; raise `ConfigError` where it cannot be used."""
        path = path or self.path
        try:
            with closing(self.connect(path)) as db:
                yield db
        except (sqlite3.Error, OSError) as error:
            raise ConfigError(
                f"{self.what} in {path} cannot be used ({error}): make it readable and writable"
            ) from None

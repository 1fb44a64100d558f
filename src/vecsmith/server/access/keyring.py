"""The keys in memory, as a running server knows them: read at the start, and again when the file changes."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from vecsmith.cache.file import identity
from vecsmith.errors import ConfigError
from vecsmith.server.access.keys import NOBODY, parse_key
from vecsmith.server.access.keystore import KEYS, read_keys

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vecsmith.server.access.keys import Key

__all__ = ["Keyring"]


class Keyring:
    """Knows keys by their ids.

    `find` reads only what is in memory; `refresh` is called beside the requests, from one thread at a time.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or KEYS.path
        self.keys: Mapping[str, Key] = {}
        self.locked = False
        """Whether there was a secret key, be it revoked: what had a lock is never open again while it runs."""
        self.db: sqlite3.Connection | None = None
        self.file: tuple[int, int] | None = None
        self.version = -1
        try:
            self.refresh()
        except (sqlite3.Error, OSError) as error:
            raise ConfigError(f"the keys in {self.path} cannot be read ({error}): make them readable") from None

    @property
    def good(self) -> bool:
        """Whether there is a secret key that opens something."""
        return any(key.kind == "secret" and key.revoked is None for key in self.keys.values())

    def find(self, text: str) -> Key | None:
        """Return the key that a request brought, revoked or not; None where it is none."""
        number, secret = parse_key(text) or ("", "")
        key = self.keys.get(number, NOBODY)
        if key.kind == "publishable":
            return key
        return key if key.opened_by(secret) and key is not NOBODY else None

    def refresh(self) -> None:
        """Read the keys again where another process changed them."""
        found = identity(self.path)
        if found != self.file:
            self.close()
            self.keys = {}
        if found is None:
            return
        if self.db is None:
            self.db, self.file, self.version = KEYS.connect(self.path), found, -1
        # What SQLite keeps for this: another number whenever another connection has written.
        (version,) = self.db.execute("PRAGMA data_version").fetchone()
        if version != self.version:
            self.keys, self.version = read_keys(self.db), version
            self.locked = self.locked or any(key.kind == "secret" for key in self.keys.values())

    def close(self) -> None:
        """Let go of the file."""
        if self.db is not None:
            with suppress(sqlite3.Error):
                self.db.close()
        self.db = self.file = None

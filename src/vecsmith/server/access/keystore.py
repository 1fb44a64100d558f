"""The keys on disk: made, listed, revoked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError
from vecsmith.server.access.keys import Key, Limits
from vecsmith.server.state import StateFile

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["KEYS", "add_key", "all_keys", "publishable", "read_keys", "revoke_key"]

KEYS = StateFile(
    "keys",
    "keys.sqlite",
    0x76736B65,  # vske
    (
        """CREATE TABLE keys (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('secret', 'publishable')),
            salt BLOB NOT NULL,
            digest BLOB NOT NULL,
            models TEXT NOT NULL,
            requests_per_minute INTEGER,
            tokens_per_minute INTEGER,
            tokens_per_day INTEGER,
            concurrency INTEGER,
            lane TEXT,
            created INTEGER NOT NULL,
            revoked INTEGER
        )""",
    ),
)


def add_key(key: Key, path: Path | None = None) -> None:
    """Keep a new key."""
    limits = key.limits
    row = (
        *(key.id, key.name, key.kind, key.salt, key.digest, json.dumps(limits.models)),
        *(limits.requests_per_minute, limits.tokens_per_minute, limits.tokens_per_day, limits.concurrency),
        *(key.lane, key.created, key.revoked),
    )
    with KEYS.opened(path) as db:
        db.execute("INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def revoke_key(number: str, now: float, path: Path | None = None) -> Key:
    """Make a key worth nothing, and return it; raise `ConfigError` where there is none of that id."""
    with KEYS.opened(path) as db:
        db.execute("UPDATE keys SET revoked = ? WHERE id = ? AND revoked IS NULL", (int(now), number))
        found = read_keys(db).get(number)
    if found is None:
        raise ConfigError("there is no key with this id: `vecsmith keys list` shows those there are")
    return found


def all_keys(path: Path | None = None) -> list[Key]:
    """Return all keys that were made, revoked ones too, the oldest first."""
    path = path or KEYS.path
    if not path.exists():
        return []
    with KEYS.opened(path) as db:
        return list(read_keys(db).values())


def publishable(path: Path | None = None) -> Key | None:
    """Return the oldest publishable key that is good; None where there is none."""
    return next((key for key in all_keys(path) if key.kind == "publishable" and key.revoked is None), None)


def read_keys(db: sqlite3.Connection) -> Mapping[str, Key]:
    """Return the keys in an open file by their ids."""
    rows = db.execute(
        "SELECT id, name, kind, salt, digest, models, requests_per_minute, tokens_per_minute, tokens_per_day, "
        "concurrency, lane, created, revoked FROM keys ORDER BY created, rowid"
    )
    return {
        number: Key(
            number, name, kind, salt, digest, Limits(tuple(json.loads(models)), *limits), lane, created, revoked
        )
        for number, name, kind, salt, digest, models, *limits, lane, created, revoked in rows
    }

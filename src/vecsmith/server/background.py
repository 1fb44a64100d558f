"""The server that runs behind the terminal: which process it is, and whether it still is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

import msgspec
import psutil

from vecsmith.cache.rows import transaction
from vecsmith.config import data_folder
from vecsmith.errors import ConfigError
from vecsmith.server.state import StateFile

if TYPE_CHECKING:
    import sqlite3

    from vecsmith.server.settings import ServerSettings

__all__ = [
    "Background",
    "answers",
    "claim",
    "current",
    "fallen",
    "kill",
    "last_words",
    "log_path",
    "release",
    "spawn",
    "stop",
    "tell",
]

STATE = StateFile(
    "the server's state",
    "server.sqlite",
    0x76737376,  # vssv
    (
        """CREATE TABLE server (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            pid INTEGER NOT NULL,
            began REAL NOT NULL,
            patience REAL NOT NULL,
            models TEXT NOT NULL,
            functions TEXT,
            address TEXT
        )""",
    ),
)

SAME = 2.0
"""Seconds between two times at which one process may seem to have begun, because clocks are set."""

MARGIN = 10.0
"""Seconds that a process may take to end when all requests are answered."""

QUICK = 2.0
"""Seconds in which a server that is well says so."""

LAST_LINES = 20

ANYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 (how such a server is reached from here)


@dataclass(frozen=True, slots=True)
class Background:
    """A server that was started."""

    pid: int
    began: float
    """Seconds since 1970 when the process began, by which it is told from another with its number."""
    patience: float
    """Seconds that it may take to stop."""
    models: tuple[str, ...]
    functions: str | None
    """The folder of a person's own."""
    address: str | None
    """None as long as it cannot be asked."""

    def process(self) -> psutil.Process | None:
        """Return the process; None where it is gone, even if another has its number now."""
        with suppress(psutil.Error):
            found = psutil.Process(self.pid)
            if abs(found.create_time() - self.began) < SAME and found.status() != psutil.STATUS_ZOMBIE:
                return found
        return None


def log_path() -> Path:
    """Return where the server writes what happens."""
    return data_folder() / "server.log"


def current() -> Background | None:
    """Return the server that runs; None where there is none, however the last one ended."""
    found = last()
    return found if found is not None and found.process() is not None else None


def fallen() -> Background | None:
    """Return the last server, where it ended without a word; None where one runs, or was stopped."""
    found = last()
    return found if found is not None and found.process() is None else None


def last() -> Background | None:
    """Return the server that was started last, unless it was stopped."""
    if not STATE.path.exists():
        return None
    with STATE.opened() as db:
        return read(db)


def read(db: sqlite3.Connection) -> Background | None:
    """Return it from an open file."""
    row = db.execute("SELECT pid, began, patience, models, functions, address FROM server").fetchone()
    if row is None:
        return None
    pid, began, patience, models, functions, address = row
    return Background(pid, began, patience, tuple(json.loads(models)), functions, address)


def claim(settings: ServerSettings) -> int:
    """Write that this process is the server, and return its number; raise `ConfigError` where another one is."""
    me = psutil.Process()
    functions = str(Path(settings.functions).resolve()) if settings.functions else None
    row = (me.pid, me.create_time(), settings.grace + settings.drain, json.dumps(settings.models), functions)
    with STATE.opened() as db, transaction(db):
        other = read(db)
        if other is not None and other.process() is not None:
            raise already(other)
        db.execute("INSERT OR REPLACE INTO server VALUES (1, ?, ?, ?, ?, ?, NULL)", row)
    return me.pid


def already(other: Background) -> ConfigError:
    """Return the refusal of a second server."""
    where = f"at {other.address} " if other.address else ""
    return ConfigError(f"a server runs already {where}(process {other.pid}): `vecsmith stop` ends it")


def tell(address: str) -> None:
    """Write where this process, which is the server, can be asked."""
    with STATE.opened() as db:
        db.execute("UPDATE server SET address = ? WHERE pid = ?", (address, os.getpid()))


def release(pid: int) -> None:
    """Write that a server has ended."""
    with STATE.opened() as db:
        db.execute("DELETE FROM server WHERE pid = ?", (pid,))


def answers(address: str) -> bool:
    """Whether a server says that it is well."""
    for everywhere, here in ANYWHERE.items():
        address = address.replace(f"//{everywhere}:", f"//{here}:")
    try:
        # past any proxy of the user's, which does not reach this machine's own address
        with build_opener(ProxyHandler({})).open(f"{address}/health", timeout=QUICK) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 (HTTP's word for well)
    except OSError:
        return False


def spawn(settings: ServerSettings) -> subprocess.Popen[bytes]:
    """Start a process that serves; raise `ConfigError` where one does already."""
    other = current()
    if other is not None:
        raise already(other)
    path = log_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        path.replace(path.with_suffix(".log.old"))
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "vecsmith", "background"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            **detached(),
        )
    finally:
        os.close(log)
    assert process.stdin is not None
    with process.stdin as settings_in, suppress(BrokenPipeError):  # what broke is in the log
        settings_in.write(msgspec.json.encode(settings))
    return process


def detached() -> dict[str, Any]:
    """Return how a process outlives the terminal, on this system."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def last_words() -> str:
    """Return what the server wrote last."""
    try:
        lines = log_path().read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-LAST_LINES:])


def kill(server: Background) -> None:
    """End a server at once."""
    process = server.process()
    if process is not None:
        with suppress(psutil.Error):
            process.kill()
            process.wait(MARGIN)
    release(server.pid)


def stop(server: Background) -> bool:
    """Tell a server to stop, and wait for it; False where it does not in its time."""
    process = server.process()
    if process is not None:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
        end = time.monotonic() + server.patience + MARGIN
        while server.process() is not None:
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
    release(server.pid)
    return True

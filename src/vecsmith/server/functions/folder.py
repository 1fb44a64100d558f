"""The functions of a folder, kept as their files are."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vecsmith.cache.file import identity
from vecsmith.server.functions.loading import FILE, Stamp, Version, load, names_in, stamp
from vecsmith.server.functions.traces import trace_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

__all__ = ["Broken", "Folder", "Tell", "kept"]

Tell = Callable[[str], object]

log = logging.getLogger("vecsmith.server")

STEP = 50
"""Milliseconds without a change after which a person is taken to have saved."""

LOOK = 1_000
"""Milliseconds between two looks at what the system may not tell of."""

PAUSE = 0.5
"""Seconds between two looks for a folder that is not there."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A function whose file cannot be loaded."""

    trace: str
    stamp: Stamp


class Folder:
    """Functions by their names; `keep_up` loads again what is saved."""

    def __init__(self, path: Path, tell: Tell | None = None) -> None:
        self.path = path.resolve()
        self.tell = tell
        """Tells who writes the functions what becomes of them; None where there is only the log."""
        self.functions: dict[str, Version | Broken] = {}

    def load(self, names: Iterable[str] | None = None) -> None:
        """Load functions as they are now, all unless some are named, and let go of those that are gone."""
        there = names_in(self.path)
        for name in sorted({*there, *self.functions} if names is None else names):
            before = self.functions.get(name)
            if name in there:
                self.functions[name] = found = self.loaded(name)
                if isinstance(found, Version) and before is not None:
                    self.say(f"loaded {self.shown(name)} again")
            elif self.functions.pop(name, None):
                self.say(f"{self.shown(name)} is gone")
            if isinstance(before, Version):
                before.retire()

    def loaded(self, name: str) -> Version | Broken:
        """Load one, and tell who writes it where that fails."""
        found = stamp(self.path / name / FILE)
        try:
            return load(self.path, name, found)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (whatever a person's file does)
            trace = trace_of(error, self.path)
            self.say(f"{self.shown(name)} cannot be loaded:\n{trace}")
            return Broken(trace, found)

    def shown(self, name: str) -> str:
        """Return where a function is, for people."""
        return f"{self.path.name}/{name}/{FILE}"

    def say(self, words: str) -> None:
        """Tell what became of a function, to whoever there is."""
        (self.tell or log.warning)(words)

    async def keep_up(self) -> None:
        """Load what is saved, until this is cancelled."""
        while True:
            try:
                await self.watch()
            except OSError as error:
                log.warning("the changes of %s cannot be seen (%s), which is tried again", self.path, error)
            await asyncio.sleep(PAUSE)

    async def watch(self) -> None:
        """Do so until the folder is another one, or there is none."""
        from watchfiles import PythonFilter, awatch

        if (watched := identity(self.path)) is None:
            return
        seen = awatch(self.path, watch_filter=PythonFilter(), step=STEP, rust_timeout=LOOK, yield_on_timeout=True)
        async for changes in seen:
            names = self.touched(path for _, path in changes) if changes else self.changed()
            if names != set():
                await asyncio.to_thread(self.load, names)
            if identity(self.path) != watched:
                return

    def touched(self, paths: Iterable[str]) -> set[str] | None:
        """Return the functions that files are of; None where one is a file that functions may share."""
        names = {Path(path).relative_to(self.path).parts[:1] for path in paths}
        known = {(name,) for name in {*names_in(self.path), *self.functions}}
        return {name for (name,) in names} if names <= known else None

    def changed(self) -> set[str]:
        """Return the functions that are not what they were, for systems that do not tell of every change."""
        return {
            name
            for name in {*names_in(self.path), *self.functions}
            if (known := self.functions.get(name)) is None or known.stamp != stamp(self.path / name / FILE)
        }


@asynccontextmanager
async def kept(folder: Folder) -> AsyncIterator[Folder]:
    """Load a folder's functions, and keep up with their files as long as the context lasts."""
    await asyncio.to_thread(folder.load)
    task = asyncio.ensure_future(folder.keep_up())
    try:
        yield folder
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

"""A function's file, loaded: each time anew, beside what was loaded of it before.

Every version has a package of its own, so that requests under way keep the one that they began with. In it
``from .words import …`` reads the file beside ``index.py``, and ``from .._shared import …`` the folder beside that.
"""

from __future__ import annotations

import re
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from inspect import iscoroutinefunction
from itertools import count
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from pathlib import Path

__all__ = ["FILE", "Stamp", "Version", "check_name", "load", "names_in", "stamp"]

FILE = "index.py"
"""What a function's folder must have."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
"""As the services that run functions allow."""

Stamp = tuple[int, int, int] | None

ROOT = "vecsmith_functions_"
numbers = count(1)


class Source(SourceFileLoader):
    """Reads a file itself: compiled code is known by its file's second, in which a person may save twice."""

    def path_stats(self, path: str) -> NoReturn:
        """Know no time of the file, so that no compiled code is looked for, or written."""
        raise OSError(path)


class Finder(MetaPathFinder):
    """Finds modules below a function's package, as they are now."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return where a module is; None for all that is no function's."""
        if path is None or not fullname.startswith(ROOT):
            return None
        found = (FileFinder(entry, (Source, SOURCE_SUFFIXES)).find_spec(fullname, target) for entry in path)
        return next((spec for spec in found if spec is not None), None)


finder = Finder()


@dataclass(slots=True)
class Version:
    """A function as its file was when it was loaded; forgotten when it is retired and answers nobody any more."""

    package: str
    handler: Callable[[Any], Awaitable[Any]]
    stamp: Stamp
    calls: int = 0
    retired: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Keep it as long as the context lasts."""
        self.change(1)
        try:
            yield
        finally:
            self.change(-1)

    def retire(self) -> None:
        """Let it go when its last request is answered."""
        with self.lock:
            self.retired = True
        self.change(0)

    def change(self, calls: int) -> None:
        """Count requests that begin or end."""
        with self.lock:
            self.calls += calls
            last = self.retired and self.calls == 0
        if last:
            forget(self.package)


def check_name(name: str) -> None:
    """Raise `ConfigError` for what cannot be a function's name."""
    if not NAME.fullmatch(name):
        raise ConfigError(
            "a function's name begins with a letter, and has letters, digits, - and _ alone, at most 63 in all"
        )


def names_in(folder: Path) -> list[str]:
    """Return the names of the functions that a folder has."""
    try:
        found = sorted(path.name for path in folder.iterdir() if NAME.fullmatch(path.name))
    except OSError:
        return []
    return [name for name in found if (folder / name / FILE).is_file()]


def stamp(path: Path) -> Stamp:
    """Return by what a changed file is known; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def load(folder: Path, name: str, found: Stamp) -> Version:
    """Run a function's file, and return its handler; raise whatever the file raises, or `ConfigError`."""
    if finder not in sys.meta_path:
        sys.meta_path.insert(0, finder)
    package = f"{ROOT}{next(numbers)}"
    sys.modules[package] = root = ModuleType(package)
    root.__path__ = [str(folder)]
    try:
        handler = getattr(import_module(f"{package}.{name}.index"), "handler", None)
        if not iscoroutinefunction(handler):
            raise ConfigError(f"{folder.name}/{name}/{FILE} has no `async def handler(request)`: write one")
    except BaseException:
        forget(package)
        raise
    return Version(package, handler, found)


def forget(package: str) -> None:
    """Drop the modules of a package."""
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        sys.modules.pop(name, None)

"""Stores in files that are written anew: whole under their names when all rows are there, or as they were.

Rows of the file before that come again with the same content are taken over from it and not embedded again.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from vecsmith.errors import ConfigError, StoreError
from vecsmith.stores.conditions import holds
from vecsmith.stores.contract import Near, Record, Run
from vecsmith.stores.exact import HELD, blocks_of, found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from numpy.typing import NDArray

    from vecsmith.stores.conditions import Conditions
    from vecsmith.stores.contract import Entry, Identity
    from vecsmith.types import Floats

__all__ = ["Form", "WholeFile"]


SETTLED = 0.2
"""Seconds in which all files of a store have their names, from the first on."""


class Form(Protocol):
    """How rows are written in one kind of file."""

    def record(self, path: Path) -> Record | None:
        """Return what the file says of its vectors; None where it says nothing."""
        ...

    def runs(self, path: Path, record: Record) -> Iterator[Run]:
        """Yield its rows."""
        ...

    def writing(self, path: Path, record: Record) -> AbstractContextManager[Callable[[Run], None]]:
        """Give what writes a run; the file has its name when the block ends well."""
        ...


class Abandoned(Exception):  # noqa: N818 (no error: nobody sees it)
    """The writing was not finished."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """All rows of a file as it was at a moment."""

    moment: tuple[int, int]
    runs: tuple[Run, ...]


class WholeFile:
    """A file of one form."""

    lasting = False

    def __init__(self, path: Path, form: Form, *, make: bool) -> None:
        if not make and not path.is_file():
            raise ConfigError(f"{path} does not exist: check the path, or make it by vecsmith embed --output {path}")
        self.name = str(path)
        self._path, self._form = path, form
        self._writing = ExitStack()
        self._write: Callable[[Run], None] | None = None
        self._before: dict[str, bytes] | None = None
        self._kept: dict[str, Identity] = {}
        self._loaded: Loaded | None = None

    def record(self) -> Record | None:
        """Return what it says of its vectors; None where it is not there, or something else."""
        return self._form.record(self._path) if self._path.is_file() else None

    def begin(self, record: Record) -> None:
        """Begin a new file beside the one that is there."""
        self._write = self._writing.enter_context(self._form.writing(self._path, record))

    def keep(self, ids: Sequence[Identity], contents: Sequence[bytes]) -> set[Identity]:
        """Return those ids whose rows are there with the same content; they are taken over at the end."""
        if self._before is None:
            self._before = {str(entry.id): entry.content for run in self.scan() for entry in run.entries}
        before = self._before
        kept = {each for each, content in zip(ids, contents, strict=True) if before.get(str(each)) == content}
        self._kept |= {str(each): each for each in kept}
        return kept

    def write(self, run: Run) -> None:
        """Write rows."""
        assert self._write is not None  # it was begun
        self._write(run)

    def finish(self, *, index: bool) -> None:
        """Take over the rows that stay, and give the file its name."""
        del index
        if self._kept:
            self._take_over(self._kept, self._before or {})
        self._writing.close()

    def _take_over(self, kept: dict[str, Identity], contents: dict[str, bytes]) -> None:
        """Write the rows that stay, by the ids that they have now."""
        taken: set[str] = set()
        for run in self.scan():
            ids = [str(entry.id) for entry in run.entries]
            at = [
                row for row, entry in enumerate(run.entries) if ids[row] in kept and entry.content == contents[ids[row]]
            ]
            taken.update(ids[row] for row in at)
            if at:
                self.write(Run([run.entries[row]._replace(id=kept[ids[row]]) for row in at], run.vectors[at]))
        if len(taken) < len(kept):
            raise StoreError(f"another process wrote {self.name} meanwhile: run it again, and it goes on from there")

    def prune(self, stays: Callable[[Identity], bool]) -> int:
        """Nothing is there but what was written or kept."""
        del stays
        return 0

    def count(self) -> int:
        """Return the number of rows."""
        return sum(len(run.entries) for run in self._runs())

    def scan(self) -> Iterator[Run]:
        """Yield all rows, in runs."""
        record = self.record()
        if record is not None:
            yield from self._form.runs(self._path, record)

    def nearest(
        self, queries: Floats, k: int, conditions: Conditions, *, exact: bool, oversample: int
    ) -> list[list[Near]]:
        """Return the nearest rows; always exact."""
        del exact
        record = self.record()
        assert record is not None  # who searches has looked
        while True:
            moment, runs = self._moment(), self._runs()
            results = found(blocks_of(allowed(runs, conditions), record), queries, k, oversample=oversample)
            entries = entries_of(self._runs(), {row for result in results for row, _ in result})
            if moment == self._moment():  # else the file was written anew between the two
                break
        return [[Near(entries[row], score) for row, score in result] for result in results]

    def _runs(self) -> Sequence[Run] | Iterator[Run]:
        """Return all rows, out of memory where they are not too many."""
        moment = self._moment()
        if self._loaded is None or self._loaded.moment != moment:
            if moment[1] > HELD:
                return self.scan()
            try:
                self._loaded = Loaded(moment, tuple(self.scan()))
            except ConfigError:
                sleep(SETTLED)
                if self._moment() == moment:
                    raise
                return self._runs()  # it was being replaced
        return self._loaded.runs

    def _moment(self) -> tuple[int, int]:
        """Return when the file was written, and its size."""
        status = self._path.stat()
        return status.st_mtime_ns, status.st_size

    def close(self) -> None:
        """Give up what was not finished."""
        self._writing.__exit__(Abandoned, Abandoned(), None)


def entries_of(runs: Iterable[Run], rows: set[int]) -> dict[int, Entry]:
    """Return what some rows hold, by their numbers."""
    there: dict[int, Entry] = {}
    start = 0
    for run in runs:
        there |= {row: run.entries[row - start] for row in rows if start <= row < start + len(run.entries)}
        start += len(run.entries)
    return there


def allowed(runs: Any, conditions: Conditions) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
    """Yield the numbers and the vectors of the rows that the conditions allow."""
    start = 0
    for run in runs:
        numbers = np.arange(start, start + len(run.entries))
        start += len(run.entries)
        if not conditions:
            yield numbers, run.vectors
            continue
        at = [row for row, entry in enumerate(run.entries) if holds(conditions, entry.id, entry.fields)]
        if at:
            yield numbers[at], run.vectors[at]

"""Where the texts of ``vecsmith embed`` come from, and what is kept of their rows until the vectors are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from vecsmith.cli.messages import Tally
from vecsmith.files import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import ExitStack
    from pathlib import Path

    from vecsmith.cli.reading import File

__all__ = ["Feed", "Origin", "Source"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the texts come from."""

    texts: tuple[str, ...]
    """Those given as arguments; empty where a file or standard input is read."""
    file: File

    def tally(self) -> Tally:
        """Return what counts these texts, or the lines of their file."""
        return Tally("text" if self.texts else "line")

    def open(self, tally: Tally, opened: ExitStack, *, fields: bool = False) -> Source:
        """Open the texts; with `fields` each row brings its other columns along."""
        if self.texts:
            return Source((Row(number, text, number + 1) for number, text in enumerate(self.texts)), lambda: 0, None)
        rows = self.file.open(tally, fields=fields)
        opened.callback(rows.close)
        return Source(rows, lambda: rows.bytes_read, rows.bytes_total)

    def reads(self, path: Path) -> bool:
        """Whether a file that is to be written is the one that is read."""
        return not self.texts and self.file.is_at(path)


@dataclass(frozen=True, slots=True)
class Source:
    """Texts that were opened."""

    rows: Iterable[Row]
    position: Callable[[], int]
    """Says how far their file was read, in bytes."""
    total: int | None
    """The size of their file, where it is known."""


class Waiting(NamedTuple):
    """What is kept of a row until its vector is written."""

    id: str | int
    line: int
    position: int


class Feed:
    """Rows on their way: the texts go ahead to the embedder, their ids wait here for the vectors."""

    def __init__(self, source: Source) -> None:
        self._rows = source.rows
        self._position = source.position
        self._waiting: dict[int, Waiting] = {}

    def texts(self) -> Iterator[str]:
        """Yield the texts, in order."""
        for index, row in enumerate(self._rows):
            self._waiting[index] = Waiting(row.id, row.line, self._position())
            yield row.text

    def take(self, index: int) -> Waiting:
        """Return what was kept of a row, for the last time."""
        return self._waiting.pop(index)

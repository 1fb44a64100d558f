"""The progress bar of long commands; nothing of it is loaded unless it is shown."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Pace", "Watch", "watching"]


class Watch(Protocol):
    """Is told of every step."""

    def __call__(self, *, texts: int, tokens: int, position: int) -> None:
        """Take note of so many more texts and tokens; `position` is how far the input is done, in bytes."""
        ...


@dataclass(slots=True)
class Pace:
    """How far the work is, and how fast it goes."""

    total: int | None
    """Bytes of the input, or None where unknown."""
    started: float = field(default_factory=time.monotonic)
    texts: int = 0
    tokens: int = 0
    position: int = 0

    def advance(self, *, texts: int, tokens: int, position: int) -> None:
        """Take note of so many more texts and tokens, and of the position in the input."""
        self.texts += texts
        self.tokens += tokens
        self.position = position

    def describe(self, now: float) -> str:
        """Return the counts and rates as one line."""
        if not self.texts:
            return "starting"
        seconds = max(now - self.started, 1e-9)
        told = [
            f"{self.texts:,} texts",
            f"{rate(self.texts / seconds)} texts/s",
            f"{rate(self.tokens / seconds)} tokens/s",
        ]
        if self.total and self.position:
            left = seconds * (self.total - self.position) / self.position
            told += [f"{clock(left)} left"] if left else []
        return ", ".join(told)


def rate(number: float) -> str:
    """Return a rate with as many digits as it deserves."""
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}"  # noqa: PLR2004 (two digits)


def clock(seconds: float) -> str:
    """Return a duration as hours, minutes and seconds."""
    minutes, rest = divmod(round(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def watching(*, shown: bool, total: int | None) -> Iterator[Watch]:
    """Show a bar on standard error while the block runs; `total` is the bytes of the input, None where unknown."""
    pace = Pace(total)
    if not shown:
        yield pace.advance
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

    told = TextColumn("{task.fields[told]}", markup=False)
    known = (BarColumn(bar_width=20), TaskProgressColumn()) if total else ()
    columns = (SpinnerColumn(finished_text=""), *known, TimeElapsedColumn(), told)
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=4, redirect_stdout=False) as bar:
        task = bar.add_task("", total=total, told=pace.describe(pace.started))

        def advance(*, texts: int, tokens: int, position: int) -> None:
            pace.advance(texts=texts, tokens=tokens, position=position)
            bar.update(task, completed=position, told=pace.describe(time.monotonic()))

        yield advance

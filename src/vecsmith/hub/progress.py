"""What is said on standard error while a model comes: a bar on a terminal, one line elsewhere."""

from __future__ import annotations

import sys
import threading
from asyncio import CancelledError
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Meter", "ended_with", "in_bytes", "telling"]

UNITS = ("B", "kB", "MB", "GB", "TB")
THOUSAND = 1000


ending: ContextVar[threading.Event | None] = ContextVar("ending", default=None)


@contextmanager
def ended_with() -> Iterator[None]:
    """Let every download that is begun in the block, in whatever thread, end at the latest when the block does."""
    event = threading.Event()
    token = ending.set(event)
    try:
        yield
    finally:
        event.set()
        ending.reset(token)


@dataclass(slots=True)
class Meter:
    """Bytes that came, counted file by file."""

    show: Callable[[int], object] = lambda _: None
    """Is told how many came in all."""
    before: int = 0
    """Bytes of the files that are done."""
    counts: dict[int, int] = field(default_factory=dict)
    """Bytes of the present file, by each bar that huggingface_hub has for it: it may count twice what comes once."""

    ended: threading.Event | None = field(default_factory=ending.get)
    """Is set when nobody waits for the files any more."""

    def bar(self) -> type[Any]:
        """Return the class of bars that huggingface_hub is to make, which tell this and show nothing."""
        from huggingface_hub.utils import tqdm

        meter = self

        class Bar(tqdm):  # type: ignore[misc]  # its module is not followed
            monitor_interval = 0  # or each class has a thread that never ends

            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, **{**options, "disable": True})

            def update(self, n: float | None = 1) -> None:
                meter.add(id(self), int(n or 0))

        return Bar

    def add(self, bar: int, count: int) -> None:
        """Take note of bytes that a bar counts; `CancelledError` ends the download where nobody waits for it."""
        if self.ended is not None and self.ended.is_set():
            raise CancelledError
        self.counts[bar] = self.counts.get(bar, 0) + count
        self.show(self.before + max(self.counts.values()))

    def done(self, size: int) -> None:
        """Take note that a file of so many bytes is here."""
        self.before += size
        self.counts.clear()
        self.show(self.before)


@contextmanager
def telling(what: str, total: int) -> Iterator[Meter]:
    """Say what comes, and how far it is while the block runs; `total` is in bytes."""
    from huggingface_hub import constants

    if constants.HF_HUB_DISABLE_PROGRESS_BARS or not (sys.stderr and sys.stderr.isatty()):
        if sys.stderr:
            print(f"vecsmith: getting {what}, {in_bytes(total)}", file=sys.stderr)  # noqa: T201 (the one line)
        yield Meter()
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(bar_width=20), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(TextColumn("{task.description}", markup=False), *columns, console=console) as bar:
        task = bar.add_task(what, total=total)
        yield Meter(lambda done: bar.update(task, completed=done))


def in_bytes(size: float) -> str:
    """Return a number of bytes as a person reads it."""
    for unit in UNITS:
        if size < THOUSAND or unit == UNITS[-1]:
            break
        size /= THOUSAND
    return f"{size:.0f} {unit}" if unit == UNITS[0] else f"{size:.1f} {unit}"

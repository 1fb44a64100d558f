"""What else the cores did while something was measured."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(slots=True)
class Load:
    """Shares of the machine's whole processor time, from 0 to 1."""

    waiting: float = 0.0
    """Used by the contenders whose turn it was not."""
    foreign: float = 0.0
    """Used by anything that is no contender."""


def used(pids: Sequence[int]) -> float:
    """Return the processor seconds these processes have used so far."""
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return float(sum(one.user + one.system for one in times))


def busy() -> float:
    """Return the processor seconds all cores have been busy so far."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


@contextmanager
def watched(running: Sequence[int], waiting: Sequence[int]) -> Iterator[Load]:
    """Measure the load beside the processes `running` until the block ends."""
    load = Load()
    start, before = time.monotonic(), (used(running), used(waiting), busy())
    yield load
    available = (time.monotonic() - start) * (psutil.cpu_count() or 1)
    after = used(running), used(waiting), busy()
    own, others, all_cores = (now - then for now, then in zip(after, before, strict=True))
    load.waiting = others / available
    load.foreign = max(0.0, all_cores - own - others) / available

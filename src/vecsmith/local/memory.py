"""How much memory this process holds for itself, how much it may, and how it gives some back."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

__all__ = ["give_back", "machine_memory", "private_bytes"]

ROLLUP = Path("/proc/self/smaps_rollup")
CGROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def private_bytes() -> int | None:
    """Return the bytes that only this process holds and that no file backs; None where the system does not say."""
    try:
        lines = ROLLUP.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kilobytes = [int(line.split()[1]) for line in lines if line.startswith(("Private_Dirty:", "Swap:"))]
    return 1024 * sum(kilobytes) if kilobytes else None


def machine_memory() -> int | None:
    """Return the bytes of memory that this process may use at all: the machine's, or its control group's."""
    limits = []
    with suppress(ValueError, OSError, AttributeError):  # not everywhere
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in CGROUPS:
        with suppress(ValueError, OSError):  # "max" is no number
            limits.append(int(path.read_text(encoding="ascii")))
    return min(limits, default=None)


def give_back() -> None:
    """Return freed memory to the system, where the C library keeps it otherwise (malloc_trim(3))."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)

"""How many cores this process may really use."""

import os
from math import ceil
from pathlib import Path

__all__ = ["usable_cores"]

CGROUP_2 = Path("/sys/fs/cgroup/cpu.max")
CGROUP_1 = Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us")
SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


def usable_cores() -> int:
    """Return the physical cores within this process's affinity and its cgroup's quota, at least 1."""
    cores = physical(allowed())
    quota = cgroup_quota()
    return max(1, min(cores, ceil(quota)) if quota else cores)


def allowed() -> set[int]:
    """Return the processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def physical(processors: set[int]) -> int:
    """Count cores, not their hardware threads: matrix products gain nothing from a second thread on a core."""
    try:
        return len({Path(SIBLINGS.format(cpu)).read_text(encoding="ascii") for cpu in processors})
    except OSError:
        return len(processors)


def cgroup_quota() -> float | None:
    """Return the cores this process's control group grants, or None without a limit."""
    try:
        quota, period = CGROUP_2.read_text(encoding="ascii").split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        pass
    try:
        quota_us, period_us = (int(path.read_text(encoding="ascii")) for path in CGROUP_1)
    except (OSError, ValueError):
        return None
    return quota_us / period_us if quota_us > 0 else None

"""The engines of this process: one for each weights and arithmetic, loaded once, within one budget of memory.

An engine that is loaded beyond the budget sends those to sleep that were used longest ago and do nothing now. One that
sleeps holds next to nothing, keeps its users, and wakes when it is given work.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from vecsmith.local.memory import machine_memory

if TYPE_CHECKING:
    from vecsmith.local.engine import Engine, EngineKey

__all__ = ["Registry"]

SHARE = 0.8
"""Of the memory there is, what engines may take where nobody says how much."""


class Registry:
    """The engines that are in use."""

    def __init__(self) -> None:
        self.engines: dict[EngineKey, Engine] = {}
        self.budget: int | None = None
        """Bytes that all engines may take together; None for a share of what there is."""
        self.begin()

    def begin(self) -> None:
        """Make the locks; a forked child makes its own."""
        self.lock = threading.Lock()
        self.loading = threading.Lock()
        """Held while a model is compiled, one at a time: what the process grows by meanwhile is that model's."""

    @property
    def most(self) -> float:
        """Bytes that all engines may take together."""
        if self.budget is not None:
            return self.budget
        there_is = machine_memory()
        return float("inf") if there_is is None else SHARE * there_is

    def make_room(self, engine: Engine) -> None:
        """Send idle engines to sleep, the one used longest ago first, until another fits beside the rest.

        Where all others work, or it is larger than the budget, it is loaded nevertheless.
        """
        with self.lock:
            others = [each for each in self.engines.values() if each is not engine and each.memory]
            taken = engine.expected + sum(each.memory for each in others)
            for other in sorted(others, key=lambda each: each.used):
                if taken <= self.most:
                    break
                held = other.memory
                if other.sleep():
                    taken -= held
            engine.memory = engine.expected

"""Where the time of a call goes."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from vecsmith.types import Seconds

__all__ = ["Clock"]


class Clock:
    """Adds up the seconds of each stage."""

    def __init__(self) -> None:
        self.stages: defaultdict[str, float] = defaultdict(float)

    @property
    def seconds(self) -> Seconds:
        """What has been added up."""
        return Seconds(**self.stages)

    @contextmanager
    def during(self, stage: str) -> Iterator[None]:
        """Count the time of a block as a stage's."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.stages[stage] += time.perf_counter() - start

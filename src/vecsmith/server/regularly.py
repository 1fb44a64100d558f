"""Work that is done beside the requests, every so often."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Regularly"]

log = logging.getLogger("vecsmith.server")


class Regularly:
    """Does something every few seconds in a thread of its own, as long as the context lasts."""

    def __init__(self, work: Callable[[], None], seconds: float, name: str) -> None:
        self.work, self.seconds, self.name = work, seconds, name
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, name=f"vecsmith-{name}", daemon=True)
        self.failed = False

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()

    def run(self) -> None:
        """Do it until the end; whatever goes wrong is logged once, and tried again."""
        while not self.ended.wait(self.seconds):
            try:
                self.work()
            except Exception as error:  # noqa: BLE001 (a thread that ended would be missed by nobody)
                if not self.failed:
                    log.warning("%s failed (%s), and is tried again", self.name, error)
                self.failed = True
            else:
                self.failed = False

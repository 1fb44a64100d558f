"""Where functions run: in an event loop of their own, so that one that blocks it leaves the server alone."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["Worker"]

T = TypeVar("T")

log = logging.getLogger("vecsmith.server")

PATIENCE = 1.0
"""Seconds after which a loop that does nothing else is taken to be blocked."""


class Worker:
    """An event loop in a thread, and another one when it is blocked."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None

    def running(self) -> asyncio.AbstractEventLoop:
        """Return the loop, which is started where there is none."""
        if self.loop is None:
            self.loop = asyncio.new_event_loop()
            threading.Thread(target=self.loop.run_forever, name="vecsmith-functions", daemon=True).start()
        return self.loop

    async def done(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine gives; cancelling this cancels it."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.running()))

    async def check(self) -> None:
        """Leave a loop that is blocked to itself, and begin another one with the next request."""
        loop = self.running()
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop))
        except TimeoutError:
            if self.loop is loop:
                self.loop = None
                log.warning("a function blocks all others: await what it waits for, or use asyncio.to_thread")

"""Clients that hang up: what is done for them ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from vecsmith.server.reading import Gone

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from starlette.types import Receive

__all__ = ["while_there"]

T = TypeVar("T")

LISTEN = 0.02
"""Seconds of work after which it is worth listening whether the client is still there."""


async def while_there(work: Coroutine[Any, Any, T], receive: Receive) -> T:
    """Return what the work gives; end it, and raise `Gone`, when the client hangs up."""
    task = asyncio.current_task()
    assert task is not None
    ear = Ear(task, receive)
    try:
        return await work
    except asyncio.CancelledError:
        if not ear.heard:
            raise
        task.uncancel()
        raise Gone from None
    finally:
        ear.close()


class Ear:
    """Listens for a client's leaving, and cancels what a task does for it; costs nothing where that is soon done."""

    def __init__(self, task: asyncio.Task[Any], receive: Receive) -> None:
        self.task, self.receive = task, receive
        self.heard = False
        self.listener: asyncio.Task[None] | None = None
        self.later = asyncio.get_running_loop().call_later(LISTEN, self.open)

    def open(self) -> None:
        """Begin to listen."""
        self.listener = asyncio.ensure_future(hung_up(self.receive))
        self.listener.add_done_callback(self.hear)

    def hear(self, listener: asyncio.Task[None]) -> None:
        """End the work of a client that is gone."""
        if not listener.cancelled() and listener.exception() is None:
            self.heard = True
            self.task.cancel()

    def close(self) -> None:
        """Listen no longer."""
        self.later.cancel()
        if self.listener is not None:
            self.listener.remove_done_callback(self.hear)
            self.listener.cancel()


async def hung_up(receive: Receive) -> None:
    """Return when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass

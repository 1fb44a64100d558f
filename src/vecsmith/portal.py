"""How blocking calls run coroutines anywhere, inside a running loop too: on one event loop in a thread of its own.

A short text is done sooner than four threads wake each other, so a coroutine that waits by `answer` and `aside` alone
may be driven in the caller's own thread instead.
"""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, TypeVar

from vecsmith.errors import EmbedError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Executor, Future

__all__ = ["answer", "aside", "look", "over", "run", "run_here", "start", "wait"]

T = TypeVar("T")

GLANCE = 0.5
"""Seconds after which a wait looks whether Ctrl-C came by a thread of others, which does not wake it."""


class Portal:
    """A loop that runs until the process ends; a forked child starts its own."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread: threading.Thread | None = None

    def running(self) -> asyncio.AbstractEventLoop:
        with self.lock:
            if self.loop is None:
                self.loop = asyncio.new_event_loop()
                self.thread = threading.Thread(target=self.loop.run_forever, name="vecsmith-loop", daemon=True)
                self.thread.start()
            return self.loop


portal = Portal()


def after_fork() -> None:
    """Forget the parent's loop, whose thread does not exist in the child."""
    abandoned.append(portal.loop)
    portal.__init__()  # type: ignore[misc]


abandoned: list[object] = []  # closing the parent's loop would wake the parent
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)


def start(coroutine: Coroutine[None, None, T]) -> Future[T]:
    """Start a coroutine on the loop."""
    return asyncio.run_coroutine_threadsafe(coroutine, portal.running())


def run(coroutine: Coroutine[None, None, T]) -> T:
    """Run a coroutine and wait for it; Ctrl-C cancels it.

    Raises `EmbedError` where the caller is itself run by the loop, which would wait for itself for ever.
    """
    if threading.current_thread() is portal.thread:
        coroutine.close()
        raise EmbedError("a blocking call of vecsmith inside what vecsmith awaits would never end: use AsyncEmbedder")
    return wait(start(coroutine))


def wait(future: Future[T]) -> T:
    """Wait for a future of another thread; Ctrl-C cancels it."""
    try:
        while True:
            try:
                return future.result(GLANCE)
            except TimeoutError:
                if future.done():  # it may be its own
                    return future.result()
    except BaseException:
        future.cancel()
        raise


async def over(coroutine: Coroutine[None, None, T]) -> T:
    """Await a coroutine on the portal's loop, from whatever loop.

    Cancelling the wait cancels it, and waits until it has ended: nothing of it happens afterwards.
    """
    here, there = asyncio.get_running_loop(), portal.running()
    if here is there:
        return await coroutine
    tasks: list[asyncio.Task[T]] = []
    ended = here.create_future()

    def begin() -> None:
        tasks.append(there.create_task(coroutine, context=context))
        tasks[0].add_done_callback(tell)

    def tell(_: object) -> None:
        with suppress(RuntimeError):  # the caller's loop may be closed
            here.call_soon_threadsafe(settle, ended)

    def cancel() -> None:
        tasks[0].cancel()

    context = copy_context()
    there.call_soon_threadsafe(begin)
    try:
        await asyncio.shield(ended)
    except asyncio.CancelledError:
        there.call_soon_threadsafe(cancel)
        await ended
        raise
    return tasks[0].result()


def settle(ended: asyncio.Future[None]) -> None:
    """Tell who still waits."""
    if not ended.done():
        ended.set_result(None)


class Here(threading.local):
    """Whether this thread is driving a coroutine itself."""

    driving = False


here = Here()


def run_here(coroutine: Coroutine[None, None, T]) -> T:
    """Run a coroutine in this thread; all that it may wait for is `answer` and `aside`."""
    before, here.driving = here.driving, True
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    finally:
        here.driving = before
        coroutine.close()
    raise RuntimeError("a coroutine that was run here waited for an event loop")


async def aside(work: Callable[[], T], threads: Executor | None = None) -> T:
    """Do blocking work beside the running loop, or, in `run_here`, at once."""
    return work() if here.driving else await asyncio.get_running_loop().run_in_executor(threads, work)


async def answer(future: Future[T]) -> T:
    """Wait for a future of another thread: on the running loop, or, in `run_here`, by blocking."""
    return wait(future) if here.driving else await asyncio.wrap_future(future)


async def look(future: Future[T], seconds: float) -> T:
    """Wait for a future that others wait for too, so long: giving up does not cancel it.

    Raises `LookupError` where it is not there in time, or may never be: whoever makes it may need this thread's loop.
    """
    try:
        if not here.driving:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), seconds)
        return future.result(0 if in_a_loop() else seconds)
    except TimeoutError:
        raise LookupError("what another call makes is not there yet") from None


def in_a_loop() -> bool:
    """Whether this thread runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True

"""Calls into native libraries that a fork waits for.

A child has the forking thread and no other: a lock that another thread held inside OpenVINO or the tokenizer would be
held there for ever. Only calls that let go of the interpreter's lock matter, since nothing can fork during the others.
"""

import os
import threading
import time
from contextlib import AbstractContextManager
from types import TracebackType

__all__ = ["native"]

REST = 0.01
"""Seconds after a call until its helpers sleep. OpenVINO's share a lock (TBB's, for who works where) and take it once
more when they find nothing left to do, soon after the call has returned."""


class Native(AbstractContextManager[None]):
    """Counts the calls under way; never entered twice by one thread at a time."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.running = 0
        self.ended = 0.0
        self.forking = False

    def __enter__(self) -> None:
        with self.changed:
            self.changed.wait_for(lambda: not self.forking)
            self.running += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.changed:
            self.running -= 1
            self.ended = time.monotonic()
            self.changed.notify_all()

    def before_fork(self) -> None:
        """Let no call begin, and wait until none is under way and the last one's helpers sleep."""
        self.changed.acquire()
        self.changed.wait_for(lambda: not self.forking)
        self.forking = True
        self.changed.wait_for(lambda: self.running == 0)
        time.sleep(max(0.0, self.ended + REST - time.monotonic()))

    def after_fork_in_parent(self) -> None:
        """Let calls begin again."""
        self.forking = False
        self.changed.notify_all()
        self.changed.release()

    def after_fork_in_child(self) -> None:
        """Begin anew: whoever else used the lock is not there."""
        self.changed, self.running, self.forking = threading.Condition(), 0, False


native = Native()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=native.before_fork,
        after_in_parent=native.after_fork_in_parent,
        after_in_child=native.after_fork_in_child,
    )

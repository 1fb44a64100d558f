"""How a server stops: by a signal, when what it has begun is answered."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from vecsmith.server.connection import watch
from vecsmith.server.failures import unseen

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from types import FrameType

    from vecsmith.server.service import Service

__all__ = ["Server"]


class Server(uvicorn.Server):
    """Takes a signal for the end of serving, and not for a failure: the program goes on behind it."""

    def __init__(self, config: uvicorn.Config, service: Service, begun: Callable[[], None]) -> None:
        super().__init__(config)
        self.service, self.begun = service, begun
        self.stop_at: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so."""
        asyncio.get_running_loop().set_exception_handler(unseen)
        await super().startup(sockets)
        watching = watch(self.server_state.connections, self.service.settings.max_waiting)  # type: ignore[arg-type]  # ours
        self.watching = asyncio.ensure_future(watching)
        self.begun()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, when all is answered."""
        try:
            await super().shutdown(sockets)
        finally:
            self.watching.cancel()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at the first signal, at once at a Ctrl-C behind it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        hangup = getattr(signal, "SIGHUP", None)  # there is none on Windows, and `nohup` has it ignored
        heard = [hangup] if hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN else []
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM, *heard)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 (as Python calls it)
        """Begin to stop, after the drain where the signal is one that machines send; a second one cuts that short."""
        again, self.service.stopping = self.service.stopping, True
        if self.should_exit:
            self.force_exit = sig == signal.SIGINT
        elif again or sig == signal.SIGINT or not self.service.settings.drain:
            self.should_exit = True
        else:
            self.stop_at = time.monotonic() + self.service.settings.drain

    async def on_tick(self, counter: int) -> bool:
        """Return whether it is time to stop."""
        if self.stop_at is not None and time.monotonic() >= self.stop_at:
            self.should_exit = True
        return await super().on_tick(counter)

"""One connection of HTTP: how much it may say before it asks, and for how long it may be slow, silent or deaf.

uvicorn reads heads of any size, and waits for ever: for one that does not end, and for a client to read its answer.
"""

from __future__ import annotations

import asyncio
import math
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from vecsmith.server.reading import BEHIND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

__all__ = ["KEEP_ALIVE", "Connection", "watch"]

KEEP_ALIVE = 75
"""Seconds that a connection may be idle: longer than clients keep theirs, so that none meets a closed one."""

MOST_HEAD = 64 * 2**10
"""Bytes of a request's line and headers."""

MOST_BEHIND = 1000
"""Requests that may wait behind another of their connection."""

LINGER = 5.0
"""Seconds that a client has to take leave when it was refused."""

EVERY = 0.5
"""Seconds between two looks at all connections."""

UNSENT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)
MOST_UNSENT = 128 * 2**10
"""Bytes that the system takes before they are under way: with more, it is seen late that a slow client reads on."""

STALLED = 1.5
"""Seconds after which a client that reads nothing is among those that are hung up on where too much is unread."""

WORDS = {
    HTTPStatus.BAD_REQUEST: "this is no request of HTTP that can be read",
    HTTPStatus.REQUEST_TIMEOUT: "the request's headers did not come in time: send it again",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: f"the address and headers have more than {MOST_HEAD:,} bytes",
}


class TooLarge(Exception):  # noqa: N818 (an answer)
    """There is more of a head than is read."""


class Farewell:
    """What an answer is written to: at its end a client that still sends is listened to for a while.

    To hang up on what was not read takes the answer back, by TCP's rules, before the client has seen it.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.write, self.is_closing = connection.transport.write, connection.transport.is_closing

    def close(self) -> None:
        """End the connection."""
        connection = self.connection
        if connection.running is not None and connection.running.more_body and not self.is_closing():
            connection.part()
        else:
            connection.transport.close()


class Connection(HttpToolsProtocol):
    """Reads requests, hands them on, and hangs up on whoever takes too long."""

    def __init__(self, *arguments: Any, patience: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.patience = patience
        """Seconds in which a head must come, and in which something of an answer must be read."""
        self.due = math.inf
        """When the next head must have come."""
        self.in_head = False
        self.size = 0
        """Bytes of the head so far."""
        self.quiet, self.heard = 0, False
        """Bytes that came since the parser last made something of any."""
        self.running: RequestResponseCycle | None = None
        """The request that is answered, where uvicorn's own is the last that came."""
        self.held: tuple[RequestResponseCycle, Any] | None = None
        """A request that waits until the client has read the answer before its own."""
        self.refusal: HTTPStatus | None = None
        """Why the rest is not taken for requests."""
        self.deaf = self.parted = False
        """Whether what comes is forgotten, and whether all is said."""
        self.unread, self.moved = 0, 0.0
        """Bytes that the client has not taken yet, and when their number last changed."""

    @property
    def idle(self) -> bool:
        """Whether no answer is owed."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.disconnected

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        self.due = self.loop.time() + KEEP_ALIVE
        if UNSENT is not None:
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, UNSENT, MOST_UNSENT)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the request that is answered know, be it the last that came or not."""
        super().connection_lost(exc)
        self.lost()

    def lost(self) -> None:
        """Have nothing more written."""
        if self.running is not None:
            self.running.disconnected = True
            self.running.message_event.set()

    def cut(self) -> None:
        """Hang up without another word."""
        self.lost()  # which uvicorn learns a moment later, and writes until then
        self.transport.abort()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin to answer a request, when what was answered before is read."""
        if self.flow.write_paused:
            self.held = cycle, app
        else:
            self.running = cycle
            super()._start_asgi_task(cycle, app)

    def resume_writing(self) -> None:
        """Go on when the client reads."""
        super().resume_writing()
        if self.held is not None:
            (cycle, app), self.held = self.held, None
            self._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        """Read what came; what is no request is refused when those before it are answered."""
        self._unset_keepalive_if_required()
        while data and not self.deaf:
            data = self.fed(data)

    def fed(self, data: bytes) -> bytes:
        """Read as much as there is of one way to speak; return what is to be read anew."""
        self.heard = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return self.without_wish() + data[upgrade.args[0] :]
        except httptools.HttpParserError as error:
            large = isinstance(error.__context__, TooLarge)
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if large else HTTPStatus.BAD_REQUEST)
            return b""
        self.quiet = 0 if self.heard else self.quiet + len(data)
        if self.quiet > MOST_HEAD:
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        return b""

    def without_wish(self) -> bytes:
        """Return a head without its wish to speak something else, which the parser takes for the end of HTTP.

        Java's own client has that wish in its first request, be it one with a body.
        """
        method, release = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT":
            self.refuse(HTTPStatus.BAD_REQUEST)
            return b""
        self.parser = httptools.HttpRequestParser(self)
        kept = (name + b": " + value for name, value in self.headers if name != b"upgrade")
        return b"\r\n".join([method + b" " + self.url + b" HTTP/" + release, *kept, b"", b""])

    def _should_upgrade(self) -> bool:
        """Have requests with such a wish not begun."""
        return True

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self.heard = self.in_head = True
        self.size = 0
        self.due = self.loop.time() + self.patience

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address."""
        self.counted(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; one that comes behind the body is none."""
        self.counted(len(name) + len(value) + len(b": \r\n"))
        if self.in_head:
            super().on_header(name, value)

    def counted(self, size: int) -> None:
        """Count what belongs to the head; raise `TooLarge` where that is too much."""
        self.heard = True
        self.size += size
        if self.size > MOST_HEAD:
            raise TooLarge

    def on_headers_complete(self) -> None:
        """Take a request whose headers were read; let it know whether others of its connection wait behind it."""
        if len(self.pipeline) >= MOST_BEHIND:
            raise TooLarge
        if sum(name == b"host" for name, _ in self.headers) > 1:  # one may be looked at here, another before
            raise ValueError
        self.heard, self.in_head, self.due = True, False, math.inf
        self.scope["extensions"] = {BEHIND: {"requests": self.pipeline}}
        super().on_headers_complete()
        if not self.parser.should_upgrade():
            self.cycle.transport = Farewell(self)  # type: ignore[assignment]  # as much of one as it uses

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self.heard = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        self.heard = True
        if not self.parser.should_upgrade() and self.cycle.response_complete:
            self.cycle.more_body, self.due = False, self.loop.time() + KEEP_ALIVE
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Turn to the next request, if there is one."""
        super().on_response_complete()
        if self.idle:
            sending = self.in_head or self.cycle.more_body
            wait = LINGER if self.deaf else self.patience if sending else KEEP_ALIVE
            self.due = self.loop.time() + wait
            if self.refusal is not None and not self.pipeline:
                self.refuse(self.refusal)

    def refuse(self, status: HTTPStatus) -> None:
        """Answer what is no request, when nothing else is owed any more, and hang up."""
        self.refusal, self.deaf = status, True
        if self.running is self.cycle and self.cycle and self.cycle.more_body and not self.cycle.response_started:
            self.lost()  # it is the body of this one that cannot be read
        if self.parted or not self.idle or self.pipeline or self.transport.is_closing():
            return
        self.logger.warning("a request was refused: %s", WORDS[status])
        body = orjson.dumps({"error": {"message": WORDS[status], "type": "invalid_request_error"}})
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        self.part()

    def part(self) -> None:
        """Say no more, and listen for a while."""
        self.deaf = self.parted = True
        self.transport.write_eof()
        self.due = self.loop.time() + LINGER

    def look(self, now: float) -> None:
        """Hang up where the client takes too long to say what it wants, or to read what it is told."""
        unread = self.transport.get_write_buffer_size()
        if unread != self.unread:
            self.unread, self.moved = unread, now
        elif unread and now - self.moved > self.patience:
            self.cut()
        if self.idle and now > self.due and not self.transport.is_closing():
            if self.in_head and not self.deaf:
                self.refuse(HTTPStatus.REQUEST_TIMEOUT)
            else:
                self.transport.close()


async def watch(connections: Iterable[Connection], most: int) -> None:
    """Look at all connections again and again, and hang up on the slowest readers while more than so much is unread."""
    now = asyncio.get_running_loop().time
    while True:
        await asyncio.sleep(EVERY)
        for connection in list(connections):
            connection.look(now())
        over = sum(connection.unread for connection in connections) - most
        deaf = [each for each in connections if each.unread and now() - each.moved > STALLED]
        for connection in sorted(deaf, key=lambda each: each.moved):
            if over <= 0:
                break
            over -= connection.unread
            connection.cut()

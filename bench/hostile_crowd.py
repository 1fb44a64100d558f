"""Many clients at once that are slow, silent, or gone; and what the server is to others meanwhile.

Each crowd yields what went wrong, a sentence for each.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hostile_wire import BODY, HOST, LENGTH, get, post

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]

SLOW = 3.0
"""Seconds that the server under test gives a body."""

PATIENCE = 30.0
SOON = 10.0
"""Seconds within which others are answered, on a machine that does other things too."""


async def connected(port: int) -> Wire:
    return await asyncio.open_connection("127.0.0.1", port, limit=2**26)


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read an answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(None, 2)[1])
    if status == 100:
        return await answer(reader)
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return status, await reader.readexactly(int(length[1])) if length else b""


@contextmanager
def dropped(wires: list[Wire]) -> Iterator[None]:
    """Let go of all connections in the end."""
    try:
        yield
    finally:
        for _, writer in wires:
            writer.transport.abort()


async def others(port: int) -> list[str]:
    """Ask as anybody does."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(SOON):
            reader, writer = await connected(port)
            writer.write(post(LENGTH))
            status, _ = await answer(reader)
            writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        return [f"others were not answered in {time.monotonic() - began:.1f} s ({type(error).__name__})"]
    return [] if status == 200 else [f"others were answered with {status}"]


async def closed(wires: list[Wire], within: float) -> list[str]:
    """Wait until the server has closed all connections."""

    async def ended(reader: asyncio.StreamReader) -> bool:
        try:
            async with asyncio.timeout(within):
                while await reader.read(2**16):
                    pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True

    left = sum(not each for each in await asyncio.gather(*(ended(reader) for reader, _ in wires)))
    return [f"{left} of {len(wires)} connections were held for {within:.0f} s"] if left else []


async def trickle(port: int, begun: bytes, count: int) -> list[str]:
    """Send a byte a second on many connections."""
    wires = [await connected(port) for _ in range(count)]
    with dropped(wires):
        for _, writer in wires:
            writer.write(begun)

        async def drip() -> None:
            while True:
                await asyncio.sleep(1)
                for _, writer in wires:
                    if not writer.is_closing():
                        writer.write(b"a")

        dripping = asyncio.ensure_future(drip())
        wrong = await others(port)
        wrong += await closed(wires, SLOW * 3 + 2)
        dripping.cancel()
    return wrong


async def slow_heads(port: int) -> list[str]:
    return await trickle(port, b"POST /v1/embeddings HTTP/1.1\r\nhost: a\r\nx-a: ", 200)


async def slow_second_heads(port: int) -> list[str]:
    return await trickle(port, get(b"/health") + b"GET /hea", 200)


async def slow_bodies(port: int) -> list[str]:
    return await trickle(port, post(b"content-length: 100000\r\n", body=b'{"input": "'), 200)


async def slow_chunks(port: int) -> list[str]:
    return await trickle(port, post(b"transfer-encoding: chunked\r\n", body=b"f0000\r\n"), 200)


async def bodies_of_nothing(port: int) -> list[str]:
    """Bodies that are sent slowly to where none is read."""
    return await trickle(port, post(b"content-length: 100000\r\n", body=b"", target=b"/nowhere"), 200)


LARGE = json.dumps({"input": ["a"] * 2000}).encode()


async def never_reading(port: int) -> list[str]:
    """Ask for 16 MB on each of 24 connections, three times, and read nothing."""
    asked = post(b"content-length: %d\r\n" % len(LARGE), body=LARGE) * 3
    wires = [await connected(port) for _ in range(24)]
    with dropped(wires):
        for reader, writer in wires:
            reader._transport.pause_reading()  # noqa: SLF001 (the only way to be so rude)
            writer.write(asked)
        await asyncio.sleep(SLOW)
        wrong = await others(port)
        await asyncio.sleep(SLOW * 3)
        for reader, _ in wires:
            reader._transport.resume_reading()  # noqa: SLF001 (as above)
        return wrong + await closed(wires, PATIENCE)


async def reading_slowly(port: int) -> list[str]:
    """Read a large answer slowly but steadily, longer than one that is not read may lie: it comes whole."""
    reader, writer = await connected(port)
    writer.write(post(b"content-length: %d\r\n" % len(LARGE), b"connection: close\r\n", body=LARGE))
    size = 0
    transport = writer.transport
    with dropped([(reader, writer)]):
        head = await reader.readuntil(b"\r\n\r\n")
        wanted = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])
        while part := await reader.read(2**20):
            size += len(part)
            transport.pause_reading()
            await asyncio.sleep(SLOW / 3)
            transport.resume_reading()
    return [] if size == wanted else [f"a slow reader got {size:,} of {wanted:,} bytes"]


async def pipelined(port: int) -> list[str]:
    """Send 1,000 requests without waiting."""
    reader, writer = await connected(port)
    with dropped([(reader, writer)]):
        writer.write(post(LENGTH) * 1000)
        try:
            async with asyncio.timeout(PATIENCE * 2):
                got = [(await answer(reader))[0] for _ in range(1000)]
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            return [f"1,000 requests at once: {type(error).__name__}"]
    return [] if set(got) == {200} else [f"1,000 requests at once: {sorted(set(got))}"]


async def half_closed(port: int) -> list[str]:
    """Say that no more will be said, before the answer and in the middle of a body."""
    wires = []
    for sent in [post(LENGTH), post(LENGTH, body=BODY[:5]), b"GET /hea", b""] * 50:
        reader, writer = await connected(port)
        writer.write(sent)
        writer.write_eof()
        wires.append((reader, writer))
    with dropped(wires):
        return await others(port) + await closed(wires, SLOW * 3)


async def left(port: int) -> list[str]:
    """Open 2,000 connections, say nothing, and hang up a while later; the half of them by a reset."""
    wires = [await connected(port) for _ in range(2000)]
    with dropped(wires):
        wrong = await others(port)
        for _, writer in wires[::2]:
            writer.transport.abort()
        return wrong + await others(port)


async def gone(port: int) -> list[str]:
    """Hang up while the answer is made, and while the body is sent."""
    for _ in range(10):
        for part in (LARGE, LARGE[:500]):
            _, writer = await connected(port)
            writer.write(post(b"content-length: %d\r\n" % len(LARGE), body=part))
            await asyncio.sleep(0.02)
            writer.transport.abort()
    return await others(port)


async def refused_bodies(port: int) -> list[str]:
    """Send 40 MB to where nothing is, and to a key's error: what is not read is not kept."""
    reader, writer = await connected(port)
    with dropped([(reader, writer)]):
        writer.write(HOST.join([b"POST /nowhere HTTP/1.1\r\n", b"content-length: 40000000\r\n\r\n"]))
        status, _ = await answer(reader)
        writer.write(b"a" * 40_000_000)
        writer.write(get(b"/health"))
        try:
            async with asyncio.timeout(PATIENCE):
                await writer.drain()
                await answer(reader)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # hung up, which is as well
        except TimeoutError:
            return ["a body that nobody reads held up its connection"]
    return [] if status == 404 else [f"nowhere was {status}"]


CROWDS: Mapping[str, Callable[[int], Coroutine[None, None, list[str]]]] = {
    "200 heads, a byte a second": slow_heads,
    "200 second heads, a byte a second": slow_second_heads,
    "200 bodies, a byte a second": slow_bodies,
    "200 chunked bodies, a byte a second": slow_chunks,
    "200 bodies, a byte a second, to no route": bodies_of_nothing,
    "24 clients that read nothing": never_reading,
    "one that reads slowly": reading_slowly,
    "1,000 requests at once on one line": pipelined,
    "200 half-closed connections": half_closed,
    "2,000 connections opened and left": left,
    "20 clients that hang up": gone,
    "a body that nobody reads": refused_bodies,
}

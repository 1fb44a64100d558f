"""Stop a server under load, again and again: every request whose headers it had read is answered to the last byte.

    python bench/stopping.py [--rounds 20]

Clients of four kinds, over plain sockets, ask ``vecsmith serve`` until it is gone; after a moment it gets SIGTERM.
Most requests say ``Expect: 100-continue``, and wait for the server's word that it has read their headers before they
send the body: from then on the answer is owed. A request without that word is owed nothing until its answer has begun.
Needs vecsmith with its `dev` extra, not the peers' environment. Ends with exit code 1 where an answer was owed and did
not come whole, where the server did not end well, or where it was never stopped with requests under way.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import options
from table import render, spread

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from served import started

if TYPE_CHECKING:
    import subprocess

PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Kind:
    """How a client asks."""

    name: str
    texts: int
    pieces: int = 1
    """In which the body is sent, a little time apart."""
    expects: bool = True
    behind: int = 0
    """Requests sent behind the first without waiting for its answer."""


KINDS = (
    Kind("a short text", 1),
    Kind("64 texts", 64),
    Kind("a slow body", 8, pieces=20),
    Kind("two behind it", 4, behind=2),
    Kind("no word asked for", 2, expects=False),
)
CLIENTS = 4
"""Of each kind."""


@dataclass(slots=True)
class Count:
    """What became of the requests of a kind."""

    asked: int = 0
    owed: int = 0
    whole: int = 0
    under_way: int = 0
    """Owed when the server was told to stop."""
    lost: list[str] = field(default_factory=list)
    open: int = 0


class Gone(Exception):  # noqa: N818 (what is meant to happen, and no mistake)
    """The server closed a connection on which nothing was owed."""


async def ask(kind: Kind, count: Count, address: tuple[str, int]) -> None:
    """Send one request, and those behind it, and read the answers."""
    body = json.dumps({"input": [f"text {i} of some length" for i in range(kind.texts)]}).encode()
    head = f"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n".encode()
    try:
        reader, writer = await asyncio.open_connection(*address, limit=2**24)
    except OSError:
        raise Gone from None
    owed = 0
    try:
        count.asked += 1 + kind.behind
        writer.write(head + (b"Expect: 100-continue\r\n\r\n" if kind.expects else b"\r\n"))
        if kind.expects:
            await read_word(reader)
            owed = 1
            count.open += 1
        size = -(-len(body) // kind.pieces)
        for place in range(0, len(body), size):
            writer.write(body[place : place + size])
            await writer.drain()
            await asyncio.sleep(0.02 * (kind.pieces > 1))
        writer.write((head + b"\r\n" + body) * kind.behind)
        await read_answers(kind, count, reader)
    except (OSError, asyncio.IncompleteReadError) as error:
        count.lost += [f"{kind.name}: {error!r}"] * owed
        raise Gone from None
    finally:
        count.owed += owed
        count.open -= owed
        writer.close()


async def read_word(reader: asyncio.StreamReader) -> None:
    """Wait until the server says that it has read the headers."""
    try:
        line = await reader.readuntil(b"\r\n\r\n")
    except (OSError, asyncio.IncompleteReadError):
        raise Gone from None
    if not line.startswith(b"HTTP/1.1 100"):
        raise Gone


async def read_answers(kind: Kind, count: Count, reader: asyncio.StreamReader) -> None:
    """Read the answer to each request; those behind the first are owed nothing until theirs begin."""
    for number in range(1 + kind.behind):
        first = await reader.read(1)
        if not first:
            if number == 0 and kind.expects:
                raise asyncio.IncompleteReadError(b"", None)
            raise Gone
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
        vectors = json.loads(await reader.readexactly(length)).get("data", ())
        if len(vectors) == kind.texts:
            count.whole += 1
        else:
            count.lost.append(f"{kind.name}: {len(vectors)} vectors, {head.splitlines()[0]}")


async def client(kind: Kind, count: Count, address: tuple[str, int]) -> None:
    """Ask until the server is gone."""
    while True:
        try:
            await asyncio.wait_for(ask(kind, count, address), PATIENCE)
        except Gone:
            return
        except TimeoutError:
            count.lost.append(f"{kind.name}: no answer in {PATIENCE:.0f} seconds")
            return


async def load(process: subprocess.Popen[str], address: tuple[str, int], after: float) -> dict[str, Count]:
    """Let all clients ask, and stop the server after so many seconds."""
    counts = {kind.name: Count() for kind in KINDS}
    clients = [
        asyncio.ensure_future(client(kind, counts[kind.name], address)) for kind in KINDS for _ in range(CLIENTS)
    ]
    await asyncio.sleep(after)
    for count in counts.values():
        count.under_way = count.open
    process.send_signal(signal.SIGTERM)
    await asyncio.gather(*clients)
    return counts


def stop_once(numbers: random.Random) -> tuple[dict[str, Count], float, int]:
    """Return what became of the requests, the seconds until the server had ended, and its exit code."""
    with started("--log-format", "none") as (address, process):
        parts = urlsplit(address)
        after = numbers.uniform(0.5, 2.5)
        begun = time.monotonic()
        counts = asyncio.run(load(process, (str(parts.hostname), int(parts.port or 0)), after))
        code = process.wait(PATIENCE)
        return counts, time.monotonic() - begun - after, code


def main() -> None:
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("--rounds", type=int, default=20, help="how often it is stopped (default: %(default)s)")
    command.add_argument("--json", type=Path, metavar="FILE", help="write the raw numbers to this file")
    arguments = command.parse_args()
    numbers = random.Random(7)
    rounds = [stop_once(numbers) for _ in range(arguments.rounds)]
    rows, raw, missed = [], {}, []
    for kind in KINDS:
        counts = [each[kind.name] for each, _, _ in rounds]
        sums = [
            sum(values) for values in zip(*((c.asked, c.under_way, c.whole, len(c.lost)) for c in counts), strict=True)
        ]
        rows.append([kind.name, str(CLIENTS), *(f"{value:,}" for value in sums)])
        raw[kind.name] = dict(zip(("asked", "under_way", "whole", "lost"), sums, strict=True))
        missed += [fault for count in counts for fault in count.lost]
    print(render(("request", "clients", "asked", "owed at SIGTERM", "answered whole", "lost"), rows))
    seconds = [seconds for _, seconds, _ in rounds]
    codes = sorted({code for _, _, code in rounds})
    print(f"\n{arguments.rounds} stops took {spread(seconds):.2f} s each and ended with exit code {codes}")
    missed += ["the server did not end with exit code 0"] if codes != [0] else []
    missed += [] if any(each["under_way"] for each in raw.values()) else ["nothing was under way at SIGTERM"]
    options.save(arguments.json, {"requests": raw, "seconds": seconds, "codes": codes, "missed": missed})
    options.judge(missed)


if __name__ == "__main__":
    main()

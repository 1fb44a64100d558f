"""Measure the server: requests per second beside infinity, what it adds to the library, long requests, lanes.

    python bench/served.py [--only rate|added|many|lanes] [--rounds 5] [--seconds 5]

``rate``: one short text each, distinct, no cache; vecsmith ÷ infinity (torch engine, same model,
in `bench/.infinity`, which `bench/foreign.py` says how to make) with one connection and with 32, in turns.
``added``: the median of a short text on a raw, kept connection, less the library's own in this process, in turns.
``many``: 1,000 texts in one request, base64, ÷ the library's own time for them.
``lanes``: the 99th percentile of short texts while others send 1,000 texts at a time without end, ÷ when idle.

Runs with a Python that has vecsmith. The client is `raw_http.py`: it makes requests beforehand and parses no number.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from raw_http import Line, asked, request, vecsmith_server
from table import paired, render, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

WORDS = ("the", "cat", "sat", "on", "a", "mat", "and", "looked", "at", "rain", "that", "fell", "roof", "old", "house")
Row = list[str]

OURS, INFINITYS = "/v1/embeddings", "/embeddings"
"""Where each has the route."""


def text_of(number: int, words: int = 8) -> str:
    """Return a text of its own."""
    return f"{number} " + " ".join(WORDS[(number * 7 + place * 3) % len(WORDS)] for place in range(words))


def short(first: int, count: int, path: str = OURS) -> list[bytes]:
    """Return requests with one short text each."""
    return [request({"input": text_of(number), "model": "minilm"}, path) for number in range(first, first + count)]


class Numbers:
    """Numbers that no text had yet."""

    def __init__(self) -> None:
        self.next = 0

    def take(self, count: int) -> int:
        self.next += count
        return self.next - count


fresh = Numbers()


async def rate(port: int, path: str, connections: int, seconds: float) -> float:
    """Return the requests answered in a second."""
    done, end = 0, time.perf_counter() + seconds

    async def client() -> None:
        nonlocal done
        while time.perf_counter() < end:
            batch = short(fresh.take(20), 20, path)
            await asked(port, batch)
            done += len(batch)

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    return done / (time.perf_counter() - start)


def rates(options: argparse.Namespace) -> list[Row]:
    from foreign import INFINITY, KEY, server
    from peers import MODEL

    del KEY
    rows = []
    with ExitStack() as opened:
        theirs = int(opened.enter_context(server(INFINITY, MODEL, key=None)).rpartition(":")[2])
        ours = opened.enter_context(vecsmith_server()).port
        for connections, wanted in ((1, 7), (32, 4)):
            contenders = ((ours, OURS), (theirs, INFINITYS))
            for port, path in contenders:
                asyncio.run(rate(port, path, connections, 1))
            pairs = [
                [asyncio.run(rate(port, path, connections, options.seconds)) for port, path in contenders]
                for _ in range(options.rounds)
            ]
            mine, others = zip(*pairs, strict=True)
            rows.append(row(f"requests/s, {connections} at once", mine, others, f"≥ {wanted}"))
    return rows


def row(what: str, ours: Sequence[float], theirs: Sequence[float], wanted: str, *, spec: str = ".0f") -> Row:
    return [what, f"{spread(ours):{spec}}", f"{spread(theirs):{spec}}", f"{paired(ours, theirs):.2f}", wanted]


def added(options: argparse.Namespace) -> list[Row]:
    from vecsmith import Embedder

    with vecsmith_server() as server, Embedder() as embedder:
        line = Line(server.port)
        pairs = []
        for _ in range(options.rounds + 1):
            texts = [text_of(fresh.take(1)) for _ in range(300)]
            own = statistics.median(timed(partial(embedder.embed, text)) for text in texts)
            bodies = short(fresh.take(300), 300)
            served = statistics.median(timed(partial(line.ask, body)) for body in bodies)
            pairs.append((served * 1e3, own * 1e3))
        mine, others = zip(*pairs[1:], strict=True)
        extra = spread([a - b for a, b in pairs[1:]])
    return [
        ["one short text, ms, ÷ library", f"{spread(mine):.2f}", f"{spread(others):.2f}", f"+{extra:.2f}", "≤ +0.50"]
    ]


def many(options: argparse.Namespace) -> list[Row]:
    from vecsmith import Embedder

    with vecsmith_server() as server, Embedder() as embedder:
        line = Line(server.port)
        pairs = []
        for _ in range(options.rounds + 1):
            texts = [text_of(fresh.take(1), 8 + number % 40) for number in range(1000)]
            body = request({"input": texts, "model": "minilm", "encoding_format": "base64"})
            pairs.append((timed(partial(line.ask, body)), timed(partial(embedder.embed, texts))))
        mine, others = zip(*pairs[1:], strict=True)
    return [row("1,000 texts, s, ÷ library", mine, others, "≤ 1.15", spec=".3f")]


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def slowest(port: int, count: int) -> float:
    """Return the 99th percentile of short texts, in milliseconds."""
    line, times = Line(port), []
    for body in short(fresh.take(count), count):
        times.append(timed(partial(line.ask, body)) * 1e3)
        time.sleep(0.005)
    line.close()
    return statistics.quantiles(times, n=100)[98]


@contextmanager
def saturated(port: int, clients: int = 2) -> Iterator[None]:
    """Send 1,000 texts at a time without end, until the block ends."""
    stop = threading.Event()

    def client() -> None:
        line = Line(port)
        while not stop.is_set():
            texts = [text_of(fresh.take(1), 8 + number % 40) for number in range(1000)]
            line.ask(request({"input": texts, "model": "minilm", "encoding_format": "base64"}))

    threads = [threading.Thread(target=client, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def lanes(options: argparse.Namespace) -> list[Row]:
    with vecsmith_server() as server:
        port = server.port
        slowest(port, 100)
        pairs = []
        for _ in range(options.rounds):
            idle = slowest(port, 300)
            with saturated(port):
                pairs.append((slowest(port, 300), idle))
        mine, others = zip(*pairs, strict=True)
    return [row("p99 of short texts, ms: under bulk, idle", mine, others, "≤ 5, ≤ 10 ms", spec=".2f")]


PARTS: dict[str, Callable[[argparse.Namespace], list[Row]]] = {
    "rate": rates,
    "added": added,
    "many": many,
    "lanes": lanes,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=tuple(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    rows = []
    for name, part in PARTS.items():
        if options.only in {None, name}:
            rows += part(options)
            print(render(("what", "vecsmith", "other", "ratio", "wanted"), rows[-2:]), file=sys.stderr)
    print(render(("what", "vecsmith", "other", "ratio", "wanted"), rows))


if __name__ == "__main__":
    main()

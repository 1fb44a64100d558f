"""Let 64 clients of every dialect at the server for ten minutes, and check every vector against the library's.

    python bench/served_soak.py [--minutes 10] [--clients 64] [--texts 32] [--seed 1]

Each client sends, time and again, one of: some texts in one of the dialects, written and read by vecsmith's own client
halves; a request that it hangs up on; garbage. Counted are answers of 500 and above, vectors whose cosine to the
library's is below 0.9999, and the server's memory from minute 2 on. Ends with exit code 1 where one of these is not
as it must be. A request has up to `--texts` texts, up to 96: with more of them than the machine can compute, the server
refuses some, and these count. Runs with a Python that has vecsmith; needs neither data nor peers.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import numpy as np

from raw_http import vecsmith_server
from table import render
from vecsmith import Embedder
from vecsmith.dialects import Asked
from vecsmith.dialects.azure import AzureClient
from vecsmith.dialects.cohere import CohereClient
from vecsmith.dialects.gemini import GeminiClient
from vecsmith.dialects.jina import JinaClient
from vecsmith.dialects.mistral import MistralClient
from vecsmith.dialects.ollama import OllamaClient
from vecsmith.dialects.openai import OpenAIClient
from vecsmith.dialects.tei import TEIClient
from vecsmith.dialects.voyage import VoyageClient
from vecsmith.wire import HttpResponse, Service

if TYPE_CHECKING:
    from vecsmith.dialects import ClientSide

DIALECTS: tuple[tuple[str, str, ClientSide, str | None], ...] = (
    ("openai", "/openai/v1", OpenAIClient(), None),
    ("root", "/v1", OpenAIClient(base64=False), None),
    ("azure", "", AzureClient(version="2024-10-21"), None),
    ("gemini", "/gemini", GeminiClient(), None),
    ("cohere", "/cohere", CohereClient(), "search_document"),
    ("voyage", "/voyage/v1", VoyageClient(), None),
    ("mistral", "/mistral", MistralClient(), None),
    ("jina", "/jina/v1", JinaClient(), None),
    ("ollama", "/ollama", OllamaClient(), None),
    ("tei", "/tei", TEIClient(), None),
)
"""Name, prefix, how it is written and read, and a task where there must be one."""

GARBAGE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 9\r\n\r\nhello",
    b"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n[[[",
    b"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    b"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\n\r\n" + b"[" * 200_000,
    b"POST /v2/embed HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}",
    b"\r\n" * 1000,
)
FLAT = 1.05


def texts_of(count: int, seed: int) -> list[str]:
    """Return texts of all sizes."""
    chance = random.Random(seed)
    words = [
        f"{part}{end}" for part in ("river", "stone", "green", "march", "winter", "paper") for end in ("", "s", "ly")
    ]
    sizes = [chance.choice((3, 8, 20, 60, 150)) for _ in range(count)]
    return [f"{number} " + " ".join(chance.choices(words, k=size)) for number, size in enumerate(sizes)]


@dataclass
class Seen:
    """What became of everything sent."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: int = 0
    failed: list[str] = field(default_factory=list)
    memory: list[tuple[float, int]] = field(default_factory=list)


@dataclass
class Soak:
    """The clients, and what they share."""

    port: int
    texts: list[str]
    vectors: np.ndarray
    session: aiohttp.ClientSession
    seen: Seen
    end: float
    most: int
    """Texts of a request."""

    async def client(self, seed: int) -> None:
        """Send until the time is over."""
        chance = random.Random(seed)
        while time.monotonic() < self.end:
            act = chance.choices((self.embed, self.hang_up, self.garbage), (80, 10, 10))[0]
            try:
                async with asyncio.timeout(120):
                    await act(chance)
            except TimeoutError:
                self.seen.failed.append(f"{act.__name__}: no answer in 120 s")

    async def embed(self, chance: random.Random) -> None:
        """Have some texts embedded, and look at the vectors."""
        name, prefix, dialect, task = chance.choice(DIALECTS)
        size = 1 if chance.random() < 0.6 else chance.randint(2, self.most)
        places = chance.sample(range(len(self.texts)), size)
        asked = Asked([self.texts[place] for place in places], "minilm", task)
        service = Service(name, f"http://127.0.0.1:{self.port}{prefix}", "a-key")
        request = dialect.build_request(service, asked)
        async with self.session.post(request.url, data=request.body, headers=dict(request.headers)) as answer:
            body = await answer.read()
        self.seen.counts[f"{answer.status}"] += 1
        if answer.status != 200:
            self.seen.failed.append(f"{name}: {answer.status} {body[:200].decode('utf-8', 'replace')}")
            return
        headers = {key.lower(): value for key, value in answer.headers.items()}
        got = dialect.read_response(HttpResponse(200, headers, body), asked).vectors
        got = got / np.linalg.norm(got, axis=1, keepdims=True)
        self.seen.wrong += int(((got * self.vectors[places]).sum(axis=1) < 0.9999).sum())
        self.seen.counts[name] += 1

    async def hang_up(self, chance: random.Random) -> None:
        """Send a request, whole or in part, and go."""
        service = Service("openai", "", None)
        asked = Asked(chance.sample(self.texts, chance.randint(1, 2 * self.most)), "minilm")
        body = OpenAIClient().build_request(service, asked).body
        head = f"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
        await self.send(head + body[: chance.choice((len(body), len(body) // 2, 0))], chance.uniform(0, 0.2))

    async def garbage(self, chance: random.Random) -> None:
        """Send what is no request."""
        await self.send(chance.choice((*GARBAGE, chance.randbytes(chance.randint(1, 5000)))), 0.05)

    async def send(self, sent: bytes, seconds: float) -> None:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(sent)
            await asyncio.sleep(seconds)
            writer.close()
        self.seen.counts["hung up or garbage"] += 1

    async def watch(self, pid: int, start: float) -> None:
        """Look at the server's memory every second."""
        while time.monotonic() < self.end:
            self.seen.memory.append((time.monotonic() - start, resident(pid)))
            await asyncio.sleep(1)


def resident(pid: int) -> int:
    """Return the bytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4096


async def run(port: int, pid: int, options: argparse.Namespace) -> Seen:
    texts = texts_of(3000, options.seed)
    with Embedder() as embedder:
        vectors = embedder.embed(texts, on_long="truncate").vectors
    seen, start = Seen(), time.monotonic()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        soak = Soak(port, texts, vectors, session, seen, start + 60 * options.minutes, options.texts)
        await asyncio.gather(soak.watch(pid, start), *(soak.client(options.seed + n) for n in range(options.clients)))
    return seen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--texts", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with vecsmith_server("--on-long", "truncate") as server:
        seen = asyncio.run(run(server.port, server.pid, options))
    settled = min(120.0, 60 * options.minutes / 5)
    early = max(size for at, size in seen.memory if at <= settled)
    late = max(size for at, size in seen.memory if at > settled)
    ours = sum(count for name, count in seen.counts.items() if name.isdecimal() and int(name) >= 500)
    rows = [
        ["answers of 500 and above", str(ours), "0"],
        ["wrong vectors", str(seen.wrong), "0"],
        ["other failures", str(len(seen.failed) - ours), "0"],
        [
            f"memory, most after {settled:.0f} s ÷ most before",
            f"{late / 1e6:.0f} / {early / 1e6:.0f} MB = {late / early:.3f}",
            f"≤ {FLAT}",
        ],
    ]
    rows += [[name, f"{count:,}", ""] for name, count in sorted(seen.counts.items())]
    print(render(("what", "seen", "wanted"), rows))
    for line in seen.failed[:10]:
        print(line, file=sys.stderr)
    return int(bool(ours or seen.wrong or seen.failed or late / early > FLAT))


if __name__ == "__main__":
    sys.exit(main())

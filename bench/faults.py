"""Send 100,000 texts through services that fail a fifth of the time, restart, and are cancelled.

    python bench/faults.py [--texts 100000]

The services are the tests' stub (tests/stub_service.py, in a process of its own), whose vectors follow from the text
alone. For each provider every vector is compared with its text's; no text may be missing, out of place or doubled in
the result. Then one service is killed and started again ten times under a call, and what it answered is compared with
what it was asked. Then a call is cancelled a hundred times at random moments, and looked after: no request may come
after it, and no task, socket or place among the requests may be left. Needs vecsmith with its `dev` extra, not the
peers' environment. Ends with exit code 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from table import render

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from typing import TYPE_CHECKING

from stub_service import vector_of
from stubs import PATHS, stub
from vecsmith import AsyncEmbedder, Embedder, ProviderError
from vecsmith.pacing import pacers
from vecsmith.portal import portal
from vecsmith.transport import HttpTransport

if TYPE_CHECKING:
    from vecsmith.wire import HttpRequest, HttpResponse

MODELS = (
    *("openai:text-embedding-3-small", "gemini:gemini-embedding-001", "cohere:embed-v4.0", "voyage:voyage-4"),
    *("mistral:mistral-embed", "jina:jina-embeddings-v3", "azure:deployment", "ollama:some-model", "tei:some-model"),
    *("huggingface:org/model", "together:some-model"),
)
WIDTH = 16
FAULTS = 0.2


def narrow(embedder: Embedder | AsyncEmbedder, **limits: int) -> None:
    """Let a model have the stub's width, and other limits."""
    generator = embedder.generator
    row = replace(generator.model, dimensions=WIDTH, limits=replace(generator.model.limits, **limits))
    generator.model = row


def wrong(vectors: np.ndarray, texts: list[str]) -> int:
    """Count the vectors that are not their text's."""
    expected = np.stack([vector_of(text) for text in texts])
    return int((np.abs(vectors - expected).max(axis=1) > 1e-5).sum())


def through_faults(model: str, texts: list[str]) -> list[str]:
    with stub(faults=FAULTS, seed=7) as service:
        address = service.address + PATHS[model.partition(":")[0]]
        with Embedder(model, base_url=address, api_key="k") as embedder:
            narrow(embedder)
            start = time.monotonic()
            result = embedder.embed(texts)
            seconds = time.monotonic() - start
            lost = len(texts) - len(result)
            bad = wrong(result.vectors, texts)
        statuses = service.seen()["statuses"]
    return [model, f"{len(texts):,}", str(lost), str(bad), f"{sum(statuses.values()):,}", f"{seconds:.1f}"]


class Recording:
    """A transport that notes the texts that were answered, and those that were sent again all the same."""

    def __init__(self, inner: HttpTransport) -> None:
        self.inner = inner
        self.answered: set[str] = set()
        self.again: set[str] = set()
        self.failures = 0

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 (as in the protocol)
        texts = set(json.loads(request.body)["input"])
        self.again |= texts & self.answered
        try:
            response = await self.inner.send(request, timeout=timeout)
        except ProviderError:
            self.failures += 1
            raise
        self.answered |= texts
        return response

    async def aclose(self) -> None:
        await self.inner.aclose()


async def through_restarts(texts: list[str], times: int = 10) -> list[str]:
    """Kill the service under a call and start it again; what it had answered is not asked for again."""
    start = time.monotonic()
    with stub(delay=0.05) as service:
        port = int(service.address.rpartition(":")[2])
        made = AsyncEmbedder("m", base_url=f"{service.address}/v1", concurrency=8)
        await made.open()
        narrow(made, items=20)
        seen = made.generator.transport = Recording(HttpTransport("m"))
        call = asyncio.create_task(made.embed(texts))
        await asyncio.sleep(0.7)
    for _ in range(times):
        with stub(delay=0.05, port=port):
            await asyncio.wait([call], timeout=0.7)
    with stub(port=port):
        result = await call
        await made.aclose()
    bad, seconds = wrong(result.vectors, texts), time.monotonic() - start
    print(f"restarts: {seen.failures} requests failed", file=sys.stderr)
    return [
        "restarts",
        f"{len(texts):,}",
        str(len(texts) - len(result)),
        str(bad),
        f"{len(seen.again)} twice",
        f"{seconds:.1f}",
    ]


async def through_cancels(texts: list[str], times: int = 100) -> list[str]:
    chance, late = random.Random(2), 0
    with stub(delay=0.01, memory=True) as service:
        async with AsyncEmbedder("m", base_url=f"{service.address}/v1") as made:
            narrow(made, items=50)
            start = time.monotonic()
            for _ in range(times):
                call = asyncio.create_task(made.embed(texts))
                await asyncio.sleep(chance.uniform(0, 0.5))
                call.cancel()
                await asyncio.gather(call, return_exceptions=True)
                (pacer,) = pacers[portal.running()].values()
                late += pacer.under_way + len([t for t in asyncio.all_tasks(portal.running()) if not t.done()])
            seconds = time.monotonic() - start
            await asyncio.sleep(0.5)
            before = sum((await asyncio.to_thread(service.seen))["statuses"].values())
            await asyncio.sleep(1)
            late += sum((await asyncio.to_thread(service.seen))["statuses"].values()) - before
            held = pacer.under_way
    left = len([t for t in asyncio.all_tasks(portal.running()) if not t.done()])
    return ["cancels", f"{len(texts):,} x {times}", str(late), str(held), f"{left} tasks", f"{seconds:.1f}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=100_000)
    asked = parser.parse_args()
    texts = [f"text number {number}" for number in range(asked.texts)]
    rows = [asyncio.run(through_cancels(texts)), asyncio.run(through_restarts(texts[:20_000]))]
    for model in MODELS:
        rows.append(through_faults(model, texts))
        print(rows[-1], file=sys.stderr)
    print(render(["service", "texts", "lost", "wrong", "requests", "seconds"], rows))
    return int(
        any(row[2] != "0" or row[3] != "0" for row in rows) or rows[0][4] != "0 tasks" or rows[1][4] != "0 twice"
    )


if __name__ == "__main__":
    sys.exit(main())

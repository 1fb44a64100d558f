"""Embed many short texts with one client against a service, and print the seconds and the memory it took as JSON.

    python bench/remote_worker.py vecsmith|openai ADDRESS TEXTS

The vectors end in one numpy array, in order. Memory is the peak of the process less what it held before, warmed up, and
less the array itself.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time

import numpy as np
import psutil

WIDTH = 1536
BATCH = 128
IN_FLIGHT = 32


def texts_of(count: int) -> list[str]:
    return [f"a short text of a few words, number {number}" for number in range(count)]


async def with_openai(address: str, texts: list[str]) -> np.ndarray:
    """Do what a careful user of the official client writes."""
    from openai import AsyncOpenAI

    vectors = np.empty((len(texts), WIDTH), np.float32)
    slots = asyncio.Semaphore(IN_FLIGHT)
    async with AsyncOpenAI(base_url=address, api_key="x", max_retries=0) as client:

        async def batch(start: int) -> None:
            async with slots:
                part = texts[start : start + BATCH]
                answer = await client.embeddings.create(model="text-embedding-3-small", input=part)
                for item in answer.data:
                    vectors[start + item.index] = item.embedding

        await asyncio.gather(*(batch(start) for start in range(0, len(texts), BATCH)))
    return vectors


async def with_vecsmith(address: str, texts: list[str]) -> np.ndarray:
    from dataclasses import replace

    from vecsmith import AsyncEmbedder

    model = "openai:text-embedding-3-small"
    async with AsyncEmbedder(model, api_key="x", base_url=address, concurrency=IN_FLIGHT) as embedder:
        generator = embedder.generator
        generator.model = replace(generator.model, limits=replace(generator.model.limits, items=BATCH))
        return (await embedder.embed(texts)).vectors


def main() -> None:
    client = {"openai": with_openai, "vecsmith": with_vecsmith}[sys.argv[1]]
    address, texts = sys.argv[2], texts_of(int(sys.argv[3]))
    asyncio.run(client(address, texts[: 4 * BATCH]))  # warm
    held = psutil.Process().memory_info().rss
    start = time.monotonic()
    vectors = asyncio.run(client(address, texts))
    seconds = time.monotonic() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # before the checks, which take memory too
    assert vectors.shape == (len(texts), WIDTH)
    assert np.isfinite(vectors).all()
    print(json.dumps({"seconds": seconds, "above": peak - held - vectors.nbytes, "sum": float(vectors[:, 0].sum())}))


if __name__ == "__main__":
    main()

"""Measure how much of a provider's allowance is used, and how often it refuses, on a stub that enforces both budgets.

    python bench/paced.py [--requests 3000] [--tokens 1000000] [--seconds 140] [--silent]

The stub (tests/stub_service.py, in a process of its own) has a token bucket for requests and one for tokens, each with
a burst of one second. Texts are such that both budgets run out at about the same time. What the service counted is
read after the first 20 seconds and at the end; the share is what it let through between, of what the scarcer budget
allows. With --silent it sends no headers, and the pace must be learnt from refusals alone.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from stub_service import tokens_of  # the tests' own stub
from stubs import Stub, stub
from table import render
from vecsmith import AsyncEmbedder

SETTLE = 20.0
ITEMS = 8
"""Texts of a request."""


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=140.0)
    parser.add_argument("--delay", type=float, default=0.05, help="seconds the stub takes to answer")
    parser.add_argument("--silent", action="store_true")
    return parser.parse_args()


def text_of(number: int, tokens: int) -> str:
    """Return a text of its own with so many tokens as the stub counts them."""
    return f"{number} ".ljust(4 * tokens, "x")


async def work(service: Stub, asked: argparse.Namespace) -> tuple[dict[str, int], dict[str, int], float]:
    """Embed without end; return what the service had counted after settling and at the end, and the seconds between."""
    tokens = asked.tokens // asked.requests // ITEMS
    assert tokens_of(text_of(1, tokens)) == tokens
    async with AsyncEmbedder("m", base_url=f"{service.address}/v1") as embedder:
        generator = embedder.generator
        generator.model = replace(generator.model, limits=replace(generator.model.limits, items=ITEMS))

        async def run() -> None:
            async for _ in embedder.stream(text_of(number, tokens) for number in range(10**9)):
                pass

        task = asyncio.create_task(run())
        await asyncio.sleep(SETTLE)
        start, before = time.monotonic(), (await asyncio.to_thread(service.seen))["counts"]
        await asyncio.sleep(asked.seconds - SETTLE)
        seconds, after = time.monotonic() - start, (await asyncio.to_thread(service.seen))["counts"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return before, after, seconds


def main() -> int:
    asked = options()
    with stub(
        requests=asked.requests, tokens=asked.tokens, delay=asked.delay, headers=not asked.silent, memory=True
    ) as service:
        before, after, seconds = asyncio.run(work(service, asked))
    done = {name: after[name] - before[name] for name in after}
    shares = [done[name] / (getattr(asked, name) * seconds / 60) for name in ("requests", "tokens")]
    refused = done["refused"] / (done["requests"] + done["refused"])
    rows = [
        ["requests let through ÷ allowed", f"{done['requests']:,}", f"{shares[0]:.2%}", ""],
        ["tokens let through ÷ allowed", f"{done['tokens']:,}", f"{shares[1]:.2%}", ""],
        ["the scarcer of the two", "", f"{max(shares):.2%}", "≥ 97%"],
        ["answers that are 429", f"{done['refused']:,}", f"{refused:.2%}", "< 1%"],
    ]
    print(render(["measure", "count", "share", "wanted"], rows))
    print(f"{seconds:.0f} s after the first {SETTLE:g}; burst of one second; headers: {not asked.silent}")
    return int(max(shares) < 0.97 or refused >= 0.01)


if __name__ == "__main__":
    sys.exit(main())

"""A stub of every provider's service, in a process of its own, with faults on demand.

    echo '{"open": {"faults": 0.2, "seed": 1}}' | cat - /dev/tty | python tests/stub_service.py

prints a port and answers there. Each line of standard input opens one, with settings of its own, or closes one, as
``{"close": 1234}``; all end with it. Vectors follow from the text alone, so that a test can tell whose vector it got.
What a service was sent is counted at ``/stub/seen``.
"""

import asyncio
import hashlib
import json
import random
import sys
import time
from collections import Counter

import numpy as np
from aiohttp import web

import stub_dialects
import stub_dialects_b
from stub_dialects import Refusal, refusal

WIDTH = 16


def vector_of(text, width=WIDTH):
    """Return the vector of a text, of length one."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
    vector = np.random.default_rng(seed).standard_normal(width)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def tokens_of(text):
    return max(1, len(text.encode()) // 4)


def counting(path):
    """Return what counts with a ``tokenizer.json``."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(path)
    return lambda text: len(tokenizer.encode(text).ids)


class Bucket:
    """A minute's budget that fills steadily."""

    def __init__(self, limit, burst):
        self.limit, self.burst = limit, burst
        self.level, self.at = burst, time.monotonic()

    def take(self, cost):
        now = time.monotonic()
        self.level = min(self.burst, self.level + (now - self.at) * self.limit / 60)
        self.at = now
        if self.level < cost:
            return False
        self.level -= cost
        return True

    def missing(self, cost):
        """Seconds until so much is there."""
        return (cost - self.level) * 60 / self.limit


class Stub:
    """What the service is told to do, and what it saw."""

    def __init__(self, settings):
        self.faults = settings.get("faults", 0.0)
        self.kinds = settings.get("kinds", list(FAULTS))
        self.random = random.Random(settings.get("seed", 0))
        self.key = settings.get("key")
        self.width = settings.get("width", WIDTH)
        self.headers = settings.get("headers", True)
        self.delay = settings.get("delay", 0.0)
        self.max_items = settings.get("max_items")
        self.max_bytes = settings.get("max_bytes")
        self.max_tokens = settings.get("max_tokens")
        self.tokens_of = counting(settings["tokenizer"]) if "tokenizer" in settings else tokens_of
        self.echoes = settings.get("echoes", False)
        """Whether a refusal of a key repeats all headers, as careless services and proxies do."""
        self.pauses = list(settings.get("pauses", ()))
        """Seconds that the first requests are told to wait."""
        self.quota = settings.get("quota", False)
        self.models = settings.get("models")
        self.memory = settings.get("memory", False)
        burst = settings.get("burst_seconds", 1.0) / 60
        self.buckets = {
            name: Bucket(settings[name], max(1, settings[name] * burst))
            for name in ("requests", "tokens")
            if name in settings
        }
        self.statuses = Counter()
        self.counts = Counter(requests=0, tokens=0, refused=0)
        self.texts = Counter()
        self.bodies = []
        self.remembered = {}

    def vectors(self, texts, width):
        if not self.memory:
            return [vector_of(text, width) for text in texts]
        if width not in self.remembered:
            self.remembered[width] = vector_of("", width)
        return [self.remembered[width]] * len(texts)

    def limited(self, dialect, tokens):
        """Return the refusal of a request that is over a budget, or None."""
        for name, cost in (("requests", 1), ("tokens", tokens)):
            bucket = self.buckets.get(name)
            if bucket is not None and not bucket.take(cost):
                self.counts["refused"] += 1
                wait = max(1, int(bucket.missing(cost) + 1))
                headers = {**self.rates(), **({"retry-after": str(wait)} if self.headers else {})}
                return refusal(dialect, "rate", f"too many {name}", headers)
        return None

    def rates(self):
        if not self.headers:
            return {}
        told = {}
        for name, bucket in self.buckets.items():
            told[f"x-ratelimit-limit-{name}"] = str(bucket.limit)
            told[f"x-ratelimit-remaining-{name}"] = str(int(bucket.level))
        return told


# What may go wrong. Each takes the request and what would have been answered, and returns the answer, or None for the
# right one made of what it changed.


async def too_many(request, said):
    return web.json_response({"error": {"message": "slow down"}}, status=429, headers={"retry-after-ms": "20"})


async def too_many_without_headers(request, said):
    return web.json_response({"error": {"message": "slow down"}}, status=429)


async def broken(request, said):
    return web.json_response({"error": {"message": "sorry"}}, status=500)


async def reset(request, said):
    request.transport.abort()
    return web.Response(status=500)


async def slow(request, said):
    response = web.StreamResponse()
    await response.prepare(request)
    for byte in b'{"data": [':
        await response.write(bytes([byte]))
        await asyncio.sleep(0.02)
    request.transport.abort()
    return response


async def truncated(request, said):
    body = json.dumps(said["render"](said)).encode()
    return web.Response(body=body[: len(body) // 2], content_type="application/json")


async def html(request, said):
    return web.Response(text="<html><body>welcome</body></html>", content_type="text/html")


async def shuffled(request, said):
    said["order"] = random.sample(range(len(said["vectors"])), len(said["vectors"]))


async def not_a_number(request, said):
    said["vectors"][-1] = said["vectors"][-1] * np.float32("nan")


async def fewer(request, said):
    said["vectors"] = said["vectors"][:-1]
    said["order"] = said["order"][:-1]


async def narrower(request, said):
    said["vectors"] = [vector[:-1] for vector in said["vectors"]]


KINDS = (too_many, too_many_without_headers, broken, reset, slow, truncated, html)
LIES = (shuffled, not_a_number, fewer, narrower)
FAULTS = {kind.__name__: kind for kind in (*KINDS, *LIES)}


def handler(stub, dialect):
    async def answer(request):
        raw = await request.read()
        response = await answered(request, json.loads(raw), len(raw))
        stub.statuses[response.status] += 1
        return response

    async def answered(request, body, size):
        if stub.key and stub.key not in json.dumps(dict(request.headers)):
            shown = " ".join(f"{value}" for value in request.headers.values()) if stub.echoes else ""
            return refusal(dialect, "key", f"no such key {shown}")
        stub.bodies = [*stub.bodies[-20:], body]
        try:
            texts, width, render = dialect(request, body)
        except Refusal as refused:
            return refusal(dialect, refused.kind, refused.message)
        if body.get("model") == "missing" or (stub.models and body.get("model") not in stub.models):
            return refusal(dialect, "model", "no such model")
        if stub.pauses:
            return refusal(dialect, "rate", "too many", {"retry-after": str(stub.pauses.pop(0))})
        if stub.quota:
            return web.json_response({"error": {"message": "no credit", "code": "insufficient_quota"}}, status=429)
        if stub.max_bytes and size > stub.max_bytes:
            return web.Response(status=413)
        if any("refuse me" in text for text in texts) or (stub.max_items is not None and len(texts) > stub.max_items):
            return refusal(dialect, "input", "'$.input' is invalid.")
        tokens = sum(map(stub.tokens_of, texts))
        if stub.max_tokens and tokens > stub.max_tokens:
            error = {"message": "too many tokens", "code": "max_tokens_per_request"}
            return web.json_response({"error": error}, status=400)
        if (over := stub.limited(dialect, tokens)) is not None:
            return over
        stub.counts.update(requests=1, tokens=tokens)
        await asyncio.sleep(stub.delay)
        said = {"vectors": stub.vectors(texts, width or stub.width), "tokens": tokens, "render": render}
        said["order"] = list(range(len(texts)))
        if stub.random.random() < stub.faults:
            fault = await FAULTS[stub.random.choice(stub.kinds)](request, said)
            if fault is not None:
                return fault
        response = web.json_response(render(said), headers=stub.rates(), dumps=stub_dumps)
        if not stub.memory:
            stub.texts.update(texts)
        return response

    return answer


def stub_dumps(value):
    import orjson

    return orjson.dumps(value).decode()


def application(settings):
    stub = Stub(settings)

    async def seen(request):
        most = max(stub.texts.values(), default=0)
        return web.json_response(
            {
                "statuses": dict(stub.statuses),
                "texts": len(stub.texts),
                "most": most,
                "bodies": stub.bodies,
                "counts": stub.counts,
            }
        )

    app = web.Application(client_max_size=2**30)
    app.router.add_get("/stub/seen", seen)
    for path, answer in stub_dialects_b.GETS.items():
        app.router.add_get(path, answer)
    for path, dialect in {**stub_dialects.ROUTES, **stub_dialects_b.ROUTES}.items():
        app.router.add_post(path, handler(stub, dialect))
    return app


async def opened(settings):
    """Return a service that answers at a free port, or at the one that is told, and that port."""
    runner = web.AppRunner(application(settings), access_log=None, shutdown_timeout=0.01)  # as killed
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", settings.get("port", 0), reuse_address=True).start()
    return runner, runner.addresses[0][1]


async def main():
    running = {}
    while line := await asyncio.to_thread(sys.stdin.readline):
        match json.loads(line):
            case {"open": settings}:
                runner, port = await opened(settings)
                running[port] = runner
            case {"close": port}:
                await running.pop(port).cleanup()
        print(port, flush=True)


if __name__ == "__main__":
    asyncio.run(main())

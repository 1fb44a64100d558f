"""A service that answers OpenAI's embedding requests from memory, as fast as it can; prints its port.

python bench/memory_service.py
"""

from __future__ import annotations

import asyncio
import base64
from functools import cache

import numpy as np
import orjson
from aiohttp import web

WIDTH = 1536


@cache
def answer_of(count: int) -> bytes:
    """Return the body of an answer to so many texts."""
    numbers = np.random.default_rng(count).standard_normal((count, WIDTH)).astype("<f4")
    numbers /= np.linalg.norm(numbers, axis=1, keepdims=True)
    data = [
        {"object": "embedding", "index": index, "embedding": base64.b64encode(row.tobytes()).decode()}
        for index, row in enumerate(numbers)
    ]
    usage = {"prompt_tokens": 10 * count, "total_tokens": 10 * count}
    return orjson.dumps({"object": "list", "data": data, "model": "text-embedding-3-small", "usage": usage})


async def embeddings(request: web.Request) -> web.Response:
    asked = orjson.loads(await request.read())
    assert asked["encoding_format"] == "base64"
    return web.Response(body=answer_of(len(asked["input"])), content_type="application/json")


async def main() -> None:
    app = web.Application(client_max_size=2**30)
    app.router.add_post("/v1/embeddings", embeddings)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())

"""Check that vecsmith understands a server that others wrote: infinity, over its copy of OpenAI's route.

    python -m venv bench/.infinity
    bench/.infinity/bin/pip install torch==2.13.0
    bench/.infinity/bin/pip install "infinity-emb[torch,server]"
    python bench/foreign.py

starts infinity with the official float32 weights of the bundled model, which `bench/make_peers.py` puts into
`bench/.peers/model` (`--model FOLDER` names another folder of them), on a free port, and embeds the same texts there
and here. Runs with a Python that has vecsmith; nothing is fetched. Ends with exit code 1 where a vector is
not its text's.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import options
from peers import BENCH, ENVIRONMENT, MODEL, refuse
from table import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from vecsmith import Embedder

INFINITY = BENCH / ".infinity"
NAME = "minilm"
KEY = "a key of this run"
QUIET = {"DO_NOT_TRACK": "1", "INFINITY_ANONYMOUS_USAGE_STATS": "0"}
PATIENCE = 120
"""Seconds that the server may take to start."""

WANTED = 0.9999
"""The least cosine of a text's two vectors: the server's are f32, ours may be bf16."""

TEXTS = [f"Sentence {i} says something of its own" + " and goes on" * (i % 40) for i in range(1000)]


@contextmanager
def server(infinity: Path, model: Path, key: str | None = KEY) -> Iterator[str]:
    """Run infinity until the block ends, and give its address."""
    program = infinity / ("Scripts" if os.name == "nt" else "bin") / "infinity_emb"
    if not program.exists():
        raise refuse(f"{program} is missing: make that environment as this script's first lines say")
    if not (model / "modules.json").exists():
        raise refuse(f"{model} holds no model: run `python bench/make_peers.py`, or name a folder with --model")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {"--model-id": str(model), "--served-model-name": NAME, "--engine": "torch", "--device": "cpu"}
    told |= {"--dtype": "float32", "--host": "127.0.0.1", "--port": str(port)}
    told |= {"--api-key": key} if key else {}
    switches = ("--no-bettertransformer", "--no-compile", "--no-model-warmup")
    command = [str(program), "v2", *(word for pair in told.items() for word in pair), *switches]
    with subprocess.Popen(
        command, env={**ENVIRONMENT, **QUIET}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(address, process)
            yield address
        finally:
            process.kill()


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    """Return as soon as the server answers."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise refuse(f"infinity did not start within {PATIENCE} seconds: run it by hand to see why")


def least(theirs: NDArray[np.float32], ours: NDArray[np.float32]) -> float:
    """Return the least cosine of a row with its counterpart."""
    return float((theirs * ours).sum(axis=1).min())


def refusal(embedder: Embedder) -> str:
    """Return the name of the error that a wrong key ends in."""
    try:
        embedder.embed("a")
    except Exception as error:  # noqa: BLE001 (whatever it is, it is what was seen)
        return type(error).__name__
    return "none"


def look(address: str) -> tuple[list[tuple[str, str]], bool]:
    """Return what was seen, and whether all of it is as it must be."""
    from vecsmith import Embedder

    ours = Embedder().embed(TEXTS).vectors
    rows, right = [], True
    for name in (NAME, f"infinity:{NAME}"):
        with Embedder(name, base_url=address, api_key=KEY) as embedder:
            result = embedder.embed(TEXTS)
            cosine, shape = least(result.vectors, ours), result.vectors.shape
            cut = embedder.embed(TEXTS[:8], dimensions=64).vectors.shape
        rows.append((f"{name}: vectors", f"{shape[0]} of {shape[1]} dimensions in {result.usage.requests} requests"))
        rows.append((f"{name}: least cosine to ours", f"{cosine:.7f} (wanted: ≥ {WANTED})"))
        rows.append((f"{name}: tokens it says it read", str(result.usage.total_tokens)))
        rows.append((f"{name}: asked for 64 dimensions", f"{cut[0]} of {cut[1]}"))
        right = right and cosine >= WANTED and cut == (8, 64)
    with Embedder(NAME, base_url=address, api_key="another") as embedder:
        seen = refusal(embedder)
    rows.append(("with a wrong key", seen))
    return rows, right and seen == "AuthError"


def main() -> None:
    command = options.parser(__doc__)
    command.add_argument("--infinity", type=Path, default=INFINITY, help="the environment that has infinity")
    command.add_argument("--model", type=Path, default=MODEL, help="the folder with the model's float32 weights")
    arguments = command.parse_args()
    with server(arguments.infinity, arguments.model) as address:
        rows, right = look(address)
    print(render(("what", "seen"), rows))
    options.save(arguments.json, dict(rows))
    if not right:
        print("a vector is not its text's, or an error not what it must be", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()

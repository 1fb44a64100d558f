"""How long whole processes take, and how much memory, from their start to the first vector."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from peers import BENCH, ENVIRONMENT, MODEL, PYTHON, SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Mapping

PLAIN_SCRIPT = f"""
import json
from sentence_transformers import SentenceTransformer
print(json.dumps(SentenceTransformer({str(MODEL)!r}, device="cpu").encode("hello").tolist()))
"""

PROCESSES: Mapping[str, tuple[str, ...]] = {
    "vecsmith": (str(SCRIPTS / "vecsmith"), "embed", "hello"),
    "st": (str(PYTHON), "-c", PLAIN_SCRIPT),
    "import vecsmith": (str(PYTHON), "-c", "import vecsmith"),
    "nothing": (str(PYTHON), "-c", ""),
}


def run(command: tuple[str, ...]) -> dict[str, float]:
    """Run one process and return its ``seconds`` and ``peak`` bytes."""
    done = subprocess.run(
        [str(PYTHON), "-I", "-S", str(BENCH / "spawn.py"), *command],
        env=ENVIRONMENT,
        capture_output=True,
        check=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    if found["code"]:
        print(done.stderr, file=sys.stderr)
        raise SystemExit(f"{' '.join(command[:2])} ended with code {found['code']:.0f}")
    return found


def measure(rounds: int) -> dict[str, list[dict[str, float]]]:
    """Run every process once per round, in turn, after one round that only fills the page cache."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in PROCESSES}
    for turn in range(rounds + 1):
        for name, command in PROCESSES.items():
            result = run(command)
            if turn:
                found[name].append(result)
    return found

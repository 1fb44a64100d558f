"""Measure the memory that each further process with the bundled model holds for itself.

    python bench/private.py [--processes 3]

Processes open the model, embed a short text, and say what memory is theirs alone: pages that they wrote, or that nobody
else has mapped. Needs neither data nor peers; runs with a Python that has vecsmith, on Linux.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from table import render

WANTED = 110
"""MB."""

CHILD = """
import sys
from vecsmith import Embedder
from vecsmith.local.memory import private_bytes
with Embedder("minilm") as embedder:
    embedder.embed("hello world")
    print("ready", flush=True)
    sys.stdin.readline()
    print(private_bytes(), flush=True)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=3)
    command = [sys.executable, "-c", CHILD]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    children = [subprocess.Popen(command, **pipes) for _ in range(parser.parse_args().processes)]
    for child in children:
        child.stdout.readline()
    told = [int(child.communicate("\n")[0]) / 1e6 for child in children]
    rows = [[f"process {number}", f"{size:.0f}", f"≤ {WANTED}"] for number, size in enumerate(told, 1)]
    print(render(("private memory, MB", "seen", "wanted"), rows))
    return int(max(told[1:]) > WANTED)


if __name__ == "__main__":
    sys.exit(main())

"""Measure 200,000 short texts through a service that answers from memory: vecsmith against OpenAI's own client.

    python bench/remote.py [--texts 200000] [--rounds 3]

Both send batches of 128 with 32 under way, get 1,536 numbers for each text as base64, and end with one numpy array.
Each runs in a process of its own, one after the other in every round; the service is a third process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from peers import enter
from table import paired, render, spread

HERE = Path(__file__).parent
CLIENTS = ("vecsmith", "openai")
MB = 1e6


def run(client: str, address: str, texts: int) -> dict[str, float]:
    command = [sys.executable, str(HERE / "remote_worker.py"), client, address, str(texts)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    seen: dict[str, list[dict[str, float]]] = {client: [] for client in CLIENTS}
    with subprocess.Popen([sys.executable, str(HERE / "memory_service.py")], stdout=subprocess.PIPE) as service:
        try:
            address = f"http://127.0.0.1:{int(service.stdout.readline())}/v1"
            for number in range(asked.rounds):
                for client in CLIENTS:
                    seen[client].append(run(client, address, asked.texts))
                    print(f"round {number + 1}: {client} {seen[client][-1]}", file=sys.stderr)
        finally:
            service.kill()
    rates = {client: [asked.texts / each["seconds"] for each in seen[client]] for client in CLIENTS}
    above = {client: [each["above"] / MB for each in seen[client]] for client in CLIENTS}
    faster, leaner = paired(rates["vecsmith"], rates["openai"]), paired(above["vecsmith"], above["openai"])
    rows = [[f"{client}, texts/s", f"{spread(rates[client]):,.0f}", ""] for client in CLIENTS]
    rows += [[f"{client}, MB above the result", f"{spread(above[client]):,.0f}", ""] for client in CLIENTS]
    rows.append(["vecsmith ÷ openai, texts/s", f"{faster:.2f}", "≥ 4"])
    rows.append(["vecsmith ÷ openai, memory above the result", f"{leaner:.2f}", "≤ 0.5"])
    print(render(["measure", "median (least-most)", "wanted"], rows))
    sums = {round(each["sum"], 2) for client in CLIENTS for each in seen[client]}
    assert len(sums) == 1, "the two did not get the same vectors"
    return int(faster.middle < 4 or leaner.middle > 0.5)


if __name__ == "__main__":
    enter()
    sys.exit(main())

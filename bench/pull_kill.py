"""Kill pulls of a model at random moments, and see what is left of each.

    python bench/pull_kill.py
    python bench/pull_kill.py --rounds 100

A hub on loopback sends a model of three shards slowly; in each round a process pulls it into an empty cache and is
killed, at any time after it first asked the hub. What it leaves must be refused where there is no network, or be whole;
the next pull must bring what is missing, and every byte must then be right. Ends with an AssertionError otherwise. 20
rounds take about a minute.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from hub import Hub, hub_serving, small_model

NAME = "org/name"
INDEX = "model.safetensors.index.json"
PULL = [sys.executable, "-m", "vecsmith", "models", "pull", NAME]
FIND = [sys.executable, "-c", f"from vecsmith.hub import find; print(find({NAME!r}, download=True))"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    shards = {f"model-0000{n}-of-00003.safetensors": chance.randbytes(n * 1_000_000) for n in (1, 2, 3)}
    index = json.dumps({"weight_map": {name: name for name in shards}}).encode()
    files = small_model(weights=None, **shards) | {INDEX: index}
    with hub_serving() as hub, tempfile.TemporaryDirectory() as folder:
        hub.add(NAME, files)
        hub.pause = 0.01
        whole = timed(hub, Path(folder, "whole"))
        print(f"from its first request a pull takes {whole:.1f} s\n")
        print("round  killed after  files there  without a network  sent again")
        for turn in range(1, given.rounds + 1):
            moment = chance.uniform(0, whole)
            there, usable, again = killed_once(hub, Path(folder, str(turn)), files, moment)
            used = "whole" if usable else "refused"
            print(f"{turn:5}  {moment:10.2f} s  {there:11}  {used:17}  {again / 1e6:7.1f} MB")


def killed_once(hub: Hub, home: Path, files: dict[str, bytes], moment: float) -> tuple[int, bool, int]:
    """Return how many files a killed pull leaves, whether they are used offline, and how many bytes the next one gets.

    `moment` is in seconds from its first request.
    """
    process = begun(hub, home)
    time.sleep(moment)
    process.kill()
    process.wait()
    there = sum(path.is_file() for path in home.rglob("snapshots/*/**/*"))
    found = run(FIND, hub.address, home, HF_HUB_OFFLINE="1")
    assert found.returncode == 0 or "is not on this machine" in found.stderr or "is not whole" in found.stderr, (
        found.stderr
    )
    if found.returncode == 0:
        check(Path(found.stdout.strip()), files)
    hub.asked.clear()
    resumed = run(PULL, hub.address, home)
    assert resumed.returncode == 0, resumed.stderr
    check(Path(resumed.stdout.strip()), files)
    return there, found.returncode == 0, sum(len(files[path]) for path in hub.fetched())


def check(folder: Path, files: dict[str, bytes]) -> None:
    """Fail unless every file that a model needs is there, and every byte right."""
    needed = {path for path in files if path.startswith("model") or path.endswith((".json", "/config.json"))}
    there = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert there == {path: files[path] for path in needed}


def environment(address: str, home: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(home), **more}


def run(command: list[str], address: str, home: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    told = environment(address, home, **more)
    return subprocess.run(command, env=told, capture_output=True, text=True, check=False)


def begun(hub: Hub, home: Path) -> "subprocess.Popen[bytes]":
    """Start a pull, and return its process when it first asks the hub."""
    hub.asked.clear()
    told = environment(hub.address, home)
    process = subprocess.Popen(PULL, env=told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not hub.asked:
        time.sleep(0.001)
    return process


def timed(hub: Hub, home: Path) -> float:
    """Return the seconds that a whole pull takes from its first request."""
    process = begun(hub, home)
    began = time.monotonic()
    assert process.wait() == 0
    return time.monotonic() - began


if __name__ == "__main__":
    main()

"""Where the peers' environment lies, and how a script gets into it."""

import os
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
PEERS = BENCH / ".peers"
MODEL = PEERS / "model"
"""The official float32 model as a sentence-transformers folder."""

SCRIPTS = PEERS / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
ENVIRONMENT = {**os.environ, "HF_HUB_OFFLINE": "1"}
"""For every process that is measured: nothing may be fetched while the clock runs."""


def refuse(reason: str) -> SystemExit:
    """Say in one sentence why nothing can be measured; raise what this returns."""
    print(reason, file=sys.stderr)
    return SystemExit(2)


def enter() -> None:
    """Run this script under the peers' Python: start it again there unless it already does."""
    if Path(sys.prefix).resolve() == PEERS.resolve():
        return
    if not PYTHON.exists() or not (MODEL / "modules.json").exists():
        raise refuse("the peers' environment is missing: make it with `python bench/make_peers.py`")
    raise SystemExit(subprocess.run([str(PYTHON), *sys.argv], check=False).returncode)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""The clients that most programs embed with, unmodified, against a server as a person starts it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from judge import ABSENT
from world import world as started_world

HERE = Path(__file__).parent
WANTED = ("openai", "google_genai", "cohere", "mistralai", "ollama", "huggingface_hub")
"""Those whose packages are installed with ``.[dev]``; ``bench/clients.py`` judges by many more."""


@pytest.fixture(scope="module")
def world():
    with started_world() as world:
        yield json.dumps(world)


@pytest.mark.parametrize("name", WANTED)
def test_an_official_client_gets_what_the_library_makes(name, world):
    command = [sys.executable, HERE / "judge.py", HERE / f"via_{name}.py"]
    judged = subprocess.run(command, input=world, capture_output=True, text=True, check=False)
    if judged.returncode == ABSENT and "CI" not in os.environ:
        pytest.skip(f"{name} is not installed: `pip install -e '.[dev]'` brings it")
    assert judged.returncode == 0, judged.stderr
    rows = [json.loads(line) for line in judged.stdout.splitlines()]
    assert rows
    assert not [row for row in rows if row["failed"]]

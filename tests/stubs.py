"""Starts the stub service in a process of its own, and asks it what it saw."""

import json
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(__file__).with_name("stub_service.py")


PATHS = {
    "openai": "/v1",
    "compatible": "/v1",
    "gemini": "/gemini",
    "cohere": "/cohere",
    "voyage": "/voyage/v1",
    "mistral": "/mistral",
    "jina": "/jina/v1",
    "azure": "",
    "ollama": "",
    "tei": "",
    "huggingface": "/hf-inference",
    "vecsmith": "/vecsmith/v1",
    "together": "/v1",
}
"""Where the stub has each provider; those of the table of services have it where together has."""


@dataclass
class Stub:
    process: subprocess.Popen
    address: str

    def seen(self):
        with urllib.request.urlopen(f"{self.address}/stub/seen", timeout=30) as answer:
            return json.load(answer)


@contextmanager
def stub(**settings):
    """Run the stub with these settings; what it is told to do is in `stub_service.Stub`."""
    with subprocess.Popen([sys.executable, str(PROGRAM), json.dumps(settings)], stdout=subprocess.PIPE) as process:
        try:
            yield Stub(process, f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.kill()

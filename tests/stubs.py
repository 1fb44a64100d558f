"""Opens stubs of services, all in one process beside this one, and asks them what they saw."""

import atexit
import json
import subprocess
import sys
import threading
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


class Process:
    """The process that has the stubs: it takes longer to start than most tests that need a stub."""

    def __init__(self):
        self.running = None
        self.lock = threading.Lock()

    def say(self, **told):
        """Have it open a stub or close one; return the port."""
        with self.lock:
            if self.running is None:
                self.running = subprocess.Popen(
                    [sys.executable, PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE
                )
            self.running.stdin.write(json.dumps(told).encode() + b"\n")
            self.running.stdin.flush()
            return int(self.running.stdout.readline())

    def end(self):
        if self.running is not None:
            self.running.communicate()


process = Process()
atexit.register(process.end)


@dataclass
class Stub:
    address: str

    def seen(self):
        with urllib.request.urlopen(f"{self.address}/stub/seen", timeout=30) as answer:
            return json.load(answer)


@contextmanager
def stub(**settings):
    """Open a stub with these settings, at a port of its own; what it is told to do is in `stub_service.Stub`."""
    port = process.say(open=settings)
    try:
        yield Stub(f"http://127.0.0.1:{port}")
    finally:
        process.say(close=port)

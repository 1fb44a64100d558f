import subprocess
import sys
from pathlib import Path

import pytest

from acme_service import KEY


@pytest.fixture(scope="session")
def address():
    """Where the service is."""
    program = Path(__file__).with_name("acme_service.py")
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE) as service:
        try:
            yield f"http://127.0.0.1:{int(service.stdout.readline())}"
        finally:
            service.kill()


@pytest.fixture(autouse=True)
def settings(address, monkeypatch):
    """What a person would set."""
    monkeypatch.setenv("ACME_API_KEY", KEY)
    monkeypatch.setenv("ACME_BASE_URL", address)

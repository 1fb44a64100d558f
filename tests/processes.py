"""Runs Python code in a process of its own, for what a test cannot do to its own; and waits for other threads."""

import asyncio
import subprocess
import sys
import time
from textwrap import dedent

import pytest

PATIENCE = 60
"""Seconds after which a process is taken to hang, and killed."""


def run_python(code, *arguments, cwd=None, env=None, patience=PATIENCE):
    """Run code to its end and return what it printed; fail where it does not end well."""
    command = [sys.executable, "-c", dedent(code), *map(str, arguments)]
    try:
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, timeout=patience, check=False)
    except subprocess.TimeoutExpired as error:
        pytest.fail(f"the process hangs after {error.stdout!r} {error.stderr!r}")
    assert done.returncode == 0, f"exit status {done.returncode}: {done.stderr.decode(errors='replace')}"
    return done.stdout.decode()


async def until(condition):
    """Wait for what another thread or task will do."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came about"
        await asyncio.sleep(0.001)

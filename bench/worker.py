"""Processes that answer questions: one line of JSON in, one line of JSON out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import traceback
from typing import IO, TYPE_CHECKING, Any, Self

from peers import BENCH, ENVIRONMENT, PYTHON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Answer = Mapping[str, Any]


class WorkerError(Exception):
    """A worker could not start or could not answer."""


def reply_channel() -> IO[str]:
    """Keep stdout for answers: whatever else the process prints from now on goes to stderr."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return channel


def serve(replies: IO[str], commands: Mapping[str, Callable[..., Answer]]) -> None:
    """Answer requests ``{"do": command, ...}`` until stdin ends."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = commands[request.pop("do")](**request)
        except Exception as error:  # noqa: BLE001 (whatever went wrong is the answer)
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=replies, flush=True)


class Worker:
    """One such process, run by the peers' Python; it sleeps on its stdin between requests."""

    def __init__(self, script: str, *arguments: str) -> None:
        self.name = " ".join((script, *arguments))
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 (closed with the worker)
        self._process = subprocess.Popen(
            [str(PYTHON), str(BENCH / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=ENVIRONMENT,
            encoding="utf-8",
        )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def send(self, command: str, **request: object) -> None:
        """Ask without waiting for the answer, which `receive` collects."""
        assert self._process.stdin is not None
        try:
            print(json.dumps({"do": command, **request}), file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise WorkerError(f"{self.name} ended: {self._last_words()}") from None

    def receive(self) -> Answer:
        """Wait for the answer to the oldest request."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise WorkerError(f"{self.name} ended: {self._last_words()}")
        answer: Answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(f"{self.name}: {answer['error']}")
        return answer

    def ask(self, command: str, **request: object) -> Answer:
        """Ask and wait."""
        self.send(command, **request)
        return self.receive()

    def _last_words(self) -> str:
        self._process.wait()
        self._log.seek(0)
        lines = self._log.read().strip().splitlines()
        return lines[-1] if lines else f"exit code {self._process.returncode}"

    def close(self) -> None:
        """Let the process end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

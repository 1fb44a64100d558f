"""A line for each request, written beside the event loop: a pipe that nobody empties holds up no answer.

What is written is counts, names and times; never a text, a key, a path as it was sent, or a query.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vecsmith.dialects.serving import Problem
    from vecsmith.server.settings import LogFormat
    from vecsmith.server.visit import Visit

__all__ = ["Writer", "witnessed", "writing"]

access = logging.getLogger("vecsmith.server.access")

MOST = 10_000
"""Lines that wait to be written; more are counted and lost."""

PATIENCE = 2.0
"""Seconds that the last lines have when the server ends."""

STANDARD_ERROR = 2

PROBED = ("", "/", "/health", "/ping", "/metrics")
PROBES = frozenset({"/health", "/ready", "/ping", "/metrics", *(f"/tei{path}" for path in PROBED)})
"""Asked every few seconds by machines: a line is written only where the answer is bad."""

BAD = 400
"""From here on a status says so."""

NOT_SHOWN = frozenset({"event", "route", "method", "status", "ms"})
"""Members that a line for people has in front, without their names."""


def witnessed(visit: Visit, problem: Problem | None) -> None:
    """Log a request that was answered."""
    if access.isEnabledFor(logging.INFO) and not (visit.status < BAD and visit.route in PROBES):
        record = logging.LogRecord(
            access.name, logging.INFO, __file__, 0, "request", None, None
        )  # no look at the stack
        record.request = fields_of(visit, problem)
        access.handle(record)


def fields_of(visit: Visit, problem: Problem | None) -> dict[str, Any]:
    """Return what is told of a request, without what does not apply."""
    fields: dict[str, Any] = {
        "event": "request",
        "id": visit.id,
        "method": visit.method,
        "route": visit.route,
        "status": visit.status,
        "ms": round(visit.seconds * 1000, 3),
    }
    optional = {
        "dialect": visit.dialect,
        "key": visit.caller.id,
        "model": visit.model,
        "error": problem.kind if problem else None,
        "trace": visit.trace,
    }
    fields |= {name: value for name, value in optional.items() if value}
    if visit.model is not None:
        fields["texts"] = visit.texts
    if visit.space is not None:
        fields |= {"tokens": visit.tokens, "dropped": visit.dropped, "cached": visit.cached}
    return fields


def members(record: logging.LogRecord) -> Mapping[str, Any]:
    """Return what a record tells, as data."""
    if request := getattr(record, "request", None):
        fields: Mapping[str, Any] = request
        return fields
    told = {"event": record.name, "message": record.getMessage()}
    if record.exc_info and record.exc_info[0] is not None:
        told["error"] = record.exc_info[0].__name__  # without its words, which may hold a text
        places = traceback.extract_tb(record.exc_info[2])
        told["at"] = " < ".join(f"{place.filename}:{place.lineno}" for place in reversed(places))
    return told


def stamp(record: logging.LogRecord) -> str:
    """Return when it happened, in UTC."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


def as_json(record: logging.LogRecord) -> bytes:
    """Return a record as an object on a line."""
    first = {"time": stamp(record), "level": record.levelname.lower()}
    return orjson.dumps(first | dict(members(record)), default=str, option=orjson.OPT_APPEND_NEWLINE)


def as_text(record: logging.LogRecord) -> bytes:
    """Return a record as a line for people."""
    fields = members(record)
    if "route" in fields:
        shown = f"{fields['status']} {fields['method']} {fields['route'] or '(no route)'} {fields['ms']:.1f} ms"
        rest = {name: value for name, value in fields.items() if name not in NOT_SHOWN}
    else:
        shown = f"{record.levelname.lower()}: {fields['message']}"
        rest = {name: value for name, value in fields.items() if name in {"error", "at"}}
    line = " ".join((stamp(record), shown, *(f"{name}={quoted(value)}" for name, value in rest.items())))
    return line.replace("\n", " ").encode("utf-8", "replace") + b"\n"


def quoted(value: object) -> str:
    """Return a value as one word."""
    word = str(value)
    return orjson.dumps(word).decode() if any(sign in word for sign in ' "=') else word


class Writer(logging.Handler):
    """Writes records in a thread of its own, which alone waits for the other end."""

    def __init__(self, *, json: bool, file: int) -> None:
        super().__init__()
        self.write = as_json if json else as_text
        self.file = file
        self.lost = 0
        self.waiting: queue.SimpleQueue[logging.LogRecord | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.run, name="vecsmith-log", daemon=True)
        self.thread.start()

    def createLock(self) -> None:  # noqa: N802 (logging's name)
        """Have no lock: the queue needs none."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Let a record wait for its turn."""
        if self.waiting.qsize() < MOST:
            self.waiting.put(record)
        else:
            self.lost += 1

    def run(self) -> None:
        """Write what waits, until the end."""
        while (record := self.waiting.get()) is not None:
            lines = self.write(record)
            if self.lost:
                lost, self.lost = self.lost, 0
                lines += self.write(lines_lost(lost))
            try:
                write_all(self.file, lines)
            except OSError:
                return  # nobody is there to read

    def close(self) -> None:
        """Write what waits, within reason."""
        self.waiting.put(None)
        self.thread.join(PATIENCE)
        super().close()


def lines_lost(count: int) -> logging.LogRecord:
    """Return the record that tells of lines that were not written."""
    words = "%d lines were lost, because this log is read too slowly"
    return logging.LogRecord("vecsmith.server", logging.WARNING, "", 0, words, (count,), None)


def write_all(file: int, data: bytes) -> None:
    """Write bytes to a file that may take only some at a time; not through Python's own, which a stuck thread locks."""
    while data:
        data = data[os.write(file, data) :]


@contextmanager
def writing(log_format: LogFormat, file: int = STANDARD_ERROR) -> Iterator[None]:
    """Write the logs of the server; without a format, only what goes wrong."""
    writer = Writer(json=log_format == "json", file=file)
    loggers = [logging.getLogger("vecsmith"), logging.getLogger("uvicorn")]
    before = access.level
    access.setLevel(logging.WARNING if log_format == "none" else logging.INFO)
    for logger in loggers:
        logger.addHandler(writer)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(writer)
        access.setLevel(before)
        writer.close()

"""``vecsmith start``, ``stop`` and ``status``: a server behind the terminal."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from vecsmith.cli.messages import FAILED, counted, say
from vecsmith.cli.messages import stop as fail
from vecsmith.cli.serve import arguments, settings_of
from vecsmith.cli.tables import AsJson, columns, print_json

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from vecsmith.server.access.ledger import Count
    from vecsmith.server.background import Background

__all__ = ["background", "start", "status", "stop"]

FUNCTIONS = "functions"
"""The folder whose functions are served where it is there."""

LOOK = 0.05
"""Seconds between two looks at whether it answers."""

MINUTE, HOUR, DAY = 60, 3600, 86_400


@wraps(arguments, assigned=("__annotations__",), updated=())
def start(**given: Any) -> None:
    """Serve as `vecsmith serve` does, behind the terminal, with ./functions where that is there.

    Returns when the server answers, and prints what `vecsmith status` prints. One server runs at a time.
    """
    from vecsmith.server.background import answers, current, spawn

    settings = settings_of(given)
    if settings.functions is None and Path(FUNCTIONS).is_dir():
        settings = replace(settings, functions=FUNCTIONS)
    process = spawn(settings)
    try:
        while (server := current()) is None or server.address is None or not answers(server.address):
            ended(process)
            time.sleep(LOOK)
    except BaseException:
        process.terminate()
        raise
    show(server, "running")


def ended(process: subprocess.Popen[bytes]) -> None:
    """End the command where the server has ended before it began."""
    from vecsmith.server.background import last_words, log_path

    if process.poll() is None:
        return
    words = last_words()
    if words.startswith("error: ") and "\n" not in words:
        fail(words.removeprefix("error: "), FAILED)
    if words:
        say(words)
    fail(f"the server ended before it answered: {log_path()} is its log", FAILED)


def background() -> None:
    """Be the server that `vecsmith start` starts; its settings come on standard input."""
    import msgspec

    from vecsmith.server.background import claim, release, tell
    from vecsmith.server.run import start
    from vecsmith.server.settings import ServerSettings

    def begun(address: str) -> None:
        tell(address)
        say(f"serving {', '.join(settings.models)} at {address}")

    settings = msgspec.json.decode(sys.stdin.buffer.read(), type=ServerSettings)
    number = claim(settings)
    try:
        start(settings, begun)
    finally:
        release(number)


def stop() -> None:
    """Stop the server that `vecsmith start` started, when every request that had come in is answered."""
    from vecsmith.server.background import current, fallen, kill, release
    from vecsmith.server.background import stop as stop_it

    server = current()
    if server is None:
        if (last := fallen()) is not None:
            release(last.pid)
        say("no server runs")
        return
    took = span(time.time() - server.began)
    if not stop_it(server):
        kill(server)
        fail(f"the server did not stop in its time, and was ended (process {server.pid})", FAILED)
    say(f"stopped {server.address or 'the server'} after {took}")


def status(*, as_json: AsJson = False) -> None:
    """Show the server that `vecsmith start` started. The exit code is 0 where it answers, else 1."""
    from vecsmith.server.background import answers, current, fallen, log_path

    server = current()
    state = "stopped"
    if server is not None:
        state = "starting" if server.address is None else "running" if answers(server.address) else "not answering"
    if as_json:
        print_json(facts(server, state))
    elif server is None:
        last = fallen()
        why = f" (process {last.pid} was not stopped, and is gone: {log_path()} is its log)" if last else ""
        say(f"no server runs{why}: `vecsmith start` starts one")
    else:
        show(server, state)
    if state != "running":
        raise typer.Exit(FAILED)


def show(server: Background, state: str) -> None:
    """Print what is to be known of a server, for people."""
    typer.echo(f"vecsmith is {state}\n")
    for line in columns(list(rows(server))):
        typer.echo(f"  {line}")


def rows(server: Background) -> Iterator[tuple[str, str]]:
    """Yield each fact with its name."""
    from vecsmith.server.access.keystore import publishable
    from vecsmith.server.background import log_path

    key, used = publishable(), used_today()
    yield "address", server.address or "-"
    if server.address:
        yield "functions", f"{server.address}/functions/v1/  ({', '.join(functions_of(server))})"
    yield "publishable key", (key and key.shown) or "none: `vecsmith init` makes one"
    yield "models", ", ".join(server.models)
    yield "uptime", span(time.time() - server.began)
    yield (
        "today",
        ", ".join(
            counted(number, noun)
            for number, noun in ((used.requests, "request"), (used.texts, "text"), (used.tokens, "token"))
        ),
    )
    yield "log", str(log_path())


def facts(server: Background | None, state: str) -> dict[str, Any]:
    """Return what a program may know of a server."""
    from datetime import UTC, datetime

    from vecsmith.server.access.keystore import publishable
    from vecsmith.server.background import log_path

    key = publishable()
    told: dict[str, Any] = {"state": state, "publishable_key": key and key.shown, "today": asdict(used_today())}
    if server is not None:
        told |= {
            "address": server.address,
            "pid": server.pid,
            "models": server.models,
            "functions": functions_of(server),
            "began": datetime.fromtimestamp(int(server.began), UTC).isoformat(),
            "seconds": round(time.time() - server.began),
            "log": str(log_path()),
        }
    return told


def functions_of(server: Background) -> list[str]:
    """Return the names of the functions that a server has."""
    from vecsmith.dialects.functions import BUILT_IN
    from vecsmith.server.functions.loading import names_in

    return sorted({BUILT_IN, *(names_in(Path(server.functions)) if server.functions else ())})


def used_today() -> Count:
    """Return what all keys used since midnight in UTC."""
    from vecsmith.server.access.ledger import Count, today, usage

    total = Count()
    for use in usage(today()):
        total.add(use.count)
    return total


def span(seconds: float) -> str:
    """Return a time in words, as exact as a person needs it."""
    whole = max(0, int(seconds))
    if whole < MINUTE:
        return counted(whole, "second")
    for unit, larger, smaller, noun, part in ((60, HOUR, 1, "minute", "second"), (HOUR, DAY, 60, "hour", "minute")):
        if whole < larger:
            rest = whole % unit // smaller
            return counted(whole // unit, noun) + (f" {counted(rest, part)}" if rest else "")
    hours = whole % DAY // HOUR
    return counted(whole // DAY, "day") + (f" {counted(hours, 'hour')}" if hours else "")

"""Be everything to ``vecsmith serve`` that a client should not be, and see whether it goes on answering.

    python bench/hostile.py [--only bodies|wire|crowds|schema] [--seconds 180]

Starts the command, and sends it: bodies with something wrong in each member of each wire format, bodies and headers
that are wrong as a whole, bytes that are no request, and crowds that are slow, silent or gone; then schemathesis
(https://schemathesis.io) asks everything that /openapi.json describes, from an environment of its own:

    python -m venv bench/.schemathesis && bench/.schemathesis/bin/python -m pip install schemathesis

Counted are answers of the server's own fault (5xx; not 501 for what is not there, nor 503 for what is too much),
connections on which nothing came where something was due, what the log holds of a user's text, and memory.
Needs vecsmith with its `dev` extra, not the peers' environment. Ends with exit code 1 where one of them is not nought,
or memory grew beyond its bound.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import options
from hostile_bodies import MARK, broken, headed, wrong
from hostile_crowd import CROWDS, SLOW, Wire, answer, connected, others
from hostile_wire import STRANGE
from table import render

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from served import started
from vecsmith.server.routes import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vecsmith.server.endpoint import Row

SCHEMATHESIS = Path(__file__).parent / ".schemathesis" / "bin" / "schemathesis"

PATIENCE = 30.0
LINES = 4
"""Connections at once for bodies."""

ROOM = 500
"""MB by which each part may make the server grow at most: engines, tokenizers and answers that are written at once."""

FINE = {501, 503}
BACKEND = 424
"""How Text Embeddings Inference says that something failed."""


@dataclass(slots=True)
class Told:
    """What became of one kind of asking."""

    statuses: Counter[int | str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)

    def add(self, status: int, what: str) -> None:
        self.statuses[status] += 1
        if status == BACKEND or (status >= 500 and status not in FINE):
            self.faults.append(f"{what}: {status}")


class Line:
    """A connection that is opened anew where the server closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.wire: Wire | None = None

    async def ask(self, sent: bytes) -> int:
        """Return the status of the answer."""
        if self.wire is None:
            self.wire = await connected(self.port)
        reader, writer = self.wire
        try:
            async with asyncio.timeout(PATIENCE):
                writer.write(sent)
                status, _ = await answer(reader)
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            self.drop()
            raise
        if reader.at_eof() or status in {400, 408, 413, 431}:
            self.drop()
        return status

    def drop(self) -> None:
        if self.wire is not None:
            self.wire[1].transport.abort()
        self.wire = None


def target(row: Row) -> str:
    """Return a path of a row."""
    path = re.sub(r"\{method:path\}", "minilm:wibble", row.path)
    return quote(re.sub(r"\{(model|id)(:path)?\}", "minilm", path).replace("{name}", "embed"), safe="/:")


def requests(row: Row) -> Iterator[tuple[str, bytes]]:
    """Yield everything that is sent to one route."""
    kind = getattr(row.side, "body", None)
    first = f"POST {target(row)} HTTP/1.1\r\n"
    where = f"{first}host: localhost\r\n"
    for what, headers, body in headed(kind):
        said = "".join(f"{name}: {value}\r\n" for name, value in {"host": "localhost", **headers}.items())
        yield what, f"{first}{said}content-length: {len(body)}\r\n\r\n".encode("latin-1") + body
    for what, body in [*broken(kind), *(wrong(kind) if kind is not None else ())]:
        head = f"{where}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        yield what, head.encode("latin-1") + body


async def bodies(port: int) -> dict[str, Told]:
    """Send every route all bodies; return what became of them by dialect."""
    told: dict[str, Told] = {}
    places = list({row.path: row for row in ROWS if row.method == "POST"}.values())

    async def some(rows: list[Row]) -> None:
        line = Line(port)
        for row in rows:
            found = told.setdefault(row.dialect, Told())
            for what, sent in requests(row):
                try:
                    found.add(await line.ask(sent), f"{row.path}: {what}")
                except TimeoutError:
                    found.hangs.append(f"{row.path}: {what}")
                except (ConnectionError, asyncio.IncompleteReadError):
                    found.faults.append(f"{row.path}: {what}: hung up")
        line.drop()

    await asyncio.gather(*(some(places[number::LINES]) for number in range(LINES)))
    return told


async def strange(port: int) -> dict[str, Told]:
    """Send all bytes that are no request, each on a connection of its own."""
    told = Told()
    for what, sent in STRANGE.items():
        reader, writer = await connected(port)
        try:
            async with asyncio.timeout(PATIENCE):
                writer.write(sent)
                status = await first_status(reader)
            told.add(status, what)
        except TimeoutError:
            told.hangs.append(what)
        writer.transport.abort()
    told.faults += await others(port)
    return {"HTTP itself": told}


async def first_status(reader: asyncio.StreamReader) -> int:
    """Return the status of the first answer; 0 where the server hung up without one."""
    try:
        line = await reader.readline()
        while line.startswith(b"HTTP/1.1 100"):
            await reader.readline()
            line = await reader.readline()
    except ConnectionError:
        return 0
    return int(line.split()[1]) if line else 0


async def crowds(port: int) -> dict[str, Told]:
    """Let all crowds come, one after the other."""
    told = {}
    for name, crowd in CROWDS.items():
        told[name] = Told(hangs=await crowd(port))
    return told


CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,missing_required_header,unsupported_method,allow_header_conformance"
)
"""Not whether a good body is taken and a bad one refused: what a model or a service allows stands in no schema."""


def schema(address: str, seconds: float) -> dict[str, Told]:
    """Let schemathesis ask for a while; an environment without it is a fault, too."""
    if not SCHEMATHESIS.exists():
        return {"schemathesis": Told(faults=["schemathesis is not installed: the first lines of this file say how"])}
    command = [
        str(SCHEMATHESIS),
        "--config-file",
        str(Path(__file__).parent / "schemathesis.toml"),
        "run",
        f"{address}/openapi.json",
        "--url",
        address,
        "--checks",
        CHECKS,
    ]
    command += ["--max-time", f"{seconds:.0f}", "--seed", "7", "--workers", "2", "--warnings", "off"]
    command += ["--continue-on-failure", "--request-timeout", "30"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds * 2 + 60, check=False)
    told = Told()
    if done.returncode:
        told.faults = re.findall(r"^\s*-\s+(.*)$", done.stdout, re.MULTILINE) or [f"exit code {done.returncode}"]
        print(done.stdout, file=sys.stderr)
    if asked := re.search(r"(\d[\d,]*) generated", done.stdout):
        told.statuses["whatever"] = int(asked[1].replace(",", ""))
    return {"schemathesis": told}


def memory(pid: int, name: str) -> float:
    """Return MB of a process: ``VmRSS`` now, ``VmHWM`` at most."""
    found = re.search(rf"{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


@contextmanager
def listened(process: subprocess.Popen[str]) -> Iterator[list[str]]:
    """Collect what the server writes to its log that it should not."""
    lines: list[str] = []

    def read() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            if MARK in line or "Traceback" in line or '"level":"error"' in line or line[:1] != "{":
                lines.append(line.strip())  # noqa: PERF401 (others read them meanwhile)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    yield lines


def main() -> None:
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("--only", choices=("bodies", "wire", "crowds", "schema"), help="one part of it")
    command.add_argument("--seconds", type=float, default=180, help="for schemathesis (default: %(default)s)")
    command.add_argument("--json", type=Path, metavar="FILE", help="write the raw numbers to this file")
    arguments = command.parse_args()
    told: dict[str, Told] = {}
    sizes: dict[str, tuple[float, float, float]] = {}
    serve = ("--body-timeout", f"{SLOW:g}", "--max-waiting", "64MB", "--log-format", "json")
    with started(*serve) as (address, process), listened(process) as lines:
        port = int(urlsplit(address).port or 0)
        asyncio.run(others(port))
        parts: dict[str, Callable[[], dict[str, Told]]] = {
            "bodies": lambda: asyncio.run(bodies(port)),
            "wire": lambda: asyncio.run(strange(port)),
            "crowds": lambda: asyncio.run(crowds(port)),
            "schema": lambda: schema(address, arguments.seconds),
        }
        for part, work in parts.items():
            if arguments.only in {None, part}:
                Path(f"/proc/{process.pid}/clear_refs").write_text("5")  # the most of memory begins anew
                before = memory(process.pid, "VmRSS")
                told |= work()
                sizes[part] = (before, memory(process.pid, "VmRSS"), memory(process.pid, "VmHWM"))
    report(arguments.json, told, sizes, lines)


def report(
    to: Path | None, told: dict[str, Told], sizes: dict[str, tuple[float, float, float]], lines: list[str]
) -> None:
    """Print what was found, and judge it."""
    rows = []
    missed = []
    for name, found in told.items():
        statuses = ", ".join(f"{count:,} of {status}" for status, count in sorted(found.statuses.items(), key=str))
        rows.append([name, statuses, f"{found.statuses.total():,}", str(len(found.faults)), str(len(found.hangs))])
        missed += found.faults[:20] + found.hangs[:20]
    print(render(("what", "statuses", "asked", "faults", "hangs"), rows))
    print()
    print(render(("memory", "before", "after", "most"), [[n, *(f"{x:.0f} MB" for x in s)] for n, s in sizes.items()]))
    missed += [
        f"{part}: memory grew by {most - before:.0f} MB"
        for part, (before, _, most) in sizes.items()
        if most - before > ROOM
    ]
    missed += [f"in the log: {line[:200]}" for line in lines[:20]]
    raw = {name: asdict(found) for name, found in told.items()}
    options.save(to, {"told": raw, "memory": sizes, "log": lines, "missed": missed})
    options.judge(missed)


if __name__ == "__main__":
    main()

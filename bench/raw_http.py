"""A client as lean as can be, so that what is measured is the server: requests made beforehand, answers not parsed."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def request(body: dict[str, Any], path: str = "/v1/embeddings", headers: dict[str, str] | None = None) -> bytes:
    """Return a request, whole."""
    data = json.dumps(body).encode()
    lines = {
        "host": "localhost",
        "content-type": "application/json",
        "content-length": str(len(data)),
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + data


class Line:
    """A connection that is kept."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, sent: bytes) -> bytes:
        """Send a request; return the body of the answer."""
        self.socket.sendall(sent)
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.received()
        head, _, body = got.partition(b"\r\n\r\n")
        wanted = int(LENGTH.search(head)[1])
        parts, size = [body], len(body)
        while size < wanted:
            parts.append(self.received())
            size += len(parts[-1])
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError((head + b"".join(parts))[:500].decode("utf-8", "replace"))
        return b"".join(parts)

    def received(self) -> bytes:
        part = self.socket.recv(2**18)
        if not part:
            raise RuntimeError("the server hung up")
        return part

    def close(self) -> None:
        self.socket.close()


async def asked(port: int, requests: Sequence[bytes]) -> None:
    """Send requests one after the other on a connection of their own, and wait for each answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    try:
        for sent in requests:
            writer.write(sent)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(int(LENGTH.search(head)[1]))
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError((head + body)[:500].decode("utf-8", "replace"))
    finally:
        writer.close()


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    port: int
    pid: int


@contextmanager
def vecsmith_server(*arguments: str, python: str = sys.executable) -> Iterator[Server]:
    """Run ``vecsmith serve`` on a free port until the block ends."""
    command = [python, "-m", "vecsmith", "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        try:
            assert process.stderr is not None
            found = None
            while not found and (line := process.stderr.readline()):
                found = re.search(r" at http://\S+:(\d+)", line)
            if not found:
                raise RuntimeError("the server did not start")
            yield Server(int(found[1]), process.pid)
        finally:
            process.terminate()

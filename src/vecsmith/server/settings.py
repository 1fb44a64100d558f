"""How a server runs, as data: what the command line, the variables and ``[server]`` in the file say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.types import Compute, OnLong

__all__ = ["ServerSettings"]


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What an operator decides."""

    models: tuple[str, ...] = ("minilm",)
    """What is served, the default first, and nothing else."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Other names for what is served."""
    host: str = "127.0.0.1"
    port: int = 8080
    compute: Compute = "auto"
    threads: int | None = None
    cache: str | None = None
    vocabulary: str | None = None
    """The file of cl100k_base, by which token ids are read; None for where tiktoken keeps it, if it is there."""
    on_long: OnLong | None = None
    """What happens to texts that are too long where the client does not say; None for each dialect's own way."""
    timeout: float = 60.0
    """Seconds that an answer may take."""
    body_timeout: float = 30.0
    """Seconds that a client may take to send a body."""
    max_body: int = 64 * 2**20
    """Bytes of a request."""
    max_requests: int = 512
    """Requests that wait or are computed at once; one more is refused."""
    max_waiting: int = 256 * 2**20
    """Bytes of all requests that wait or are computed at once."""
    cors: tuple[str, ...] = ()
    """Origins of web pages that may ask."""
    auth: bool = True
    """Whether keys are looked at, where there are any."""

"""What is known of one request while it is served: what the works fill in, and the headers, logs and metrics read."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.dialects.serving import ProblemKind
    from vecsmith.server.access.callers import Caller
    from vecsmith.types import Lane

__all__ = ["Visit", "named", "printable"]

SHOWN = 20
"""Names that are listed."""

LONGEST = 40
"""Characters of a name that are shown."""

LONGEST_ID = 128


def named(headers: Mapping[str, str]) -> str:
    """Return the number that a request brings, if it is printable ASCII and not too long, else a new one."""
    said = headers.get("x-request-id", "")
    sane = 0 < len(said) <= LONGEST_ID and said.isascii() and said.isprintable()
    return said if sane else secrets.token_hex(16)


@dataclass(slots=True)
class Visit:
    """One request on its way through the server."""

    route: str
    """The route's path, with the names of its parts."""
    dialect: str
    caller: Caller
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    method: str = ""
    began: float = field(default_factory=time.perf_counter)
    status: int = 0
    problem: ProblemKind | None = None
    """What kept it from being answered."""
    trace: str | None = None
    """The trace that it belongs to, in OpenTelemetry's 32 digits."""
    lane: Lane | None = None
    """Where a local model computes, where the client or its key says so."""
    model: str | None = None
    """The name under which what answered is served."""
    provider: str | None = None
    """What has that model."""
    space: str | None = None
    dimensions: int = 0
    texts: int = 0
    tokens: int = 0
    dropped: int = 0
    """Tokens that were cut off."""
    cached: int = 0
    """Texts that came from the cache."""
    ignored: tuple[str, ...] = ()
    """Members of the request that mean nothing here."""
    stages: dict[str, float] = field(default_factory=dict)
    """Seconds of each stage."""
    stage: float = 0.0
    """When the last stage ended."""

    def ends(self, stage: str) -> None:
        """Note that a stage has ended, which began when the one before did."""
        now = time.perf_counter()
        self.stages[stage] = now - (self.stage or self.began)
        self.stage = now

    @property
    def seconds(self) -> float:
        """That it has taken so far."""
        return time.perf_counter() - self.began

    def headers(self) -> dict[str, str]:
        """Return what every answer says of itself."""
        told = {"x-request-id": self.id}
        if self.space is not None:
            told["x-vecsmith-space"] = self.space
            told["x-vecsmith-dropped-tokens"] = str(self.dropped)
            told["x-vecsmith-cached"] = str(self.cached)
        if self.ignored:
            told["x-vecsmith-ignored"] = ", ".join(map(printable, self.ignored[:SHOWN]))
        return told


def printable(name: str) -> str:
    """Return what can stand in a header of what a client sent."""
    return "".join(c if " " < c <= "~" else "?" for c in name[:LONGEST])

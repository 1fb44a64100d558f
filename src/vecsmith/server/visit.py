"""What is known of one request while it is served: what the works fill in, and the headers, logs and metrics read."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vecsmith.server.access import Caller
    from vecsmith.types import Lane

__all__ = ["Visit", "printable"]

SHOWN = 20
"""Names that are listed."""

LONGEST = 40
"""Characters of a name that are shown."""


@dataclass(slots=True)
class Visit:
    """One request on its way through the server."""

    route: str
    """The route's path, with the names of its parts."""
    dialect: str
    caller: Caller
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    began: float = field(default_factory=time.perf_counter)
    status: int = 0
    lane: Lane | None = None
    """Where a local model computes, where the client or its key says so."""
    model: str | None = None
    """The name under which what answered is served."""
    space: str | None = None
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

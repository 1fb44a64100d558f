"""What the library's errors are to who sent a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecsmith.dialects.serving import Problem
from vecsmith.errors import (
    AuthError,
    ConfigError,
    EmbedError,
    InputError,
    ProviderError,
    RateLimited,
    Timeout,
)

if TYPE_CHECKING:
    from vecsmith.dialects.serving import ProblemKind

__all__ = ["problem_of"]

LONGEST = 60.0
"""Seconds of the longest pause that every client waits for; some take a longer one for never."""


KINDS: tuple[tuple[type[EmbedError], ProblemKind], ...] = (
    (InputError, "input"),
    (ConfigError, "input"),
    (Timeout, "timeout"),
    (RateLimited, "rate"),
    (ProviderError, "unavailable"),
)
"""What each is; anything else is for the operator."""


def problem_of(error: EmbedError) -> Problem:
    """Return the problem that an error of the library is."""
    if isinstance(error, AuthError):  # the operator's key, which is no business of the client's
        return Problem("unavailable", f"{error.provider} does not let this server in: tell its operator")
    kind: ProblemKind = next((kind for one, kind in KINDS if isinstance(error, one)), "internal")
    pause = getattr(error, "retry_after", None)
    return Problem(
        kind,
        str(error),
        index=getattr(error, "index", None),
        retry_after=min(LONGEST, pause or 1.0) if kind == "rate" else pause,
    )

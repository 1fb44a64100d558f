"""Errors that nobody meant: the operator learns where, the client under which number, and nobody a user's text."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

from vecsmith.dialects.serving import Problem

if TYPE_CHECKING:
    import asyncio

    from vecsmith.server.visit import Visit

__all__ = ["told", "unseen"]

log = logging.getLogger("vecsmith.server")


def unseen(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # noqa: ARG001 (as asyncio calls it)
    """Log where an error came from that met nobody, without asyncio's words, which repeat its arguments."""
    error = context.get("exception")
    log.error("something failed beside the requests: %s at %s", type(error).__name__, places_of(error))


def places_of(error: BaseException | None) -> str:
    """Return where an error came from, the innermost place first."""
    frames = traceback.extract_tb(error.__traceback__) if error is not None else []
    return " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames)) or "no known place"


def told(error: Exception, visit: Visit) -> Problem:
    """Log where an error came from, without its words, which may hold a text; return what the client is told."""
    log.error("request %s failed: %s at %s", visit.id, type(error).__name__, places_of(error))
    return Problem(
        "internal", f"something failed here that should not: the server's log tells more of request {visit.id}"
    )

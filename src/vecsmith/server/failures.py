"""Errors that nobody meant: the operator learns where, the client under which number, and nobody a user's text."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING

from vecsmith.dialects.serving import Problem

if TYPE_CHECKING:
    from vecsmith.server.visit import Visit

__all__ = ["told"]

log = logging.getLogger("vecsmith.server")


def told(error: Exception, visit: Visit) -> Problem:
    """Log where an error came from, without its words, which may hold a text; return what the client is told."""
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    log.error("request %s failed: %s at %s", visit.id, type(error).__name__, " < ".join(reversed(places)))
    return Problem(
        "internal", f"something failed here that should not: the server's log tells more of request {visit.id}"
    )

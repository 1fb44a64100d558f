"""What went wrong in a function, as the person who writes it wants to see it."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vecsmith.errors import ConfigError
from vecsmith.server.access.hosts import FORWARDED, is_loopback, name_of

if TYPE_CHECKING:
    from pathlib import Path

    from vecsmith.dialects.serving import Incoming

__all__ = ["is_developer", "trace_of"]


def trace_of(error: BaseException, folder: Path) -> str:
    """Return an error with its traceback, from where it enters the functions' folder."""
    if isinstance(error, ConfigError):
        return f"error: {error}"
    told = traceback.TracebackException.from_exception(error)
    own = [place for place, frame in enumerate(told.stack) if frame.filename.startswith(str(folder))]
    if own or isinstance(error, SyntaxError):
        told.stack = traceback.StackSummary.from_list(told.stack[own[0] :] if own else [])
    return "".join(told.format()).rstrip()


def is_developer(incoming: Incoming) -> bool:
    """Whether a request comes from a person at this machine: from here, straight, and from no page of another site."""
    if not is_loopback(incoming.client) or any(name in incoming.headers for name in FORWARDED):
        return False
    origin = incoming.headers.get("origin")
    names = [name_of(incoming.headers.get("host", ""))]
    if origin is not None:
        names.append(hostname(origin))
    return all(name == "localhost" or name.endswith(".localhost") or is_loopback(name) for name in names)


def hostname(origin: str) -> str:
    """Return the name in an origin; nothing where there is none."""
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""

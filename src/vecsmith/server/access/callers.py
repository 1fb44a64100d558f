"""Who may ask for what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.dialects.serving import Incoming
    from vecsmith.types import Lane

__all__ = ["Access", "Anybody", "Caller", "Visitor", "key_of"]


class Caller(Protocol):
    """Who sent a request, and what is left to them."""

    @property
    def id(self) -> str:
        """The key's id; empty where none is needed."""
        ...

    @property
    def lane(self) -> Lane | None:
        """The lane that the key's texts take; None for the size to decide."""
        ...

    def may_use(self, name: str) -> bool:
        """Whether a model that is served is for this caller, and so is told of."""
        ...

    def check_model(self, name: str) -> None:
        """Raise `Problem` for a model that this caller may not use."""
        ...

    def begin(self) -> None:
        """Count a request; raise `Problem` where it is one too many."""
        ...

    def end(self, tokens: int) -> None:
        """Count what the request cost; called once for each `begin`."""
        ...

    def headers(self) -> Mapping[str, str]:
        """Return what the caller is told of what is left."""
        ...


class Access(Protocol):
    """Tells callers apart."""

    def caller(self, incoming: Incoming) -> Caller:
        """Return who sent a request; raise `Problem` where nobody known did."""
        ...


@dataclass(frozen=True, slots=True)
class Visitor:
    """A caller without a key and without limits."""

    id: str = ""
    lane: Lane | None = None

    def may_use(self, name: str) -> bool:  # noqa: ARG002 (as `Caller` calls it)
        """Tell of every model."""
        return True

    def check_model(self, name: str) -> None:
        """Allow every model."""

    def begin(self) -> None:
        """Allow every request."""

    def end(self, tokens: int) -> None:
        """Keep no account."""

    def headers(self) -> Mapping[str, str]:
        """Tell nothing."""
        return {}


@dataclass(frozen=True, slots=True)
class Anybody:
    """Lets everybody in, whatever key they send."""

    def caller(self, incoming: Incoming) -> Caller:  # noqa: ARG002 (as `Access` calls it)
        """Return a caller without limits."""
        return Visitor()


def key_of(incoming: Incoming) -> str | None:
    """Return the key that a request carries, in whichever of the clients' ways.

    One in ``apikey`` counts before a bearer's, which its clients use for the token of who is signed in.
    """
    if key := incoming.headers.get("apikey"):
        return key
    scheme, _, bearer = incoming.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer.strip():
        return bearer.strip()
    headers = (incoming.headers.get(name) for name in ("x-goog-api-key", "api-key", "x-api-key"))
    return next((key for key in headers if key), None) or incoming.query.get("key") or None

"""What goes over HTTP, as data, and the one method of whoever carries it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HttpRequest", "HttpResponse", "Limits", "Service", "Transport"]


@dataclass(frozen=True, slots=True)
class Service:
    """Where a provider is, and how it knows who asks."""

    provider: str
    """The provider's short name."""
    base_url: str
    """Without a slash at its end."""
    api_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with every request, besides what the dialect sends."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request; what is secret in it does not appear in its ``repr``."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response, whole."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """By name in lower case."""
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request, and one minute, may hold; None where it is not known."""

    items: int | None = None
    """Texts of a request."""
    tokens: int | None = None
    """Tokens of a request, summed."""
    bytes: int | None = None
    """Bytes of a request's texts."""
    in_flight: int = 16
    """Requests at once."""
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


class Transport(Protocol):
    """Carries requests; the one that opens connections, and any that adds to what another does."""

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 (seconds for all of it)
        """Return the whole response; raise `ProviderError` where there is none."""
        ...

    async def aclose(self) -> None:
        """Close what is open; closing twice is harmless."""
        ...

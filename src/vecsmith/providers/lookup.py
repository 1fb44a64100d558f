"""What a service says of itself before it is asked for vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from vecsmith.errors import AuthError, Unavailable
from vecsmith.portal import over
from vecsmith.wire import HttpRequest

if TYPE_CHECKING:
    from vecsmith.wire import HttpResponse, Service, Transport

__all__ = ["look_up"]

ATTEMPTS = 5
"""Times that a service is asked, where it fails on it."""

DENIED = {401, 403}


async def look_up(service: Service, path: str, *, seconds: float, transport: Transport | None = None) -> bytes | None:
    """Return what a GET of a path answers; None where the service has no such path.

    Args:
        service: Who is asked.
        path: What is asked for, beneath the service's address.
        seconds: The time for each attempt.
        transport: What carries the request; None for HTTP.

    Raises `AuthError` where the key is not accepted, and `Unavailable` where there is no answer.
    """
    from vecsmith.transport import HttpTransport

    carrier = transport or HttpTransport(service.provider)
    try:
        return await over(tried(service, path, carrier, seconds))
    finally:
        if transport is None:
            await over(carrier.aclose())


async def tried(service: Service, path: str, carrier: Transport, seconds: float) -> bytes | None:
    """Ask until there is an answer, or it has failed too often."""
    auth = {"authorization": f"Bearer {service.api_key}"} if service.api_key else {}
    request = HttpRequest("GET", service.base_url + path, {"accept": "application/json", **auth, **service.headers})
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(Unavailable),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.4, max=5.0),
        reraise=True,
    ):
        with attempt:
            return content(service, path, await carrier.send(request, timeout=seconds))
    raise AssertionError  # the last attempt returns or raises


def content(service: Service, path: str, response: HttpResponse) -> bytes | None:
    """Return what an answer holds; raise what it stands for."""
    name, status = service.provider, response.status
    if status == 200:  # noqa: PLR2004 (the status is what is meant)
        return response.body
    if status in DENIED:
        raise AuthError(f"{name} does not accept the key (status {status})", provider=name, status=status)
    if status == 429 or status >= 500:  # noqa: PLR2004 (too many requests; the service's fault)
        raise Unavailable(f"{name} answered {path} with status {status}", provider=name, status=status)
    return None

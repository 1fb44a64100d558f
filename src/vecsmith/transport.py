"""The one place that opens connections to providers."""

from __future__ import annotations

import asyncio
import atexit
import os
import weakref
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vecsmith.errors import Closed, ConfigError, ProviderError, Unavailable
from vecsmith.portal import run, start
from vecsmith.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp

    from vecsmith.wire import HttpRequest

__all__ = ["HttpTransport"]

READ = 2**14
"""Bytes of an answer that are taken off the wire before its turn to be read comes."""

READERS = 2
"""Answers that are read at once: they are megabytes of numbers, and there may be many under way."""

TURN = 0.5
"""Seconds to wait for a turn; then an answer is read out of turn, because those before it are slow."""

CONNECT = 10.0
"""Seconds to connect."""


class HttpTransport:
    """Carries requests over HTTP with aiohttp; its connections stay open for the next one.

    Proxies and certificates are those that the environment names, but passwords only those that are given: aiohttp, let
    to trust the environment, would send those of ``~/.netrc``. A redirect is not followed: a key would go along.
    """

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.session: aiohttp.ClientSession | None = None
        self.closed = False
        self.readers = asyncio.Semaphore(READERS)

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 (as in the protocol)
        """Return the whole response; raise `Unavailable` or `ProviderError` where there is none."""
        import aiohttp

        limit = aiohttp.ClientTimeout(total=timeout, connect=CONNECT)
        try:
            async with self.open().request(
                request.method,
                request.url,
                headers=request.headers,
                data=request.body,
                timeout=limit,
                proxy=proxy_for(request.url),
                allow_redirects=False,
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                async with turn(self.readers):
                    return HttpResponse(response.status, headers, await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise self.failure(error, request, timeout) from None

    def open(self) -> aiohttp.ClientSession:
        """Return the session, a new one in a forked child."""
        import aiohttp

        if self.closed:
            raise Closed("the embedder was closed: make a new one")
        if self.session not in sessions:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
            jar = aiohttp.DummyCookieJar()
            self.readers = asyncio.Semaphore(READERS)
            self.session = aiohttp.ClientSession(
                connector=connector, cookie_jar=jar, read_bufsize=READ, raise_for_status=False
            )
            sessions.add(self.session)
            weakref.finalize(self, close_soon, self.session).atexit = False
        return self.session

    def failure(self, error: Exception, request: HttpRequest, seconds: float) -> ProviderError:
        """Say in one sentence why there is no response."""
        import aiohttp

        host = urlsplit(request.url).netloc.rpartition("@")[2]
        match error:
            case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
                why = f"the certificate of {host} was not accepted, so nothing was sent: check the address"
                return ProviderError(f"{self.provider}: {why}", provider=self.provider)
            case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
                why = f"the proxy that the environment names did not connect: check {variable_for(request.url)}"
            case aiohttp.InvalidURL():
                return ProviderError(
                    f"{self.provider}: {host or 'its base_url'} is no address: begin it with https:// or http://",
                    provider=self.provider,
                )
            case TimeoutError():
                why = f"{host} did not answer within {seconds:g} seconds"
            case aiohttp.ClientConnectorError() | ConnectionRefusedError():
                why = f"{host} cannot be reached ({error.__class__.__name__}): check the address and the network"
            case _:
                why = f"the connection to {host} broke ({error.__class__.__name__})"
        return Unavailable(f"{self.provider}: {why}", provider=self.provider)

    async def aclose(self) -> None:
        """Close the connections; no others are opened."""
        self.closed = True
        session, self.session = self.session, None
        if session in sessions:
            sessions.discard(session)
            await session.close()


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for an address; raise `ConfigError` for one that is of no use."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    named = getproxies().get(parts.scheme)
    if not named or any(map(proxy_bypass, {parts.hostname or "", parts.netloc.rpartition("@")[2]})):
        return None
    proxy = named if "://" in named else f"http://{named}"
    if urlsplit(proxy).scheme != "http" or not urlsplit(proxy).hostname:
        raise ConfigError(f"{variable_for(url)} names a proxy of another kind: use one such as http://localhost:3128")
    return proxy


def variable_for(url: str) -> str:
    """Return the variable that names the proxy for an address."""
    return f"{urlsplit(url).scheme.upper()}_PROXY"


@asynccontextmanager
async def turn(readers: asyncio.Semaphore) -> AsyncIterator[None]:
    """Wait for a turn to read, though not for long."""
    try:
        async with asyncio.timeout(TURN):
            await readers.acquire()
    except TimeoutError:
        yield
        return
    try:
        yield
    finally:
        readers.release()


sessions: set[aiohttp.ClientSession] = set()
"""Those of this process that are open, all on the portal's loop."""

abandoned: list[object] = []
"""Those of a parent process: closing one would speak on its connections."""


def close_soon(session: aiohttp.ClientSession) -> None:
    """Close the session of a transport that nobody has any more."""
    if session in sessions:
        sessions.discard(session)
        start(session.close())


def close_all() -> None:
    """Close what is left open when the interpreter ends."""
    while sessions:
        run(sessions.pop().close())


def after_fork() -> None:
    """Leave the parent's sessions alone."""
    abandoned.append(sessions.copy())
    sessions.clear()


atexit.register(close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)

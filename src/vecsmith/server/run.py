"""A server from its start to its end: models opened, requests answered, and none lost when it stops."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from vecsmith.client import AsyncEmbedder
from vecsmith.config import configuration
from vecsmith.errors import ConfigError
from vecsmith.server.app import application
from vecsmith.server.door import door_of
from vecsmith.server.logs import writing
from vecsmith.server.menu import Menu, Served
from vecsmith.server.service import Service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import uvicorn

    from vecsmith.server.settings import ServerSettings

__all__ = ["opened", "run", "start"]

Ready = Callable[[str], None]

BACKLOG = 2048
"""Connections that wait to be taken."""


@asynccontextmanager
async def opened(settings: ServerSettings) -> AsyncIterator[Service]:
    """Open all that is served, and close it at the end; raise `ConfigError` where that cannot be."""
    with door_of(settings) as door:
        menu = Menu([await served(name, settings) for name in settings.models])
        try:
            service = Service.of(settings, menu, door.access(menu))
            service.witnesses.extend(door.witnesses)
            yield service
        finally:
            await menu.aclose()


async def served(name: str, settings: ServerSettings) -> Served:
    """Open one model."""
    embedder = AsyncEmbedder(name, cache=settings.cache, compute=settings.compute, threads=settings.threads)
    await embedder.open()
    aliases = {**configuration().aliases, **settings.aliases}
    return Served(name, embedder, tuple(alias for alias, meant in aliases.items() if meant == name))


async def run(settings: ServerSettings, ready: Ready = print) -> None:
    """Serve until a signal says to stop; `ready` is told the address when it can be asked."""
    check_aliases(settings)
    async with opened(settings) as service:
        with writing(settings.log_format), listening(settings) as socket:
            host, port = socket.getsockname()[:2]
            address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            await uvicorn_of(service, lambda: ready(address)).serve(sockets=[socket])


def listening(settings: ServerSettings) -> socket.socket:
    """Return a socket that takes connections; raise `ConfigError` where there can be none."""
    try:
        family, *_, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigError(
            f"{settings.host}:{settings.port} cannot be listened at ({error.strerror}): name another --host or --port"
        ) from None


def uvicorn_of(service: Service, begun: Callable[[], None] = lambda: None) -> uvicorn.Server:
    """Return what speaks HTTP; `begun` is called when it can be asked, and told to stop."""
    import uvicorn

    from vecsmith.server.connection import KEEP_ALIVE, Connection
    from vecsmith.server.stopping import Server

    return Server(
        uvicorn.Config(
            application(service),
            http=partial(Connection, patience=service.settings.body_timeout),  # type: ignore[arg-type]  # makes them
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # who asks is who connects
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=round(service.settings.grace),
        ),
        service,
        begun,
    )


def check_aliases(settings: ServerSettings) -> None:
    """Refuse an alias of what is not served."""
    for alias, meant in settings.aliases.items():
        if meant not in settings.models:
            raise ConfigError(f"--alias {alias}={meant}: {meant} is not among the models served")


def start(settings: ServerSettings, ready: Ready = print) -> None:
    """Do so in an event loop of its own."""
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        asyncio.run(run(settings, ready))
    else:
        uvloop.run(run(settings, ready))

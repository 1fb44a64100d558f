"""A server from its start to its end: models opened, requests answered, and none lost when it stops."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vecsmith.client import AsyncEmbedder
from vecsmith.config import configuration
from vecsmith.errors import ConfigError
from vecsmith.server.access.door import door_of
from vecsmith.server.app import application
from vecsmith.server.functions.calls import line
from vecsmith.server.functions.folder import Folder, kept
from vecsmith.server.inside.logs import writing
from vecsmith.server.menu import Menu, Served
from vecsmith.server.service import Service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import uvicorn

    from vecsmith.server.functions.folder import Tell
    from vecsmith.server.settings import ServerSettings

__all__ = ["opened", "run", "start"]

Ready = Callable[[str], None]

BACKLOG = 2048
"""Connections that wait to be taken."""


@asynccontextmanager
async def opened(settings: ServerSettings, *, tell: Tell | None = None) -> AsyncIterator[Service]:
    """Open all that is served, and close it at the end; raise `ConfigError` where that cannot be."""
    with door_of(settings) as door:
        menu = Menu([await served(name, settings) for name in settings.models])
        try:
            service = Service.of(settings, menu, door.access(menu))
            service.witnesses.extend(door.witnesses)
            if tell is not None:
                service.witnesses.append(partial(line, tell))
            async with functions_of(settings, tell=tell) as service.functions:
                yield service
        finally:
            await menu.aclose()


@asynccontextmanager
async def functions_of(settings: ServerSettings, *, tell: Tell | None) -> AsyncIterator[Folder | None]:
    """Load a person's own functions."""
    if settings.functions is None:
        yield None
        return
    async with kept(Folder(Path(settings.functions), tell)) as folder:
        yield folder


async def served(name: str, settings: ServerSettings) -> Served:
    """Open one model."""
    embedder = AsyncEmbedder(name, cache=settings.cache, compute=settings.compute, threads=settings.threads)
    await embedder.open()
    aliases = {**configuration().aliases, **settings.aliases}
    return Served(name, embedder, tuple(alias for alias, meant in aliases.items() if meant == name))


async def run(settings: ServerSettings, ready: Ready = print, *, tell: Tell | None = None) -> None:
    """Serve until a signal says to stop; `ready` is told the address when it can be asked.

    `tell` is told all that becomes of edge functions, with the texts that they fail with: for who writes them.
    """
    check_aliases(settings)
    if tell is None:
        check_functions(settings)
    async with opened(settings, tell=tell) as service:
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


def check_functions(settings: ServerSettings) -> None:
    """Refuse a folder of functions that is none."""
    if settings.functions is not None and not Path(settings.functions).is_dir():
        raise ConfigError(
            f"{settings.functions} is no folder of functions: `vecsmith functions new NAME` begins ./functions"
        )


def start(settings: ServerSettings, ready: Ready = print, *, tell: Tell | None = None) -> None:
    """Do so in an event loop of its own."""
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        asyncio.run(run(settings, ready, tell=tell))
    else:
        uvloop.run(run(settings, ready, tell=tell))

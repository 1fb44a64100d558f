"""The ASGI application: rows to routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from vecsmith.server.endpoint import Endpoint
from vecsmith.server.functions.calls import PREFIX, Functions
from vecsmith.server.nowhere import Nowhere
from vecsmith.server.paths import Paths
from vecsmith.server.routes import ROWS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from vecsmith.server.service import Service

__all__ = ["application"]


def application(service: Service) -> ASGIApp:
    """Return what answers requests."""
    places = dict.fromkeys((row.method, row.path) for row in ROWS)
    routes = [
        Route(
            path, Endpoint(service, [row for row in ROWS if (row.method, row.path) == (method, path)]), methods=[method]
        )
        for method, path in places
    ]
    others = [Route(path, Nowhere(service, "method", allowed)) for path, allowed in methods().items()]
    router: ASGIApp = Paths([*routes, *others], Nowhere(service, "route"))
    if service.functions is not None:
        router = Functions(service, service.functions, router)
    if not service.settings.cors:
        return router
    crossing = CORSMiddleware(
        router,
        allow_origins=service.settings.cors,
        allow_methods=["GET", "POST"],
        allow_headers=["*"],
        expose_headers=["*"],
    )

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        own = scope["path"].startswith(PREFIX)  # pages of every origin may call a function
        await (router if own else crossing)(scope, receive, send)

    return either


def methods() -> dict[str, list[str]]:
    """Return what each path takes, those first that say most of what they match."""
    found: dict[str, list[str]] = {}
    for row in sorted(ROWS, key=lambda row: (getattr(row.side, "refuses", False), -len(row.path))):
        found.setdefault(row.path, []).append(row.method)
    return found
